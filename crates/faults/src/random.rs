//! Random faults, which are the same in each run: the seed and the call decide, not the time.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use relayctl::value::digest;

use crate::fault::{FaultKind, Seam};
use crate::locked;
use crate::replication::ReplicationLag;

/// The rate of each fault, per thousand calls at which the fault is possible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultRates {
    pub kill: u64,
    pub lost: u64,
    pub throttle: u64,
    pub delay: u64,
    pub cut: u64,
    pub lag: u64,
}

/// The random faults of one seed.
#[derive(Debug)]
pub(crate) struct RandomFaults {
    seed: u64,
    rates: FaultRates,
    /// The number of times that each call was made, so that a repeated call is drawn anew.
    times: Mutex<BTreeMap<String, usize>>,
}

/// The longest delay in milliseconds: longer than any run waits for an answer that it can do
/// without.
const LONGEST_DELAY: u64 = 20_000;
/// The longest lag in milliseconds. IAM says "seconds", and a run waits five seconds for a recorded
/// key to be seen.
const LONGEST_LAG: u64 = 4_000;
const MOST_STALE_READS: u64 = 40;

impl RandomFaults {
    pub fn new(seed: u64, rates: FaultRates) -> Self {
        Self { seed, rates, times: Mutex::default() }
    }

    fn roll(&self, what: &str) -> u64 {
        let mut times = locked(&self.times);
        let time = times.entry(what.to_owned()).or_default();
        *time += 1;
        let text = digest(&(self.seed, what, *time));
        u64::from_str_radix(&text[..15], 16).unwrap_or_default()
    }

    /// Returns true if this read reaches a server that lags behind, while some do.
    pub fn meets_lagging(&self, what: &str) -> bool {
        !self.roll(&format!("laggard {what}")).is_multiple_of(3)
    }

    /// Draws the fault that hits this call, if one does.
    pub fn fault(&self, seam: Seam, what: &str) -> Option<FaultKind> {
        let roll = self.roll(&format!("{seam:?} {what}"));
        let (mut luck, more) = (roll % 1000, roll / 1000);
        for (rate, fault) in self.possible(seam, more) {
            if luck < rate {
                return Some(fault);
            }
            luck -= rate;
        }
        None
    }

    fn possible(&self, seam: Seam, more: u64) -> Vec<(u64, FaultKind)> {
        let FaultRates { kill, lost, throttle, delay, cut, lag } = self.rates;
        let either =
            |one: FaultKind, other: FaultKind| if more.is_multiple_of(2) { one } else { other };
        let mut possible = vec![
            (kill, either(FaultKind::KillBefore, FaultKind::KillAfter)),
            (lost, either(FaultKind::LoseRequest, FaultKind::LoseAnswer)),
        ];
        let remote = matches!(seam, Seam::Read | Seam::Call);
        if remote {
            possible.push((throttle, FaultKind::Throttle { times: 1 }));
            possible.push((delay, FaultKind::Delay(Duration::from_millis(more % LONGEST_DELAY))));
        }
        if seam == Seam::Read {
            possible.push((cut, FaultKind::CutPages));
        }
        if seam == Seam::Call {
            let reads = usize::try_from(1 + more % MOST_STALE_READS).unwrap_or(1);
            let time = Duration::from_millis(more / MOST_STALE_READS % LONGEST_LAG);
            possible.push((lag, FaultKind::Lag(ReplicationLag { reads, time })));
        }
        possible
    }
}
