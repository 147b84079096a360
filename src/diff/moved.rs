//! Gives recorded objects the addresses that the manifest has for them now: `moved:`, and names
//! that differ in case only.

use std::collections::{BTreeMap, BTreeSet};

use super::FieldDiff;
use crate::address::{Address, KindName, Principal, PrincipalKind};
use crate::kind::{self, Attached, DeletionBlocker, FieldForm, Kind, LiveObject};
use crate::model::{Desired, Live, Recorded, RecordedObject};
use crate::policy::{self, Usage};
use crate::value::{Attributes, FieldChange, Value, text_of};

/// The objects that have another address than the state records.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Renames {
    /// The recorded addresses, by the present ones: of the renamed objects, and of their parts.
    before: BTreeMap<Address, Address>,
    /// The principals that are renamed in place, by their old names.
    principals: BTreeMap<Principal, Principal>,
    /// The objects whose documents name a renamed user, or that depend on a renamed object: their
    /// records name it as it was.
    restated: BTreeSet<Address>,
}

impl Renames {
    /// Returns the address that the state records for an object.
    pub fn recorded_as(&self, address: &Address) -> Option<&Address> {
        self.before.get(address)
    }

    /// Returns true if the record of an object names a renamed user by its old name.
    pub fn restates(&self, address: &Address) -> bool {
        self.restated.contains(address)
    }
}

/// Returns the recorded objects at their present addresses. Their attributes still hold the old
/// names, by which they are looked up.
pub fn readdress(recorded: Recorded, desired: &Desired) -> (Recorded, Renames) {
    let mut renames = Renames { principals: principals(&recorded, desired), ..Renames::default() };
    if renames.principals.is_empty() {
        return (recorded, renames);
    }
    let moved: BTreeMap<Address, Address> = recorded
        .iter()
        .filter_map(|(address, entry)| Some((address.clone(), renames.present(address, entry)?)))
        .collect();
    let mut present = Recorded::new();
    for (address, mut entry) in recorded {
        // A profile keeps its address when its key gets another one, and has to be recorded again.
        if entry.depends_on.iter().any(|it| moved.contains_key(it)) {
            renames.restated.insert(address.clone());
        }
        entry.depends_on =
            entry.depends_on.into_iter().map(|it| moved.get(&it).cloned().unwrap_or(it)).collect();
        let Some(new) = moved.get(&address) else {
            // A run that stopped while it recorded the move left both: the new one is right.
            present.insert(address, entry);
            continue;
        };
        present.entry(new.clone()).or_insert(entry);
        renames.before.insert(new.clone(), address);
    }
    (present, renames)
}

/// Returns the principals that are renamed in place. Names that are equal regardless of case are
/// one identity to IAM. An old name counts as long as the state has it for the principal or for a
/// part of it: a run may have stopped after it recorded the principal. Then it may be somebody
/// else's.
fn principals(recorded: &Recorded, desired: &Desired) -> BTreeMap<Principal, Principal> {
    let old_names = undeclared_principals(recorded, desired);
    if old_names.is_empty() {
        return BTreeMap::new();
    }
    let declared = desired.resources.keys().filter_map(Address::principal);
    let folded = |it: &Principal| (it.kind, it.name.to_ascii_lowercase());
    let declared: BTreeMap<_, Principal> = declared.map(|it| (folded(&it), it)).collect();
    let in_place = |it: &Principal| kind::kind_of(it.address().kind()).is_renamed_in_place();
    old_names
        .into_iter()
        .filter(in_place)
        .filter_map(|old| {
            let told = desired.moved.get(&old.address()).and_then(|it| it.to.principal());
            let new = told.or_else(|| declared.get(&folded(&old)).cloned())?;
            Some((old, new))
        })
        .collect()
}

/// Returns the principals that the state names, and the manifest does not.
fn undeclared_principals(recorded: &Recorded, desired: &Desired) -> BTreeSet<Principal> {
    let mut found = BTreeSet::new();
    for (address, entry) in recorded {
        let facts = kind::kind_of(address.kind()).facts();
        let second = kind::second_parent(address.kind()).map(|kind| {
            Address::new(KindName::Principal(kind), text_of(&entry.attributes, kind.as_str()))
        });
        let named = facts.parent.map(|parent| parent.address(&entry.attributes));
        let all = [Some(address.clone()), named, second].into_iter().flatten();
        found.extend(
            all.filter(|it| !desired.resources.contains_key(it)).filter_map(|it| it.principal()),
        );
    }
    found
}

