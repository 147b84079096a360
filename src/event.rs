//! What a run reports while it runs, and how it ended.

use std::time::Duration;

use serde::Serialize;

use crate::address::Address;
use crate::call::Failure;
use crate::plan::StepId;

#[derive(Clone, Debug)]
pub enum Event {
    Started {
        step: StepId,
    },
    /// Something that takes time, with the reason: `IAM has not propagated role X`.
    Waiting {
        step: StepId,
        why: String,
        waited: Duration,
        limit: Duration,
    },
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

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
pub enum Fault {
    #[error("{0}")]
    Call(Failure),
    /// The live object is no longer what the plan saw.
    #[error("{address} is no longer what the plan saw: {what}; nothing was changed. Plan again.")]
    Changed { address: Address, what: String },
    #[error("cannot save the state: {0}")]
    State(String),
    /// Another run may be at work now.
    #[error("stopped: {0}")]
    Lock(String),
}

impl Fault {
    /// What is in flight ends, nothing new begins: without a state, or a lock on it, nothing more can be done safely.
    pub fn ends_the_run(&self) -> bool {
        matches!(self, Self::State(_) | Self::Lock(_))
    }
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    pub done: Vec<StepId>,
    pub failed: Vec<(StepId, Fault)>,
    pub skipped: Vec<(StepId, Vec<Address>)>,
    pub calls: usize,
    /// It was told to stop before everything was begun.
    pub interrupted: bool,
}

impl Outcome {
    pub fn succeeded(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty() && !self.interrupted
    }
}
