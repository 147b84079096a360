//! Suggestions for misspelt names: the nearest name that exists.

use std::collections::BTreeSet;

use super::{actions_of, service, services};

/// Returns the action nearest to a name that doesn't exist. A slip in the service's prefix is
/// corrected first.
pub fn nearest_action(name: &str) -> Option<String> {
    let (prefix, operation) = name.split_once(':')?;
    let prefix = service(prefix).map(|known| known.prefix).or_else(|| nearest_service(prefix))?;
    let whole = format!("{prefix}:{operation}");
    if let Some(stem) = whole.strip_suffix('*').filter(|stem| !stem.contains(['*', '?'])) {
        return nearest_beginning(stem, prefix).map(|near| format!("{near}*"));
    }
    nearest(&whole, actions_of(prefix).iter().map(|action| action.name.as_str()), prefix.len() + 1)
        .map(str::to_owned)
}

/// Returns the beginning of actions' names that is nearest to one with which none begins: some
/// whole words, such as `s3:GetObject`.
fn nearest_beginning(stem: &str, prefix: &str) -> Option<String> {
    let given = prefix.len() + 1;
    let words = |name: &'static str| {
        let ends = name.char_indices().skip(given + 1).filter(|(_, c)| c.is_uppercase());
        ends.map(move |(end, _)| &name[..end]).chain([name])
    };
    let beginnings: BTreeSet<&str> =
        actions_of(prefix).iter().flat_map(|action| words(&action.name)).collect();
    nearest(stem, beginnings.into_iter(), given).map(str::to_owned)
}

/// Returns the prefix nearest to one that doesn't exist.
pub fn nearest_service(prefix: &str) -> Option<&'static str> {
    nearest(prefix, services().map(|service| service.prefix), 0)
}

/// Returns the nearest name, if it is near enough to be a misspelling: a third of the letters may
/// differ, the first `given` not counted. A name that begins with everything that was written
/// counts, too: its rest was forgotten.
pub(super) fn nearest<'a>(
    written: &str,
    names: impl Iterator<Item = &'a str>,
    given: usize,
) -> Option<&'a str> {
    let folded = written.to_lowercase();
    let slips = folded.chars().count().saturating_sub(given) / 3;
    let near = |name: &'a str| {
        let own = name.to_lowercase();
        let distance = strsim::damerau_levenshtein(&folded, &own);
        let begun = own.starts_with(&folded) && folded.chars().count() > given + 3;
        (distance <= slips.max(1) || begun).then_some((distance, name))
    };
    names.filter_map(near).min().map(|(_, name)| name)
}
