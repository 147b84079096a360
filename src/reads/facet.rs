//! The facts that kinds ask for, a row each: what a sweep shows of it, what it costs by single
//! reads, how it is looked up.

use std::collections::BTreeSet;

use super::bucket::BucketAspect;
use super::cost::Cost;
use super::lookup::{ReadHint, unread};
use super::policy::is_of_aws;
use super::snapshot::Snapshot;
use crate::address::Principal;
use crate::call::iam::EntityType;
use crate::call::{BucketRef, FileRead, LocalFile, Read};

/// What a sweep must show for a fact to be answered, or not to be asked for any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InSweep<'a> {
    /// No sweep tells anything of it.
    Nothing,
    /// This one entity, by its name, or a policy by its ARN.
    Entity(EntityType, &'a str),
    /// All entities of these types.
    Types(&'static [EntityType]),
}

impl<'a> InSweep<'a> {
    pub(super) fn entity(self) -> Option<&'a str> {
        match self {
            Self::Entity(_, name) => Some(name),
            Self::Nothing | Self::Types(_) => None,
        }
    }

    pub(super) fn types(self) -> impl Iterator<Item = EntityType> {
        let (one, all): (Option<EntityType>, &[EntityType]) = match self {
            Self::Nothing => (None, &[]),
            Self::Entity(of, _) => (Some(of), &[]),
            Self::Types(all) => (None, all),
        };
        one.into_iter().chain(all.iter().copied())
    }

    fn principal(principal: &'a Principal) -> Self {
        Self::Entity(principal.kind.into(), &principal.name)
    }

    fn policy(arn: &'a str) -> Self {
        if is_of_aws(arn) {
            Self::Nothing
        } else {
            Self::Entity(EntityType::LocalManagedPolicy, arn)
        }
    }

    fn uses(arn: &str) -> Self {
        use EntityType::{Group, LocalManagedPolicy, Role, User};
        if is_of_aws(arn) {
            Self::Nothing
        } else {
            Self::Types(&[LocalManagedPolicy, User, Role, Group])
        }
    }
}

