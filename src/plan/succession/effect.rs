//! The effects of a plan's steps on the access of principals.

use std::collections::BTreeSet;

use crate::address::Principal;
use crate::plan::StepId;

use super::access_set::AccessSet;

/// The effect of a step on access. Steps whose effects are about the same requests come in this
/// order; then everybody may do, at every point between, at least what both the account before and
/// the account after allow, and at most what one of them allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EffectKind {
    /// A Deny is added, or a permissions boundary is set or gets narrower.
    Restricts,
    /// An Allow is added.
    Gives,
    /// An Allow goes.
    Takes,
    /// A Deny goes, or a permissions boundary goes or gets wider.
    Lifts,
}

/// One effect of a step.
pub(super) struct StepEffect<'d> {
    pub step: StepId,
    pub kind: EffectKind,
    /// The users and roles whose access it changes, and the group that it goes through.
    pub on: BTreeSet<Principal>,
    /// The requests that it is about.
    pub about: AccessSet<'d>,
}

/// The pairs of effects of which the first waits for the second.
///
/// - A taken Allow waits for what gives it back: otherwise access is missing in between.
/// - A Deny that goes waits for the one that takes its place, and for the Allows that go with it;
///   and an Allow waits for the Denies that come with it: otherwise more is allowed in between than
///   before and after.
pub(super) const WAITS: [(EffectKind, EffectKind); 4] = [
    (EffectKind::Takes, EffectKind::Gives),
    (EffectKind::Lifts, EffectKind::Restricts),
    (EffectKind::Lifts, EffectKind::Takes),
    (EffectKind::Gives, EffectKind::Restricts),
];
