//! The snapshot: everything that was read, with the answers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::account::{AccountSnapshot, Presence};
use super::lookup::{Lookup, Missing, observed, unexpected};
use super::parts::{PrincipalPolicies, PrincipalRef, Uses};
use crate::address::PrincipalKind;
use crate::call::iam::{EntityType, PolicyDetail, Role};
use crate::call::{
    Failure, FailureKind, FileRead, FileReply, IamRead, IamReply, Observed, Read, Reply, S3Reply,
};

/// Everything that was read, with the answers.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The answers by read. An answer that is kept elsewhere is `Done` here.
    pub(super) known: BTreeMap<Read, Result<Reply, Failure>>,
    pub(super) account: AccountSnapshot,
    /// The roles from ListRoles, by name.
    pub(super) roles: BTreeMap<String, Role>,
    /// The account's buckets and their regions, from ListBuckets.
    pub(super) buckets: BTreeMap<String, String>,
}

impl Snapshot {
    pub fn add(&mut self, read: Read, answer: Result<Reply, Failure>) {
        let kept = match answer {
            Ok(Reply::Iam(IamReply::AuthorizationDetails(details))) => {
                if let Read::Iam(IamRead::GetAccountAuthorizationDetails { filter, .. }) = &read {
                    self.account.add(filter, details);
                }
                Ok(Reply::Done)
            }
            Ok(Reply::Iam(IamReply::Roles(roles))) => {
                self.roles.extend(roles.into_iter().map(|role| (role.name.clone(), role)));
                Ok(Reply::Done)
            }
            Ok(Reply::S3(S3Reply::Buckets(buckets))) => {
                self.buckets.extend(buckets.into_iter().map(|bucket| (bucket.name, bucket.region)));
                Ok(Reply::Done)
            }
            answer => {
                if let (Read::Iam(IamRead::GetAccountAuthorizationDetails { .. }), Err(failure)) =
                    (&read, &answer)
                {
                    self.account.fails(failure.clone());
                }
                answer
            }
        };
        self.known.insert(read, kept);
    }

    /// Returns the groups that a user is in, in order, if a sweep shows the user.
    pub fn swept_groups(&self, user: &str) -> Option<Vec<String>> {
        match self.account.principal(PrincipalKind::User, user) {
            Presence::Here(user) => Some(user.groups.clone()),
            Presence::Gone | Presence::Unseen => None,
        }
    }

    /// Returns the principals that have a policy, attached or as a boundary, if a sweep shows them.
    pub fn swept_uses(&self, arn: &str) -> Option<Uses> {
        self.account.uses(arn)
    }

    /// Returns all users, roles or groups that a sweep has shown, in order of their names.
    pub fn swept_principals(
        &self,
        kind: PrincipalKind,
    ) -> impl Iterator<Item = (PrincipalRef<'_>, &PrincipalPolicies)> {
        self.account.principals(kind).map(|swept| (swept.itself(), &swept.policies))
    }

    pub fn swept_policies(&self) -> impl Iterator<Item = &PolicyDetail> {
        self.account.policies()
    }

    /// Returns the read that goes on with a sweep of the whole account; `None` if the sweep is
    /// complete or has failed.
    pub fn whole_sweep(&self) -> Option<Read> {
        let all = BTreeSet::from(EntityType::ALL);
        let marker = match self.account.open() {
            _ if self.account.failure().is_some()
                || all.iter().all(|of| self.account.has_all(*of)) =>
            {
                return None;
            }
            Some(open) => Some(open.marker.clone()),
            None => None,
        };
        Some(Read::Iam(IamRead::GetAccountAuthorizationDetails { filter: all, marker }))
    }

    /// Returns the failure of the sweep of the account, if it failed.
    pub fn sweep_failure(&self) -> Option<&Failure> {
        self.account.failure()
    }

    /// Returns the time of the snapshot.
    pub fn clock(&self) -> Observed<Timestamp> {
        observed(self.find_clock())
    }

    pub fn file(&self, read: &FileRead) -> Observed<FileReply> {
        observed(self.find_file(read.clone()))
    }

    pub(super) fn answer(&self, read: Read) -> Lookup<&Reply> {
        match self.known.get(&read) {
            Some(Ok(reply)) => Ok(reply),
            Some(Err(failure)) if failure.kind == FailureKind::NotFound => Err(Missing::Absent),
            Some(Err(failure)) => Err(Missing::Unknown(failure.clone())),
            None => Err(Missing::Unread(BTreeSet::from([read]))),
        }
    }

    pub(super) fn has(&self, read: &IamRead) -> bool {
        self.known.contains_key(&Read::Iam(read.clone()))
    }

    pub(super) fn iam<'a, T>(
        &'a self,
        read: IamRead,
        pick: impl FnOnce(&'a IamReply) -> Option<T>,
    ) -> Lookup<T> {
        let call = read.action();
        let Reply::Iam(reply) = self.answer(Read::Iam(read))? else { return Err(unexpected(call)) };
        pick(reply).ok_or_else(|| unexpected(call))
    }

    /// Returns a list of names or ids, in order.
    pub(super) fn names(&self, read: IamRead) -> Lookup<Vec<String>> {
        let mut names = self.iam(read, |reply| {
            let IamReply::Names(names) = reply else { return None };
            Some(names.clone())
        })?;
        names.sort();
        Ok(names)
    }

    pub(super) fn find_clock(&self) -> Lookup<Timestamp> {
        let Reply::Moment(moment) = self.answer(Read::Clock)? else {
            return Err(unexpected(Read::Clock.action()));
        };
        Ok(*moment)
    }

    pub(super) fn find_file(&self, read: FileRead) -> Lookup<FileReply> {
        let call = read.action();
        let Reply::File(reply) = self.answer(Read::File(read))? else {
            return Err(unexpected(call));
        };
        Ok(reply.clone())
    }
}
