//! `relayctl permissions`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;

use super::CommandContext;
use super::error::{CommandError, Exit};
use super::options::ManifestArg;
use super::session;
use relayctl::model::Desired;
use relayctl::permissions::{Job, foreign, needed, policies, statements};
use relayctl::policy::pretty;
use relayctl::provider::files::own;
use relayctl::value::Value;

/// Print the least IAM policy under which relayctl itself can do its work
///
/// Follows every call that relayctl can send for what the manifest declares, and allows those
/// actions, on those ARNs, and nothing else. Needs no credentials and no network. Make it again
/// when the manifest gets new names: a policy from before doesn't know them, and the run says which
/// permission is missing.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{NOTES}"))]
pub struct PermissionsArgs {
    #[command(flatten)]
    manifest: ManifestArg,

    /// The job that relayctl is to be allowed
    #[arg(long = "for", value_enum, value_name = "JOB", default_value_t = For::Apply)]
    job: For,

    /// Also allow what --allow-delete-foreign needs: to remove what others attached to removed
    /// objects
    #[arg(long)]
    allow_delete_foreign: bool,

    /// Write plan.json and apply.json into this folder: the policies of two CI roles
    #[arg(long, value_name = "FOLDER", conflicts_with = "job")]
    write: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum For {
    /// Read what is declared: for pull requests
    Plan,
    /// Plan, create, change, replace and delete it: for the main branch
    Apply,
    /// Read it and delete it
    Destroy,
}

const EXAMPLES: &str = "\
Examples:
  relayctl permissions manifests/dev.yaml --for plan > plan.json
  relayctl permissions manifests/dev.yaml --write policies/ci
  relayctl plan manifests/dev.yaml --sandbox --sandbox-enforce plan.json";

const NOTES: &str = "\
Two roles for CI:
  --write makes plan.json for a role that pull requests can assume, which can change nothing, and \
  apply.json for
  a role that only the protected main branch can assume.

What is not in it:
  Reading users and roles that the manifest doesn't name, but that have its policies, and other \
  people's policies: where
  these matter, the plan can't tell whether anybody gains access.
  The path of a user or a role is a part of its ARN: to change one, allow the old ARN, too.
  iam:GetAccountAuthorizationDetails, which reads all of the account in one call. relayctl tries \
  it, and asks for each
  object where it is denied. Allow it on \"*\" to make plans of large manifests faster.
  What a KMS key's own policy allows. A state in a bucket that is encrypted with a customer \
  managed key takes
  kms:GenerateDataKey and kms:Decrypt on that key, besides what is printed.";

pub fn run_command(args: &PermissionsArgs, context: &CommandContext) -> Exit {
    let mut declared = session::load_manifest(&args.manifest.manifest, context)?;
    // The place of the state is the manifest's `state:`, or the place on the command line.
    declared.desired.store = context.options.state.clone().or(declared.desired.store);
    if let Some(folder) = &args.write {
        write(&declared.desired, args.allow_delete_foreign, folder, context)?;
        return Ok(ExitCode::SUCCESS);
    }
    let documents = made(&declared.desired, args.job.job(), args.allow_delete_foreign)?;
    if documents.len() > 1 {
        context.terminal.print_note(&several(documents.len()));
    }
    context.terminal.result(&match documents.as_slice() {
        [one] => pretty(one),
        many => pretty(&Value::from(many)),
    })?;
    Ok(ExitCode::SUCCESS)
}

impl For {
    fn job(self) -> Job {
        match self {
            Self::Plan => Job::Plan,
            Self::Apply => Job::Apply,
            Self::Destroy => Job::Destroy,
        }
    }
}

fn made(desired: &Desired, job: Job, clearing: bool) -> Result<Vec<Value>, CommandError> {
    let mut permissions = needed(desired, job);
    if clearing && job != Job::Plan {
        permissions.extend(foreign(desired));
    }
    let documents = policies(&statements(&permissions));
    if documents.is_empty() {
        return Err(CommandError::new(
            "the manifest declares nothing in AWS, so there is nothing to allow",
        ));
    }
    Ok(documents)
}

fn write(
    desired: &Desired,
    clearing: bool,
    folder: &Path,
    context: &CommandContext,
) -> Result<(), CommandError> {
    let mut written = Vec::new();
    for (name, job) in [("plan", Job::Plan), ("apply", Job::Apply)] {
        let documents = made(desired, job, clearing)?;
        for (number, document) in (1..).zip(&documents) {
            let file = if documents.len() == 1 {
                format!("{name}.json")
            } else {
                format!("{name}-{number}.json")
            };
            let path = folder.join(file);
            own::replace_shared(&path, pretty(document).as_bytes())
                .map_err(|error| CommandError::for_file("write", &path, error))?;
            written.push(format!("  {}", path.display()));
        }
        if documents.len() > 1 {
            context.terminal.print_note(&several(documents.len()));
        }
    }
    context.terminal.result(&format!("Wrote\n{}", written.join("\n")))
}

fn several(count: usize) -> String {
    format!(
        "IAM takes 6144 characters in one policy, and these are more: attach all {count} of them"
    )
}
