//! All requests over the alphabets at once: what a statement is about is a set of actions, of
//! resources and of callers, and sets are bits. What decides whether a bit is set is the same as
//! for single requests.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

use iam_policy::compare::Grant;
use iam_policy::request::{Caller, Context, Request};
use iam_policy::statement::PrincipalType;

use super::alphabet::{Key, Kind, MOST_RESOURCES, World};
use super::condition::holds;
use super::dice::Dice;
use super::document::{Document, List, Pair, Principals, Statement, Test};
use super::pattern::{Pattern, action_matches, resource_matches, spelt};
use super::request::Circumstances;

/// Resources by their place in the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resources([u64; MOST_RESOURCES / 64]);

/// The requests that a statement, or a grant of a comparison, covers.
pub struct Area {
    callers: u32,
    actions: u64,
    /// None: whatever the one thing is that the policy belongs to.
    within: Option<Vec<String>>,
    except: Vec<String>,
    tests: Vec<Test>,
    variables: bool,
}

/// Requests of one caller in the same circumstances, of actions that the same areas are about.
pub struct Cell {
    pub caller: usize,
    /// An index into the universe's contexts.
    pub context: usize,
    pub actions: u64,
    /// Of each area, the resources that it is about here.
    pub reach: Vec<Resources>,
}

pub struct Universe {
    pub world: &'static World,
    keys: Vec<&'static Key>,
    /// The values that the keys have: of each key, which of its values.
    contexts: Vec<Vec<usize>>,
}

/// A cache of pattern matches.
#[derive(Default)]
pub struct Memory {
    actions: HashMap<(Kind, String), u64>,
    resources: HashMap<(Kind, String), Resources>,
}

impl Resources {
    pub const ALL: Self = Self([u64::MAX; MOST_RESOURCES / 64]);

    pub fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }

    pub fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & other.0[word]))
    }

    pub fn but(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & !other.0[word]))
    }

    pub fn is_empty(self) -> bool {
        self.0 == [0; MOST_RESOURCES / 64]
    }

    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..MOST_RESOURCES).filter(move |index| self.0[index / 64] & (1 << (index % 64)) != 0)
    }

    fn matching(kind: Kind, pattern: &Pattern) -> Self {
        let mut set = Self::default();
        for (index, parts) in World::of(kind).parts.iter().enumerate() {
            if pattern.matches(parts) {
                set.0[index / 64] |= 1 << (index % 64);
            }
        }
        set
    }
}

impl Memory {
    fn actions(&mut self, kind: Kind, list: &List) -> u64 {
        let world = World::of(kind);
        let all = u64::MAX >> (64 - world.actions.len());
        let mut matched = 0;
        for item in &list.items {
            matched |= *self.actions.entry((kind, item.clone())).or_insert_with(|| {
                let matching = world
                    .actions
                    .iter()
                    .enumerate()
                    .filter(|(_, action)| action_matches(item, action));
                matching.map(|(index, _)| 1 << index).sum()
            });
        }
        if list.not { all & !matched } else { matched }
    }

    fn resources(
        &mut self,
        kind: Kind,
        pattern: &str,
        circumstances: Option<&Circumstances>,
    ) -> Resources {
        let Some(spelt) = spelt(pattern, circumstances) else { return Resources::default() };
        *self.resources.entry((kind, spelt)).or_insert_with(|| {
            let pattern = Pattern::of(pattern, circumstances).expect("its variables have values");
            Resources::matching(kind, &pattern)
        })
    }
}

fn callers(world: &World, is_in: impl Fn(&Caller) -> bool) -> u32 {
    world
        .callers
        .iter()
        .enumerate()
        .filter(|(_, caller)| is_in(caller))
        .map(|(index, _)| 1 << index)
        .sum()
}

impl Area {
    pub fn of(kind: Kind, document: &Document, statement: &Statement, memory: &mut Memory) -> Self {
        let is_named = |caller: &Caller| {
            statement.principals.as_ref().is_none_or(|it| it.naming(caller).is_some())
        };
        let (within, except) = match &statement.resources {
            Some(list) if list.not => (None, list.items.clone()),
            Some(list) => (Some(list.items.clone()), Vec::new()),
            None => (None, Vec::new()),
        };
        Self {
            callers: callers(World::of(kind), is_named),
            actions: memory.actions(kind, &statement.actions),
            within,
            except,
            tests: statement.tests.clone(),
            variables: document.variables,
        }
    }

