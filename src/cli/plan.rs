//! `relayctl plan`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::CommandContext;
use super::brakes::Brakes;
use super::deny_widening::WideningBounds;
use super::encrypt::write_plan;
use super::error::{CommandError, Exit};
use super::planning::{Planned, ReplaceArgs, Selection, make_plan};
use super::project::{Project, shown};
use super::running::left_undone;
use super::session::{self, DeclaredManifest};
use super::traffic;
use super::waiting;
use relayctl::engine::PreparedPlan;
use relayctl::plan::{Plan, PlanMode};
use relayctl::provider::files::own;
use relayctl::render::command::NextCommand;
use relayctl::render::{html, human, json, markdown};
use relayctl::store::local::is_state_file;

/// Show what apply would change, and save exactly that for apply
///
/// Reads what exists, compares it with the manifest and with the state, and prints every change
/// with its reason and the calls that it takes. Changes nothing. The plan is saved beside the
/// state, for `relayctl apply`.
///
/// Above a change of policy it says who gains and who loses what by it. With --deny-widening a plan
/// by which anybody gains access, or by which that can't be told, is printed but not saved, and one
/// that was waiting no longer waits. The same becomes of a plan that destroys or replaces what
/// `prevent_destroy` protects, and, without --override-limits, of one that goes over the manifest's
/// `limits`, and without --allow-lockout of one that takes from you yourself a key, a policy, or
/// the right to undo it.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct PlanArgs {
    /// The manifest: a YAML file
    #[arg(value_name = "MANIFEST", required_unless_present = "discard")]
    manifest: Option<PathBuf>,

    /// Save the plan to this file instead of beside the state
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Exit with 0 when there is nothing to do, 2 when there are changes, 1 after an error
    #[arg(long)]
    detailed_exitcode: bool,

    #[command(flatten)]
    goal: PlanGoal,

    /// Drop the plan that waits for this manifest, or the only one that waits; makes no plan
    #[arg(long, conflicts_with_all = ["out", "destroy", "refresh_only", "targets", "replace", "form"])]
    discard: bool,

    #[command(flatten)]
    bounds: WideningBounds,

    #[command(flatten)]
    brakes: Brakes,

    #[command(flatten)]
    selection: Selection,

    #[command(flatten)]
    replacement: ReplaceArgs,

    #[command(flatten)]
    form: PlanFormat,
}

/// The goal of a plan. Without an option it is what the manifest says.
#[derive(clap::Args, Clone, Copy, Debug)]
struct PlanGoal {
    /// Plan the removal of everything that relayctl made for this manifest
    #[arg(long, conflicts_with_all = ["refresh_only", "replace"])]
    destroy: bool,

    /// Only compare what exists with the state, and plan to take the live values into the state;
    /// with --detailed-exitcode, 2 means that there is drift
    #[arg(long, conflicts_with = "replace")]
    refresh_only: bool,
}

impl PlanGoal {
    fn mode(self) -> PlanMode {
        match (self.destroy, self.refresh_only) {
            (true, _) => PlanMode::Destroy,
            (false, true) => PlanMode::RefreshOnly,
            (false, false) => PlanMode::Apply,
        }
    }
}

/// The form in which a plan is printed.
#[derive(clap::Args, Clone, Debug)]
pub struct PlanFormat {
    /// Print the plan as JSON
    #[arg(long, group = "form")]
    pub json: bool,

    /// Print the plan as Markdown, for a comment on a pull request
    #[arg(long, group = "form")]
    pub markdown: bool,

    /// Print the plan as one HTML page, which needs no script and no network
    #[arg(long, group = "form")]
    pub html: bool,
}

