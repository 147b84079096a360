//! Checks if a plan locks out the caller who makes it.

use std::collections::BTreeSet;

use super::Plan;
use crate::access::{AccessChange, Aspect};
use crate::address::{Address, Principal};
use crate::diagnostic::Diagnostic;
use crate::diff::{ChangeAction, Reason};
use crate::kind;
use crate::policy::action_matches;
use crate::policy::compare::Grant;

/// Reports the permissions that the plan takes from its own caller. Only users and roles of this
/// account can be locked out by a plan, not its root or a federated user.
pub fn diagnostics(plan: &Plan) -> Vec<Diagnostic> {
    let Some(caller) = caller(&plan.header.caller).map(|caller| caller.address()) else {
        return Vec::new();
    };
    let what = plan.changes.iter().filter_map(|change| {
        let address = &change.address;
        let verb = match (change.action, &change.reason) {
            (ChangeAction::Delete, _) => "removes",
            (ChangeAction::Replace, _) => "replaces",
            // The key that is deactivated may be the one that signs the calls of this run.
            (ChangeAction::Update, Reason::Due(_)) => "rotates",
            _ => return None,
        };
        let is_callers =
            *address == caller || parent(address).is_some_and(|parent| parent == caller);
        is_callers.then(|| format!("this plan {verb} {address}, and you are {caller} yourself"))
    });
    let undo = plan.access.iter().filter_map(|change| undoing(plan, &caller, change));
    let all: BTreeSet<String> = what.chain(undo).collect();
    let help = "let another principal apply it, or add --allow-lockout if you have other access";
    all.into_iter().map(|message| Diagnostic::error("lockout", None, message).help(help)).collect()
}

/// Returns the object that this is a part of. The part's name begins with the parent's:
/// `serverless/Deploy`, `serverless`.
fn parent(address: &Address) -> Option<Address> {
    let parent = kind::kind_of(address.kind()).facts().parent?;
    Some(Address::new(parent.kind, address.name().split('/').next().unwrap_or_default()))
}

/// Returns the user or role of an ARN such as `arn:aws:iam::123456789012:user/team/ada` or
/// `arn:aws:sts::123456789012:assumed-role/runner/session`.
fn caller(arn: &str) -> Option<Principal> {
    let resource = arn.splitn(6, ':').nth(5)?;
    let mut parts = resource.split('/');
    match parts.next()? {
        "user" => Some(Principal::user(parts.next_back()?)),
        "assumed-role" => Some(Principal::role(parts.next()?)),
        _ => None,
    }
}

/// Reports the calls that would undo the plan's changes, and that its caller is no longer allowed
/// to make.
fn undoing(plan: &Plan, caller: &Address, change: &AccessChange) -> Option<String> {
    if change.subject != *caller || change.aspect != Aspect::Permissions {
        return None;
    }
    let undo: BTreeSet<&str> = plan
        .steps
        .iter()
        .flat_map(|step| &step.calls)
        .filter_map(|call| call.facts().undone_by)
        .collect();
    let lost: Vec<&str> = undo
        .into_iter()
        .filter(|action| change.lost.iter().any(|effect| is_lost(&effect.grant, action)))
        .collect();
    (!lost.is_empty()).then(|| {
        format!("after this plan you, {caller}, lack permissions that undo it: {}", lost.join(", "))
    })
}

/// Returns true if the action is lost and no equally wide part of the grant remains.
fn is_lost(grant: &Grant, action: &str) -> bool {
    let kept = grant.already.iter().any(|part| {
        action_matches(&part.action, action)
            && (part.resource == "*" || grant.resources.contains(&part.resource))
            && part.condition == grant.condition
    });
    names(&grant.actions, &grant.except_actions, action) && !kept
}

fn names(actions: &[String], except: &[String], action: &str) -> bool {
    let any = |patterns: &[String]| patterns.iter().any(|pattern| action_matches(pattern, action));
    any(actions) && !any(except)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_is_a_user_or_the_role_of_a_session() {
        assert_eq!(caller("arn:aws:iam::123456789012:user/team/ada"), Some(Principal::user("ada")));
        assert_eq!(
            caller("arn:aws:sts::123456789012:assumed-role/runner/session"),
            Some(Principal::role("runner"))
        );
        assert_eq!(caller("arn:aws:iam::123456789012:root"), None);
        assert_eq!(caller("arn:aws:sts::123456789012:federated-user/ada"), None);
        assert_eq!(caller(""), None);
    }

    #[test]
    fn actions_are_compared_as_iam_does() {
        let patterns = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert!(names(&patterns(&["iam:*Policy"]), &[], "iam:PutUserPolicy"));
        assert!(names(&patterns(&["IAM:putuserpolic?"]), &[], "iam:PutUserPolicy"));
        assert!(names(&patterns(&["*"]), &[], "iam:PutUserPolicy"));
        assert!(!names(&patterns(&["*"]), &patterns(&["iam:*"]), "iam:PutUserPolicy"));
        assert!(!names(&patterns(&["s3:*", "iam:Get*"]), &[], "iam:PutUserPolicy"));
    }
}
