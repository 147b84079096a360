//! The checks of a document by IAM or S3.

use crate::policy::{self, Usage, Violation};
use crate::value::Value;

use super::refusal::{Refusal, SandboxResult};

/// Returns the errors that the service would find. Only this function asks for them.
fn violations(document: &Value, usage: Usage, partition: &str) -> Vec<Violation> {
    policy::validate_in(document, usage, partition)
}

/// Checks a document; IAM reports only the first error.
pub(super) fn check(document: &Value, usage: Usage, partition: &str) -> SandboxResult<()> {
    let code = match usage {
        Usage::Bucket => "MalformedPolicy",
        Usage::Managed
        | Usage::UserInline
        | Usage::GroupInline
        | Usage::RoleInline
        | Usage::Trust
        | Usage::Limiting(_) => "MalformedPolicyDocument",
    };
    if !document.is_object() {
        return Err(Refusal::invalid(code, broken(usage)));
    }
    match violations(document, usage, partition).into_iter().next() {
        Some(violation) => Err(Refusal::invalid(code, violation.message)),
        None => Ok(()),
    }
}

/// Returns each service's message for a text that is no JSON object.
fn broken(usage: Usage) -> &'static str {
    match usage {
        Usage::Managed
        | Usage::UserInline
        | Usage::GroupInline
        | Usage::RoleInline
        | Usage::Limiting(_) => "Syntax errors in policy.",
        Usage::Trust => "This policy contains invalid Json",
        Usage::Bucket => "Policies must be valid JSON and the first byte must be '{'",
    }
}
