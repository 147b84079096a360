//! Applies `lint: {allow: […]}`, the findings that the manifest accepts, with the reasons.

use super::ManifestFinding;
use super::rules::{UNUSED_SILENCE, named, nearest};
use crate::diagnostic::Severity;
use crate::model::LintSuppression;

/// Marks accepted findings, and reports suppressions that accept nothing.
pub(super) fn apply(silences: &[LintSuppression], found: &mut Vec<ManifestFinding>) {
    let mut vain = Vec::new();
    for silence in silences {
        let mut used = false;
        for one in found.iter_mut().filter(|one| accepts(silence, one)) {
            used = true;
            one.accepted.get_or_insert_with(|| silence.because.clone());
        }
        if !used {
            vain.push(in_vain(silence));
        }
    }
    found.extend(vain);
}

/// Marks accepted findings. Of suppressions that accept nothing, `relayctl lint` speaks: here only
/// some of the rules are applied.
pub(super) fn accept(silences: &[LintSuppression], found: &mut [ManifestFinding]) {
    for one in found {
        let silence = silences.iter().find(|silence| accepts(silence, one));
        one.accepted = silence.map(|silence| silence.because.clone());
    }
}

fn accepts(silence: &LintSuppression, one: &ManifestFinding) -> bool {
    silence.rule == one.rule && (silence.on == "*" || silence.on == one.on)
}

fn in_vain(silence: &LintSuppression) -> ManifestFinding {
    let LintSuppression { rule, on, .. } = silence;
    let (severity, message, remedy) = if named(rule).is_some() {
        let message = format!("`{rule}` finds nothing on `{on}` that would have to be accepted");
        (UNUSED_SILENCE.severity, message, "remove it from `lint: allow:`".to_owned())
    } else {
        let near = nearest(rule).map(|near| format!("did you mean `{near}`?"));
        let message = format!("there is no rule `{rule}`");
        (
            Severity::Warning,
            message,
            near.unwrap_or_else(|| "see `relayctl lint --list`".to_owned()),
        )
    };
    ManifestFinding {
        rule: UNUSED_SILENCE.name,
        severity,
        on: on.clone(),
        also_on: Vec::new(),
        place: silence.place.clone(),
        message,
        remedy,
        related: Vec::new(),
        accepted: None,
    }
}
