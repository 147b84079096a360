//! The lookups of managed policies in a snapshot: from the sweep or from targeted reads.

use super::account::Presence;
use super::lookup::{Lookup, Missing, ReadHint, both_found, observed};
use super::snapshot::Snapshot;
use crate::call::iam::{ManagedPolicy, PolicyDetail, PolicyVersion};
use crate::call::{IamRead, IamReply, Observed, Read};
use crate::value::SharedValue;

/// A policy, put together from several answers.
pub(super) struct PolicyParts<'a> {
    policy: &'a ManagedPolicy,
    versions: &'a [PolicyVersion],
    document: &'a SharedValue,
}

impl PolicyParts<'_> {
    pub(super) fn arn(&self) -> &str {
        &self.policy.arn
    }

    /// Returns all versions, the oldest first, with the default one's document.
    fn whole(&self) -> PolicyDetail {
        let mut policy = self.policy.clone();
        if policy.name.is_empty() {
            policy.arn.rsplit('/').next().unwrap_or(&policy.arn).clone_into(&mut policy.name);
        }
        let default = &policy.default_version;
        let others = self.versions.iter().filter(|version| version.id != *default);
        let mut versions: Vec<PolicyVersion> =
            others.map(|version| PolicyVersion { is_default: false, ..version.clone() }).collect();
        let document = Some(self.document.clone());
        versions.push(PolicyVersion { id: default.clone(), is_default: true, document });
        versions.sort_by_key(|version| number(&version.id));
        PolicyDetail { policy, versions }
    }
}

impl Snapshot {
    /// Returns the whole policy: with tags, description, all versions (the oldest first), and the
    /// default version's document. A sweep finds the policy by its name, which is unique in the
    /// account whatever the path.
    pub fn policy(&self, arn: &str) -> Observed<PolicyDetail> {
        observed(self.find_policy(arn, ReadHint::NOTHING).map(|parts| parts.whole()))
    }

    /// Finds the parts of a policy. The sweep may have found the policy under another ARN than the
    /// declared one, and never has its tags.
    pub(super) fn find_policy(&self, arn: &str, hint: ReadHint<'_>) -> Lookup<PolicyParts<'_>> {
        let swept = match self.account.policy(arn) {
            // AWS's own policies are in no sweep.
            _ if is_of_aws(arn) => None,
            // A policy that was read by itself after the sweep exists, although the sweep lacks it.
            Presence::Gone if self.get_policy(arn).is_err() => return Err(Missing::Absent),
            Presence::Unseen if hint.first.is_some() => return Err(self.before_policy(arn, hint)),
            Presence::Here(known) => Some(known),
            Presence::Gone | Presence::Unseen => None,
        };
        let policy = self.get_policy(swept.map_or(arn, |known| &known.policy.arn))?;
        let default = &policy.default_version;
        // A version that the sweep lacks, because it is newer, is read by itself.
        let swept = swept.map(|known| known.versions.as_slice());
        let swept = swept.filter(|versions| versions.iter().any(|version| version.id == *default));
        let listed = match swept {
            Some(versions) => Ok(versions),
            None => self.iam(IamRead::ListPolicyVersions { arn: policy.arn.clone() }, |reply| {
                let IamReply::PolicyVersions(versions) = reply else { return None };
                Some(versions.as_slice())
            }),
        };
        let swept_document = swept.into_iter().flatten().find(|version| version.id == *default);
        let document = match swept_document.and_then(|version| version.document.as_ref()) {
            Some(document) => Ok(document),
            None => self.document(&policy.arn, default),
        };
        let (versions, document) = both_found(listed, document)?;
        Ok(PolicyParts { policy, versions, document })
    }

    /// Returns the reads before the policy is known. The tags of a policy that the state knows are
    /// read together with the sweep.
    fn before_policy(&self, arn: &str, hint: ReadHint<'_>) -> Missing {
        let get = Read::Iam(IamRead::GetPolicy { arn: arn.to_owned() });
        match hint.missing([]) {
            Missing::Unread(mut reads) => {
                reads.extend((hint.expected && !self.known.contains_key(&get)).then_some(get));
                Missing::Unread(reads)
            }
            missing @ (Missing::Absent | Missing::Unknown(_)) => missing,
        }
    }

    fn get_policy(&self, arn: &str) -> Lookup<&ManagedPolicy> {
        self.iam(IamRead::GetPolicy { arn: arn.to_owned() }, |reply| {
            let IamReply::Policy(policy) = reply else { return None };
            Some(policy)
        })
    }

    fn document(&self, arn: &str, version: &str) -> Lookup<&SharedValue> {
        let read = IamRead::GetPolicyVersion { arn: arn.to_owned(), version: version.to_owned() };
        self.iam(read, |reply| {
            let IamReply::PolicyVersion(version) = reply else { return None };
            version.document.as_ref()
        })
    }
}

/// Returns true if the policy is AWS managed; such policies are in no sweep.
pub(super) fn is_of_aws(arn: &str) -> bool {
    arn.contains(":iam::aws:policy/")
}

/// Returns the number of a version: `v10` comes after `v9`.
fn number(version: &str) -> u64 {
    version.trim_start_matches('v').parse().unwrap_or(u64::MAX)
}
