//! The inputs of a plan: a manifest, its account, and the state.

use super::error::{EngineError, StateClaim};
use crate::call::{CallerIdentity, Failure};
use crate::model::Desired;
use crate::port::{Provider, Store};
use crate::resolve;
use crate::state::{LockInfo, State};

/// A manifest, the provider for its account, and the store of its state.
#[derive(Clone, Copy)]
pub struct Workspace<'a> {
    pub desired: &'a Desired,
    pub provider: &'a dyn Provider,
    pub store: &'a dyn Store,
    /// The observer of what a run should report without stopping. `&()` observes nothing.
    pub observer: &'a dyn EngineObserver,
}

/// Observes what the engine meets during a run.
pub trait EngineObserver: Send + Sync {
    /// Reports that everything that the plan compares has been read.
    fn account_was_read(&self) {}

    /// Reports that no state exists, and that some objects could not be searched for the manifest's
    /// tag. Objects that are no longer declared may then not be found.
    fn tags_were_unread(&self, _failures: &[Failure]) {}

    /// Reports that the account could not be read in one sweep, so each object was read by itself.
    fn sweep_failed(&self, _failure: &Failure) {}

    /// Reports that another run has locked the state at `location`. The run waits for it.
    fn lock_is_held(&self, _location: &str, _holder: &LockInfo) {}
}

impl EngineObserver for () {}

impl Workspace<'_> {
    /// Makes sure that the credentials are for the manifest's account.
    pub async fn verify_account(&self) -> Result<CallerIdentity, EngineError> {
        verify_account(self.provider, &self.desired.account).await
    }

    /// Loads the state, if one exists. It must be this manifest's state.
    pub async fn load_state(&self) -> Result<Option<State>, EngineError> {
        load_state(self.desired, self.store).await
    }
}

/// Reads the owner of the credentials. Their account must be this one.
pub async fn verify_account(
    provider: &dyn Provider,
    account: &str,
) -> Result<CallerIdentity, EngineError> {
    let caller = resolve::caller(provider).await?;
    if caller.account == account {
        return Ok(caller);
    }
    Err(EngineError::WrongAccount { account: account.to_owned(), caller })
}

/// Loads a manifest's state, if one exists, under the manifest's present name. A state of another
/// manifest is an error.
pub async fn load_state(
    desired: &Desired,
    store: &dyn Store,
) -> Result<Option<State>, EngineError> {
    let mut state = store.load_state().await?;
    if let Some(state) = &mut state {
        if desired.is_called(&state.manifest) {
            state.manifest.clone_from(&desired.name);
        }
        check_owner(state, &desired.name, &desired.account, &store.location())?;
    }
    Ok(state)
}

/// Loads a manifest's state, which must exist.
pub async fn require_state(desired: &Desired, store: &dyn Store) -> Result<State, EngineError> {
    let missing = || EngineError::NoState { location: store.location() };
    load_state(desired, store).await?.ok_or_else(missing)
}

/// Makes sure that a state was made for this manifest and this account. A state of another manifest
/// or account must not be compared with them.
pub fn check_owner(
    state: &State,
    manifest: &str,
    account: &str,
    location: &str,
) -> Result<(), EngineError> {
    let foreign = |claim, theirs: &str, ours: &str| {
        Err(EngineError::ForeignState {
            location: location.to_owned(),
            claim,
            theirs: theirs.to_owned(),
            ours: ours.to_owned(),
        })
    };
    if state.manifest != manifest {
        return foreign(StateClaim::Manifest, &state.manifest, manifest);
    }
    if state.account != account {
        return foreign(StateClaim::Account, &state.account, account);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(manifest: &str, account: &str) -> State {
        State { serial: 1, ..State::new("l", manifest, account) }
    }

    #[test]
    fn another_manifests_state_is_refused_by_name() {
        assert!(check_owner(&state("dev", "1"), "dev", "1", "s").is_ok());
        let refusal = |state: State| check_owner(&state, "dev", "1", "state/x.json").unwrap_err();
        assert_eq!(
            refusal(state("prod", "1")).to_string(),
            "the state state/x.json belongs to the manifest prod, not to dev"
        );
        assert_eq!(
            refusal(state("dev", "2")).to_string(),
            "the state state/x.json belongs to account 2, not to 1"
        );
    }
}
