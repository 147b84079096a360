//! Contexts worth trying: for each condition key, values that its tests tell apart.

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::request::Context;
use crate::policy::statement::{Comparison, Test};

use super::language::{Token, cells};
use super::pattern::{self, Pattern};

/// The value that a policy variable is given in examples.
pub(super) const FILLED: &str = "example";

/// So many contexts are tried before it is said that no example was found.
const MOST_CONTEXTS: usize = 20_000;

/// So many values of one key.
const MOST_VALUES: usize = 14;

/// All combinations of one candidate for each key, up to a bound: those with fewer keys first.
pub(super) fn contexts<'a>(
    tests: impl Iterator<Item = (&'a Test, bool)>,
    variables: impl Iterator<Item = String>,
) -> impl Iterator<Item = Context> {
    let keys: Vec<(String, Vec<Option<Vec<String>>>)> = candidates(tests, variables).into_iter().collect();
    let total = keys.iter().try_fold(1_usize, |total, (_, values)| total.checked_mul(values.len()));
    (0..total.unwrap_or(usize::MAX).min(MOST_CONTEXTS)).map(move |mut number| {
        let mut context = Context::default();
        for (key, values) in &keys {
            if let Some(values) = &values[number % values.len()] {
                context.set(key, values.clone());
            }
            number /= values.len();
        }
        context
    })
}

/// By key in lower case; `None` stands for a request without the key.
fn candidates<'a>(
    tests: impl Iterator<Item = (&'a Test, bool)>,
    variables: impl Iterator<Item = String>,
) -> BTreeMap<String, Vec<Option<Vec<String>>>> {
    let mut by_key: BTreeMap<String, Vec<&Test>> = BTreeMap::new();
    let mut filled: BTreeSet<String> = variables.map(|variable| key_of(&variable)).collect();
    for (test, variables) in tests {
        by_key.entry(test.key.to_lowercase()).or_default().push(test);
        if variables {
            filled.extend(test.values.iter().flat_map(|value| pattern::variables(value)).map(|name| key_of(&name)));
        }
    }
    let mut candidates: BTreeMap<String, Vec<Option<Vec<String>>>> = BTreeMap::new();
    for (key, tests) in by_key {
        let values = values(&tests);
        let mut lists: Vec<Option<Vec<String>>> = values.iter().map(|value| Some(vec![value.clone()])).collect();
        lists.push(None);
        if tests.iter().any(|test| test.operator.quantifier.is_some()) {
            lists.push(Some(Vec::new()));
            let pairs = values.iter().enumerate().flat_map(|(index, one)| {
                values[index + 1..].iter().map(move |other| Some(vec![one.clone(), other.clone()]))
            });
            lists.extend(pairs.take(MOST_VALUES * 3));
        }
        candidates.insert(key, lists);
    }
    for key in filled {
        let lists = candidates.entry(key).or_insert_with(|| vec![None]);
        lists.insert(0, Some(vec![FILLED.to_owned()]));
    }
    candidates
}

/// The key of a variable, without its default: `aws:username, 'nobody'`.
fn key_of(variable: &str) -> String {
    variable.split(',').next().unwrap_or_default().trim().to_lowercase()
}

/// Values that the tests of one key tell apart.
fn values(tests: &[&Test]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for test in tests {
        for value in &test.values {
            found.extend(near(test.operator.comparison, value));
        }
    }
    found.extend(witnesses(tests, is_text, &[Token::Star(true)], pattern::text));
    found.extend(witnesses(tests, is_arn, &pattern::any_arn(), |value| pattern::resource(value, false).tokens));
    found.push("something-else".to_owned());
    let mut seen = BTreeSet::new();
    found.retain(|value| seen.insert(value.clone()));
    found.truncate(MOST_VALUES);
    found
}

fn is_text(comparison: Comparison) -> bool {
    use Comparison::{StringEquals, StringEqualsIgnoreCase, StringLike, StringNotEquals, StringNotLike};
    matches!(comparison, StringEquals | StringEqualsIgnoreCase | StringLike | StringNotEquals | StringNotLike)
}

fn is_arn(comparison: Comparison) -> bool {
    use Comparison::{ArnEquals, ArnLike, ArnNotEquals, ArnNotLike};
    matches!(comparison, ArnEquals | ArnLike | ArnNotEquals | ArnNotLike)
}

/// One value for each combination of the patterns that can match at once.
fn witnesses(
    tests: &[&Test],
    of: fn(Comparison) -> bool,
    universe: &[Token],
    pattern: impl Fn(&str) -> Pattern,
) -> Vec<String> {
    let values = tests.iter().filter(|test| of(test.operator.comparison)).flat_map(|test| &test.values);
    let patterns: Vec<Pattern> = values.map(|value| pattern(&value.replace("${", "{"))).collect();
    if patterns.is_empty() {
        return Vec::new();
    }
    let patterns: Vec<&[Token]> = patterns.iter().map(Vec::as_slice).collect();
    cells(universe, &patterns).into_iter().flatten().map(|cell| cell.witness).collect()
}

