//! The account's quotas, with the values of a new account.

use crate::address::PrincipalKind;
use crate::policy::{Usage, document_size, limit};
use crate::value::Value;

use super::refusal::{Refusal, SandboxResult};

pub(super) const POLICY_VERSIONS: usize = 5;
pub(super) const ACCESS_KEYS: usize = 2;
pub(super) const ATTACHED_POLICIES: usize = 10;
pub(super) const TAGS: usize = 50;
pub(super) const INSTANCE_PROFILES: usize = 1000;
pub(super) const OIDC_PROVIDERS: usize = 100;

/// Refuses a count above `quota`. IAM's refusals name the quota: `AccessKeysPerUser`.
pub(super) fn quota(name: &str, count: usize, quota: usize) -> SandboxResult<()> {
    if count <= quota {
        return Ok(());
    }
    Err(Refusal::limit_exceeded(format!("Cannot exceed quota for {name}: {quota}")))
}

pub(super) fn managed_policy(document: &Value) -> SandboxResult<()> {
    quota("PolicySize", document_size(document, Usage::Managed), limit(Usage::Managed))
}

pub(super) fn trust_policy(document: &Value) -> SandboxResult<()> {
    quota("ACLSizePerRole", document_size(document, Usage::Trust), limit(Usage::Trust))
}

pub(super) fn bucket_policy(document: &Value) -> SandboxResult<()> {
    if document_size(document, Usage::Bucket) <= limit(Usage::Bucket) {
        return Ok(());
    }
    Err(Refusal::invalid("PolicyTooLarge", "Policy exceeds the maximum allowed document size."))
}

/// Checks all inline policies of a user, role or group, which share one limit.
pub(super) fn inline_policies<'a>(
    kind: PrincipalKind,
    name: &str,
    usage: Usage,
    documents: impl Iterator<Item = &'a Value>,
) -> SandboxResult<()> {
    let limit = limit(usage);
    if documents.map(|document| document_size(document, usage)).sum::<usize>() <= limit {
        return Ok(());
    }
    Err(Refusal::limit_exceeded(format!(
        "Maximum policy size of {limit} bytes exceeded for {kind} {name}"
    )))
}

pub(super) fn policy_versions(count: usize) -> SandboxResult<()> {
    if count <= POLICY_VERSIONS {
        return Ok(());
    }
    Err(Refusal::limit_exceeded(format!(
        "A managed policy can have up to {POLICY_VERSIONS} versions. Before you create a new \
            version, you must delete an existing version."
    )))
}
