//! The records of an account, a type for each object, as its file has them. AWS's rules are
//! elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::call::iam::LastUsed;
use crate::call::s3::{BucketEncryption, LifecycleRule, PublicAccessBlock};
use crate::value::{SharedValue, Tags};

/// The common parts of users, roles and groups: a path, and policies. In IAM a group has neither
/// boundary nor tags; those of its record are empty.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct IdentityRecord {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) path: String,
    pub(super) created: String,
    pub(super) boundary: Option<String>,
    pub(super) tags: Tags,
    /// The ARNs of the attached managed policies.
    pub(super) attached: BTreeSet<String>,
    pub(super) inline: BTreeMap<String, SharedValue>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct UserRecord {
    #[serde(flatten)]
    pub(super) identity: IdentityRecord,
    pub(super) keys: BTreeMap<String, KeyRecord>,
    #[serde(default, rename = "belongings")]
    pub(super) dependents: DependentsRecord,
}

/// The objects of a user besides policies, keys and groups.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct DependentsRecord {
    pub(super) login_profile: bool,
    /// The serial numbers of the MFA devices.
    pub(super) mfa_devices: BTreeSet<String>,
    pub(super) ssh_keys: BTreeSet<String>,
    pub(super) certificates: BTreeSet<String>,
    pub(super) service_credentials: BTreeSet<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeyRecord {
    pub(super) status: String,
    pub(super) created: String,
    /// The SHA-256 of the secret, in hexadecimal.
    pub(super) secret_sha256: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) used: Option<LastUsed>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RoleRecord {
    #[serde(flatten)]
    pub(super) identity: IdentityRecord,
    pub(super) description: String,
    pub(super) max_session_duration: i64,
    /// The trust policy, which names this account's users and roles by their unique ids, as IAM
    /// keeps it.
    pub(super) trust: SharedValue,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "StoredGroup")]
pub(super) struct GroupRecord {
    #[serde(flatten)]
    pub(super) identity: IdentityRecord,
    /// The names of the users in the group.
    pub(super) members: BTreeSet<String>,
}

/// A group as a file has it. Older files have only members and attached policies:
/// [`super::account::Account::complete`] adds the rest.
#[derive(Default, Deserialize)]
#[serde(default)]
struct StoredGroup {
    name: String,
    id: String,
    path: String,
    created: String,
    members: BTreeSet<String>,
    attached: BTreeSet<String>,
    inline: BTreeMap<String, SharedValue>,
}

impl From<StoredGroup> for GroupRecord {
    fn from(stored: StoredGroup) -> Self {
        let StoredGroup { name, id, path, created, members, attached, inline } = stored;
        Self {
            identity: IdentityRecord {
                name,
                id,
                path,
                created,
                attached,
                inline,
                ..IdentityRecord::default()
            },
            members,
        }
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "StoredInstanceProfile")]
pub(super) struct InstanceProfileRecord {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) path: String,
    pub(super) created: String,
    pub(super) tags: Tags,
    pub(super) role: Option<String>,
}

/// An instance profile as a file has it. Older files have only the names of its roles:
/// [`super::account::Account::complete`] adds the rest.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredInstanceProfile {
    Whole {
        name: String,
        id: String,
        path: String,
        created: String,
        tags: Tags,
        role: Option<String>,
    },
    Roles(BTreeSet<String>),
}

impl From<StoredInstanceProfile> for InstanceProfileRecord {
    fn from(stored: StoredInstanceProfile) -> Self {
        match stored {
            StoredInstanceProfile::Whole { name, id, path, created, tags, role } => {
                Self { name, id, path, created, tags, role }
            }
            StoredInstanceProfile::Roles(roles) => {
                Self { role: roles.into_iter().next(), ..Self::default() }
            }
        }
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct OidcProviderRecord {
    /// The address without `https://`.
    pub(super) url: String,
    pub(super) created: String,
    pub(super) client_ids: Vec<String>,
    pub(super) thumbprints: Vec<String>,
    pub(super) tags: Tags,
}

/// A managed policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct PolicyRecord {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) path: String,
    pub(super) created: String,
    pub(super) description: String,
    pub(super) tags: Tags,
    pub(super) default_version: u32,
    /// The number of the last version: a number is never given twice.
    pub(super) last_version: u32,
    pub(super) versions: BTreeMap<u32, VersionRecord>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct VersionRecord {
    pub(super) created: String,
    pub(super) document: SharedValue,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct BucketRecord {
    pub(super) region: String,
    pub(super) created: String,
    pub(super) tags: Tags,
    /// The status of versioning: `Enabled`, `Suspended`, or "" if it was never set.
    pub(super) versioning: String,
    pub(super) encryption: BucketEncryption,
    pub(super) public_access_block: PublicAccessBlock,
    pub(super) ownership: String,
    /// The bucket policy, which names this account's users and roles by their unique ids, as S3
    /// keeps it.
    pub(super) policy: Option<SharedValue>,
    pub(super) lifecycle: Vec<LifecycleRule>,
    pub(super) objects: Vec<ObjectRecord>,
}

/// One version of an object, or a delete marker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ObjectRecord {
    pub(super) key: String,
    pub(super) marker: bool,
    /// True if it was written while versioning was not enabled: S3's version `null`, of which a key
    /// has one.
    pub(super) null_version: bool,
}
