//! A SAT solver that decides if formulas can be true at once, in any request. Long policies have
//! dozens of conditions, too many to try in all combinations.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use batsat::{Callbacks, Lit, Solver, SolverInterface, SolverOpts, lbool};

use crate::Budget;
use crate::statement::Quantifier;

use super::formula::{Atoms, Formula};
use super::key_theory::{KeyTheory, SetTest};
use super::value_class::ClassCache;

/// The most times that the solver may go on before it gives up, about a tenth of a second.
const PATIENCE: usize = 10_000;

/// The steps of the budget that each time takes.
const PATIENCE_STEPS: usize = 400;

/// The steps that it takes to make a solver.
const NEW_STEPS: usize = 400;

/// Atoms, each with its truth value.
pub(super) type AtomAssignment = Vec<(usize, bool)>;

pub(super) struct SatSolver {
    solver: Solver<SolverBudget>,
    /// The literals of the atoms.
    atoms: Vec<Lit>,
    /// The literals of known formulas. Equal formulas share one, so that the statements that both
    /// sides have are solved once.
    known: HashMap<Formula, Lit>,
    keys: Vec<SolverKey>,
    /// The atoms whose truth follows from the values of their keys.
    settled: HashSet<usize>,
    budget: Budget,
}

/// A key whose values are divided into classes, with a literal for each class: that the request has
/// a value in it.
struct SolverKey {
    key: String,
    values: Vec<(Lit, String)>,
    /// True where the request has at most one value.
    single: Lit,
}

/// A choice of [`SatSolver::choose`].
pub(super) struct ChosenValues {
    /// For each key that was offered, the index of its choice.
    pub offered: Vec<usize>,
    /// The other keys, each with its values. A key without values is missing.
    pub others: Vec<(String, Vec<String>)>,
}

impl SatSolver {
    pub fn new(atoms: &Atoms, cache: &ClassCache) -> Self {
        let budget = &cache.budget;
        // Each pair of atoms is looked at.
        budget.spend(NEW_STEPS + 2 * atoms.count() * atoms.count());
        let mut solver = Solver::new(SolverOpts::default(), SolverBudget::default());
        let lits: Vec<Lit> = (0..atoms.count()).map(|_| fresh(&mut solver)).collect();
        let (keys, settled, budget) = (Vec::new(), HashSet::new(), budget.clone());
        let known = HashMap::new();
        let mut made = Self { solver, atoms: lits, known, keys, settled, budget };
        for theory in atoms.theories(cache) {
            made.add_theory(&theory, atoms);
        }
        let implications: Vec<_> = atoms.implications(&made.settled, &made.budget).collect();
        for (narrow, wide) in implications {
            made.clause(&[!made.atoms[narrow], made.atoms[wide]]);
        }
        for (one, other) in atoms.exclusions(&made.settled, &made.budget) {
            made.clause(&[!made.atoms[one], !made.atoms[other]]);
        }
        made
    }

    /// Returns the atoms whose truth follows from the values of their keys: for these nothing has
    /// to be offered to [`Self::choose`].
    pub fn settled(&self) -> &HashSet<usize> {
        &self.settled
    }

    fn clause(&mut self, literals: &[Lit]) {
        self.solver.add_clause_reuse(&mut literals.to_vec());
    }

    /// Returns a literal that is true exactly where any of these is.
    fn any_of(&mut self, literals: &[Lit]) -> Lit {
        let whole = fresh(&mut self.solver);
        for literal in literals {
            self.clause(&[!*literal, whole]);
        }
        self.clause(&[&[!whole], literals].concat());
        whole
    }

    fn both_of(&mut self, one: Lit, other: Lit) -> Lit {
        !self.any_of(&[!one, !other])
    }

    fn equate(&mut self, atom: usize, literal: Lit) {
        let atom = self.atoms[atom];
        self.clause(&[!atom, literal]);
        self.clause(&[atom, !literal]);
    }

