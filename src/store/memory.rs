//! Stores state in memory, for tests and for programs that keep it elsewhere.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::lease::{LEASE, Renewal};
use crate::clock::present_time;
use crate::port::{Lock, Store};
use crate::state::{DecodeError, JournalChange, LockInfo, State, StoreError};

#[derive(Debug)]
pub struct MemoryStore {
    shared: Arc<Mutex<MemoryContents>>,
    /// The id of the lock that this store gave out.
    given: Arc<Mutex<Option<String>>>,
    lease: Duration,
}

#[derive(Debug, Default)]
struct MemoryContents {
    state: Option<State>,
    lock: Option<LockInfo>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self { shared: Arc::default(), given: Arc::default(), lease: LEASE }
    }
}

impl MemoryStore {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn with_lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// Returns a store of the same state, as another run would open it.
    #[must_use]
    pub fn reopened(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), given: Arc::default(), lease: self.lease }
    }

    fn shared(&self) -> MutexGuard<'_, MemoryContents> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn load_state(&self) -> Result<Option<State>, StoreError> {
        Ok(self.shared().state.clone())
    }

    async fn save_state(&self, state: &State) -> Result<(), StoreError> {
        self.shared().state = Some(state.clone());
        Ok(())
    }

    async fn append(&self, changes: &[JournalChange]) -> Result<(), StoreError> {
        let location = self.location();
        let mut shared = self.shared();
        let Some(state) = &mut shared.state else { return Err(StoreError::Missing { location }) };
        match changes.iter().try_for_each(|change| state.follow(change.clone())) {
            Ok(()) => Ok(()),
            Err(DecodeError::NotState(why)) => Err(StoreError::Journal { location, why }),
            Err(DecodeError::Newer(found)) => Err(StoreError::Newer { location, found }),
            Err(DecodeError::Sealed(why)) => Err(StoreError::Sealed { location, why }),
        }
    }

    async fn acquire_lock(&self, info: &LockInfo) -> Result<Box<dyn Lock>, StoreError> {
        let now = present_time();
        let mut shared = self.shared();
        if let Some(other) = shared.lock.as_ref().filter(|other| !other.has_expired(now)) {
            return Err(StoreError::Locked {
                location: self.location(),
                info: Box::new(other.clone()),
            });
        }
        shared.lock = Some(info.leased(now, self.lease));
        *self.given.lock().unwrap_or_else(PoisonError::into_inner) = Some(info.id.clone());
        let (weak, id, lease) = (Arc::downgrade(&self.shared), info.id.clone(), self.lease);
        let renewal = Renewal::start(lease, move || {
            let goes_on = weak.upgrade().is_some_and(|shared| renew(&shared, &id, lease));
            async move { goes_on }
        });
        let (shared, given) = (Arc::clone(&self.shared), Arc::clone(&self.given));
        Ok(Box::new(MemoryLock { shared, given, id: info.id.clone(), _renewal: renewal }))
    }

    fn check_lock(&self) -> Result<(), StoreError> {
        let Some(ours) = self.given.lock().unwrap_or_else(PoisonError::into_inner).clone() else {
            return Ok(());
        };
        let why = match &self.shared().lock {
            Some(info) if info.id == ours => return Ok(()),
            Some(info) => format!("now {info} holds it"),
            None => "somebody has removed it".to_owned(),
        };
        Err(StoreError::Lost { location: self.location(), why })
    }

    async fn unlock(&self, id: &str) -> Result<LockInfo, StoreError> {
        let location = self.location();
        let mut shared = self.shared();
        match shared.lock.take() {
            None => Err(StoreError::NotLocked { location }),
            Some(info) if info.id == id => Ok(info),
            Some(info) => {
                shared.lock = Some(info.clone());
                Err(StoreError::OtherLock { location, info: Box::new(info) })
            }
        }
    }

    fn location(&self) -> String {
        "memory".to_owned()
    }
}

fn renew(shared: &Mutex<MemoryContents>, id: &str, lease: Duration) -> bool {
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    match &mut shared.lock {
        Some(info) if info.id == id => {
            *info = info.leased(present_time(), lease);
            true
        }
        _ => false,
    }
}

struct MemoryLock {
    shared: Arc<Mutex<MemoryContents>>,
    given: Arc<Mutex<Option<String>>>,
    id: String,
    _renewal: Renewal,
}

impl Lock for MemoryLock {}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.lock.as_ref().is_some_and(|info| info.id == self.id) {
            shared.lock = None;
        }
        *self.given.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
