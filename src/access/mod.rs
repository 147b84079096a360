//! Computes the effect of a plan's changes on access: who may do what after the plan that they may
//! not do now.
//!
//! From the bottom up: the report ([`AccessChange`]), the model of who has which policies before
//! and after the plan, doubts and stand-ins for policies that were not read, a file for each aspect
//! that is reported (permissions, trust, bucket policies), and [`changes()`], which goes through
//! them all. [`meaning()`] tells the rest: the changes that no comparison of policies shows.

mod access_change;
mod bucket;
mod changes;
pub mod checks;
mod compiled;
mod declared;
mod doubts;
mod edited;
mod effective;
mod meaning;
mod memberships;
mod model;
mod names;
mod own_keys;
mod permissions;
mod report;
mod roles;
mod tags;
#[cfg(test)]
mod tests;
mod trust;
mod unmanaged;
mod unread;
mod unread_groups;
mod via;

pub use access_change::{AccessChange, AccessEffect, Aspect, EffectDoubt, NotRead};
pub use changes::{changed_groups, changes, edited, members, unread};
pub use declared::DeclaredPolicies;
pub use meaning::{AccessMeaning, UncomparedGain, meaning, uncompared_gains};
pub use unmanaged::UnmanagedAccess;
