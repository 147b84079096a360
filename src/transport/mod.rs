//! Retries and rate limits: they make calls wait, and decide which calls are sent again.
//!
//! One [`Transport`] is shared by all calls of a run. A throttle slows all calls of its operation
//! down, and no others (see `service`). The transport also bounds the number of requests under way
//! over all operations; those that wait don't count. Each kind of retry has one place:
//!
//! - single requests to AWS (pages are requests of their own): the SDK's loop, which asks here, as
//!   [`crate::provider::aws`] sets up;
//! - calls to the sandbox, and to providers that tests put in its place: [`Retrying`];
//! - calls that IAM doesn't understand yet, since they name something new:
//!   `src/apply/propagation.rs`. Such calls were answered, so they have none of the errors here;
//! - writes of the state that meet another write (409): `src/store/s3/writer.rs`. They were
//!   answered, too;
//! - a request that found its connection closed before it was written: the HTTP client, at once.
//!
//! Nothing else sends requests again, and no two of these retry the same error.

mod backoff;
mod rate_limiter;
mod retrying;
mod service;
mod traffic_log;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

pub use backoff::{RetryLimits, RetryableError};
pub use retrying::{Retrying, possibly_done};
use service::ServiceState;
pub use service::Tries;
use traffic_log::TrafficLog;

use crate::event::{Delay, Traffic};

/// The shortest pause that counts as a wait: the queue itself takes time, too.
const NOTABLE: Duration = Duration::from_millis(1);

/// The shortest time of a try. A request that is cut off at once can never be answered.
const SHORTEST_TRY: Duration = Duration::from_secs(1);

/// The default number of requests under way at once: at the 50 ms that a call takes, that is more
/// than IAM accepts of any one operation.
pub const MAX_IN_FLIGHT: usize = 32;

/// The retries and rate limits of one run, shared by all of its calls.
#[derive(Debug)]
pub struct Transport {
    limits: Mutex<RetryLimits>,
    /// True if the number of tries was given, not taken from the default.
    tries_given: bool,
    began: Instant,
    services: Mutex<BTreeMap<&'static str, ServiceState>>,
    queues: Mutex<BTreeMap<String, Queue>>,
    in_flight: Semaphore,
    /// The number of calls of throttled operations that wait for their turn.
    waiting: AtomicUsize,
    log: Mutex<TrafficLog>,
    jitter: Mutex<fastrand::Rng>,
    subscriber: Mutex<Option<UnboundedSender<Delay>>>,
}

/// The operation that a request asks for.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The service, such as `iam`.
    pub service: &'static str,
    /// The name of its limiter, such as `iam:CreateUser`.
    pub name: String,
    /// True if the request is sent again only when it was certainly not done.
    pub once: bool,
}

/// The queue of an operation. Its first call waits for the next turn, so that a limit which is
/// learnt meanwhile counts for all calls behind it.
type Queue = Arc<tokio::sync::Mutex<()>>;

/// A request under way, until it is dropped.
#[derive(Debug)]
pub struct InFlight<'a> {
    _permit: Option<SemaphorePermit<'a>>,
}

/// Counts one waiting call, until it is dropped.
struct WaitGuard<'a>(&'a AtomicUsize);

impl Default for Transport {
    fn default() -> Self {
        Self::new(None, None)
    }
}

impl Transport {
    /// Makes a transport with so many tries and so much time for them, or with the defaults.
    pub fn new(tries: Option<u32>, time: Option<Duration>) -> Self {
        Self::with_width(tries, time, MAX_IN_FLIGHT)
    }

    /// Makes a transport that allows `width` requests at once.
    pub fn with_width(tries: Option<u32>, time: Option<Duration>, width: usize) -> Self {
        let usual = RetryLimits::default();
        let limits = RetryLimits {
            tries: tries.unwrap_or(usual.tries).max(1),
            time: time.unwrap_or(usual.time),
        };
        Self {
            limits: Mutex::new(limits),
            tries_given: tries.is_some(),
            began: Instant::now(),
            services: Mutex::default(),
            queues: Mutex::default(),
            in_flight: Semaphore::new(width.max(1)),
            waiting: AtomicUsize::new(0),
            log: Mutex::default(),
            jitter: Mutex::new(fastrand::Rng::new()),
            subscriber: Mutex::default(),
        }
    }

    /// Returns the limits on tries and time.
    pub fn limits(&self) -> RetryLimits {
        *locked(&self.limits)
    }

    /// Sets the number of tries, unless one was given.
    pub fn suggest_tries(&self, tries: u32) {
        if !self.tries_given {
            locked(&self.limits).tries = tries.max(1);
        }
    }

    /// Stops all retries from now on: somebody wants to end the run.
    pub fn stop_retrying(&self) {
        locked(&self.limits).tries = 1;
    }

