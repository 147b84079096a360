//! A profile: its key in the credentials file, its settings in the config file.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use super::credential_source::{SourceSettings, is_telling};
use super::ini::{IniFault, IniFile};
use super::place::{FileChange, OverlaidFile};
use super::privacy::Privacy;
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

/// Returns the profile's name in a header of the config file, such as `a b` of `profile "a b"`.
/// botocore takes the header apart as a shell does: without quotes, a name has no spaces.
fn profile_of(header: &str) -> Option<&str> {
    let name =
        header.strip_prefix("profile").filter(|rest| rest.starts_with(char::is_whitespace))?.trim();
    let unquoted =
        ['"', '\''].iter().find_map(|&quote| name.strip_prefix(quote)?.strip_suffix(quote));
    unquoted.or_else(|| Some(name).filter(|name| !name.contains(char::is_whitespace)))
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

/// Parses a file, and refuses one that botocore cannot read.
fn parse(place: &OverlaidFile, text: &str) -> Result<IniFile, Problem> {
    let document = IniFile::parse(text);
    match document.fault() {
        None => Ok(document),
        Some(fault) => Err(unreadable(place, &fault)),
    }
}

/// Returns the changed text, if botocore can read it.
fn changed(place: &OverlaidFile, document: &IniFile) -> Result<FileChange, Problem> {
    let text = document.text();
    parse(place, &text)?;
    Ok(FileChange::Write(text))
}

fn unreadable(place: &OverlaidFile, fault: &IniFault) -> Problem {
    let message = format!(
        "{}: {fault}: the AWS CLI, boto3 and Zappa cannot read the file; {}",
        place.name(),
        fault.remedy
    );
    Problem::refused("UnreadableFile", message)
}

pub fn read_key(place: &OverlaidFile, profile: &str) -> Result<FileReply, Problem> {
    ProfileKeys::of(&place.text(Privacy::Secret)?.unwrap_or_default()).of_profile(place, profile)
}

pub fn read_settings(place: &OverlaidFile, profile: &str) -> Result<FileReply, Problem> {
    ProfileSettings::of(&place.text(Privacy::Private)?.unwrap_or_default())
        .of_profile(place, profile)
}

/// Reads the settings that are used before the profile's key.
pub fn read_source(
    credentials: &OverlaidFile,
    config: &OverlaidFile,
    profile: &str,
) -> Result<FileReply, Problem> {
    let keys = ProfileKeys::of(&credentials.text(Privacy::Secret)?.unwrap_or_default());
    let settings = ProfileSettings::of(&config.text(Privacy::Private)?.unwrap_or_default());
    keys.source_of(credentials, &settings, config, profile)
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

/// The headers that the AWS tools do not agree on, by profile, with the remedy.
#[derive(Default)]
struct OddHeaders(BTreeMap<String, String>);

impl OddHeaders {
    /// Finds the headers that mean a profile only to the SDKs, which trim headers, and the profiles
    /// that have two sections, of which botocore reads one and the SDKs both.
    fn of(document: &IniFile, profile_of: impl Fn(&str) -> Option<&str>) -> Self {
        let (mut odd, mut known) = (BTreeMap::new(), BTreeMap::<&str, &str>::new());
        for header in document.headers() {
            let trimmed = header.trim();
            if let Some(name) = profile_of(header) {
                match known.insert(name, header) {
                    // All tools read `[profile default]` then.
                    None | Some("default") => {}
                    Some(first) => {
                        let message = format!(
                            "has two sections for profile {name}, [{first}] and [{header}]: join \
                                them"
                        );
                        odd.insert(name.to_owned(), message);
                    }
                }
            } else if let Some(name) = profile_of(trimmed) {
                let message = format!(
                    "has a section [{header}], which the AWS CLI, boto3 and Zappa do not read as \
                        profile {name}: write [{trimmed}]"
                );
                odd.insert(name.to_owned(), message);
            }
        }
        Self(odd)
    }

    fn check(&self, place: &OverlaidFile, profile: &str) -> Result<(), Problem> {
        match self.0.get(profile) {
            None => Ok(()),
            Some(odd) => {
                Err(Problem::refused("AmbiguousProfile", format!("{} {odd}", place.name())))
            }
        }
    }
}

/// The keys in a credentials file, by profile.
pub struct ProfileKeys {
    fault: Option<IniFault>,
    odd: OddHeaders,
    profiles: BTreeMap<String, ProfileKey>,
}

/// A profile's section of the credentials file, without its secret.
struct ProfileKey {
    id: Option<String>,
    /// The setting of the key of which botocore reads more than the value.
    longer: Option<&'static str>,
    source: SourceSettings,
}

impl ProfileKeys {
    pub fn of(text: &str) -> Self {
        let document = IniFile::parse(text);
        let (fault, odd) = (document.fault(), OddHeaders::of(&document, credentials_profile));
        let lines = document.lines_of(str::to_owned, is_telling);
        let all = |name: &str, section: &IniFile| ProfileKey {
            id: section.value(&|_| true, ID),
            longer: [ID, SECRET].into_iter().find(|key| section.has_more(&|_| true, key)),
            source: SourceSettings::of(name, section.settings(&|_| true), &lines),
        };
        let sections = document.split(str::to_owned).into_iter();
        Self {
            fault,
            odd,
            profiles: sections
                .map(|(name, section)| {
                    let key = all(&name, &section);
                    (name, key)
                })
                .collect(),
        }
    }

    fn check(&self, place: &OverlaidFile, profile: &str) -> Result<(), Problem> {
        if let Some(fault) = &self.fault {
            return Err(unreadable(place, fault));
        }
        self.odd.check(place, profile)
    }

    pub fn of_profile(&self, place: &OverlaidFile, profile: &str) -> Result<FileReply, Problem> {
        self.check(place, profile)?;
        let key = self.profiles.get(profile).ok_or_else(|| missing(place, profile))?;
        if let Some(setting) = key.longer {
            let message = format!(
                "{}: {setting} in [{profile}] has a comment behind its value, or indented lines \
                    below it, which the AWS CLI, boto3 and Zappa read as a part of the value: move \
                    them to lines of their own, not indented",
                place.name()
            );
            return Err(Problem::refused("KeyHasMore", message));
        }
        Ok(FileReply::KeyId(key.id.clone()))
    }

    /// Returns the settings, with the file in which each stands, that are used before the profile's
    /// key.
    pub fn source_of(
        &self,
        place: &OverlaidFile,
        settings: &ProfileSettings,
        config: &OverlaidFile,
        profile: &str,
    ) -> Result<FileReply, Problem> {
        self.check(place, profile)?;
        settings.check(config, profile)?;
        SourceSettings::joined(
            (config, settings.section(profile).map(|section| &section.source)),
            (place, self.profiles.get(profile).map(|key| &key.source)),
            profile,
        )
        .ok_or_else(|| missing(config, profile))
    }
}

/// The settings in a config file, by the headers of their sections as [`config_header`] writes
/// them, without quotes.
pub struct ProfileSettings {
    fault: Option<IniFault>,
    odd: OddHeaders,
    sections: BTreeMap<String, ConfigSection>,
}

struct ConfigSection {
    settings: Vec<(String, Value)>,
    source: SourceSettings,
}

impl ProfileSettings {
    pub fn of(text: &str) -> Self {
        let header = |header: &str| {
            profile_of(header).map_or_else(|| header.to_owned(), |name| format!("profile {name}"))
        };
        // A key in the config file is not relayctl's to read, and its secret goes no further.
        let told = |(name, _): &(String, Value)| name != SECRET && !TOKENS.contains(&name.as_str());
        let document = IniFile::parse(text);
        let lines = document.lines_of(header, is_telling);
        let all = |name: &str, section: &IniFile| {
            let settings: Vec<_> = section.settings(&|_| true).into_iter().filter(told).collect();
            ConfigSection { source: SourceSettings::of(name, settings.clone(), &lines), settings }
        };
        let (fault, odd) = (document.fault(), OddHeaders::of(&document, config_profile));
        let sections = document.split(header).into_iter();
        let sections = sections.map(|(name, part)| {
            let section = all(&name, &part);
            (name, section)
        });
        Self { fault, odd, sections: sections.collect() }
    }

    fn check(&self, place: &OverlaidFile, profile: &str) -> Result<(), Problem> {
        if let Some(fault) = &self.fault {
            return Err(unreadable(place, fault));
        }
        self.odd.check(place, profile)
    }

    fn section(&self, profile: &str) -> Option<&ConfigSection> {
        let bare = || self.sections.get(profile).filter(|_| profile == "default");
        self.sections.get(&format!("profile {profile}")).or_else(bare)
    }

    pub fn of_profile(&self, place: &OverlaidFile, profile: &str) -> Result<FileReply, Problem> {
        self.check(place, profile)?;
        let found = self.section(profile).ok_or_else(|| missing(place, profile))?;
        Ok(FileReply::Settings(found.settings.clone()))
    }
}

/// Returns the profile that a section of the credentials file is for: its header is its name. The
/// SDKs trim it, botocore does not.
fn credentials_profile(header: &str) -> Option<&str> {
    Some(header).filter(|name| name.trim() == *name)
}

/// Returns the profile that a section of the config file is for.
fn config_profile(header: &str) -> Option<&str> {
    if header == "default" { Some(header) } else { profile_of(header) }
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
        let mut document = parse(place, text.unwrap_or_default())?;
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
        changed(place, &document)
    })?;
    Ok(previous)
}

