//! `relayctl destroy`

use super::CommandContext;
use super::error::Exit;
use super::options::ManifestArg;
use super::planning::Selection;
use super::run_args::RunArgs;
use super::running;
use super::session;
use relayctl::plan::PlanMode;

/// Remove everything that relayctl made for a manifest
///
/// Plans the removal, prints it, asks, and does it. Only what the state records goes; what others
/// made, or attached to our users and roles, is left alone, and stops what cannot go without it. A
/// bucket that holds objects is emptied only where the manifest says `force_destroy: true`. To have
/// the removal reviewed first: `relayctl plan --destroy`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct DestroyArgs {
    #[command(flatten)]
    manifest: ManifestArg,

    #[command(flatten)]
    selection: Selection,

    #[command(flatten)]
    run: RunArgs,
}

const EXAMPLES: &str = "\
Examples:
  relayctl destroy manifests/dev.yaml
  relayctl destroy manifests/dev.yaml --target access_key.serverless
  relayctl destroy manifests/dev.yaml --yes";

pub fn run_command(args: &DestroyArgs, context: &CommandContext) -> Exit {
    let declared = session::load_manifest(&args.manifest.manifest, context)?;
    context.wait_for(running::plan_and_run(
        &declared,
        PlanMode::Destroy,
        &args.selection,
        &args.run,
        context,
    ))
}
