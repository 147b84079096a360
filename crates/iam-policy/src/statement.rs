//! A compiled document: statements with typed elements in place of JSON.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::Value;

use super::layout;

/// A compiled policy document.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The name of the policy in messages.
    pub name: String,
    /// The statements, in the document's order.
    pub statements: Vec<Statement>,
}

/// One statement, with all elements parsed.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The number in the document, from 1: `/Statement/<number - 1>`, or `/Statement` for a
    /// statement outside of a list.
    pub number: usize,
    /// The Sid, unless it is empty.
    pub sid: Option<String>,
    /// The effect: Allow or Deny.
    pub effect: Effect,
    /// The principals. `None` if the policy is attached to a principal: the statement applies to
    /// that principal.
    pub principals: Option<Principals>,
    /// The actions: `Action` or `NotAction`. `*` stands for every spelling of all actions, such as
    /// `*:*`.
    pub actions: Clause,
    /// The resources. `None` if the policy is about the resource that it is attached to (a trust
    /// policy's role).
    pub resources: Option<Clause>,
    /// The conditions, all of which must hold.
    pub conditions: Vec<ConditionTest>,
    /// True if `${…}` is filled in. In documents of version 2008-10-17 it is text like any other.
    pub variables: bool,
}

/// The effect of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Allows the requests that match, unless a Deny matches, too.
    Allow,
    /// Denies the requests that match, even if an Allow matches.
    Deny,
}

/// The patterns of `Action` or `Resource`; with `not`, those of `NotAction` or `NotResource`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clause {
    /// True if everything but the patterns matches.
    pub not: bool,
    /// The patterns as the author spelt them.
    pub patterns: Vec<String>,
}

/// The names of `Principal`; with `not`, those of `NotPrincipal`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principals {
    /// True if everyone but the names matches.
    pub not: bool,
    /// The names, each with its type.
    pub names: Vec<(PrincipalType, String)>,
}

/// The type of a principal, by its name in documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PrincipalType {
    /// `*`: everyone, with or without credentials.
    #[serde(rename = "*")]
    Everyone,
    /// A user, a role, a session or an account.
    AWS,
    /// An AWS service.
    Service,
    /// An identity provider.
    Federated,
    /// An account by its canonical id (S3).
    CanonicalUser,
}

/// One condition: an operator, a key, and values of which one must match.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConditionTest {
    /// The operator that compares the values.
    pub operator: Operator,
    /// The key as the author spelt it. AWS ignores case here, except for the name of the tag in
    /// `aws:ResourceTag/…`, where it depends on the service; this crate ignores it there, too.
    pub key: String,
    /// The values as the author wrote them; numbers and booleans as text.
    pub values: Vec<String>,
}

/// A condition operator with its parts: `ForAnyValue:StringLikeIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operator {
    /// The set operator before the comparison.
    pub quantifier: Option<Quantifier>,
    /// The comparison itself.
    pub comparison: OperatorName,
    /// True if a missing key passes (`IfExists`).
    pub if_exists: bool,
}

/// A set operator, for keys with several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quantifier {
    /// All values of the request must match.
    ForAllValues,
    /// At least one value of the request must match.
    ForAnyValue,
}

/// A comparison, by AWS's name (IAM User Guide, "Condition operators").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are AWS's, and its guide explains them")]
pub enum OperatorName {
    StringEquals,
    StringNotEquals,
    StringEqualsIgnoreCase,
    StringNotEqualsIgnoreCase,
    StringLike,
    StringNotLike,
    NumericEquals,
    NumericNotEquals,
    NumericLessThan,
    NumericLessThanEquals,
    NumericGreaterThan,
    NumericGreaterThanEquals,
    DateEquals,
    DateNotEquals,
    DateLessThan,
    DateLessThanEquals,
    DateGreaterThan,
    DateGreaterThanEquals,
    Bool,
    BinaryEquals,
    IpAddress,
    NotIpAddress,
    ArnEquals,
    ArnLike,
    ArnNotEquals,
    ArnNotLike,
    Null,
}

