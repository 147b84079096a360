//! Tests of the adapters to AWS and to the stores of state, in-process against servers.

mod aws;
mod aws_responses;
mod retries;
mod stores;
#[path = "../support/mod.rs"]
mod support;
