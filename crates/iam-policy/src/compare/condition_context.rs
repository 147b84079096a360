//! Condition contexts worth trying: for each condition key values that its tests tell apart, and
//! for each key of a policy variable one value at a time.

use std::collections::{BTreeMap, BTreeSet};

use crate::Budget;
use crate::catalogue::{ValueType, condition_key};
use crate::condition::parse_date;
use crate::pattern::{self as texts, Filling, variable_key, variables};
use crate::request::{Caller, Context};
use crate::statement::{ConditionTest, OperatorName, Statement};

use super::filling::fitting_text;
use super::formula::{Atom, Atoms, Formula};
use super::language::{PatternToken, cells};
use super::pattern::{self, Pattern};
use super::sat_solver::{AtomAssignment, SatSolver};

/// The value of a policy variable in examples.
const FILLED: &str = "example";

/// The most values of one key that are considered; `MOST_CHOICES` of them are tried, under
/// `MOST_FILLINGS` variable assignments.
const MOST_VALUES: usize = 500;
const MOST_CHOICES: usize = 60;
const MOST_FILLINGS: usize = 24;

/// The steps that it takes to hold a value against a value of a test.
const VALUE_STEPS: usize = 16;

/// The condition keys that statements test, and those of their policy variables.
pub(super) struct ConditionContext<'a> {
    /// The keys that follow from the caller, with their values.
    known: Context,
    /// The tests by key, in lower case.
    tests: BTreeMap<String, Vec<&'a ConditionTest>>,
    /// The keys of policy variables, in lower case.
    variables: BTreeSet<String>,
    budget: &'a Budget,
}

/// Candidate values for each key, each with the truth of the key's atoms under it.
pub(super) struct Candidates {
    /// The keys with their candidates. The candidate `None` is a request without the key.
    values: Vec<(String, Vec<Option<Vec<String>>>)>,
    choices: Vec<Vec<AtomAssignment>>,
}

impl<'a> ConditionContext<'a> {
    /// Collects the keys of the caller and of the statements. `patterns` are the resource patterns
    /// whose matches depend on variables.
    pub fn of(
        caller: &Caller,
        statements: impl Iterator<Item = &'a Statement>,
        patterns: impl Iterator<Item = &'a str>,
        budget: &'a Budget,
    ) -> Self {
        let known = caller.circumstances(&Context::default());
        let (tests, variables) = (BTreeMap::new(), BTreeSet::new());
        let mut found = Self { known, tests, variables, budget };
        patterns.for_each(|pattern| found.add_variables(pattern));
        for statement in statements {
            for test in &statement.conditions {
                found.tests.entry(test.key.to_lowercase()).or_default().push(test);
                if statement.variables {
                    test.values.iter().for_each(|value| found.add_variables(value));
                }
            }
        }
        found
    }

    fn add_variables(&mut self, text: &str) {
        self.variables.extend(variables(text).map(|inside| variable_key(inside).to_lowercase()));
    }

    /// Returns the variable assignments to try. The first gives each variable the value that
    /// follows from the caller, or else an example. The others replace some of these values by
    /// those in `fitting`, or by values that make two values of a test equal; or they replace one
    /// value by nothing, by the example, or by a value that is tested for. The last assigns
    /// nothing.
    pub fn fillings(&self, fitting: Vec<Context>) -> Vec<Context> {
        let example = |key: &String| {
            self.known.get(key).map_or_else(|| vec![FILLED.to_owned()], <[String]>::to_vec)
        };
        let examples: Context =
            self.variables.iter().map(|key| (key.clone(), example(key))).collect();
        let fitting =
            fitting.into_iter().chain(self.tests.values().flat_map(|tests| compared(tests)));
        let mut fillings: Vec<Context> = fitting.map(|values| examples.with(&values)).collect();
        for key in &self.variables {
            fillings.push(examples.without(key));
            fillings.push(
                examples.with(&[(key.clone(), vec![FILLED.to_owned()])].into_iter().collect()),
            );
        }
        for (key, tests) in self.tests.iter().filter(|(key, _)| self.variables.contains(*key)) {
            let with = |value| examples.with(&[(key.clone(), vec![value])].into_iter().collect());
            fillings.extend(values(key, tests, &examples, self.budget).into_iter().map(with));
        }
        let mut seen = BTreeSet::from([examples.clone(), Context::default()]);
        fillings.retain(|filling| seen.insert(filling.clone()));
        fillings.truncate(MOST_FILLINGS);
        fillings.insert(0, examples);
        if !self.variables.is_empty() {
            fillings.push(Context::default());
        }
        fillings
    }

