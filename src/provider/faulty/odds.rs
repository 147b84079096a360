//! Faults that come by chance, but by the same chance each time: the seed and what happens decide, not when.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Harm, Lag, Seam};
use crate::value::digest;

/// How often each thing happens, in a thousand times that something passes where it can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Odds {
    pub kill: u64,
    pub lost: u64,
    pub throttle: u64,
    pub delay: u64,
    pub cut: u64,
    pub lag: u64,
}

/// The dice of one seed.
#[derive(Debug)]
pub(super) struct Chance {
    seed: u64,
    odds: Odds,
    /// How often each thing has come by, so that the second time has its own luck.
    times: Mutex<BTreeMap<String, usize>>,
}

/// Longer than any run waits for an answer that it can do without.
const LONGEST_DELAY: u64 = 20_000;
/// IAM says "seconds", and a run gives a recorded key five to be seen.
const LONGEST_LAG: u64 = 4_000;
const MOST_STALE_READS: u64 = 40;

impl Chance {
    pub(super) fn new(seed: u64, odds: Odds) -> Self {
        Self { seed, odds, times: Mutex::default() }
    }

    fn roll(&self, what: &str) -> u64 {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let time = times.entry(what.to_owned()).or_default();
        *time += 1;
        let text = digest(&(self.seed, what, *time));
        u64::from_str_radix(&text[..15], 16).unwrap_or_default()
    }

    /// Whether this question comes to a server that lags behind, while some do.
    pub(super) fn meets_laggard(&self, what: &str) -> bool {
        !self.roll(&format!("laggard {what}")).is_multiple_of(3)
    }

    pub(super) fn harm(&self, seam: Seam, what: &str) -> Option<Harm> {
        let roll = self.roll(&format!("{seam:?} {what}"));
        let (mut luck, more) = (roll % 1000, roll / 1000);
        for (odds, harm) in self.possible(seam, more) {
            if luck < odds {
                return Some(harm);
            }
            luck -= odds;
        }
        None
    }

    fn possible(&self, seam: Seam, more: u64) -> Vec<(u64, Harm)> {
        let Odds { kill, lost, throttle, delay, cut, lag } = self.odds;
        let either = |one: Harm, other: Harm| if more.is_multiple_of(2) { one } else { other };
        let mut possible = vec![
            (kill, either(Harm::KillBefore, Harm::KillAfter)),
            (lost, either(Harm::LoseRequest, Harm::LoseAnswer)),
        ];
        let remote = matches!(seam, Seam::Read | Seam::Call);
        if remote {
            possible.push((throttle, Harm::Throttle { times: 1 }));
            possible.push((delay, Harm::Delay(Duration::from_millis(more % LONGEST_DELAY))));
        }
        if seam == Seam::Read {
            possible.push((cut, Harm::CutPages));
        }
        if seam == Seam::Call {
            let reads = usize::try_from(1 + more % MOST_STALE_READS).unwrap_or(1);
            let time = Duration::from_millis(more / MOST_STALE_READS % LONGEST_LAG);
            possible.push((lag, Harm::Lag(Lag { reads, time })));
        }
        possible
    }
}
