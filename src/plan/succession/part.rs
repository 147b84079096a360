//! The parts of a principal's access: attached and inline policies, and memberships.

use crate::address::{Address, KindName, Principal};
use crate::diff::{ChangeAction, PlannedChange};
use crate::kind::{self, ATTACHED_POLICIES, AccessRole, GROUPS_OF_USER};
use crate::plan::{StepId, StepPhase};
use crate::policy::{document_size, limit};
use crate::value::{Attributes, Value, text_of};

use super::{Moment, Steps};

/// A policy on a principal, or a user's membership in a group.
pub(super) struct AccessPart<'d> {
    pub decision: &'d PlannedChange<'d>,
    pub holder: Principal,
    pub group: Option<Principal>,
}

impl<'d> AccessPart<'d> {
    pub fn from_decision(decision: &'d PlannedChange<'d>) -> Option<Self> {
        let address = &decision.change.address;
        let (holder, rest) = address.name().split_once('/')?;
        let (holder, group) = match kind::kind_of(address.kind()).facts().access {
            AccessRole::PolicyAttachment(kind) | AccessRole::InlinePolicy(kind) => {
                (Principal::new(kind, holder), None)
            }
            AccessRole::Membership => (Principal::user(holder), Some(Principal::group(rest))),
            AccessRole::Principal(_)
            | AccessRole::Policy
            | AccessRole::Credential
            | AccessRole::Resource
            | AccessRole::None => return None,
        };
        Some(Self { decision, holder, group })
    }

    pub fn address(&self) -> &'d Address {
        &self.decision.change.address
    }

    /// Returns the kind and the holder. A quota applies to each pair of these.
    pub fn place(&self) -> (KindName, &Principal) {
        (self.address().kind(), &self.holder)
    }

    pub fn step_id(&self, phase: StepPhase) -> StepId {
        StepId { address: self.address().clone(), phase }
    }

    pub fn is_made(&self, steps: &Steps) -> bool {
        steps.contains_key(&self.step_id(StepPhase::Create))
    }

    pub fn is_removed(&self, steps: &Steps) -> bool {
        steps.contains_key(&self.step_id(StepPhase::Delete))
    }

    pub fn is_edited(&self, steps: &Steps) -> bool {
        steps.contains_key(&self.step_id(StepPhase::Update))
    }

    /// Returns the ARN of the attached policy, before or after the plan.
    pub fn policy_arn(&self, side: Moment) -> Option<&'d str> {
        let arn = text_of(attributes(self.decision, side)?, "policy_arn");
        (!arn.is_empty()).then_some(arn)
    }

    /// Returns true if it exists before the plan, or after it.
    pub fn exists(&self, side: Moment) -> bool {
        attributes(self.decision, side).is_some()
    }

    /// Returns the share of its quota that it takes, and the quota. Inline policies share a quota
    /// of characters.
    pub fn weight(&self, side: Moment) -> (usize, usize) {
        let there = attributes(self.decision, side);
        match (kind::kind_of(self.address().kind()).facts().document, &self.group) {
            (Some(it), _) => {
                let text = there.and_then(|it_is| it_is.get(it.field));
                (text.map_or(0, |text| document_size(text, it.usage)), limit(it.usage))
            }
            (None, Some(_)) => (usize::from(there.is_some()), GROUPS_OF_USER),
            (None, None) => (usize::from(there.is_some()), ATTACHED_POLICIES),
        }
    }
}

/// Returns the attributes of an object before the plan, or after it; `None` if it doesn't exist
/// then. Refused and blocked changes don't happen.
pub(super) fn attributes<'d>(
    decision: &'d PlannedChange<'_>,
    side: Moment,
) -> Option<&'d Attributes> {
    let seen = decision.seen.as_ref().map(|seen| &seen.attributes);
    let wanted = decision.wanted.as_deref();
    match (side, decision.change.action) {
        // What is forgotten stays in AWS, if it is there.
        (Moment::Before, _)
        | (Moment::After, ChangeAction::Refuse | ChangeAction::Blocked | ChangeAction::Forget) => {
            seen
        }
        (Moment::After, ChangeAction::Delete) => None,
        (Moment::After, ChangeAction::Nothing | ChangeAction::Adopt) => seen.or(wanted),
        (Moment::After, ChangeAction::Create | ChangeAction::Update | ChangeAction::Replace) => {
            wanted
        }
    }
}

/// Returns an object's own document before the plan, or after it.
pub(super) fn document<'d>(decision: &'d PlannedChange<'_>, side: Moment) -> Option<&'d Value> {
    let field = kind::kind_of(decision.change.address.kind()).facts().document?.field;
    let there = attributes(decision, side)?;
    // An update that leaves the document alone may not name it.
    let before = || attributes(decision, Moment::Before)?.get(field);
    let found = match (side, decision.change.action) {
        (Moment::After, ChangeAction::Update) => there.get(field).or_else(before),
        (Moment::Before | Moment::After, _) => there.get(field),
    };
    found.filter(|document| !document.is_null())
}
