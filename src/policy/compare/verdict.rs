//! What is gained and lost in one box of requests, over all circumstances.

use crate::policy::pattern::with_plain_variables;
use crate::policy::request::{Caller, Context, Request};
use crate::policy::statement::Effect;

use super::circumstances::{Circumstances, filled};
use super::formula::{Atom, Atoms, Formula};
use super::proof::Proof;
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
        let mut proof = Proof::new(&atoms);
        let allowed = [&before, &after].map(|side| proof.possible(side, None) != Some(false));
        Verdict {
            gained: self.answer(proof.possible(&after, Some(&before)), true),
            lost: self.answer(proof.possible(&before, Some(&after)), false),
            allowed,
        }
    }

    /// What is known by the form of the conditions is nothing, or else a request has to show that it is something.
    fn answer(&self, possible: Option<bool>, after: bool) -> Answer {
        let doubt = match possible {
            Some(false) => return Answer::Nothing,
            Some(true) => Answer::Doubt(NO_EXAMPLE),
            None => Answer::Doubt(TOO_MANY),
        };
        self.shown(after).unwrap_or(doubt)
    }

    fn formula(&self, after: bool, atoms: &mut Atoms) -> Formula {
        let rows: Vec<&Row<'_>> = self.rows.iter().map(|row| &self.space.rows[*row]).collect();
        allowing(self.space, &rows, after, &mut |row| {
            let within = match membership(self.space, row, self.place) {
                Membership::Yes => Formula::Constant(true),
                Membership::No => Formula::Constant(false),
                Membership::Varies(patterns) => {
                    let not = row.statement.resources.as_ref().is_some_and(|clause| clause.not);
                    let within = patterns.into_iter().map(|it| atoms.atom(Atom::Within(with_plain_variables(it))));
                    let any = Formula::any(within.collect());
                    if not { any.not() } else { any }
                }
            };
            Formula::all(vec![within, atoms.tests(&row.statement.conditions, row.statement.variables)])
        })
    }

    /// A request that only one side allows.
    fn shown(&self, after: bool) -> Option<Answer> {
        let rows = || self.rows.iter().map(|row| &self.space.rows[*row]);
        let circumstances = Circumstances::of(rows().map(|row| row.statement));
        circumstances.fillings().into_iter().find_map(|filling| {
            self.resources(&filling).into_iter().find_map(|resource| self.shown_on(resource, after, &filling))
        })
    }

    /// One on this resource, or on the place's own.
    fn shown_on(&self, resource: Option<String>, after: bool, filling: &Context) -> Option<Answer> {
        let mut request = Request {
            principal: self.caller.clone(),
            action: self.action.to_owned(),
            resource: resource.clone().unwrap_or_else(|| self.place.witness.clone()),
            context: Context::default(),
        };
        let rows: Vec<&Row<'_>> = match resource {
            None => self.rows.iter().map(|row| &self.space.rows[*row]).collect(),
            // Another resource may be one that other rows are about too.
            Some(_) => self.space.rows.iter().filter(|row| row.statement.concerns(&request)).collect(),
        };
        let mut atoms = Atoms::default();
        let [holds, fails] = [after, !after].map(|side| {
            allowing(self.space, &rows, side, &mut |row| {
                let covers = Formula::Constant(row.statement.covers(&request.resource, filling));
                Formula::all(vec![covers, atoms.tests(&row.statement.conditions, row.statement.variables)])
            })
        });
        let circumstances = Circumstances::of(rows.iter().map(|row| row.statement));
        request.context = circumstances.example(filling, &atoms, &holds, &fails)?;
        let shows = |request: &Request| [after, !after].map(|side| allows(self.space, &rows, side, request));
        // A condition may be about what follows from the caller.
        if shows(&request) != [true, false] {
            return None;
        }
        let keys: Vec<String> = request.context.iter().map(|(key, _)| key.to_owned()).collect();
        for key in keys {
            let without = Request { context: request.context.without(&key), ..request.clone() };
            if shows(&without) == [true, false] {
                request = without;
            }
        }
        Some(Answer::Something { context: request.context, resource })
    }

    /// The place's own witness, and for patterns with variables what they name when these are filled in.
    fn resources(&self, filling: &Context) -> Vec<Option<String>> {
        let mut resources = vec![None];
        for row in &self.rows {
            if let Membership::Varies(patterns) = membership(self.space, &self.space.rows[*row], self.place) {
                let filled = patterns.into_iter().filter_map(|pattern| filled(pattern, filling));
                resources.extend(filled.map(|resource| Some(resource.replace(['*', '?'], "x"))));
            }
        }
        resources.dedup();
        resources
    }
}

/// When one side allows a request: something in every layer allows it, and nothing in any denies it.
fn allowing(
    space: &Space<'_>,
    rows: &[&Row<'_>],
    after: bool,
    applies: &mut dyn FnMut(&Row<'_>) -> Formula,
) -> Formula {
    let mut say = |effect: Effect, layer: Option<usize>| {
        let rows = rows.iter().filter(|row| row.after == after && row.statement.effect == effect);
        let rows = rows.filter(|row| layer.is_none_or(|layer| row.layer == layer));
        Formula::any(rows.map(|row| applies(row)).collect())
    };
    let layers = space.layers[usize::from(after)];
    let mut all = vec![if layers == 0 { Formula::Constant(false) } else { say(Effect::Deny, None).not() }];
    all.extend((0..layers).map(|layer| say(Effect::Allow, Some(layer))));
    Formula::all(all)
}

/// Whether one side allows the request, by these rows.
pub(super) fn allows(space: &Space<'_>, rows: &[&Row<'_>], after: bool, request: &Request) -> bool {
    let rows: Vec<_> = rows.iter().filter(|row| row.after == after && row.statement.applies(request)).collect();
    let layers = space.layers[usize::from(after)];
    let allowed = |layer: usize| rows.iter().any(|row| row.statement.effect == Effect::Allow && row.layer == layer);
    layers > 0 && rows.iter().all(|row| row.statement.effect == Effect::Allow) && (0..layers).all(allowed)
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
