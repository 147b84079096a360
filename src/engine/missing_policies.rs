//! The managed policies that a plan would attach and that do not exist.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::diff::ChangeAction;
use crate::model::{Desired, ForeignPolicyUse};
use crate::plan::Plan;
use crate::plan::guard::{Objection, missing_policy};
use crate::resolve::Resolver;

/// Returns an objection for each use of a policy that neither the manifest nor the account nor AWS
/// has. IAM would answer `NoSuchEntity`, and that after half of the work. Existing uses are not
/// checked: IAM deletes no policy in use.
pub async fn missing_policies(
    resolver: &mut Resolver<'_>,
    plan: &Plan,
    desired: &Desired,
) -> Vec<Objection> {
    let attached: BTreeSet<&Address> = plan
        .changes
        .iter()
        .filter(|change| {
            matches!(
                change.action,
                ChangeAction::Create | ChangeAction::Update | ChangeAction::Replace
            )
        })
        .map(|change| &change.address)
        .collect();
    let uses: Vec<ForeignPolicyUse<'_>> =
        desired.foreign_policy_uses().into_iter().filter(|it| attached.contains(it.by)).collect();
    let absent = resolver.absent_policies(uses.iter().map(|it| it.arn)).await;
    let missing = uses.iter().filter(|it| absent.contains(it.arn));
    missing.map(|it| missing_policy(it, &desired.partition)).collect()
}
