//! The run of a plan, under the lock and against the state that the plan was made for.

use std::path::Path;
use std::process::ExitCode;

use super::CommandContext;
use super::error::{CommandError, Exit};
use super::hint::Hint;
use super::interrupt::interruptible;
use super::planning::{Planned, Selection, TerminalObserver, make_plan};
use super::progress::ProgressDisplay;
use super::project::shown;
use super::run_args::{Consent, RunArgs};
use super::session::{DeclaredManifest, StateAt};
use super::terminal::Terminal;
use super::traffic;
use relayctl::apply::{ApplyOptions, Stop};
use relayctl::clock::present_time;
use relayctl::engine::{self, EngineError, LockOptions, PreparedPlan, ReadyPlan, StateLock};
use relayctl::event::{Event, EventSink, RunOutcome};
use relayctl::plan::{Plan, PlanMode, PlanNoteKind};
use relayctl::port::{Provider, Store};
use relayctl::reads::Snapshot;
use relayctl::render::command::NextCommand;
use relayctl::render::{human, json};
use relayctl::state::LockInfo;
use relayctl::store::process;
use relayctl::transport::Transport;

/// Plans for a manifest, prints the plan, asks, and applies it.
///
/// With `--yes` the lock is taken before planning: the plan then matches what the previous holder
/// of the lock left. Otherwise other runs do not wait while a person reads: the lock is taken after
/// the answer, and a plan that is out of date by then is refused.
pub async fn plan_and_run(
    declared: &DeclaredManifest,
    mode: PlanMode,
    selection: &Selection,
    args: &RunArgs,
    context: &CommandContext,
) -> Exit {
    let at = declared.open_state(context)?;
    if !args.consent.yes {
        let planned = Box::pin(make_plan(declared, &at, mode, selection, context)).await?;
        return run_planned(planned, declared, &at, None, args, context).await;
    }
    let lock = take_lock(at.store.as_ref(), command(mode), context).await?;
    let exit = match Box::pin(make_plan(declared, &at, mode, selection, context)).await {
        Ok(planned) => run_planned(planned, declared, &at, Some(&lock), args, context).await,
        Err(error) => Err(error),
    };
    lock.release().await;
    exit
}

/// Prints the plan, asks, and applies it, under the lock if it is taken already.
async fn run_planned(
    planned: Planned,
    declared: &DeclaredManifest,
    at: &StateAt,
    lock: Option<&StateLock<'_>>,
    args: &RunArgs,
    context: &CommandContext,
) -> Exit {
    let RunArgs { bounds, brakes, consent } = args;
    let Planned { prepared: PreparedPlan { plan, objections, seen, .. }, provider } = planned;
    if consent.json {
        context.terminal.print_side(&human::render_plan(&plan, context.side_plan_style()));
    } else {
        context.terminal.result(&human::render_plan(&plan, context.plan_style()))?;
    }
    if let Some(refusal) = brakes.refusal(&objections, declared, "nothing was changed", context) {
        return Err(refusal);
    }
    if let Some(refusal) = bounds.refusal(&plan, "nothing was changed", context) {
        return Err(refusal);
    }
    if !plan.steps.is_empty() && !agreed(&plan, consent, context).await? {
        let word = match plan.header.mode {
            PlanMode::Apply => "Apply",
            PlanMode::Destroy => "Destroy",
            PlanMode::RefreshOnly => "Refresh",
        };
        return Err(CommandError::new(format!("{word} cancelled: nothing was changed")));
    }
    // A plan that still waits for this manifest was made for the state that changes now.
    let started = || drop(std::fs::remove_file(declared.project.plan_file(&declared.desired.name)));
    let former = declared.former_states(context)?;
    let run = PlanRun {
        plan: &plan,
        saved: None,
        provider: &provider,
        // A person may have read for a long time.
        seen: lock.map(|_| seen),
        as_json: consent.json,
        former: &former,
        started: &started,
    };
    match lock {
        Some(lock) => Box::pin(run.perform_locked(lock, context)).await,
        None => Box::pin(run.perform(at.store.as_ref(), context)).await,
    }
}

