//! Finds the objects that already bear a name which IAM does not distinguish from a wanted one:
//! "Names are not distinguished by case", says the AWS page on IAM quotas, and a policy's name is
//! unique whatever its path.

use super::Conflict;
use crate::address::PrincipalKind;
use crate::reads::Snapshot;
use crate::value::{Attributes, text_of};

/// Returns the reason why no such user, role or group can be made, as far as a sweep tells.
pub(super) fn of_principal(
    kind: PrincipalKind,
    wanted: &Attributes,
    snapshot: &Snapshot,
) -> Option<Conflict> {
    let (name, ours) = (text_of(wanted, "name"), text_of(wanted, "id"));
    let mut others = snapshot.swept_principals(kind).map(|(it, _)| it);
    let other =
        others.find(|it| is_same(it.name(), name) && it.name() != name && it.id() != ours)?;
    Some(taken(&format!("{kind} {}", other.name())))
}

/// Returns the reason why no such policy can be made, as far as a sweep tells.
pub(super) fn of_policy(wanted: &Attributes, snapshot: &Snapshot) -> Option<Conflict> {
    let [name, arn, ours] = ["name", "arn", "id"].map(|it| text_of(wanted, it));
    let mut policies = snapshot.swept_policies().map(|it| &it.policy);
    let other = policies.find(|it| is_same(&it.name, name) && it.arn != arn && it.id != ours)?;
    Some(taken(&format!("policy {}", other.arn)))
}

fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.eq_ignore_ascii_case(other)
}

fn taken(by: &str) -> Conflict {
    Conflict::obstacle(format!(
        "IAM does not distinguish its name from that of {by}, which is not managed by this \
            manifest: choose another name"
    ))
}
