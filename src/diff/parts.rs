//! Lets the parts of an object follow it: policies, memberships, keys and profiles of a principal
//! that is no longer the manifest's are not the manifest's either.

use std::collections::BTreeSet;

use super::{ChangeAction, Obstruction, PlannedChange, Reason, ResourceChange};
use crate::address::Address;
use crate::kind::{self, Recovery};
use crate::model::{Desired, Recorded};

/// Forgets the recorded parts of objects that were handed over, and keeps the parts of refused
/// objects as they are. A part whose parent neither the manifest nor the state names is the
/// manifest's own: it recorded making it.
pub fn follow_parents(decisions: &mut [PlannedChange<'_>], desired: &Desired, recorded: &Recorded) {
    let with = |actions: [ChangeAction; 2]| -> BTreeSet<Address> {
        let changes = decisions.iter().map(|it| &it.change);
        let are = changes.filter(|it| actions.contains(&it.action) && is_foreign(&it.reason));
        are.map(|it| it.address.clone()).collect()
    };
    // What is let go of is updated: its tags are removed.
    let mut gone = with([ChangeAction::Forget, ChangeAction::Update]);
    let mut refused = with([ChangeAction::Refuse, ChangeAction::Refuse]);
    // Nobody knows whose an object is that could not be read.
    let unknown = decisions.iter().map(|it| &it.change);
    let unknown = unknown.filter(|it| matches!(it.reason, Reason::Unknown(_)));
    refused.extend(unknown.map(|it| it.address.clone()));
    if gone.is_empty() && refused.is_empty() {
        return;
    }
    // A key follows its user, and a profile its key.
    loop {
        let before = gone.len() + refused.len();
        for decision in decisions.iter_mut() {
            let change = &mut decision.change;
            let parents = parents(&change.address, desired, recorded);
            let is_removed = change.action == ChangeAction::Delete;
            if let Some(parent) = parents.iter().find(|it| is_removed && gone.contains(*it)) {
                change.action = ChangeAction::Forget;
                change.reason = Reason::ParentHandedOver(parent.clone());
                change.fields.clear();
                change.before_it.clear();
                decision.clearing.clear();
                gone.insert(change.address.clone());
            } else if let Some(parent) = parents.iter().find(|it| refused.contains(*it)) {
                block(change, parent);
                refused.insert(change.address.clone());
            }
        }
        if gone.len() + refused.len() == before {
            break;
        }
    }
    keep_what_is_in_use(decisions, &gone);
}

fn block(change: &mut ResourceChange, parent: &Address) {
    match change.action {
        ChangeAction::Create
        | ChangeAction::Update
        | ChangeAction::Replace
        | ChangeAction::Delete
        | ChangeAction::Adopt => {
            change.action = ChangeAction::Blocked;
            change.reason = Reason::DependsOn(parent.clone());
        }
        ChangeAction::Nothing
        | ChangeAction::Forget
        | ChangeAction::Refuse
        | ChangeAction::Blocked => {}
    }
}

/// Refuses to delete what is still on an object that is no longer the manifest's, or has it as its
/// boundary or member: the step that would have removed that is not taken.
fn keep_what_is_in_use(decisions: &mut [PlannedChange<'_>], gone: &BTreeSet<Address>) {
    for decision in decisions {
        let change = &mut decision.change;
        let is_gone = |it: &&Obstruction| it.owner.as_ref().is_some_and(|it| gone.contains(it));
        if change.action == ChangeAction::Delete
            && let Some(obstruction) = change.before_it.iter().find(is_gone)
        {
            change.reason = Reason::Obstacle(format!(
                "AWS does not delete it while it is in use by an object that is no longer this \
                    manifest's: {}: remove it there first",
                obstruction.what
            ));
            change.action = ChangeAction::Refuse;
            change.fields.clear();
            decision.clearing.clear();
        }
    }
}

/// Returns true if the reason is that the object is not, or no longer, the manifest's.
fn is_foreign(reason: &Reason) -> bool {
    reason.is_other_owner() || matches!(reason, Reason::LetGo | Reason::ParentHandedOver(_))
}

/// Returns the objects that an object is a part of, or belongs to, as recorded and as declared.
fn parents(address: &Address, desired: &Desired, recorded: &Recorded) -> Vec<Address> {
    let facts = kind::kind_of(address.kind()).facts();
    let recorded = recorded.get(address).map(|it| (&it.attributes, &it.depends_on));
    let declared = desired.resources.get(address).map(|it| (&it.attributes, &it.depends_on));
    let mut found = Vec::new();
    for (attributes, depends_on) in recorded.into_iter().chain(declared) {
        found.extend(facts.parent.map(|parent| parent.address(attributes)));
        let owners = depends_on.iter().filter(|it| facts.recovery == Recovery::With(it.kind()));
        found.extend(owners.cloned());
    }
    found
}
