//! `GetAccountAuthorizationDetails`: all entities at once, in pages, but not all of their parts.

use std::collections::BTreeSet;

use crate::call::iam::{
    AccountSummary, AuthorizationDetails, EntityType, GroupDetail, Inline, ManagedPolicy,
    PolicyDetail, Role, RoleDetail, UserDetail,
};
use crate::value::Tags;

use super::account::Account;
use super::order::ListOrder;
use super::records::IdentityRecord;
use super::{groups, instance_profiles, policies, roles, users};

/// The largest `MaxItems` of IAM's lists.
const PAGE: usize = 1000;

/// A swept entity, by type and name. The order of these is that of the pages.
type SweptEntity<'a> = (EntityType, &'a str);

pub(super) fn details(
    account: &Account,
    filter: &BTreeSet<EntityType>,
    marker: Option<&str>,
    order: ListOrder,
) -> AuthorizationDetails {
    let rest: Vec<SweptEntity> = entities(account)
        .filter(|(of, _)| filter.contains(of))
        .filter(|entity| marker.is_none_or(|last| marked(*entity).as_str() > last))
        .collect();
    let taken = if marker.is_none() { &rest[..rest.len().min(PAGE)] } else { &rest[..] };
    let mut page = AuthorizationDetails {
        pages: taken.len().div_ceil(PAGE).max(1),
        ..AuthorizationDetails::default()
    };
    page.marker = taken.last().filter(|_| taken.len() < rest.len()).map(|entity| marked(*entity));
    for (of, name) in order.list(taken.iter().copied()) {
        match of {
            EntityType::User => page.users.extend(user(account, name, order)),
            EntityType::Role => page.roles.extend(role(account, name, order)),
            EntityType::Group => page.groups.extend(group(account, name, order)),
            EntityType::LocalManagedPolicy => page.policies.extend(policy(account, name, order)),
        }
    }
    page
}

pub(super) fn summary(account: &Account) -> AccountSummary {
    let count = |wanted| entities(account).filter(|(of, _)| *of == wanted).count();
    EntityType::ALL.into_iter().map(|of| (of, count(of) as u64)).collect()
}

fn entities(account: &Account) -> impl Iterator<Item = SweptEntity<'_>> {
    let users = account.users.keys().map(|name| (EntityType::User, name.as_str()));
    let roles = account.roles.keys().map(|name| (EntityType::Role, name.as_str()));
    let groups = account.groups.keys().map(|name| (EntityType::Group, name.as_str()));
    let policies =
        account.policies.keys().map(|name| (EntityType::LocalManagedPolicy, name.as_str()));
    users.chain(roles).chain(groups).chain(policies)
}

/// Returns the marker of an entity. It follows the order of the entities, so it stays good when
/// others come or go.
fn marked((of, name): SweptEntity) -> String {
    format!("{}/{name}", of as u8)
}

fn user(account: &Account, name: &str, order: ListOrder) -> Option<UserDetail> {
    let user = account.users.get(name)?;
    Some(UserDetail {
        user: users::reply(account, user),
        attached: order.list(user.identity.attached.iter().cloned()),
        inline: inline(&user.identity, order),
        groups: groups::of_user(account, name).map(|group| group.identity.name.clone()).collect(),
    })
}

/// Returns a role in the sweep. AWS's RoleDetail has neither description nor session length.
fn role(account: &Account, name: &str, order: ListOrder) -> Option<RoleDetail> {
    let role = account.roles.get(name)?;
    Some(RoleDetail {
        role: Role {
            description: String::new(),
            max_session_duration: 0,
            ..roles::reply(account, role, order)
        },
        attached: order.list(role.identity.attached.iter().cloned()),
        inline: inline(&role.identity, order),
        instance_profiles: order.list(instance_profiles::of_role(account, name).cloned()),
    })
}

fn group(account: &Account, name: &str, order: ListOrder) -> Option<GroupDetail> {
    let group = account.groups.get(name)?;
    Some(GroupDetail {
        group: groups::reply(account, group),
        attached: order.list(group.identity.attached.iter().cloned()),
        inline: inline(&group.identity, order),
    })
}

/// Returns a policy in the sweep. AWS's ManagedPolicyDetail has no tags, and its description comes
/// back empty.
fn policy(account: &Account, name: &str, order: ListOrder) -> Option<PolicyDetail> {
    let policy = account.policies.get(name)?;
    Some(PolicyDetail {
        policy: ManagedPolicy {
            description: String::new(),
            tags: Tags::new(),
            ..policies::reply(account, policy)
        },
        versions: policy.version_replies(order),
    })
}

fn inline(identity: &IdentityRecord, order: ListOrder) -> Vec<Inline> {
    let inline = identity.inline.iter();
    order.list(inline.map(|(name, document)| Inline {
        name: name.clone(),
        document: order.document(document).into(),
    }))
}
