//! What must hold of every pair.

use relayctl::policy::compare::{Comparison, Grant, Relation, Set, Side, compare};
use relayctl::policy::decision::{Policies, Verdict};
use relayctl::policy::request::{Caller, Context, Request};
use relayctl::policy::statement::Policy;
use serde_json::json;

use super::alphabet::{CALLER, Kind};
use super::dice::Dice;
use super::document::{Document, Layers, Pair};
use super::evaluator::{Everything, allows};
use super::respell::respelt;
use super::universe::{Area, Memory, Resources, Universe, areas, grant_names};

/// Of each pair, so many requests are decided one by one.
const SAMPLES: usize = 6;

/// What was found, so that laws that hold because nothing ever happens are seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub pairs: usize,
    /// By relation, of pairs without conditions and variables, and of those with.
    pub plain: [usize; 5],
    pub conditional: [usize; 5],
    pub decided: usize,
    pub allowed: usize,
    /// Pairs of which the relation is unknown in one spelling and known in another.
    pub unsettled: usize,
}

impl Tally {
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        let sum = |one: [usize; 5], other: [usize; 5]| std::array::from_fn(|index| one[index] + other[index]);
        Self {
            pairs: self.pairs + other.pairs,
            plain: sum(self.plain, other.plain),
            conditional: sum(self.conditional, other.conditional),
            decided: self.decided + other.decided,
            allowed: self.allowed + other.allowed,
            unsettled: self.unsettled + other.unsettled,
        }
    }
}

const RELATIONS: [Relation; 5] =
    [Relation::Equal, Relation::Wider, Relation::Narrower, Relation::Changed, Relation::Unknown];

/// A pair, as the program has it.
struct Case<'p> {
    kind: Kind,
    pair: &'p Pair,
    before: Vec<Vec<Policy>>,
    after: Vec<Vec<Policy>>,
}

/// The first law that the pair breaks, if any. `seed` is for the chance in the checks: which requests are tried, and how
/// the documents are respelt.
pub fn check(kind: Kind, pair: &Pair, seed: u64, memory: &mut Memory) -> Result<Tally, String> {
    let mut dice = Dice::new(seed);
    let case = Case {
        kind,
        pair,
        before: compiled(&pair.before, Document::json),
        after: compiled(&pair.after, Document::json),
    };
    let found = compare_layers(kind, &case.before, &case.after);
    let back = compare_layers(kind, &case.after, &case.before);
    mirrored(&found, &back)?;
    case.is_exact_without_conditions(&found)?;
    case.examples_show_it(&found)?;
    let mut tally = case.everything_is_listed(&found, &mut dice, memory)?;
    tally.unsettled = usize::from(!case.spelling_is_no_difference(&found, &mut dice)?);
    let relation = RELATIONS.iter().position(|it| *it == found.relation()).expect("all relations are listed");
    let of = if is_plain(pair) { &mut tally.plain } else { &mut tally.conditional };
    of[relation] += 1;
    Ok(tally)
}

fn compiled(layers: &Layers, mut json: impl FnMut(&Document) -> serde_json::Value) -> Vec<Vec<Policy>> {
    let compile = |document| Policy::compile("document", &json(document)).expect("drawn documents are documents");
    let mut compile = compile;
    layers.iter().map(|layer| layer.iter().map(&mut compile).collect()).collect()
}

fn compare_layers(kind: Kind, before: &[Vec<Policy>], after: &[Vec<Policy>]) -> Comparison {
    let caller = (kind == Kind::Identity).then(|| Caller::aws(CALLER));
    compare(
        &Set { layers: before.iter().map(Vec::as_slice).collect() },
        &Set { layers: after.iter().map(Vec::as_slice).collect() },
        caller.as_ref(),
    )
}

/// What one gains the other loses, down to the examples.
fn mirrored(found: &Comparison, back: &Comparison) -> Result<(), String> {
    let same = told(&found.gained) == told(&back.lost) && told(&found.lost) == told(&back.gained);
    let doubts = |comparison: &Comparison, side: Side| comparison.doubts.iter().filter(|it| it.side == side).count();
    let same_doubts = doubts(found, Side::Gained) == doubts(back, Side::Lost)
        && doubts(found, Side::Lost) == doubts(back, Side::Gained);
    must(same && same_doubts, || format!("the way back is no mirror: {found:?}\nand back: {back:?}"))
}

