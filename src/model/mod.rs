//! The model: declared, recorded and live objects in ordered maps by address.

mod ignored;
pub mod keys;
mod policy_uses;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::address::{Address, KindName};
use crate::diagnostic::Place;
use crate::kind::{Kind, LiveResource};
use crate::policy::request::Context;
use crate::value::Attributes;

pub use ignored::{IgnoredFields, OWN_TAGS};
pub use policy_uses::ForeignPolicyUse;

/// A manifest, resolved: every variable is filled in, every reference checked, every value in
/// normal form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desired {
    pub name: String,
    pub account: String,
    pub region: String,
    pub partition: String,
    /// The manifest's `state:`.
    pub store: Option<String>,
    /// The manifest's `encryption: {recipients: […]}`: the recipients that can read the state and
    /// saved plans. If there are none, nothing is encrypted.
    pub recipients: Vec<String>,
    /// The manifest's `moved: [{from: …, to: …}]`: new addresses of resources, by their old ones.
    pub moved: BTreeMap<Address, MovedResource>,
    /// The manifest's `removed:`, by the addresses that are no longer declared.
    pub removed: BTreeMap<Address, RemovedResource>,
    /// The names that the manifest had before: its `moved: [{from_manifest: …}]`.
    pub former_names: Vec<String>,
    /// The SHA-256 over the manifest and every file that it includes.
    pub digest: String,
    pub resources: BTreeMap<Address, Resource>,
    /// The manifest's `checks:`.
    pub checks: Vec<Check>,
    /// The manifest's `lint: {allow: […]}`.
    pub silenced: Vec<LintSuppression>,
    /// The manifest's `limits:`.
    pub limits: Limits,
    /// The files outside of the project into which keys go, with their whole paths.
    pub outside_files: BTreeSet<PathBuf>,
}

/// The attribute of a record that holds the name which an object bears for a moment while the case
/// of its name is changed.
pub const THIRD_NAME: &str = "third_name";

impl Resource {
    /// Returns the attributes that the state records of it.
    pub fn recorded_attributes(&self) -> Attributes {
        let mut attributes = self.attributes.clone();
        if self.prevent_destroy.is_some() {
            attributes.insert(PREVENT_DESTROY, true.into());
        }
        attributes
    }
}

impl Desired {
    /// Returns true if the manifest has this name, or had it before.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.former_names.iter().any(|it| it == name)
    }

    /// Returns the resources of a kind.
    pub fn of_kind(&self, kind: KindName) -> impl Iterator<Item = (&Address, &Resource)> {
        of_kind(&self.resources, kind)
    }
}

/// A resource that had another address before.
#[derive(Clone, Debug, PartialEq)]
pub struct MovedResource {
    pub to: Address,
    pub place: Option<Place>,
}

/// A resource that left the manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct RemovedResource {
    /// True if it is destroyed; false if it stays in AWS and is no longer managed.
    pub destroy: bool,
    pub place: Option<Place>,
}

/// Limits on the changes of one plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    pub max_destroy: Option<CountLimit>,
    pub max_change_percent: Option<CountLimit>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CountLimit {
    pub value: usize,
    pub place: Option<Place>,
}

/// An assertion on access: the subject can, or cannot, do any of the actions on any of the
/// resources.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The user or role that the check is about.
    pub subject: Address,
    pub can: bool,
    /// The actions, as patterns like in a policy.
    pub actions: Vec<String>,
    pub resources: Vec<String>,
    /// The values of the check's `with:`: condition keys that the requests carry.
    pub context: Context,
    pub place: Option<Place>,
}

/// A finding of lint that is accepted, and the reason.
#[derive(Clone, Debug, PartialEq)]
pub struct LintSuppression {
    pub rule: String,
    /// The address of the finding's subject (`policy.Deploy`), or `*`.
    pub on: String,
    pub because: String,
    pub place: Option<Place>,
}

