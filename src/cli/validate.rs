//! `relayctl validate`

use std::process::ExitCode;

use super::CommandContext;
use super::error::Exit;
use super::options::ManifestArg;
use super::session;

/// Check a manifest and every file that it names, without a network
///
/// Reports every problem at once, each with its file, line and column and what to do about it, and
/// judges the `checks:` of the manifest by the policies that it declares. Exits with 1 if there is
/// an error; warnings alone are no error.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ValidateArgs {
    #[command(flatten)]
    manifest: ManifestArg,
}

const EXAMPLES: &str = "\
Examples:
  relayctl validate manifests/dev.yaml
  relayctl validate manifests/dev.yaml --var suffix=test";

pub fn run_command(args: &ValidateArgs, context: &CommandContext) -> Exit {
    let declared = session::load_checked(&args.manifest.manifest, context)?;
    let desired = &declared.desired;
    let mut summary = count(desired.resources.len(), "resource");
    if !desired.checks.is_empty() {
        summary = format!("{summary}, {}", count(desired.checks.len(), "check"));
    }
    context.terminal.result_line(&format!("{} is valid: {summary}", declared.path.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
