//! One line on all of a plan: who gains, who loses, for whom it can't be told.

use std::collections::BTreeSet;

use super::fold::{is_public, principal_items};
use super::names::Names;
use super::{Piece, Tone, plain, series};
use crate::access::{AccessChange, Aspect, Effect};
use crate::address::{Address, KindName};
use crate::diff::{Action, Change};
use crate::plan::Plan;
use crate::policy::compare::Relation;

/// What is said where something changes, but nobody's access.
pub const SETTLED: &str = "No one gains or loses access.";

/// Fields that say who may do what: what their change means is in the plan's access.
const COMPARED: [&str; 4] = ["document", "permissions_boundary", "policy", "trust"];

/// Fields whose change means nothing for access. Tags aren't among them: conditions may ask for them. Nor is what blocks
/// public access, or encrypts.
const HARMLESS: [&str; 5] = ["description", "force_destroy", "lifecycle", "max_session_duration", "versioning"];

/// `serverless and lambda.amazonaws.com gain; old loses.` None where there is no such change, or none is known.
pub fn summary(plan: &Plan) -> Option<Vec<Piece>> {
    let names = Names::of(plan);
    let gain = Parties::of(plan, |access| &access.gained);
    let loss = Parties::of(plan, |access| &access.lost);
    let doubtful = |access: &&AccessChange| {
        !access.doubts.is_empty() || access.gained.iter().chain(&access.lost).any(Effect::is_doubtful)
    };
    let doubtful: BTreeSet<&Address> = plan.access.iter().filter(doubtful).map(|access| &access.subject).collect();
    let doubtful: Vec<Address> = doubtful.into_iter().cloned().collect();
    let mut parts: Vec<Vec<Piece>> = Vec::new();
    if gain == loss {
        parts.extend(gain.said(&names, Tone::Gain, ["gains and loses", "gain and lose"]));
    } else {
        parts.extend(gain.said(&names, Tone::Gain, ["gains", "gain"]));
        parts.extend(loss.said(&names, Tone::Loss, ["loses", "lose"]));
    }
    if !doubtful.is_empty() {
        let mut part = vec![Piece { tone: Tone::Doubt, text: "not known for ".to_owned() }];
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

/// Users and roles that gain by their policies, and whoever is named by a policy on something else.
#[derive(PartialEq)]
struct Parties {
    subjects: Vec<Address>,
    principals: Vec<String>,
}

impl Parties {
    fn of(plan: &Plan, side: impl Fn(&AccessChange) -> &Vec<Effect>) -> Self {
        let mut subjects = BTreeSet::new();
        let mut principals = BTreeSet::new();
        for access in plan.access.iter().filter(|access| side(access).iter().any(|effect| !effect.is_doubtful())) {
            if access.aspect == Aspect::Permissions {
                subjects.insert(access.subject.clone());
            } else {
                principals.extend(side(access).iter().flat_map(|effect| effect.grant.principals.iter().cloned()));
            }
        }
        Self { subjects: subjects.into_iter().collect(), principals: principals.into_iter().collect() }
    }

    fn said(&self, names: &Names, tone: Tone, [one, several]: [&str; 2]) -> Option<Vec<Piece>> {
        let mut items = names.items(&self.subjects);
        if !self.principals.is_empty() {
            items.extend(principal_items(&self.principals));
        }
        let public = is_public(&self.principals);
        let number = self.subjects.len() + if public { 1 } else { self.principals.len() };
        if number == 0 {
            return None;
        }
        let mut pieces = series(items);
        let word = if number == 1 { one } else { several };
        pieces.push(Piece { tone, text: format!(" {word}") });
        Some(pieces)
    }
}

/// Something changes, and it is known that nobody gains or loses by it.
pub fn is_settled(plan: &Plan) -> bool {
    let known = |change: &Change| match meaning(change) {
        Meaning::None => true,
        // An empty list could also mean that nobody has compared.
        Meaning::Compared => !plan.access.is_empty(),
        Meaning::Unknown => false,
    };
    let equal = plan.access.iter().all(|access| access.relation == Relation::Equal);
    equal && !plan.is_empty() && !plan.is_hindered() && plan.changes.iter().all(known)
}

/// What a change may mean for access.
enum Meaning {
    None,
    /// What the plan's access says.
    Compared,
    Unknown,
}

fn meaning(change: &Change) -> Meaning {
    let kind = change.address.kind();
    match (kind, change.action) {
        (_, Action::Nothing | Action::Adopt | Action::Forget)
        | (KindName::AwsProfile | KindName::ZappaSettings, _)
        | (KindName::USER, Action::Create) => Meaning::None,
        // Whoever holds a key may do what its user may, so to make or to remove one is a change of access. And what is
        // gone can't be used any more, whatever the policies say.
        (_, Action::Refuse | Action::Blocked)
        | (KindName::AccessKey, _)
        | (KindName::USER | KindName::ROLE | KindName::Bucket, Action::Delete | Action::Replace) => Meaning::Unknown,
        (_, Action::Update) => of_fields(change),
        _ => Meaning::Compared,
    }
}

fn of_fields(change: &Change) -> Meaning {
    let names = || change.fields.iter().map(|field| field.change.field.as_str());
    if names().all(|name| HARMLESS.contains(&name)) {
        return Meaning::None;
    }
    if names().all(|name| HARMLESS.contains(&name) || COMPARED.contains(&name)) {
        return Meaning::Compared;
    }
    Meaning::Unknown
}
