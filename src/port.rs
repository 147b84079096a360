//! What the drivers need from the world.

use async_trait::async_trait;

use crate::call::{Failure, Read, Reply, StepOutput, Write};
use crate::state::{JournalChange, LockInfo, State, StoreError};

/// The one thin edge that sends calls.
#[async_trait]
pub trait Provider: Send + Sync {
    async fn read(&self, read: &Read) -> Result<Reply, Failure>;

    /// Sends a write. `carried` holds the secret that one of the calls on local files puts into its
    /// sink.
    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure>;

    /// Returns the number of calls that only wait now, since AWS takes no more of their operations.
    /// Others can be sent meanwhile.
    fn waiting(&self) -> usize {
        0
    }
}

/// The store of a state.
#[async_trait]
pub trait Store: Send + Sync {
    /// Loads the state with everything that was appended to it. `None`: there is none yet.
    async fn load_state(&self) -> Result<Option<State>, StoreError>;

    /// Saves the whole state, all or nothing: after an error or a kill the last state that was
    /// saved is still there.
    async fn save_state(&self, state: &State) -> Result<(), StoreError>;

    /// Notes the next changes of the state that was saved last, at once: lasting when this returns,
    /// and at the same cost however large the state is and however many changes there were before.
    /// After an error, or a kill, the first few may be noted. A store that cannot do better writes
    /// the whole state.
    async fn append(&self, changes: &[JournalChange]) -> Result<(), StoreError> {
        let missing = || StoreError::Missing { location: self.location() };
        let mut state = self.load_state().await?.ok_or_else(missing)?;
        for change in changes {
            state.change(change.clone());
        }
        self.save_state(&state).await
    }

    /// Takes the lock: a lease, which the store renews until the guard is dropped. Does not wait:
    /// `StoreError::Locked` says who has it.
    async fn acquire_lock(&self, info: &LockInfo) -> Result<Box<dyn Lock>, StoreError>;

    /// Makes sure that the lock is still held, before everything that a run changes:
    /// `StoreError::Lost` once the lock that this store gave out is no longer its own. Sends
    /// nothing.
    fn check_lock(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Takes the lock with this id from whoever has it.
    async fn unlock(&self, _id: &str) -> Result<LockInfo, StoreError> {
        Err(StoreError::NotLocked { location: self.location() })
    }

    /// Returns the place of the state, for people: `state/dev.json`.
    fn location(&self) -> String;
}

/// A lock on the state.
#[async_trait]
pub trait Lock: Send + Sync {
    /// Gives it back. Dropping it does so too, where that needs no call; elsewhere it then stays
    /// until its lease ends.
    async fn release(&self) {}
}

/// A storage of small objects that are written under conditions: all that a state needs of S3.
#[async_trait]
pub trait Objects: Send + Sync {
    async fn get(&self, key: &str) -> Result<Option<StoredObject>, Failure>;

    /// Writes an object under a condition. `writer` is kept with the object, so that a writer who
    /// was refused can tell whether it was by their own first attempt.
    async fn put_object(
        &self,
        key: &str,
        body: &[u8],
        writer: &str,
        only: &Only,
    ) -> Result<Put, Failure>;

    /// Lists all keys that begin so, in order.
    async fn list_keys(&self, prefix: &str) -> Result<Vec<String>, Failure>;

    /// Deletes objects. One that isn't there is no error.
    async fn delete(&self, keys: &[String]) -> Result<(), Failure>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    pub body: Vec<u8>,
    /// The version of the object: another with every write.
    pub tag: String,
    pub writer: String,
}

/// The condition of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Only {
    IfAbsent,
    /// It still has this tag.
    IfTag(String),
}

/// The result of a write under a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    Done {
        tag: String,
    },
    /// The condition does not hold.
    Refused,
    /// Another write is under way; this one may be tried again.
    Busy,
}
