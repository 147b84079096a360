//! `GetAccountAuthorizationDetails`: everything at once, but not everything of it.

use crate::call::iam::{AuthorizationDetails, Inline, Policy, PolicyDetail, Role, RoleDetail, UserDetail};
use crate::value::Tags;

use super::account::Account;
use super::identity::Identity;
use super::order::Order;

pub(super) fn details(account: &Account, order: Order) -> AuthorizationDetails {
    AuthorizationDetails {
        users: order.list(account.users.values().map(|user| UserDetail {
            user: account.seen_user(user),
            attached: order.list(user.identity.attached.iter().cloned()),
            inline: inline(&user.identity, order),
            groups: account.groups_of(&user.identity.name).cloned().collect(),
        })),
        // AWS's RoleDetail has neither description nor session length.
        roles: order.list(account.roles.values().map(|role| RoleDetail {
            role: Role { description: String::new(), max_session_duration: 0, ..account.seen_role(role, order) },
            attached: order.list(role.identity.attached.iter().cloned()),
            inline: inline(&role.identity, order),
        })),
        // AWS's ManagedPolicyDetail has no tags, and its description comes back empty.
        policies: order.list(account.policies.values().map(|policy| PolicyDetail {
            policy: Policy { description: String::new(), tags: Tags::new(), ..account.seen_policy(policy) },
            versions: policy.seen_versions(order),
        })),
    }
}

fn inline(identity: &Identity, order: Order) -> Vec<Inline> {
    let inline = identity.inline.iter();
    order.list(inline.map(|(name, document)| Inline { name: name.clone(), document: order.document(document) }))
}
