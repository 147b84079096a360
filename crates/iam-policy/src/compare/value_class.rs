//! The values of a condition key, divided into classes: all values of a class pass the same tests.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};

use crate::Budget;
use crate::catalogue::{ValueType, condition_key};
use crate::condition::{Number, holds, network, parse_date};
use crate::request::Context;
use crate::statement::{ConditionTest, Operator, OperatorName};

use super::caller_keys::ValueDomain;
use super::language::{CharClass, PatternToken, any_case, few_cells_of};
use super::pattern::{self, Pattern};

/// The values of one key that pass the same tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ValueClass {
    /// One of the values.
    pub value: String,
    /// For each test, true if it matches the value, as if that was the only one.
    pub matches: Vec<bool>,
}

/// A test of one value: a comparison, the values of the policy, and true if `${*}` in them is a
/// character.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ClassTest {
    pub comparison: OperatorName,
    pub values: Vec<String>,
    pub variables: bool,
}

/// The most steps that it takes to divide texts by patterns. Patterns of conditions are few and
/// short; a longer search is given up.
const MOST_STEPS: usize = 100_000;

/// The steps that it takes to hold a value against a value of a test.
const VALUE_STEPS: usize = 4;

/// The most candidates of one key.
const MOST_CANDIDATES: usize = 2_000;

/// The most classes of one key.
const MOST_CLASSES: usize = 500;

/// A cache of classes. The regions of a comparison have the same conditions in many combinations.
#[derive(Debug, Default)]
pub(super) struct ClassCache {
    pub budget: Budget,
    known: RefCell<HashMap<ClassQuestion, Option<Rc<[ValueClass]>>>>,
}

/// A key with its tests and its values, as far as they are limited.
type ClassQuestion = (String, Vec<ClassTest>, Option<ValueDomain>);

/// The most entries of the cache.
const MOST_KNOWN: usize = 256;

impl ClassCache {
    pub fn within(budget: Budget) -> Self {
        Self { budget, known: RefCell::default() }
    }

    /// Divides all values that a key may have. The key is in lower case, and no test has variables.
    /// `None` where the classes are too many, or not known.
    pub fn classes(
        &self,
        key: &str,
        tests: Vec<ClassTest>,
        domain: Option<&ValueDomain>,
    ) -> Option<Rc<[ValueClass]>> {
        let question = (key.to_owned(), tests, domain.cloned());
        if let Some(known) = self.known.borrow().get(&question) {
            return known.clone();
        }
        let found = classes(key, &question.1, domain, &self.budget);
        let found: Option<Rc<[ValueClass]>> = found.map(Into::into);
        let mut known = self.known.borrow_mut();
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(question, found.clone());
        found
    }
}

/// The families of comparisons whose values are divided together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    Text,
    Number,
    Date,
    Address,
}

fn classes(
    key: &str,
    tests: &[ClassTest],
    domain: Option<&ValueDomain>,
    budget: &Budget,
) -> Option<Vec<ValueClass>> {
    let value_type = condition_key(key).map(|key| key.value);
    let families: BTreeSet<Family> =
        tests.iter().map(|test| family(test.comparison)).collect::<Option<_>>()?;
    let families: Vec<Family> = families.into_iter().collect();
    let candidates = match families[..] {
        [] => vec![any_value(value_type).to_owned()],
        // Of another type, a value may be a network that several networks hold together.
        [Family::Text | Family::Address] | [Family::Text, Family::Address]
            if value_type == Some(ValueType::IpAddress) && spell_addresses(tests) =>
        {
            addresses(tests)
        }
        [Family::Text] => texts(tests, value_type, domain, budget)?,
        _ if key == EPOCH => seconds(tests)?,
        [Family::Number] => numbers(tests, value_type),
        [Family::Date] => dates(tests, value_type),
        [Family::Text, other] if is_any_text(value_type) => respelt(tests, other, value_type)?,
        _ => return None,
    };
    let found = told_apart(key, tests, candidates, budget)?;
    // Nothing is known of a class whose value no request can have.
    let is_known = found.iter().all(|class| is_readable(value_type, &class.value));
    is_known.then_some(found)
}

/// The key whose values are seconds since 1970: "Use this key to compare the date and time of the
/// request in epoch or Unix time". Operators on dates and on numbers take it.
const EPOCH: &str = "aws:epochtime";

/// Returns true for a type of which any text is a value.
fn is_any_text(value_type: Option<ValueType>) -> bool {
    matches!(value_type, Some(ValueType::String | ValueType::ArrayOfString) | None)
}

