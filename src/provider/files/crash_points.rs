//! The steps of a change, at which a test sees the disk as a kill would leave it.

#[cfg(not(test))]
pub fn pass_crash_point() {}

#[cfg(test)]
pub use watching::{pass_crash_point, snapshots};

#[cfg(test)]
mod watching {
    use std::cell::RefCell;
    use std::fs;
    use std::path::{Path, PathBuf};

    use tempfile::TempDir;

    thread_local! {
        static WATCHED: RefCell<Option<(PathBuf, Vec<TempDir>)>> = const { RefCell::new(None) };
    }

    pub fn pass_crash_point() {
        WATCHED.with_borrow_mut(|watched| {
            if let Some((folder, seen)) = watched {
                seen.push(copied(folder));
            }
        });
    }

    /// Returns the folder as it is before `work`, after each of its steps, and after it.
    pub fn snapshots(folder: &Path, work: impl FnOnce()) -> Vec<TempDir> {
        WATCHED.set(Some((folder.to_owned(), vec![copied(folder)])));
        work();
        pass_crash_point();
        WATCHED.take().map(|(_, seen)| seen).unwrap_or_default()
    }

    fn copied(from: &Path) -> TempDir {
        let to = TempDir::new().expect("a temporary folder");
        for entry in fs::read_dir(from).expect("a folder") {
            let entry = entry.expect("an entry");
            if entry.path().is_file() {
                fs::copy(entry.path(), to.path().join(entry.file_name())).expect("copied");
            }
        }
        to
    }
}
