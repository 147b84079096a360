//! Doing a plan: under the lock, against the state that it was made for.

use std::process::ExitCode;

use super::CommandContext;
use super::error::{CommandError, Exit};
use super::interrupt::interruptible;
use super::planning::{self, Planned, Selection};
use super::progress::ProgressDisplay;
use super::run_args::{Consent, RunArgs};
use super::session::{DeclaredManifest, StateAt, belongs};
use super::terminal::Terminal;
use super::traffic;
use crate::apply;
use crate::event::{Event, EventSink, RunOutcome};
use crate::model::{Recorded, RecordedObject, Status};
use crate::plan::{Plan, PlanMode, StepPhase};
use crate::port::{Lock, Provider, Store};
use crate::reads::Snapshot;
use crate::render::{human, json};
use crate::state::{LockInfo, State};
use crate::store;
use crate::transport::Transport;

/// Plans for a manifest, prints that, asks, and does it.
///
/// Who doesn't ask takes the lock before planning, and so plans for what the run left that had it
/// before. Who asks keeps nobody waiting while a person reads: the lock is taken after the answer,
/// and a plan that is out of date then is refused.
pub async fn plan_and_run(
    declared: &DeclaredManifest,
    mode: PlanMode,
    selection: &Selection,
    args: &RunArgs,
    context: &CommandContext,
) -> Exit {
    let at = declared.open_state(context)?;
    if !args.consent.yes {
        return planned_and_run(declared, &at, (mode, selection), args, context).await;
    }
    let lock = locked(at.store.as_ref(), command(mode), context).await?;
    let exit = planned_and_run(declared, &at, (mode, selection), args, context).await;
    lock.release().await;
    exit
}

async fn planned_and_run(
    declared: &DeclaredManifest,
    at: &StateAt,
    (mode, selection): (PlanMode, &Selection),
    args: &RunArgs,
    context: &CommandContext,
) -> Exit {
    let RunArgs { bounds, brakes, consent } = args;
    let Planned { plan, provider, seen, objections } =
        Box::pin(planning::plan(declared, at, mode, selection, context)).await?;
    if consent.json {
        context.terminal.side(&human::plan(&plan, context.terminal.side_style()));
    } else {
        context.terminal.result(&human::plan(&plan, context.terminal.style()))?;
    }
    if let Some(refusal) = brakes.refusal(&objections, declared, "nothing was changed", context) {
        return Err(refusal);
    }
    if let Some(refusal) = bounds.refusal(&plan, "nothing was changed", context) {
        return Err(refusal);
    }
    if !plan.steps.is_empty() && !agreed(&plan, consent).await? {
        let word = if mode == PlanMode::Destroy { "Destroy" } else { "Apply" };
        return Err(CommandError::new(format!("{word} cancelled: nothing was changed")));
    }
    // A plan that still waits for this manifest was made for the state that changes now.
    let started = || drop(std::fs::remove_file(declared.project.plan_file(&declared.desired.name)));
    let store = at.store.as_ref();
    if consent.yes {
        Box::pin(run_locked(&plan, &provider, store, Some(seen), consent.json, context, started))
            .await
    } else {
        Box::pin(run(&plan, &provider, store, consent.json, context, started)).await
    }
}

async fn agreed(plan: &Plan, consent: &Consent) -> Result<bool, CommandError> {
    if consent.yes {
        return Ok(true);
    }
    if !Terminal::interactive() {
        return Err(CommandError::new("there is no terminal to ask on, so nothing was changed")
            .help(
                "add --yes, or save a plan with `relayctl plan` and do exactly that with \
                `relayctl apply`",
            ));
    }
    let sandbox = if plan.header.sandbox { " (in the sandbox)" } else { "" };
    let question = match plan.header.mode {
        PlanMode::Apply => format!("Do you want to perform these actions{sandbox}?"),
        PlanMode::Destroy => {
            format!(
                "Do you really want to destroy all of this{sandbox}?\n  What is destroyed cannot \
                    be brought back."
            )
        }
    };
    // Elsewhere, so that connections which are closed meanwhile are noticed before anything is sent
    // through them.
    let asked = tokio::task::spawn_blocking(move || Terminal::confirm(&question)).await;
    asked.map_err(|error| CommandError::new(format!("cannot ask: {error}")))?
}

/// Does the plan, under the lock, and says how it ended. `started` is called once nothing stands in
/// the way any more.
pub async fn run(
    plan: &Plan,
    provider: &dyn Provider,
    store: &dyn Store,
    as_json: bool,
    context: &CommandContext,
    started: impl FnOnce(),
) -> Exit {
    if plan.steps.is_empty() {
        return run_locked(plan, provider, store, None, as_json, context, started).await;
    }
    let lock = locked(store, command(plan.header.mode), context).await?;
    let exit = run_locked(plan, provider, store, None, as_json, context, started).await;
    lock.release().await;
    exit
}

/// `seen`: what this run has just read for the plan.
async fn run_locked(
    plan: &Plan,
    provider: &dyn Provider,
    store: &dyn Store,
    seen: Option<Snapshot>,
    as_json: bool,
    context: &CommandContext,
    started: impl FnOnce(),
) -> Exit {
    let mut outcome = if plan.steps.is_empty() {
        started();
        RunOutcome::default()
    } else {
        under_lock(plan, provider, store, seen, context, started).await?
    };
    outcome.traffic += context.transport.traffic();
    if as_json {
        context.terminal.result(&json::outcome(plan, &outcome))?;
    } else if !plan.steps.is_empty() {
        context.terminal.result(&human::outcome(plan, &outcome, context.terminal.style()))?;
    } else {
        traffic::note(context);
    }
    match left_undone(plan) {
        _ if outcome.interrupted => Err(CommandError::interrupted()),
        Some(reason) => Err(reason),
        None if outcome.succeeded() => Ok(ExitCode::SUCCESS),
        None => Ok(ExitCode::FAILURE),
    }
}

