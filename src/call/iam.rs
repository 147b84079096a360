//! The calls of IAM. Documents travel as JSON values; the edges encode them as AWS wants them.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::value::{Shared, Tags};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum IamRead {
    /// Everything of these types at once: the first page, or all that follow after the marker of an earlier answer.
    GetAccountAuthorizationDetails {
        filter: BTreeSet<EntityType>,
        marker: Option<String>,
    },
    /// How many users, roles, groups and policies there are.
    GetAccountSummary,
    /// All pages. Has the descriptions and session lengths that the sweep lacks; has no tags, no boundary.
    ListRoles,
    GetUser {
        user: String,
    },
    ListAttachedUserPolicies {
        user: String,
    },
    ListUserPolicies {
        user: String,
    },
    GetUserPolicy {
        user: String,
        policy: String,
    },
    ListAccessKeys {
        user: String,
    },
    /// AWS asks for the key alone; whose it is decides who may ask.
    GetAccessKeyLastUsed {
        user: String,
        id: String,
    },
    ListGroupsForUser {
        user: String,
    },
    GetRole {
        role: String,
    },
    ListAttachedRolePolicies {
        role: String,
    },
    ListRolePolicies {
        role: String,
    },
    GetRolePolicy {
        role: String,
        policy: String,
    },
    /// Has tags and description, which the sweep does not reliably have.
    GetPolicy {
        arn: String,
    },
    GetPolicyVersion {
        arn: String,
        version: String,
    },
    /// Without documents.
    ListPolicyVersions {
        arn: String,
    },
    /// NoSuchEntity where the user has no password.
    GetLoginProfile {
        user: String,
    },
    /// Their serial numbers: a virtual device's is its ARN.
    ListMFADevices {
        user: String,
    },
    ListSSHPublicKeys {
        user: String,
    },
    ListSigningCertificates {
        user: String,
    },
    ListServiceSpecificCredentials {
        user: String,
    },
    ListInstanceProfilesForRole {
        role: String,
    },
    /// What a policy is attached to, or what it is the boundary of, or both.
    ListEntitiesForPolicy {
        arn: String,
        usage: PolicyUsage,
    },
}

/// `Filter` of GetAccountAuthorizationDetails. Without `AWSManagedPolicy`: AWS's own, more than a thousand, are no one's to
/// change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EntityType {
    User,
    Role,
    Group,
    LocalManagedPolicy,
}

impl EntityType {
    pub const ALL: [Self; 4] = [Self::User, Self::Role, Self::Group, Self::LocalManagedPolicy];
}

/// How a policy is used: `PolicyUsageFilter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PolicyUsage {
    /// No filter: either.
    Any,
    PermissionsPolicy,
    PermissionsBoundary,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum IamWrite {
    CreateUser {
        user: String,
        path: String,
        boundary: Option<String>,
        tags: Tags,
    },
    /// UpdateUser with NewPath: a user's path changes in place.
    UpdateUser {
        user: String,
        path: String,
    },
    DeleteUser {
        user: String,
    },
    TagUser {
        user: String,
        tags: Tags,
    },
    UntagUser {
        user: String,
        keys: Vec<String>,
    },
    PutUserPermissionsBoundary {
        user: String,
        arn: String,
    },
    DeleteUserPermissionsBoundary {
        user: String,
    },
    AttachUserPolicy {
        user: String,
        arn: String,
    },
    DetachUserPolicy {
        user: String,
        arn: String,
    },
    PutUserPolicy {
        user: String,
        policy: String,
        document: Shared,
    },
    DeleteUserPolicy {
        user: String,
        policy: String,
    },
    /// Never retried by the edge: a lost answer is an orphan key.
    CreateAccessKey {
        user: String,
    },
    DeleteAccessKey {
        user: String,
        id: String,
    },
    /// Activates or deactivates a key.
    UpdateAccessKey {
        user: String,
        id: String,
        active: bool,
    },
    CreateRole {
        role: String,
        path: String,
        description: Option<String>,
        max_session_duration: Option<i64>,
        trust: Shared,
        boundary: Option<String>,
        tags: Tags,
    },
    /// Both are always sent: UpdateRole without a description would leave it, "" clears it.
    UpdateRole {
        role: String,
        description: String,
        max_session_duration: i64,
    },
    UpdateAssumeRolePolicy {
        role: String,
        trust: Shared,
    },
    DeleteRole {
        role: String,
    },
    TagRole {
        role: String,
        tags: Tags,
    },
    UntagRole {
        role: String,
        keys: Vec<String>,
    },
    PutRolePermissionsBoundary {
        role: String,
        arn: String,
    },
    DeleteRolePermissionsBoundary {
        role: String,
    },
    AttachRolePolicy {
        role: String,
        arn: String,
    },
    DetachRolePolicy {
        role: String,
        arn: String,
    },
    PutRolePolicy {
        role: String,
        policy: String,
        document: Shared,
    },
    DeleteRolePolicy {
        role: String,
        policy: String,
    },
    CreatePolicy {
        policy: String,
        path: String,
        description: Option<String>,
        document: Shared,
        tags: Tags,
    },
    /// Made the default at once.
    CreatePolicyVersion {
        arn: String,
        document: Shared,
    },
    DeletePolicyVersion {
        arn: String,
        version: String,
    },
    DeletePolicy {
        arn: String,
    },
    TagPolicy {
        arn: String,
        tags: Tags,
    },
    UntagPolicy {
        arn: String,
        keys: Vec<String>,
    },
    DeleteLoginProfile {
        user: String,
    },
    DeactivateMFADevice {
        user: String,
        serial: String,
    },
    DeleteVirtualMFADevice {
        serial: String,
    },
    DeleteSSHPublicKey {
        user: String,
        id: String,
    },
    DeleteSigningCertificate {
        user: String,
        id: String,
    },
    DeleteServiceSpecificCredential {
        user: String,
        id: String,
    },
    RemoveUserFromGroup {
        user: String,
        group: String,
    },
    RemoveRoleFromInstanceProfile {
        role: String,
        profile: String,
    },
    AttachGroupPolicy {
        group: String,
        arn: String,
    },
    DetachGroupPolicy {
        group: String,
        arn: String,
    },
    PutGroupPolicy {
        group: String,
        policy: String,
        document: Shared,
    },
    DeleteGroupPolicy {
        group: String,
        policy: String,
    },
}