/// Tells if a request may have this value of a key of the type.
fn is_readable(value_type: Option<ValueType>, value: &str) -> bool {
    match value_type {
        Some(ValueType::Numeric) => Number::parse(value).is_some(),
        Some(ValueType::Date) => parse_date(value).is_some(),
        Some(ValueType::IpAddress) => value.parse::<std::net::IpAddr>().is_ok(),
        Some(
            ValueType::String
            | ValueType::ArrayOfString
            | ValueType::Bool
            | ValueType::ArrayOfBool
            | ValueType::Arn
            | ValueType::ArrayOfArn,
        )
        | None => true,
    }
}

/// Returns values that tests of different kinds may tell apart.
pub(super) fn some_values(key: &str, tests: &[ClassTest], budget: &Budget) -> Vec<String> {
    let value_type = condition_key(key).map(|key| key.value);
    let mut found = Vec::new();
    for wanted in [Family::Text, Family::Number, Family::Date, Family::Address] {
        let alike = tests.iter().filter(|test| family(test.comparison) == Some(wanted));
        let alike: Vec<ClassTest> = alike.cloned().collect();
        if alike.is_empty() {
            continue;
        }
        found.extend(match wanted {
            Family::Text => {
                let spelt = alike.iter().flat_map(|test| test.values.clone());
                let apart = texts(&alike, value_type, None, budget).unwrap_or_default();
                spelt.chain([any_value(value_type).to_owned()]).chain(apart).collect()
            }
            Family::Number | Family::Date if key == EPOCH => seconds(&alike).unwrap_or_default(),
            Family::Number => numbers(&alike, value_type),
            Family::Date => dates(&alike, value_type),
            Family::Address => addresses(&alike),
        });
    }
    found.retain(|value| is_readable(value_type, value));
    if found.is_empty() {
        found.push(any_value(value_type).to_owned());
    }
    found
}

fn family(comparison: OperatorName) -> Option<Family> {
    use OperatorName as Op;
    match comparison.positive().0 {
        Op::StringEquals
        | Op::StringEqualsIgnoreCase
        | Op::StringLike
        | Op::ArnLike
        | Op::Bool
        | Op::BinaryEquals => Some(Family::Text),
        Op::NumericEquals
        | Op::NumericLessThan
        | Op::NumericLessThanEquals
        | Op::NumericGreaterThan
        | Op::NumericGreaterThanEquals => Some(Family::Number),
        Op::DateEquals
        | Op::DateLessThan
        | Op::DateLessThanEquals
        | Op::DateGreaterThan
        | Op::DateGreaterThanEquals => Some(Family::Date),
        Op::IpAddress => Some(Family::Address),
        _ => None,
    }
}

/// Keeps the first candidate of each class.
fn told_apart(
    key: &str,
    tests: &[ClassTest],
    candidates: Vec<String>,
    budget: &Budget,
) -> Option<Vec<ValueClass>> {
    let steps = VALUE_STEPS * (1 + tests.iter().map(|test| 1 + test.values.len()).sum::<usize>());
    if candidates.len() > MOST_CANDIDATES || !budget.spend(steps.checked_mul(candidates.len())?) {
        return None;
    }
    let whole: Vec<(ConditionTest, bool)> = tests
        .iter()
        .map(|test| {
            let operator =
                Operator { quantifier: None, comparison: test.comparison, if_exists: false };
            let test_of_one =
                ConditionTest { operator, key: key.to_owned(), values: test.values.clone() };
            (test_of_one, test.variables)
        })
        .collect();
    let (mut seen, mut classes) = (BTreeSet::new(), Vec::new());
    for value in candidates {
        let context: Context = [(key.to_owned(), vec![value.clone()])].into_iter().collect();
        let matches: Vec<bool> =
            whole.iter().map(|(test, variables)| holds(test, &context, *variables)).collect();
        // An empty value is none to the operators on sets.
        if seen.insert((matches.clone(), value.is_empty())) {
            classes.push(ValueClass { value, matches });
        }
    }
    (classes.len() <= MOST_CLASSES).then_some(classes)
}

/// Returns a value that a key may have.
pub(super) fn any_value_of(key: &str) -> &'static str {
    any_value(condition_key(key).map(|key| key.value))
}

/// Returns a value that a key may have, by its type.
fn any_value(value_type: Option<ValueType>) -> &'static str {
    match value_type {
        Some(ValueType::Arn | ValueType::ArrayOfArn) => "arn:aws:iam::123456789012:role/example",
        Some(ValueType::Bool | ValueType::ArrayOfBool) => "true",
        Some(ValueType::Numeric) => "1",
        Some(ValueType::Date) => "2024-01-01T00:00:00Z",
        Some(ValueType::IpAddress) => "203.0.113.7",
        Some(ValueType::String | ValueType::ArrayOfString) | None => OTHER,
    }
}

