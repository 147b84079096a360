//! Tests of the command line with the real binary, without a server.

mod commands;
mod lint;
mod lint_output;
mod policy;
mod policy_can;
mod policy_can_limits;
mod remedies;
mod render;
mod side_by_side;
mod signals;
mod startup;
#[path = "../support/mod.rs"]
mod support;