/// What a plan leaves out because it must not be done, or because something could not be read.
pub fn left_undone(plan: &Plan) -> Option<CommandError> {
    let counted = |count: usize, what: &str| {
        (count > 0).then(|| {
            format!("{count} {} {what}", if count == 1 { "change is" } else { "changes are" })
        })
    };
    let parts: Vec<String> =
        [counted(plan.summary.refused, "refused"), counted(plan.summary.blocked, "blocked")]
            .into_iter()
            .flatten()
            .collect();
    (!parts.is_empty()).then(|| {
        CommandError::new(parts.join(", ")).help(
            "the plan gives the reason of each; everything that does not depend on them goes on",
        )
    })
}

/// Takes the lock for this command, and says for whom it waits.
pub async fn locked(
    store: &dyn Store,
    what: &str,
    context: &CommandContext,
) -> Result<Box<dyn Lock>, CommandError> {
    let waiting = |holder: &LockInfo| {
        context.terminal.note(&format!(
            "The state {} is locked by {holder}; waiting for that...",
            store.location()
        ));
    };
    Ok(store::lock(store, &lock_for(what), context.options.lock_timeout, waiting).await?)
}

async fn under_lock(
    plan: &Plan,
    provider: &dyn Provider,
    store: &dyn Store,
    seen: Option<Snapshot>,
    context: &CommandContext,
    started: impl FnOnce(),
) -> Result<RunOutcome, CommandError> {
    let state = store.load().await?;
    if let Some(state) = &state {
        belongs(state, &plan.header.manifest, &plan.header.account, &store.location())?;
    }
    if let Some(why) = apply::stale(plan, state.as_ref()) {
        return Err(CommandError::new(format!("this plan cannot be applied: {why}"))
            .help(format!("plan again: relayctl plan {}", plan.header.manifest_file)));
    }
    let state = state.unwrap_or_else(|| first_state(plan));
    started();
    traffic::forecast(plan, context);
    let progress = ProgressDisplay::new(&context.terminal, plan.steps.len());
    let stop = apply::Stop::default();
    let options =
        apply::ApplyOptions { parallelism: context.options.parallelism(), stop: &stop, seen };
    let work = apply::apply_until(plan, provider, store, state, &progress, options);
    let work = traffic::with_progress(work, &context.transport, |delay| {
        progress.event(&Event::Delayed(delay));
    });
    let work = no_retries_after_stop(work, &stop, &context.transport);
    let outcome = interruptible(work, &stop, &context.terminal).await;
    progress.finish();
    outcome
}

/// Sends nothing again once the run is told to stop: it doesn't wait until AWS takes more.
async fn no_retries_after_stop(
    work: impl Future<Output = RunOutcome>,
    stop: &apply::Stop,
    transport: &Transport,
) -> RunOutcome {
    let stopping = async {
        stop.asked().await;
        transport.stop_retrying();
        std::future::pending().await
    };
    tokio::select! {
        outcome = work => outcome,
        outcome = stopping => outcome,
    }
}

/// What the plan found by its tags and removes is recorded until that is done: a run that stops in
/// the middle leaves the next one a state, which then doesn't look for tags.
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
        let made_upon = removals().filter(|other| other.id != step.id);
        let depends_on = made_upon
            .filter(|other| other.after.contains(&step.id))
            .map(|it| it.id.address.clone());
        let mut attributes = step.wanted.clone();
        attributes.remove("id");
        let entry = RecordedObject {
            status: Status::Done,
            id: Some(seen.id.clone()),
            attributes,
            depends_on: depends_on.collect(),
        };
        resources.insert(step.id.address.clone(), entry);
    }
    let lineage = uuid::Uuid::new_v4().to_string();
    State { resources, ..State::new(lineage, header.manifest.as_str(), header.account.as_str()) }
}

fn command(mode: PlanMode) -> &'static str {
    match mode {
        PlanMode::Apply => "apply",
        PlanMode::Destroy => "destroy",
    }
}

/// Who is at work here, for whoever finds the state locked.
fn lock_for(what: &str) -> LockInfo {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    // The kernel knows the name on Linux, most shells elsewhere.
    let kernel = || {
        std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned())
    };
    LockInfo {
        id: uuid::Uuid::new_v4().to_string(),
        who: variable("USER")
            .or_else(|| variable("USERNAME"))
            .unwrap_or_else(|| "somebody".to_owned()),
        host: kernel()
            .or_else(|| variable("HOSTNAME"))
            .unwrap_or_else(|| "an unnamed host".to_owned()),
        pid: std::process::id(),
        since: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        what: what.to_owned(),
        expires: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Desired;
    use crate::plan::{PlanHeader, StateStamp, Summary};

    fn plan(refused: usize, blocked: usize) -> Plan {
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
            summary: Summary { refused, blocked, ..Summary::default() },
        }
    }

    #[test]
    fn what_is_left_undone_is_counted() {
        assert_eq!(left_undone(&plan(0, 0)), None);
        let said =
            |refused, blocked| left_undone(&plan(refused, blocked)).unwrap().message.unwrap();
        assert_eq!(said(1, 0), "1 change is refused");
        assert_eq!(said(2, 1), "2 changes are refused, 1 change is blocked");
    }

    #[test]
    fn the_first_state_belongs_to_the_plans_manifest_and_account() {
        let state = first_state(&plan(0, 0));
        assert_eq!(
            (state.manifest.as_str(), state.account.as_str(), state.serial),
            ("dev", "123456789012", 0)
        );
        assert_eq!(state.lineage.len(), 36);
    }
}
