//! What is gained and lost in one box of requests, over all circumstances.

use crate::policy::request::{Caller, Context, Request};
use crate::policy::statement::Effect;

use super::circumstances::{FILLED, contexts};
use super::formula::{Atom, Atoms, Formula};
use super::pattern;
use super::space::{Place, Row, Space};

/// What one side has and the other lacks in a box.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Nothing,
    /// In these circumstances, on this resource where that isn't any of the box.
    Something {
        context: Context,
        resource: Option<String>,
    },
    /// It may be something, but no request was found that shows it.
    Doubt(&'static str),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    pub gained: Answer,
    pub lost: Answer,
    /// Whether before and after allow anything at all here.
    pub allowed: [bool; 2],
}

const TOO_MANY: &str = "the conditions are too many to be compared in all combinations";
const NO_EXAMPLE: &str = "the conditions differ in a way that can't be compared by their form";

/// One box: the rows that may have a say, all of them about its action and its caller.
pub(super) struct Case<'s, 'a> {
    pub space: &'s Space<'a>,
    pub rows: Vec<usize>,
    pub place: &'s Place,
    pub caller: &'s Caller,
    /// Any action of the box.
    pub action: &'s str,
}

impl<'s, 'a> Case<'s, 'a> {
    /// The rows of a group that are about the caller and, for all that is known, about the place.
    pub fn relevant(space: &'s Space<'a>, rows: &[usize], place: &Place, caller: &Caller) -> Vec<usize> {
        let concerned = |row: &&usize| {
            let row = &space.rows[**row];
            names(row, caller) && membership(space, row, place) != Membership::No
        };
        rows.iter().filter(concerned).copied().collect()
    }

    /// What decides the verdict; two boxes with the same key have the same one.
    pub fn key(&self) -> (Vec<usize>, Option<String>) {
        let varies =
            |row: &usize| matches!(membership(self.space, &self.space.rows[*row], self.place), Membership::Varies(_));
        let place = self.rows.iter().any(varies).then(|| self.place.witness.clone());
        (self.rows.clone(), place)
    }

    pub fn verdict(&self) -> Verdict {
        let mut atoms = Atoms::default();
        let [before, after] = [false, true].map(|side| self.formula(side, &mut atoms));
        if let (Formula::Constant(before), Formula::Constant(after)) = (&before, &after) {
            let something = |is: bool| {
                if is { Answer::Something { context: Context::default(), resource: None } } else { Answer::Nothing }
            };
            return Verdict {
                gained: something(!before && *after),
                lost: something(*before && !after),
                allowed: [*before, *after],
            };
        }
        let Some(assignments) = atoms.assignments() else {
            return self.unclear(before == after);
        };
        let mut seen = [false; 4];
        for assignment in assignments {
            let (before, after) = (before.holds(assignment), after.holds(assignment));
            seen[0] |= before;
            seen[1] |= after;
            seen[2] |= after && !before;
            seen[3] |= before && !after;
        }
        let shown = self.shown(seen[2], seen[3]);
        let [gained, lost] = shown;
        Verdict { gained, lost, allowed: [seen[0], seen[1]] }
    }

    fn unclear(&self, same: bool) -> Verdict {
        if same {
            return Verdict { gained: Answer::Nothing, lost: Answer::Nothing, allowed: [true, true] };
        }
        let [gained, lost] = self.shown(true, true).map(|answer| match answer {
            Answer::Doubt(_) => Answer::Doubt(TOO_MANY),
            other => other,
        });
        Verdict { gained, lost, allowed: [true, true] }
    }

    /// When one side allows the request: something in every layer allows it, and nothing in any denies it.
    fn formula(&self, after: bool, atoms: &mut Atoms) -> Formula {
        let mut say = |effect: Effect, layer: Option<usize>| {
            let rows = self.rows.iter().map(|row| &self.space.rows[*row]);
            let rows = rows.filter(|row| row.after == after && row.statement.effect == effect);
            let rows = rows.filter(|row| layer.is_none_or(|layer| row.layer == layer));
            Formula::any(rows.map(|row| self.applies(row, atoms)).collect())
        };
        let layers = self.space.layers[usize::from(after)];
        let mut all = vec![if layers == 0 { Formula::Constant(false) } else { say(Effect::Deny, None).not() }];
        all.extend((0..layers).map(|layer| say(Effect::Allow, Some(layer))));
        Formula::all(all)
    }

