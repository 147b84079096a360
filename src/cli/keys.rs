//! `relayctl keys`

use std::process::ExitCode;

use clap::Subcommand;

use super::CommandContext;
use super::error::{CommandError, Exit};
use super::options::ManifestArg;
use super::planning::{self, Selection};
use super::run_args::RunArgs;
use super::running;
use super::session::{self, DeclaredManifest};
use super::suggest::nearest;
use crate::address::{Address, KindName};
use crate::engine;
use crate::plan::PlanMode;
use crate::render::keys as render;
use crate::resolve::{ALL_READS, Resolver, keys, recovery};

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
    users: Vec<String>,

    #[command(flatten)]
    run: RunArgs,
}

pub fn run(args: &KeysArgs, context: &CommandContext) -> Exit {
    match &args.command {
        KeysCommand::List { manifest, json } => list(manifest, *json, context),
        KeysCommand::Rotate(args) => rotate(args, context),
    }
}

fn list(manifest: &ManifestArg, as_json: bool, context: &CommandContext) -> Exit {
    let declared = session::load(&manifest.manifest, context)?;
    let found = context.wait_for(async {
        let at = declared.open_state(context)?;
        let state = declared.recorded(at.store.as_ref()).await?;
        let (provider, _) = declared.connect(context).await?;
        let mut resolver = Resolver::new(&provider, ALL_READS);
        let recorded = if let Some(state) = state {
            state.resources
        } else {
            let recovery::RecoveredObjects { resources, unread } =
                engine::recover(&mut resolver, &declared.desired, false).await;
            planning::warn_of_unread(&unread, context);
            resources
        };
        Ok(keys::keys(&mut resolver, &declared.desired, &recorded).await?)
    })?;
    if as_json {
        context.terminal.result(&render::json(&found))?;
    } else if found.is_empty() {
        context.terminal.note("None of this manifest's users has an access key.");
    } else {
        context.terminal.result(&render::table(&found))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn rotate(args: &RotateArgs, context: &CommandContext) -> Exit {
    let mut declared = session::load_checked(&args.manifest.manifest, context)?;
    let targets = chosen(&args.users, &declared)?;
    for address in &targets {
        if let Some(resource) = declared.desired.resources.get_mut(address) {
            resource.renew = true;
        }
    }
    let selection = Selection { targets, ..Selection::default() };
    context.wait_for(running::plan_and_run(
        &declared,
        PlanMode::Apply,
        &selection,
        &args.run,
        context,
    ))
}

/// The keys of these users, or all that the manifest declares.
fn chosen(users: &[String], declared: &DeclaredManifest) -> Result<Vec<Address>, CommandError> {
    let keys = || declared.desired.of_kind(KindName::AccessKey).map(|(address, _)| address);
    if keys().next().is_none() {
        return Err(CommandError::new("the manifest declares no access key")
            .help("give a user one: `access_key: {profile: NAME}`"));
    }
    let unknown = |user: &String| {
        let error =
            CommandError::new(format!("the manifest declares no access key for a user {user}"));
        let names: Vec<&str> = keys().map(Address::name).collect();
        match nearest(user, names.iter().copied()) {
            Some(near) => error.help(format!("did you mean {near}?")),
            None => error.help(format!("it does for {}", names.join(", "))),
        }
    };
    if users.is_empty() {
        return Ok(keys().cloned().collect());
    }
    users
        .iter()
        .map(|user| keys().find(|it| it.name() == user).cloned().ok_or_else(|| unknown(user)))
        .collect()
}
