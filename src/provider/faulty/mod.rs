//! Faults on purpose, at the seam where calls leave relayctl: the proof that nothing is lost by them.

mod lag;
mod odds;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::call::{Carried, Failure, FailureKind, Read, Reply, Write};
use crate::port::Provider;

pub use lag::{Lag, Replicated};
pub use odds::Odds;

use lag::Past;
use odds::Chance;

/// What a run leaves the process for. Each is counted by itself, from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seam {
    /// A question, to AWS or to a file.
    Read,
    /// A write to AWS.
    Call,
    /// A change of a local file.
    File,
    /// A save of the state, or of a change of it.
    Save,
}

/// What goes wrong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// The process ends before it happens.
    KillBefore,
    /// It happens, and the process ends before it hears of that.
    KillAfter,
    /// It does not happen, and nobody knows.
    LoseRequest,
    /// It happens, and nobody knows.
    LoseAnswer,
    /// It and what follows, so many in all, do not happen, and the answer says so: there were too many.
    Throttle { times: usize },
    /// It takes its time.
    Delay(Duration),
    /// A list breaks off in the midst of its pages. What has come by then is no answer: the rest of it is unknown, not
    /// absent.
    CutPages,
    /// What is written is not seen everywhere at once.
    Lag(Lag),
}

impl Harm {
    /// How many in a row it harms.
    fn length(self) -> usize {
        match self {
            Self::Throttle { times } => times,
            _ => 1,
        }
    }
}

/// One fault, at the `nth` time that something passes the seam.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mishap {
    pub seam: Seam,
    pub nth: usize,
    pub harm: Harm,
}

/// The end of the process, as a panic that no code catches. It carries this, so that a test tells it from a failure.
#[derive(Clone, Copy, Debug)]
pub struct Killed;

impl Killed {
    /// Says nothing: a killed process does not either.
    fn now() -> ! {
        std::panic::resume_unwind(Box::new(Self))
    }
}

/// The faults of a run, or of several in a row, shared by all that are to go wrong in it.
#[derive(Debug, Default)]
pub struct Faults {
    mishaps: Vec<Mishap>,
    chance: Option<Chance>,
    passed: Mutex<BTreeMap<Seam, usize>>,
    past: Mutex<Option<Past>>,
}

impl Faults {
    /// Nothing goes wrong: what passes is only counted.
    pub fn none() -> Arc<Self> {
        Self::of([])
    }

    pub fn of(mishaps: impl IntoIterator<Item = Mishap>) -> Arc<Self> {
        Arc::new(Self { mishaps: mishaps.into_iter().collect(), ..Self::default() })
    }

    /// The same seed harms the same things in the same way.
    pub fn seeded(seed: u64, odds: Odds) -> Arc<Self> {
        Arc::new(Self { chance: Some(Chance::new(seed, odds)), ..Self::default() })
    }

    /// How often something has passed this seam.
    pub fn passed(&self, seam: Seam) -> usize {
        locked(&self.passed).get(&seam).copied().unwrap_or_default()
    }

    fn next(&self, seam: Seam, what: &impl Debug) -> Option<Harm> {
        let mut passed = locked(&self.passed);
        let count = passed.entry(seam).or_default();
        *count += 1;
        let now = |it: &&Mishap| it.seam == seam && it.nth <= *count && *count - it.nth < it.harm.length();
        let planned = self.mishaps.iter().find(now);
        match (planned, &self.chance) {
            (Some(mishap), _) => Some(mishap.harm),
            (None, Some(chance)) => chance.harm(seam, &format!("{what:?}")),
            (None, None) => None,
        }
    }

    /// Lets `work` pass the seam, or harms it. `heard` is what is heard of what was lost or throttled.
    pub async fn pass<T, E>(
        &self,
        seam: Seam,
        what: &impl Debug,
        work: impl Future<Output = Result<T, E>>,
        heard: impl FnOnce(Harm) -> E,
    ) -> Result<T, E> {
        Self::suffer(self.next(seam, what), work, heard).await
    }

