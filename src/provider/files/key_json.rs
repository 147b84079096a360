//! A key as JSON: what is encrypted with age, and what a command gets.

use secrecy::ExposeSecret;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::call::NewKey;

/// The names are those of CreateAccessKey's answer. With `Version` it is also what the AWS CLI and
/// the SDKs want of a `credential_process`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ProcessCredentials<'a> {
    version: u32,
    user_name: &'a str,
    access_key_id: &'a str,
    secret_access_key: &'a str,
}

/// Room for names, quotes and escapes, so that the buffer does not grow: one that does leaves
/// copies in memory.
const ROOM: usize = 512;

pub fn content(key: &NewKey) -> Zeroizing<Vec<u8>> {
    let secret = key.secret.expose_secret();
    let told = ProcessCredentials {
        version: 1,
        user_name: &key.user,
        access_key_id: &key.id,
        secret_access_key: secret,
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM + 2 * (key.user.len() + secret.len())));
    // Neither the text nor the memory can refuse.
    drop(serde_json::to_writer(&mut *bytes, &told));
    bytes.push(b'\n');
    bytes
}
