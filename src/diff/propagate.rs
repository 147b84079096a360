//! Applies the effects of decisions on other objects: exclusive owners, parts of replaced objects,
//! dependents of refused objects.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::fields::all_gone;
use super::moved::other_case;
use super::predecessors::Predecessors;
use super::takeover::{TakeoverLinks, Takeovers};
use super::{ChangeAction, FieldDiff, PlannedChange, Reason, ResourceChange};
use crate::address::{Address, Principal};
use crate::kind::{self, AccessRole, Attached, FieldForm, Kind, LiveObject};
use crate::model::{Dependents, Desired, Recorded, hanging_on};
use crate::policy::statements;
use crate::value::{Attributes, FieldChange, SharedValue, Value, flag_of, text_of};

/// Returns the recorded or declared object for that policy on that principal.
pub fn known<'a>(
    holder: &Principal,
    attached: &Attached,
    desired: &'a Desired,
    recorded: &'a Recorded,
) -> Option<&'a Address> {
    let address = attached.address(holder, &|_| None);
    let exact = recorded.get_key_value(&address).map(|(address, _)| address);
    if let Some(known) =
        exact.or_else(|| desired.resources.get_key_value(&address).map(|(address, _)| address))
    {
        return Some(known);
    }
    let kind = attached.kind(holder.kind);
    let (attribute, value) = attached.identity();
    let recorded = hanging_on(recorded, kind, &holder.name)
        .map(|(address, entry)| (address, &entry.attributes));
    let declared = hanging_on(&desired.resources, kind, &holder.name)
        .map(|(address, it)| (address, &it.attributes));
    let found = |(_, attributes): &(&Address, &Attributes)| {
        text_of(attributes, holder.kind.as_str()) == holder.name
            && text_of(attributes, attribute) == value
    };
    recorded.chain(declared).find(found).map(|(address, _)| address)
}

/// Adds removals for principals with `exclusive: true`: all other policies on them are removed.
pub fn exclusive(decisions: &mut Vec<PlannedChange<'_>>, desired: &Desired, recorded: &Recorded) {
    let mut more = Vec::new();
    for decision in decisions.iter() {
        let address = &decision.change.address;
        let (Some(holder), Some(seen)) = (address.principal(), &decision.seen) else { continue };
        let Some(resource) = desired.resources.get(address) else { continue };
        if matches!(decision.change.action, ChangeAction::Refuse | ChangeAction::Blocked) {
            continue;
        }
        // Memberships are also listed if only the state has the exclusive setting, so the
        // manifest's setting decides.
        let is_exclusive = |it: &Attached| match it.exclusive_by() {
            Some(setting) => flag_of(&resource.attributes, setting),
            None => resource.exclusive,
        };
        let unknown = seen
            .attached
            .iter()
            .filter(|it| is_exclusive(it) && known(&holder, it, desired, recorded).is_none());
        more.extend(unknown.map(|attached| removal(&holder, attached)));
    }
    decisions.extend(more);
    decisions.sort_by(|one, other| one.change.address.cmp(&other.change.address));
}

fn removal(holder: &Principal, attached: &Attached) -> PlannedChange<'static> {
    let address = attached.address(holder, &|_| None);
    let attributes = attached.attributes(holder);
    let kind = kind::kind_of(address.kind());
    PlannedChange {
        change: ResourceChange {
            address,
            action: ChangeAction::Delete,
            reason: Reason::Exclusive,
            moved_from: None,
            fields: all_gone(kind, &attributes, &attributes),
            unchanged: 0,
            drift: Vec::new(),
            left_alone: Vec::new(),
            before_it: Vec::new(),
        },
        seen: Some(Cow::Owned(LiveObject {
            attributes: attributes.clone(),
            ..LiveObject::default()
        })),
        wanted: None,
        recorded: None,
        clearing: Vec::new(),
        carried: Attributes::new(),
        successor: None,
        shifts: false,
        restated: false,
        takes: Takeovers::new(),
    }
}

