//! Lowers shapes into resources in normal form.

mod address;
mod bucket;
mod checks;
mod cycle;
mod encryption;
mod group;
mod header;
mod identity;
mod ignored;
mod instance_profile;
mod key;
mod kms_key;
mod lifecycle;
mod limits;
mod lint;
mod moved;
mod oidc_provider;
mod policy;
mod tags;
mod trust;
mod unique_names;
mod zappa;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::decode::{Declared, DocumentForm, ExpandedText, Flag};
use super::documents::{self, Documents, ResolvedDocument};
use super::scope::{DecodeScope, Section};
use super::shape::Manifest;
use super::source::{Span, relative_to, slashed};
use super::validation_cache::ValidationCache;
use crate::address::Address;
use crate::allowed_files::FileRefusal;
use crate::model::{Desired, Resource};
use crate::policy::Usage;
use crate::value::{Attributes, Value};

pub use bucket::PUBLIC_POLICY;
pub use header::ManifestHeader;

/// Checks a decoded manifest and makes resources of it. The resources are complete if the scope has
/// no errors.
pub fn lower(manifest: &Manifest, scope: &mut DecodeScope<'_>) -> (Desired, Documents) {
    let header = header::read(manifest, scope);
    let store = manifest.state.as_ref().map(|state| header::store(state, scope));
    let recipients = encryption::read(manifest.encryption.as_ref(), scope);
    let partition = (!header.region.is_empty()).then(|| header.partition.clone());
    let checked = ValidationCache::new(partition);
    let mut lowering = Lowering {
        header,
        scope,
        resources: BTreeMap::new(),
        documents: Documents::new(),
        checked,
        soft: BTreeSet::new(),
        outside_files: BTreeSet::new(),
    };
    lowering.all(manifest);
    let checks = lowering.checks(manifest.checks.as_deref().unwrap_or_default());
    let silenced = lowering.silenced(manifest.lint.as_ref());
    let limits = limits::read(manifest.limits.as_ref(), lowering.scope);
    cycle::check(&lowering.resources, lowering.scope);
    unique_names::check(&lowering.resources, lowering.scope);
    let moves = moved::read(manifest, &lowering.resources, lowering.scope);
    add_soft(&mut lowering.resources, lowering.soft);
    let ManifestHeader { name, account, region, partition, .. } = lowering.header;
    let desired = Desired {
        name,
        account,
        region,
        partition,
        store,
        recipients,
        resources: lowering.resources,
        moved: moves.resources,
        removed: moves.removed,
        former_names: moves.manifests,
        checks,
        silenced,
        limits,
        outside_files: lowering.outside_files,
        ..Desired::default()
    };
    (desired, lowering.documents)
}

struct Lowering<'s, 'a, 'm> {
    header: ManifestHeader<'m>,
    scope: &'s mut DecodeScope<'a>,
    resources: BTreeMap<Address, Resource>,
    documents: Documents,
    checked: ValidationCache,
    /// Pairs of a resource and one that it only names, and would work without. The second is made
    /// first unless that closes a cycle.
    soft: BTreeSet<(Address, Address)>,
    /// The files outside of the project into which keys go, with their whole paths.
    outside_files: BTreeSet<PathBuf>,
}

impl<'m> Lowering<'_, '_, 'm> {
    fn all(&mut self, manifest: &'m Manifest) {
        for policy in declared(manifest.policies.as_ref()) {
            self.policy(policy);
        }
        for user in declared(manifest.users.as_ref()) {
            self.user(user);
        }
        self.keys(declared(manifest.users.as_ref()));
        for group in declared(manifest.groups.as_ref()) {
            self.group(group);
        }
        self.memberships(declared(manifest.users.as_ref()));
        for provider in declared(manifest.oidc_providers.as_ref()) {
            self.oidc_provider(provider);
        }
        for role in declared(manifest.roles.as_ref()) {
            self.role(role);
        }
        self.instance_profiles(manifest);
        for bucket in declared(manifest.buckets.as_ref()) {
            self.bucket(bucket);
        }
        if let Some(zappa) = &manifest.zappa_settings {
            self.zappa(zappa, declared(manifest.users.as_ref()));
        }
    }

