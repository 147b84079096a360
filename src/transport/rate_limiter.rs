//! The rate limit of one operation: as many requests as come, until it is throttled; then fewer,
//! then carefully more.
//!
//! The curve is that of the SDKs' adaptive mode (CUBIC, RFC 9438), with what was accepted in the
//! last second as the measure of what the service takes: while it throttles, that is just its own
//! rate. Nothing here knows a clock: every call says when it is.

use std::collections::VecDeque;
use std::time::Duration;

/// What is left of the rate after a throttle. The SDKs take 0.7, for a fleet of clients; one that
/// was alone comes closer to what the service gives with less.
const SLOWER: f64 = 0.8;
/// Of the curve: how soon the old rate is reached again, and passed.
const SCALE: f64 = 0.4;
/// Requests a second, whatever happens: a service that throttles everything is still asked whether
/// it has recovered.
const SLOWEST: f64 = 1.0;
/// What is taken for the service's rate when the very first requests are throttled.
const UNKNOWN: f64 = 5.0;
/// So many of the answers may be throttles without slowing anything down: a service that refuses
/// one in twenty, however slowly it is asked, is not asked more slowly each time. One with a limit
/// refuses so many only where that is all but reached.
const STRAY: f64 = 0.1;
/// Answers of the last second are what the rate is measured by.
const WINDOW: Duration = Duration::from_secs(1);
/// A turn that was not taken at its time, since timers are late, is made up for within this time.
const SLACK: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
pub struct RateLimiter {
    /// Requests a second; none: it was never throttled.
    rate: Option<f64>,
    /// When the next request may be sent.
    next: Duration,
    /// Of the last slowing down: when that was, and what the rate was before.
    slowed: Duration,
    before: f64,
    /// When answers came that were no throttles, within the window.
    accepted: VecDeque<Duration>,
    /// And when those came that were.
    throttled: VecDeque<Duration>,
}

impl RateLimiter {
    /// Returns the requests a second that it gets.
    pub fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// Takes a turn, or returns for how long there is none.
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
        // Who needs less than there is does not learn by it that there is more.
        *rate = curve.min(2.0 * measured).max(*rate);
    }

    /// Notes that a request that was sent at that time was throttled. What was sent before the
    /// service was slowed down for says nothing new.
    pub fn throttle(&mut self, now: Duration, sent: Duration) {
        self.throttled.push_back(now);
        let (measured, throttled) = (self.measured(now), recent(&mut self.throttled, now));
        let stray = throttled <= STRAY * (measured + throttled);
        if self.rate.is_some() && (sent < self.slowed || stray) {
            return;
        }
        // Who asked little in the last second has measured nothing.
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

/// Counts the answers that came within the window; the others are forgotten.
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

    /// After so many accepted requests in the first second, one is throttled.
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
        // As many as there are tries: two hundred a second.
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
