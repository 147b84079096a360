//! Conditions as propositions: this decides what can be true at once without knowing the request.
//!
//! Every positive test becomes an atom, and every negated test the negation of its atom. Known
//! relations of two atoms on the same key are kept as implications (one value more in a
//! StringEquals makes it wider). A formula that holds for every assignment that the implications
//! allow holds for every request: this proves `narrower` and `equal`. The converse is not true,
//! since some assignments belong to no request: a gain is claimed only with a request that shows
//! it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use crate::Budget;
use crate::catalogue::condition_key;
use crate::condition::holds;
use crate::pattern::{
    KnownVariable, VariableForm, default_of, filled_as_known, has_variables, variable_key,
    variables as variables_of, with_plain_variables, without_default,
};
use crate::request::Context;
use crate::statement::{ConditionTest, Operator, OperatorName, Quantifier};

use super::caller_keys::{CallerKeys, KeyState};
use super::implication::{covers, excludes};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Formula {
    Constant(bool),
    Atom(usize),
    Not(Box<Formula>),
    All(Vec<Formula>),
}

/// A proposition about one request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Atom {
    /// The request has the key.
    Exists(String),
    /// A positive test on the key's value holds, or with a quantifier on any or all of its values.
    Matches {
        quantifier: Option<Quantifier>,
        comparison: OperatorName,
        key: String,
        values: Vec<String>,
        variables: bool,
    },
    /// A test of which only its identity is known.
    Opaque(ConditionTest, bool),
    /// The resource is one that the pattern matches once its variables are filled in.
    Within(String),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Atoms {
    list: Vec<Atom>,
    /// The places of the atoms in the list.
    places: HashMap<Atom, usize>,
    /// The condition keys of the caller.
    pub keys: Rc<CallerKeys>,
}

impl Formula {
    pub fn not(self) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(!value),
            Self::Not(inner) => *inner,
            Self::Atom(_) | Self::All(_) => Self::Not(Box::new(self)),
        }
    }

    pub fn all(parts: Vec<Self>) -> Self {
        if parts.contains(&Self::Constant(false)) {
            return Self::Constant(false);
        }
        let mut parts: Vec<Self> =
            parts.into_iter().filter(|part| *part != Self::Constant(true)).collect();
        match parts.len() {
            0 => Self::Constant(true),
            1 => parts.remove(0),
            _ => Self::All(parts),
        }
    }

    /// Returns the number of its parts.
    pub fn node_count(&self) -> usize {
        match self {
            Self::Constant(_) | Self::Atom(_) => 1,
            Self::Not(inner) => 1 + inner.node_count(),
            Self::All(parts) => 1 + parts.iter().map(Self::node_count).sum::<usize>(),
        }
    }

    pub fn any(parts: Vec<Self>) -> Self {
        Self::all(parts.into_iter().map(Self::not).collect()).not()
    }
}

impl Atoms {
    pub fn of_requests_of(keys: Rc<CallerKeys>) -> Self {
        Self { keys, ..Self::default() }
    }

    pub fn atom(&mut self, atom: Atom) -> Formula {
        if let Atom::Exists(key) = &atom {
            match self.keys.state(key) {
                KeyState::Bound(_) | KeyState::Present => return Formula::Constant(true),
                KeyState::Absent => return Formula::Constant(false),
                KeyState::Open => {}
            }
        }
        let next = self.list.len();
        let place = *self.places.entry(atom).or_insert_with_key(|atom| {
            self.list.push(atom.clone());
            next
        });
        Formula::Atom(place)
    }

    /// Returns the formula that the resource matches the pattern.
    pub fn within(&mut self, pattern: &str) -> Formula {
        self.atom(Atom::Within(with_plain_variables(pattern)))
    }

    /// Returns the formula that a variable of the key has a value, and not its default: "if a
    /// variable has no value", or an empty one, the default is taken.
    fn has_value(&mut self, key: &str) -> Formula {
        let operator =
            Operator { quantifier: None, comparison: OperatorName::StringLike, if_exists: false };
        let values = vec![SOME_TEXT.to_owned()];
        self.test(&ConditionTest { operator, key: key.to_owned(), values }, false)
    }

    /// Returns the formula of all tests of a statement.
    pub fn tests(&mut self, tests: &[ConditionTest], variables: bool) -> Formula {
        Formula::all(tests.iter().map(|test| self.test(test, variables)).collect())
    }

