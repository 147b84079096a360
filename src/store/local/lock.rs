//! The lock of a local state.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::sleep;
use std::time::Duration;

use super::LocalStore;
use crate::clock::present_time;
use crate::port::{Lock, Store};
use crate::provider::files::{disk, own};
use crate::state::{LockInfo, StoreError};
use crate::store::lease::{LEASE, Renewal};

/// The number of attempts to read the holder: one that has just taken the lock needs a moment to
/// write who it is.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// The lock that a store gave out last, as long as it is held.
pub(super) type LentLocalLock = Mutex<Weak<LockFileGuard>>;

/// A lock file that this process has locked.
#[derive(Debug)]
pub(super) struct LockFileGuard {
    path: PathBuf,
    file: Mutex<File>,
}

impl LocalStore {
    /// Takes the lock. It is the operating system's lock on the file, not the file's existence: a
    /// killed run's lock ends with its process, and a file that it left behind is taken over.
    pub(super) fn take(&self, info: &LockInfo) -> Result<LocalLock, StoreError> {
        let error = self.error("lock");
        let path = self.beside(".lock");
        // A file that could not be written later is noticed before anything is changed.
        for file in [&self.path, &self.journal(), &self.backup()] {
            own::check_place(file).map_err(&error)?;
        }
        disk::sweep(disk::folder(&self.path));
        for _ in 0..ATTEMPTS {
            let mut file = own::open_private(&path).map_err(&error)?;
            match file.try_lock() {
                // The last holder may have deleted the file after this process opened it and before
                // it locked it; then the lock is on a file that no other process will find.
                Ok(()) if disk::is_same_file(&file, &path) => {
                    if let Some(other) =
                        read_info(&mut file).filter(|other| lives_elsewhere(other, info))
                    {
                        return Err(self.locked_by(other));
                    }
                    write_info(&mut file, &info.leased(present_time(), LEASE)).map_err(&error)?;
                    return Ok(self.give(path, file, info.clone()));
                }
                Ok(()) => {}
                Err(TryLockError::Error(cause)) => return Err(error(cause)),
                Err(TryLockError::WouldBlock) => match read_info(&mut file) {
                    Some(info) => return Err(self.locked_by(info)),
                    None => sleep(PAUSE),
                },
            }
        }
        // The lock is held, but its file does not say by whom.
        Err(self.locked_by(LockInfo::unknown()))
    }

    fn give(&self, path: PathBuf, file: File, info: LockInfo) -> LocalLock {
        let held = Arc::new(LockFileGuard { path, file: Mutex::new(file) });
        let weak = Arc::downgrade(&held);
        *self.given.lock().unwrap_or_else(PoisonError::into_inner) = weak.clone();
        let renewal = Renewal::start(LEASE, move || {
            let goes_on = weak.upgrade().is_some_and(|held| held.renew(&info));
            async move { goes_on }
        });
        LocalLock { held, _renewal: renewal }
    }

    /// Checks that the lock that this store gave out is still its own.
    pub(super) fn still_held(&self) -> Result<(), StoreError> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        match given {
            Some(held) if !held.is_ours() => {
                let why = match read_at(&held.path) {
                    Some(info) => format!("now {info} holds it"),
                    None => "somebody has removed it".to_owned(),
                };
                Err(StoreError::Lost { location: self.location(), why })
            }
            _ => Ok(()),
        }
    }

    /// Removes the lock by its id. If its holder is still alive, it finds another file at this
    /// place, or none.
    pub(super) fn take_away(&self, id: &str) -> Result<LockInfo, StoreError> {
        let path = self.beside(".lock");
        let location = self.location();
        let Some(info) = read_at(&path) else { return Err(StoreError::NotLocked { location }) };
        if info.id != id {
            return Err(StoreError::OtherLock { location, info: Box::new(info) });
        }
        fs::remove_file(&path).map_err(self.error("unlock"))?;
        Ok(info)
    }

    fn locked_by(&self, info: LockInfo) -> StoreError {
        StoreError::Locked { location: self.location(), info: Box::new(info) }
    }
}

/// Returns true if another host holds the lock and it has not expired. The locks of a network file
/// system may not reach beyond the host, so a lock that another host wrote holds until it expires.
fn lives_elsewhere(other: &LockInfo, us: &LockInfo) -> bool {
    other.host != us.host && !other.expires.is_empty() && !other.has_expired(present_time())
}

impl LockFileGuard {
    fn is_ours(&self) -> bool {
        disk::is_same_file(&self.file.lock().unwrap_or_else(PoisonError::into_inner), &self.path)
    }

    /// Renews the lock; returns true if renewal should go on. The file is overwritten in place with
    /// the same length, so that a full disk cannot damage it.
    fn renew(&self, info: &LockInfo) -> bool {
        if !self.is_ours() {
            return false;
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = overwrite_info(&mut file, &info.leased(present_time(), LEASE)) {
            tracing::debug!(%error, "the lock could not be renewed; on this machine it holds all \
                the same");
        }
        true
    }
}

/// The lock, which is held while its file is open.
pub(super) struct LocalLock {
    held: Arc<LockFileGuard>,
    _renewal: Renewal,
}

impl Lock for LocalLock {}

impl Drop for LocalLock {
    /// Deletes the file while the lock on it is still held, so that it cannot be another run's.
    fn drop(&mut self) {
        if !self.held.is_ours() {
            return;
        }
        if let Err(error) = fs::remove_file(&self.held.path) {
            tracing::debug!(%error, "the lock file stays behind; the next run takes it over");
        }
    }
}

fn write_info(file: &mut File, info: &LockInfo) -> io::Result<()> {
    file.set_len(0)?;
    overwrite_info(file, info)
}

fn overwrite_info(file: &mut File, info: &LockInfo) -> io::Result<()> {
    file.rewind()?;
    file.write_all(format!("{}\n", serde_json::to_string_pretty(info)?).as_bytes())
}

/// Reads the holder; `None` if it has not written itself yet.
fn read_info(file: &mut File) -> Option<LockInfo> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn read_at(path: &Path) -> Option<LockInfo> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}
