//! Which calls are cheapest: sweeps of the account, or calls on single objects.
//!
//! What a sweep costs depends on how much is in the account, which only AWS knows. Its first page tells whether there is
//! more, at the price of the question how much there is; so that question ([`IamRead::GetAccountSummary`]) is asked only where
//! there is more, and where the answer can make a difference.

use std::collections::BTreeSet;
use std::iter::Sum;
use std::ops::Add;

use super::swept::{Look, Open, Swept};
use super::{Facet, Snapshot, iam};
use crate::call::iam::EntityType;
use crate::call::{IamRead, IamReply, Read, Reply};

/// How many bytes take as long as a call: 50 ms at 5 MB/s.
const CALL: u64 = 256 * 1024;

/// What one user, role, group or policy takes in an answer, its documents included: by estimate.
const ENTITY: u64 = 2 * 1024;

/// `MaxItems` of IAM's lists is at most this.
const PAGE: u64 = 1000;

/// IAM lets no account have more than 5,000 users, 10,000 roles, 500 groups and 10,000 policies of its own ("IAM and AWS STS
/// quotas").
const MOST_ENTITIES: u64 = 25_500;
pub(super) const MOST_PAGES_OF_ROLES: usize = 10;

/// What some calls cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    pub calls: u64,
    pub bytes: u64,
}

impl Cost {
    fn of(calls: u64, entities: u64) -> Self {
        Self { calls, bytes: entities * ENTITY }
    }

    fn weight(self) -> u64 {
        self.calls * CALL + self.bytes
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { calls: self.calls + other.calls, bytes: self.bytes + other.bytes }
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), Add::add)
    }
}

/// How users, roles and policies are read that aren't known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// This comes first; then one knows more.
    First(Read),
    /// Calls on each of them.
    Each,
}

impl Way {
    /// What comes before the calls on single objects that answer the facet.
    pub(super) fn first_for(&self, facet: &Facet) -> Option<&Read> {
        match self {
            Self::First(read) if !entities(facet).is_empty() => Some(read),
            Self::First(_) | Self::Each => None,
        }
    }
}

/// A choice, and what the alternatives cost as far as can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub way: Way,
    /// Calls on each object.
    pub each: Cost,
    /// A sweep, or the rest of it, and what it leaves open: at least.
    pub sweep: Cost,
}

/// The choice for what is not known yet of all that is wanted.
pub(super) fn choose(wanted: &BTreeSet<Facet>, known: &Snapshot) -> Choice {
    let open: Vec<&Facet> = wanted.iter().filter(|facet| is_unseen(facet, known)).collect();
    let each: Cost = open.iter().map(|facet| by_itself(facet)).sum();
    let after: Cost = open.iter().map(|facet| after_sweep(facet)).sum();
    let filter = filter(wanted);
    let found: BTreeSet<&str> = open.iter().filter_map(|facet| subject(facet)).collect();
    let least = Cost::of(1, found.len() as u64) + after;
    let cheapest = |way: Way, sweep: Cost| {
        let way = if sweep.weight() < each.weight() { way } else { Way::Each };
        Choice { way, each, sweep }
    };
    if known.swept.failure().is_some() || open.is_empty() {
        return Choice { way: Way::Each, each, sweep: least };
    }
    let Some(at) = known.swept.open() else {
        let first = IamRead::GetAccountAuthorizationDetails { filter, marker: None };
        return cheapest(Way::First(Read::Iam(first)), least);
    };
    let rest = IamRead::GetAccountAuthorizationDetails { filter: at.filter.clone(), marker: Some(at.marker.clone()) };
    let rest = Way::First(Read::Iam(rest));
    let summary = Read::Iam(IamRead::GetAccountSummary);
    match known.known.get(&summary) {
        Some(Ok(Reply::Iam(IamReply::AccountSummary(counts)))) => {
            let all: u64 = at.filter.iter().filter_map(|of| counts.get(of)).sum();
            cheapest(rest, remaining(at, all) + after)
        }
        // It can't be told: what is known to be enough is.
        Some(_) => Choice { way: Way::Each, each, sweep: least },
        None if each.weight() > (remaining(at, MOST_ENTITIES) + after).weight() => {
            Choice { way: rest, each, sweep: least }
        }
        None => cheapest(Way::First(summary), least + Cost::of(1, 0)),
    }
}

