//! A provider whose calls go wrong.

use std::sync::Arc;

use async_trait::async_trait;
use relayctl::call::{Failure, FailureKind, Read, Reply, StepOutput, Write};
use relayctl::port::Provider;

use crate::fault::{FaultKind, Seam};
use crate::faults::Faults;
use crate::replication::Replicated;

/// A provider whose calls go wrong.
pub struct FaultyProvider<P> {
    inner: P,
    faults: Arc<Faults>,
    account: Option<Arc<dyn Replicated>>,
}

impl<P: Provider> FaultyProvider<P> {
    pub fn new(inner: P, faults: Arc<Faults>) -> Self {
        Self { inner, faults, account: None }
    }

    /// Adds the account behind the provider, whose servers can lag behind. Without this account
    /// none do.
    #[must_use]
    pub fn replicated(self, account: Arc<dyn Replicated>) -> Self {
        Self { account: Some(account), ..self }
    }

    /// Returns the refusal of a server that lags behind: it does not know the write's object yet,
    /// or not that something was detached from that object.
    async fn refusal(&self, write: &Write, carried: &StepOutput) -> Option<Failure> {
        let trial = self.faults.lagging_server(write)?.replica()?;
        let failure = trial.write(write, carried).await.err()?;
        matches!(failure.kind, FailureKind::NotFound | FailureKind::Conflict).then_some(failure)
    }
}

#[async_trait]
impl<P: Provider> Provider for FaultyProvider<P> {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        let fault = self.faults.next(Seam::Read, read);
        let fault = fault.filter(|fault| *fault != FaultKind::CutPages || read.facts().paged);
        let work = async {
            match read {
                Read::Iam(_) | Read::S3(_) => match self.faults.lagging_server(read) {
                    Some(lagging) => lagging.read(read).await,
                    None => self.inner.read(read).await,
                },
                Read::CallerIdentity | Read::Clock | Read::File(_) => self.inner.read(read).await,
            }
        };
        Faults::apply(fault, work, |fault| reported_as(read.action(), fault)).await
    }

    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        let seam = match write {
            Write::Iam(_) | Write::S3(_) | Write::ProveKey { .. } => Seam::Call,
            Write::File(_) => Seam::File,
        };
        let fault = self.faults.next(seam, write);
        if seam == Seam::Call
            && let Some(refusal) = self.refusal(write, carried).await
        {
            return Err(refusal);
        }
        if let (Some(FaultKind::Lag(lag)), Some(account)) = (fault, &self.account) {
            self.faults.fall_behind(account.as_ref(), lag);
        }
        let work = self.inner.write(write, carried);
        Faults::apply(fault, work, |fault| reported_as(write.action(), fault)).await
    }
}

fn reported_as(action: &str, fault: FaultKind) -> Failure {
    let (kind, code, message) = match fault {
        FaultKind::Throttle { .. } => (FailureKind::Throttled, "Throttling", "Rate exceeded"),
        FaultKind::Deny => (
            FailureKind::AccessDenied,
            "AccessDenied",
            "the caller is not authorized to perform this call",
        ),
        FaultKind::CutPages => {
            (FailureKind::Unavailable, "CutShort", "the answer broke off in the midst of its pages")
        }
        FaultKind::KillBefore
        | FaultKind::KillAfter
        | FaultKind::LoseRequest
        | FaultKind::LoseAnswer
        | FaultKind::Delay(_)
        | FaultKind::Lag(_) => (FailureKind::Unavailable, "Timeout", "no answer arrived"),
    };
    Failure::new(kind, action, code, message)
}
