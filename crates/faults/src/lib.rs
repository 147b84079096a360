//! Fault injection at the seams where a run leaves the process: the proof that faults lose nothing.
//!
//! [`FaultyProvider`] and [`FaultyStore`] wrap a provider and a store, and let the faults of
//! [`Faults`] happen to them: single [`PlannedFault`]s, or random ones by a seed and
//! [`FaultRates`].

mod fault;
mod faults;
mod provider;
mod random;
mod replication;
mod store;

pub use fault::{FaultKind, Killed, PlannedFault, Seam};
pub use faults::Faults;
pub use provider::FaultyProvider;
pub use random::FaultRates;
pub use replication::{Replicated, ReplicationLag};
pub use store::FaultyStore;

use std::sync::{Mutex, MutexGuard, PoisonError};

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
