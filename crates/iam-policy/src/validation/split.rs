//! The way out of a document that is larger than AWS takes.

use crate::layout::statements;
use crate::{LimitingPolicy, Usage, Value, document_size, limit};

/// The managed policies that IAM attaches to a user, a role or a group unless the quota was raised
/// ("IAM and AWS STS quotas", IAM User Guide).
const ATTACHED: usize = 10;

/// Returns what to do about a document that is too large, as a continuation of a sentence.
pub(super) fn way_out(document: &Value, usage: Usage) -> String {
    match usage {
        Usage::Managed => divided(document),
        Usage::UserInline | Usage::GroupInline | Usage::RoleInline => {
            format!("; make a managed policy of it, which may have {}", limit(Usage::Managed))
        }
        Usage::Trust => "; put principals with equal conditions into one statement, or have the \
            quota raised: to 4096 at most"
            .to_owned(),
        Usage::Limiting(LimitingPolicy::ServiceControl | LimitingPolicy::ResourceControl) => {
            "; divide it into several, and attach all of them".to_owned()
        }
        Usage::Limiting(LimitingPolicy::Session) => {
            "; pass a managed policy in its place".to_owned()
        }
        Usage::Limiting(LimitingPolicy::VpcEndpoint) => String::new(),
        Usage::Bucket => {
            "; move what is allowed to users and roles of this account into their own \
            policies"
                .to_owned()
        }
    }
}

/// Tells how the statements can be divided among several managed policies.
fn divided(document: &Value) -> String {
    let sizes: Vec<usize> =
        statements(document).map(|(_, it)| document_size(it, Usage::Managed)).collect();
    // Version, and the brackets around the statements.
    let frame = document_size(
        &serde_json::json!({"Version": "2012-10-17", "Statement": []}),
        Usage::Managed,
    );
    let room = limit(Usage::Managed).saturating_sub(frame);
    if let Some(large) = sizes.iter().position(|size| *size > room) {
        return format!(
            "; statement {} alone has {}: divide its list of actions or resources, or use \
                wildcards where they say the same",
            large + 1,
            sizes[large]
        );
    }
    let policies = packed(&sizes, room);
    if policies.len() < 2 {
        return String::new();
    }
    let named: Vec<String> = policies.iter().map(Share::name).collect();
    let (last, before) = (named.last().map_or("", String::as_str), &named[..named.len() - 1]);
    format!(
        "; divide it into {} policies and attach all of them ({ATTACHED} can be attached): for \
            example {}, and {last}",
        policies.len(),
        before.join(", ")
    )
}

/// Statements that follow each other, by number from 1, and their size together.
struct Share {
    first: usize,
    last: usize,
    size: usize,
}

impl Share {
    fn name(&self) -> String {
        let Self { first, last, size } = self;
        if first == last {
            format!("statement {first} ({size})")
        } else {
            format!("statements {first} to {last} ({size})")
        }
    }
}

/// Puts statements into as few policies as their order allows.
fn packed(sizes: &[usize], room: usize) -> Vec<Share> {
    let mut shares: Vec<Share> = Vec::new();
    for (size, number) in sizes.iter().zip(1..) {
        match shares.last_mut() {
            // A comma stands between two statements.
            Some(share) if share.size + 1 + size <= room => {
                share.last = number;
                share.size += 1 + size;
            }
            _ => shares.push(Share { first: number, last: number, size: *size }),
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn statement(resources: usize) -> Value {
        let arns: Vec<String> =
            (0..resources).map(|number| format!("arn:aws:s3:::bucket-{number:04}/*")).collect();
        json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": arns})
    }

    fn said(statements: &[Value]) -> String {
        way_out(&json!({"Version": "2012-10-17", "Statement": statements}), Usage::Managed)
    }

    #[test]
    fn statements_are_shared_among_policies_that_fit() {
        let help = said(&[statement(100), statement(60), statement(90)]);
        assert!(help.contains("divide it into 2 policies"), "{help}");
        assert!(
            help.contains("statements 1 to 2 (") && help.contains("and statement 3 ("),
            "{help}"
        );
    }

    #[test]
    fn a_statement_that_is_too_large_by_itself_is_named() {
        let help = said(&[statement(1), statement(300)]);
        assert!(help.starts_with("; statement 2 alone has "), "{help}");
    }
}
