//! The changes for findings that have one right remedy: wildcards under an operator that takes them
//! literally, values that another value of their list covers, and the order of lists.

use std::collections::BTreeSet;

use serde_json::Map;

use crate::escalation::holds_text;
use crate::layout::{member, statements, texts};
use crate::statement::{Operator, OperatorName};
use crate::{Budget, Value};

use super::arn::has_wildcard;
use super::condition_operator::{LITERAL_WILDCARD, comparison_with_wildcards};
use super::redundant_value::{REDUNDANT_VALUE, all_covered};

/// A change of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The JSON pointer to the value under the key that changes, or to the list.
    pub pointer: String,
    /// The change.
    pub change: FixChange,
    /// The rule whose finding the change is for; `None` for the order of a list.
    pub rule: Option<&'static str>,
    /// The effect of the change, for people.
    pub message: String,
}

/// A kind of change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FixChange {
    /// The key has another name.
    Rename(String),
    /// The list keeps the values with these indices, in this order.
    Arrange(Vec<usize>),
}

/// Returns the changes for all findings of a document that have one right remedy, in the document's
/// order. Their pointers are those of the document before any of them.
///
/// ```
/// use iam_policy::lint::{apply_fixes, fixes};
/// use serde_json::json;
///
/// let with = |actions: &[&str]| {
///     json!({"Version": "2012-10-17", "Statement": {
///         "Effect": "Allow", "Action": actions, "Resource": "*"}})
/// };
/// let document = with(&["s3:PutObject", "s3:Get*", "s3:GetObject"]);
/// let fixes = fixes(&document);
/// assert_eq!(apply_fixes(&document, &fixes), Some(with(&["s3:Get*", "s3:PutObject"])));
/// ```
pub fn fixes(document: &Value) -> Vec<Fix> {
    let mut found = Vec::new();
    for (pointer, statement) in statements(document) {
        let Some(elements) = statement.as_object() else { continue };
        let pointer = pointer.to_string();
        for name in ["Action", "NotAction"] {
            found.extend(actions(elements.get(name), &member(&pointer, name)));
        }
        for name in ["Resource", "NotResource"] {
            found.extend(sorted(elements.get(name), &member(&pointer, name)));
        }
        for name in ["Principal", "NotPrincipal"] {
            let kinds = elements.get(name).and_then(Value::as_object).into_iter().flatten();
            let place = member(&pointer, name);
            found.extend(
                kinds.filter_map(|(kind, names)| sorted(Some(names), &member(&place, kind))),
            );
        }
        let condition = elements.get("Condition").and_then(Value::as_object);
        if let Some(operators) = condition {
            let place = member(&pointer, "Condition");
            found.extend(literal_wildcards(operators, &place));
            for (operator, keys) in operators {
                let place = member(&place, operator);
                let keys = keys.as_object().into_iter().flatten();
                found.extend(
                    keys.filter_map(|(key, values)| sorted(Some(values), &member(&place, key))),
                );
            }
        }
    }
    found
}

/// Returns the document with the changes; `None` if one of them leads nowhere.
pub fn apply_fixes(document: &Value, fixes: &[Fix]) -> Option<Value> {
    let mut changed = document.clone();
    // The pointers are those before any change, so new names come last.
    let (renames, arranges): (Vec<&Fix>, Vec<&Fix>) =
        fixes.iter().partition(|fix| matches!(fix.change, FixChange::Rename(_)));
    for fix in arranges.into_iter().chain(renames) {
        match &fix.change {
            FixChange::Arrange(order) => {
                let list = changed.pointer_mut(&fix.pointer)?.as_array_mut()?;
                *list =
                    order.iter().map(|index| list.get(*index).cloned()).collect::<Option<_>>()?;
            }
            FixChange::Rename(name) => {
                let (parent, key) = fix.pointer.rsplit_once('/')?;
                let members = changed.pointer_mut(parent)?.as_object_mut()?;
                let value = members.remove(key)?;
                members.insert(name.clone(), value);
            }
        }
    }
    Some(changed)
}

/// Leaves out the actions that another one of the list covers, and sorts the others.
fn actions(value: Option<&Value>, pointer: &str) -> Option<Fix> {
    let list = list_of_texts(value)?;
    let lower: Vec<String> = list.iter().map(|action| action.to_lowercase()).collect();
    let budget = Budget::default();
    let covered = all_covered(&lower, |wide, one| holds_text(wide, one, &budget));
    let covered: BTreeSet<usize> = covered.map(|it| it.index).collect();
    let kept: Vec<usize> = (0..list.len()).filter(|index| !covered.contains(index)).collect();
    let gone: Vec<&str> = covered.iter().map(|index| list[*index]).collect();
    let told = if gone.is_empty() {
        (None, "sorts the actions".to_owned())
    } else {
        let message = format!("leaves out {}: other actions of the list cover it", gone.join(", "));
        (Some(REDUNDANT_VALUE.name), message)
    };
    arranged(&list, kept, pointer, str::to_lowercase, told)
}

