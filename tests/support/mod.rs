//! Shared parts of the test binaries. Each uses only some of them.
#![allow(dead_code, reason = "every test binary compiles this module, and none uses all of it")]

pub mod bucket;
pub mod canned;
pub mod command;
pub mod edge;
pub mod laws;
pub mod moto;
pub mod project;
pub mod proxy;
pub mod stack;
pub mod tls;
pub mod world;
