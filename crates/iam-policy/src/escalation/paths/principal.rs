//! Escalation paths that act as another principal, or as a role that the caller made.

use super::{Gain, Need, On, Path};

pub(super) const PATHS: &[Path] = &[
    Path {
        name: "escalation-create-access-key",
        gain: Gain::Principal,
        gives: "can act as other users, by making access keys for them",
        needs: &[Need { any: &["iam:CreateAccessKey"], on: On::User, to: None }],
        source: "pathfinding.cloud/paths/iam-002",
    },
    Path {
        name: "escalation-create-login-profile",
        gain: Gain::Principal,
        gives: "can act as other users, by giving them a password for the console",
        needs: &[Need { any: &["iam:CreateLoginProfile"], on: On::User, to: None }],
        source: "pathfinding.cloud/paths/iam-004",
    },
    Path {
        name: "escalation-update-login-profile",
        gain: Gain::Principal,
        gives: "can act as other users, by changing their password for the console",
        needs: &[Need { any: &["iam:UpdateLoginProfile"], on: On::User, to: None }],
        source: "pathfinding.cloud/paths/iam-006",
    },
    Path {
        name: "escalation-update-assume-role-policy",
        gain: Gain::Principal,
        gives: "can act as roles, by naming itself in their trust policy",
        needs: &[Need { any: &["iam:UpdateAssumeRolePolicy"], on: On::Role, to: None }],
        source: "pathfinding.cloud/paths/iam-012",
    },
    Path {
        name: "escalation-create-role",
        gain: Gain::Everything,
        gives: "can make a role that trusts it, give that any permission, and act as it",
        needs: &[
            Need { any: &["iam:CreateRole"], on: On::Role, to: None },
            Need { any: &["iam:PutRolePolicy", "iam:AttachRolePolicy"], on: On::Role, to: None },
        ],
        source: "github.com/nccgroup/PMapper",
    },
    Path {
        name: "escalation-change-role-assume",
        gain: Gain::Everything,
        gives: "can give roles any permission and act as them",
        needs: &[
            Need { any: &["iam:PutRolePolicy", "iam:AttachRolePolicy"], on: On::Role, to: None },
            Need { any: &["sts:AssumeRole"], on: On::Role, to: None },
        ],
        source: "pathfinding.cloud/paths/iam-017",
    },
    Path {
        name: "escalation-change-role-lambda",
        gain: Gain::Everything,
        gives: "can give roles any permission, pass them to a Lambda function and run that",
        needs: &[
            Need { any: &["iam:PutRolePolicy", "iam:AttachRolePolicy"], on: On::Role, to: None },
            Need { any: &["iam:PassRole"], on: On::Role, to: Some("lambda.amazonaws.com") },
            Need { any: &["lambda:CreateFunction"], on: On::Other, to: None },
            Need {
                any: &[
                    "lambda:InvokeFunction",
                    "lambda:CreateEventSourceMapping",
                    "lambda:AddPermission",
                ],
                on: On::Other,
                to: None,
            },
        ],
        source: "pathfinding.cloud/paths/lambda-001",
    },
    Path {
        name: "escalation-assume-any-role",
        gain: Gain::AnyRole,
        gives: "can act as any role that trusts its account",
        needs: &[Need { any: &["sts:AssumeRole"], on: On::Role, to: None }],
        source: "pathfinding.cloud/paths/sts-001",
    },
];
