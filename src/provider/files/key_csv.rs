//! The file that the console's "Download .csv file" gives for a new access key.

use secrecy::{ExposeSecret, SecretString};

use super::place::{Change, Place};
use super::problem::Problem;
use crate::call::{FileReply, NewKey};

const ID: &str = "Access key ID";
const SECRET: &str = "Secret access key";

/// What a file at the key's place holds.
enum Held {
    Nothing,
    Key(String, Option<SecretString>),
    /// Something that is no key's CSV.
    Foreign,
}

/// The console's older files have more columns (`User name`, `Password`) before these two, so the header counts.
fn held(text: Option<&str>) -> Held {
    let text = text.unwrap_or_default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Held::Nothing;
    }
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().cloned().unwrap_or_default();
    let named = |wanted: &str| headers.iter().position(|name| name.eq_ignore_ascii_case(wanted));
    let Some(column) = named(ID) else { return Held::Foreign };
    match reader.records().next() {
        None => Held::Nothing,
        Some(Err(_)) => Held::Foreign,
        Some(Ok(record)) => match record.get(column) {
            None | Some("") => Held::Nothing,
            Some(id) => {
                let secret = named(SECRET).and_then(|column| record.get(column));
                Held::Key(id.to_owned(), secret.map(SecretString::from))
            }
        },
    }
}

fn foreign(place: &Place) -> Problem {
    let message = format!("{} is not a key's CSV file: move it away, or name another file", place.name());
    Problem::refused("NotAKeyFile", message)
}

pub fn read(place: &Place) -> Result<FileReply, Problem> {
    let Some(text) = place.text()? else {
        return Err(Problem::missing("NoSuchFile", format!("{} does not exist", place.name())));
    };
    match held(Some(&text)) {
        Held::Nothing => Ok(FileReply::KeyId(None)),
        Held::Key(id, _) => Ok(FileReply::KeyId(Some(id))),
        Held::Foreign => Err(foreign(place)),
    }
}

/// Gives the key whose place it took.
pub fn store(place: &Place, key: &NewKey, replaces: Option<&str>) -> Result<Option<NewKey>, Problem> {
    let mut previous = None;
    place.edit(true, |text| {
        match held(text) {
            Held::Foreign => return Err(foreign(place)),
            Held::Key(id, _) if id != key.id && Some(id.as_str()) != replaces => {
                let message = format!("{} holds another key ({id}): move it away, or name another file", place.name());
                return Err(Problem::refused("FileHoldsAnotherKey", message));
            }
            Held::Key(id, secret) => previous = key.in_place_of(Some(&id), secret),
            Held::Nothing => {}
        }
        Ok(Change::Write(content(key)?))
    })?;
    Ok(previous)
}

pub fn remove(place: &Place, key: &str) -> Result<(), Problem> {
    place.edit(true, |text| match held(text) {
        Held::Key(id, _) if id == key => Ok(Change::Delete { empty: "" }),
        Held::Nothing | Held::Key(..) | Held::Foreign => Ok(Change::Nothing),
    })
}

fn content(key: &NewKey) -> Result<String, Problem> {
    // Says nothing of the error's own text: it could quote the record.
    let failed = || Problem::refused("FileError", "the key could not be written as CSV");
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record([ID, SECRET]).map_err(|_| failed())?;
    writer.write_record([key.id.as_str(), key.secret.expose_secret()]).map_err(|_| failed())?;
    let bytes = writer.into_inner().map_err(|_| failed())?;
    String::from_utf8(bytes).map_err(|_| failed())
}
