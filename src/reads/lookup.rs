//! The lookup of a fact: the fact, or the reads that it still lacks.

use std::collections::BTreeSet;

use crate::call::{Failure, FailureKind, IamRead, Observed, Read};

/// The error code of a fact that was not read.
pub const NOT_READ: &str = "NotRead";

/// The reason why a fact can't be told.
#[derive(Debug)]
pub(super) enum Missing {
    Absent,
    Unknown(Failure),
    /// These answers are missing. They tell the fact, or the next read that it lacks.
    Unread(BTreeSet<Read>),
}

/// The result of a lookup. One function both finds a fact and names the reads that it lacks, so
/// [`next_reads`](super::next_reads) and the lookups can't disagree.
pub(super) type Lookup<T> = Result<T, Missing>;

/// The circumstances in which a fact is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReadHint<'a> {
    /// The read that comes before the calls on single objects, since it may answer them.
    pub(super) first: Option<&'a Read>,
    /// True if the state says that the object exists: the reads that follow from that are sent at
    /// once.
    pub(super) expected: bool,
}

impl ReadHint<'_> {
    /// The hint for a lookup after all reads.
    pub(super) const NOTHING: ReadHint<'static> = ReadHint { first: None, expected: false };

    /// Returns the missing reads: these calls, or the read that comes before them.
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

/// Returns the reads that a fact still lacks.
pub(super) fn unread<T>(found: Lookup<T>) -> BTreeSet<Read> {
    match found {
        Err(Missing::Unread(reads)) => reads,
        Ok(_) | Err(Missing::Absent | Missing::Unknown(_)) => BTreeSet::new(),
    }
}

/// Combines two facts. An absent or unknown one decides the pair, the first before the second: the
/// other need not be read.
pub(super) fn both_found<A, B>(one: Lookup<A>, other: Lookup<B>) -> Lookup<(A, B)> {
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

/// Collects the facts of all objects that exist. Absent ones are left out; an unknown one makes the
/// list unknown.
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
