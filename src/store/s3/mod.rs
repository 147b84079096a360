//! Stores state in a bucket, for teams and pipelines. It is only written under conditions, so that
//! two runs cannot both believe that they wrote it.

mod lock;
mod writer;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::lease::LEASE;
use crate::call::Failure;
use crate::encryption::FileEncryption;
use crate::port::{Lock, Objects, Only, Store};
use crate::state::{
    DecodeError, InvalidState, JournalChange, LockInfo, S3Place, State, StoreError, backup_content,
    decode_bytes, decode_lines, encode_for, lines_for,
};
use lock::LentS3Lock;
use writer::Writer;

/// The number of journal entries that are read at once.
const AT_ONCE: usize = 16;

/// A store in S3. `dev.json` is the state as it was last written whole. `dev.json.journal/…` has
/// the changes since then, one object each, so that recording a change costs the same at any size.
/// `dev.json.backup` is the state before the last run. `dev.json.lock` is the lock. It is never
/// deleted, and says if somebody holds it: not every store can delete under a condition.
pub struct S3Store {
    place: S3Place,
    objects: Arc<dyn Objects>,
    /// The writer's id while no lock is held.
    id: String,
    lease: Duration,
    base: Mutex<Base>,
    given: Arc<Mutex<Option<LentS3Lock>>>,
    seal: FileEncryption,
}

/// The state object, as this run knows it.
#[derive(Clone)]
enum Base {
    Unread,
    Absent,
    /// Read, with its content until that has been kept as the last good copy.
    Read {
        tag: String,
        before: Option<Arc<[u8]>>,
    },
}

impl S3Store {
    pub fn new(place: S3Place, objects: Arc<dyn Objects>) -> Self {
        Self {
            place,
            objects,
            id: uuid::Uuid::new_v4().to_string(),
            lease: LEASE,
            base: Mutex::new(Base::Unread),
            given: Arc::default(),
            seal: FileEncryption::default(),
        }
    }

    /// Encrypts the state for the recipients of `seal`, and reads it with its identities.
    #[must_use]
    pub fn sealed(self, seal: FileEncryption) -> Self {
        Self { seal, ..self }
    }

    #[must_use]
    pub fn with_lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    fn error(&self, what: &'static str) -> impl Fn(Failure) -> StoreError {
        let location = self.location();
        move |failure| StoreError::Remote {
            what,
            location: location.clone(),
            failure: Box::new(failure),
        }
    }

    fn beside(&self, suffix: &str) -> String {
        format!("{}{suffix}", self.place.key)
    }

