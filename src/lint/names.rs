//! Finds names that AWS doesn't have: actions, services, service principals and managed policies.
//! `validate` and `plan` tell these findings, too.

use super::rules::UNKNOWN_MANAGED_POLICY;
use super::{ManifestFinding, sharing, suppression};
use crate::address::Address;
use crate::call::iam::{aws_policy_name, suggest_managed_policy};
use crate::diagnostic::Severity;
use crate::kind::{self, AccessRole};
use crate::manifest::Documents;
use crate::model::Desired;
use crate::policy::catalogue;
use crate::policy::lint::{Finding, NameChecker, find_placeholder};

/// The rule on placeholders, also in documents.
const PLACEHOLDER: &str = "placeholder";

/// Returns the names in a manifest that AWS doesn't have, and the placeholders in its documents,
/// except those that the manifest accepts. Looks at names only, so it is fast.
pub fn find_unknown_names(desired: &Desired, documents: &Documents) -> Vec<ManifestFinding> {
    let mut checker = NameChecker::new(&desired.partition);
    let mut found = managed_policies(desired);
    found.extend(placeholders(desired));
    for ((address, _), source) in documents {
        let Some(held) = kind::kind_of(address.kind()).facts().document else { continue };
        for finding in checker.check(&source.value, held.usage) {
            let place = source.place(&finding.pointer);
            found.push(ManifestFinding::of_document(address, place, finding));
        }
    }
    suppression::accept(&desired.silenced, &mut found);
    found.retain(|one| one.accepted.is_none());
    sharing::merge_shared(&mut found);
    found
}

/// Reports users, roles, policies and buckets that are named like the placeholders of examples.
pub(super) fn placeholders(desired: &Desired) -> Vec<ManifestFinding> {
    let named = |address: &Address| match kind::kind_of(address.kind()).facts().access {
        AccessRole::Principal(_) | AccessRole::Policy | AccessRole::Resource => true,
        AccessRole::PolicyAttachment(_)
        | AccessRole::InlinePolicy(_)
        | AccessRole::Membership
        | AccessRole::Credential
        | AccessRole::None => false,
    };
    let resources = desired.resources.iter().filter(|(address, _)| named(address));
    let found = resources.filter_map(|(address, resource)| {
        let placeholder = find_placeholder(address.name())?;
        let finding = Finding {
            rule: PLACEHOLDER,
            severity: Severity::Warning,
            pointer: String::new(),
            message: format!("`{placeholder}` is a placeholder: nobody has filled it in"),
            remedy: "write the name that is meant in its place".to_owned(),
        };
        Some(ManifestFinding::of_document(address, resource.place.clone(), finding))
    });
    found.collect()
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
            also_on: Vec::new(),
            place: used.place.cloned(),
            message,
            remedy: suggest_managed_policy(&desired.partition, name),
            related: Vec::new(),
            accepted: None,
        });
    }
    found
}
