//! A SAT solver that decides if formulas can be true at once, in any request. Long policies have
//! dozens of conditions, too many to try in all combinations.

use std::cell::Cell;
use std::collections::HashMap;

use batsat::{Callbacks, Lit, Solver, SolverInterface, SolverOpts, lbool};

use crate::Budget;

use super::formula::{Atoms, Formula};

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
    budget: Budget,
}

impl SatSolver {
    pub fn new(atoms: &Atoms, budget: &Budget) -> Self {
        // Each pair of atoms is looked at.
        budget.spend(NEW_STEPS + 2 * atoms.count() * atoms.count());
        let mut solver = Solver::new(SolverOpts::default(), SolverBudget::default());
        let lits: Vec<Lit> = (0..atoms.count()).map(|_| fresh(&mut solver)).collect();
        for (narrow, wide) in atoms.implications(budget) {
            solver.add_clause_reuse(&mut vec![!lits[narrow], lits[wide]]);
        }
        for (one, other) in atoms.exclusions(budget) {
            solver.add_clause_reuse(&mut vec![!lits[one], !lits[other]]);
        }
        Self { solver, atoms: lits, known: HashMap::new(), budget: budget.clone() }
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

    /// Returns for each key one of its choices, so that `holds` is true and `fails` is false. A
    /// choice is the truth values that it gives to atoms.
    pub fn choose(
        &mut self,
        holds: &Formula,
        fails: &Formula,
        keys: &[Vec<AtomAssignment>],
    ) -> Option<Vec<usize>> {
        let offered = keys.iter().flatten().map(Vec::len).sum::<usize>();
        if !self.budget.spend(holds.node_count() + fails.node_count() + 2 * offered) {
            return None;
        }
        let offer = fresh(&mut self.solver);
        let selectors: Vec<Vec<Lit>> =
            keys.iter().map(|choices| self.offer(offer, choices)).collect();
        let (holds, fails) = (self.proposition(holds), self.proposition(fails));
        if self.solve(&[offer, holds, !fails]) != Some(true) {
            return None;
        }
        let chosen = |lit: &Lit| self.solver.value_lit(*lit) == lbool::TRUE;
        selectors.iter().map(|lits| lits.iter().position(chosen)).collect()
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
        let mut proof = SatSolver::new(&Atoms::default(), &Budget::default());
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
        let mut proof = SatSolver::new(&atoms, &Budget::default());
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
        let mut proof = SatSolver::new(&atoms, &Budget::default());
        assert_eq!(proof.possible(&Formula::all(rules), None), None);
        let easy = exists(&mut atoms, 0);
        assert_eq!(proof.possible(&easy, None), Some(true), "it can be asked again");
    }
}
