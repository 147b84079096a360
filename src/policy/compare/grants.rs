//! Boxes in which the sides differ, said in the words of the documents: which statement, which of its actions, on which
//! of its resources.

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::request::{Caller, Context, Request};
use crate::policy::statement::{Effect, PrincipalType, Statement};
use crate::value::Value;

use super::language::Cell;
use super::membership::Membership;
use super::people::is_account;
use super::space::{Group, Place, Row, Space, letters, narrowest};
use super::verdict::{Answer, Through, Verdict};
use super::{Cause, Doubt, Grant, Part, Side};

/// A box with its verdict.
pub(super) struct Region<'s> {
    pub group: &'s Group,
    pub place: &'s Place,
    pub caller: &'s Caller,
    /// Those that are about the caller and the place.
    pub rows: Vec<(usize, Membership<'s>)>,
    pub verdict: std::rc::Rc<Verdict>,
}

/// What a grant is told apart by: everything about it but its actions, of which several are told together.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Label {
    cause: Cause,
    row: usize,
    principal: Option<String>,
    action: String,
    except_actions: Vec<String>,
    resource: String,
    except_resources: Vec<String>,
    condition: Option<String>,
}

struct Found<'s> {
    caller: &'s Caller,
    action: &'s str,
    resource: String,
    context: Context,
    already: BTreeSet<Part>,
}

/// One direction of a comparison: what `after`, or the other side, has more.
pub(super) struct Direction<'s, 'a> {
    pub space: &'s Space<'a>,
    pub side: Side,
}

impl<'s, 'a> Direction<'s, 'a> {
    pub fn doubts(&self, regions: &[Region<'s>]) -> Vec<Doubt> {
        let mut doubts = BTreeSet::new();
        for through in regions.iter().flat_map(|region| self.through(&region.verdict)) {
            if let Answer::Doubt(reason) = through.answer {
                let policy = self.space.rows[through.row].policy.to_owned();
                doubts.insert(Doubt { side: self.side, policy, reason: reason.to_owned() });
            }
        }
        doubts.into_iter().collect()
    }

    pub fn grants(&self, regions: &[Region<'s>]) -> Vec<Grant> {
        let mut found: BTreeMap<Label, Found<'s>> = BTreeMap::new();
        for region in regions {
            for through in self.through(&region.verdict) {
                let Answer::Something { context, resource } = &through.answer else { continue };
                for (label, cells) in self.labels(region, through.row, through.pattern.as_deref()) {
                    found.entry(label).or_insert_with(|| Found {
                        caller: region.caller,
                        action: &cells[0].witness,
                        resource: resource.clone().unwrap_or_else(|| region.place.witness.clone()),
                        context: context.clone(),
                        already: BTreeSet::new(),
                    });
                }
            }
        }
        if found.is_empty() {
            return Vec::new();
        }
        for region in regions.iter().filter(|region| region.verdict.allowed[usize::from(!self.is_after())]) {
            for (row, membership) in self.allows(region, true) {
                for pattern in membership.patterns(&self.space.rows[row]) {
                    for (label, cells) in self.labels(region, row, pattern) {
                        if let Some(found) = found.get_mut(&label) {
                            found.already.extend(self.already(region, &label, &cells));
                        }
                    }
                }
            }
        }
        fold(found.into_iter().map(|(label, found)| self.grant(label, found)).collect())
    }

    fn is_after(&self) -> bool {
        self.side == Side::Gained
    }

    fn through<'v>(&self, verdict: &'v Verdict) -> &'v [Through] {
        if self.is_after() { &verdict.gained } else { &verdict.lost }
    }

