//! Renders the outcome of a run: the steps that were done, that failed and that were skipped
//! because of a failure, and the next action.

use std::collections::{BTreeMap, BTreeSet};

use super::HumanStyle;
use super::line::PlanLine;
use super::path;
use super::reason::address_text;
use crate::address::Address;
use crate::call::{Failure, FailureKind};
use crate::diff::ChangeAction;
use crate::event::{Fault, RunOutcome};
use crate::plan::{Plan, PlanMode, StepId, StepPhase};
use crate::render::command::{NextCommand, RunOptions, planning};
use crate::render::text::{count, escape};

pub fn lines(plan: &Plan, outcome: &RunOutcome, style: HumanStyle) -> Vec<PlanLine> {
    let verb = match plan.header.mode {
        PlanMode::Apply => "Apply",
        PlanMode::Destroy => "Destroy",
        PlanMode::RefreshOnly => "Refresh",
    };
    let open = open(plan, outcome);
    if outcome.succeeded() && open.is_empty() {
        let title = style.good(&format!("{verb} complete!"));
        let mut lines =
            vec![PlanLine::plain(0, format!("{title} Resources: {}.", tally(plan, outcome)))];
        let recorded =
            recorded(plan, outcome).filter(|_| plan.header.mode != PlanMode::RefreshOnly);
        lines.extend(recorded.map(|text| PlanLine::plain(0, format!("State only: {text}."))));
        lines.extend(traffic(outcome, style));
        lines.extend(critical_path(plan, outcome, style));
        return lines;
    }
    let (failed, skipped) = (outcome.failed.len(), outcome.skipped.len());
    let title = style.bad(&format!("{verb} incomplete."));
    let numbers = format!("{}; {failed} failed, {skipped} skipped", tally(plan, outcome));
    let mut lines = vec![PlanLine::plain(0, format!("{title} Resources: {numbers}."))];
    let done: Vec<_> =
        outcome.done.iter().map(|step| PlanLine::plain(2, said(step, true))).collect();
    section(&mut lines, "Done:", done);
    section(
        &mut lines,
        "Failed:",
        outcome.failed.iter().flat_map(|(step, fault)| failure(step, fault)).collect(),
    );
    section(
        &mut lines,
        "Skipped:",
        outcome.skipped.iter().map(|(step, because)| skip(step, because)).collect(),
    );
    section(
        &mut lines,
        "Not begun:",
        open.into_iter().map(|step| PlanLine::plain(2, said(step, false))).collect(),
    );
    lines.push(PlanLine::blank());
    lines.extend(traffic(outcome, style));
    lines.extend(critical_path(plan, outcome, style));
    lines.extend(next(plan, outcome, style));
    lines
}

/// Returns the requests, and the delays by the services. If there were no delays, the line is
/// printed only with `-v`.
fn traffic(outcome: &RunOutcome, style: HumanStyle) -> Option<PlanLine> {
    let worth_telling =
        outcome.traffic.calls > 0 && (style.verbose || !outcome.traffic.was_smooth());
    worth_telling.then(|| PlanLine::plain(0, super::traffic(&outcome.traffic)))
}

fn critical_path(plan: &Plan, outcome: &RunOutcome, style: HumanStyle) -> Vec<PlanLine> {
    if style.verbose { path::of_run(plan, outcome) } else { Vec::new() }
}

fn section(lines: &mut Vec<PlanLine>, title: &str, inner: Vec<PlanLine>) {
    if !inner.is_empty() {
        lines.extend([PlanLine::blank(), PlanLine::plain(0, title)]);
        lines.extend(inner);
    }
}

/// Returns `7 added, 0 changed, 0 destroyed`; a destroy only destroys. A replacement is one of
/// each, as in the plan.
fn tally(plan: &Plan, outcome: &RunOutcome) -> String {
    // Temporary objects are no changes.
    let changed: BTreeSet<&Address> = plan.changes.iter().map(|it| &it.address).collect();
    let of = |phase| {
        let done = outcome.done.iter().filter(|step| changed.contains(&step.address));
        done.filter(|step| step.phase == phase).count()
    };
    match plan.header.mode {
        PlanMode::Destroy => format!("{} destroyed", of(StepPhase::Delete)),
        PlanMode::RefreshOnly => {
            recorded(plan, outcome).unwrap_or_else(|| "none recorded".to_owned())
        }
        PlanMode::Apply => {
            format!(
                "{} added, {} changed, {} destroyed",
                of(StepPhase::Create),
                of(StepPhase::Update),
                of(StepPhase::Delete)
            )
        }
    }
}

