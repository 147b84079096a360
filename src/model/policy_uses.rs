//! The managed policies that a manifest uses and does not declare.

use std::collections::BTreeSet;

use super::Desired;
use crate::address::Address;
use crate::diagnostic::Place;
use crate::kind::{self, AccessRole};
use crate::value::text_of;

/// A use of a managed policy that the manifest doesn't declare: AWS's, or another one of the
/// account.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignPolicyUse<'d> {
    pub arn: &'d str,
    /// The attachment, or the user or role whose boundary it is.
    pub by: &'d Address,
    /// The user, role or group that has the policy.
    pub holder: Address,
    pub place: Option<&'d Place>,
}

impl Desired {
    /// Returns the uses of managed policies that the manifest doesn't declare, in order of address.
    pub fn foreign_policy_uses(&self) -> Vec<ForeignPolicyUse<'_>> {
        let role = |address: &Address| kind::kind_of(address.kind()).facts().access;
        let is_policy = |address: &Address| role(address) == AccessRole::Policy;
        let declared = self.resources.iter().filter(|(address, _)| is_policy(address));
        let declared: BTreeSet<&str> =
            declared.map(|(_, policy)| text_of(&policy.attributes, "arn")).collect();
        let uses = self.resources.iter().filter_map(|(by, resource)| {
            let attribute = match role(by) {
                AccessRole::PolicyAttachment(_) => "policy_arn",
                AccessRole::Principal(_) => "permissions_boundary",
                AccessRole::Policy
                | AccessRole::InlinePolicy(_)
                | AccessRole::Membership
                | AccessRole::Credential
                | AccessRole::Resource
                | AccessRole::None => return None,
            };
            let arn = text_of(&resource.attributes, attribute);
            let foreign = !arn.is_empty() && !declared.contains(arn);
            let holder = kind::kind_of(by.kind())
                .facts()
                .parent
                .map_or_else(|| by.clone(), |parent| parent.address(&resource.attributes));
            let place = resource.place.as_ref();
            foreign.then_some(ForeignPolicyUse { arn, by, holder, place })
        });
        uses.collect()
    }
}
