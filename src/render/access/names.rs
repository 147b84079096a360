//! The names of users and roles in sentences.

use std::collections::{BTreeMap, BTreeSet};

use super::fold::{Folded, SPELLED};
use super::{TextRun, name, plain, series};
use crate::address::{Address, KindName, PrincipalKind};
use crate::plan::Plan;
use crate::render::text::count;

/// The names that both a user and a role have.
#[derive(Default)]
pub struct Names(BTreeSet<String>);

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
        Self(kinds.into_iter().filter(|(_, kinds)| kinds.len() > 1).map(|(name, _)| name).collect())
    }

    /// Returns `serverless`, or `user serverless` if there is also a role of that name; `group
    /// admins`.
    pub fn name(&self, subject: &Address) -> TextRun {
        let makes_requests = subject.principal().is_some_and(|it| it.kind.makes_requests());
        let ambiguous = !makes_requests || self.0.contains(subject.name());
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
        if subjects.len() <= SPELLED {
            return subjects.iter().map(|subject| self.name(subject)).collect();
        }
        let mut kinds: BTreeMap<KindName, usize> = BTreeMap::new();
        for subject in subjects {
            *kinds.entry(subject.kind()).or_default() += 1;
        }
        kinds.into_iter().map(|(kind, number)| name(count(number, kind.as_str()))).collect()
    }

    /// Returns the subjects of a doubt about access.
    pub fn topic(&self, subjects: &[Address], what: &str) -> Vec<TextRun> {
        let mut pieces = self.all(subjects).pieces;
        pieces.push(plain(format!("{what}: ")));
        pieces
    }
}
