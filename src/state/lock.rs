//! The lock on a state: a lease, so that nobody waits for the dead.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockInfo {
    /// Of this one lock; what `state unlock` asks for.
    #[serde(default)]
    pub id: String,
    pub who: String,
    pub host: String,
    pub pid: u32,
    /// RFC 3339.
    pub since: String,
    /// `apply`, `destroy`, `state rm`.
    pub what: String,
    /// RFC 3339. Its holder puts it off while it lives; afterwards anybody may take the lock over.
    /// The store sets it.
    #[serde(default)]
    pub expires: String,
}

impl LockInfo {
    /// Something is there that no relayctl wrote.
    pub fn unknown() -> Self {
        let unknown = || "unknown".to_owned();
        let (id, who, host, since, what) = (unknown(), unknown(), unknown(), unknown(), unknown());
        Self { id, who, host, pid: 0, since, what, expires: String::new() }
    }

    #[must_use]
    pub fn leased(&self, now: Timestamp, lease: Duration) -> Self {
        // A lease that ends beyond the calendar is no lease that this program gives.
        let expires =
            now.checked_add(lease).unwrap_or(now).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Self { expires, ..self.clone() }
    }

    /// One that does not say when it expires never does.
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
