//! What two sets of policies allow, compared over all requests.

mod formula;
mod implication;
mod language;
mod pattern;

use serde::{Deserialize, Serialize};

use crate::value::Value;

use super::request::{Caller, Request};
use super::statement::Policy;

/// How what is allowed after relates to what was allowed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    Equal,
    Wider,
    Narrower,
    /// Something is gained and something is lost.
    Changed,
    /// It can't be told; the doubts say why.
    Unknown,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    pub gained: Vec<Grant>,
    pub lost: Vec<Grant>,
    pub doubts: Vec<Doubt>,
}

/// Policies that have a say together: allowed is what every layer allows and no Deny in any of them forbids. The first
/// layer is what hangs on the principal (or the one resource policy), further ones are boundaries.
#[derive(Clone, Debug, Default)]
pub struct Set<'a> {
    pub layers: Vec<&'a [Policy]>,
}

impl<'a> Set<'a> {
    pub fn of(policies: &'a [Policy]) -> Self {
        Self { layers: vec![policies] }
    }

    /// Only what these allow too.
    #[must_use]
    pub fn within(mut self, boundary: &'a [Policy]) -> Self {
        self.layers.push(boundary);
        self
    }
}

/// What `after` allows that `before` doesn't, and the other way round, over all requests. `caller` is whom policies
/// without principals hang on; it is named in the examples.
pub fn compare(_before: &Set<'_>, _after: &Set<'_>, _caller: Option<&Caller>) -> Comparison {
    Comparison::default()
}

/// Access that one side has and the other lacks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// Who, where the policy names principals: `lambda.amazonaws.com`, `123456789012`, `*`. Empty where it hangs on one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<String>,
    /// As the document spells them, sorted: `s3:GetObject`, `s3:*`.
    pub actions: Vec<String>,
    /// Of those actions, not these (`NotAction`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except_actions: Vec<String>,
    pub resources: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except_resources: Vec<String>,
    /// The Condition under which it is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Value>,
    /// The part of it that the other side allows as well; empty where it allows none of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub already: Vec<Part>,
    pub cause: Cause,
    /// The name of the policy that brings it, or that took it away.
    pub policy: String,
    /// Number (from 1) and Sid of its statement.
    pub statement: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// One request on which the two sides differ.
    pub example: Request,
}

/// Actions on resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Part {
    pub action: String,
    pub resource: String,
}

/// What makes the difference; for a gain, what is new after; for a loss, what was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    pub side: Side,
    pub policy: String,
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Gained,
    Lost,
}

impl Comparison {
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