    /// Returns for each key with atoms the candidate values that differ in the truth of its atoms,
    /// under this variable assignment.
    pub fn offers(&self, filling: &Context, atoms: &Atoms) -> Candidates {
        let mut by_key: BTreeMap<String, Vec<(usize, &Atom)>> = BTreeMap::new();
        for (index, key, atom) in atoms.on_keys() {
            by_key.entry(key).or_default().push((index, atom));
        }
        let told_apart = |(key, atoms): (String, Vec<(usize, &Atom)>)| {
            let (values, choices) =
                self.told_apart(&key, self.candidates(&key, filling), &atoms, filling);
            ((key, values), choices)
        };
        let (values, choices) = by_key.into_iter().map(told_apart).unzip();
        Candidates { values, choices }
    }

    /// Adds the keys that follow from the caller to a context. The values of the context win.
    pub fn whole(&self, context: &Context) -> Context {
        self.known.with(context)
    }

    /// Returns candidates for the values of a key: single values, no value, and where a test has a
    /// set operator, sets of values. The assignment fixes the value of a variable's key.
    fn candidates(&self, key: &str, filling: &Context) -> Vec<Option<Vec<String>>> {
        if self.variables.contains(key) {
            return vec![filling.get(key).map(<[String]>::to_vec)];
        }
        let tests = self.tests.get(key).map_or(&[][..], Vec::as_slice);
        let values = values(key, tests, filling, self.budget);
        let mut candidates: Vec<Option<Vec<String>>> =
            values.iter().map(|value| Some(vec![value.clone()])).collect();
        candidates.push(None);
        if tests.iter().any(|test| test.operator.quantifier.is_some()) {
            let first = &values[..values.len().min(MOST_CHOICES)];
            let pairs = first.iter().enumerate().flat_map(|(index, one)| {
                first[index + 1..].iter().map(move |other| Some(vec![one.clone(), other.clone()]))
            });
            // A key that follows from the caller is never an empty list.
            candidates.extend(self.known.get(key).is_none().then(|| Some(Vec::new())));
            candidates.extend(pairs);
        }
        candidates
    }

    /// Keeps the first candidate for each combination of truth values of the key's atoms.
    fn told_apart(
        &self,
        key: &str,
        candidates: Vec<Option<Vec<String>>>,
        atoms: &[(usize, &Atom)],
        filling: &Context,
    ) -> (Vec<Option<Vec<String>>>, Vec<AtomAssignment>) {
        let mut seen: BTreeSet<AtomAssignment> = BTreeSet::new();
        let mut kept = (Vec::new(), Vec::new());
        // Each candidate is held against each value of each atom.
        let steps =
            VALUE_STEPS * (1 + atoms.iter().map(|(_, atom)| atom.value_count()).sum::<usize>());
        for candidate in candidates {
            if !self.budget.spend(steps) {
                break;
            }
            let mut context = filling.clone();
            put(&mut context, key, candidate.as_deref());
            let context = self.whole(&context);
            let choice: AtomAssignment =
                atoms.iter().map(|(index, atom)| (*index, atom.holds(&context))).collect();
            if kept.0.len() < MOST_CHOICES && seen.insert(choice.clone()) {
                kept.0.push(candidate);
                kept.1.push(choice);
            }
        }
        kept
    }
}

/// Returns the variable assignments that make one value of a key's tests equal to another.
fn compared(tests: &[&ConditionTest]) -> Vec<Context> {
    let values: BTreeSet<&String> = tests.iter().flat_map(|test| &test.values).collect();
    let plain = values.iter().filter(|value| !value.contains("${"));
    let pairs = plain.flat_map(|plain| values.iter().map(move |value| (value, plain)));
    pairs
        .filter(|(value, _)| value.contains("${"))
        .filter_map(|(value, plain)| fitting_text(value, plain))
        .collect()
}

