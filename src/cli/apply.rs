//! `relayctl apply`

use std::path::{Path, PathBuf};

use super::CommandContext;
use super::encrypt::seal_for;
use super::error::{CommandError, Exit};
use super::hint::Hint;
use super::input::{self, Input};
use super::planning::{ReplaceArgs, Selection};
use super::project::{Project, folder_of, shown};
use super::run_args::RunArgs;
use super::running::{PlanRun, ask_question, plan_and_run};
use super::session::{self, Destination};
use super::terminal::Terminal;
use super::waiting::{only_waiting, saved_at};
use relayctl::call::{CallerIdentity, FileWrite, Write};
use relayctl::clock::present_time;
use relayctl::manifest;
use relayctl::plan::{Plan, PlanHeader, PlanMode};
use relayctl::render::command::NextCommand;
use relayctl::render::human;
use relayctl::render::text::{age, escape};

/// Do what a plan says, exactly
///
/// Without an argument it does the plan that the last `relayctl plan` saved, if that is the only
/// one waiting. A saved plan is done without asking: it has been read. But if the manifest has
/// changed since, apply asks first, and refuses where there is no terminal. A manifest is planned,
/// printed, and done after a `yes`.
///
/// Each object is read again just before it is changed; one that is no longer what the plan saw is
/// left as it is. After a failure everything that doesn't depend on it still goes on, and the next
/// run finishes the job.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ApplyArgs {
    /// A saved plan, or a manifest
    #[arg(value_name = "PLANFILE|MANIFEST")]
    file: Option<PathBuf>,

    /// Of a manifest, only take the live values into the state; nothing else changes
    #[arg(long, conflicts_with = "replace")]
    refresh_only: bool,

    #[command(flatten)]
    selection: Selection,

    #[command(flatten)]
    replacement: ReplaceArgs,

    #[command(flatten)]
    run: RunArgs,
}

const EXAMPLES: &str = "\
Examples:
  relayctl apply                            the plan that is waiting
  relayctl apply prod.plan.json             a plan saved with plan --out
  relayctl apply manifests/dev.yaml         plan, print, ask, do
  relayctl apply manifests/dev.yaml --yes   without asking";

pub fn run_command(args: &ApplyArgs, context: &CommandContext) -> Exit {
    match &args.file {
        None => {
            let project = Project::find_from(Path::new("."), context.options.sandbox)?;
            let (path, plan) = only_waiting(&project, context)?;
            apply_saved(&path, &plan, args, context)
        }
        Some(path) => match input::open_input(path)? {
            Input::Plan(plan) => apply_saved(path, &plan, args, context),
            Input::Manifest => {
                let context = &context.for_manifest(path);
                apply_manifest(path, args, context).map_err(|error| error.for_run(&context.run))
            }
        },
    }
}

fn apply_manifest(path: &Path, args: &ApplyArgs, context: &CommandContext) -> Exit {
    let mode = if args.refresh_only { PlanMode::RefreshOnly } else { PlanMode::Apply };
    let declared = session::load_for(mode, path, context)?;
    let selection = args.replacement.within(&args.selection);
    context.wait_for(plan_and_run(&declared, mode, &selection, &args.run, context))
}

fn apply_saved(path: &Path, plan: &Plan, args: &ApplyArgs, context: &CommandContext) -> Exit {
    let header = &plan.header;
    let project = project_of(path, header)?;
    let manifest = project.root.join(&header.manifest_file);
    let state = context.options.state.clone().map(|url| absolute(&url));
    let url = state.or_else(|| header.store.clone());
    let context = &context.for_plan(header, &project.root, url.as_deref());
    let saved = SavedRun { path, plan, args, project, manifest, url, context };
    saved.perform().map_err(|error| error.for_run(&context.run))
}

/// A saved plan that is to be applied.
struct SavedRun<'a> {
    path: &'a Path,
    plan: &'a Plan,
    args: &'a ApplyArgs,
    project: Project,
    manifest: PathBuf,
    /// The place of the state. `None` means the default place.
    url: Option<String>,
    context: &'a CommandContext,
}

