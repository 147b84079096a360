//! Which IAM permissions each call takes: action, resource, and what the request tells that a condition can ask for.
//!
//! From the pages of the operations in the IAM and S3 API references; a test holds all of it against the Service
//! Authorization Reference.

use std::collections::BTreeMap;

use super::{BucketRef, FileRead, FileWrite, IamRead, IamWrite, Read, S3Read, S3Write, Write};
use crate::value::Tags;

/// One action on one resource that the caller must be allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    pub action: &'static str,
    /// An ARN, or `*` for an action that is about no single resource.
    pub resource: String,
    /// Condition keys that the call itself decides: `iam:PolicyARN` of an attachment. Circumstances (who, when, the tags
    /// of the resource) are the request's.
    pub context: BTreeMap<String, Vec<String>>,
}

/// Where things are: calls name users and roles without the path that is part of their ARNs.
#[derive(Clone, Debug, Default)]
pub struct Places {
    pub partition: String,
    pub account: String,
    /// Paths by name. One that is not here is looked for at `/`, as IAM does for one that doesn't exist.
    pub users: BTreeMap<String, String>,
    pub roles: BTreeMap<String, String>,
}

impl Read {
    /// All that the caller needs for it. None for local files, and for sts:GetCallerIdentity, which AWS answers even to
    /// those whom a policy denies it.
    pub fn permissions(&self, places: &Places) -> Vec<Permission> {
        match self {
            Self::Iam(read) => vec![read.permission(places)],
            Self::S3(read) => vec![read.permission(places)],
            Self::CallerIdentity
            | Self::Clock
            | Self::File(
                FileRead::Credentials { .. }
                | FileRead::Profile { .. }
                | FileRead::KeyCsv { .. }
                | FileRead::KeyAge { .. }
                | FileRead::Stage { .. },
            ) => Vec::new(),
        }
    }
}

impl Write {
    pub fn permissions(&self, places: &Places) -> Vec<Permission> {
        match self {
            Self::Iam(write) => write.permissions(places),
            Self::S3(write) => write.permissions(places),
            Self::File(
                FileWrite::StoreCredentials { .. }
                | FileWrite::RemoveCredentials { .. }
                | FileWrite::SetProfile { .. }
                | FileWrite::UnsetProfile { .. }
                | FileWrite::StoreKeyCsv { .. }
                | FileWrite::RemoveKeyCsv { .. }
                | FileWrite::StoreKeyAge { .. }
                | FileWrite::RemoveKeyAge { .. }
                | FileWrite::RunCommand { .. }
                | FileWrite::SetStage { .. }
                | FileWrite::UnsetStage { .. },
            )
            | Self::ProveKey { .. } => Vec::new(),
        }
    }
}

impl IamRead {
    fn permission(&self, places: &Places) -> Permission {
        let resource = match self {
            // None takes a resource: they are about the whole account.
            Self::GetAccountAuthorizationDetails { .. } | Self::GetAccountSummary | Self::ListRoles => "*".to_owned(),
            Self::GetUser { user }
            | Self::ListAttachedUserPolicies { user }
            | Self::ListUserPolicies { user }
            | Self::GetUserPolicy { user, .. }
            | Self::ListAccessKeys { user }
            | Self::GetAccessKeyLastUsed { user, .. }
            | Self::GetLoginProfile { user }
            | Self::ListMFADevices { user }
            | Self::ListSSHPublicKeys { user }
            | Self::ListSigningCertificates { user }
            | Self::ListServiceSpecificCredentials { user }
            | Self::ListGroupsForUser { user } => places.user(user),
            Self::GetRole { role }
            | Self::ListAttachedRolePolicies { role }
            | Self::ListRolePolicies { role }
            | Self::GetRolePolicy { role, .. }
            | Self::ListInstanceProfilesForRole { role } => places.role(role),
            Self::GetPolicy { arn }
            | Self::GetPolicyVersion { arn, .. }
            | Self::ListPolicyVersions { arn }
            | Self::ListEntitiesForPolicy { arn, .. } => arn.clone(),
        };
        Permission::new(self.action(), resource)
    }
}

