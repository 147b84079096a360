//! A store whose saves go wrong.

use std::sync::Arc;

use async_trait::async_trait;

use relayctl::port::{Lock, Store};
use relayctl::state::{JournalChange, LockInfo, State, StoreError};

use crate::fault::Seam;
use crate::faults::Faults;

/// A store whose saves go wrong.
pub struct FaultyStore<S> {
    inner: S,
    faults: Arc<Faults>,
}

impl<S: Store> FaultyStore<S> {
    pub fn new(inner: S, faults: Arc<Faults>) -> Self {
        Self { inner, faults }
    }

    fn lost(&self) -> StoreError {
        StoreError::Io {
            what: "save",
            location: self.location(),
            cause: std::io::ErrorKind::TimedOut.into(),
        }
    }
}

#[async_trait]
impl<S: Store> Store for FaultyStore<S> {
    async fn load_state(&self) -> Result<Option<State>, StoreError> {
        self.inner.load_state().await
    }

    async fn save_state(&self, state: &State) -> Result<(), StoreError> {
        self.faults.pass(Seam::Save, &"state", self.inner.save_state(state), |_| self.lost()).await
    }

    /// Appends the changes one by one: if one of them fails, those before it are noted.
    async fn append(&self, changes: &[JournalChange]) -> Result<(), StoreError> {
        for change in changes {
            let noted = self.inner.append(std::slice::from_ref(change));
            self.faults.pass(Seam::Save, &change.address, noted, |_| self.lost()).await?;
        }
        Ok(())
    }

    async fn acquire_lock(&self, info: &LockInfo) -> Result<Box<dyn Lock>, StoreError> {
        self.inner.acquire_lock(info).await
    }

    fn check_lock(&self) -> Result<(), StoreError> {
        self.inner.check_lock()
    }

    async fn unlock(&self, id: &str) -> Result<LockInfo, StoreError> {
        self.inner.unlock(id).await
    }

    fn location(&self) -> String {
        self.inner.location()
    }
}
