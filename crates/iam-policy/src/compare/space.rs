//! The space of all requests, divided into finitely many regions. Conditions and variables aside,
//! every statement matches all requests of a region or none.
//!
//! A statement is a product of actions, resources and principals, with conditions. So the space is
//! divided along each of the three by the patterns that occur. Actions that the same statements
//! match are taken together, and resources are divided only by the patterns of those statements.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use fixedbitset::FixedBitSet;

use crate::Budget;
use crate::pattern::{VariableForm, filled_as_known, resolved};
use crate::request::{Caller, Context};
use crate::statement::{ConditionTest, Effect, PrincipalType, Statement};

use super::caller_keys::CallerKeys;
use super::formula::plain;
use super::language::{Cell, PatternCache, PatternToken};
use super::pattern::{self, Pattern, ResourcePattern};
use super::principals::{CallerQuestions, Representative, holders, representatives};
use super::set::Set;
use super::value_class::ClassCache;

/// A reference to a statement, with the properties by which it is compared.
pub(super) struct StatementRef<'a> {
    pub after: bool,
    pub layer: usize,
    pub policy: &'a str,
    pub statement: &'a Statement,
    /// Indices into the space's action patterns.
    actions: Vec<usize>,
    /// Indices into the space's resource patterns.
    resources: Vec<usize>,
    /// The same for each caller, where they have variables whose values follow from the caller.
    resources_by_caller: Option<Vec<Vec<usize>>>,
    /// True if the statement may use a condition key that follows from the caller.
    pub asks_for_caller: bool,
    /// An index into the space's conditions.
    pub condition: Option<usize>,
    /// The equivalence class. Statements that differ only in their actions and resources are in one
    /// class: where one of them applies, it makes no difference if another does.
    pub kin: usize,
}

pub(super) struct Space<'a> {
    pub rows: Vec<StatementRef<'a>>,
    /// The number of layers of each side.
    pub layers: [usize; 2],
    /// The distinct conditions, in order.
    pub conditions: Vec<&'a [ConditionTest]>,
    actions: Vec<String>,
    /// The distinct resource patterns.
    pub resources: Vec<NamedPattern>,
    pub callers: Vec<Caller>,
    /// For each caller, the knowledge of the condition keys of its requests.
    pub keys: Vec<Rc<CallerKeys>>,
    /// For each caller, the statements that match it.
    pub names: Vec<FixedBitSet>,
    /// True if a resource pattern is another one for another caller.
    pub fills_for_callers: bool,
    cells: &'a PatternCache,
    pub classes: &'a ClassCache,
    pub groups: Vec<ActionGroup>,
}

/// A resource pattern with its tokens.
pub(super) struct NamedPattern {
    /// The pattern as its author spelt it.
    spelt: String,
    /// The pattern with those variables filled in that follow from the caller.
    pub text: String,
    pub tokens: Pattern,
    /// True if the matches depend on the request.
    pub varies: bool,
}

/// Actions that the same statements match.
pub(super) struct ActionGroup {
    /// The statements whose Action matches.
    pub rows: Vec<usize>,
    pub cells: Vec<Cell>,
    pub places: Rc<Vec<ResourceClass>>,
}

/// Resources that the same patterns match.
pub(super) struct ResourceClass {
    /// The patterns that match, and those with variables that may match.
    pub accepts: FixedBitSet,
    pub witness: String,
}

/// The error that the patterns take too many steps to divide the texts into cells.
#[derive(Debug)]
pub(super) struct Entangled;

/// The most resource classes of a space, which bounds its memory.
const MOST_PLACES: usize = 200_000;

impl<'a> Space<'a> {
    pub fn new(
        before: &Set<'a>,
        after: &Set<'a>,
        caller: Option<&Caller>,
        (cells, classes): (&'a PatternCache, &'a ClassCache),
    ) -> Result<Self, Entangled> {
        let mut actions = Table::default();
        let mut resources = Table::default();
        let mut kins = Table::default();
        let conditions = conditions([before, after]);
        let representatives = callers([before, after], caller);
        let mut rows = Vec::new();
        for (is_after, set) in [(false, before), (true, after)] {
            for (layer, policies) in set.layers.iter().enumerate() {
                let statements = policies
                    .iter()
                    .flat_map(|policy| policy.statements.iter().map(move |it| (policy, it)));
                rows.extend(statements.map(|(policy, statement)| {
                    let by_caller = indices_by_caller(statement, &representatives, &mut resources);
                    StatementRef {
                        after: is_after,
                        layer,
                        policy: &policy.name,
                        statement,
                        actions: statement
                            .actions
                            .patterns
                            .iter()
                            .map(|it| actions.index(it.to_lowercase()))
                            .collect(),
                        resources: union(&by_caller),
                        resources_by_caller: Some(by_caller).filter(|lists| lists.len() > 1),
                        asks_for_caller: statement.asks_for_caller(),
                        condition: conditions.binary_search(&&statement.conditions[..]).ok(),
                        kin: kins.index((is_after, layer, Kinship::of(statement))),
                    }
                }));
            }
        }
        let (callers, keys): (Vec<Caller>, Vec<Rc<CallerKeys>>) =
            representatives.into_iter().map(|it| (it.caller, Rc::new(it.keys))).unzip();
        let names = callers.iter().map(|caller| naming(&rows, caller)).collect();
        let mut space = Self {
            fills_for_callers: rows.iter().any(|row| row.resources_by_caller.is_some()),
            rows,
            layers: [before.layers.len(), after.layers.len()],
            conditions,
            actions: actions.list,
            resources: resources.list.into_iter().map(NamedPattern::from_key).collect(),
            callers,
            keys,
            names,
            cells,
            classes,
            groups: Vec::new(),
        };
        space.groups = space.divide()?;
        Ok(space)
    }