impl Candidates {
    /// Returns a context with this variable assignment in which `holds` is true and `fails` is
    /// false.
    pub fn choose(
        &self,
        proof: &mut SatSolver,
        filling: &Context,
        holds: &Formula,
        fails: &Formula,
    ) -> Option<Context> {
        let chosen = proof.choose(holds, fails, &self.choices)?;
        let mut context = filling.clone();
        for ((key, values), index) in self.values.iter().zip(chosen) {
            put(&mut context, key, values[index].as_deref());
        }
        Some(context)
    }
}

fn put(context: &mut Context, key: &str, values: Option<&[String]>) {
    match values {
        Some(values) => context.set(key, values.to_vec()),
        None => *context = context.without(key),
    }
}

/// Returns values that the tests of one key tell apart.
fn values(key: &str, tests: &[&ConditionTest], filling: &Context, budget: &Budget) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for test in tests {
        for value in &test.values {
            found.extend(near(test.operator.comparison, value, filling));
        }
    }
    let any = [PatternToken::Star(true)];
    found.extend(witnesses(tests, is_text, &any, budget, pattern::literal_pattern));
    found.extend(witnesses(tests, is_arn, &pattern::any_arn(), budget, |value| {
        pattern::resource(value, false).tokens
    }));
    if tests.iter().all(|test| test.operator.comparison == OperatorName::Null) {
        found.push(any_value(key).to_owned());
    } else if tests.iter().all(|test| {
        is_text(test.operator.comparison) || test.operator.comparison == OperatorName::Null
    }) {
        // A number, a date, an ARN and the like never has this value.
        found.push("something-else".to_owned());
    }
    let mut seen = BTreeSet::new();
    found.retain(|value| seen.insert(value.clone()));
    // Values that a person expects come first.
    found.sort_by_key(|value| (value.is_empty(), value.contains(['*', '?'])));
    found.truncate(MOST_VALUES);
    found
}

/// Returns a value that the key may have, by its type.
fn any_value(key: &str) -> &'static str {
    match condition_key(key).map(|key| key.value) {
        Some(ValueType::Arn | ValueType::ArrayOfArn) => "arn:aws:iam::123456789012:role/example",
        Some(ValueType::Bool | ValueType::ArrayOfBool) => "true",
        Some(ValueType::Numeric) => "1",
        Some(ValueType::Date) => "2024-01-01T00:00:00Z",
        Some(ValueType::IpAddress) => "203.0.113.7",
        Some(ValueType::String | ValueType::ArrayOfString) | None => "something-else",
    }
}

fn is_text(comparison: OperatorName) -> bool {
    use OperatorName::{
        StringEquals, StringEqualsIgnoreCase, StringLike, StringNotEquals,
        StringNotEqualsIgnoreCase, StringNotLike,
    };
    matches!(
        comparison,
        StringEquals
            | StringEqualsIgnoreCase
            | StringLike
            | StringNotEquals
            | StringNotEqualsIgnoreCase
            | StringNotLike
    )
}

fn is_arn(comparison: OperatorName) -> bool {
    use OperatorName::{ArnEquals, ArnLike, ArnNotEquals, ArnNotLike};
    matches!(comparison, ArnEquals | ArnLike | ArnNotEquals | ArnNotLike)
}

/// Returns one value for each combination of patterns that can match at the same time.
fn witnesses(
    tests: &[&ConditionTest],
    of: fn(OperatorName) -> bool,
    universe: &[PatternToken],
    budget: &Budget,
    pattern: impl Fn(&str) -> Pattern,
) -> Vec<String> {
    let values =
        tests.iter().filter(|test| of(test.operator.comparison)).flat_map(|test| &test.values);
    let patterns: Vec<Pattern> = values.map(|value| pattern(&value.replace("${", "{"))).collect();
    if patterns.is_empty() {
        return Vec::new();
    }
    let patterns: Vec<&[PatternToken]> = patterns.iter().map(Vec::as_slice).collect();
    cells(universe, &patterns, budget).into_iter().flatten().map(|cell| cell.witness).collect()
}

