//! The table of the facts that kinds ask for: one row for each, with the part of a sweep that shows
//! it, the cost of single reads, and the lookup.

use std::collections::BTreeSet;

use super::bucket::BucketAspect;
use super::cost::Cost;
use super::lookup::{ReadHint, unread};
use super::policy::is_of_aws;
use super::snapshot::Snapshot;
use crate::address::Principal;
use crate::call::iam::EntityType;
use crate::call::{BucketRef, FileRead, LocalFile, Read};

/// The part of a sweep that answers a fact, or makes further reads unnecessary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InSweep<'a> {
    /// No sweep shows anything of the fact.
    Nothing,
    /// One entity, by its name, or a policy by its ARN.
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

/// The table's form. A row without `alone` and `after_sweep` is of a fact whose reads cost the same
/// with and without a sweep.
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
        /// A fact about the world that a kind asks for.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Facet {
            $($(#[$meta])* $fact $({ $($field: $type),* })? $(($($part_type),*))?,)*
        }

        #[allow(unused_variables, reason = "a row may use any of its fields")]
        impl Facet {
            /// Returns the part of a sweep that shows the fact.
            pub(super) fn in_sweep(&self) -> InSweep<'_> {
                match self {
                    $(Self::$fact $({ $($field),* })? $(($($part),*))? => $in_sweep,)*
                }
            }

            /// Returns the cost of the single reads that a sweep would spare. Each inline policy
            /// costs one more call, but their number is not known before.
            pub(super) fn alone(&self) -> Cost {
                match self {
                    $(Self::$fact $({ $($field: _),* })? $(($($part),*))? => Cost::NOTHING $(+ $alone)?,)*
                }
            }

            /// Returns the most that the calls cost that a sweep leaves open.
            pub(super) fn after_sweep(&self) -> Cost {
                match self {
                    $(Self::$fact $({ $($field: _),* })? $(($($part),*))? => Cost::NOTHING $(+ $after_sweep)?,)*
                }
            }

            /// Returns the reads that the fact still lacks; none if it can be told.
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
    /// The user, role or group, with its tags, boundary and trust policy.
    Principal(principal: Principal) => {
        in_sweep: InSweep::principal(principal),
        alone: Cost::of(1, 1),
        lookup: |known, hint| known.find_principal(principal, hint),
    }
    /// The attached and the inline policies of a user, role or group.
    Policies(principal: Principal) => {
        in_sweep: InSweep::principal(principal),
        // The list of attached policies, and that of inline policies.
        alone: Cost::of(2, 0),
        lookup: |known, hint| known.find_policies(principal, hint),
    }
    /// The groups that a user is in.
    Groups { user: String } => {
        in_sweep: InSweep::Entity(EntityType::User, user),
        alone: Cost::of(1, 0),
        lookup: |known, hint| known.find_groups(user, hint),
    }
    /// The users in a group. A sweep shows the memberships on the users.
    Members { group: String } => {
        in_sweep: InSweep::Types(&[EntityType::Group, EntityType::User]),
        alone: Cost::of(1, 1),
        lookup: |known, hint| known.find_members(group, hint),
    }
    AccessKeys { user: String } => {
        in_sweep: InSweep::Types(&[EntityType::User]),
        lookup: |known, hint| known.find_access_keys(user, hint),
    }
    /// The last use of a user's key.
    LastUsed { user: String, id: String } => {
        in_sweep: InSweep::Nothing,
        lookup: |known, _hint| known.find_last_used(user, id),
    }
    /// The current time.
    Clock => {
        in_sweep: InSweep::Nothing,
        lookup: |known, _hint| known.find_clock(),
    }
    /// The role's description and session length.
    RoleSettings { role: String } => {
        in_sweep: InSweep::Entity(EntityType::Role, role),
        // Alone it costs nothing: the GetRole for the role has the settings. After a sweep it costs
        // at most one GetRole, since a single ListRoles answers for several roles.
        after_sweep: Cost::of(1, 0),
        lookup: |known, hint| known.find_role_settings(role, hint),
    }
    /// The other objects of a user that block its deletion: keys, passwords, devices, groups. AWS
    /// deletes no user that has any of them.
    UserDependents { user: String } => {
        in_sweep: InSweep::Types(&[EntityType::User]),
        // ListGroupsForUser; no sweep has the others.
        alone: Cost::of(1, 0),
        lookup: |known, hint| known.find_user_dependents(user, hint),
    }
    /// The instance profiles that a role is in.
    InstanceProfiles { role: String } => {
        in_sweep: InSweep::Entity(EntityType::Role, role),
        alone: Cost::of(1, 0),
        lookup: |known, hint| known.find_instance_profiles(role, hint),
    }
    /// An instance profile with its tags and its role. A sweep shows only those with a role, and
    /// their tags not reliably.
    InstanceProfile { profile: String } => {
        in_sweep: InSweep::Nothing,
        lookup: |known, _hint| known.find_instance_profile(profile),
    }
    /// An OIDC provider with its tags.
    OidcProvider { arn: String } => {
        in_sweep: InSweep::Nothing,
        lookup: |known, _hint| known.find_oidc_provider(arn),
    }
    /// The principals that use a policy.
    Uses { arn: String } => {
        in_sweep: InSweep::uses(arn),
        // ListEntitiesForPolicy, once for each use.
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
    /// The settings that are used before a profile's key.
    CredentialSource { profile: String } => {
        in_sweep: InSweep::Nothing,
        lookup: |known, _hint| known.find_file(FileRead::CredentialSource { profile: profile.clone() }),
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
