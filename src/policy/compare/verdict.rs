//! What is gained and lost in one box of requests, over all circumstances.

use crate::policy::request::{Caller, Context};
use crate::policy::statement::Effect;

use super::formula::{Atoms, Formula};
use super::membership::{Membership, allowing};
use super::proof::Proof;
use super::search::Search;
use super::space::{Place, Row, Space};

/// What one side has and the other lacks in a box.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// In these circumstances, on this resource where that isn't any of the box.
    Something { context: Context, resource: Option<String> },
    /// It may be something, but no request was found that shows it.
    Doubt(&'static str),
}

/// An Allow that gives something to one side that the other hasn't.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Through {
    pub row: usize,
    /// The resources, where it depends on the variables of several patterns whether the Allow is about them.
    pub pattern: Option<String>,
    pub answer: Answer,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    /// As many Allows as it takes to name all of it.
    pub gained: Vec<Through>,
    pub lost: Vec<Through>,
    /// Whether before and after allow anything at all here.
    pub allowed: [bool; 2],
}

const TOO_MANY: &str = "the conditions are too many to be compared in all combinations";
const NO_EXAMPLE: &str = "the conditions differ in a way that can't be compared by their form";

/// One box with the rows that are about its action.
pub(super) struct Case<'c, 's, 'a> {
    pub space: &'s Space<'a>,
    /// With whether they are about the place.
    pub rows: &'c [(usize, Membership<'s>)],
    pub place: &'s Place,
    /// An index into the space's callers.
    pub caller: usize,
    /// Any action of the box.
    pub action: &'s str,
}

/// What decides the verdict; two boxes with the same key have the same one.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Key {
    rows: Vec<usize>,
    /// The action and the place, where it depends on variables what a row is about: the example may be on another
    /// resource.
    place: Option<(String, String)>,
    /// Where something is asked that follows from who asks.
    caller: Option<usize>,
}

/// An Allow with when it applies, or one of its patterns.
pub(super) struct Speaker<'p> {
    pub row: usize,
    pub pattern: Option<&'p str>,
    applies: Formula,
}

impl<'s, 'a> Case<'_, 's, 'a> {
    pub fn caller(&self) -> &'s Caller {
        &self.space.callers[self.caller]
    }

    /// The rows that are about the caller too, wherever they are.
    pub fn naming(&self) -> impl Iterator<Item = (usize, &Membership<'s>)> + Clone {
        let rows = self.rows.iter().map(|(row, membership)| (*row, membership));
        rows.filter(|(row, _)| self.space.names[self.caller].contains(*row))
    }

    /// The rows that may have a say.
    pub fn members(&self) -> impl Iterator<Item = (usize, &'s Row<'a>, &Membership<'s>)> + Clone {
        let rows = self.naming().filter(|(_, membership)| **membership != Membership::No);
        rows.map(|(index, membership)| (index, &self.space.rows[index], membership))
    }

    /// Whether anybody allows anything here.
    pub fn is_allowed_something(&self) -> bool {
        self.members().any(|(_, row, _)| row.layer == 0 && row.statement.effect == Effect::Allow)
    }

    pub fn key(&self) -> Key {
        let varies = self.members().any(|(_, _, membership)| matches!(membership, Membership::Varies(_)));
        Key {
            rows: self.members().map(|(index, _, _)| index).collect(),
            place: varies.then(|| (self.action.to_owned(), self.place.witness.clone())),
            caller: self.members().any(|(_, row, _)| row.asks_for_caller).then_some(self.caller),
        }
    }

    pub fn verdict(&self) -> Verdict {
        let mut atoms = Atoms::of_requests_with(self.space.certain(self.caller()));
        let applying: Vec<(&Row<'_>, Formula)> =
            self.members().map(|(_, row, membership)| (row, applies(row, membership, &mut atoms))).collect();
        let [before, after] = [false, true].map(|side| allowing(self.space, &applying, side));
        let [old, new] = [false, true].map(|side| self.speakers(side, &mut atoms));
        if let (Formula::Constant(before), Formula::Constant(after)) = (&before, &after) {
            return settled(&old, &new, [*before, *after]);
        }
        let mut proof = Proof::new(&atoms);
        let allowed = [&before, &after].map(|side| proof.possible(side, None) != Some(false));
        let mut search = Search::new(self, &mut atoms, &mut proof);
        let gained = through(&mut search, &new, [&after, &before]);
        let lost = through(&mut search, &old, [&before, &after]);
        Verdict { gained, lost, allowed }
    }

    /// The Allows of the principal's own layer.
    fn allowing(&self, after: bool) -> impl Iterator<Item = (usize, &'s Row<'a>, &Membership<'s>)> {
        let own = self.members().filter(move |(_, row, _)| row.after == after && row.layer == 0);
        own.filter(|(_, row, _)| row.statement.effect == Effect::Allow)
    }

    /// Who speaks for a side: first those that always do.
    fn speakers(&self, after: bool, atoms: &mut Atoms) -> Vec<Speaker<'s>> {
        let mut speakers = Vec::new();
        for (index, row, membership) in self.allowing(after) {
            for pattern in membership.patterns(row) {
                let within = pattern.map_or(Formula::Constant(true), |pattern| atoms.within(pattern));
                let applies = Formula::all(vec![within, applies(row, membership, atoms)]);
                speakers.push(Speaker { row: index, pattern, applies });
            }
        }
        speakers.sort_by_key(|speaker| (speaker.applies != Formula::Constant(true), speaker.row));
        speakers
    }
}

