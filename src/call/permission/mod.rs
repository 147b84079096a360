//! The IAM permissions that each call takes: action, resource, and the condition keys of the
//! request.
//!
//! The rows of the tables name them, from the pages of the operations in the IAM and S3 API
//! references; a test compares all of them with the Service Authorization Reference.

use std::collections::BTreeMap;

use super::{BucketRef, Read, Write};
use crate::address::{Address, KindName, PrincipalKind};
use crate::value::Tags;

/// One action on one resource that the caller must be allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    pub action: &'static str,
    /// An ARN, or `*` for an action that has no single resource.
    pub resource: String,
    /// The condition keys whose values the call itself decides: `iam:PolicyARN` of an attachment.
    /// The other keys (the caller, the time, the tags of the resource) are the request's.
    pub context: BTreeMap<String, Vec<String>>,
}

/// The target of a call's permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// A file or command on this machine, which takes no permission.
    Local,
    /// The whole account: the action takes no resource.
    Account,
    /// All buckets, listed in this region.
    Buckets {
        region: &'a str,
    },
    Bucket(&'a BucketRef),
    /// An object of IAM at its current path.
    Named(KindName, &'a str),
    /// An object at the path that it will have. `kind` is the word in its ARN.
    At {
        kind: &'static str,
        path: &'a str,
        name: &'a str,
    },
    Arn(&'a str),
}

/// The paths of IAM's objects: the paths are part of their ARNs, but calls name the objects without
/// them.
#[derive(Clone, Debug, Default)]
pub struct ObjectPaths {
    pub partition: String,
    pub account: String,
    /// The paths by kind and name. An object that is missing here has the path `/`, as IAM assumes
    /// for one that doesn't exist.
    pub paths: BTreeMap<Address, String>,
}

impl Read {
    /// Returns all permissions that the caller needs for this read. It needs none for local files,
    /// and none for sts:GetCallerIdentity, which AWS answers even if a policy denies it.
    pub fn permissions(&self, places: &ObjectPaths) -> Vec<Permission> {
        match self {
            Self::Iam(read) => read.permissions(places),
            Self::S3(read) => read.permissions(places),
            Self::File(read) => read.permissions(places),
            Self::CallerIdentity | Self::Clock => Vec::new(),
        }
    }
}

impl Write {
    pub fn permissions(&self, places: &ObjectPaths) -> Vec<Permission> {
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
        Self::Named(KindName::USER, name)
    }

    pub(super) fn role(name: &'a str) -> Self {
        Self::Named(KindName::ROLE, name)
    }

    pub(super) fn group(name: &'a str) -> Self {
        Self::Named(KindName::GROUP, name)
    }

    /// Returns the target of a user, role or group that is made at this path, or moved to it.
    pub(super) fn principal_at(kind: PrincipalKind, path: &'a str, name: &'a str) -> Self {
        Self::At { kind: kind.as_str(), path, name }
    }

    pub(super) fn instance_profile(name: &'a str) -> Self {
        Self::Named(KindName::InstanceProfile, name)
    }

    /// Returns the region in which the call is made; empty if the target is in none.
    pub fn region(self) -> &'a str {
        match self {
            Self::Buckets { region } => region,
            Self::Bucket(bucket) => &bucket.region,
            Self::Local | Self::Account | Self::Named(..) | Self::At { .. } | Self::Arn(_) => "",
        }
    }

    /// Returns the target's bucket; `None` for all buckets, and for other targets.
    pub fn bucket(self) -> Option<&'a BucketRef> {
        match self {
            Self::Bucket(bucket) => Some(bucket),
            Self::Local
            | Self::Account
            | Self::Buckets { .. }
            | Self::Named(..)
            | Self::At { .. }
            | Self::Arn(_) => None,
        }
    }

    pub(super) fn permission(
        self,
        action: &'static str,
        places: &ObjectPaths,
    ) -> Option<Permission> {
        let resource = match self {
            Self::Local => return None,
            Self::Account | Self::Buckets { .. } => "*".to_owned(),
            Self::Bucket(bucket) => format!("arn:{}:s3:::{}", places.partition, bucket.name),
            Self::Named(kind, name) => {
                let path = places.paths.get(&Address::new(kind, name));
                places.iam(kind.arn_word(), path.map_or("/", String::as_str), name)
            }
            Self::At { kind, path, name } => places.iam(kind, path, name),
            Self::Arn(arn) => arn.to_owned(),
        };
        Some(Permission { action, resource, context: BTreeMap::new() })
    }
}

/// The parts that the rows of the tables add to a permission.
impl Permission {
    /// Adds a condition key of the request, with the value that the call gives it.
    pub(super) fn key(mut self, key: &str, value: &str) -> Self {
        self.context.insert(key.to_owned(), vec![value.to_owned()]);
        self
    }

    /// Adds the policy that is attached or detached.
    pub(super) fn policy(self, arn: &str) -> Self {
        self.key("iam:PolicyARN", arn)
    }

    /// Adds the boundary, if the call sets one.
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

    /// Adds the action that sets tags, which a create with tags needs, too.
    pub(super) fn tagged(self, action: &'static str, tags: &Tags) -> Vec<Self> {
        if tags.is_empty() {
            return vec![self];
        }
        let tagging = self.also(action).tagging(tags);
        vec![self.tagging(tags), tagging]
    }

    /// Returns another action on the same resource.
    pub(super) fn also(&self, action: &'static str) -> Self {
        Self { action, resource: self.resource.clone(), context: BTreeMap::new() }
    }

    /// Returns another action on all objects in the bucket.
    pub(super) fn on_objects(&self, action: &'static str) -> Self {
        Self { action, resource: format!("{}/*", self.resource), context: BTreeMap::new() }
    }
}

/// Adds the same action on the path to which the object is moved.
pub(super) fn join_permissions(
    mut here: Vec<Permission>,
    there: Option<Permission>,
) -> Vec<Permission> {
    here.extend(there);
    here.dedup();
    here
}

impl From<Permission> for Vec<Permission> {
    fn from(permission: Permission) -> Self {
        vec![permission]
    }
}

impl ObjectPaths {
    /// Returns an ARN. `path` begins and ends with a slash.
    fn iam(&self, kind: &str, path: &str, name: &str) -> String {
        format!("arn:{}:iam::{}:{kind}{path}{name}", self.partition, self.account)
    }
}

#[cfg(test)]
mod tests;
