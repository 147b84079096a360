//! A fact that is looked up, or what it still lacks.

use std::collections::BTreeSet;

use crate::call::{Failure, FailureKind, IamRead, Observed, Read};

/// The code of a fact that nobody asked for.
pub const NOT_READ: &str = "NotRead";

/// Why a fact can't be told.
#[derive(Debug)]
pub(super) enum Missing {
    Absent,
    Unknown(Failure),
    /// These answers are missing; with them it can be told, or the next question is known.
    Unread(BTreeSet<Read>),
}

/// One function finds a fact and tells what it still lacks: so [`next_reads`](super::next_reads)
/// and the lookups can't disagree.
pub(super) type Lookup<T> = Result<T, Missing>;

/// How one fact is to be asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReadHint<'a> {
    /// What comes before the calls on single objects: it may answer what they would.
    pub(super) first: Option<&'a Read>,
    /// The object is there, as far as the state knows: what follows from that is asked at once.
    pub(super) expected: bool,
}

impl ReadHint<'_> {
    /// For looking up what was read.
    pub(super) const NOTHING: ReadHint<'static> = ReadHint { first: None, expected: false };

    /// These calls, or what comes before them.
    pub(super) fn missing(self, each: impl IntoIterator<Item = IamRead>) -> Missing {
        match self.first {
            Some(first) => Missing::Unread(BTreeSet::from([first.clone()])),
            None => Missing::Unread(each.into_iter().map(Read::Iam).collect()),
        }
    }
}

pub(super) fn observed<T>(found: Lookup<T>) -> Observed<T> {
    match found {
        Ok(fact) => Observed::Present(fact),
        Err(Missing::Absent) => Observed::Absent,
        Err(Missing::Unknown(failure)) => Observed::Unknown(failure),
        Err(Missing::Unread(reads)) => {
            let call = reads.first().map_or("relayctl", Read::action);
            Observed::Unknown(Failure::new(
                FailureKind::Other,
                call,
                NOT_READ,
                "this was not asked for",
            ))
        }
    }
}

/// The reads that a fact still lacks.
pub(super) fn unread<T>(found: Lookup<T>) -> BTreeSet<Read> {
    match found {
        Err(Missing::Unread(reads)) => reads,
        Ok(_) | Err(Missing::Absent | Missing::Unknown(_)) => BTreeSet::new(),
    }
}

/// Both facts. What decides one of them decides the pair, the first before the second: the rest
/// need not be asked.
pub(super) fn both<A, B>(one: Lookup<A>, other: Lookup<B>) -> Lookup<(A, B)> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(Missing::Unread(mut reads)), Err(Missing::Unread(more))) => {
            reads.extend(more);
            Err(Missing::Unread(reads))
        }
        (Err(decided @ (Missing::Absent | Missing::Unknown(_))), _)
        | (_, Err(decided @ (Missing::Absent | Missing::Unknown(_)))) => Err(decided),
        (Err(missing), Ok(_)) | (Ok(_), Err(missing)) => Err(missing),
    }
}

/// The facts of all that are there. What is absent is left out; what is unknown decides.
pub(super) fn all<T>(facts: impl IntoIterator<Item = Lookup<T>>) -> Lookup<Vec<T>> {
    let mut found = Vec::new();
    let mut unread = BTreeSet::new();
    for fact in facts {
        match fact {
            Ok(fact) => found.push(fact),
            Err(Missing::Absent) => {}
            Err(Missing::Unread(reads)) => unread.extend(reads),
            Err(unknown @ Missing::Unknown(_)) => return Err(unknown),
        }
    }
    if unread.is_empty() { Ok(found) } else { Err(Missing::Unread(unread)) }
}

pub(super) fn unexpected(call: &str) -> Missing {
    Missing::Unknown(Failure::new(
        FailureKind::Other,
        call,
        "UnexpectedAnswer",
        "the answer does not fit the question",
    ))
}
