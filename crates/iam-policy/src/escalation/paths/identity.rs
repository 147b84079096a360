//! Escalation paths that change the permissions of users, groups and roles.

use super::{Gain, Need, On, Path};

pub(super) const PATHS: &[Path] = &[
    Path {
        name: "escalation-create-policy-version",
        gain: Gain::Permissions,
        gives: "can write any permission into managed policies",
        needs: &[Need { any: &["iam:CreatePolicyVersion"], on: On::Policy, to: None }],
        source: "pathfinding.cloud/paths/iam-001",
    },
    Path {
        name: "escalation-set-default-policy-version",
        gain: Gain::Permissions,
        gives: "can bring back any older version of managed policies",
        needs: &[Need { any: &["iam:SetDefaultPolicyVersion"], on: On::Policy, to: None }],
        source: "rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation",
    },
    Path {
        name: "escalation-attach-user-policy",
        gain: Gain::Permissions,
        gives: "can attach any policy to users",
        needs: &[Need { any: &["iam:AttachUserPolicy"], on: On::User, to: None }],
        source: "pathfinding.cloud/paths/iam-008",
    },
    Path {
        name: "escalation-put-user-policy",
        gain: Gain::Permissions,
        gives: "can put any permission on users",
        needs: &[Need { any: &["iam:PutUserPolicy"], on: On::User, to: None }],
        source: "pathfinding.cloud/paths/iam-007",
    },
    Path {
        name: "escalation-attach-group-policy",
        gain: Gain::Permissions,
        gives: "can attach any policy to groups, also to those that it is in",
        needs: &[Need { any: &["iam:AttachGroupPolicy"], on: On::Group, to: None }],
        source: "pathfinding.cloud/paths/iam-010",
    },
    Path {
        name: "escalation-put-group-policy",
        gain: Gain::Permissions,
        gives: "can put any permission on groups, also on those that it is in",
        needs: &[Need { any: &["iam:PutGroupPolicy"], on: On::Group, to: None }],
        source: "pathfinding.cloud/paths/iam-011",
    },
    Path {
        name: "escalation-add-user-to-group",
        gain: Gain::Permissions,
        gives: "can join groups",
        needs: &[Need { any: &["iam:AddUserToGroup"], on: On::Group, to: None }],
        source: "pathfinding.cloud/paths/iam-013",
    },
    Path {
        name: "escalation-attach-role-policy",
        gain: Gain::Permissions,
        gives: "can attach any policy to roles",
        needs: &[Need { any: &["iam:AttachRolePolicy"], on: On::Role, to: None }],
        source: "pathfinding.cloud/paths/iam-009",
    },
    Path {
        name: "escalation-put-role-policy",
        gain: Gain::Permissions,
        gives: "can put any permission on roles",
        needs: &[Need { any: &["iam:PutRolePolicy"], on: On::Role, to: None }],
        source: "pathfinding.cloud/paths/iam-005",
    },
    Path {
        name: "escalation-delete-user-permissions-boundary",
        gain: Gain::Boundary,
        gives: "can take the permissions boundary away from users",
        needs: &[Need { any: &["iam:DeleteUserPermissionsBoundary"], on: On::User, to: None }],
        source: "cloud.hacktricks.wiki, AWS privilege escalation",
    },
    Path {
        name: "escalation-put-user-permissions-boundary",
        gain: Gain::Boundary,
        gives: "can exchange the permissions boundary of users",
        needs: &[Need { any: &["iam:PutUserPermissionsBoundary"], on: On::User, to: None }],
        source: "cloud.hacktricks.wiki, AWS privilege escalation",
    },
    Path {
        name: "escalation-delete-role-permissions-boundary",
        gain: Gain::Boundary,
        gives: "can take the permissions boundary away from roles",
        needs: &[Need { any: &["iam:DeleteRolePermissionsBoundary"], on: On::Role, to: None }],
        source: "cloud.hacktricks.wiki, AWS privilege escalation",
    },
    Path {
        name: "escalation-put-role-permissions-boundary",
        gain: Gain::Boundary,
        gives: "can exchange the permissions boundary of roles",
        needs: &[Need { any: &["iam:PutRolePermissionsBoundary"], on: On::Role, to: None }],
        source: "cloud.hacktricks.wiki, AWS privilege escalation",
    },
];