    fn of<'r>(
        &self,
        region: &'r Region<'s>,
        ours: bool,
        effect: Effect,
    ) -> impl Iterator<Item = (usize, &'r Membership<'s>)> {
        let after = self.is_after() == ours;
        let rows = region.rows.iter().map(|(row, membership)| (*row, membership));
        rows.filter(move |(row, _)| {
            let row = &self.space.rows[*row];
            row.after == after && row.statement.effect == effect
        })
    }

    /// The Allows of the principal's own layer.
    fn allows<'r>(&self, region: &'r Region<'s>, ours: bool) -> impl Iterator<Item = (usize, &'r Membership<'s>)> {
        self.of(region, ours, Effect::Allow).filter(|(row, _)| self.space.rows[*row].layer == 0)
    }

    /// Why the other side doesn't allow it: with the Deny, and with the row that names it where that isn't the Allow.
    fn cause<'r>(&self, region: &'r Region<'s>) -> (Cause, Option<(&'s Row<'a>, &'r Membership<'s>)>, Option<usize>) {
        let theirs = usize::from(!self.is_after());
        let lacking =
            |layer: usize| !self.of(region, false, Effect::Allow).any(|(row, _)| self.space.rows[row].layer == layer);
        if self.space.layers[theirs] == 0 || lacking(0) {
            return (Cause::Allow, None, None);
        }
        if let Some((deny, membership)) = self.of(region, false, Effect::Deny).next() {
            return (Cause::Deny, Some((&self.space.rows[deny], membership)), Some(deny));
        }
        match (1..self.space.layers[theirs]).find(|layer| lacking(*layer)) {
            Some(layer) => (Cause::Boundary, None, self.boundary(layer)),
            None => (Cause::Allow, None, None),
        }
    }

    /// Any row of the other side's boundary.
    fn boundary(&self, layer: usize) -> Option<usize> {
        self.space.rows.iter().position(|row| row.after != self.is_after() && row.layer == layer)
    }

    /// What a box is called, one for each action pattern that it touches; with those of its actions. `pattern`: which of
    /// the resources, where the Allow is about all of the box only together with others.
    fn labels(&self, region: &Region<'s>, allow: usize, pattern: Option<&str>) -> Vec<(Label, Vec<&'s Cell>)> {
        let (cause, deny, other) = self.cause(region);
        let row = &self.space.rows[allow];
        let (resource, except_resources) = match pattern {
            Some(pattern) => (pattern.to_owned(), Vec::new()),
            None => self.resource(
                row,
                deny.and_then(|(deny, membership)| self.denied(region, deny, membership)),
                region.place,
            ),
        };
        let template = Label {
            cause,
            row: other.unwrap_or(allow),
            principal: principal(row.statement, region.caller),
            action: String::new(),
            except_actions: Vec::new(),
            resource,
            except_resources,
            condition: row.condition.clone(),
        };
        let mut labels: BTreeMap<Label, Vec<&'s Cell>> = BTreeMap::new();
        for cell in &region.group.cells {
            let mine = row.action(cell);
            let theirs = deny.and_then(|(deny, _)| deny.action(cell));
            let (action, except_actions) = match narrowest(mine.into_iter().chain(theirs)) {
                Some(action) => (action.to_owned(), Vec::new()),
                None => ("*".to_owned(), row.statement.actions.patterns.clone()),
            };
            labels.entry(Label { action, except_actions, ..template.clone() }).or_default().push(cell);
        }
        labels.into_iter().collect()
    }

    /// A pattern that holds all of the place that is meant, with what it excepts.
    fn resource(&self, row: &Row<'_>, denied: Option<&str>, place: &Place) -> (String, Vec<String>) {
        let mine = row.resource(self.space, place);
        match (narrowest(mine.into_iter().chain(denied)), &row.statement.resources) {
            (Some(resource), _) => (resource.to_owned(), Vec::new()),
            (None, Some(clause)) => ("*".to_owned(), clause.patterns.clone()),
            (None, None) => (String::new(), Vec::new()),
        }
    }

    /// The pattern within which is whatever the Deny makes the difference for. One with variables is that only where
    /// nothing else does.
    fn denied(&self, region: &Region<'s>, deny: &Row<'_>, membership: &Membership<'s>) -> Option<&'s str> {
        let whole = deny.resource(self.space, region.place);
        let alone = || {
            let free = |(index, membership): &(usize, &Membership<'s>)| {
                self.space.rows[*index].condition.is_none() && **membership == Membership::Yes
            };
            let allows = self.of(region, false, Effect::Allow).filter(free);
            let allowed: BTreeSet<usize> = allows.map(|(index, _)| self.space.rows[index].layer).collect();
            allowed.len() == self.space.layers[usize::from(!self.is_after())]
                && self.of(region, false, Effect::Deny).count() == 1
        };
        match membership.patterns(deny)[..] {
            [Some(varying)] if whole.is_none() && alone() => Some(varying),
            _ => whole,
        }
    }

    /// The parts of a label that the other side allows as well: where it does so without conditions, that alone.
    fn already(&self, region: &Region<'s>, label: &Label, cells: &[&Cell]) -> BTreeSet<Part> {
        let mut allows: Vec<_> =
            self.allows(region, false).map(|(row, membership)| (&self.space.rows[row], membership)).collect();
        if let Some(free) = allows.iter().position(|(row, _)| row.condition.is_none()) {
            allows = vec![allows[free]];
        }
        let narrower = |theirs: Option<&str>, ours: &str| match theirs {
            Some(theirs) if letters(theirs) >= letters(ours) => theirs.to_owned(),
            _ => ours.to_owned(),
        };
        let mut parts = BTreeSet::new();
        for (row, membership) in allows {
            let conditional = row.condition != label.condition;
            for pattern in membership.patterns(row) {
                let resource = narrower(pattern.or_else(|| row.resource(self.space, region.place)), &label.resource);
                for cell in cells {
                    let action = narrower(row.action(cell), &label.action);
                    if conditional || resource != label.resource || !action.eq_ignore_ascii_case(&label.action) {
                        parts.insert(Part { action, resource: resource.clone(), condition: row.statement.condition() });
                    }
                }
            }
        }
        parts
    }

    fn grant(&self, label: Label, found: Found<'s>) -> Grant {
        let row = &self.space.rows[label.row];
        let example = Request {
            principal: found.caller.clone(),
            action: found.action.to_owned(),
            // A policy without resources is about the one thing that it belongs to, whatever that is called.
            resource: if row.statement.resources.is_some() { found.resource } else { "*".to_owned() },
            context: found.context,
        };
        let named = label.cause != Cause::Boundary;
        Grant {
            principals: label.principal.into_iter().collect(),
            actions: vec![label.action],
            except_actions: label.except_actions,
            resources: if label.resource.is_empty() { Vec::new() } else { vec![label.resource] },
            except_resources: label.except_resources,
            condition: label.condition.and_then(|text| serde_json::from_str(&text).ok()),
            already: found.already.into_iter().collect(),
            cause: label.cause,
            policy: row.policy.to_owned(),
            statement: if named { row.statement.number } else { 0 },
            sid: row.statement.sid.clone().filter(|_| named),
            example,
        }
    }
}