    /// As a reader would take it.
    pub fn of_grant(kind: Kind, grant: &Grant, variables: bool, memory: &mut Memory) -> Self {
        let list = |items: &[String]| List { not: false, items: items.to_vec() };
        let actions = memory.actions(kind, &list(&grant.actions))
            & !memory.actions(kind, &list(&grant.except_actions));
        Self {
            callers: callers(World::of(kind), |caller| names(&grant.principals, caller)),
            actions,
            within: (!grant.resources.is_empty()).then(|| grant.resources.clone()),
            except: grant.except_resources.clone(),
            tests: grant.condition.as_ref().map(tests).unwrap_or_default(),
            variables,
        }
    }

    fn keys(&self) -> impl Iterator<Item = &'static Key> {
        let texts = self.within.iter().flatten().chain(&self.except);
        let texts =
            texts.chain(self.tests.iter().flat_map(|test| &test.values)).filter(|_| self.variables);
        let variables = texts.flat_map(|text| text.split("${").skip(1)).filter_map(|rest| {
            let name = rest.split(['}', ',']).next().unwrap_or_default();
            (!["*", "?", "$"].contains(&name)).then(|| Key::named(name))
        });
        variables.chain(self.tests.iter().map(|test| Key::named(&test.key)))
    }

    fn varies(&self) -> bool {
        self.variables
            && self.within.iter().flatten().chain(&self.except).any(|text| text.contains("${"))
    }

    fn extent(&self, kind: Kind, circumstances: &Circumstances, memory: &mut Memory) -> Resources {
        let filling = self.variables.then_some(circumstances);
        let mut union = |patterns: &[String]| {
            let sets = patterns.iter().map(|pattern| memory.resources(kind, pattern, filling));
            sets.fold(Resources::default(), Resources::or)
        };
        let within = self
            .within
            .as_ref()
            .map_or(Resources::matching(kind, &Pattern::Everything), |it| union(it));
        within.but(union(&self.except))
    }
}

/// The words of a grant for everybody of a type.
const EVERYBODY_OF_A_TYPE: &[(&str, &str)] = &[
    ("every AWS service", "Service"),
    ("every identity provider", "Federated"),
    ("every canonical user", "CanonicalUser"),
];

/// Matches the names of a grant's principals with a caller.
fn names(principals: &[String], caller: &Caller) -> bool {
    let of_all_types = |name: &str| {
        let of_type = |(words, _): &&(&str, &str)| *words == name;
        if let Some((_, kind)) = EVERYBODY_OF_A_TYPE.iter().find(of_type) {
            return vec![(*kind, "*".to_owned())];
        }
        if name == "*" {
            return vec![("AWS", name.to_owned())];
        }
        ["AWS", "Service", "Federated", "CanonicalUser"]
            .map(|kind| (kind, name.to_owned()))
            .to_vec()
    };
    principals.is_empty()
        || principals.iter().any(|text| {
            let (not, names) = match text.strip_prefix("everyone but ") {
                Some(names) => (true, names.split(", ").flat_map(of_all_types).collect()),
                None => (false, of_all_types(text)),
            };
            Principals { not, names }.naming(caller).is_some()
        })
}

/// Matches a grant, as a reader would take it, with its own example.
pub fn grant_names(grant: &Grant, variables: bool) -> bool {
    let request = &grant.example;
    let circumstances = Circumstances::of(request);
    let acts = |patterns: &[String]| {
        patterns.iter().any(|pattern| action_matches(pattern, &request.action))
    };
    let covers = |patterns: &[String]| {
        let filling = variables.then_some(&circumstances);
        patterns.iter().any(|pattern| resource_matches(pattern, &request.resource, filling))
    };
    let tests = grant.condition.as_ref().map(tests).unwrap_or_default();
    names(&grant.principals, &request.principal)
        && acts(&grant.actions)
        && !acts(&grant.except_actions)
        && (grant.resources.is_empty() || covers(&grant.resources))
        && !covers(&grant.except_resources)
        && tests.iter().all(|test| holds(test, &circumstances, variables))
}

