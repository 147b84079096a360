//! Makes doubts about the effect of a plan on access, with their reasons.

use super::access_change::EffectDoubt;
use crate::address::Address;
use crate::call::Failure;
use crate::policy::compare::{Doubt, Side};

/// Returns `iam:GetPolicy: AccessDenied`, which names the missing permission, if any.
pub(super) fn brief(failure: &Failure) -> String {
    format!("{}: {}", failure.call, failure.code)
}

/// Returns the doubts about gains, losses or both.
pub(super) fn doubts(
    sides: &[Side],
    through: &Address,
    policy: &str,
    reason: &str,
) -> Vec<EffectDoubt> {
    let doubt = |side: &Side| {
        let doubt = Doubt { side: *side, policy: policy.to_owned(), reason: reason.to_owned() };
        EffectDoubt { through: Some(through.clone()), doubt }
    };
    sides.iter().map(doubt).collect()
}
