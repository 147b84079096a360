//! The `relayctl state add` command: an existing object becomes this manifest's.

use super::open;
use crate::cli::CommandContext;
use crate::cli::error::CommandError;
use crate::cli::options::ManifestArg;
use crate::cli::planning::TerminalObserver;
use crate::cli::running::take_lock;
use crate::cli::session::{DeclaredManifest, StateAt};
use relayctl::address::{Address, AddressQuery};
use relayctl::engine::{self, StateLock, Workspace};

pub fn add_resource(
    manifest: &ManifestArg,
    query: &AddressQuery,
    context: &CommandContext,
) -> Result<(), CommandError> {
    let (declared, at) = open(manifest, context)?;
    // The check runs before anybody waits for a lock.
    let address = engine::find_addable(&declared.desired, query)?;
    context.wait_for(async {
        let lock = take_lock(at.store.as_ref(), "state add", context).await?;
        let added = under_lock(&declared, &at, &lock, &address, context).await;
        lock.release().await;
        added
    })?;
    context.terminal.result_line(&format!(
        "{address} is recorded in {} as this manifest's.",
        at.store.location()
    ))
}

async fn under_lock(
    declared: &DeclaredManifest,
    at: &StateAt,
    lock: &StateLock<'_>,
    address: &Address,
    context: &CommandContext,
) -> Result<(), CommandError> {
    let provider = declared.connect(context).await?;
    let observer = TerminalObserver::new(&context.terminal);
    let (desired, store) = (&declared.desired, at.store.as_ref());
    let workspace = Workspace { desired, provider: &provider, store, observer: &observer };
    Ok(engine::add_resource(&workspace, lock, address).await?)
}
