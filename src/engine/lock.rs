//! The lock on a state, which another run may have.

use std::time::Duration;

use super::error::EngineError;
use super::workspace::EngineObserver;
use crate::port::{Lock, Store};
use crate::state::LockInfo;
use crate::store;

/// The name under which a lock is taken, and the patience with which.
#[derive(Clone, Debug)]
pub struct LockOptions {
    /// Shown to whoever finds the state locked.
    pub holder: LockInfo,
    /// The longest wait for a run that has the lock; zero is an error at once.
    pub timeout: Duration,
}

/// The lock on a state, taken. What changes a state asks for it, so that nothing is changed
/// without.
pub struct StateLock<'a> {
    store: &'a dyn Store,
    lock: Box<dyn Lock>,
}

impl<'a> StateLock<'a> {
    /// Takes the lock, and waits for it while another run has it; the observer is told once which
    /// that is.
    pub async fn take(
        store: &'a dyn Store,
        options: &LockOptions,
        observer: &dyn EngineObserver,
    ) -> Result<Self, EngineError> {
        let waiting = |holder: &LockInfo| observer.lock_is_held(&store.location(), holder);
        let lock = store::wait_for_lock(store, &options.holder, options.timeout, waiting).await?;
        Ok(Self { store, lock })
    }

    /// The store whose state is locked.
    pub fn store(&self) -> &'a dyn Store {
        self.store
    }

    /// Gives the lock back. Dropping it does so too, where that needs no call; elsewhere it then
    /// stays until its lease ends.
    pub async fn release(self) {
        self.lock.release().await;
    }
}
