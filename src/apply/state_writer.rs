//! The state as it grows during a run. Every change is recorded before the run goes on.

use std::sync::{self, PoisonError};

use futures::future::join;
use tokio::sync::{Mutex, oneshot};

use crate::address::Address;
use crate::event::Fault;
use crate::model::RecordedObject;
use crate::port::Store;
use crate::state::{JournalChange, State};

pub struct StateWriter<'a> {
    store: &'a dyn Store,
    /// The changes that are to be recorded next. Steps that end together have their changes
    /// recorded together. Recording each alone would wait for the disk, or the bucket, once per
    /// step.
    waiting: sync::Mutex<Vec<Waiting>>,
    state: Mutex<WrittenState>,
}

struct Waiting {
    address: Address,
    entry: Option<RecordedObject>,
    told: oneshot::Sender<Result<(), Fault>>,
}

struct WrittenState {
    state: State,
    /// Marks that a change could not be recorded. The next change is then saved together with it,
    /// because a journal has no gaps.
    unsaved: bool,
}

impl<'a> StateWriter<'a> {
    pub fn new(store: &'a dyn Store, state: State) -> Self {
        Self {
            store,
            waiting: sync::Mutex::default(),
            state: Mutex::new(WrittenState { state, unsaved: false }),
        }
    }

    pub async fn find_entry(&self, address: &Address) -> Option<RecordedObject> {
        self.state.lock().await.state.resources.get(address).cloned()
    }

    /// Writes the whole state under the next serial, with the changes that an earlier run left in
    /// the journal. Later changes are appended to this state.
    pub async fn begin_journal(&self) -> Result<(), Fault> {
        let mut kept = self.state.lock().await;
        self.check_lock()?;
        kept.state.serial += 1;
        self.store.save_state(&kept.state).await.map_err(|error| Fault::State(error.into()))
    }

    /// Folds the changes into the state. A failure loses nothing: the next run folds them.
    pub async fn fold_journal(&self) {
        let kept = self.state.lock().await;
        if self.check_lock().is_err() {
            return;
        }
        if let Err(error) = self.store.save_state(&kept.state).await {
            tracing::warn!(%error, "the changes stay in the journal; the next run folds them into \
                the state");
        }
    }

    pub async fn record_entry(
        &self,
        address: &Address,
        entry: RecordedObject,
    ) -> Result<(), Fault> {
        self.change(address, Some(entry)).await
    }

    pub async fn remove_entry(&self, address: &Address) -> Result<(), Fault> {
        self.change(address, None).await
    }

    /// Records an object at its address and drops the record at the address that it had before.
    /// Both changes are saved at once.
    pub async fn move_entry(
        &self,
        from: &Address,
        address: &Address,
        entry: Option<RecordedObject>,
    ) -> Result<(), Fault> {
        let (recorded, dropped) = join(self.change(address, entry), self.change(from, None)).await;
        recorded.and(dropped)
    }

    /// Restores the previous record after an attempt that had no effect.
    pub async fn restore_entry(
        &self,
        address: &Address,
        entry: Option<RecordedObject>,
    ) -> Result<(), Fault> {
        self.change(address, entry).await
    }

    /// Makes sure that the lock is still held. Without it another run may be working, and nothing
    /// is changed any more.
    pub fn check_lock(&self) -> Result<(), Fault> {
        self.store.check_lock().map_err(|error| Fault::Lock(error.into()))
    }

    async fn change(&self, address: &Address, entry: Option<RecordedObject>) -> Result<(), Fault> {
        let (told, answer) = oneshot::channel();
        self.queue().push(Waiting { address: address.clone(), entry, told });
        // The other steps that are about to record a change run first, so that all are recorded
        // together.
        tokio::task::yield_now().await;
        let mut kept = self.state.lock().await;
        let waiting = std::mem::take(&mut *self.queue());
        // An empty list means that this change was recorded with another step's while this step
        // waited for the lock.
        if !waiting.is_empty() {
            self.note(&mut kept, waiting).await;
        }
        drop(kept);
        answer.await.unwrap_or_else(|_| {
            Err(Fault::State("the run ended while it was saved".to_owned().into()))
        })
    }

