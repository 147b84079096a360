//! The kinds of faults, and the seams at which they happen.

use std::time::Duration;

use crate::replication::ReplicationLag;

/// A seam at which a run leaves the process. Each seam has its own count, which begins at one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seam {
    /// A read from AWS or from a file.
    Read,
    /// A write to AWS.
    Call,
    /// A change of a local file.
    File,
    /// A save of the state, or of a change of the state.
    Save,
}

/// A kind of fault at a seam.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// The process ends before the call happens.
    KillBefore,
    /// The call happens, and the process ends before the answer arrives.
    KillAfter,
    /// The call does not happen, and no answer arrives.
    LoseRequest,
    /// The call happens, and no answer arrives.
    LoseAnswer,
    /// The call does not happen. The answer says that the caller may not make it.
    Deny,
    /// This call and those that follow it, `times` in all, do not happen. The answer says that
    /// there were too many.
    Throttle { times: usize },
    /// The call is delayed.
    Delay(Duration),
    /// A list breaks off in the midst of its pages. The pages that have arrived are no answer: the
    /// rest of the list is unknown, not absent.
    CutPages,
    /// The servers see a write only after a while.
    Lag(ReplicationLag),
}

impl FaultKind {
    /// Returns the number of calls in a row that the fault hits.
    pub(crate) fn length(self) -> usize {
        match self {
            Self::Throttle { times } => times,
            Self::KillBefore
            | Self::KillAfter
            | Self::LoseRequest
            | Self::LoseAnswer
            | Self::Deny
            | Self::Delay(_)
            | Self::CutPages
            | Self::Lag(_) => 1,
        }
    }
}

/// One fault, at the `nth` call that passes the seam.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlannedFault {
    pub seam: Seam,
    pub nth: usize,
    pub kind: FaultKind,
}

/// The end of the process: the payload of a panic that no code catches. A test tells such an end
/// from a failure by this payload.
#[derive(Clone, Copy, Debug)]
pub struct Killed;

impl Killed {
    /// Ends the process without a message: a killed process prints none either.
    pub(crate) fn now() -> ! {
        std::panic::resume_unwind(Box::new(Self))
    }
}
