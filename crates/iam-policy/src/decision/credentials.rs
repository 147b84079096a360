//! The actions that the kind of the caller's credentials decides on, and not policies (IAM User
//! Guide, "Compare AWS STS credentials"; AWS STS API Reference, the pages of the actions).

use crate::principal::PrincipalEntity;
use crate::request::Request;
use crate::statement::PrincipalType;

/// Returns the reason why the caller needs no permission for the request; `None` if policies
/// decide. No Deny changes that: "If an administrator attaches a policy to your identity that
/// explicitly denies access to the `sts:GetCallerIdentity` action, you can still perform this
/// operation"; and for `sts:GetSessionToken` "you cannot use policies to control authentication
/// operations".
pub(super) fn freedom(request: &Request) -> Option<String> {
    let entity = request.principal.entity();
    match request.action.to_ascii_lowercase().as_str() {
        "sts:getcalleridentity" if request.principal.account().is_some() => {
            Some("sts:GetCallerIdentity needs no permission".to_owned())
        }
        "sts:getsessiontoken"
            if matches!(entity, Some(PrincipalEntity::User(_) | PrincipalEntity::Root)) =>
        {
            Some("sts:GetSessionToken needs no permission".to_owned())
        }
        _ => None,
    }
}

/// Returns the reason why no policy can allow the request to credentials of the caller's kind;
/// `None` if policies decide.
pub(super) fn refusal(request: &Request) -> Option<String> {
    let (action, caller) = (request.action.to_ascii_lowercase(), &request.principal);
    let (service, name) = action.split_once(':')?;
    match (caller.kind, caller.entity()) {
        (PrincipalType::Everyone | PrincipalType::Federated, _) => {
            let who = if caller.kind == PrincipalType::Everyone {
                "an anonymous caller"
            } else {
                "a user of an identity provider"
            };
            (action == "sts:assumerole").then(|| {
                format!(
                    "{who} has no AWS credentials, which sts:AssumeRole needs; without them there \
                        are sts:AssumeRoleWithSAML and sts:AssumeRoleWithWebIdentity"
                )
            })
        }
        (PrincipalType::AWS, Some(PrincipalEntity::Root)) => (action == "sts:assumerole")
            .then(|| "a root user can't call sts:AssumeRole: users and roles can".to_owned()),
        // iam:PassRole is a permission for the actions of other services and no action to call.
        (PrincipalType::AWS, Some(PrincipalEntity::Federated(_))) => match (service, name) {
            ("iam", "passrole") => None,
            ("iam", _) => Some(
                "a federated user can call no action of IAM, but for a session of the console"
                    .to_owned(),
            ),
            ("sts", _) => {
                Some("of STS, a federated user can call only sts:GetCallerIdentity".to_owned())
            }
            _ => None,
        },
        (
            PrincipalType::AWS,
            Some(entity @ (PrincipalEntity::Role(_) | PrincipalEntity::Session(_))),
        ) => {
            let who = if matches!(entity, PrincipalEntity::Role(_)) {
                "a role"
            } else {
                "a session of a role"
            };
            ["sts:getfederationtoken", "sts:getsessiontoken"]
                .contains(&action.as_str())
                .then(|| format!("{who} can't call {}: users and root users can", request.action))
        }
        _ => None,
    }
}
