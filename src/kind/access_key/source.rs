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

/// The settings of the credentials file that hide the config file's. They say nothing of the key.
const HIDING: [&str; 2] = ["region", "output"];

/// Returns a sentence on the settings that are used before the key of a profile.
pub(in crate::kind) fn used_before_key(profile: &str, reply: &FileReply) -> Option<String> {
    let FileReply::Settings(settings) = reply else { return None };
    let used: Vec<&(String, Value)> =
        settings.iter().filter(|(name, _)| !HIDING.contains(&name.as_str())).collect();
    let file = text_in(&used.last()?.1, "file")?;
    let names: Vec<String> =
        used.iter().map(|(name, found)| format!("{name} (line {})", found["line"])).collect();
    Some(format!(
        "profile {profile} has {} in {file}, which the AWS CLI, boto3 and Zappa use instead of a \
            key",
        names.join(", ")
    ))
}

/// Returns a sentence on a setting of the credentials file that hides a wanted one, which the
/// manifest puts into the config file.
pub(in crate::kind) fn hidden_setting(wanted: &Attributes, reply: &FileReply) -> Option<String> {
    let FileReply::Settings(settings) = reply else { return None };
    let hides = |(name, found): &&(String, Value)| {
        let ours = value::optional_text(wanted, name);
        HIDING.contains(&name.as_str())
            && ours.is_some_and(|ours| text_in(found, "value") != Some(&*ours))
    };
    let (name, found) = settings.iter().find(hides)?;
    Some(format!(
        "profile {} has {name} = {} in {} (line {}), which the AWS CLI, boto3 and Zappa use \
            instead of what the manifest says: remove that line",
        value::text_of(wanted, "profile"),
        text_in(found, "value").unwrap_or_default(),
        text_in(found, "file").unwrap_or_default(),
        found["line"]
    ))
}

fn text_in<'v>(found: &'v Value, name: &str) -> Option<&'v str> {
    found.get(name)?.as_str()
}
