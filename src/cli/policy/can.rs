//! `relayctl policy can`

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use serde_json::json;

use super::DocumentKind;
use super::question::{doubts, half_excepted};
use super::source::{Source, check_stdin_once, report};
use crate::cli::CommandContext;
use crate::cli::error::{CommandError, Exit};
use relayctl::diagnostic::{Diagnostic, Severity};
use relayctl::policy::decision::{Deciding, Decision, Policies, Verdict};
use relayctl::policy::request::{Caller, Request};
use relayctl::policy::statement::{Policy, PrincipalType};
use relayctl::policy::{diagnose_parsed, locate, statement_pointer};
use relayctl::render::text::escape;
use relayctl::value::Value;

/// Ask whether policies allow a request, and by which statement
///
/// Decides as IAM does over what hangs on the caller, its permissions boundary and what hangs on
/// the resource. Policies that aren't given have no say, nor have service control policies and
/// session policies. Condition keys that follow from the caller are known; all others are missing
/// unless --context gives them.
///
/// Exits with 0 whatever the decision is, as it is an answer and no error; a pipeline that wants to
/// stop at a denial asks for --detailed-exitcode.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct CanArgs {
    /// Policies of the caller: files of policy documents; - is the standard input
    #[arg(long = "policy", value_name = "FILE", num_args = 1.., required_unless_present = "resource_policy")]
    policies: Vec<PathBuf>,

    /// The caller's permissions boundary
    #[arg(long, value_name = "FILE")]
    boundary: Option<PathBuf>,

    /// Policy of the resource: a bucket's policy, a role's trust policy
    #[arg(long, value_name = "FILE")]
    resource_policy: Option<PathBuf>,

    /// The caller: the ARN of a user, role or session, an account id, a service, an identity
    /// provider, or * for anybody
    #[arg(long, value_name = "ARN")]
    principal: Caller,

    /// The action, for example s3:GetObject
    #[arg(long, value_name = "ACTION", value_parser = action)]
    action: String,

    /// On what: an ARN, or * for actions that are about no single resource
    #[arg(long, value_name = "ARN", value_parser = resource)]
    resource: String,

    /// A condition key of the request with its value; again with the same key for one more value of
    /// it (repeatable)
    #[arg(long = "context", value_name = "KEY=VALUE", value_parser = circumstance)]
    circumstances: Vec<(String, String)>,

    /// Print as JSON
    #[arg(long)]
    json: bool,

    /// Exit with 0 when it is allowed, 2 when it is denied, 1 after an error
    #[arg(long)]
    detailed_exitcode: bool,
}

const EXAMPLES: &str = "\
Examples:
  relayctl policy can --policy deploy.json --principal arn:aws:iam::123456789012:user/ada \\
      --action s3:GetObject --resource arn:aws:s3:::photos/cat.jpg
  relayctl policy can --policy a.json b.json --boundary boundary.json \\
      --principal arn:aws:sts::123456789012:assumed-role/ops/ada --action iam:PassRole \\
      --resource arn:aws:iam::123456789012:role/x --context iam:PassedToService=lambda.amazonaws.com
  relayctl policy can --resource-policy trust.json --principal lambda.amazonaws.com \\
      --action sts:AssumeRole --resource arn:aws:iam::123456789012:role/x --detailed-exitcode";

