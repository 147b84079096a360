//! Throttling and weather: what makes calls wait, and which of them are sent again.
//!
//! One [`Weather`] is shared by all calls of a run, so that what one call learns of an operation slows all calls of it down,
//! and no others ([`service`]). Over all of them it bounds how many requests are under way; those that wait don't count. Who
//! sends what again:
//!
//! - single requests to AWS (pages are requests of their own): the SDK's loop, as [`super::aws`] has it ask here;
//! - calls to the sandbox, and to what tests put in its place: [`Weathered`];
//! - calls that IAM doesn't understand yet, since what they name is new: `src/apply/propagation.rs`. What ends up there was
//!   answered, so it is none of the troubles here;
//! - writes of the state that meet another one (409): `src/store/s3/writer.rs`, likewise;
//! - a request that found its connection closed before it was written: the HTTP client, at once.
//!
//! Nobody else, and none of them what another one does.

mod backoff;
mod limiter;
mod log;
mod service;
mod weathered;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

pub use backoff::{Patience, Trouble};
use log::Log;
use service::Service;
pub use service::Tries;
pub use weathered::{Weathered, unsure};

use crate::event::{Delay, Traffic};

/// Less than this is not a wait: the queue itself takes time, too.
const NOTABLE: Duration = Duration::from_millis(1);

/// How many requests are under way at once, unless somebody says otherwise: at the 50 ms that a call takes that is more than
/// IAM accepts of any one operation.
pub const WIDTH: usize = 32;

/// The weather of one run.
#[derive(Debug)]
pub struct Weather {
    patience: Mutex<Patience>,
    /// Somebody said how many tries there are.
    given: bool,
    began: Instant,
    services: Mutex<BTreeMap<&'static str, Service>>,
    queues: Mutex<BTreeMap<String, Queue>>,
    flights: Semaphore,
    /// Calls of throttled operations that have no turn yet.
    waiting: AtomicUsize,
    log: Mutex<Log>,
    dice: Mutex<fastrand::Rng>,
    listener: Mutex<Option<UnboundedSender<Delay>>>,
}

/// What is sent.
#[derive(Clone, Debug)]
pub struct Call {
    /// `iam`
    pub service: &'static str,
    /// Whose limiter it is under: `iam:CreateUser`.
    pub name: String,
    /// It is not sent again unless it is certain that it was not done.
    pub once: bool,
}

/// Whoever is first in it waits for the next turn of its operation, so that what is learnt meanwhile counts for all behind.
type Queue = Arc<tokio::sync::Mutex<()>>;

/// A request under way, as long as it is kept.
#[derive(Debug)]
pub struct Flight<'a> {
    _permit: Option<SemaphorePermit<'a>>,
}

/// Counts one that waits, as long as it is kept.
struct Waiting<'a>(&'a AtomicUsize);

impl Default for Weather {
    fn default() -> Self {
        Self::new(None, None)
    }
}

impl Weather {
    /// With so many tries, and so much time for them, or as many as are usual.
    pub fn new(tries: Option<u32>, time: Option<Duration>) -> Self {
        Self::wide(tries, time, WIDTH)
    }

    /// The same, with so many requests at once.
    pub fn wide(tries: Option<u32>, time: Option<Duration>, width: usize) -> Self {
        let usual = Patience::default();
        let patience = Patience { tries: tries.unwrap_or(usual.tries).max(1), time: time.unwrap_or(usual.time) };
        Self {
            patience: Mutex::new(patience),
            given: tries.is_some(),
            began: Instant::now(),
            services: Mutex::default(),
            queues: Mutex::default(),
            flights: Semaphore::new(width.max(1)),
            waiting: AtomicUsize::new(0),
            log: Mutex::default(),
            dice: Mutex::new(fastrand::Rng::new()),
            listener: Mutex::default(),
        }
    }

    pub fn patience(&self) -> Patience {
        *locked(&self.patience)
    }

    /// So many tries, if nobody said otherwise.
    pub fn suggest(&self, tries: u32) {
        if !self.given {
            locked(&self.patience).tries = tries.max(1);
        }
    }

