//! AWS's documentation of the calls that relayctl makes, each rule as one test of the sandbox.
//!
//! Only through [`Provider`], except for putting objects into buckets: no call of relayctl does
//! that.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an answer of another kind than the call's fails the test, whichever it is"
)]

mod access_keys;
mod attachments;
mod buckets;
mod dependents;
mod documents;
mod identity;
mod objects;
mod policies;
mod roles;
mod sweep;
mod users;
mod world;
