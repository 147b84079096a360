//! The lookup of the objects that a call names in the account, or IAM's refusal.

use crate::address::{Principal, PrincipalKind};

use super::account::Account;
use super::records::{
    GroupRecord, IdentityRecord, InstanceProfileRecord, PolicyRecord, RoleRecord, UserRecord,
};
use super::refusal::{Refusal, SandboxResult};
use super::{managed, names};

impl Account {
    pub(super) fn user(&self, name: &str) -> SandboxResult<&UserRecord> {
        self.users.get(name).ok_or_else(|| no_principal(PrincipalKind::User, name))
    }

    pub(super) fn user_mut(&mut self, name: &str) -> SandboxResult<&mut UserRecord> {
        self.users.get_mut(name).ok_or_else(|| no_principal(PrincipalKind::User, name))
    }

    pub(super) fn role(&self, name: &str) -> SandboxResult<&RoleRecord> {
        self.roles.get(name).ok_or_else(|| no_principal(PrincipalKind::Role, name))
    }

    pub(super) fn role_mut(&mut self, name: &str) -> SandboxResult<&mut RoleRecord> {
        self.roles.get_mut(name).ok_or_else(|| no_principal(PrincipalKind::Role, name))
    }

    pub(super) fn group(&self, name: &str) -> SandboxResult<&GroupRecord> {
        self.groups.get(name).ok_or_else(|| no_principal(PrincipalKind::Group, name))
    }

    pub(super) fn group_mut(&mut self, name: &str) -> SandboxResult<&mut GroupRecord> {
        self.groups.get_mut(name).ok_or_else(|| no_principal(PrincipalKind::Group, name))
    }

    pub(super) fn instance_profile(&self, name: &str) -> SandboxResult<&InstanceProfileRecord> {
        self.instance_profiles.get(name).ok_or_else(|| no_instance_profile(name))
    }

    pub(super) fn instance_profile_mut(
        &mut self,
        name: &str,
    ) -> SandboxResult<&mut InstanceProfileRecord> {
        self.instance_profiles.get_mut(name).ok_or_else(|| no_instance_profile(name))
    }

    pub(super) fn identity(&self, principal: &Principal) -> SandboxResult<&IdentityRecord> {
        match principal.kind {
            PrincipalKind::User => Ok(&self.user(&principal.name)?.identity),
            PrincipalKind::Role => Ok(&self.role(&principal.name)?.identity),
            PrincipalKind::Group => Ok(&self.group(&principal.name)?.identity),
        }
    }

    pub(super) fn identity_mut(
        &mut self,
        principal: &Principal,
    ) -> SandboxResult<&mut IdentityRecord> {
        match principal.kind {
            PrincipalKind::User => Ok(&mut self.user_mut(&principal.name)?.identity),
            PrincipalKind::Role => Ok(&mut self.role_mut(&principal.name)?.identity),
            PrincipalKind::Group => Ok(&mut self.group_mut(&principal.name)?.identity),
        }
    }

    /// Returns one of the account's own policies.
    pub(super) fn policy(&self, arn: &str) -> SandboxResult<&PolicyRecord> {
        names::policy_arn(arn)?;
        let name = arn.rsplit('/').next().unwrap_or_default();
        let found = self.policies.get(name).filter(|policy| self.policy_arn(policy) == arn);
        found.ok_or_else(|| no_policy(arn))
    }

    /// Returns a policy to change it. Only AWS changes AWS's policies.
    pub(super) fn policy_mut(&mut self, arn: &str) -> SandboxResult<&mut PolicyRecord> {
        if managed::is_aws(&self.partition, arn) {
            return Err(Refusal::denied("Policy is outside your own account."));
        }
        let name = self.policy(arn)?.name.clone();
        self.policies.get_mut(&name).ok_or_else(|| no_policy(arn))
    }

    /// Returns true if the policy exists, the account's own or AWS's.
    pub(super) fn attachable(&self, arn: &str) -> bool {
        self.policy(arn).is_ok() || managed::well_known(&self.partition, arn).is_some()
    }
}

fn no_principal(kind: PrincipalKind, name: &str) -> Refusal {
    Refusal::no_such_entity(format!("The {kind} with name {name} cannot be found."))
}

fn no_instance_profile(name: &str) -> Refusal {
    Refusal::no_such_entity(format!("Instance Profile {name} cannot be found."))
}

pub(super) fn no_policy(arn: &str) -> Refusal {
    Refusal::no_such_entity(format!("Policy {arn} was not found."))
}
