//! The verdict on one region of requests: what is gained and lost, over all contexts.

use std::rc::Rc;

use crate::request::Context;

use super::case::{RegionCase, Speaker, applies};
use super::condition_context::ConditionContext;
use super::formula::{Atoms, Formula};
use super::membership::allowing;
use super::sat_solver::SatSolver;
use super::search::{Difference, DifferenceSearch};
use super::space::StatementRef;

/// An Allow through which one side gets access that the other lacks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Through {
    pub row: usize,
    /// The resource pattern, where the variables of several patterns decide if the Allow matches.
    pub pattern: Option<String>,
    pub answer: Difference,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct RegionVerdict {
    /// As many Allows as it takes to name all of the gain.
    pub gained: Vec<Through>,
    pub lost: Vec<Through>,
    /// True if before, and if after, any request of the region may be allowed.
    pub allowed: [bool; 2],
}

const TOO_MANY: &str = "the conditions are too many to be compared in all combinations";
const NO_EXAMPLE: &str = "the conditions differ in a way that can't be compared by their form";

/// The most Allows of a region that are shown to matter, each by a request. The formula of what is
/// left is as deep as there are such Allows, and formulas are walked by recursion.
const MOST_SHOWN: usize = 300;

impl RegionCase<'_, '_, '_> {
    pub fn verdict(&self) -> RegionVerdict {
        let mut atoms = Atoms::of_requests_of(Rc::clone(&self.space.keys[self.caller]));
        let applying: Vec<(&StatementRef<'_>, Formula)> = self
            .members()
            .map(|(_, row, membership)| (row, applies(row, membership, &mut atoms)))
            .collect();
        let [before, after] = [false, true].map(|side| allowing(self.space, &applying, side));
        let [old, new] = [false, true].map(|side| self.speakers(side, &mut atoms));
        if let (Formula::Constant(before), Formula::Constant(after)) = (&before, &after) {
            return self.settled(&old, &new, [*before, *after]);
        }
        let mut proof = SatSolver::new(&atoms, self.space.classes);
        // A side without conditions is not asked about: the answers to other questions depend on
        // those before them, and both directions are to give the same.
        let allowed = [&before, &after].map(|side| {
            if let Formula::Constant(is_allowed) = side {
                return *is_allowed;
            }
            proof.possible(side, None) != Some(false)
        });
        let mut search = DifferenceSearch::new(self, &mut atoms, &mut proof);
        let gained = through(&mut search, &new, [&after, &before]);
        let lost = through(&mut search, &old, [&before, &after]);
        RegionVerdict { gained, lost, allowed }
    }

    /// Returns the verdict where no condition makes a difference.
    fn settled(
        &self,
        old: &[Speaker<'_>],
        new: &[Speaker<'_>],
        allowed: [bool; 2],
    ) -> RegionVerdict {
        let through = |speakers: &[Speaker<'_>], is_more: bool| -> Vec<Through> {
            let speaker = speakers
                .iter()
                .find(|speaker| speaker.applies == Formula::Constant(true))
                .filter(|_| is_more);
            let says = |speaker: &Speaker<'_>| {
                let context = self.certain_keys();
                speaker.says(Difference::Something { context, resource: None, caller: None })
            };
            speaker.map(says).into_iter().collect()
        };
        let (gained, lost) =
            (through(new, allowed == [false, true]), through(old, allowed == [true, false]));
        RegionVerdict { gained, lost, allowed }
    }

    /// Returns the tested keys that every request has.
    fn certain_keys(&self) -> Context {
        let statements = self.members().map(|(_, row, _)| row.statement);
        let (caller, keys) = (self.caller(), &self.space.keys[self.caller]);
        let circumstances = ConditionContext::of(
            (caller, keys),
            statements,
            std::iter::empty(),
            self.space.classes,
        );
        circumstances.complete(Context::default())
    }
}

/// Returns the Allows through which `holds` exceeds `fails`. The form of the conditions can only
/// prove that there is no difference; a request must show that there is one.
fn through(
    search: &mut DifferenceSearch<'_, '_, '_>,
    speakers: &[Speaker<'_>],
    [holds, fails]: [&Formula; 2],
) -> Vec<Through> {
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
        if named.len() >= MOST_SHOWN {
            unshown.push(speaker);
            continue;
        }
        // A request that no earlier Allow explains is preferred.
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
            Some(true) => found.push(speaker.says(Difference::Doubt(NO_EXAMPLE))),
            None => found.push(speaker.says(Difference::Doubt(TOO_MANY))),
        }
    }
    found
}

impl Speaker<'_> {
    fn says(&self, answer: Difference) -> Through {
        Through { row: self.row, pattern: self.pattern.map(str::to_owned), answer }
    }
}
