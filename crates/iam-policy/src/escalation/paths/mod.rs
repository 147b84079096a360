//! The published ways by which somebody with a few permissions gives themselves more.
//!
//! They are those of Rhino Security Labs ("AWS IAM Privilege Escalation – Methods and Mitigation"),
//! of pathfinding.cloud, which goes on where that list and Bishop Fox's IAM Vulnerable end, and a
//! few of PMapper and HackTricks. Ways that only add actions to another one in the list are left
//! out: the shorter one says it already.

mod existing;
mod identity;
mod passing;
mod principal;

/// A way to more permissions.
#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    /// Also the name of its rule.
    pub name: &'static str,
    /// What is gained.
    pub gain: Gain,
    /// What it comes to, after the name of who has it: `can join groups`.
    pub gives: &'static str,
    /// All of them are needed; those on a role are about the same role, and so on.
    pub needs: &'static [Need],
    /// Who published it, or where.
    pub source: &'static str,
}

/// A permission that a way takes.
#[derive(Debug, PartialEq, Eq)]
pub struct Need {
    /// Any one of these.
    pub any: &'static [&'static str],
    /// What the action is done to.
    pub on: On,
    /// For `iam:PassRole`: the service that the role is passed to.
    pub to: Option<&'static str>,
}

/// What the action is done to.
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
    /// Something of the action's own service.
    Other,
}

/// What a way gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gain {
    /// Any permission, whoever it is.
    Everything,
    /// Permissions for the object, which may be whoever does it.
    Permissions,
    /// The object's boundary, which may be the one that bounds whoever does it.
    Boundary,
    /// What another principal may do.
    Principal,
    /// What something may do that exists already and runs as a role.
    Existing,
    /// What every role may do that trusts the account; naming one role is no escalation, but what
    /// the policy is for.
    AnyRole,
}

/// Returns all published ways.
pub fn all() -> impl Iterator<Item = &'static Path> {
    [identity::PATHS, principal::PATHS, passing::PATHS, existing::PATHS].into_iter().flatten()
}
