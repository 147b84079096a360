//! `relayctl policy fmt`

use std::path::PathBuf;
use std::process::ExitCode;

use super::source::{Source, check_stdin_once, report};
use crate::cli::CommandContext;
use crate::cli::error::{CommandError, Exit};
use relayctl::diagnostic::{Diagnostic, Place};
use relayctl::policy::{is_policy, pretty, tidy};
use relayctl::provider::files::disk::{self, FileMode};
use relayctl::render::text::count;

/// Lay documents out alike: AWS's order of elements, two spaces, short lists on one line
///
/// Sorts the values of Action, Resource, Principal and of conditions, which are sets to AWS, and
/// drops those that stand twice. The statements stay in their order, and nothing that AWS would
/// read otherwise changes. Rewrites each file as a whole or not at all. What is no policy document
/// is left alone.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct FmtArgs {
    /// Files of policy documents; - reads the standard input and prints the result
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Change nothing: list the files that would change, and exit with 1 if there are any
    #[arg(long)]
    check: bool,
}

const EXAMPLES: &str = "\
Examples:
  relayctl policy fmt manifests/policies/*.json
  relayctl policy fmt --check manifests/policies/*.json
  relayctl policy fmt - < policy.json";

pub fn run_command(args: &FmtArgs, context: &CommandContext) -> Exit {
    check_stdin_once(&args.files)?;
    let (mut problems, mut broken) = (Vec::new(), Vec::new());
    let mut changed = 0;
    for path in &args.files {
        let source = match Source::read(path, context.options.max_file_size) {
            Ok(source) => source,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        match formatted(&source) {
            Ok(text) => changed += usize::from(settle(&source, &text, args.check, context)?),
            Err(problem) => {
                problems.push(problem);
                broken.push(source);
            }
        }
    }
    report(&problems, &broken, context);
    if changed > 0 {
        let verb = if args.check { "would change" } else { "changed" };
        context.terminal.print_note(&format!("{} {verb}", count(changed, "file")));
    }
    if !problems.is_empty() || (args.check && changed > 0) {
        return Err(CommandError::reported());
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the formatted text.
fn formatted(source: &Source) -> Result<String, Diagnostic> {
    let document = source.parse()?;
    // The keys of other JSON have an order that means something to somebody.
    if !is_policy(&document) {
        let place = Place { file: source.shown_name(), line: 1, column: 1, length: 1 };
        let message = "this is no policy document: it has no Statement";
        return Err(Diagnostic::error("no-policy", Some(place), message)
            .help("name files of policy documents only"));
    }
    let text = pretty(&tidy(&document));
    // Users who check out files with Windows line ends must not see every line change.
    Ok(if source.text.contains("\r\n") { text.replace('\n', "\r\n") } else { text })
}

/// Writes or lists the file. Returns true if it differs from before.
fn settle(
    source: &Source,
    text: &str,
    check: bool,
    context: &CommandContext,
) -> Result<bool, CommandError> {
    let changes = source.text != text;
    if check {
        if changes {
            context.terminal.result_line(&source.shown_name().display().to_string())?;
        }
    } else if source.is_stdin() {
        context.terminal.result(text)?;
        return Ok(false);
    } else if changes {
        let mode = FileMode::Like(source.path.clone());
        disk::replace(&source.path, text.as_bytes(), &mode)
            .map_err(|error| CommandError::for_file("write", &source.path, error))?;
    }
    Ok(changes)
}