/// Leaves out the values that stand twice, and sorts the others.
fn sorted(value: Option<&Value>, pointer: &str) -> Option<Fix> {
    let list = list_of_texts(value)?;
    let first = |index: &usize| !list[..*index].contains(&list[*index]);
    let kept: Vec<usize> = (0..list.len()).filter(first).collect();
    let told = if kept.len() == list.len() {
        (None, "sorts the values".to_owned())
    } else {
        (Some(REDUNDANT_VALUE.name), "leaves out values that stand twice".to_owned())
    };
    arranged(&list, kept, pointer, str::to_owned, told)
}

fn list_of_texts(value: Option<&Value>) -> Option<Vec<&str>> {
    let list = value?.as_array()?;
    let found = texts(value);
    (found.len() == list.len()).then_some(found)
}

fn arranged(
    list: &[&str],
    mut kept: Vec<usize>,
    pointer: &str,
    key: fn(&str) -> String,
    (rule, message): (Option<&'static str>, String),
) -> Option<Fix> {
    kept.sort_by_cached_key(|index| (key(list[*index]), list[*index].to_owned()));
    let change = FixChange::Arrange(kept.clone());
    let changes = kept.len() != list.len() || !kept.is_sorted();
    changes.then(|| Fix { pointer: pointer.to_owned(), change, rule, message })
}

/// Renames the operators that take wildcards literally, where all values under them mean the same
/// with the other operator.
fn literal_wildcards<'a>(
    operators: &'a Map<String, Value>,
    pointer: &'a str,
) -> impl Iterator<Item = Fix> + 'a {
    operators.iter().filter_map(move |(name, keys)| {
        let new = with_wildcards(name)?;
        let mut values = keys.as_object()?.values().flat_map(|values| texts(Some(values)));
        let is_new = |other: &String| other.eq_ignore_ascii_case(&new);
        let renamed = operators.keys().filter_map(|other| with_wildcards(other));
        let taken = operators.keys().any(is_new) || renamed.filter(is_new).count() > 1;
        let message = format!("writes {new}: {name} takes * and ? literally");
        (!taken && values.any(has_wildcard)).then(|| Fix {
            pointer: member(pointer, name),
            change: FixChange::Rename(new),
            rule: Some(LITERAL_WILDCARD.name),
            message,
        })
    })
}

/// Returns the operator that takes wildcards, for one that doesn't. Operators that ignore case have
/// none.
fn with_wildcards(name: &str) -> Option<String> {
    let operator = Operator::parse(name)?;
    let comparison = match operator.comparison {
        OperatorName::StringEquals | OperatorName::StringNotEquals => {
            comparison_with_wildcards(operator.comparison)?
        }
        _ => return None,
    };
    Some(Operator { comparison, ..operator }.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fixed(statement: &Value) -> Value {
        let document = json!({"Version": "2012-10-17", "Statement": [statement]});
        let changed = apply_fixes(&document, &fixes(&document)).unwrap();
        assert_eq!(fixes(&changed), [], "a second run changes nothing");
        changed["Statement"][0].clone()
    }

    #[test]
    fn covered_actions_go_and_the_others_are_sorted() {
        let of = |actions: &[&str]| json!({"Action": actions});
        for (before, after) in [
            (&["s3:PutObject", "S3:get*", "s3:GetObject"][..], &["S3:get*", "s3:PutObject"][..]),
            (&["s3:Get?bject", "s3:Get*bject"], &["s3:Get*bject"]),
            (&["s3:?", "s3:*x"], &["s3:*x", "s3:?"]),
            (&["a:B", "A:b"], &["a:B"]),
            (&["s3:Get*"], &["s3:Get*"]),
        ] {
            assert_eq!(fixed(&of(before)), of(after));
        }
    }

    #[test]
    fn operators_that_take_wildcards_literally_are_renamed() {
        for (before, after) in [
            ("StringEquals", "StringLike"),
            ("ForAnyValue:StringNotEqualsIfExists", "ForAnyValue:StringNotLikeIfExists"),
            ("ArnEquals", "ArnEquals"),
            ("StringEqualsIgnoreCase", "StringEqualsIgnoreCase"),
        ] {
            let of = |name: &str| json!({"Condition": {name: {"k:a": ["b", "x*"], "k:b": "c"}}});
            assert_eq!(fixed(&of(before)), of(after));
        }
        for unclear in [
            json!({"Condition": {"StringEquals": {"k:a": "x${*}"}}}),
            json!({"Condition": {"StringEquals": {"k:a": "x*"}, "StringLike": {"k:a": "y*"}}}),
            json!({"Condition": {"StringEquals": {"k:a": "x*"}, "stringequals": {"k:b": "y*"}}}),
        ] {
            assert_eq!(fixed(&unclear), unclear);
        }
    }

    #[test]
    fn sets_are_sorted_and_hold_nothing_twice() {
        let statement = json!({"Resource": ["b", "a", "b"], "Principal": {"AWS": ["2", "1"]},
            "Condition": {"StringLike": {"k:a/b": ["b", "a"]}, "Bool": {"k:b": [true, false]}}});
        let expected = json!({"Resource": ["a", "b"], "Principal": {"AWS": ["1", "2"]},
            "Condition": {"StringLike": {"k:a/b": ["a", "b"]}, "Bool": {"k:b": [true, false]}}});
        assert_eq!(fixed(&statement), expected);
    }
}
