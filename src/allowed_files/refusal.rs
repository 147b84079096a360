//! The reasons for which a file is left alone.

use std::io;
use std::path::{Path, PathBuf};

/// The reason that a file may not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileRefusal {
    #[error("there is no file {}", .0.display())]
    Missing(PathBuf),
    #[error("{} is a folder", .0.display())]
    Folder(PathBuf),
    #[error("{} is {what}, not a regular file", file.display())]
    Irregular { file: PathBuf, what: &'static str },
    #[error("{} is larger than {}", file.display(), show_size(*limit))]
    TooLarge { file: PathBuf, limit: u64 },
    #[error("{} {verb} outside of the project, which is {}", file.display(), root.display())]
    Outside { file: PathBuf, verb: &'static str, root: PathBuf, real: PathBuf },
    #[error("{} cannot be read: {error}", file.display())]
    Unreadable { file: PathBuf, error: io::Error },
}

impl FileRefusal {
    /// Returns the code of a diagnostic.
    pub fn diagnostic_code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "no-such-file",
            Self::Folder(_) | Self::Unreadable { .. } => "unreadable-file",
            Self::Irregular { .. } => "not-a-file",
            Self::TooLarge { .. } => "file-too-large",
            Self::Outside { .. } => "outside-project",
        }
    }

    /// Returns what to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Missing(_) => "check the name".to_owned(),
            Self::Folder(_) => "name a file in it".to_owned(),
            Self::Irregular { .. } => "name a regular file".to_owned(),
            Self::TooLarge { .. } => "if it is the right file, allow more with --max-file-size \
                SIZE, for example 64MiB"
                .to_owned(),
            Self::Outside { real, .. } => format!(
                "a manifest may name files of its own project only; move the file there, or allow \
                    it: --allow-path {}",
                real.display()
            ),
            Self::Unreadable { .. } => "check the file's permissions".to_owned(),
        }
    }

    pub(super) fn from_io(file: &Path, error: io::Error) -> Self {
        let file = file.to_owned();
        if error.kind() == io::ErrorKind::NotFound {
            Self::Missing(file)
        } else {
            Self::Unreadable { file, error }
        }
    }
}

fn show_size(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    if bytes.is_multiple_of(MIB) {
        format!("{} MiB", bytes / MIB)
    } else {
        format!("{bytes} bytes")
    }
}
