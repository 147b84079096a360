//! What is gained and lost in one box of requests, over all circumstances.

use std::collections::BTreeSet;

use crate::policy::pattern::{Filling, resource_matches};
use crate::policy::request::{Caller, Context, Request};
use crate::policy::statement::Effect;

use super::circumstances::Circumstances;
use super::filling::fitting;
use super::formula::{Atoms, Formula};
use super::proof::Proof;
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

/// One box: the rows that may have a say, all of them about its action and its caller.
pub(super) struct Case<'s, 'a> {
    pub space: &'s Space<'a>,
    /// Those about the action.
    pub group: &'s [usize],
    pub rows: Vec<usize>,
    pub place: &'s Place,
    pub caller: &'s Caller,
    /// Any action of the box.
    pub action: &'s str,
}

#[derive(PartialEq, Eq, Hash)]
pub(super) struct Key {
    rows: Vec<usize>,
    place: Option<(String, String)>,
    caller: Option<Caller>,
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

    /// What decides the verdict; two boxes with the same key have the same one: the rows; where it depends on variables
    /// what a row is about, the action and the place, since the example may be on another resource; and the caller where
    /// something is asked that follows from who asks.
    pub fn key(&self) -> Key {
        let rows = || self.rows.iter().map(|row| &self.space.rows[*row]);
        let varies = rows().any(|row| matches!(membership(self.space, row, self.place), Membership::Varies(_)));
        Key {
            rows: self.rows.clone(),
            place: varies.then(|| (self.action.to_owned(), self.place.witness.clone())),
            caller: rows().any(|row| row.statement.asks_for_caller()).then(|| self.caller.clone()),
        }
    }

    pub fn verdict(&self) -> Verdict {
        let mut atoms = Atoms::of_requests_with(self.space.certain(self.caller));
        let [before, after] = [false, true].map(|side| self.formula(side, &mut atoms));
        let [old, new] = [false, true].map(|side| self.speakers(side, &mut atoms));
        let mut proof = Proof::new(&atoms);
        let allowed = [&before, &after].map(|side| proof.possible(side, None) != Some(false));
        Verdict {
            gained: self.through(&mut proof, &new, [&after, &before]),
            lost: self.through(&mut proof, &old, [&before, &after]),
            allowed,
        }
    }