    /// Returns the budget of the question.
    pub fn budget(&self) -> &'a Budget {
        &self.cells.budget
    }

    fn divide(&self) -> Result<Vec<ActionGroup>, Entangled> {
        let patterns: Vec<Pattern> =
            self.actions.iter().map(|text| pattern::action(text)).collect();
        let patterns: Vec<&[PatternToken]> = patterns.iter().map(Vec::as_slice).collect();
        let mut by_rows: BTreeMap<Vec<usize>, Vec<Cell>> = BTreeMap::new();
        let lists: Vec<Vec<usize>> = self.rows.iter().map(|row| row.actions.clone()).collect();
        let tested: usize = self.rows.iter().map(|row| 1 + row.actions.len()).sum();
        for cell in
            self.cells.cells_of(&pattern::any_action(), &patterns, &lists).ok_or(Entangled)?.iter()
        {
            if !self.budget().spend(tested) {
                return Err(Entangled);
            }
            let rows = self.about(cell);
            let allowing = |row: &usize| {
                self.rows[*row].statement.effect == Effect::Allow && self.rows[*row].layer == 0
            };
            // Without an Allow there is nothing to compare.
            if rows.iter().any(allowing) {
                by_rows.entry(rows).or_default().push(cell.clone());
            }
        }
        let mut known: HashMap<Vec<Vec<usize>>, Rc<Vec<ResourceClass>>> = HashMap::new();
        let mut places_known = 0;
        by_rows
            .into_iter()
            .map(|(rows, cells)| {
                let lists = self.lists(&rows);
                let places = if let Some(places) = known.get(&lists) {
                    Rc::clone(places)
                } else {
                    let places = Rc::new(self.places(&lists)?);
                    places_known += places.len();
                    if places_known > MOST_PLACES {
                        return Err(Entangled);
                    }
                    known.insert(lists, Rc::clone(&places));
                    places
                };
                Ok(ActionGroup { rows, cells, places })
            })
            .collect()
    }

    /// Returns the resource patterns as lists. The patterns of an equivalence class are one list
    /// for each caller, since one match suffices; those of a NotResource are one list for each
    /// statement. A pattern with variables is a list of its own: that it may match decides
    /// nothing.
    fn lists(&self, rows: &[usize]) -> Vec<Vec<usize>> {
        let mut together: BTreeMap<(usize, Option<usize>, usize), BTreeSet<usize>> =
            BTreeMap::new();
        let mut alone: BTreeSet<usize> = BTreeSet::new();
        // With variables filled in, a match for one caller is none for another.
        let callers = if self.fills_for_callers { self.callers.len() } else { 1 };
        for (index, caller) in rows.iter().flat_map(|row| (0..callers).map(move |it| (row, it))) {
            let row = &self.rows[*index];
            let not = row.statement.resources.as_ref().is_some_and(|clause| clause.not);
            let list = together.entry((row.kin, not.then_some(*index), caller)).or_default();
            for pattern in row.resources_of(caller) {
                let varies = self.resources[*pattern].varies;
                if varies {
                    alone.insert(*pattern)
                } else {
                    list.insert(*pattern)
                };
            }
        }
        let together = together.into_values().map(|list| list.into_iter().collect());
        let lists: BTreeSet<Vec<usize>> =
            alone.into_iter().map(|pattern| vec![pattern]).chain(together).collect();
        lists.into_iter().collect()
    }

    /// Returns the statements whose Action matches, or whose NotAction doesn't.
    fn about(&self, cell: &Cell) -> Vec<usize> {
        let is_about = |row: &StatementRef<'_>| {
            row.statement.actions.not
                != row.actions.iter().any(|pattern| cell.accepts.contains(*pattern))
        };
        self.rows
            .iter()
            .enumerate()
            .filter(|(_, row)| is_about(row))
            .map(|(index, _)| index)
            .collect()
    }

    /// Returns resources that a pattern matches in this context, one for each combination of
    /// statements that match.
    pub fn named(
        &self,
        pattern: &str,
        rows: &[&StatementRef<'_>],
        caller: usize,
        circumstances: &Context,
    ) -> Vec<String> {
        let Some(universe) = resolved(pattern, circumstances) else { return Vec::new() };
        let mut patterns: Vec<Pattern> = vec![pattern::any_arn()];
        let mut lists: Vec<Vec<usize>> = vec![vec![0]];
        for row in rows {
            let start = patterns.len();
            patterns.extend(row.resources_of(caller).iter().filter_map(|index| {
                match &self.resources[*index] {
                    resource if !resource.varies => Some(resource.tokens.clone()),
                    resource => resolved(&resource.text, circumstances)
                        .map(|text| pattern::resource(&text, true).tokens),
                }
            }));
            lists.push((start..patterns.len()).collect());
        }
        let patterns: Vec<&[PatternToken]> = patterns.iter().map(Vec::as_slice).collect();
        let universe = pattern::resource(&universe, true).tokens;
        let cells = self.cells.cells_of(&universe, &patterns, &lists);
        let named =
            cells.iter().flat_map(|cells| cells.iter()).filter(|cell| cell.accepts.contains(0));
        named.map(|cell| cell.witness.clone()).collect()
    }

    /// Returns the cells of ARNs, and the class of `*`, which is the resource of requests for
    /// actions without a resource.
    fn places(&self, lists: &[Vec<usize>]) -> Result<Vec<ResourceClass>, Entangled> {
        // Each list is a part of the key of the cache, and looked at for each class.
        if !self.budget().spend(8 * (lists.len() + lists.iter().map(Vec::len).sum::<usize>())) {
            return Err(Entangled);
        }
        let mut patterns: Vec<usize> = lists.concat();
        patterns.sort_unstable();
        patterns.dedup();
        let tokens: Vec<&[PatternToken]> =
            patterns.iter().map(|index| self.resources[*index].tokens.as_slice()).collect();
        let lists: Vec<Vec<usize>> = lists
            .iter()
            .map(|list| {
                list.iter().filter_map(|index| patterns.binary_search(index).ok()).collect()
            })
            .collect();
        let widen = |accepts: &FixedBitSet| {
            let mut wide = FixedBitSet::with_capacity(self.resources.len());
            accepts.ones().for_each(|index| wide.insert(patterns[index]));
            wide
        };
        let found = self.cells.cells_of(&pattern::any_arn(), &tokens, &lists).ok_or(Entangled)?;
        let mut places: Vec<ResourceClass> = found
            .iter()
            .map(|cell| ResourceClass {
                accepts: widen(&cell.accepts),
                witness: cell.witness.clone(),
            })
            .collect();
        let all =
            tokens.iter().enumerate().filter(|(_, tokens)| **tokens == [PatternToken::Star(true)]);
        let all: FixedBitSet = all.map(|(index, _)| index).collect();
        places.push(ResourceClass { accepts: widen(&all), witness: "*".to_owned() });
        Ok(places)
    }
}