    async fn suffer<T, E>(
        harm: Option<Harm>,
        work: impl Future<Output = Result<T, E>>,
        heard: impl FnOnce(Harm) -> E,
    ) -> Result<T, E> {
        match harm {
            None | Some(Harm::Lag(_)) => work.await,
            Some(Harm::KillBefore) => Killed::now(),
            Some(Harm::KillAfter) => {
                drop(work.await);
                Killed::now()
            }
            Some(harm @ (Harm::LoseRequest | Harm::Throttle { .. } | Harm::CutPages)) => Err(heard(harm)),
            Some(harm @ Harm::LoseAnswer) => work.await.and_then(|_| Err(heard(harm))),
            Some(Harm::Delay(time)) => {
                tokio::time::sleep(time).await;
                work.await
            }
        }
    }

    /// A server that lags behind, if this question comes to one.
    fn laggard(&self, what: &impl Debug) -> Option<Arc<dyn Replicated>> {
        let mut past = locked(&self.past);
        if past.as_ref().is_some_and(Past::is_over) {
            *past = None;
        }
        let lagging = past.as_mut()?;
        let meets = self.chance.as_ref().is_none_or(|chance| chance.meets_laggard(&format!("{what:?}")));
        meets.then(|| lagging.asked())
    }

    /// A write is about to be made that some servers will not hear of for a while. Those that lag already stay where they
    /// are.
    fn fall_behind(&self, account: &dyn Replicated, lag: Lag) {
        let mut past = locked(&self.past);
        if past.as_ref().is_none_or(Past::is_over) {
            *past = account.replica().map(|account| Past::new(account, lag));
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A provider whose calls go wrong.
pub struct Faulty<P> {
    inner: P,
    faults: Arc<Faults>,
    account: Option<Arc<dyn Replicated>>,
}

impl<P: Provider> Faulty<P> {
    pub fn new(inner: P, faults: Arc<Faults>) -> Self {
        Self { inner, faults, account: None }
    }

    /// The account behind it has servers that lag behind. Without this none do.
    #[must_use]
    pub fn replicated(self, account: Arc<dyn Replicated>) -> Self {
        Self { account: Some(account), ..self }
    }

    /// What a server says to a write that hasn't heard of what it is about, or of what was taken off it.
    async fn refusal(&self, write: &Write, carried: &Carried) -> Option<Failure> {
        let trial = self.faults.laggard(write)?.replica()?;
        let failure = trial.write(write, carried).await.err()?;
        matches!(failure.kind, FailureKind::NotFound | FailureKind::Conflict).then_some(failure)
    }
}

#[async_trait]
impl<P: Provider> Provider for Faulty<P> {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        let harm = self.faults.next(Seam::Read, read).filter(|harm| *harm != Harm::CutPages || read.facts().paged);
        let work = async {
            match read {
                Read::Iam(_) | Read::S3(_) => match self.faults.laggard(read) {
                    Some(laggard) => laggard.read(read).await,
                    None => self.inner.read(read).await,
                },
                Read::CallerIdentity | Read::Clock | Read::File(_) => self.inner.read(read).await,
            }
        };
        Faults::suffer(harm, work, |harm| heard(read.action(), harm)).await
    }

    async fn write(&self, write: &Write, carried: &Carried) -> Result<Reply, Failure> {
        let seam = match write {
            Write::Iam(_) | Write::S3(_) | Write::ProveKey { .. } => Seam::Call,
            Write::File(_) => Seam::File,
        };
        let harm = self.faults.next(seam, write);
        if seam == Seam::Call
            && let Some(refusal) = self.refusal(write, carried).await
        {
            return Err(refusal);
        }
        if let (Some(Harm::Lag(lag)), Some(account)) = (harm, &self.account) {
            self.faults.fall_behind(account.as_ref(), lag);
        }
        Faults::suffer(harm, self.inner.write(write, carried), |harm| heard(write.action(), harm)).await
    }
}

fn heard(action: &str, harm: Harm) -> Failure {
    match harm {
        Harm::Throttle { .. } => Failure::new(FailureKind::Throttled, action, "Throttling", "Rate exceeded"),
        Harm::CutPages => {
            Failure::new(FailureKind::Unavailable, action, "CutShort", "the answer broke off in the midst of its pages")
        }
        _ => Failure::new(FailureKind::Unavailable, action, "Timeout", "no answer arrived"),
    }
}
