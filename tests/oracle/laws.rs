//! The laws of every pair.

use serde_json::{Value, json};

use iam_policy::compare::{Comparison, Grant, Relation, Set, Side as Direction, compare};
use iam_policy::decision::{self, Verdict};
use iam_policy::request::{Caller, Context, Request};
use iam_policy::statement::{Policy, PrincipalType};

use super::alphabet::{CALLER, Kind, STRANGER};
use super::dice::Dice;
use super::document::{Document, Layers, Pair};
use super::evaluator::{Everything, allows, may_call};
use super::respell::respelt;
use super::universe::{Area, Cell, Memory, Resources, Universe, areas, grant_names};

/// Of each pair, so many requests are decided one by one.
const SAMPLES: usize = 6;

/// Counts of the cases found. They show that the laws do not hold for lack of cases.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub pairs: usize,
    /// By relation, of pairs without conditions and variables, and of those with.
    pub plain: [usize; 5],
    pub conditional: [usize; 5],
    pub decided: usize,
    pub allowed: usize,
    /// Pairs of which the relation is unknown in one spelling or direction, and known in another.
    pub unsettled: usize,
}

impl Tally {
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        let sum = |one: [usize; 5], other: [usize; 5]| {
            std::array::from_fn(|index| one[index] + other[index])
        };
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
    /// Before and after.
    sides: [Side<'p>; 2],
}

struct Side<'p> {
    documents: &'p Layers,
    policies: Policies,
    /// The same, written otherwise.
    respelt: Policies,
    texts: Vec<Value>,
}

/// By layer.
type Policies = Vec<Vec<Policy>>;

/// The first law that the pair breaks, if any. `seed` is for the chance in the checks: which
/// requests are tried, and how the documents are respelt.
pub fn check(kind: Kind, pair: &Pair, seed: u64, memory: &mut Memory) -> Result<Tally, String> {
    let mut dice = Dice::new(seed);
    let sides = [&pair.before, &pair.after].map(|documents| Side::new(documents, &mut dice));
    let case = Case { kind, pair, sides };
    let [before, after] = &case.sides;
    let found = case.compare(&before.policies, &after.policies);
    let back = case.compare(&after.policies, &before.policies);
    // A direction that takes more steps than its budget has no answers to mirror.
    let is_decided = [&found, &back].iter().all(|comparison| {
        comparison.doubts.iter().all(|doubt| doubt.reason != iam_policy::UNDECIDED)
    });
    if is_decided {
        mirrored(&found, &back)?;
    }
    case.is_exact_without_conditions(&found)?;
    case.examples_show_it(&found)?;
    let mut tally = case.everything_is_listed(&found, &mut dice, memory)?;
    if dice.one_in(2) {
        case.respelt_it_is_the_same(dice.pick(&case.sides))?;
    } else {
        tally.unsettled = usize::from(!case.spelling_is_no_difference(found.relation())?);
    }
    tally.unsettled += usize::from(!is_decided);
    let relation =
        RELATIONS.iter().position(|it| *it == found.relation()).expect("all relations are listed");
    let of = if is_plain(pair) { &mut tally.plain } else { &mut tally.conditional };
    of[relation] += 1;
    Ok(tally)
}

impl<'p> Side<'p> {
    fn new(documents: &'p Layers, dice: &mut Dice) -> Self {
        let mut texts = Vec::new();
        let respelt = compiled(&respelt(documents, dice), |document| {
            texts.push(document.json_by_chance(dice));
            texts[texts.len() - 1].clone()
        });
        Self { documents, policies: compiled(documents, Document::json), respelt, texts }
    }

    fn text(&self) -> String {
        self.texts.iter().map(|json| format!("  {json}\n")).collect()
    }
}

fn compiled(layers: &Layers, mut json: impl FnMut(&Document) -> Value) -> Policies {
    let mut compile = |document| {
        Policy::compile("document", &json(document)).expect("drawn documents are documents")
    };
    layers.iter().map(|layer| layer.iter().map(&mut compile).collect()).collect()
}

/// Compares both directions: one's gains are the other's losses, down to the examples.
fn mirrored(found: &Comparison, back: &Comparison) -> Result<(), String> {
    let same = told(&found.gained) == told(&back.lost) && told(&found.lost) == told(&back.gained);
    let doubts = |comparison: &Comparison, side| {
        comparison.doubts.iter().filter(|it| it.side == side).count()
    };
    let same_doubts = doubts(found, Direction::Gained) == doubts(back, Direction::Lost)
        && doubts(found, Direction::Lost) == doubts(back, Direction::Gained);
    must(same && same_doubts, || {
        format!("the way back is no mirror: {found:?}\nand back: {back:?}")
    })
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
    statements.all(|(_, it)| {
        it.tests.is_empty() && !it.resources.iter().any(|list| list.items.concat().contains("${"))
    })
}

