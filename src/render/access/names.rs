//! The names of users and roles in sentences.

use std::collections::{BTreeMap, BTreeSet};

use super::fold::{Folded, SPELLED};
use super::{TextRun, name, plain, series};
use crate::address::{Address, KindName, PrincipalKind};
use crate::plan::Plan;
use crate::render::text::count;

/// The number of subjects that are named among many others, because they gain the most.
const SPELLED_HEAVY: usize = 10;

/// The knowledge by which sentences name users, roles and other principals.
#[derive(Default)]
pub struct Names {
    /// The names that both a user and a role have.
    doubled: BTreeSet<String>,
    /// The account, whose principals are no outsiders.
    account: Option<String>,
}

impl Names {
    pub fn of(plan: &Plan) -> Self {
        let subjects = plan.access.iter().map(|access| &access.subject);
        let addresses = plan.changes.iter().map(|change| &change.address).chain(subjects);
        let mut kinds: BTreeMap<String, BTreeSet<PrincipalKind>> = BTreeMap::new();
        for principal in
            addresses.filter_map(Address::principal).filter(|it| it.kind.makes_requests())
        {
            kinds.entry(principal.name).or_default().insert(principal.kind);
        }
        let doubled = kinds.into_iter().filter(|(_, kinds)| kinds.len() > 1);
        let doubled = doubled.map(|(name, _)| name).collect();
        Self { doubled, account: Some(plan.header.account.clone()) }
    }

    /// Returns the account, if it is known.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// Returns `serverless`, or `user serverless` if there is also a role of that name; `group
    /// admins`.
    pub fn name(&self, subject: &Address) -> TextRun {
        let makes_requests = subject.principal().is_some_and(|it| it.kind.makes_requests());
        let ambiguous = !makes_requests || self.doubled.contains(subject.name());
        name(if ambiguous {
            format!("{} {}", subject.kind(), subject.name())
        } else {
            subject.name().to_owned()
        })
    }

    /// Returns `a, b and c`, `10 roles`, `3 roles and 4 users`.
    pub fn all(&self, subjects: &[Address]) -> Folded {
        Folded { pieces: series(self.items(subjects)), shortened: subjects.len() > SPELLED }
    }

    /// Returns the same for principals that the manifest doesn't manage: `role deploy (not in the
    /// manifest)`.
    pub fn strangers(&self, subjects: &[Address]) -> Folded {
        let mut who = if subjects.len() <= SPELLED {
            let full = |subject: &Address| name(format!("{} {}", subject.kind(), subject.name()));
            Folded { pieces: series(subjects.iter().map(full).collect()), shortened: false }
        } else {
            self.all(subjects)
        };
        who.pieces.push(plain(" (not in the manifest)"));
        who
    }

    pub fn items(&self, subjects: &[Address]) -> Vec<TextRun> {
        self.items_by_weight(subjects, &BTreeSet::new())
    }

    /// Returns the same, with the names of those who gain so much that no number may hide them.
    pub fn items_by_weight(
        &self,
        subjects: &[Address],
        heavy: &BTreeSet<&Address>,
    ) -> Vec<TextRun> {
        let (named, others): (Vec<&Address>, Vec<&Address>) =
            subjects.iter().partition(|subject| heavy.contains(subject));
        if subjects.len() <= SPELLED {
            return named.into_iter().chain(others).map(|subject| self.name(subject)).collect();
        }
        let (named, unnamed) = named.split_at(named.len().min(SPELLED_HEAVY));
        let mut kinds: BTreeMap<KindName, usize> = BTreeMap::new();
        for subject in unnamed.iter().chain(&others) {
            *kinds.entry(subject.kind()).or_default() += 1;
        }
        let kinds = kinds.into_iter().map(|(kind, number)| name(count(number, kind.as_str())));
        named.iter().map(|subject| self.name(subject)).chain(kinds).collect()
    }

    /// Returns the subjects of a doubt about access.
    pub fn topic(&self, subjects: &[Address], what: &str) -> Vec<TextRun> {
        let mut pieces = self.all(subjects).pieces;
        pieces.push(plain(format!("{what}: ")));
        pieces
    }
}
