//! `relayctl state add`: an object that exists becomes this manifest's.

use super::open;
use crate::address::Address;
use crate::call::Observed;
use crate::cli::CommandContext;
use crate::cli::error::CommandError;
use crate::cli::options::ManifestArg;
use crate::cli::planning::no_such_address;
use crate::cli::running::locked;
use crate::cli::session::{DeclaredManifest, StateAt};
use crate::engine;
use crate::kind::{self, Kind, OWNER_TAG, Ownership};
use crate::resolve::{ALL_READS, ReadPurpose, Resolver, look};
use crate::state::State;

pub fn add(
    manifest: &ManifestArg,
    address: &Address,
    context: &CommandContext,
) -> Result<(), CommandError> {
    let (declared, at) = open(manifest, context)?;
    let kind = addable(address)?;
    if !declared.desired.resources.contains_key(address) {
        return Err(no_such_address(address, declared.desired.resources.keys()));
    }
    context.wait_for(async {
        let lock = locked(at.store.as_ref(), "state add", context).await?;
        let added = under_lock(&declared, &at, kind, address, context).await;
        lock.release().await;
        added
    })?;
    context
        .terminal
        .result(&format!("{address} is recorded in {} as this manifest's.", at.store.location()))
}

/// The kind, where nothing but the state can say whose an object is.
fn addable(address: &Address) -> Result<&'static dyn Kind, CommandError> {
    let refused = |help: String| {
        Err(CommandError::new(format!("{address} cannot be added to the state")).help(help))
    };
    let kind = kind::of(address.kind());
    match (kind.facts().ownership, kind.facts().parent) {
        (Ownership::State, None) => Ok(kind),
        (Ownership::Tag, _) => refused(format!(
            "give it the tag {OWNER_TAG} with the manifest's name as its value, then plan again"
        )),
        (Ownership::Parent | Ownership::State, _) => {
            refused("it comes with what it is a part of".to_owned())
        }
        (Ownership::LocalFile, _) => {
            refused("it is in local files, which relayctl writes as they are".to_owned())
        }
    }
}

async fn under_lock(
    declared: &DeclaredManifest,
    at: &StateAt,
    kind: &dyn Kind,
    address: &Address,
    context: &CommandContext,
) -> Result<(), CommandError> {
    let desired = &declared.desired;
    let (provider, _) = declared.connect(context).await?;
    let state = if let Some(state) = declared.recorded(at.store.as_ref()).await? {
        state
    } else {
        // A first state holds all that is known to be the manifest's: a later plan asks for no tags
        // any more.
        let mut resolver = Resolver::new(&provider, ALL_READS);
        let found = engine::recover(&mut resolver, desired, true).await;
        let lineage = uuid::Uuid::new_v4().to_string();
        let first = State::new(lineage, desired.name.as_str(), desired.account.as_str());
        State { resources: found.resources, ..first }
    };
    if state.resources.contains_key(address) {
        return Err(CommandError::new(format!("the state records {address} already"))
            .help(format!("`relayctl state show MANIFEST {address}` prints what it records")));
    }
    let resource = &desired.resources[address];
    let (observed, _) = look(&provider, kind, &resource.attributes, ReadPurpose::Change).await;
    let seen = match observed {
        Observed::Present(seen) => seen,
        Observed::Absent => {
            return Err(CommandError::new(format!("there is no {address} in AWS"))
                .help("`relayctl apply` makes it; nothing needs to be added"));
        }
        Observed::Unknown(failure) => return Err(failure.into()),
    };
    let mut state = State { serial: state.serial + 1, ..state };
    state.resources.insert(address.clone(), engine::entry_of(kind, resource, &seen));
    at.store.save(&state).await?;
    Ok(())
}
