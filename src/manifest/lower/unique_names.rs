//! Finds names that differ only in case, of kinds whose names AWS compares without regard to case.

use std::collections::BTreeMap;

use crate::address::{Address, KindName};
use crate::diagnostic::Diagnostic;
use crate::kind::{self, Uniqueness};
use crate::manifest::scope::DecodeScope;
use crate::model::Resource;

/// Reports each name that an earlier resource of its kind has.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>: "Names of users,
/// groups, roles, role sessions, and policies" are unique regardless of case.
pub fn check(resources: &BTreeMap<Address, Resource>, scope: &mut DecodeScope<'_>) {
    let mut folded: Vec<(&Address, &Resource)> =
        resources.iter().filter(|(it, _)| is_folded(it)).collect();
    folded.sort_by_key(|(_, resource)| resource.place.clone());
    let mut seen: BTreeMap<(KindName, String), &str> = BTreeMap::new();
    for (address, resource) in folded {
        let (kind, name) = (address.kind(), address.name());
        let Some(other) = seen.insert((kind, name.to_lowercase()), name) else { continue };
        let message = format!(
            "{kind} `{name}` and {kind} `{other}` are the same to IAM, which ignores case in names"
        );
        let problem = Diagnostic::error("duplicate-name", resource.place.clone(), message);
        scope.problems.push(problem.help("give one of them another name"));
    }
}

fn is_folded(address: &Address) -> bool {
    match kind::kind_of(address.kind()).facts().uniqueness {
        Uniqueness::IgnoringCase => true,
        Uniqueness::Exact => false,
    }
}
