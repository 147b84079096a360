//! Renders plans and outcomes for people at a terminal, in Terraform's layout.

mod access;
pub(super) mod arranged;
mod calls;
mod change;
mod consequence;
mod document;
mod event;
mod fields;
mod header;
mod heaviest;
pub(super) mod line;
mod outcome;
mod path;
mod reads;
pub(super) mod reason;
mod refresh;
mod statement;
mod traffic;
mod value;

use std::collections::BTreeSet;

use crate::call::CallerIdentity;
use crate::diff::{ChangeAction, ResourceChange};
use crate::event::{Event, RunOutcome};
use crate::kind;
use crate::plan::{Plan, PlanHeader, PlanMode, Summary};
use crate::policy::compare::Comparison;
use crate::render::access::{Sentence, of_plan};
use crate::render::command::RunOptions;
use crate::render::text::{count, escape};
pub(super) use header::REFRESH;
pub use reads::reads;
pub use traffic::{delay, least, traffic};

use arranged::Arranged;
use line::{LineMark, PlanLine};

#[derive(Clone, Copy, Debug, Default)]
pub struct HumanStyle<'a> {
    pub color: bool,
    /// The `-v` flag: shows unchanged fields, every call with its object, and the critical path.
    pub verbose: bool,
    /// The options that the commands in the text repeat. `None` means those that the plan itself
    /// remembers.
    pub run: Option<&'a RunOptions>,
}

/// Returns the whole plan: header, changes, calls, summary.
pub fn render_plan(plan: &Plan, style: HumanStyle) -> String {
    let mut lines = header::lines(&plan.header, style);
    lines.push(PlanLine::blank());
    lines.extend(render_body(plan, style));
    // Each line is rendered and dropped before the next, so that the lines of a plan for thousands
    // of objects are not in memory beside all of its text.
    lines.into_iter().map(|line| line.render(style) + "\n").collect()
}

/// Returns the manifest, account, caller and region, and the notice of a sandbox.
pub fn header(header: &PlanHeader, style: HumanStyle) -> String {
    text(&header::lines(header, style), style)
}

/// Returns one line for one event: `user.serverless: Creating...`, as Terraform's users know it.
pub fn event(event: &Event, style: HumanStyle) -> String {
    event::event_line(event, style)
}

/// Returns `Apply complete! Resources: 7 added, 0 changed, 0 destroyed.`, or lists of the steps
/// that were done, failed and skipped.
pub fn outcome(plan: &Plan, outcome: &RunOutcome, style: HumanStyle) -> String {
    let mut lines: Vec<PlanLine> = header::sandbox(&plan.header, style).into_iter().collect();
    lines.extend(outcome::lines(plan, outcome, style));
    text(&lines, style)
}

/// Returns the differences in access between two documents, a line each: `gains s3:GetObject on …`,
/// `loses …`; empty if there are none.
pub fn comparison(comparison: &Comparison, style: HumanStyle) -> String {
    text(&access::comparison(comparison, style), style)
}

/// Returns the access that a plan gives, or may give, and that nobody has now; empty if there is
/// none.
pub fn widening(plan: &Plan, style: HumanStyle) -> String {
    text(&access::widening(plan, style), style)
}

/// Returns what a plan destroys, and who gains access by it, for the question before it is applied;
/// empty if there is neither.
pub fn consequences(plan: &Plan, style: HumanStyle) -> String {
    text(&consequence::lines(plan, style), style)
}

/// Returns `account 123456789012 as arn:…`.
pub fn caller(caller: &CallerIdentity) -> String {
    header::caller(caller)
}

