//! Placeholders that published examples hold in place of names: `YOUR-BUCKET`, `ACCOUNT-ID`.

/// The words that are placeholders in capitals, with hyphens and underscores left out.
const IN_CAPITALS: &[&str] = &[
    "ACCOUNTID",
    "ACCOUNTNUMBER",
    "ACCOUNTIDWITHOUTHYPHENS",
    "AWSACCOUNTID",
    "BUCKETNAME",
    "CHANGEME",
    "CHANGETHIS",
    "DOCEXAMPLEBUCKET",
    "DOCEXAMPLEBUCKET1",
    "EXAMPLEBUCKET",
    "FILLMEIN",
    "FIXME",
    "FUNCTIONNAME",
    "KEYID",
    "MYBUCKET",
    "PLACEHOLDER",
    "REGIONID",
    "REPLACEME",
    "REPLACETHIS",
    "ROLENAME",
    "TABLENAME",
    "TODO",
    "USERNAME",
];

/// The words that may follow `your` in small letters: a bucket may well be named `your-shop`.
const YOURS: &[&str] = &[
    "account",
    "accountid",
    "bucket",
    "bucketname",
    "function",
    "functionname",
    "key",
    "keyid",
    "name",
    "organization",
    "org",
    "policy",
    "region",
    "role",
    "rolename",
    "table",
    "tablename",
    "team",
    "user",
    "username",
];

/// Returns the first placeholder in a text.
///
/// ```
/// # use iam_policy::lint::find_placeholder;
/// assert_eq!(find_placeholder("arn:aws:s3:::YOUR-BUCKET/*"), Some("YOUR-BUCKET"));
/// assert_eq!(find_placeholder("arn:aws:s3:::relay/*"), None);
/// ```
pub fn find_placeholder(text: &str) -> Option<&str> {
    let in_word = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let words = text.split(|c: char| !in_word(c)).filter(|word| !word.is_empty());
    words.into_iter().find(|word| is_placeholder(word))
}

fn is_placeholder(word: &str) -> bool {
    let joined: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
    let capitals = word.chars().any(char::is_alphabetic) && !word.chars().any(char::is_lowercase);
    if capitals {
        let crosses = joined.len() >= 4 && joined.chars().all(|c| c == 'X');
        return crosses || IN_CAPITALS.contains(&joined.as_str()) || follows_your(word).is_some();
    }
    follows_your(word).is_some_and(|rest| YOURS.contains(&rest.as_str()))
}

/// Returns the letters behind `your-` or `your_`, in small letters.
fn follows_your(word: &str) -> Option<String> {
    let folded = word.to_lowercase();
    let rest = folded.strip_prefix("your")?.strip_prefix(['-', '_'])?;
    let joined: String = rest.chars().filter(|c| c.is_alphanumeric()).collect();
    (!joined.is_empty()).then_some(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_of_examples_are_found_and_names_are_not() {
        for (text, found) in [
            ("arn:aws:s3:::YOUR-BUCKET/*", "YOUR-BUCKET"),
            ("arn:aws:s3:::your-bucket-name", "your-bucket-name"),
            ("arn:aws:iam::ACCOUNT_ID:role/x", "ACCOUNT_ID"),
            ("arn:aws:iam::ACCOUNT-ID-WITHOUT-HYPHENS:root", "ACCOUNT-ID-WITHOUT-HYPHENS"),
            ("arn:aws:iam::XXXXXXXXXXXX:root", "XXXXXXXXXXXX"),
            ("arn:aws:s3:::DOC-EXAMPLE-BUCKET", "DOC-EXAMPLE-BUCKET"),
            ("REPLACE_ME", "REPLACE_ME"),
        ] {
            assert_eq!(find_placeholder(text), Some(found), "{text}");
        }
        for text in [
            "arn:aws:s3:::relay/*",
            "arn:aws:s3:::your-shop-data",
            "arn:aws:iam::123456789012:role/todo",
            "arn:aws:s3:::yourbucket",
            "AIDAEXAMPLE12345678",
            "${aws:username}",
            "*",
        ] {
            assert_eq!(find_placeholder(text), None, "{text}");
        }
    }
}
