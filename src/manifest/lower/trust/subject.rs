//! The subjects that GitHub, GitLab and Kubernetes write into their tokens.

use crate::manifest::names;

/// A refusal: the problem, and the remedy.
pub(super) type Refused = (String, String);

/// Returns true if a value matches more than itself.
pub(super) fn is_pattern(value: &str) -> bool {
    value.contains(['*', '?'])
}

/// Checks a text that becomes a condition's value: IAM takes `${` for a variable, and relayctl
/// takes `<…>` for a placeholder.
pub(super) fn check_claim(text: &str, what: &str) -> Result<(), Refused> {
    let help = || "write it as it is in the token".to_owned();
    if text.is_empty() {
        return Err((format!("{what} cannot be empty"), help()));
    }
    for part in ["${", "<"] {
        if text.contains(part) {
            return Err((format!("{what} `{text}` holds {part}"), help()));
        }
    }
    if text.chars().any(char::is_control) {
        return Err((format!("{what} `{text}` holds a control character"), help()));
    }
    Ok(())
}

/// Checks an audience, which is compared whole.
pub(super) fn check_audience(text: &str) -> Result<(), Refused> {
    check_claim(text, "the audience")?;
    if is_pattern(text) {
        let message = format!("the audience `{text}` holds a wildcard, but is compared whole");
        return Err((message, "write the whole audience".to_owned()));
    }
    let checked = names::length(text, 1, 255, "an audience");
    checked.map_err(|message| (message, "shorten it".to_owned()))
}

/// Checks `OWNER/REPOSITORY` or `OWNER@ID/REPOSITORY@ID`. GitHub writes the ids into the subjects
/// of repositories that are new, renamed or transferred ("OpenID Connect reference", GitHub Docs).
pub(super) fn check_repository(text: &str) -> Result<(), Refused> {
    let refused = |message: String| {
        let help = "write OWNER/REPOSITORY, for example acme/web; or acme@123456/web@456789, if \
            the subjects of the repository hold ids";
        Err((message, help.to_owned()))
    };
    let Some((owner, repository)) = text.split_once('/') else {
        return refused(format!("`{text}` is not a repository of GitHub: it names no owner"));
    };
    if is_pattern(owner) {
        let message =
            format!("the owner in `{text}` holds a wildcard: it lets in repositories of others");
        return Err((message, "write the whole owner; a wildcard may follow it".to_owned()));
    }
    let (owner, owner_id) = split_id(owner);
    let (name, id) = split_id(repository);
    let in_owner = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let in_name = |c: char| c.is_ascii_alphanumeric() || "._-*?".contains(c);
    let is_id = |id: Option<&str>| {
        id.is_none_or(|id| !id.is_empty() && id.chars().all(|c| c.is_ascii_digit()))
    };
    if !fits(owner, 39, in_owner)
        || !fits(name, 100, in_name)
        || !is_id(owner_id)
        || !is_id(id.filter(|_| !is_pattern(repository)))
    {
        return refused(format!("`{text}` is not a repository of GitHub"));
    }
    if owner_id.is_some() != id.is_some() && !is_pattern(repository) {
        return refused(format!("`{text}` has only one of the ids of owner and repository"));
    }
    Ok(())
}

fn split_id(text: &str) -> (&str, Option<&str>) {
    text.split_once('@').map_or((text, None), |(name, id)| (name, Some(id)))
}

fn fits(text: &str, longest: usize, allowed: impl Fn(char) -> bool) -> bool {
    (1..=longest).contains(&text.len()) && text.chars().all(allowed)
}

/// Checks `GROUP/PROJECT`, with the groups between them.
pub(super) fn check_project(text: &str) -> Result<(), Refused> {
    let help = || "write GROUP/PROJECT, for example acme/web".to_owned();
    let parts: Vec<&str> = text.split('/').collect();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-*?".contains(c);
    if parts.len() < 2 || parts.iter().any(|part| !fits(part, 255, allowed)) {
        return Err((format!("`{text}` is not a project of GitLab with its group"), help()));
    }
    if is_pattern(parts[0]) {
        let message =
            format!("the group in `{text}` holds a wildcard: it lets in projects of others");
        return Err((message, "write the whole group; a wildcard may follow it".to_owned()));
    }
    Ok(())
}

