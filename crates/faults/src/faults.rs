//! The faults of a run, counted at each seam.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use crate::fault::{FaultKind, Killed, PlannedFault, Seam};
use crate::locked;
use crate::random::{FaultRates, RandomFaults};
use crate::replication::{Replicated, ReplicationLag, StaleReplica};

/// The faults of one run, or of several in a row, shared by all wrappers in it.
#[derive(Debug, Default)]
pub struct Faults {
    planned: Vec<PlannedFault>,
    random: Option<RandomFaults>,
    passed: Mutex<BTreeMap<Seam, usize>>,
    stale: Mutex<Option<StaleReplica>>,
}

impl Faults {
    /// Returns no faults: calls are only counted.
    pub fn none() -> Arc<Self> {
        Self::of([])
    }

    /// Returns the given faults, each at its place.
    pub fn of(planned: impl IntoIterator<Item = PlannedFault>) -> Arc<Self> {
        Arc::new(Self { planned: planned.into_iter().collect(), ..Self::default() })
    }

    /// Returns random faults: the same seed makes the same calls go wrong in the same way.
    pub fn seeded(seed: u64, rates: FaultRates) -> Arc<Self> {
        Arc::new(Self { random: Some(RandomFaults::new(seed, rates)), ..Self::default() })
    }

    /// Returns the number of calls that have passed this seam.
    pub fn passed(&self, seam: Seam) -> usize {
        locked(&self.passed).get(&seam).copied().unwrap_or_default()
    }

    /// Counts one more call at the seam, and returns the fault that hits this call.
    pub(crate) fn next(&self, seam: Seam, what: &impl Debug) -> Option<FaultKind> {
        let mut passed = locked(&self.passed);
        let count = passed.entry(seam).or_default();
        *count += 1;
        let now = |it: &&PlannedFault| {
            it.seam == seam && it.nth <= *count && *count - it.nth < it.kind.length()
        };
        let planned = self.planned.iter().find(now);
        match (planned, &self.random) {
            (Some(fault), _) => Some(fault.kind),
            (None, Some(random)) => random.fault(seam, &format!("{what:?}")),
            (None, None) => None,
        }
    }

    /// Lets `work` pass the seam, or a fault hit it. `reported_as` makes the error that the caller
    /// sees of a lost or throttled call.
    pub async fn pass<T, E>(
        &self,
        seam: Seam,
        what: &impl Debug,
        work: impl Future<Output = Result<T, E>>,
        reported_as: impl FnOnce(FaultKind) -> E,
    ) -> Result<T, E> {
        Self::apply(self.next(seam, what), work, reported_as).await
    }

    pub(crate) async fn apply<T, E>(
        fault: Option<FaultKind>,
        work: impl Future<Output = Result<T, E>>,
        reported_as: impl FnOnce(FaultKind) -> E,
    ) -> Result<T, E> {
        match fault {
            None | Some(FaultKind::Lag(_)) => work.await,
            Some(FaultKind::KillBefore) => Killed::now(),
            Some(FaultKind::KillAfter) => {
                drop(work.await);
                Killed::now()
            }
            Some(
                fault @ (FaultKind::LoseRequest
                | FaultKind::Deny
                | FaultKind::Throttle { .. }
                | FaultKind::CutPages),
            ) => Err(reported_as(fault)),
            Some(fault @ FaultKind::LoseAnswer) => work.await.and_then(|_| Err(reported_as(fault))),
            Some(FaultKind::Delay(time)) => {
                tokio::time::sleep(time).await;
                work.await
            }
        }
    }

    /// Returns a server that lags behind, if this call reaches one.
    pub(crate) fn lagging_server(&self, what: &impl Debug) -> Option<Arc<dyn Replicated>> {
        let mut stale = locked(&self.stale);
        if stale.as_ref().is_some_and(StaleReplica::is_over) {
            *stale = None;
        }
        let lagging = stale.as_mut()?;
        let met =
            self.random.as_ref().is_none_or(|random| random.meets_lagging(&format!("{what:?}")));
        met.then(|| lagging.asked())
    }

    /// Keeps a copy of the account for the servers that do not see the next write for a while.
    /// Replicas that already lag behind stay as they are.
    pub(crate) fn fall_behind(&self, account: &dyn Replicated, lag: ReplicationLag) {
        let mut stale = locked(&self.stale);
        if stale.as_ref().is_none_or(StaleReplica::is_over) {
            *stale = account.replica().map(|account| StaleReplica::new(account, lag));
        }
    }
}
