//! The access keys of users, as `relayctl keys list` shows them.

use jiff::Timestamp;
use serde::Serialize;

use crate::call::iam::LastUsed;

/// One key of a user.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AccessKeyInfo {
    pub user: String,
    pub id: String,
    /// The status: `Active` or `Inactive`.
    pub status: String,
    /// The time of creation, in RFC 3339.
    pub created: String,
    pub age: Option<String>,
    pub last_used: KeyUse,
    pub phase: KeyPhase,
    /// The time of the next rotation; `None` if the manifest has no `rotate_after`, and for keys
    /// that are not current.
    pub rotation_due: Option<Timestamp>,
    /// The actions that the key needs, or the reasons that it is kept.
    pub notes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPhase {
    Current,
    /// Deactivated, and kept for a while.
    Retired,
    /// Made by an interrupted run.
    Unfinished,
    /// Not made by relayctl.
    Foreign,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyUse {
    Never,
    Last(LastUsed),
    Unknown(String),
}
