//! The result of a comparison.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::Value;
use crate::request::Request;

use super::set::Set;

/// The relation of the access after to the access before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// Both allow the same.
    Equal,
    /// Something is gained, nothing is lost.
    Wider,
    /// Something is lost, nothing is gained.
    Narrower,
    /// Something is gained and something is lost.
    Changed,
    /// The relation could not be decided; [`Comparison::doubts`] has the reasons.
    Unknown,
}

/// The result of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The access that exists after and didn't before.
    pub gained: Vec<Grant>,
    /// The access that existed before and doesn't after.
    pub lost: Vec<Grant>,
    /// The differences that could not be decided.
    pub doubts: Vec<Doubt>,
}

/// Access that one side has and the other lacks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// The principals as the policy names them: `lambda.amazonaws.com`, `123456789012`, `*`. Empty
    /// where the policy is attached to a principal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<String>,
    /// The actions as the document spells them, sorted: `s3:GetObject`, `s3:*`.
    pub actions: Vec<String>,
    /// The actions that are excepted from `actions` (`NotAction`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except_actions: Vec<String>,
    /// The resources as the document spells them, sorted.
    pub resources: Vec<String>,
    /// The resources that are excepted from `resources` (`NotResource`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except_resources: Vec<String>,
    /// The Condition under which the access is allowed; a list where several must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Value>,
    /// The parts of the access that the other side allows, too; empty where it allows none of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub already: Vec<GrantPart>,
    /// The parts that don't belong to the access, since a Deny forbids them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<GrantPart>,
    /// The cause of the difference.
    pub cause: Cause,
    /// The Condition of the Deny, where the cause is a Deny.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied_if: Option<Value>,
    /// The name of the policy that gives the access, or that took it away.
    pub policy: String,
    /// The number of the statement in its policy, from 1; 0 where the cause is a boundary.
    pub statement: usize,
    /// The Sid of the statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// One request on which the two sides differ.
    pub example: Request,
}

/// An action on a resource, and the Condition under which it is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantPart {
    /// The action as a policy spells it.
    pub action: String,
    /// The resource as a policy spells it.
    pub resource: String,
    /// The Condition under which the action is allowed; a list where several must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Value>,
}

impl PartialOrd for GrantPart {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for GrantPart {
    fn cmp(&self, other: &Self) -> Ordering {
        // JSON values have no order of their own.
        let text = |part: &Self| part.condition.as_ref().map(Value::to_string);
        let names = (&self.action, &self.resource).cmp(&(&other.action, &other.resource));
        let same = self.condition == other.condition;
        names.then_with(|| if same { Ordering::Equal } else { text(self).cmp(&text(other)) })
    }
}

/// The cause of a difference: for a gain, what is new after; for a loss, what existed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// An Allow that only this side has, or that is wider on this side.
    Allow,
    /// A Deny that only the other side has, or that is wider on the other side.
    Deny,
    /// A permissions boundary that only the other side has, or that is narrower on the other side.
    Boundary,
}

/// A difference that could not be decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Doubt {
    /// The direction of the difference.
    pub side: Side,
    /// The name of the policy that the doubt is about.
    pub policy: String,
    /// The reason why the difference could not be decided.
    pub reason: String,
}

/// The direction of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Access that exists after and didn't before.
    Gained,
    /// Access that existed before and doesn't after.
    Lost,
}

impl Comparison {
    /// Returns a comparison that has not been decided, for this reason.
    pub(super) fn undecided(set: &Set<'_>, reason: &str) -> Self {
        let policy = set
            .layers
            .iter()
            .flat_map(|layer| layer.iter())
            .next()
            .map_or("", |policy| &policy.name);
        let doubt = |side| Doubt { side, policy: policy.to_owned(), reason: reason.to_owned() };
        Self {
            gained: Vec::new(),
            lost: Vec::new(),
            doubts: vec![doubt(Side::Gained), doubt(Side::Lost)],
        }
    }

    /// Returns the relation of the access after to the access before: `Unknown` if there is any
    /// doubt.
    pub fn relation(&self) -> Relation {
        if !self.doubts.is_empty() {
            return Relation::Unknown;
        }
        match (self.gained.is_empty(), self.lost.is_empty()) {
            (true, true) => Relation::Equal,
            (false, true) => Relation::Wider,
            (true, false) => Relation::Narrower,
            (false, false) => Relation::Changed,
        }
    }
}