/// Returns the value of a test and its neighbours: just below, just above, at the ends of a range.
fn near(comparison: OperatorName, value: &str, filling: &Context) -> Vec<String> {
    let plain = texts::filled(value, Filling::From(filling)).unwrap_or_else(|| value.to_owned());
    match comparison {
        OperatorName::NumericEquals
        | OperatorName::NumericNotEquals
        | OperatorName::NumericLessThan
        | OperatorName::NumericLessThanEquals
        | OperatorName::NumericGreaterThan
        | OperatorName::NumericGreaterThanEquals => numbers(value),
        OperatorName::DateEquals
        | OperatorName::DateNotEquals
        | OperatorName::DateLessThan
        | OperatorName::DateLessThanEquals
        | OperatorName::DateGreaterThan
        | OperatorName::DateGreaterThanEquals => dates(value),
        OperatorName::IpAddress | OperatorName::NotIpAddress => addresses(value),
        OperatorName::Bool => vec!["true".to_owned(), "false".to_owned()],
        // The values of `Null` are about the presence of the key, not about its values.
        OperatorName::Null => Vec::new(),
        OperatorName::StringEqualsIgnoreCase | OperatorName::StringNotEqualsIgnoreCase => {
            vec![plain.to_uppercase(), plain.to_lowercase(), plain]
        }
        _ => vec![plain],
    }
}

fn numbers(value: &str) -> Vec<String> {
    let (whole, fraction) = value.split_at(value.find('.').unwrap_or(value.len()));
    let around = whole
        .parse::<i64>()
        .map_or_else(|_| Vec::new(), |n| vec![n.saturating_sub(1), n.saturating_add(1)]);
    let around = around.into_iter().map(|whole| format!("{whole}{fraction}"));
    std::iter::once(value.to_owned()).chain(around).collect()
}

fn dates(value: &str) -> Vec<String> {
    let Some(time) = parse_date(value) else { return vec![value.to_owned()] };
    let around = [-1, 1].into_iter().filter_map(|seconds| {
        time.checked_add(jiff::SignedDuration::from_secs(seconds))
            .ok()
            .map(|moment| moment.to_string())
    });
    std::iter::once(value.to_owned()).chain(around).collect()
}

