//! What calls cost.

use std::iter::Sum;
use std::ops::Add;

/// How many bytes take as long as a call: 50 ms at 5 MB/s.
const CALL: u64 = 256 * 1024;

/// What one user, role, group or policy takes in an answer, its documents included: by estimate.
const ENTITY: u64 = 2 * 1024;

/// What some calls cost.
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
