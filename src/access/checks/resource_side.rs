//! Finds the statements about one user or role in the bucket policies and trust policies of a
//! manifest.

use crate::access::roles::KINDS_BY_ROLE;
use crate::model::Desired;
use crate::policy::statement::{
    Clause, Effect, Policy, PrincipalType, Principals, Statement, Unreadable,
};
use crate::value::text_of;

/// Returns the statements that are about the principal with this ARN, as if they were attached to
/// it. In its own account a resource's policy that names a user or a role (or everyone) allows like
/// a policy of its own; one that names the account leaves it to the policies of the account
/// ("Cross-account policy evaluation logic" and "How a resource-based policy is evaluated" in the
/// IAM User Guide).
pub fn about(desired: &Desired, arn: &str, unreadable: &mut Vec<Unreadable>) -> Vec<Policy> {
    let mut found = Vec::new();
    let resources = KINDS_BY_ROLE.resource_policies().flat_map(|policy| {
        let resources = desired.of_kind(policy.kind);
        resources.map(move |(address, resource)| (address, resource, policy.field))
    });
    for (address, resource, field) in resources {
        let Some(document) = resource.attributes.get(field) else { continue };
        match Policy::compile(&address.to_string(), document) {
            Ok(policy) => {
                found.push(hung(
                    policy,
                    text_of(&resource.attributes, "arn"),
                    arn,
                    &desired.account,
                ));
            }
            Err(error) => unreadable.push(error),
        }
    }
    found.retain(|policy| !policy.statements.is_empty());
    found
}

fn hung(policy: Policy, resource: &str, arn: &str, account: &str) -> Policy {
    let of_it = |statement: &Statement| match &statement.principals {
        Some(principals) => concerns(principals, statement.effect, arn, account),
        None => false,
    };
    let statements = policy.statements.into_iter().filter(of_it);
    // A trust policy names no resource: its resource is its role.
    let itself = || Clause { not: false, patterns: vec![resource.to_owned()] };
    let of_resource = |statement: Statement| {
        let resources = statement.resources.clone().or_else(|| Some(itself()));
        Statement { principals: None, resources, ..statement }
    };
    let statements = statements.map(of_resource).collect();
    Policy { name: policy.name, statements }
}

fn concerns(principals: &Principals, effect: Effect, arn: &str, account: &str) -> bool {
    let by = |wanted: &dyn Fn(PrincipalType, &str) -> bool| {
        principals.names.iter().any(|(kind, name)| wanted(*kind, name))
    };
    let itself = by(&|kind, name| kind == PrincipalType::AWS && name == arn);
    let everyone = by(&|kind, _| kind == PrincipalType::Everyone);
    // Canonical documents write the account's root as the account's number.
    let its_account = by(&|kind, name| kind == PrincipalType::AWS && name == account);
    match (principals.not, effect) {
        (false, Effect::Allow) => itself || everyone,
        (false, Effect::Deny) => itself || everyone || its_account,
        (true, Effect::Allow) => !(itself || everyone || its_account),
        // "When you use NotPrincipal with Deny, you must also specify the account ARN of the
        // not-denied principal."
        (true, Effect::Deny) => !(everyone || (itself && its_account)),
    }
}
