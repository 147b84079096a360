//! How a run got on with the services that it called, in one line.

use crate::event::{Delay, Traffic};
use crate::render::text::{count, escape};

/// While a call waits. It names no step: the service makes all of them wait.
pub fn delay(delay: &Delay) -> String {
    let Delay { call, why, wait } = delay;
    format!("Still waiting: {}: {}: {:.1} s", escape(call), escape(why), wait.as_secs_f64())
}

/// `Requests: 40 sent, 3 of them again; 5 throttled; 6 waits, 4.2 s in all.`
pub fn traffic(traffic: &Traffic) -> String {
    let Traffic { calls, retries, throttles, waits, waited } = traffic;
    let some = |number: usize, text: String| if number > 0 { text } else { String::new() };
    let again = some(*retries, format!(", {retries} of them again"));
    let throttled = some(*throttles, format!("; {throttles} throttled"));
    let waits = some(*waits, format!("; {}, {:.1} s in all", count(*waits, "wait"), waited.as_secs_f64()));
    format!("Requests: {calls} sent{again}{throttled}{waits}.")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_happened_is_told() {
        let smooth = Traffic { calls: 40, ..Traffic::default() };
        assert_eq!(traffic(&smooth), "Requests: 40 sent.");
        let rough = Traffic { retries: 3, throttles: 2, waits: 1, waited: Duration::from_millis(4210), ..smooth };
        assert_eq!(traffic(&rough), "Requests: 40 sent, 3 of them again; 2 throttled; 1 wait, 4.2 s in all.");
    }
}