    fn add(
        &mut self,
        address: Address,
        attributes: Attributes,
        depends_on: BTreeSet<Address>,
        spot: &Span,
    ) {
        let resource =
            Resource { attributes, depends_on, place: Some(spot.place()), ..Resource::default() };
        self.resources.insert(address, resource);
    }

    /// Applies `lifecycle: {prevent_destroy: true}`.
    fn protect(&mut self, address: &Address, prevent_destroy: Option<&Flag>) {
        if let (Some(resource), Some(flag)) = (self.resources.get_mut(address), prevent_destroy) {
            resource.prevent_destroy = flag.value.then(|| flag.spot.place());
        }
    }

    /// Reads and checks a document. Returns `None` if it has a problem, which is then in the scope.
    fn read_document(&mut self, form: &DocumentForm, usage: Usage) -> Option<ResolvedDocument> {
        documents::resolve(form, usage, &mut self.checked, self.scope)
    }

    /// Sets the attribute that holds a document, and keeps the document's source.
    fn document(
        &mut self,
        of: &Address,
        field: &'static str,
        document: ResolvedDocument,
        attributes: &mut Attributes,
    ) {
        attributes.share(field, document.value);
        self.soft(of, document.references);
        self.documents.insert((of.clone(), field), document.source);
    }

    fn soft(&mut self, from: &Address, to: impl IntoIterator<Item = Address>) {
        self.soft.extend(to.into_iter().map(|to| (from.clone(), to)));
    }

    fn arn(&mut self, section: Section, name: &str) -> Value {
        self.scope.arn(section, name).unwrap_or_default().into()
    }

    /// Reports the broken rule if `result` is an error.
    fn check(&mut self, result: Result<(), String>, code: &'static str, spot: &Span, help: &str) {
        if let Err(message) = result {
            self.scope.error(code, spot, message, help);
        }
    }

    /// Returns a path after its check, `/` if there is none.
    fn path(
        &mut self,
        path: Option<&ExpandedText>,
        check: fn(&str) -> Result<(), String>,
    ) -> Value {
        let Some(path) = path else { return "/".into() };
        self.check(check(&path.value), "bad-path", &path.spot, "write for example /service/");
        path.value.as_str().into()
    }

    /// Returns the path of a file into which a secret goes, relative to the manifest's folder.
    /// The plan names a file outside of the project.
    fn sink(&mut self, file: &ExpandedText) -> String {
        let path = local_path(file);
        match self.scope.files.find_sink(&path) {
            Ok(place) if place.is_outside => {
                self.outside_files.insert(place.path);
            }
            Ok(_) => {}
            Err(refusal) => self.refuse_file(&refusal, &file.spot),
        }
        path
    }

    fn refuse_file(&mut self, refusal: &FileRefusal, spot: &Span) {
        self.scope.error(refusal.diagnostic_code(), spot, refusal.to_string(), refusal.remedy());
    }

    fn missing(&mut self, field: &str, what: &str, spot: &Span, help: &str) {
        self.scope.error("missing-field", spot, format!("{what} needs `{field}`"), help);
    }
}

fn declared<T>(named: Option<&super::decode::NamedMap<T>>) -> &[Declared<T>] {
    named.map(|named| named.0.as_slice()).unwrap_or_default()
}

/// Returns a path of the manifest relative to the manifest's folder.
fn local_path(path: &ExpandedText) -> String {
    slashed(&relative_to(&path.spot.file, &path.value))
}

/// Adds every soft dependency that closes no cycle.
fn add_soft(resources: &mut BTreeMap<Address, Resource>, soft: BTreeSet<(Address, Address)>) {
    for (from, to) in soft {
        if from == to || !resources.contains_key(&to) || cycle::reaches(resources, &to, &from) {
            continue;
        }
        if let Some(resource) = resources.get_mut(&from) {
            resource.depends_on.insert(to);
        }
    }
}