/// Returns the first and the last address of a network, and one address of each family that is
/// likely outside of it.
fn addresses(value: &str) -> Vec<String> {
    let (address, bits) =
        value.split_once('/').map_or((value, None), |(address, bits)| (address, bits.parse().ok()));
    let mut found = vec![address.to_owned()];
    if let (Ok(address), Some(bits)) = (address.parse::<std::net::Ipv4Addr>(), bits) {
        let hosts = u32::MAX.checked_shr(bits).unwrap_or(0);
        found.push(std::net::Ipv4Addr::from_bits(address.to_bits() | hosts).to_string());
    }
    if let (Ok(address), Some(bits)) = (address.parse::<std::net::Ipv6Addr>(), bits) {
        let hosts = u128::MAX.checked_shr(bits).unwrap_or(0);
        found.push(std::net::Ipv6Addr::from_bits(address.to_bits() | hosts).to_string());
    }
    found.extend(["203.0.113.7".to_owned(), "2001:db8:ffff::7".to_owned()]);
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::statement::Policy;

    use super::*;

    /// Returns a context in which the first condition is met and the second isn't, with the
    /// variable assignment of that index.
    fn between(met: &Value, unmet: &Value, filling: usize) -> Option<String> {
        let statement =
            |condition: &Value| json!({"Effect": "Allow", "Action": "*", "Condition": condition});
        let document =
            json!({"Version": "2012-10-17", "Statement": [statement(met), statement(unmet)]});
        let statements = Policy::compile("p", &document).unwrap().statements;
        let mut atoms = Atoms::default();
        let [holds, fails] = [0, 1].map(|index| atoms.tests(&statements[index].conditions, true));
        let caller = Caller::service("lambda.amazonaws.com");
        let budget = Budget::default();
        let circumstances =
            ConditionContext::of(&caller, statements.iter(), std::iter::empty(), &budget);
        let filling = &circumstances.fillings(Vec::new())[filling];
        let mut proof = SatSolver::new(&atoms, &budget);
        let context =
            circumstances.offers(filling, &atoms).choose(&mut proof, filling, &holds, &fails)?;
        let text = context.iter().map(|(key, values)| format!("{key}={}", values.join(",")));
        Some(text.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn values_on_both_sides_of_every_test_are_found() {
        let cases = [
            (
                json!({"NumericLessThanEquals": {"k:k": "10"}}),
                json!({"NumericLessThan": {"k:k": "10"}}),
                "k:k=10",
            ),
            (
                json!({"StringLike": {"k:k": "a*"}}),
                json!({"StringLike": {"k:k": ["ab*", "aa*"]}}),
                "k:k=a",
            ),
            (
                json!({"StringLike": {"k:k": "*b"}}),
                json!({"StringNotLike": {"k:k": "a*"}}),
                "k:k=ab",
            ),
            (
                json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
                json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/16"}}),
                "aws:sourceip=10.255.255.255",
            ),
            (json!({"StringNotEquals": {"k:k": "a"}}), json!({"Null": {"k:k": "false"}}), ""),
            (
                json!({"Null": {"aws:SourceIp": "false"}}),
                json!({"Null": {"aws:SourceIp": "true"}}),
                "aws:sourceip=203.0.113.7",
            ),
            (json!({"Bool": {"k:k": "false"}}), json!({"Bool": {"k:k": "true"}}), "k:k=false"),
            (
                json!({"StringEqualsIgnoreCase": {"k:k": "Ab"}}),
                json!({"StringEquals": {"k:k": "AB"}}),
                "k:k=ab",
            ),
            (
                json!({"NotIpAddress": {"k:k": "0.0.0.0/0"}}),
                json!({"Null": {"k:k": "true"}}),
                "k:k=2001:db8:ffff::7",
            ),
            (
                json!({"NumericLessThan": {"k:k": "2.5"}}),
                json!({"NumericEquals": {"k:k": "1.50"}}),
                "k:k=0.50",
            ),
            (
                json!({"DateLessThan": {"k:k": "2024-01-02"}}),
                json!({"Null": {"k:k": "true"}}),
                "k:k=2024-01-01T23:59:59Z",
            ),
            (
                json!({"DateLessThan": {"k:k": "2024-01-01T00:00:00Z"}}),
                json!({"DateLessThan": {"k:k": "2023-12-31T23:59:59Z"}}),
                "k:k=2023-12-31T23:59:59Z",
            ),
        ];
        for (met, unmet, expected) in cases {
            assert_eq!(between(&met, &unmet, 0).as_deref(), Some(expected), "{met} {unmet}");
        }
        assert_eq!(
            between(
                &json!({"StringEquals": {"k:k": "a"}}),
                &json!({"StringLike": {"k:k": "?"}}),
                0
            ),
            None
        );
    }

    #[test]
    fn sets_of_values_are_tried_for_the_operators_on_sets() {
        let any = json!({"ForAnyValue:StringEquals": {"k:k": "a"}});
        let all = json!({"ForAllValues:StringEquals": {"k:k": "a"}});
        assert_eq!(between(&any, &all, 0).as_deref(), Some("k:k=a,something-else"));
        let nothing = between(&all, &any, 0).unwrap();
        assert!(["", "k:k="].contains(&&*nothing), "{nothing}");
    }

    #[test]
    fn variables_are_filled_in() {
        let home = json!({"StringEquals": {"s3:prefix": "home/${aws:username}"}});
        let bob = json!({"StringEquals": {"aws:username": "bob"}});
        let both =
            json!({"StringEquals": {"s3:prefix": "home/${aws:username}", "aws:username": "bob"}});
        let never = json!({"StringEquals": {"k:k": "a"}, "Null": {"k:k": "true"}});
        assert_eq!(
            between(&home, &bob, 0).as_deref(),
            Some("aws:username=example s3:prefix=home/example")
        );
        assert_eq!(between(&both, &never, 0), None, "the first filling is an example");
        assert_eq!(
            between(&both, &never, 1).as_deref(),
            Some("aws:username=bob k:k=a s3:prefix=home/bob")
        );
        let same = json!({"StringEquals": {"k:k": "a"}, "StringLike": {"k:k": "${aws:username}"}});
        assert_eq!(between(&same, &never, 1).as_deref(), Some("aws:username=a k:k=a"));
        let unfilled = json!({"StringNotEquals": {"s3:prefix": "home/${aws:username}"}, "Null": {"aws:username": "true"}});
        assert!(between(&unfilled, &never, 2).is_some(), "the last one has no value");
    }
}