/// Grants without their examples, of which there may be others.
fn told(grants: &[Grant]) -> Vec<Grant> {
    let nobody = Request {
        principal: Caller::service(""),
        action: String::new(),
        resource: String::new(),
        context: Context::default(),
    };
    grants.iter().map(|grant| Grant { example: nobody.clone(), ..grant.clone() }).collect()
}

fn is_plain(pair: &Pair) -> bool {
    let mut statements = pair.statements();
    statements.all(|(_, it)| it.tests.is_empty() && !it.resources.iter().any(|list| list.items.concat().contains("${")))
}

fn must(holds: bool, otherwise: impl Fn() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

impl Case<'_> {
    fn layers(&self, after: bool) -> (&Layers, &[Vec<Policy>]) {
        if after { (&self.pair.after, &self.after) } else { (&self.pair.before, &self.before) }
    }

    /// Whether the documents have variables: of two versions are few pairs.
    fn modern(&self) -> bool {
        self.pair.statements().any(|(document, _)| document.variables)
    }

    /// Whether texts have variables in some documents and none in others, so that a grant can't be read without knowing
    /// where its texts come from.
    fn is_mixed(&self) -> bool {
        let modern = self.pair.statements().filter(|(document, _)| document.variables).count();
        modern > 0 && modern < self.pair.statements().count() && !is_plain(self.pair)
    }

    fn is_exact_without_conditions(&self, found: &Comparison) -> Result<(), String> {
        must(!is_plain(self.pair) || found.doubts.is_empty(), || format!("doubts without conditions: {found:?}"))
    }

    /// By the evaluator and by the decision.
    fn examples_show_it(&self, found: &Comparison) -> Result<(), String> {
        for (after, grants) in [(true, &found.gained), (false, &found.lost)] {
            for grant in grants {
                must(self.is_mixed() || grant_names(grant, self.modern()), || {
                    format!("the grant isn't about its own example: {grant:?}")
                })?;
                for (side, expected) in [(after, true), (!after, false)] {
                    let (documents, policies) = self.layers(side);
                    let evaluated = allows(documents, &grant.example);
                    let name = if side { "after" } else { "before" };
                    must(evaluated == expected, || format!("{name}, the example is no example: {grant:?}"))?;
                    let decided = decide(self.kind, policies, &grant.example) == Verdict::Allowed;
                    must(decided == expected, || format!("{name}, the decision says otherwise: {grant:?}"))?;
                }
            }
        }
        Ok(())
    }

    /// Whatever is gained or lost is listed, and single requests are decided like all of them.
    fn everything_is_listed(&self, found: &Comparison, dice: &mut Dice, memory: &mut Memory) -> Result<Tally, String> {
        let (mut areas, places) = areas(self.kind, self.pair, memory);
        let modern = self.modern();
        let grants = found.gained.iter().map(|grant| (true, grant)).chain(found.lost.iter().map(|it| (false, it)));
        let grants: Vec<(bool, &Grant)> = grants.collect();
        areas.extend(grants.iter().map(|(_, grant)| Area::of_grant(self.kind, grant, modern, memory)));
        let universe = Universe::about(self.kind, &areas);
        let cells = universe.cells(self.kind, &areas, memory);
        let doubted = |side: Side| found.doubts.iter().any(|doubt| doubt.side == side);
        let doubted = [doubted(Side::Lost), doubted(Side::Gained)];
        let mut sides = Vec::with_capacity(cells.len());
        for cell in &cells {
            let [before, after] = [false, true].map(|side| {
                let layers = self.layers(side).0.len();
                allowed(side, layers, &places, &cell.reach)
            });
            sides.push((before, after));
            for (gained, more) in [(false, before.but(after)), (true, after.but(before))] {
                if more.is_empty() || doubted[usize::from(gained)] {
                    continue;
                }
                let listed = grants.iter().zip(&cell.reach[places.len()..]).filter(|((side, _), _)| *side == gained);
                let listed = listed.fold(Resources::default(), |all, (_, reach)| all.or(*reach));
                let missing = more.but(listed);
                let is_listed = missing.is_empty() || self.is_mixed();
                must(is_listed, || {
                    let resource = missing.iter().next().unwrap_or_default();
                    let action = cell.actions.trailing_zeros() as usize;
                    let request = universe.request(cell.caller, cell.context, action, resource);
                    let what = if gained { "gained" } else { "lost" };
                    format!("{what} but not listed: {request:?}\n{found:?}")
                })?;
            }
        }
        let mut tally = Tally { pairs: 1, ..Tally::default() };
        for _ in 0..SAMPLES {
            let index = dice.below(cells.len());
            let (cell, (before, after)) = (&cells[index], sides[index]);
            let actions: Vec<usize> = (0..64).filter(|action| cell.actions & (1 << action) != 0).collect();
            let resource = dice.below(universe.world.resources.len());
            let request = universe.request(cell.caller, cell.context, *dice.pick(&actions), resource);
            for (side, allowed) in [(false, before), (true, after)] {
                let is_in = allowed.iter().any(|it| it == resource);
                let (documents, policies) = self.layers(side);
                let expected = evaluated(self.kind, documents, &request);
                must((expected == Verdict::Allowed) == is_in, || {
                    format!("the oracle contradicts itself: {expected:?} but {is_in}: {request:?}")
                })?;
                let decided = decide(self.kind, policies, &request);
                must(decided == expected, || format!("decided {decided:?} and not {expected:?}: {request:?}"))?;
                tally.decided += 1;
                tally.allowed += usize::from(is_in);
            }
        }
        Ok(tally)
    }

    /// Whether the relation is known in both spellings or in neither. No spelling may change it; but an example is looked for
    /// in so many ways only, and the order in which they are tried may decide whether one is found.
    fn spelling_is_no_difference(&self, found: &Comparison, dice: &mut Dice) -> Result<bool, String> {
        let sides = [&self.pair.before, &self.pair.after].map(|layers| {
            let respelt = respelt(layers, dice);
            let mut texts = Vec::new();
            let policies = compiled(&respelt, |document| {
                let json = document.json_by_chance(dice);
                texts.push(json.to_string());
                json
            });
            (policies, texts.join("\n"))
        });
        for (layers, (policies, texts)) in [&self.before, &self.after].into_iter().zip(&sides) {
            let itself = compare_layers(self.kind, layers, policies);
            must(itself == Comparison::default(), || format!("respelt it is not the same:\n{texts}\n{itself:?}"))?;
        }
        let [(before, old), (after, new)] = &sides;
        let again = compare_layers(self.kind, before, after).relation();
        let same = again == found.relation();
        let unknown = [again, found.relation()].contains(&Relation::Unknown);
        must(same || unknown, || format!("{again:?} and not {:?}, respelt as\n{old}\nand\n{new}\n", found.relation()))?;
        Ok(same)
    }
}

