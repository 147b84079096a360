//! Lowers `encryption:`, the recipients that can read the state and saved plans.

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostic;
use crate::encryption;
use crate::manifest::decode::{ExpandedText, Located};
use crate::manifest::scope::DecodeScope;
use crate::manifest::shape::StateEncryption;

pub fn read(
    encryption: Option<&Located<StateEncryption>>,
    scope: &mut DecodeScope<'_>,
) -> Vec<String> {
    let Some(Located { value, spot }) = encryption else { return Vec::new() };
    if value.recipients.as_ref().is_none_or(Vec::is_empty) {
        let message = "encryption without recipients: nobody could read it";
        scope.error(
            "missing-field",
            spot,
            message,
            "write `recipients: [age1…]`, or leave `encryption` out",
        );
    }
    recipients(value.recipients.as_deref().unwrap_or_default(), scope)
}

/// Returns the valid age recipients, each once.
pub fn recipients(said: &[ExpandedText], scope: &mut DecodeScope<'_>) -> Vec<String> {
    let mut known = BTreeSet::new();
    for recipient in said {
        let Err(message) = encryption::recipient(&recipient.value) else {
            known.insert(recipient.value.clone());
            continue;
        };
        let help = "`age-keygen` makes an identity and prints its recipient, age1…";
        if encryption::is_secret(&recipient.value) {
            // The diagnostic has no place: its snippet would print the line with the secret in it.
            let message = format!("a recipient of age: {message}");
            scope.problems.push(Diagnostic::error("bad-recipient", None, message).help(help));
        } else {
            scope.error("bad-recipient", &recipient.spot, message, help);
        }
    }
    known.into_iter().collect()
}
