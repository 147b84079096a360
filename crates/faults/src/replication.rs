//! IAM is eventually consistent: for a while, some of its servers answer as if the last writes had
//! not been.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use relayctl::port::Provider;
use relayctl::provider::sandbox::Sandbox;
use tokio::time::Instant;

/// An account of which there can be another just like it.
pub trait Replicated: Provider {
    /// Returns one that goes its own way from here. None: it can't be told what the account is like
    /// now.
    fn replica(&self) -> Option<Arc<dyn Replicated>>;
}

impl Replicated for Sandbox {
    fn replica(&self) -> Option<Arc<dyn Replicated>> {
        Some(Arc::new(self.copied().ok()?))
    }
}

/// The time that a write takes to be seen everywhere: until so many questions were answered without
/// it, or so much time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplicationLag {
    pub reads: usize,
    pub time: Duration,
}

/// The account as those servers know it that have not heard of the last writes.
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

    /// Returns a server to ask; that counts as one question.
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