#[derive(Clone, Debug)]
pub enum IamReply {
    AuthorizationDetails(AuthorizationDetails),
    AccountSummary(AccountSummary),
    Roles(Vec<Role>),
    User(User),
    Role(Role),
    Policy(Policy),
    PolicyVersion(PolicyVersion),
    PolicyVersions(Vec<PolicyVersion>),
    /// ListAttachedUserPolicies, ListAttachedRolePolicies: ARNs.
    Attached(Vec<String>),
    /// ListUserPolicies, ListRolePolicies, and the lists of what else hangs on a user or a role: names or ids.
    Names(Vec<String>),
    /// ListEntitiesForPolicy.
    /// GetLoginProfile: there is one.
    LoginProfile,
    /// GetUserPolicy, GetRolePolicy.
    Document(Shared),
    AccessKeys(Vec<AccessKey>),
    /// GetAccessKeyLastUsed; none for a key that was never used.
    LastUsed(Option<LastUsed>),
    Entities(Entities),
    /// CreateAccessKey. Debug shows no secret (`secrecy`).
    NewAccessKey {
        id: String,
        secret: SecretString,
    },
}

/// The names of what uses a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entities {
    pub users: Vec<String>,
    pub roles: Vec<String>,
    pub groups: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub struct AuthorizationDetails {
    pub users: Vec<UserDetail>,
    pub roles: Vec<RoleDetail>,
    pub groups: Vec<GroupDetail>,
    pub policies: Vec<PolicyDetail>,
    /// There is more: what to ask for it with.
    pub marker: Option<String>,
    /// How many pages it took.
    pub pages: usize,
}

/// GetAccountSummary, by type.
pub type AccountSummary = BTreeMap<EntityType, u64>;

/// GetUser.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct User {
    pub name: String,
    /// `AIDA…`, never used again after the user is deleted.
    pub id: String,
    pub arn: String,
    pub path: String,
    pub boundary: Option<String>,
    pub tags: Tags,
}

/// GetRole; from ListRoles without tags and boundary.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Role {
    pub name: String,
    /// `AROA…`
    pub id: String,
    pub arn: String,
    pub path: String,
    pub description: String,
    pub max_session_duration: i64,
    pub trust: Shared,
    pub boundary: Option<String>,
    pub tags: Tags,
}

/// GetPolicy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    pub name: String,
    /// `ANPA…`
    pub id: String,
    pub arn: String,
    pub path: String,
    pub description: String,
    pub default_version: String,
    pub tags: Tags,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyVersion {
    /// `v1`, `v2` …; never reused.
    pub id: String,
    pub is_default: bool,
    pub document: Option<Shared>,
}

/// One inline policy: its name and document.
#[derive(Clone, Debug, PartialEq)]
pub struct Inline {
    pub name: String,
    pub document: Shared,
}

/// A user in the sweep: everything GetUser has, and what hangs on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserDetail {
    pub user: User,
    pub attached: Vec<String>,
    pub inline: Vec<Inline>,
    pub groups: Vec<String>,
}

/// A role in the sweep; its description and session length are not there (0 and "").
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoleDetail {
    pub role: Role,
    pub attached: Vec<String>,
    pub inline: Vec<Inline>,
}

