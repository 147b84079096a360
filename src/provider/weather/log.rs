//! What a run had to wait for: counted, and told now and then.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::event::{Traffic, Waits};

/// So often is it told that a service makes calls wait.
const SILENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub struct Log {
    traffic: Traffic,
    waits: Waits,
    /// When each service was told of last.
    told: BTreeMap<&'static str, Duration>,
}

impl Log {
    pub fn traffic(&self) -> Traffic {
        let mut traffic = self.traffic;
        traffic += self.waits.traffic();
        traffic
    }

    pub fn sent(&mut self, again: bool) {
        self.traffic.calls += 1;
        self.traffic.retries += usize::from(again);
    }

    pub fn throttled(&mut self) {
        self.traffic.throttles += 1;
    }

    /// A call waited, or will.
    pub fn waits(&mut self, from: Duration, until: Duration) {
        self.waits.add(from, until);
    }

    /// Whether it is time to say again that calls to this service wait.
    pub fn tells(&mut self, now: Duration, service: &'static str) -> bool {
        let due = self.told.get(service).is_none_or(|last| now.saturating_sub(*last) >= SILENCE);
        if due {
            self.told.insert(service, now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_which_several_wait_is_counted_once() {
        let mut log = Log::default();
        for (from, until) in [(0, 1000), (500, 1500), (600, 700), (3000, 3250)] {
            log.waits(Duration::from_millis(from), Duration::from_millis(until));
        }
        assert_eq!((log.traffic().waits, log.traffic().waited), (4, Duration::from_millis(1750)));
    }

    #[test]
    fn each_service_is_told_of_every_two_seconds() {
        let mut log = Log::default();
        let mut tells = |millis, service| log.tells(Duration::from_millis(millis), service);
        assert!(tells(0, "iam") && tells(100, "s3"));
        assert!(!tells(1000, "iam") && !tells(1999, "iam"));
        assert!(tells(2000, "iam") && !tells(2050, "s3"));
    }
}
