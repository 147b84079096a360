//! The calls on local files: the AWS credentials and config files, the key's CSV, zappa's settings.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::value::{Settings, Value};

/// A local file, named so that a saved plan means the same on another machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LocalFile {
    /// `AWS_SHARED_CREDENTIALS_FILE`, or `~/.aws/credentials`.
    Credentials,
    /// `AWS_CONFIG_FILE`, or `~/.aws/config`.
    Config,
    /// Relative to the folder of the manifest, or absolute.
    Path(String),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FileRead {
    /// The access key id that a profile of the credentials file holds.
    Credentials { profile: String },
    /// The settings of `[profile NAME]` (`[default]` for default) in the config file.
    Profile { profile: String },
    /// The access key id in a key's CSV file.
    KeyCsv { file: LocalFile },
    /// The id of the access key in a file that is encrypted with age.
    KeyAge { file: LocalFile },
    /// One stage of a zappa_settings.json.
    Stage { file: LocalFile, stage: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FileWrite {
    /// Writes the carried key into the profile's section. Refuses when the section holds another key than
    /// `replaces`, unless `replace_profile`.
    StoreCredentials { profile: String, replaces: Option<String>, replace_profile: bool },
    /// Removes the key from the profile's section (and the section, when nothing else is in it), if it holds `key`.
    RemoveCredentials { profile: String, key: String },
    /// Sets these settings in `[profile NAME]`, leaves the others.
    SetProfile { profile: String, settings: Settings },
    /// Removes these settings, and the section when nothing is left in it.
    UnsetProfile { profile: String, settings: Vec<String> },
    /// Writes the carried key as the file that the console's "Download .csv" gives. Refuses to overwrite a file
    /// that holds another key than `replaces`.
    StoreKeyCsv { file: LocalFile, replaces: Option<String> },
    /// Deletes the file, if it holds `key`.
    RemoveKeyCsv { file: LocalFile, key: String },
    /// Encrypts the carried key for these recipients. Refuses to overwrite a file that holds another key than `replaces`.
    StoreKeyAge { file: LocalFile, recipients: Vec<String>, replaces: Option<String> },
    /// Deletes the file, if it holds `key`.
    RemoveKeyAge { file: LocalFile, key: String },
    /// Runs the command, in the manifest's folder and without a shell, with the carried key as JSON on its standard input.
    RunCommand { command: Vec<String> },
    /// Sets these keys in the stage, leaves the others, their order and the file's layout.
    SetStage { file: LocalFile, stage: String, settings: Settings },
    /// Removes these keys, the stage when nothing is left in it, and the file when no stage is left in it.
    UnsetStage { file: LocalFile, stage: String, settings: Vec<String> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileReply {
    /// `None`: the section is there, but without a key.
    KeyId(Option<String>),
    Settings(Vec<(String, Value)>),
}

/// A command for people, in which words that a shell would take apart are quoted.
pub fn spelt(command: &[String]) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    let word = |word: &String| {
        if !word.is_empty() && word.chars().all(is_plain) { word.clone() } else { format!("'{word}'") }
    };
    command.iter().map(word).collect::<Vec<_>>().join(" ")
}

impl fmt::Display for LocalFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credentials => f.write_str("the credentials file"),
            Self::Config => f.write_str("the config file"),
            Self::Path(path) => f.write_str(path),
        }
    }
}

impl FileRead {
    pub fn action(&self) -> &'static str {
        match self {
            Self::Credentials { .. } => "file:ReadCredentials",
            Self::Profile { .. } => "file:ReadProfile",
            Self::KeyCsv { .. } => "file:ReadKeyCsv",
            Self::KeyAge { .. } => "file:ReadKeyAge",
            Self::Stage { .. } => "file:ReadStage",
        }
    }
}

impl FileWrite {
    pub fn action(&self) -> &'static str {
        match self {
            Self::StoreCredentials { .. } => "file:WriteCredentials",
            Self::RemoveCredentials { .. } => "file:RemoveCredentials",
            Self::SetProfile { .. } => "file:WriteProfile",
            Self::UnsetProfile { .. } => "file:RemoveProfile",
            Self::StoreKeyCsv { .. } => "file:WriteKeyCsv",
            Self::RemoveKeyCsv { .. } => "file:RemoveKeyCsv",
            Self::StoreKeyAge { .. } => "file:WriteKeyAge",
            Self::RemoveKeyAge { .. } => "file:RemoveKeyAge",
            Self::RunCommand { .. } => "command:Run",
            Self::SetStage { .. } => "file:WriteStage",
            Self::UnsetStage { .. } => "file:RemoveStage",
        }
    }

    pub fn object(&self) -> String {
        match self {
            Self::StoreCredentials { profile, .. } | Self::RemoveCredentials { profile, .. } => {
                format!("[{profile}] in {}", LocalFile::Credentials)
            }
            Self::SetProfile { profile, .. } | Self::UnsetProfile { profile, .. } if profile == "default" => {
                format!("[default] in {}", LocalFile::Config)
            }
            Self::SetProfile { profile, .. } | Self::UnsetProfile { profile, .. } => {
                format!("[profile {profile}] in {}", LocalFile::Config)
            }
            Self::StoreKeyCsv { file, .. }
            | Self::RemoveKeyCsv { file, .. }
            | Self::StoreKeyAge { file, .. }
            | Self::RemoveKeyAge { file, .. } => file.to_string(),
            Self::RunCommand { command } => spelt(command),
            Self::SetStage { file, stage, .. } | Self::UnsetStage { file, stage, .. } => format!("{stage} in {file}"),
        }
    }
}
