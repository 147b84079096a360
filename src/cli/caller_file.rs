//! Files that the caller names on the command line.

use std::fs::File;
use std::io;
use std::path::Path;

use super::error::CommandError;
use relayctl::allowed_files::{FileRefusal, read_regular, read_stream};

/// The name of the standard input.
const STDIN: &str = "-";

/// Returns true for the name of the standard input.
pub fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}

/// Reads a file, or the standard input. Of what is not a regular file, only a stream that the shell
/// opened is read: `/dev/fd/63` is what a shell makes of `<(command)`.
pub fn read_given(path: &Path, max_size: u64) -> Result<Vec<u8>, FileRefusal> {
    if is_stdin(path) {
        return read_stream(io::stdin().lock(), Path::new("<stdin>"), max_size);
    }
    let opened_by_shell = path == Path::new("/dev/stdin")
        || ["/dev/fd", "/proc/self/fd"].iter().any(|folder| path.parent() == Some(folder.as_ref()));
    if !opened_by_shell {
        return read_regular(path, max_size);
    }
    let file = path.to_owned();
    let stream = File::open(path).map_err(|error| FileRefusal::Unreadable { file, error })?;
    read_stream(stream, path, max_size)
}

impl From<FileRefusal> for CommandError {
    fn from(refusal: FileRefusal) -> Self {
        let help = refusal.remedy();
        match refusal {
            FileRefusal::Unreadable { file, error } => Self::for_file("read", &file, error),
            FileRefusal::Missing(file) => {
                Self::for_file("read", &file, io::ErrorKind::NotFound.into())
            }
            FileRefusal::Folder(_)
            | FileRefusal::Irregular { .. }
            | FileRefusal::TooLarge { .. }
            | FileRefusal::Outside { .. } => Self::new(refusal.to_string()).with_help(help),
        }
    }
}
