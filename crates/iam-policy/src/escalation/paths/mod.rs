//! The published escalation paths, by which a principal with a few permissions gives itself more.
//!
//! They come from Rhino Security Labs ("AWS IAM Privilege Escalation – Methods and Mitigation"),
//! from pathfinding.cloud, which continues that list and Bishop Fox's IAM Vulnerable, and a few
//! from PMapper and HackTricks. A path that only adds actions to another path of the list is left
//! out: the shorter path covers it.

mod existing;
mod identity;
mod passing;
mod principal;

/// A published escalation path: a combination of permissions that gives more permissions.
#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    /// The name of the path, and of its lint rule.
    pub name: &'static str,
    /// The kind of access that the path gives.
    pub gain: Gain,
    /// The result as a predicate of the holder: `can join groups`.
    pub gives: &'static str,
    /// The permissions that the path needs, all of them. Those on a role must be on the same role,
    /// and so on for other objects.
    pub needs: &'static [Need],
    /// The publication or its author.
    pub source: &'static str,
}

/// A permission that a path needs.
#[derive(Debug, PartialEq, Eq)]
pub struct Need {
    /// The actions, of which any one suffices.
    pub any: &'static [&'static str],
    /// The kind of object that the action is on.
    pub on: On,
    /// The service that the role is passed to, for `iam:PassRole`.
    pub to: Option<&'static str>,
}

/// The kind of object that an action is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// A resource of the action's own service.
    Other,
}

/// The kind of access that a path gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gain {
    /// Any permission, for any holder.
    Everything,
    /// Permissions for the object, which may be the holder itself.
    Permissions,
    /// Control over the object's boundary, which may be the holder's own.
    Boundary,
    /// The permissions of another principal.
    Principal,
    /// The permissions of the role of an existing resource.
    Existing,
    /// The permissions of every role that trusts the account. A policy that names one role is no
    /// escalation: that access is its purpose.
    AnyRole,
}

/// Returns all published paths.
pub fn all() -> impl Iterator<Item = &'static Path> {
    [identity::PATHS, principal::PATHS, passing::PATHS, existing::PATHS].into_iter().flatten()
}
