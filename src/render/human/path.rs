//! Renders the critical path: the steps that can only be done one after another, and so take
//! longest.

use std::time::Duration;

use super::line::PlanLine;
use crate::event::RunOutcome;
use crate::plan::path::{by_calls, by_time};
use crate::plan::{Plan, StepId};
use crate::render::text::{count, escape};

/// Returns a plan's critical path by number of calls, because the duration of a call isn't known
/// yet.
pub fn of_plan(plan: &Plan) -> Vec<PlanLine> {
    let path = by_calls(plan);
    let all: usize = plan.steps.iter().map(|step| step.calls.len()).sum();
    let heading =
        format!("Critical path: {} of {}, one after another", path.total, count(all, "write"));
    lines(&heading, &path.steps, |calls| count(*calls, "write"))
}

/// Returns a run's critical path by measured time.
pub fn of_run(plan: &Plan, outcome: &RunOutcome) -> Vec<PlanLine> {
    let path = by_time(plan, &outcome.took);
    let heading = format!(
        "Critical path: {} of {}, one after another",
        seconds(path.total),
        seconds(outcome.elapsed)
    );
    lines(&heading, &path.steps, |time| seconds(*time))
}

fn lines<W>(heading: &str, steps: &[(StepId, W)], weight: impl Fn(&W) -> String) -> Vec<PlanLine> {
    if steps.is_empty() {
        return Vec::new();
    }
    let each = steps.iter().map(|(step, w)| {
        PlanLine::plain(2, format!("{} ({})", escape(&step.to_string()), weight(w)))
    });
    std::iter::once(PlanLine::plain(0, heading)).chain(each).collect()
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
