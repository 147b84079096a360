//! One box of requests, with the rows that have a say in it.

use crate::request::Caller;
use crate::statement::Effect;

use super::formula::{Atoms, Formula};
use super::membership::MemberTest;
use super::space::{ResourceClass, Space, StatementRef};

/// One box with the rows that are about its action.
pub(super) struct RegionCase<'c, 's, 'a> {
    pub space: &'s Space<'a>,
    /// With whether they are about the place.
    pub rows: &'c [(usize, MemberTest<'s>)],
    pub place: &'s ResourceClass,
    /// An index into the space's callers.
    pub caller: usize,
    /// Any action of the box.
    pub action: &'s str,
}

/// What decides the verdict; two boxes with the same key have the same one.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct VerdictKey {
    rows: Vec<usize>,
    /// The action and the place, where it depends on variables what a row is about: the example may
    /// be on another resource.
    place: Option<(String, String)>,
    /// Where something is asked that follows from who asks.
    caller: Option<usize>,
}

/// An Allow with when it applies, or one of its patterns.
pub(super) struct Speaker<'p> {
    pub row: usize,
    pub pattern: Option<&'p str>,
    pub applies: Formula,
}

impl<'s, 'a> RegionCase<'_, 's, 'a> {
    pub fn caller(&self) -> &'s Caller {
        &self.space.callers[self.caller]
    }

    /// The rows that are about the caller too, wherever they are.
    pub fn naming(&self) -> impl Iterator<Item = (usize, &MemberTest<'s>)> + Clone {
        let rows = self.rows.iter().map(|(row, membership)| (*row, membership));
        rows.filter(|(row, _)| self.space.names[self.caller].contains(*row))
    }

    /// The rows that may have a say.
    pub fn members(
        &self,
    ) -> impl Iterator<Item = (usize, &'s StatementRef<'a>, &MemberTest<'s>)> + Clone {
        let rows = self.naming().filter(|(_, membership)| **membership != MemberTest::No);
        rows.map(|(index, membership)| (index, &self.space.rows[index], membership))
    }

    /// Whether anybody allows anything here.
    pub fn is_allowed_something(&self) -> bool {
        self.members().any(|(_, row, _)| row.layer == 0 && row.statement.effect == Effect::Allow)
    }

    pub fn key(&self) -> VerdictKey {
        let varies =
            self.members().any(|(_, _, membership)| matches!(membership, MemberTest::Varies(_)));
        VerdictKey {
            rows: self.members().map(|(index, _, _)| index).collect(),
            place: varies.then(|| (self.action.to_owned(), self.place.witness.clone())),
            caller: self.members().any(|(_, row, _)| row.asks_for_caller).then_some(self.caller),
        }
    }

    /// The Allows of the principal's own layer.
    fn allowing(
        &self,
        after: bool,
    ) -> impl Iterator<Item = (usize, &'s StatementRef<'a>, &MemberTest<'s>)> {
        let own = self.members().filter(move |(_, row, _)| row.after == after && row.layer == 0);
        own.filter(|(_, row, _)| row.statement.effect == Effect::Allow)
    }

    /// Who speaks for a side: first those that always do.
    pub fn speakers(&self, after: bool, atoms: &mut Atoms) -> Vec<Speaker<'s>> {
        let mut speakers = Vec::new();
        for (index, row, membership) in self.allowing(after) {
            for pattern in membership.patterns(row) {
                let within =
                    pattern.map_or(Formula::Constant(true), |pattern| atoms.within(pattern));
                let applies = Formula::all(vec![within, applies(row, membership, atoms)]);
                speakers.push(Speaker { row: index, pattern, applies });
            }
        }
        speakers.sort_by_key(|speaker| (speaker.applies != Formula::Constant(true), speaker.row));
        speakers
    }
}

/// When a row has a say on requests of the box.
pub(super) fn applies(
    row: &StatementRef<'_>,
    membership: &MemberTest<'_>,
    atoms: &mut Atoms,
) -> Formula {
    let within = match membership {
        MemberTest::Yes => Formula::Constant(true),
        MemberTest::No => Formula::Constant(false),
        MemberTest::Varies(patterns) => {
            let not = row.statement.resources.as_ref().is_some_and(|clause| clause.not);
            let any = Formula::any(patterns.iter().map(|pattern| atoms.within(pattern)).collect());
            if not { any.not() } else { any }
        }
    };
    Formula::all(vec![within, atoms.tests(&row.statement.conditions, row.statement.variables)])
}