    /// The Allows of the principal's own layer, with when they apply: first those that always do.
    fn speakers(&self, after: bool, atoms: &mut Atoms) -> Vec<Speaker<'s>> {
        let rows = self.rows.iter().map(|index| (*index, &self.space.rows[*index]));
        let speaking = rows.filter(|(_, row)| row.after == after && row.layer == 0);
        let mut speakers = Vec::new();
        for (index, row) in speaking.filter(|(_, row)| row.statement.effect == Effect::Allow) {
            for pattern in patterns(self.space, row, self.place) {
                let within = pattern.map_or(Formula::Constant(true), |pattern| atoms.within(pattern));
                let applies = Formula::all(vec![within, self.applies(row, atoms)]);
                speakers.push(Speaker { row: index, pattern, applies });
            }
        }
        speakers.sort_by_key(|speaker| (speaker.applies != Formula::Constant(true), speaker.row));
        speakers
    }

    /// Through which Allows `holds` is more than `fails`. What is known by the form of the conditions is nothing, or else a
    /// request has to show that it is something.
    fn through(&self, proof: &mut Proof, speakers: &[Speaker<'_>], [holds, fails]: [&Formula; 2]) -> Vec<Through> {
        let mut found: Vec<Through> = Vec::new();
        let mut unshown = Vec::new();
        let mut named: Vec<&Speaker<'_>> = Vec::new();
        let mut rest = holds.clone();
        for speaker in speakers {
            if proof.possible(&rest, Some(fails)) == Some(false) {
                break;
            }
            let mine = Formula::all(vec![rest.clone(), speaker.applies.clone()]);
            if proof.possible(&mine, Some(fails)) == Some(false) {
                continue;
            }
            // Better one that no Allow before this explains.
            if let Some(answer) = self.shown(speaker, &named).or_else(|| self.shown(speaker, &[])) {
                found.push(speaker.says(answer));
                named.push(speaker);
                rest = Formula::all(vec![rest, speaker.applies.clone().not()]);
            } else {
                unshown.push(speaker);
            }
        }
        for speaker in unshown {
            let mine = Formula::all(vec![rest.clone(), speaker.applies.clone()]);
            match proof.possible(&mine, Some(fails)) {
                Some(false) => {}
                Some(true) => found.push(speaker.says(Answer::Doubt(NO_EXAMPLE))),
                None => found.push(speaker.says(Answer::Doubt(TOO_MANY))),
            }
        }
        found
    }

    fn formula(&self, after: bool, atoms: &mut Atoms) -> Formula {
        let rows: Vec<&Row<'_>> = self.rows.iter().map(|row| &self.space.rows[*row]).collect();
        allowing(self.space, &rows, after, &mut |row| self.applies(row, atoms))
    }

    fn applies(&self, row: &Row<'_>, atoms: &mut Atoms) -> Formula {
        let within = match membership(self.space, row, self.place) {
            Membership::Yes => Formula::Constant(true),
            Membership::No => Formula::Constant(false),
            Membership::Varies(patterns) => {
                let not = row.statement.resources.as_ref().is_some_and(|clause| clause.not);
                let any = Formula::any(patterns.into_iter().map(|pattern| atoms.within(pattern)).collect());
                if not { any.not() } else { any }
            }
        };
        Formula::all(vec![within, atoms.tests(&row.statement.conditions, row.statement.variables)])
    }

    /// A request that only the speaker's side allows, through the speaker and none of the others.
    fn shown(&self, speaker: &Speaker<'_>, others: &[&Speaker<'_>]) -> Option<Answer> {
        let rows = self.rows.iter().map(|row| self.space.rows[*row].statement);
        let circumstances = Circumstances::of(self.caller, rows, self.varying().into_iter());
        let fillings = circumstances.fillings(self.fitting(&self.place.witness));
        fillings.iter().find_map(|filling| {
            let resources = self.resources(&self.caller.circumstances(filling));
            resources.into_iter().find_map(|resource| {
                let fitting = resource.iter().flat_map(|resource| self.fitting(resource));
                let mut fillings = std::iter::once(filling.clone()).chain(fitting.map(|values| filling.with(&values)));
                fillings.find_map(|it| self.shown_on(resource.clone(), speaker, others, &circumstances, &it))
            })
        })
    }

    /// What variables have to stand for so that patterns match a resource, each of them or all.
    fn fitting(&self, resource: &str) -> Vec<Context> {
        let mut fitting: Vec<Context> =
            self.varying().into_iter().filter_map(|pattern| fitting(pattern, resource)).collect();
        if fitting.len() > 1 {
            fitting.push(fitting.iter().fold(Context::default(), |all, values| all.with(values)));
        }
        fitting
    }

    /// The patterns that match the place or don't, depending on their variables.
    fn varying(&self) -> BTreeSet<&'s str> {
        let rows = self.rows.iter().map(|row| membership(self.space, &self.space.rows[*row], self.place));
        let patterns = rows.filter_map(|membership| match membership {
            Membership::Varies(patterns) => Some(patterns),
            Membership::Yes | Membership::No => None,
        });
        patterns.flatten().collect()
    }

    /// One on this resource, or on the place's own.
    fn shown_on(
        &self,
        resource: Option<String>,
        speaker: &Speaker<'_>,
        others: &[&Speaker<'_>],
        circumstances: &Circumstances<'_>,
        filling: &Context,
    ) -> Option<Answer> {
        let mut request = Request {
            principal: self.caller.clone(),
            action: self.action.to_owned(),
            resource: resource.clone().unwrap_or_else(|| self.place.witness.clone()),
            context: Context::default(),
        };
        let rows: Vec<&Row<'_>> = self.rows.iter().map(|row| &self.space.rows[*row]).collect();
        let mut atoms = Atoms::default();
        let after = self.space.rows[speaker.row].after;
        let [holds, fails] = self.between(speaker, others, &rows, &request.resource, filling, &mut atoms);
        request.context = circumstances.example(filling, &atoms, &holds, &fails)?;
        let shows = |request: &Request| {
            speaker.speaks(self.space, request)
                && [after, !after].map(|side| allows(self.space, &rows, side, request)) == [true, false]
        };
        if !shows(&request) {
            return None;
        }
        let keys: Vec<String> = request.context.iter().map(|(key, _)| key.to_owned()).collect();
        for key in keys {
            let without = Request { context: request.context.without(&key), ..request.clone() };
            if shows(&without) {
                request = without;
            }
        }
        Some(Answer::Something { context: request.context, resource })
    }

    /// With variables filled in like this: when the speaker's side allows the resource through it and through none of the
    /// others, and when the other side does.
    fn between(
        &self,
        speaker: &Speaker<'_>,
        others: &[&Speaker<'_>],
        rows: &[&Row<'_>],
        resource: &str,
        filling: &Context,
        atoms: &mut Atoms,
    ) -> [Formula; 2] {
        let filled = self.caller.circumstances(filling);
        let mut applies = |row: &Row<'_>| {
            let covers = Formula::Constant(row.statement.covers(resource, &filled));
            Formula::all(vec![covers, atoms.tests(&row.statement.conditions, row.statement.variables)])
        };
        let after = self.space.rows[speaker.row].after;
        let [holds, fails] = [after, !after].map(|side| allowing(self.space, rows, side, &mut applies));
        let mut speaks = |speaker: &Speaker<'_>| {
            let row = &self.space.rows[speaker.row];
            Formula::all(vec![Formula::Constant(speaker.is_about(row, resource, &filled)), applies(row)])
        };
        let others = others.iter().map(|other| speaks(other).not()).collect();
        [Formula::all(vec![holds, speaks(speaker), Formula::all(others)]), fails]
    }

    /// The place's own witness; and with variables filled in like this one of each kind of resource that the place holds.
    fn resources(&self, circumstances: &Context) -> Vec<Option<String>> {
        let rows = self.group.iter().map(|index| &self.space.rows[*index]).filter(|row| names(row, self.caller));
        let rows: Vec<(&Row<'_>, Membership<'_>)> =
            rows.map(|row| (row, membership(self.space, row, self.place))).collect();
        let fits = |resource: &String| {
            rows.iter().all(|(row, membership)| {
                let covers = row.statement.covers(resource, circumstances);
                match membership {
                    Membership::Yes => covers,
                    Membership::No => !covers,
                    Membership::Varies(_) => true,
                }
            })
        };
        let about: Vec<&Row<'_>> = rows.iter().map(|(row, _)| *row).collect();
        let named = self.varying().into_iter().flat_map(|pattern| self.space.named(pattern, &about, circumstances));
        std::iter::once(None).chain(named.filter(fits).map(Some)).collect()
    }
}

