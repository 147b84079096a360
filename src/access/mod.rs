//! What the changes of a plan mean for people: who may do what after it that they may not do now.

mod changes;
pub mod checks;
mod held;
pub mod lint;
#[cfg(test)]
mod tests;
mod world;

pub use changes::{changes, unread};
pub use held::Held;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::policy::compare::{Doubt, Grant, Relation};

/// The effect of a plan on one user, role or bucket, in one respect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessChange {
    /// `user.serverless`, `role.runner`, `bucket.zappa-x`
    pub subject: Address,
    pub arn: String,
    pub aspect: Aspect,
    pub relation: Relation,
    pub gained: Vec<Effect>,
    pub lost: Vec<Effect>,
    pub doubts: Vec<EffectDoubt>,
    /// Who may assume the role before and after; only for [`Aspect::Trust`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aspect {
    /// What the subject may do: its policies, attached and inline, within its boundary.
    Permissions,
    /// Who may assume the subject, a role.
    Trust,
    /// What others may do to the subject, a bucket, by its policy.
    Resource,
}

/// A grant, and the change of the plan that brings or takes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// One of the plan's changes: the attachment that comes or goes, or the policy that is edited.
    pub through: Address,
    #[serde(flatten)]
    pub grant: Grant,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EffectDoubt {
    pub through: Option<Address>,
    #[serde(flatten)]
    pub doubt: Doubt,
}