/// Replaces the parts of a replaced object, and rewrites documents that name it as a principal: IAM
/// turns the ARN of a deleted user or role into its unique id, which the new one doesn't have.
pub fn replacements(decisions: &mut [PlannedChange<'_>], desired: &Desired) {
    let arn = |attributes: Option<&Attributes>| {
        attributes.map(|it| text_of(it, "arn").to_owned()).unwrap_or_default()
    };
    let moves: BTreeMap<Address, Replacement> = decisions
        .iter()
        .filter(|decision| {
            matches!(decision.change.action, ChangeAction::Replace | ChangeAction::Update)
        })
        .map(|decision| {
            let before = arn(decision.seen.as_ref().map(|seen| &seen.attributes));
            let (after, replaced) =
                (arn(decision.wanted.as_deref()), decision.change.action == ChangeAction::Replace);
            (decision.change.address.clone(), Replacement { before, after, replaced })
        })
        .filter(|(_, it)| it.replaced || it.before != it.after)
        .collect();
    for decision in decisions {
        let address = decision.change.address.clone();
        let Some(resource) = desired.resources.get(&address) else { continue };
        let kind = kind::kind_of(address.kind());
        for (parent, it) in
            resource.depends_on.iter().filter_map(|parent| moves.get_key_value(parent))
        {
            if it.replaced && kind.part_of_parent() {
                replace_with_parent(decision, kind, parent);
            } else if parent.principal().is_some_and(|it| it.kind.makes_requests()) {
                rewrite_principals(decision, kind, parent, it);
            }
        }
    }
}

/// The ARNs before and after of a replaced object, or of a user whose path changes: another path is
/// another ARN.
struct Replacement {
    before: String,
    after: String,
    replaced: bool,
}

fn replace_with_parent(decision: &mut PlannedChange<'_>, kind: &dyn Kind, parent: &Address) {
    let there = decision.seen.is_some();
    if there
        && matches!(
            decision.change.action,
            ChangeAction::Nothing | ChangeAction::Update | ChangeAction::Adopt
        )
    {
        decision.change.action = ChangeAction::Replace;
        decision.change.reason = Reason::ParentReplaced(parent.clone());
        if let Some(wanted) = &decision.wanted {
            decision.change.fields = super::fields::all_new(kind, wanted)
                .into_iter()
                .map(|field| FieldDiff {
                    change: FieldChange { before: field.change.after.clone(), ..field.change },
                    ..field
                })
                .collect();
        }
    }
}

fn rewrite_principals(
    decision: &mut PlannedChange<'_>,
    kind: &dyn Kind,
    parent: &Address,
    it: &Replacement,
) {
    if !matches!(decision.change.action, ChangeAction::Nothing | ChangeAction::Update) {
        return;
    }
    let Some(wanted) = &decision.wanted else { return };
    for field in kind.fields().iter().filter(|field| field.form == FieldForm::Document) {
        // By the time that this object is changed, AWS shows the new ARN in the document, or the
        // unique id of the deleted principal.
        let live = decision.seen.as_ref().and_then(|seen| seen.attributes.get(field.name));
        decision.shifts |= live.is_some_and(|document| names_principal(document, &it.before));
        let named = |document: &&SharedValue| it.replaced && names_principal(document, &it.after);
        let Some(document) = wanted.shared(field.name).filter(named) else { continue };
        if decision.change.fields.iter().all(|diff| diff.change.field != field.name) {
            decision.change.action = ChangeAction::Update;
            decision.change.reason = Reason::ParentReplaced(parent.clone());
            let value = Some(document.clone());
            decision.change.fields.push(FieldDiff {
                change: FieldChange {
                    field: field.name.to_owned(),
                    before: value.clone(),
                    after: value,
                },
                form: field.form,
                forces_replacement: None,
            });
        }
    }
}

fn names_principal(document: &Value, arn: &str) -> bool {
    statements(document).any(|(_, statement)| {
        ["Principal", "NotPrincipal"]
            .iter()
            .filter_map(|element| statement.get(element))
            .any(|principal| mentions(principal, arn))
    })
}

fn mentions(value: &Value, arn: &str) -> bool {
    match value {
        Value::String(text) => text == arn,
        Value::Array(list) => list.iter().any(|value| mentions(value, arn)),
        Value::Object(map) => map.values().any(|value| mentions(value, arn)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Refuses to replace a policy while it is the boundary of a managed principal that stays. IAM
/// deletes no policy in use; and without its boundary, even for a moment, the holder could do more.
pub fn boundaries(decisions: &mut [PlannedChange<'_>], desired: &Desired) {
    let replaced = |decision: &&PlannedChange<'_>| decision.change.action == ChangeAction::Replace;
    let replaced: BTreeSet<Address> =
        decisions.iter().filter(replaced).map(|it| it.change.address.clone()).collect();
    for change in decisions.iter_mut().map(|decision| &mut decision.change) {
        let bounded = |holder: &&Address| {
            let declared = holder.principal().and_then(|_| desired.resources.get(*holder));
            declared.is_some_and(|it| it.depends_on.contains(&change.address))
                && !replaced.contains(*holder)
        };
        if change.action == ChangeAction::Replace
            && let Some(holder) =
                change.before_it.iter().filter_map(|it| it.owner.as_ref()).find(bounded)
        {
            change.reason = Reason::Obstacle(format!(
                "it must be replaced, and is the permissions boundary of {holder}, which relayctl \
                    does not remove: declare the policy under another name, and set that for \
                    {holder}"
            ));
            change.action = ChangeAction::Refuse;
            change.fields.clear();
        }
    }
}

/// Refuses to give a policy a name in another case while it is the boundary of a principal that
/// stays: the policy has to go before the one with the new name can be made.
pub fn boundaries_in_another_case(decisions: &mut [PlannedChange<'_>], desired: &Desired) {
    let created: Vec<Address> = decisions
        .iter()
        .filter(|it| it.change.action == ChangeAction::Create)
        .map(|it| it.change.address.clone())
        .collect();
    let mut kept: BTreeMap<Address, Address> = BTreeMap::new();
    for change in decisions.iter_mut().map(|it| &mut it.change) {
        let role = kind::kind_of(change.address.kind()).facts().access;
        if change.action != ChangeAction::Delete || role != AccessRole::Policy {
            continue;
        }
        let Some(new) = other_case(&change.address, &created) else { continue };
        let bounded =
            change.before_it.iter().filter_map(|it| it.owner.as_ref()).find(|owner| {
                owner.principal().is_some() && desired.resources.contains_key(*owner)
            });
        if let Some(holder) = bounded {
            change.reason = Reason::Obstacle(format!(
                "IAM does not distinguish its name from that of {new}, so that it must go first, \
                    and it is the permissions boundary of {holder}, which relayctl does not \
                    remove: keep its name, or choose another one"
            ));
            change.action = ChangeAction::Refuse;
            change.fields.clear();
            kept.insert(new.clone(), change.address.clone());
        }
    }
    for change in decisions.iter_mut().map(|it| &mut it.change) {
        if let Some(old) = kept.get(&change.address) {
            change.action = ChangeAction::Blocked;
            change.reason = Reason::DependsOn(old.clone());
        }
    }
}

/// Blocks the dependents of refused or unknown objects; a removal is blocked by the objects that
/// depend on it.
pub(super) fn hindrances(
    decisions: &mut [PlannedChange<'_>],
    desired: &Desired,
    recorded: &Recorded,
    predecessors: &Predecessors<'_>,
) {
    let dependents = Dependents::of(recorded);
    let links = TakeoverLinks::between(decisions);
    loop {
        let stuck: BTreeSet<Address> = decisions
            .iter()
            .filter(|decision| {
                matches!(decision.change.action, ChangeAction::Refuse | ChangeAction::Blocked)
            })
            .map(|decision| decision.change.address.clone())
            .collect();
        let mut moved = false;
        for decision in decisions.iter_mut() {
            let ResourceChange { address, action, .. } = &decision.change;
            let linked = || links.hindrance(address, *action, &stuck);
            let awaited = || predecessors.hindrance(address, *action, recorded, &stuck);
            let cause = hindered_by(&decision.change, &stuck, desired, &dependents);
            if let Some(cause) = cause.or_else(linked).or_else(awaited) {
                decision.change.action = ChangeAction::Blocked;
                decision.change.reason = Reason::DependsOn(cause);
                moved = true;
            }
        }
        if !moved {
            return;
        }
    }
}

fn hindered_by(
    change: &ResourceChange,
    stuck: &BTreeSet<Address>,
    desired: &Desired,
    dependents: &Dependents<'_>,
) -> Option<Address> {
    let dependencies =
        || desired.resources.get(&change.address).into_iter().flat_map(|it| &it.depends_on);
    let dependents = || dependents.on(&change.address);
    match change.action {
        ChangeAction::Create | ChangeAction::Update | ChangeAction::Adopt => {
            dependencies().find(|address| stuck.contains(address)).cloned()
        }
        ChangeAction::Replace => {
            dependencies().chain(dependents()).find(|address| stuck.contains(address)).cloned()
        }
        ChangeAction::Delete => dependents().find(|address| stuck.contains(address)).cloned(),
        ChangeAction::Nothing
        | ChangeAction::Forget
        | ChangeAction::Refuse
        | ChangeAction::Blocked => None,
    }
}
