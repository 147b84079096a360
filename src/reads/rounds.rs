//! What to send next.

use std::collections::BTreeSet;

use super::account::Presence;
use super::choice::{self, ReadMethod};
use super::facet::Facet;
use super::lookup::ReadHint;
use super::snapshot::Snapshot;
use crate::address::PrincipalKind;
use crate::call::iam::EntityType;
use crate::call::{IamRead, Read};

/// How to read: the whole manifest at once, or one object just before it is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadScope {
    /// Whatever is cheapest for all of it: sweeps of the account, or calls on the named objects.
    Cheapest,
    /// Only calls on the named objects: they tell how it is now.
    Targeted,
}

/// What is to be known.
#[derive(Clone, Debug, Default)]
pub struct WantedFacts {
    facets: BTreeSet<Facet>,
    /// Those of objects that the state says are there. What follows from that is asked at once, and
    /// not only when another answer has said so too.
    expected: BTreeSet<Facet>,
}

impl WantedFacts {
    pub fn add(&mut self, facets: impl IntoIterator<Item = Facet>, expected: bool) {
        for facet in facets {
            if expected {
                self.expected.insert(facet.clone());
            }
            self.facets.insert(facet);
        }
    }

    pub fn facets(&self) -> &BTreeSet<Facet> {
        &self.facets
    }
}

/// Nothing is known of whether they are there.
impl FromIterator<Facet> for WantedFacts {
    fn from_iter<T: IntoIterator<Item = Facet>>(facets: T) -> Self {
        Self { facets: facets.into_iter().collect(), expected: BTreeSet::new() }
    }
}

/// What to send next so that every facet can be answered; empty when all can. Called again after
/// each round of answers: a policy's default version is known only after `GetPolicy`, a denied
/// sweep falls back to targeted reads. A facet that can be answered is no longer wanted.
pub fn next_reads(wanted: &mut WantedFacts, known: &Snapshot, scope: ReadScope) -> BTreeSet<Read> {
    let way = match scope {
        ReadScope::Cheapest => choice::choose(&wanted.facets, known).way,
        ReadScope::Targeted => ReadMethod::Each,
    };
    let mut reads = BTreeSet::new();
    let expected = &wanted.expected;
    wanted.facets.retain(|facet| {
        let hint = ReadHint { first: way.first_for(facet), expected: expected.contains(facet) };
        let unread = facet.unread(known, hint);
        let open = !unread.is_empty();
        reads.extend(unread);
        open
    });
    match scope {
        ReadScope::Cheapest => merge_roles(reads, known, way != ReadMethod::Each),
        ReadScope::Targeted => reads,
    }
}

/// Of a role that a sweep has shown, or is about to, `GetRole` is asked only for what `ListRoles`
/// tells too: one that has fewer pages takes the place of all of them. Not without a sweep:
/// `ListRoles` has neither tags nor boundary.
fn merge_roles(mut reads: BTreeSet<Read>, known: &Snapshot, sweeping: bool) -> BTreeSet<Read> {
    let list = Read::Iam(IamRead::ListRoles);
    let single = |read: &Read| {
        let Read::Iam(IamRead::GetRole { role }) = read else { return false };
        sweeping || matches!(known.account.principal(PrincipalKind::Role, role), Presence::Here(_))
    };
    let singles = reads.iter().filter(|read| single(read)).count();
    if known.known.contains_key(&list) || singles < 2 {
        return reads;
    }
    let count = known.account.count(EntityType::Role);
    let cheaper = count.map_or(choice::MOST_PAGES_OF_ROLES, choice::pages) < singles;
    let is_sweep =
        |read: &Read| matches!(read, Read::Iam(IamRead::GetAccountAuthorizationDetails { .. }));
    // Which is cheaper depends on how many roles there are, which the sweep will tell.
    if cheaper || count.is_none() && reads.iter().any(is_sweep) {
        reads.retain(|read| !single(read));
    }
    if cheaper {
        reads.insert(list);
    }
    reads
}
