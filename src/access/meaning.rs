//! Tells what a change means for access, by the facts of its kind and of its fields. The comparison
//! of policies shows who gains by documents; by a new key, or by a setting, only these facts tell.

use crate::address::{Address, PrincipalKind};
use crate::diff::{ChangeAction, FieldDiff, ResourceChange};
use crate::kind::{self, AccessRole, FieldAccess, FieldEffect, JudgedChange, Kind};
use crate::value::Value;

/// The meaning of a change for access.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessMeaning {
    /// No effect.
    None,
    /// The plan's access tells the effect.
    Compared,
    /// Access may be lost, or policies that are not known may ask for it; the facts show no gain.
    Open,
    /// Somebody gains, or may gain; the texts are the reasons, for people.
    Gain(Vec<String>),
}

impl AccessMeaning {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Gain(one), Self::Gain(other)) => Self::Gain([one, other].concat()),
            (one, other) => one.max(other),
        }
    }
}

/// A gain, or a possible gain, that no comparison of policies shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UncomparedGain<'a> {
    /// The change that causes it.
    pub address: &'a Address,
    pub reason: String,
}

/// Returns the gains that no comparison of policies shows, in order of address.
pub fn uncompared_gains<'a>(
    changes: &'a [ResourceChange],
    account: &str,
) -> Vec<UncomparedGain<'a>> {
    let gains = |change: &'a ResourceChange| {
        let reasons = match meaning(change, account) {
            AccessMeaning::Gain(reasons) => reasons,
            AccessMeaning::None | AccessMeaning::Compared | AccessMeaning::Open => Vec::new(),
        };
        reasons.into_iter().map(|reason| UncomparedGain { address: &change.address, reason })
    };
    changes.iter().flat_map(gains).collect()
}

/// Returns the meaning of a change. `account` is the manifest's.
pub fn meaning(change: &ResourceChange, account: &str) -> AccessMeaning {
    let kind = kind::kind_of(change.address.kind());
    of_action(kind, change).and(of_fields(kind, change, account))
}

/// Returns the meaning of the action by itself.
fn of_action(kind: &dyn Kind, change: &ResourceChange) -> AccessMeaning {
    let facts = kind.facts();
    match (change.action, facts.access) {
        (ChangeAction::Nothing | ChangeAction::Adopt | ChangeAction::Forget, _)
        | (_, AccessRole::None) => AccessMeaning::None,
        (ChangeAction::Create | ChangeAction::Replace, AccessRole::Credential) => {
            let owner = facts.parent.map(|parent| format!("{}.", parent.kind)).unwrap_or_default();
            let name = change.address.name();
            AccessMeaning::Gain(vec![format!(
                "a new key is made: who holds it may do all that {owner}{name} may do"
            )])
        }
        // A rotated key is where the old one was. A deleted principal or resource can't be used any
        // more, whatever the policies say.
        (ChangeAction::Refuse | ChangeAction::Blocked, _)
        | (ChangeAction::Update | ChangeAction::Delete, AccessRole::Credential)
        | (
            ChangeAction::Delete | ChangeAction::Replace,
            AccessRole::Principal(PrincipalKind::User | PrincipalKind::Role) | AccessRole::Resource,
        ) => AccessMeaning::Open,
        (ChangeAction::Update, _) => AccessMeaning::None,
        // A new principal may do nothing; but a role has a trust policy, which says who may assume
        // it.
        (ChangeAction::Create, AccessRole::Principal(_)) if facts.document.is_none() => {
            AccessMeaning::None
        }
        (ChangeAction::Create, AccessRole::Principal(_) | AccessRole::Resource)
        | (
            ChangeAction::Delete | ChangeAction::Replace,
            AccessRole::Principal(PrincipalKind::Group),
        )
        | (
            ChangeAction::Create | ChangeAction::Delete | ChangeAction::Replace,
            AccessRole::Policy
            | AccessRole::PolicyAttachment(_)
            | AccessRole::InlinePolicy(_)
            | AccessRole::Membership,
        ) => AccessMeaning::Compared,
    }
}

/// Returns the meaning of the fields that change.
fn of_fields(kind: &dyn Kind, change: &ResourceChange, account: &str) -> AccessMeaning {
    let is_new = match change.action {
        ChangeAction::Create => true,
        ChangeAction::Update | ChangeAction::Replace => false,
        ChangeAction::Nothing
        | ChangeAction::Delete
        | ChangeAction::Adopt
        | ChangeAction::Forget
        | ChangeAction::Refuse
        | ChangeAction::Blocked => return AccessMeaning::None,
    };
    let meanings = change.fields.iter().map(|diff| of_field(kind, diff, is_new, account));
    meanings.fold(AccessMeaning::None, AccessMeaning::and)
}

fn of_field(kind: &dyn Kind, diff: &FieldDiff, is_new: bool, account: &str) -> AccessMeaning {
    let name = &diff.change.field;
    let gain = |reason: &str| AccessMeaning::Gain(vec![format!("{name} changes: {reason}")]);
    let unknown = || gain("its meaning for access is not known");
    let Some(field) = kind.fields().iter().find(|field| field.name == name) else {
        return unknown();
    };
    match field.access {
        // A new object is compared as a whole.
        FieldAccess::Compared | FieldAccess::Searched if is_new => AccessMeaning::None,
        FieldAccess::Harmless => AccessMeaning::None,
        FieldAccess::Compared => AccessMeaning::Compared,
        FieldAccess::Searched => AccessMeaning::Open,
        FieldAccess::Unknown => unknown(),
        FieldAccess::Judged(judge) => {
            let value = |value: Option<&Value>| value.cloned().unwrap_or_else(field.default);
            let before = (!is_new).then(|| value(diff.change.before.as_deref()));
            let after = value(diff.change.after.as_deref());
            match judge(&JudgedChange { before: before.as_ref(), after: &after, account }) {
                FieldEffect::None => AccessMeaning::None,
                FieldEffect::Loss => AccessMeaning::Open,
                FieldEffect::Gain(reason) if is_new => {
                    AccessMeaning::Gain(vec![format!("{name}: {reason}")])
                }
                FieldEffect::Gain(reason) => gain(reason),
            }
        }
    }
}
