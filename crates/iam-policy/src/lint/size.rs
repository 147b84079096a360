//! The rule on documents that are nearly as large as AWS takes.

use crate::diagnostic::Severity;
use crate::{Usage, Value};

use super::finding::{Finding, Home};
use super::rule::{Rule, RuleSource};

pub(super) const POLICY_SIZE: Rule = Rule::new(
    "policy-size",
    Severity::Warning,
    "A policy that is nearly full",
    "From nine tenths of what AWS takes, the next permission may not fit in.",
    "Divide it, or use wildcards where they say the same.",
)
.with_source(RuleSource::IamGuide("reference_iam-quotas"));

/// The percentage of AWS's limit from which a document is reported.
const NEARLY: usize = 90;

/// Checks the size of one document by itself. Inline policies are left out: they count together
/// with the other inline policies of the same user, group or role.
pub(super) fn document(document: &Value, home: &Home<'_>) -> Option<Finding> {
    if matches!(home.usage, Usage::Managed | Usage::Trust | Usage::Bucket) {
        nearly_full(crate::document_size(document, home.usage), home.usage)
    } else {
        None
    }
}

/// Returns a finding if that many characters are more than nine tenths of AWS's limit.
pub fn nearly_full(size: usize, usage: Usage) -> Option<Finding> {
    let limit = crate::limit(usage);
    let (kind, way_out) = match usage {
        Usage::Managed => ("a managed policy", "divide it into two policies"),
        Usage::UserInline => {
            ("all inline policies of a user", "make a managed policy of one of them")
        }
        Usage::GroupInline => {
            ("all inline policies of a group", "make a managed policy of one of them")
        }
        Usage::RoleInline => {
            ("all inline policies of a role", "make a managed policy of one of them")
        }
        Usage::Trust => (
            "a trust policy",
            "put several principals into one statement, or have the quota raised to 4096",
        ),
        // No object that lint looks at has such a policy.
        Usage::Limiting(_) => ("a limiting policy", "divide it"),
        Usage::Bucket => (
            "a bucket policy",
            "move what concerns users and roles of this account to their own policies",
        ),
    };
    (size * 100 > limit * NEARLY).then(|| Finding {
        rule: POLICY_SIZE.name,
        severity: Severity::Warning,
        pointer: String::new(),
        message: format!("{size} of the {limit} characters that {kind} may have are in use"),
        remedy: format!("{way_out}, or use wildcards where they say the same"),
    })
}
