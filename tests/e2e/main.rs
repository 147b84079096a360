//! Tests of whole jobs with the real binary, in the sandbox or against moto.

mod access;
mod brakes;
mod credentials;
mod disk_failures;
mod edited_plans;
mod encryption;
mod forecast;
mod groups;
mod hints;
mod hostile_text;
mod instance_profiles;
mod key_moves;
mod keys;
mod local_files;
mod lost_state;
mod moto;
mod names;
mod oidc_providers;
mod own_files;
mod ownership;
mod permissions;
mod policy_cost;
#[cfg(unix)]
mod project_files;
mod refresh;
mod renames;
mod replacement;
mod retries;
mod sandbox;
mod secrets;
mod sinks;
mod state;
#[path = "../support/mod.rs"]
mod support;
mod trust;
mod waiting;
mod widening;
