//! The state as it grows during a run: every change of it is noted before the run goes on.

use tokio::sync::Mutex;

use crate::address::Address;
use crate::event::Fault;
use crate::model::Entry;
use crate::port::Store;
use crate::state::{Change, State, StoreError};

pub struct Ledger<'a> {
    store: &'a dyn Store,
    state: Mutex<Kept>,
}

struct Kept {
    state: State,
    /// A change could not be noted, so the next one is saved together with it: a journal has no gaps.
    unsaved: bool,
}

impl<'a> Ledger<'a> {
    pub fn new(store: &'a dyn Store, state: State) -> Self {
        Self { store, state: Mutex::new(Kept { state, unsaved: false }) }
    }

    pub async fn entry(&self, address: &Address) -> Option<Entry> {
        self.state.lock().await.state.resources.get(address).cloned()
    }

    /// Writes the whole state under the next serial, with what an earlier run left in the journal; changes are then
    /// appended to this one.
    pub async fn begin(&self) -> Result<(), Fault> {
        let mut kept = self.state.lock().await;
        self.held()?;
        kept.state.serial += 1;
        self.store.save(&kept.state).await.map_err(|error| unsaved(&error))
    }

    /// Folds the changes into the state. Nothing is lost if that fails: the next run folds them.
    pub async fn end(&self) {
        let kept = self.state.lock().await;
        if self.held().is_err() {
            return;
        }
        if let Err(error) = self.store.save(&kept.state).await {
            tracing::warn!(%error, "the changes stay in the journal; the next run folds them into the state");
        }
    }

    pub async fn put(&self, address: &Address, entry: Entry) -> Result<(), Fault> {
        self.change(address, Some(entry)).await
    }

    pub async fn remove(&self, address: &Address) -> Result<(), Fault> {
        self.change(address, None).await
    }

    /// What was recorded before an attempt that came to nothing.
    pub async fn restore(&self, address: &Address, entry: Option<Entry>) -> Result<(), Fault> {
        self.change(address, entry).await
    }

    /// Another run may be at work as soon as the lock is lost: then nothing is changed any more.
    pub fn held(&self) -> Result<(), Fault> {
        self.store.held().map_err(|error| Fault::Lock(error.to_string()))
    }

    async fn change(&self, address: &Address, entry: Option<Entry>) -> Result<(), Fault> {
        let mut kept = self.state.lock().await;
        self.held()?;
        let (lineage, serial) = (kept.state.lineage.clone(), kept.state.serial + 1);
        let change = Change { lineage, serial, address: address.clone(), entry };
        kept.state.change(change.clone());
        let saved = if kept.unsaved { self.store.save(&kept.state).await } else { self.store.append(&change).await };
        kept.unsaved = saved.is_err();
        saved.map_err(|error| unsaved(&error))
    }
}

fn unsaved(error: &StoreError) -> Fault {
    Fault::State(error.to_string())
}
