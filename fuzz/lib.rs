//! The policy algebra of relayctl, without the rest of it.

#![allow(dead_code)]

#[path = "../src/diagnostic.rs"]
pub mod diagnostic;
#[path = "../src/policy/mod.rs"]
pub mod policy;
#[path = "../src/value/mod.rs"]
pub mod value;
