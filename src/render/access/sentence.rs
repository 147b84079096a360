//! Makes whole sentences, one for all subjects that gain or lose the same access by the same
//! change.

use std::collections::{BTreeMap, BTreeSet};

use super::fold::{Folded, principals};
use super::names::Names;
use super::weight::{Surroundings, Weight, is_public, weight_of};
use super::{Detail, Sentence, TextRun, Tone, Turn, already, code, grant, name, plain, series};
use crate::access::{AccessChange, AccessEffect, Aspect, EffectDoubt, NotRead};
use crate::address::Address;
use crate::plan::Plan;
use crate::policy::compare::{Doubt, Grant, Side};

/// Returns all sentences on a plan's access: what gives most, then other gains, losses and doubts,
/// each with the heavier ones first; otherwise in the plan's order.
pub fn of_plan(plan: &Plan) -> Vec<Sentence> {
    let names = Names::of(plan);
    let mut sentences = shared(plan, &names);
    for access in &plan.access {
        let effects = told(access);
        sentences.extend(effects.iter().filter_map(|(side, effect)| {
            let sentence = match access.aspect {
                Aspect::Permissions => return None,
                Aspect::Trust => trust(&names, access, *side, effect),
                Aspect::Resource => resource(&names, *side, effect),
            };
            let actions = effect.grant.actions.iter().cloned().collect();
            let around = Surroundings { account: names.account(), actions: &actions };
            Some(Sentence { weight: weight_of(&effect.grant, around), ..sentence })
        }));
    }
    sentences.extend(doubtful(plan, &names));
    sentences
        .sort_by_key(|it| (!it.is_heavy(), it.is_heavy().then_some(it.weight), it.turn, it.weight));
    sentences
}

/// Returns all actions that a plan gives, or may give, to each subject.
fn gained_actions(plan: &Plan) -> BTreeMap<&Address, BTreeSet<String>> {
    let mut gained: BTreeMap<&Address, BTreeSet<String>> = BTreeMap::new();
    for access in plan.access.iter().filter(|access| access.aspect == Aspect::Permissions) {
        let actions = access.gained.iter().flat_map(|effect| effect.grant.actions.iter().cloned());
        gained.entry(&access.subject).or_default().extend(actions);
    }
    gained
}

/// Returns the subjects that gain, or may gain, so much that they are always named.
pub fn heavy_subjects(plan: &Plan) -> BTreeSet<&Address> {
    let account = Some(plan.header.account.as_str());
    let gained = gained_actions(plan);
    let permissions = plan.access.iter().filter(|access| access.aspect == Aspect::Permissions);
    let heavy = permissions.filter(|access| {
        let Some(actions) = gained.get(&access.subject) else { return false };
        let around = Surroundings { account, actions };
        access.gained.iter().any(|effect| weight_of(&effect.grant, around).is_heavy())
    });
    heavy.map(|access| &access.subject).collect()
}

/// Returns the effects of a plan on one subject, split as sentences show them.
fn told(access: &AccessChange) -> Vec<(Side, AccessEffect)> {
    let gained = access.gained.iter().map(|effect| (Side::Gained, effect));
    let effects = gained.chain(access.lost.iter().map(|effect| (Side::Lost, effect)));
    let apart = effects.flat_map(|(side, effect)| {
        let of = move |grant| (side, AccessEffect { grant, ..effect.clone() });
        already::apart(&effect.grant).into_iter().map(of)
    });
    apart.collect()
}

