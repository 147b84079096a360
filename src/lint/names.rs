//! Finds names that AWS doesn't have: actions, services, service principals and managed policies.
//! `validate` and `plan` tell these findings, too.

use std::collections::BTreeSet;

use super::rules::UNKNOWN_MANAGED_POLICY;
use super::{ManifestFinding, suppression};
use crate::call::iam::{aws_policy_name, suggest_managed_policy};
use crate::kind;
use crate::manifest::Documents;
use crate::model::Desired;
use crate::policy::catalogue;
use crate::policy::lint::NameChecker;

/// Returns the names in a manifest that AWS doesn't have, and the placeholders in its documents,
/// except those that the manifest accepts. Looks at names only, so it is fast.
pub fn find_unknown_names(desired: &Desired, documents: &Documents) -> Vec<ManifestFinding> {
    let mut checker = NameChecker::default();
    let mut found = managed_policies(desired);
    for ((address, _), source) in documents {
        let Some(held) = kind::kind_of(address.kind()).facts().document else { continue };
        for finding in checker.check(&source.value, held.usage) {
            let place = source.place(&finding.pointer);
            found.push(ManifestFinding::of_document(address, place, finding));
        }
    }
    suppression::accept(&desired.silenced, &mut found);
    // The same file may be the document of many policies.
    let mut told = BTreeSet::new();
    found.retain(|one| {
        one.accepted.is_none()
            && (one.place.is_none() || told.insert((one.place.clone(), one.message.clone())))
    });
    found
}

/// Reports uses of AWS's managed policies that AWS doesn't have.
pub(super) fn managed_policies(desired: &Desired) -> Vec<ManifestFinding> {
    let mut found = Vec::new();
    for used in desired.foreign_policy_uses() {
        let Some(name) = aws_policy_name(used.arn) else { continue };
        if catalogue::is_managed_policy(name) {
            continue;
        }
        let message = format!("AWS has no managed policy `{name}`, as far as relayctl knows");
        found.push(ManifestFinding {
            rule: UNKNOWN_MANAGED_POLICY.name,
            severity: UNKNOWN_MANAGED_POLICY.severity,
            on: used.holder.to_string(),
            place: used.place.cloned(),
            message,
            remedy: suggest_managed_policy(&desired.partition, name),
            related: Vec::new(),
            accepted: None,
        });
    }
    found
}
