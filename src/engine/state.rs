//! Manual changes of a state: forget, record, rebuild, replace, copy. Each is made under the lock.

use super::error::{EngineError, SuccessionError};
use super::lock::StateLock;
use super::recover::{entry_of, recover_and_report, tag_for};
use super::workspace::{Workspace, load_state, require_state};
use crate::address::{Address, AddressQuery};
use crate::call::Observed;
use crate::kind::{self, Ownership};
use crate::model::{Desired, RecordedObject};
use crate::port::Store;
use crate::resolve::recovery::RecoveredObjects;
use crate::resolve::{ALL_READS, ReadPurpose, Resolver, read_object};
use crate::state::{State, StoreError};

/// Finds one resource in a state.
pub fn find_resource<'s>(
    state: &'s State,
    query: &AddressQuery,
) -> Result<(Address, &'s RecordedObject), EngineError> {
    let address = query.find(state.resources.keys())?;
    let entry = &state.resources[&address];
    Ok((address, entry))
}

/// Forgets one resource: it stays in AWS, and the manifest no longer owns it. Returns its address.
pub async fn forget_resource(
    desired: &Desired,
    lock: &StateLock<'_>,
    query: &AddressQuery,
) -> Result<Address, EngineError> {
    let mut state = require_state(desired, lock.store()).await?;
    let (address, _) = find_resource(&state, query)?;
    state.resources.remove(&address);
    state.serial += 1;
    lock.store().save_state(&state).await?;
    Ok(address)
}

/// Finds the object that is to be recorded by hand: it must be declared, and only the state can say
/// who owns it.
pub fn find_addable(desired: &Desired, query: &AddressQuery) -> Result<Address, EngineError> {
    let address = query.find(desired.resources.keys())?;
    let facts = kind::kind_of(address.kind()).facts();
    if facts.ownership != Ownership::State || facts.parent.is_some() {
        return Err(EngineError::NotAddable { address, ownership: facts.ownership });
    }
    Ok(address)
}

/// Records an existing object as the manifest's, with its live values.
pub async fn add_resource(
    workspace: &Workspace<'_>,
    lock: &StateLock<'_>,
    address: &Address,
) -> Result<(), EngineError> {
    let Workspace { desired, provider, .. } = *workspace;
    let address = &find_addable(desired, &address.clone().into())?;
    let kind = kind::kind_of(address.kind());
    let state = if let Some(state) = load_state(desired, lock.store()).await? {
        state
    } else {
        // A first state must hold every object that is known to be the manifest's: later plans no
        // longer read the tags.
        let mut resolver = Resolver::new(provider, ALL_READS);
        recovered_state(recover_and_report(&mut resolver, workspace, true).await, workspace)
    };
    if state.resources.contains_key(address) {
        return Err(EngineError::AlreadyRecorded { address: address.clone() });
    }
    let resource = &desired.resources[address];
    let (observed, _) =
        read_object(provider, kind, &resource.attributes, ReadPurpose::Change).await;
    let seen = match observed {
        Observed::Present(seen) => seen,
        Observed::Absent => return Err(EngineError::NotInAws { address: address.clone() }),
        Observed::Unknown(failure) => return Err(failure.into()),
    };
    let mut state = State { serial: state.serial + 1, ..state };
    state.resources.insert(address.clone(), entry_of(kind, resource, &seen));
    Ok(lock.store().save_state(&state).await?)
}

/// Rebuilds the state from what exists: every declared object that is the manifest's, and every
/// object that carries its tag. `before` is the state that it follows. `None` means that no
/// readable state exists.
pub async fn rebuild_state(
    workspace: &Workspace<'_>,
    lock: &StateLock<'_>,
    before: Option<State>,
) -> Result<State, EngineError> {
    let mut resolver = Resolver::new(workspace.provider, ALL_READS);
    let found = recover_and_report(&mut resolver, workspace, true).await;
    let state = match before {
        Some(before) => State { resources: found.resources, ..before },
        None => recovered_state(found, workspace),
    };
    let state = State { serial: state.serial + 1, ..state };
    lock.store().save_state(&state).await?;
    Ok(state)
}

/// Makes a state of a new lineage for objects that were found by their tags.
fn recovered_state(found: RecoveredObjects, workspace: &Workspace<'_>) -> State {
    let Workspace { desired, store, .. } = *workspace;
    let tag = tag_for(found.state_tags, desired, &store.unique_place());
    State { resources: found.resources, tag, ..new_state(&desired.name, &desired.account) }
}

