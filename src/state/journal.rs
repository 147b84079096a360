//! The journal: the changes since the state was last written whole, one line each, so that
//! recording a step costs the same however many came before.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::{DecodeError, InvalidState, State, VERSION};
use crate::address::Address;
use crate::encryption::FileEncryption;
use crate::model::RecordedObject;
use crate::value::digest;

/// The number of characters of a line's SHA-256 that stand before it.
const CHECKSUM: usize = 16;

/// One change of a state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JournalChange {
    /// The lineage of the state that it changes.
    pub lineage: String,
    /// The serial of the state after it.
    pub serial: u64,
    pub address: Address,
    /// The new record; `None` if the object is no longer recorded.
    pub entry: Option<RecordedObject>,
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

#[derive(Serialize)]
struct JournalLine<'a> {
    version: u32,
    #[serde(flatten)]
    change: &'a JournalChange,
}

impl JournalChange {
    /// Returns the line of the journal with its line end: a line without one is an interrupted
    /// write.
    ///
    /// # Panics
    /// Never: the maps of a state have text keys.
    pub fn to_line(&self) -> String {
        self.to_line_for(&FileEncryption::default())
    }

    /// Returns the line, encrypted for its recipients if there are any. Each line is encrypted by
    /// itself, so that adding one needs no reading. The checksum is over the written text, so that
    /// damage is found without an identity.
    ///
    /// # Panics
    /// Never: the maps of a state have text keys.
    pub fn to_line_for(&self, seal: &FileEncryption) -> String {
        let text = serde_json::to_string(&JournalLine { version: VERSION, change: self })
            .expect("a change always serialises");
        let text = seal.encrypt_line(&text);
        let mut line = checksum(&text);
        let _ = writeln!(line, " {text}");
        line
    }
}

/// Returns the lines of changes that are recorded together.
pub fn lines_for(changes: &[JournalChange], seal: &FileEncryption) -> String {
    changes.iter().map(|change| change.to_line_for(seal)).collect()
}

impl State {
    /// Applies a change to the state.
    pub fn change(&mut self, change: JournalChange) {
        self.serial = change.serial;
        match change.entry {
            Some(entry) => self.resources.insert(change.address, entry),
            None => self.resources.remove(&change.address),
        };
    }

    /// Applies all changes of a journal to the state.
    pub fn replay(mut self, changes: Vec<JournalChange>) -> Result<Self, DecodeError> {
        changes.into_iter().try_for_each(|change| self.follow(change))?;
        Ok(self)
    }

    /// Applies the next change. A change that the state already has is skipped: it is in the
    /// journal of a run that was killed between writing the state and clearing the journal.
    pub fn follow(&mut self, change: JournalChange) -> Result<(), DecodeError> {
        if change.lineage != self.lineage {
            return Err(invalid(format!(
                "it belongs to another state (of lineage {}; the state beside it is of lineage {})",
                change.lineage, self.lineage
            )));
        }
        if change.serial > self.serial + 1 {
            return Err(invalid(format!(
                "it has no change {}: after {} comes {}",
                self.serial + 1,
                self.serial,
                change.serial
            )));
        }
        if change.serial == self.serial + 1 {
            self.change(change);
        }
        Ok(())
    }
}

/// Decodes the changes of a journal, in its order, one by one: the journal of a killed run may be
/// as large as the whole state. An incomplete last line is left out: no caller was told that it was
/// saved. Any other damage is an error.
pub fn decode_journal<'b>(
    bytes: &'b [u8],
    seal: &'b FileEncryption,
) -> impl Iterator<Item = Result<JournalChange, DecodeError>> + 'b {
    let lines = || bytes.split_inclusive(|byte| *byte == b'\n');
    let last = lines().count();
    (1..).zip(lines()).filter_map(move |(number, line)| match intact(line) {
        Some(text) => Some(decode_change(text, seal).map_err(|error| error.at(number))),
        None if number == last && is_cut_off(line) => {
            tracing::debug!(number, "the journal's last line was cut off, and is left out");
            None
        }
        None => Some(Err(invalid(format!(
            "line {number} of {last} is damaged: its checksum is another than its content's"
        )))),
    })
}

/// Decodes changes that were recorded together, all or none of them.
pub fn decode_lines(
    bytes: &[u8],
    seal: &FileEncryption,
) -> Result<Vec<JournalChange>, DecodeError> {
    let damaged = || invalid("it is damaged");
    if bytes.is_empty() {
        return Err(damaged());
    }
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines.map(|line| decode_change(intact(line).ok_or_else(damaged)?, seal)).collect()
}

fn invalid(why: impl Into<String>) -> DecodeError {
    InvalidState::new(why).into()
}

/// Returns true if the line is incomplete. A killed run leaves the beginning of its last line; a
/// power cut may leave zeros in place of a part of it. A whole line with a wrong checksum is
/// neither.
fn is_cut_off(line: &[u8]) -> bool {
    !line.ends_with(b"\n") || line.contains(&0)
}

