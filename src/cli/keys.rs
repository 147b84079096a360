//! `relayctl keys`

use std::process::ExitCode;

use clap::Subcommand;

use super::CommandContext;
use super::error::{CommandError, Exit};
use super::options::ManifestArg;
use super::planning::{Selection, TerminalObserver};
use super::run_args::RunArgs;
use super::running;
use super::session;
use super::terminal::Terminal;
use relayctl::address::AddressQuery;
use relayctl::engine::{self, Workspace};
use relayctl::plan::PlanMode;
use relayctl::render::keys as render;

/// List access keys with their age and use, or make new ones in their place
///
/// `access_key: {rotate_after: 90d, retire_after: 7d}` in the manifest has keys rotated by `plan`
/// and `apply`: a new one is made, put where the old one was, and proven; then the old one is
/// deactivated. A later run deletes that, once nobody has used it for as long as `retire_after`
/// says.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

const EXAMPLES: &str = "\
Examples:
  relayctl keys list manifests/dev.yaml
  relayctl keys list manifests/dev.yaml --json
  relayctl keys rotate manifests/dev.yaml
  relayctl keys rotate manifests/dev.yaml serverless --yes";

#[derive(Subcommand, Debug)]
enum KeysCommand {
    /// List all keys of the manifest's users: age, status, last use, and when the next rotation is
    /// due
    List {
        #[command(flatten)]
        manifest: ManifestArg,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Make new keys now, however old the present ones are: plan, print, ask, do
    Rotate(RotateArgs),
}

#[derive(clap::Args, Debug)]
struct RotateArgs {
    #[command(flatten)]
    manifest: ManifestArg,

    /// Only the keys of these users
    #[arg(value_name = "USER")]
    users: Vec<AddressQuery>,

    #[command(flatten)]
    run: RunArgs,
}

pub fn run_command(args: &KeysArgs, context: &CommandContext) -> Exit {
    match &args.command {
        KeysCommand::List { manifest, json } => list(manifest, *json, context),
        KeysCommand::Rotate(args) => rotate(args, context),
    }
}

fn list(manifest: &ManifestArg, as_json: bool, context: &CommandContext) -> Exit {
    let declared = session::load_manifest(&manifest.manifest, context)?;
    let found = context.wait_for(async {
        let at = declared.open_state(context)?;
        let store = at.store.as_ref();
        let state = declared.load_state(store).await?;
        let provider = declared.connect(context).await?;
        let (desired, observer) = (&declared.desired, TerminalObserver::new(&context.terminal));
        let workspace = Workspace { desired, provider: &provider, store, observer: &observer };
        Ok(engine::list_keys(&workspace, state).await?)
    })?;
    if as_json {
        context.terminal.result(&render::render_json(&found))?;
    } else if found.is_empty() {
        context.terminal.print_note("None of this manifest's users has an access key.");
    } else {
        context.terminal.result(&render::table(&found))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn rotate(args: &RotateArgs, context: &CommandContext) -> Exit {
    if !args.run.consent.yes && !Terminal::interactive() {
        // A plan to read first is no way out: only this command asks for new keys.
        return Err(CommandError::new("there is no terminal to ask on, so nothing was changed")
            .with_help("add --yes"));
    }
    let mut declared = session::load_checked(&args.manifest.manifest, context)?;
    let targets = engine::renew_keys(&mut declared.desired, &args.users)?;
    let targets = targets.into_iter().map(AddressQuery::from).collect();
    let selection = Selection { targets, ..Selection::default() };
    context.wait_for(running::plan_and_run(
        &declared,
        PlanMode::Apply,
        &selection,
        &args.run,
        context,
    ))
}