/// The read that goes on with seeing everything.
pub(super) fn whole_sweep(swept: &Swept) -> Option<IamRead> {
    let all = BTreeSet::from(EntityType::ALL);
    let marker = match swept.open() {
        _ if swept.failure().is_some() || all.iter().all(|of| swept.has_all(*of)) => return None,
        Some(open) => Some(open.marker.clone()),
        None => None,
    };
    Some(IamRead::GetAccountAuthorizationDetails { filter: all, marker })
}

/// What the rest of a sweep costs in an account with so many entities.
fn remaining(at: &Open, all: u64) -> Cost {
    let more = all.saturating_sub(at.seen);
    // IAM may put fewer on a page than it is asked for.
    Cost::of(more.div_ceil(at.seen.clamp(1, PAGE)).max(1), more)
}

pub(super) fn pages(items: usize) -> usize {
    items.div_ceil(usize::try_from(PAGE).unwrap_or(usize::MAX)).max(1)
}

/// The types that the wanted facets are about. Where policies are wanted with those that have them, groups are asked for, too:
/// then the sweep tells who else has a policy that is changed.
pub(super) fn filter(wanted: &BTreeSet<Facet>) -> BTreeSet<EntityType> {
    let mut filter: BTreeSet<EntityType> = wanted.iter().flat_map(entities).copied().collect();
    if filter.len() > 1 && filter.contains(&EntityType::LocalManagedPolicy) {
        filter.extend([EntityType::User, EntityType::Role, EntityType::Group]);
    }
    filter
}

/// What a sweep must show for the facet to be answered, or not to be asked for any more.
fn entities(facet: &Facet) -> &'static [EntityType] {
    use EntityType::{Group, LocalManagedPolicy, Role, User};
    match facet {
        Facet::User { .. } | Facet::UserPolicies { .. } | Facet::AccessKeys { .. } | Facet::Belongings { .. } => {
            &[User]
        }
        Facet::Role { .. } | Facet::RoleSettings { .. } | Facet::RolePolicies { .. } => &[Role],
        Facet::Policy { arn } | Facet::Uses { arn } if iam::of_aws(arn) => &[],
        Facet::Policy { .. } => &[LocalManagedPolicy],
        Facet::Uses { .. } => &[LocalManagedPolicy, User, Role, Group],
        Facet::LastUsed { .. }
        | Facet::Clock
        | Facet::InstanceProfiles { .. }
        | Facet::Bucket { .. }
        | Facet::Credentials { .. }
        | Facet::Profile { .. }
        | Facet::KeyCsv { .. }
        | Facet::KeyAge { .. }
        | Facet::Stage { .. } => &[],
    }
}

/// The entity that the facet is about.
fn subject(facet: &Facet) -> Option<&str> {
    match facet {
        Facet::User { user } | Facet::UserPolicies { user } => Some(user),
        Facet::Role { role } | Facet::RolePolicies { role } => Some(role),
        Facet::Policy { arn } => Some(arn),
        _ => None,
    }
}

/// Whether a sweep could still tell something of it.
fn is_unseen(facet: &Facet, known: &Snapshot) -> bool {
    let unseen = match facet {
        Facet::User { user } | Facet::UserPolicies { user } => matches!(known.swept.user(user), Look::Unseen),
        Facet::Role { role } | Facet::RolePolicies { role } | Facet::RoleSettings { role } => {
            matches!(known.swept.role(role), Look::Unseen)
        }
        Facet::Policy { arn } => matches!(known.swept.policy(arn), Look::Unseen),
        _ => !entities(facet).iter().all(|of| known.swept.has_all(*of)),
    };
    unseen && !entities(facet).is_empty()
}

/// Inline policies cost a call more each, but how many there are is not known before.
fn by_itself(facet: &Facet) -> Cost {
    match facet {
        Facet::User { .. } | Facet::Role { .. } => Cost::of(1, 1),
        // ListAttachedUserPolicies, ListUserPolicies; ListEntitiesForPolicy for either use.
        Facet::UserPolicies { .. } | Facet::RolePolicies { .. } | Facet::Uses { .. } => Cost::of(2, 0),
        // GetPolicy, ListPolicyVersions, GetPolicyVersion.
        Facet::Policy { .. } => Cost::of(3, 1),
        // ListGroupsForUser; the rest of it no sweep has.
        Facet::Belongings { .. } => Cost::of(1, 0),
        // RoleSettings among them: the GetRole for the role has them.
        _ => Cost::default(),
    }
}

fn after_sweep(facet: &Facet) -> Cost {
    match facet {
        // The tags; the settings at most, for several of them are one ListRoles.
        Facet::Policy { .. } | Facet::RoleSettings { .. } => Cost::of(1, 0),
        _ => Cost::default(),
    }
}