fn must(holds: bool, otherwise: impl Fn() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

impl Case<'_> {
    fn compare(&self, before: &Policies, after: &Policies) -> Comparison {
        let [before, after] = [before, after]
            .map(|layers| Set { layers: layers.iter().map(Vec::as_slice).collect() });
        let caller = (self.kind == Kind::Identity).then(|| Caller::aws(CALLER));
        compare(&before, &after, caller.as_ref())
    }

    fn side(&self, after: bool) -> &Side<'_> {
        &self.sides[usize::from(after)]
    }

    /// Tells pairs whose documents have variables. Pairs of two versions are few.
    fn modern(&self) -> bool {
        self.pair.statements().any(|(document, _)| document.variables)
    }

    /// Tells pairs in which texts have variables in some documents only. A grant can't be read then
    /// without the origin of its texts.
    fn is_mixed(&self) -> bool {
        let modern = self.pair.statements().filter(|(document, _)| document.variables).count();
        modern > 0 && modern < self.pair.statements().count() && !is_plain(self.pair)
    }

    fn is_exact_without_conditions(&self, found: &Comparison) -> Result<(), String> {
        must(!is_plain(self.pair) || found.doubts.is_empty(), || {
            format!("doubts without conditions: {found:?}")
        })
    }

    /// By the evaluator and by the decision.
    fn examples_show_it(&self, found: &Comparison) -> Result<(), String> {
        for (after, grants) in [(true, &found.gained), (false, &found.lost)] {
            for grant in grants {
                must(is_of_a_real_caller(&grant.example), || format!("nobody asks so: {grant:?}"))?;
                must(self.is_mixed() || grant_names(grant, self.modern()), || {
                    format!("the grant isn't about its own example: {grant:?}")
                })?;
                for (side, expected) in [(after, true), (!after, false)] {
                    let Side { documents, policies, .. } = self.side(side);
                    let evaluated = allows(documents, &grant.example);
                    let name = if side { "after" } else { "before" };
                    must(evaluated == expected, || {
                        format!("{name}, the example is no example: {grant:?}")
                    })?;
                    let decided =
                        decide(self.kind, policies, &grant.example).is_allowed_to_caller();
                    must(decided == (expected && may_call(&grant.example)), || {
                        format!("{name}, the decision says otherwise: {grant:?}")
                    })?;
                }
            }
        }
        Ok(())
    }

    /// Each gain and each loss is listed, and single requests are decided like all of them.
    fn everything_is_listed(
        &self,
        found: &Comparison,
        dice: &mut Dice,
        memory: &mut Memory,
    ) -> Result<Tally, String> {
        let (mut areas, places) = areas(self.kind, self.pair, memory);
        let grants = found
            .gained
            .iter()
            .map(|grant| (true, grant))
            .chain(found.lost.iter().map(|it| (false, it)));
        let grants: Vec<(bool, &Grant)> = grants.collect();
        areas.extend(
            grants.iter().map(|(_, grant)| Area::of_grant(self.kind, grant, self.modern(), memory)),
        );
        let universe = Universe::about(self.kind, &areas);
        let cells = universe.cells(self.kind, &areas, memory);
        let doubted = |side| found.doubts.iter().any(|doubt| doubt.side == side);
        let doubted = [doubted(Direction::Lost), doubted(Direction::Gained)];
        let mut allowed = Vec::with_capacity(cells.len());
        for cell in &cells {
            let [before, after] = [false, true].map(|side| {
                let layers = self.side(side).documents.len();
                said(side, layers, &places, &cell.reach)
            });
            allowed.push([before, after]);
            for (gained, more) in [(false, before.but(after)), (true, after.but(before))] {
                if more.is_empty() || doubted[usize::from(gained)] {
                    continue;
                }
                let listed = grants
                    .iter()
                    .zip(&cell.reach[places.len()..])
                    .filter(|((side, _), _)| *side == gained);
                let listed = listed.fold(Resources::default(), |all, (_, reach)| all.or(*reach));
                let missing = more.but(listed);
                must(missing.is_empty() || self.is_mixed(), || {
                    let resource = missing.iter().next().unwrap_or_default();
                    let request =
                        universe.request(cell, cell.actions.trailing_zeros() as usize, resource);
                    let what = if gained { "gained" } else { "lost" };
                    format!("{what} but not listed: {request:?}\n{found:?}")
                })?;
            }
        }
        self.samples_are_decided(&universe, &cells, &allowed, dice)
    }

    fn samples_are_decided(
        &self,
        universe: &Universe,
        cells: &[Cell],
        allowed: &[[Resources; 2]],
        dice: &mut Dice,
    ) -> Result<Tally, String> {
        let mut tally = Tally { pairs: 1, ..Tally::default() };
        for _ in 0..SAMPLES {
            let index = dice.below(cells.len());
            let actions: Vec<usize> =
                (0..64).filter(|action| cells[index].actions & (1 << action) != 0).collect();
            // As often as not one that is allowed before or after.
            let some: Vec<usize> = allowed[index][0].or(allowed[index][1]).iter().collect();
            let any = some.is_empty() || dice.one_in(2);
            let resource =
                if any { dice.below(universe.world.resources.len()) } else { *dice.pick(&some) };
            let request = universe.request(&cells[index], *dice.pick(&actions), resource);
            for (side, allowed) in self.sides.iter().zip(allowed[index]) {
                let is_in = allowed.iter().any(|it| it == resource);
                let expected = evaluated(self.kind, side.documents, &request);
                must(expected.is_allowed_to_caller() == (is_in && may_call(&request)), || {
                    format!("the oracle contradicts itself: {expected:?} but {is_in}: {request:?}")
                })?;
                let policies = if dice.one_in(2) { &side.policies } else { &side.respelt };
                let decided = decide(self.kind, policies, &request);
                must(decided == expected, || {
                    format!("decided {decided:?} and not {expected:?}: {request:?}")
                })?;
                tally.decided += 1;
                tally.allowed += usize::from(is_in);
            }
        }
        Ok(tally)
    }

    fn respelt_it_is_the_same(&self, side: &Side<'_>) -> Result<(), String> {
        let itself = self.compare(&side.policies, &side.respelt);
        must(itself == Comparison::default(), || {
            format!("respelt it is not the same:\n{}{itself:?}", side.text())
        })
    }

    /// Tells pairs whose relation is known in both spellings or in neither. No spelling may change
    /// it. But the search for an example is limited, and its order may decide whether it finds one.
    fn spelling_is_no_difference(&self, found: Relation) -> Result<bool, String> {
        let [before, after] = &self.sides;
        let again = self.compare(&before.respelt, &after.respelt).relation();
        must(again == found || [again, found].contains(&Relation::Unknown), || {
            format!(
                "{again:?} and not {found:?}, respelt as\n{}and\n{}",
                before.text(),
                after.text()
            )
        })?;
        Ok(again == found)
    }
}

