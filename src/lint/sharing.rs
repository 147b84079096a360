//! Makes one finding of those that several resources have in the same document of a file.

use std::collections::HashMap;

use super::ManifestFinding;

/// Keeps the first of the findings that say the same of the same place, and names in it the other
/// resources that have it: a file may be the document of many.
pub(super) fn merge_shared(found: &mut Vec<ManifestFinding>) {
    let mut merged: Vec<ManifestFinding> = Vec::with_capacity(found.len());
    let mut known: HashMap<String, usize> = HashMap::new();
    for one in found.drain(..) {
        let first = key(&one).map(|key| *known.entry(key).or_insert(merged.len()));
        match first.and_then(|index| merged.get_mut(index)) {
            Some(first) if first.on == one.on || first.also_on.contains(&one.on) => {}
            Some(first) => first.also_on.push(one.on),
            None => merged.push(one),
        }
    }
    *found = merged;
}

/// Returns what a finding says, without the resource that it is on; `None` if it has no place.
fn key(one: &ManifestFinding) -> Option<String> {
    let ManifestFinding { rule, severity, on: _, also_on: _, place, message, .. } = one;
    let ManifestFinding { remedy, related, accepted, .. } = one;
    let place = place.as_ref()?;
    Some(format!("{:?}", (rule, severity, place, message, remedy, related, accepted)))
}
