//! Finds likely mistakes and excessive permissions in a manifest: in every document by itself, in
//! all policies of a user or role together, and in the findings that the manifest accepts.

mod fix;
mod holders;
mod names;
mod redundancy;
mod rules;
mod sharing;
mod suppression;
mod undecided;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::kind::{self, AccessRole, DocumentField};
use crate::manifest::Documents;
use crate::model::{Desired, Resource};
use crate::policy::compare::Comparer;
use crate::policy::lint::{self as document, Home};
use crate::policy::{self, Budget, Usage};
use crate::value::{Value, optional_text, text_of};

use undecided::UndecidedParts;

pub use fix::fix_documents;
pub use names::find_unknown_names;
pub use rules::{Rule, RuleExplanation, explain, explain_in_markdown, named, nearest, rules};

/// A finding that a person should look at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ManifestFinding {
    pub rule: &'static str,
    pub severity: Severity,
    /// The address of the subject: `policy.Deploy`, `user.serverless`.
    pub on: String,
    /// The other resources that have the same finding in the same place: they share a document.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_on: Vec<String>,
    pub place: Option<Place>,
    pub message: String,
    pub remedy: String,
    /// Other places that belong to the finding.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Place>,
    /// The reason that the manifest accepts it.
    pub accepted: Option<String>,
}

impl ManifestFinding {
    fn of_document(address: &Address, place: Option<Place>, finding: document::Finding) -> Self {
        Self {
            rule: finding.rule,
            severity: finding.severity,
            on: address.to_string(),
            also_on: Vec::new(),
            place,
            message: finding.message,
            remedy: finding.remedy,
            related: Vec::new(),
            accepted: None,
        }
    }

    /// Returns the finding as an error, a warning or a note.
    pub fn diagnostic(&self) -> Diagnostic {
        let help = match &self.accepted {
            Some(because) => format!("accepted by the manifest: {because}"),
            None => self.remedy.clone(),
        };
        Diagnostic {
            place: self.place.clone(),
            severity: self.severity,
            code: self.rule,
            message: self.full_message(),
            help: Some(help),
        }
    }

    /// Returns the resources that have the finding.
    pub fn subjects(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.on).chain(&self.also_on).map(String::as_str)
    }

    /// Returns the message, beginning with the subjects.
    pub fn full_message(&self) -> String {
        let Self { on, also_on, message, .. } = self;
        if on == "*" || message.contains(on.as_str()) {
            return message.clone();
        }
        let shown: Vec<&str> = self.subjects().take(SUBJECTS).collect();
        let more = (also_on.len() + 1).saturating_sub(SUBJECTS);
        let others = if more == 0 { String::new() } else { format!(" and {more} more") };
        format!("{}{others}: {message}", shown.join(", "))
    }
}

/// The number of resources that the message of a finding names.
const SUBJECTS: usize = 3;

/// Returns all findings, in the order of their places.
pub fn lint_manifest(desired: &Desired, documents: &Documents) -> Vec<ManifestFinding> {
    let subject = LintSubject::new(desired, documents);
    let mut found = subject.documents();
    let mut undecided = UndecidedParts::default();
    let held = holders::all(&subject, &mut found, &mut undecided);
    found.extend(held);
    found.extend(redundancy::all(&subject, &mut undecided));
    found.extend(undecided.findings());
    found.extend(names::managed_policies(desired));
    found.extend(names::placeholders(desired));
    suppression::apply(&desired.silenced, &mut found);
    found.sort_by(|a, b| {
        let key = |one: &ManifestFinding| {
            (one.place.clone(), one.severity, one.rule, one.message.clone())
        };
        key(a).cmp(&key(b))
    });
    sharing::merge_shared(&mut found);
    found
}

/// The manifest with its documents as their authors wrote them, so that statement numbers match the
/// files.
struct LintSubject<'a> {
    desired: Desired,
    documents: &'a Documents,
    /// The comparer of all policies, with the budget of all questions.
    comparer: Comparer,
}

/// The steps of the budget: some for any manifest, and some for each byte of its documents. A
/// manifest whose documents AWS takes is linted in less than two seconds of a processor.
const STEPS: u64 = 30_000_000;
const STEPS_FOR_BYTE: u64 = 300;

impl<'a> LintSubject<'a> {
    fn new(desired: &Desired, documents: &'a Documents) -> Self {
        let mut desired = desired.clone();
        for ((address, field), source) in documents {
            if let Some(resource) = desired.resources.get_mut(address) {
                resource.attributes.share(field, source.value.clone());
            }
        }
        let all = desired.resources.iter().filter_map(|(address, it)| {
            let held = kind::kind_of(address.kind()).facts().document?;
            it.attributes.get(held.field)
        });
        let size: usize = all.map(|document| document.to_string().len()).sum();
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        let steps = STEPS.saturating_add(size.saturating_mul(STEPS_FOR_BYTE));
        let comparer = Comparer::within(Budget::with_steps(steps));
        Self { desired, documents, comparer }
    }

