//! Applying a plan under the lock, to the state that the plan was made for.

use super::error::EngineError;
use super::lock::{LockOptions, StateLock};
use super::state::new_state;
use super::workspace::{Workspace, check_owner, verify_account};
use crate::apply::{self, ApplyOptions};
use crate::event::{EventSink, RunOutcome};
use crate::model::{Recorded, RecordedObject, Status};
use crate::plan::{Plan, StepPhase};
use crate::port::Provider;
use crate::state::State;

/// A plan that can be applied: the state is locked, and it is the state that the plan was made for.
pub struct ReadyPlan<'a> {
    plan: &'a Plan,
    lock: &'a StateLock<'a>,
    state: State,
}

impl<'a> ReadyPlan<'a> {
    /// Loads the state under the lock, and makes sure that the plan was made for it.
    pub async fn check(plan: &'a Plan, lock: &'a StateLock<'a>) -> Result<Self, EngineError> {
        let (header, store) = (&plan.header, lock.store());
        let mut state = store.load_state().await?;
        if let Some(state) = &mut state {
            if header.former_names.contains(&state.manifest) {
                state.manifest.clone_from(&header.manifest);
            }
            check_owner(state, &header.manifest, &header.account, &store.location())?;
        }
        if let Some(reason) = apply::stale(plan, state.as_ref()) {
            let manifest_file = header.manifest_file.clone();
            return Err(EngineError::Stale { manifest_file, reason });
        }
        let state = state.unwrap_or_else(|| first_state(plan));
        Ok(Self { plan, lock, state })
    }

    /// Applies the plan, and records each step when it is done. Failures are in the outcome.
    pub async fn perform(
        self,
        provider: &dyn Provider,
        events: &dyn EventSink,
        options: ApplyOptions<'_>,
    ) -> RunOutcome {
        let Self { plan, lock, mut state } = self;
        state.manifest_file = Some(plan.header.manifest_file.clone());
        apply::apply_until(plan, provider, lock.store(), state, events, options).await
    }
}

/// Applies a plan. It makes sure that the credentials are for the plan's account, takes the lock on
/// the state, makes sure that the plan was made for that state, runs the steps, and releases the
/// lock. A plan without steps needs no lock. The brakes are not checked again:
/// [`PreparedPlan::check_brakes`](super::PreparedPlan::check_brakes) does that.
///
/// An error means that nothing was changed. A failed step is not an error: the outcome names it.
pub async fn apply_plan(
    plan: &Plan,
    workspace: &Workspace<'_>,
    lock: &LockOptions,
    events: &dyn EventSink,
    options: ApplyOptions<'_>,
) -> Result<RunOutcome, EngineError> {
    if plan.steps.is_empty() {
        return Ok(RunOutcome::default());
    }
    verify_account(workspace.provider, &plan.header.account).await?;
    let lock = StateLock::take(workspace.store, lock, workspace.observer).await?;
    let outcome = match ReadyPlan::check(plan, &lock).await {
        Ok(ready) => Ok(ready.perform(workspace.provider, events, options).await),
        Err(error) => Err(error),
    };
    lock.release().await;
    outcome
}

/// Returns the first state. It records the objects that the plan found by their tags and deletes.
/// If this run stops halfway, the next run has a state and no longer searches by tag. Without these
/// records the next run would forget the objects.
fn first_state(plan: &Plan) -> State {
    let header = &plan.header;
    let removals = || {
        plan.steps.iter().filter(|step| step.id.phase == StepPhase::Delete && step.record.is_none())
    };
    let mut resources = Recorded::new();
    for (step, seen) in removals()
        .filter_map(|step| Some((step, step.before.as_ref()?)))
        .filter(|(_, seen)| !seen.id.is_empty())
    {
        // An object that is deleted only after this one is a dependency of this one.
        let dependencies = removals()
            .filter(|other| other.id != step.id && other.after.contains(&step.id))
            .map(|it| it.id.address.clone());
        let mut attributes = step.wanted.clone();
        attributes.remove("id");
        let entry = RecordedObject {
            status: Status::Done,
            id: Some(seen.id.clone()),
            attributes,
            depends_on: dependencies.collect(),
        };
        resources.insert(step.id.address.clone(), entry);
    }
    let tag = header.new_state_tag.clone().unwrap_or_default();
    State { tag, resources, ..new_state(&header.manifest, &header.account) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Desired;
    use crate::plan::{PlanHeader, PlanMode, StateStamp, Summary};

    fn plan() -> Plan {
        Plan {
            header: PlanHeader {
                manifest: "dev".into(),
                account: "123456789012".into(),
                ..PlanHeader::new(&Desired::default(), PlanMode::Apply)
            },
            state: StateStamp::of(None),
            changes: Vec::new(),
            steps: Vec::new(),
            access: Vec::new(),
            notes: Vec::new(),
            summary: Summary::default(),
        }
    }

    #[test]
    fn the_first_state_belongs_to_the_plans_manifest_and_account() {
        let state = first_state(&plan());
        assert_eq!(
            (state.manifest.as_str(), state.account.as_str(), state.serial),
            ("dev", "123456789012", 0)
        );
        assert_eq!(state.lineage.len(), 36);
    }
}
