//! The settings of a profile that are used before its key.
//!
//! botocore asks its credential providers in a fixed order (`ProfileProviderBuilder` in
//! `botocore/credentials.py`): role, web identity, IAM Identity Center, then the key in the
//! credentials file, and `credential_process` and `login_session` only after that. It joins both
//! files first, and settings of the credentials file win.

use std::collections::BTreeMap;

use super::place::OverlaidFile;
use crate::call::FileReply;
use crate::value::Value;

const ROLE: &str = "role_arn";
const SOURCE: &str = "source_profile";
const TOKEN_FILE: &str = "web_identity_token_file";
/// The two settings by which botocore tells that a profile uses IAM Identity Center.
const SSO: [&str; 2] = ["sso_account_id", "sso_role_name"];
const SSO_PREFIX: &str = "sso_";

/// The settings of one section that tell where its credentials come from.
#[derive(Default)]
pub struct SourceSettings(BTreeMap<String, String>);

impl SourceSettings {
    pub fn of(settings: Vec<(String, Value)>) -> Self {
        let tells =
            |name: &str| [ROLE, SOURCE, TOKEN_FILE].contains(&name) || name.starts_with(SSO_PREFIX);
        let text = |value: Value| value.as_str().map(str::to_owned).unwrap_or_default();
        let told = settings.into_iter().filter(|(name, _)| tells(name));
        Self(told.map(|(name, value)| (name, text(value))).collect())
    }

    /// Returns the settings that are used before a key of the profile, with the file in which each
    /// stands; `None` if the key is used.
    pub fn joined(files: &[(&OverlaidFile, Option<&Self>)], profile: &str) -> Option<FileReply> {
        let mut all: BTreeMap<&str, (&str, &OverlaidFile)> = BTreeMap::new();
        for (place, settings) in files {
            let settings = settings.iter().flat_map(|settings| &settings.0);
            all.extend(settings.map(|(name, value)| (name.as_str(), (value.as_str(), *place))));
        }
        let is_set = |name: &str| all.contains_key(name);
        // A role that the profile's own key assumes is a use of the key.
        let own = all.get(SOURCE).is_some_and(|(source, _)| *source == profile);
        let used = |name: &str| match name {
            ROLE => !own || is_set(TOKEN_FILE),
            TOKEN_FILE => true,
            _ => SSO.into_iter().any(is_set) && name.starts_with(SSO_PREFIX),
        };
        let used = all.iter().filter(|(name, _)| used(name));
        let told: Vec<_> = used
            .map(|(name, (_, place))| ((*name).to_owned(), Value::from(place.name())))
            .collect();
        (!told.is_empty()).then_some(FileReply::Settings(told))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(config: &[(&str, &str)], credentials: &[(&str, &str)]) -> Vec<String> {
        let place = |path: &str| OverlaidFile { path: path.into(), hidden: None };
        let of = |settings: &[(&str, &str)]| {
            let pairs = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
            SourceSettings::of(pairs.collect())
        };
        let (config, credentials) = (of(config), of(credentials));
        let files = [(place("config"), config), (place("credentials"), credentials)];
        let files = files.each_ref().map(|(place, settings)| (place, Some(settings)));
        match SourceSettings::joined(&files, "relay") {
            Some(FileReply::Settings(settings)) => settings
                .iter()
                .map(|(name, file)| format!("{name} in {}", file.as_str().unwrap()))
                .collect(),
            Some(FileReply::KeyId(_) | FileReply::Writable) => unreachable!(),
            None => Vec::new(),
        }
    }

    #[test]
    fn a_role_and_identity_center_are_used_before_a_key_wherever_they_stand() {
        let admin = ("role_arn", "arn:aws:iam::123456789012:role/Admin");
        assert_eq!(used(&[admin, ("source_profile", "default")], &[]), ["role_arn in config"]);
        assert_eq!(used(&[], &[admin]), ["role_arn in credentials"]);
        assert_eq!(
            used(&[("web_identity_token_file", "/t")], &[admin]),
            ["role_arn in credentials", "web_identity_token_file in config"]
        );
        assert_eq!(
            used(&[("sso_session", "corp"), ("sso_account_id", "1"), ("region", "x")], &[]),
            ["sso_account_id in config", "sso_session in config"]
        );
    }

    #[test]
    fn a_key_is_used_where_botocore_asks_the_others_later_or_for_the_role_of_the_key_itself() {
        assert!(used(&[("credential_process", "x"), ("login_session", "y")], &[]).is_empty());
        assert!(used(&[("sso_session", "corp"), ("sso_region", "x")], &[]).is_empty());
        let own = [("role_arn", "arn:aws:iam::123456789012:role/A"), ("source_profile", "relay")];
        assert!(used(&own, &[]).is_empty());
    }
}