    /// Returns the resources of the kinds with a matching role in access.
    fn in_role(
        &self,
        wanted: fn(AccessRole) -> bool,
    ) -> impl Iterator<Item = (&Address, &Resource)> {
        let kinds = kind::all().filter(move |kind| wanted(kind.facts().access));
        kinds.flat_map(|kind| self.desired.of_kind(kind.name()))
    }

    fn is_policy(address: &Address) -> bool {
        kind::kind_of(address.kind()).facts().access == AccessRole::Policy
    }

    /// Returns the document of a resource, and the attribute that holds it.
    fn document(&self, address: &Address) -> Option<(DocumentField, &Value)> {
        let held = kind::kind_of(address.kind()).facts().document?;
        Some((held, self.desired.resources.get(address)?.attributes.get(held.field)?))
    }

    /// Returns the place of a part of a resource's document; otherwise that of the resource.
    fn place(&self, address: &Address, pointer: &str) -> Option<Place> {
        let stands = || {
            let (held, _) = self.document(address)?;
            self.documents.get(&(address.clone(), held.field))?.place(pointer)
        };
        stands().or_else(|| self.desired.resources.get(address)?.place.clone())
    }

    /// Returns the place of a statement, or of one of its actions.
    fn statement(&self, address: &Address, number: usize, action: Option<usize>) -> Option<Place> {
        let (_, document) = self.document(address)?;
        self.place(address, &document::pointer(document, number, action).unwrap_or_default())
    }

    fn documents(&self) -> Vec<ManifestFinding> {
        let bounding = self.bounding();
        let mut found = Vec::new();
        for address in self.desired.resources.keys() {
            let Some((_, document)) = self.document(address) else { continue };
            let Some(home) = self.home(address, &bounding) else { continue };
            let of_document = document::lint(document, &home).into_iter();
            found.extend(of_document.map(|finding| self.found(address, finding)));
        }
        found.extend(self.inline_sizes());
        found
    }

    /// Returns the use of a resource's document. `bounding` are the policies of [`Self::bounding`].
    fn home(&self, address: &Address, bounding: &BTreeSet<String>) -> Option<Home<'_>> {
        let (DocumentField { usage, .. }, _) = self.document(address)?;
        let arn = text_of(&self.desired.resources.get(address)?.attributes, "arn");
        Some(Home {
            usage,
            account: &self.desired.account,
            partition: &self.desired.partition,
            grants: !bounding.contains(arn) || usage != Usage::Managed,
        })
    }

    fn found(&self, address: &Address, finding: document::Finding) -> ManifestFinding {
        let place = self.place(address, &finding.pointer);
        ManifestFinding::of_document(address, place, finding)
    }

    /// Returns the ARNs of policies that are boundaries and attached to nobody: they grant nothing.
    fn bounding(&self) -> BTreeSet<String> {
        let holders = self.principals();
        let bounds: BTreeSet<String> = holders
            .filter_map(|(_, holder)| optional_text(&holder.attributes, "permissions_boundary"))
            .collect();
        let attached = |arn: &String| {
            self.attachments()
                .any(|(_, attachment)| text_of(&attachment.attributes, "policy_arn") == arn)
        };
        bounds.into_iter().filter(|arn| !attached(arn)).collect()
    }

    /// Returns the principals that hold policies: users, roles, groups.
    fn principals(&self) -> impl Iterator<Item = (&Address, &Resource)> {
        self.in_role(|role| matches!(role, AccessRole::Principal(_)))
    }

    fn attachments(&self) -> impl Iterator<Item = (&Address, &Resource)> {
        self.in_role(|role| matches!(role, AccessRole::PolicyAttachment(_)))
    }

    /// Returns the attachments of managed policies to a principal.
    fn attachments_of(&self, holder: &Address) -> impl Iterator<Item = &Resource> {
        let on_holder = |(address, attachment): &(&Address, &Resource)| {
            parent(address, attachment).is_some_and(|parent| parent == *holder)
        };
        self.attachments().filter(on_holder).map(|(_, attachment)| attachment)
    }

    /// Reports inline policies near IAM's size limit. AWS counts all inline policies of one user,
    /// role or group together.
    fn inline_sizes(&self) -> Vec<ManifestFinding> {
        let mut sizes: BTreeMap<Address, (Usage, usize)> = BTreeMap::new();
        for (address, policy) in self.in_role(|role| matches!(role, AccessRole::InlinePolicy(_))) {
            let (Some(holder), Some((held, document))) =
                (parent(address, policy), self.document(address))
            else {
                continue;
            };
            sizes.entry(holder).or_insert((held.usage, 0)).1 +=
                policy::document_size(document, held.usage);
        }
        let full = |(holder, (usage, size)): (&Address, &(Usage, usize))| {
            document::nearly_full(*size, *usage).map(|finding| self.found(holder, finding))
        };
        sizes.iter().filter_map(full).collect()
    }
}

/// Returns the object that a resource is a part of.
fn parent(address: &Address, resource: &Resource) -> Option<Address> {
    Some(kind::kind_of(address.kind()).facts().parent?.address(&resource.attributes))
}

#[cfg(test)]
mod tests;
