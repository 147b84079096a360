//! The file format of the state, and its versions.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use super::{State, VERSION};
use crate::encryption::{EncryptionError, FileEncryption, is_sealed};
use crate::value::{Value, shrink_map};

/// The marker that distinguishes a state from any other JSON file.
const FORMAT: &str = "relayctl-state";

/// The reason that a text is not a state.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error(transparent)]
    NotState(#[from] InvalidState),
    #[error("state version {0} is newer than this relayctl")]
    Newer(u32),
    #[error(transparent)]
    Sealed(EncryptionError),
}

/// The reason why a text is no state, or no change of one, and its cause where there is one.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct InvalidState {
    why: String,
    #[source]
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl InvalidState {
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), cause: None }
    }

    /// Keeps the error that it comes from.
    #[must_use]
    pub fn caused_by(self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { cause: Some(Box::new(cause)), ..self }
    }

    /// Says the line of the journal that it is in.
    pub(super) fn in_line(self, line: usize) -> Self {
        Self { why: format!("line {line}: {}", self.why), ..self }
    }
}

#[derive(Serialize)]
struct Marked<'a> {
    format: &'static str,
    #[serde(flatten)]
    state: &'a State,
}

/// Encodes a state as readable JSON, with the format's name and version first.
///
/// # Panics
/// Never: the maps of a state have text keys.
pub fn encode(state: &State) -> String {
    let marked = Marked { format: FORMAT, state };
    let mut text = serde_json::to_string_pretty(&marked).expect("a state always serialises");
    text.push('\n');
    text
}

/// Returns true if the beginning of a file is that of a state as [`encode`] writes it. The rest may
/// be damaged.
pub fn begins_as_state(beginning: &[u8]) -> bool {
    let text = String::from_utf8_lossy(beginning);
    let after = |text: &str, word: &str| text.trim_start().strip_prefix(word).map(str::to_owned);
    after(&text, "{")
        .and_then(|rest| after(&rest, "\"format\""))
        .and_then(|rest| after(&rest, ":"))
        .and_then(|rest| after(&rest, &format!("\"{FORMAT}\"")))
        .is_some()
}

/// Encodes a state, encrypted for its recipients if there are any.
pub fn encode_for(state: &State, seal: &FileEncryption) -> Vec<u8> {
    let text = encode(state);
    let closed = match seal.encrypt_bytes(text.as_bytes()) {
        Cow::Owned(closed) => Some(closed),
        Cow::Borrowed(_) => None,
    };
    closed.unwrap_or_else(|| text.into_bytes())
}

/// Decodes bytes that may be encrypted, or not even be text.
pub fn decode_bytes(bytes: &[u8], seal: &FileEncryption) -> Result<State, DecodeError> {
    let plain = seal.decrypt_bytes(bytes).map_err(DecodeError::from)?;
    let not_text = |error| InvalidState::new("it is not text").caused_by(error);
    std::str::from_utf8(&plain).map_err(|error| not_text(error).into()).and_then(decode)
}

/// Returns a state's bytes to keep as the last good copy, if they are a valid state. A state that
/// was written before encryption was enabled is encrypted: it must not stay readable.
pub fn backup_content<'b>(bytes: &'b [u8], seal: &FileEncryption) -> Option<Cow<'b, [u8]>> {
    decode_bytes(bytes, seal).ok()?;
    Some(if is_sealed(bytes) { Cow::Borrowed(bytes) } else { seal.encrypt_bytes(bytes) })
}

impl From<EncryptionError> for DecodeError {
    /// A damaged encrypted file is the same as a damaged state. The other errors say nothing about
    /// the state.
    fn from(error: EncryptionError) -> Self {
        match error {
            EncryptionError::Damaged(_) => {
                InvalidState::new(error.to_string()).caused_by(error).into()
            }
            error @ (EncryptionError::NoIdentity
            | EncryptionError::BadIdentity(_)
            | EncryptionError::OtherIdentity(_)) => Self::Sealed(error),
        }
    }
}

/// The fields that are read first.
#[derive(Deserialize)]
struct StateHeader {
    format: Option<Value>,
    version: Option<Value>,
    terraform_version: Option<IgnoredAny>,
}

/// Decodes a state. The version is read first, so that a newer relayctl may change everything else.
/// The state is then parsed from the text itself: a tree of values beside it would need as much
/// memory again.
pub fn decode(text: &str) -> Result<State, DecodeError> {
    let header = header(text)?;
    match header.format.as_ref().and_then(Value::as_str) {
        Some(FORMAT) => {}
        Some(other) => return Err(not_state(format!("its format is `{other}`"))),
        None => return Err(not_state(foreign(&header))),
    }
    let version = header
        .version
        .as_ref()
        .and_then(Value::as_u64)
        .and_then(|version| u32::try_from(version).ok());
    match version {
        Some(VERSION) => {}
        Some(newer) if newer > VERSION => return Err(DecodeError::Newer(newer)),
        Some(older) => return Err(not_state(format!("there never was a version {older}"))),
        None => return Err(not_state("it says no version")),
    }
    let mut state: State = parse(text)?;
    shrink_map(&mut state.resources);
    Ok(state)
}

fn not_state(why: impl Into<String>) -> DecodeError {
    InvalidState::new(why).into()
}

