//! The users, roles and groups that a part of them names.

use super::kind_of;
use crate::address::{Address, KindName, PrincipalKind};

/// Returns the users, roles and groups that an object is a part of, by the attributes that name
/// them. Their names are those in its address, which may be newer than those in its attributes.
pub fn named_parents(address: &Address) -> Vec<(&'static str, Address)> {
    let Some(parent) = kind_of(address.kind()).facts().parent else { return Vec::new() };
    let mut names = address.name().splitn(2, '/');
    let first = names.next().map(|name| (parent.attribute, Address::new(parent.kind, name)));
    let second = second_parent(address.kind()).zip(names.next());
    let second =
        second.map(|(kind, name)| (kind.as_str(), Address::new(KindName::Principal(kind), name)));
    first.into_iter().chain(second).collect()
}

/// Returns the kind of the second parent. A membership names its user first, and its group second;
/// every other part begins with the name of its only parent.
pub fn second_parent(kind: KindName) -> Option<PrincipalKind> {
    match kind {
        KindName::UserGroupMembership => Some(PrincipalKind::Group),
        KindName::AccessKey
        | KindName::AwsProfile
        | KindName::Bucket
        | KindName::InlinePolicy(_)
        | KindName::InstanceProfile
        | KindName::InstanceProfileRole
        | KindName::OidcProvider
        | KindName::Policy
        | KindName::PolicyAttachment(_)
        | KindName::Principal(_)
        | KindName::ZappaSettings => None,
    }
}
