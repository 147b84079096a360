//! Which reads answer which facts, at the least cost: pure functions from what is wanted and what
//! is known.
//!
//! The resolver asks [`next_reads`] what to send, sends it, adds the answers to the [`Snapshot`],
//! and asks again until nothing is left; the kinds then look their facts up in the snapshot. What
//! can answer a fact, and at which cost, is its row in the table of [`Facet`]s. Where several calls
//! can answer the same facts, `choice` takes the cheapest; [`explain`] says which and why.

mod account;
mod bucket;
mod choice;
mod cost;
mod dependents;
mod explain;
mod facet;
mod lookup;
mod parts;
mod policy;
mod principal;
mod rounds;
mod snapshot;
#[cfg(test)]
mod tests;
mod uses;

pub use bucket::BucketAspect;
pub use dependents::UserDependents;
pub use explain::{ExplainedCall, Explanation, ReadStats, explain};
pub use facet::Facet;
pub use lookup::NOT_READ;
pub use parts::{PrincipalPolicies, PrincipalRef, RoleSettings, Uses};
pub use rounds::{ReadScope, WantedFacts, next_reads};
pub use snapshot::Snapshot;
