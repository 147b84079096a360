//! The lock of a file: one writer at a time, so that no run loses another one's change.
//!
//! The operating system locks the *folder* of the file. A lock on the file itself would not survive
//! the rename that replaces the file, and a lock file beside it would be left in `~/.aws` after a
//! kill. A lock on the folder leaves nothing behind, and ends with the process however that ends.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::disk;
use super::privacy::Privacy;
use super::problem::Problem;

/// The time to wait for another writer: it needs milliseconds, and one that takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// The lock between the steps of one run: it also works on a file system that cannot lock a folder.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The lock; dropping it releases it.
pub struct FileLockGuard {
    _folder: Option<File>,
    /// The folders that were made to be locked, from the top down.
    made: Vec<PathBuf>,
    _process: MutexGuard<'static, ()>,
}

/// Removes the folders that were made for the lock, if nothing was written to them. The lock is
/// still held then.
impl Drop for FileLockGuard {
    fn drop(&mut self) {
        for unused in self.made.iter().rev() {
            if fs::remove_dir(unused).is_err() {
                break;
            }
        }
    }
}

/// Waits until nobody else changes files in the folder of `file`, and locks it. A missing folder is
/// made first: whoever locks the folder above it would not notice those who lock the folder itself.
pub fn hold_lock(file: &Path, privacy: Privacy) -> Result<FileLockGuard, Problem> {
    hold_for(file, privacy, PATIENCE)
}

fn hold_for(file: &Path, privacy: Privacy, patience: Duration) -> Result<FileLockGuard, Problem> {
    // The lock guards only the order, so a panic of another holder spoils nothing.
    let process = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let give_up = Instant::now() + patience;
    let mut made = Vec::new();
    loop {
        made.extend(make_folder(disk::folder(file), privacy));
        // A folder that cannot be made is the error of the write, if there is anything to write.
        let folder = nearest_folder(file);
        let opened = match File::open(&folder) {
            Ok(opened) => opened,
            Err(error) => return Ok(unlocked(made, process, &folder, &error)),
        };
        match opened.try_lock() {
            // Its last holder may have removed the folder meanwhile, as it wrote nothing there.
            Ok(()) if disk::is_same_file(&opened, &folder) && nearest_folder(file) == folder => {
                return Ok(FileLockGuard { _folder: Some(opened), made, _process: process });
            }
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Ok(unlocked(made, process, &folder, &error)),
            Err(TryLockError::WouldBlock) if Instant::now() < give_up => sleep(PAUSE),
            Err(TryLockError::WouldBlock) => return Err(busy(file, &folder)),
        }
    }
}

/// Makes the folder and those above it, as far as they are missing. Returns those that were made,
/// from the top down.
fn make_folder(folder: &Path, privacy: Privacy) -> Vec<PathBuf> {
    let mut missing: Vec<&Path> = folder
        .ancestors()
        .take_while(|above| !above.as_os_str().is_empty() && !above.exists())
        .collect();
    missing.reverse();
    let make = |folder: &&Path| match privacy {
        Privacy::Secret | Privacy::Private => disk::make_private_one(folder),
        Privacy::Shared => fs::create_dir(folder),
    };
    missing.into_iter().filter(|folder| make(folder).is_ok()).map(Path::to_owned).collect()
}

/// Returns the lock for a folder that cannot be locked: on NFS without a lock server, and on
/// Windows. A refusal to work there would help nobody: the rename keeps the file whole, and only
/// two runs at the very same moment could lose one's change.
fn unlocked(
    made: Vec<PathBuf>,
    process: MutexGuard<'static, ()>,
    folder: &Path,
    error: &std::io::Error,
) -> FileLockGuard {
    tracing::debug!(folder = %folder.display(), %error, "the folder cannot be locked; going on \
        without");
    FileLockGuard { _folder: None, made, _process: process }
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
        fs::create_dir(home.path().join(".aws")).unwrap();
        let other = File::open(home.path().join(".aws")).unwrap();
        other.lock().unwrap();
        let Err(problem) = hold_for(&file, Privacy::Secret, Duration::from_millis(50)) else {
            panic!("the lock is held")
        };
        assert_eq!(problem.code, "FileLocked");

        let (sender, receiver) = std::sync::mpsc::channel();
        let waiting = std::thread::spawn(move || {
            let held = hold_lock(&file, Privacy::Secret);
            sender.send(()).unwrap();
            held.is_ok()
        });
        assert!(
            receiver.recv_timeout(Duration::from_millis(100)).is_err(),
            "it must wait for the other"
        );
        drop(other);
        assert!(waiting.join().unwrap());
        let left = fs::read_dir(home.path().join(".aws")).unwrap().count();
        assert_eq!(left, 0, "a lock leaves nothing behind");
    }

    #[test]
    fn a_missing_folder_is_made_before_it_is_locked_and_goes_if_nothing_is_written() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let (top, folder) = (home.path().join("a"), home.path().join("a/b"));
        let held = hold_lock(&folder.join("file"), Privacy::Secret).unwrap();
        let second = File::open(&folder).unwrap();
        assert!(matches!(second.try_lock(), Err(TryLockError::WouldBlock)), "it is not locked");
        for made in [&top, &folder] {
            assert_eq!(fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o700);
        }
        drop(held);
        assert!(!top.exists());
        let held = hold_lock(&folder.join("file"), Privacy::Secret).unwrap();
        fs::write(folder.join("file"), "").unwrap();
        drop(held);
        assert!(folder.join("file").exists());
    }
}
