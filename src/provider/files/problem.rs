//! The errors of local files, before their call is known.

use std::io;
use std::path::Path;

use super::disk;
use crate::allowed_files::FileRefusal;
use crate::call::{Failure, FailureKind};

/// An error of a local file, which becomes a [`Failure`] when its call is known. Its message may
/// name files, profiles and key ids, never a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub kind: FailureKind,
    pub code: &'static str,
    pub message: String,
}

impl Problem {
    pub fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self { kind: FailureKind::Refused, code, message: message.into() }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self { kind: FailureKind::Invalid, code: "InvalidValue", message: message.into() }
    }

    pub fn missing(code: &'static str, message: impl Into<String>) -> Self {
        Self { kind: FailureKind::NotFound, code, message: message.into() }
    }

    /// Makes the problem of a file that does not hold this key's secret.
    pub fn no_secret(file: impl std::fmt::Display, key: &str) -> Self {
        Self::refused(
            "NoSecret",
            format!(
                "{file} does not hold the secret of the key {key}: plan again, or make another \
                    key with `relayctl keys rotate`"
            ),
        )
    }

    /// Makes the problem of a file system's error, with the attempted action and the remedy.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "few of a system's errors need more than their text"
    )]
    pub fn io(verb: &str, path: &Path, error: &io::Error) -> Self {
        let folder = disk::folder(path).display();
        let (code, remedy) = match error.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => {
                ("DiskFull", "; nothing was changed: make room and run again".to_owned())
            }
            io::ErrorKind::ReadOnlyFilesystem => (
                "ReadOnly",
                "; nothing was changed: the file system is read-only, so name a file elsewhere"
                    .to_owned(),
            ),
            io::ErrorKind::PermissionDenied if verb == "read" => (
                "PermissionDenied",
                format!(
                    "; make the file and the folder {folder} readable for the user who runs \
                    relayctl"
                ),
            ),
            io::ErrorKind::PermissionDenied => (
                "PermissionDenied",
                format!(
                    "; nothing was changed: make the folder {folder} writable for the user who \
                        runs relayctl"
                ),
            ),
            _ => ("FileError", String::new()),
        };
        Self::refused(code, format!("cannot {verb} {}: {error}{remedy}", path.display()))
    }

    /// Makes the problem of something that is no file where relayctl would write one.
    pub fn not_a_file(name: &str, what: &str) -> Self {
        let message = format!(
            "{name} is {what}, not a regular file, and is left as it is: name a regular file \
                (AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE name those of profiles)"
        );
        Self::refused("NotARegularFile", message)
    }

    pub fn into_failure(self, call: &str) -> Failure {
        Failure::new(self.kind, call, self.code, self.message)
    }
}

impl From<FileRefusal> for Problem {
    fn from(refusal: FileRefusal) -> Self {
        let code = match refusal {
            FileRefusal::Missing(_) => "NoSuchFile",
            FileRefusal::Folder(_) | FileRefusal::Irregular { .. } => "NotARegularFile",
            FileRefusal::TooLarge { .. } => "FileTooLarge",
            FileRefusal::Outside { .. } => "OutsideProject",
            FileRefusal::Unreadable { .. } => "FileError",
        };
        Self::refused(code, format!("{refusal}: {}", refusal.remedy()))
    }
}
