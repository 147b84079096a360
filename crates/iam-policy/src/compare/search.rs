//! Search for requests of one region that show a difference between the sides.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::pattern::{Filling, resource_matches};
use crate::request::{Caller, Context, Request};

use super::case::{RegionCase, Speaker};
use super::condition_context::{Candidates, ConditionContext};
use super::filling::fitting;
use super::formula::{Atoms, Formula};
use super::membership::{MemberTest, allowing, allows};
use super::sat_solver::SatSolver;
use super::space::StatementRef;

/// The access that one side has and the other lacks in a region.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Difference {
    /// A request with this context shows it; on this resource, where not every resource of the
    /// region does. `caller` is set where the caller of the region stands for others, and only that
    /// one has such a context.
    Something { context: Context, resource: Option<String>, caller: Option<Caller> },
    /// There may be a difference, but no request was found that shows it.
    Doubt(&'static str),
}

/// The caller of a request with keys that follow from a caller.
enum RealCaller {
    /// The caller of the region can be asking.
    Itself,
    /// Another caller, whom it stands for, is asking in this way.
    Other(Request),
    /// Nobody has these keys together.
    Nobody,
}

/// The steps that it takes to test a statement against a request.
const ROW_STEPS: usize = 60;

/// The steps that it takes to copy a key of the context as often as a test does.
const KEY_STEPS: usize = 20;

/// Statements of which any one has the same effect, each with whether its Resource matches the
/// resource class.
type EquivalenceClass<'s, 'a> = Vec<(&'s StatementRef<'a>, &'s MemberTest<'s>)>;

pub(super) struct DifferenceSearch<'c, 's, 'a> {
    case: &'c RegionCase<'c, 's, 'a>,
    atoms: &'c mut Atoms,
    proof: &'c mut SatSolver,
    circumstances: ConditionContext<'s>,
    /// The patterns whose matches depend on their variables.
    varying: BTreeSet<&'s str>,
    /// The candidates by variable assignment.
    offers: BTreeMap<Context, Rc<Candidates>>,
}

impl<'c, 's, 'a> DifferenceSearch<'c, 's, 'a> {
    pub fn new(
        case: &'c RegionCase<'c, 's, 'a>,
        atoms: &'c mut Atoms,
        proof: &'c mut SatSolver,
    ) -> Self {
        let varying: BTreeSet<&str> = case
            .members()
            .flat_map(|(_, _, membership)| membership.varying().iter().copied())
            .collect();
        let statements = case.members().map(|(_, row, _)| row.statement);
        let circumstances = ConditionContext::of(
            (case.caller(), &case.space.keys[case.caller]),
            statements,
            varying.iter().copied(),
            case.space.classes,
        );
        Self { case, atoms, proof, circumstances, varying, offers: BTreeMap::new() }
    }

    /// Returns the same as [`SatSolver::possible`].
    pub fn possible(&mut self, holds: &Formula, fails: &Formula) -> Option<bool> {
        self.proof.possible(holds, Some(fails))
    }

