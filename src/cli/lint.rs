//! `relayctl lint`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use super::CommandContext;
use super::error::{CommandError, Exit};
use super::session;
use relayctl::diagnostic::{Place, Severity};
use relayctl::lint::{self, ManifestFinding, named, rules};
use relayctl::manifest::{Documents, EditedFile, Edits};
use relayctl::model::Desired;
use relayctl::provider::files::disk::{self, FileMode};
use relayctl::render::lint as page;
use relayctl::render::sarif;

/// Find what is likely a mistake in a manifest's policies, or more than was meant
///
/// Works without a network. Looks at every document by itself, and at what users and roles can make
/// of all that they hold: above all at the published ways of giving oneself more permissions.
///
/// An error gives somebody far more than a policy should: everything, or to everybody. A warning
/// gives more than is likely meant, or says something that has no effect. A note is worth knowing,
/// and fails nothing.
///
/// Exits with 1 if there is an error or a warning that the manifest doesn't accept in `lint:
/// {allow: [{rule, on, because}]}`; with --min-severity error, warnings neither show nor fail.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct LintArgs {
    /// The manifest: a YAML file
    #[arg(value_name = "MANIFEST", required_unless_present_any = ["list", "explain"])]
    manifest: Option<PathBuf>,

    #[command(flatten)]
    format: LintFormat,

    /// Change the policy documents where a finding has one right remedy, then print what is left:
    /// StringLike where StringEquals takes `*` literally, actions that others of the list cover,
    /// the order of lists
    #[arg(long, conflicts_with_all = ["list", "explain"])]
    fix: bool,

    /// Leave out what is less severe
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t = Least::Note)]
    min_severity: Least,

    /// List the rules
    #[arg(long, conflicts_with_all = ["manifest", "explain"])]
    list: bool,

    /// Print the list as a page in Markdown, with the explanation of each rule
    #[arg(long, requires = "list", hide = true)]
    markdown: bool,

    /// Say what a rule is about
    #[arg(long, value_name = "RULE", conflicts_with = "manifest")]
    explain: Option<String>,
}

/// The format of the findings for programs.
#[derive(clap::Args, Debug)]
struct LintFormat {
    /// Print as JSON: the problems of the manifest and the findings, also those that are accepted;
    /// with --list or --explain the rules
    #[arg(long, conflicts_with_all = ["sarif", "markdown"])]
    json: bool,

