//! A profile: its key in the credentials file, its settings in the config file.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use super::ini::IniFile;
use super::place::{FileChange, OverlaidFile, Privacy};
use super::problem::Problem;
use crate::call::{FileReply, NewKey};
use crate::value::{self, Value};

const ID: &str = "aws_access_key_id";
const SECRET: &str = "aws_secret_access_key";
/// The settings that hold a session token: beside a user's own key, a token makes AWS refuse the
/// key. The second is boto's old name of the first.
const TOKENS: [&str; 2] = ["aws_session_token", "aws_security_token"];

/// Matches a section of the credentials file, whose name is the profile's.
fn credentials_section(profile: &str) -> impl Fn(&str) -> bool {
    move |header| header == profile
}

/// Matches a section of the config file, which is named `profile NAME`. Only the default profile
/// may be `[default]`; `[profile default]` hides that section.
fn config_section<'a>(document: &IniFile, profile: &'a str) -> impl Fn(&str) -> bool + use<'a> {
    let prefixed = move |header: &str| profile_of(header).is_some_and(|name| name == profile);
    let bare = profile == "default" && !document.has(&prefixed);
    move |header| if bare { header == profile } else { prefixed(header) }
}

/// Returns the profile's name in a header, such as `a b` of `profile "a b"`.
fn profile_of(header: &str) -> Option<&str> {
    let name =
        header.strip_prefix("profile").filter(|rest| rest.starts_with(char::is_whitespace))?.trim();
    let unquoted =
        ['"', '\''].iter().find_map(|&quote| name.strip_prefix(quote)?.strip_suffix(quote));
    Some(unquoted.unwrap_or(name))
}

fn config_header(profile: &str) -> String {
    match profile {
        "default" => profile.to_owned(),
        name if name.contains(char::is_whitespace) => format!("profile \"{name}\""),
        name => format!("profile {name}"),
    }
}

/// Checks a profile's name. Half of the tools would read a name with a quote as another name.
fn check_name(profile: &str) -> Result<(), Problem> {
    if profile.is_empty()
        || profile.trim() != profile
        || profile.contains(['"', '\'', '[', ']', '#', ';'])
    {
        return Err(Problem::invalid(format!(
            "`{}` cannot be the name of a profile: use letters, digits and `-`, `_`, `.`",
            profile.escape_default()
        )));
    }
    Ok(())
}

fn missing(place: &OverlaidFile, profile: &str) -> Problem {
    Problem::missing("NoSuchProfile", format!("{} has no profile {profile}", place.name()))
}

pub fn read_key(place: &OverlaidFile, profile: &str) -> Result<FileReply, Problem> {
    ProfileKeys::of(&place.text(Privacy::Secret)?.unwrap_or_default()).of_profile(place, profile)
}

pub fn read_settings(place: &OverlaidFile, profile: &str) -> Result<FileReply, Problem> {
    ProfileSettings::of(&place.text(Privacy::Private)?.unwrap_or_default())
        .of_profile(place, profile)
}

/// Returns the secret of this key, which the profile must hold.
pub fn read_secret(
    place: &OverlaidFile,
    profile: &str,
    key: &str,
) -> Result<SecretString, Problem> {
    let text = place.text(Privacy::Secret)?.unwrap_or_default();
    let (document, section) = (IniFile::parse(&text), credentials_section(profile));
    let secret = document.value(&section, SECRET).map(SecretString::from);
    let holds = document.value(&section, ID).as_deref() == Some(key);
    let name = || format!("profile [{profile}] of {}", place.name());
    secret
        .filter(|secret| holds && !secret.expose_secret().is_empty())
        .ok_or_else(|| Problem::no_secret(name(), key))
}

/// The ids of the keys in a credentials file, by profile.
pub struct ProfileKeys(BTreeMap<String, Option<String>>);

impl ProfileKeys {
    pub fn of(text: &str) -> Self {
        let sections = IniFile::parse(text).split(str::to_owned);
        Self(
            sections
                .into_iter()
                .map(|(name, section)| (name, section.value(&|_| true, ID)))
                .collect(),
        )
    }

    pub fn of_profile(&self, place: &OverlaidFile, profile: &str) -> Result<FileReply, Problem> {
        self.0.get(profile).cloned().map(FileReply::KeyId).ok_or_else(|| missing(place, profile))
    }
}

