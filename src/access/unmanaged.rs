//! Holds the facts about the account beyond the manifest's own objects.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::call::Failure;
use crate::model::Live;
use crate::value::SharedValue;

/// Principals, groups and documents that the manifest doesn't manage and that its changes affect.
#[derive(Clone, Debug, Default)]
pub struct UnmanagedAccess {
    /// Users, roles and groups that the manifest doesn't manage, and that have its policies.
    pub holders: Live,
    /// The reason that the principals with a policy could not be listed, by its ARN.
    pub unlisted: BTreeMap<String, Failure>,
    /// The groups of users, or the reason that they aren't known.
    pub groups: BTreeMap<Address, Result<Vec<String>, Failure>>,
    /// The users in groups of the manifest, or the reason that they aren't known.
    pub members: BTreeMap<Address, Result<Vec<String>, Failure>>,
    /// The documents of policies that the manifest doesn't declare, by ARN, and of inline ones by
    /// address.
    pub documents: BTreeMap<String, SharedValue>,
    /// The reason that such a document wasn't read.
    pub unread: BTreeMap<String, Failure>,
}