/// Returns the address of the same kind whose name differs in case only.
pub fn other_case<'a>(
    address: &Address,
    all: impl IntoIterator<Item = &'a Address>,
) -> Option<&'a Address> {
    all.into_iter().find(|other| {
        other.kind() == address.kind()
            && *other != address
            && other.name().eq_ignore_ascii_case(address.name())
    })
}

impl Renames {
    /// Returns the present address of a recorded object, if it has another one.
    fn present(&self, address: &Address, entry: &RecordedObject) -> Option<Address> {
        if let Some(new) = address.principal().and_then(|it| self.principals.get(&it)) {
            return Some(new.address());
        }
        let kind = kind::kind_of(address.kind());
        let part = self.parts(kind, &entry.attributes);
        if part.is_empty() {
            return None;
        }
        let mut segments: Vec<&str> = address.name().splitn(2, '/').collect();
        for (attribute, old, new) in &part {
            let second = kind::second_parent(kind.name());
            let at = usize::from(second.is_some_and(|it| it.as_str() == *attribute));
            if let Some(segment) = segments.get_mut(at).filter(|it| **it == old.name) {
                *segment = &new.name;
            }
        }
        Some(Address::new(address.kind(), segments.join("/")))
    }

    /// Returns the attributes of a part that name a renamed principal, with both names.
    fn parts(
        &self,
        kind: &dyn Kind,
        attributes: &Attributes,
    ) -> Vec<(&'static str, &Principal, &Principal)> {
        let is_part = kind.facts().parent.is_some();
        let named = self
            .principals
            .iter()
            .filter(|(old, _)| is_part && text_of(attributes, old.kind.as_str()) == old.name);
        named.map(|(old, new)| (old.kind.as_str(), old, new)).collect()
    }

    /// Makes recorded and live objects speak of the new names: by the time that a part is changed,
    /// its parent has its new name. In trust and resource policies IAM shows a renamed user by its
    /// new ARN, because it keeps the user's id.
    pub fn rename_parts(&mut self, desired: &Desired, recorded: &mut Recorded, live: &mut Live) {
        self.rename_principals(desired, recorded, live);
        for address in self.before.keys() {
            let kind = kind::kind_of(address.kind());
            if let Some(entry) = recorded.get_mut(address) {
                let id = kind.physical_id(&entry.attributes);
                if self.rename_in(kind, &mut entry.attributes) && id == entry.id {
                    entry.id = kind.physical_id(&entry.attributes);
                }
            }
        }
        for (address, resource) in live.iter_mut() {
            let Some(seen) = resource.observed.as_present_mut() else { continue };
            name_parents(address, seen);
        }
        for seen in live.values_mut().filter_map(|it| it.observed.as_present_mut()) {
            seen.attached.iter_mut().for_each(|it| self.rename_attached(it));
            seen.hanging.iter_mut().for_each(|it| self.rename_blocker(it));
        }
    }

    fn rename_principals(&mut self, desired: &Desired, recorded: &mut Recorded, live: &mut Live) {
        let users = self.principals.values().filter(|it| it.kind.makes_requests());
        let arns: BTreeMap<String, String> = users
            .filter_map(|user| {
                let seen = live.get(&user.address())?.observed.as_present()?;
                let declared = desired.resources.get(&user.address())?;
                let [old, new] =
                    [&seen.attributes, &declared.attributes].map(|it| text_of(it, "arn"));
                (old != new).then(|| (old.to_owned(), new.to_owned()))
            })
            .collect();
        if arns.is_empty() {
            return;
        }
        for (address, resource) in live.iter_mut() {
            let Some(field) = principal_document(address.kind()) else { continue };
            let Some(seen) = resource.observed.as_present_mut() else { continue };
            if rename_in_document(&mut seen.attributes, field, &arns) {
                self.restated.insert(address.clone());
            }
            if let Some(entry) = recorded.get_mut(address) {
                rename_in_document(&mut entry.attributes, field, &arns);
            }
        }
    }

    fn rename_attached(&self, attached: &mut Attached) {
        match attached {
            Attached::Group(name) => self.rename(PrincipalKind::Group, name),
            Attached::Member(name) => self.rename(PrincipalKind::User, name),
            Attached::Managed(_) | Attached::Inline(_) => {}
        }
    }

