//! The choice of the cheapest calls: sweeps of the account, or calls on single objects.
//!
//! The cost of a sweep depends on the size of the account, which only AWS knows. The first page of
//! the sweep tells if there are more pages, and costs as much as the question for the size. So that
//! question ([`IamRead::GetAccountSummary`]) is asked only if there are more pages, and if the
//! answer can make a difference.

use std::collections::BTreeSet;

use super::account::Open;
use super::cost::Cost;
use super::facet::{Facet, InSweep};
use super::snapshot::Snapshot;
use crate::call::iam::EntityType;
use crate::call::{IamRead, IamReply, Read, Reply};

/// The largest `MaxItems` of IAM's lists.
const PAGE: u64 = 1000;

/// The most entities in an account: IAM allows 5,000 users, 10,000 roles, 500 groups and 10,000
/// customer managed policies ("IAM and AWS STS quotas").
const MOST_ENTITIES: u64 = 25_500;
pub(super) const MOST_PAGES_OF_ROLES: usize = 10;

/// The way to read the users, roles and policies that aren't known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ReadMethod {
    /// This read comes first; its answer decides on the next.
    First(Read),
    /// Each object is read by calls of its own.
    Each,
}

impl ReadMethod {
    /// Returns the read that comes before the calls on single objects that answer the facet.
    pub(super) fn first_for(&self, facet: &Facet) -> Option<&Read> {
        match self {
            Self::First(read) if facet.in_sweep() != InSweep::Nothing => Some(read),
            Self::First(_) | Self::Each => None,
        }
    }
}

/// A choice, with the cost of both ways as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReadChoice {
    pub way: ReadMethod,
    /// The cost of calls on each object.
    pub each: Cost,
    /// The least cost of a sweep, or of the rest of it, with the calls for what it leaves open.
    pub sweep: Cost,
}

/// Chooses the way to read those wanted facets that are not known yet.
pub(super) fn choose(wanted: &BTreeSet<Facet>, known: &Snapshot) -> ReadChoice {
    let open: Vec<&Facet> = wanted.iter().filter(|facet| is_unseen(facet, known)).collect();
    let each: Cost = open.iter().map(|facet| facet.alone()).sum();
    let after: Cost = open.iter().map(|facet| facet.after_sweep()).sum();
    let filter = filter(wanted);
    let found: BTreeSet<&str> = open.iter().filter_map(|facet| facet.in_sweep().entity()).collect();
    let least = Cost::of(1, found.len() as u64) + after;
    let cheapest = |way: ReadMethod, sweep: Cost| {
        let way = if sweep.weight() < each.weight() { way } else { ReadMethod::Each };
        ReadChoice { way, each, sweep }
    };
    if known.account.failure().is_some() || open.is_empty() {
        return ReadChoice { way: ReadMethod::Each, each, sweep: least };
    }
    let Some(at) = known.account.open() else {
        let first = IamRead::GetAccountAuthorizationDetails { filter, marker: None };
        return cheapest(ReadMethod::First(Read::Iam(first)), least);
    };
    let rest = IamRead::GetAccountAuthorizationDetails {
        filter: at.filter.clone(),
        marker: Some(at.marker.clone()),
    };
    let rest = ReadMethod::First(Read::Iam(rest));
    let summary = Read::Iam(IamRead::GetAccountSummary);
    match known.known.get(&summary) {
        Some(Ok(Reply::Iam(IamReply::AccountSummary(counts)))) => {
            let all: u64 = at.filter.iter().filter_map(|of| counts.get(of)).sum();
            cheapest(rest, remaining(at, all) + after)
        }
        // The size of the account is unknown: calls on each object are known to be enough.
        Some(_) => ReadChoice { way: ReadMethod::Each, each, sweep: least },
        None if each.weight() > (remaining(at, MOST_ENTITIES) + after).weight() => {
            ReadChoice { way: rest, each, sweep: least }
        }
        None => cheapest(ReadMethod::First(summary), least + Cost::of(1, 0)),
    }
}

/// Returns the cost of the rest of a sweep in an account with `all` entities.
fn remaining(at: &Open, all: u64) -> Cost {
    let more = all.saturating_sub(at.seen);
    // IAM may put fewer entities on a page than it is asked for.
    Cost::of(more.div_ceil(at.seen.clamp(1, PAGE)).max(1), more)
}

pub(super) fn pages(items: usize) -> usize {
    items.div_ceil(usize::try_from(PAGE).unwrap_or(usize::MAX)).max(1)
}

/// Returns the types that the wanted facets are about. If policies are wanted together with
/// principals, the sweep covers all principals, groups included: then it tells who else has a
/// policy that is changed.
pub(super) fn filter(wanted: &BTreeSet<Facet>) -> BTreeSet<EntityType> {
    let mut filter: BTreeSet<EntityType> =
        wanted.iter().flat_map(|facet| facet.in_sweep().types()).collect();
    if filter.len() > 1 && filter.contains(&EntityType::LocalManagedPolicy) {
        filter.extend([EntityType::User, EntityType::Role, EntityType::Group]);
    }
    filter
}

/// Returns true if a sweep could still tell something of the facet.
fn is_unseen(facet: &Facet, known: &Snapshot) -> bool {
    match facet.in_sweep() {
        InSweep::Nothing => false,
        InSweep::Entity(of, name) => known.account.is_unseen(of, name),
        InSweep::Types(types) => !types.iter().all(|of| known.account.has_all(*of)),
    }
}
