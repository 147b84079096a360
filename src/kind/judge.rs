//! Tells the effect of a field's change on access from its values. A field of a new object has no
//! value before: what a new object may do, and who may use it, is compared.

use super::{FieldEffect, JudgedChange};
use crate::value::Value;

/// Judges the path of an existing principal or policy: it is a part of the ARN that patterns in the
/// resources and conditions of any policy may match.
pub(super) fn judge_path(change: &JudgedChange<'_>) -> FieldEffect {
    existing(
        change,
        "policies anywhere may allow or deny more by a pattern that matches one of the two paths",
    )
}

/// Returns a gain for any change of an existing object.
pub(super) fn existing(change: &JudgedChange<'_>, reason: &'static str) -> FieldEffect {
    match change.before {
        Some(before) if before != change.after => FieldEffect::Gain(reason),
        Some(_) | None => FieldEffect::None,
    }
}

/// Judges the role in an instance profile: whoever uses an instance with the profile acts as it.
pub(super) fn role_of_instances(change: &JudgedChange<'_>) -> FieldEffect {
    if change.before == Some(change.after) {
        return FieldEffect::None;
    }
    FieldEffect::Gain("whoever uses an EC2 instance with the profile acts as the role")
}

/// Judges the audiences of an OIDC provider: IAM takes tokens for these only. What a new provider
/// lets in is decided by the roles that trust it.
pub(super) fn audiences(change: &JudgedChange<'_>) -> FieldEffect {
    let listed = |list: &Value| list.as_array().cloned().unwrap_or_default();
    let Some(before) = change.before.map(listed) else { return FieldEffect::None };
    let after = listed(change.after);
    if after.iter().any(|id| !before.contains(id)) {
        FieldEffect::Gain(
            "roles that trust the provider, and ask for no audience, take tokens for another one",
        )
    } else if before.iter().any(|id| !after.contains(id)) {
        FieldEffect::Loss
    } else {
        FieldEffect::None
    }
}

/// Judges the thumbprints of an OIDC provider: whoever has a certificate of one signs its tokens.
pub(super) fn thumbprints(change: &JudgedChange<'_>) -> FieldEffect {
    existing(change, "IAM trusts other certificates to sign the tokens of the provider")
}

/// Judges the length of a role's sessions. AWS's default is an hour.
pub(super) fn session(change: &JudgedChange<'_>) -> FieldEffect {
    let seconds = |value: &Value| value.as_i64();
    match (change.before.map(seconds), seconds(change.after)) {
        (Some(Some(before)), Some(after)) if after == before => FieldEffect::None,
        (Some(Some(before)), Some(after)) if after < before => FieldEffect::Loss,
        (None, _) => FieldEffect::None,
        (Some(_), _) => FieldEffect::Gain("whoever assumes the role keeps its access for longer"),
    }
}
