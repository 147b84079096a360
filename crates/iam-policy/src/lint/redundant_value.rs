//! The rule on values that another value of the same list covers.

use crate::condition::Number;
use crate::diagnostic::Severity;
use crate::escalation::{covers, holds_text};
use crate::statement::{Clause, OperatorName};
use crate::{Budget, Usage};

use super::finding::{Finding, Home};
use super::rule::{Rule, RuleSource};
use super::site::{Site, TestSite};
use super::wording::list_few;

pub(super) const REDUNDANT_VALUE: Rule = Rule::new(
    "redundant-value",
    Severity::Note,
    "An action, a resource or another value that a wider one in the same list covers",
    "It says nothing, and whoever takes it out to take the permission away takes nothing away.",
    "Leave it out, or leave the wider one out if the narrower one is meant.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": ["s3:Get*", "s3:GetObject"],
 "Resource": "arn:aws:s3:::relay-data/*"}"#,
    r#"{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::relay-data/*"}"#,
)
.with_source(RuleSource::AccessAnalyzer("suggestion-redundant-action"));

/// The longest list that is looked through: each value is held against each other.
const LONGEST: usize = 200;

/// A value, and the one that covers it.
pub(super) struct Covered {
    pub index: usize,
    pub by: usize,
}

/// A value that covers others, and the place of the first of them.
struct Wide {
    wider: String,
    covered: Vec<String>,
    first: String,
}

/// Finds covered values: one finding for a statement.
pub(super) fn find_covered(
    site: &Site<'_>,
    tests: &[TestSite<'_>],
    home: &Home<'_>,
) -> Option<Finding> {
    let budget = Budget::default();
    let mut wide: Vec<Wide> = Vec::new();
    let mut add = |found: Vec<Covered>, values: &[String], place: &dyn Fn(usize) -> String| {
        for Covered { index, by } in found {
            insert(&mut wide, values[by].clone(), values[index].clone(), place(index));
        }
    };
    let actions = &site.statement.actions.patterns;
    let lower: Vec<String> = actions.iter().map(|action| action.to_lowercase()).collect();
    // A `*` alone has rules of its own.
    let covers_action = |wide: &String, one: &String| wide != "*" && holds_text(wide, one, &budget);
    add(covered(&lower, covers_action), actions, &|index| site.value("Action", index));
    if let Some(Clause { patterns, .. }) = &site.statement.resources {
        let found = covered(patterns, |wide, one| {
            wide != "*" && covers(wide, one) && !is_bucket_with_objects(wide, one)
        });
        add(found, patterns, &|index| site.value("Resource", index));
    }
    for test in tests {
        let found = covered_values(test, &budget);
        add(found, &test.test.values, &|index| test.value(index));
    }
    if home.usage == Usage::Trust {
        for (role, session) in sessions(site) {
            let place = site.principal(&session);
            insert(&mut wide, role, session, place);
        }
    }
    let pointer = wide.first()?.first.clone();
    let words: Vec<String> = wide.iter().map(Wide::words).collect();
    let several = wide.len() > 1 || wide.iter().any(|it| it.covered.len() > 1);
    let remedy = if several { "leave them out" } else { "leave it out" };
    Some(Finding::new(&REDUNDANT_VALUE, Severity::Note, pointer, words.join("; "), remedy))
}

fn insert(wide: &mut Vec<Wide>, wider: String, covered: String, place: String) {
    match wide.iter_mut().find(|it| it.wider == wider) {
        Some(known) => known.covered.push(covered),
        None => wide.push(Wide { wider, covered: vec![covered], first: place }),
    }
}

impl Wide {
    fn words(&self) -> String {
        if self.covered.iter().all(|it| *it == self.wider) {
            format!("`{}` stands more than once", self.wider)
        } else {
            format!("`{}` covers {}", self.wider, list_few(&self.covered))
        }
    }
}

/// Tells if these are buckets and their objects: `arn:aws:s3:::relay-*` covers
/// `arn:aws:s3:::relay-*/*`, and AWS's guides name both.
fn is_bucket_with_objects(wide: &str, one: &str) -> bool {
    wide.contains(":s3:::") && one.strip_suffix("/*") == Some(wide)
}

/// Returns the values of a list that isn't too long that another one covers.
fn covered<T>(values: &[T], covers: impl Fn(&T, &T) -> bool) -> Vec<Covered> {
    if values.len() > LONGEST { Vec::new() } else { all_covered(values, covers).collect() }
}

/// Returns the values that another one covers; of two equal ones, the later.
pub(super) fn all_covered<T>(
    values: &[T],
    covers: impl Fn(&T, &T) -> bool,
) -> impl Iterator<Item = Covered> {
    let covering = move |(index, value): (usize, &T)| {
        let wider = |(by, other): &(usize, &T)| {
            *by != index && covers(other, value) && (*by < index || !covers(value, other))
        };
        let (by, _) = values.iter().enumerate().find(wider)?;
        Some(Covered { index, by })
    };
    values.iter().enumerate().filter_map(covering)
}

fn covered_values(test: &TestSite<'_>, budget: &Budget) -> Vec<Covered> {
    use OperatorName as C;
    let values = &test.test.values;
    let comparison = test.test.operator.comparison;
    let by_number = |covers: fn(Number<'_>, Number<'_>) -> bool| {
        let numbers: Option<Vec<_>> = values.iter().map(|value| Number::parse(value)).collect();
        numbers
            .map_or_else(Vec::new, |numbers| covered(&numbers, |one, other| covers(*one, *other)))
    };
    match comparison.positive().0 {
        C::StringLike => covered(values, |wide, one| {
            // A `*` alone has a rule of its own.
            wide != "*" && !wide.contains("${") && holds_text(wide, one, budget)
        }),
        C::ArnLike => covered(values, |wide, one| covers(wide, one)),
        C::StringEquals => covered(values, |one, other| one == other),
        C::NumericLessThan | C::NumericLessThanEquals => by_number(|wide, one| wide >= one),
        C::NumericGreaterThan | C::NumericGreaterThanEquals => by_number(|wide, one| wide <= one),
        _ => Vec::new(),
    }
}

/// Returns the roles among the principals, each with a session of it that is named besides: the
/// role covers its sessions.
fn sessions(site: &Site<'_>) -> Vec<(String, String)> {
    let principals = site.statement.principals.iter().filter(|principals| !principals.not);
    let names: Vec<&str> =
        principals.flat_map(|it| &it.names).map(|(_, name)| name.as_str()).collect();
    let role_of = |session: &str| {
        let (account, rest) = session.split_once(":assumed-role/")?;
        let (role, _) = rest.split_once('/')?;
        Some(format!("{}:role/{role}", account.replacen(":sts:", ":iam:", 1)))
    };
    let covered = names.iter().filter_map(|name| {
        let role = role_of(name).filter(|role| names.contains(&role.as_str()))?;
        Some((role, (*name).to_owned()))
    });
    covered.collect()
}
