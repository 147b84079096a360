//! What a comparison finds.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::Value;
use crate::request::Request;

use super::set::Set;

/// How what is allowed after relates to what was allowed before.
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
    /// It can't be told; the doubts say why.
    Unknown,
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// What is allowed after, and wasn't before.
    pub gained: Vec<Grant>,
    /// What was allowed before, and isn't after.
    pub lost: Vec<Grant>,
    /// What could not be decided.
    pub doubts: Vec<Doubt>,
}

/// Access that one side has and the other lacks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// Who, where the policy names principals: `lambda.amazonaws.com`, `123456789012`, `*`. Empty
    /// where it hangs on one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<String>,
    /// As the document spells them, sorted: `s3:GetObject`, `s3:*`.
    pub actions: Vec<String>,
    /// Of those actions, not these (`NotAction`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except_actions: Vec<String>,
    /// As the document spells them, sorted.
    pub resources: Vec<String>,
    /// Of those resources, not these (`NotResource`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except_resources: Vec<String>,
    /// The Condition under which it is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Value>,
    /// The part of it that the other side allows as well; empty where it allows none of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub already: Vec<GrantPart>,
    /// The part of it that isn't in it, since a Deny forbids it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<GrantPart>,
    /// What makes the difference.
    pub cause: Cause,
    /// Where the cause is a Deny: its Condition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied_if: Option<Value>,
    /// The name of the policy that brings it, or that took it away.
    pub policy: String,
    /// Number (from 1) and Sid of its statement.
    pub statement: usize,
    /// The statement's Sid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// One request on which the two sides differ.
    pub example: Request,
}

/// An action on a resource, and the Condition under which it is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantPart {
    /// As a policy spells it.
    pub action: String,
    /// As a policy spells it.
    pub resource: String,
    /// The Condition under which it is allowed.
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
        // Values have no order of their own.
        let text = |part: &Self| part.condition.as_ref().map(Value::to_string);
        let names = (&self.action, &self.resource).cmp(&(&other.action, &other.resource));
        let same = self.condition == other.condition;
        names.then_with(|| if same { Ordering::Equal } else { text(self).cmp(&text(other)) })
    }
}

/// What makes the difference; for a gain, what is new after; for a loss, what was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// An Allow that only this side has, or has wider.
    Allow,
    /// A Deny that only the other side has, or has wider.
    Deny,
    /// A boundary that is narrower, or only there, on the other side.
    Boundary,
}

/// What could not be decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Doubt {
    /// In which direction.
    pub side: Side,
    /// The name of the policy that it is about.
    pub policy: String,
    /// Why it could not be decided.
    pub reason: String,
}

/// In which direction something differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// After has it, before hasn't.
    Gained,
    /// Before has it, after hasn't.
    Lost,
}

impl Comparison {
    pub(super) fn entangled(set: &Set<'_>) -> Self {
        let policy = set
            .layers
            .iter()
            .flat_map(|layer| layer.iter())
            .next()
            .map_or("", |policy| &policy.name);
        let doubt = |side| Doubt {
            side,
            policy: policy.to_owned(),
            reason: "the wildcard patterns are too entangled to be compared exactly".to_owned(),
        };
        Self {
            gained: Vec::new(),
            lost: Vec::new(),
            doubts: vec![doubt(Side::Gained), doubt(Side::Lost)],
        }
    }

    /// Returns how after relates to before.
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
