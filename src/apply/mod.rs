//! Plan + Provider + Store -> [`RunOutcome`]: applies the plan, or stops a step and gives the
//! reason. It never invents a step.

mod precheck;
mod propagation;
mod ready_queue;
mod stale;
mod state_writer;
mod step;
mod stop;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use futures::stream::{FuturesUnordered, StreamExt};
use tokio::time::Instant;

use crate::address::Address;
use crate::event::{Event, EventSink, RunOutcome};
use crate::graph::{DependencyOrder, Ready};
use crate::plan::{Plan, Step, StepId};
use crate::port::{Provider, Store};
use crate::reads::Snapshot;
use crate::state::State;

use precheck::Precheck;
use ready_queue::ReadyQueue;
pub use stale::{StaleReason, stale};
use state_writer::StateWriter;
use step::Worker;
pub use stop::Stop;

/// Applies the plan with `parallelism` steps at once, not counting steps that only wait for AWS to
/// accept more calls, and records every step in the store. The caller holds the lock and has
/// checked that plan and state belong together ([`stale()`]).
pub async fn apply(
    plan: &Plan,
    provider: &dyn Provider,
    store: &dyn Store,
    state: State,
    events: &dyn EventSink,
    parallelism: usize,
) -> RunOutcome {
    let options = ApplyOptions { parallelism, stop: &Stop::default(), seen: None };
    apply_until(plan, provider, store, state, events, options).await
}

/// The options for applying a plan.
pub struct ApplyOptions<'a> {
    /// The number of steps at once.
    pub parallelism: usize,
    pub stop: &'a Stop,
    /// The account as the same run has read it for the plan, if that was a moment ago.
    pub seen: Option<Snapshot>,
}

impl Default for ApplyOptions<'_> {
    /// Returns the default: ten steps at once, and no way to stop the run.
    fn default() -> Self {
        static NEVER: LazyLock<Stop> = LazyLock::new(Stop::default);
        Self { parallelism: 10, stop: &NEVER, seen: None }
    }
}

/// Applies the plan, and stops on request: the steps in progress are finished and recorded, and no
/// other step begins.
pub async fn apply_until(
    plan: &Plan,
    provider: &dyn Provider,
    store: &dyn Store,
    state: State,
    events: &dyn EventSink,
    ApplyOptions { parallelism, stop, seen }: ApplyOptions<'_>,
) -> RunOutcome {
    let mut outcome = RunOutcome::default();
    if plan.steps.is_empty() {
        return outcome;
    }
    let began = Instant::now();
    let writer = StateWriter::new(store, state);
    // From here on this plan's serial is past. Nobody can apply the plan a second time, however
    // this run ends.
    if let Err(fault) = writer.begin_journal().await {
        outcome.failed.extend(plan.steps.first().map(|step| (step.id.clone(), fault)));
        outcome.skipped =
            plan.steps.iter().skip(1).map(|step| (step.id.clone(), Vec::new())).collect();
        return outcome;
    }
    let precheck = Precheck::new(plan, provider, seen);
    let worker = Worker::new(plan, provider, &writer, precheck, events, stop);
    run(plan, provider, &worker, parallelism, &mut outcome).await;
    outcome.calls = worker.calls();
    outcome.traffic = worker.traffic();
    writer.fold_journal().await;
    outcome.elapsed = began.elapsed();
    outcome
}

async fn run<'a>(
    plan: &'a Plan,
    provider: &dyn Provider,
    worker: &Worker<'a>,
    parallelism: usize,
    outcome: &mut RunOutcome,
) {
    let events = worker.events;
    let steps: BTreeMap<&StepId, &'a Step> =
        plan.steps.iter().map(|step| (&step.id, step)).collect();
    let order = DependencyOrder::new(plan.steps.iter().map(|step| (&step.id, &step.after)));
    let (mut ready, mut queue) = (Ready::new(&order), ReadyQueue::new(parallelism));
    let mut running = FuturesUnordered::new();
    let mut halted = false;
    loop {
        while let Some(id) = ready.take() {
            steps.get(&id).copied().into_iter().for_each(|step| queue.add_step(step));
        }
        while !halted && !worker.stop.is_asked() {
            let Some(step) = queue.take_next(provider.waiting()) else { break };
            events.event(&Event::Started { step: step.id.clone() });
            let began = Instant::now();
            running.push(async move { (step, worker.perform(step).await, began.elapsed()) });
        }
        let Some((step, result, time)) = running.next().await else { break };
        queue.finish_step(step);
        let id = step.id.clone();
        outcome.took.push((id.clone(), time));
        match result {
            Ok(()) => {
                ready.mark_done(&id);
                events.event(&Event::Done { step: id.clone() });
                outcome.done.push(id);
            }
            Err(fault) => {
                halted |= fault.ends_the_run();
                skip(&ready.failed(&id), &id.address, events, outcome);
                events.event(&Event::Failed { step: id.clone(), why: fault.clone() });
                outcome.failed.push((id, fault));
            }
        }
    }
    let mut left = Vec::new();
    for id in queue.into_unstarted() {
        left.extend(ready.failed(id));
        left.push(id.clone());
    }
    if !halted {
        // All steps that were not begun are left to the next run.
        outcome.interrupted = !left.is_empty();
    } else if let Some((cause, _)) = outcome.failed.last().cloned() {
        skip(&left, &cause.address, events, outcome);
    }
}

fn skip(steps: &[StepId], because: &Address, events: &dyn EventSink, outcome: &mut RunOutcome) {
    for step in steps {
        events.event(&Event::Skipped { step: step.clone(), because: vec![because.clone()] });
        outcome.skipped.push((step.clone(), vec![because.clone()]));
    }
}
