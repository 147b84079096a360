//! The theory of a key: the truth of the atoms on it follows from its values.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::catalogue::{ValueType, condition_key};
use crate::pattern::has_variables;
use crate::statement::{OperatorName, Quantifier};

use super::caller_keys::KeyState;
use super::formula::{Atom, Atoms, is_single_valued};
use super::value_class::{ClassCache, ClassTest, ValueClass};

/// A key with the classes of its values. The truth of the atoms follows from the classes that the
/// values of a request are in.
pub(super) struct KeyTheory {
    pub key: String,
    /// The atoms with tests of values, in the order of the truths in the classes.
    pub atoms: Vec<usize>,
    /// The other atoms: that the key exists.
    pub existence: Vec<usize>,
    pub classes: Rc<[ValueClass]>,
    /// True if a request has at most one value.
    pub is_single: bool,
    /// True if each request has the key.
    pub is_present: bool,
}

/// The way in which a test treats the values of a key together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SetTest {
    pub quantifier: Option<Quantifier>,
    pub if_exists: bool,
}

impl Atoms {
    /// Returns the theory of each key whose values can be divided into classes.
    pub fn theories(&self, cache: &ClassCache) -> Vec<KeyTheory> {
        let mut by_key: BTreeMap<String, Vec<(usize, &Atom)>> = BTreeMap::new();
        for (index, key, atom) in self.on_keys() {
            if !atom.is_open() {
                by_key.entry(key).or_default().push((index, atom));
            }
        }
        by_key.into_iter().filter_map(|(key, atoms)| self.theory(key, &atoms, cache)).collect()
    }

    fn theory(
        &self,
        key: String,
        atoms: &[(usize, &Atom)],
        cache: &ClassCache,
    ) -> Option<KeyTheory> {
        if let [(_, atom)] = atoms
            && self.keys.domain(&key).is_none()
            && atom.is_met_and_unmet(&key)
        {
            return None;
        }
        let (mut indices, mut tests, mut existence) = (Vec::new(), Vec::new(), Vec::new());
        for (index, atom) in atoms {
            match atom.value_test() {
                Some(test) => {
                    indices.push(*index);
                    tests.push(test);
                }
                None => existence.push(*index),
            }
        }
        let is_present = match self.keys.state(&key) {
            KeyState::Bound(_) | KeyState::Present => true,
            KeyState::Absent | KeyState::Open => false,
        };
        let classes = cache.classes(&key, tests, self.keys.domain(&key))?;
        let is_single = is_single_valued(&key);
        Some(KeyTheory { key, atoms: indices, existence, classes, is_single, is_present })
    }
}

impl Atom {
    /// Tells if the truth of the atom depends on the values of variables.
    fn is_open(&self) -> bool {
        let values = match self {
            Self::Matches { values, .. } => values,
            Self::Opaque(test, _) => &test.values,
            Self::Exists(_) | Self::Within(_) => return false,
        };
        values.iter().any(|value| has_variables(value))
    }

    /// Tells if some value of the key meets the test of the atom, and another one doesn't. Alone,
    /// such an atom says nothing about its key.
    fn is_met_and_unmet(&self, key: &str) -> bool {
        let Self::Matches { quantifier: None, comparison, values, .. } = self else { return false };
        let value_type = condition_key(key).map(|known| known.value);
        match (comparison, value_type) {
            (OperatorName::StringEquals, None | Some(ValueType::String)) => {
                values.iter().any(|value| !value.is_empty())
            }
            (OperatorName::Bool, Some(ValueType::Bool)) => {
                matches!(values.as_slice(), [one] if one == "true" || one == "false")
            }
            _ => false,
        }
    }

    /// Returns the test of a single value; `None` where the atom is about the presence of the key.
    pub fn value_test(&self) -> Option<ClassTest> {
        match self {
            Self::Matches { comparison, values, variables, .. } => Some(ClassTest {
                comparison: *comparison,
                values: values.clone(),
                variables: *variables,
            }),
            Self::Opaque(test, _) if test.operator.comparison == OperatorName::Null => None,
            Self::Opaque(test, variables) => Some(ClassTest {
                comparison: test.operator.comparison,
                values: test.values.clone(),
                variables: *variables,
            }),
            Self::Exists(_) | Self::Within(_) => None,
        }
    }

    /// Returns the way in which the test of the atom treats several values.
    pub fn set_test(&self) -> SetTest {
        match self {
            Self::Matches { quantifier, .. } => {
                SetTest { quantifier: *quantifier, if_exists: false }
            }
            Self::Opaque(test, _) => {
                SetTest { quantifier: test.operator.quantifier, if_exists: test.operator.if_exists }
            }
            Self::Exists(_) | Self::Within(_) => SetTest { quantifier: None, if_exists: false },
        }
    }

    /// Tells if an atom about the presence of a key is true where the key is there, or missing.
    pub fn is_true_of(&self, present: bool) -> bool {
        let Some(key) = self.key_name() else { return false };
        let values = if present { vec!["x".to_owned()] } else { Vec::new() };
        self.holds(&[(key, values)].into_iter().collect())
    }
}
