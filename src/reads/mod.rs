//! The choice of the reads that answer the wanted facts at the least cost: pure functions of the
//! wanted facts and the known answers.
//!
//! The resolver asks [`next_reads`] for the next reads, sends them, adds the answers to the
//! [`Snapshot`], and asks again until nothing is left. Then the kinds look their facts up in the
//! snapshot. The table of [`Facet`]s has a row for each fact, with the reads that answer it and
//! their cost. If several calls can answer the same facts, `choice` takes the cheapest;
//! [`explain()`] gives the choice and the reason.

mod account;
mod bucket;
mod choice;
mod cost;
mod dependents;
mod explain;
mod facet;
mod instance_profile;
mod lookup;
mod oidc_provider;
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
