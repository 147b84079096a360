//! The temporary copy of a managed policy. It keeps the access while IAM has neither the old policy
//! nor the new one, because both have the same name.

use std::borrow::Cow;

use crate::value::{Attributes, Value, digest, text_of};

/// The beginning of the names of temporary copies.
const PREFIX: &str = "relayctl-temporary-";

/// IAM's limit on the length of a policy's name: `PolicyName` of `CreatePolicy`.
const LONGEST_NAME: usize = 128;

/// The number of digits that tell apart the copies of policies with long names.
const DIGITS: usize = 16;

/// Returns the attributes of a policy's copy: the same document at the same path, with the given
/// tags.
pub fn temporary_copy(policy: &Attributes, tags: Value) -> Attributes {
    let name = text_of(policy, "name");
    let copy = temporary_name(name);
    let start = text_of(policy, "arn").strip_suffix(name).unwrap_or_default();
    let arn = format!("{start}{copy}");
    let mut attributes = Attributes::from([
        ("name", copy.into()),
        ("arn", arn.into()),
        ("path", text_of(policy, "path").into()),
        ("description", format!("A copy of {name}, which relayctl is replacing.").into()),
        ("tags", tags),
    ]);
    if let Some(document) = policy.shared("document") {
        attributes.share("document", document.clone());
    }
    attributes
}

/// Returns the name of a policy's copy. It is always the same, so that the next run finds the copy
/// that an interrupted run has left.
fn temporary_name(name: &str) -> String {
    let room = LONGEST_NAME - PREFIX.len();
    let rest = if name.len() <= room {
        Cow::Borrowed(name)
    } else {
        // Names of policies are ASCII.
        let start = name.get(..room - DIGITS - 1).unwrap_or_default();
        Cow::Owned(format!("{start}-{}", &digest(&name)[..DIGITS]))
    };
    format!("{PREFIX}{rest}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_copy_has_the_same_document_and_path_under_a_name_of_its_own() {
        let policy = Attributes::from([
            ("name", json!("Deploy")),
            ("arn", json!("arn:aws:iam::123456789012:policy/app/Deploy")),
            ("path", json!("/app/")),
            ("description", json!("Deploys.")),
            ("document", json!({"Statement": []})),
        ]);
        let copy = temporary_copy(&policy, json!({"relayctl:manifest": "m"}));
        let arn = "arn:aws:iam::123456789012:policy/app/relayctl-temporary-Deploy";
        assert_eq!(text_of(&copy, "name"), "relayctl-temporary-Deploy");
        assert_eq!(text_of(&copy, "arn"), arn);
        assert_eq!(text_of(&copy, "path"), "/app/");
        assert_eq!(copy.get("document"), policy.get("document"));
    }

    #[test]
    fn names_of_copies_keep_to_the_limit_and_apart() {
        let long = "p".repeat(127);
        let names = ["q", "x"].map(|end| temporary_name(&format!("{long}{end}")));
        assert!(names.iter().all(|name| name.len() == LONGEST_NAME), "{names:?}");
        assert_ne!(names[0], names[1]);
        assert_eq!(temporary_name(&"p".repeat(109)).len(), LONGEST_NAME);
    }
}