/// Makes a state of a new lineage, without any records.
pub(super) fn new_state(manifest: &str, account: &str) -> State {
    State::new(uuid::Uuid::new_v4().to_string(), manifest, account)
}

/// The options for replacing a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PushOptions {
    /// Replaces even a newer, different or damaged state.
    pub force: bool,
}

/// Replaces the whole state by another. Returns its new serial, or `None` if the states were equal.
pub async fn push_state(
    lock: &StateLock<'_>,
    state: State,
    options: PushOptions,
) -> Result<Option<u64>, EngineError> {
    replace_state(lock.store(), state, options).await
}

async fn replace_state(
    store: &dyn Store,
    mut state: State,
    PushOptions { force }: PushOptions,
) -> Result<Option<u64>, EngineError> {
    let current = match store.load_state().await {
        Err(StoreError::Unreadable { .. } | StoreError::Journal { .. }) if force => None,
        loaded => loaded?,
    };
    if let Some(current) = current {
        if current == state {
            return Ok(None);
        }
        if !force {
            check_successor(&state, &current).map_err(|reason| EngineError::NotSuccessor {
                location: store.location(),
                reason,
            })?;
        }
        state.serial = state.serial.max(current.serial);
    }
    // Plans that were made for the old state cannot be applied to the new one.
    state.serial += 1;
    store.save_state(&state).await?;
    Ok(Some(state.serial))
}

fn check_successor(state: &State, current: &State) -> Result<(), SuccessionError> {
    if state.lineage != current.lineage {
        let (stored, pushed) = (current.lineage.clone(), state.lineage.clone());
        return Err(SuccessionError::OtherLineage { stored, pushed });
    }
    if state.serial < current.serial {
        let (stored, pushed) = (current.serial, state.serial);
        return Err(SuccessionError::OlderSerial { stored, pushed });
    }
    Ok(())
}

/// Makes sure that two stores are not the same place.
pub fn check_distinct(from: &dyn Store, to: &dyn Store) -> Result<(), EngineError> {
    if from.location() == to.location() {
        return Err(EngineError::SameStore { location: from.location() });
    }
    Ok(())
}

/// Returns the state that can be copied from one store to the other; `None` if the copy is there
/// already. Called without locks, it finds most problems before a lock leaves traces in a store.
pub async fn check_migration(
    desired: &Desired,
    from: &dyn Store,
    to: &dyn Store,
) -> Result<Option<State>, EngineError> {
    check_distinct(from, to)?;
    let state = require_state(desired, from).await?;
    match load_state(desired, to).await? {
        // A run that was killed after copying is finished by running it again.
        Some(there) if there == state => Ok(None),
        Some(_) => Err(EngineError::OccupiedStore { location: to.location() }),
        None => Ok(Some(state)),
    }
}

/// Copies a manifest's state from one store to another, with both locked, and verifies the copy.
pub async fn migrate_state(
    desired: &Desired,
    from: &StateLock<'_>,
    to: &StateLock<'_>,
) -> Result<(), EngineError> {
    let store = to.store();
    let Some(state) = check_migration(desired, from.store(), store).await? else { return Ok(()) };
    store.save_state(&state).await?;
    match store.load_state().await? {
        Some(copied) if copied == state => Ok(()),
        Some(_) | None => Err(EngineError::CopyDiffers { location: store.location() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;

    fn state(lineage: &str, serial: u64) -> State {
        State { serial, ..State::new(lineage, "dev", "123456789012") }
    }

    #[tokio::test]
    async fn an_older_or_another_state_is_pushed_only_by_force_and_always_under_a_new_serial() {
        let store = MemoryStore::new();
        let push = async |state, force| replace_state(&store, state, PushOptions { force }).await;
        assert_eq!(push(state("a", 3), false).await.unwrap(), Some(4));
        assert_eq!(push(state("a", 4), false).await.unwrap(), None);
        let refusal = async |state| push(state, false).await.unwrap_err().to_string();
        assert!(
            refusal(state("a", 3))
                .await
                .contains("newer than the file (serial 4, the file says 3)")
        );
        assert!(
            refusal(state("b", 9)).await.contains("another state (lineage a, the file says b)")
        );
        assert_eq!(push(state("b", 2), true).await.unwrap(), Some(5));
        assert_eq!(store.load_state().await.unwrap(), Some(state("b", 5)));
    }
}
