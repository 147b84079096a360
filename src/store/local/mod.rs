//! Stores state in a file on this machine, with its journal, its lock and its last good copy beside
//! it.

#[cfg(test)]
mod crashes;
mod journal;
mod lock;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use crate::encryption::{FileEncryption, is_sealed};
use crate::port::{Lock, Store};
use crate::provider::files::own;
use crate::state::{
    DecodeError, InvalidState, JournalChange, LockInfo, State, StoreError, backup_content,
    begins_as_state, decode_bytes, decode_journal, encode_for, lines_for,
};

/// A local store. `dev.json` is the state as it was last written whole. `dev.json.journal` has the
/// changes since then, and is removed when a run ends. `dev.json.backup` is the previous state.
/// `dev.json.lock` exists during a run.
#[derive(Clone, Debug)]
pub struct LocalStore {
    path: PathBuf,
    given: Arc<lock::LentLocalLock>,
    seal: FileEncryption,
}

/// The end of the name of a saved plan that waits beside the states.
const PLAN_SUFFIX: &str = ".plan.json";
/// The end of the name of a state whose manifest is called as if it were a plan. No manifest's name
/// holds an `@`.
const UNSHARED_SUFFIX: &str = ".plan@state.json";

/// Returns the file of the state that would be at `path` by the manifest's name. The manifest
/// `dev.plan` would keep its state where `dev` keeps the plan that waits. A state that is there
/// from earlier versions stays where it is.
pub(super) fn unshared_place(path: PathBuf) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let end = name.len().saturating_sub(PLAN_SUFFIX.len());
    match name.split_at_checked(end) {
        Some((stem, end)) if end.eq_ignore_ascii_case(PLAN_SUFFIX) && !is_state_file(&path) => {
            path.with_file_name(format!("{stem}{UNSHARED_SUFFIX}"))
        }
        _ => path,
    }
}

/// Returns true if a state is in the file. An encrypted file does not say what it is: it is a state
/// if it has a last good copy, which no plan has.
pub fn is_state_file(path: &Path) -> bool {
    // To open a pipe would wait for its writer.
    if !fs::metadata(path).is_ok_and(|found| found.is_file()) {
        return false;
    }
    let mut beginning = Vec::new();
    let read = File::open(path).and_then(|file| file.take(512).read_to_end(&mut beginning));
    let mut backup = path.as_os_str().to_owned();
    backup.push(".backup");
    read.is_ok()
        && (begins_as_state(&beginning) || is_sealed(&beginning) && Path::new(&backup).is_file())
}

impl LocalStore {
    pub fn new(path: PathBuf) -> Self {
        Self { path, given: Arc::default(), seal: FileEncryption::default() }
    }

    /// Encrypts the state for the recipients of `seal`, and reads it with its identities.
    #[must_use]
    pub fn sealed(self, seal: FileEncryption) -> Self {
        Self { seal, ..self }
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(suffix);
        name.into()
    }

    fn journal(&self) -> PathBuf {
        self.beside(".journal")
    }

    fn backup(&self) -> PathBuf {
        self.beside(".backup")
    }

    fn error(&self, what: &'static str) -> impl Fn(io::Error) -> StoreError {
        let location = self.location();
        move |cause| StoreError::Io { what, location: location.clone(), cause }
    }

    fn refused(&self, error: DecodeError) -> StoreError {
        let location = self.location();
        match error {
            DecodeError::NotState(why) => {
                StoreError::Unreadable { location, why, backup: self.good_backup() }
            }
            DecodeError::Newer(found) => StoreError::Newer { location, found },
            DecodeError::Sealed(why) => StoreError::Sealed { location, why },
        }
    }

    fn journal_refused(&self, error: DecodeError) -> StoreError {
        let location = self.journal().display().to_string();
        match error {
            DecodeError::NotState(why) => StoreError::Journal { location, why },
            DecodeError::Newer(found) => StoreError::Newer { location, found },
            DecodeError::Sealed(why) => StoreError::Sealed { location, why },
        }
    }

    /// Returns the backup's path for error messages if it can be restored.
    fn good_backup(&self) -> Option<String> {
        let path = self.backup();
        let bytes = fs::read(&path).ok()?;
        decode_bytes(&bytes, &self.seal).ok().map(|_| path.display().to_string())
    }

    /// Keeps a copy of the state that is about to be replaced, if it is valid.
    fn keep_last_good(&self) -> io::Result<()> {
        let Some(bytes) = read(&self.path)? else { return Ok(()) };
        match backup_content(&bytes, &self.seal) {
            Some(bytes) => own::replace(&self.backup(), &bytes),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Store for LocalStore {
    async fn load_state(&self) -> Result<Option<State>, StoreError> {
        // What no run could write is not read either: the journal of a link's target would be
        // missing.
        own::check_place(&self.path).map_err(self.error("read"))?;
        // The journal is read first: if a run ends meanwhile, its changes are in the state by the
        // time that the state is read.
        let journal = read(&self.journal()).map_err(self.error("read the journal of"))?;
        let Some(bytes) = read(&self.path).map_err(self.error("read"))? else {
            return match journal {
                None => Ok(None),
                Some(_) => Err(self.journal_refused(
                    InvalidState::new("the state that it belongs to is gone").into(),
                )),
            };
        };
        let mut state = decode_bytes(&bytes, &self.seal).map_err(|error| self.refused(error))?;
        drop(bytes);
        let journal = journal.unwrap_or_default();
        let mut changes = decode_journal(&journal, &self.seal);
        let replayed = changes.try_for_each(|change| state.follow(change?));
        replayed.map(|()| Some(state)).map_err(|error| self.journal_refused(error))
    }

    async fn save_state(&self, state: &State) -> Result<(), StoreError> {
        let write = || -> io::Result<()> {
            self.keep_last_good()?;
            own::replace(&self.path, &encode_for(state, &self.seal))?;
            // A run that is killed before this leaves a journal of changes that the state already
            // has.
            journal::clear(&self.journal())
        };
        write().map_err(self.error("save"))
    }

    async fn append(&self, changes: &[JournalChange]) -> Result<(), StoreError> {
        journal::append(&self.journal(), lines_for(changes, &self.seal).as_bytes())
            .map_err(self.error("save the journal of"))
    }

    async fn acquire_lock(&self, info: &LockInfo) -> Result<Box<dyn Lock>, StoreError> {
        Ok(Box::new(self.take(info)?))
    }

    fn check_lock(&self) -> Result<(), StoreError> {
        self.still_held()
    }

    async fn unlock(&self, id: &str) -> Result<LockInfo, StoreError> {
        self.take_away(id)
    }

    async fn keep_unreadable(&self, label: &str) -> Result<Vec<String>, StoreError> {
        let mut kept = Vec::new();
        for (from, suffix) in [(self.path.clone(), "backup"), (self.journal(), "journal.backup")] {
            let error = self.error("keep a copy of");
            let Some(bytes) = read(&from).map_err(&error)? else { continue };
            let to = self.path.with_extension(format!("{label}.{suffix}"));
            own::replace(&to, &bytes).map_err(&error)?;
            kept.push(to.display().to_string());
        }
        Ok(kept)
    }

    fn location(&self) -> String {
        self.path.display().to_string()
    }

    fn unique_place(&self) -> String {
        let path = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        format!("{}:{}", machine_name(), path.display())
    }
}

#[cfg(unix)]
fn machine_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn machine_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
