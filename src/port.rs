//! The interfaces to the outside world that the drivers need.

use async_trait::async_trait;

use crate::call::{Failure, Read, Reply, StepOutput, Write};
use crate::state::{JournalChange, LockInfo, State, StoreError};

/// The provider, a thin layer that sends all calls.
#[async_trait]
pub trait Provider: Send + Sync {
    async fn read(&self, read: &Read) -> Result<Reply, Failure>;

    /// Sends a write. `carried` holds the secret that a call on local files writes to its sink.
    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure>;

    /// Returns the number of calls that are only waiting now because AWS throttles their
    /// operations. Other calls can be sent meanwhile.
    fn waiting(&self) -> usize {
        0
    }
}

/// The store of a state.
#[async_trait]
pub trait Store: Send + Sync {
    /// Loads the state with everything that was appended to it. Returns `None` if no state exists
    /// yet.
    async fn load_state(&self) -> Result<Option<State>, StoreError>;

    /// Saves the whole state atomically. After an error or a kill, the last saved state is still
    /// there.
    async fn save_state(&self, state: &State) -> Result<(), StoreError>;

    /// Records the next changes of the last saved state at once. They are durable when this
    /// returns. The cost does not depend on the size of the state or on the number of earlier
    /// changes. After an error or a kill, the first few changes may be recorded. A store that
    /// cannot do better writes the whole state.
    async fn append(&self, changes: &[JournalChange]) -> Result<(), StoreError> {
        let missing = || StoreError::Missing { location: self.location() };
        let mut state = self.load_state().await?.ok_or_else(missing)?;
        for change in changes {
            state.change(change.clone());
        }
        self.save_state(&state).await
    }

    /// Takes the lock, which is a lease that the store renews until the guard is dropped. Does not
    /// wait: `StoreError::Locked` names the holder.
    async fn acquire_lock(&self, info: &LockInfo) -> Result<Box<dyn Lock>, StoreError>;

    /// Makes sure that the lock is still held. A run calls this before every change. Returns
    /// `StoreError::Lost` once this store no longer holds the lock that it gave out. Sends nothing.
    fn check_lock(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Keeps copies of a state that cannot be read, and of its journal, beside it. Their names have
    /// the label, which tells them from earlier copies. Returns their places.
    async fn keep_unreadable(&self, _label: &str) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    /// Removes the lock with this id from its holder.
    async fn unlock(&self, _id: &str) -> Result<LockInfo, StoreError> {
        Err(StoreError::NotLocked { location: self.location() })
    }

    /// Returns the place of the state, for people: `state/dev.json`.
    fn location(&self) -> String;

    /// Returns the place of the state with all that tells it from the places of other states: of a
    /// local file, the machine and the absolute path.
    fn unique_place(&self) -> String {
        self.location()
    }
}

/// A lock on the state.
#[async_trait]
pub trait Lock: Send + Sync {
    /// Releases the lock. Dropping it also releases it where that needs no call. In other stores a
    /// dropped lock stays until its lease ends.
    async fn release(&self) {}
}

/// The storage for small objects with conditional writes, which is all that a state needs of S3.
#[async_trait]
pub trait Objects: Send + Sync {
    async fn get(&self, key: &str) -> Result<Option<StoredObject>, Failure>;

    /// Writes an object under a condition. `writer` is stored with the object, so that a refused
    /// writer can tell whether its own first attempt caused the refusal.
    async fn put_object(
        &self,
        key: &str,
        body: &[u8],
        writer: &str,
        only: &Only,
    ) -> Result<Put, Failure>;

    /// Lists all keys with this prefix, in order.
    async fn list_keys(&self, prefix: &str) -> Result<Vec<String>, Failure>;

    /// Deletes objects. A missing object is not an error.
    async fn delete(&self, keys: &[String]) -> Result<(), Failure>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    pub body: Vec<u8>,
    /// The version of the object, which changes with every write.
    pub tag: String,
    pub writer: String,
}

/// The condition of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Only {
    IfAbsent,
    /// The object still has this tag.
    IfTag(String),
}

/// The result of a conditional write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    Done {
        tag: String,
    },
    /// The condition does not hold.
    Refused,
    /// Another write is in progress; this one can be tried again.
    Busy,
}