/// The settings in a config file, by the headers of their sections as [`config_header`] writes
/// them, without quotes.
pub struct ProfileSettings(BTreeMap<String, Vec<(String, Value)>>);

impl ProfileSettings {
    pub fn of(text: &str) -> Self {
        let header = |header: &str| {
            profile_of(header).map_or_else(|| header.to_owned(), |name| format!("profile {name}"))
        };
        // A key in the config file is not relayctl's to read, and its secret goes no further.
        let told = |(name, _): &(String, Value)| name != SECRET && !TOKENS.contains(&name.as_str());
        let settings =
            |section: IniFile| section.settings(&|_| true).into_iter().filter(told).collect();
        let sections = IniFile::parse(text).split(header);
        Self(sections.into_iter().map(|(header, section)| (header, settings(section))).collect())
    }

    pub fn of_profile(&self, place: &OverlaidFile, profile: &str) -> Result<FileReply, Problem> {
        let bare = || self.0.get(profile).filter(|_| profile == "default");
        let found = self.0.get(&format!("profile {profile}")).or_else(bare);
        found.cloned().map(FileReply::Settings).ok_or_else(|| missing(place, profile))
    }
}

/// Writes the key, unless the profile holds one that is neither this one nor the one that it
/// replaces. Returns the key whose place it took.
pub fn store_key(
    place: &OverlaidFile,
    profile: &str,
    key: &NewKey,
    replaces: Option<&str>,
    replace_profile: bool,
) -> Result<Option<NewKey>, Problem> {
    check_name(profile)?;
    let mut previous = None;
    place.edit(Privacy::Secret, |text| {
        let mut document = IniFile::parse(text.unwrap_or_default());
        let section = credentials_section(profile);
        let held = document.value(&section, ID);
        let secret = document.value(&section, SECRET).map(SecretString::from);
        previous = key.in_place_of(held.as_deref(), secret);
        let ours = |held: &str| held == key.id || Some(held) == replaces;
        if let Some(held) = held.filter(|held| !replace_profile && !ours(held)) {
            return Err(Problem::refused(
                "ProfileHoldsAnotherKey",
                format!(
                    "profile [{profile}] of {} holds another key ({held}): name another profile, \
                        or set replace_profile: true",
                    place.name()
                ),
            ));
        }
        document.set(&section, profile, ID, &key.id)?;
        document.set(&section, profile, SECRET, key.secret.expose_secret())?;
        for token in TOKENS {
            document.unset(&section, token);
        }
        Ok(FileChange::Write(document.text()))
    })?;
    Ok(previous)
}

pub fn remove_key(place: &OverlaidFile, profile: &str, key: &str) -> Result<(), Problem> {
    place.edit(Privacy::Secret, |text| {
        let mut document = IniFile::parse(text.unwrap_or_default());
        let section = credentials_section(profile);
        if document.value(&section, ID).as_deref() != Some(key) {
            return Ok(FileChange::Nothing);
        }
        for name in [ID, SECRET].iter().chain(&TOKENS) {
            document.unset(&section, name);
        }
        document.drop_empty(&section);
        Ok(FileChange::Write(document.text()))
    })
}

pub fn set_settings(
    place: &OverlaidFile,
    profile: &str,
    settings: &value::SectionSettings,
) -> Result<(), Problem> {
    check_name(profile)?;
    place.edit(Privacy::Private, |text| {
        let mut document = IniFile::parse(text.unwrap_or_default());
        let section = config_section(&document, profile);
        for (key, value) in settings {
            document.set(&section, &config_header(profile), key, &plain(key, value)?)?;
        }
        Ok(FileChange::Write(document.text()))
    })
}

pub fn unset_settings(
    place: &OverlaidFile,
    profile: &str,
    settings: &[String],
) -> Result<(), Problem> {
    place.edit(Privacy::Private, |text| {
        let Some(text) = text else { return Ok(FileChange::Nothing) };
        let mut document = IniFile::parse(text);
        let section = config_section(&document, profile);
        for key in settings {
            document.unset(&section, key);
        }
        document.drop_empty(&section);
        Ok(FileChange::Write(document.text()))
    })
}

fn plain(key: &str, value: &Value) -> Result<String, Problem> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Problem::invalid(format!(
            "the profile's setting {key} must be a text, a number, true or false"
        ))),
    }
}
