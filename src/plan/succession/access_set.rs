//! Sets of requests: what policies allow or deny, and what an edit adds or removes.

use std::cell::OnceCell;

use crate::policy::compare::{Comparer, Relation, Set};
use crate::policy::statement::{Effect, Policy};
use crate::value::Value;

/// A set of requests, by the documents that allow or deny them.
pub(super) struct AccessSet<'d> {
    source: AccessSource<'d>,
    compiled: OnceCell<Option<Vec<Policy>>>,
}

enum AccessSource<'d> {
    /// A policy that was not read: it may be about any request.
    Unknown,
    /// The requests that the statements with this effect in `of` match, and those in `minus` don't.
    Documents {
        of: Vec<&'d Value>,
        minus: Vec<&'d Value>,
        effect: Effect,
    },
    Policy(Policy),
}

impl<'d> AccessSet<'d> {
    pub fn unknown() -> Self {
        Self::from_source(AccessSource::Unknown)
    }

    /// Returns what the statements with this effect match in some documents, and not in others.
    /// `None` stands for documents that were not read.
    pub fn difference(
        of: Option<Vec<&'d Value>>,
        minus: Option<Vec<&'d Value>>,
        effect: Effect,
    ) -> Self {
        match of {
            None => Self::unknown(),
            Some(of) => Self::from_source(AccessSource::Documents {
                of,
                // What was not read takes nothing away for sure.
                minus: minus.unwrap_or_default(),
                effect,
            }),
        }
    }

    /// Makes a set of what the Allows of a policy allow, without what its Denies deny.
    pub fn of_policy(policy: Policy) -> Self {
        Self::from_source(AccessSource::Policy(policy))
    }

    fn from_source(source: AccessSource<'d>) -> Self {
        Self { source, compiled: OnceCell::new() }
    }

    /// Returns true if the set is certainly empty.
    pub fn is_empty(&self, comparer: &Comparer) -> bool {
        let Some(policies) = self.policies() else { return false };
        let allows =
            |policy: &Policy| policy.statements.iter().any(|it| it.effect == Effect::Allow);
        if !policies.iter().any(allows) {
            return true;
        }
        let denies = |policy: &Policy| policy.statements.iter().any(|it| it.effect == Effect::Deny);
        policies.iter().any(denies) && is_nothing(comparer, &Set::of(policies))
    }

    /// Returns true unless no request is certainly in both sets.
    pub fn overlaps(&self, other: &Self, comparer: &Comparer) -> bool {
        match (self.policies(), other.policies()) {
            (Some(one), Some(two)) => !is_nothing(comparer, &Set::of(one).within(two)),
            (None, _) | (_, None) => true,
        }
    }

    fn policies(&self) -> Option<&[Policy]> {
        self.compiled.get_or_init(|| self.compile()).as_deref()
    }

    fn compile(&self) -> Option<Vec<Policy>> {
        match &self.source {
            AccessSource::Unknown => None,
            AccessSource::Policy(policy) => Some(vec![policy.clone()]),
            AccessSource::Documents { of, minus, effect } => {
                let mut policies = Vec::new();
                for document in of {
                    policies.push(only(document, *effect, Effect::Allow)?);
                }
                for document in minus {
                    policies.push(only(document, *effect, Effect::Deny)?);
                }
                Some(policies)
            }
        }
    }
}

/// Returns true if the policies certainly allow nothing.
fn is_nothing(comparer: &Comparer, set: &Set<'_>) -> bool {
    let nothing = Set::of(&[]);
    comparer.compare(set, &nothing, None).relation() == Relation::Equal
}

/// Returns the statements with one effect, with another effect in its place. `None` if the document
/// is not understood.
fn only(document: &Value, effect: Effect, as_effect: Effect) -> Option<Policy> {
    let mut policy = Policy::compile("", document).ok()?;
    policy.statements.retain(|statement| statement.effect == effect);
    for statement in &mut policy.statements {
        statement.effect = as_effect;
        statement.principals = None;
    }
    Some(policy)
}

/// Returns true if a document has a statement with this effect.
pub(super) fn has_effect(document: &Value, effect: Effect) -> bool {
    let name = match effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    };
    crate::policy::statements(document)
        .any(|(_, statement)| statement.get("Effect").and_then(Value::as_str) == Some(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(effect: &str, action: &str, resource: &str) -> Value {
        let statement = json!([{"Effect": effect, "Action": action, "Resource": resource}]);
        json!({"Version": "2012-10-17", "Statement": statement})
    }

    #[test]
    fn an_edit_adds_what_the_new_document_has_and_the_old_one_lacks() {
        let (get, all) = (document("Allow", "s3:Get*", "*"), document("Allow", "s3:*", "*"));
        let comparer = Comparer::default();
        let change =
            |of, minus| AccessSet::difference(Some(vec![of]), Some(vec![minus]), Effect::Allow);
        assert!(change(&get, &all).is_empty(&comparer));
        assert!(!change(&all, &get).is_empty(&comparer));
        let denies = AccessSet::difference(Some(vec![&all]), None, Effect::Deny);
        assert!(denies.is_empty(&comparer));
    }

    #[test]
    fn sets_overlap_where_a_request_is_in_both() {
        let comparer = Comparer::default();
        let set = |document| AccessSet::difference(Some(vec![document]), None, Effect::Allow);
        let (get, put) = (document("Allow", "s3:Get*", "*"), document("Allow", "s3:Put*", "*"));
        let some = document("Allow", "s3:*", "arn:aws:s3:::media/*");
        assert!(!set(&get).overlaps(&set(&put), &comparer));
        assert!(set(&get).overlaps(&set(&some), &comparer));
        assert!(set(&get).overlaps(&AccessSet::unknown(), &comparer));
        // What the edit leaves is in neither.
        let all = document("Allow", "s3:*", "*");
        let lost = AccessSet::difference(Some(vec![&all]), Some(vec![&get]), Effect::Allow);
        assert!(!lost.overlaps(&set(&get), &comparer));
        assert!(lost.overlaps(&set(&put), &comparer));
    }
}
