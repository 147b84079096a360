//! OIDC providers, with IAM's refusals.

use crate::address::KindName;
use crate::call::{IamReply, Reply, iam};
use crate::value::Tags;

use super::account::Account;
use super::order::ListOrder;
use super::records::OidcProviderRecord;
use super::refusal::{Refusal, SandboxResult};
use super::tags::KeyCase;
use super::{limits, names, tags};

const CLIENT_IDS: usize = 100;
const THUMBPRINTS: usize = 5;
const THUMBPRINT: usize = 40;
const URL: usize = 255;

/// The thumbprint of the certificate that the sandbox's IAM finds at every issuer.
const FETCHED: &str = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280";

/// Returns the provider as `GetOpenIDConnectProvider` gives it.
pub(super) fn read(account: &Account, arn: &str, order: ListOrder) -> SandboxResult<IamReply> {
    let found = account.oidc_providers.get(arn).ok_or_else(|| no_provider(arn))?;
    Ok(IamReply::OidcProvider(iam::OidcProvider {
        arn: arn.to_owned(),
        url: found.url.clone(),
        client_ids: order.list(found.client_ids.iter().cloned()),
        thumbprints: found.thumbprints.clone(),
        tags: found.tags.clone(),
    }))
}

pub(super) fn create(
    account: &mut Account,
    url: &str,
    client_ids: &[String],
    thumbprints: &[String],
    tags: &Tags,
) -> SandboxResult<Reply> {
    check_url(url)?;
    for id in client_ids {
        check_client_id(id)?;
    }
    limits::quota("ClientIdsPerOpenIdConnectProvider", client_ids.len(), CLIENT_IDS)?;
    check_thumbprints(thumbprints)?;
    let arn = account.iam_arn(&format!("{}/{url}", KindName::OidcProvider.arn_word()));
    if account.oidc_providers.contains_key(&arn) {
        let message = format!("Provider with url https://{url} already exists.");
        return Err(Refusal::already_exists(message));
    }
    let count = account.oidc_providers.size() + 1;
    limits::quota("OpenIdConnectProvidersPerAccount", count, limits::OIDC_PROVIDERS)?;
    let fetched = || vec![FETCHED.to_owned()];
    let mut provider = OidcProviderRecord {
        url: url.to_owned(),
        created: account.now(),
        client_ids: client_ids.to_vec(),
        thumbprints: if thumbprints.is_empty() { fetched() } else { lowered(thumbprints) },
        tags: Tags::new(),
    };
    tags::add_tags(&mut provider.tags, tags, KeyCase::Exact)?;
    account.oidc_providers.insert_mut(arn, provider);
    Ok(Reply::Done)
}

/// Adds a client id. AWS does the same for one that is there already.
pub(super) fn add_client_id(account: &mut Account, arn: &str, id: &str) -> SandboxResult<Reply> {
    check_client_id(id)?;
    let provider = provider_mut(account, arn)?;
    if provider.client_ids.iter().all(|known| known != id) {
        let count = provider.client_ids.len() + 1;
        limits::quota("ClientIdsPerOpenIdConnectProvider", count, CLIENT_IDS)?;
        provider.client_ids.push(id.to_owned());
    }
    Ok(Reply::Done)
}

/// Removes a client id. AWS does the same for one that is not there.
pub(super) fn remove_client_id(account: &mut Account, arn: &str, id: &str) -> SandboxResult<Reply> {
    provider_mut(account, arn)?.client_ids.retain(|known| known != id);
    Ok(Reply::Done)
}

pub(super) fn set_thumbprints(
    account: &mut Account,
    arn: &str,
    thumbprints: &[String],
) -> SandboxResult<Reply> {
    let provider = provider_mut(account, arn)?;
    if thumbprints.is_empty() {
        return Err(invalid("Thumbprint list must contain at least one entry."));
    }
    check_thumbprints(thumbprints)?;
    provider.thumbprints = lowered(thumbprints);
    Ok(Reply::Done)
}

pub(super) fn set_tags(account: &mut Account, arn: &str, added: &Tags) -> SandboxResult<Reply> {
    tags::add_tags(&mut provider_mut(account, arn)?.tags, added, KeyCase::Exact)?;
    Ok(Reply::Done)
}

pub(super) fn untag(account: &mut Account, arn: &str, keys: &[String]) -> SandboxResult<Reply> {
    tags::remove_tags(&mut provider_mut(account, arn)?.tags, keys, KeyCase::Exact)?;
    Ok(Reply::Done)
}

pub(super) fn delete(account: &mut Account, arn: &str) -> SandboxResult<Reply> {
    provider_mut(account, arn)?;
    account.oidc_providers.remove_mut(arn);
    Ok(Reply::Done)
}

fn provider_mut<'a>(
    account: &'a mut Account,
    arn: &str,
) -> SandboxResult<&'a mut OidcProviderRecord> {
    account.oidc_providers.get_mut(arn).ok_or_else(|| no_provider(arn))
}

/// Checks the address: "The URL must begin with https://"; a port or a query is not allowed.
fn check_url(url: &str) -> SandboxResult<()> {
    names::length("url", &format!("https://{url}"), 1, URL)?;
    let (host, _) = url.split_once('/').unwrap_or((url, ""));
    if host.is_empty() || host.contains(':') || url.contains(['?', '#']) {
        return Err(invalid("Invalid Open ID Connect Provider URL."));
    }
    Ok(())
}

fn check_client_id(id: &str) -> SandboxResult<()> {
    names::length("clientID", id, 1, 255)
}

fn check_thumbprints(thumbprints: &[String]) -> SandboxResult<()> {
    if thumbprints.len() > THUMBPRINTS {
        return Err(invalid("Thumbprint list must contain fewer than 5 entries."));
    }
    if thumbprints.iter().any(|it| it.len() != THUMBPRINT) {
        return Err(invalid("Thumbprint must be exactly 40 characters."));
    }
    Ok(())
}

fn lowered(thumbprints: &[String]) -> Vec<String> {
    thumbprints.iter().map(|it| it.to_lowercase()).collect()
}

fn invalid(message: &str) -> Refusal {
    Refusal::invalid("InvalidInput", message)
}

fn no_provider(arn: &str) -> Refusal {
    Refusal::no_such_entity(format!("OpenIDConnect Provider not found for arn {arn}"))
}
