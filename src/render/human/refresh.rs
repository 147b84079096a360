//! Renders a plan that only refreshes the state.

use super::arranged::Arranged;
use super::line::PlanLine;
use super::{HumanStyle, change, nothing, ordered};
use crate::diff::{ChangeAction, ResourceChange};
use crate::plan::Plan;
use crate::render::text::count;

/// Returns the plan without its header: each object that drifted, and the sum.
pub fn render_refresh(plan: &Plan, style: HumanStyle) -> Vec<PlanLine> {
    let same = plan.changes.iter().filter(|change| !is_shown(change)).count();
    let same = (same > 0).then(|| format!("{} as recorded.", are(same)));
    let mut lines = Vec::new();
    if plan.is_empty() {
        lines.push(PlanLine::plain(0, style.good(nothing(plan.header.mode))));
        lines.extend(same.map(|text| PlanLine::plain(0, text)));
        return lines;
    }
    lines.push(PlanLine::plain(0, style.bold("Changed outside relayctl since the last apply:")));
    let arranged = Arranged::new(plan, &[], style.run);
    for change in ordered(plan).into_iter().filter(|change| is_shown(change)) {
        lines.push(PlanLine::blank());
        lines.extend(change::block(&arranged, change, style));
    }
    if let Some(text) = same {
        lines.push(PlanLine::blank());
        lines.push(PlanLine::plain(2, style.dim(&format!("# {text}"))));
    }
    lines.push(PlanLine::blank());
    lines.push(PlanLine::plain(0, format!("{} {}.", style.bold("Drift:"), counts(plan))));
    lines.push(PlanLine::plain(0, "This plan changes the state only. Nothing in AWS changes."));
    lines
}

fn are(number: usize) -> String {
    format!("{} {}", count(number, "object"), if number == 1 { "is" } else { "are" })
}

fn is_shown(change: &ResourceChange) -> bool {
    change.is_drift() || change.action != ChangeAction::Nothing
}

/// Returns `1 to record, 2 to forget`, and the numbers of the others if there are any.
pub fn counts(plan: &Plan) -> String {
    let of = |action| plan.drifted().filter(|change| change.action == action).count();
    let [kept, blocked] =
        [(of(ChangeAction::Nothing), "left to the next apply"), (plan.summary.blocked, "blocked")]
            .map(
                |(number, what)| {
                    if number > 0 { format!(", {number} {what}") } else { String::new() }
                },
            );
    let (record, forget) = (of(ChangeAction::Adopt), of(ChangeAction::Forget));
    format!("{record} to record, {forget} to forget{kept}{blocked}")
}