impl SavedRun<'_> {
    fn perform(&self) -> Exit {
        let Self { path, plan, args, project, context, .. } = self;
        let header = &plan.header;
        self.check_options()?;
        if let Some(refusal) = args.run.bounds.refusal(plan, "nothing was changed", context) {
            return Err(refusal);
        }
        self.print_header();
        let change = self.manifest_change().filter(|_| !plan.steps.is_empty());
        let doubt = change.map_or(Ok(None), |change| self.doubt(&change))?;
        if plan.steps.is_empty() && !args.run.consent.json {
            context.terminal.result(&human::render_plan(plan, context.plan_style()))?;
        }
        let aws = session::aws_options(context, &header.region);
        let open = |name: &str| {
            let seal = seal_for(&header.recipients)?;
            session::open_state(self.url.clone(), project, name, &aws, seal)
        };
        let at = open(&header.manifest)?;
        let former = header.former_names.iter().map(|name| Ok((name.clone(), open(name)?)));
        let former = former.collect::<Result<Vec<_>, CommandError>>()?;
        let base = folder_of(&self.manifest);
        let destination =
            Destination { project, account: &header.account, region: &header.region, base };
        let waits = project.holds_waiting(path);
        // From here on the plan can never be applied again: the state that it was made for is about
        // to change.
        let started = || {
            if waits {
                drop(std::fs::remove_file(path));
            }
        };
        context.wait_for(async {
            let (provider, caller) = destination.connect_as(context).await?;
            self.print_callers(&caller);
            if let Some(question) = doubt
                && !ask_question(question).await?
            {
                return Err(CommandError::new("Apply cancelled: nothing was changed"));
            }
            let run = PlanRun {
                plan,
                saved: Some(*path).filter(|_| waits),
                provider: &provider,
                seen: None,
                as_json: args.run.consent.json,
                former: &former,
                started: &started,
            };
            Box::pin(run.perform(at.store.as_ref(), context)).await
        })
    }

    /// Makes sure that no option asks for something else than the plan.
    fn check_options(&self) -> Result<(), CommandError> {
        let Self { plan, args, context, .. } = self;
        let chosen = !args.selection.targets.is_empty()
            || args.selection.allow_delete_foreign
            || !args.replacement.replace.is_empty();
        let other_mode = args.refresh_only && plan.header.mode != PlanMode::RefreshOnly;
        if chosen || other_mode || !context.options.variables.is_empty() {
            return Err(CommandError::new(
                "a saved plan is done exactly as it is: --target, --replace, --var, \
                    --refresh-only and --allow-delete-foreign belong to `plan`",
            ));
        }
        if context.options.sandbox && !plan.header.sandbox {
            let again = NextCommand::planning_again(&plan.header).with("--sandbox");
            return Err(CommandError::new(format!(
                "{} was made for AWS, not for the sandbox",
                self.path.display()
            ))
            .with_help(Hint::new("make one for the sandbox with ").quoted_command(again)));
        }
        Ok(())
    }

    /// Prints what the plan is for, and when it was saved if it waits beside the state. A plan from
    /// elsewhere may have been copied, which makes a file new.
    fn print_header(&self) {
        let terminal = &self.context.terminal;
        terminal.print_rendered_note(&human::header(&self.plan.header, terminal.side_style()));
        let saved = saved_at(self.path).filter(|_| self.project.holds_waiting(self.path));
        if let Some(saved) = saved {
            terminal.print_note(&format!("Saved:    {}", age(saved, present_time())));
        }
        let calls = self.plan.steps.iter().flat_map(|step| &step.calls);
        for command in
            calls.filter(|call| matches!(call, Write::File(FileWrite::RunCommand { .. })))
        {
            terminal.print_note(&format!("Runs:     {}", command.object()));
        }
    }

    /// Returns what became of the manifest since the plan was made, if it is no longer the same.
    fn manifest_change(&self) -> Option<String> {
        let name = shown(&self.manifest);
        if !self.manifest.is_file() {
            return Some(format!("{name} is gone since this plan was made"));
        }
        let header = &self.plan.header;
        let inputs = session::inputs(
            header.variables.clone(),
            header.region_option.clone(),
            &self.context.options,
        );
        match manifest::load_manifest(&self.manifest, &inputs).desired {
            Some(desired) if desired.digest == header.manifest_digest => None,
            Some(_) => Some(format!("{name} has changed since this plan was made")),
            None => Some(format!("{name} has changed since this plan was made, and has errors")),
        }
    }

    /// Decides what to do about a changed manifest: go on with a warning if the plan was named or
    /// `--yes` was given, else ask, else refuse. Returns the question.
    fn doubt(&self, change: &str) -> Result<Option<String>, CommandError> {
        let is_wanted = self.args.file.is_some() || self.args.run.consent.yes;
        let terminal = &self.context.terminal;
        if is_wanted {
            let done = "the plan is done as it was saved";
            terminal.print_warning(&format!("{change}; {done}"));
            return Ok(None);
        }
        if Terminal::interactive() {
            let consequences = human::consequences(self.plan, terminal.side_style());
            let gap = if consequences.is_empty() { "" } else { "\n" };
            terminal.print_warning(change);
            let counts = human::counts(self.plan);
            return Ok(Some(format!(
                "{consequences}{gap}Do you want to apply the plan as it was saved ({counts})?"
            )));
        }
        let named = NextCommand::on_plan("apply").with(shown(self.path));
        Err(CommandError::new(format!("{change}; nothing was changed")).with_help(
            Hint::new("plan again: ")
                .command(NextCommand::planning_again(&self.plan.header))
                .next_line("or apply the plan as it was saved: ")
                .command(named),
        ))
    }

    /// Prints who made the plan and who applies it, and warns if these are two.
    fn print_callers(&self, caller: &CallerIdentity) {
        let planned = &self.plan.header.caller;
        let terminal = &self.context.terminal;
        terminal.print_rendered_note(&format!(
            "Planned by {}.\nApplied by {}.",
            escape(planned),
            escape(&caller.arn)
        ));
        if !is_same_caller(planned, &caller.arn) {
            terminal.print_warning(
                "somebody else made this plan: what it says about your own access is about the \
                    one who made it",
            );
        }
    }
}

