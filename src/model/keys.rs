//! The access keys of users, as `relayctl keys list` shows them.

use jiff::Timestamp;
use serde::Serialize;

use crate::call::iam::LastUsed;

/// One key of a user.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AccessKeyInfo {
    pub user: String,
    pub id: String,
    /// `Active` or `Inactive`.
    pub status: String,
    /// RFC 3339.
    pub created: String,
    pub age: Option<String>,
    pub last_used: KeyUse,
    pub phase: KeyPhase,
    /// When the next rotation is due; none where the manifest has no `rotate_after`, and for keys
    /// that are not current.
    pub rotation_due: Option<Timestamp>,
    /// What is to be done about it, or why it is kept.
    pub notes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPhase {
    Current,
    /// Deactivated, and kept for a while.
    Retired,
    /// An interrupted run made it.
    Unfinished,
    /// Not relayctl's.
    Foreign,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyUse {
    Never,
    Last(LastUsed),
    Unknown(String),
}
