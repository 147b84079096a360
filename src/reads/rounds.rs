//! The rounds of reads: the next reads to send.

use std::collections::BTreeSet;

use super::account::Presence;
use super::choice::{self, ReadMethod};
use super::facet::Facet;
use super::lookup::ReadHint;
use super::snapshot::Snapshot;
use crate::address::PrincipalKind;
use crate::call::iam::EntityType;
use crate::call::{IamRead, Read};

/// The scope of the reads: the whole manifest at once, or one object just before it is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadScope {
    /// The cheapest reads for all of it: sweeps of the account, or calls on the named objects.
    Cheapest,
    /// Only calls on the named objects: they show the current state.
    Targeted,
}

/// The facts that are to be known.
#[derive(Clone, Debug, Default)]
pub struct WantedFacts {
    facets: BTreeSet<Facet>,
    /// The facets of objects that the state says exist. Reads that follow from their existence are
    /// sent at once, not only after another answer has shown it.
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

/// Collects facets of objects whose existence is not known.
impl FromIterator<Facet> for WantedFacts {
    fn from_iter<T: IntoIterator<Item = Facet>>(facets: T) -> Self {
        Self { facets: facets.into_iter().collect(), expected: BTreeSet::new() }
    }
}

/// Returns the next reads towards an answer for every facet; empty if all are answered. It is
/// called again after each round of answers: a policy's default version is known only after
/// `GetPolicy`, and a denied sweep falls back to targeted reads. Answered facets are removed from
/// `wanted`.
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

/// Replaces several `GetRole`s by one `ListRoles`, if that has fewer pages. This works for roles
/// that a sweep has shown, or is about to show: for those, `GetRole` is sent only for settings that
/// `ListRoles` shows, too. Without a sweep it doesn't: `ListRoles` has neither tags nor boundary.
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
    // The number of roles decides which is cheaper, and the sweep will tell it.
    if cheaper || count.is_none() && reads.iter().any(is_sweep) {
        reads.retain(|read| !single(read));
    }
    if cheaper {
        reads.insert(list);
    }
    reads
}
