//! The waits of a run: counted, and reported now and then.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::event::{Traffic, Waits};

/// The least time between two reports of waits for the same service.
const REPORT_INTERVAL: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub struct TrafficLog {
    traffic: Traffic,
    waits: Waits,
    /// The time of the last report of each service.
    reported: BTreeMap<&'static str, Duration>,
}

impl TrafficLog {
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

    /// Notes that a call waited, or will.
    pub fn waits(&mut self, from: Duration, until: Duration) {
        self.waits.add_wait(from, until);
    }

    /// Returns true if a wait for this service is due for a report again, and notes that report.
    pub fn is_due(&mut self, now: Duration, service: &'static str) -> bool {
        let due = self
            .reported
            .get(service)
            .is_none_or(|last| now.saturating_sub(*last) >= REPORT_INTERVAL);
        if due {
            self.reported.insert(service, now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_which_several_wait_is_counted_once() {
        let mut log = TrafficLog::default();
        for (from, until) in [(0, 1000), (500, 1500), (600, 700), (3000, 3250)] {
            log.waits(Duration::from_millis(from), Duration::from_millis(until));
        }
        assert_eq!((log.traffic().waits, log.traffic().waited), (4, Duration::from_millis(1750)));
    }

    #[test]
    fn each_service_is_reported_every_two_seconds() {
        let mut log = TrafficLog::default();
        let mut is_due = |millis, service| log.is_due(Duration::from_millis(millis), service);
        assert!(is_due(0, "iam") && is_due(100, "s3"));
        assert!(!is_due(1000, "iam") && !is_due(1999, "iam"));
        assert!(is_due(2000, "iam") && !is_due(2050, "s3"));
    }
}
