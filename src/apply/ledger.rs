//! The state as it grows during a run, saved after every change of it.

use tokio::sync::Mutex;

use crate::address::Address;
use crate::event::Fault;
use crate::model::{Entry, Recorded};
use crate::port::Store;
use crate::state::State;

pub struct Ledger<'a> {
    store: &'a dyn Store,
    state: Mutex<State>,
}

impl<'a> Ledger<'a> {
    pub fn new(store: &'a dyn Store, state: State) -> Self {
        Self { store, state: Mutex::new(state) }
    }

    pub async fn entry(&self, address: &Address) -> Option<Entry> {
        self.state.lock().await.resources.get(address).cloned()
    }

    /// Saves as it is, under the next serial.
    pub async fn save(&self) -> Result<(), Fault> {
        self.change(|_| ()).await
    }

    pub async fn put(&self, address: &Address, entry: Entry) -> Result<(), Fault> {
        self.change(|resources| {
            resources.insert(address.clone(), entry);
        })
        .await
    }

    pub async fn remove(&self, address: &Address) -> Result<(), Fault> {
        self.change(|resources| {
            resources.remove(address);
        })
        .await
    }

    /// What was recorded before an attempt that came to nothing.
    pub async fn restore(&self, address: &Address, entry: Option<Entry>) -> Result<(), Fault> {
        match entry {
            Some(entry) => self.put(address, entry).await,
            None => self.remove(address).await,
        }
    }

    async fn change(&self, change: impl FnOnce(&mut Recorded)) -> Result<(), Fault> {
        let mut state = self.state.lock().await;
        change(&mut state.resources);
        state.serial += 1;
        self.store.save(&state).await.map_err(|error| Fault::State(error.to_string()))
    }
}