/// A grant's Condition, read back.
fn tests(condition: &serde_json::Value) -> Vec<Test> {
    if let Some(all) = condition.as_array() {
        return all.iter().flat_map(tests).collect();
    }
    let operators = condition
        .as_object()
        .expect("a Condition is an object, or a list of those that all must hold");
    let keys = operators.iter().flat_map(|(operator, keys)| {
        keys.as_object()
            .expect("an operator holds keys")
            .iter()
            .map(move |(key, values)| (operator, key, values))
    });
    keys.map(|(operator, key, values)| {
        let values = values.as_array().cloned().unwrap_or_else(|| vec![values.clone()]);
        let values = values
            .iter()
            .map(|value| value.as_str().expect("values are texts").to_owned())
            .collect();
        Test { operator: operator.clone(), key: key.clone(), values }
    })
    .collect()
}

impl Universe {
    /// Every context in which areas can differ: all values of all keys that they speak of.
    pub fn about(kind: Kind, areas: &[Area]) -> Self {
        let mut keys: Vec<&'static Key> = Vec::new();
        for key in areas.iter().flat_map(Area::keys) {
            if !keys.iter().any(|known| known.name == key.name) {
                keys.push(key);
            }
        }
        let mut contexts = vec![Vec::new()];
        for key in &keys {
            let longer = |context: &Vec<usize>| {
                (0..=key.found.len())
                    .map(|value| [&context[..], &[value]].concat())
                    .collect::<Vec<_>>()
            };
            contexts = contexts.iter().flat_map(longer).collect();
        }
        Self { world: World::of(kind), keys, contexts }
    }

    fn context(&self, index: usize) -> Context {
        let values = self.keys.iter().zip(&self.contexts[index]).filter_map(|(key, value)| {
            let values = key.found.get(*value)?;
            Some((key.name.to_owned(), values.iter().map(ToString::to_string).collect()))
        });
        values.collect()
    }

    pub fn request(&self, cell: &Cell, action: usize, resource: usize) -> Request {
        Request {
            principal: self.world.callers[cell.caller].clone(),
            action: self.world.actions[action].clone(),
            resource: self.world.resources[resource].clone(),
            context: self.context(cell.context),
        }
    }

    /// Any request, or by chance one that an area is about, but for its conditions.
    pub fn any_request(
        &self,
        kind: Kind,
        areas: &[Area],
        dice: &mut Dice,
        memory: &mut Memory,
    ) -> Request {
        let mut caller = dice.below(self.world.callers.len());
        let mut action = dice.below(self.world.actions.len());
        let mut resource = dice.below(self.world.resources.len());
        let context = dice.below(self.contexts.len());
        if !areas.is_empty() && dice.one_in(2) {
            let area = dice.pick(areas);
            let callers: Vec<usize> =
                (0..32).filter(|index| area.callers & (1 << index) != 0).collect();
            let actions: Vec<usize> =
                (0..64).filter(|index| area.actions & (1 << index) != 0).collect();
            caller = if callers.is_empty() { caller } else { *dice.pick(&callers) };
            action = if actions.is_empty() { action } else { *dice.pick(&actions) };
            let circumstances = self.circumstances(caller, &self.contexts[context]);
            let resources: Vec<usize> = area.extent(kind, &circumstances, memory).iter().collect();
            resource = if resources.is_empty() { resource } else { *dice.pick(&resources) };
        }
        self.request(&Cell { caller, context, actions: 0, reach: Vec::new() }, action, resource)
    }

    /// The requests, those taken together for which everything is the same.
    pub fn cells(&self, kind: Kind, areas: &[Area], memory: &mut Memory) -> Vec<Cell> {
        let mut cells = Vec::new();
        let actions = self.action_classes(areas);
        let mut known: BTreeSet<(u32, Vec<Vec<String>>, bool)> = BTreeSet::new();
        for (index, caller) in self.world.callers.iter().enumerate() {
            let derived = Circumstances::derived(caller);
            let names =
                areas.iter().enumerate().filter(|(_, area)| area.callers & (1 << index) != 0);
            let names: u32 = names.map(|(area, _)| 1 << area).sum();
            let keys = self.keys.iter().filter(|key| key.is_derived());
            let values = keys.map(|key| derived.values(key.name).to_vec()).collect();
            let has_tags = caller.kind != PrincipalType::Everyone;
            if !known.insert((names, values, has_tags)) {
                continue;
            }
            for (context, reach) in self.reaches(kind, index, areas, memory) {
                cells.extend(actions.iter().map(|(class, members)| {
                    Cell {
                        caller: index,
                        context,
                        actions: *members,
                        reach: reach
                            .iter()
                            .zip(class)
                            .map(|(set, acts)| if *acts { *set } else { Resources::default() })
                            .collect(),
                    }
                }));
            }
        }
        cells
    }

