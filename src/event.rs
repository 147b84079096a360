//! The reports of a run, during the run and at its end.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::address::Address;
use crate::call::Failure;
use crate::plan::StepId;
use crate::state::StoreError;

#[derive(Clone, Debug)]
pub enum Event {
    Started {
        step: StepId,
    },
    /// A wait for something slow, with the reason: `IAM has not propagated role X`.
    Waiting {
        step: StepId,
        why: String,
        waited: Duration,
        limit: Duration,
    },
    /// A call to a service waits, in any step: the service makes all steps wait.
    Delayed(Delay),
    Done {
        step: StepId,
    },
    Failed {
        step: StepId,
        why: Fault,
    },
    Skipped {
        step: StepId,
        because: Vec<Address>,
    },
}

/// The receiver of the reports of a run.
pub trait EventSink: Send + Sync {
    fn event(&self, event: &Event);
}

impl EventSink for () {
    fn event(&self, _event: &Event) {}
}

/// A call that is not sent yet, or not sent again yet, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delay {
    /// The operation, such as `iam:CreateUser`.
    pub call: String,
    pub why: String,
    pub wait: Duration,
}

/// The counts of requests between a run and the services that it called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// The number of requests that were sent. Each page of a list is one request.
    pub calls: usize,
    /// The number of requests that were retries.
    pub retries: usize,
    /// The number of requests that were throttled.
    pub throttles: usize,
    /// The number of times that a call had to wait, and the time during which at least one waited.
    pub waits: usize,
    pub waited: Duration,
}

impl Traffic {
    /// Returns true if every call was sent once and without a wait.
    pub fn was_smooth(&self) -> bool {
        self.retries == 0 && self.throttles == 0 && self.waits == 0
    }
}

impl std::ops::AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.retries += other.retries;
        self.throttles += other.throttles;
        self.waits += other.waits;
        self.waited += other.waited;
    }
}

/// Adds up waits. Overlapping waits are counted once.
#[derive(Debug, Default)]
pub struct Waits {
    number: usize,
    total: Duration,
    /// The end of the time that is counted already.
    until: Duration,
}

impl Waits {
    /// Adds a wait between two moments, both measured from the same start.
    pub fn add_wait(&mut self, from: Duration, until: Duration) {
        self.number += 1;
        self.total += until.saturating_sub(from.max(self.until));
        self.until = self.until.max(until);
    }

    pub fn traffic(&self) -> Traffic {
        Traffic { waits: self.number, waited: self.total, ..Traffic::default() }
    }
}

impl Serialize for Traffic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Traffic", 5)?;
        fields.serialize_field("calls", &self.calls)?;
        fields.serialize_field("retries", &self.retries)?;
        fields.serialize_field("throttles", &self.throttles)?;
        fields.serialize_field("waits", &self.waits)?;
        fields.serialize_field("waited_seconds", &self.waited.as_secs_f64())?;
        fields.end()
    }
}

/// The reason why a step failed.
#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
pub enum Fault {
    #[error(transparent)]
    Call(Failure),
    /// The live object differs from the object in the plan.
    #[error("{address} is no longer what the plan saw: {what}; nothing was changed. Plan again.")]
    Changed { address: Address, what: String },
    #[error("cannot save the state: {0}")]
    State(#[source] StoreFault),
    /// Another run may be working now.
    #[error("stopped: {0}")]
    Lock(#[source] StoreFault),
}

/// An error of the store as a report keeps it: a text that is compared and printed, with its cause
/// beside it.
#[derive(Clone, Debug)]
pub struct StoreFault {
    message: String,
    cause: Option<Arc<StoreError>>,
}

impl fmt::Display for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for StoreFault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl From<StoreError> for StoreFault {
    fn from(cause: StoreError) -> Self {
        Self { message: cause.to_string(), cause: Some(Arc::new(cause)) }
    }
}

impl From<String> for StoreFault {
    fn from(message: String) -> Self {
        Self { message, cause: None }
    }
}

impl PartialEq for StoreFault {
    fn eq(&self, other: &Self) -> bool {
        self.message == other.message
    }
}

impl Serialize for StoreFault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.message)
    }
}

impl Fault {
    /// Returns true if nothing new may begin. Without a state, or a lock on it, nothing more can be
    /// done safely. Calls in flight finish.
    pub fn ends_the_run(&self) -> bool {
        matches!(self, Self::State(_) | Self::Lock(_))
    }
}

/// The end of a run, with the steps that were done and the steps that were not.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunOutcome {
    pub done: Vec<StepId>,
    pub failed: Vec<(StepId, Fault)>,
    pub skipped: Vec<(StepId, Vec<Address>)>,
    pub calls: usize,
    pub traffic: Traffic,
    /// The time that each started step took, in the order in which the steps ended; and the time of
    /// the whole run.
    pub took: Vec<(StepId, Duration)>,
    pub elapsed: Duration,
    /// Marks a run that was told to stop before everything had started.
    pub interrupted: bool,
}

impl RunOutcome {
    pub fn succeeded(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty() && !self.interrupted
    }
}
