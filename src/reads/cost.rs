//! The cost of calls.

use std::iter::Sum;
use std::ops::Add;

/// The number of bytes that take as long as a call: 50 ms at 5 MB/s.
const CALL: u64 = 256 * 1024;

/// The estimated size of one user, role, group or policy in an answer, with its documents.
const ENTITY: u64 = 2 * 1024;

/// The cost of some calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) calls: u64,
    pub(super) bytes: u64,
}

impl Cost {
    pub(super) const NOTHING: Self = Self { calls: 0, bytes: 0 };

    pub(super) const fn of(calls: u64, entities: u64) -> Self {
        Self { calls, bytes: entities * ENTITY }
    }

    pub(super) fn weight(self) -> u64 {
        self.calls * CALL + self.bytes
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { calls: self.calls + other.calls, bytes: self.bytes + other.bytes }
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), Add::add)
    }
}
