//! The calls on local files: the AWS credentials and config files, the key's CSV, zappa's settings.

mod read;
mod write;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::value::Value;

pub use read::FileRead;
pub use write::FileWrite;

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
