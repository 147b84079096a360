//! Faults on purpose, at the seam where calls leave relayctl: the proof that nothing is lost by them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::call::{Carried, Failure, FailureKind, Read, Reply, Write};
use crate::port::Provider;

/// What a run leaves the process for. Each is counted by itself, from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seam {
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
    /// It and what follows, so many in all, do not happen: there were too many.
    Throttle { times: usize },
}

impl Harm {
    /// How many in a row it harms.
    fn length(self) -> usize {
        match self {
            Self::Throttle { times } => times,
            Self::KillBefore | Self::KillAfter | Self::LoseRequest | Self::LoseAnswer => 1,
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

/// The faults of one run, shared by all that are to go wrong in it.
#[derive(Debug, Default)]
pub struct Faults {
    mishaps: Vec<Mishap>,
    passed: Mutex<BTreeMap<Seam, usize>>,
}

impl Faults {
    /// Nothing goes wrong: what passes is only counted.
    pub fn none() -> Arc<Self> {
        Self::of([])
    }

    pub fn of(mishaps: impl IntoIterator<Item = Mishap>) -> Arc<Self> {
        Arc::new(Self { mishaps: mishaps.into_iter().collect(), passed: Mutex::default() })
    }

    /// How often something has passed this seam.
    pub fn passed(&self, seam: Seam) -> usize {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).get(&seam).copied().unwrap_or_default()
    }

    fn next(&self, seam: Seam) -> Option<Harm> {
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        let count = passed.entry(seam).or_default();
        *count += 1;
        let now = |it: &&Mishap| it.seam == seam && it.nth <= *count && *count - it.nth < it.harm.length();
        self.mishaps.iter().find(now).map(|mishap| mishap.harm)
    }

    /// Lets `work` pass the seam, or harms it. `heard` is what is heard of what was lost or throttled.
    pub async fn pass<T, E>(
        &self,
        seam: Seam,
        work: impl Future<Output = Result<T, E>>,
        heard: impl FnOnce(Harm) -> E,
    ) -> Result<T, E> {
        match self.next(seam) {
            None => work.await,
            Some(Harm::KillBefore) => Killed::now(),
            Some(Harm::KillAfter) => {
                drop(work.await);
                Killed::now()
            }
            Some(harm @ (Harm::LoseRequest | Harm::Throttle { .. })) => Err(heard(harm)),
            Some(harm @ Harm::LoseAnswer) => work.await.and_then(|_| Err(heard(harm))),
        }
    }
}

/// A provider whose writes go wrong.
pub struct Faulty<P> {
    inner: P,
    faults: Arc<Faults>,
}

impl<P: Provider> Faulty<P> {
    pub fn new(inner: P, faults: Arc<Faults>) -> Self {
        Self { inner, faults }
    }
}

#[async_trait]
impl<P: Provider> Provider for Faulty<P> {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        self.inner.read(read).await
    }

    async fn write(&self, write: &Write, carried: &Carried) -> Result<Reply, Failure> {
        let seam = match write {
            Write::Iam(_) | Write::S3(_) | Write::ProveKey { .. } => Seam::Call,
            Write::File(_) => Seam::File,
        };
        let heard = |harm| match harm {
            Harm::Throttle { .. } => {
                Failure::new(FailureKind::Throttled, write.action(), "Throttling", "Rate exceeded")
            }
            _ => Failure::new(FailureKind::Unavailable, write.action(), "Timeout", "no answer arrived"),
        };
        self.faults.pass(seam, self.inner.write(write, carried), heard).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn heard(harm: Harm) -> (Result<u8, u8>, bool) {
        let faults = Faults::of([Mishap { seam: Seam::Save, nth: 2, harm }]);
        let mut happened = false;
        let first = faults.pass(Seam::Save, async { Ok(0) }, |_| 1).await;
        let elsewhere = faults.pass(Seam::Call, async { Err(7) }, |_| 1).await;
        assert_eq!((first, elsewhere), (Ok(0), Err::<u8, u8>(7)), "only the second save goes wrong");
        let work = async {
            happened = true;
            Ok(0)
        };
        let result = faults.pass(Seam::Save, work, |_| 1).await;
        assert_eq!((faults.passed(Seam::Save), faults.passed(Seam::Call), faults.passed(Seam::File)), (2, 1, 0));
        (result, happened)
    }

    #[tokio::test]
    async fn a_lost_request_has_not_happened_and_a_lost_answer_has() {
        assert_eq!(heard(Harm::LoseRequest).await, (Err(1), false));
        assert_eq!(heard(Harm::LoseAnswer).await, (Err(1), true));
    }

    #[tokio::test]
    async fn throttling_goes_on_for_as_many_as_it_says() {
        let faults = Faults::of([Mishap { seam: Seam::Call, nth: 2, harm: Harm::Throttle { times: 2 } }]);
        let mut heard = Vec::new();
        for _ in 0..4 {
            heard.push(faults.pass(Seam::Call, async { Ok(()) }, |harm| harm).await.is_ok());
        }
        assert_eq!(heard, [true, false, false, true]);
    }

    #[test]
    fn a_kill_is_a_panic_that_carries_its_name() {
        for (harm, after) in [(Harm::KillBefore, false), (Harm::KillAfter, true)] {
            let happened = std::sync::atomic::AtomicBool::new(false);
            let run = std::panic::AssertUnwindSafe(|| {
                let faults = Faults::of([Mishap { seam: Seam::Call, nth: 1, harm }]);
                let work = async {
                    happened.store(true, std::sync::atomic::Ordering::Relaxed);
                    Ok::<(), ()>(())
                };
                futures::executor::block_on(faults.pass(Seam::Call, work, |_| ()))
            });
            assert!(std::panic::catch_unwind(run).unwrap_err().is::<Killed>());
            assert_eq!(happened.into_inner(), after);
        }
    }
}
