//! The simulated account as if it were far away and had many callers: each call takes time, and
//! there can be too many calls.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep};

use super::refusal::Refusal;
use crate::call::{Failure, FailureKind, Read, Reply, StepOutput, Write};
use crate::port::Provider;

/// The limit on the calls of one operation: a bucket of `burst` tokens that gets `rate` new ones
/// each second. AWS says of IAM and STS that they count so, and that bucket and rate depend on the
/// API ("How to monitor and query IAM resources at scale, part 2", AWS Security Blog); it does not
/// say how large they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    pub rate: u32,
    pub burst: u32,
}

/// The distance of the account, and its limit on calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Distance {
    /// The time that each call takes longer.
    pub latency: Duration,
    /// The limit on the calls of each operation; `None` accepts all calls.
    pub throttle: Option<Throttle>,
}

/// A provider at a distance. Local files and the clock stay near.
pub struct Remote<P> {
    inner: P,
    distance: Distance,
    /// The buckets of tokens, by operation.
    buckets: Mutex<BTreeMap<&'static str, TokenBucket>>,
}

struct TokenBucket {
    tokens: f64,
    filled: Instant,
}

impl<P> Remote<P> {
    pub fn new(inner: P, distance: Distance) -> Self {
        Self { inner, distance, buckets: Mutex::default() }
    }

    async fn send<T>(
        &self,
        call: &'static str,
        answer: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        // The call travels there and back: a run that is killed on the way back has done it without
        // knowing.
        let way = self.distance.latency / 2;
        sleep(way).await;
        let answer = if self.taken(call) { answer.await } else { Err(too_many(call)) };
        sleep(way).await;
        answer
    }

    /// Takes a token; returns false if there is none.
    fn taken(&self, call: &'static str) -> bool {
        let Some(Throttle { rate, burst }) = self.distance.throttle else { return true };
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let full = f64::from(burst);
        let bucket = buckets.entry(call).or_insert(TokenBucket { tokens: full, filled: now });
        let new = f64::from(rate) * now.duration_since(bucket.filled).as_secs_f64();
        (bucket.tokens, bucket.filled) = ((bucket.tokens + new).min(full), now);
        let taken = bucket.tokens >= 1.0;
        if taken {
            bucket.tokens -= 1.0;
        }
        taken
    }
}

/// Returns the refusal; S3 has words of its own for it.
fn too_many(call: &'static str) -> Failure {
    let (code, message) = match call.split_once(':') {
        Some(("s3", _)) => ("SlowDown", "Please reduce your request rate."),
        _ => ("Throttling", "Rate exceeded"),
    };
    Refusal::new(FailureKind::Throttled, code, message).answer(call)
}

#[async_trait]
impl<P: Provider> Provider for Remote<P> {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        match read {
            Read::Clock | Read::File(_) => self.inner.read(read).await,
            Read::CallerIdentity | Read::Iam(_) | Read::S3(_) => {
                self.send(read.action(), self.inner.read(read)).await
            }
        }
    }

    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        match write {
            Write::File(_) => self.inner.write(write, carried).await,
            Write::Iam(_) | Write::S3(_) | Write::ProveKey { .. } => {
                self.send(write.action(), self.inner.write(write, carried)).await
            }
        }
    }
}

impl FromStr for Throttle {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.trim().parse().ok().filter(|number| *number > 0);
        let parts =
            text.split_once('/').and_then(|(rate, burst)| Some((number(rate)?, number(burst)?)));
        let (rate, burst) = parts.ok_or("write RATE/BURST, both from 1, for example 20/40")?;
        Ok(Self { rate, burst })
    }
}

