//! Holds a plan against itself: a saved plan may have been edited, with a digest that fits. What it
//! does must be what it shows, and what a manifest could have asked for.
//!
//! - Steps follow from changes, and each change has its steps.
//! - The calls of a step are those that its kind makes of the values that the change shows.
//! - Names and places are such as a manifest may have.
//!
//! Two statements of a plan are not checked here: who gains access by it, and that the objects were
//! as it says when it was made. The second one is checked against AWS before each step.

mod calls;
mod copies;
mod shown;

use std::collections::BTreeMap;
use std::path::{Component, Path};

use super::build::summarise;
use super::{Plan, PlanHeader, PlanMode, Step, StepId, StepPhase};
use crate::address::Address;
use crate::diff::{ChangeAction, ResourceChange};
use crate::manifest;

use copies::CopiedPolicies;

/// The part of a plan that contradicts another part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanContradiction {
    #[error("its header holds {what}, which no manifest gives: {why}")]
    Header { what: &'static str, why: String },
    #[error("{0} stands in it twice")]
    Twice(String),
    #[error("no change asks for the step `{0}`")]
    Unasked(StepId),
    #[error("the change of {0} has no step that makes it")]
    Undone(Address),
    #[error("the step `{0}` waits for a step that does not come before it")]
    Order(StepId),
    #[error("the calls of the step `{0}` are not those of the change that it shows")]
    Calls(StepId),
    #[error("the step `{step}` has another {field} than the change that it shows")]
    Field { step: StepId, field: String },
    #[error("its summary counts other changes or calls than it holds")]
    Summary,
}

type StepsById<'p> = BTreeMap<&'p StepId, &'p Step>;

/// Returns the first contradiction of a plan with itself.
pub fn check(plan: &Plan) -> Result<(), PlanContradiction> {
    check_header(&plan.header)?;
    let changes = changes_by_address(plan)?;
    let steps = check_order(plan)?;
    let copies = CopiedPolicies::find_all(plan);
    let is_renaming = shown::is_renaming(plan);
    for step in &plan.steps {
        if copies.has_step(step) {
            continue;
        }
        let asked = changes.get(&step.id.address).copied();
        let change = asked.filter(|change| asks_for(change, step.id.phase, plan.header.mode));
        let change = change.ok_or_else(|| PlanContradiction::Unasked(step.id.clone()))?;
        shown::check_values(change, step, is_renaming)?;
        calls::check_calls(&steps, change, step)?;
    }
    for change in &plan.changes {
        let has = |phase: &StepPhase| {
            steps.contains_key(&StepId { address: change.address.clone(), phase: *phase })
        };
        if !needed_phases(change.action).iter().all(has) {
            return Err(PlanContradiction::Undone(change.address.clone()));
        }
    }
    let is_counted = plan.summary == summarise(&plan.changes, &plan.steps);
    if is_counted { Ok(()) } else { Err(PlanContradiction::Summary) }
}

fn check_header(header: &PlanHeader) -> Result<(), PlanContradiction> {
    let fault = |what| move |why| PlanContradiction::Header { what, why };
    for name in header.former_names.iter().chain([&header.manifest]) {
        manifest::check_name(name).map_err(fault("a manifest's name"))?;
    }
    manifest::check_account(&header.account).map_err(fault("an account"))?;
    manifest::check_region(&header.region).map_err(fault("a region"))?;
    let places = header.store.iter().chain([&header.manifest_file]);
    for place in places.filter(|place| !place.contains("://")) {
        let climbs = Path::new(place).components().any(|part| part == Component::ParentDir);
        if climbs {
            let why = format!("`{place}` leads out of the project");
            return Err(fault("a path")(why));
        }
    }
    Ok(())
}

fn changes_by_address(
    plan: &Plan,
) -> Result<BTreeMap<&Address, &ResourceChange>, PlanContradiction> {
    let mut changes = BTreeMap::new();
    for change in &plan.changes {
        if changes.insert(&change.address, change).is_some() {
            return Err(PlanContradiction::Twice(change.address.to_string()));
        }
    }
    Ok(changes)
}

/// Returns all steps by their ids. Each comes after those that it waits for.
fn check_order(plan: &Plan) -> Result<StepsById<'_>, PlanContradiction> {
    let mut steps = StepsById::new();
    for step in &plan.steps {
        if !step.after.iter().all(|earlier| steps.contains_key(earlier)) {
            return Err(PlanContradiction::Order(step.id.clone()));
        }
        if steps.insert(&step.id, step).is_some() {
            return Err(PlanContradiction::Twice(step.id.to_string()));
        }
    }
    Ok(steps)
}

/// Returns true if a change may have a step of this phase.
fn asks_for(change: &ResourceChange, phase: StepPhase, mode: PlanMode) -> bool {
    use StepPhase::{Create, Delete, Record, Stash, Update};
    match change.action {
        ChangeAction::Create | ChangeAction::Replace => matches!(phase, Delete | Create),
        ChangeAction::Update => matches!(phase, Update | Stash),
        ChangeAction::Delete => phase == Delete,
        ChangeAction::Adopt => phase == Record,
        // Files may be left of an object that is gone.
        ChangeAction::Forget => {
            phase == Record || (phase == Delete && mode != PlanMode::RefreshOnly)
        }
        ChangeAction::Nothing => phase == Record && mode != PlanMode::RefreshOnly,
        ChangeAction::Refuse | ChangeAction::Blocked => false,
    }
}

/// Returns the phases without which a change is not made.
fn needed_phases(action: ChangeAction) -> &'static [StepPhase] {
    match action {
        ChangeAction::Create => &[StepPhase::Create],
        ChangeAction::Update => &[StepPhase::Update],
        ChangeAction::Replace => &[StepPhase::Delete, StepPhase::Create],
        ChangeAction::Delete => &[StepPhase::Delete],
        ChangeAction::Nothing
        | ChangeAction::Adopt
        | ChangeAction::Forget
        | ChangeAction::Refuse
        | ChangeAction::Blocked => &[],
    }
}
