//! Wording that several rules share.

/// Returns the first few names of a list, and the number of the others.
pub(super) fn list_few(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        1 => format!("{shown} and one more"),
        more => format!("{shown} and {more} more"),
    }
}
