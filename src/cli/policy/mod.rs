//! `relayctl policy`

mod can;
mod diff;
mod documents;
mod fmt;
mod levels;
mod placeholders;
mod policy_files;
mod question;
mod source;
mod validate;

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::CommandContext;
use super::error::Exit;
use relayctl::policy::{LimitingPolicy, Usage, statements};
use relayctl::value::Value;

/// Check, compare, question and format policy documents, without a network
///
/// Works on files of IAM and bucket policies, whether a manifest names them or not. A file named -
/// is read from the standard input.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

const EXAMPLES: &str = "\
Examples:
  relayctl policy validate manifests/policies/zappa-lambda-deployment.json
  relayctl policy diff old.json new.json
  relayctl policy can --policy deploy.json --principal arn:aws:iam::123456789012:user/ada \\
      --action s3:GetObject --resource arn:aws:s3:::photos/cat.jpg
  relayctl policy fmt --check manifests/policies/*.json
  git show main:policy.json | relayctl policy diff - policy.json";

#[derive(Subcommand, Debug)]
enum PolicyCommand {
    Validate(validate::PolicyValidateArgs),
    Diff(diff::PolicyDiffArgs),
    Can(Box<can::CanArgs>),
    Fmt(fmt::FmtArgs),
}

pub fn run_command(args: &PolicyArgs, context: &CommandContext) -> Exit {
    match &args.command {
        PolicyCommand::Validate(args) => validate::run_command(args, context),
        PolicyCommand::Diff(args) => diff::run_command(args, context),
        PolicyCommand::Can(args) => can::run_command(args, context),
        PolicyCommand::Fmt(args) => fmt::run_command(args, context),
    }
}

/// The use of a document, which decides what it must hold and how large it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum DocumentKind {
    /// A managed policy, attached to users, groups and roles
    Identity,
    /// A policy that stands in a user
    UserInline,
    /// A policy that stands in a group
    GroupInline,
    /// A policy that stands in a role
    RoleInline,
    /// A trust policy: principals that may assume a role
    Trust,
    /// A bucket policy
    Bucket,
    /// A service control policy of an organization
    Scp,
    /// A resource control policy of an organization
    Rcp,
    /// A policy that is passed when a session is made
    Session,
    /// A policy of a VPC endpoint
    VpcEndpoint,
}

impl DocumentKind {
    fn usage(self) -> Usage {
        match self {
            Self::Identity => Usage::Managed,
            Self::UserInline => Usage::UserInline,
            Self::GroupInline => Usage::GroupInline,
            Self::RoleInline => Usage::RoleInline,
            Self::Trust => Usage::Trust,
            Self::Bucket => Usage::Bucket,
            Self::Scp => Usage::Limiting(LimitingPolicy::ServiceControl),
            Self::Rcp => Usage::Limiting(LimitingPolicy::ResourceControl),
            Self::Session => Usage::Limiting(LimitingPolicy::Session),
            Self::VpcEndpoint => Usage::Limiting(LimitingPolicy::VpcEndpoint),
        }
    }

    fn is_identity(self) -> bool {
        matches!(self, Self::Identity | Self::UserInline | Self::GroupInline | Self::RoleInline)
    }

    /// Tells if the policy limits what others allow. Its content looks like that of another type.
    fn is_limiting(self) -> bool {
        matches!(self.usage(), Usage::Limiting(_))
    }

    /// Returns the noun for the type: `an identity policy`.
    fn noun(self) -> &'static str {
        match self {
            Self::Identity => "an identity policy",
            Self::UserInline => "a user's inline policy",
            Self::GroupInline => "a group's inline policy",
            Self::RoleInline => "a role's inline policy",
            Self::Trust => "a trust policy",
            Self::Bucket => "a bucket policy",
            Self::Scp => "a service control policy",
            Self::Rcp => "a resource control policy",
            Self::Session => "a session policy",
            Self::VpcEndpoint => "a policy of a VPC endpoint",
        }
    }

    /// Guesses the type from the document's content. Policies that limit others look like those of
    /// identities or of resources, and are none of the guesses. Only trust and bucket policies name
    /// principals. Only trust policies are about STS and have no Resource.
    fn guess(document: &Value) -> Self {
        let any = |holds: &dyn Fn(&Value) -> bool| {
            statements(document).any(|(_, statement)| holds(statement))
        };
        let speak = |service: &str| any(&|statement| speaks_of(statement, service));
        let say_who = any(&says_who);
        let have_resources = any(&|statement| has(statement, ["Resource", "NotResource"]));
        match (say_who, have_resources) {
            (true, _) if any(&|statement| says_who(statement) && speaks_of(statement, "sts")) => {
                Self::Trust
            }
            (true, true) => Self::Bucket,
            (true, false) => {
                if speak("s3") {
                    Self::Bucket
                } else {
                    Self::Trust
                }
            }
            (false, false) if speak("sts") => Self::Trust,
            (false, _) => Self::Identity,
        }
    }
}

fn has(statement: &Value, names: [&str; 2]) -> bool {
    names.iter().any(|name| statement.get(name).is_some())
}

/// Returns true if a statement names principals. Empty principals count as missing.
fn says_who(statement: &Value) -> bool {
    let said = |value: &Value| match value {
        Value::Object(types) => {
            types.values().any(|names| names.as_array().is_none_or(|list| !list.is_empty()))
        }
        Value::Array(list) => !list.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    };
    ["Principal", "NotPrincipal"].iter().filter_map(|name| statement.get(name)).any(said)
}

fn speaks_of(statement: &Value, service: &str) -> bool {
    let is_of = |action: &Value| {
        let vendor =
            action.as_str().and_then(|text| text.split_once(':')).map(|(vendor, _)| vendor);
        vendor.is_some_and(|vendor| vendor.eq_ignore_ascii_case(service))
    };
    let actions = ["Action", "NotAction"].iter().filter_map(|name| statement.get(name));
    actions.into_iter().any(|value| match value.as_array() {
        Some(list) => list.iter().any(is_of),
        None => is_of(value),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_type_is_guessed_from_what_the_document_holds() {
        let guess = |statement: Value| DocumentKind::guess(&json!({"Statement": statement}));
        assert_eq!(
            guess(json!([{"Action": "sts:AssumeRole", "Resource": "*"}])),
            DocumentKind::Identity
        );
        assert_eq!(
            guess(json!({"Action": ["STS:AssumeRole"], "Principal": {"Service": "x.y"}})),
            DocumentKind::Trust
        );
        // A mistake in a trust policy does not make it a bucket policy.
        assert_eq!(
            guess(json!({"Action": "sts:AssumeRole", "Principal": "*", "Resource": "*"})),
            DocumentKind::Trust
        );
        assert_eq!(
            guess(json!([{"Action": "s3:*", "NotPrincipal": "*", "Resource": "*"}])),
            DocumentKind::Bucket
        );
        // A forgotten element does not change the type either.
        assert_eq!(guess(json!([{"Action": "s3:*", "Principal": "*"}])), DocumentKind::Bucket);
        assert_eq!(
            guess(
                json!({"Action": "lambda:Invoke", "Principal": {"Service": "lambda.amazonaws.com"}})
            ),
            DocumentKind::Trust
        );
        assert_eq!(guess(json!({"Action": "sts:AssumeRole"})), DocumentKind::Trust);
        assert_eq!(guess(json!({"Action": "s3:GetObject"})), DocumentKind::Identity);
        // Empty principals count as missing.
        for empty in [json!({}), json!([]), json!({"AWS": [], "Service": []})] {
            assert_eq!(
                guess(json!({"Action": "s3:*", "Principal": empty, "Resource": "*"})),
                DocumentKind::Identity
            );
        }
        assert_eq!(
            guess(json!({"Action": "sts:AssumeRole", "Principal": {"AWS": []}})),
            DocumentKind::Trust
        );
        assert_eq!(DocumentKind::guess(&json!([])), DocumentKind::Identity);
    }
}
