//! Names the regions in which the sides differ by the words of the documents: the statement, the
//! actions and the resources.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::Value;
use crate::request::{Caller, Context, Request};
use crate::statement::{ConditionTest, Effect};

use super::comparison::{Cause, Doubt, Grant, GrantPart, Side};
use super::language::Cell;
use super::membership::MemberTest;
use super::naming::{has_known_keys, is_for_all, principal};
use super::search::Difference;
use super::space::{ActionGroup, ResourceClass, Space, StatementRef, letters, narrowest};
use super::verdict::{RegionVerdict, Through};

/// A region with its verdict.
pub(super) struct DiffRegion<'s> {
    pub group: &'s ActionGroup,
    pub place: &'s ResourceClass,
    /// An index into the space's callers.
    pub caller: usize,
    /// The statements that match the caller and the resource class.
    pub rows: Vec<usize>,
    pub verdict: std::rc::Rc<RegionVerdict>,
}

/// The identity of a grant. Grants that differ in one list only are merged.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct GrantLabel {
    cause: Cause,
    row: usize,
    what: What,
}

/// The access as the Allow of this side spells it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct What {
    allow: usize,
    principal: Option<String>,
    action: String,
    except_actions: Vec<String>,
    resource: String,
    except_resources: Vec<String>,
    /// Indices into the space's conditions, all of which must hold.
    conditions: Vec<usize>,
}

struct ExampleRequest<'s> {
    caller: &'s Caller,
    action: &'s str,
    resource: String,
    context: Context,
    already: BTreeSet<GrantPart>,
    withheld: BTreeSet<GrantPart>,
}

/// The steps that it takes to name one cell.
const LABEL_STEPS: usize = 20;

/// One direction of a comparison: the access that one side has and the other lacks.
pub(super) struct Direction<'s, 'a> {
    pub space: &'s Space<'a>,
    pub side: Side,
}

