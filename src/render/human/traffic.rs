//! Describes a run's requests and waits in one line.

use std::time::Duration;

use crate::event::{Delay, Traffic};
use crate::render::text::{count, escape};

/// Describes a call's wait. The text names no step: the service makes all of them wait.
pub fn delay(delay: &Delay) -> String {
    let Delay { call, why, wait } = delay;
    format!("Still waiting: {}: {}: {:.1} s", escape(call), escape(why), wait.as_secs_f64())
}

/// Returns `Requests: 40 sent, 3 of them again; 5 throttled; 6 waits, 4.2 s in all.`
pub fn traffic(traffic: &Traffic) -> String {
    let Traffic { calls, retries, throttles, waits, waited } = traffic;
    let some = |number: usize, text: String| if number > 0 { text } else { String::new() };
    let again = some(*retries, format!(", {retries} of them again"));
    let throttled = some(*throttles, format!("; {throttles} throttled"));
    let waits =
        some(*waits, format!("; {}, {:.1} s in all", count(*waits, "wait"), waited.as_secs_f64()));
    format!("Requests: {calls} sent{again}{throttled}{waits}.")
}

/// Returns the least time of the calls, before they are sent: `With the sandbox's latency and
/// throttling, 12 calls take at least 0.2 s.`
pub fn least(calls: usize, time: Duration) -> String {
    format!(
        "With the sandbox's latency and throttling, {} {} at least {:.1} s.",
        count(calls, "call"),
        takes(calls),
        time.as_secs_f64()
    )
}

fn takes(calls: usize) -> &'static str {
    if calls == 1 { "takes" } else { "take" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_it_takes_at_least_is_told_with_what_takes_so_long() {
        let told = "With the sandbox's latency and throttling, 12000 calls take at least 98.1 s.";
        assert_eq!(least(12_000, Duration::from_millis(98_100)), told);
        assert!(least(1, Duration::ZERO).contains(" 1 call takes at least 0.0 s"));
    }

    #[test]
    fn only_what_happened_is_told() {
        let smooth = Traffic { calls: 40, ..Traffic::default() };
        assert_eq!(traffic(&smooth), "Requests: 40 sent.");
        let rough = Traffic {
            retries: 3,
            throttles: 2,
            waits: 1,
            waited: Duration::from_millis(4210),
            ..smooth
        };
        assert_eq!(
            traffic(&rough),
            "Requests: 40 sent, 3 of them again; 2 throttled; 1 wait, 4.2 s in all."
        );
    }
}