/// Makes one sentence for all subjects that share an edited policy, and so gain or lose the same.
fn shared(plan: &Plan, names: &Names) -> Vec<Sentence> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut groups: Vec<(Side, AccessEffect, bool, Vec<Address>)> = Vec::new();
    for access in plan.access.iter().filter(|access| access.aspect == Aspect::Permissions) {
        for (side, effect) in told(access) {
            let place =
                *places.entry(likeness(side, &effect, access.foreign)).or_insert(groups.len());
            match groups.get_mut(place) {
                Some((.., subjects)) => subjects.push(access.subject.clone()),
                None => groups.push((side, effect, access.foreign, vec![access.subject.clone()])),
            }
        }
    }
    let gained = gained_actions(plan);
    let sentence = |(side, effect, foreign, subjects): &(_, _, bool, Vec<_>)| {
        let who = if *foreign { names.strangers(subjects) } else { names.all(subjects) };
        let mut sentence = permissions(names, who, subjects, *side, effect);
        if *side == Side::Gained {
            let around = subjects.iter().filter_map(|subject| gained.get(subject));
            let around = around.map(|actions| Surroundings { account: names.account(), actions });
            let weights = around.map(|around| weight_of(&effect.grant, around));
            sentence.weight = weights.chain([sentence.weight]).min().unwrap_or(sentence.weight);
        }
        sentence
    };
    groups.iter().map(sentence).collect()
}

/// Returns a key that is equal for effects that need the same sentence: only the example names the
/// principal.
fn likeness(side: Side, effect: &AccessEffect, foreign: bool) -> String {
    let mut value = serde_json::to_value(effect).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("example");
    }
    format!("{side:?} {foreign} {value}")
}

fn permissions(
    names: &Names,
    who: Folded,
    subjects: &[Address],
    side: Side,
    effect: &AccessEffect,
) -> Sentence {
    let listed = subjects.iter().map(|subject| names.name(subject).text).collect();
    let folded = who.shortened.then_some(Detail { label: "who", items: listed, folded: true });
    let mut clause = who.pieces;
    clause.push(if effect.is_doubtful() {
        maybe(side)
    } else {
        verb(side, subjects.len() > 1, " ")
    });
    let mut sentence = finish(side, Some(effect.through.clone()), clause, folded, &effect.grant);
    if effect.is_doubtful() {
        sentence.turn = Turn::Doubt { may_widen: side == Side::Gained };
        let doubts = [
            ("if", &effect.if_allowed_by, "allows it"),
            ("unless", &effect.unless_decided_by, DECIDES),
        ];
        sentence.remarks.extend(
            doubts.into_iter().filter(|(_, policies, _)| !policies.is_empty()).map(not_read),
        );
    }
    sentence
}

const DECIDES: &str = "allows or denies it anyway";

/// Returns `(unless arn:…, which was not read, allows or denies it anyway)`.
fn not_read((word, policies, what): (&str, &Vec<NotRead>, &str)) -> Vec<TextRun> {
    let mut pieces = vec![plain(format!("({word} "))];
    pieces.extend(series(policies.iter().map(|it| code(&it.policy)).collect()));
    let reasons: BTreeSet<&str> = policies.iter().filter_map(|it| it.because.as_deref()).collect();
    let reasons = reasons.into_iter().collect::<Vec<_>>().join("; ");
    let because = if reasons.is_empty() { reasons } else { format!(" ({reasons})") };
    let number = if policies.len() == 1 { "was" } else { "were" };
    pieces.push(plain(format!(", which {number} not read{because}, {what})")));
    pieces
}

fn maybe(side: Side) -> TextRun {
    let word = if side == Side::Gained { "gain" } else { "lose" };
    TextRun { tone: Tone::Doubt, text: format!(" may {word} ") }
}

fn resource(names: &Names, side: Side, effect: &AccessEffect) -> Sentence {
    let (clause, folded) = holders(names, side, &effect.grant);
    let mut sentence = finish(side, Some(effect.through.clone()), clause, folded, &effect.grant);
    sentence.clause.push(plain(" (bucket policy)"));
    if effect.own {
        sentence.remarks.insert(0, vec![plain("(where its own policies allow it)")]);
    }
    sentence
}

/// Returns `lambda.amazonaws.com gains `.
fn holders(names: &Names, side: Side, grant: &Grant) -> (Vec<TextRun>, Option<Detail>) {
    let who = principals(&grant.principals, names.account());
    let several = grant.principals.len() > 1 && !is_public(&grant.principals);
    let mut clause = warning(side, grant);
    clause.extend(who.pieces);
    clause.push(verb(side, several, " "));
    (clause, who.shortened.then(|| whole("who", &grant.principals)))
}

fn whole(label: &'static str, items: &[String]) -> Detail {
    Detail { label, items: items.to_vec(), folded: true }
}

