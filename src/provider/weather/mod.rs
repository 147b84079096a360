//! Throttling and weather: what makes calls wait, and which of them are sent again.
//!
//! One [`Weather`] is shared by all calls of a run, so that what one call learns of a service slows all of them down. Who
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
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

pub use backoff::{Patience, Trouble};
use log::Log;
use service::Service;
pub use service::Tries;
pub use weathered::{Weathered, unsure};

use crate::event::{Delay, Traffic};

/// Less than this is not a wait: the queue itself takes time, too.
const NOTABLE: Duration = Duration::from_millis(1);

/// The weather of one run.
#[derive(Debug)]
pub struct Weather {
    patience: Mutex<Patience>,
    /// Somebody said how many tries there are.
    given: bool,
    began: Instant,
    services: Mutex<BTreeMap<&'static str, Arc<Shared>>>,
    log: Mutex<Log>,
    dice: Mutex<fastrand::Rng>,
    listener: Mutex<Option<UnboundedSender<Delay>>>,
}

/// What is sent.
#[derive(Clone, Debug)]
pub struct Call {
    /// Whose limiter it is under: `iam`.
    pub service: &'static str,
    /// `iam:CreateUser`
    pub name: String,
    /// It is not sent again unless it is certain that it was not done.
    pub once: bool,
}

/// A service, and the queue before it: whoever is first in it waits for the next turn, so that what is learnt meanwhile
/// counts for all behind.
#[derive(Debug, Default)]
struct Shared {
    queue: tokio::sync::Mutex<()>,
    service: Mutex<Service>,
}

impl Default for Weather {
    fn default() -> Self {
        Self::new(None, None)
    }
}

impl Weather {
    /// With so many tries, and so much time for them, or as many as are usual.
    pub fn new(tries: Option<u32>, time: Option<Duration>) -> Self {
        let usual = Patience::default();
        let patience = Patience { tries: tries.unwrap_or(usual.tries).max(1), time: time.unwrap_or(usual.time) };
        Self {
            patience: Mutex::new(patience),
            given: tries.is_some(),
            began: Instant::now(),
            services: Mutex::default(),
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

    /// Waits until a request to this service may be sent, for the first time or again.
    pub async fn turn(&self, call: &Call, tries: Tries) -> Tries {
        let service = call.service;
        let shared = self.shared(service);
        let queued = self.now();
        let first = shared.queue.lock().await;
        let mut now = self.now();
        loop {
            let (turn, rate) = {
                let mut service = locked(&shared.service);
                (service.turn(now), service.rate().unwrap_or_default())
            };
            let Err(wait) = turn else { break };
            self.tell(call, wait + now.saturating_sub(queued), || {
                format!("{service} is throttling: it gets {rate:.1} requests a second")
            });
            tokio::time::sleep(wait).await;
            now = self.now();
        }
        drop(first);
        let mut log = locked(&self.log);
        log.sent(tries.made > 0);
        if now.saturating_sub(queued) >= NOTABLE {
            log.waits(queued, now);
        }
        tries.sent(now)
    }

    /// The request was answered: done, or refused for a reason of its own.
    pub fn answered(&self, call: &Call) {
        locked(&self.shared(call.service).service).answered(self.now());
    }

    /// The request failed. How long to wait before it is sent again, if it is; `why` is for whoever watches.
    pub fn failed(&self, call: &Call, tries: Tries, trouble: Trouble, why: &str) -> Option<Duration> {
        let (now, roll) = (self.now(), locked(&self.dice).f64());
        if trouble == Trouble::Throttled {
            locked(&self.log).throttled();
        }
        let service = self.shared(call.service);
        let pause = locked(&service.service).failed(now, tries, trouble, self.patience(), roll);
        let pause = pause.filter(|_| trouble.undone() || !call.once)?;
        if pause >= NOTABLE {
            locked(&self.log).waits(now, now + pause);
        }
        self.tell(call, pause, || format!("{why} (try {} of at most {})", tries.made, self.patience().tries));
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

    fn shared(&self, service: &'static str) -> Arc<Shared> {
        Arc::clone(locked(&self.services).entry(service).or_default())
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