    /// Returns the formula of one test.
    ///
    /// Operators are negations of each other even where the key is missing: StringNotEquals and
    /// ForAllValues are true then, StringEquals and ForAnyValue are false (IAM User Guide,
    /// "Condition operators", "Set operators for multivalued context keys").
    fn test(&mut self, test: &ConditionTest, variables: bool) -> Formula {
        let (test, variables) = self.filled(plain(test, variables));
        let settled = match self.keys.state(&test.key) {
            KeyState::Absent => Some(Context::default()),
            KeyState::Bound(value) if !test.values.iter().any(|it| has_variables(it)) => {
                Some([(test.key.clone(), vec![value.to_owned()])].into_iter().collect())
            }
            KeyState::Bound(_) | KeyState::Present | KeyState::Open => None,
        };
        if let Some(context) = settled {
            return Formula::Constant(holds(&test, &context, variables));
        }
        let key = defaulted_key(test.values.iter().filter(|_| variables));
        if let Some((key, form)) = key.zip(test.operator.comparison.variable_form()) {
            return self.with_and_without(&key, &test, form);
        }
        let ConditionTest { operator, key, values } = test;
        if operator.comparison == OperatorName::Null {
            return self.null(ConditionTest { operator, key, values }, variables);
        }
        if operator.quantifier.is_some() && operator.if_exists {
            // AWS doesn't document how both treat an empty list of values.
            return self.atom(Atom::Opaque(ConditionTest { operator, key, values }, variables));
        }
        let (comparison, negated) = operator.comparison.positive();
        let quantifier = match (operator.quantifier, negated) {
            (Some(Quantifier::ForAllValues), true) => Some(Quantifier::ForAnyValue),
            (Some(Quantifier::ForAnyValue), true) => Some(Quantifier::ForAllValues),
            (quantifier, _) => quantifier,
        };
        let matches = self.matches(quantifier, comparison, key.clone(), values, variables);
        match (negated, operator.if_exists) {
            // A negated test is true where the key is missing, with IfExists or without.
            (true, _) => matches.not(),
            (false, false) => matches,
            (false, true) => Formula::any(vec![self.atom(Atom::Exists(key)).not(), matches]),
        }
    }

    /// Returns the formula of a test whose values have variables of this key with defaults.
    fn with_and_without(&mut self, key: &str, test: &ConditionTest, form: VariableForm) -> Formula {
        let mut of =
            |values: Vec<String>| self.test(&ConditionTest { values, ..test.clone() }, true);
        let with = of(test.values.iter().map(|value| without_default(value, key)).collect());
        let unfilled = without_value(key);
        let default = |value: &String| filled_as_known(value, form, &unfilled);
        let default = of(test.values.iter().filter_map(default).collect());
        either(self.has_value(key), with, default)
    }

    /// Returns the test with those variables filled in that follow from the caller.
    fn filled(&self, (mut test, variables): (ConditionTest, bool)) -> (ConditionTest, bool) {
        let Some(form) = test.operator.comparison.variable_form().filter(|_| variables) else {
            return (test, false);
        };
        let known = |key: &str| self.keys.variable(key);
        let values = test.values.iter();
        test.values = values.filter_map(|value| filled_as_known(value, form, &known)).collect();
        plain(&test, true)
    }

    pub fn at_index(&self, index: usize) -> &Atom {
        &self.list[index]
    }

    fn matches(
        &mut self,
        quantifier: Option<Quantifier>,
        comparison: OperatorName,
        key: String,
        values: Vec<String>,
        variables: bool,
    ) -> Formula {
        // A text is equal to itself.
        let itself = format!("${{{key}}}");
        let is_text = comparison.variable_form() == Some(VariableForm::Text);
        if variables
            && is_text
            && quantifier != Some(Quantifier::ForAllValues)
            && is_single_valued(&key)
            && values.contains(&itself)
        {
            let others = values.into_iter().filter(|value| *value != itself).collect();
            let others = self.matches(quantifier, comparison, key.clone(), others, variables);
            return Formula::any(vec![self.has_value(&key), others]);
        }
        let atom = Atom::Matches { quantifier, comparison, key, values, variables };
        match &atom {
            Atom::Matches { key, .. }
                if atom.matches_anything() && self.keys.state(key) == KeyState::Present =>
            {
                Formula::Constant(true)
            }
            Atom::Exists(_) | Atom::Matches { .. } | Atom::Opaque(..) | Atom::Within(_) => {
                self.atom(atom)
            }
        }
    }

