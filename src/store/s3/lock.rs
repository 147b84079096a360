//! The lock of a state in a bucket: an object that is created, renewed and released under
//! conditions.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::S3Store;
use super::writer::Writer;
use crate::call::Failure;
use crate::clock::present_time;
use crate::port::{Lock, Objects, Only, Put, Store, StoredObject};
use crate::state::{LockInfo, StoreError};
use crate::store::lease::Renewal;
use crate::store::process;

/// The number of attempts to take a lock that changes hands meanwhile.
const ATTEMPTS: u32 = 4;

/// An ETag that no object has.
const NO_TAG: &str = "\"00000000000000000000000000000000\"";

/// The lock that a store gave out, as its holder knows it.
#[derive(Debug)]
pub(super) struct LentS3Lock {
    pub info: LockInfo,
    tag: String,
    /// The time, by this machine's clock, until which nobody else takes the lock.
    until: Timestamp,
    lost: Option<String>,
}

/// The content of the lock object.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum LockContent {
    Held(LockInfo),
    Released { released: String },
}

impl LockContent {
    /// Reads the content. An object that no relayctl wrote counts as somebody's lock.
    fn of(object: &StoredObject) -> Self {
        serde_json::from_slice(&object.body).unwrap_or_else(|_| Self::Held(LockInfo::unknown()))
    }

    fn released(id: &str) -> Vec<u8> {
        bytes(&Self::Released { released: id.to_owned() })
    }

    /// Returns the holder, if the lock is held.
    fn holder(object: &StoredObject) -> Option<LockInfo> {
        match Self::of(object) {
            Self::Held(info) => Some(info),
            Self::Released { .. } => None,
        }
    }
}

/// Serialises the content. These types have text keys and no failing serialiser.
fn bytes(content: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(content).unwrap_or_default()
}

impl S3Store {
    pub(super) async fn take(&self, info: &LockInfo) -> Result<S3Lock, StoreError> {
        let key = self.beside(".lock");
        let writer = Writer { objects: self.objects.as_ref(), id: info.id.clone() };
        let mut only = Only::IfAbsent;
        let mut holder = LockInfo::unknown();
        for _ in 0..ATTEMPTS {
            let (leased, until) = leased(info, self.lease);
            let written = writer
                .put_object(&key, &bytes(&leased), &only)
                .await
                .map_err(|failure| self.unlockable(failure))?;
            if let Some(tag) = written {
                self.prove_conditions(&writer, &key, &bytes(&leased), &tag).await?;
                return Ok(
                    self.give(key, LentS3Lock { info: info.clone(), tag, until, lost: None })
                );
            }
            only = match self.objects.get(&key).await.map_err(self.error("lock"))? {
                None => Only::IfAbsent,
                Some(object) => match LockContent::holder(&object) {
                    Some(other)
                        if !other.has_expired(present_time())
                            && !process::is_gone(&other, info) =>
                    {
                        holder = other;
                        break;
                    }
                    // The lock was released, its holder has not renewed it in time, or it was a
                    // process of this machine that has ended.
                    _ => Only::IfTag(object.tag),
                },
            };
        }
        Err(StoreError::Locked { location: self.location(), info: Box::new(holder) })
    }

    /// Returns the error for a lock that failed. Some stores answer that they don't support
    /// conditions.
    fn unlockable(&self, failure: Failure) -> StoreError {
        if failure.code == "NotImplemented" {
            return StoreError::Unconditional { location: self.location() };
        }
        self.error("lock")(failure)
    }

    /// Checks that the store respects conditions. One that ignores them would silently let two runs
    /// in, so it is sent two writes that it must refuse.
    async fn prove_conditions(
        &self,
        writer: &Writer<'_>,
        key: &str,
        body: &[u8],
        tag: &str,
    ) -> Result<(), StoreError> {
        for impossible in [Only::IfAbsent, Only::IfTag(NO_TAG.to_owned())] {
            match self.objects.put_object(key, body, &writer.id, &impossible).await {
                Ok(Put::Refused | Put::Busy) => {}
                Ok(Put::Done { tag }) => {
                    drop(
                        writer
                            .put_object(key, &LockContent::released(&writer.id), &Only::IfTag(tag))
                            .await,
                    );
                    return Err(StoreError::Unconditional { location: self.location() });
                }
                Err(failure) => {
                    drop(
                        writer
                            .put_object(
                                key,
                                &LockContent::released(&writer.id),
                                &Only::IfTag(tag.to_owned()),
                            )
                            .await,
                    );
                    return Err(self.unlockable(failure));
                }
            }
        }
        Ok(())
    }

    fn give(&self, key: String, given: LentS3Lock) -> S3Lock {
        let id = given.info.id.clone();
        *locked(&self.given) = Some(given);
        let (objects, given, lease) =
            (Arc::clone(&self.objects), Arc::clone(&self.given), self.lease);
        let lock = S3Lock { key, id, objects, given, renewal: Mutex::new(None) };
        let shared = lock.shared();
        let renewal = Renewal::start(lease, move || {
            let shared = shared.clone();
            async move { shared.renew(lease).await }
        });
        *locked(&lock.renewal) = Some(renewal);
        lock
    }

