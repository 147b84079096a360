//! Which calls are cheapest: sweeps of the account, or calls on single objects.
//!
//! What a sweep costs depends on how much is in the account, which only AWS knows. Its first page
//! tells whether there is more, at the price of the question how much there is; so that question
//! ([`IamRead::GetAccountSummary`]) is asked only where there is more, and where the answer can
//! make a difference.

use std::collections::BTreeSet;

use super::account::Open;
use super::cost::Cost;
use super::facet::{Facet, InSweep};
use super::snapshot::Snapshot;
use crate::call::iam::EntityType;
use crate::call::{IamRead, IamReply, Read, Reply};

/// `MaxItems` of IAM's lists is at most this.
const PAGE: u64 = 1000;

/// IAM lets no account have more than 5,000 users, 10,000 roles, 500 groups and 10,000 policies of
/// its own ("IAM and AWS STS quotas").
const MOST_ENTITIES: u64 = 25_500;
pub(super) const MOST_PAGES_OF_ROLES: usize = 10;

/// How users, roles and policies are read that aren't known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ReadMethod {
    /// This comes first; then one knows more.
    First(Read),
    /// Calls on each of them.
    Each,
}

impl ReadMethod {
    /// What comes before the calls on single objects that answer the facet.
    pub(super) fn first_for(&self, facet: &Facet) -> Option<&Read> {
        match self {
            Self::First(read) if facet.in_sweep() != InSweep::Nothing => Some(read),
            Self::First(_) | Self::Each => None,
        }
    }
}

/// A choice, and what the alternatives cost as far as can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReadChoice {
    pub way: ReadMethod,
    /// Calls on each object.
    pub each: Cost,
    /// A sweep, or the rest of it, and what it leaves open: at least.
    pub sweep: Cost,
}

/// The choice for what is not known yet of all that is wanted.
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
        // It can't be told: what is known to be enough is.
        Some(_) => ReadChoice { way: ReadMethod::Each, each, sweep: least },
        None if each.weight() > (remaining(at, MOST_ENTITIES) + after).weight() => {
            ReadChoice { way: rest, each, sweep: least }
        }
        None => cheapest(ReadMethod::First(summary), least + Cost::of(1, 0)),
    }
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

/// The types that the wanted facets are about. Where policies are wanted with those that have them,
/// groups are asked for, too: then the sweep tells who else has a policy that is changed.
pub(super) fn filter(wanted: &BTreeSet<Facet>) -> BTreeSet<EntityType> {
    let mut filter: BTreeSet<EntityType> =
        wanted.iter().flat_map(|facet| facet.in_sweep().types()).collect();
    if filter.len() > 1 && filter.contains(&EntityType::LocalManagedPolicy) {
        filter.extend([EntityType::User, EntityType::Role, EntityType::Group]);
    }
    filter
}

/// Whether a sweep could still tell something of it.
fn is_unseen(facet: &Facet, known: &Snapshot) -> bool {
    match facet.in_sweep() {
        InSweep::Nothing => false,
        InSweep::Entity(of, name) => known.account.is_unseen(of, name),
        InSweep::Types(types) => !types.iter().all(|of| known.account.has_all(*of)),
    }
}
