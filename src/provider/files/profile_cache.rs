//! A cache of the profiles, valid as long as their files don't change: each of five thousand
//! profiles is read by itself, and the file with all of them is parsed once. No secret is kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::Files;
use super::place::OverlaidFile;
use super::privacy::Privacy;
use super::problem::Problem;
use super::profile::{ProfileKeys, ProfileSettings};
use crate::call::{FileRead, FileReply, LocalFile};

/// The age after which a file's time is trusted: a file that was changed more recently may change
/// again without a new time (as in git's index).
const SETTLED: Duration = Duration::from_secs(2);

/// The profiles of the credentials file and of the config file.
#[derive(Default)]
pub struct ProfileCache {
    keys: Memo<ProfileKeys>,
    settings: Memo<ProfileSettings>,
}

impl ProfileCache {
    pub fn answer(&self, files: &Files, read: &FileRead) -> Result<FileReply, Problem> {
        match read {
            FileRead::Credentials { profile } => {
                let place = files.place(&LocalFile::Credentials)?;
                self.keys.of(&place, Privacy::Secret, ProfileKeys::of)?.of_profile(&place, profile)
            }
            FileRead::Profile { profile } => {
                let place = files.place(&LocalFile::Config)?;
                self.settings
                    .of(&place, Privacy::Private, ProfileSettings::of)?
                    .of_profile(&place, profile)
            }
            FileRead::CredentialSource { profile } => {
                let place = files.place(&LocalFile::Credentials)?;
                let config = files.place(&LocalFile::Config)?;
                let keys = self.keys.of(&place, Privacy::Secret, ProfileKeys::of)?;
                let settings = self.settings.of(&config, Privacy::Private, ProfileSettings::of)?;
                keys.source_of(&place, &settings, &config, profile)
            }
            FileRead::KeyCsv { .. }
            | FileRead::KeyAge { .. }
            | FileRead::Stage { .. }
            | FileRead::Writable { .. } => files.answer(read),
        }
    }
}

/// The result of the last read of a file.
struct Memo<T>(Mutex<Option<(FileStamp, Arc<T>)>>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Memo<T> {
    fn of(
        &self,
        place: &OverlaidFile,
        privacy: Privacy,
        parse: impl Fn(&str) -> T,
    ) -> Result<Arc<T>, Problem> {
        // The lock is held while the file is read: everybody who waits asks for the same file.
        let mut memo = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if privacy == Privacy::Secret {
            place.check_links()?;
        }
        let stamp = FileStamp::of(place.current());
        match &*memo {
            Some((earlier, known)) if stamp.as_ref() == Some(earlier) => {
                return Ok(Arc::clone(known));
            }
            _ => {}
        }
        let known = Arc::new(parse(&place.text(privacy)?.unwrap_or_default()));
        *memo = stamp.filter(FileStamp::is_settled).map(|stamp| (stamp, Arc::clone(&known)));
        Ok(known)
    }
}

/// A stamp that tells one content of a file from another without reading it.
#[derive(PartialEq)]
struct FileStamp {
    path: PathBuf,
    modified: SystemTime,
    length: u64,
    /// The inode: every replacement is another file under the same name.
    inode: u64,
}

impl FileStamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        let (modified, inode) = (metadata.modified().ok()?, inode(&metadata));
        Some(Self { path: path.to_owned(), modified, length: metadata.len(), inode })
    }

    fn is_settled(&self) -> bool {
        self.modified.elapsed().is_ok_and(|age| age > SETTLED)
    }
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_metadata: &fs::Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allowed_files::AllowedFiles;

    #[test]
    fn a_file_that_changes_is_read_again_and_one_that_does_not_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let files = Files {
            credentials: at("credentials"),
            config: at("config"),
            base: at(""),
            overlay: None,
            allowed: AllowedFiles::below(folder.path()),
        };
        let put = |id: &str| {
            fs::write(at("credentials"), format!("[a]\naws_access_key_id = {id}\n")).unwrap();
        };
        let known = ProfileCache::default();
        let asked = || known.answer(&files, &FileRead::Credentials { profile: "a".to_owned() });
        assert!(asked().is_err(), "there is no such file");
        put("ONE");
        assert_eq!(asked().unwrap(), FileReply::KeyId(Some("ONE".to_owned())));
        assert!(known.keys.0.lock().unwrap().is_none(), "it may be changed within the same tick");
        let file = fs::File::options().write(true).open(at("credentials")).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(asked().unwrap(), FileReply::KeyId(Some("ONE".to_owned())));
        assert!(known.keys.0.lock().unwrap().is_some());
        put("TWO");
        assert_eq!(asked().unwrap(), FileReply::KeyId(Some("TWO".to_owned())));
    }
}
