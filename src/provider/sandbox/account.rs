//! The account: everything that is kept, and what follows from its number.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE32_NOPAD;
use jiff::Timestamp;
use rpds::RedBlackTreeMapSync;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::call::Caller;

use super::buckets::Bucket;
use super::groups::Group;
use super::identity::Identity;
use super::policies::Policy;
use super::roles::Role;
use super::users::User;

/// The version of the file format that this binary writes.
pub(super) const VERSION: u32 = 1;

/// Who the caller is; not one of the account's listed users.
const ADMIN: &str = "sandbox-admin";

/// By name. Copies share what is the same in them: each call works on a copy of the account ([`super::Sandbox`]).
pub(super) type Kept<T> = RedBlackTreeMapSync<String, T>;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    pub(super) version: u32,
    #[serde(rename = "account")]
    pub(super) number: String,
    pub(super) partition: String,
    /// Made once, so that two sandboxes give different ids.
    pub(super) seed: String,
    /// How many ids were given; none is given twice.
    counter: u64,
    pub(super) users: Kept<User>,
    pub(super) roles: Kept<Role>,
    /// By name, which is unique in the account whatever the path.
    pub(super) policies: Kept<Policy>,
    pub(super) buckets: Kept<Bucket>,
    #[serde(default)]
    pub(super) groups: BTreeMap<String, Group>,
    /// The roles in each instance profile, by its name.
    #[serde(default)]
    pub(super) instance_profiles: BTreeMap<String, BTreeSet<String>>,
    /// How many seconds later it is in this account than elsewhere.
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
            users: Kept::new_sync(),
            roles: Kept::new_sync(),
            policies: Kept::new_sync(),
            buckets: Kept::new_sync(),
            groups: BTreeMap::new(),
            instance_profiles: BTreeMap::new(),
            ahead: 0,
        }
    }

    /// The same account with nothing in it.
    pub(super) fn emptied(&self) -> Self {
        Self {
            version: VERSION,
            number: self.number.clone(),
            partition: self.partition.clone(),
            seed: self.seed.clone(),
            counter: self.counter,
            users: Kept::new_sync(),
            roles: Kept::new_sync(),
            policies: Kept::new_sync(),
            buckets: Kept::new_sync(),
            groups: BTreeMap::new(),
            instance_profiles: BTreeMap::new(),
            ahead: self.ahead,
        }
    }

    /// A unique id that was never given before. AWS's are 21 characters long, those of access keys 20.
    pub(super) fn new_id(&mut self, prefix: &str) -> String {
        self.counter += 1;
        self.id(prefix, self.counter)
    }

    fn id(&self, prefix: &str, counter: u64) -> String {
        self.named_id(prefix, &counter.to_string())
    }

    /// The id of what was always there under this name.
    pub(super) fn named_id(&self, prefix: &str, name: &str) -> String {
        let digest = Sha256::digest(format!("{}:{prefix}:{name}", self.seed));
        let length = if prefix == "AKIA" { 16 } else { 17 };
        let text = BASE32_NOPAD.encode(&digest);
        prefix.chars().chain(text.chars().take(length)).collect()
    }

    pub(super) fn caller(&self) -> Caller {
        Caller {
            account: self.number.clone(),
            arn: self.iam_arn(&format!("user/{ADMIN}")),
            user_id: self.id("AIDA", 0),
        }
    }

    /// `arn:aws:iam::123456789012:<resource>`.
    pub(super) fn iam_arn(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.partition, self.number)
    }

    pub(super) fn clock(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_second(now.as_second() + self.ahead).unwrap_or(now)
    }

    /// When something is made: RFC 3339 in whole seconds, as AWS gives it.
    pub(super) fn now(&self) -> String {
        self.clock().to_string()
    }

    pub(super) fn user_arn(&self, user: &User) -> String {
        self.iam_arn(&format!("user{}{}", user.identity.path, user.identity.name))
    }

    pub(super) fn role_arn(&self, role: &Role) -> String {
        self.iam_arn(&format!("role{}{}", role.identity.path, role.identity.name))
    }

    /// Users and roles: what policies hang on.
    pub(super) fn identities(&self) -> impl Iterator<Item = &Identity> {
        self.users.values().map(|user| &user.identity).chain(self.roles.values().map(|role| &role.identity))
    }
}

/// Whether AWS takes two names for the same: it keeps their case, but does not tell them apart by it.
pub(super) fn same_name(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}