impl<'s> Direction<'s, '_> {
    pub fn doubts(&self, regions: &[DiffRegion<'s>]) -> Vec<Doubt> {
        let mut doubts = BTreeSet::new();
        for through in regions.iter().flat_map(|region| self.through(&region.verdict)) {
            if let Difference::Doubt(reason) = through.answer {
                let policy = self.space.rows[through.row].policy.to_owned();
                doubts.insert(Doubt { side: self.side, policy, reason: reason.to_owned() });
            }
        }
        doubts.into_iter().collect()
    }

    pub fn grants(&self, regions: &'s [DiffRegion<'s>]) -> Vec<Grant> {
        let mut found: BTreeMap<GrantLabel, ExampleRequest<'s>> = BTreeMap::new();
        for region in regions {
            if !self.space.budget().spend(self.through(&region.verdict).len()) {
                break;
            }
            for through in self.through(&region.verdict) {
                let Difference::Something { context, resource, caller } = &through.answer else {
                    continue;
                };
                let caller = caller.as_ref().unwrap_or(&self.space.callers[region.caller]);
                for (label, cells) in self.labels(region, through.row, through.pattern.as_deref()) {
                    let known = found.get(&label).map(|known| has_known_keys(known.caller));
                    if known == Some(true) || (known == Some(false) && !has_known_keys(caller)) {
                        continue;
                    }
                    found.insert(
                        label,
                        ExampleRequest {
                            caller,
                            action: &cells[0].witness,
                            resource: resource
                                .clone()
                                .unwrap_or_else(|| region.place.witness.clone()),
                            context: context.clone(),
                            already: BTreeSet::new(),
                            withheld: BTreeSet::new(),
                        },
                    );
                }
            }
        }
        if !found.is_empty() {
            self.qualify(&mut found, regions);
        }
        fold(found.into_iter().map(|(label, found)| self.grant(label, found)).collect())
    }

    /// Adds to each grant the parts that the other side allows, too, and the parts that this side
    /// doesn't allow either.
    fn qualify(
        &self,
        found: &mut BTreeMap<GrantLabel, ExampleRequest<'s>>,
        regions: &'s [DiffRegion<'s>],
    ) {
        let mut alike: BTreeMap<What, Vec<&mut ExampleRequest<'s>>> = BTreeMap::new();
        for (label, found) in found {
            alike.entry(label.what.clone()).or_default().push(found);
        }
        let ours = usize::from(self.is_after());
        for region in regions {
            let [shared, withheld] =
                [region.verdict.allowed[1 - ours], !region.verdict.allowed[ours]];
            if !shared && !withheld {
                continue;
            }
            if !self.space.budget().spend(8 * (region.rows.len() + region.group.cells.len())) {
                break;
            }
            let spoken = self.allows(region, true).flat_map(|row| {
                let patterns = self.patterns(&self.space.rows[row], region);
                patterns.into_iter().flat_map(move |pattern| self.labels(region, row, pattern))
            });
            for (GrantLabel { what, .. }, cells) in spoken {
                for found in alike.get_mut(&what).into_iter().flatten() {
                    if shared {
                        found.already.extend(self.already(region, &what, &cells));
                    }
                    if withheld {
                        found.withheld.extend(self.withheld(region, &what, &cells));
                    }
                }
            }
        }
    }

    fn is_after(&self) -> bool {
        self.side == Side::Gained
    }

    fn through<'v>(&self, verdict: &'v RegionVerdict) -> &'v [Through] {
        if self.is_after() { &verdict.gained } else { &verdict.lost }
    }

    fn of(
        &self,
        region: &DiffRegion<'_>,
        ours: bool,
        effect: Effect,
    ) -> impl Iterator<Item = usize> {
        let after = self.is_after() == ours;
        let matches = |row: &usize| {
            let row = &self.space.rows[*row];
            row.after == after && row.statement.effect == effect
        };
        region.rows.iter().copied().filter(matches).collect::<Vec<_>>().into_iter()
    }

    /// Returns the patterns by which a statement matches a resource class, where that depends on
    /// their variables.
    fn patterns(&self, row: &StatementRef<'_>, region: &DiffRegion<'_>) -> Vec<Option<&'s str>> {
        MemberTest::of(self.space, row, region.place, region.caller).patterns(row)
    }

    /// Returns the Condition that all of these demand together: a list, if there are several.
    fn condition(&self, conditions: &[usize]) -> Option<Value> {
        let mut conditions: Vec<Value> =
            conditions.iter().map(|index| condition(self.space.conditions[*index])).collect();
        if conditions.len() > 1 { Some(Value::from(conditions)) } else { conditions.pop() }
    }

    fn meaning(&self, row: usize) -> String {
        self.space.rows[row].statement.meaning()
    }

    /// Returns the Allows of the first layer of one side.
    fn allows(&self, region: &DiffRegion<'_>, ours: bool) -> impl Iterator<Item = usize> {
        self.of(region, ours, Effect::Allow).filter(|row| self.space.rows[*row].layer == 0)
    }

    /// Returns the first statement of one side; one without a Condition, if there is any.
    fn first(
        &self,
        region: &DiffRegion<'_>,
        ours: bool,
        effect: Effect,
        layer: Option<usize>,
    ) -> Option<usize> {
        let rows = self
            .of(region, ours, effect)
            .filter(|row| layer.is_none_or(|it| self.space.rows[*row].layer == it));
        rows.min_by_key(|row| (self.space.rows[*row].condition.is_some(), *row))
    }

    /// Returns one Allow for each boundary of one side; one without a Condition, if there is any.
    /// `None` if a boundary has no Allow.
    fn bounding(&self, region: &DiffRegion<'_>, ours: bool) -> Option<Vec<&StatementRef<'_>>> {
        let layers = self.space.layers[usize::from(self.is_after() == ours)];
        (1..layers)
            .map(|layer| {
                Some(&self.space.rows[self.first(region, ours, Effect::Allow, Some(layer))?])
            })
            .collect()
    }

    /// Keeps the Allows without which the side allows nothing: where a boundary has several with
    /// conditions, none of them is necessary.
    fn demanding<'r>(
        &self,
        region: &DiffRegion<'_>,
        ours: bool,
        rows: &[&'r StatementRef<'r>],
    ) -> Vec<&'r StatementRef<'r>> {
        let allows: Vec<usize> = self.of(region, ours, Effect::Allow).collect();
        let alone = |layer: usize| {
            allows.iter().filter(|row| self.space.rows[**row].layer == layer).count() == 1
        };
        rows.iter().copied().filter(|row| row.layer == 0 || alone(row.layer)).collect()
    }

    /// Returns the reason why the other side doesn't allow the region, and the statement that is
    /// the reason.
    fn cause(&self, region: &DiffRegion<'_>) -> (Cause, Option<usize>) {
        let theirs = usize::from(!self.is_after());
        let allows: Vec<usize> = self.of(region, false, Effect::Allow).collect();
        let lacking = |layer: usize| !allows.iter().any(|row| self.space.rows[*row].layer == layer);
        if self.space.layers[theirs] == 0 || lacking(0) {
            return (Cause::Allow, None);
        }
        // A Deny that both sides have makes no difference.
        let stays = |deny: usize| {
            self.of(region, true, Effect::Deny).any(|row| self.meaning(row) == self.meaning(deny))
        };
        if let Some(deny) = self.of(region, false, Effect::Deny).find(|deny| !stays(*deny)) {
            return (Cause::Deny, Some(deny));
        }
        match (1..self.space.layers[theirs]).find(|layer| lacking(*layer)) {
            Some(layer) => (
                Cause::Boundary,
                self.space
                    .rows
                    .iter()
                    .position(|row| row.after != self.is_after() && row.layer == layer),
            ),
            None => (Cause::Allow, None),
        }
    }

    /// Returns the names of a region, one for each action pattern that it touches, each with its
    /// actions. `pattern` is the resource pattern to name, where the Allow matches the whole region
    /// only together with others.
    fn labels(
        &self,
        region: &DiffRegion<'s>,
        allow: usize,
        pattern: Option<&str>,
    ) -> Vec<(GrantLabel, Vec<&'s Cell>)> {
        let cost = LABEL_STEPS * region.group.cells.len() + 4 * region.rows.len();
        if !self.space.budget().spend(cost) {
            return Vec::new();
        }
        let Some(bounds) = self.bounding(region, true) else { return Vec::new() };
        let (cause, other) = self.cause(region);
        let row = &self.space.rows[allow];
        // The access is what all of these match: the narrowest of them names it best.
        let deny = other.filter(|_| cause == Cause::Deny).map(|index| &self.space.rows[index]);
        let allows: Vec<&StatementRef<'_>> = [row].into_iter().chain(bounds).collect();
        let named: Vec<&StatementRef<'_>> = allows.iter().copied().chain(deny).collect();
        let (resource, except_resources) = if let Some(pattern) = pattern {
            (pattern.to_owned(), Vec::new())
        } else {
            let denied = deny.and_then(|deny| self.denied(region, deny));
            self.resource(row, &allows, denied, region)
        };
        let template = What {
            allow,
            principal: principal(row.statement, &self.space.callers[region.caller]),
            action: String::new(),
            except_actions: Vec::new(),
            resource,
            except_resources,
            conditions: conditions_of(&self.demanding(region, true, &allows)),
        };
        let mut labels: BTreeMap<GrantLabel, Vec<&'s Cell>> = BTreeMap::new();
        for cell in &region.group.cells {
            let (action, except_actions) =
                match narrowest(named.iter().filter_map(|row| row.action(cell))) {
                    Some(action) => (action.to_owned(), Vec::new()),
                    None => ("*".to_owned(), row.statement.actions.patterns.clone()),
                };
            let what = What { action, except_actions, ..template.clone() };
            labels
                .entry(GrantLabel { cause, row: other.unwrap_or(allow), what })
                .or_default()
                .push(cell);
        }
        labels.into_iter().collect()
    }

    /// Returns the narrowest pattern that matches the whole resource class, with the patterns that
    /// it excepts.
    fn resource(
        &self,
        row: &StatementRef<'_>,
        allows: &[&StatementRef<'_>],
        denied: Option<&str>,
        region: &DiffRegion<'_>,
    ) -> (String, Vec<String>) {
        let allowed =
            allows.iter().filter_map(|row| row.resource(self.space, region.place, region.caller));
        match (narrowest(allowed.chain(denied)), &row.statement.resources) {
            (Some(resource), _) => (resource.to_owned(), Vec::new()),
            (None, Some(clause)) => ("*".to_owned(), clause.patterns.clone()),
            (None, None) => (String::new(), Vec::new()),
        }
    }

    /// Returns the pattern that covers everything that the Deny makes a difference for. A pattern
    /// with variables does so only where nothing else makes a difference.
    fn denied(&self, region: &DiffRegion<'_>, deny: &StatementRef<'s>) -> Option<&'s str> {
        let whole = deny.resource(self.space, region.place, region.caller);
        let alone = || {
            let free = |row: &StatementRef<'_>| {
                row.condition.is_none()
                    && MemberTest::of(self.space, row, region.place, region.caller)
                        == MemberTest::Yes
            };
            let mut allows = self.of(region, false, Effect::Allow).map(|row| &self.space.rows[row]);
            let layers = self.space.layers[usize::from(!self.is_after())];
            let allowed: BTreeSet<usize> =
                allows.by_ref().filter(|row| free(row)).map(|row| row.layer).collect();
            allowed.len() == layers && self.of(region, false, Effect::Deny).count() == 1
        };
        match self.patterns(deny, region)[..] {
            [Some(varying)] if whole.is_none() && alone() => Some(varying),
            _ => whole,
        }
    }

    /// Returns the parts of a label that the other side allows, too; only the part without
    /// conditions, where there is one.
    fn already(
        &self,
        region: &DiffRegion<'s>,
        what: &What,
        cells: &[&Cell],
    ) -> BTreeSet<GrantPart> {
        let Some(bounds) = self.bounding(region, false) else { return BTreeSet::new() };
        let allows = self.allows(region, false).map(|row| &self.space.rows[row]);
        let mut allows: Vec<&StatementRef<'_>> = allows
            .filter(|row| {
                is_for_all(
                    row.statement,
                    &self.space.callers[region.caller],
                    what.principal.as_deref(),
                )
            })
            .collect();
        if let Some(free) = allows.iter().position(|row| row.condition.is_none()) {
            allows = vec![allows[free]];
        }
        let mut parts = BTreeSet::new();
        for row in allows {
            let rows: Vec<&StatementRef<'_>> =
                [row].into_iter().chain(bounds.iter().copied()).collect();
            let conditions = conditions_of(&self.demanding(region, false, &rows));
            for pattern in self.patterns(row, region) {
                parts.extend(self.parts(region, what, cells, &rows, pattern, &conditions));
            }
        }
        parts
    }

    /// Returns the parts of a label that a Deny of this side forbids.
    fn withheld(
        &self,
        region: &DiffRegion<'s>,
        what: &What,
        cells: &[&Cell],
    ) -> BTreeSet<GrantPart> {
        let deny = self.first(region, true, Effect::Deny, None).map(|row| &self.space.rows[row]);
        let Some(deny) = deny.filter(|deny| {
            is_for_all(
                deny.statement,
                &self.space.callers[region.caller],
                what.principal.as_deref(),
            )
        }) else {
            return BTreeSet::new();
        };
        self.parts(region, what, cells, &[deny], None, &what.conditions)
    }

    /// Returns the parts of a label that these statements match, unless a part is the label itself.
    fn parts(
        &self,
        region: &DiffRegion<'_>,
        what: &What,
        cells: &[&Cell],
        rows: &[&StatementRef<'_>],
        pattern: Option<&str>,
        conditions: &[usize],
    ) -> BTreeSet<GrantPart> {
        let narrower = |theirs: Option<&str>, ours: &str| match theirs {
            Some(theirs) if letters(theirs) >= letters(ours) => theirs.to_owned(),
            _ => ours.to_owned(),
        };
        let of_rows = pattern.or_else(|| {
            narrowest(
                rows.iter().filter_map(|row| row.resource(self.space, region.place, region.caller)),
            )
        });
        if !self.space.budget().spend(LABEL_STEPS * cells.len() + rows.len()) {
            return BTreeSet::new();
        }
        let resource = narrower(of_rows, &what.resource);
        let conditional = conditions != what.conditions;
        let mut parts = BTreeSet::new();
        for cell in cells {
            let action =
                narrower(narrowest(rows.iter().filter_map(|row| row.action(cell))), &what.action);
            if conditional
                || resource != what.resource
                || !action.eq_ignore_ascii_case(&what.action)
            {
                parts.insert(GrantPart {
                    action,
                    resource: resource.clone(),
                    condition: self.condition(conditions),
                });
            }
        }
        parts
    }

    fn grant(&self, label: GrantLabel, found: ExampleRequest<'s>) -> Grant {
        let row = &self.space.rows[label.row];
        let example = Request {
            principal: found.caller.clone(),
            action: found.action.to_owned(),
            // A policy without resources is about the resource that it is attached to, whatever its
            // name.
            resource: if row.statement.resources.is_some() {
                found.resource
            } else {
                "*".to_owned()
            },
            context: found.context,
        };
        let named = label.cause != Cause::Boundary;
        let what = label.what;
        Grant {
            principals: what.principal.into_iter().collect(),
            actions: vec![what.action],
            except_actions: what.except_actions,
            resources: if what.resource.is_empty() { Vec::new() } else { vec![what.resource] },
            except_resources: what.except_resources,
            condition: self.condition(&what.conditions),
            already: found.already.into_iter().collect(),
            withheld: found.withheld.into_iter().collect(),
            cause: label.cause,
            denied_if: row
                .condition
                .filter(|_| label.cause == Cause::Deny)
                .map(|it| condition(self.space.conditions[it])),
            policy: row.policy.to_owned(),
            statement: if named { row.statement.number } else { 0 },
            sid: row.statement.sid.clone().filter(|_| named),
            example,
        }
    }
}