    /// Returns a writer with the lock's id, so that another holder's write is never mistaken for
    /// this run's.
    fn writer(&self) -> Writer<'_> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let id = given.as_ref().map_or_else(|| self.id.clone(), |given| given.info.id.clone());
        Writer { objects: self.objects.as_ref(), id }
    }

    fn remember(&self, base: Base) {
        *self.base.lock().unwrap_or_else(PoisonError::into_inner) = base;
    }

    /// Reads the content of the state object.
    async fn read_base(&self) -> Result<Option<Arc<[u8]>>, StoreError> {
        let Some(object) = self.objects.get(&self.place.key).await.map_err(self.error("read"))?
        else {
            self.remember(Base::Absent);
            return Ok(None);
        };
        let body: Arc<[u8]> = object.body.into();
        self.remember(Base::Read { tag: object.tag, before: Some(Arc::clone(&body)) });
        Ok(Some(body))
    }

    async fn base(&self) -> Result<Base, StoreError> {
        if matches!(*self.base.lock().unwrap_or_else(PoisonError::into_inner), Base::Unread) {
            self.read_base().await?;
        }
        Ok(self.base.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Reads the changes in the order of their serials, which is that of their keys.
    async fn journal(&self) -> Result<Vec<JournalChange>, StoreError> {
        let keys = self
            .objects
            .list_keys(&self.beside(".journal/"))
            .await
            .map_err(self.error("read the journal of"))?;
        let entries = stream::iter(keys).map(|key| async move {
            // An entry that is gone by now has been merged into the state, which is read after the
            // journal.
            let found = self.objects.get(&key).await.map_err(self.error("read the journal of"))?;
            let changes = found.map(|object| decode_lines(&object.body, &self.seal)).transpose();
            changes
                .map(Option::unwrap_or_default)
                .map_err(|error| self.journal_refused(&key, error))
        });
        entries.buffered(AT_ONCE).try_concat().await
    }

    fn journal_refused(&self, key: &str, error: DecodeError) -> StoreError {
        let location = S3Place { key: key.to_owned(), ..self.place.clone() }.to_url();
        match error {
            DecodeError::NotState(why) => StoreError::Journal { location, why },
            DecodeError::Newer(found) => StoreError::Newer { location, found },
            DecodeError::Sealed(why) => StoreError::Sealed { location, why },
        }
    }

    async fn refused(&self, error: DecodeError) -> StoreError {
        let location = self.location();
        match error {
            DecodeError::NotState(why) => {
                StoreError::Unreadable { location, why, backup: self.good_backup().await }
            }
            DecodeError::Newer(found) => StoreError::Newer { location, found },
            DecodeError::Sealed(why) => StoreError::Sealed { location, why },
        }
    }

    async fn good_backup(&self) -> Option<String> {
        let key = self.beside(".backup");
        let found = self.objects.get(&key).await.ok().flatten()?;
        decode_bytes(&found.body, &self.seal)
            .ok()
            .map(|_| S3Place { key, ..self.place.clone() }.to_url())
    }

    /// Keeps the state that the run found, once a run. A state that cannot be read does not replace
    /// the good copy.
    async fn keep_last_good(&self, body: &[u8]) -> Result<(), StoreError> {
        let Some(body) = backup_content(body, &self.seal) else { return Ok(()) };
        let key = self.beside(".backup");
        let before = self.objects.get(&key).await.map_err(self.error("save the backup of"))?;
        let only = before.map_or(Only::IfAbsent, |object| Only::IfTag(object.tag));
        let done = self
            .writer()
            .put_object(&key, &body, &only)
            .await
            .map_err(self.error("save the backup of"))?;
        done.map(|_| ()).ok_or_else(|| StoreError::Moved { location: self.location() })
    }

    /// Deletes the entries that were there when the state was written. None of them is another
    /// run's, or the write would have been refused. Entries that stay behind after a failure are
    /// skipped when they are read, and deleted later.
    async fn clear_journal(&self, entries: &[String]) {
        if let Err(error) = self.objects.delete(entries).await {
            tracing::debug!(%error, "the journal could not be cleared; the next run does it");
        }
    }

    /// Returns the key of a serial's entry. The keys sort in the order of the serials.
    fn entry(&self, serial: u64) -> String {
        self.beside(&format!(".journal/{serial:020}"))
    }
}

#[async_trait]
impl Store for S3Store {
    async fn load_state(&self) -> Result<Option<State>, StoreError> {
        // The journal is read first: if a run ends meanwhile, its changes are in the state by the
        // time that the state is read.
        let journal = self.journal().await?;
        let refused = |error| self.journal_refused(&self.beside(".journal/"), error);
        let Some(body) = self.read_base().await? else {
            return match journal.as_slice() {
                [] => Ok(None),
                _ => Err(refused(InvalidState::new("the state that it belongs to is gone").into())),
            };
        };
        match decode_bytes(&body, &self.seal) {
            Ok(state) => state.replay(journal).map(Some).map_err(refused),
            Err(error) => Err(self.refused(error).await),
        }
    }

    async fn save_state(&self, state: &State) -> Result<(), StoreError> {
        let base = self.base().await?;
        let entries =
            self.objects.list_keys(&self.beside(".journal/")).await.map_err(self.error("save"))?;
        let only = match base {
            Base::Read { tag, before } => {
                if let Some(before) = before {
                    self.keep_last_good(&before).await?;
                }
                Only::IfTag(tag)
            }
            Base::Unread | Base::Absent => Only::IfAbsent,
        };
        let written =
            self.writer().put_object(&self.place.key, &encode_for(state, &self.seal), &only).await;
        let tag = written.map_err(self.error("save"))?;
        let tag = tag.ok_or_else(|| StoreError::Moved { location: self.location() })?;
        self.remember(Base::Read { tag, before: None });
        self.clear_journal(&entries).await;
        Ok(())
    }

    /// Appends changes. Another run that knows the same state begins with the same serial, and so
    /// at the same key.
    async fn append(&self, changes: &[JournalChange]) -> Result<(), StoreError> {
        let Some(first) = changes.first() else { return Ok(()) };
        let lines = lines_for(changes, &self.seal);
        let written = self
            .writer()
            .put_object(&self.entry(first.serial), lines.as_bytes(), &Only::IfAbsent)
            .await;
        let tag = written.map_err(self.error("save the journal of"))?;
        tag.map(|_| ()).ok_or_else(|| StoreError::Moved { location: self.location() })
    }

    async fn acquire_lock(&self, info: &LockInfo) -> Result<Box<dyn Lock>, StoreError> {
        Ok(Box::new(self.take(info).await?))
    }

    fn check_lock(&self) -> Result<(), StoreError> {
        self.still_held()
    }

    async fn unlock(&self, id: &str) -> Result<LockInfo, StoreError> {
        self.take_away(id).await
    }

    async fn keep_unreadable(&self, label: &str) -> Result<Vec<String>, StoreError> {
        let error = self.error("keep a copy of");
        let state = self.read_base().await?.map(|body| body.to_vec());
        let mut journal = Vec::new();
        for key in self.objects.list_keys(&self.beside(".journal/")).await.map_err(&error)? {
            let entry = self.objects.get(&key).await.map_err(&error)?;
            journal.extend(entry.map(|object| object.body).unwrap_or_default());
        }
        let journal = (!journal.is_empty()).then_some(journal);
        let mut kept = Vec::new();
        for (body, suffix) in [(state, "backup"), (journal, "journal.backup")] {
            let Some(body) = body else { continue };
            let key = self.beside(&format!(".{label}.{suffix}"));
            let written = self.writer().put_object(&key, &body, &Only::IfAbsent).await;
            let refused = || StoreError::Moved { location: self.location() };
            written.map_err(&error)?.ok_or_else(refused)?;
            kept.push(S3Place { key, ..self.place.clone() }.to_url());
        }
        Ok(kept)
    }

    fn location(&self) -> String {
        self.place.to_url()
    }
}
