//! Computes the least time that calls take, since AWS limits the rate of each operation.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Plan, StepId};
use crate::call::Write;

/// The speed of calls and their limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// The round-trip time of one call.
    pub latency: Duration,
    /// The number of calls of one operation that are accepted each second. `burst` is the number
    /// that is accepted at once before the rate counts.
    pub rate: f64,
    pub burst: f64,
    /// The number of calls that are in progress at once.
    pub width: usize,
}

/// Calls that may be sent in any order, apart from their dependencies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// The number of calls by operation.
    pub calls: BTreeMap<String, usize>,
    /// The length of the longest chain of calls, each of which waits for the one before.
    pub chain: usize,
}

impl Load {
    /// Returns the calls to AWS that applying a plan sends.
    pub fn of(plan: &Plan) -> Self {
        let mut load = Self::default();
        let mut ends: BTreeMap<&StepId, usize> = BTreeMap::new();
        // The steps are in the order of work: a step comes after those that it waits for.
        for step in &plan.steps {
            let calls = step.calls.iter().filter(|call| !matches!(call, Write::File(_)));
            let begins = step
                .after
                .iter()
                .filter_map(|earlier| ends.get(earlier))
                .max()
                .copied()
                .unwrap_or_default();
            let mut end = begins;
            for call in calls {
                *load.calls.entry(call.action().to_owned()).or_default() += 1;
                end += 1;
            }
            ends.insert(&step.id, end);
            load.chain = load.chain.max(end);
        }
        load
    }

    /// Returns the least duration of a run. It waits for the operation with too many calls, for the
    /// longest chain, or for free places among the calls in progress, whichever takes longest.
    pub fn least(&self, pace: &Pace) -> Duration {
        let chain = pace.latency.mul_f64(count(self.chain));
        let places =
            pace.latency.mul_f64(count(self.calls.values().sum()) / count(pace.width.max(1)));
        let busiest = self.calls.values().max().copied().unwrap_or_default();
        // The last of the calls is sent at that time, and then answered.
        let limit = match count(busiest) - pace.burst {
            late if late > 0.0 => Duration::from_secs_f64(late / pace.rate) + pace.latency,
            _ => Duration::ZERO,
        };
        chain.max(places).max(limit)
    }
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace =
        Pace { latency: Duration::from_millis(50), rate: 20.0, burst: 40.0, width: 32 };

    fn least(calls: &[(&str, usize)], chain: usize) -> Duration {
        let calls = calls.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        Load { calls, chain }.least(&PACE)
    }

    #[test]
    fn few_calls_take_as_long_as_their_longest_chain() {
        assert_eq!(
            least(&[("CreateUser", 10), ("CreateAccessKey", 10)], 2),
            Duration::from_millis(100)
        );
        assert_eq!(least(&[], 0), Duration::ZERO);
    }

    #[test]
    fn many_calls_wait_for_places() {
        let operations: Vec<String> = (0..32).map(|number| format!("Get{number}")).collect();
        let calls: Vec<(&str, usize)> = operations.iter().map(|name| (name.as_str(), 40)).collect();
        assert_eq!(least(&calls, 1), Duration::from_secs(2));
    }

    #[test]
    fn too_many_calls_of_one_operation_wait_for_that_and_the_others_meanwhile_for_nothing() {
        assert_eq!(
            least(&[("CreatePolicy", 2000), ("CreateUser", 1000)], 3),
            Duration::from_millis(98_050)
        );
        assert_eq!(least(&[("CreatePolicy", 40)], 1), PACE.latency.mul_f64(40.0 / 32.0));
    }
}
