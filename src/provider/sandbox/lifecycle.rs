//! S3's checks of lifecycle rules.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::call::s3::{LifecycleRule, Transition};

use super::order::ListOrder;
use super::refusal::{Refusal, SandboxResult};

const RULES: usize = 1000;

const STORAGE_CLASSES: &[&str] =
    &["DEEP_ARCHIVE", "GLACIER", "GLACIER_IR", "INTELLIGENT_TIERING", "ONEZONE_IA", "STANDARD_IA"];

/// The storage classes to which S3 moves an object only after this many days in its first one.
const INFREQUENT_ACCESS: &[&str] = &["ONEZONE_IA", "STANDARD_IA"];
const BEFORE_INFREQUENT_ACCESS: i32 = 30;

/// Returns the rules as S3 keeps them: a rule without an id gets one.
pub(super) fn checked(rules: &[LifecycleRule]) -> SandboxResult<Vec<LifecycleRule>> {
    if rules.is_empty() || rules.len() > RULES {
        return Err(Refusal::malformed_xml());
    }
    let mut ids = BTreeSet::new();
    for rule in rules {
        if !rule.id.is_empty() && !ids.insert(rule.id.as_str()) {
            return Err(argument("Rule ID must be unique. Found same ID for more than one rule"));
        }
        check(rule)?;
    }
    let named = |rule: &LifecycleRule| match rule.id.as_str() {
        "" => LifecycleRule { id: Uuid::new_v4().to_string(), ..rule.clone() },
        _ => rule.clone(),
    };
    Ok(rules.iter().map(named).collect())
}

fn check(rule: &LifecycleRule) -> SandboxResult<()> {
    if rule.id.chars().count() > 255 {
        return Err(argument("ID length should not exceed allowed limit of 255"));
    }
    let idle = rule
        .expiration_days
        .or(rule.noncurrent_expiration_days)
        .or(rule.abort_multipart_days)
        .is_none();
    if idle && rule.transitions.is_empty() {
        return Err(Refusal::invalid(
            "InvalidRequest",
            "At least one action needs to be specified in a rule",
        ));
    }
    positive("'Days' for Expiration action", rule.expiration_days)?;
    positive(
        "'NoncurrentDays' for NoncurrentVersionExpiration action",
        rule.noncurrent_expiration_days,
    )?;
    positive(
        "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action",
        rule.abort_multipart_days,
    )?;
    for transition in &rule.transitions {
        check_transition(rule, transition)?;
    }
    let classes: BTreeSet<&str> =
        rule.transitions.iter().map(|one| one.storage_class.as_str()).collect();
    if classes.len() < rule.transitions.len() {
        return Err(argument(
            "'StorageClass' must be different for 'Transition' actions in same 'Rule'",
        ));
    }
    Ok(())
}

fn check_transition(rule: &LifecycleRule, transition: &Transition) -> SandboxResult<()> {
    let Transition { days, storage_class } = transition;
    if !STORAGE_CLASSES.contains(&storage_class.as_str()) {
        return Err(Refusal::malformed_xml());
    }
    if *days < 0 {
        return Err(argument("'Days' for Transition action must be nonnegative"));
    }
    if INFREQUENT_ACCESS.contains(&storage_class.as_str()) && *days < BEFORE_INFREQUENT_ACCESS {
        return Err(argument(&format!(
            "'Days' in Transition action must be greater than or equal to \
                {BEFORE_INFREQUENT_ACCESS} for storageClass '{storage_class}'"
        )));
    }
    if rule.expiration_days.is_some_and(|expiration| expiration <= *days) {
        return Err(argument(&format!(
            "'Days' in the Expiration action for filter '(prefix={})' must be greater than 'Days' \
                in the Transition action",
            rule.prefix
        )));
    }
    Ok(())
}

fn positive(what: &str, days: Option<i32>) -> SandboxResult<()> {
    match days {
        Some(days) if days < 1 => Err(argument(&format!("{what} must be a positive integer"))),
        Some(_) | None => Ok(()),
    }
}

fn argument(message: &str) -> Refusal {
    Refusal::invalid("InvalidArgument", message)
}

/// Returns the rules in this order: rules and transitions are sets to S3.
pub(super) fn in_order(rules: &[LifecycleRule], order: ListOrder) -> Vec<LifecycleRule> {
    order.list(rules.iter().map(|rule| LifecycleRule {
        transitions: order.list(rule.transitions.iter().cloned()),
        ..rule.clone()
    }))
}
