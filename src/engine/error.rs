//! The errors of the engine. Each holds the values that it is about, and its cause.

use std::fmt;

use crate::address::{Address, AddressLookupError};
use crate::apply::StaleReason;
use crate::call::{CallerIdentity, Failure};
use crate::graph::Cycle;
use crate::kind::Ownership;
use crate::plan::guard::Objection;
use crate::state::StoreError;

/// The reason why the engine could not make a plan, apply a plan, or change a state.
///
/// The texts say what is wrong. The program that shows them adds what to do: it knows how its user
/// called it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    #[error(
        "the credentials are for account {}, but the manifest is for account {account} (they \
            belong to {})",
        caller.account,
        caller.arn
    )]
    WrongAccount { account: String, caller: CallerIdentity },

    #[error("the state {location} belongs to {claim} {theirs}, not to {ours}")]
    ForeignState { location: String, claim: StateClaim, theirs: String, ours: String },

    #[error("this plan cannot be applied: {reason}")]
    Stale {
        /// The manifest that the plan was made for, as the plan names it.
        manifest_file: String,
        #[source]
        reason: StaleReason,
    },

    /// A brake blocks the plan and was not overridden.
    #[error("this plan must not be applied as it is: {}", join_messages(objections))]
    Objected { objections: Vec<Objection> },

    #[error(transparent)]
    Address(#[from] AddressLookupError),

    #[error("{address} cannot be replaced: {why}")]
    NotReplaceable { address: Address, why: &'static str },

    #[error("the manifest declares no access key")]
    NoAccessKeys,

    #[error("the manifest declares no access key for a user {user}")]
    UnknownKeyUser {
        user: String,
        /// The users for whom the manifest declares one.
        known: Vec<String>,
    },

    #[error("there is no state {location} yet")]
    NoState { location: String },

    /// The owner of such an object is recorded elsewhere than in the state, or nowhere.
    #[error("{address} cannot be added to the state")]
    NotAddable { address: Address, ownership: Ownership },

    #[error("the state records {address} already")]
    AlreadyRecorded { address: Address },

    #[error("there is no {address} in AWS")]
    NotInAws { address: Address },

    #[error("the state {location} was not replaced: {reason}")]
    NotSuccessor {
        location: String,
        #[source]
        reason: SuccessionError,
    },

    #[error("the state is at {location} already")]
    SameStore { location: String },

    #[error("there is another state at {location} already")]
    OccupiedStore { location: String },

    #[error("what is at {location} now is not what was written there")]
    CopyDiffers { location: String },

    #[error(transparent)]
    Store(#[from] StoreError),

    #[error(transparent)]
    Call(#[from] Failure),

    #[error(transparent)]
    Cycle(#[from] Cycle),
}

fn join_messages(objections: &[Objection]) -> String {
    let messages: Vec<&str> = objections.iter().map(|it| it.diagnostic.message.as_str()).collect();
    messages.join("; ")
}

/// The part of a state that identifies its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateClaim {
    Manifest,
    Account,
}

impl fmt::Display for StateClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Manifest => "the manifest",
            Self::Account => "account",
        })
    }
}

/// The reason why one state must not replace another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SuccessionError {
    #[error("it is another state (lineage {stored}, the file says {pushed})")]
    OtherLineage { stored: String, pushed: String },
    #[error("it is newer than the file (serial {stored}, the file says {pushed})")]
    OlderSerial { stored: u64, pushed: u64 },
}