/// The table. A row that says nothing of `alone` and `after_sweep` is of a fact whose reads cost
/// the same either way.
macro_rules! facts {
    ($(
        $(#[$meta:meta])*
        $fact:ident $({ $($field:ident: $type:ty),* $(,)? })? $(($($part:ident: $part_type:ty),*))? => {
            in_sweep: $in_sweep:expr,
            $(alone: $alone:expr,)?
            $(after_sweep: $after_sweep:expr,)?
            lookup: |$known:ident, $hint:ident| $lookup:expr $(,)?
        }
    )*) => {
        /// Something that a kind wants to know about the world.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Facet {
            $($(#[$meta])* $fact $({ $($field: $type),* })? $(($($part_type),*))?,)*
        }

        #[allow(unused_variables, reason = "a row may use any of its fields")]
        impl Facet {
            /// What a sweep shows of it.
            pub(super) fn in_sweep(&self) -> InSweep<'_> {
                match self {
                    $(Self::$fact $({ $($field),* })? $(($($part),*))? => $in_sweep,)*
                }
            }

            /// What single reads cost that a sweep would spare. Inline policies cost a call more
            /// each, but how many there are is not known before.
            pub(super) fn alone(&self) -> Cost {
                match self {
                    $(Self::$fact $({ $($field: _),* })? $(($($part),*))? => Cost::NOTHING $(+ $alone)?,)*
                }
            }

            /// What a sweep leaves open, at most.
            pub(super) fn after_sweep(&self) -> Cost {
                match self {
                    $(Self::$fact $({ $($field: _),* })? $(($($part),*))? => Cost::NOTHING $(+ $after_sweep)?,)*
                }
            }

            /// The reads without which it can't be told; none where it can.
            pub(super) fn unread(&self, known: &Snapshot, hint: ReadHint<'_>) -> BTreeSet<Read> {
                match self {
                    $(Self::$fact $({ $($field),* })? $(($($part),*))? => {
                        let ($known, $hint) = (known, hint);
                        unread($lookup)
                    })*
                }
            }
        }
    };
}

facts! {
    /// The user, role or group, with what it has of tags, boundary and trust policy.
    Principal(principal: Principal) => {
        in_sweep: InSweep::principal(principal),
        alone: Cost::of(1, 1),
        lookup: |known, hint| known.find_principal(principal, hint),
    }
    /// What is attached to a user, role or group, and its inline policies.
    Policies(principal: Principal) => {
        in_sweep: InSweep::principal(principal),
        // The list of what is attached, and that of the inline policies.
        alone: Cost::of(2, 0),
        lookup: |known, hint| known.find_policies(principal, hint),
    }
    /// The groups that a user is in.
    Groups { user: String } => {
        in_sweep: InSweep::Entity(EntityType::User, user),
        alone: Cost::of(1, 0),
        lookup: |known, hint| known.find_groups(user, hint),
    }
    /// The users in a group. In a sweep the users tell it.
    Members { group: String } => {
        in_sweep: InSweep::Types(&[EntityType::Group, EntityType::User]),
        alone: Cost::of(1, 1),
        lookup: |known, hint| known.find_members(group, hint),
    }
    AccessKeys { user: String } => {
        in_sweep: InSweep::Types(&[EntityType::User]),
        lookup: |known, hint| known.find_access_keys(user, hint),
    }
    /// When a user's key was last used.
    LastUsed { user: String, id: String } => {
        in_sweep: InSweep::Nothing,
        lookup: |known, _hint| known.find_last_used(user, id),
    }
    /// What time it is.
    Clock => {
        in_sweep: InSweep::Nothing,
        lookup: |known, _hint| known.find_clock(),
    }
    /// The role's description and session length.
    RoleSettings { role: String } => {
        in_sweep: InSweep::Entity(EntityType::Role, role),
        // By itself nothing: the GetRole for the role has them. After a sweep a GetRole at most,
        // for several of them are one ListRoles.
        after_sweep: Cost::of(1, 0),
        lookup: |known, hint| known.find_role_settings(role, hint),
    }
    /// What else hangs on a user: keys, passwords, devices, groups. AWS deletes no user that has
    /// any of it.
    UserDependents { user: String } => {
        in_sweep: InSweep::Types(&[EntityType::User]),
        // ListGroupsForUser; the rest of it no sweep has.
        alone: Cost::of(1, 0),
        lookup: |known, hint| known.find_user_dependents(user, hint),
    }
    /// The instance profiles that a role is in.
    InstanceProfiles { role: String } => {
        in_sweep: InSweep::Nothing,
        lookup: |known, _hint| known.find_instance_profiles(role),
    }
    /// What uses a policy.
    Uses { arn: String } => {
        in_sweep: InSweep::uses(arn),
        // ListEntitiesForPolicy for either use.
        alone: Cost::of(2, 0),
        lookup: |known, hint| known.find_uses(arn, hint),
    }
    /// The policy, its tags, description, versions and default document.
    Policy { arn: String } => {
        in_sweep: InSweep::policy(arn),
        // GetPolicy, ListPolicyVersions, GetPolicyVersion.
        alone: Cost::of(3, 1),
        // The tags.
        after_sweep: Cost::of(1, 0),
        lookup: |known, hint| known.find_policy(arn, hint),
    }
    Bucket { bucket: BucketRef, aspect: BucketAspect } => {
        in_sweep: InSweep::Nothing,
        lookup: |known, hint| known.find_bucket(bucket, *aspect, hint),
    }
    Credentials { profile: String } => {
        in_sweep: InSweep::Nothing,
        lookup: |known, _hint| known.find_file(FileRead::Credentials { profile: profile.clone() }),
    }
    Profile { profile: String } => {
        in_sweep: InSweep::Nothing,
        lookup: |known, _hint| known.find_file(FileRead::Profile { profile: profile.clone() }),
    }
    KeyCsv { file: LocalFile } => {
        in_sweep: InSweep::Nothing,
        lookup: |known, _hint| known.find_file(FileRead::KeyCsv { file: file.clone() }),
    }
    KeyAge { file: LocalFile } => {
        in_sweep: InSweep::Nothing,
        lookup: |known, _hint| known.find_file(FileRead::KeyAge { file: file.clone() }),
    }
    Stage { file: LocalFile, stage: String } => {
        in_sweep: InSweep::Nothing,
        lookup: |known, _hint| known.find_file(FileRead::Stage { file: file.clone(), stage: stage.clone() }),
    }
}
