//! The weather for a provider whose calls are single requests: the sandbox.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Call, Tries, Trouble, Weather};
use crate::call::{Carried, Failure, FailureKind, LostAnswer, Read, Reply, Write};
use crate::port::Provider;

/// A provider whose calls wait for their turn, and are sent again as AWS's are. Not for [`super::super::aws`], which sees to
/// that for each request.
pub struct Weathered<P> {
    inner: P,
    weather: Arc<Weather>,
}

impl<P> Weathered<P> {
    pub fn new(inner: P, weather: Arc<Weather>) -> Self {
        Self { inner, weather }
    }

    /// What became of it, and how it was tried before.
    async fn send<F>(&self, call: Call, attempt: impl Fn() -> F) -> (Result<Reply, Failure>, Tries)
    where
        F: Future<Output = Result<Reply, Failure>>,
    {
        let mut tries = Tries::default();
        loop {
            let (sent, flight) = self.weather.turn(&call, tries).await;
            tries = sent;
            let answer = attempt().await;
            drop(flight);
            let mut failure = match answer {
                Err(failure) => failure,
                done => {
                    self.weather.answered(&call);
                    return (done, tries);
                }
            };
            let Some(trouble) = trouble(&failure) else {
                self.weather.answered(&call);
                return (Err(failure), tries);
            };
            let Some(pause) = self.weather.failed(&call, tries, trouble, &failure.code) else {
                if let Some(told) = self.weather.told(tries) {
                    failure.message = format!("{}; {told}", failure.message);
                }
                return (Err(failure), tries);
            };
            tries = tries.failed(trouble);
            tokio::time::sleep(pause).await;
        }
    }
}

#[async_trait]
impl<P: Provider> Provider for Weathered<P> {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        match read {
            // Nothing is sent for it.
            Read::Clock | Read::File(_) => self.inner.read(read).await,
            _ => self.send(call(read.action(), false), || self.inner.read(read)).await.0,
        }
    }

    fn waiting(&self) -> usize {
        self.weather.waiting()
    }

    async fn write(&self, write: &Write, carried: &Carried) -> Result<Reply, Failure> {
        if let Write::File(_) = write {
            return self.inner.write(write, carried).await;
        }
        let once = write.facts().lost_answer == LostAnswer::GiveUp;
        let (answer, tries) = self.send(call(write.action(), once), || self.inner.write(write, carried)).await;
        answer.or_else(|failure| if tries.unsure { unsure(failure) } else { Err(failure) })
    }
}

/// Of a write, of which an earlier try may have been done: whatever the last one was refused for, it may be done. That it
/// is there already, or not there any more, says so by itself; and a bucket that is the account's own by now was made by the
/// earlier try. Outside of us-east-1 S3 refuses to make it twice.
pub fn unsure(failure: Failure) -> Result<Reply, Failure> {
    match failure.kind {
        _ if failure.code == "BucketAlreadyOwnedByYou" => Ok(Reply::Done),
        FailureKind::AlreadyExists | FailureKind::NotFound => Err(failure),
        _ => Err(Failure { kind: FailureKind::Unavailable, ..failure }),
    }
}

fn trouble(failure: &Failure) -> Option<Trouble> {
    match failure.kind {
        FailureKind::Throttled => Some(Trouble::Throttled),
        FailureKind::Unavailable => Some(Trouble::Silent),
        _ => None,
    }
}

fn call(action: &'static str, once: bool) -> Call {
    let service = action.split_once(':').map_or(action, |(service, _)| service);
    Call { service, name: action.to_owned(), once }
}
