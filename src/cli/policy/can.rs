//! `relayctl policy can`

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use serde_json::json;

use super::placeholders::{PlaceholderArgs, account};
use super::policy_files::{PolicyFiles, PolicyPaths, PolicyRole};
use super::question::{doubts, half_excepted};
use crate::cli::CommandContext;
use crate::cli::error::{CommandError, Exit};
use relayctl::policy::decision::{Deciding, Decision, EvaluationStep, Policies, Verdict};
use relayctl::policy::request::{Caller, Request};
use relayctl::policy::statement::PrincipalType;
use relayctl::render::text::escape;

/// Ask whether policies allow a request, and by which statement
///
/// Decides as IAM does over the policies of the caller, its permissions boundary, its session and
/// its organization, and over those of the resource and of the VPC endpoint. Policies that aren't
/// given aren't evaluated: without any, only the root user may do something. Condition keys that
/// follow from the caller are known; all others are missing unless --context gives them.
///
/// A resource of another account, a role that is assumed and a KMS key must allow the request by
/// their own policy. If --resource-policy isn't given, the answer is needsResourcePolicy.
///
/// Exits with 0 whatever the decision is, as it is an answer and no error; a pipeline that wants to
/// stop at a denial asks for --detailed-exitcode. With -v it prints each step of the evaluation.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct CanArgs {
    /// Policies of the caller: files of policy documents; - is the standard input
    #[arg(long = "policy", value_name = "FILE", num_args = 1..)]
    policies: Vec<PathBuf>,

    /// The caller's permissions boundary
    #[arg(long, value_name = "FILE")]
    boundary: Option<PathBuf>,

    /// Policies that were passed when the caller's session was made
    #[arg(long = "session-policy", value_name = "FILE", num_args = 1..)]
    session_policies: Vec<PathBuf>,

    /// Policy of the resource: a bucket's policy, a role's trust policy
    #[arg(long, value_name = "FILE")]
    resource_policy: Option<PathBuf>,

    /// Service control policies of a level of the caller's organization: a file, or a folder whose
    /// own folders are the levels below (repeatable, from the root down to the account)
    #[arg(long = "scp", value_name = "PATH")]
    service_control: Vec<PathBuf>,

    /// Resource control policies of a level of the resource's organization, as with --scp
    /// (repeatable)
    #[arg(long = "rcp", value_name = "PATH")]
    resource_control: Vec<PathBuf>,

    /// Management account of the organization, which --scp and --rcp don't apply to
    #[arg(long, value_name = "ID", value_parser = account)]
    management_account: Option<String>,

    /// Policy of the VPC endpoint that the request passes
    #[arg(long, value_name = "FILE")]
    vpc_endpoint_policy: Option<PathBuf>,

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

    #[command(flatten)]
    placeholders: PlaceholderArgs,

    /// Print as JSON
    #[arg(long)]
    json: bool,

    /// Exit with 0 when it is allowed, 2 when it is not, 1 after an error
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
  relayctl policy can --policy admin.json --scp root.json --scp ou/ --scp account.json -v \\
      --principal arn:aws:iam::123456789012:user/ada --action s3:ListAllMyBuckets --resource '*'
  relayctl policy can --resource-policy trust.json --principal lambda.amazonaws.com \\
      --action sts:AssumeRole --resource arn:aws:iam::123456789012:role/x --detailed-exitcode";