/// One declared object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    /// The identity attributes and all attributes that the manifest names.
    pub attributes: Attributes,
    pub depends_on: BTreeSet<Address>,
    /// `exclusive: true`: policies on it that the manifest doesn't name are removed.
    pub exclusive: bool,
    /// True if the command line asks for a new object in its place.
    pub renew: bool,
    /// True for `--replace`: the object is destroyed and made anew.
    pub replace: bool,
    /// `lifecycle: {ignore_changes: […]}`.
    pub ignored: IgnoredFields,
    /// The place of `lifecycle: {prevent_destroy: true}`, if it is set.
    pub prevent_destroy: Option<Place>,
    pub place: Option<Place>,
}

/// The state's record of one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedObject {
    pub status: Status,
    /// The `id` of the [`LiveObject`](crate::kind::LiveObject) when it was last applied; while it
    /// is only intended, the id of the object that it replaces.
    pub id: Option<String>,
    /// The attributes as applied: the identity attributes and those that the manifest named.
    pub attributes: Attributes,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub depends_on: BTreeSet<Address>,
}

/// The attribute of a record that says that the object must not be destroyed.
pub const PREVENT_DESTROY: &str = "prevent_destroy";

impl RecordedObject {
    /// Returns the state's attributes of the object, and its physical id as `id`.
    pub fn known(&self) -> Attributes {
        let mut known = self.attributes.clone();
        known.extend(self.id.iter().map(|id| ("id", id.as_str().into())));
        known
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// A create was about to be sent: an object that exists under this name now is the manifest's.
    Intended,
    Done,
}

pub type Recorded = BTreeMap<Address, RecordedObject>;

pub type Live = BTreeMap<Address, LiveResource>;

/// Returns the objects of a kind that are attached to a principal. Their names begin with its name,
/// so that they are adjacent in the map: of a hundred thousand objects only these are visited.
pub fn hanging_on<'o, A: Borrow<Address> + Ord, T>(
    objects: &'o BTreeMap<A, T>,
    kind: KindName,
    holder: &str,
) -> impl Iterator<Item = (&'o A, &'o T)> + use<'o, A, T> {
    let first = Address::new(kind, format!("{holder}/"));
    let from =
        objects.range((std::ops::Bound::Included(first.clone()), std::ops::Bound::Unbounded));
    from.take_while(move |(address, _)| {
        let address: &Address = (*address).borrow();
        address.kind() == first.kind() && address.name().starts_with(first.name())
    })
}

/// Returns the objects of a kind. They are adjacent in the map: no others are visited.
pub fn of_kind<A: Borrow<Address> + Ord, T>(
    objects: &BTreeMap<A, T>,
    kind: KindName,
) -> impl Iterator<Item = (&A, &T)> {
    let from = objects
        .range((std::ops::Bound::Included(Address::new(kind, "")), std::ops::Bound::Unbounded));
    from.take_while(move |(address, _)| {
        let address: &Address = (*address).borrow();
        address.kind() == kind
    })
}

/// The recorded dependents of objects, by the objects that they depend on.
pub struct Dependents<'r>(BTreeMap<&'r Address, Vec<&'r Address>>);

impl<'r> Dependents<'r> {
    pub fn of(recorded: &'r Recorded) -> Self {
        let mut dependents: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
        for (address, entry) in recorded {
            for dependency in &entry.depends_on {
                dependents.entry(dependency).or_default().push(address);
            }
        }
        Self(dependents)
    }

    /// Returns the objects that depend on this one, in order.
    pub fn on(&self, address: &Address) -> impl Iterator<Item = &'r Address> + use<'r, '_> {
        self.0.get(address).into_iter().flatten().copied()
    }
}

/// Returns the attributes to look for: the object as declared, and the attributes that only the
/// state has: fields that the manifest no longer names, the id of the key that relayctl made, the
/// keys that existed before it tried to, the places that the object leaves.
pub fn subject(
    kind: &dyn Kind,
    declared: Option<&Attributes>,
    recorded: Option<&Attributes>,
) -> Attributes {
    match (declared, recorded) {
        (Some(declared), Some(recorded)) => {
            let mut subject = declared.clone().completed_by(recorded);
            let earlier = kind.earlier_places(declared, recorded);
            subject.extend(earlier.iter().map(|(name, value)| (name, value.clone())));
            subject
        }
        (declared, recorded) => declared.or(recorded).cloned().unwrap_or_default(),
    }
}
