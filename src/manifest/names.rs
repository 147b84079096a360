//! AWS's rules for names, and for the short texts that manifests hold. A rule's error says what is
//! wrong.

/// Checks an IAM name: `[\w+=,.@-]+`, ASCII only.
pub fn check_iam_name(name: &str, longest: usize) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if let Some(bad) = name.chars().find(|c| !allowed(*c)) {
        return Err(format!(
            "`{name}` holds {bad:?}: IAM takes letters, digits and _+=,.@- in names"
        ));
    }
    length(name, 1, longest, "a name")
}

/// Checks the path of a user, a role or a group: `/`, or visible ASCII between slashes
/// ("CreateUser", IAM API Reference).
pub fn check_path(path: &str) -> Result<(), String> {
    if path.chars().any(|c| !c.is_ascii_graphic()) {
        return Err(format!("the path `{path}` may hold only visible ASCII characters"));
    }
    check_parts(path)
}

/// Checks the path of a managed policy: IAM takes fewer characters there ("CreatePolicy", IAM API
/// Reference).
pub fn check_policy_path(path: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=,.@-".contains(c);
    if let Some(bad) = path.chars().find(|c| !allowed(*c)) {
        return Err(format!(
            "the path `{path}` holds {bad:?}: IAM takes letters, digits and _+=,.@- between the \
                slashes of a policy's path"
        ));
    }
    check_parts(path)
}

fn check_parts(path: &str) -> Result<(), String> {
    if !path.starts_with('/') || !path.ends_with('/') {
        return Err(format!("the path `{path}` must begin and end with /"));
    }
    if path.contains("//") {
        return Err(format!("the path `{path}` has two slashes in a row: a part of it is empty"));
    }
    length(path, 1, 512, "a path")
}

/// Checks the length of a policy's ARN ("AttachUserPolicy" and `PermissionsBoundary` of
/// "CreateUser", IAM API Reference).
pub fn check_policy_arn_length(arn: &str) -> Result<(), String> {
    length(arn, 20, 2048, "the ARN of a policy")
}

/// Checks a bucket's name by S3's rules for general purpose buckets.
pub fn bucket(name: &str) -> Result<(), String> {
    const PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
    const SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    if let Some(bad) = name.chars().find(|c| !allowed(*c)) {
        return Err(format!(
            "the bucket name `{name}` holds {bad:?}: S3 takes lower-case letters, digits, dots \
                and hyphens"
        ));
    }
    length(name, 3, 63, "a bucket name")?;
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if !edge(name.chars().next()) || !edge(name.chars().next_back()) {
        return Err(format!("the bucket name `{name}` must begin and end with a letter or digit"));
    }
    if name.contains("..") {
        return Err(format!("the bucket name `{name}` has two dots in a row"));
    }
    if name.parse::<std::net::Ipv4Addr>().is_ok() {
        return Err(format!("the bucket name `{name}` looks like an IP address"));
    }
    if let Some(prefix) = PREFIXES.iter().find(|prefix| name.starts_with(**prefix)) {
        return Err(format!(
            "the bucket name `{name}` begins with {prefix}, which S3 keeps for itself"
        ));
    }
    match SUFFIXES.iter().find(|suffix| name.ends_with(**suffix)) {
        Some(suffix) => {
            Err(format!("the bucket name `{name}` ends with {suffix}, which S3 keeps for itself"))
        }
        None => Ok(()),
    }
}

/// Checks the manifest's own name, which becomes a tag's value and a file's name.
pub fn manifest(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if let Some(bad) = name.chars().find(|c| !allowed(*c)) {
        return Err(format!(
            "the manifest's name `{name}` holds {bad:?}: use letters, digits, dots, hyphens and \
                underscores"
        ));
    }
    if name.starts_with('.') {
        return Err(format!(
            "the manifest's name `{name}` begins with a dot, but it is also the name of a file"
        ));
    }
    length(name, 1, 128, "a manifest's name")
}

pub fn account(account: &str) -> Result<(), String> {
    if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(format!("`{account}` is not an AWS account id: it has twelve digits"))
}

/// Checks the form of a region's name: `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`. AWS adds new
/// regions, so only the form is checked.
pub fn region(region: &str) -> Result<(), String> {
    let parts: Vec<&str> = region.split('-').collect();
    let word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let good = match parts.as_slice() {
        [words @ .., number] => {
            words.len() >= 2
                && words.iter().all(word)
                && (1..=2).contains(&number.len())
                && number.bytes().all(|byte| byte.is_ascii_digit())
        }
        [] => false,
    };
    if good {
        Ok(())
    } else {
        Err(format!("`{region}` is not an AWS region: they look like us-east-1"))
    }
}

/// Checks an external id ("AssumeRole", AWS STS API Reference).
pub fn check_external_id(id: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c);
    match id.chars().find(|c| !allowed(*c)) {
        Some(bad) => Err(format!(
            "the external id `{id}` holds {bad:?}: AWS takes letters, digits and _+=,.@:/- in it"
        )),
        None => length(id, 2, 1224, "an external id"),
    }
}

