//! A file that holds one key and nothing else: what may become of it, whatever its format.

use secrecy::SecretString;

use super::place::{FileChange, OverlaidFile, Privacy, SecretText};
use super::problem::Problem;
use crate::call::{FileReply, NewKey};

/// What a file at the key's place holds.
pub enum KeyFileState {
    Nothing,
    /// Its id, and its secret where it can be read.
    Key(String, Option<SecretString>),
    /// Something that is no such key's file.
    Foreign,
}

pub struct KeyFile {
    pub place: OverlaidFile,
    /// Reads the format.
    pub held: fn(&str) -> KeyFileState,
    /// What anything else in its place is not, as an error says it: `not a key's CSV file`.
    pub foreign: &'static str,
}

impl KeyFile {
    fn holds(&self, text: Option<&str>) -> Result<Option<(String, Option<SecretString>)>, Problem> {
        match text.map_or(KeyFileState::Nothing, self.held) {
            KeyFileState::Nothing => Ok(None),
            KeyFileState::Key(id, secret) => Ok(Some((id, secret))),
            KeyFileState::Foreign => {
                let message = format!(
                    "{} is {}: move it away, or name another file",
                    self.place.name(),
                    self.foreign
                );
                Err(Problem::refused("NotAKeyFile", message))
            }
        }
    }

    pub fn read(&self) -> Result<FileReply, Problem> {
        let Some(text) = self.place.text(Privacy::Secret)? else {
            return Err(Problem::missing(
                "NoSuchFile",
                format!("{} does not exist", self.place.name()),
            ));
        };
        Ok(FileReply::KeyId(self.holds(Some(&text))?.map(|(id, _)| id)))
    }

    /// Gives the key whose place it took.
    pub fn store(
        &self,
        key: &NewKey,
        replaces: Option<&str>,
        content: impl FnOnce() -> Result<SecretText, Problem>,
    ) -> Result<Option<NewKey>, Problem> {
        let mut previous = None;
        self.place.edit(Privacy::Secret, |text| {
            if let Some((id, secret)) = self.holds(text)? {
                if id != key.id && Some(id.as_str()) != replaces {
                    let name = self.place.name();
                    let message = format!(
                        "{name} holds another key ({id}): move it away, or name another file"
                    );
                    return Err(Problem::refused("FileHoldsAnotherKey", message));
                }
                previous = key.in_place_of(Some(&id), secret);
            }
            Ok(FileChange::Write(content()?))
        })?;
        Ok(previous)
    }

    /// Leaves alone what is not this key's.
    pub fn remove(&self, key: &str) -> Result<(), Problem> {
        self.place.edit(Privacy::Secret, |text| match self.holds(text) {
            Ok(Some((id, _))) if id == key => Ok(FileChange::Delete { empty: "" }),
            _ => Ok(FileChange::Nothing),
        })
    }
}
