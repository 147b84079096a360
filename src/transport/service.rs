//! The state of one service, shared by all calls of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use super::backoff::{RetryLimits, RetryableError};
use super::rate_limiter::RateLimiter;

#[derive(Debug, Default)]
pub struct ServiceState {
    /// The state of each operation, by name. AWS limits the requests of an account by API: of IAM
    /// and STS it says that the size of the bucket and the rate at which it fills depend on the API
    /// ("How to monitor and query IAM resources at scale, part 2", AWS Security Blog). So a
    /// throttled CreatePolicy says nothing of GetUser.
    operations: BTreeMap<String, OperationState>,
    /// The time since which every request has failed, or got no answer.
    useless: Option<Duration>,
}

#[derive(Debug, Default)]
struct OperationState {
    limiter: RateLimiter,
    /// The time since which all requests of the operation were throttled.
    useless: Option<Duration>,
}

impl ServiceState {
    /// Takes a turn, or returns the time until there is one.
    pub fn take_turn(&mut self, operation: &str, now: Duration) -> Result<(), Duration> {
        self.operation(operation).limiter.take_turn(now)
    }

    /// Returns the operation's rate in requests a second; `None` if it is unlimited.
    pub fn rate(&self, operation: &str) -> Option<f64> {
        self.operations.get(operation)?.limiter.rate()
    }

    /// Notes that the service has answered, if only with a refusal.
    pub fn answered(&mut self, operation: &str, now: Duration) {
        self.useless = None;
        let operation = self.operation(operation);
        operation.useless = None;
        operation.limiter.accept(now);
    }

    /// Notes that a request failed, and returns the pause before it is sent again, if it is. A
    /// service that has failed every request for long gets no second try of any.
    pub fn failed(
        &mut self,
        operation: &str,
        now: Duration,
        tries: Tries,
        error: RetryableError,
        limits: RetryLimits,
        roll: f64,
    ) -> Option<Duration> {
        let useless = if error == RetryableError::Throttled {
            let operation = self.operation(operation);
            operation.limiter.throttle(now, tries.sent);
            &mut operation.useless
        } else {
            &mut self.useless
        };
        let useless = now.saturating_sub(*useless.get_or_insert(now));
        let pause = error.backoff(limits, tries.made, now.saturating_sub(tries.since), roll);
        pause.filter(|_| useless < limits.time)
    }

    fn operation(&mut self, name: &str) -> &mut OperationState {
        // Not `entry`: that would allocate the name each time.
        if !self.operations.contains_key(name) {
            self.operations.insert(name.to_owned(), OperationState::default());
        }
        self.operations.get_mut(name).expect("it was just put there")
    }
}

/// The number of tries of a request, with the times of the first and the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    pub made: u32,
    pub since: Duration,
    pub sent: Duration,
    /// True if one of the tries may have been done.
    pub possibly_done: bool,
}

impl Tries {
    /// Returns the tries after the last one failed with this error.
    #[must_use]
    pub fn failed(self, error: RetryableError) -> Self {
        Self { possibly_done: self.possibly_done || !error.is_certainly_undone(), ..self }
    }

    /// Returns the tries with one more, sent now.
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
        let limits = RetryLimits { tries: 10, time: seconds(60) };
        let mut service = ServiceState::default();
        let mut again = |now| {
            service
                .failed("GetUser", now, first_try(now), RetryableError::Throttled, limits, 1.0)
                .is_some()
        };
        assert_eq!([seconds(0), seconds(59), seconds(61)].map(&mut again), [true, true, false]);
    }

    #[test]
    fn one_answer_makes_a_service_worth_asking_again() {
        let limits = RetryLimits { tries: 10, time: seconds(60) };
        let mut service = ServiceState::default();
        service.failed(
            "GetUser",
            seconds(0),
            first_try(seconds(0)),
            RetryableError::ServerError,
            limits,
            1.0,
        );
        service.answered("ListRoles", seconds(50));
        let late = service.failed(
            "GetUser",
            seconds(70),
            first_try(seconds(70)),
            RetryableError::ServerError,
            limits,
            1.0,
        );
        assert!(late.is_some());
    }

    #[test]
    fn what_one_operation_is_refused_says_nothing_of_the_others() {
        let limits = RetryLimits { tries: 10, time: seconds(60) };
        let mut service = ServiceState::default();
        let mut throttled = |now| {
            service.failed(
                "CreatePolicy",
                now,
                first_try(now),
                RetryableError::Throttled,
                limits,
                1.0,
            )
        };
        throttled(seconds(0));
        assert!(throttled(seconds(61)).is_none());
        assert!(service.take_turn("CreatePolicy", seconds(61)).is_err());
        assert!((0..100).all(|_| service.take_turn("GetUser", seconds(61)).is_ok()));
        assert_eq!(service.rate("GetUser"), None);
        let other = service.failed(
            "GetUser",
            seconds(61),
            first_try(seconds(61)),
            RetryableError::Throttled,
            limits,
            1.0,
        );
        assert!(other.is_some());
    }
}