/// Returns the changes of the state alone: `1 adopted, 2 forgotten`.
fn recorded(plan: &Plan, outcome: &RunOutcome) -> Option<String> {
    let actions: BTreeMap<&Address, ChangeAction> =
        plan.changes.iter().map(|c| (&c.address, c.action)).collect();
    let of = |wanted: ChangeAction| {
        let recorded = outcome.done.iter().filter(|step| step.phase == StepPhase::Record);
        recorded.filter(|step| actions.get(&step.address) == Some(&wanted)).count()
    };
    let adopted = match plan.header.mode {
        PlanMode::Apply | PlanMode::Destroy => "adopted",
        PlanMode::RefreshOnly => "recorded",
    };
    let counts = [(of(ChangeAction::Adopt), adopted), (of(ChangeAction::Forget), "forgotten")];
    let parts: Vec<_> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Returns the steps that are missing in the outcome: the run was stopped before them.
fn open<'a>(plan: &'a Plan, outcome: &RunOutcome) -> Vec<&'a StepId> {
    let failed = outcome.failed.iter().map(|(step, _)| step);
    let skipped = outcome.skipped.iter().map(|(step, _)| step);
    let met: BTreeSet<_> = outcome.done.iter().chain(failed).chain(skipped).collect();
    plan.steps.iter().map(|step| &step.id).filter(|id| !met.contains(*id)).collect()
}

fn said(step: &StepId, done: bool) -> String {
    let what = match step.phase {
        StepPhase::Delete => "destroyed",
        StepPhase::Create => "created",
        StepPhase::Update => "changed",
        StepPhase::Stash => "moved aside",
        StepPhase::Record => "recorded in the state",
    };
    format!("{}: {}{what}", address_text(&step.address), if done { "" } else { "not " })
}

fn skip(step: &StepId, because: &[Address]) -> PlanLine {
    let because: Vec<_> = because.iter().map(address_text).collect();
    PlanLine::plain(2, format!("{}, because of {}", said(step, false), because.join(", ")))
}

fn failure(step: &StepId, fault: &Fault) -> Vec<PlanLine> {
    let mut lines = vec![PlanLine::plain(2, said(step, false))];
    let mut say = |text: String| lines.push(PlanLine::plain(6, text));
    match fault {
        Fault::Call(Failure { kind, call, code, message, request_id, help: _ }) => {
            say(format!("{}: {}: {}", escape(call), escape(code), escape(message)));
            if let Some(id) = request_id {
                say(format!("request id: {}", escape(id)));
            }
            if let Some(text) = hint(*kind, call) {
                say(text);
            }
        }
        Fault::Changed { .. } | Fault::State(_) | Fault::Lock(_) => say(escape(&fault.to_string())),
    }
    lines
}

/// Returns advice on AWS's answer if the answer itself isn't plain.
fn hint(kind: FailureKind, call: &str) -> Option<String> {
    let text = match kind {
        FailureKind::AccessDenied => format!("The caller needs permission for {}.", escape(call)),
        FailureKind::Credentials => "Renew the credentials of the caller.".to_owned(),
        FailureKind::Throttled => {
            "Other callers use up the request rate of this account. --retry-timeout and \
                --max-attempts let relayctl retry for longer."
                .to_owned()
        }
        FailureKind::Unavailable => "It is not known if this call took effect. The next plan \
            finds out."
            .to_owned(),
        FailureKind::Conflict => {
            "Something that relayctl does not manage is still attached to it.".to_owned()
        }
        FailureKind::NotFound
        | FailureKind::AlreadyExists
        | FailureKind::LimitExceeded
        | FailureKind::Invalid
        | FailureKind::Refused
        | FailureKind::Other => return None,
    };
    Some(text)
}

fn next(plan: &Plan, outcome: &RunOutcome, style: HumanStyle) -> Vec<PlanLine> {
    let left = plan.steps.len().saturating_sub(outcome.done.len());
    let run = style.run.cloned().unwrap_or_else(|| RunOptions::of_plan(&plan.header));
    let command =
        |name, options: Vec<String>| run.write(&NextCommand::on_manifest(name).with_all(options));
    let options = planning(&plan.header);
    let look = command("plan", options.clone());
    let act = match plan.header.mode {
        PlanMode::Apply | PlanMode::RefreshOnly => command("apply", options),
        PlanMode::Destroy => {
            command("destroy", options.into_iter().filter(|it| it != "--destroy").collect())
        }
    };
    let unsaved = outcome.failed.iter().any(|(_, fault)| matches!(fault, Fault::State(_)));
    let known = if unsaved {
        "The state could not be saved. What was made is found again by its ownership tag and its \
            name."
    } else {
        "The completed steps are in the state."
    };
    vec![
        PlanLine::plain(
            0,
            format!(
                "{known} The next run does the rest ({}) and nothing twice:",
                count(left, "step")
            ),
        ),
        PlanLine::plain(2, format!("`{look}` shows it, `{act}` does it.")),
    ]
}