/// As the policy names the caller.
fn principal(statement: &Statement, caller: &Caller) -> Option<String> {
    let principals = statement.principals.as_ref()?;
    if principals.not {
        let mut names: Vec<&str> = principals.names.iter().map(|(_, name)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        return Some(format!("everyone but {}", names.join(", ")));
    }
    let is = |kind: PrincipalType, name: &str| kind == caller.kind && name == caller.name;
    let named = principals.names.iter().find(|(kind, name)| is(*kind, name));
    let account = || {
        principals.names.iter().find(|(kind, name)| {
            *kind == PrincipalType::AWS
                && is_account(name)
                && caller.name.contains(name.split(':').nth(4).unwrap_or(name))
        })
    };
    Some(named.or_else(account).map_or_else(|| "*".to_owned(), |(_, name)| name.clone()))
}

/// Grants that differ only in the action, or only in the resource or the principal, are told together.
fn fold(grants: Vec<Grant>) -> Vec<Grant> {
    let grants = merged(grants, |grant| &mut grant.actions);
    let grants = merged(grants, |grant| &mut grant.resources);
    merged(grants, |grant| &mut grant.principals)
}

fn merged(grants: Vec<Grant>, list: fn(&mut Grant) -> &mut Vec<String>) -> Vec<Grant> {
    let mut kept: Vec<Grant> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for mut grant in grants {
        let mine = std::mem::take(list(&mut grant));
        let place = *places.entry(without_example(&grant)).or_insert(kept.len());
        if place == kept.len() {
            *list(&mut grant) = mine;
            kept.push(grant);
        } else {
            list(&mut kept[place]).extend(mine);
            kept[place].already.extend(grant.already);
        }
    }
    for grant in &mut kept {
        let all = list(grant);
        all.sort_by_cached_key(|text| (text.to_lowercase(), text.clone()));
        all.dedup();
        grant.already.sort();
        grant.already.dedup();
    }
    kept
}

/// What two grants must have in common to be told together.
fn without_example(grant: &Grant) -> String {
    let mut value = serde_json::to_value(grant).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("example");
        fields.remove("already");
    }
    value.to_string()
}

impl Statement {
    /// Its Condition, as it would be written.
    pub(super) fn condition(&self) -> Option<Value> {
        let mut operators = serde_json::Map::new();
        for test in &self.conditions {
            let keys =
                operators.entry(test.operator.to_string()).or_insert_with(|| Value::Object(serde_json::Map::new()));
            let values = match &test.values[..] {
                [one] => Value::from(one.as_str()),
                many => Value::from(many.to_vec()),
            };
            keys[&test.key] = values;
        }
        (!operators.is_empty()).then_some(Value::Object(operators))
    }
}
