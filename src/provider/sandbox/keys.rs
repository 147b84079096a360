//! Access keys. The secret leaves with the answer to `CreateAccessKey`; only its digest is kept.

use data_encoding::{BASE64_NOPAD, HEXLOWER};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::call::iam::AccessKey;
use crate::call::{IamReply, Reply};

use super::account::{Account, now};
use super::limits;
use super::refusal::{Outcome, Refusal};

/// How long AWS's secrets are.
const SECRET: usize = 40;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Key {
    status: String,
    created: String,
    /// SHA-256 of the secret, in hexadecimal.
    secret_sha256: String,
}

pub(super) fn list(account: &Account, user: &str) -> Outcome<Vec<AccessKey>> {
    let keys = account.user(user)?.keys.iter();
    Ok(keys
        .map(|(id, key)| AccessKey { id: id.clone(), status: key.status.clone(), created: key.created.clone() })
        .collect())
}

pub(super) fn create(account: &mut Account, user: &str) -> Outcome<Reply> {
    let count = account.user(user)?.keys.len();
    limits::quota("AccessKeysPerUser", count + 1, limits::ACCESS_KEYS)?;
    let id = account.new_id("AKIA");
    let secret = new_secret();
    let secret_sha256 = HEXLOWER.encode(&Sha256::digest(secret.expose_secret()));
    let key = Key { status: "Active".to_owned(), created: now(), secret_sha256 };
    account.user_mut(user)?.keys.insert(id.clone(), key);
    Ok(Reply::Iam(IamReply::NewAccessKey { id, secret }))
}

pub(super) fn delete(account: &mut Account, user: &str, id: &str) -> Outcome<Reply> {
    match account.user_mut(user)?.keys.remove(id) {
        Some(_) => Ok(Reply::Done),
        None => Err(Refusal::no_such_entity(format!("The Access Key with id {id} cannot be found."))),
    }
}

/// From the operating system's randomness: two v4 UUIDs hold 244 bits of it, forty characters of base64 hold 240.
fn new_secret() -> SecretString {
    let digest =
        Sha256::new().chain_update(Uuid::new_v4().as_bytes()).chain_update(Uuid::new_v4().as_bytes()).finalize();
    let secret = Zeroizing::new(BASE64_NOPAD.encode(&digest));
    SecretString::from(&secret[..SECRET])
}
