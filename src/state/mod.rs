//! The state: the objects that relayctl made, so that they can be told from those of others. It
//! holds no secrets.

mod file;
mod journal;
mod lock;
mod place;

use serde::{Deserialize, Serialize};

use crate::call::Failure;
use crate::encryption::EncryptionError;
use crate::model::Recorded;
use crate::value::digest;

pub use file::{
    DecodeError, InvalidState, backup_content, begins_as_state, decode, decode_bytes, encode,
    encode_for,
};
pub use journal::{JournalChange, decode_journal, decode_lines, lines_for};
pub use lock::{LockInfo, ProcessStamp};
pub use place::S3Place;

/// The version of the file format that this binary writes.
pub const VERSION: u32 = 1;

/// The number of characters of the tag `relayctl:state`.
const TAG_LENGTH: usize = 12;

/// Returns the value of the tag `relayctl:state` of a state that is yet to be made. It depends on
/// the place of the state, so that two states of one manifest name have different ones, and plans
/// of the same inputs are equal.
pub fn new_tag(manifest: &str, account: &str, place: &str) -> String {
    let mut tag = digest(&(manifest, account, place));
    tag.truncate(TAG_LENGTH);
    tag
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub version: u32,
    /// An id made once, with the state. States with different lineages are different states.
    pub lineage: String,
    /// The number of saves.
    pub serial: u64,
    pub manifest: String,
    pub account: String,
    /// The value of the tag `relayctl:state` on everything that takes tags. It is empty in states
    /// of older versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tag: String,
    /// The manifest file of the last apply, relative to the project's root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest_file: Option<String>,
    pub resources: Recorded,
}

impl State {
    /// Makes a state without any records.
    pub fn new(
        lineage: impl Into<String>,
        manifest: impl Into<String>,
        account: impl Into<String>,
    ) -> Self {
        Self {
            version: VERSION,
            lineage: lineage.into(),
            serial: 0,
            manifest: manifest.into(),
            account: account.into(),
            tag: String::new(),
            manifest_file: None,
            resources: Recorded::new(),
        }
    }

    /// Returns the value of the tag `relayctl:state`: 12 characters or, of a state that has none of
    /// its own, the first characters of its lineage.
    pub fn tag_value(&self) -> &str {
        if self.tag.is_empty() {
            self.lineage.get(..TAG_LENGTH).unwrap_or(&self.lineage)
        } else {
            &self.tag
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{location} is locked by {info}: run again when that has ended")]
    Locked { location: String, info: Box<LockInfo> },
    /// This run no longer holds the lock that it had taken.
    #[error("the lock on {location} was lost: {why}")]
    Lost { location: String, why: String },
    #[error("{location} is not locked")]
    NotLocked { location: String },
    #[error("{location} is locked under another id, {}: by {info}", info.id)]
    OtherLock { location: String, info: Box<LockInfo> },
    #[error("cannot {what} {location}: {cause}")]
    Io {
        what: &'static str,
        location: String,
        #[source]
        cause: std::io::Error,
    },
    #[error("{location} is not a state file of relayctl: {why}")]
    Unreadable {
        location: String,
        #[source]
        why: InvalidState,
        /// The place of the last good state, if it is still there.
        backup: Option<String>,
    },
    /// The state is encrypted for others.
    #[error("{location} cannot be read: {why}")]
    Sealed {
        location: String,
        #[source]
        why: EncryptionError,
    },
    /// The state is valid, but its journal is not.
    #[error("the journal {location} cannot be used: {why}")]
    Journal {
        location: String,
        #[source]
        why: InvalidState,
    },
    #[error("there is no state {location} to change")]
    Missing { location: String },
    #[error(
        "{location} was written by a newer relayctl (state version {found}, this one knows \
            {VERSION})"
    )]
    Newer { location: String, found: u32 },
    /// The state was overwritten after it was read.
    #[error("another run has written {location} since this one read it")]
    Moved { location: String },
    #[error(
        "{location} is in a store that does not keep to the conditions of writes (If-None-Match, \
            If-Match): it can't be locked"
    )]
    Unconditional { location: String },
    #[error("cannot {what} {location}: {failure}")]
    Remote {
        what: &'static str,
        location: String,
        #[source]
        failure: Box<Failure>,
    },
    /// No store of this binary has that URL.
    #[error("the state cannot be kept at {url}: {why}")]
    Unsupported { url: String, why: &'static str },
}
