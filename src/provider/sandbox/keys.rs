//! Access keys. The secret is only in the answer to `CreateAccessKey`; the sandbox keeps its
//! digest.

use data_encoding::{BASE64_NOPAD, HEXLOWER};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::call::iam::{AccessKey, LastUsed};
use crate::call::{CallerIdentity, FailureKind, IamReply, NewKey, Reply};

use super::account::Account;
use super::limits;
use super::records::KeyRecord;
use super::refusal::{Refusal, SandboxResult};

/// The length of AWS's secrets.
const SECRET: usize = 40;

const ACTIVE: &str = "Active";
const INACTIVE: &str = "Inactive";

/// The region of the global STS endpoint.
const REGION: &str = "us-east-1";

pub(super) fn list_keys(account: &Account, user: &str) -> SandboxResult<Vec<AccessKey>> {
    let keys = account.user(user)?.keys.iter();
    Ok(keys
        .map(|(id, key)| AccessKey {
            id: id.clone(),
            status: key.status.clone(),
            created: key.created.clone(),
        })
        .collect())
}

pub(super) fn create(account: &mut Account, user: &str) -> SandboxResult<Reply> {
    let count = account.user(user)?.keys.len();
    limits::quota("AccessKeysPerUser", count + 1, limits::ACCESS_KEYS)?;
    let id = account.new_id("AKIA");
    let secret = new_secret();
    let secret_sha256 = digest(secret.expose_secret());
    let key =
        KeyRecord { status: ACTIVE.to_owned(), created: account.now(), secret_sha256, used: None };
    account.user_mut(user)?.keys.insert(id.clone(), key);
    Ok(Reply::Iam(IamReply::NewAccessKey { id, secret }))
}

pub(super) fn delete(account: &mut Account, user: &str, id: &str) -> SandboxResult<Reply> {
    match account.user_mut(user)?.keys.remove(id) {
        Some(_) => Ok(Reply::Done),
        None => Err(missing(id)),
    }
}

pub(super) fn update(
    account: &mut Account,
    user: &str,
    id: &str,
    active: bool,
) -> SandboxResult<Reply> {
    let key = account.user_mut(user)?.keys.get_mut(id).ok_or_else(|| missing(id))?;
    (if active { ACTIVE } else { INACTIVE }).clone_into(&mut key.status);
    Ok(Reply::Done)
}

/// Returns the last use of a key. The key's id is enough: AWS knows its user.
pub(super) fn last_used(account: &Account, id: &str) -> SandboxResult<Option<LastUsed>> {
    account
        .users
        .values()
        .find_map(|user| user.keys.get(id))
        .map(|key| key.used.clone())
        .ok_or_else(|| missing(id))
}

/// Notes a request that was signed with this key.
pub(super) fn record_use(account: &mut Account, id: &str, service: &str) -> SandboxResult<Reply> {
    let used =
        LastUsed { at: account.now(), service: service.to_owned(), region: REGION.to_owned() };
    let holder = account
        .users
        .values()
        .find(|user| user.keys.contains_key(id))
        .ok_or_else(|| missing(id))?;
    let holder = holder.identity.name.clone();
    account.user_mut(&holder)?.keys.get_mut(id).ok_or_else(|| missing(id))?.used = Some(used);
    Ok(Reply::Done)
}

/// Answers as STS does to a request that this key signs. STS does not know a key that is deleted or
/// inactive.
pub(super) fn prove(account: &mut Account, key: Option<&NewKey>) -> SandboxResult<Reply> {
    let refused = |code, message| Err(Refusal::new(FailureKind::Credentials, code, message));
    let Some(key) = key else {
        return refused("MissingAuthenticationToken", "Request is missing Authentication Token");
    };
    let holder = account.users.values().find_map(|user| Some((user, user.keys.get(&key.id)?)));
    let Some((user, kept)) = holder.filter(|(_, kept)| kept.status == ACTIVE) else {
        return refused(
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
        );
    };
    if kept.secret_sha256 != digest(key.secret.expose_secret()) {
        let message = "The request signature we calculated does not match the signature you \
            provided. Check your AWS Secret Access Key and signing method. Consult the service \
            documentation for details.";
        return refused("SignatureDoesNotMatch", message);
    }
    let caller = CallerIdentity {
        account: account.number.clone(),
        arn: account.user_arn(user),
        user_id: user.identity.id.clone(),
    };
    record_use(account, &key.id, "sts")?;
    Ok(Reply::Caller(caller))
}

fn missing(id: &str) -> Refusal {
    Refusal::no_such_entity(format!("The Access Key with id {id} cannot be found."))
}

fn digest(secret: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(secret))
}

/// Makes a secret from the operating system's randomness: two v4 UUIDs hold 244 bits of it, forty
/// characters of base64 hold 240.
fn new_secret() -> SecretString {
    let digest = Sha256::new()
        .chain_update(Uuid::new_v4().as_bytes())
        .chain_update(Uuid::new_v4().as_bytes())
        .finalize();
    let secret = Zeroizing::new(BASE64_NOPAD.encode(&digest));
    SecretString::from(&secret[..SECRET])
}
