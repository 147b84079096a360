//! Computes the least permissions that relayctl itself needs for a manifest: the calls that a job
//! can send for the declared objects, and the policy that allows exactly those.

mod calls;
mod document;
mod store;

use std::collections::BTreeSet;

use crate::address::Address;
use crate::call::{ObjectPaths, Permission};
use crate::model::Desired;
use crate::value::{optional_text, text_of};

pub use document::{PermissionStatement, policies, statements};

/// The job that relayctl is to be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Reads the declared objects; also for `plan --destroy`.
    Plan,
    /// Plans, creates, updates, replaces and deletes them.
    Apply,
    /// Reads and deletes them.
    Destroy,
}

/// Returns every permission that the job can need for the declared objects.
pub fn needed(desired: &Desired, job: Job) -> BTreeSet<Permission> {
    let places = places(desired);
    // IAM can't know the path of an object that doesn't exist, so a read before a create is decided
    // for an ARN without one.
    let unknown = ObjectPaths { paths: [].into(), ..places.clone() };
    let reads = calls::reads(desired, job);
    let mut needed: BTreeSet<Permission> = [&places, &unknown]
        .into_iter()
        .flat_map(|at| reads.iter().flat_map(|read| read.permissions(at)))
        .collect();
    needed.extend(calls::writes(desired, job).iter().flat_map(|write| write.permissions(&places)));
    needed.extend(store::permissions(desired, job));
    needed
}

/// Returns the additional permissions for removing objects that others attached.
pub fn foreign(desired: &Desired) -> BTreeSet<Permission> {
    let places = places(desired);
    calls::clearings(desired).iter().flat_map(|write| write.permissions(&places)).collect()
}

fn places(desired: &Desired) -> ObjectPaths {
    let paths = desired.resources.iter().filter_map(|(address, resource)| {
        let path = optional_text(&resource.attributes, "path")?;
        Some((Address::new(address.kind(), text_of(&resource.attributes, "name")), path))
    });
    ObjectPaths {
        partition: desired.partition.clone(),
        account: desired.account.clone(),
        paths: paths.collect(),
    }
}

#[cfg(test)]
mod tests;
