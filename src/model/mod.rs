//! What is declared, what was recorded, what is seen: ordered maps by address.

pub mod keys;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::address::{Address, KindName};
use crate::diagnostic::Place;
use crate::kind::LiveResource;
use crate::policy::request::Context;
use crate::value::Attributes;

/// A manifest, resolved: every variable filled in, every reference checked, every value in normal
/// form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desired {
    pub name: String,
    pub account: String,
    pub region: String,
    pub partition: String,
    /// `state:` of the manifest.
    pub store: Option<String>,
    /// `encryption: {recipients: […]}` of the manifest: who can read the state and saved plans.
    /// None: everybody.
    pub recipients: Vec<String>,
    /// SHA-256 over the manifest and every file that went into it.
    pub digest: String,
    pub resources: BTreeMap<Address, Resource>,
    /// `checks:` of the manifest.
    pub checks: Vec<Check>,
    /// `lint: {allow: […]}` of the manifest.
    pub silenced: Vec<LintSuppression>,
    /// `limits:` of the manifest.
    pub limits: Limits,
}

impl Desired {
    /// Returns the resources of a kind.
    pub fn of_kind(&self, kind: KindName) -> impl Iterator<Item = (&Address, &Resource)> {
        of_kind(&self.resources, kind)
    }
}

/// Brakes on what one plan may do.
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
    /// A user or a role.
    pub subject: Address,
    pub can: bool,
    /// Patterns, as in a policy.
    pub actions: Vec<String>,
    pub resources: Vec<String>,
    /// `with:`: what the requests carry besides.
    pub context: Context,
    pub place: Option<Place>,
}

/// A finding of lint that is accepted, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct LintSuppression {
    pub rule: String,
    /// The address of what it is about (`policy.Deploy`), or `*`.
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
    /// Somebody asked on the command line for a new one in its place.
    pub renew: bool,
    /// Where `lifecycle: {prevent_destroy: true}` stands, if it does.
    pub prevent_destroy: Option<Place>,
    pub place: Option<Place>,
}

/// What the state says of one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedObject {
    pub status: Status,
    /// `Seen::id` when it was last applied; while it is only intended, that of what it replaces.
    pub id: Option<String>,
    /// As applied: identity attributes and those the manifest named.
    pub attributes: Attributes,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub depends_on: BTreeSet<Address>,
}

impl RecordedObject {
    /// All that the state knows of the object: its attributes, and its physical id as `id`.
    pub fn known(&self) -> Attributes {
        let mut known = self.attributes.clone();
        known.extend(self.id.iter().map(|id| ("id", id.as_str().into())));
        known
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// A create was about to be sent: what exists under this name now is ours.
    Intended,
    Done,
}

pub type Recorded = BTreeMap<Address, RecordedObject>;

pub type Live = BTreeMap<Address, LiveResource>;

/// Of these objects the ones of a kind that hang on a user or a role. Their names begin with its
/// name, so that they stand together: of a hundred thousand objects only these are looked at.
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

/// Of these objects the ones of a kind. They stand together: no others are looked at.
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

/// The objects that were made upon others, by these.
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

    /// Those that were made upon this one, in order.
    pub fn on(&self, address: &Address) -> impl Iterator<Item = &'r Address> + use<'r, '_> {
        self.0.get(address).into_iter().flatten().copied()
    }
}

/// What to look for: the object as declared, and what only the state knows of it: fields that the
/// manifest no longer names, the id of the key that we made, the keys that were there before we
/// tried to.
pub fn subject(declared: Option<&Attributes>, recorded: Option<&Attributes>) -> Attributes {
    let subject = declared.cloned().unwrap_or_default();
    match recorded {
        Some(recorded) => subject.completed_by(recorded),
        None => subject,
    }
}