impl IamWrite {
    fn permissions(&self, places: &Places) -> Vec<Permission> {
        let on = |resource: String| Permission::new(self.action(), resource);
        match self {
            Self::CreateUser { user, path, boundary, tags } => {
                let arn = places.iam("user", path, user);
                with_tags(on(arn.clone()).bounded(boundary.as_deref()), "iam:TagUser", arn, tags)
            }
            // "You must have the permission on both the source object and the target object", says UpdateUser's page.
            Self::UpdateUser { user, path } => {
                let mut both = vec![on(places.user(user)), on(places.iam("user", path, user))];
                both.dedup();
                both
            }
            Self::TagUser { user, tags } => vec![on(places.user(user)).tagging(tags)],
            Self::UntagUser { user, keys } => vec![on(places.user(user)).with("aws:TagKeys", keys.clone())],
            Self::PutUserPermissionsBoundary { user, arn } => vec![on(places.user(user)).bounded(Some(arn))],
            Self::AttachUserPolicy { user, arn } | Self::DetachUserPolicy { user, arn } => {
                vec![on(places.user(user)).with("iam:PolicyARN", vec![arn.clone()])]
            }
            Self::DeleteUser { user }
            | Self::DeleteUserPermissionsBoundary { user }
            | Self::PutUserPolicy { user, .. }
            | Self::DeleteUserPolicy { user, .. }
            | Self::CreateAccessKey { user }
            | Self::DeleteAccessKey { user, .. }
            | Self::UpdateAccessKey { user, .. }
            | Self::DeleteLoginProfile { user }
            | Self::DeactivateMFADevice { user, .. }
            | Self::DeleteSSHPublicKey { user, .. }
            | Self::DeleteSigningCertificate { user, .. }
            | Self::DeleteServiceSpecificCredential { user, .. } => vec![on(places.user(user))],
            // A virtual device's serial number is its ARN.
            Self::DeleteVirtualMFADevice { serial } => vec![on(serial.clone())],
            // Groups and instance profiles are named without their paths, which nothing here tells.
            Self::RemoveUserFromGroup { group, .. }
            | Self::PutGroupPolicy { group, .. }
            | Self::DeleteGroupPolicy { group, .. } => vec![on(places.iam("group", "/", group))],
            Self::AttachGroupPolicy { group, arn } | Self::DetachGroupPolicy { group, arn } => {
                vec![on(places.iam("group", "/", group)).with("iam:PolicyARN", vec![arn.clone()])]
            }
            Self::RemoveRoleFromInstanceProfile { profile, .. } => {
                vec![on(places.iam("instance-profile", "/", profile))]
            }
            Self::CreateRole { role, path, boundary, tags, .. } => {
                let arn = places.iam("role", path, role);
                with_tags(on(arn.clone()).bounded(boundary.as_deref()), "iam:TagRole", arn, tags)
            }
            Self::TagRole { role, tags } => vec![on(places.role(role)).tagging(tags)],
            Self::UntagRole { role, keys } => vec![on(places.role(role)).with("aws:TagKeys", keys.clone())],
            Self::PutRolePermissionsBoundary { role, arn } => vec![on(places.role(role)).bounded(Some(arn))],
            Self::AttachRolePolicy { role, arn } | Self::DetachRolePolicy { role, arn } => {
                vec![on(places.role(role)).with("iam:PolicyARN", vec![arn.clone()])]
            }
            Self::UpdateRole { role, .. }
            | Self::UpdateAssumeRolePolicy { role, .. }
            | Self::DeleteRole { role }
            | Self::DeleteRolePermissionsBoundary { role }
            | Self::PutRolePolicy { role, .. }
            | Self::DeleteRolePolicy { role, .. } => vec![on(places.role(role))],
            Self::CreatePolicy { policy, path, tags, .. } => {
                let arn = places.iam("policy", path, policy);
                with_tags(on(arn.clone()), "iam:TagPolicy", arn, tags)
            }
            Self::TagPolicy { arn, tags } => vec![on(arn.clone()).tagging(tags)],
            Self::UntagPolicy { arn, keys } => vec![on(arn.clone()).with("aws:TagKeys", keys.clone())],
            Self::CreatePolicyVersion { arn, .. }
            | Self::DeletePolicyVersion { arn, .. }
            | Self::DeletePolicy { arn } => {
                vec![on(arn.clone())]
            }
        }
    }
}