    /// Nothing is sent again from now on: somebody wants to stop.
    pub fn hurry(&self) {
        locked(&self.patience).tries = 1;
    }

    /// All calls so far.
    pub fn traffic(&self) -> Traffic {
        locked(&self.log).traffic()
    }

    /// What makes calls wait is told here, from now on, and nowhere else.
    pub fn listen(&self) -> UnboundedReceiver<Delay> {
        let (sender, receiver) = unbounded_channel();
        *locked(&self.listener) = Some(sender);
        receiver
    }

    /// How many calls have no turn yet, since their operations were throttled.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Waits until a request may be sent, for the first time or again. It is under way until the flight is dropped.
    pub async fn turn(&self, call: &Call, tries: Tries) -> (Tries, Flight<'_>) {
        let queued = self.now();
        let waits = self.rate(call).map(|_| Waiting::on(&self.waiting));
        let queue = Arc::clone(locked(&self.queues).entry(call.name.clone()).or_default());
        let first = queue.lock().await;
        let mut now = self.now();
        loop {
            let turn = self.with_service(call, |service| service.turn(&call.name, now));
            let Err(wait) = turn else { break };
            self.tell(call, wait + now.saturating_sub(queued), || {
                let rate = self.rate(call).unwrap_or_default();
                format!("{} is throttled: it gets {rate:.1} requests a second", call.name)
            });
            tokio::time::sleep(wait).await;
            now = self.now();
        }
        drop((first, waits));
        if now.saturating_sub(queued) >= NOTABLE {
            locked(&self.log).waits(queued, now);
        }
        // The semaphore is never closed, so there always is a permit to come.
        let flight = Flight { _permit: self.flights.acquire().await.ok() };
        locked(&self.log).sent(tries.made > 0);
        (tries.sent(self.now()), flight)
    }

    /// The request was answered: done, or refused for a reason of its own.
    pub fn answered(&self, call: &Call) {
        let now = self.now();
        self.with_service(call, |service| service.answered(&call.name, now));
    }

    /// The request failed. How long to wait before it is sent again, if it is; `why` is for whoever watches.
    pub fn failed(&self, call: &Call, tries: Tries, trouble: Trouble, why: &str) -> Option<Duration> {
        let (now, roll) = (self.now(), locked(&self.dice).f64());
        if trouble == Trouble::Throttled {
            locked(&self.log).throttled();
        }
        let patience = self.patience();
        let pause = self.with_service(call, |service| service.failed(&call.name, now, tries, trouble, patience, roll));
        let pause = pause.filter(|_| trouble.undone() || !call.once)?;
        if pause >= NOTABLE {
            locked(&self.log).waits(now, now + pause);
        }
        self.tell(call, pause, || format!("{why} (try {} of at most {})", tries.made, patience.tries));
        Some(pause)
    }

    /// What is added to the error of a request that was sent more than once.
    pub fn told(&self, tries: Tries) -> Option<String> {
        let time = (self.now().saturating_sub(tries.since)).as_secs_f64();
        (tries.made > 1).then(|| format!("it was tried {} times in {time:.1} s", tries.made))
    }

    fn tell(&self, call: &Call, wait: Duration, why: impl FnOnce() -> String) {
        let listener = locked(&self.listener);
        let Some(listener) = listener.as_ref().filter(|it| !it.is_closed()) else { return };
        if locked(&self.log).tells(self.now(), call.service) {
            // Who has just stopped to listen doesn't need to know.
            drop(listener.send(Delay { call: call.name.clone(), why: why(), wait }));
        }
    }

    fn rate(&self, call: &Call) -> Option<f64> {
        self.with_service(call, |service| service.rate(&call.name))
    }

    fn with_service<T>(&self, call: &Call, ask: impl FnOnce(&mut Service) -> T) -> T {
        ask(locked(&self.services).entry(call.service).or_default())
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }
}

impl<'a> Waiting<'a> {
    fn on(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