    fn rename_blocker(&self, blocker: &mut DeletionBlocker) {
        match blocker {
            DeletionBlocker::Group(name) => self.rename(PrincipalKind::Group, name),
            DeletionBlocker::Member(name) => self.rename(PrincipalKind::User, name),
            DeletionBlocker::AttachedTo(holder) | DeletionBlocker::BoundaryOf(holder) => {
                self.rename(holder.kind, &mut holder.name);
            }
            DeletionBlocker::AccessKey(_)
            | DeletionBlocker::LoginProfile
            | DeletionBlocker::MfaDevice(_)
            | DeletionBlocker::SshKey(_)
            | DeletionBlocker::Certificate(_)
            | DeletionBlocker::ServiceCredential(_)
            | DeletionBlocker::InstanceProfile(_)
            | DeletionBlocker::RoleInProfile(_)
            | DeletionBlocker::Objects { .. } => {}
        }
    }

    fn rename(&self, kind: PrincipalKind, name: &mut String) {
        if let Some(new) = self.principals.get(&Principal::new(kind, name.as_str())) {
            name.clone_from(&new.name);
        }
    }

    /// Returns true for the old address of a principal that is renamed in place.
    pub fn is_old_name(&self, address: &Address) -> bool {
        address.principal().is_some_and(|it| self.principals.contains_key(&it))
    }

    /// Makes the record of a part name its parents by their new names.
    fn rename_in(&self, kind: &dyn Kind, attributes: &mut Attributes) -> bool {
        let parts = self.parts(kind, attributes);
        let changes: Vec<_> =
            parts.into_iter().map(|(name, _, new)| (name, new.name.clone())).collect();
        for (attribute, name) in &changes {
            attributes.insert(attribute, name.as_str().into());
        }
        !changes.is_empty()
    }
}

/// Makes a live part name its parents as its address does. It was found under the name that its
/// parent has now, which may be the third one of a change of case.
fn name_parents(address: &Address, seen: &mut LiveObject) {
    let mut renamed = false;
    for (attribute, parent) in kind::named_parents(address) {
        if text_of(&seen.attributes, attribute) != parent.name() {
            seen.attributes.insert(attribute, parent.name().into());
            renamed = true;
        }
    }
    if renamed && let Some(id) = kind::kind_of(address.kind()).physical_id(&seen.attributes) {
        seen.id = id;
    }
}

/// Returns the attribute with a document that names principals.
fn principal_document(kind: KindName) -> Option<&'static str> {
    let document = kind::kind_of(kind).facts().document?;
    match document.usage {
        Usage::Trust | Usage::Bucket => Some(document.field),
        Usage::Managed
        | Usage::UserInline
        | Usage::RoleInline
        | Usage::GroupInline
        | Usage::Limiting(_) => None,
    }
}

/// Replaces the ARNs of principals in a document. Returns true if there was one.
fn rename_in_document(
    attributes: &mut Attributes,
    field: &str,
    arns: &BTreeMap<String, String>,
) -> bool {
    let Some(document) = attributes.get(field).filter(|it| !it.is_null()) else { return false };
    let mut renamed = document.clone();
    let statements = match renamed.get_mut("Statement") {
        Some(Value::Array(list)) => list.iter_mut().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    for statement in statements {
        for element in ["Principal", "NotPrincipal"] {
            if let Some(principal) = statement.get_mut(element) {
                rename_in_value(principal, arns);
            }
        }
    }
    let changes = renamed != *document;
    if changes {
        attributes.insert(field, policy::canonical(&renamed));
    }
    changes
}

fn rename_in_value(value: &mut Value, arns: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => {
            if let Some(new) = arns.get(text) {
                text.clone_from(new);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|it| rename_in_value(it, arns)),
        Value::Object(map) => map.values_mut().for_each(|it| rename_in_value(it, arns)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns the change of the name, if the live object has another one than declared.
pub fn name_change(kind: &dyn Kind, seen: &LiveObject, declared: &Attributes) -> Option<FieldDiff> {
    let (before, after) = (seen.attributes.shared("name")?, declared.shared("name")?);
    (kind.is_renamed_in_place() && before != after).then(|| FieldDiff {
        change: FieldChange {
            field: "name".to_owned(),
            before: Some(before.clone()),
            after: Some(after.clone()),
        },
        form: FieldForm::Plain,
        forces_replacement: None,
    })
}