/// What a side allows in one cell.
fn allowed(after: bool, layers: usize, places: &[(bool, usize, bool)], reach: &[Resources]) -> Resources {
    let said = |allow: bool, layer: Option<usize>| {
        let statements = places.iter().zip(reach).filter(|((side, of, allows), _)| {
            *side == after && *allows == allow && layer.is_none_or(|layer| layer == *of)
        });
        statements.fold(Resources::default(), |all, (_, reach)| all.or(*reach))
    };
    let allows = (0..layers).map(|layer| said(true, Some(layer)));
    allows.fold(Resources::ALL, Resources::and).but(said(false, None))
}

/// The request as it is put to a decision: a policy that names principals decides alone where its resource is of another
/// account and the caller's own policies allow everything.
fn put(kind: Kind, request: &Request) -> Request {
    let mut request = request.clone();
    if kind != Kind::Identity {
        request.context.set("aws:ResourceAccount", vec!["999999999999".to_owned()]);
    }
    request
}

fn decide(kind: Kind, layers: &[Vec<Policy>], request: &Request) -> Verdict {
    let everything = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let everything = [Policy::compile("everything", &everything).expect("it is a document")];
    let policies = match kind {
        Kind::Identity => Policies {
            identity: &layers[0],
            boundary: layers.get(1).and_then(|boundary| boundary.first()),
            resource: None,
        },
        Kind::Bucket | Kind::Trust => Policies { identity: &everything, boundary: None, resource: layers[0].first() },
    };
    policies.decide(&put(kind, request)).verdict
}

fn evaluated(kind: Kind, layers: &Layers, request: &Request) -> Verdict {
    let everything = match kind {
        Kind::Identity => Everything {
            identity: layers[0].clone(),
            boundary: layers.get(1).map(|boundary| boundary[0].clone()),
            resource: None,
        },
        Kind::Bucket | Kind::Trust => {
            Everything { identity: vec![Document::everything()], boundary: None, resource: Some(layers[0][0].clone()) }
        }
    };
    everything.decide(&put(kind, request))
}
