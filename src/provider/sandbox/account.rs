//! The account: all of its objects, and the values that follow from its number.

use data_encoding::BASE32_NOPAD;
use jiff::Timestamp;
use rpds::RedBlackTreeMapSync;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::address::{KindName, PrincipalKind};
use crate::call::{CallerIdentity, partition};
use crate::clock::present_time;
use crate::value::Tags;

use super::principal_rules::rules;
use super::records::{
    BucketRecord, GroupRecord, IdentityRecord, InstanceProfileRecord, OidcProviderRecord,
    PolicyRecord, RoleRecord, UserRecord,
};

/// The version of the file format that this binary writes.
pub(super) const VERSION: u32 = 1;

/// The name of the caller, who is not one of the account's listed users.
const ADMIN: &str = "sandbox-admin";

/// Records by name. Copies share the parts that are the same: each call works on a copy of the
/// account ([`super::Sandbox`]).
pub(super) type NamedRecords<T> = RedBlackTreeMapSync<String, T>;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    pub(super) version: u32,
    #[serde(rename = "account")]
    pub(super) number: String,
    pub(super) partition: String,
    /// A random text, made once, so that two sandboxes give different ids.
    pub(super) seed: String,
    /// The number of ids that were given; none is given twice.
    counter: u64,
    pub(super) users: NamedRecords<UserRecord>,
    pub(super) roles: NamedRecords<RoleRecord>,
    /// The policies by name, which is unique in the account whatever the path.
    pub(super) policies: NamedRecords<PolicyRecord>,
    pub(super) buckets: NamedRecords<BucketRecord>,
    #[serde(default)]
    pub(super) groups: NamedRecords<GroupRecord>,
    #[serde(default)]
    pub(super) instance_profiles: NamedRecords<InstanceProfileRecord>,
    /// The OIDC providers by their ARNs.
    #[serde(default)]
    pub(super) oidc_providers: NamedRecords<OidcProviderRecord>,
    /// The seconds by which this account's clock is ahead of the real one.
    #[serde(default)]
    pub(super) ahead: i64,
}

impl Account {
    pub(super) fn new(number: &str, region: &str) -> Self {
        Self {
            version: VERSION,
            number: number.to_owned(),
            partition: partition(region).to_owned(),
            seed: Uuid::new_v4().simple().to_string(),
            counter: 0,
            users: NamedRecords::new_sync(),
            roles: NamedRecords::new_sync(),
            policies: NamedRecords::new_sync(),
            buckets: NamedRecords::new_sync(),
            groups: NamedRecords::new_sync(),
            instance_profiles: NamedRecords::new_sync(),
            oidc_providers: NamedRecords::new_sync(),
            ahead: 0,
        }
    }

    /// Returns the same account with nothing in it.
    pub(super) fn emptied(&self) -> Self {
        Self {
            version: VERSION,
            number: self.number.clone(),
            partition: self.partition.clone(),
            seed: self.seed.clone(),
            counter: self.counter,
            ahead: self.ahead,
            ..Self::new("", "")
        }
    }

    /// Returns a unique id that was never given before. AWS's are 21 characters long, those of
    /// access keys 20.
    pub(super) fn new_id(&mut self, prefix: &str) -> String {
        self.counter += 1;
        self.id(prefix, self.counter)
    }

    fn id(&self, prefix: &str, counter: u64) -> String {
        let digest = Sha256::digest(format!("{}:{prefix}:{counter}", self.seed));
        let length = if prefix == "AKIA" { 16 } else { 17 };
        let text = BASE32_NOPAD.encode(&digest);
        prefix.chars().chain(text.chars().take(length)).collect()
    }

    pub(super) fn caller(&self) -> CallerIdentity {
        CallerIdentity {
            account: self.number.clone(),
            arn: self.iam_arn(&format!("user/{ADMIN}")),
            user_id: self.id("AIDA", 0),
        }
    }

