//! The lookups of the principals that have a policy, attached or as a boundary.

use super::lookup::{Lookup, ReadHint, all, both_found, observed};
use super::parts::Uses;
use super::snapshot::Snapshot;
use crate::address::{Principal, PrincipalKind};
use crate::call::iam::{Entities, PolicyUsage};
use crate::call::{IamRead, IamReply, Observed};

impl Snapshot {
    pub fn uses(&self, arn: &str) -> Observed<Uses> {
        observed(self.find_uses(arn, ReadHint::NOTHING))
    }

    /// Finds the uses of the policy of that name, whatever its path: a policy that moves to another
    /// path is still used under its old ARN.
    pub(super) fn find_uses(&self, arn: &str, hint: ReadHint<'_>) -> Lookup<Uses> {
        let arn = self.find_policy(arn, hint)?.arn().to_owned();
        if let Some(uses) = self.account.uses(&arn) {
            return Ok(uses);
        }
        if hint.first.is_some() {
            return Err(hint.missing([]));
        }
        let attached = self.entities(&arn, PolicyUsage::PermissionsPolicy);
        let boundary = self.entities(&arn, PolicyUsage::PermissionsBoundary);
        let (attached, boundary) = both_found(attached, boundary)?;
        // Servers that speak IAM and don't know the filter return all principals twice. A principal
        // that is in both lists may still have the policy in both ways: only the user or role
        // itself tells. A group has no boundary.
        let bounded = |kind: PrincipalKind| {
            all(boundary.of(kind).iter().map(|name| {
                let listed_twice = attached.of(kind).contains(name);
                let bounded =
                    !listed_twice || self.is_bounded(&Principal::new(kind, name), &arn, hint)?;
                Ok(bounded.then(|| name.clone()))
            }))
        };
        let (users, roles) =
            both_found(bounded(PrincipalKind::User), bounded(PrincipalKind::Role))?;
        let names = |found: Vec<Option<String>>| found.into_iter().flatten().collect();
        let boundary = Entities { users: names(users), roles: names(roles), groups: Vec::new() };
        Ok(Uses { attached, boundary })
    }

    fn is_bounded(&self, principal: &Principal, arn: &str, hint: ReadHint<'_>) -> Lookup<bool> {
        Ok(self.find_principal(principal, hint)?.boundary() == Some(arn))
    }

    fn entities(&self, arn: &str, usage: PolicyUsage) -> Lookup<Entities> {
        let mut found =
            self.iam(IamRead::ListEntitiesForPolicy { arn: arn.to_owned(), usage }, |reply| {
                let IamReply::Entities(entities) = reply else { return None };
                Some(entities.clone())
            })?;
        for kind in PrincipalKind::ALL {
            found.of_mut(kind).sort();
        }
        Ok(found)
    }
}
