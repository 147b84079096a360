//! The steps of temporary copies of policies, which no change shows: a copy exists only during the
//! run, and the plan's notes name it. They are held against what the plan makes for a policy that
//! it replaces under its name.

use std::collections::BTreeMap;

use crate::address::{Address, Principal};
use crate::kind::{self, AccessRole};
use crate::plan::succession::{TemporaryObject, copy_of_policy};
use crate::plan::{Plan, Step, StepPhase};
use crate::value::{Attributes, text_of};

/// The objects that exist only while a plan is applied, by their addresses.
pub(super) struct CopiedPolicies(BTreeMap<Address, TemporaryObject>);

impl CopiedPolicies {
    /// Returns the copies of the policies that the plan removes before it makes one of the same
    /// name, and their attachments to the principals from which it detaches these policies.
    pub(super) fn find_all(plan: &Plan) -> Self {
        let made: BTreeMap<String, &Attributes> = plan
            .steps
            .iter()
            .filter(|step| step.id.phase == StepPhase::Create && is_policy(&step.id.address))
            .map(|step| (text_of(&step.wanted, "name").to_ascii_lowercase(), &step.wanted))
            .collect();
        let gone = || {
            let steps = plan.steps.iter().filter(|step| step.id.phase == StepPhase::Delete);
            steps.filter_map(|step| Some((&step.id.address, &step.before.as_deref()?.attributes)))
        };
        let mut found = BTreeMap::new();
        for (_, policy) in gone().filter(|(address, _)| is_policy(address)) {
            let name = text_of(policy, "name").to_ascii_lowercase();
            let Some(copy) = made.get(&name).and_then(|new| copy_of_policy(policy, new)) else {
                continue;
            };
            for (attachment, held) in gone() {
                if let Some(holder) = holder(attachment, held)
                    && text_of(held, "policy_arn") == text_of(policy, "arn")
                {
                    let object = copy.attachment(&holder);
                    found.insert(object.address().clone(), object);
                }
            }
            found.insert(copy.address().clone(), copy);
        }
        Self(found)
    }

    /// Returns true if the step is one of a temporary copy, exactly as a plan makes it.
    pub(super) fn has_step(&self, step: &Step) -> bool {
        self.0.get(&step.id.address).is_some_and(|object| object.has_step(step))
    }
}

fn is_policy(address: &Address) -> bool {
    kind::kind_of(address.kind()).facts().access == AccessRole::Policy
}

/// Returns the principal that has an attachment; `None` for other objects.
fn holder(address: &Address, held: &Attributes) -> Option<Principal> {
    match kind::kind_of(address.kind()).facts().access {
        AccessRole::PolicyAttachment(kind) => {
            Some(Principal::new(kind, text_of(held, kind.as_str())))
        }
        AccessRole::Principal(_)
        | AccessRole::Policy
        | AccessRole::InlinePolicy(_)
        | AccessRole::Membership
        | AccessRole::Credential
        | AccessRole::Resource
        | AccessRole::None => None,
    }
}
