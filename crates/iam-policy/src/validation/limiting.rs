//! The policies that limit what others allow: AWS's words for their problems, and the one resource
//! control policy with an Allow.

use serde_json::{Value, json};

use crate::LimitingPolicy;
use crate::equivalence::equivalent;

use super::Violation;

/// AWS Organizations' message for every problem of a policy (`MalformedPolicyDocumentException`).
const MALFORMED: &str =
    "The provided policy document does not meet the requirements of the specified policy type.";

/// Returns the problem as AWS Organizations reports it, with what it is as a summary. Only the size
/// has a message of its own.
pub(super) fn in_words_of_organizations(found: Violation) -> Violation {
    if found.code == "policy-size" {
        return found;
    }
    let summary = found.summary.unwrap_or(found.message).trim_end_matches('.').to_owned();
    Violation { message: MALFORMED.to_owned(), summary: Some(summary), ..found }
}

/// Returns the message for a policy that is larger than AWS takes. For VPC endpoints AWS documents
/// none.
pub(super) fn too_large(limiting: LimitingPolicy) -> String {
    match limiting {
        LimitingPolicy::ServiceControl | LimitingPolicy::ResourceControl => {
            "You have exceeded the maximum policy size."
        }
        LimitingPolicy::Session => {
            "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member \
                must have length less than or equal to 2048"
        }
        LimitingPolicy::VpcEndpoint => "The policy of a VPC endpoint is too large.",
    }
    .to_owned()
}

/// Tells if the document is `RCPFullAWSAccess`: "The effect of `Allow` is only supported for the
/// `RCPFullAWSAccess` policy" (AWS Organizations User Guide, "RCP syntax").
pub(super) fn is_full_access(document: &Value) -> bool {
    let full = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]});
    document.get("Version") == full.get("Version") && equivalent(document, &full)
}
