//! What two sets of policies allow, compared over all requests.

mod circumstances;
mod example;
mod filling;
mod formula;
mod grants;
mod implication;
mod language;
mod membership;
mod pattern;
mod people;
mod proof;
mod search;
mod space;
#[cfg(test)]
mod tests;
mod verdict;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::value::Value;

use super::request::{Caller, Request};
use super::statement::{Effect, Policy};

use grants::{Direction, Region};
use membership::Membership;
use space::{Entangled, Space};
use verdict::{Case, Key, Verdict};

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
pub fn compare(before: &Set<'_>, after: &Set<'_>, caller: Option<&Caller>) -> Comparison {
    Comparer::default().compare(before, after, caller)
}

/// Compares one pair after the other; what was found out about the patterns of one serves the next.
#[derive(Debug, Default)]
pub struct Comparer(language::Known);

impl Comparer {
    /// As [`compare`].
    pub fn compare(&self, before: &Set<'_>, after: &Set<'_>, caller: Option<&Caller>) -> Comparison {
        if same(before, after) {
            return Comparison::default();
        }
        match Space::new(before, after, caller, &self.0) {
            Ok(space) => compared(&space),
            Err(Entangled) => Comparison::entangled(after),
        }
    }
}

fn compared(space: &Space<'_>) -> Comparison {
    let regions = regions(space);
    let [gained, lost] = [Side::Gained, Side::Lost].map(|side| Direction { space, side });
    let mut comparison = Comparison {
        gained: gained.grants(&regions),
        lost: lost.grants(&regions),
        doubts: [gained.doubts(&regions), lost.doubts(&regions)].concat(),
    };
    for grant in &mut comparison.gained {
        example::improve(space, true, grant);
    }
    for grant in &mut comparison.lost {
        example::improve(space, false, grant);
    }
    comparison
}

/// The boxes on which somebody allows something, or denies it, each with its verdict. Boxes about which the same statements are have
/// the same one.
fn regions<'s>(space: &'s Space<'_>) -> Vec<Region<'s>> {
    let mut known: HashMap<Key, Rc<Verdict>> = HashMap::new();
    let mut regions = Vec::new();
    for group in &space.groups {
        for place in group.places.iter() {
            let membership = |row: &usize| (*row, Membership::of(space, &space.rows[*row], place));
            let rows: Vec<(usize, Membership<'_>)> = group.rows.iter().map(membership).collect();
            for caller in 0..space.callers.len() {
                let case = Case { space, rows: &rows, place, caller, action: &group.cells[0].witness };
                if !case.is_allowed_something() {
                    continue;
                }
                let verdict = known.entry(case.key()).or_insert_with(|| Rc::new(case.verdict()));
                // What is never allowed, since a Deny forbids it, is left out of what is told.
                let denied = || case.members().any(|(_, row, _)| row.statement.effect == Effect::Deny);
                if verdict.allowed != [false, false] || denied() {
                    let (caller, verdict) = (case.caller(), Rc::clone(verdict));
                    let rows = case.members().map(|(index, _, _)| index).collect();
                    regions.push(Region { group, place, caller, rows, verdict });
                }
            }
        }
    }
    regions
}

/// Nothing to compare: the same statements, in whatever order.
fn same(before: &Set<'_>, after: &Set<'_>) -> bool {
    let statements = |policies: &[Policy]| {
        let mut list: Vec<String> =
            policies.iter().flat_map(|it| &it.statements).map(super::statement::Statement::meaning).collect();
        list.sort();
        list.dedup();
        list
    };
    let layers = |set: &Set<'_>| set.layers.iter().map(|layer| statements(layer)).collect::<Vec<_>>();
    layers(before) == layers(after)
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
    /// The part of it that isn't in it, since a Deny forbids it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<Part>,
    pub cause: Cause,
    /// Where the cause is a Deny: its Condition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied_if: Option<Value>,
    /// The name of the policy that brings it, or that took it away.
    pub policy: String,
    /// Number (from 1) and Sid of its statement.
    pub statement: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// One request on which the two sides differ.
    pub example: Request,
}

/// An action on a resource, and the Condition under which it is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub action: String,
    pub resource: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Value>,
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Part {
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
    fn entangled(set: &Set<'_>) -> Self {
        let policy = set.layers.iter().flat_map(|layer| layer.iter()).next().map_or("", |policy| &policy.name);
        let doubt = |side| Doubt {
            side,
            policy: policy.to_owned(),
            reason: "the wildcard patterns are too entangled to be compared exactly".to_owned(),
        };
        Self { gained: Vec::new(), lost: Vec::new(), doubts: vec![doubt(Side::Gained), doubt(Side::Lost)] }
    }

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