/// Checks the name of a profile in the AWS files. Other characters break the section's header in
/// one SDK or another.
pub fn profile(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-/.%@:+".contains(c);
    match name.chars().find(|c| !allowed(*c)) {
        Some(bad) => Err(format!(
            "the profile name `{name}` holds {bad:?}: use letters, digits and _-/.%@:+"
        )),
        None => length(name, 1, 128, "a profile name"),
    }
}

/// Checks a tag's key or value by IAM's and S3's pattern: letters, digits, spaces and `_.:/=+-@`.
pub fn check_tag(text: &str) -> Result<(), String> {
    let allowed = |c: char| {
        c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
    };
    match text.chars().find(|c| !allowed(*c)) {
        Some(bad) => Err(format!(
            "`{text}` holds {bad:?}: AWS takes letters, digits, spaces and _.:/=+-@ in tags"
        )),
        None => Ok(()),
    }
}

/// Checks a role's description: tab, line ends, and printable Latin-1.
pub fn description(text: &str) -> Result<(), String> {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
    match text.chars().find(|c| !allowed(*c)) {
        Some(bad) => {
            Err(format!("the description holds {bad:?}: IAM takes Latin letters and ASCII signs"))
        }
        None => length(text, 0, 1000, "a description"),
    }
}

pub fn length(text: &str, shortest: usize, longest: usize, what: &str) -> Result<(), String> {
    let length = text.chars().count();
    if length < shortest {
        return Err(if length == 0 {
            format!("{what} cannot be empty")
        } else {
            format!("{what} has {shortest} to {longest} characters, and `{text}` has {length}")
        });
    }
    if length > longest {
        return Err(format!("{what} has at most {longest} characters, and this one has {length}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iam_names() {
        assert!(check_iam_name("a_b+c=d,e.f@g-h", 64).is_ok());
        assert!(check_iam_name(&"x".repeat(64), 64).is_ok());
        for bad in ["", "a b", "ä", "a/b", &"x".repeat(65)] {
            assert!(check_iam_name(bad, 64).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths() {
        assert!(check_path("/").is_ok());
        assert!(check_path("/a/b/").is_ok());
        let long = format!("/{}/", "x".repeat(511));
        for bad in ["", "a/", "/a", "/a b/", "/ä/", "//", "/a//b/", "//a/", "/a//", &long] {
            assert!(check_path(bad).is_err(), "{bad}");
            assert!(check_policy_path(bad).is_err(), "{bad}");
        }
        assert!(
            check_policy_path("/").is_ok() && check_policy_path("/a.b/c,d+e=f@g_h-i/9/").is_ok()
        );
        // The characters that only users, roles and groups take.
        for path in ["/a:b/", "/a*/", "/~/", "/a\\b/", "/(a)/"] {
            assert!(check_path(path).is_ok() && check_policy_path(path).is_err(), "{path}");
        }
        assert!(check_path("/\u{7f}/").is_err());
    }

    #[test]
    fn arns_of_policies() {
        let arn = |length: usize| format!("arn:aws:iam::aws:policy/{}", "x".repeat(length - 24));
        assert!(check_policy_arn_length(&arn(2048)).is_ok());
        assert!(check_policy_arn_length(&arn(2049)).is_err());
    }

    #[test]
    fn buckets() {
        for good in ["abc", "a.b-c9", &"x".repeat(63)] {
            assert!(bucket(good).is_ok(), "{good}");
        }
        let long = "x".repeat(64);
        for bad in [
            "ab",
            "Abc",
            "a_b",
            "-abc",
            "abc.",
            "a..b",
            "192.168.1.1",
            "xn--abc",
            "abc-s3alias",
            "",
            &long,
        ] {
            assert!(bucket(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_small_ones() {
        assert!(
            ["us-east-1", "us-gov-west-1", "ap-southeast-12", "eusc-de-east-1"]
                .iter()
                .all(|r| region(r).is_ok())
        );
        assert!(
            ["", "us-east", "us-east-1a", "US-EAST-1", "useast1", "us--1"]
                .iter()
                .all(|r| region(r).is_err())
        );
        assert!(account("012345678901").is_ok());
        assert!(
            ["12345678901", "1234567890123", "12345678901x", ""]
                .iter()
                .all(|a| account(a).is_err())
        );
        assert!(
            ["ab", "a_b+c=d,e.f@g:h/i-j", &"x".repeat(1224)]
                .iter()
                .all(|id| check_external_id(id).is_ok())
        );
        assert!(
            ["", "a", "a b", "a*", "ä1", &"x".repeat(1225)]
                .iter()
                .all(|id| check_external_id(id).is_err())
        );
        assert!(manifest("a.b_c-1").is_ok());
        assert!(["", ".a", "a/b", "a b"].iter().all(|n| manifest(n).is_err()));
        assert!(check_tag("Ä b_c.:/=+-@9").is_ok());
        assert!(check_tag("a&b").is_err() && check_tag("a\nb").is_err());
        assert!(profile("my-profile").is_ok() && profile("a]b").is_err() && profile("").is_err());
        assert!(description("Größe\n").is_ok() && description("日本").is_err());
    }
}