impl fmt::Display for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.rate, self.burst)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::call::{BucketRef, IamRead, IamWrite, S3Read};
    use crate::provider::sandbox::Sandbox;

    const FAR: Distance = Distance {
        latency: Duration::from_millis(50),
        throttle: Some(Throttle { rate: 20, burst: 40 }),
    };

    fn remote(distance: Distance) -> Remote<Sandbox> {
        Remote::new(Sandbox::in_memory("123456789012", "us-east-1"), distance)
    }

    fn list_roles() -> Read {
        Read::Iam(IamRead::ListRoles)
    }

    /// Returns the number of throttled calls among `calls` at once.
    async fn throttled(remote: &Remote<Sandbox>, read: &Read, calls: usize) -> usize {
        let answers = futures::future::join_all((0..calls).map(|_| remote.read(read))).await;
        let throttled = |answer: &&Result<Reply, Failure>| {
            answer.as_ref().is_err_and(|failure| failure.kind == FailureKind::Throttled)
        };
        answers.iter().filter(throttled).count()
    }

    #[tokio::test(start_paused = true)]
    async fn each_call_takes_its_time_and_the_clock_none() {
        let remote = remote(FAR);
        let began = Instant::now();
        remote.read(&list_roles()).await.unwrap();
        assert_eq!(began.elapsed(), FAR.latency);
        remote.read(&Read::Clock).await.unwrap();
        assert_eq!(began.elapsed(), FAR.latency);
        let (user, path) = ("u".to_owned(), "/".to_owned());
        let create =
            Write::Iam(IamWrite::CreateUser { user, path, boundary: None, tags: BTreeMap::new() });
        remote.write(&create, &StepOutput::default()).await.unwrap();
        assert_eq!(began.elapsed(), 2 * FAR.latency);
    }

    #[tokio::test(start_paused = true)]
    async fn beyond_the_burst_an_operation_is_throttled_until_new_tokens_came_and_no_other_one_is()
    {
        let remote = remote(FAR);
        assert_eq!(throttled(&remote, &list_roles(), 45).await, 5);
        assert_eq!(throttled(&remote, &Read::CallerIdentity, 40).await, 0);
        sleep(Duration::from_secs(1)).await;
        assert_eq!(
            throttled(&remote, &list_roles(), 25).await,
            25 - 22,
            "a second and two ways of 50 ms"
        );
        sleep(Duration::from_mins(1)).await;
        assert_eq!(
            throttled(&remote, &list_roles(), 45).await,
            5,
            "no more than the burst is saved"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn iam_and_s3_say_so_in_their_own_words() {
        let remote = remote(Distance {
            throttle: Some(Throttle { rate: 1, burst: 1 }),
            ..Distance::default()
        });
        let head = Read::S3(S3Read::HeadBucket(BucketRef {
            name: "relay".into(),
            region: "us-east-1".into(),
        }));
        for (read, said) in
            [(list_roles(), "Throttling: Rate exceeded"), (head, "SlowDown: Please reduce")]
        {
            drop(remote.read(&read).await);
            let failure = remote.read(&read).await.unwrap_err();
            assert!(failure.to_string().contains(said), "{failure}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_throttled_is_not_done() {
        let remote = remote(Distance {
            throttle: Some(Throttle { rate: 1, burst: 1 }),
            ..Distance::default()
        });
        for user in ["one", "two"] {
            let (user, path) = (user.to_owned(), "/".to_owned());
            let create = Write::Iam(IamWrite::CreateUser {
                user,
                path,
                boundary: None,
                tags: BTreeMap::new(),
            });
            drop(remote.write(&create, &StepOutput::default()).await);
        }
        let account = remote.inner.contents().unwrap();
        let users: Vec<&String> = account["users"].as_object().unwrap().keys().collect();
        assert_eq!(users, ["one"]);
    }

    #[test]
    fn a_throttle_is_a_rate_and_a_burst() {
        assert_eq!("20/40".parse(), Ok(Throttle { rate: 20, burst: 40 }));
        for wrong in ["20", "/", "0/40", "20/0", "-1/4", "a/b"] {
            assert!(wrong.parse::<Throttle>().is_err(), "{wrong}");
        }
    }
}