/// Returns the plan without its header.
pub(super) fn render_body(plan: &Plan, style: HumanStyle) -> Vec<PlanLine> {
    if plan.header.mode == PlanMode::RefreshOnly {
        return refresh::render_refresh(plan, style);
    }
    let changes = ordered(plan);
    let sentences = of_plan(plan);
    let mut lines = Vec::new();
    if plan.is_empty() {
        lines.push(PlanLine::plain(0, style.good(nothing(plan.header.mode))));
        lines.extend(same(&changes).map(|text| PlanLine::plain(0, text)));
        state_changes(plan, &changes, &sentences, style, &mut lines);
        lines.extend(access::of_nothing(&sentences, plan, style));
        lines.extend(notes(&changes, style));
        lines.extend(plan_notes(plan, style));
        return lines;
    }
    lines.extend(legend(&changes));
    lines.push(PlanLine::blank());
    lines.push(PlanLine::plain(0, style.bold(opening(plan))));
    blocks(plan, &changes, &sentences, style, &mut lines);
    if let Some(text) = same(&changes) {
        lines.push(PlanLine::blank());
        lines.push(PlanLine::plain(2, style.dim(&format!("# {text}"))));
    }
    lines.extend(access::of_nothing(&sentences, plan, style));
    lines.extend(notes(&changes, style));
    let calls = calls::lines(plan, style);
    if !calls.is_empty() {
        lines.push(PlanLine::blank());
        lines.extend(calls);
        lines.extend(critical_path(plan, style));
    }
    lines.extend(plan_notes(plan, style));
    lines.push(PlanLine::blank());
    let length = lines.len();
    lines.extend(summary(plan, &sentences, length, style));
    lines
}

fn critical_path(plan: &Plan, style: HumanStyle) -> Vec<PlanLine> {
    if !style.verbose {
        return Vec::new();
    }
    std::iter::once(PlanLine::blank()).chain(path::of_plan(plan)).collect()
}

/// Returns true for a change that is nothing to show: the object stays as it is, and did so far.
pub(super) fn is_quiet(plan: &Plan, change: &ResourceChange) -> bool {
    let drifted = plan.header.mode == PlanMode::RefreshOnly && change.is_drift();
    change.action == ChangeAction::Nothing && !drifted
}

/// Returns one change as a page shows it, below a heading of the page's own.
pub(super) fn block(plan: &Arranged<'_>, change: &ResourceChange) -> Vec<PlanLine> {
    change::block(plan, change, HumanStyle::default()).split_off(1)
}

/// Returns the notes on an unchanged object.
pub(super) fn remarks(change: &ResourceChange) -> Vec<PlanLine> {
    change::notes(change, HumanStyle::default())
}

/// Returns the calls, one by one.
pub(super) fn calls(plan: &Plan) -> Vec<PlanLine> {
    calls::lines(plan, HumanStyle { verbose: true, ..HumanStyle::default() })
}

pub(super) fn partial(header: &PlanHeader) -> Option<String> {
    header::partial(header)
}

/// Sorts changes by kind, in the order in which the kinds are listed. Kinds that this build doesn't
/// know come last, by address.
pub(super) fn ordered(plan: &Plan) -> Vec<&ResourceChange> {
    let rank = |change: &ResourceChange| kind::position(change.address.kind());
    let mut changes: Vec<_> = plan.changes.iter().collect();
    changes
        .sort_by_cached_key(|change| (rank(change).unwrap_or(usize::MAX), change.address.clone()));
    changes
}

/// Returns `7 to add, 0 to change, 0 to destroy`, and the numbers of refused and blocked changes if
/// there are any.
pub fn counts(plan: &Plan) -> String {
    if plan.header.mode == PlanMode::RefreshOnly {
        return refresh::counts(plan);
    }
    let Summary { add, change, destroy, refused, blocked, calls: _ } = plan.summary;
    let stuck =
        |number, what| if number > 0 { format!(", {number} {what}") } else { String::new() };
    let (refused, blocked) = (stuck(refused, "refused"), stuck(blocked, "blocked"));
    format!("{add} to add, {change} to change, {destroy} to destroy{refused}{blocked}")
}

/// Returns the changes of the state alone: `1 to adopt, 2 to forget`.
pub(super) fn state_only(plan: &Plan) -> Option<String> {
    if plan.header.mode == PlanMode::RefreshOnly {
        return None;
    }
    let of = |action| plan.changes.iter().filter(|change| change.action == action).count();
    let counts = [(of(ChangeAction::Adopt), "to adopt"), (of(ChangeAction::Forget), "to forget")];
    let parts: Vec<_> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

pub(super) fn nothing(mode: PlanMode) -> &'static str {
    match mode {
        PlanMode::Apply => "No changes. Your AWS account matches the manifest.",
        PlanMode::Destroy => "No changes. Nothing that this manifest made is left.",
        PlanMode::RefreshOnly => "No drift. What exists matches the state.",
    }
}

