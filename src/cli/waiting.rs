//! The saved plans that wait to be applied: choosing one, listing them, and dropping one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use jiff::Timestamp;

use super::CommandContext;
use super::error::{CommandError, Exit};
use super::hint::Hint;
use super::input;
use super::project::{Project, looks_like_plan, shown};
use super::session::inputs;
use relayctl::clock::present_time;
use relayctl::manifest;
use relayctl::plan::{Plan, PlanMode};
use relayctl::render::command::NextCommand;
use relayctl::render::human;
use relayctl::render::text::{age, count, escape};

/// A plan that waits. A plan that cannot be read waits as well: only the user can drop it.
pub struct WaitingPlan {
    pub path: PathBuf,
    pub plan: Result<Plan, CommandError>,
}

impl WaitingPlan {
    /// Returns the plans that wait, by name. A plan with nothing to do waits only if it is alone.
    pub fn all(project: &Project, context: &CommandContext) -> Result<Vec<Self>, CommandError> {
        let mut plans = Self::every(project, context)?;
        if plans.len() > 1 {
            plans.retain(|it| !it.plan.as_ref().is_ok_and(Plan::is_empty));
        }
        Ok(plans)
    }

    /// Returns all plans that wait, also those with nothing to do. Warns of the saved plans that do
    /// not count as waiting.
    pub fn every(project: &Project, context: &CommandContext) -> Result<Vec<Self>, CommandError> {
        let saved = project.saved_plans()?;
        warn_of_planted(&saved.planted, context);
        let plan = |path: PathBuf| Self { plan: input::open_plan(&path), path };
        Ok(saved.waiting.into_iter().map(plan).collect())
    }

    /// Returns the file, the manifest, what would be done, and the age, on one line.
    fn line(&self, now: Timestamp) -> String {
        let name = escape(&shown(&self.path));
        let age = saved_at(&self.path).map(|saved| age(saved, now));
        let age = age.map(|age| format!(", saved {age}")).unwrap_or_default();
        match &self.plan {
            Ok(plan) => format!("{name}: {}{age}", summary(plan)),
            Err(error) => {
                format!("{name}: cannot be applied{age} ({})", escape(&error.to_string()))
            }
        }
    }
}

/// Returns what a plan is for and what it would do: `manifests/dev.yaml: 3 to add, 0 to change, 1
/// to destroy, 2 access changes`.
pub fn summary(plan: &Plan) -> String {
    let access = plan.access.len();
    let access = (access > 0).then(|| format!(", {}", count(access, "access change")));
    let mode = match plan.header.mode {
        PlanMode::Apply => "",
        PlanMode::Destroy => " (destroy)",
        PlanMode::RefreshOnly => " (refresh only)",
    };
    let (file, counts) = (escape(&plan.header.manifest_file), human::counts(plan));
    format!("{file}{mode}: {counts}{}", access.unwrap_or_default())
}

/// Returns the time at which a plan was saved. The plan itself has none: the same inputs give the
/// same plan.
pub fn saved_at(path: &Path) -> Option<Timestamp> {
    let modified = std::fs::metadata(path).and_then(|found| found.modified()).ok()?;
    Timestamp::try_from(modified).ok()
}

/// Finds the only plan that waits.
pub fn only_waiting(
    project: &Project,
    context: &CommandContext,
) -> Result<(PathBuf, Plan), CommandError> {
    let mut plans = WaitingPlan::all(project, context)?;
    match (plans.pop(), plans.is_empty()) {
        (Some(only), true) => only.plan.map(|plan| (only.path, plan)),
        (None, _) => Err(none_waiting(project)),
        (Some(last), false) => {
            plans.push(last);
            Err(several_waiting(&plans, "apply", present_time()))
        }
    }
}

/// Warns of plans beside the states that are not taken for waiting ones.
fn warn_of_planted(planted: &BTreeMap<PathBuf, String>, context: &CommandContext) {
    for (path, why) in planted {
        let path = shown(path);
        let show = context.run.write(&NextCommand::on_plan("show").with(path.clone()));
        context.terminal.print_warning(&format!(
            "{path} is not taken for a plan that waits: {why}. Before you apply it by its name, \
                read it: {show}"
        ));
    }
}

fn none_waiting(project: &Project) -> CommandError {
    let error = CommandError::new("no plan is waiting to be applied");
    let sandbox = Project { sandbox: true, ..project.clone() };
    if !project.sandbox && sandbox.waiting().is_ok_and(|plans| !plans.is_empty()) {
        let command = NextCommand::on_plan("apply").with("--sandbox");
        return error.with_help(Hint::new("one is waiting in the sandbox: ").command(command));
    }
    error.with_help(
        Hint::new("make one with ")
            .quoted_command(NextCommand::on_any_manifest("plan"))
            .followed_by(", or plan and apply at once with ")
            .quoted_command(NextCommand::on_any_manifest("apply")),
    )
}

