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
