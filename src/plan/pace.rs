//! How long calls take at least, where AWS takes so many of each operation and no more.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Plan, StepId};
use crate::call::Write;

/// What there is to reckon with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Of one call, there and back.
    pub latency: Duration,
    /// How many calls of one operation are taken each second, and how many at once before that
    /// counts.
    pub rate: f64,
    pub burst: f64,
    /// How many calls are under way at once.
    pub width: usize,
}

/// Calls that may be sent in any order but for what they wait for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// By operation.
    pub calls: BTreeMap<String, usize>,
    /// The longest chain of calls of which each waits for the one before.
    pub chain: usize,
}

impl Load {
    /// What applying a plan sends to AWS.
    pub fn of(plan: &Plan) -> Self {
        let mut load = Self::default();
        let mut ends: BTreeMap<&StepId, usize> = BTreeMap::new();
        // In the order of work: what a step waits for stands before it.
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

    /// No run is faster: it waits for the operation of which there are too many calls, for the
    /// longest chain, or for a place among those under way, whichever takes longest.
    pub fn least(&self, pace: &Pace) -> Duration {
        let chain = pace.latency.mul_f64(count(self.chain));
        let places =
            pace.latency.mul_f64(count(self.calls.values().sum()) / count(pace.width.max(1)));
        let busiest = self.calls.values().max().copied().unwrap_or_default();
        // The last of them is sent then, and answered.
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