pub fn remove_key(place: &OverlaidFile, profile: &str, key: &str) -> Result<(), Problem> {
    place.edit(Privacy::Secret, |text| {
        let mut document = parse(place, text.unwrap_or_default())?;
        let section = credentials_section(profile);
        if document.value(&section, ID).as_deref() != Some(key) {
            return Ok(FileChange::Nothing);
        }
        for name in [ID, SECRET].iter().chain(&TOKENS) {
            document.unset(&section, name);
        }
        document.drop_empty(&section);
        changed(place, &document)
    })
}

pub fn set_settings(
    place: &OverlaidFile,
    profile: &str,
    settings: &value::SectionSettings,
) -> Result<(), Problem> {
    check_name(profile)?;
    place.edit(Privacy::Private, |text| {
        let mut document = parse(place, text.unwrap_or_default())?;
        let section = config_section(&document, profile);
        for (key, value) in settings {
            document.set(&section, &config_header(profile), key, &plain(key, value)?)?;
        }
        changed(place, &document)
    })
}

pub fn unset_settings(
    place: &OverlaidFile,
    profile: &str,
    settings: &[String],
) -> Result<(), Problem> {
    place.edit(Privacy::Private, |text| {
        let Some(text) = text else { return Ok(FileChange::Nothing) };
        let mut document = parse(place, text)?;
        let section = config_section(&document, profile);
        for key in settings {
            document.unset(&section, key);
        }
        document.drop_empty(&section);
        changed(place, &document)
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
