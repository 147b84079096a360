//! Sums up a plan's access in one line: who gains, who loses, for whom it isn't known.

use std::collections::BTreeSet;

use super::fold::principal_items;
use super::names::Names;
use super::sentence::heavy_subjects;
use super::weight::is_public;
use super::{TextRun, Tone, plain, series};
use crate::access::{AccessChange, AccessEffect, AccessMeaning, Aspect, meaning};
use crate::address::Address;
use crate::diff::ResourceChange;
use crate::plan::{Plan, PlanMode};
use crate::policy::compare::Relation;

/// The text for a plan that changes something, but nobody's access.
pub const SETTLED: &str = "No one gains or loses access.";

/// Returns `serverless and lambda.amazonaws.com gain; old loses.`; `None` if there is no such
/// change, or none is known.
pub fn summary(plan: &Plan) -> Option<Vec<TextRun>> {
    let names = Names::of(plan);
    let gain = Parties::of(plan, |access| &access.gained);
    let loss = Parties::of(plan, |access| &access.lost);
    let (heavy, light) = (heavy_subjects(plan), BTreeSet::new());
    let doubtful = |access: &&AccessChange| {
        !access.doubts.is_empty()
            || access.gained.iter().chain(&access.lost).any(AccessEffect::is_doubtful)
    };
    let doubtful: BTreeSet<&Address> =
        plan.access.iter().filter(doubtful).map(|access| &access.subject).collect();
    let doubtful: Vec<Address> = doubtful.into_iter().cloned().collect();
    let mut parts: Vec<Vec<TextRun>> = Vec::new();
    if gain == loss {
        parts.extend(gain.said(&names, &heavy, Tone::Gain, ["gains and loses", "gain and lose"]));
    } else {
        parts.extend(gain.said(&names, &heavy, Tone::Gain, ["gains", "gain"]));
        parts.extend(loss.said(&names, &light, Tone::Loss, ["loses", "lose"]));
    }
    if !doubtful.is_empty() {
        let mut part = vec![TextRun { tone: Tone::Doubt, text: "not known for ".to_owned() }];
        part.extend(series(names.items(&doubtful)));
        parts.push(part);
    }
    let mut pieces = parts.into_iter().reduce(|mut all, part| {
        all.push(plain("; "));
        all.extend(part);
        all
    })?;
    pieces.push(plain("."));
    Some(pieces)
}

/// Returns those who gain access: `serverless and lambda.amazonaws.com`; `None` if nobody does.
pub fn gainers(plan: &Plan) -> Option<Vec<TextRun>> {
    Parties::of(plan, |access| &access.gained).listed(&Names::of(plan), &heavy_subjects(plan))
}

/// Returns those for whom it isn't known if they gain access.
pub fn perhaps_gainers(plan: &Plan) -> Option<Vec<TextRun>> {
    let perhaps = |access: &&AccessChange| {
        !access.doubts.is_empty() || access.gained.iter().any(AccessEffect::is_doubtful)
    };
    let subjects: BTreeSet<&Address> =
        plan.access.iter().filter(perhaps).map(|access| &access.subject).collect();
    let subjects: Vec<Address> = subjects.into_iter().cloned().collect();
    let items = || Names::of(plan).items_by_weight(&subjects, &heavy_subjects(plan));
    (!subjects.is_empty()).then(|| series(items()))
}

/// Users and roles that gain or lose by their own policies, and principals that are named in a
/// trust or bucket policy.
#[derive(PartialEq)]
struct Parties {
    subjects: Vec<Address>,
    principals: Vec<String>,
}

impl Parties {
    fn of(plan: &Plan, side: impl Fn(&AccessChange) -> &Vec<AccessEffect>) -> Self {
        let mut subjects = BTreeSet::new();
        let mut principals = BTreeSet::new();
        for access in plan
            .access
            .iter()
            .filter(|access| side(access).iter().any(|effect| !effect.is_doubtful()))
        {
            if access.aspect == Aspect::Permissions {
                subjects.insert(access.subject.clone());
            } else {
                principals.extend(
                    side(access).iter().flat_map(|effect| effect.grant.principals.iter().cloned()),
                );
            }
        }
        Self {
            subjects: subjects.into_iter().collect(),
            principals: principals.into_iter().collect(),
        }
    }

    fn listed(&self, names: &Names, heavy: &BTreeSet<&Address>) -> Option<Vec<TextRun>> {
        let mut items = names.items_by_weight(&self.subjects, heavy);
        if !self.principals.is_empty() {
            items.extend(principal_items(&self.principals, names.account()));
        }
        (!items.is_empty()).then(|| series(items))
    }

    fn said(
        &self,
        names: &Names,
        heavy: &BTreeSet<&Address>,
        tone: Tone,
        [one, several]: [&str; 2],
    ) -> Option<Vec<TextRun>> {
        let mut pieces = self.listed(names, heavy)?;
        let public = is_public(&self.principals);
        let number = self.subjects.len() + if public { 1 } else { self.principals.len() };
        let word = if number == 1 { one } else { several };
        pieces.push(TextRun { tone, text: format!(" {word}") });
        Some(pieces)
    }
}

/// Returns true if something changes, and it is known that nobody gains or loses access by it.
pub fn is_settled(plan: &Plan) -> bool {
    let known = |change: &ResourceChange| match meaning(change, &plan.header.account) {
        AccessMeaning::None => true,
        // An empty list could also mean that nothing was compared.
        AccessMeaning::Compared => !plan.access.is_empty(),
        AccessMeaning::Open | AccessMeaning::Gain(_) => false,
    };
    let equal = plan.access.iter().all(|access| access.relation == Relation::Equal);
    // A refresh compares no access.
    let compared = plan.header.mode != PlanMode::RefreshOnly;
    compared && equal && !plan.is_empty() && !plan.is_hindered() && plan.changes.iter().all(known)
}
