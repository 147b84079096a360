//! An escalation path.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::publication::{Publication, PublishedList};

/// A published escalation path: a combination of permissions that gives more permissions.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Path {
    /// The name of the path, and of its lint rule.
    pub name: &'static str,
    /// The kind of access that the path gives.
    pub gain: Gain,
    /// The result as a predicate of the holder: `can join groups`.
    pub gives: &'static str,
    /// The permissions that the path needs, all of them. Those on a role must be on the same role,
    /// and so on for other objects.
    pub needs: Vec<Need>,
    /// The ids by which the lists have the path.
    #[serde(borrow)]
    sources: BTreeMap<PublishedList, Vec<&'static str>>,
}

/// A permission that a path needs.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Need {
    /// The actions, of which any one suffices.
    #[serde(borrow)]
    pub any: Vec<&'static str>,
    /// The kind of object that the action is on.
    pub on: On,
    /// The service that the role is passed to, for `iam:PassRole`.
    pub to: Option<&'static str>,
    /// The resources that matter, where they aren't all of the action's service: a pattern in which
    /// `${Partition}` and `${Account}` stand for the holder's.
    pub resource: Option<&'static str>,
}

/// The kind of object that an action is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum On {
    /// A managed policy.
    Policy,
    /// A user.
    User,
    /// A group.
    Group,
    /// A role.
    Role,
    /// Another resource, of the action's own service unless the need names it.
    Other,
}

/// The kind of access that a path gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Gain {
    /// Any permission, for any holder.
    Everything,
    /// Permissions for the object, which may be the holder itself.
    Permissions,
    /// Control over the object's boundary, which may be the holder's own.
    Boundary,
    /// The end of a Deny that the object's policies have, if it is the holder itself.
    Deny,
    /// The permissions of another principal.
    Principal,
    /// The permissions of another principal in a few services only.
    Service,
    /// The permissions of the role of an existing resource.
    Existing,
    /// The permissions of every role that trusts the account. A policy that names one role is no
    /// escalation: that access is its purpose.
    AnyRole,
}

impl Path {
    /// Returns the lists that have the path, and its ids there. The first one is the best known.
    pub fn publications(&self) -> impl Iterator<Item = Publication> + '_ {
        let of_list = |(list, ids): (&PublishedList, &'_ Vec<&'static str>)| {
            let list = *list;
            ids.clone().into_iter().map(move |id| Publication { list, id })
        };
        self.sources.iter().flat_map(of_list)
    }
}

impl Need {
    /// Returns the service of the need's actions: `lambda`.
    pub(super) fn service(&self) -> &'static str {
        let first = self.any.first().copied().unwrap_or_default();
        first.split_once(':').map_or("*", |(service, _)| service)
    }
}