pub fn run_command(args: &CanArgs, context: &CommandContext) -> Exit {
    let files = PolicyFiles::read(paths(args)?, &args.placeholders, context)?;
    let compiled = files.compile()?;
    let request = request(args);
    let excepted = compiled.resource.iter().flat_map(|policy| half_excepted(policy, &request));
    doubts(&request)
        .into_iter()
        .chain(excepted)
        .for_each(|doubt| context.terminal.print_warning(&escape(&doubt)));
    let policies = Policies {
        identity: &compiled.identity,
        boundary: compiled.boundary.as_ref(),
        session: compiled.session.as_deref(),
        resource: compiled.resource.as_ref(),
        service_control: &compiled.service_control,
        resource_control: &compiled.resource_control,
        endpoint: compiled.endpoint.as_ref(),
        management_account: args.management_account.as_deref(),
    };
    let decision = policies.decide(&request);
    let text = if args.json {
        as_json(&files, &decision, &request)
    } else {
        let steps =
            if context.options.verbose > 0 { evaluation(&decision.steps) } else { String::new() };
        as_text(&files, &decision, context.terminal.style().color) + &steps
    };
    context.terminal.result(&text)?;
    let denied = decision.verdict != Verdict::Allowed;
    Ok(if args.detailed_exitcode && denied { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

fn paths(args: &CanArgs) -> Result<PolicyPaths, CommandError> {
    let mut paths = PolicyPaths::default();
    paths.add_files(PolicyRole::Caller, &args.policies);
    paths.add_files(PolicyRole::Boundary, &args.boundary);
    paths.add_files(PolicyRole::Session, &args.session_policies);
    paths.add_files(PolicyRole::Resource, &args.resource_policy);
    paths.add_levels(PolicyRole::ServiceControl, &args.service_control)?;
    paths.add_levels(PolicyRole::ResourceControl, &args.resource_control)?;
    paths.add_files(PolicyRole::Endpoint, &args.vpc_endpoint_policy);
    holds_them(&args.principal, &paths)?;
    Ok(paths)
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

fn as_text(files: &PolicyFiles, decision: &Decision, color: bool) -> String {
    let (word, paint) = match decision.verdict {
        Verdict::Allowed => ("allowed", AnsiColor::Green),
        Verdict::ExplicitDeny => ("explicitly denied", AnsiColor::Red),
        Verdict::ImplicitDeny => ("implicitly denied", AnsiColor::Red),
        Verdict::NeedsResourcePolicy => ("needs resource policy", AnsiColor::Yellow),
    };
    let style = if color { Style::new().bold().fg_color(Some(paint.into())) } else { Style::new() };
    let mut text = format!("{style}{word}{style:#}: {}\n", escape(&decision.reason));
    for deciding in &decision.because {
        let at = match files.locate(deciding) {
            Some((line, column)) => format!("{}:{line}:{column}", deciding.policy),
            None => deciding.policy.clone(),
        };
        let sid = deciding.sid.as_ref().map(|sid| format!(" \"{sid}\"")).unwrap_or_default();
        let _ =
            writeln!(text, "  {}: statement {}{}", escape(&at), deciding.statement, escape(&sid));
    }
    if decision.verdict == Verdict::NeedsResourcePolicy {
        text += "  give the policy of the resource with --resource-policy\n";
    }
    text
}

/// Returns the steps of the evaluation as a numbered list.
fn evaluation(steps: &[EvaluationStep]) -> String {
    if steps.is_empty() {
        return String::new();
    }
    let line = |(index, step): (usize, &EvaluationStep)| {
        let (stage, outcome) = (step.stage.label(), step.outcome.label());
        format!("  {}. {stage}: {outcome}: {}\n", index + 1, escape(&step.reason))
    };
    "\nEvaluation:\n".to_owned() + &steps.iter().enumerate().map(line).collect::<String>()
}

fn as_json(files: &PolicyFiles, decision: &Decision, request: &Request) -> String {
    let because = |deciding: &Deciding| {
        let (line, column) = files.locate(deciding).unzip();
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
        "steps": decision.steps,
        "request": Request { context: request.circumstances(), ..request.clone() },
    });
    format!("{value:#}")
}

/// Makes sure that the caller can hold the policies that are given as its own. Only users and roles
/// have policies, and only sessions have session policies.
fn holds_them(caller: &Caller, paths: &PolicyPaths) -> Result<(), CommandError> {
    let own = [PolicyRole::Caller, PolicyRole::Boundary, PolicyRole::Session];
    if caller.kind != PrincipalType::AWS && paths.contains(&own) {
        let anybody = caller.kind == PrincipalType::Everyone;
        let name = if anybody { "an anonymous caller" } else { &caller.name };
        return Err(CommandError::new(format!(
            "{name} can't have policies: only users and roles have policies and boundaries"
        ))
        .with_help("give the policy of the resource with --resource-policy"));
    }
    if !caller.is_session() && paths.contains(&[PolicyRole::Session]) {
        let name = &caller.name;
        return Err(CommandError::new(format!("{name} has no session policies")).with_help(
            "name a session: arn:aws:sts::<account>:assumed-role/<role>/<session>, or \
                arn:aws:sts::<account>:federated-user/<name>",
        ));
    }
    Ok(())
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
    if text == "*" {
        return Ok(text.to_owned());
    }
    if whole {
        return if names_several(&parts) {
            Err("ask about one resource: no resource has a wildcard in this place of its ARN"
                .to_owned())
        } else {
            Ok(text.to_owned())
        };
    }
    Err("write a whole ARN, for example arn:aws:s3:::bucket/key, or *".to_owned())
}

/// Tells if an ARN is a pattern for several resources: one with a wildcard where no name has such a
/// character. Keys of objects have them, and so have the paths of IAM, but not its names (IAM User
/// Guide, "IAM and AWS STS quotas").
fn names_several(parts: &[&str]) -> bool {
    let is_pattern = |part: &str| part.contains(['*', '?']);
    let name = parts[5].rsplit('/').next().unwrap_or_default();
    parts[..5].iter().any(|part| is_pattern(part)) || (parts[2] == "iam" && is_pattern(name))
}

fn circumstance(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if key.contains(':') => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE, for example --context aws:SourceIp=203.0.113.7".to_owned()),
    }
}