/// Returns true for the same user or role. Sessions of one role differ in the last part only:
/// `arn:aws:sts::123456789012:assumed-role/deploy/session`.
fn is_same_caller(one: &str, other: &str) -> bool {
    let without_session = |arn: &str| match arn.split_once(":assumed-role/") {
        Some((account, role)) => {
            format!("{account}/{}", role.split('/').next().unwrap_or_default())
        }
        None => arn.to_owned(),
    };
    without_session(one) == without_session(other)
}

/// Makes a path absolute. On the command line it is relative to the working directory, not to the
/// project's root.
fn absolute(url: &str) -> String {
    if url.contains("://") {
        return url.to_owned();
    }
    std::path::absolute(url)
        .map_or_else(|_| url.to_owned(), |path| path.to_string_lossy().into_owned())
}

/// Finds the project of a plan: the project that the plan is saved in, or, for a plan from
/// elsewhere, the project of the working directory.
fn project_of(path: &Path, header: &PlanHeader) -> Result<Project, CommandError> {
    let around_plan = Project::of_manifest(path, header.sandbox)?;
    let around_us = Project::find_from(Path::new("."), header.sandbox)?;
    let holds_manifest = |project: &Project| project.root.join(&header.manifest_file).is_file();
    if around_plan.holds_waiting(path)
        || holds_manifest(&around_plan)
        || !holds_manifest(&around_us)
    {
        return Ok(around_plan);
    }
    Ok(around_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sessions_of_a_role_are_one_caller_and_two_users_are_two() {
        let session = |role: &str, name: &str| {
            format!("arn:aws:sts::123456789012:assumed-role/{role}/{name}")
        };
        assert!(is_same_caller(&session("ci", "one"), &session("ci", "two")));
        assert!(!is_same_caller(&session("ci", "one"), &session("admin", "one")));
        let user = |name: &str| format!("arn:aws:iam::123456789012:user/{name}");
        assert!(is_same_caller(&user("ada"), &user("ada")));
        assert!(!is_same_caller(&user("ada"), &user("bob")));
    }
}