/// Returns the warning that no reviewer may overlook, with colours or without.
fn warning(side: Side, grant: &Grant) -> Vec<TextRun> {
    let public = side == Side::Gained && is_public(&grant.principals) && grant.condition.is_none();
    public
        .then(|| TextRun { tone: Tone::Public, text: "PUBLIC: ".to_owned() })
        .into_iter()
        .collect()
}

/// Returns `lambda.amazonaws.com and now also apigateway.amazonaws.com may assume runner`.
fn trust(names: &Names, access: &AccessChange, side: Side, effect: &AccessEffect) -> Sentence {
    let grant = &effect.grant;
    let through = Some(effect.through.clone());
    let role = names.name(&access.subject);
    if !grant::assumes(grant) {
        let (clause, folded) = holders(names, side, grant);
        let mut sentence = finish(
            side,
            through,
            clause,
            folded,
            &Grant { resources: Vec::new(), ..grant.clone() },
        );
        sentence.clause.extend([plain(" on "), role, plain(" (trust policy)")]);
        return sentence;
    }
    let clause = assume(names, &access.kept, side, grant, role);
    let who = principals(&grant.principals, names.account());
    let folded = who.shortened.then(|| whole("who", &grant.principals));
    assembled(side, through, clause, folded.into_iter().collect(), grant)
}

fn assume(
    names: &Names,
    kept: &[String],
    side: Side,
    grant: &Grant,
    role: TextRun,
) -> Vec<TextRun> {
    let listed = |who: &[String]| principals(who, names.account()).pieces;
    let others: Vec<String> =
        kept.iter().filter(|who| !grant.principals.contains(who)).cloned().collect();
    let known =
        !grant.principals.is_empty() && grant.principals.iter().all(|who| kept.contains(who));
    let tone = turn(side);
    let word = |text: &str| TextRun { tone, text: text.to_owned() };
    let mut clause = warning(side, grant);
    let who = listed(&grant.principals);
    match side {
        // The principal could assume it before under a narrower condition, or still can under one.
        _ if known => {
            clause.extend(who);
            let end = if side == Side::Gained { " in more cases" } else { " in fewer cases" };
            clause.extend([plain(" may assume "), role, word(end)]);
        }
        Side::Gained => {
            // If anyone may, it no longer matters who could before.
            let others = if is_public(&grant.principals) { Vec::new() } else { others };
            if !others.is_empty() {
                clause.extend(listed(&others));
                clause.push(word(" and now also "));
            }
            clause.extend(who);
            clause.extend([
                if others.is_empty() { word(" may assume ") } else { plain(" may assume ") },
                role,
            ]);
        }
        Side::Lost => {
            clause.extend(who);
            clause.extend([word(" may no longer assume "), role]);
            // The account as a whole loses it, but principals in it keep it.
            let part = |name: &&String| grant.principals.iter().any(|who| is_part(name, who));
            let left: Vec<String> = others.iter().filter(part).cloned().collect();
            if !left.is_empty() {
                clause.push(plain(" (except "));
                clause.extend(listed(&left));
                clause.push(plain(")"));
            }
        }
    }
    clause
}

fn is_part(name: &str, who: &str) -> bool {
    who == "*" || name.split(':').nth(4) == Some(who)
}

/// Returns the sentence on a grant of one of two documents, which are not known to be attached to
/// any principal.
pub fn bare_sentence(side: Side, grant: &Grant) -> Sentence {
    let names = &Names::default();
    if grant.principals.is_empty() {
        return finish(side, None, vec![verb(side, false, "")], None, grant);
    }
    if grant::assumes(grant) && grant.resources.is_empty() {
        let clause = assume(names, &[], side, grant, name("the role"));
        return assembled(side, None, clause, Vec::new(), grant);
    }
    let (clause, folded) = holders(names, side, grant);
    finish(side, None, clause, folded, grant)
}

fn turn(side: Side) -> Tone {
    match side {
        Side::Gained => Tone::Gain,
        Side::Lost => Tone::Loss,
    }
}