/// The comparisons by name, in AWS's order.
pub const COMPARISONS: &[(&str, OperatorName)] = &[
    ("StringEquals", OperatorName::StringEquals),
    ("StringNotEquals", OperatorName::StringNotEquals),
    ("StringEqualsIgnoreCase", OperatorName::StringEqualsIgnoreCase),
    ("StringNotEqualsIgnoreCase", OperatorName::StringNotEqualsIgnoreCase),
    ("StringLike", OperatorName::StringLike),
    ("StringNotLike", OperatorName::StringNotLike),
    ("NumericEquals", OperatorName::NumericEquals),
    ("NumericNotEquals", OperatorName::NumericNotEquals),
    ("NumericLessThan", OperatorName::NumericLessThan),
    ("NumericLessThanEquals", OperatorName::NumericLessThanEquals),
    ("NumericGreaterThan", OperatorName::NumericGreaterThan),
    ("NumericGreaterThanEquals", OperatorName::NumericGreaterThanEquals),
    ("DateEquals", OperatorName::DateEquals),
    ("DateNotEquals", OperatorName::DateNotEquals),
    ("DateLessThan", OperatorName::DateLessThan),
    ("DateLessThanEquals", OperatorName::DateLessThanEquals),
    ("DateGreaterThan", OperatorName::DateGreaterThan),
    ("DateGreaterThanEquals", OperatorName::DateGreaterThanEquals),
    ("Bool", OperatorName::Bool),
    ("BinaryEquals", OperatorName::BinaryEquals),
    ("IpAddress", OperatorName::IpAddress),
    ("NotIpAddress", OperatorName::NotIpAddress),
    ("ArnEquals", OperatorName::ArnEquals),
    ("ArnLike", OperatorName::ArnLike),
    ("ArnNotEquals", OperatorName::ArnNotEquals),
    ("ArnNotLike", OperatorName::ArnNotLike),
    ("Null", OperatorName::Null),
];

/// The error of a document that can't be compiled. Validation reports the same problem with its
/// place; this error only keeps a result from being wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{policy}: {detail}")]
pub struct Unreadable {
    /// The name of the policy.
    pub policy: String,
    /// The part that isn't understood.
    pub detail: String,
}

impl Policy {
    /// Compiles a document. Fails if any element isn't understood: a result for a document that is
    /// only half understood would be a guess.
    pub fn compile(name: &str, document: &Value) -> Result<Self, Unreadable> {
        let unreadable = |detail: String| Unreadable { policy: name.to_owned(), detail };
        let found = layout::statement_objects(document)
            .ok_or_else(|| unreadable("it has no statements".to_owned()))?;
        let variables = document.get("Version").and_then(Value::as_str) == Some("2012-10-17");
        let compile = |(number, elements): (usize, &Map<String, Value>)| {
            statement(number, elements, variables)
                .map_err(|detail| unreadable(format!("statement {number}: {detail}")))
        };
        let statements = (1..).zip(found).map(compile).collect::<Result<_, _>>()?;
        Ok(Self { name: name.to_owned(), statements })
    }
}

impl Statement {
    /// Returns the meaning without number and Sid: equal for statements that say the same in the
    /// same words.
    pub(super) fn meaning(&self) -> String {
        let clause = |clause: &Clause| {
            let mut patterns: Vec<&str> = clause.patterns.iter().map(String::as_str).collect();
            patterns.sort_unstable();
            format!("{}{patterns:?}", clause.not)
        };
        let mut conditions: Vec<String> =
            self.conditions.iter().map(|test| format!("{test:?}")).collect();
        conditions.sort();
        let resources = self.resources.as_ref().map(clause);
        format!(
            "{:?} {:?} {} {resources:?} {conditions:?} {}",
            self.effect,
            self.principals,
            clause(&self.actions),
            self.variables
        )
    }

    /// Returns the name of the statement in messages: `statement 2 "Deploy"`.
    pub fn title(&self) -> String {
        match &self.sid {
            Some(sid) => format!("statement {} \"{sid}\"", self.number),
            None => format!("statement {}", self.number),
        }
    }
}

