//! What is known of the account beside the manifest's own objects.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::call::Failure;
use crate::model::Live;
use crate::value::SharedValue;

/// Principals, groups and documents that the manifest doesn't manage and that its changes bear on.
#[derive(Clone, Debug, Default)]
pub struct UnmanagedAccess {
    /// Users, roles and groups that the manifest doesn't know, and that have its policies.
    pub holders: Live,
    /// Why it isn't known who has a policy, by its ARN.
    pub unlisted: BTreeMap<String, Failure>,
    /// The groups of users, or why they aren't known.
    pub groups: BTreeMap<Address, Result<Vec<String>, Failure>>,
    /// The users in groups of the manifest's, or why they aren't known.
    pub members: BTreeMap<Address, Result<Vec<String>, Failure>>,
    /// Documents of policies that the manifest doesn't declare, by ARN, and of inline ones by
    /// address.
    pub documents: BTreeMap<String, SharedValue>,
    /// Why such a document wasn't read.
    pub unread: BTreeMap<String, Failure>,
}
