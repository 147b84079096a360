//! The settings of a profile that are used before its key: a key that is written there would never
//! be used.

use crate::call::{FileRead, FileReply, Observed};
use crate::reads::{Facet, NOT_READ, Snapshot};
use crate::value::{self, Attributes, Value};

pub(super) fn facet(wanted: &Attributes) -> Option<Facet> {
    value::optional_text(wanted, "profile").map(|profile| Facet::CredentialSource { profile })
}

/// Returns the reason why a key in the profile would not be used, or why nobody knows.
pub(super) fn conflict(wanted: &Attributes, snapshot: &Snapshot) -> Option<String> {
    let profile = value::optional_text(wanted, "profile")?;
    match snapshot.file(&FileRead::CredentialSource { profile: profile.clone() }) {
        Observed::Absent => None,
        Observed::Unknown(failure) if failure.code == NOT_READ => None,
        Observed::Unknown(failure) => Some(failure.message),
        Observed::Present(reply) => {
            let used = used_before_key(&profile, &reply)?;
            Some(format!("{used}: name another profile, or remove these settings from this one"))
        }
    }
}

/// Returns a sentence on the settings that are used before the key of a profile.
pub(in crate::kind) fn used_before_key(profile: &str, reply: &FileReply) -> Option<String> {
    let FileReply::Settings(settings) = reply else { return None };
    let file = settings.last().and_then(|(_, file)| file.as_str())?;
    let names: Vec<&str> = settings.iter().map(|(name, _): &(String, Value)| &**name).collect();
    Some(format!(
        "profile {profile} has {} in {file}, which the AWS CLI, boto3 and Zappa use instead of a \
            key",
        names.join(", ")
    ))
}
