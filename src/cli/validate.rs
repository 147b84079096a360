//! `relayctl validate`

use std::process::ExitCode;

use super::Context;
use super::error::Exit;
use super::options::ManifestArg;
use super::session;

/// Check a manifest and every file that it names, without a network
///
/// Reports every problem at once, each with its file, line and column and what to do about it. Exits with 1 if there is
/// an error; warnings alone are no error.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    manifest: ManifestArg,
}

const EXAMPLES: &str = "\
Examples:
  relayctl validate manifests/dev.yaml
  relayctl validate manifests/dev.yaml --var suffix=test";

pub fn run(args: &Args, context: &Context) -> Exit {
    let declared = session::load(&args.manifest.manifest, context)?;
    let count = declared.desired.resources.len();
    let noun = if count == 1 { "resource" } else { "resources" };
    context.terminal.result(&format!("{} is valid: {count} {noun}", declared.path.display()))?;
    Ok(ExitCode::SUCCESS)
}