    fn queue(&self) -> sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn note(&self, kept: &mut WrittenState, waiting: Vec<Waiting>) {
        let noted = match self.check_lock() {
            Ok(()) => self.save(kept, &waiting).await,
            Err(lost) => Err(lost),
        };
        for Waiting { told, .. } in waiting {
            // A step that no longer waits for the answer has ended with the run.
            drop(told.send(noted.clone()));
        }
    }

    async fn save(&self, kept: &mut WrittenState, waiting: &[Waiting]) -> Result<(), Fault> {
        let mut changes = Vec::with_capacity(waiting.len());
        for Waiting { address, entry, .. } in waiting {
            let (lineage, serial) = (kept.state.lineage.clone(), kept.state.serial + 1);
            let change =
                JournalChange { lineage, serial, address: address.clone(), entry: entry.clone() };
            kept.state.change(change.clone());
            changes.push(change);
        }
        let saved = if kept.unsaved {
            self.store.save_state(&kept.state).await
        } else {
            self.store.append(&changes).await
        };
        kept.unsaved = saved.is_err();
        saved.map_err(|error| Fault::State(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use async_trait::async_trait;
    use futures::future::join_all;
    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::address::KindName;
    use crate::model::Status;
    use crate::port::Lock;
    use crate::state::{LockInfo, StoreError};

    const AWAY: Duration = Duration::from_millis(50);

    /// A store that is far away. It keeps the last serial and the number of changes at once.
    #[derive(Default)]
    struct JournalDepth(sync::Mutex<(u64, Vec<usize>)>);

    #[async_trait]
    impl Store for JournalDepth {
        async fn load_state(&self) -> Result<Option<State>, StoreError> {
            Ok(None)
        }

        async fn save_state(&self, state: &State) -> Result<(), StoreError> {
            self.0.lock().unwrap().0 = state.serial;
            Ok(())
        }

        async fn append(&self, changes: &[JournalChange]) -> Result<(), StoreError> {
            sleep(AWAY).await;
            let mut given = self.0.lock().unwrap();
            for change in changes {
                assert_eq!(change.serial, given.0 + 1, "a journal has no gaps");
                given.0 = change.serial;
            }
            given.1.push(changes.len());
            Ok(())
        }

        async fn acquire_lock(&self, _info: &LockInfo) -> Result<Box<dyn Lock>, StoreError> {
            Err(StoreError::NotLocked { location: self.location() })
        }

        fn location(&self) -> String {
            "far away".to_owned()
        }
    }

    fn state() -> State {
        State::new("l", "dev", "123456789012")
    }

    fn entry() -> RecordedObject {
        let (attributes, depends_on) = Default::default();
        RecordedObject { status: Status::Done, id: None, attributes, depends_on }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_to_be_noted_at_once_waits_for_the_store_once_and_what_comes_meanwhile_once_more()
     {
        let store = JournalDepth::default();
        let writer = StateWriter::new(&store, state());
        writer.begin_journal().await.unwrap();
        let begun = Instant::now();
        let noted = |number: usize| {
            let writer = &writer;
            async move {
                // Every second step is ready while the first ones are being written.
                sleep(AWAY / 2 * u32::from(number % 2 == 1)).await;
                writer
                    .record_entry(&Address::new(KindName::ROLE, format!("r{number}")), entry())
                    .await
            }
        };
        let all = join_all((0..100).map(noted)).await;
        assert!(all.iter().all(Result::is_ok), "{all:?}");
        assert_eq!(begun.elapsed(), 2 * AWAY);
        assert_eq!(*store.0.lock().unwrap(), (101, vec![50, 50]));
    }
}
