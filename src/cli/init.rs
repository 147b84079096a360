//! `relayctl init`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;

use super::error::{CommandError, Exit};
use super::{CommandContext, schema};
use relayctl::provider::files::disk;
use relayctl::render::command::{NextCommand, RunOptions};
use relayctl::render::text::escape;

/// Write manifests to start with
///
/// Writes commented manifests, their policy documents and the schema for editors. Never overwrites:
/// if one of the files is there already, it lists them and writes nothing.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct InitArgs {
    /// The folder to write into
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,

    /// The example to start from
    #[arg(long, value_enum, default_value_t = InitTemplate::ZappaRelay)]
    template: InitTemplate,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum InitTemplate {
    /// A serverless relay that Zappa deploys: its user, key, role, policies and bucket, in two
    /// stages
    ZappaRelay,
}

const EXAMPLES: &str = "\
Examples:
  relayctl init
  relayctl init my-relay && cd my-relay && relayctl plan manifests/dev.yaml --sandbox";

/// The template is the manifests of this repository: one copy, which the tests plan and apply.
const ZAPPA_RELAY: [(&str, &str); 9] = [
    ("manifests/base.yaml", include_str!("../../manifests/base.yaml")),
    ("manifests/dev.yaml", include_str!("../../manifests/dev.yaml")),
    ("manifests/prod.yaml", include_str!("../../manifests/prod.yaml")),
    ("manifests/least-privilege.yaml", include_str!("../../manifests/least-privilege.yaml")),
    (
        "manifests/policies/zappa-lambda-deployment.json",
        include_str!("../../manifests/policies/zappa-lambda-deployment.json"),
    ),
    (
        "manifests/policies/zappa-lambda-execution.json",
        include_str!("../../manifests/policies/zappa-lambda-execution.json"),
    ),
    (
        "manifests/policies/zappa-lambda-deployment-least.json",
        include_str!("../../manifests/policies/zappa-lambda-deployment-least.json"),
    ),
    (
        "manifests/policies/zappa-lambda-execution-least.json",
        include_str!("../../manifests/policies/zappa-lambda-execution-least.json"),
    ),
    ("state/.gitignore", STATE_IGNORED),
];

/// The content of `state/.gitignore`. The file also marks the project's root, the folder that holds
/// `state/`.
const STATE_IGNORED: &str = "\
# What relayctl keeps here is about accounts, not about code: states, waiting plans, the sandbox.
# To share a state, keep it elsewhere: `state:` in the manifest, or --state.
*
!.gitignore
";

pub fn run_command(args: &InitArgs, context: &CommandContext) -> Exit {
    let InitTemplate::ZappaRelay = args.template;
    let schema = schema::schema_text()?;
    let files: Vec<(PathBuf, &str)> = ZAPPA_RELAY
        .iter()
        .copied()
        .chain([("schema/relayctl.schema.json", schema.as_str())])
        .map(|(name, text)| (args.folder.join(name), text))
        .collect();
    refuse_to_overwrite(&files)?;
    for (path, text) in &files {
        write_new(path, text)?;
    }
    let names: Vec<String> = files.iter().map(|(path, _)| format!("  {}", shown(path))).collect();
    context.terminal.result(&format!("Wrote\n{}", names.join("\n")))?;
    context.terminal.print_rendered_note(&next_steps(&args.folder, &context.run));
    Ok(ExitCode::SUCCESS)
}

fn refuse_to_overwrite(files: &[(PathBuf, &str)]) -> Result<(), CommandError> {
    let in_the_way: Vec<String> = files
        .iter()
        .filter(|(path, _)| path.symlink_metadata().is_ok())
        .map(|(path, _)| path.display().to_string())
        .collect();
    if in_the_way.is_empty() {
        return Ok(());
    }
    Err(CommandError::new(format!(
        "already there, so nothing was written: {}",
        in_the_way.join(", ")
    ))
    .with_help("move these away, or name another folder: relayctl init DIR"))
}

fn write_new(path: &Path, text: &str) -> Result<(), CommandError> {
    let folder = super::project::folder_of(path);
    let for_states = folder.file_name().is_some_and(|name| name == "state");
    let made = if for_states {
        disk::make_private_folder(folder)
    } else {
        std::fs::create_dir_all(folder)
    };
    made.and_then(|()| std::fs::File::create_new(path))
        .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
        .map_err(|error| CommandError::for_file("write", path, error))
}

fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

fn next_steps(folder: &Path, run: &RunOptions) -> String {
    let go =
        if folder == Path::new(".") { String::new() } else { format!("  cd {}\n", shown(folder)) };
    let plan = |sandbox| {
        let run = RunOptions { sandbox, manifest: Some(FIRST.to_owned()), ..run.clone() };
        run.write(&NextCommand::on_manifest("plan"))
    };
    let (simulated, real) = (plan(true), plan(false));
    let width = simulated.chars().count();
    format!(
        "\nNext:\n{go}  {simulated}    try it without an AWS account\n\x20 put your account's \
            number into {FIRST}, and then\n\x20 {real:width$}    see what it would do in AWS"
    )
}

/// The manifest to begin with.
const FIRST: &str = "manifests/dev.yaml";
