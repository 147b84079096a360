//! Retries for a provider whose calls are single requests: the sandbox.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Operation, RetryableError, Transport, Tries};
use crate::call::{Failure, FailureKind, LostAnswer, Read, Reply, StepOutput, Write};
use crate::port::Provider;

/// A provider whose calls wait for their turn, and are sent again as AWS's are. It is not for
/// [`crate::provider::aws`], which does that for each request.
pub struct Retrying<P> {
    inner: P,
    transport: Arc<Transport>,
}

impl<P> Retrying<P> {
    pub fn new(inner: P, transport: Arc<Transport>) -> Self {
        Self { inner, transport }
    }

    /// Returns the last answer, and the tries before it.
    async fn send<F>(
        &self,
        operation: Operation,
        attempt: impl Fn() -> F,
    ) -> (Result<Reply, Failure>, Tries)
    where
        F: Future<Output = Result<Reply, Failure>>,
    {
        let mut tries = Tries::default();
        loop {
            let (sent, in_flight) = self.transport.acquire(&operation, tries).await;
            tries = sent;
            let answer = attempt().await;
            drop(in_flight);
            let mut failure = match answer {
                Err(failure) => failure,
                done => {
                    self.transport.answered(&operation);
                    return (done, tries);
                }
            };
            let Some(error) = retryable(&failure) else {
                self.transport.answered(&operation);
                return (Err(failure), tries);
            };
            let Some(pause) = self.transport.failed(&operation, tries, error, &failure.code) else {
                if let Some(note) = self.transport.retry_note(tries) {
                    failure.message = format!("{}; {note}", failure.message);
                }
                return (Err(failure), tries);
            };
            tries = tries.failed(error);
            tokio::time::sleep(pause).await;
        }
    }
}

#[async_trait]
impl<P: Provider> Provider for Retrying<P> {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        match read {
            // These reads send nothing.
            Read::Clock | Read::File(_) => self.inner.read(read).await,
            Read::CallerIdentity | Read::Iam(_) | Read::S3(_) => {
                self.send(operation(read.action(), false), || self.inner.read(read)).await.0
            }
        }
    }

    fn waiting(&self) -> usize {
        self.transport.waiting()
    }

    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        if let Write::File(_) = write {
            return self.inner.write(write, carried).await;
        }
        let once = write.facts().lost_answer == LostAnswer::GiveUp;
        let (answer, tries) =
            self.send(operation(write.action(), once), || self.inner.write(write, carried)).await;
        answer.or_else(
            |failure| if tries.possibly_done { possibly_done(failure) } else { Err(failure) },
        )
    }
}

/// Returns the outcome of a write whose earlier try may have been done: whatever the reason of the
/// last refusal, the write may be done. The codes "already exists" and "not found" tell that by
/// themselves. A bucket that is the account's own by now was made by the earlier try: outside of
/// us-east-1 S3 refuses to make it twice.
pub fn possibly_done(failure: Failure) -> Result<Reply, Failure> {
    if failure.code == "BucketAlreadyOwnedByYou" {
        return Ok(Reply::Done);
    }
    Err(match failure.kind {
        FailureKind::AlreadyExists | FailureKind::NotFound => failure,
        FailureKind::Conflict
        | FailureKind::LimitExceeded
        | FailureKind::Invalid
        | FailureKind::AccessDenied
        | FailureKind::Credentials
        | FailureKind::Throttled
        | FailureKind::Unavailable
        | FailureKind::Refused
        | FailureKind::Other => Failure { kind: FailureKind::Unavailable, ..failure },
    })
}

fn retryable(failure: &Failure) -> Option<RetryableError> {
    match failure.kind {
        FailureKind::Throttled => Some(RetryableError::Throttled),
        FailureKind::Unavailable => Some(RetryableError::NoAnswer),
        FailureKind::NotFound
        | FailureKind::AlreadyExists
        | FailureKind::Conflict
        | FailureKind::LimitExceeded
        | FailureKind::Invalid
        | FailureKind::AccessDenied
        | FailureKind::Credentials
        | FailureKind::Refused
        | FailureKind::Other => None,
    }
}

fn operation(action: &'static str, once: bool) -> Operation {
    let service = action.split_once(':').map_or(action, |(service, _)| service);
    Operation { service, name: action.to_owned(), once }
}