pub fn run_command(args: &CanArgs, context: &CommandContext) -> Exit {
    let files = PolicyFiles::read(args, context)?;
    let identity = files.compiled(PolicyRole::Caller)?;
    let boundary = files.compiled(PolicyRole::Boundary)?;
    let resource = files.compiled(PolicyRole::Resource)?;
    let request = request(args);
    let excepted = resource.iter().flat_map(|policy| half_excepted(policy, &request));
    doubts(&request)
        .into_iter()
        .chain(excepted)
        .for_each(|doubt| context.terminal.print_warning(&escape(&doubt)));
    let policies =
        Policies { identity: &identity, boundary: boundary.first(), resource: resource.first() };
    let decision = policies.decide(&request);
    let text = if args.json {
        files.as_json(&decision, &request)
    } else {
        files.told(&decision, context.terminal.style().color)
    };
    context.terminal.result(&text)?;
    let denied = decision.verdict != Verdict::Allowed;
    Ok(if args.detailed_exitcode && denied { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

fn request(args: &CanArgs) -> Request {
    let mut request = Request {
        principal: args.principal.clone(),
        action: args.action.clone(),
        resource: args.resource.clone(),
        context: relayctl::policy::request::Context::default(),
    };
    for (key, value) in &args.circumstances {
        let mut values = request.context.get(key).map(<[String]>::to_vec).unwrap_or_default();
        values.push(value.clone());
        request.context.set(key, values);
    }
    request
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PolicyRole {
    Caller,
    Boundary,
    Resource,
}

struct PolicyFile {
    place: PolicyRole,
    source: Source,
    document: Value,
}

/// The policies that take part in the decision, read and parsed.
struct PolicyFiles(Vec<PolicyFile>);

impl PolicyFiles {
    fn read(args: &CanArgs, context: &CommandContext) -> Result<Self, CommandError> {
        let wanted: Vec<(PolicyRole, &PathBuf)> =
            (args.policies.iter().map(|path| (PolicyRole::Caller, path)))
                .chain(args.boundary.iter().map(|path| (PolicyRole::Boundary, path)))
                .chain(args.resource_policy.iter().map(|path| (PolicyRole::Resource, path)))
                .collect();
        holds_them(&args.principal, &wanted)?;
        check_stdin_once(&wanted.iter().map(|(_, path)| (*path).clone()).collect::<Vec<_>>())?;
        let (mut files, mut problems, mut broken) = (Vec::new(), Vec::new(), Vec::new());
        for (place, path) in wanted {
            let read = Source::read(path, context.options.max_file_size)
                .map_err(|problem| problems.push(problem));
            let Ok(source) = read else { continue };
            match source.parse() {
                Ok(document) => files.push(PolicyFile { place, source, document }),
                Err(problem) => {
                    problems.push(problem);
                    broken.push(source);
                }
            }
        }
        report(&problems, &broken, context);
        if !problems.is_empty() {
            return Err(CommandError::reported());
        }
        let warnings: Vec<_> = files.iter().flat_map(PolicyFile::warnings).collect();
        report(&warnings, files.iter().map(|file| &file.source), context);
        Ok(Self(files))
    }

    fn compiled(&self, place: PolicyRole) -> Result<Vec<Policy>, CommandError> {
        self.0.iter().filter(|file| file.place == place).map(PolicyFile::compiled).collect()
    }

    fn told(&self, decision: &Decision, color: bool) -> String {
        let (word, paint) = match decision.verdict {
            Verdict::Allowed => ("allowed", AnsiColor::Green),
            Verdict::ExplicitDeny => ("explicitly denied", AnsiColor::Red),
            Verdict::ImplicitDeny => ("implicitly denied", AnsiColor::Red),
        };
        let style =
            if color { Style::new().bold().fg_color(Some(paint.into())) } else { Style::new() };
        let mut text = format!("{style}{word}{style:#}: {}\n", escape(&decision.reason));
        for deciding in &decision.because {
            let at = match self.locate(deciding) {
                Some((line, column)) => format!("{}:{line}:{column}", deciding.policy),
                None => deciding.policy.clone(),
            };
            let sid = deciding.sid.as_ref().map(|sid| format!(" \"{sid}\"")).unwrap_or_default();
            let _ = writeln!(
                text,
                "  {}: statement {}{}",
                escape(&at),
                deciding.statement,
                escape(&sid)
            );
        }
        text
    }

    fn as_json(&self, decision: &Decision, request: &Request) -> String {
        let because = |deciding: &Deciding| {
            let (line, column) = self.locate(deciding).unzip();
            json!({
                "policy": deciding.policy,
                "statement": deciding.statement,
                "sid": deciding.sid,
                "line": line,
                "column": column,
            })
        };
        let value = json!({
            "decision": decision.verdict,
            "reason": decision.reason,
            "because": decision.because.iter().map(because).collect::<Vec<_>>(),
            "request": Request { context: request.circumstances(), ..request.clone() },
        });
        format!("{value:#}")
    }

    /// Returns the line and column of a statement.
    fn locate(&self, deciding: &Deciding) -> Option<(usize, usize)> {
        let file = self.0.iter().find(|file| file.name() == deciding.policy)?;
        let pointer = statement_pointer(&file.document, deciding.statement)?;
        locate(&file.source.text, &pointer.to_string()).map(|(line, column, _)| (line, column))
    }
}

impl PolicyFile {
    fn name(&self) -> String {
        self.source.shown_name().display().to_string()
    }

    fn compiled(&self) -> Result<Policy, CommandError> {
        Policy::compile(&self.name(), &self.document).map_err(|error| {
            CommandError::because("this document can't be understood", error)
                .with_help(self.source.hint_to_validate())
        })
    }

    /// Returns warnings for rules of AWS that the policy breaks. AWS would refuse it, but its
    /// meaning can still be computed. The size is not checked, since an AWS managed policy may be
    /// as large as it is. Among the policies of resources only those of roles and buckets have
    /// rules that are known here.
    fn warnings(&self) -> Vec<Diagnostic> {
        let kind = match (self.place, DocumentKind::guess(&self.document)) {
            (PolicyRole::Caller | PolicyRole::Boundary, _) => DocumentKind::Identity,
            (PolicyRole::Resource, DocumentKind::Trust) => DocumentKind::Trust,
            (PolicyRole::Resource, _) if speaks_of_s3(&self.document) => DocumentKind::Bucket,
            (PolicyRole::Resource, _) => return Vec::new(),
        };
        let found = diagnose_parsed(
            &self.source.shown_name(),
            &self.source.text,
            &self.document,
            kind.usage(),
        );
        let found = found.into_iter().filter(|one| one.code != "policy-size");
        found.map(|one| Diagnostic { severity: Severity::Warning, ..one }).collect()
    }
}

fn speaks_of_s3(document: &Value) -> bool {
    let policy = Policy::compile("", document);
    let actions = |policy: &Policy| {
        policy.statements.iter().flat_map(|it| it.actions.patterns.clone()).collect::<Vec<_>>()
    };
    policy.is_ok_and(|policy| {
        actions(&policy).iter().any(|action| action.to_ascii_lowercase().starts_with("s3:"))
    })
}

/// Makes sure that the caller can hold policies. Only users and roles can.
fn holds_them(caller: &Caller, wanted: &[(PolicyRole, &PathBuf)]) -> Result<(), CommandError> {
    let held = wanted.iter().any(|(place, _)| *place != PolicyRole::Resource);
    if caller.kind == PrincipalType::AWS || !held {
        return Ok(());
    }
    let name =
        if caller.kind == PrincipalType::Everyone { "an anonymous caller" } else { &caller.name };
    Err(CommandError::new(format!(
        "no policy hangs on {name}: only users and roles have policies and boundaries"
    ))
    .with_help("give what hangs on the resource with --resource-policy"))
}

fn action(text: &str) -> Result<String, String> {
    let plain = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    match text.split_once(':') {
        Some((service, name)) if plain(service) && plain(name) => Ok(text.to_owned()),
        _ if text.contains(['*', '?']) => {
            Err("ask for one action, for example s3:GetObject".to_owned())
        }
        _ => Err("write service:Action, for example s3:GetObject".to_owned()),
    }
}

fn resource(text: &str) -> Result<String, String> {
    let parts: Vec<_> = text.splitn(6, ':').collect();
    let whole = parts.len() == 6
        && parts[0] == "arn"
        && !parts[1].is_empty()
        && !parts[2].is_empty()
        && !parts[5].is_empty();
    if text == "*" || whole {
        return Ok(text.to_owned());
    }
    Err("write a whole ARN, for example arn:aws:s3:::bucket/key, or *".to_owned())
}

fn circumstance(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if key.contains(':') => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE, for example --context aws:SourceIp=203.0.113.7".to_owned()),
    }
}