impl<'a> StatementRef<'a> {
    /// Returns the statement's narrowest action pattern that matches this action, as its author
    /// spelt it; `None` for NotAction.
    pub fn action(&self, cell: &Cell) -> Option<&'a str> {
        let spelt = self.actions.iter().zip(&self.statement.actions.patterns);
        let matching = spelt
            .filter(|(pattern, _)| cell.accepts.contains(**pattern))
            .map(|(_, text)| text.as_str());
        if self.statement.actions.not { None } else { narrowest(matching) }
    }

    /// Returns the resource patterns of the statement for a caller.
    pub fn resources_of(&self, caller: usize) -> &[usize] {
        self.resources_by_caller.as_ref().map_or(&self.resources, |lists| &lists[caller])
    }

    /// Returns the same as [`Self::action`] for resources: the narrowest pattern that matches the
    /// whole class.
    pub fn resource<'s>(
        &self,
        space: &'s Space<'_>,
        place: &ResourceClass,
        caller: usize,
    ) -> Option<&'s str> {
        let clause = self.statement.resources.as_ref()?;
        let patterns = self.resources_of(caller).iter();
        let matching = patterns.filter(|pattern| place.accepts.contains(**pattern));
        let whole =
            matching.map(|pattern| &space.resources[*pattern]).filter(|resource| !resource.varies);
        if clause.not { None } else { narrowest(whole.map(|resource| resource.spelt.as_str())) }
    }
}