    /// Returns a request that only the speaker's side allows, through the speaker and through none
    /// of the others.
    pub fn shown(&mut self, speaker: &Speaker<'_>, others: &[&Speaker<'_>]) -> Option<Difference> {
        let fillings = self.circumstances.fillings(self.fitting(&self.case.place.witness));
        fillings.iter().find_map(|filling| {
            self.resources(filling).into_iter().find_map(|resource| {
                let fitting =
                    resource.iter().flat_map(|resource| self.fitting(resource)).collect::<Vec<_>>();
                let refined = fitting.iter().map(|values| filling.with(values));
                let mut fillings = std::iter::once(filling.clone()).chain(refined);
                fillings.find_map(|it| self.shown_on(resource.as_deref(), speaker, others, &it))
            })
        })
    }

    /// Returns variable assignments with which patterns match a resource: one for each pattern, and
    /// one for all.
    fn fitting(&self, resource: &str) -> Vec<Context> {
        let fitting = self.varying.iter().filter_map(|pattern| fitting(pattern, resource));
        let mut fitting: Vec<Context> = fitting.collect();
        if fitting.len() > 1 {
            fitting.push(fitting.iter().fold(Context::default(), |all, values| all.with(values)));
        }
        fitting
    }

    /// Returns the resources to try: the witness of the resource class (`None`), and under this
    /// variable assignment one of each kind of resource in the class.
    fn resources(&self, filling: &Context) -> Vec<Option<String>> {
        if self.varying.is_empty() {
            return vec![None];
        }
        let circumstances = self.circumstances.whole(filling);
        let kins = self.kins();
        let about: Vec<&StatementRef<'_>> = kins.values().flatten().map(|(row, _)| *row).collect();
        let named = self.varying.iter().flat_map(|pattern| {
            self.case.space.named(pattern, &about, self.case.caller, &circumstances)
        });
        let fits = |resource: &String| {
            kins.values().all(|kin| self.is_alike(kin, resource, &circumstances))
        };
        std::iter::once(None).chain(named.filter(fits).map(Some)).collect()
    }

    /// Returns the statements with resources that match the caller, by equivalence class.
    fn kins(&self) -> BTreeMap<(usize, Option<usize>), EquivalenceClass<'c, 'a>> {
        let mut kins: BTreeMap<_, EquivalenceClass<'c, 'a>> = BTreeMap::new();
        for (index, membership) in self.case.naming() {
            let row = &self.case.space.rows[index];
            if let Some(clause) = &row.statement.resources {
                kins.entry((row.kin, clause.not.then_some(index)))
                    .or_default()
                    .push((row, membership));
            }
        }
        kins
    }

    /// Tells if an equivalence class matches the resource just as it matches the resource class.
    fn is_alike(
        &self,
        kin: &[(&StatementRef<'_>, &MemberTest<'_>)],
        resource: &str,
        circumstances: &Context,
    ) -> bool {
        let matches = |row: &StatementRef<'_>, varying: bool| {
            let patterns = row.resources_of(self.case.caller).iter();
            let patterns = patterns.map(|index| &self.case.space.resources[*index]);
            let mut patterns = patterns.filter(|it| it.varies == varying);
            let filling = Filling::of(circumstances, row.statement.variables);
            patterns.any(|it| resource_matches(&it.text, resource, filling))
        };
        let matching = |not: bool| if not { MemberTest::No } else { MemberTest::Yes };
        let not = kin
            .iter()
            .any(|(row, _)| row.statement.resources.as_ref().is_some_and(|clause| clause.not));
        let plain = kin.iter().any(|(_, membership)| **membership == matching(not));
        plain == kin.iter().any(|(row, _)| matches(row, false))
            && (plain
                || kin.iter().all(|(row, it)| !it.varying().is_empty() || !matches(row, true)))
    }

    /// Returns the difference that a request shows, on this resource or else on the witness of the
    /// class.
    fn shown_on(
        &mut self,
        resource: Option<&str>,
        speaker: &Speaker<'_>,
        others: &[&Speaker<'_>],
        filling: &Context,
    ) -> Option<Difference> {
        let case = self.case;
        // Each statement of the region is tested several times.
        if !case.space.budget().spend(ROW_STEPS * case.rows.len()) {
            return None;
        }
        let resource_now = resource.unwrap_or(&case.place.witness).to_owned();
        let [holds, fails] = self.between(speaker, others, &resource_now, filling);
        let offers = self.offers(filling);
        let context = offers.choose(self.proof, filling, &holds, &fails)?;
        let context = self.circumstances.complete(context);
        let (principal, action) = (case.caller().clone(), case.action.to_owned());
        let mut request = Request { principal, action, resource: resource_now, context };
        let after = case.space.rows[speaker.row].after;
        // On another resource other statements may apply, too, once a key is removed from the
        // context.
        let rows: Vec<&StatementRef<'_>> = match resource {
            None => case.members().map(|(_, row, _)| row).collect(),
            Some(_) => case.naming().map(|(index, _)| &case.space.rows[index]).collect(),
        };
        let shows = |request: &Request| {
            speaker.speaks(&case.space.rows[speaker.row], request)
                && allows(case.space, rows.iter().copied(), after, request)
                && !allows(case.space, rows.iter().copied(), !after, request)
        };
        // A condition may test a key that follows from the caller.
        if !shows(&request) {
            return None;
        }
        let keys: Vec<String> = request.context.iter().map(|(key, _)| key.to_owned()).collect();
        let key_count = keys.len();
        for key in keys {
            if !case.space.budget().spend(ROW_STEPS * rows.len() + KEY_STEPS * key_count) {
                break;
            }
            let without = Request { context: request.context.without(&key), ..request.clone() };
            if shows(&without) {
                request = without;
            }
        }
        let resource = resource.map(str::to_owned);
        let real = match self.real_caller(&request) {
            RealCaller::Itself => {
                let context = request.context;
                return Some(Difference::Something { context, resource, caller: None });
            }
            RealCaller::Other(real) => real,
            RealCaller::Nobody => return None,
        };
        // Somebody else may be asking now: all statements are looked at.
        let rows = || case.rows.iter().map(|(index, _)| &case.space.rows[*index]);
        let is_shown = case.space.budget().spend(ROW_STEPS * case.rows.len())
            && speaker.speaks(&case.space.rows[speaker.row], &real)
            && allows(case.space, rows(), after, &real)
            && !allows(case.space, rows(), !after, &real);
        let (context, caller) = (real.context, Some(real.principal));
        is_shown.then_some(Difference::Something { context, resource, caller })
    }

    /// Finds a real caller in place of one that stands for it.
    fn real_caller(&self, request: &Request) -> RealCaller {
        let keys = &self.case.space.keys[self.case.caller];
        let caller = &request.principal;
        let is_derived =
            |context: &Context| context.iter().any(|(key, _)| keys.is_derived(caller, key));
        if !is_derived(&request.context) {
            return RealCaller::Itself;
        }
        match keys.real_caller(caller, &request.context) {
            Some((principal, context)) if !is_derived(&context) => {
                RealCaller::Other(Request { principal, context, ..request.clone() })
            }
            _ => RealCaller::Nobody,
        }
    }

    fn offers(&mut self, filling: &Context) -> Rc<Candidates> {
        let (circumstances, atoms) = (&self.circumstances, &*self.atoms);
        let settled = self.proof.settled();
        let offers = self
            .offers
            .entry(filling.clone())
            .or_insert_with(|| Rc::new(circumstances.offers(filling, atoms, settled)));
        Rc::clone(offers)
    }

    /// Returns two formulas under this variable assignment. The first is true if the speaker's side
    /// allows the resource through the speaker and through none of the others, the second if the
    /// other side allows it.
    fn between(
        &mut self,
        speaker: &Speaker<'_>,
        others: &[&Speaker<'_>],
        resource: &str,
        filling: &Context,
    ) -> [Formula; 2] {
        let space = self.case.space;
        let filled = self.circumstances.whole(filling);
        let mut applies = |row: &StatementRef<'_>| {
            let covers = Formula::Constant(row.statement.covers(resource, &filled));
            Formula::all(vec![
                covers,
                self.atoms.tests(&row.statement.conditions, row.statement.variables),
            ])
        };
        let applying: Vec<(&StatementRef<'_>, Formula)> =
            self.case.members().map(|(_, row, _)| (row, applies(row))).collect();
        let after = space.rows[speaker.row].after;
        let [holds, fails] = [after, !after].map(|side| allowing(space, &applying, side));
        let mut speaks = |speaker: &Speaker<'_>| {
            let row = &space.rows[speaker.row];
            Formula::all(vec![
                Formula::Constant(speaker.is_about(row, resource, &filled)),
                applies(row),
            ])
        };
        let others = others.iter().map(|other| speaks(other).not()).collect();
        [Formula::all(vec![holds, speaks(speaker), Formula::all(others)]), fails]
    }
}

impl Speaker<'_> {
    fn speaks(&self, row: &StatementRef<'_>, request: &Request) -> bool {
        row.statement.applies(request)
            && self.is_about(row, &request.resource, &request.circumstances())
    }

    fn is_about(&self, row: &StatementRef<'_>, resource: &str, circumstances: &Context) -> bool {
        let filling = Filling::of(circumstances, row.statement.variables);
        self.pattern.is_none_or(|pattern| resource_matches(pattern, resource, filling))
    }
}
