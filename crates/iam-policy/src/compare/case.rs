//! One region of requests, with the statements that may apply in it.

use crate::request::Caller;
use crate::statement::Effect;

use super::formula::{Atoms, Formula};
use super::membership::MemberTest;
use super::space::{ResourceClass, Space, StatementRef};

/// A region of requests, with the statements whose Action matches.
pub(super) struct RegionCase<'c, 's, 'a> {
    pub space: &'s Space<'a>,
    /// The indices of the statements, each with whether its Resource matches the resource class.
    pub rows: &'c [(usize, MemberTest<'s>)],
    pub place: &'s ResourceClass,
    /// An index into the space's callers.
    pub caller: usize,
    /// Any action of the region.
    pub action: &'s str,
}

/// The inputs of a verdict: two regions with equal keys have equal verdicts.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct VerdictKey {
    rows: Vec<usize>,
    /// The action and a resource of the class. Set only where policy variables decide if a
    /// statement matches the resource class: the example may then be on another resource.
    place: Option<(String, String)>,
    /// The caller. Set only where a statement uses a condition key that follows from the caller.
    caller: Option<usize>,
}

/// An Allow, or one of its resource patterns, with the formula under which it applies.
pub(super) struct Speaker<'p> {
    pub row: usize,
    pub pattern: Option<&'p str>,
    pub applies: Formula,
}

impl<'s, 'a> RegionCase<'_, 's, 'a> {
    pub fn caller(&self) -> &'s Caller {
        &self.space.callers[self.caller]
    }

    /// Returns the statements that match the caller, on any resource.
    pub fn naming(&self) -> impl Iterator<Item = (usize, &MemberTest<'s>)> + Clone {
        let rows = self.rows.iter().map(|(row, membership)| (*row, membership));
        rows.filter(|(row, _)| self.space.names[self.caller].contains(*row))
    }

    /// Returns the statements that may apply in the region.
    pub fn members(
        &self,
    ) -> impl Iterator<Item = (usize, &'s StatementRef<'a>, &MemberTest<'s>)> + Clone {
        let rows = self.naming().filter(|(_, membership)| **membership != MemberTest::No);
        rows.map(|(index, membership)| (index, &self.space.rows[index], membership))
    }

    /// Tells if an Allow of the first layer may apply in the region, before or after.
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

    /// Returns the Allows of the first layer of one side.
    fn allowing(
        &self,
        after: bool,
    ) -> impl Iterator<Item = (usize, &'s StatementRef<'a>, &MemberTest<'s>)> {
        let own = self.members().filter(move |(_, row, _)| row.after == after && row.layer == 0);
        own.filter(|(_, row, _)| row.statement.effect == Effect::Allow)
    }

    /// Returns the Allows of one side, first those that always apply.
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

/// Returns the formula under which a statement applies to requests of the region.
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