fn statement(
    number: usize,
    elements: &Map<String, Value>,
    variables: bool,
) -> Result<Statement, String> {
    let effect = match elements.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err("Effect is neither Allow nor Deny".to_owned()),
    };
    let sid = elements
        .get("Sid")
        .and_then(Value::as_str)
        .filter(|sid| !sid.is_empty())
        .map(str::to_owned);
    let mut actions = clause(elements, "Action", "NotAction")?.ok_or("it has no Action")?;
    for pattern in actions.patterns.iter_mut().filter(|pattern| is_every_action(pattern)) {
        "*".clone_into(pattern);
    }
    let resources = clause(elements, "Resource", "NotResource")?;
    let principals = match (elements.get("Principal"), elements.get("NotPrincipal")) {
        (Some(_), Some(_)) => return Err("it has Principal and NotPrincipal".to_owned()),
        (Some(names), None) => principals(false, names)?,
        (None, Some(names)) => principals(true, names)?,
        (None, None) => None,
    };
    let conditions = elements.get("Condition").map_or_else(|| Ok(Vec::new()), tests)?;
    Ok(Statement { number, sid, effect, principals, actions, resources, conditions, variables })
}

/// Tells if a pattern matches every action of every service, whose names have one colon: `*`,
/// `*:*`, `**`.
fn is_every_action(pattern: &str) -> bool {
    let is_open = |part: &str, shortest: usize| {
        let single = part.chars().filter(|c| *c == '?').count();
        let wildcards = part.chars().all(|c| matches!(c, '*' | '?'));
        wildcards && part.contains('*') && single <= shortest
    };
    match pattern.split_once(':') {
        Some((service, action)) => is_open(service, 1) && is_open(action, 1),
        None => is_open(pattern, "s:A".len()),
    }
}

fn clause(
    elements: &Map<String, Value>,
    name: &str,
    not_name: &str,
) -> Result<Option<Clause>, String> {
    let (not, value) = match (elements.get(name), elements.get(not_name)) {
        (Some(_), Some(_)) => return Err(format!("it has {name} and {not_name}")),
        (Some(value), None) => (false, value),
        (None, Some(value)) => (true, value),
        (None, None) => return Ok(None),
    };
    let patterns =
        texts(value).ok_or_else(|| format!("{name} holds something other than texts"))?;
    Ok(Some(Clause { not, patterns }))
}

/// Parses principals. An empty element counts as a missing one.
fn principals(not: bool, value: &Value) -> Result<Option<Principals>, String> {
    let wrong = || "Principal is neither \"*\" nor an object of types and names".to_owned();
    let types = match value {
        Value::String(text) if text == "*" => {
            return Ok(Some(Principals {
                not,
                names: vec![(PrincipalType::Everyone, text.clone())],
            }));
        }
        Value::Object(types) => types,
        Value::Array(list) if list.is_empty() => return Ok(None),
        _ => return Err(wrong()),
    };
    let mut found = Vec::new();
    for (kind, value) in types {
        let kind = match kind.as_str() {
            "AWS" => PrincipalType::AWS,
            "Service" => PrincipalType::Service,
            "Federated" => PrincipalType::Federated,
            "CanonicalUser" => PrincipalType::CanonicalUser,
            _ => return Err(format!("`{kind}` is no type of principal")),
        };
        for name in texts(value).ok_or_else(wrong)? {
            // AWS documents `"*"` and `{"AWS": "*"}` as the same principal.
            let everyone = kind == PrincipalType::AWS && name == "*";
            found.push((if everyone { PrincipalType::Everyone } else { kind }, name));
        }
    }
    Ok((!found.is_empty()).then_some(Principals { not, names: found }))
}

fn tests(condition: &Value) -> Result<Vec<ConditionTest>, String> {
    let mut tests = Vec::new();
    for (operator, keys) in condition.as_object().ok_or("Condition is no object")? {
        let keys = keys.as_object().ok_or_else(|| format!("{operator} holds no object"))?;
        // AWS takes any name for an operator that tests nothing.
        if keys.is_empty() {
            continue;
        }
        let parsed = Operator::parse(operator)
            .ok_or_else(|| format!("`{operator}` is no condition operator"))?;
        for (key, values) in keys {
            let scalars: Option<Vec<String>> = layout::one_or_many(values, "")
                .into_iter()
                .map(|(_, value)| scalar(value))
                .collect();
            let values = scalars
                .ok_or_else(|| format!("{operator} {key} holds something other than values"))?;
            tests.push(ConditionTest { operator: parsed, key: key.clone(), values });
        }
    }
    Ok(tests)
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quantifier = match self.quantifier {
            Some(Quantifier::ForAllValues) => "ForAllValues:",
            Some(Quantifier::ForAnyValue) => "ForAnyValue:",
            None => "",
        };
        let name =
            COMPARISONS.iter().find(|(_, it)| *it == self.comparison).map_or("", |(name, _)| name);
        write!(f, "{quantifier}{name}{}", if self.if_exists { "IfExists" } else { "" })
    }
}