fn verb(side: Side, several: bool, before: &str) -> TextRun {
    let word = match (side, several) {
        (Side::Gained, false) => "gains",
        (Side::Gained, true) => "gain",
        (Side::Lost, false) => "loses",
        (Side::Lost, true) => "lose",
    };
    TextRun { tone: turn(side), text: format!("{before}{word} ") }
}

/// Completes a sentence after its principal and verb.
fn finish(
    side: Side,
    through: Option<Address>,
    mut clause: Vec<TextRun>,
    folded: Option<Detail>,
    grant: &Grant,
) -> Sentence {
    let (what, details) = grant::grant_text(grant);
    clause.extend(what);
    assembled(side, through, clause, folded.into_iter().chain(details).collect(), grant)
}

fn assembled(
    side: Side,
    through: Option<Address>,
    clause: Vec<TextRun>,
    mut details: Vec<Detail>,
    grant: &Grant,
) -> Sentence {
    let (remarks, more) = grant::remarks(side, grant);
    details.extend(more);
    details.extend(grant::evidence(grant));
    let turn = if side == Side::Gained { Turn::Gain } else { Turn::Loss };
    let actions = grant.actions.iter().cloned().collect();
    let weight = weight_of(grant, Surroundings { account: None, actions: &actions });
    Sentence { turn, through, clause, remarks, details, weight }
}

/// Makes one sentence for the subjects and sides that share a doubt.
fn doubtful(plan: &Plan, names: &Names) -> Vec<Sentence> {
    type SentenceKey<'a> = (Option<&'a Address>, Aspect, &'a str, &'a str);
    let mut order: Vec<SentenceKey> = Vec::new();
    let mut found: BTreeMap<SentenceKey, (Vec<Address>, Vec<Side>)> = BTreeMap::new();
    for access in &plan.access {
        for EffectDoubt { through, doubt } in &access.doubts {
            let key =
                (through.as_ref(), access.aspect, doubt.policy.as_str(), doubt.reason.as_str());
            let (subjects, sides) = found.entry(key).or_insert_with(|| {
                order.push(key);
                (Vec::new(), Vec::new())
            });
            // The doubts are in the order of subjects.
            if subjects.last() != Some(&access.subject) {
                subjects.push(access.subject.clone());
            }
            sides.push(doubt.side);
        }
    }
    let sentence = |key: SentenceKey| {
        let (subjects, sides) = &found[&key];
        let (through, aspect, policy, reason) = key;
        let what = match aspect {
            Aspect::Permissions => "",
            Aspect::Trust => " (trust policy)",
            Aspect::Resource => " (bucket policy)",
        };
        let mut sentence = doubt(names.topic(subjects, what), sides, policy, reason);
        sentence.through = through.cloned();
        sentence
    };
    order.into_iter().map(sentence).collect()
}

/// Returns the sentences on the doubts of a comparison of two documents.
pub fn doubts(doubts: &[Doubt]) -> Vec<Sentence> {
    let mut found: BTreeMap<(&str, &str), Vec<Side>> = BTreeMap::new();
    for doubt in doubts {
        found.entry((&doubt.policy, &doubt.reason)).or_default().push(doubt.side);
    }
    found.iter().map(|((policy, reason), sides)| doubt(Vec::new(), sides, policy, reason)).collect()
}

fn doubt(topic: Vec<TextRun>, sides: &[Side], policy: &str, reason: &str) -> Sentence {
    let word = match (sides.contains(&Side::Gained), sides.contains(&Side::Lost)) {
        (true, true) => "changes",
        (true, false) => "widens",
        (false, _) => "narrows",
    };
    let mut clause = topic;
    let text = format!("whether access {word} can't be told: ");
    clause.extend([TextRun { tone: Tone::Doubt, text }, plain(reason)]);
    let items = vec![policy.to_owned()];
    let details = if policy.is_empty() {
        Vec::new()
    } else {
        vec![Detail { label: "in", items, folded: false }]
    };
    let turn = Turn::Doubt { may_widen: sides.contains(&Side::Gained) };
    Sentence { turn, through: None, clause, remarks: Vec::new(), details, weight: Weight::Ordinary }
}
