//! `relayctl policy diff`

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::DocumentKind;
use super::documents::{PolicySource, read_documents};
use super::placeholders::PlaceholderArgs;
use super::source::report;
use crate::cli::CommandContext;
use crate::cli::error::{CommandError, Exit};
use relayctl::diagnostic::Diagnostic;
use relayctl::policy::compare::{Comparison, Grant, Relation, Set, compare};
use relayctl::policy::statement::Policy;
use relayctl::policy::{equivalent, may_cross_parts};
use relayctl::render::text::escape;

/// Compare two documents: whether AWS does the same with both, and who may do what by one and not
/// by the other
///
/// Equivalent documents differ in spelling at most. Others are compared over all requests, with an
/// example for everything that is gained or lost. What AWS would refuse is warned of, and compared
/// as far as it has a meaning.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct PolicyDiffArgs {
    /// The document as it was; - is the standard input
    #[arg(value_name = "OLD")]
    old: PathBuf,

    /// The document as it will be; - is the standard input
    #[arg(value_name = "NEW")]
    new: PathBuf,

    /// Use of the documents; without it, the use is guessed from their content
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    kind: Option<DocumentKind>,

    #[command(flatten)]
    placeholders: PlaceholderArgs,

    /// Print as JSON
    #[arg(long)]
    json: bool,

    /// Exit with 0 when the documents are equivalent, 2 when they are not, 1 after an error
    #[arg(long)]
    detailed_exitcode: bool,
}

const EXAMPLES: &str = "\
Examples:
  relayctl policy diff old.json new.json
  relayctl policy diff old.json new.json --json
  git show HEAD:policy.json | relayctl policy diff - policy.json --detailed-exitcode";

