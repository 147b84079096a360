//! Plan + Provider + Store -> Outcome.

use crate::event::Outcome;
use crate::plan::Plan;
use crate::port::{Provider, Sink, Store};
use crate::state::State;

/// Does the plan, `parallelism` steps at once, saving `state` after every step. The caller holds the lock and has
/// checked that plan and state belong together ([`stale`]).
pub async fn apply(
    _plan: &Plan,
    _provider: &dyn Provider,
    _store: &dyn Store,
    _state: State,
    _events: &dyn Sink,
    _parallelism: usize,
) -> Outcome {
    todo!()
}

/// Why this plan must not be applied to this state, if so: applied already, another lineage, another account.
pub fn stale(_plan: &Plan, _state: Option<&State>) -> Option<String> {
    todo!()
}
