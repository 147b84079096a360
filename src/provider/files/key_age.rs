//! A key in a file that is encrypted with age. The file's header has the key's id unencrypted: ids
//! are no secrets, and a plan must tell without an identity if the key is still there.

use super::key_file::{KeyFile, KeyFileState};
use super::key_json;
use super::place::{OverlaidFile, SecretText};
use super::problem::Problem;
use crate::call::NewKey;
use crate::encryption;

pub fn age_file_at(place: OverlaidFile) -> KeyFile {
    KeyFile { place, held, foreign: "no key that relayctl encrypted" }
}

fn held(text: &str) -> KeyFileState {
    match text.trim() {
        "" => KeyFileState::Nothing,
        text => encryption::label(text.as_bytes())
            .map_or(KeyFileState::Foreign, |id| KeyFileState::Key(id, None)),
    }
}

pub fn content(key: &NewKey, recipients: &[String]) -> Result<SecretText, Problem> {
    encryption::close_labelled(&key_json::content(key), &key.id, recipients)
        .map(SecretText::new)
        .map_err(Problem::invalid)
}