impl Operator {
    /// Parses an operator; `None` for an unknown name. AWS doesn't document if case matters, so
    /// case is ignored.
    pub fn parse(text: &str) -> Option<Self> {
        let (quantifier, bare) = match text.split_once(':') {
            Some((set, bare)) if set.eq_ignore_ascii_case("ForAllValues") => {
                (Some(Quantifier::ForAllValues), bare)
            }
            Some((set, bare)) if set.eq_ignore_ascii_case("ForAnyValue") => {
                (Some(Quantifier::ForAnyValue), bare)
            }
            Some(_) => return None,
            None => (None, text),
        };
        let lower = bare.to_ascii_lowercase();
        let (plain, if_exists) = match lower.strip_suffix("ifexists") {
            Some(plain) => (plain, true),
            None => (lower.as_str(), false),
        };
        let (_, comparison) =
            *COMPARISONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(plain))?;
        // `Null` asks if the key exists, so there is no `NullIfExists`.
        (comparison != OperatorName::Null || !if_exists).then_some(Self {
            quantifier,
            comparison,
            if_exists,
        })
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    layout::one_or_many(value, "")
        .into_iter()
        .map(|(_, item)| item.as_str().map(str::to_owned))
        .collect()
}

/// Returns a value as text: AWS reads `true` and `"true"`, `1` and `"1"` alike.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_actions_have_several_spellings() {
        for every in ["*", "**", "*:*", "*:**", "?*:*?", "*?", "???*"] {
            assert!(is_every_action(every), "{every}");
        }
        for some in ["", "?", "iam:*", "*:Get*", "*:?", "??*:*", "????*", "*:*:*", ":", "i*"] {
            assert!(!is_every_action(some), "{some}");
        }
    }

    fn compile(statement: &Value) -> Result<Policy, Unreadable> {
        Policy::compile("p", &json!({"Version": "2012-10-17", "Statement": statement}))
    }

    #[test]
    fn every_spelling_compiles_to_the_same() {
        let one = compile(
            &json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": {"AWS": "*"},
            "Condition": {"Bool": {"aws:SecureTransport": true}}}),
        );
        let other = compile(
            &json!([{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"], "Principal": "*",
            "Condition": {"bool": {"aws:SecureTransport": ["true"]}}}]),
        );
        assert!(one.is_ok());
        assert_eq!(one, other);
    }

    #[test]
    fn an_operator_that_tests_nothing_may_have_any_name() {
        let statement =
            |condition: Value| json!({"Effect": "Allow", "Action": "*", "Condition": condition});
        assert_eq!(
            compile(&statement(json!({"Odd": {}, "Bool": {}}))),
            compile(&statement(json!({})))
        );
    }

    #[test]
    fn operators_have_their_parts() {
        let parsed = Operator::parse("ForAnyValue:StringNotLikeIfExists").unwrap();
        let expected = Operator {
            quantifier: Some(Quantifier::ForAnyValue),
            comparison: OperatorName::StringNotLike,
            if_exists: true,
        };
        assert_eq!(parsed, expected);
        for wrong in ["NullIfExists", "StringEqual", "ForNoValue:Bool", ""] {
            assert_eq!(Operator::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_not_understood_is_not_guessed() {
        let wrong = [
            json!({"Effect": "Maybe", "Action": "*", "Resource": "*"}),
            json!({"Effect": "Allow", "Resource": "*"}),
            json!({"Effect": "Allow", "Action": "*", "NotAction": "*"}),
            json!({"Effect": "Allow", "Action": [1]}),
            json!({"Effect": "Allow", "Action": "*", "Principal": "me"}),
            json!({"Effect": "Allow", "Action": "*", "Condition": {"Odd": {"a:b": "c"}}}),
        ];
        for statement in wrong {
            assert!(compile(&statement).is_err(), "{statement}");
        }
        assert!(Policy::compile("p", &json!({})).is_err());
    }
}