    fn null(&mut self, test: ConditionTest, variables: bool) -> Formula {
        let plain = test.operator.quantifier.is_none();
        let mut wanted: Vec<String> =
            test.values.iter().map(|value| value.to_lowercase()).collect();
        wanted.sort();
        wanted.dedup();
        match wanted.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["true"] if plain => self.atom(Atom::Exists(test.key)).not(),
            ["false"] if plain => self.atom(Atom::Exists(test.key)),
            ["false", "true"] if plain => Formula::Constant(true),
            _ => self.atom(Atom::Opaque(test, variables)),
        }
    }

    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Returns the atoms about a condition key, each with the name of the key in lower case.
    pub fn on_keys(&self) -> impl Iterator<Item = (usize, String, &Atom)> {
        self.list
            .iter()
            .enumerate()
            .filter_map(|(index, atom)| Some((index, atom.key_name()?, atom)))
    }

    /// Returns the pairs of atoms of which the second is true wherever the first is. Pairs of
    /// `settled` atoms are left out: their theories have them.
    pub fn implications(
        &self,
        settled: &HashSet<usize>,
        budget: &Budget,
    ) -> impl Iterator<Item = (usize, usize)> {
        let atoms = || self.list.iter().enumerate();
        atoms().flat_map(move |(one, narrow)| {
            let is_open = !settled.contains(&one);
            atoms()
                .filter(move |(other, _)| is_open || !settled.contains(other))
                .filter(move |(other, wide)| one != *other && implies(narrow, wide, budget))
                .map(move |(other, _)| (one, other))
        })
    }

    /// Returns the pairs of atoms that can't both be true, since the key has only one value.
    pub fn exclusions(&self, settled: &HashSet<usize>, budget: &Budget) -> Vec<(usize, usize)> {
        let mut by_key: BTreeMap<&str, Vec<(usize, &Atom)>> = BTreeMap::new();
        for (index, atom) in self.list.iter().enumerate() {
            if let Atom::Matches { quantifier: None, key, .. } = atom {
                by_key.entry(key).or_default().push((index, atom));
            }
        }
        let several = by_key.into_iter().filter(|(_, atoms)| atoms.len() > 1);
        let single = several.filter(|(key, _)| is_single_valued(key));
        single.flat_map(|(_, atoms)| excluding(&atoms, settled, budget)).collect()
    }
}

/// A pattern of all texts but the empty one.
const SOME_TEXT: &str = "?*";

/// The most variables with defaults of one test that are told apart by whether they have a value:
/// each doubles the formula.
const MOST_DEFAULTS: usize = 4;

/// Returns the key of a variable with a default; `None` where there is none, or too many. A key of
/// several values may be a list, which has no value and takes no default.
fn defaulted_key<'t>(texts: impl Iterator<Item = &'t String>) -> Option<String> {
    let variables = texts.filter(|text| text.contains("${")).flat_map(|text| variables_of(text));
    let defaulted = variables.filter(|inside| default_of(inside).is_some());
    let keys: BTreeSet<&str> = defaulted.map(variable_key).collect();
    let found =
        keys.iter().find(|key| is_single_valued(key)).filter(|_| keys.len() <= MOST_DEFAULTS);
    found.map(|key| (*key).to_owned())
}

/// Returns what is known of variables where one of them has no value.
fn without_value(key: &str) -> impl Fn(&str) -> KnownVariable {
    move |other| if other == key { KnownVariable::Missing } else { KnownVariable::Open }
}

fn either(condition: Formula, then: Formula, otherwise: Formula) -> Formula {
    let otherwise = Formula::all(vec![condition.clone().not(), otherwise]);
    Formula::any(vec![Formula::all(vec![condition, then]), otherwise])
}

fn excluding(
    atoms: &[(usize, &Atom)],
    settled: &HashSet<usize>,
    budget: &Budget,
) -> Vec<(usize, usize)> {
    let pairs = atoms
        .iter()
        .enumerate()
        .flat_map(|(place, one)| atoms[..place].iter().map(move |other| (one, other)));
    pairs
        .filter(|((one, _), (other, _))| !settled.contains(one) || !settled.contains(other))
        .filter(|((_, one), (_, other))| one.excludes(other, budget))
        .map(|((one, _), (other, _))| (*one, *other))
        .collect()
}

/// Tells if AWS documents the key as single-valued. Nothing is assumed about keys that the
/// catalogue doesn't have.
pub(super) fn is_single_valued(key: &str) -> bool {
    condition_key(key).is_some_and(|key| !key.value.is_multivalued())
}

impl Atom {
    /// Tells if the atom is true for any value of the key.
    fn matches_anything(&self) -> bool {
        let Self::Matches {
            quantifier: None, comparison: OperatorName::StringLike, values, ..
        } = self
        else {
            return false;
        };
        values.iter().any(|value| value == "*")
    }