    /// Returns the counts of all calls so far.
    pub fn traffic(&self) -> Traffic {
        locked(&self.log).traffic()
    }

    /// Reports waits and their reasons to this receiver from now on, and nowhere else.
    pub fn subscribe(&self) -> UnboundedReceiver<Delay> {
        let (sender, receiver) = unbounded_channel();
        *locked(&self.subscriber) = Some(sender);
        receiver
    }

    /// Returns the number of calls that wait for their turn, since their operations were throttled.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Waits until a request may be sent, for the first time or again. The request is under way
    /// until the returned [`InFlight`] is dropped.
    pub async fn acquire(&self, operation: &Operation, tries: Tries) -> (Tries, InFlight<'_>) {
        let queued = self.now();
        let waits = self.rate(operation).map(|_| WaitGuard::on(&self.waiting));
        let queue = Arc::clone(locked(&self.queues).entry(operation.name.clone()).or_default());
        let first = queue.lock().await;
        let mut now = self.now();
        loop {
            let turn =
                self.with_service(operation, |service| service.take_turn(&operation.name, now));
            let Err(wait) = turn else { break };
            self.report(operation, wait + now.saturating_sub(queued), || {
                let rate = self.rate(operation).unwrap_or_default();
                format!("{} is throttled: it gets {rate:.1} requests a second", operation.name)
            });
            tokio::time::sleep(wait).await;
            now = self.now();
        }
        drop((first, waits));
        if now.saturating_sub(queued) >= NOTABLE {
            locked(&self.log).waits(queued, now);
        }
        // The semaphore is never closed, so there always is a permit to come.
        let in_flight = InFlight { _permit: self.in_flight.acquire().await.ok() };
        locked(&self.log).sent(tries.made > 0);
        (tries.sent(self.now()), in_flight)
    }

    /// Returns the time for the try that was just sent: the usual time, or what is left of the time
    /// for all tries. If there is to be one try only, it has the usual time.
    pub fn time_for_try(&self, tries: Tries, usual: Duration) -> Duration {
        let time = self.limits().time;
        if time.is_zero() {
            return usual;
        }
        let spent = self.now().saturating_sub(tries.since);
        usual.min(time.saturating_sub(spent).max(SHORTEST_TRY))
    }

    /// Notes that a request was answered: done, or refused for a reason of its own.
    pub fn answered(&self, operation: &Operation) {
        let now = self.now();
        self.with_service(operation, |service| service.answered(&operation.name, now));
    }

    /// Notes that a request failed, and returns the pause before it is sent again, if it is. `why`
    /// is the reason that the subscriber is told.
    pub fn failed(
        &self,
        operation: &Operation,
        tries: Tries,
        error: RetryableError,
        why: &str,
    ) -> Option<Duration> {
        let (now, roll) = (self.now(), locked(&self.jitter).f64());
        if error == RetryableError::Throttled {
            locked(&self.log).throttled();
        }
        let limits = self.limits();
        let name = &operation.name;
        let pause = self.with_service(operation, |service| {
            service.failed(name, now, tries, error, limits, roll)
        });
        let pause = pause.filter(|_| error.is_certainly_undone() || !operation.once)?;
        if pause >= NOTABLE {
            locked(&self.log).waits(now, now + pause);
        }
        self.report(operation, pause, || {
            format!("{why} (try {} of at most {})", tries.made, limits.tries)
        });
        Some(pause)
    }

    /// Returns a note on the tries, for the error of a request that was sent more than once.
    pub fn retry_note(&self, tries: Tries) -> Option<String> {
        let time = (self.now().saturating_sub(tries.since)).as_secs_f64();
        (tries.made > 1).then(|| format!("it was tried {} times in {time:.1} s", tries.made))
    }

    fn report(&self, operation: &Operation, wait: Duration, why: impl FnOnce() -> String) {
        let subscriber = locked(&self.subscriber);
        let Some(subscriber) = subscriber.as_ref().filter(|it| !it.is_closed()) else { return };
        if locked(&self.log).is_due(self.now(), operation.service) {
            // A subscriber that has just gone doesn't need to know.
            drop(subscriber.send(Delay { call: operation.name.clone(), why: why(), wait }));
        }
    }

    fn rate(&self, operation: &Operation) -> Option<f64> {
        self.with_service(operation, |service| service.rate(&operation.name))
    }

    fn with_service<T>(
        &self,
        operation: &Operation,
        ask: impl FnOnce(&mut ServiceState) -> T,
    ) -> T {
        ask(locked(&self.services).entry(operation.service).or_default())
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }
}

impl<'a> WaitGuard<'a> {
    fn on(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for WaitGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
