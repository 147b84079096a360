//! The settings of a profile that are used before its key.
//!
//! botocore asks its credential providers in a fixed order (`ProfileProviderBuilder` in
//! `botocore/credentials.py`): role, web identity, IAM Identity Center, then the key in the
//! credentials file, and `credential_process` and `login_session` only after that. It joins both
//! files first, and settings of the credentials file win.

use std::collections::BTreeMap;

use serde_json::json;

use super::place::OverlaidFile;
use crate::call::FileReply;
use crate::value::Value;

const ROLE: &str = "role_arn";
const SOURCE: &str = "source_profile";
const TOKEN_FILE: &str = "web_identity_token_file";
/// The two settings by which botocore tells that a profile uses IAM Identity Center.
const SSO: [&str; 2] = ["sso_account_id", "sso_role_name"];
const SSO_PREFIX: &str = "sso_";

/// The settings that the manifest puts into the config file. The credentials file's win over them.
const SHADOWED: [&str; 2] = ["region", "output"];

/// The lines of the settings of a file, by the name of their section and their own.
pub type SettingLines = BTreeMap<(String, String), usize>;

/// Returns true for a setting that tells where credentials come from, or that hides another file's.
pub fn is_telling(name: &str) -> bool {
    [ROLE, SOURCE, TOKEN_FILE].contains(&name)
        || SHADOWED.contains(&name)
        || name.starts_with(SSO_PREFIX)
}

/// The settings of one section that tell where its credentials come from, with their lines.
#[derive(Default)]
pub struct SourceSettings(BTreeMap<String, (String, usize)>);

impl SourceSettings {
    pub fn of(section: &str, settings: Vec<(String, Value)>, lines: &SettingLines) -> Self {
        let text = |value: Value| value.as_str().map(str::to_owned).unwrap_or_default();
        let told = settings.into_iter().filter(|(name, _)| is_telling(name));
        let with_line = |(name, value): (String, Value)| {
            let at = (section.to_owned(), name);
            let line = lines.get(&at).copied().unwrap_or_default();
            (at.1, (text(value), line))
        };
        Self(told.map(with_line).collect())
    }

    /// Returns the settings that are used before a key of the profile, and those of the credentials
    /// file that hide the config file's, each with its file, its line and its value; `None` if
    /// there are none.
    pub fn joined(
        config: (&OverlaidFile, Option<&Self>),
        credentials: (&OverlaidFile, Option<&Self>),
        profile: &str,
    ) -> Option<FileReply> {
        let mut all: BTreeMap<&str, (&str, usize, &OverlaidFile)> = BTreeMap::new();
        for (place, settings) in [config, credentials] {
            let settings = settings.iter().flat_map(|settings| &settings.0);
            all.extend(
                settings.map(|(name, (value, line))| (&**name, (value.as_str(), *line, place))),
            );
        }
        let is_set = |name: &str| all.contains_key(name);
        // A role that the profile's own key assumes is a use of the key.
        let own = all.get(SOURCE).is_some_and(|(source, ..)| *source == profile);
        let hides = |name: &str| credentials.1.is_some_and(|it| it.0.contains_key(name));
        let used = |name: &str| match name {
            ROLE => !own || is_set(TOKEN_FILE),
            TOKEN_FILE => true,
            _ if SHADOWED.contains(&name) => hides(name),
            _ => SSO.into_iter().any(is_set) && name.starts_with(SSO_PREFIX),
        };
        let used = all.iter().filter(|(name, _)| used(name));
        let told: Vec<_> = used
            .map(|(name, (value, line, place))| {
                let found = json!({"file": place.name(), "line": line, "value": value});
                ((*name).to_owned(), found)
            })
            .collect();
        (!told.is_empty()).then_some(FileReply::Settings(told))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(config: &[(&str, &str)], credentials: &[(&str, &str)]) -> Vec<String> {
        let place = |path: &str| OverlaidFile::outside_sandbox(path.into());
        let of = |settings: &[(&str, &str)]| {
            let pairs = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
            let names = settings.iter().map(|(name, _)| ("relay".to_owned(), (*name).to_owned()));
            SourceSettings::of("relay", pairs.collect(), &names.zip(2..).collect())
        };
        let (config, credentials) = (of(config), of(credentials));
        let (one, other) = (place("config"), place("credentials"));
        match SourceSettings::joined((&one, Some(&config)), (&other, Some(&credentials)), "relay") {
            Some(FileReply::Settings(settings)) => settings
                .iter()
                .map(|(name, it)| {
                    format!("{name} in {}:{}", it["file"].as_str().unwrap(), it["line"])
                })
                .collect(),
            Some(FileReply::KeyId(_) | FileReply::Writable) => unreachable!(),
            None => Vec::new(),
        }
    }

    #[test]
    fn a_role_and_identity_center_are_used_before_a_key_wherever_they_stand() {
        let admin = ("role_arn", "arn:aws:iam::123456789012:role/Admin");
        assert_eq!(used(&[admin, ("source_profile", "default")], &[]), ["role_arn in config:2"]);
        assert_eq!(used(&[], &[admin]), ["role_arn in credentials:2"]);
        assert_eq!(
            used(&[("web_identity_token_file", "/t")], &[admin]),
            ["role_arn in credentials:2", "web_identity_token_file in config:2"]
        );
        assert_eq!(
            used(&[("sso_session", "corp"), ("sso_account_id", "1"), ("region", "x")], &[]),
            ["sso_account_id in config:3", "sso_session in config:2"]
        );
    }

    #[test]
    fn a_region_in_the_credentials_file_hides_the_config_files() {
        assert!(used(&[("region", "x")], &[]).is_empty());
        assert_eq!(used(&[("region", "x")], &[("region", "x")]), ["region in credentials:2"]);
        assert_eq!(used(&[], &[("output", "text")]), ["output in credentials:2"]);
    }

    #[test]
    fn a_key_is_used_where_botocore_asks_the_others_later_or_for_the_role_of_the_key_itself() {
        assert!(used(&[("credential_process", "x"), ("login_session", "y")], &[]).is_empty());
        assert!(used(&[("sso_session", "corp"), ("sso_region", "x")], &[]).is_empty());
        let own = [("role_arn", "arn:aws:iam::123456789012:role/A"), ("source_profile", "relay")];
        assert!(used(&own, &[]).is_empty());
    }
}