fn conditions_of(rows: &[&StatementRef<'_>]) -> Vec<usize> {
    let mut conditions = Vec::new();
    for condition in rows.iter().filter_map(|row| row.condition) {
        if !conditions.contains(&condition) {
            conditions.push(condition);
        }
    }
    conditions
}

/// Merges grants that differ only in the actions, only in the resources, or only in the principals.
fn fold(grants: Vec<Grant>) -> Vec<Grant> {
    let grants = merged(grants, |grant| &mut grant.actions);
    let grants = merged(grants, |grant| &mut grant.resources);
    let mut grants = merged(grants, |grant| &mut grant.principals);
    for parts in grants.iter_mut().flat_map(|grant| [&mut grant.already, &mut grant.withheld]) {
        parts.sort();
        parts.dedup();
    }
    grants
}

fn merged(grants: Vec<Grant>, list: fn(&mut Grant) -> &mut Vec<String>) -> Vec<Grant> {
    let mut kept: Vec<Grant> = Vec::new();
    let mut places: HashMap<Alike, usize> = HashMap::new();
    for mut grant in grants {
        let mine = std::mem::take(list(&mut grant));
        let place = *places.entry(Alike::of(&grant)).or_insert(kept.len());
        if place == kept.len() {
            *list(&mut grant) = mine;
            kept.push(grant);
        } else {
            list(&mut kept[place]).extend(mine);
            kept[place].already.extend(grant.already);
            kept[place].withheld.extend(grant.withheld);
        }
    }
    for grant in &mut kept {
        let all = list(grant);
        all.sort_by_cached_key(|text| (text.to_lowercase(), text.clone()));
        all.dedup();
    }
    kept
}

/// The properties that two grants must share to be merged.
#[derive(PartialEq, Eq, Hash)]
struct Alike {
    lists: [Vec<String>; 5],
    conditions: [Option<String>; 2],
    cause: Cause,
    policy: String,
    statement: usize,
}

impl Alike {
    fn of(grant: &Grant) -> Self {
        let lists = [
            &grant.principals,
            &grant.actions,
            &grant.except_actions,
            &grant.resources,
            &grant.except_resources,
        ];
        let text = |condition: &Option<Value>| condition.as_ref().map(Value::to_string);
        Self {
            lists: lists.map(Vec::clone),
            conditions: [text(&grant.condition), text(&grant.denied_if)],
            cause: grant.cause,
            policy: grant.policy.clone(),
            statement: grant.statement,
        }
    }
}

/// Returns the tests as a Condition element.
fn condition(tests: &[ConditionTest]) -> Value {
    let mut operators = serde_json::Map::new();
    for test in tests {
        let keys = operators
            .entry(test.operator.to_string())
            .or_insert_with(|| Value::Object(serde_json::Map::new()));
        let values = match &test.values[..] {
            [one] => Value::from(one.as_str()),
            many => Value::from(many.to_vec()),
        };
        keys[&test.key] = values;
    }
    Value::Object(operators)
}