async fn agreed(
    plan: &Plan,
    consent: &Consent,
    context: &CommandContext,
) -> Result<bool, CommandError> {
    if consent.yes {
        return Ok(true);
    }
    if !Terminal::interactive() {
        return Err(CommandError::new("there is no terminal to ask on, so nothing was changed")
            .with_help(
                Hint::new("add --yes, or save a plan with ")
                    .quoted_command(NextCommand::planning_again(&plan.header))
                    .followed_by(" and do exactly that with ")
                    .quoted_command(NextCommand::on_plan("apply")),
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
        PlanMode::RefreshOnly => format!(
            "Do you want to take the live values into the state{sandbox}?\n  Nothing in AWS \
                changes."
        ),
    };
    let consequences = human::consequences(plan, context.terminal.side_style());
    let gap = if consequences.is_empty() { "" } else { "\n" };
    ask_question(format!("{consequences}{gap}{question}")).await
}

/// Asks a question on the terminal.
pub async fn ask_question(question: String) -> Result<bool, CommandError> {
    // The question blocks in another thread, so that connections which are closed meanwhile are
    // noticed before anything is sent through them.
    let asked = tokio::task::spawn_blocking(move || Terminal::confirm(&question)).await;
    asked.map_err(|error| CommandError::because("cannot ask", error))?
}

/// A plan that is to be applied.
pub struct PlanRun<'a> {
    pub plan: &'a Plan,
    /// The file of a plan that waits.
    pub saved: Option<&'a Path>,
    pub provider: &'a dyn Provider,
    /// The account as this run has just read it for the plan.
    pub seen: Option<Snapshot>,
    pub as_json: bool,
    /// The states under the names that the manifest had before.
    pub former: &'a [(String, StateAt)],
    /// The callback for the moment when nothing prevents the run any more.
    pub started: &'a dyn Fn(),
}

impl PlanRun<'_> {
    /// Applies the plan under the lock, and reports how it ended.
    pub async fn perform(self, store: &dyn Store, context: &CommandContext) -> Exit {
        if self.plan.steps.is_empty() {
            return self.perform_nothing(context);
        }
        let lock = take_lock(store, command(self.plan.header.mode), context).await?;
        let exit = self.perform_locked(&lock, context).await;
        lock.release().await;
        exit
    }

    async fn perform_locked(self, lock: &StateLock<'_>, context: &CommandContext) -> Exit {
        if self.plan.steps.is_empty() {
            return self.perform_nothing(context);
        }
        let (plan, as_json) = (self.plan, self.as_json);
        let outcome = self.apply(lock, context).await?;
        report(plan, outcome, as_json, context)
    }

    fn perform_nothing(self, context: &CommandContext) -> Exit {
        (self.started)();
        report(self.plan, RunOutcome::default(), self.as_json, context)
    }

    async fn apply(
        self,
        lock: &StateLock<'_>,
        context: &CommandContext,
    ) -> Result<RunOutcome, CommandError> {
        let Self { plan, saved, provider, seen, former, started, .. } = self;
        for (name, at) in former {
            let to = &plan.header.manifest;
            engine::move_state(at.store.as_ref(), lock, name, to).await?;
        }
        let ready =
            ReadyPlan::check(plan, lock).await.map_err(|error| stale(error, plan, saved))?;
        started();
        traffic::forecast(plan, context);
        let progress = ProgressDisplay::new(&context.terminal, plan.steps.len());
        let stop = Stop::default();
        let options =
            ApplyOptions { parallelism: context.options.parallelism(), stop: &stop, seen };
        let work = Box::pin(ready.perform(provider, &progress, options));
        let work = traffic::with_progress(work, &context.transport, |delay| {
            progress.event(&Event::Delayed(delay));
        });
        let work = no_retries_after_stop(work, &stop, &context.transport);
        let outcome = interruptible(work, &stop, &context.terminal).await;
        progress.finish();
        outcome
    }
}

/// Explains why a plan cannot be applied. One that waits can be dropped.
fn stale(error: EngineError, plan: &Plan, saved: Option<&Path>) -> CommandError {
    let is_stale = matches!(error, EngineError::Stale { .. });
    let said = CommandError::from(error);
    if !is_stale {
        return said;
    }
    let again = Hint::new("plan again: ").command(NextCommand::planning_again(&plan.header));
    said.with_help(match saved {
        None => again,
        Some(file) => again
            .next_line("or drop this plan: ")
            .command(NextCommand::on_plan("plan --discard").with(shown(file))),
    })
}

/// Reports how a run ended.
fn report(plan: &Plan, mut outcome: RunOutcome, as_json: bool, context: &CommandContext) -> Exit {
    outcome.traffic += context.transport.traffic();
    if as_json {
        context.terminal.result(&json::outcome(plan, &outcome))?;
    } else if !plan.steps.is_empty() {
        context.terminal.result(&human::outcome(plan, &outcome, context.plan_style()))?;
    } else {
        traffic::print_summary(context);
    }
    match left_undone(plan).or_else(|| unclaimed(plan)) {
        _ if outcome.interrupted => Err(CommandError::interrupted()),
        Some(reason) => Err(reason),
        None if outcome.succeeded() => Ok(ExitCode::SUCCESS),
        None => Ok(ExitCode::FAILURE),
    }
}

/// Returns the error for the parts that a plan leaves out, because they must not be done or because
/// something could not be read.
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
        CommandError::new(parts.join(", ")).with_help(
            "the plan gives the reason of each; everything that does not depend on them goes on",
        )
    })
}

/// Returns the error for a destroy that destroyed nothing, because nothing tells whose the objects
/// are.
fn unclaimed(plan: &Plan) -> Option<CommandError> {
    let is_destroy = match plan.header.mode {
        PlanMode::Destroy => true,
        PlanMode::Apply | PlanMode::RefreshOnly => false,
    };
    let note = plan.notes.iter().find(|it| it.kind == PlanNoteKind::Unclaimed)?;
    is_destroy.then(|| {
        CommandError::new("there is no state, so what carries this manifest's tag was left alone")
            .with_help(note.help.clone().unwrap_or_default())
    })
}

/// Takes the lock for this command, and reports the run that it waits for.
pub async fn take_lock<'a>(
    store: &'a dyn Store,
    what: &str,
    context: &CommandContext,
) -> Result<StateLock<'a>, CommandError> {
    let options = LockOptions { holder: lock_for(what), timeout: context.options.lock_timeout };
    Ok(StateLock::take(store, &options, &TerminalObserver::new(&context.terminal)).await?)
}

/// Stops retries once the run is told to stop: it does not wait until AWS accepts more calls.
async fn no_retries_after_stop(
    work: impl Future<Output = RunOutcome>,
    stop: &Stop,
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

fn command(mode: PlanMode) -> &'static str {
    match mode {
        PlanMode::Apply => "apply",
        PlanMode::Destroy => "destroy",
        PlanMode::RefreshOnly => "refresh",
    }
}

/// Describes this run to a run that finds the state locked.
fn lock_for(what: &str) -> LockInfo {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    // The kernel provides the name on Linux. Most shells provide it elsewhere.
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
        since: present_time().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        what: what.to_owned(),
        expires: String::new(),
        process: process::stamp(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relayctl::model::Desired;
    use relayctl::plan::{PlanHeader, StateStamp, Summary};

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
            notes: Vec::new(),
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
}