    /// Adds what the values of a key say about its atoms.
    fn add_theory(&mut self, theory: &KeyTheory, atoms: &Atoms) {
        let size = theory.classes.len() * (4 + theory.atoms.len());
        if !self.budget.spend(size) {
            return;
        }
        let lits: Vec<Lit> = theory.classes.iter().map(|_| fresh(&mut self.solver)).collect();
        let exists = self.any_of(&lits);
        let not_empty = theory.classes.iter().zip(&lits).filter(|(it, _)| !it.value.is_empty());
        let not_empty: Vec<Lit> = not_empty.map(|(_, literal)| *literal).collect();
        let filled = self.any_of(&not_empty);
        for (place, index) in theory.atoms.iter().enumerate() {
            let matching = |wanted: bool| -> Vec<Lit> {
                let classes = theory.classes.iter().zip(&lits);
                classes.filter(|(it, _)| it.matches[place] == wanted).map(|(_, lit)| *lit).collect()
            };
            let literal = match atoms.at_index(*index).set_test() {
                SetTest { quantifier: None, .. } => self.any_of(&matching(true)),
                // Values of which all are empty are "a null data set".
                SetTest { quantifier: Some(Quantifier::ForAnyValue), if_exists } => {
                    let any = self.any_of(&matching(true));
                    let any = self.both_of(filled, any);
                    if if_exists { self.any_of(&[!exists, any]) } else { any }
                }
                SetTest { quantifier: Some(Quantifier::ForAllValues), .. } => {
                    let other = self.any_of(&matching(false));
                    !self.both_of(filled, other)
                }
            };
            self.equate(*index, literal);
        }
        for index in &theory.existence {
            let [missing, present] =
                [false, true].map(|has| atoms.at_index(*index).is_true_of(has));
            let literal = match (missing, present) {
                (false, true) => exists,
                (true, false) => !exists,
                (constant, _) => self.proposition(&Formula::Constant(constant)),
            };
            self.equate(*index, literal);
        }
        self.settled.extend(theory.atoms.iter().chain(&theory.existence));
        let single = self.at_most_one(&lits);
        if theory.is_single {
            self.clause(&[single]);
        }
        if theory.is_present {
            self.clause(&[exists]);
        }
        let values = lits.into_iter().zip(theory.classes.iter().map(|it| it.value.clone()));
        let (key, values) = (theory.key.clone(), values.collect());
        self.keys.push(SolverKey { key, values, single });
    }

    /// Returns a literal under which at most one of these is true.
    fn at_most_one(&mut self, literals: &[Lit]) -> Lit {
        let single = fresh(&mut self.solver);
        let mut before: Option<Lit> = None;
        for literal in literals {
            if let Some(before) = before {
                self.clause(&[!single, !before, !*literal]);
            }
            let upto = fresh(&mut self.solver);
            self.clause(&[!*literal, upto]);
            if let Some(before) = before {
                self.clause(&[!before, upto]);
            }
            before = Some(upto);
        }
        single
    }

    /// Tells if some assignment that the known relations of the atoms allow makes `holds` true and
    /// `fails` false; `None` where that would take too long.
    pub fn possible(&mut self, holds: &Formula, fails: Option<&Formula>) -> Option<bool> {
        if !self.budget.spend(holds.node_count() + fails.map_or(0, Formula::node_count)) {
            return None;
        }
        let mut assumed = vec![self.proposition(holds)];
        assumed.extend(fails.map(|fails| !self.proposition(fails)));
        self.solve(&assumed)
    }

    fn solve(&mut self, assumed: &[Lit]) -> Option<bool> {
        self.solver.cb_mut().asked.set(0);
        let answer = self.solver.solve_limited(assumed);
        let variables = usize::try_from(self.solver.num_vars()).unwrap_or(usize::MAX);
        let asked = self.solver.cb().asked.get();
        // Each variable gets a value.
        if !self.budget.spend(PATIENCE_STEPS.saturating_mul(asked).saturating_add(2 * variables)) {
            return None;
        }
        [(lbool::TRUE, true), (lbool::FALSE, false)]
            .into_iter()
            .find(|(it, _)| *it == answer)
            .map(|(_, found)| found)
    }

    /// Returns for each of these keys one of its choices, and values of the other keys, so that
    /// `holds` is true and `fails` is false. A choice is the truth values that it gives to atoms.
    pub fn choose(
        &mut self,
        holds: &Formula,
        fails: &Formula,
        keys: &[Vec<AtomAssignment>],
    ) -> Option<ChosenValues> {
        let offered = keys.iter().flatten().map(Vec::len).sum::<usize>();
        if !self.budget.spend(holds.node_count() + fails.node_count() + 2 * offered) {
            return None;
        }
        let offer = fresh(&mut self.solver);
        let selectors: Vec<Vec<Lit>> =
            keys.iter().map(|choices| self.offer(offer, choices)).collect();
        let (holds, fails) = (self.proposition(holds), self.proposition(fails));
        let wanted = [offer, holds, !fails];
        // One value is easier to read than several, and than an empty one.
        let single = self.keys.iter().map(|key| key.single);
        let not_empty = self.keys.iter().flat_map(|key| &key.values);
        let not_empty = not_empty.filter(|(_, value)| value.is_empty()).map(|(lit, _)| !*lit);
        let (single, not_empty): (Vec<Lit>, Vec<Lit>) = (single.collect(), not_empty.collect());
        let both = [&single[..], &not_empty].concat();
        let mut tried = [&both[..], &not_empty, &[]].into_iter();
        if !tried.any(|easy| self.solve(&[&wanted, easy].concat()) == Some(true)) {
            return None;
        }
        let chosen = |lit: &Lit| self.solver.value_lit(*lit) == lbool::TRUE;
        let offered = selectors.iter().map(|lits| lits.iter().position(chosen));
        let values = |key: &SolverKey| {
            let values = key.values.iter().filter(|(lit, _)| chosen(lit));
            (key.key.clone(), values.map(|(_, value)| value.clone()).collect())
        };
        let others = self.keys.iter().map(values).collect();
        Some(ChosenValues { offered: offered.collect::<Option<_>>()?, others })
    }