/// The value itself and its neighbours: just below, just above, at the ends.
fn near(comparison: Comparison, value: &str) -> Vec<String> {
    let plain = filled(value);
    match comparison {
        Comparison::NumericEquals
        | Comparison::NumericNotEquals
        | Comparison::NumericLessThan
        | Comparison::NumericLessThanEquals
        | Comparison::NumericGreaterThan
        | Comparison::NumericGreaterThanEquals => match value.parse::<i64>() {
            Ok(number) => [number, number.saturating_sub(1), number.saturating_add(1)].map(|n| n.to_string()).to_vec(),
            Err(_) => vec![plain],
        },
        Comparison::DateEquals
        | Comparison::DateNotEquals
        | Comparison::DateLessThan
        | Comparison::DateLessThanEquals
        | Comparison::DateGreaterThan
        | Comparison::DateGreaterThanEquals => dates(value),
        Comparison::IpAddress | Comparison::NotIpAddress => addresses(value),
        Comparison::Bool | Comparison::Null => vec!["true".to_owned(), "false".to_owned()],
        _ => vec![plain],
    }
}

/// Wildcards taken for nothing or one letter, variables for their example.
fn filled(value: &str) -> String {
    let mut value = value.to_owned();
    for variable in pattern::variables(&value.clone()) {
        value = value.replace(&format!("${{{variable}}}"), FILLED);
    }
    value.replace("${*}", "*").replace("${?}", "?").replace("${$}", "$")
}

fn dates(value: &str) -> Vec<String> {
    let Ok(time) = value.parse::<jiff::Timestamp>() else { return vec![value.to_owned()] };
    let around = [-1, 1].into_iter().filter_map(|seconds| {
        time.checked_add(jiff::SignedDuration::from_secs(seconds)).ok().map(|moment| moment.to_string())
    });
    std::iter::once(value.to_owned()).chain(around).collect()
}

/// The first and the last address of a network, and one that is likely in none.
fn addresses(value: &str) -> Vec<String> {
    let (address, bits) = value.split_once('/').map_or((value, None), |(address, bits)| (address, bits.parse().ok()));
    let mut found = vec![address.to_owned()];
    if let (Ok(address), Some(bits)) = (address.parse::<std::net::Ipv4Addr>(), bits) {
        let hosts = u32::MAX.checked_shr(bits).unwrap_or(0);
        found.push(std::net::Ipv4Addr::from_bits(address.to_bits() | hosts).to_string());
    }
    if let (Ok(address), Some(bits)) = (address.parse::<std::net::Ipv6Addr>(), bits) {
        let hosts = u128::MAX.checked_shr(bits).unwrap_or(0);
        found.push(std::net::Ipv6Addr::from_bits(address.to_bits() | hosts).to_string());
    }
    found.push("203.0.113.7".to_owned());
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::policy::statement::Policy;

    use super::*;

    fn tried(condition: &Value) -> Vec<Context> {
        let document =
            json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Condition": condition}});
        let tests = Policy::compile("p", &document).unwrap().statements.remove(0).conditions;
        contexts(tests.iter().map(|test| (test, true)), std::iter::empty()).collect()
    }

    fn has(contexts: &[Context], pairs: &[(&str, &[&str])]) -> bool {
        let wanted: Context = pairs
            .iter()
            .map(|(key, values)| ((*key).to_owned(), values.iter().map(ToString::to_string).collect()))
            .collect();
        contexts.contains(&wanted)
    }

    #[test]
    fn values_on_both_sides_of_every_test_are_tried() {
        let numbers = tried(&json!({"NumericLessThan": {"s3:max-keys": "10"}}));
        assert!(has(&numbers, &[("s3:max-keys", &["9"])]) && has(&numbers, &[("s3:max-keys", &["10"])]));
        let texts = tried(&json!({"StringLike": {"s3:prefix": ["a*", "*b"]}}));
        for value in ["a", "b", "ab", "something-else"] {
            assert!(has(&texts, &[("s3:prefix", &[value])]), "{value}");
        }
        assert!(has(&texts, &[]), "and no value at all");
        let networks = tried(&json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "10.0.0.0/16"]}}));
        assert!(has(&networks, &[("aws:sourceip", &["10.255.255.255"])]));
        assert!(has(&networks, &[("aws:sourceip", &["10.0.255.255"])]));
    }

    #[test]
    fn sets_of_values_are_tried_for_the_operators_on_sets() {
        let sets = tried(&json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}));
        assert!(has(&sets, &[("aws:tagkeys", &["a", "something-else"])]) && has(&sets, &[("aws:tagkeys", &[])]));
    }

    #[test]
    fn variables_in_values_are_filled_in() {
        let filled = tried(&json!({"StringEquals": {"s3:prefix": "home/${aws:username}"}}));
        assert!(has(&filled, &[("s3:prefix", &["home/example"]), ("aws:username", &["example"])]));
    }

    #[test]
    fn many_keys_are_tried_up_to_a_bound() {
        let keys: Value = (0..12).map(|number| (format!("aws:k{number}"), json!("x"))).collect();
        assert_eq!(tried(&json!({"StringEquals": keys})).len(), MOST_CONTEXTS);
    }
}
