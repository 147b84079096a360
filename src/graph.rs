//! The order of work.

use crate::address::Address;

/// Things that wait for each other, in the order in which they do; the first is named again at the end when printed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these depend on each other: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(" -> "))]
pub struct Cycle(pub Vec<Address>);
