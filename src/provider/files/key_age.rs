//! A key in a file that is encrypted with age. Whose key it is stands openly in its header: ids are no secrets, and a plan is
//! to tell without an identity whether the key is still there.

use super::key_json;
use super::place::{Change, Place, Privacy, Text};
use super::problem::Problem;
use crate::call::{FileReply, NewKey};
use crate::seal;

/// What a file at the key's place holds.
enum Held {
    Nothing,
    Key(String),
    Foreign,
}

fn held(text: Option<&str>) -> Held {
    match text.map(str::trim) {
        None | Some("") => Held::Nothing,
        Some(text) => seal::label(text.as_bytes()).map_or(Held::Foreign, Held::Key),
    }
}

fn foreign(place: &Place) -> Problem {
    let message = format!("{} is no key that relayctl encrypted: move it away, or name another file", place.name());
    Problem::refused("NotAKeyFile", message)
}

pub fn read(place: &Place) -> Result<FileReply, Problem> {
    let Some(text) = place.text(Privacy::Secret)? else {
        return Err(Problem::missing("NoSuchFile", format!("{} does not exist", place.name())));
    };
    match held(Some(&text)) {
        Held::Nothing => Ok(FileReply::KeyId(None)),
        Held::Key(id) => Ok(FileReply::KeyId(Some(id))),
        Held::Foreign => Err(foreign(place)),
    }
}

pub fn store(place: &Place, key: &NewKey, recipients: &[String], replaces: Option<&str>) -> Result<(), Problem> {
    place.edit(Privacy::Secret, |text| {
        match held(text) {
            Held::Foreign => return Err(foreign(place)),
            Held::Key(id) if id != key.id && Some(id.as_str()) != replaces => {
                let message = format!("{} holds another key ({id}): move it away, or name another file", place.name());
                return Err(Problem::refused("FileHoldsAnotherKey", message));
            }
            Held::Nothing | Held::Key(_) => {}
        }
        let closed = seal::close_labelled(&key_json::content(key), &key.id, recipients).map_err(Problem::invalid)?;
        Ok(Change::Write(Text::new(closed)))
    })
}

pub fn remove(place: &Place, key: &str) -> Result<(), Problem> {
    place.edit(Privacy::Secret, |text| match held(text) {
        Held::Key(id) if id == key => Ok(Change::Delete { empty: "" }),
        Held::Nothing | Held::Key(_) | Held::Foreign => Ok(Change::Nothing),
    })
}
