//! Tests of the engine in-process, against a simulated account.

mod apply;
mod carried;
mod conformance;
mod key_moves;
mod kill_points;
mod library;
mod rate_limits;
mod reads;
mod renames;
mod seeds;
mod succession;
#[path = "../support/mod.rs"]
mod support;
