//! Which IAM permissions each call takes: action, resource, and what the request tells that a
//! condition can ask for.
//!
//! The rows of the tables say it, from the pages of the operations in the IAM and S3 API
//! references; a test holds all of it against the Service Authorization Reference.

use std::collections::BTreeMap;

use super::{BucketRef, Read, Write};
use crate::address::{Principal, PrincipalKind};
use crate::value::Tags;

/// One action on one resource that the caller must be allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    pub action: &'static str,
    /// An ARN, or `*` for an action that is about no single resource.
    pub resource: String,
    /// Condition keys that the call itself decides: `iam:PolicyARN` of an attachment. Circumstances
    /// (who, when, the tags of the resource) are the request's.
    pub context: BTreeMap<String, Vec<String>>,
}

/// What the permission for a call is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// Something on this machine, which takes no permission.
    Local,
    /// All of the account: the action takes no resource.
    Account,
    /// All buckets, asked for in this region.
    Buckets {
        region: &'a str,
    },
    Bucket(&'a BucketRef),
    /// Where it is now.
    Principal(PrincipalKind, &'a str),
    /// Where it will be. `kind` is the word in its ARN.
    At {
        kind: &'static str,
        path: &'a str,
        name: &'a str,
    },
    Arn(&'a str),
}

/// Where things are: calls name users, roles and groups without the path that is part of their
/// ARNs.
#[derive(Clone, Debug, Default)]
pub struct PrincipalPaths {
    pub partition: String,
    pub account: String,
    /// One that is not here is looked for at `/`, as IAM does for one that doesn't exist.
    pub paths: BTreeMap<Principal, String>,
}

impl Read {
    /// All that the caller needs for it. None for local files, and for sts:GetCallerIdentity, which
    /// AWS answers even to those whom a policy denies it.
    pub fn permissions(&self, places: &PrincipalPaths) -> Vec<Permission> {
        match self {
            Self::Iam(read) => read.permissions(places),
            Self::S3(read) => read.permissions(places),
            Self::File(read) => read.permissions(places),
            Self::CallerIdentity | Self::Clock => Vec::new(),
        }
    }
}

impl Write {
    pub fn permissions(&self, places: &PrincipalPaths) -> Vec<Permission> {
        match self {
            Self::Iam(write) => write.permissions(places),
            Self::S3(write) => write.permissions(places),
            Self::File(write) => write.permissions(places),
            Self::ProveKey { .. } => Vec::new(),
        }
    }
}

impl<'a> Target<'a> {
    pub(super) fn user(name: &'a str) -> Self {
        Self::Principal(PrincipalKind::User, name)
    }

    pub(super) fn role(name: &'a str) -> Self {
        Self::Principal(PrincipalKind::Role, name)
    }

    pub(super) fn group(name: &'a str) -> Self {
        Self::Principal(PrincipalKind::Group, name)
    }

    /// A user, role or group that is made at this path, or moved to it.
    pub(super) fn principal_at(kind: PrincipalKind, path: &'a str, name: &'a str) -> Self {
        Self::At { kind: kind.as_str(), path, name }
    }

    /// Instance profiles are named without their paths, which nothing here tells.
    pub(super) fn instance_profile(name: &'a str) -> Self {
        Self::At { kind: "instance-profile", path: "/", name }
    }

    /// The region in which it is asked for, of what is in one.
    pub fn region(self) -> &'a str {
        match self {
            Self::Buckets { region } => region,
            Self::Bucket(bucket) => &bucket.region,
            Self::Local | Self::Account | Self::Principal(..) | Self::At { .. } | Self::Arn(_) => {
                ""
            }
        }
    }

    /// The bucket that it is; none: all of them, or something else.
    pub fn bucket(self) -> Option<&'a BucketRef> {
        match self {
            Self::Bucket(bucket) => Some(bucket),
            Self::Local
            | Self::Account
            | Self::Buckets { .. }
            | Self::Principal(..)
            | Self::At { .. }
            | Self::Arn(_) => None,
        }
    }

    pub(super) fn permission(
        self,
        action: &'static str,
        places: &PrincipalPaths,
    ) -> Option<Permission> {
        let resource = match self {
            Self::Local => return None,
            Self::Account | Self::Buckets { .. } => "*".to_owned(),
            Self::Bucket(bucket) => format!("arn:{}:s3:::{}", places.partition, bucket.name),
            Self::Principal(kind, name) => {
                let path = places.paths.get(&Principal::new(kind, name));
                places.iam(kind.as_str(), path.map_or("/", String::as_str), name)
            }
            Self::At { kind, path, name } => places.iam(kind, path, name),
            Self::Arn(arn) => arn.to_owned(),
        };
        Some(Permission { action, resource, context: BTreeMap::new() })
    }
}

/// What the rows of the tables add to a permission.
impl Permission {
    /// A condition key of the request, with the value that the call gives it.
    pub(super) fn key(mut self, key: &str, value: &str) -> Self {
        self.context.insert(key.to_owned(), vec![value.to_owned()]);
        self
    }

    /// The policy that is attached or detached.
    pub(super) fn policy(self, arn: &str) -> Self {
        self.key("iam:PolicyARN", arn)
    }

    /// The boundary that is set, if one is.
    pub(super) fn bounded(self, boundary: Option<&str>) -> Self {
        match boundary {
            Some(arn) => self.key("iam:PermissionsBoundary", arn),
            None => self,
        }
    }

    pub(super) fn tagging(mut self, tags: &Tags) -> Self {
        let values =
            tags.iter().map(|(key, value)| (format!("aws:RequestTag/{key}"), vec![value.clone()]));
        self.context.extend(values);
        self.tag_keys(tags.keys())
    }

    pub(super) fn tag_keys<'k>(mut self, keys: impl IntoIterator<Item = &'k String>) -> Self {
        self.context.insert("aws:TagKeys".to_owned(), keys.into_iter().cloned().collect());
        self
    }

    /// A create that sets tags needs the action that sets them, too.
    pub(super) fn tagged(self, action: &'static str, tags: &Tags) -> Vec<Self> {
        if tags.is_empty() {
            return vec![self];
        }
        let tagging = self.also(action).tagging(tags);
        vec![self.tagging(tags), tagging]
    }

    /// Another action on the same resource.
    pub(super) fn also(&self, action: &'static str) -> Self {
        Self { action, resource: self.resource.clone(), context: BTreeMap::new() }
    }

    /// Another action on everything in the bucket.
    pub(super) fn on_objects(&self, action: &'static str) -> Self {
        Self { action, resource: format!("{}/*", self.resource), context: BTreeMap::new() }
    }
}

/// The same action on what is moved, and where it is moved to.
pub(super) fn both(mut here: Vec<Permission>, there: Option<Permission>) -> Vec<Permission> {
    here.extend(there);
    here.dedup();
    here
}

impl From<Permission> for Vec<Permission> {
    fn from(permission: Permission) -> Self {
        vec![permission]
    }
}

impl PrincipalPaths {
    /// `path` begins and ends with a slash.
    fn iam(&self, kind: &str, path: &str, name: &str) -> String {
        format!("arn:{}:iam::{}:{kind}{path}{name}", self.partition, self.account)
    }
}

#[cfg(test)]
mod tests;
