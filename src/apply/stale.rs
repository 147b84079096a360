//! Plans that were made for another state than the current one.

use crate::plan::Plan;
use crate::state::State;

/// The reason why a plan must not be applied to a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StaleReason {
    #[error(
        "it was made before there was a state, and now there is one: it was applied already, or \
            another run was"
    )]
    StateAppeared,
    #[error("the state that it was made against is gone")]
    StateGone,
    #[error("it was made against another state (lineage {planned}, not {found})")]
    OtherLineage { planned: String, found: String },
    #[error(
        "the state has changed since (serial {found}, the plan saw {planned}): it was applied \
            already, or another run was"
    )]
    OtherSerial { planned: u64, found: u64 },
    #[error("the state is of account {found}, the plan of account {planned}")]
    OtherAccount { planned: String, found: String },
}

/// Returns the reason why the plan must not be applied to this state, or `None` if it was made for
/// it.
pub fn stale(plan: &Plan, state: Option<&State>) -> Option<StaleReason> {
    match (&plan.state.lineage, state) {
        (None, Some(_)) => Some(StaleReason::StateAppeared),
        (Some(_), None) => Some(StaleReason::StateGone),
        (Some(lineage), Some(state)) if *lineage != state.lineage => {
            let (planned, found) = (lineage.clone(), state.lineage.clone());
            Some(StaleReason::OtherLineage { planned, found })
        }
        (Some(_), Some(state)) if plan.state.serial != state.serial => {
            let (planned, found) = (plan.state.serial, state.serial);
            Some(StaleReason::OtherSerial { planned, found })
        }
        (Some(_), Some(state)) if plan.header.account != state.account => {
            let (planned, found) = (plan.header.account.clone(), state.account.clone());
            Some(StaleReason::OtherAccount { planned, found })
        }
        (None, None) | (Some(_), Some(_)) => None,
    }
}