    /// Actions that the same areas are about, with which these are.
    fn action_classes(&self, areas: &[Area]) -> Vec<(Vec<bool>, u64)> {
        let mut classes: Vec<(Vec<bool>, u64)> = Vec::new();
        for index in 0..self.world.actions.len() {
            let acts: Vec<bool> =
                areas.iter().map(|area| area.actions & (1 << index) != 0).collect();
            match classes.iter_mut().find(|(known, _)| *known == acts) {
                Some((_, members)) => *members |= 1 << index,
                None => classes.push((acts, 1 << index)),
            }
        }
        classes
    }

    /// Of each area, the resources that it is about for the caller, once for each context that
    /// makes a difference.
    fn reaches(
        &self,
        kind: Kind,
        caller: usize,
        areas: &[Area],
        memory: &mut Memory,
    ) -> Vec<(usize, Vec<Resources>)> {
        let derived = Circumstances::derived(&self.world.callers[caller]);
        let truths: Vec<Vec<Vec<bool>>> = areas
            .iter()
            .map(|area| area.tests.iter().map(|test| self.truth(test, area, &derived)).collect())
            .collect();
        let fixed: Vec<Option<Resources>> = areas
            .iter()
            .map(|area| (!area.varies()).then(|| area.extent(kind, &derived, memory)))
            .collect();
        let mut known: HashMap<Vec<Resources>, usize> = HashMap::new();
        let mut order = Vec::new();
        for (index, context) in self.contexts.iter().enumerate() {
            if !self.is_possible(caller, context) {
                continue;
            }
            let full = OnceCell::new();
            let full = || full.get_or_init(|| self.circumstances(caller, context));
            let mut reach = Vec::with_capacity(areas.len());
            for (area, (truths, fixed)) in areas.iter().zip(truths.iter().zip(&fixed)) {
                let met = area.callers & (1 << caller) != 0
                    && area.tests.iter().zip(truths).all(|(test, truth)| match truth[..] {
                        [] => holds(test, full(), area.variables),
                        _ => truth[context[self.place(&test.key)]],
                    });
                reach.push(match (met, fixed) {
                    (false, _) => Resources::default(),
                    (true, Some(set)) => *set,
                    (true, None) => area.extent(kind, full(), memory),
                });
            }
            known.entry(reach).or_insert_with_key(|reach| {
                order.push((index, reach.clone()));
                index
            });
        }
        order
    }

    fn is_possible(&self, caller: usize, context: &[usize]) -> bool {
        let caller = &self.world.callers[caller];
        self.keys.iter().zip(context).all(|(key, value)| key.is_possible(*value, caller))
    }

    /// Evaluates a test for each value of its key. Empty: it depends on more than that.
    fn truth(&self, test: &Test, area: &Area, derived: &Circumstances) -> Vec<bool> {
        if area.variables && test.values.iter().any(|value| value.contains("${")) {
            return Vec::new();
        }
        let key = self.keys[self.place(&test.key)];
        let with = |value: usize| derived.clone().with(key, value);
        (0..=key.found.len()).map(|value| holds(test, &with(value), area.variables)).collect()
    }

    fn place(&self, key: &str) -> usize {
        self.keys
            .iter()
            .position(|known| known.name.eq_ignore_ascii_case(key))
            .expect("all keys are known")
    }

    fn circumstances(&self, caller: usize, context: &[usize]) -> Circumstances {
        let derived = Circumstances::derived(&self.world.callers[caller]);
        self.keys.iter().zip(context).fold(derived, |all, (key, value)| all.with(key, *value))
    }
}

/// The areas of all statements of a pair, each with its side and its layer and whether it allows.
pub fn areas(
    kind: Kind,
    pair: &Pair,
    memory: &mut Memory,
) -> (Vec<Area>, Vec<(bool, usize, bool)>) {
    let mut areas = Vec::new();
    let mut places = Vec::new();
    for (after, layers) in [(false, &pair.before), (true, &pair.after)] {
        for (layer, documents) in layers.iter().enumerate() {
            for document in documents {
                for statement in &document.statements {
                    areas.push(Area::of(kind, document, statement, memory));
                    places.push((after, layer, statement.allow));
                }
            }
        }
    }
    (areas, places)
}