const EXAMPLES: &str = "\
Examples:
  relayctl plan manifests/dev.yaml
  relayctl plan manifests/dev.yaml --detailed-exitcode
  relayctl plan manifests/dev.yaml --target user.serverless
  relayctl plan manifests/dev.yaml --replace role.worker
  relayctl plan manifests/dev.yaml --destroy
  relayctl plan manifests/dev.yaml --refresh-only --detailed-exitcode
  relayctl plan --discard
  relayctl plan manifests/dev.yaml --deny-widening --html > plan.html
  relayctl plan manifests/prod.yaml --out prod.plan.json --markdown > comment.md";

pub fn run_command(args: &PlanArgs, context: &CommandContext) -> Exit {
    let manifest = match (&args.manifest, args.discard) {
        (manifest, true) => return waiting::discard(manifest.as_deref(), context),
        (Some(manifest), false) => manifest,
        (None, false) => return Err(CommandError::new("name a manifest")),
    };
    if let Some(out) = args.out.as_deref().filter(|out| is_state_file(out)) {
        let state = format!("{} is a state, which no plan replaces", out.display());
        return Err(CommandError::new(state).with_help("name another file with --out"));
    }
    if let Some(out) = &args.out {
        own::check_place(out).map_err(|error| CommandError::for_file("write", out, error))?;
    }
    let mode = args.goal.mode();
    let declared = session::load_for(mode, manifest, context)?;
    let at = declared.open_state(context)?;
    let selection = args.replacement.within(&args.selection);
    let Planned { prepared: PreparedPlan { plan, objections, .. }, .. } =
        context.wait_for(make_plan(&declared, &at, mode, &selection, context))?;
    let waiting = declared.project.plan_file(&declared.desired.name);
    let refused = |refusal| {
        // The waiting plan was made for the same manifest, so it may make the same changes.
        drop(std::fs::remove_file(&waiting));
        print(&plan, &args.form, context)?;
        Err(refusal)
    };
    if let Some(refusal) = args.brakes.refusal(&objections, &declared, "it is not saved", context) {
        return refused(refusal);
    }
    if let Some(refusal) = args.bounds.refusal(&plan, "the plan is not saved", context) {
        return refused(refusal);
    }
    // The plan is saved before it is printed: a reader who reads only the beginning still has all
    // of it.
    let saved = args.out.clone().unwrap_or(waiting);
    write_plan(&saved, &plan, &declared.desired.recipients)?;
    print(&plan, &args.form, context)?;
    if args.out.is_some() {
        context.terminal.print_note(&said_elsewhere(&saved, context));
    } else if !plan.is_empty() {
        context.terminal.print_note(&said_waiting(&declared, &saved, context)?);
    }
    traffic::print_summary(context);
    match left_undone(&plan) {
        Some(reason) => Err(reason),
        None if args.detailed_exitcode && !plan.is_empty() => Ok(ExitCode::from(2)),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Prints a plan in the requested form.
pub fn print(plan: &Plan, form: &PlanFormat, context: &CommandContext) -> Result<(), CommandError> {
    context.terminal.result(&if form.json {
        json::render_plan(plan)
    } else if form.markdown {
        markdown::render_plan(plan, Some(&context.run))
    } else if form.html {
        html::render_plan(plan, Some(&context.run))
    } else {
        human::render_plan(plan, context.plan_style())
    })
}

fn said_elsewhere(saved: &Path, context: &CommandContext) -> String {
    let name = saved.display();
    let command = NextCommand::on_plan("apply").with(name.to_string());
    format!("\nSaved the plan to {name}. To do exactly this: {}", context.run.write(&command))
}

/// Returns a message with the shortest command that applies this plan from here.
fn said_waiting(
    declared: &DeclaredManifest,
    saved: &Path,
    context: &CommandContext,
) -> Result<String, CommandError> {
    let here = Project::find_from(Path::new("."), declared.project.sandbox)?;
    let alone = here.waiting()? == [saved.to_owned()];
    let name = shown(saved);
    let apply = NextCommand::on_plan("apply");
    let command = context.run.write(&if alone { apply } else { apply.with(&name) });
    Ok(format!("\nSaved the plan to {name}. To do exactly this: {command}"))
}
