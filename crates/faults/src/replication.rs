//! Eventual consistency: for a while, some of IAM's servers answer as if the last writes had not
//! happened.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use relayctl::port::Provider;
use relayctl::provider::sandbox::Sandbox;
use tokio::time::Instant;

/// An account that can be copied.
pub trait Replicated: Provider {
    /// Returns a copy of the account, which changes independently from now on. `None` if the
    /// account cannot be read now.
    fn replica(&self) -> Option<Arc<dyn Replicated>>;
}

impl Replicated for Sandbox {
    fn replica(&self) -> Option<Arc<dyn Replicated>> {
        Some(Arc::new(self.copied().ok()?))
    }
}

/// The time until all servers see a write: it ends after so many reads without the write, or after
/// so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplicationLag {
    pub reads: usize,
    pub time: Duration,
}

/// The account as the servers know it that do not see the last writes yet.
pub(crate) struct StaleReplica {
    account: Arc<dyn Replicated>,
    reads: usize,
    until: Instant,
}

impl StaleReplica {
    pub fn new(account: Arc<dyn Replicated>, lag: ReplicationLag) -> Self {
        Self { account, reads: lag.reads, until: Instant::now() + lag.time }
    }

    pub fn is_over(&self) -> bool {
        self.reads == 0 || Instant::now() >= self.until
    }

    /// Returns the stale account, and counts one read.
    pub fn asked(&mut self) -> Arc<dyn Replicated> {
        self.reads = self.reads.saturating_sub(1);
        Arc::clone(&self.account)
    }
}

impl fmt::Debug for StaleReplica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StaleReplica {{ reads: {}, until: {:?} }}", self.reads, self.until)
    }
}