pub fn run_command(args: &PolicyDiffArgs, context: &CommandContext) -> Exit {
    let files = [args.old.clone(), args.new.clone()];
    let documents = read_documents(&files, &args.placeholders, context)?;
    let Ok([old, new]) = <[PolicySource; 2]>::try_from(documents) else {
        return Err(CommandError::reported());
    };
    let refusals = warn(args.kind, [&old, &new], context);
    let same = equivalent(&old.document, &new.document);
    let comparison = compared(&old, &new, same);
    let text = if args.json {
        as_json(same, comparison.ok().as_ref(), &refusals)
    } else if same && !refusals.is_empty() {
        let [old, new] =
            [&old, &new].map(|side| escape(&side.source.shown_name().to_string_lossy()));
        format!("{old} and {new} are equivalent, but AWS would refuse them: see the warnings.\n")
    } else {
        told(&old, &new, same, &comparison?)
    };
    context.terminal.result(&text)?;
    if context.terminal.style().verbose {
        note_wildcards([&old, &new], context);
    }
    Ok(if args.detailed_exitcode && !same { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

/// Warns about rules of AWS that the documents break, and returns the warnings.
fn warn(
    asked: Option<DocumentKind>,
    sides: [&PolicySource; 2],
    context: &CommandContext,
) -> Vec<Diagnostic> {
    let looks = sides.map(|side| asked.unwrap_or_else(|| DocumentKind::guess(&side.document)));
    if looks[0] != looks[1] {
        let [old, new] = sides.map(PolicySource::shown_name);
        context.terminal.print_warning(&format!(
            "{old} looks like {}, and {new} like {}; if that is wrong, say what they are with \
                --type",
            looks[0].noun(),
            looks[1].noun()
        ));
    }
    let found = sides.into_iter().zip(looks);
    let warnings: Vec<_> = found.flat_map(|(side, kind)| side.warnings(kind.usage())).collect();
    report(&warnings, sides.map(|side| &side.source), context);
    warnings
}

/// Notes the patterns of one document only that IAM may read more widely.
fn note_wildcards(sides: [&PolicySource; 2], context: &CommandContext) {
    let [old, new] = sides.map(|side| {
        let policy = Policy::compile("", &side.document).ok();
        let statements = policy.into_iter().flat_map(|it| it.statements);
        let resources = statements.filter_map(|statement| statement.resources);
        let patterns = resources.flat_map(|resources| resources.patterns);
        patterns.filter(|it| may_cross_parts(it)).collect::<BTreeSet<String>>()
    });
    for pattern in old.symmetric_difference(&new) {
        context.terminal.print_note(&format!(
            "IAM may match `*` at the end of a part of {pattern} beyond the colon that follows it; \
                this comparison ends it at the colon"
        ));
    }
}

fn compared(
    old: &PolicySource,
    new: &PolicySource,
    same: bool,
) -> Result<Comparison, CommandError> {
    let [before, after] = [old, new].map(|side| {
        let name = side.shown_name();
        Policy::compile(&name, &side.document).map_err(|error| {
            CommandError::because("these documents cannot be compared", error)
                .with_help(side.source.hint_to_validate())
        })
    });
    let (before, after) = ([before?], [after?]);
    if same {
        return Ok(Comparison::default());
    }
    Ok(compare(&Set::of(&before), &Set::of(&after), None))
}

/// Returns the answer as JSON. A document that can't be understood has no requests to compare: the
/// relation is null, and the refusals say why.
fn as_json(same: bool, comparison: Option<&Comparison>, refusals: &[Diagnostic]) -> String {
    let mut value = json!({
        "equivalent": same,
        "relation": comparison.map(Comparison::relation),
        "gained": comparison.map(|it| it.gained.as_slice()).unwrap_or_default(),
        "lost": comparison.map(|it| it.lost.as_slice()).unwrap_or_default(),
    });
    if let Some(doubts) = comparison.map(|it| &it.doubts).filter(|doubts| !doubts.is_empty()) {
        value["doubts"] = json!(doubts);
    }
    if !refusals.is_empty() {
        value["refusals"] = json!(refusals);
    }
    format!("{value:#}")
}

fn told(old: &PolicySource, new: &PolicySource, same: bool, comparison: &Comparison) -> String {
    let [old, new] = [old, new].map(|side| escape(&side.source.shown_name().to_string_lossy()));
    let mut text = match comparison.relation() {
        _ if same => format!("{old} and {new} are equivalent: AWS does the same with both.\n"),
        Relation::Equal => {
            format!("equal: {old} and {new} are not equivalent, but they allow the same.\n")
        }
        Relation::Wider => format!("wider: {new} allows what {old} allows, and more.\n"),
        Relation::Narrower => {
            format!("narrower: {new} allows less than {old}, and nothing more.\n")
        }
        Relation::Changed => format!(
            "changed: {new} allows something that {old} doesn't, and the other way round.\n"
        ),
        Relation::Unknown => {
            format!("unknown: it can't be told in full how {new} relates to {old}.\n")
        }
    };
    for (title, sign, grants) in
        [("Gained", '+', &comparison.gained), ("Lost", '-', &comparison.lost)]
    {
        if !grants.is_empty() {
            let _ = write!(text, "\n{title}:\n");
        }
        for grant in grants {
            let _ = write!(
                text,
                "  {sign} {}\n      {}\n",
                escape(&what(grant)),
                escape(&example(grant))
            );
        }
    }
    if !comparison.doubts.is_empty() {
        text += "\nNot certain:\n";
    }
    for doubt in &comparison.doubts {
        let _ = writeln!(text, "  ? {}: {}", escape(&doubt.policy), escape(&doubt.reason));
    }
    text
}

/// Describes a grant:
/// `lambda.amazonaws.com: s3:* but not s3:Put* on arn:aws:s3:::b/* if {…}`
fn what(grant: &Grant) -> String {
    let except = |list: &[String]| {
        if list.is_empty() { String::new() } else { format!(" but not {}", list.join(", ")) }
    };
    let who = if grant.principals.is_empty() {
        String::new()
    } else {
        format!("{}: ", grant.principals.join(", "))
    };
    let on = if grant.resources.is_empty() {
        String::new()
    } else {
        format!(" on {}", grant.resources.join(", "))
    };
    let condition =
        grant.condition.as_ref().map(|condition| format!(" if {condition}")).unwrap_or_default();
    let actions = grant.actions.join(", ") + &except(&grant.except_actions);
    format!("{who}{actions}{on}{}{condition}", except(&grant.except_resources))
}

/// Gives an example of a grant:
/// `statement 2 "Deploy" of new.json, for example s3:PutObject on arn:aws:s3:::b/x`
fn example(grant: &Grant) -> String {
    let sid = grant.sid.as_ref().map(|sid| format!(" \"{sid}\"")).unwrap_or_default();
    let request = &grant.example;
    let who = if grant.principals.is_empty() {
        String::new()
    } else {
        format!(" by {}", request.principal.name)
    };
    let keys: Vec<_> =
        request.context.iter().map(|(key, values)| format!("{key}={}", values.join(","))).collect();
    let with = if keys.is_empty() { String::new() } else { format!(" with {}", keys.join(" ")) };
    format!(
        "statement {}{sid} of {}; for example {} on {}{who}{with}",
        grant.statement, grant.policy, request.action, request.resource
    )
}