fn intact(line: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (sum, text) = line.split_once(' ')?;
    (sum == checksum(text)).then_some(text)
}

fn decode_change(text: &str, seal: &FileEncryption) -> Result<JournalChange, DecodeError> {
    let wrong = |error: serde_json::Error| {
        DecodeError::from(InvalidState::new(without_place(&error)).caused_by(error))
    };
    let text = seal.decrypt_line(text)?;
    let Versioned { version } = serde_json::from_str(&text).map_err(wrong)?;
    if version != VERSION {
        return Err(DecodeError::Newer(version));
    }
    serde_json::from_str(&text).map_err(wrong)
}

/// Removes the place from the message: a change is one line, so its place means nothing.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

impl DecodeError {
    fn at(self, line: usize) -> Self {
        match self {
            Self::NotState(why) => Self::NotState(why.in_line(line)),
            error @ (Self::Newer(_) | Self::Sealed(_)) => error,
        }
    }
}

fn checksum(text: &str) -> String {
    let mut sum = digest(&text);
    sum.truncate(CHECKSUM);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::KindName;
    use crate::model::Status;

    fn change(serial: u64, name: &str) -> JournalChange {
        let entry = RecordedObject {
            status: Status::Done,
            id: Some("AIDAEXAMPLE".into()),
            attributes: [("name".to_owned(), name.into())].into(),
            depends_on: std::collections::BTreeSet::new(),
        };
        JournalChange {
            lineage: "8d3c".into(),
            serial,
            address: Address::new(KindName::USER, name),
            entry: Some(entry),
        }
    }

    fn state(serial: u64) -> State {
        State { serial, ..State::new("8d3c", "dev", "123456789012") }
    }

    fn open(bytes: &[u8]) -> Result<Vec<JournalChange>, DecodeError> {
        decode_journal(bytes, &FileEncryption::default()).collect()
    }

    fn refusal(result: Result<impl std::fmt::Debug, DecodeError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_journal_cut_at_any_byte_holds_every_line_before_the_cut() {
        let changes = [
            change(1, "ada"),
            JournalChange { entry: None, ..change(2, "ada") },
            change(3, "bob\n"),
        ];
        let lines: Vec<String> = changes.iter().map(JournalChange::to_line).collect();
        let text = lines.concat();
        for cut in 0..=text.len() {
            let ends = (1..=3).filter(|count| lines[..*count].concat().len() <= cut).count();
            assert_eq!(open(&text.as_bytes()[..cut]).unwrap(), changes[..ends], "cut at {cut}");
        }
    }

    #[test]
    fn every_damaged_byte_of_a_whole_line_is_refused() {
        let first = change(1, "ada").to_line();
        let text = first.clone() + &change(2, "bob").to_line();
        for at in 0..first.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            assert!(refusal(open(&bytes)).contains("is damaged"), "byte {at}");
        }
        assert!(
            refusal(open(text.replace("bob", "eve").as_bytes())).contains("line 2 of 2 is damaged")
        );
        // The file system had allocated room for the last line, and the power failed before all of
        // it was written.
        let unwritten = text.replace("bob", "\0\0\0");
        assert_eq!(open(unwritten.as_bytes()).unwrap(), [change(1, "ada")]);
    }

    #[test]
    fn changes_are_replayed_once_and_in_order() {
        let journal = || {
            vec![
                change(2, "ada"),
                change(3, "bob"),
                JournalChange { entry: None, ..change(4, "ada") },
            ]
        };
        let folded = state(1).replay(journal()).unwrap();
        assert_eq!((folded.serial, folded.resources.len()), (4, 1));
        assert_eq!(
            folded.clone().replay(journal()).unwrap(),
            folded,
            "what the state holds already is passed over"
        );
        assert_eq!(refusal(state(0).replay(journal())), "it has no change 1: after 0 comes 2");
    }

    #[test]
    fn another_states_journal_is_refused_with_both_lineages() {
        let other = State { lineage: "ffff".into(), ..state(1) };
        let told = refusal(other.replay(vec![change(2, "ada")]));
        assert_eq!(
            told,
            "it belongs to another state (of lineage 8d3c; the state beside it is of lineage ffff)"
        );
    }

    #[test]
    fn a_line_of_a_newer_version_or_of_an_unknown_kind_is_refused() {
        let with = |from: &str, to: &str| {
            let line = change(1, "ada").to_line().replace(from, to);
            let text = line.split_once(' ').unwrap().1.trim_end().to_owned();
            format!("{} {text}\n", checksum(&text))
        };
        let newer = with("\"version\":1", "\"version\":2");
        assert!(matches!(open(newer.as_bytes()), Err(DecodeError::Newer(2))));
        let told = refusal(open(with("user.ada", "spaceship.ada").as_bytes()));
        assert_eq!(
            told,
            "line 1: it records `spaceship.ada`, of a kind that this relayctl does not know"
        );
    }
}
