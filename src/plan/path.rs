//! Finds the critical path: the steps that can only be done one after another, and that take
//! longest so. However much is done in parallel, no run is faster than these.

use std::collections::BTreeMap;
use std::iter::Sum;
use std::ops::Add;
use std::time::Duration;

use super::{Plan, Step, StepId};
use crate::graph::DependencyOrder;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CriticalPath<W> {
    /// The steps in the order of work, with their weights. Steps without weight are left out.
    pub steps: Vec<(StepId, W)>,
    pub total: W,
}

/// Returns the critical path before a run, weighted by the number of calls of each step.
pub fn by_calls(plan: &Plan) -> CriticalPath<usize> {
    weighed(plan, |step| step.calls.len())
}

/// Returns the critical path after a run, weighted by the time that each step took.
pub fn by_time(plan: &Plan, took: &[(StepId, Duration)]) -> CriticalPath<Duration> {
    let took: BTreeMap<&StepId, Duration> = took.iter().map(|(step, time)| (step, *time)).collect();
    weighed(plan, |step| took.get(&step.id).copied().unwrap_or_default())
}

fn weighed<W>(plan: &Plan, weight: impl Fn(&Step) -> W) -> CriticalPath<W>
where
    W: Add<Output = W> + Copy + Default + Ord + Sum,
{
    let weights: BTreeMap<&StepId, W> =
        plan.steps.iter().map(|step| (&step.id, weight(step))).collect();
    let order = DependencyOrder::new(plan.steps.iter().map(|step| (&step.id, &step.after)));
    let steps = order.heaviest(|step| weights[step]);
    CriticalPath { total: steps.iter().map(|(_, weight)| *weight).sum(), steps }
}