    /// Tells if the atom is [`Atoms::has_value`].
    fn is_has_value(&self) -> bool {
        let Self::Matches { quantifier: None, comparison, values, .. } = self else { return false };
        *comparison == OperatorName::StringLike && *values == [SOME_TEXT]
    }

    /// Tells if the atom is true only where a variable of the key has a value.
    fn needs_variable(&self, key: &str) -> bool {
        let needs = |text: &str| {
            let mut keys = variables_of(text).filter(|inside| default_of(inside).is_none());
            keys.any(|inside| variable_key(inside) == key)
        };
        match self {
            Self::Matches { quantifier, values, variables, .. } => {
                // ForAllValues is also true where the tested key has no value.
                let is_for_all = *quantifier == Some(Quantifier::ForAllValues);
                !is_for_all && *variables && values.iter().all(|value| needs(value))
            }
            Self::Within(pattern) => needs(pattern),
            Self::Exists(_) | Self::Opaque(..) => false,
        }
    }

    fn excludes(&self, other: &Self, budget: &Budget) -> bool {
        let (
            Self::Matches { comparison, values, variables, .. },
            Self::Matches { comparison: c, values: v, variables: filled, .. },
        ) = (self, other)
        else {
            return false;
        };
        let mut pairs = values.iter().flat_map(|value| v.iter().map(move |other| (value, other)));
        pairs.all(|(value, other)| {
            let tests = ((*comparison, value.as_str(), *variables), (*c, other.as_str(), *filled));
            budget.spend(PAIR_STEPS) && excludes(tests.0, tests.1, budget)
        })
    }

    pub fn key_name(&self) -> Option<String> {
        match self {
            Self::Exists(key) | Self::Matches { key, .. } => Some(key.clone()),
            Self::Opaque(test, _) => Some(test.key.clone()),
            Self::Within(_) => None,
        }
    }

    /// Returns the number of values that a test of the atom looks at.
    pub fn value_count(&self) -> usize {
        match self {
            Self::Exists(_) | Self::Within(_) => 1,
            Self::Matches { values, .. } => 1 + values.len(),
            Self::Opaque(test, _) => 1 + test.values.len(),
        }
    }

    /// Tells if the atom is true in this context. An atom about the resource is never asked here.
    pub fn holds(&self, context: &Context) -> bool {
        match self {
            Self::Exists(key) => context.has(key),
            Self::Matches { quantifier, comparison, key, values, variables } => {
                let operator =
                    Operator { quantifier: *quantifier, comparison: *comparison, if_exists: false };
                holds(
                    &ConditionTest { operator, key: key.clone(), values: values.clone() },
                    context,
                    *variables,
                )
            }
            Self::Opaque(test, variables) => holds(test, context, *variables),
            Self::Within(_) => false,
        }
    }
}

/// Returns the normal form of a test, in which tests of the same meaning are equal, and true if it
/// holds variables.
pub(super) fn plain(test: &ConditionTest, variables: bool) -> (ConditionTest, bool) {
    let variables = variables && test.values.iter().any(|value| value.contains("${"));
    let spelt =
        |value: &String| if variables { with_plain_variables(value) } else { value.clone() };
    let mut values: Vec<String> = test.values.iter().map(spelt).collect();
    values.sort();
    values.dedup();
    (ConditionTest { operator: test.operator, key: test.key.to_lowercase(), values }, variables)
}

/// The steps that a pair of values takes, besides those of their patterns.
const PAIR_STEPS: usize = 24;

fn implies(narrow: &Atom, wide: &Atom, budget: &Budget) -> bool {
    match (narrow, wide) {
        (Atom::Matches { quantifier, key, .. }, Atom::Exists(other)) if key == other => {
            // ForAllValues is also true where the key has no value.
            *quantifier != Some(Quantifier::ForAllValues)
        }
        (_, Atom::Exists(key)) if narrow.needs_variable(key) => true,
        (_, Atom::Matches { key, .. }) if wide.is_has_value() && narrow.needs_variable(key) => true,
        (
            Atom::Matches { quantifier, comparison, key, values, variables },
            Atom::Matches { quantifier: q, comparison: c, key: k, values: v, variables: filled },
        ) => {
            let covered = |value: &String| {
                v.iter().any(|wide| {
                    budget.spend(PAIR_STEPS)
                        && covers((*c, wide, *filled), (*comparison, value, *variables), budget)
                })
            };
            key == k && quantifier == q && values.iter().all(covered)
        }
        (Atom::Exists(key), Atom::Matches { key: other, .. }) => {
            key == other && wide.matches_anything()
        }
        (Atom::Within(narrow), Atom::Within(wide)) => {
            super::pattern::includes_unfilled(wide, narrow, budget)
        }
        _ => false,
    }
}