/// An Allow with when it applies, or one of its patterns.
struct Speaker<'p> {
    row: usize,
    pattern: Option<&'p str>,
    applies: Formula,
}

impl Speaker<'_> {
    fn says(&self, answer: Answer) -> Through {
        Through { row: self.row, pattern: self.pattern.map(str::to_owned), answer }
    }

    fn speaks(&self, space: &Space<'_>, request: &Request) -> bool {
        let row = &space.rows[self.row];
        row.statement.applies(request) && self.is_about(row, &request.resource, &request.circumstances())
    }

    fn is_about(&self, row: &Row<'_>, resource: &str, circumstances: &Context) -> bool {
        let filling = Filling::of(circumstances, row.statement.variables);
        self.pattern.is_none_or(|pattern| resource_matches(pattern, resource, filling))
    }
}

/// Whether the row is about all of the place, whatever variables stand for.
pub(super) fn holds_all(space: &Space<'_>, row: &Row<'_>, place: &Place) -> bool {
    membership(space, row, place) == Membership::Yes
}

/// The patterns by which an Allow may be about a place where that depends on their variables; none where it is about all
/// of it anyhow.
pub(super) fn patterns<'s>(space: &'s Space<'_>, row: &Row<'_>, place: &Place) -> Vec<Option<&'s str>> {
    match membership(space, row, place) {
        Membership::Varies(patterns) if !row.statement.resources.as_ref().is_some_and(|clause| clause.not) => {
            patterns.into_iter().map(Some).collect()
        }
        _ => vec![None],
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
