//! Suggests known names: "did you mean …?"

/// Returns the known name nearest to the written one, if it is near enough to be a typing error or
/// a part of the name.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = written.to_lowercase();
    let near = |name: &str| {
        let name = name.to_lowercase();
        let distance = strsim::damerau_levenshtein(&folded, &name);
        let alike = distance <= (folded.chars().count() / 3).max(1)
            || strsim::jaro_winkler(&folded, &name) > 0.85;
        alike.then_some(distance)
    };
    known.into_iter().filter_map(|name| Some((near(name)?, name))).min().map(|(_, name)| name)
}

/// Returns "did you mean `x`?", or else a list of all known names.
pub fn suggest_name<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
    what: &str,
) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(written, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() => format!("there are no {what}"),
        None if known.len() <= 30 => format!("known {what}: {}", known.join(", ")),
        None => format!("there are {} {what}, none of them like it", known.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        assert_eq!(nearest("polices", ["policies", "users"]), Some("policies"));
        assert_eq!(nearest("Servrless", ["serverless", "other"]), Some("serverless"));
        assert_eq!(nearest("policy", ["path", "policies"]), Some("policies"));
        assert_eq!(nearest("version", ["region", "versioning"]), Some("versioning"));
        assert_eq!(nearest("groups", ["policies", "users", "roles"]), None);
        assert_eq!(suggest_name("x", [], "users"), "there are no users");
    }
}