    pub(super) fn still_held(&self) -> Result<(), StoreError> {
        let why = match locked(&self.given).as_ref() {
            Some(LentS3Lock { lost: Some(why), .. }) => why.clone(),
            Some(given) if present_time() > given.until => {
                "it could not be renewed in time".to_owned()
            }
            _ => return Ok(()),
        };
        Err(StoreError::Lost { location: self.location(), why })
    }

    pub(super) async fn take_away(&self, id: &str) -> Result<LockInfo, StoreError> {
        let key = self.beside(".lock");
        let location = self.location();
        let writer = Writer { objects: self.objects.as_ref(), id: self.id.clone() };
        loop {
            let found = self.objects.get(&key).await.map_err(self.error("unlock"))?;
            let Some((object, info)) =
                found.and_then(|object| LockContent::holder(&object).map(|info| (object, info)))
            else {
                return Err(StoreError::NotLocked { location });
            };
            if info.id != id {
                return Err(StoreError::OtherLock { location, info: Box::new(info) });
            }
            let done =
                writer.put_object(&key, &LockContent::released(id), &Only::IfTag(object.tag)).await;
            // If the write is refused, the holder has just renewed the lock.
            if done.map_err(self.error("unlock"))?.is_some() {
                return Ok(info);
            }
        }
    }
}

/// Returns the lease to write, and the time until which the holder relies on it, a little earlier
/// than for others.
fn leased(info: &LockInfo, lease: Duration) -> (LockInfo, Timestamp) {
    let now = present_time();
    let until = now.checked_add(lease / 8 * 7).unwrap_or(now);
    (info.leased(now, lease), until)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) struct S3Lock {
    key: String,
    id: String,
    objects: Arc<dyn Objects>,
    given: Arc<Mutex<Option<LentS3Lock>>>,
    renewal: Mutex<Option<Renewal>>,
}

/// The data that the task needs to renew the lock.
#[derive(Clone)]
struct RenewalState {
    key: String,
    id: String,
    objects: Arc<dyn Objects>,
    given: Arc<Mutex<Option<LentS3Lock>>>,
}

impl RenewalState {
    /// Returns this run's lock as it was last seen, unless it is lost.
    fn ours(&self) -> Option<(LockInfo, String)> {
        let given = locked(&self.given);
        let given =
            given.as_ref().filter(|given| given.info.id == self.id && given.lost.is_none())?;
        Some((given.info.clone(), given.tag.clone()))
    }

    /// Renews the lock; returns true if renewal should go on. A failure is no loss yet: there is
    /// time until the lease ends.
    async fn renew(&self, lease: Duration) -> bool {
        let Some((info, _)) = self.ours() else { return false };
        let (leased, until) = leased(&info, lease);
        match self.write(&bytes(&leased)).await {
            Ok(Ok(tag)) => {
                if let Some(given) = locked(&self.given).as_mut() {
                    (given.tag, given.until) = (tag, until);
                }
                true
            }
            Ok(Err(why)) => {
                tracing::warn!(why, "the lock was lost");
                if let Some(given) = locked(&self.given).as_mut() {
                    given.lost = Some(why);
                }
                false
            }
            Err(error) => {
                tracing::warn!(%error, "the lock could not be renewed; trying again");
                true
            }
        }
    }

    /// Writes the lock object; returns the new tag, or the reason that the lock is lost. An earlier
    /// write may have succeeded without an answer; then the object has this writer's id, and the
    /// write is repeated from its tag.
    async fn write(&self, body: &[u8]) -> Result<Result<String, String>, Failure> {
        let writer = Writer { objects: self.objects.as_ref(), id: self.id.clone() };
        let Some((_, mut tag)) = self.ours() else {
            return Ok(Err("it was given back".to_owned()));
        };
        loop {
            if let Some(tag) = writer.put_object(&self.key, body, &Only::IfTag(tag.clone())).await?
            {
                return Ok(Ok(tag));
            }
            match self.objects.get(&self.key).await? {
                Some(object) if object.writer == self.id && object.tag != tag => tag = object.tag,
                Some(object) => {
                    return Ok(Err(LockContent::holder(&object).map_or_else(
                        || "somebody has removed it".to_owned(),
                        |info| format!("now {info} holds it"),
                    )));
                }
                None => return Ok(Err("somebody has removed it".to_owned())),
            }
        }
    }
}

impl S3Lock {
    fn shared(&self) -> RenewalState {
        RenewalState {
            key: self.key.clone(),
            id: self.id.clone(),
            objects: Arc::clone(&self.objects),
            given: Arc::clone(&self.given),
        }
    }
}

#[async_trait]
impl Lock for S3Lock {
    /// Releases the lock. If it cannot be released, it expires.
    async fn release(&self) {
        drop(locked(&self.renewal).take());
        let shared = self.shared();
        if shared.ours().is_some() {
            match shared.write(&LockContent::released(&self.id)).await {
                Ok(Ok(_)) => {}
                Ok(Err(why)) => tracing::warn!(why, "the lock was lost before it was given back"),
                Err(error) => {
                    tracing::warn!(%error, "the lock could not be given back; it expires by itself");
                }
            }
        }
        locked(&self.given).take_if(|given| given.info.id == self.id);
    }
}
