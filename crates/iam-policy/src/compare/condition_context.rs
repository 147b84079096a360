//! Condition contexts worth trying: for each condition key values that its tests tell apart, and
//! for each key of a policy variable one value at a time.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::pattern::{KnownVariable, filled_as_known, variable_key, variables};
use crate::request::{Caller, Context};
use crate::statement::{ConditionTest, OperatorName, Statement};

use super::caller_keys::{CallerKeys, KeyState};
use super::filling::fitting_text;
use super::formula::{Atom, Atoms, Formula};
use super::sat_solver::{AtomAssignment, SatSolver};
use super::value_class::{ClassCache, ClassTest, any_value_of, some_values};

/// The value of a policy variable in examples.
const FILLED: &str = "example";

/// The most values of one key that are considered; `MOST_CHOICES` of them are tried, under
/// `MOST_FILLINGS` variable assignments.
const MOST_VALUES: usize = 500;
const MOST_CHOICES: usize = 60;
const MOST_FILLINGS: usize = 24;

/// The steps that it takes to hold a value against a value of a test.
const VALUE_STEPS: usize = 16;

/// The condition keys that statements test, and those of their policy variables.
pub(super) struct ConditionContext<'a> {
    /// The keys that follow from the caller, with their values.
    known: Context,
    /// The tests by key, in lower case, each with true if it may have variables.
    tests: BTreeMap<String, Vec<(&'a ConditionTest, bool)>>,
    /// The keys of policy variables, in lower case, besides those that follow from the caller.
    variables: BTreeSet<String>,
    keys: &'a CallerKeys,
    cache: &'a ClassCache,
}

/// Candidate values for each key, each with the truth of the key's atoms under it.
pub(super) struct Candidates {
    /// The keys with their candidates. The candidate `None` is a request without the key.
    values: Vec<(String, Vec<Option<Vec<String>>>)>,
    choices: Vec<Vec<AtomAssignment>>,
}