/// Tells if the request has no key that follows from its caller. Of a session only the name of the
/// role follows, and not its path; and what requests of services have besides isn't documented.
fn is_of_a_real_caller(request: &Request) -> bool {
    let is_aws = request.principal.kind == PrincipalType::AWS;
    let is_service = request.principal.kind == PrincipalType::Service;
    let is_session = request.principal.name.contains(":assumed-role/");
    let follows = |key: &str| match key {
        "aws:principalarn" => is_aws && !is_session,
        "aws:principaltype" | "aws:principalaccount" => is_aws,
        "aws:username" | "aws:principalservicename" | "aws:principalisawsservice" => {
            is_aws || is_service
        }
        _ => false,
    };
    !request.context.iter().any(|(key, _)| follows(key))
}

/// Evaluates a side in one cell.
fn said(
    after: bool,
    layers: usize,
    places: &[(bool, usize, bool)],
    reach: &[Resources],
) -> Resources {
    let that = |allow: bool, layer: Option<usize>| {
        let statements = places.iter().zip(reach).filter(|((side, of, allows), _)| {
            *side == after && *allows == allow && layer.is_none_or(|layer| layer == *of)
        });
        statements.fold(Resources::default(), |all, (_, reach)| all.or(*reach))
    };
    let allows = (0..layers).map(|layer| that(true, Some(layer)));
    allows.fold(Resources::ALL, Resources::and).but(that(false, None))
}

/// The request as it is put to a decision: a policy that names principals decides alone where its
/// resource is of another account and the caller's own policies allow everything.
fn put(kind: Kind, request: &Request) -> Request {
    let mut request = request.clone();
    if !kind.is_attached() {
        request.context.set("aws:ResourceAccount", vec![STRANGER.to_owned()]);
    }
    request
}

fn decide(kind: Kind, layers: &Policies, request: &Request) -> Verdict {
    let everything = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let everything = [Policy::compile("everything", &everything).expect("it is a document")];
    // A federated user without session policies has no permissions.
    let session = Some(&everything[..]);
    let policies = match kind {
        Kind::Identity | Kind::Holder => decision::Policies {
            identity: &layers[0],
            boundary: layers.get(1).and_then(|boundary| boundary.first()),
            session,
            ..decision::Policies::default()
        },
        Kind::Bucket | Kind::Trust => decision::Policies {
            identity: &everything,
            resource: layers[0].first(),
            session,
            ..decision::Policies::default()
        },
    };
    policies.decide(&put(kind, request)).verdict
}

fn evaluated(kind: Kind, layers: &Layers, request: &Request) -> Verdict {
    let session = Some(vec![Document::everything()]);
    let everything = match kind {
        Kind::Identity | Kind::Holder => Everything {
            identity: layers[0].clone(),
            boundary: layers.get(1).map(|boundary| boundary[0].clone()),
            session,
            ..Everything::default()
        },
        Kind::Bucket | Kind::Trust => Everything {
            identity: vec![Document::everything()],
            resource: Some(layers[0][0].clone()),
            session,
            ..Everything::default()
        },
    };
    everything.decide(&put(kind, request))
}
