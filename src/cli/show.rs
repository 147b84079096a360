//! `relayctl show`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::CommandContext;
use super::error::{CommandError, Exit};
use super::hint::Hint;
use super::input::{self, Input};
use super::plan::{self, PlanFormat};
use super::project::Project;
use super::session;
use super::state::resource;
use super::waiting::{WaitingPlan, several_waiting};
use relayctl::clock::present_time;
use relayctl::render::command::NextCommand;
use relayctl::render::text::escape;

/// Print a saved plan, or what the state records for a manifest
///
/// Without an argument it prints the plan that is waiting to be applied. Reads files only, never
/// AWS.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ShowArgs {
    /// A saved plan, or a manifest
    #[arg(value_name = "PLANFILE|MANIFEST")]
    file: Option<PathBuf>,

    #[command(flatten)]
    form: PlanFormat,
}

const EXAMPLES: &str = "\
Examples:
  relayctl show                              the plan that is waiting
  relayctl show prod.plan.json --markdown    a saved plan, for a comment
  relayctl show prod.plan.json --html > plan.html
  relayctl show manifests/dev.yaml           what relayctl made for this manifest";

pub fn run_command(args: &ShowArgs, context: &CommandContext) -> Exit {
    let path = match &args.file {
        Some(path) => path.clone(),
        None => waiting(context)?,
    };
    match input::open_input(&path)? {
        Input::Plan(saved) => {
            let header = &saved.header;
            let root = Project::of_manifest(&path, header.sandbox)?.root;
            let context = context.for_plan(header, &root, header.store.as_deref());
            plan::print(&saved, &args.form, &context)?;
        }
        Input::Manifest => {
            let context = &context.for_manifest(&path);
            recorded(&path, &args.form, context).map_err(|error| error.for_run(&context.run))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn waiting(context: &CommandContext) -> Result<PathBuf, CommandError> {
    let project = Project::find_from(Path::new("."), context.options.sandbox)?;
    let mut plans = WaitingPlan::every(&project, context)?;
    match (plans.pop(), plans.is_empty()) {
        (Some(only), true) => Ok(only.path),
        (None, _) => {
            let show = NextCommand::on_plan("show").with_placeholder("FILE");
            Err(CommandError::new("no plan is waiting")
                .with_help(Hint::new("name a saved plan or a manifest: ").command(show)))
        }
        (Some(last), false) => {
            plans.push(last);
            Err(several_waiting(&plans, "show", present_time()))
        }
    }
}

fn recorded(path: &Path, form: &PlanFormat, context: &CommandContext) -> Result<(), CommandError> {
    if form.markdown || form.html {
        let option = if form.html { "--html" } else { "--markdown" };
        return Err(CommandError::new(format!("{option} prints a plan, and this is a manifest")));
    }
    let declared = session::load_manifest(path, context)?;
    let at = declared.open_state(context)?;
    let state = context.wait_for(async { declared.load_state(at.store.as_ref()).await })?;
    let Some(state) = state else {
        return Err(CommandError::new(format!("there is no state {} yet", at.store.location()))
            .with_help(
                Hint::new("see what would be made: ").command(NextCommand::on_manifest("plan")),
            ));
    };
    if form.json {
        return context.terminal.result(&relayctl::state::encode(&state));
    }
    let location = escape(&at.store.location());
    let sandbox = if declared.project.sandbox { " (sandbox)" } else { "" };
    let title = format!(
        "# {} in account {}{sandbox}: {} resources, serial {} of {location}\n",
        escape(&state.manifest),
        escape(&state.account),
        state.resources.len(),
        state.serial
    );
    let resources =
        state.resources.iter().map(|(address, entry)| format!("\n{}", resource(address, entry)));
    context.terminal.result(&resources.fold(title, |text, next| text + &next))
}
