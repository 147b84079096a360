//! The calls on local files: the AWS credentials and config files, the key's CSV, Zappa's settings.

mod read;
mod write;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::value::Value;

pub use read::FileRead;
pub use write::FileWrite;

/// A local file, named so that a saved plan means the same file on another machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LocalFile {
    /// `AWS_SHARED_CREDENTIALS_FILE`, or `~/.aws/credentials`.
    Credentials,
    /// `AWS_CONFIG_FILE`, or `~/.aws/config`.
    Config,
    /// A path, absolute or relative to the manifest's folder.
    Path(String),
}

/// A file from which the secret of a key can be read. What age encrypts and what a command was
/// given cannot be read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// A profile of the credentials file.
    Profile(String),
    /// A file like the one that the console offers for download.
    Csv(LocalFile),
}

impl SecretSource {
    /// Returns the place of a key while two keys exchange their places: a profile of its own.
    pub fn aside(key: &str) -> Self {
        Self::Profile(format!("relayctl-moving-{key}"))
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Profile(profile) => write!(f, "profile [{profile}]"),
            Self::Csv(file) => file.fmt(f),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileReply {
    /// The id of the key; `None` if the section exists, but holds no key.
    KeyId(Option<String>),
    Settings(Vec<(String, Value)>),
    /// The file can be made or replaced.
    Writable,
}

/// Returns a command for people, with quotes around words that a shell would take apart.
pub fn spelt(command: &[String]) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    let word = |word: &String| {
        if !word.is_empty() && word.chars().all(is_plain) {
            word.clone()
        } else {
            format!("'{word}'")
        }
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
