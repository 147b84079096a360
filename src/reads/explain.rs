//! The explanation of the reads: their numbers, and the reasons for them.

use std::collections::BTreeMap;

use super::choice;
use super::cost::Cost;
use super::rounds::WantedFacts;
use super::snapshot::Snapshot;
use crate::call::{IamRead, Read};

/// The calls that answered the wanted facets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The number of wanted facets.
    pub facets: usize,
    /// The way in which users, roles and policies were read, and the cost of the other way; `None`
    /// if none of them was wanted.
    pub choice: Option<String>,
    /// The calls, in order of their names.
    pub lines: Vec<ExplainedCall>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedCall {
    /// The operation, such as `iam:GetPolicy`.
    pub call: &'static str,
    /// The number of requests, pages included.
    pub requests: usize,
    pub why: &'static str,
}

impl Explanation {
    pub fn requests(&self) -> usize {
        self.lines.iter().map(|line| line.requests).sum()
    }
}

/// The counts of the wanted facets that the explanation needs.
#[derive(Clone, Debug, Default)]
pub struct ReadStats {
    facets: usize,
    /// The cost of calls on single objects.
    each: Cost,
    /// The cost of a sweep of one page, with the calls for what it leaves open.
    sweep: Cost,
}

impl ReadStats {
    pub fn note(&mut self, wanted: &WantedFacts) {
        let choice = choice::choose(wanted.facets(), &Snapshot::default());
        self.facets += wanted.facets().len();
        if choice.each == Cost::default() {
            return;
        }
        self.each = self.each + choice.each;
        self.sweep = self.sweep + choice.sweep;
    }
}

/// Explains the requests that were sent to AWS for the wanted facets.
pub fn explain(stats: &ReadStats, known: &Snapshot) -> Explanation {
    let mut requests: BTreeMap<&'static str, (usize, &'static str)> = BTreeMap::new();
    let swept = known.account.pages > 0;
    for read in known.known.keys() {
        if matches!(read, Read::File(_) | Read::Clock) {
            continue;
        }
        let facts = read.facts();
        let why = if swept { facts.why_after_sweep } else { facts.why };
        let (count, _) = requests.entry(facts.action).or_insert((0, why));
        *count += pages(read, known);
    }
    Explanation {
        facets: stats.facets,
        choice: choice(stats, known),
        lines: requests
            .into_iter()
            .map(|(call, (requests, why))| ExplainedCall { call, requests, why })
            .collect(),
    }
}

fn pages(read: &Read, known: &Snapshot) -> usize {
    if let Read::Iam(IamRead::GetAccountAuthorizationDetails { marker, .. }) = read {
        // All pages are counted with the first one.
        return if marker.is_some() { 0 } else { known.account.pages.max(1) };
    }
    if *read == Read::Iam(IamRead::ListRoles) { choice::pages(known.roles.len()) } else { 1 }
}

fn choice(stats: &ReadStats, known: &Snapshot) -> Option<String> {
    if stats.each == Cost::default() {
        return None;
    }
    let each = format!("{} calls on single objects", stats.each.calls);
    Some(match known.account.failure() {
        Some(failure) => format!("by {each}, for the account could not be swept ({failure})"),
        None if known.account.pages == 0 => {
            format!("by {each}, for a sweep of the account takes {} or more", stats.sweep.calls)
        }
        None => {
            let pages = known.account.pages;
            let leaves = stats.sweep.calls - 1;
            let plural = if pages == 1 { "page" } else { "pages" };
            let rest = if known.account.open().is_some() {
                "; the rest of the sweep would have cost more"
            } else {
                ""
            };
            format!(
                "by a sweep of the account ({pages} {plural}, and at most {leaves} calls for what \
                    it leaves open), not by {each}{rest}"
            )
        }
    })
}