/// Returns the pattern with the most literal characters.
pub(super) fn narrowest<'a>(patterns: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    patterns.max_by_key(|pattern| (letters(pattern), std::cmp::Reverse(*pattern)))
}

pub(super) fn letters(pattern: &str) -> usize {
    pattern.chars().filter(|c| !matches!(c, '*' | '?')).count()
}

fn naming(rows: &[StatementRef<'_>], caller: &Caller) -> FixedBitSet {
    let names = |row: &StatementRef<'_>| {
        row.statement.principals.as_ref().is_none_or(|principals| principals.names(caller))
    };
    rows.iter().enumerate().filter(|(_, row)| names(row)).map(|(index, _)| index).collect()
}

fn conditions<'a>(sets: [&Set<'a>; 2]) -> Vec<&'a [ConditionTest]> {
    let policies = sets.into_iter().flat_map(|set| &set.layers).copied().flatten();
    let found =
        policies.flat_map(|policy| &policy.statements).map(|statement| &statement.conditions[..]);
    let sorted: BTreeSet<&[ConditionTest]> = found.filter(|tests| !tests.is_empty()).collect();
    sorted.into_iter().collect()
}

/// The properties of a statement besides its actions and resources.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Kinship<'a> {
    effect: Effect,
    not: bool,
    names: BTreeSet<&'a (PrincipalType, String)>,
    tests: BTreeSet<(ConditionTest, bool)>,
}

impl<'a> Kinship<'a> {
    fn of(statement: &'a Statement) -> Self {
        let principals = statement.principals.as_ref();
        Self {
            effect: statement.effect,
            not: principals.is_some_and(|principals| principals.not),
            names: principals.iter().flat_map(|principals| &principals.names).collect(),
            tests: statement
                .conditions
                .iter()
                .map(|test| plain(test, statement.variables))
                .collect(),
        }
    }
}

/// Returns the callers that the policies tell apart.
fn callers(sets: [&Set<'_>; 2], caller: Option<&Caller>) -> Vec<Representative> {
    let policies = || sets.into_iter().flat_map(|set| &set.layers).copied().flatten();
    let statements = || policies().flat_map(|policy| &policy.statements);
    let clauses: Vec<_> = statements().filter_map(|it| it.principals.as_ref()).collect();
    let questions = || CallerQuestions::from_statements(statements());
    match (clauses.is_empty(), caller) {
        (false, _) => representatives(clauses.into_iter(), &questions()),
        (true, Some(caller)) => {
            let keys = CallerKeys::of_named(caller);
            vec![Representative { caller: caller.clone(), keys }]
        }
        (true, None) => holders(&questions()),
    }
}

/// The key of a resource pattern: as it is spelt, as it is filled in, and true for variables.
type PatternKey = (String, String, bool);

/// Returns the resource patterns for each caller; one list, where they are the same for all.
fn indices_by_caller(
    statement: &Statement,
    callers: &[Representative],
    table: &mut Table<PatternKey>,
) -> Vec<Vec<usize>> {
    let patterns: Vec<&String> =
        statement.resources.iter().flat_map(|clause| &clause.patterns).collect();
    let varies = |text: &str| statement.variables && text.contains("${");
    let mut of = |keys: Option<&CallerKeys>| -> Vec<usize> {
        let index = |text: &&String| {
            let filled = match keys {
                Some(keys) if varies(text) => {
                    filled_as_known(text, VariableForm::Arn, &|key| keys.variable(key))?
                }
                _ => (*text).clone(),
            };
            let has_variables = varies(&filled);
            Some(table.index(((*text).clone(), filled, has_variables)))
        };
        patterns.iter().filter_map(index).collect()
    };
    if !patterns.iter().any(|text| varies(text)) {
        return vec![of(None)];
    }
    let mut lists: Vec<Vec<usize>> = callers.iter().map(|it| of(Some(&it.keys))).collect();
    if lists.windows(2).all(|pair| pair[0] == pair[1]) {
        lists.truncate(1);
    }
    lists
}

fn union(lists: &[Vec<usize>]) -> Vec<usize> {
    if let [one] = lists {
        return one.clone();
    }
    let all: BTreeSet<usize> = lists.iter().flatten().copied().collect();
    all.into_iter().collect()
}

impl NamedPattern {
    fn from_key((spelt, text, variables): PatternKey) -> Self {
        let ResourcePattern { tokens, varies } = pattern::resource(&text, variables);
        Self { spelt, text, tokens, varies }
    }
}

struct Table<T> {
    known: HashMap<T, usize>,
    list: Vec<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { known: HashMap::new(), list: Vec::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Table<T> {
    fn index(&mut self, item: T) -> usize {
        *self.known.entry(item).or_insert_with_key(|item| {
            self.list.push(item.clone());
            self.list.len() - 1
        })
    }
}
