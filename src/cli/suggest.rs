//! The "Did you mean" suggestion: the nearest of the names that exist.

/// Returns the candidate nearest to `word`, if it is close enough to be a typing error.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_name_is_suggested() {
        assert_eq!(
            nearest("user.serverles", ["role.x", "user.serverless"]),
            Some("user.serverless")
        );
        assert_eq!(nearest("zzz", ["role.x", "user.serverless"]), None);
    }
}