fn applies(row: &Row<'_>, membership: &Membership<'_>, atoms: &mut Atoms) -> Formula {
    let within = match membership {
        Membership::Yes => Formula::Constant(true),
        Membership::No => Formula::Constant(false),
        Membership::Varies(patterns) => {
            let not = row.statement.resources.as_ref().is_some_and(|clause| clause.not);
            let any = Formula::any(patterns.iter().map(|pattern| atoms.within(pattern)).collect());
            if not { any.not() } else { any }
        }
    };
    Formula::all(vec![within, atoms.tests(&row.statement.conditions, row.statement.variables)])
}

/// Where no circumstances make a difference.
fn settled(old: &[Speaker<'_>], new: &[Speaker<'_>], allowed: [bool; 2]) -> Verdict {
    let through = |speakers: &[Speaker<'_>], is_more: bool| -> Vec<Through> {
        let speaker = speakers.iter().find(|speaker| speaker.applies == Formula::Constant(true)).filter(|_| is_more);
        let answer = Answer::Something { context: Context::default(), resource: None };
        speaker.map(|speaker| speaker.says(answer)).into_iter().collect()
    };
    let (gained, lost) = (through(new, allowed == [false, true]), through(old, allowed == [true, false]));
    Verdict { gained, lost, allowed }
}

/// Through which Allows `holds` is more than `fails`. What is known by the form of the conditions is nothing, or else a
/// request has to show that it is something.
fn through(search: &mut Search<'_, '_, '_>, speakers: &[Speaker<'_>], [holds, fails]: [&Formula; 2]) -> Vec<Through> {
    let mut found: Vec<Through> = Vec::new();
    let mut unshown = Vec::new();
    let mut named: Vec<&Speaker<'_>> = Vec::new();
    let mut rest = holds.clone();
    for speaker in speakers {
        if search.possible(&rest, fails) == Some(false) {
            break;
        }
        let mine = Formula::all(vec![rest.clone(), speaker.applies.clone()]);
        if search.possible(&mine, fails) == Some(false) {
            continue;
        }
        // Better one that no Allow before this explains.
        if let Some(answer) = search.shown(speaker, &named).or_else(|| search.shown(speaker, &[])) {
            found.push(speaker.says(answer));
            named.push(speaker);
            rest = Formula::all(vec![rest, speaker.applies.clone().not()]);
        } else {
            unshown.push(speaker);
        }
    }
    for speaker in unshown {
        let mine = Formula::all(vec![rest.clone(), speaker.applies.clone()]);
        match search.possible(&mine, fails) {
            Some(false) => {}
            Some(true) => found.push(speaker.says(Answer::Doubt(NO_EXAMPLE))),
            None => found.push(speaker.says(Answer::Doubt(TOO_MANY))),
        }
    }
    found
}

impl Speaker<'_> {
    fn says(&self, answer: Answer) -> Through {
        Through { row: self.row, pattern: self.pattern.map(str::to_owned), answer }
    }
}
