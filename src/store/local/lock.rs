//! The lock of a local state.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::LocalStore;
use crate::port::{Lock, Store};
use crate::provider::files::disk;
use crate::state::{LockInfo, StoreError};

/// A holder that has just taken the lock needs a moment to write down who it is.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

impl LocalStore {
    fn locked_by(&self, info: LockInfo) -> StoreError {
        StoreError::Locked { location: self.location(), info: Box::new(info) }
    }

    /// The lock is the operating system's, on the lock file, not the file's existence: a killed run's is gone with it,
    /// and a file that it left behind is simply taken over.
    pub(super) fn take(&self, info: &LockInfo) -> Result<LocalLock, StoreError> {
        let error = self.error("lock");
        let path = self.beside(".lock");
        fs::create_dir_all(disk::folder(&path)).map_err(&error)?;
        for _ in 0..ATTEMPTS {
            let mut file = open_private(&path).map_err(&error)?;
            match file.try_lock() {
                // The last holder may have deleted the file between our opening and our locking it; then the lock is
                // on a file that nobody else will find.
                Ok(()) if is_same_file(&file, &path) => {
                    write_info(&mut file, info).map_err(&error)?;
                    return Ok(LocalLock { path, _file: file });
                }
                Ok(()) => {}
                Err(TryLockError::Error(cause)) => return Err(error(cause)),
                Err(TryLockError::WouldBlock) => match read_info(&mut file) {
                    Some(info) => return Err(self.locked_by(info)),
                    None => sleep(PAUSE),
                },
            }
        }
        Err(self.locked_by(unknown()))
    }
}

/// Held while `file` is open.
pub(super) struct LocalLock {
    path: PathBuf,
    _file: File,
}

impl Lock for LocalLock {}

impl Drop for LocalLock {
    /// Deletes the file while the lock on it is still held, so that it cannot be another run's.
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "the lock file stays behind; the next run takes it over");
        }
    }
}

fn open_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn is_same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Windows does not delete a file that somebody has open.
#[cfg(not(unix))]
fn is_same_file(_file: &File, path: &Path) -> bool {
    path.exists()
}

fn write_info(file: &mut File, info: &LockInfo) -> io::Result<()> {
    file.set_len(0)?;
    file.write_all(serde_json::to_string_pretty(info)?.as_bytes())?;
    file.write_all(b"\n")
}

/// `None`: its holder has not written it yet.
fn read_info(file: &mut File) -> Option<LockInfo> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// The lock is held, but its file does not say by whom: no relayctl wrote it.
fn unknown() -> LockInfo {
    let unknown = || "unknown".to_owned();
    LockInfo { who: unknown(), host: unknown(), pid: 0, since: unknown(), what: unknown() }
}