/// A group in the sweep: its name, and the ARNs of what is attached to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupDetail {
    pub name: String,
    pub attached: Vec<String>,
}

/// A policy in the sweep; its tags are not there, its description not reliably.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyDetail {
    pub policy: Policy,
    pub versions: Vec<PolicyVersion>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessKey {
    pub id: String,
    /// `Active` or `Inactive`.
    pub status: String,
    /// RFC 3339.
    pub created: String,
}

/// When a key was last used to sign a request, and what it asked. Of several requests within 15 minutes only the first is
/// recorded, says the page of the credential report, which gives the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastUsed {
    /// RFC 3339.
    pub at: String,
    pub service: String,
    pub region: String,
}

impl IamRead {
    pub fn action(&self) -> &'static str {
        match self {
            Self::GetAccountAuthorizationDetails { .. } => "iam:GetAccountAuthorizationDetails",
            Self::GetAccountSummary => "iam:GetAccountSummary",
            Self::ListRoles => "iam:ListRoles",
            Self::GetUser { .. } => "iam:GetUser",
            Self::ListAttachedUserPolicies { .. } => "iam:ListAttachedUserPolicies",
            Self::ListUserPolicies { .. } => "iam:ListUserPolicies",
            Self::GetUserPolicy { .. } => "iam:GetUserPolicy",
            Self::ListAccessKeys { .. } => "iam:ListAccessKeys",
            Self::GetAccessKeyLastUsed { .. } => "iam:GetAccessKeyLastUsed",
            Self::ListGroupsForUser { .. } => "iam:ListGroupsForUser",
            Self::GetRole { .. } => "iam:GetRole",
            Self::ListAttachedRolePolicies { .. } => "iam:ListAttachedRolePolicies",
            Self::ListRolePolicies { .. } => "iam:ListRolePolicies",
            Self::GetRolePolicy { .. } => "iam:GetRolePolicy",
            Self::GetPolicy { .. } => "iam:GetPolicy",
            Self::GetPolicyVersion { .. } => "iam:GetPolicyVersion",
            Self::ListPolicyVersions { .. } => "iam:ListPolicyVersions",
            Self::GetLoginProfile { .. } => "iam:GetLoginProfile",
            Self::ListMFADevices { .. } => "iam:ListMFADevices",
            Self::ListSSHPublicKeys { .. } => "iam:ListSSHPublicKeys",
            Self::ListSigningCertificates { .. } => "iam:ListSigningCertificates",
            Self::ListServiceSpecificCredentials { .. } => "iam:ListServiceSpecificCredentials",
            Self::ListInstanceProfilesForRole { .. } => "iam:ListInstanceProfilesForRole",
            Self::ListEntitiesForPolicy { .. } => "iam:ListEntitiesForPolicy",
        }
    }
}