    /// Returns an ARN: `arn:aws:iam::123456789012:<resource>`.
    pub(super) fn iam_arn(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.partition, self.number)
    }

    pub(super) fn clock(&self) -> Timestamp {
        let now = present_time();
        Timestamp::from_second(now.as_second().saturating_add(self.ahead)).unwrap_or(now)
    }

    /// Returns the account's time: RFC 3339 in whole seconds, as AWS gives it.
    pub(super) fn now(&self) -> String {
        self.clock().to_string()
    }

    /// Returns the ARN of a user, role or group.
    pub(super) fn arn_of(&self, kind: PrincipalKind, identity: &IdentityRecord) -> String {
        self.iam_arn(&format!("{}{}{}", kind.as_str(), identity.path, identity.name))
    }

    pub(super) fn user_arn(&self, user: &UserRecord) -> String {
        self.arn_of(PrincipalKind::User, &user.identity)
    }

    pub(super) fn role_arn(&self, role: &RoleRecord) -> String {
        self.arn_of(PrincipalKind::Role, &role.identity)
    }

    pub(super) fn policy_arn(&self, policy: &PolicyRecord) -> String {
        self.iam_arn(&format!("policy{}{}", policy.path, policy.name))
    }

    /// Returns the users, the roles or the groups.
    pub(super) fn identities_of(
        &self,
        kind: PrincipalKind,
    ) -> Box<dyn Iterator<Item = &IdentityRecord> + '_> {
        match kind {
            PrincipalKind::User => Box::new(self.users.values().map(|user| &user.identity)),
            PrincipalKind::Role => Box::new(self.roles.values().map(|role| &role.identity)),
            PrincipalKind::Group => Box::new(self.groups.values().map(|group| &group.identity)),
        }
    }

    /// Returns the users, roles and groups.
    pub(super) fn identities(&self) -> impl Iterator<Item = (PrincipalKind, &IdentityRecord)> {
        PrincipalKind::ALL
            .into_iter()
            .flat_map(|kind| self.identities_of(kind).map(move |one| (kind, one)))
    }

    pub(super) fn instance_profile_arn(&self, profile: &InstanceProfileRecord) -> String {
        let word = KindName::InstanceProfile.arn_word();
        self.iam_arn(&format!("{word}{}{}", profile.path, profile.name))
    }

    pub(super) fn instance_profile_by_arn(&self, arn: &str) -> Option<&InstanceProfileRecord> {
        let found = self.instance_profiles.get(arn.rsplit('/').next()?);
        found.filter(|profile| self.instance_profile_arn(profile) == arn)
    }

    /// Gives objects of older files the parts that those lack: name, path, id, and the time of
    /// their creation.
    pub(super) fn complete(&mut self) {
        self.complete_groups();
        self.complete_instance_profiles();
    }

    fn complete_instance_profiles(&mut self) {
        let bare = self.instance_profiles.iter().filter(|(_, profile)| profile.name.is_empty());
        let bare: Vec<String> = bare.map(|(name, _)| name.clone()).collect();
        for name in bare {
            let (id, created) = (self.new_id("AIPA"), self.now());
            if let Some(profile) = self.instance_profiles.get_mut(&name) {
                let role = profile.role.take();
                let path = "/".to_owned();
                *profile =
                    InstanceProfileRecord { name, id, path, created, role, tags: Tags::new() };
            }
        }
    }

    fn complete_groups(&mut self) {
        let bare: Vec<String> = self
            .groups
            .iter()
            .filter(|(_, group)| group.identity.name.is_empty())
            .map(|(name, _)| name.clone())
            .collect();
        for name in bare {
            let (id, created) = (self.new_id(rules(PrincipalKind::Group).id_prefix), self.now());
            if let Some(GroupRecord { identity, .. }) = self.groups.get_mut(&name) {
                *identity =
                    IdentityRecord { name, id, path: "/".to_owned(), created, ..identity.clone() };
            }
        }
    }
}
