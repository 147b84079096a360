//! A key in a file that is encrypted with age. Whose key it is stands openly in its header: ids are no secrets, and a plan is
//! to tell without an identity whether the key is still there.

use super::key_file::{Held, KeyFile};
use super::key_json;
use super::place::{Place, Text};
use super::problem::Problem;
use crate::call::NewKey;
use crate::seal;

pub fn at(place: Place) -> KeyFile {
    KeyFile { place, held, foreign: "no key that relayctl encrypted" }
}

fn held(text: &str) -> Held {
    match text.trim() {
        "" => Held::Nothing,
        text => seal::label(text.as_bytes()).map_or(Held::Foreign, |id| Held::Key(id, None)),
    }
}

pub fn content(key: &NewKey, recipients: &[String]) -> Result<Text, Problem> {
    seal::close_labelled(&key_json::content(key), &key.id, recipients).map(Text::new).map_err(Problem::invalid)
}