    /// Adds a clause: while `offer` is true, one of the choices is made.
    fn offer(&mut self, offer: Lit, choices: &[AtomAssignment]) -> Vec<Lit> {
        let selectors: Vec<Lit> = choices.iter().map(|_| fresh(&mut self.solver)).collect();
        for (selector, choice) in selectors.iter().zip(choices) {
            for (atom, value) in choice {
                let atom = self.atoms[*atom];
                self.solver
                    .add_clause_reuse(&mut vec![!*selector, if *value { atom } else { !atom }]);
            }
        }
        self.solver.add_clause_reuse(&mut [&[!offer], &selectors[..]].concat());
        selectors
    }

    /// Returns a literal that is true exactly where the formula is (Tseitin's transformation).
    fn proposition(&mut self, formula: &Formula) -> Lit {
        match formula {
            Formula::Atom(index) => return self.atoms[*index],
            Formula::Not(inner) => return !self.proposition(inner),
            Formula::Constant(_) | Formula::All(_) => {}
        }
        if let Some(known) = self.known.get(formula) {
            return *known;
        }
        let parts = match formula {
            Formula::All(parts) => parts.iter().map(|part| self.proposition(part)).collect(),
            Formula::Constant(_) | Formula::Atom(_) | Formula::Not(_) => Vec::new(),
        };
        let whole = fresh(&mut self.solver);
        let mut all = vec![whole];
        for part in parts {
            self.solver.add_clause_reuse(&mut vec![!whole, part]);
            all.push(!part);
        }
        self.solver.add_clause_reuse(&mut all);
        let whole = if *formula == Formula::Constant(false) { !whole } else { whole };
        self.known.insert(formula.clone(), whole);
        whole
    }
}

fn fresh(solver: &mut Solver<SolverBudget>) -> Lit {
    Lit::new(solver.new_var_default(), true)
}

/// A budget of steps, not of time: results must not depend on the speed of a machine.
#[derive(Default)]
struct SolverBudget {
    asked: Cell<usize>,
}

impl Callbacks for SolverBudget {
    fn stop(&self) -> bool {
        self.asked.set(self.asked.get() + 1);
        self.asked.get() > PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use crate::compare::formula::Atom;

    use super::*;

    fn exists(atoms: &mut Atoms, number: usize) -> Formula {
        atoms.atom(Atom::Exists(format!("k:{number}")))
    }

    #[test]
    fn constants_are_what_they_are() {
        let mut proof = SatSolver::new(&Atoms::default(), &ClassCache::default());
        let [no, yes] = [false, true].map(Formula::Constant);
        assert_eq!(proof.possible(&yes, None), Some(true));
        assert_eq!(proof.possible(&no, None), Some(false));
        assert_eq!(proof.possible(&yes, Some(&no)), Some(true));
        assert_eq!(proof.possible(&yes, Some(&yes)), Some(false));
        assert_eq!(proof.possible(&no, Some(&no)), Some(false));
    }

    #[test]
    fn a_hundred_conditions_of_other_statements_are_no_hindrance() {
        let mut atoms = Atoms::default();
        let pairs = (0..100).map(|number| {
            Formula::all(vec![exists(&mut atoms, 2 * number), exists(&mut atoms, 2 * number + 1)])
        });
        let allowed = Formula::any(pairs.collect());
        let denied = exists(&mut atoms, 1_000);
        let after = Formula::all(vec![allowed.clone(), denied.not()]);
        let mut proof = SatSolver::new(&atoms, &ClassCache::default());
        assert_eq!(proof.possible(&after, Some(&allowed)), Some(false));
        assert_eq!(proof.possible(&allowed, Some(&after)), Some(true));
    }

    /// More pigeons than holes: impossible, and every such search takes exponentially long to find
    /// that.
    #[test]
    fn what_would_take_too_long_is_not_guessed() {
        let mut atoms = Atoms::default();
        let sits =
            |atoms: &mut Atoms, pigeon: usize, hole: usize| exists(atoms, pigeon * 100 + hole);
        let mut rules = Vec::new();
        for pigeon in 0..12 {
            rules.push(Formula::any((0..11).map(|hole| sits(&mut atoms, pigeon, hole)).collect()));
            for (hole, other) in
                (0..11).flat_map(|hole| (0..pigeon).map(move |other| (hole, other)))
            {
                let both = vec![sits(&mut atoms, pigeon, hole), sits(&mut atoms, other, hole)];
                rules.push(Formula::all(both).not());
            }
        }
        let mut proof = SatSolver::new(&atoms, &ClassCache::default());
        assert_eq!(proof.possible(&Formula::all(rules), None), None);
        let easy = exists(&mut atoms, 0);
        assert_eq!(proof.possible(&easy, None), Some(true), "it can be asked again");
    }
}
