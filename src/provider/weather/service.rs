//! One service, as all calls of a run meet it.

use std::time::Duration;

use super::backoff::{Patience, Trouble};
use super::limiter::Limiter;

#[derive(Debug, Default)]
pub struct Service {
    limiter: Limiter,
    /// Since when it has done nothing that was asked.
    useless: Option<Duration>,
}

impl Service {
    /// Takes a turn, or says for how long there is none.
    pub fn turn(&mut self, now: Duration) -> Result<(), Duration> {
        self.limiter.turn(now)
    }

    /// Requests a second that it is given; none: as many as come.
    pub fn rate(&self) -> Option<f64> {
        self.limiter.rate()
    }

    /// It has answered, if only with a refusal.
    pub fn answered(&mut self, now: Duration) {
        self.useless = None;
        self.limiter.accept(now);
    }

    /// A request failed that was sent for the `tries`th time. When it is sent again, if it is: a service that has long done
    /// nothing for anybody is not asked twice by everybody.
    pub fn failed(
        &mut self,
        now: Duration,
        of: Tries,
        trouble: Trouble,
        patience: Patience,
        roll: f64,
    ) -> Option<Duration> {
        if trouble == Trouble::Throttled {
            self.limiter.throttle(now, of.sent);
        }
        let useless = now.saturating_sub(*self.useless.get_or_insert(now));
        let pause = trouble.pause(patience, of.made, now.saturating_sub(of.since), roll);
        pause.filter(|_| useless < patience.time)
    }
}

/// How often a request was sent, since when, and when last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    pub made: u32,
    pub since: Duration,
    pub sent: Duration,
    /// One of them may have been done.
    pub unsure: bool,
}

impl Tries {
    /// After this trouble with the last one.
    #[must_use]
    pub fn failed(self, trouble: Trouble) -> Self {
        Self { unsure: self.unsure || !trouble.undone(), ..self }
    }

    #[must_use]
    pub fn sent(self, now: Duration) -> Self {
        let since = if self.made == 0 { now } else { self.since };
        Self { made: self.made + 1, since, sent: now, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn first_try(now: Duration) -> Tries {
        Tries::default().sent(now)
    }

    #[test]
    fn a_service_that_does_nothing_for_long_is_asked_once_by_each() {
        let patience = Patience { tries: 10, time: seconds(60) };
        let mut service = Service::default();
        let mut again = |now| service.failed(now, first_try(now), Trouble::Throttled, patience, 1.0).is_some();
        assert_eq!([seconds(0), seconds(59), seconds(61)].map(&mut again), [true, true, false]);
    }

    #[test]
    fn one_answer_makes_a_service_worth_asking_again() {
        let patience = Patience { tries: 10, time: seconds(60) };
        let mut service = Service::default();
        service.failed(seconds(0), first_try(seconds(0)), Trouble::Failed, patience, 1.0);
        service.answered(seconds(50));
        let late = service.failed(seconds(70), first_try(seconds(70)), Trouble::Failed, patience, 1.0);
        assert!(late.is_some());
    }
}