/// Adds the lines of all changes, with an empty line before each.
fn blocks(
    plan: &Plan,
    changes: &[&ResourceChange],
    sentences: &[Sentence],
    style: HumanStyle,
    lines: &mut Vec<PlanLine>,
) {
    let arranged = Arranged::new(plan, sentences, style.run);
    for change in changes.iter().filter(|change| change.action != ChangeAction::Nothing) {
        lines.push(PlanLine::blank());
        lines.extend(change::block(&arranged, change, style));
    }
}

/// Adds the changes of the state in an otherwise empty plan.
fn state_changes(
    plan: &Plan,
    changes: &[&ResourceChange],
    sentences: &[Sentence],
    style: HumanStyle,
    lines: &mut Vec<PlanLine>,
) {
    if let Some(text) = state_only(plan) {
        lines.push(PlanLine::plain(0, format!("Only the state changes: {text}.")));
        blocks(plan, changes, sentences, style, lines);
    }
}

fn opening(plan: &Plan) -> &'static str {
    if plan.steps.is_empty() {
        "relayctl cannot perform any of these actions:"
    } else {
        "relayctl will perform the following actions:"
    }
}

/// Returns the legend of only those symbols that the plan uses.
fn legend(changes: &[&ResourceChange]) -> Vec<PlanLine> {
    let used: BTreeSet<_> = changes
        .iter()
        .map(|change| LineMark::of(change.action))
        .filter(|m| *m != LineMark::None)
        .collect();
    let heading = PlanLine::plain(0, "Actions are shown with these symbols:");
    let entry = |mark: LineMark| PlanLine::new(3 - mark.symbol().len(), mark, mark.legend());
    std::iter::once(heading).chain(used.into_iter().map(entry)).collect()
}

fn same(changes: &[&ResourceChange]) -> Option<String> {
    match changes.iter().filter(|change| change.action == ChangeAction::Nothing).count() {
        0 => None,
        1 => Some("1 object is as declared.".to_owned()),
        number => Some(format!("{} are as declared.", count(number, "object"))),
    }
}

fn notes(changes: &[&ResourceChange], style: HumanStyle) -> Vec<PlanLine> {
    let notes: Vec<_> = changes.iter().flat_map(|change| change::notes(change, style)).collect();
    if notes.is_empty() {
        return notes;
    }
    [PlanLine::blank(), PlanLine::plain(0, "Notes:")].into_iter().chain(notes).collect()
}

/// Returns the remarks on the whole plan, each after a blank line.
pub(super) fn plan_notes(plan: &Plan, style: HumanStyle) -> Vec<PlanLine> {
    let lines = plan.notes.iter().flat_map(|note| {
        let text = format!("{} {}", style.warn("Note:"), escape(&note.text));
        let details = note.details.iter().map(|it| PlanLine::plain(2, escape(it)));
        let help = note.help.iter().map(|it| PlanLine::plain(2, format!("help: {}", escape(it))));
        [PlanLine::blank(), PlanLine::plain(0, text)].into_iter().chain(details).chain(help)
    });
    lines.collect()
}

fn summary(plan: &Plan, sentences: &[Sentence], length: usize, style: HumanStyle) -> Vec<PlanLine> {
    let mut lines: Vec<PlanLine> = access::summary(plan, style).into_iter().collect();
    lines.extend(heaviest::lines(plan, sentences, length, style));
    lines.push(PlanLine::plain(0, format!("{} {}.", style.bold("Plan:"), counts(plan))));
    lines.extend(state_only(plan).map(|text| PlanLine::plain(0, format!("State only: {text}."))));
    if plan.summary.refused + plan.summary.blocked > 0 {
        lines.push(PlanLine::plain(
            0,
            style.bad("Refused and blocked resources stay as they are until the cause is fixed."),
        ));
    }
    lines
}

fn text(lines: &[PlanLine], style: HumanStyle) -> String {
    lines.iter().map(|line| line.render(style) + "\n").collect()
}
