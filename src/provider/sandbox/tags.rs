//! Tags: their limits, and the effect of adding to them.

use crate::value::Tags;

use super::limits;
use super::names::{self, same_name};
use super::refusal::{Refusal, SandboxResult};

/// The case of tag keys. Users and roles take `Team` and `team` for the same key (the new one
/// replaces the old); policies do not.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum KeyCase {
    IgnoringCase,
    Exact,
}

/// Adds `added` to an IAM entity's tags.
pub(super) fn add_tags(tags: &mut Tags, added: &Tags, keys: KeyCase) -> SandboxResult<()> {
    for (position, (key, value)) in added.iter().enumerate() {
        names::length(&format!("tags.{}.member.key", position + 1), key, 1, 128)?;
        names::length(&format!("tags.{}.member.value", position + 1), value, 0, 256)?;
        if reserved(key) {
            return Err(Refusal::invalid(
                "InvalidInput",
                "aws: prefixed tag key names are not allowed for external use.",
            ));
        }
        if keys == KeyCase::IgnoringCase {
            if added.keys().any(|other| other != key && same_name(other, key)) {
                return Err(Refusal::invalid(
                    "InvalidInput",
                    "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
                ));
            }
            tags.retain(|other, _| other == key || !same_name(other, key));
        }
        tags.insert(key.clone(), value.clone());
    }
    if tags.len() > limits::TAGS {
        return Err(Refusal::limit_exceeded(format!(
            "The number of tags has reached the maximum limit of {}.",
            limits::TAGS
        )));
    }
    Ok(())
}

/// Removes an IAM entity's tags; keys that don't exist are ignored. Keys with the prefix `aws:` are
/// AWS's own, and nobody else can remove them (IAM User Guide, "Tags for AWS Identity and Access
/// Management resources").
pub(super) fn remove_tags(tags: &mut Tags, removed: &[String], keys: KeyCase) -> SandboxResult<()> {
    if removed.iter().any(|key| reserved(key)) {
        return Err(Refusal::invalid(
            "InvalidInput",
            "aws: prefixed tag key names are not allowed for external use.",
        ));
    }
    tags.retain(|key, _| {
        !removed
            .iter()
            .any(|gone| gone == key || (keys == KeyCase::IgnoringCase && same_name(gone, key)))
    });
    Ok(())
}

/// Checks a bucket's tags by S3's rules. `PutBucketTagging` sets all tags at once, and nobody can
/// add, change or remove those that AWS gave the bucket: "System tags cannot be added/updated by
/// requester" (Amazon S3 API Reference, "PutBucketTagging"). So a request repeats them as they are.
pub(super) fn bucket(before: &Tags, tags: &Tags) -> SandboxResult<()> {
    let invalid = |message: &str| Err(Refusal::invalid("InvalidTag", message));
    if tags.len() > limits::TAGS {
        return Err(Refusal::invalid("BadRequest", "Bucket tag count cannot be greater than 50"));
    }
    if before.keys().any(|key| reserved(key) && !tags.contains_key(key)) {
        return invalid("System Tags cannot be removed by requester");
    }
    for (key, value) in tags {
        if reserved(key) {
            if before.get(key) == Some(value) {
                continue;
            }
            return invalid("System tags cannot be added/updated by requester");
        }
        if key.is_empty() || key.chars().count() > 128 {
            return invalid("The TagKey you have provided is invalid");
        }
        if value.chars().count() > 256 {
            return invalid("The TagValue you have provided is invalid");
        }
    }
    Ok(())
}

fn reserved(key: &str) -> bool {
    key.to_ascii_lowercase().starts_with("aws:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tags_of_aws_are_removed_by_nobody() {
        let of_aws = "aws:cloudformation:stack-name";
        let there = Tags::from([(of_aws.to_owned(), "legacy".to_owned())]);
        for keys in [KeyCase::Exact, KeyCase::IgnoringCase] {
            let mut tags = there.clone();
            assert!(remove_tags(&mut tags, &[of_aws.to_owned()], keys).is_err());
            assert_eq!(tags, there);
            assert!(remove_tags(&mut tags, &["absent".to_owned()], keys).is_ok());
        }
    }
}