impl IamWrite {
    pub fn action(&self) -> &'static str {
        match self {
            Self::CreateUser { .. } => "iam:CreateUser",
            Self::UpdateUser { .. } => "iam:UpdateUser",
            Self::DeleteUser { .. } => "iam:DeleteUser",
            Self::TagUser { .. } => "iam:TagUser",
            Self::UntagUser { .. } => "iam:UntagUser",
            Self::PutUserPermissionsBoundary { .. } => "iam:PutUserPermissionsBoundary",
            Self::DeleteUserPermissionsBoundary { .. } => "iam:DeleteUserPermissionsBoundary",
            Self::AttachUserPolicy { .. } => "iam:AttachUserPolicy",
            Self::DetachUserPolicy { .. } => "iam:DetachUserPolicy",
            Self::PutUserPolicy { .. } => "iam:PutUserPolicy",
            Self::DeleteUserPolicy { .. } => "iam:DeleteUserPolicy",
            Self::CreateAccessKey { .. } => "iam:CreateAccessKey",
            Self::DeleteAccessKey { .. } => "iam:DeleteAccessKey",
            Self::UpdateAccessKey { .. } => "iam:UpdateAccessKey",
            Self::CreateRole { .. } => "iam:CreateRole",
            Self::UpdateRole { .. } => "iam:UpdateRole",
            Self::UpdateAssumeRolePolicy { .. } => "iam:UpdateAssumeRolePolicy",
            Self::DeleteRole { .. } => "iam:DeleteRole",
            Self::TagRole { .. } => "iam:TagRole",
            Self::UntagRole { .. } => "iam:UntagRole",
            Self::PutRolePermissionsBoundary { .. } => "iam:PutRolePermissionsBoundary",
            Self::DeleteRolePermissionsBoundary { .. } => "iam:DeleteRolePermissionsBoundary",
            Self::AttachRolePolicy { .. } => "iam:AttachRolePolicy",
            Self::DetachRolePolicy { .. } => "iam:DetachRolePolicy",
            Self::PutRolePolicy { .. } => "iam:PutRolePolicy",
            Self::DeleteRolePolicy { .. } => "iam:DeleteRolePolicy",
            Self::CreatePolicy { .. } => "iam:CreatePolicy",
            Self::CreatePolicyVersion { .. } => "iam:CreatePolicyVersion",
            Self::DeletePolicyVersion { .. } => "iam:DeletePolicyVersion",
            Self::DeletePolicy { .. } => "iam:DeletePolicy",
            Self::TagPolicy { .. } => "iam:TagPolicy",
            Self::UntagPolicy { .. } => "iam:UntagPolicy",
            Self::DeleteLoginProfile { .. } => "iam:DeleteLoginProfile",
            Self::DeactivateMFADevice { .. } => "iam:DeactivateMFADevice",
            Self::DeleteVirtualMFADevice { .. } => "iam:DeleteVirtualMFADevice",
            Self::DeleteSSHPublicKey { .. } => "iam:DeleteSSHPublicKey",
            Self::DeleteSigningCertificate { .. } => "iam:DeleteSigningCertificate",
            Self::DeleteServiceSpecificCredential { .. } => "iam:DeleteServiceSpecificCredential",
            Self::RemoveUserFromGroup { .. } => "iam:RemoveUserFromGroup",
            Self::RemoveRoleFromInstanceProfile { .. } => "iam:RemoveRoleFromInstanceProfile",
            Self::AttachGroupPolicy { .. } => "iam:AttachGroupPolicy",
            Self::DetachGroupPolicy { .. } => "iam:DetachGroupPolicy",
            Self::PutGroupPolicy { .. } => "iam:PutGroupPolicy",
            Self::DeleteGroupPolicy { .. } => "iam:DeleteGroupPolicy",
        }
    }

    /// What it is done to, for a list of calls: `serverless`, `serverless <- arn:…`, `serverless/inline-name`.
    pub fn object(&self) -> String {
        match self {
            Self::CreateUser { user: name, .. }
            | Self::UpdateUser { user: name, .. }
            | Self::DeleteUser { user: name }
            | Self::DeleteLoginProfile { user: name }
            | Self::DeleteVirtualMFADevice { serial: name }
            | Self::TagUser { user: name, .. }
            | Self::UntagUser { user: name, .. }
            | Self::DeleteUserPermissionsBoundary { user: name }
            | Self::CreateAccessKey { user: name }
            | Self::CreateRole { role: name, .. }
            | Self::UpdateRole { role: name, .. }
            | Self::UpdateAssumeRolePolicy { role: name, .. }
            | Self::DeleteRole { role: name }
            | Self::TagRole { role: name, .. }
            | Self::UntagRole { role: name, .. }
            | Self::DeleteRolePermissionsBoundary { role: name }
            | Self::CreatePolicy { policy: name, .. }
            | Self::CreatePolicyVersion { arn: name, .. }
            | Self::DeletePolicy { arn: name }
            | Self::TagPolicy { arn: name, .. }
            | Self::UntagPolicy { arn: name, .. } => name.clone(),
            Self::AttachUserPolicy { user: name, arn }
            | Self::DetachUserPolicy { user: name, arn }
            | Self::PutUserPermissionsBoundary { user: name, arn }
            | Self::AttachRolePolicy { role: name, arn }
            | Self::DetachRolePolicy { role: name, arn }
            | Self::PutRolePermissionsBoundary { role: name, arn }
            | Self::AttachGroupPolicy { group: name, arn }
            | Self::DetachGroupPolicy { group: name, arn } => format!("{name} <- {arn}"),
            Self::PutUserPolicy { user: name, policy: part, .. }
            | Self::DeleteUserPolicy { user: name, policy: part }
            | Self::PutRolePolicy { role: name, policy: part, .. }
            | Self::DeleteRolePolicy { role: name, policy: part }
            | Self::PutGroupPolicy { group: name, policy: part, .. }
            | Self::DeleteGroupPolicy { group: name, policy: part }
            | Self::DeactivateMFADevice { user: name, serial: part }
            | Self::DeleteSSHPublicKey { user: name, id: part }
            | Self::DeleteSigningCertificate { user: name, id: part }
            | Self::DeleteServiceSpecificCredential { user: name, id: part }
            | Self::RemoveUserFromGroup { user: name, group: part }
            | Self::RemoveRoleFromInstanceProfile { role: name, profile: part }
            | Self::DeleteAccessKey { user: name, id: part }
            | Self::UpdateAccessKey { user: name, id: part, .. } => format!("{name}/{part}"),
            Self::DeletePolicyVersion { arn, version } => format!("{arn} {version}"),
        }
    }
}
