//! Compares access in the presence of attached policies that were not read.
//!
//! A stand-in, which is the same before and after, takes the place of such a policy in comparisons:
//! it allows and denies anything. Effects of the stand-in itself are not known. Gains by other
//! policies are known, except that the unread policy may already allow them, or deny them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, json};

use super::access_change::{AccessEffect, EffectDoubt, NotRead};
use super::doubts::brief;
use crate::address::Address;
use crate::call::Failure;
use crate::policy::compare::{Doubt, Grant, GrantPart, Side};
use crate::policy::statement::Policy;
use crate::value::Value;

/// The prefix of a condition key that no request has.
const UNREAD: &str = "relayctl:unread/";

pub(super) fn stand_in(name: &str) -> Policy {
    // The document is well-formed as written here, so the fallback is never used.
    let nothing = || Policy { name: name.to_owned(), statements: Vec::new() };
    Policy::compile(name, &asking(name, &["Allow", "Deny"])).unwrap_or_else(|_| nothing())
}

/// Returns a document with these effects, each under a condition that may or may not hold.
pub(super) fn asking(name: &str, effects: &[&str]) -> Value {
    let statement = |effect: &&str| {
        let test = json!({"StringEquals": {format!("{UNREAD}{name}"): effect}});
        json!({"Effect": effect, "Action": "*", "Resource": "*", "Condition": test})
    };
    json!({"Version": "2012-10-17", "Statement": effects.iter().map(statement).collect::<Vec<_>>()})
}

/// The names of policies that were not read.
#[derive(Default)]
pub(super) struct UnreadPolicies {
    /// The names by their lower case, because the keys of a context have lost their case.
    names: BTreeMap<String, String>,
    /// The reasons, if known.
    because: BTreeMap<String, String>,
}

impl UnreadPolicies {
    /// Makes the list; `failures` are the reasons for policies that could not be read.
    pub fn new<'n>(
        names: impl Iterator<Item = &'n String>,
        failures: &BTreeMap<String, Failure>,
    ) -> Self {
        let names: BTreeMap<String, String> =
            names.map(|name| (name.to_lowercase(), name.clone())).collect();
        let failure = |name: &String| Some((name.clone(), brief(failures.get(name)?)));
        Self { because: names.values().filter_map(failure).collect(), names }
    }

    /// Makes a list of a single policy, with the reason.
    pub fn one(name: &str, failure: Option<&Failure>) -> Self {
        let because = failure.map(|failure| (name.to_owned(), brief(failure)));
        Self {
            names: [(name.to_lowercase(), name.to_owned())].into(),
            because: because.into_iter().collect(),
        }
    }

    /// Returns the effect of a grant: something that somebody gains or loses, or a doubt.
    pub fn effect(
        &self,
        grant: Grant,
        side: Side,
        through: Address,
    ) -> Result<AccessEffect, EffectDoubt> {
        let policy = grant.policy.clone();
        if self.names.contains_key(&policy.to_lowercase()) {
            let because = self
                .because
                .get(&policy)
                .map_or_else(String::new, |because| format!(" ({because})"));
            let reason = format!("the document of {policy} was not read{because}");
            return Err(EffectDoubt {
                through: Some(through),
                doubt: Doubt { side, policy, reason },
            });
        }
        let needed = self.named(grant.condition.iter().flat_map(keys));
        // A stand-in decides on everything: each unread policy may have allowed the grant already,
        // or deny it.
        let beside = self.all().filter(|policy| !needed.contains(policy)).collect();
        let grant = cleaned(grant);
        Ok(AccessEffect {
            through,
            grant,
            if_allowed_by: needed.into_iter().collect(),
            unless_decided_by: beside,
            own: false,
        })
    }

    fn named(&self, keys: impl Iterator<Item = String>) -> BTreeSet<NotRead> {
        let names =
            keys.filter_map(|key| Some(key.to_lowercase().strip_prefix(UNREAD)?.to_owned()));
        names.map(|name| self.not_read(self.names.get(&name).unwrap_or(&name))).collect()
    }

    fn all(&self) -> impl Iterator<Item = NotRead> {
        self.names.values().map(|name| self.not_read(name))
    }

    fn not_read(&self, name: &str) -> NotRead {
        NotRead { policy: name.to_owned(), because: self.because.get(name).cloned() }
    }
}

/// Removes the stand-ins' own key, which means nothing to a reader.
fn cleaned(mut grant: Grant) -> Grant {
    grant.condition = grant.condition.and_then(without);
    for parts in [&mut grant.already, &mut grant.withheld] {
        parts.retain(|part: &GrantPart| {
            !part.condition.iter().flat_map(keys).any(|key| key.starts_with(UNREAD))
        });
    }
    let context = grant.example.context.iter().filter(|(key, _)| !key.starts_with(UNREAD));
    grant.example.context =
        context.map(|(key, values)| (key.to_owned(), values.to_vec())).collect();
    grant
}

/// Returns the keys of a Condition, or of several.
fn keys(condition: &Value) -> Vec<String> {
    match condition {
        Value::Array(several) => several.iter().flat_map(keys).collect(),
        Value::Object(operators) => {
            operators.values().filter_map(Value::as_object).flat_map(Map::keys).cloned().collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn without(condition: Value) -> Option<Value> {
    match condition {
        Value::Array(several) => {
            let mut left: Vec<Value> = several.into_iter().filter_map(without).collect();
            if left.len() > 1 { Some(Value::from(left)) } else { left.pop() }
        }
        Value::Object(operators) => {
            let left = operators.into_iter().filter_map(|(operator, tests)| {
                let Value::Object(tests) = tests else { return Some((operator, tests)) };
                let tests: Map<String, Value> =
                    tests.into_iter().filter(|(key, _)| !key.starts_with(UNREAD)).collect();
                (!tests.is_empty()).then_some((operator, Value::Object(tests)))
            });
            let left: Map<String, Value> = left.collect();
            (!left.is_empty()).then_some(Value::Object(left))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(condition),
    }
}
