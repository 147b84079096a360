//! The effect of a plan on somebody's access, as plans hold it and renderers take it.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::policy::compare::{Doubt, Grant, Relation};

/// The effect of a plan on one user, role, group or bucket, in one respect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessChange {
    /// `user.serverless`, `role.runner`, `bucket.zappa-x`
    pub subject: Address,
    pub arn: String,
    pub aspect: Aspect,
    pub relation: Relation,
    pub gained: Vec<AccessEffect>,
    pub lost: Vec<AccessEffect>,
    pub doubts: Vec<EffectDoubt>,
    /// The manifest doesn't know the subject, which has one of its policies.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub foreign: bool,
    /// Who may assume the role before and after; only for [`Aspect::Trust`].
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

    /// Sets the relation by what is gained, lost and in doubt.
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
    /// What the subject may do: its policies, attached and inline, within its boundary.
    Permissions,
    /// Who may assume the subject, a role.
    Trust,
    /// What others may do to the subject, a bucket, by its policy.
    Resource,
}

/// A grant, and the change of the plan that brings or takes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessEffect {
    /// One of the plan's changes: the attachment that comes or goes, or the policy that is edited.
    pub through: Address,
    #[serde(flatten)]
    pub grant: Grant,
    /// Only if these allow it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub if_allowed_by: Vec<NotRead>,
    /// If these allow it too, or deny it, nothing changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless_decided_by: Vec<NotRead>,
    /// On a bucket: for those of its account whose own policies allow it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
}

/// A policy that has a say, and that nobody has read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NotRead {
    /// An ARN or an address; or in words, as of a user's groups.
    pub policy: String,
    /// `iam:GetPolicy: AccessDenied`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl AccessEffect {
    /// Whether it can't be told, for what nobody has read.
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