/// Returns the error for a command that takes one plan where several wait. It lists them.
pub fn several_waiting(
    plans: &[WaitingPlan],
    command: &'static str,
    now: Timestamp,
) -> CommandError {
    let first = plans.iter().find(|it| it.plan.is_ok()).or(plans.first());
    let file = first.map(|it| shown(&it.path)).unwrap_or_default();
    let discard = NextCommand::on_plan("plan --discard").with(file.clone());
    let lines = plans.iter().map(|it| it.line(now));
    CommandError::new("several plans are waiting:").with_details(lines).with_help(
        Hint::new("name one, for example: ")
            .command(NextCommand::on_plan(command).with(file))
            .next_line("or drop the ones that are not wanted: ")
            .command(discard),
    )
}

/// Drops a plan that waits: that of a manifest, the named one, or the only one.
pub fn discard(named: Option<&Path>, context: &CommandContext) -> Exit {
    let path = match named {
        None => only_to_discard(context)?,
        Some(named) => find_waiting(named, context)?,
    };
    let what = input::open_plan(&path).map_or_else(
        |_| "it could not be applied any more".to_owned(),
        |plan| format!("it was for {}", summary(&plan)),
    );
    std::fs::remove_file(&path).map_err(|error| CommandError::for_file("remove", &path, error))?;
    context.terminal.result_line(&format!("Dropped the plan {}; {what}.", shown(&path)))?;
    Ok(ExitCode::SUCCESS)
}

fn only_to_discard(context: &CommandContext) -> Result<PathBuf, CommandError> {
    let project = Project::find_from(Path::new("."), context.options.sandbox)?;
    let mut plans = WaitingPlan::every(&project, context)?;
    match (plans.pop(), plans.is_empty()) {
        (Some(only), true) => Ok(only.path),
        (None, _) => Err(CommandError::new("no plan is waiting")),
        (Some(last), false) => {
            plans.push(last);
            Err(several_waiting(&plans, "plan --discard", present_time()))
        }
    }
}

/// Finds the plan that waits for a manifest, or the one that is named itself. The manifest may have
/// errors, or be gone: that is when its plan is no longer wanted.
fn find_waiting(named: &Path, context: &CommandContext) -> Result<PathBuf, CommandError> {
    let project = Project::of_manifest(named, context.options.sandbox)?;
    if looks_like_plan(named) && named.is_file() {
        if project.holds_waiting(named) {
            return Ok(named.to_owned());
        }
        let error = CommandError::new(format!("{} is not waiting", named.display()));
        return Err(error.with_help("it was saved with --out: delete the file"));
    }
    let waiting = project.waiting()?;
    let file = project.relative(named);
    let is_for_it = |path: &&PathBuf| {
        input::open_plan(path).is_ok_and(|plan| plan.header.manifest_file == file)
    };
    let by_name = || {
        let options = &context.options;
        let variables = options.variables.iter().cloned().collect();
        let inputs = inputs(variables, options.region.clone(), options);
        let desired = manifest::load_manifest(named, &inputs).desired?;
        Some(project.plan_file(&desired.name)).filter(|path| path.is_file())
    };
    let found = waiting.iter().find(is_for_it).cloned().or_else(by_name);
    found.ok_or_else(|| CommandError::new(format!("no plan is waiting for {}", named.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use relayctl::model::Desired;
    use relayctl::plan::{PlanHeader, StateStamp, Summary};
    use relayctl::render::command::RunOptions;

    fn plan(file: &str, mode: PlanMode) -> Plan {
        let manifest_file = file.to_owned();
        Plan {
            header: PlanHeader { manifest_file, ..PlanHeader::new(&Desired::default(), mode) },
            state: StateStamp::of(None),
            changes: Vec::new(),
            steps: Vec::new(),
            access: Vec::new(),
            notes: Vec::new(),
            summary: Summary { add: 3, destroy: 1, ..Summary::default() },
        }
    }

    #[test]
    fn waiting_plans_are_listed_with_what_they_would_do_and_one_is_named() {
        let plans = [
            WaitingPlan { path: "a.plan.json".into(), plan: Err(CommandError::new("damaged")) },
            WaitingPlan {
                path: "b.plan.json".into(),
                plan: Ok(plan("dev.yaml", PlanMode::Destroy)),
            },
        ];
        let error = several_waiting(&plans, "apply", Timestamp::UNIX_EPOCH);
        insta::assert_snapshot!(error, @r"
        several plans are waiting:
          a.plan.json: cannot be applied (damaged)
          b.plan.json: dev.yaml (destroy): 3 to add, 0 to change, 1 to destroy
        ");
        let run = RunOptions { sandbox: true, ..RunOptions::default() };
        insta::assert_snapshot!(error.help_for(&run).unwrap(), @r"
        name one, for example: relayctl apply b.plan.json --sandbox
              or drop the ones that are not wanted: relayctl plan --discard b.plan.json --sandbox
        ");
    }
}