impl<'a> ConditionContext<'a> {
    /// Collects the keys of the caller and of the statements. `patterns` are the resource patterns
    /// whose matches depend on variables.
    pub fn of(
        (caller, keys): (&Caller, &'a CallerKeys),
        statements: impl Iterator<Item = &'a Statement>,
        patterns: impl Iterator<Item = &'a str>,
        cache: &'a ClassCache,
    ) -> Self {
        let known = caller.circumstances(&Context::default());
        let (tests, variables) = (BTreeMap::new(), BTreeSet::new());
        let mut found = Self { known, tests, variables, keys, cache };
        patterns.for_each(|pattern| found.add_variables(pattern));
        for statement in statements {
            for test in &statement.conditions {
                let tests = found.tests.entry(test.key.to_lowercase()).or_default();
                tests.push((test, statement.variables));
                if statement.variables {
                    test.values.iter().for_each(|value| found.add_variables(value));
                }
            }
        }
        found
    }

    fn add_variables(&mut self, text: &str) {
        let keys = variables(text).map(|inside| variable_key(inside).to_lowercase());
        let open = keys.filter(|key| self.keys.variable(key) == KnownVariable::Open);
        self.variables.extend(open);
    }

    /// Returns the variable assignments to try. The first gives each variable the value that
    /// follows from the caller, or else an example. The others replace some of these values by
    /// those in `fitting`, or by values that make two values of a test equal; or they replace one
    /// value by nothing, by the example, or by a value that is tested for. The last assigns
    /// nothing.
    pub fn fillings(&self, fitting: Vec<Context>) -> Vec<Context> {
        let example = |key: &String| {
            self.known.get(key).map_or_else(|| vec![FILLED.to_owned()], <[String]>::to_vec)
        };
        let examples: Context =
            self.variables.iter().map(|key| (key.clone(), example(key))).collect();
        let compared =
            self.tests.iter().flat_map(|(key, tests)| compared(tests, self.known.get(key)));
        let fitting = fitting.into_iter().chain(compared);
        let mut fillings: Vec<Context> = fitting.map(|values| examples.with(&values)).collect();
        for key in &self.variables {
            fillings.push(examples.without(key));
            fillings.push(
                examples.with(&[(key.clone(), vec![FILLED.to_owned()])].into_iter().collect()),
            );
        }
        for (key, tests) in self.tests.iter().filter(|(key, _)| self.variables.contains(*key)) {
            let with = |value| examples.with(&[(key.clone(), vec![value])].into_iter().collect());
            fillings.extend(self.values(key, tests, &examples).into_iter().map(with));
        }
        let mut seen = BTreeSet::from([examples.clone(), Context::default()]);
        fillings.retain(|filling| seen.insert(filling.clone()));
        fillings.truncate(MOST_FILLINGS);
        fillings.insert(0, examples);
        if !self.variables.is_empty() {
            fillings.push(Context::default());
        }
        fillings
    }

    /// Returns for each key with atoms the candidate values that differ in the truth of its atoms,
    /// under this variable assignment. Keys whose atoms are all settled without it are left out.
    pub fn offers(&self, filling: &Context, atoms: &Atoms, settled: &HashSet<usize>) -> Candidates {
        let mut by_key: BTreeMap<String, Vec<(usize, &Atom)>> = BTreeMap::new();
        for (index, key, atom) in atoms.on_keys() {
            by_key.entry(key).or_default().push((index, atom));
        }
        by_key.retain(|key, atoms| {
            let is_settled = atoms.iter().all(|(index, _)| settled.contains(index));
            !is_settled || self.variables.contains(key)
        });
        let told_apart = |(key, atoms): (String, Vec<(usize, &Atom)>)| {
            let (values, choices) =
                self.told_apart(&key, self.candidates(&key, filling), &atoms, filling);
            ((key, values), choices)
        };
        let (values, choices) = by_key.into_iter().map(told_apart).unzip();
        Candidates { values, choices }
    }

    /// Adds a value of each tested key that all requests have.
    pub fn complete(&self, mut context: Context) -> Context {
        for key in self.tests.keys() {
            let is_certain = self.keys.state(key) == KeyState::Present;
            if is_certain && context.get(key).is_none() && self.known.get(key).is_none() {
                context.set(key, vec![any_value_of(key).to_owned()]);
            }
        }
        context
    }

    /// Adds the keys that follow from the caller to a context. The values of the context win.
    pub fn whole(&self, context: &Context) -> Context {
        self.known.with(context)
    }

    /// Returns candidates for the values of a key: single values, no value, and where a test has a
    /// set operator, sets of values. The assignment fixes the value of a variable's key.
    fn candidates(&self, key: &str, filling: &Context) -> Vec<Option<Vec<String>>> {
        if self.variables.contains(key) {
            return vec![filling.get(key).map(<[String]>::to_vec)];
        }
        let state = self.keys.state(key);
        if matches!(state, KeyState::Bound(_) | KeyState::Absent) {
            return vec![None];
        }
        let tests = self.tests.get(key).map_or(&[][..], Vec::as_slice);
        let values = self.values(key, tests, filling);
        let mut candidates: Vec<Option<Vec<String>>> =
            values.iter().map(|value| Some(vec![value.clone()])).collect();
        if state == KeyState::Open || self.known.get(key).is_some() {
            candidates.push(None);
        }
        if tests.iter().any(|(test, _)| test.operator.quantifier.is_some()) {
            let first = &values[..values.len().min(MOST_CHOICES)];
            let pairs = first.iter().enumerate().flat_map(|(index, one)| {
                first[index + 1..].iter().map(move |other| Some(vec![one.clone(), other.clone()]))
            });
            // A key that follows from the caller is never an empty list.
            candidates.extend((state == KeyState::Open).then(|| Some(Vec::new())));
            candidates.extend(pairs);
        }
        candidates
    }

    /// Returns values that the tests of one key tell apart, under this variable assignment.
    fn values(
        &self,
        key: &str,
        tests: &[(&ConditionTest, bool)],
        filling: &Context,
    ) -> Vec<String> {
        let whole = self.whole(filling);
        let known = |key: &str| match whole.get(key) {
            Some([value]) => KnownVariable::Value(value.clone()),
            None | Some([]) => KnownVariable::Missing,
            Some(_) => KnownVariable::Several,
        };
        let tests = tests.iter().filter(|(test, _)| test.operator.comparison != OperatorName::Null);
        let tests: Vec<ClassTest> = tests
            .map(|(test, variables)| {
                let comparison = test.operator.comparison.positive().0;
                let form = comparison.variable_form().filter(|_| *variables);
                let fill = |value: &String| match form {
                    Some(form) => filled_as_known(value, form, &known),
                    None => Some(value.clone()),
                };
                let values = test.values.iter().filter_map(fill).collect();
                ClassTest { comparison, values, variables: *variables }
            })
            .collect();
        let classes = self.cache.classes(key, tests.clone(), self.keys.domain(key));
        let mut found: Vec<String> = match classes {
            Some(classes) => classes.iter().map(|class| class.value.clone()).collect(),
            None => some_values(key, &tests, &self.cache.budget),
        };
        found.truncate(MOST_VALUES);
        found
    }

    /// Keeps the first candidate for each combination of truth values of the key's atoms.
    fn told_apart(
        &self,
        key: &str,
        candidates: Vec<Option<Vec<String>>>,
        atoms: &[(usize, &Atom)],
        filling: &Context,
    ) -> (Vec<Option<Vec<String>>>, Vec<AtomAssignment>) {
        let mut seen: BTreeSet<AtomAssignment> = BTreeSet::new();
        let mut kept = (Vec::new(), Vec::new());
        // Each candidate is held against each value of each atom.
        let steps =
            VALUE_STEPS * (1 + atoms.iter().map(|(_, atom)| atom.value_count()).sum::<usize>());
        for candidate in candidates {
            if !self.cache.budget.spend(steps) {
                break;
            }
            let mut context = filling.clone();
            put(&mut context, key, candidate.as_deref());
            let context = self.whole(&context);
            let choice: AtomAssignment =
                atoms.iter().map(|(index, atom)| (*index, atom.holds(&context))).collect();
            if kept.0.len() < MOST_CHOICES && seen.insert(choice.clone()) {
                kept.0.push(candidate);
                kept.1.push(choice);
            }
        }
        kept
    }
}

/// Returns the variable assignments that make one value of a key's tests equal to another, or to
/// the known value of the key.
fn compared(tests: &[(&ConditionTest, bool)], known: Option<&[String]>) -> Vec<Context> {
    let values = tests.iter().flat_map(|(test, _)| &test.values);
    let values: BTreeSet<&String> = values.chain(known.unwrap_or_default()).collect();
    let plain = values.iter().filter(|value| !value.contains("${"));
    let pairs = plain.flat_map(|plain| values.iter().map(move |value| (value, plain)));
    pairs
        .filter(|(value, _)| value.contains("${"))
        .filter_map(|(value, plain)| fitting_text(value, plain))
        .collect()
}

impl Candidates {
    /// Returns a context with this variable assignment in which `holds` is true and `fails` is
    /// false.
    pub fn choose(
        &self,
        proof: &mut SatSolver,
        filling: &Context,
        holds: &Formula,
        fails: &Formula,
    ) -> Option<Context> {
        let chosen = proof.choose(holds, fails, &self.choices)?;
        let mut context = filling.clone();
        for (key, values) in &chosen.others {
            put(&mut context, key, Some(values).filter(|it| !it.is_empty()).map(Vec::as_slice));
        }
        for ((key, values), index) in self.values.iter().zip(chosen.offered) {
            put(&mut context, key, values[index].as_deref());
        }
        Some(context)
    }
}

fn put(context: &mut Context, key: &str, values: Option<&[String]>) {
    match values {
        Some(values) => context.set(key, values.to_vec()),
        None => *context = context.without(key),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::statement::Policy;

    use super::*;

    /// Returns a context in which the first condition is met and the second isn't, with the
    /// variable assignment of that index.
    fn between(met: &Value, unmet: &Value, filling: usize) -> Option<String> {
        let statement =
            |condition: &Value| json!({"Effect": "Allow", "Action": "*", "Condition": condition});
        let document =
            json!({"Version": "2012-10-17", "Statement": [statement(met), statement(unmet)]});
        let statements = Policy::compile("p", &document).unwrap().statements;
        let mut atoms = Atoms::default();
        let [holds, fails] = [0, 1].map(|index| atoms.tests(&statements[index].conditions, true));
        let caller = Caller::service("lambda.amazonaws.com");
        let (cache, keys) = (ClassCache::default(), CallerKeys::default());
        let circumstances =
            ConditionContext::of((&caller, &keys), statements.iter(), std::iter::empty(), &cache);
        let filling = &circumstances.fillings(Vec::new())[filling];
        let mut proof = SatSolver::new(&atoms, &cache);
        let offers = circumstances.offers(filling, &atoms, proof.settled());
        let context = offers.choose(&mut proof, filling, &holds, &fails)?;
        let text = context.iter().map(|(key, values)| format!("{key}={}", values.join(",")));
        Some(text.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn values_on_both_sides_of_every_test_are_found() {
        let cases = [
            (
                json!({"NumericLessThanEquals": {"k:k": "10"}}),
                json!({"NumericLessThan": {"k:k": "10"}}),
                "k:k=10",
            ),
            (
                json!({"StringLike": {"k:k": "a*"}}),
                json!({"StringLike": {"k:k": ["ab*", "aa*"]}}),
                "k:k=a",
            ),
            (
                json!({"StringLike": {"k:k": "*b"}}),
                json!({"StringNotLike": {"k:k": "a*"}}),
                "k:k=ab",
            ),
            (
                json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
                json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/16"}}),
                "aws:sourceip=10.255.255.255",
            ),
            (json!({"StringNotEquals": {"k:k": "a"}}), json!({"Null": {"k:k": "false"}}), ""),
            (
                json!({"Null": {"aws:SourceIp": "false"}}),
                json!({"Null": {"aws:SourceIp": "true"}}),
                "aws:sourceip=203.0.113.7",
            ),
            (json!({"Bool": {"k:k": "false"}}), json!({"Bool": {"k:k": "true"}}), "k:k=false"),
            (
                json!({"StringEqualsIgnoreCase": {"k:k": "Ab"}}),
                json!({"StringEquals": {"k:k": "AB"}}),
                "k:k=Ab",
            ),
            (
                json!({"NotIpAddress": {"k:k": "0.0.0.0/0"}}),
                json!({"Null": {"k:k": "true"}}),
                "k:k=2001:db8:ffff::7",
            ),
            (
                json!({"NumericLessThan": {"k:k": "2.5"}}),
                json!({"NumericEquals": {"k:k": "1.50"}}),
                "k:k=2",
            ),
            (
                json!({"DateLessThan": {"k:k": "2024-01-02"}}),
                json!({"Null": {"k:k": "true"}}),
                "k:k=2024-01-01T23:59:59Z",
            ),
            (
                json!({"DateLessThan": {"k:k": "2024-01-01T00:00:00Z"}}),
                json!({"DateLessThan": {"k:k": "2023-12-31T23:59:59Z"}}),
                "k:k=2023-12-31T23:59:59Z",
            ),
        ];
        for (met, unmet, expected) in cases {
            assert_eq!(between(&met, &unmet, 0).as_deref(), Some(expected), "{met} {unmet}");
        }
        assert_eq!(
            between(
                &json!({"StringEquals": {"k:k": "a"}}),
                &json!({"StringLike": {"k:k": "?"}}),
                0
            ),
            None
        );
    }

    #[test]
    fn sets_of_values_are_tried_for_the_operators_on_sets() {
        let any = json!({"ForAnyValue:StringEquals": {"k:k": "a"}});
        let all = json!({"ForAllValues:StringEquals": {"k:k": "a"}});
        assert_eq!(between(&any, &all, 0).as_deref(), Some("k:k=a,something-else"));
        let nothing = between(&all, &any, 0).unwrap();
        assert!(["", "k:k="].contains(&&*nothing), "{nothing}");
    }

    #[test]
    fn variables_are_filled_in() {
        let home = json!({"StringEquals": {"s3:prefix": "home/${aws:username}"}});
        let bob = json!({"StringEquals": {"aws:username": "bob"}});
        let both =
            json!({"StringEquals": {"s3:prefix": "home/${aws:username}", "aws:username": "bob"}});
        let never = json!({"StringEquals": {"k:k": "a"}, "Null": {"k:k": "true"}});
        assert_eq!(
            between(&home, &bob, 0).as_deref(),
            Some("aws:username=example s3:prefix=home/example")
        );
        assert_eq!(between(&both, &never, 0), None, "the first filling is an example");
        assert_eq!(
            between(&both, &never, 1).as_deref(),
            Some("aws:username=bob s3:prefix=home/bob")
        );
        let same = json!({"StringEquals": {"k:k": "a"}, "StringLike": {"k:k": "${aws:username}"}});
        assert_eq!(between(&same, &never, 1).as_deref(), Some("aws:username=a k:k=a"));
        let unfilled = json!({"StringNotEquals": {"s3:prefix": "home/${aws:username}"}, "Null": {"aws:username": "true"}});
        assert!(between(&unfilled, &never, 2).is_some(), "the last one has no value");
    }
}
