//! `relayctl policy validate`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::json;

use super::DocumentKind;
use super::placeholders::PlaceholderArgs;
use super::source::{Source, check_stdin_once, report};
use crate::cli::CommandContext;
use crate::cli::error::{CommandError, Exit};
use relayctl::diagnostic::Diagnostic;
use relayctl::policy::diagnose;
use relayctl::render::text::escape;
use relayctl::value::Value;

/// Check documents by the rules of IAM and S3
///
/// Reports every problem of every file at once, in AWS's own words, each with its line and column
/// and what to do about it. Exits with 1 if AWS would refuse one of them.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct PolicyValidateArgs {
    /// Files of policy documents; - is the standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Use of the documents; without it, the use is guessed from the content of each
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    kind: Option<DocumentKind>,

    #[command(flatten)]
    placeholders: PlaceholderArgs,

    /// Print as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  relayctl policy validate manifests/policies/zappa-lambda-deployment.json
  relayctl policy validate trust.json --type trust
  relayctl policy validate organization/*.json --type scp
  relayctl policy validate - --type bucket < policy.json";

/// One file, and the problems in it.
struct ValidatedFile {
    path: PathBuf,
    /// The type of the document. `None` means that the file could not be read.
    kind: Option<DocumentKind>,
    source: Option<Source>,
    problems: Vec<Diagnostic>,
}

pub fn run_command(args: &PolicyValidateArgs, context: &CommandContext) -> Exit {
    check_stdin_once(&args.files)?;
    let read = |path: &PathBuf| Source::read(path, context.options.max_file_size);
    let mut sources: Vec<_> = args.files.iter().map(read).collect();
    args.placeholders
        .fill_sources(sources.iter_mut().filter_map(|source| source.as_mut().ok()), context)?;
    let files = args.files.iter().zip(sources);
    let checked: Vec<_> = files.map(|(path, source)| check(path, source, args.kind)).collect();
    let problems: Vec<_> = checked.iter().flat_map(|one| one.problems.clone()).collect();
    if args.json {
        context.terminal.result(&format!("{:#}", as_json(&checked)))?;
    } else {
        report(&problems, checked.iter().filter_map(|one| one.source.as_ref()), context);
        checked
            .iter()
            .filter_map(|one| remark(one, args.kind))
            .for_each(|remark| context.terminal.print_note(&remark));
        let valid: Vec<_> = checked.iter().filter_map(said).collect();
        if !valid.is_empty() {
            context.terminal.result(&valid.join("\n"))?;
        }
    }
    if problems.is_empty() { Ok(ExitCode::SUCCESS) } else { Err(CommandError::reported()) }
}

fn check(
    path: &Path,
    source: Result<Source, Diagnostic>,
    kind: Option<DocumentKind>,
) -> ValidatedFile {
    let source = match source {
        Ok(source) => source,
        Err(problem) => {
            return ValidatedFile {
                path: path.to_path_buf(),
                kind,
                source: None,
                problems: vec![problem],
            };
        }
    };
    // Text that is not JSON may be an identity policy as well as any other type.
    let kind = kind.unwrap_or_else(|| {
        source.parse().map_or(DocumentKind::Identity, |document| DocumentKind::guess(&document))
    });
    let problems = diagnose(&source.shown_name(), &source.text, kind.usage());
    ValidatedFile { path: source.shown_name(), kind: Some(kind), source: Some(source), problems }
}

fn said(checked: &ValidatedFile) -> Option<String> {
    let kind = checked.kind.filter(|_| checked.problems.is_empty())?;
    Some(format!("{} is valid as {}", escape(&checked.path.to_string_lossy()), kind.noun()))
}

/// Returns a remark for a policy that is checked as another type: it has problems that are not its
/// own.
fn remark(checked: &ValidatedFile, asked: Option<DocumentKind>) -> Option<String> {
    let kind = checked.kind.filter(|_| !checked.problems.is_empty())?;
    if kind.is_limiting() {
        return None;
    }
    let looks = DocumentKind::guess(&checked.source.as_ref()?.parse().ok()?);
    let like =
        format!("{} looks like {}, and was checked as", checked.path.display(), looks.noun());
    match asked {
        None if !looks.is_identity() => {
            Some(format!("{like} one; if it is another, say so with --type"))
        }
        Some(_) if looks != kind && !(looks.is_identity() && kind.is_identity()) => {
            let value = looks.to_possible_value()?;
            Some(format!("{like} {}: try --type {}", kind.noun(), value.get_name()))
        }
        _ => None,
    }
}

fn as_json(checked: &[ValidatedFile]) -> Value {
    let file = |one: &ValidatedFile| {
        json!({
            "file": one.path,
            "type": one.kind,
            "valid": one.problems.is_empty(),
            "problems": one.problems,
        })
    };
    json!({
        "valid": checked.iter().all(|one| one.problems.is_empty()),
        "files": checked.iter().map(file).collect::<Vec<_>>(),
    })
}
