//! IAM is eventually consistent: for a while, some of its servers answer as if the last writes had not been.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::port::Provider;

/// An account of which there can be another just like it.
pub trait Replicated: Provider {
    /// One that goes its own way from here. None: it can't be told what the account is like now.
    fn replica(&self) -> Option<Arc<dyn Replicated>>;
}

/// How long a write takes to be seen everywhere: until so many questions were answered without it, or so much time has
/// passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lag {
    pub reads: usize,
    pub time: Duration,
}

/// What the servers know that have not heard of the last writes.
pub(super) struct Past {
    account: Arc<dyn Replicated>,
    reads: usize,
    until: Instant,
}

impl Past {
    pub(super) fn new(account: Arc<dyn Replicated>, lag: Lag) -> Self {
        Self { account, reads: lag.reads, until: Instant::now() + lag.time }
    }

    pub(super) fn is_over(&self) -> bool {
        self.reads == 0 || Instant::now() >= self.until
    }

    /// A server to ask; that counts as one question.
    pub(super) fn asked(&mut self) -> Arc<dyn Replicated> {
        self.reads = self.reads.saturating_sub(1);
        Arc::clone(&self.account)
    }
}

impl std::fmt::Debug for Past {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Past {{ reads: {}, until: {:?} }}", self.reads, self.until)
    }
}
