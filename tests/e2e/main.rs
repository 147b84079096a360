//! Tests of whole jobs with the real binary, in the sandbox or against moto.

mod access;
mod brakes;
mod disk_failures;
mod encryption;
mod forecast;
mod groups;
mod keys;
mod lost_state;
mod moto;
mod ownership;
mod permissions;
mod renames;
mod replacement;
mod retries;
mod sandbox;
mod secrets;
mod sinks;
mod state;
#[path = "../support/mod.rs"]
mod support;