/// The value of an example that no test names.
const OTHER: &str = "something-else";

/// Returns texts that patterns tell apart: first those that a person expects.
fn texts(
    tests: &[ClassTest],
    value_type: Option<ValueType>,
    domain: Option<&ValueDomain>,
    budget: &Budget,
) -> Option<Vec<String>> {
    let mut patterns: Vec<Pattern> = Vec::new();
    let mut lists: Vec<Vec<usize>> = Vec::new();
    for test in tests {
        let start = patterns.len();
        for value in &test.values {
            patterns.extend(pattern_of(test.comparison, value, test.variables)?);
        }
        lists.push((start..patterns.len()).collect());
    }
    let domain = domain.cloned().unwrap_or_default();
    let first_excluded = lists.len();
    for excluded in &domain.excluded {
        lists.push(vec![patterns.len()]);
        patterns.push(excluded.clone());
    }
    let universes =
        if domain.universes.is_empty() { universes(value_type) } else { domain.universes };
    let patterns: Vec<&[PatternToken]> = patterns.iter().map(Vec::as_slice).collect();
    let excluded: Vec<usize> = lists[first_excluded..].concat();
    let divide = |universe: &[PatternToken]| {
        let cells = few_cells_of(universe, &patterns, &lists, budget, MOST_STEPS)?;
        let inside = cells
            .into_iter()
            .filter(|cell| !excluded.iter().any(|index| cell.accepts.contains(*index)));
        Some(inside.map(|cell| cell.witness).collect::<Vec<_>>())
    };
    let spelt = tests.iter().flat_map(|test| &test.values);
    let plain = spelt.filter(|value| !value.contains(['*', '?', '$'])).cloned();
    let nice: BTreeSet<String> = plain.collect();
    let nice = domain.preferred.into_iter().chain(nice).chain([any_value(value_type).to_owned()]);
    let mut found: Vec<String> = Vec::new();
    for value in nice.take(MOST_CANDIDATES) {
        let is_inside = || {
            let literal = pattern::literal(&value);
            universes.iter().any(|universe| {
                let both = few_cells_of(&literal, &[universe], &[vec![0]], budget, MOST_STEPS);
                both.is_some_and(|cells| cells.iter().any(|cell| cell.accepts.contains(0)))
            }) && excluded.iter().all(|index| {
                let both =
                    few_cells_of(&literal, &[patterns[*index]], &[vec![0]], budget, MOST_STEPS);
                both.is_some_and(|cells| cells.iter().all(|cell| !cell.accepts.contains(0)))
            })
        };
        if universes == [vec![PatternToken::Star(true)]] || is_inside() {
            found.push(value);
        }
    }
    for universe in &universes {
        found.extend(divide(universe)?);
    }
    // What a person writes as the beginning of an address may be the beginning of one.
    if value_type == Some(ValueType::IpAddress) {
        let longer =
            found.iter().flat_map(|text| ["::1", ":1", "1"].map(|end| format!("{text}{end}")));
        found.extend(longer.collect::<Vec<_>>());
        found.sort_by_key(|value| !is_readable(value_type, value));
    }
    Some(found)
}

/// Returns the texts that a value of the key can be, by its type.
fn universes(value_type: Option<ValueType>) -> Vec<Pattern> {
    match value_type {
        Some(ValueType::Bool | ValueType::ArrayOfBool) => {
            ["true", "false"].map(pattern::literal).to_vec()
        }
        Some(ValueType::Arn | ValueType::ArrayOfArn) => vec![pattern::any_arn()],
        // The first are the values themselves, and the others all texts that they are among.
        Some(ValueType::IpAddress) => {
            let digits = digits();
            let dot = [PatternToken::Char('.')];
            let parts = [&digits[..], &dot, &digits, &dot, &digits, &dot, &digits];
            vec![parts.concat(), vec![PatternToken::Star(true)]]
        }
        Some(ValueType::Numeric) => vec![digits(), vec![PatternToken::Star(true)]],
        Some(ValueType::String | ValueType::ArrayOfString | ValueType::Date) | None => {
            vec![vec![PatternToken::Star(true)]]
        }
    }
}

fn digits() -> Pattern {
    vec![PatternToken::OneOf(CharClass::Digit), PatternToken::ManyOf(CharClass::Digit)]
}

