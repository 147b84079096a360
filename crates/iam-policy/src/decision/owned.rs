//! The resources that AWS owns: no policy lets anybody else change them.

use crate::catalogue::{self, AccessLevel};
use crate::request::Request;

/// The actions on a service-linked role that IAM refuses with `UnmodifiableEntity` (IAM API
/// Reference). Its description and its tags may be changed, and `DeleteServiceLinkedRole` removes
/// it. Only `CreateServiceLinkedRole` makes a role with such a path.
const REFUSED_ON_SERVICE_LINKED_ROLES: &[&str] = &[
    "attachrolepolicy",
    "createrole",
    "deleterole",
    "deleterolepermissionsboundary",
    "deleterolepolicy",
    "detachrolepolicy",
    "putrolepermissionsboundary",
    "putrolepolicy",
    "updateassumerolepolicy",
];

/// The further actions that IAM refuses on a role of IAM Identity Center: "this role is only
/// modifiable by AWS" (IAM User Guide, "Troubleshoot IAM roles"). Passing such a role changes
/// nothing about it.
const REFUSED_ON_RESERVED_ROLES: &[&str] =
    &["tagrole", "untagrole", "updaterole", "updateroledescription"];

/// The actions that change an alias. Others, such as `kms:Encrypt`, use the key by it.
const CHANGES_OF_ALIASES: &[&str] = &["createalias", "deletealias", "updatealias"];

/// Returns the reason why nobody but AWS may send the request; `None` if policies decide.
pub(super) fn refusal(request: &Request) -> Option<String> {
    let action = request.action.to_ascii_lowercase();
    let (service, name) = action.split_once(':')?;
    let parts: Vec<_> = request.resource.splitn(6, ':').collect();
    let ["arn", _, owning, _, account, path] = parts[..] else { return None };
    if service != owning {
        return None;
    }
    let why = match (service, account) {
        ("iam", "aws") => changes(&action).then_some("an AWS managed policy"),
        ("iam", _) if path.starts_with("role/aws-service-role/") => {
            REFUSED_ON_SERVICE_LINKED_ROLES.contains(&name).then_some("a service-linked role")
        }
        ("iam", _) if path.starts_with("role/aws-reserved/") => {
            let refused = [REFUSED_ON_SERVICE_LINKED_ROLES, REFUSED_ON_RESERVED_ROLES].concat();
            refused.contains(&name).then_some("a role of IAM Identity Center")
        }
        // "The alias name cannot begin with alias/aws/. The alias/aws/ prefix is reserved for AWS
        // managed keys" (AWS KMS API Reference, "CreateAlias").
        ("kms", _) if path.starts_with("alias/aws/") => {
            CHANGES_OF_ALIASES.contains(&name).then_some("the alias of an AWS managed key")
        }
        _ => None,
    };
    why.map(|what| {
        format!(
            "{} is {what}, which only AWS may change: no policy can allow {}",
            request.resource, request.action
        )
    })
}

fn changes(action: &str) -> bool {
    catalogue::action(action).is_some_and(|action| match action.access {
        AccessLevel::List | AccessLevel::Read => false,
        AccessLevel::Write | AccessLevel::PermissionsManagement | AccessLevel::Tagging => true,
    })
}
