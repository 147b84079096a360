//! IAM's rules for names and paths, with IAM's messages.

use super::refusal::{Refusal, SandboxResult};

pub(super) const POLICY: usize = 128;
const PATH: usize = 512;

/// Returns true if AWS takes two names for the same: AWS keeps their case, but does not tell names
/// apart by it.
pub(super) fn same_name(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Checks a name. `parameter` is its name in the API: `userName`.
pub(super) fn check_name(parameter: &str, value: &str, longest: usize) -> SandboxResult<()> {
    length(parameter, value, 1, longest)?;
    if value.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c)) {
        return Ok(());
    }
    Err(validation(format!(
        "The specified value for {parameter} is invalid. It must contain only alphanumeric \
            characters and/or the following: +=,.@_-"
    )))
}

pub(super) fn check_path(value: &str) -> SandboxResult<()> {
    length("path", value, 1, PATH)?;
    let slashes = value.starts_with('/') && value.ends_with('/') && !value.contains("//");
    if slashes && value.chars().all(|c| c.is_ascii_graphic()) {
        return Ok(());
    }
    Err(validation(
        "The specified value for path is invalid. It must begin and end with / and contain only \
            alphanumeric characters and/or / characters.",
    ))
}

pub(super) fn description(value: &str) -> SandboxResult<()> {
    length("description", value, 0, 1000)
}

pub(super) fn length(parameter: &str, value: &str, least: usize, most: usize) -> SandboxResult<()> {
    let length = value.chars().count();
    if length > most {
        return Err(constraint(
            parameter,
            value,
            &format!("Member must have length less than or equal to {most}"),
        ));
    }
    if length < least {
        return Err(constraint(
            parameter,
            value,
            &format!("Member must have length greater than or equal to {least}"),
        ));
    }
    Ok(())
}

pub(super) fn constraint(parameter: &str, value: &str, rule: &str) -> Refusal {
    validation(format!(
        "1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy \
            constraint: {rule}"
    ))
}

fn validation(message: impl Into<String>) -> Refusal {
    Refusal::invalid("ValidationError", message)
}

/// Checks a policy's ARN: IAM accepts nothing else for a policy.
pub(super) fn policy_arn(arn: &str) -> SandboxResult<()> {
    if arn.starts_with("arn:") && arn.contains(":policy/") {
        Ok(())
    } else {
        Err(Refusal::invalid("InvalidInput", format!("ARN {arn} is not valid.")))
    }
}

/// Checks a name by S3's rules for general purpose buckets.
pub(super) fn bucket(name: &str) -> SandboxResult<()> {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let address =
        name.split('.').count() == 4 && name.split('.').all(|part| part.parse::<u8>().is_ok());
    let prefixed =
        ["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|prefix| name.starts_with(prefix));
    let suffixed = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"]
        .iter()
        .any(|suffix| name.ends_with(suffix));
    let valid = (3..=63).contains(&name.len())
        && edge(name.chars().next())
        && edge(name.chars().next_back())
        && name.chars().all(inside)
        && !name.contains("..");
    if valid && !address && !prefixed && !suffixed {
        return Ok(());
    }
    Err(Refusal::invalid("InvalidBucketName", "The specified bucket is not valid."))
}

/// Checks a region's name, such as `us-east-1` or `us-gov-west-1`.
pub(super) fn region(name: &str) -> SandboxResult<()> {
    let words: Vec<&str> = name.split('-').collect();
    let (number, rest) = words.split_last().unwrap_or((&"", &[]));
    let lower = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
    if rest.len() >= 2 && rest.iter().all(lower) && number.parse::<u8>().is_ok() {
        return Ok(());
    }
    Err(Refusal::invalid(
        "InvalidLocationConstraint",
        "The specified location-constraint is not valid",
    ))
}
