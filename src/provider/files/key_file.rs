//! A file that holds one key and nothing else, in any format: its read, its write and its removal.

use secrecy::{ExposeSecret, SecretString};

use super::place::{FileChange, OverlaidFile, SecretText};
use super::privacy::Privacy;
use super::problem::Problem;
use crate::call::{FileReply, NewKey};

/// The content of a file at the key's place.
pub enum KeyFileState {
    Nothing,
    /// A key: its id, and its secret if it can be read.
    Key(String, Option<SecretString>),
    /// A file that is no such key's file.
    Foreign,
}

pub struct KeyFile {
    pub place: OverlaidFile,
    /// The function that reads the format.
    pub held: fn(&str) -> KeyFileState,
    /// The error's text for a file of another format: `not a key's CSV file`.
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

    /// Returns the secret of this key, which the file must hold.
    pub fn read_secret(&self, key: &str) -> Result<SecretString, Problem> {
        let text = self.place.text(Privacy::Secret)?;
        let held = self.holds(text.as_ref().map(|text| text.as_str()))?;
        held.filter(|(id, _)| id == key)
            .and_then(|(_, secret)| secret)
            .filter(|secret| !secret.expose_secret().is_empty())
            .ok_or_else(|| Problem::no_secret(self.place.name(), key))
    }

    /// Writes the key; returns the key whose place it took.
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

    /// Deletes the file if it holds this key; leaves any other file alone.
    pub fn remove(&self, key: &str) -> Result<(), Problem> {
        self.place.edit(Privacy::Secret, |text| match self.holds(text) {
            Ok(Some((id, _))) if id == key => Ok(FileChange::Delete { empty: "" }),
            _ => Ok(FileChange::Nothing),
        })
    }
}
