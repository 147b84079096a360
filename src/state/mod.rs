//! The state: what relayctl made, so that it can be told from what others made. Holds no secret.

mod file;
mod journal;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::Recorded;

pub use file::{DecodeError, decode, encode};
pub use journal::{Change, decode_journal, decode_line};

/// The version of the file format that this binary writes.
pub const VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub version: u32,
    /// Made once, with the state; a state of another lineage is another state.
    pub lineage: String,
    /// One more with every save.
    pub serial: u64,
    pub manifest: String,
    pub account: String,
    pub resources: Recorded,
}

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockInfo {
    pub who: String,
    pub host: String,
    pub pid: u32,
    /// RFC 3339.
    pub since: String,
    /// `apply`, `destroy`, `state rm`.
    pub what: String,
}

impl fmt::Display for LockInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{} (pid {}, {}, since {})", self.who, self.host, self.pid, self.what, self.since)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{location} is locked by {info}: run again when that has ended; a run that was killed holds no lock")]
    Locked { location: String, info: Box<LockInfo> },
    #[error("cannot {what} {location}: {cause}")]
    Io { what: &'static str, location: String, cause: std::io::Error },
    #[error("{location} is not a state file of relayctl: {why}")]
    Unreadable {
        location: String,
        why: String,
        /// Where the last good state is, if it is still there.
        backup: Option<String>,
    },
    /// The state is sound, but not what changed since.
    #[error("the journal {location} cannot be used: {why}")]
    Journal { location: String, why: String },
    #[error("there is no state {location} to change")]
    Missing { location: String },
    #[error("{location} was written by a newer relayctl (state version {found}, this one knows {VERSION})")]
    Newer { location: String, found: u32 },
    /// The URL of a store names none that this binary has.
    #[error("the state cannot be kept at {url}: {why}")]
    Unsupported { url: String, why: &'static str },
}
