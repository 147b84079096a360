//! The backoff: tells if a failed request is sent again, and after which pause.

use std::time::Duration;

/// The error of a request that can be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryableError {
    /// There were too many requests, and this one was not done.
    Throttled,
    /// The service has failed (5xx): the request may be done, or not.
    ServerError,
    /// No answer came: the request may be done, or not.
    NoAnswer,
    /// No connection came about, so the request was not done.
    Unreachable,
    /// The request was signed with a time that is too far from the service's own, and was not done.
    ClockSkew,
}

/// The limits on how often, and for how long, a request is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryLimits {
    /// The number of tries in all, the first one included.
    pub tries: u32,
    /// The time from the first try to the last.
    pub time: Duration,
}

impl Default for RetryLimits {
    fn default() -> Self {
        Self { tries: 10, time: Duration::from_mins(5) }
    }
}

/// The most tries of a request that reaches nothing. A wrong address does not become right a minute
/// later: the AWS CLI gives up after a few tries, too.
const CONNECTIONS: u32 = 4;
/// The most tries of a request whose signature is off. The second try is signed with the service's
/// own time: if it fails, too, the clock is not the cause.
const SIGNATURES: u32 = 2;

impl RetryableError {
    /// Returns true if the service has certainly not done the request.
    pub fn is_certainly_undone(self) -> bool {
        match self {
            Self::Throttled | Self::Unreachable | Self::ClockSkew => true,
            Self::ServerError | Self::NoAnswer => false,
        }
    }

    /// Returns the pause before the request is sent again, after so many tries; `None` if it is
    /// not. `roll`, from 0 to 1, spreads requests that failed at the same time.
    pub fn backoff(
        self,
        limits: RetryLimits,
        tries: u32,
        spent: Duration,
        roll: f64,
    ) -> Option<Duration> {
        let most = match self {
            Self::Throttled | Self::ServerError | Self::NoAnswer => limits.tries,
            Self::Unreachable => limits.tries.min(CONNECTIONS),
            Self::ClockSkew => limits.tries.min(SIGNATURES),
        };
        let pause = self.doubled(tries).mul_f64(0.5 + roll / 2.0);
        (tries < most && spent + pause < limits.time).then_some(pause)
    }

    /// Returns a pause that doubles with every try. A throttled request spends most of its waiting
    /// on its turn ([`super::rate_limiter`]).
    fn doubled(self, tries: u32) -> Duration {
        let (first, longest) = match self {
            Self::Throttled => (Duration::from_millis(250), Duration::from_secs(20)),
            Self::ServerError | Self::NoAnswer | Self::Unreachable => {
                (Duration::from_millis(100), Duration::from_secs(10))
            }
            Self::ClockSkew => return Duration::ZERO,
        };
        first.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1))).min(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(error: RetryableError, limits: RetryLimits, roll: f64) -> Vec<u128> {
        let mut spent = Duration::ZERO;
        let mut pauses = Vec::new();
        for tries in 1.. {
            let Some(pause) = error.backoff(limits, tries, spent, roll) else { break };
            spent += pause;
            pauses.push(pause.as_millis());
        }
        pauses
    }

    #[test]
    fn pauses_double_up_to_a_limit_and_end_with_the_tries() {
        let throttled = pauses(RetryableError::Throttled, RetryLimits::default(), 1.0);
        assert_eq!(throttled, [250, 500, 1000, 2000, 4000, 8000, 16000, 20000, 20000]);
        let failed = pauses(RetryableError::ServerError, RetryLimits::default(), 0.0);
        assert_eq!(failed, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    }

    #[test]
    fn no_try_begins_after_the_time_is_over() {
        let limits = RetryLimits { tries: 100, time: Duration::from_secs(10) };
        assert_eq!(pauses(RetryableError::Throttled, limits, 1.0), [250, 500, 1000, 2000, 4000]);
        assert_eq!(
            pauses(RetryableError::NoAnswer, RetryLimits { tries: 1, ..limits }, 1.0),
            [0; 0]
        );
    }

    #[test]
    fn a_connection_that_never_comes_about_is_given_up_soon() {
        assert_eq!(
            pauses(RetryableError::Unreachable, RetryLimits::default(), 1.0),
            [100, 200, 400]
        );
    }

    #[test]
    fn a_signature_is_corrected_once_and_at_once() {
        assert_eq!(pauses(RetryableError::ClockSkew, RetryLimits::default(), 1.0), [0]);
    }
}
