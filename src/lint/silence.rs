//! `lint: {allow: […]}`: what the manifest accepts, and why.

use super::Found;
use crate::diagnostic::Severity;
use crate::model::Silence;
use crate::policy::lint::Rule;

pub(super) const UNUSED_SILENCE: Rule = Rule::new(
    "unused-silence",
    Severity::Note,
    "A finding is accepted in `lint: allow:` that isn't there",
    "What it accepted has been mended, or was spelt differently; it would hide the next such finding.",
    "Take it out of the manifest.",
);

/// Marks what is accepted, and tells what is accepted in vain. `unknown` says of a name that no rule has what to do about it.
pub(super) fn apply(silences: &[Silence], found: &mut Vec<Found>, unknown: impl Fn(&str) -> Option<String>) {
    let mut vain = Vec::new();
    for silence in silences {
        let mut used = false;
        for one in found.iter_mut().filter(|one| accepts(silence, one)) {
            used = true;
            one.accepted.get_or_insert_with(|| silence.because.clone());
        }
        if !used {
            vain.push(in_vain(silence, unknown(&silence.rule)));
        }
    }
    found.extend(vain);
}

fn accepts(silence: &Silence, one: &Found) -> bool {
    silence.rule == one.rule && (silence.on == "*" || silence.on == one.on)
}

fn in_vain(silence: &Silence, unknown: Option<String>) -> Found {
    let Silence { rule, on, .. } = silence;
    let (severity, message, remedy) = match unknown {
        None => {
            let message = format!("`{rule}` finds nothing on `{on}` that would have to be accepted");
            (UNUSED_SILENCE.severity, message, "take it out of `lint: allow:`".to_owned())
        }
        Some(remedy) => (Severity::Warning, format!("there is no rule `{rule}`"), remedy),
    };
    Found {
        rule: UNUSED_SILENCE.name,
        severity,
        on: on.clone(),
        place: silence.place.clone(),
        message,
        remedy,
        related: Vec::new(),
        accepted: None,
    }
}