    /// Print as SARIF 2.1.0, for code scanning; run it in the repository's root, to which its paths
    /// are relative
    #[arg(long, conflicts_with_all = ["list", "explain"])]
    sarif: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Least {
    Note,
    Warning,
    Error,
}

const EXAMPLES: &str = "\
Examples:
  relayctl lint manifests/dev.yaml
  relayctl lint manifests/dev.yaml --min-severity error
  relayctl lint manifests/dev.yaml --sarif > relayctl.sarif
  relayctl lint --explain escalation-create-role
  relayctl lint manifests/dev.yaml --fix

To accept a finding, say why in the manifest:
  lint:
    allow:
      - \
      {rule: resource-wildcard, on: policy.Deploy, because: the API has no name before it is made}";

pub fn run_command(args: &LintArgs, context: &CommandContext) -> Exit {
    if let Some(name) = &args.explain {
        return explain(name, args.format.json, context);
    }
    let Some(manifest) = args.manifest.as_ref().filter(|_| !args.list) else {
        let list = if args.format.json {
            page::render_rules_as_json(rules())
        } else if args.markdown {
            page::render_rules_page(rules())
        } else {
            page::render_rules(rules())
        };
        context.terminal.result(&list)?;
        return Ok(ExitCode::SUCCESS);
    };
    let mut linted = session::load_for_lint(manifest, context)?;
    if args.fix
        && let Some((declared, documents)) = &linted.subject
    {
        fix(&declared.desired, documents, context)?;
        linted = session::load_for_lint(manifest, context)?;
    }
    let session::LintedManifest { subject, mut problems } = linted;
    let least = args.min_severity.severity();
    let mut found = subject
        .as_ref()
        .map(|(declared, documents)| lint::lint_manifest(&declared.desired, documents))
        .unwrap_or_default();
    found.retain(|one| one.severity <= least);
    problems.retain(|one| one.severity <= least);
    let is_refused = problems.iter().any(|one| one.severity == Severity::Error);
    let failed = is_refused || found.iter().any(fails);
    let style = context.terminal.style();
    context.terminal.result(&if args.format.sarif {
        let folder = std::env::current_dir().unwrap_or_default();
        format!("{:#}", sarif::sarif_log(&found, &problems, &folder, manifest))
    } else if args.format.json {
        page::render_json(&found, &problems, failed)
    } else {
        // The problems are on the standard error already.
        let (declared, _) = subject.as_ref().ok_or_else(CommandError::reported)?;
        page::human(&found, &declared.sources, style.color, style.verbose)
    })?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Changes the files of the documents, and tells each change on the standard error.
fn fix(
    desired: &Desired,
    documents: &Documents,
    context: &CommandContext,
) -> Result<(), CommandError> {
    let Edits { files, left } = lint::fix_documents(desired, documents);
    // All files are looked at before the first one is written.
    let texts = files.iter().map(new_text).collect::<Result<Vec<_>, _>>()?;
    let told = |place: &Place, message: &str| {
        format!("{}:{}:{}: {message}", place.file.display(), place.line, place.column)
    };
    for (EditedFile { path, made, .. }, text) in files.iter().zip(texts) {
        disk::replace(path, &text, &FileMode::Like(path.clone()))
            .map_err(|error| CommandError::for_file("write", path, error))?;
        for (place, message) in made {
            context.terminal.print_note(&format!("fixed {}", told(place, message)));
        }
    }
    for (place, message, reason) in &left {
        let told = told(place, message);
        context.terminal.print_note(&format!("not fixed {told}: {reason}; change it by hand"));
    }
    Ok(())
}

/// The byte order mark that editors on Windows put before a text.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// Returns the new content of a file; an error if it can't be changed, or if somebody has changed
/// it in between.
fn new_text(file: &EditedFile) -> Result<Vec<u8>, CommandError> {
    let EditedFile { path, before, after, .. } = file;
    let failed = |error| CommandError::for_file("read", path, error);
    let content = std::fs::read(path).map_err(failed)?;
    if std::fs::metadata(path).map_err(failed)?.permissions().readonly() {
        let message = format!("{} is read-only", path.display());
        return Err(CommandError::new(message).with_help("make it writable, or leave --fix out"));
    }
    let mark =
        if content.starts_with(MARK) && !before.starts_with('\u{feff}') { MARK } else { &[] };
    if content[mark.len()..] != *before.as_bytes() {
        let message = format!("{} has changed while it was read", path.display());
        return Err(CommandError::new(message).with_help("run the command again"));
    }
    Ok([mark, after.as_bytes()].concat())
}

/// Returns true for a finding that fails the run. A note alone does not fail, nor does a finding
/// that the manifest accepts.
fn fails(one: &ManifestFinding) -> bool {
    one.accepted.is_none() && one.severity <= Severity::Warning
}

fn explain(name: &str, as_json: bool, context: &CommandContext) -> Exit {
    let Some(rule) = named(name) else {
        let error = CommandError::new(format!("there is no rule `{name}`"));
        let near = lint::nearest(name).map(|near| format!("did you mean `{near}`?"));
        return Err(
            error.with_help(near.unwrap_or_else(|| "see `relayctl lint --list`".to_owned()))
        );
    };
    context.terminal.result(&if as_json {
        page::render_rules_as_json(std::iter::once(rule))
    } else {
        page::render_rule(&rule)
    })?;
    Ok(ExitCode::SUCCESS)
}

impl Least {
    fn severity(self) -> Severity {
        match self {
            Self::Note => Severity::Note,
            Self::Warning => Severity::Warning,
            Self::Error => Severity::Error,
        }
    }
}
