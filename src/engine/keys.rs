//! The access keys of a manifest's users: listing and renewing them.

use super::error::EngineError;
use super::recover::recover_and_report;
use super::workspace::Workspace;
use crate::address::{Address, AddressQuery, KindName};
use crate::model::Desired;
use crate::model::keys::AccessKeyInfo;
use crate::resolve::{ALL_READS, Resolver, keys};
use crate::state::State;

/// Lists all keys of the users whose keys are declared or recorded, ordered by user and phase.
/// `state` is the manifest's state; `None` means that it has none.
pub async fn list_keys(
    workspace: &Workspace<'_>,
    state: Option<State>,
) -> Result<Vec<AccessKeyInfo>, EngineError> {
    let mut resolver = Resolver::new(workspace.provider, ALL_READS);
    let recorded = match state {
        Some(state) => state.resources,
        None => recover_and_report(&mut resolver, workspace, false).await.resources,
    };
    Ok(keys::keys(&mut resolver, workspace.desired, &recorded).await?)
}

/// Makes the next plan renew the keys of these users, or all declared keys if `users` is empty.
/// Returns their addresses, to make a plan for them only.
pub fn renew_keys(
    desired: &mut Desired,
    users: &[AddressQuery],
) -> Result<Vec<Address>, EngineError> {
    let keys: Vec<Address> =
        desired.of_kind(KindName::AccessKey).map(|(address, _)| address.clone()).collect();
    if keys.is_empty() {
        return Err(EngineError::NoAccessKeys);
    }
    // A key is named by its user, or by its own address.
    let owners: Vec<Address> =
        keys.iter().map(|key| Address::new(KindName::USER, key.name())).collect();
    let find = |user: &AddressQuery| {
        let unknown = |_| EngineError::UnknownKeyUser {
            user: user.to_string(),
            known: keys.iter().map(|address| address.name().to_owned()).collect(),
        };
        let found = user.find(owners.iter().chain(&keys)).map_err(unknown)?;
        Ok(Address::new(KindName::AccessKey, found.name()))
    };
    let chosen: Vec<Address> = if users.is_empty() {
        keys.clone()
    } else {
        users.iter().map(find).collect::<Result<_, EngineError>>()?
    };
    for address in &chosen {
        if let Some(resource) = desired.resources.get_mut(address) {
            resource.renew = true;
        }
    }
    Ok(chosen)
}