/// Checks the name of a branch, a tag or a ref, which may be a pattern.
pub(super) fn check_ref(what: &'static str, text: &str) -> Result<(), Refused> {
    check_claim(text, what)?;
    let prefix = match what {
        "branch" => "refs/heads/",
        "tag" => "refs/tags/",
        _ if text.starts_with("refs/") => return check_ref_characters(what, text),
        _ => {
            let message = format!("the ref `{text}` does not begin with refs/");
            return Err((message, format!("write refs/heads/{text}, or `branch: {text}`")));
        }
    };
    if let Some(short) = text.strip_prefix(prefix) {
        let message = format!("a {what} is written without {prefix}, but this is `{text}`");
        return Err((message, format!("write `{what}: {short}`")));
    }
    check_ref_characters(what, text)
}

/// Checks the characters of a ref ("git check-ref-format", Git's reference).
fn check_ref_characters(what: &str, text: &str) -> Result<(), Refused> {
    match text.chars().find(|c| c.is_whitespace() || "~^:[\\".contains(*c)) {
        Some(bad) => Err((
            format!("the {what} `{text}` holds {bad:?}, which Git takes in no ref"),
            format!("write the {what} as Git names it"),
        )),
        None => Ok(()),
    }
}

/// Checks what follows the project in a subject.
pub(super) fn check_rest(text: &str, begins: &str) -> Result<(), Refused> {
    check_claim(text, "the subject")?;
    if text.starts_with(begins) {
        let message = format!("the subject `{text}` begins with {begins}");
        let help = "write only what follows: for example ref:refs/heads/main, or `*` for all";
        return Err((message, help.to_owned()));
    }
    Ok(())
}

/// Returns a name as GitHub writes it into a subject ("OpenID Connect reference", GitHub Docs).
pub(super) fn escape_colons(name: &str) -> String {
    name.replace(':', "%3A")
}

/// Checks a namespace (`longest` 63) or the name of a service account (253) of Kubernetes, which
/// may be a pattern ("Object Names and IDs", Kubernetes documentation).
pub(super) fn check_kubernetes(what: &str, text: &str, longest: usize) -> Result<(), Refused> {
    let dots = longest > 63;
    let allowed = |c: char| {
        c.is_ascii_lowercase() || c.is_ascii_digit() || "-*?".contains(c) || (dots && c == '.')
    };
    if fits(text, longest, allowed) {
        return Ok(());
    }
    let message = format!("`{text}` is not the name of a {what}");
    let signs = if dots { "digits, hyphens and dots" } else { "digits and hyphens" };
    Err((message, format!("write 1 to {longest} lower-case letters, {signs}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_have_an_owner_and_either_both_ids_or_none() {
        for good in
            ["acme/web", "a-b_c/d.e_f-g", "acme@1/web@2", "acme/*", "acme/web-?", "acme@1/*"]
        {
            assert!(check_repository(good).is_ok(), "{good}");
        }
        let long = format!("{}/web", "a".repeat(40));
        for bad in [
            "web",
            "/web",
            "acme/",
            "acme/web/x",
            "ac*/web",
            "*/web",
            "acme@1/web",
            "acme/web@2",
            "acme@x/web@2",
            "acme@1/web@",
            "acme@1/web@2@3",
            "a.b/web",
            "acme/we b",
            &long,
        ] {
            assert!(check_repository(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn projects_have_a_whole_group() {
        for good in ["acme/web", "acme/team/web", "acme/*", "acme/team-?/web"] {
            assert!(check_project(good).is_ok(), "{good}");
        }
        for bad in ["web", "ac*/web", "*/web", "acme//web", "acme/web/", "acme/we b"] {
            assert!(check_project(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn refs_are_written_as_git_writes_them() {
        for (what, good) in [
            ("branch", "main"),
            ("branch", "release/*"),
            ("tag", "v?.*"),
            ("ref", "refs/heads/main"),
        ] {
            assert!(check_ref(what, good).is_ok(), "{good}");
        }
        for (what, bad) in [
            ("branch", "refs/heads/main"),
            ("tag", "refs/tags/v1"),
            ("ref", "main"),
            ("branch", ""),
            ("branch", "a b"),
            ("branch", "a:b"),
            ("branch", "${x}"),
            ("branch", "<x>"),
        ] {
            assert!(check_ref(what, bad).is_err(), "{bad}");
        }
    }
}
