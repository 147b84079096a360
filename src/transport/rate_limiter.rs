//! The rate limit of one operation: unlimited until it is throttled; then lower, then carefully
//! higher again.
//!
//! The curve is that of the SDKs' adaptive mode (CUBIC, RFC 9438). The measure of the service's
//! rate is the number of requests that were accepted in the last second: while the service
//! throttles, that number is its own rate. Nothing here reads a clock: every call passes the time.

use std::collections::VecDeque;
use std::time::Duration;

/// The factor of the rate after a throttle. The SDKs take 0.7, for a fleet of clients; a single
/// client comes closer to the service's rate with a smaller reduction.
const SLOWER: f64 = 0.8;
/// The scale of the curve: the larger it is, the sooner the old rate is reached again, and passed.
const SCALE: f64 = 0.4;
/// The lowest rate, in requests a second: a service that throttles everything is still asked, to
/// find out if it has recovered.
const SLOWEST: f64 = 1.0;
/// The assumed rate of the service, if the very first requests are throttled.
const UNKNOWN: f64 = 5.0;
/// The share of throttles among the answers that slows nothing down. A service that refuses one in
/// twenty at any rate must not be asked more and more slowly. A service with a limit refuses so
/// many only when its limit is all but reached.
const STRAY: f64 = 0.1;
/// The time over which the rate is measured.
const WINDOW: Duration = Duration::from_secs(1);
/// The time within which a turn can be made up for that was not taken in time, because timers are
/// late.
const SLACK: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
pub struct RateLimiter {
    /// The rate in requests a second; `None` until the first throttle.
    rate: Option<f64>,
    /// The time at which the next request may be sent.
    next: Duration,
    /// The time of the last throttle that counted, and the rate before it.
    slowed: Duration,
    before: f64,
    /// The times of the answers within the window that were no throttles.
    accepted: VecDeque<Duration>,
    /// The times of the throttles within the window.
    throttled: VecDeque<Duration>,
}

impl RateLimiter {
    /// Returns the rate in requests a second; `None` if it is unlimited.
    pub fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// Takes a turn, or returns the time until there is one.
    pub fn take_turn(&mut self, now: Duration) -> Result<(), Duration> {
        let Some(rate) = self.rate else { return Ok(()) };
        let early = self.next.saturating_sub(now);
        if !early.is_zero() {
            return Err(early);
        }
        self.next = self.next.max(now.saturating_sub(SLACK)) + Duration::from_secs_f64(1.0 / rate);
        Ok(())
    }

    /// Notes that a request was not throttled.
    pub fn accept(&mut self, now: Duration) {
        self.accepted.push_back(now);
        let measured = self.measured(now);
        let Some(rate) = &mut self.rate else { return };
        let back = (self.before * (1.0 - SLOWER) / SCALE).cbrt();
        let since = now.saturating_sub(self.slowed).as_secs_f64() - back;
        let curve = SCALE * since.powi(3) + self.before;
        // A client that sends less than the rate doesn't learn from that that the rate could be
        // higher.
        *rate = curve.min(2.0 * measured).max(*rate);
    }

    /// Notes that a request that was sent at `sent` was throttled. A request that was sent before
    /// the last slowing down tells nothing new.
    pub fn throttle(&mut self, now: Duration, sent: Duration) {
        self.throttled.push_back(now);
        let (measured, throttled) = (self.measured(now), recent(&mut self.throttled, now));
        let stray = throttled <= STRAY * (measured + throttled);
        if self.rate.is_some() && (sent < self.slowed || stray) {
            return;
        }
        // Few requests in the last second are no measure of the service's rate.
        let known =
            self.rate.map_or(measured.max(UNKNOWN), |rate| measured.clamp(rate / 2.0, rate));
        self.before = known.max(SLOWEST);
        self.slowed = now;
        let rate = (self.before * SLOWER).max(SLOWEST);
        self.rate = Some(rate);
        self.next = now + Duration::from_secs_f64(1.0 / rate);
    }

    /// Counts the requests that were accepted in the last second.
    fn measured(&mut self, now: Duration) -> f64 {
        recent(&mut self.accepted, now)
    }
}

/// Counts the answers within the window, and forgets the others.
fn recent(answers: &mut VecDeque<Duration>, now: Duration) -> f64 {
    let old = now.saturating_sub(WINDOW);
    while answers.front().is_some_and(|at| *at < old) {
        answers.pop_front();
    }
    f64::from(u32::try_from(answers.len()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Returns a limiter after so many accepted requests in the first second, and one throttle.
    fn throttled_after(accepted: u64) -> RateLimiter {
        let mut limiter = RateLimiter::default();
        for count in 0..accepted {
            limiter.accept(at(count * 1000 / accepted));
        }
        limiter.throttle(at(999), at(950));
        limiter
    }

    #[test]
    fn nothing_is_held_back_before_the_first_throttle() {
        let mut limiter = RateLimiter::default();
        assert!((0..1000).all(|_| limiter.take_turn(at(0)).is_ok()));
    }

    #[test]
    fn a_throttle_slows_down_to_less_than_what_was_accepted() {
        let mut limiter = throttled_after(100);
        assert_eq!(limiter.rate(), Some(80.0));
        let turns =
            (0..4000).filter(|quarter| limiter.take_turn(at(1000 + quarter / 4)).is_ok()).count();
        assert!((79..=81).contains(&turns), "{turns} turns in a second");
    }

    #[test]
    fn throttles_of_the_same_burst_count_once() {
        let mut limiter = throttled_after(100);
        for late in 0..50 {
            limiter.throttle(at(1000 + late), at(960));
        }
        assert_eq!(limiter.rate(), Some(80.0));
        limiter.throttle(at(1100), at(1050));
        assert!(limiter.rate() < Some(80.0));
    }

    #[test]
    fn a_stray_throttle_among_many_answers_slows_nothing_down_once_there_is_a_rate() {
        let mut limiter = throttled_after(100);
        for late in 0..40 {
            limiter.accept(at(2500 + late * 10));
        }
        limiter.throttle(at(2900), at(2890));
        assert!(limiter.rate() >= Some(80.0), "{:?}", limiter.rate());
        for late in 1..10 {
            limiter.throttle(at(2900 + late), at(2899));
        }
        assert!(limiter.rate() < Some(80.0), "{:?}", limiter.rate());
    }

    #[test]
    fn a_service_that_throttles_everything_is_asked_once_a_second() {
        let mut limiter = RateLimiter::default();
        for second in 0..10 {
            limiter.throttle(at(second * 1000), at(second * 1000));
        }
        assert_eq!(limiter.rate(), Some(SLOWEST));
    }

    #[test]
    fn what_is_accepted_speeds_up_again() {
        let mut limiter = throttled_after(100);
        let mut now = 1000;
        while now < 20_000 {
            now += 5;
            if limiter.take_turn(at(now)).is_ok() {
                limiter.accept(at(now));
            }
        }
        // The rate follows the tries: two hundred a second.
        assert!(limiter.rate() > Some(190.0), "{:?}", limiter.rate());
    }

    #[test]
    fn who_asks_little_does_not_earn_much() {
        let mut limiter = throttled_after(10);
        for second in 1..60 {
            limiter.accept(at(1000 + second * 1000));
        }
        assert_eq!(limiter.rate(), Some(8.0));
    }
}