/// Returns the pattern of the texts that a value of a test matches, or nothing where it matches
/// none; `None` where that isn't known: AWS doesn't document what ARNs of fewer than six parts
/// match, and some letters have other forms beside others.
fn pattern_of(comparison: OperatorName, value: &str, variables: bool) -> Option<Vec<Pattern>> {
    let pattern = match comparison.positive().0 {
        OperatorName::StringEquals => pattern::text_pattern(value, variables, false),
        OperatorName::StringLike => pattern::text_pattern(value, variables, true),
        OperatorName::StringEqualsIgnoreCase => {
            let text = pattern::text_pattern(value, variables, false);
            let letter = |token| if let PatternToken::Char(c) = token { Some(c) } else { None };
            any_case(&text.into_iter().map(letter).collect::<Option<String>>()?)?
        }
        OperatorName::ArnLike if value.splitn(6, ':').count() == 6 => {
            pattern::resource(value, variables).tokens
        }
        OperatorName::Bool => {
            let name = ["true", "false"].into_iter().find(|name| name.eq_ignore_ascii_case(value));
            let Some(name) = name else { return Some(Vec::new()) };
            any_case(name)?
        }
        OperatorName::BinaryEquals => pattern::literal(value),
        _ => return None,
    };
    Some(vec![pattern])
}

/// Returns the numbers of tests, and one between, before and after each two. A value of another
/// type may be no number at all.
fn numbers(tests: &[ClassTest], value_type: Option<ValueType>) -> Vec<String> {
    let values = tests.iter().flat_map(|test| &test.values);
    let mut spelt: Vec<(Number<'_>, &String)> =
        values.filter_map(|value| Some((Number::parse(value)?, value))).collect();
    spelt.sort();
    spelt.dedup_by(|one, other| one.0 == other.0);
    let mut found: Vec<String> = spelt.iter().map(|(_, value)| (*value).clone()).collect();
    let between = spelt.windows(2).map(|pair| pair[0].0.between(pair[1].0));
    found.extend(between.collect::<Vec<_>>());
    match (spelt.first(), spelt.last()) {
        (Some((first, _)), Some((last, _))) => found.extend([first.below(), last.above()]),
        _ => found.push("1".to_owned()),
    }
    if value_type != Some(ValueType::Numeric) {
        found.extend(unreadable());
    }
    found
}

/// Returns the values of tests of texts that are the only text which they match; `None` where some
/// match others.
fn literals(tests: &[ClassTest]) -> Option<Vec<String>> {
    let of_texts = tests.iter().filter(|test| family(test.comparison) == Some(Family::Text));
    let is_literal = |test: &&ClassTest| {
        let special = |value: &String| test.variables && value.contains("${");
        test.comparison == OperatorName::StringEquals && !test.values.iter().any(special)
    };
    of_texts
        .map(|test| Some(test).filter(is_literal).map(|test| test.values.clone()))
        .collect::<Option<Vec<_>>>()
        .map(|values| values.concat())
}

/// Tells if each text that tests name is at most one address: those of version 6 have several
/// spellings.
fn spell_addresses(tests: &[ClassTest]) -> bool {
    let is_plain = |text: &String| match text.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_ipv4(),
        Err(_) => true,
    };
    literals(tests).is_some_and(|literals| literals.iter().all(is_plain))
}

/// Returns the values of tests of texts, and for each value that the other tests tell apart one in
/// a spelling that those don't name; `None` where they match more than what they spell.
fn respelt(
    tests: &[ClassTest],
    other: Family,
    value_type: Option<ValueType>,
) -> Option<Vec<String>> {
    let literals = literals(tests)?;
    let others: Vec<ClassTest> =
        tests.iter().filter(|test| family(test.comparison) == Some(other)).cloned().collect();
    let values = match other {
        Family::Number => numbers(&others, value_type),
        Family::Date => dates(&others, value_type),
        Family::Text | Family::Address => return None,
    };
    let mut found = literals.clone();
    for value in values {
        let spellings = std::iter::once(value.clone())
            .chain((1..9).map(|zeros| spelt_otherwise(&value, other, &"0".repeat(zeros))));
        let free = spellings.into_iter().find(|text| !literals.contains(text));
        found.push(free?);
    }
    Some(found)
}

