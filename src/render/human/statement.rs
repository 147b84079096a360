//! Pairs the statements of two policy documents, and splits each into its elements.

use similar::{Algorithm, capture_diff_slices, diff_ratio};

use crate::policy::{StatementPointer, is_policy, statements};
use crate::render::text::bare_text;
use crate::value::Value;

/// A statement and its number in its document, from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Numbered<'a> {
    pub number: usize,
    pub statement: &'a Value,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pair<'a> {
    Same,
    Changed(Numbered<'a>, Numbered<'a>),
    Added(Numbered<'a>),
    Removed(Numbered<'a>),
}

/// An element of a statement, with its values: `Action`, `Principal (Service)`, `Condition
/// StringEquals aws:PrincipalTag/x`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    pub label: String,
    pub items: Vec<String>,
}

/// IAM's elements in the order in which people read them; Sid and Effect are in the heading.
const ORDER: [&str; 7] =
    ["Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// The similarity below which two statements count as one removed and one added.
const ALIKE: f32 = 0.5;

/// Returns the statements with their numbers; `None` if the value is not a policy document.
pub fn all(document: &Value) -> Option<Vec<Numbered<'_>>> {
    let whole =
        is_policy(document) && statements(document).all(|(_, statement)| statement.is_object());
    let numbered = |(pointer, statement): (StatementPointer, _)| Numbered {
        number: pointer.number(),
        statement,
    };
    whole.then(|| statements(document).map(numbered).collect())
}

/// Pairs equal statements first, then those of the same Sid, then the most similar. The pairs are
/// in the order of `after`; removed statements come last.
pub fn pair_statements<'a>(before: &[Numbered<'a>], after: &[Numbered<'a>]) -> Vec<Pair<'a>> {
    let mut free: Vec<_> = before.to_vec();
    let mut partner: Vec<Option<Numbered<'a>>> = vec![None; after.len()];
    let rules: [fn(&Value, &Value) -> bool; 2] = [
        |old, new| old == new,
        |old, new| statement_sid(old).is_some() && statement_sid(old) == statement_sid(new),
    ];
    for rule in rules {
        for (new, partner) in
            after.iter().zip(&mut partner).filter(|(_, partner)| partner.is_none())
        {
            let found = free.iter().position(|old| rule(old.statement, new.statement));
            *partner = found.map(|index| free.remove(index));
        }
    }
    while let Some((index, old)) = most_alike(&free, after, &partner) {
        partner[index] = Some(free.remove(old));
    }
    let pairs = after.iter().zip(partner).map(|(new, partner)| match partner {
        Some(old) if old.statement == new.statement => Pair::Same,
        Some(old) => Pair::Changed(old, *new),
        None => Pair::Added(*new),
    });
    pairs.chain(free.iter().copied().map(Pair::Removed)).collect()
}

fn most_alike(
    free: &[Numbered],
    after: &[Numbered],
    partner: &[Option<Numbered>],
) -> Option<(usize, usize)> {
    let mut best: Option<(f32, usize, usize)> = None;
    for (index, new) in after.iter().enumerate().filter(|(index, _)| partner[*index].is_none()) {
        for (position, old) in free.iter().enumerate() {
            let ratio = likeness(old.statement, new.statement);
            if ratio >= ALIKE && best.is_none_or(|(highest, ..)| ratio > highest) {
                best = Some((ratio, index, position));
            }
        }
    }
    best.map(|(_, index, position)| (index, position))
}

/// Returns the similarity of two statements by their elements and values, not by their text, whose
/// brackets and keys are always alike.
fn likeness(one: &Value, other: &Value) -> f32 {
    let (one, other) = (sayings(one), sayings(other));
    let ops = capture_diff_slices(Algorithm::Myers, &one, &other);
    diff_ratio(&ops, one.len(), other.len())
}

fn sayings(statement: &Value) -> Vec<String> {
    let said = elements(statement);
    let rest = said
        .iter()
        .flat_map(|element| element.items.iter().map(|item| format!("{}={item}", element.label)));
    std::iter::once(format!("Effect={}", effect(statement))).chain(rest).collect()
}

pub fn statement_sid(statement: &Value) -> Option<&str> {
    statement.get("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty())
}

pub fn effect(statement: &Value) -> String {
    statement.get("Effect").map_or_else(|| "without Effect".to_owned(), item)
}

pub fn elements(statement: &Value) -> Vec<Element> {
    let Some(map) = statement.as_object() else { return Vec::new() };
    let known = ORDER.iter().filter_map(|name| map.get_key_value(*name));
    let rest = map.iter().filter(|(name, _)| {
        !ORDER.contains(&name.as_str()) && !matches!(name.as_str(), "Sid" | "Effect")
    });
    known.chain(rest).flat_map(|(name, value)| element(name, value)).collect()
}

fn element(name: &str, value: &Value) -> Vec<Element> {
    let name = bare_text(name);
    let Value::Object(parts) = value else { return vec![labelled(name, value)] };
    if name == "Condition" {
        parts.iter().flat_map(|(operator, keys)| condition(operator, keys)).collect()
    } else {
        parts
            .iter()
            .map(|(kind, value)| labelled(format!("{name} ({})", bare_text(kind)), value))
            .collect()
    }
}

fn condition(operator: &str, keys: &Value) -> Vec<Element> {
    let label = format!("Condition {}", bare_text(operator));
    let Value::Object(keys) = keys else { return vec![labelled(label, keys)] };
    keys.iter().map(|(key, value)| labelled(format!("{label} {}", bare_text(key)), value)).collect()
}

/// Makes an element. IAM takes one value for a list of one.
fn labelled(label: String, value: &Value) -> Element {
    let items = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice)
        .iter()
        .map(item)
        .collect();
    Element { label, items }
}

fn item(value: &Value) -> String {
    value.as_str().map_or_else(|| crate::render::text::escape(&value.to_string()), bare_text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kinds(before: &Value, after: &Value) -> Vec<String> {
        let pairs = pair_statements(&all(before).unwrap(), &all(after).unwrap());
        let name = |pair: &Pair| match pair {
            Pair::Same => "same".to_owned(),
            Pair::Changed(old, new) => format!("{}~{}", old.number, new.number),
            Pair::Added(new) => format!("+{}", new.number),
            Pair::Removed(old) => format!("-{}", old.number),
        };
        pairs.iter().map(name).collect()
    }

    #[test]
    fn a_moved_statement_is_the_same_statement() {
        let a = json!({"Sid": "A", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
        let b = json!({"Sid": "B", "Effect": "Deny", "Action": "iam:*", "Resource": "*"});
        assert_eq!(
            kinds(&json!({"Statement": [a, b]}), &json!({"Statement": [b, a]})),
            ["same", "same"]
        );
    }

    #[test]
    fn a_sid_counts_more_than_likeness() {
        let before = json!({"Statement": [
            {"Sid": "A", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"},
            {"Sid": "B", "Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::1:role/x"}]});
        let after = json!({"Statement": [
            {"Sid": "B", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"}]});
        assert_eq!(kinds(&before, &after), ["2~1", "-1"]);
    }

    #[test]
    fn statements_without_sids_go_by_what_they_say() {
        let before = json!({"Statement": [
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::a/*"},
            {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}]});
        let after = json!({"Statement": [
            {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "arn:aws:logs:*:*:*"},
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket", "s3:PutObject"], "Resource": "arn:aws:s3:::a/*"}]});
        assert_eq!(kinds(&before, &after), ["+1", "1~2", "-2"]);
    }

    #[test]
    fn one_statement_may_stand_without_a_list_and_other_values_are_no_document() {
        assert_eq!(all(&json!({"Statement": {"Effect": "Allow"}})).map(|list| list.len()), Some(1));
        assert_eq!(all(&json!({"Statement": "x"})), None);
        assert_eq!(all(&json!(["Statement"])), None);
    }
}
