//! The effect of a plan on access, as plans store it and renderers take it.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::policy::compare::{Doubt, Grant, Relation};

/// The effect of a plan on one user, role, group or bucket, in one aspect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessChange {
    /// The address of the subject: `user.serverless`, `role.runner`, `bucket.zappa-x`.
    pub subject: Address,
    pub arn: String,
    pub aspect: Aspect,
    pub relation: Relation,
    pub gained: Vec<AccessEffect>,
    pub lost: Vec<AccessEffect>,
    pub doubts: Vec<EffectDoubt>,
    /// True if the manifest doesn't manage the subject, which has one of its policies.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub foreign: bool,
    /// The principals that may assume the role before and after; only for [`Aspect::Trust`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<String>,
}

impl AccessChange {
    pub(super) fn new(subject: &Address, arn: String, aspect: Aspect) -> Self {
        let (gained, lost, doubts, kept) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let relation = Relation::Equal;
        Self {
            subject: subject.clone(),
            arn,
            aspect,
            relation,
            gained,
            lost,
            doubts,
            foreign: false,
            kept,
        }
    }

    /// Sets the relation from what is gained, lost and in doubt.
    pub(super) fn relate(&mut self) {
        self.doubts.sort();
        self.doubts.dedup();
        let sure = self.doubts.is_empty()
            && !self.gained.iter().chain(&self.lost).any(AccessEffect::is_doubtful);
        self.relation = match (sure, self.gained.is_empty(), self.lost.is_empty()) {
            (false, ..) => Relation::Unknown,
            (true, true, true) => Relation::Equal,
            (true, false, true) => Relation::Wider,
            (true, true, false) => Relation::Narrower,
            (true, false, false) => Relation::Changed,
        };
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aspect {
    /// The permissions of the subject: its policies, attached and inline, within its boundary.
    Permissions,
    /// The principals that may assume the subject, a role.
    Trust,
    /// The permissions of others on the subject, a bucket, by its policy.
    Resource,
}

/// A grant, and the change of the plan that adds or removes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessEffect {
    /// The address of the plan's change: the attachment that is made or deleted, or the policy that
    /// is edited.
    pub through: Address,
    #[serde(flatten)]
    pub grant: Grant,
    /// The effect exists only if these policies allow it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub if_allowed_by: Vec<NotRead>,
    /// The effect does not exist if one of these policies also allows it, or denies it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless_decided_by: Vec<NotRead>,
    /// True for a grant on a bucket that only applies to principals of its account whose own
    /// policies allow it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
}

/// A policy that decides as well, but was not read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NotRead {
    /// An ARN or an address; or a phrase, for a user's groups.
    pub policy: String,
    /// The reason: `iam:GetPolicy: AccessDenied`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl AccessEffect {
    /// Returns true if the effect isn't certain, because policies were not read.
    pub fn is_doubtful(&self) -> bool {
        !(self.if_allowed_by.is_empty() && self.unless_decided_by.is_empty())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EffectDoubt {
    pub through: Option<Address>,
    #[serde(flatten)]
    pub doubt: Doubt,
}