/// Returns another spelling of a number or of a moment: `1.0` is `1`. A text that is neither gets
/// longer, and is neither.
fn spelt_otherwise(value: &str, family: Family, zeros: &str) -> String {
    let point = |text: &str| if text.contains('.') { "" } else { "." };
    if family == Family::Number && Number::parse(value).is_some() {
        return format!("{value}{}{zeros}", point(value));
    }
    let moment = parse_date(value).filter(|_| family == Family::Date);
    let moment = moment.map(|moment| moment.to_string());
    match moment.as_deref().and_then(|moment| moment.strip_suffix('Z')) {
        Some(moment) => format!("{moment}{}{zeros}Z", point(moment)),
        None => format!("{value}-{zeros}"),
    }
}

/// Returns the seconds that tests of numbers and of dates tell apart; `None` where other tests do,
/// or where a value is beyond all seconds.
fn seconds(tests: &[ClassTest]) -> Option<Vec<String>> {
    let mut found = BTreeSet::from([1_704_067_200_i64]);
    for test in tests {
        for value in &test.values {
            let second = match family(test.comparison)? {
                Family::Date => parse_date(value).map(Timestamp::as_second),
                Family::Number => match Number::parse(value) {
                    Some(number) => Some(number.whole_number()?),
                    None => None,
                },
                Family::Text | Family::Address => return None,
            };
            // The value may be between two seconds. A text that can't be read matches none.
            found.extend(second.iter().flat_map(|it| (-1..=1).filter_map(|by| it.checked_add(by))));
        }
    }
    Some(found.into_iter().map(|second| second.to_string()).collect())
}

/// Returns values that aren't of the type which a test asks for.
fn unreadable() -> [String; 2] {
    [OTHER.to_owned(), String::new()]
}

fn dates(tests: &[ClassTest], value_type: Option<ValueType>) -> Vec<String> {
    let values = tests.iter().flat_map(|test| &test.values);
    let mut spelt: Vec<(Timestamp, &String)> =
        values.filter_map(|value| Some((parse_date(value)?, value))).collect();
    spelt.sort();
    spelt.dedup_by(|one, other| one.0 == other.0);
    let mut found: Vec<String> = spelt.iter().map(|(_, value)| (*value).clone()).collect();
    for pair in spelt.windows(2) {
        found.extend(moment_between(pair[0].0, pair[1].0).map(|moment| moment.to_string()));
    }
    let second = SignedDuration::from_secs(1);
    match (spelt.first(), spelt.last()) {
        (Some((first, _)), Some((last, _))) => {
            let beyond = [first.checked_sub(second), last.checked_add(second)];
            found.extend(beyond.into_iter().flatten().map(|moment| moment.to_string()));
        }
        _ => found.push(any_value(Some(ValueType::Date)).to_owned()),
    }
    if value_type != Some(ValueType::Date) {
        found.extend(unreadable());
    }
    found
}

/// Returns a moment between two: one second before the later one, or else half of the way.
fn moment_between(earlier: Timestamp, later: Timestamp) -> Option<Timestamp> {
    let second = later.checked_sub(SignedDuration::from_secs(1)).ok();
    let half = earlier.checked_add(earlier.duration_until(later) / 2).ok();
    [second, half].into_iter().flatten().find(|moment| earlier < *moment && *moment < later)
}

/// Returns addresses that networks tell apart: the first and the last one of each network, and the
/// ones beside these.
fn addresses(tests: &[ClassTest]) -> Vec<String> {
    let values = tests.iter().flat_map(|test| &test.values);
    let networks: Vec<ipnet::IpNet> = values.filter_map(|value| network(value)).collect();
    let mut found: Vec<std::net::IpAddr> =
        networks.iter().flat_map(|it| [it.network(), it.broadcast()]).collect();
    let examples = ["203.0.113.7", "198.51.100.7", "2001:db8:ffff::7", "::1"];
    found.extend(examples.iter().filter_map(|text| text.parse::<std::net::IpAddr>().ok()));
    let beside = networks.iter().flat_map(|it| match it {
        ipnet::IpNet::V4(it) => {
            let ends =
                [it.network().to_bits().checked_sub(1), it.broadcast().to_bits().checked_add(1)];
            ends.map(|end| end.map(|bits| std::net::Ipv4Addr::from_bits(bits).into()))
        }
        ipnet::IpNet::V6(it) => {
            let ends =
                [it.network().to_bits().checked_sub(1), it.broadcast().to_bits().checked_add(1)];
            ends.map(|end| end.map(|bits| std::net::Ipv6Addr::from_bits(bits).into()))
        }
    });
    found.extend(beside.flatten().collect::<Vec<std::net::IpAddr>>());
    let mut seen = BTreeSet::new();
    found.retain(|address| seen.insert(*address));
    found.into_iter().map(|address| address.to_string()).collect()
}
