//! Weighs grants for readers who read only the beginning: what gives most comes first, and is named
//! however much else there is.

use std::collections::BTreeSet;

use crate::policy::action_matches;
use crate::policy::compare::Grant;
use crate::policy::escalation::{self, Gain, Path};
use crate::policy::request::Caller;
use crate::policy::statement::PrincipalType;

/// The weight of a grant, the heaviest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Every action.
    Everything,
    /// Anyone, or somebody of another account, is let in.
    Outsider,
    /// A published path by which somebody gives itself more permissions.
    Escalation,
    /// A part of such a path: an action on identities, or on something that runs with a role.
    Identity,
    Ordinary,
}

impl Weight {
    /// Returns true for the weights that are always named.
    pub fn is_heavy(self) -> bool {
        self <= Self::Escalation
    }
}

/// The knowledge beside a grant on which its weight depends.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The account; `None` for documents that belong to no known account.
    pub account: Option<&'a str>,
    /// All actions that the same subject gains by the plan. Permissions in two policies make a path
    /// together.
    pub actions: &'a BTreeSet<String>,
}

pub fn weight_of(grant: &Grant, around: Surroundings<'_>) -> Weight {
    let is_outsider = |who: &String| around.account.is_some_and(|account| is_outside(who, account));
    let paths = |of: fn(Gain) -> bool| {
        let paths = open_paths(around.actions).filter(move |path| of(path.gain));
        paths.flat_map(|path| &path.needs).flat_map(|need| &need.any).copied()
    };
    let grants = |action: &str| grant.actions.iter().any(|it| action_matches(it, action));
    if grant.actions.iter().any(|action| action.trim_matches('*').is_empty()) {
        Weight::Everything
    } else if is_public(&grant.principals) || grant.principals.iter().any(is_outsider) {
        Weight::Outsider
    } else if paths(escalates).any(grants) {
        Weight::Escalation
    } else if grant.actions.iter().any(|it| is_about_identities(it)) || paths(|_| true).any(grants)
    {
        Weight::Identity
    } else {
        Weight::Ordinary
    }
}

/// Returns true for paths to permissions that the policy itself does not name. The others give what
/// the roles of named resources have, which is what deploying means.
fn escalates(gain: Gain) -> bool {
    matches!(gain, Gain::Everything | Gain::Permissions | Gain::Boundary | Gain::Principal)
}

/// Returns the paths of which every need is among the actions. Which roles trust the whole account
/// is not known here.
fn open_paths(actions: &BTreeSet<String>) -> impl Iterator<Item = &'static Path> + '_ {
    let has = |wanted: &&str| actions.iter().any(|it| action_matches(it, wanted));
    let is_open = move |path: &&'static Path| {
        path.gain != Gain::AnyRole && path.needs.iter().all(|need| need.any.iter().any(&has))
    };
    escalation::all().filter(is_open)
}

/// Returns those of the actions that make somebody more powerful, by themselves or with others of
/// the list. They are never counted with others.
pub fn escalating(list: &[String]) -> BTreeSet<&str> {
    let all: BTreeSet<String> = list.iter().cloned().collect();
    let needs: BTreeSet<&str> = (open_paths(&all).flat_map(|path| &path.needs))
        .flat_map(|need| &need.any)
        .copied()
        .chain(identity_needs())
        .collect();
    let is_needed = |action: &&String| needs.iter().any(|need| action_matches(action, need));
    list.iter().filter(is_needed).map(String::as_str).collect()
}

/// Returns the actions of all paths on users, groups, roles and policies. What else such a path
/// needs, the subject may have already.
fn identity_needs() -> impl Iterator<Item = &'static str> {
    let needs = escalation::all().flat_map(|path| &path.needs).flat_map(|need| &need.any).copied();
    needs.filter(|action| action.starts_with("iam:"))
}

fn is_about_identities(action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    ["iam:", "sts:", "organizations:"].iter().any(|service| action.starts_with(service))
}

/// Returns true for a principal of another account, for an identity provider of nobody's account,
/// and for a canonical user id, which names no account. Services are not outsiders: they act for
/// somebody.
pub fn is_outside(principal: &str, account: &str) -> bool {
    if let Some(owner) = principal.split(':').nth(4) {
        return owner != account && owner != "aws";
    }
    let is_service = || {
        principal == PrincipalType::Service.label("*")
            || principal.parse().is_ok_and(|caller: Caller| caller.kind == PrincipalType::Service)
    };
    principal != account && !is_service()
}

pub fn is_public(principals: &[String]) -> bool {
    principals.iter().any(|principal| is_everyone(principal))
}

/// Returns true for `*`, and for `NotPrincipal` with Allow, which also opens access to the whole
/// world.
pub fn is_everyone(principal: &str) -> bool {
    principal == "*" || principal.starts_with("everyone but ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::access::tests::grant;

    fn weight(fields: &serde_json::Value) -> Weight {
        let grant = grant(fields);
        let actions = grant.actions.iter().cloned().collect();
        weight_of(&grant, Surroundings { account: Some("123456789012"), actions: &actions })
    }

    #[test]
    fn what_gives_most_weighs_most() {
        let of = |actions: &[&str]| weight(&json!({"actions": actions}));
        assert_eq!(of(&["*"]), Weight::Everything);
        assert_eq!(of(&["iam:PutUserPolicy"]), Weight::Escalation);
        assert_eq!(of(&["iam:*"]), Weight::Escalation);
        assert_eq!(of(&["iam:PassRole"]), Weight::Identity);
        assert_eq!(of(&["iam:PassRole", "lambda:*"]), Weight::Escalation);
        assert_eq!(of(&["lambda:UpdateFunctionCode"]), Weight::Identity);
        assert_eq!(of(&["s3:*"]), Weight::Ordinary);
        let order = [Weight::Everything, Weight::Outsider, Weight::Escalation, Weight::Identity];
        assert!(order.is_sorted() && Weight::Identity < Weight::Ordinary);
    }

    #[test]
    fn outsiders_are_those_of_no_account_of_ours() {
        let let_in = |who: &str| weight(&json!({"principals": [who]})) == Weight::Outsider;
        for who in ["*", "666666666666", "arn:aws:iam::666666666666:root", "accounts.google.com"] {
            assert!(let_in(who), "{who}");
        }
        let pool = "cognito-identity.amazonaws.com";
        assert!(let_in(pool), "its identities belong to any account's pool, and may be guests");
        for who in ["123456789012", "arn:aws:iam::123456789012:user/a", "lambda.amazonaws.com"] {
            assert!(!let_in(who), "{who}");
        }
    }

    #[test]
    fn permissions_in_two_policies_make_a_path_together() {
        let pass = grant(&json!({"actions": ["iam:PassRole"]}));
        let actions = ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"];
        let all: BTreeSet<String> = actions.map(str::to_owned).into();
        let around = Surroundings { account: None, actions: &all };
        assert_eq!(weight_of(&pass, around), Weight::Escalation);
    }
}
