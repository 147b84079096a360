//! The lock of a file: one writer at a time, so that no run loses another one's change.
//!
//! The operating system locks the *folder* of the file. A lock on the file itself would not survive
//! the rename that replaces the file, and a lock file beside it would be left in `~/.aws` after a
//! kill. A lock on the folder leaves nothing behind, and ends with the process however that ends.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::disk;
use super::problem::Problem;

/// The time to wait for another writer: it needs milliseconds, and one that takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// The lock between the steps of one run: it also works on a file system that cannot lock a folder.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The lock; dropping it releases it.
pub struct FileLockGuard {
    _folder: Option<File>,
    _process: MutexGuard<'static, ()>,
}

/// Waits until nobody else changes files in the folder of `file`, and locks it.
pub fn hold_lock(file: &Path) -> Result<FileLockGuard, Problem> {
    hold_for(file, PATIENCE)
}

fn hold_for(file: &Path, patience: Duration) -> Result<FileLockGuard, Problem> {
    // The lock guards only the order, so a panic of another holder spoils nothing.
    let process = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let give_up = Instant::now() + patience;
    loop {
        let folder = nearest_folder(file);
        let opened = match File::open(&folder) {
            Ok(opened) => opened,
            Err(error) => return Ok(unlocked(process, &folder, &error)),
        };
        match opened.try_lock() {
            // The folder of the file may have been made meanwhile: then that folder is the one to
            // lock.
            Ok(()) if nearest_folder(file) == folder => {
                return Ok(FileLockGuard { _folder: Some(opened), _process: process });
            }
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Ok(unlocked(process, &folder, &error)),
            Err(TryLockError::WouldBlock) if Instant::now() < give_up => sleep(PAUSE),
            Err(TryLockError::WouldBlock) => return Err(busy(file, &folder)),
        }
    }
}

/// Returns the lock for a folder that cannot be locked: on NFS without a lock server, and on
/// Windows. A refusal to work there would help nobody: the rename keeps the file whole, and only
/// two runs at the very same moment could lose one's change.
fn unlocked(
    process: MutexGuard<'static, ()>,
    folder: &Path,
    error: &std::io::Error,
) -> FileLockGuard {
    tracing::debug!(folder = %folder.display(), %error, "the folder cannot be locked; going on \
        without");
    FileLockGuard { _folder: None, _process: process }
}

fn busy(file: &Path, folder: &Path) -> Problem {
    Problem::refused(
        "FileLocked",
        format!(
            "cannot change {}: another program has held the lock on {} for {} s; run again when \
                it has ended",
            file.display(),
            folder.display(),
            PATIENCE.as_secs()
        ),
    )
}

/// Returns the folder of the file, or the folder in which that is still to be made.
pub fn nearest_folder(file: &Path) -> PathBuf {
    let folder = disk::folder(file);
    folder.ancestors().find(|ancestor| ancestor.is_dir()).unwrap_or(Path::new(".")).to_owned()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_waits_and_then_says_why_it_gave_up() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".aws/credentials");
        let other = File::open(home.path()).unwrap();
        other.lock().unwrap();
        let Err(problem) = hold_for(&file, Duration::from_millis(50)) else {
            panic!("the lock is held")
        };
        assert_eq!(problem.code, "FileLocked");

        let (sender, receiver) = std::sync::mpsc::channel();
        let waiting = std::thread::spawn(move || {
            let held = hold_lock(&file);
            sender.send(()).unwrap();
            held.is_ok()
        });
        assert!(
            receiver.recv_timeout(Duration::from_millis(100)).is_err(),
            "it must wait for the other"
        );
        drop(other);
        assert!(waiting.join().unwrap());
        assert_eq!(
            std::fs::read_dir(home.path()).unwrap().count(),
            0,
            "a lock leaves nothing behind"
        );
    }
}