fn header(text: &str) -> Result<StateHeader, DecodeError> {
    if text.trim().is_empty() {
        return Err(not_state("it is empty"));
    }
    // To serde, a list of a struct's fields is the struct as well.
    if !text.trim_start().starts_with('{') {
        return Err(parse::<IgnoredAny>(text)
            .err()
            .unwrap_or_else(|| not_state("it is JSON, but no object")));
    }
    parse(text)
}

fn parse<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, DecodeError> {
    serde_json::from_str(text).map_err(|error| {
        let why = match error.classify() {
            Category::Eof => format!("it is cut off at line {}", error.line()),
            Category::Syntax | Category::Io => format!("it is not JSON ({error})"),
            Category::Data => error.to_string(),
        };
        InvalidState::new(why).caused_by(error).into()
    })
}

/// Returns the kind of file that it is instead, as far as its fields tell.
fn foreign(header: &StateHeader) -> &'static str {
    match header.terraform_version {
        Some(_) => "it is a state of Terraform",
        None => "it is JSON, but of something else (it says no format)",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::address::{Address, KindName};
    use crate::model::{Recorded, RecordedObject, Status};

    fn state() -> State {
        let user = Address::new(KindName::USER, "serverless");
        let entry = |status, id: Option<&str>, depends_on: &[&Address]| RecordedObject {
            status,
            id: id.map(str::to_owned),
            attributes: [("name".to_owned(), json!("serverless"))].into(),
            depends_on: depends_on.iter().copied().cloned().collect::<BTreeSet<_>>(),
        };
        let resources = Recorded::from([
            (user.clone(), entry(Status::Done, Some("AIDAEXAMPLE"), &[])),
            (
                Address::new(KindName::AccessKey, "serverless"),
                entry(Status::Intended, None, &[&user]),
            ),
        ]);
        State { serial: 3, resources, ..State::new("8d3c", "dev", "123456789012") }
    }

    fn refusal(text: &str) -> String {
        decode(text).unwrap_err().to_string()
    }

    #[test]
    fn a_state_prints_its_format_first_and_its_resources_in_order() {
        insta::assert_snapshot!(encode(&state()));
    }

    #[test]
    fn a_state_reads_back_as_it_was() {
        let empty = State { resources: Recorded::new(), ..state() };
        assert_eq!(decode(&encode(&empty)).unwrap(), empty);
        // The check of kinds is left out, so that this does not depend on the list of kinds.
        assert_eq!(parse::<State>(&encode(&state())).unwrap(), state());
    }

    #[test]
    fn a_kind_that_nobody_knows_is_refused_rather_than_dropped() {
        let text = encode(&state()).replace("access_key.serverless", "lambda.serverless");
        let text = text.replace("\"user.serverless\": {", "\"spaceship.x\": {");
        assert!(refusal(&text).contains("of a kind that this relayctl does not know"));
    }

    #[test]
    fn every_cut_of_a_state_is_noticed() {
        let text = encode(&state());
        for length in 0..text.trim_end().len() {
            assert!(
                matches!(decode(&text[..length]), Err(DecodeError::NotState(_))),
                "cut at {length}"
            );
        }
        assert_eq!(refusal(&text[..40]), "it is cut off at line 3");
        assert_eq!(refusal(" \n"), "it is empty");
    }

    #[test]
    fn a_newer_version_is_told_from_a_broken_file_whatever_else_it_holds() {
        let newer = r#"{"format": "relayctl-state", "version": 2, "things": []}"#;
        assert!(matches!(decode(newer), Err(DecodeError::Newer(2))));
        let elsewhere =
            r#"{"lineage": [1e999], "version": 2, "resources": 0, "format": "relayctl-state"}"#;
        assert!(matches!(decode(elsewhere), Err(DecodeError::Newer(2))));
    }

    #[test]
    fn what_is_wrong_in_a_state_is_told_with_its_place() {
        let text = encode(&state()).replace("\"serial\": 3", "\"serial\": \"3\"");
        assert_eq!(refusal(&text), "invalid type: string \"3\", expected u64 at line 5 column 15");
        let text = encode(&state()).replace("\"serial\": 3", "\"serial\": 3, \"serial\": 4");
        assert_eq!(refusal(&text), "duplicate field `serial` at line 5 column 23");
        let text = encode(&state()).replace("\"name\": \"serverless\"", "\"name\": 1e999");
        assert_eq!(refusal(&text), "it is not JSON (number out of range at line 13 column 21)");
    }

    #[test]
    fn what_is_no_state_is_named() {
        assert_eq!(
            refusal(r#"{"version": 4, "terraform_version": "1.9.0"}"#),
            "it is a state of Terraform"
        );
        assert_eq!(refusal(r#"{"format": "relayctl-plan"}"#), "its format is `relayctl-plan`");
        assert_eq!(refusal("{}"), "it is JSON, but of something else (it says no format)");
        assert_eq!(refusal("[]"), "it is JSON, but no object");
        assert_eq!(
            refusal(r#"{"format": "relayctl-state", "version": 0}"#),
            "there never was a version 0"
        );
        assert_eq!(
            refusal(r#"{"format": "relayctl-state", "version": 1}"#),
            "missing field `lineage` at line 1 column 42"
        );
        assert!(refusal("hello").starts_with("it is not JSON (expected value at line 1"));
    }
}
