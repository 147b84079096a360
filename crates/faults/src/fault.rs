//! The faults that there are, and where they happen.

use std::time::Duration;

use crate::replication::ReplicationLag;

/// A seam at which a run leaves the process. What passes each is counted by itself, from one.
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

/// A kind of fault at a seam.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// The process ends before it happens.
    KillBefore,
    /// It happens, and the process ends before it hears of that.
    KillAfter,
    /// It does not happen, and nobody knows.
    LoseRequest,
    /// It happens, and nobody knows.
    LoseAnswer,
    /// It and what follows, so many in all, do not happen, and the answer says so: there were too
    /// many.
    Throttle { times: usize },
    /// It takes its time.
    Delay(Duration),
    /// A list breaks off in the midst of its pages. What has come by then is no answer: the rest of
    /// it is unknown, not absent.
    CutPages,
    /// A write is not seen everywhere at once.
    Lag(ReplicationLag),
}

impl FaultKind {
    /// Counts how many in a row go wrong by it.
    pub(crate) fn length(self) -> usize {
        match self {
            Self::Throttle { times } => times,
            Self::KillBefore
            | Self::KillAfter
            | Self::LoseRequest
            | Self::LoseAnswer
            | Self::Delay(_)
            | Self::CutPages
            | Self::Lag(_) => 1,
        }
    }
}

/// One fault, at the `nth` time that something passes the seam.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlannedFault {
    pub seam: Seam,
    pub nth: usize,
    pub kind: FaultKind,
}

/// The end of the process, as a panic that no code catches. It carries this, so that a test tells
/// it from a failure.
#[derive(Clone, Copy, Debug)]
pub struct Killed;

impl Killed {
    /// Says nothing: a killed process does not either.
    pub(crate) fn now() -> ! {
        std::panic::resume_unwind(Box::new(Self))
    }
}
