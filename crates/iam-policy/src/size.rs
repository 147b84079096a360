//! The size of a document to AWS, and AWS's limits.

use crate::Value;

use super::{LimitingPolicy, Usage};

/// Returns the document as relayctl sends it: compact JSON.
pub fn compact(document: &Value) -> String {
    document.to_string()
}

/// Returns AWS's limit for this usage, in the unit of [`document_size`]: for limiting policies that
/// of "Quotas and service limits for AWS Organizations", of the parameter `Policy` of `AssumeRole`
/// (AWS STS API Reference), and of "Control access to VPC endpoints using endpoint policies" (AWS
/// `PrivateLink` Guide).
pub fn limit(usage: Usage) -> usize {
    match usage {
        Usage::Managed => 6_144,
        // The limit of inline policies is for all inline policies of the user, group or role
        // together; one alone must fit, too.
        Usage::UserInline | Usage::Trust => 2_048,
        Usage::GroupInline => 5_120,
        Usage::RoleInline => 10_240,
        Usage::Bucket => 20 * 1_024,
        Usage::Limiting(limiting) => match limiting {
            LimitingPolicy::ServiceControl => 10_240,
            LimitingPolicy::ResourceControl => 5_120,
            LimitingPolicy::Session => 2_048,
            LimitingPolicy::VpcEndpoint => 20_480,
        },
    }
}

/// Returns the size that counts towards the limit. IAM counts characters without white space, not
/// even inside texts; S3 counts bytes. Of limiting policies every character counts.
pub fn document_size(document: &Value, usage: Usage) -> usize {
    size_of(&compact(document), usage)
}

fn size_of(text: &str, usage: Usage) -> usize {
    match usage {
        Usage::Bucket => text.len(),
        Usage::Limiting(_) => text.chars().count(),
        Usage::Managed
        | Usage::UserInline
        | Usage::GroupInline
        | Usage::RoleInline
        | Usage::Trust => text.chars().filter(|c| !c.is_whitespace()).count(),
    }
}

/// Returns the same for a document as it is written: IAM counts the text that it is sent, with
/// every escape and every list of one value.
pub(super) fn size_of_text(text: &str, document: &Value, usage: Usage) -> usize {
    if usage == Usage::Bucket {
        return document_size(document, usage);
    }
    size_of(text.trim_start_matches('\u{feff}').trim(), usage)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn iam_counts_characters_without_white_space_and_s3_bytes() {
        let document = json!({"Sid": "a é"});
        assert_eq!(document_size(&document, Usage::Managed), 12);
        assert_eq!(document_size(&document, Usage::Bucket), 14);
    }

    #[test]
    fn as_it_is_written_every_escape_counts() {
        let text = "\u{feff}{\n  \"Sid\": [\"a\\u00e9\"]\n}";
        let document = crate::parse(text).unwrap();
        assert_eq!(size_of_text(text, &document, Usage::Managed), 19);
        assert_eq!(size_of_text(text, &document, Usage::Bucket), 15);
        let session = Usage::Limiting(LimitingPolicy::Session);
        assert_eq!(size_of_text(text, &document, session), 24);
    }
}
