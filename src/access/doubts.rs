//! Doubts about what a plan means for somebody's access, and their reasons.

use super::access_change::EffectDoubt;
use crate::address::Address;
use crate::call::Failure;
use crate::policy::compare::{Doubt, Side};

/// `iam:GetPolicy: AccessDenied`: which permission is missing, where one is.
pub(super) fn brief(failure: &Failure) -> String {
    format!("{}: {}", failure.call, failure.code)
}

/// The doubts whether anything is gained, or lost.
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
