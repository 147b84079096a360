//! The lock on a state: a lease, so that nobody waits for a dead process.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The holder of a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockInfo {
    /// The id of this one lock, which `state unlock` takes.
    #[serde(default)]
    pub id: String,
    pub who: String,
    pub host: String,
    pub pid: u32,
    /// The time of locking, in RFC 3339.
    pub since: String,
    /// The command: `apply`, `destroy`, `state rm`.
    pub what: String,
    /// The time of expiry, in RFC 3339. A live holder renews it; afterwards anybody may take the
    /// lock over. The store sets it.
    #[serde(default)]
    pub expires: String,
    /// The holder's process; `None` where the system tells nothing about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessStamp>,
}

/// The facts that, with the host and the process id, tell one process from every other. Process ids
/// are used again, and two containers of one name may have the same ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessStamp {
    /// The id of the system's start, and of the process ids' namespace.
    pub boot: String,
    /// The start of the process, in the kernel's ticks since the system's start.
    pub started: u64,
}

impl LockInfo {
    /// Returns the holder of a lock that no relayctl wrote.
    pub fn unknown() -> Self {
        let unknown = || "unknown".to_owned();
        let (id, who, host, since, what) = (unknown(), unknown(), unknown(), unknown(), unknown());
        Self { id, who, host, pid: 0, since, what, expires: String::new(), process: None }
    }

    #[must_use]
    pub fn leased(&self, now: Timestamp, lease: Duration) -> Self {
        // A lease ends beyond the calendar only on a machine whose clock is thousands of years off.
        let expires =
            now.checked_add(lease).unwrap_or(now).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Self { expires, ..self.clone() }
    }

    /// Returns true if the lock has expired. A lock without a time of expiry never does.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.parse::<Timestamp>().is_ok_and(|expires| expires < now)
    }
}

impl fmt::Display for LockInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}@{} (pid {}, {}, since {})",
            self.who, self.host, self.pid, self.what, self.since
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_expires_after_its_time_and_without_one_never() {
        let info = LockInfo::unknown();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(!info.has_expired(at("9999-01-01T00:00:00Z")));
        let leased = info.leased(at("2026-01-02T03:04:05Z"), Duration::from_mins(2));
        assert_eq!(leased.expires, "2026-01-02T03:06:05Z");
        assert!(!leased.has_expired(at("2026-01-02T03:06:05Z")));
        assert!(leased.has_expired(at("2026-01-02T03:06:06Z")));
    }
}
