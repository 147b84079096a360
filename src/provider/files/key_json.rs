//! A key as JSON: the text that age encrypts, and the input of a command.

use secrecy::ExposeSecret;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::call::NewKey;

/// A key with the names of CreateAccessKey's answer. With `Version` it is also the output that the
/// AWS CLI and the SDKs expect of a `credential_process`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ProcessCredentials<'a> {
    version: u32,
    user_name: &'a str,
    access_key_id: &'a str,
    secret_access_key: &'a str,
}

/// Room for names, quotes and escapes, so that the buffer does not grow: a buffer that grows leaves
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
    // A write to memory cannot fail, and the text is always valid JSON.
    drop(serde_json::to_writer(&mut *bytes, &told));
    bytes.push(b'\n');
    bytes
}