    fn applies(&self, row: &Row<'_>, atoms: &mut Atoms) -> Formula {
        let within = match membership(self.space, row, self.place) {
            Membership::Yes => Formula::Constant(true),
            Membership::No => Formula::Constant(false),
            Membership::Varies(patterns) => {
                let not = row.statement.resources.as_ref().is_some_and(|clause| clause.not);
                let any =
                    Formula::any(patterns.into_iter().map(|it| atoms.atom(Atom::Within(it.to_owned()))).collect());
                if not { any.not() } else { any }
            }
        };
        Formula::all(vec![within, atoms.tests(&row.statement.conditions, row.statement.variables)])
    }

    /// Requests that show what may be gained and lost.
    fn shown(&self, gained: bool, lost: bool) -> [Answer; 2] {
        let mut wanted = [gained, lost].map(|may| if may { Answer::Doubt(NO_EXAMPLE) } else { Answer::Nothing });
        let rows = || self.rows.iter().map(|row| self.space.rows[*row].statement);
        let tests: Vec<_> = rows().flat_map(|it| it.conditions.iter().map(move |test| (test, it.variables))).collect();
        let patterns: Vec<String> = rows()
            .filter(|statement| statement.variables)
            .flat_map(|statement| statement.resources.iter().flat_map(|clause| &clause.patterns))
            .flat_map(|text| pattern::variables(text))
            .collect();
        for resource in self.resources() {
            for context in contexts(tests.iter().copied(), patterns.iter().cloned()) {
                let resource_now = resource.clone().unwrap_or_else(|| self.place.witness.clone());
                let (action, principal) = (self.action.to_owned(), self.caller.clone());
                let request = Request { principal, action, resource: resource_now, context };
                // Another resource may be one that other rows are about too.
                let all: Vec<usize> = (0..self.space.rows.len()).collect();
                let rows = if resource.is_some() { &all } else { &self.rows };
                let [before, after] = [false, true].map(|side| allows(self.space, rows, side, &request));
                for (answer, found) in wanted.iter_mut().zip([after && !before, before && !after]) {
                    if found && matches!(answer, Answer::Doubt(_)) {
                        *answer = Answer::Something { context: request.context.clone(), resource: resource.clone() };
                    }
                }
                if !wanted.iter().any(|answer| matches!(answer, Answer::Doubt(_))) {
                    return wanted;
                }
            }
        }
        wanted
    }

    /// The place's own witness, and for patterns with variables what they name when these are filled in.
    fn resources(&self) -> Vec<Option<String>> {
        let mut resources = vec![None];
        for row in &self.rows {
            if let Membership::Varies(patterns) = membership(self.space, &self.space.rows[*row], self.place) {
                resources.extend(patterns.into_iter().map(|pattern| Some(filled(pattern))));
            }
        }
        resources.dedup();
        resources
    }
}

/// Whether one side allows the request, by these rows.
pub(super) fn allows(space: &Space<'_>, rows: &[usize], after: bool, request: &Request) -> bool {
    let rows = rows.iter().map(|row| &space.rows[*row]).filter(|row| row.after == after);
    let rows: Vec<&Row<'_>> = rows.filter(|row| row.statement.applies(request)).collect();
    let layers = space.layers[usize::from(after)];
    let allowed = |layer: usize| rows.iter().any(|row| row.statement.effect == Effect::Allow && row.layer == layer);
    layers > 0 && rows.iter().all(|row| row.statement.effect == Effect::Allow) && (0..layers).all(allowed)
}

/// A resource that the pattern names, with its variables filled in as in [`contexts`].
pub(super) fn filled(text: &str) -> String {
    let mut text = text.to_owned();
    for variable in pattern::variables(&text.clone()) {
        text = text.replace(&format!("${{{variable}}}"), FILLED);
    }
    text.replace(['*', '?'], "x")
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Membership<'p> {
    Yes,
    No,
    /// It depends on what the variables of these stand for.
    Varies(Vec<&'p str>),
}

/// Whether the row's Resource matches the place.
fn membership<'p>(space: &'p Space<'_>, row: &Row<'_>, place: &Place) -> Membership<'p> {
    let Some(clause) = &row.statement.resources else { return Membership::Yes };
    let matching =
        || row.resources.iter().filter(|index| place.accepts.contains(**index)).map(|index| &space.resources[*index]);
    if matching().any(|(_, resource)| !resource.varies) {
        return if clause.not { Membership::No } else { Membership::Yes };
    }
    let varying: Vec<&str> = matching().map(|(text, _)| text.as_str()).collect();
    match (varying.is_empty(), clause.not) {
        (false, _) => Membership::Varies(varying),
        (true, true) => Membership::Yes,
        (true, false) => Membership::No,
    }
}

fn names(row: &Row<'_>, caller: &Caller) -> bool {
    row.statement.principals.as_ref().is_none_or(|principals| principals.names(caller))
}