/// A create that sets tags needs the action that sets them, too.
fn with_tags(create: Permission, action: &'static str, arn: String, tags: &Tags) -> Vec<Permission> {
    if tags.is_empty() {
        return vec![create];
    }
    vec![create.tagging(tags), Permission::new(action, arn).tagging(tags)]
}

impl S3Read {
    fn permission(&self, places: &Places) -> Permission {
        let permission =
            Permission::new(self.action(), self.bucket().map_or("*".to_owned(), |bucket| places.bucket(bucket)));
        match self {
            Self::ListObjectVersions(_) => permission.with("s3:max-keys", vec!["1000".to_owned()]),
            Self::HeadBucket(_)
            | Self::GetBucketTagging(_)
            | Self::GetBucketVersioning(_)
            | Self::GetBucketEncryption(_)
            | Self::GetPublicAccessBlock(_)
            | Self::GetBucketOwnershipControls(_)
            | Self::GetBucketPolicy(_)
            | Self::GetBucketLifecycle(_)
            | Self::ListBuckets { .. } => permission,
        }
    }
}

impl S3Write {
    fn permissions(&self, places: &Places) -> Vec<Permission> {
        let bucket = places.bucket(self.bucket());
        let on_bucket = Permission::new(self.action(), bucket.clone());
        match self {
            // The call says who shall own the objects, which takes a permission of its own ("Setting Object Ownership when
            // you create a bucket").
            Self::CreateBucket { bucket: BucketRef { region, .. }, ownership } => {
                let create = on_bucket
                    .with("s3:LocationConstraint", vec![region.clone()])
                    .with("s3:x-amz-object-ownership", vec![ownership.clone()]);
                vec![create, Permission::new("s3:PutBucketOwnershipControls", bucket)]
            }
            Self::EmptyBucket(_) => vec![
                Permission::new("s3:ListBucketVersions", bucket.clone()),
                Permission::new("s3:DeleteObject", format!("{bucket}/*")),
                Permission::new("s3:DeleteObjectVersion", format!("{bucket}/*")),
            ],
            Self::DeleteBucket(_)
            | Self::PutBucketTagging { .. }
            | Self::PutBucketVersioning { .. }
            | Self::PutBucketEncryption { .. }
            | Self::PutPublicAccessBlock { .. }
            | Self::PutBucketOwnershipControls { .. }
            | Self::PutBucketPolicy { .. }
            | Self::DeleteBucketPolicy(_)
            | Self::PutBucketLifecycle { .. }
            | Self::DeleteBucketLifecycle(_) => vec![on_bucket],
        }
    }
}

impl Permission {
    fn new(action: &'static str, resource: String) -> Self {
        Self { action, resource, context: BTreeMap::new() }
    }

    fn with(mut self, key: &str, values: Vec<String>) -> Self {
        self.context.insert(key.to_owned(), values);
        self
    }

    fn bounded(self, boundary: Option<&str>) -> Self {
        match boundary {
            Some(arn) => self.with("iam:PermissionsBoundary", vec![arn.to_owned()]),
            None => self,
        }
    }

    fn tagging(mut self, tags: &Tags) -> Self {
        let values = tags.iter().map(|(key, value)| (format!("aws:RequestTag/{key}"), vec![value.clone()]));
        self.context.extend(values);
        self.with("aws:TagKeys", tags.keys().cloned().collect())
    }
}

impl Places {
    fn user(&self, name: &str) -> String {
        self.iam("user", self.users.get(name).map_or("/", String::as_str), name)
    }

    fn role(&self, name: &str) -> String {
        self.iam("role", self.roles.get(name).map_or("/", String::as_str), name)
    }

    /// `path` begins and ends with a slash.
    fn iam(&self, kind: &str, path: &str, name: &str) -> String {
        format!("arn:{}:iam::{}:{kind}{path}{name}", self.partition, self.account)
    }

    fn bucket(&self, bucket: &BucketRef) -> String {
        format!("arn:{}:s3:::{}", self.partition, bucket.name)
    }
}

#[cfg(test)]
mod tests;
