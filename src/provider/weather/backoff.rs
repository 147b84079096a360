//! Whether a request that failed is sent again, and when.

use std::time::Duration;

/// What became of a request that can be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It was one of too many, and was not done.
    Throttled,
    /// The service has failed (5xx): it may be done, or not.
    Failed,
    /// No answer came: it may be done, or not.
    Silent,
    /// No connection came about, so it was not done.
    Unreachable,
    /// It was signed with a time that is too far from the service's own, and was not done.
    Skewed,
}

/// How often, and for how long, a request is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// In all, the first one included.
    pub tries: u32,
    /// From the first try to the last.
    pub time: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { tries: 10, time: Duration::from_mins(5) }
    }
}

/// A wrong address is not right a minute later: the AWS CLI gives up after a few tries, too.
const CONNECTIONS: u32 = 4;
/// The second one is signed with the service's own time. A clock that is off even then is not what is wrong.
const SIGNATURES: u32 = 2;

impl Trouble {
    /// It is certain that the service has not done what was asked.
    pub fn undone(self) -> bool {
        match self {
            Self::Throttled | Self::Unreachable | Self::Skewed => true,
            Self::Failed | Self::Silent => false,
        }
    }

    /// When it is sent again, after so many tries; none: never. `roll`, from 0 to 1, keeps those that failed together apart.
    pub fn pause(self, patience: Patience, tries: u32, spent: Duration, roll: f64) -> Option<Duration> {
        let most = match self {
            Self::Throttled | Self::Failed | Self::Silent => patience.tries,
            Self::Unreachable => patience.tries.min(CONNECTIONS),
            Self::Skewed => patience.tries.min(SIGNATURES),
        };
        let pause = self.growing(tries).mul_f64(0.5 + roll / 2.0);
        (tries < most && spent + pause < patience.time).then_some(pause)
    }

    /// Doubles with every try. When it is throttled, most of the waiting is for a turn ([`super::limiter`]).
    fn growing(self, tries: u32) -> Duration {
        let (first, longest) = match self {
            Self::Throttled => (Duration::from_millis(250), Duration::from_secs(20)),
            Self::Failed | Self::Silent | Self::Unreachable => (Duration::from_millis(100), Duration::from_secs(10)),
            Self::Skewed => return Duration::ZERO,
        };
        first.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1))).min(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(trouble: Trouble, patience: Patience, roll: f64) -> Vec<u128> {
        let mut spent = Duration::ZERO;
        let mut pauses = Vec::new();
        for tries in 1.. {
            let Some(pause) = trouble.pause(patience, tries, spent, roll) else { break };
            spent += pause;
            pauses.push(pause.as_millis());
        }
        pauses
    }

    #[test]
    fn pauses_double_up_to_a_limit_and_end_with_the_tries() {
        let throttled = pauses(Trouble::Throttled, Patience::default(), 1.0);
        assert_eq!(throttled, [250, 500, 1000, 2000, 4000, 8000, 16000, 20000, 20000]);
        let failed = pauses(Trouble::Failed, Patience::default(), 0.0);
        assert_eq!(failed, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    }

    #[test]
    fn no_try_begins_after_the_time_is_over() {
        let patience = Patience { tries: 100, time: Duration::from_secs(10) };
        assert_eq!(pauses(Trouble::Throttled, patience, 1.0), [250, 500, 1000, 2000, 4000]);
        assert_eq!(pauses(Trouble::Silent, Patience { tries: 1, ..patience }, 1.0), [0; 0]);
    }

    #[test]
    fn a_connection_that_never_comes_about_is_given_up_soon() {
        assert_eq!(pauses(Trouble::Unreachable, Patience::default(), 1.0), [100, 200, 400]);
    }

    #[test]
    fn a_signature_is_corrected_once_and_at_once() {
        assert_eq!(pauses(Trouble::Skewed, Patience::default(), 1.0), [0]);
    }
}
