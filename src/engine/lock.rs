//! The lock on a state, which another run may hold.

use std::time::Duration;

use super::error::EngineError;
use super::workspace::EngineObserver;
use crate::port::{Lock, Store};
use crate::state::LockInfo;
use crate::store;

/// The holder and the timeout for taking a lock.
#[derive(Clone, Debug)]
pub struct LockOptions {
    /// The description that is shown to a run that finds the state locked.
    pub holder: LockInfo,
    /// The longest wait for a run that holds the lock. Zero fails at once.
    pub timeout: Duration,
}

/// The lock on a state, taken. Functions that change a state require it, so that nothing is changed
/// without the lock.
pub struct StateLock<'a> {
    store: &'a dyn Store,
    lock: Box<dyn Lock>,
}

impl<'a> StateLock<'a> {
    /// Takes the lock, and waits while another run holds it. The observer is told the holder once.
    pub async fn take(
        store: &'a dyn Store,
        options: &LockOptions,
        observer: &dyn EngineObserver,
    ) -> Result<Self, EngineError> {
        let waiting = |holder: &LockInfo| observer.lock_is_held(&store.location(), holder);
        let lock = store::wait_for_lock(store, &options.holder, options.timeout, waiting).await?;
        Ok(Self { store, lock })
    }

    /// Returns the store whose state is locked.
    pub fn store(&self) -> &'a dyn Store {
        self.store
    }

    /// Releases the lock. Dropping it also releases it where that needs no call. In other stores a
    /// dropped lock stays until its lease ends.
    pub async fn release(self) {
        self.lock.release().await;
    }
}
