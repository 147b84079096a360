//! The policies and memberships that belong to a user, a role or a group.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::principal;
use crate::address::{Address, KindName, Principal, PrincipalKind};
use crate::call::Write;
use crate::reads::PrincipalPolicies;
use crate::value::Attributes;

/// The user's setting that removes memberships which the manifest doesn't name. Groups are read
/// only with this setting.
pub(super) const EXCLUSIVE_GROUPS: &str = "exclusive_groups";

/// The group's setting that removes members which the manifest doesn't name. Members are read only
/// with this setting.
pub(super) const EXCLUSIVE_MEMBERS: &str = "exclusive_members";

/// A policy or a membership of a principal: a managed policy by its ARN, an inline one by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Attached {
    /// A managed policy, by its ARN.
    Managed(String),
    /// An inline policy, by its name.
    Inline(String),
    /// A user's membership in this group. It is listed only on a user whose groups are exclusive.
    Group(String),
    /// This user's membership in a group. It is listed only on a group whose members are exclusive.
    Member(String),
}

impl fmt::Display for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Managed(arn) => write!(f, "policy {arn}"),
            Self::Inline(name) => write!(f, "inline policy {name}"),
            Self::Group(name) => write!(f, "membership in group {name}"),
            Self::Member(user) => write!(f, "member {user}"),
        }
    }
}

impl Attached {
    /// Returns true for a policy, and false for a membership.
    pub fn is_policy(&self) -> bool {
        match self {
            Self::Managed(_) | Self::Inline(_) => true,
            Self::Group(_) | Self::Member(_) => false,
        }
    }

    /// Returns the holder's setting that removes memberships which the manifest doesn't name. For
    /// policies no attribute is such a setting: `exclusive` is the resource's.
    pub fn exclusive_by(&self) -> Option<&'static str> {
        match self {
            Self::Managed(_) | Self::Inline(_) => None,
            Self::Group(_) => Some(EXCLUSIVE_GROUPS),
            Self::Member(_) => Some(EXCLUSIVE_MEMBERS),
        }
    }

    /// Returns the kind of the resource that manages it on such a holder.
    pub fn kind(&self, holder: PrincipalKind) -> KindName {
        match self {
            Self::Managed(_) => KindName::PolicyAttachment(holder),
            Self::Inline(_) => KindName::InlinePolicy(holder),
            Self::Group(_) | Self::Member(_) => KindName::UserGroupMembership,
        }
    }

    /// Returns the attribute that tells it from the others of its kind on the same holder.
    pub fn identity(&self) -> (&'static str, &str) {
        match self {
            Self::Managed(arn) => ("policy_arn", arn),
            Self::Inline(policy) => ("name", policy),
            Self::Group(group) => ("group", group),
            Self::Member(user) => ("user", user),
        }
    }

    /// Returns its address on a holder, declared or not. `names` returns the manifest's name of the
    /// policy with an ARN.
    pub fn address(&self, holder: &Principal, names: &dyn Fn(&str) -> Option<String>) -> Address {
        match self {
            Self::Managed(arn) => {
                holder.policy_attachment(&names(arn).unwrap_or_else(|| arn.clone()))
            }
            Self::Inline(policy) => holder.inline_policy(policy),
            Self::Group(group) => Principal::membership(&holder.name, group),
            Self::Member(user) => Principal::membership(user, &holder.name),
        }
    }

    /// Returns its identity attributes on a holder: enough to read and to remove it.
    pub fn attributes(&self, holder: &Principal) -> Attributes {
        let (attribute, value) = self.identity();
        Attributes::from([(holder.kind.as_str(), json!(holder.name)), (attribute, json!(value))])
    }

    /// Returns the call that takes it off a holder.
    pub fn removal(&self, holder: &Principal) -> Write {
        match self {
            Self::Managed(arn) => principal::detach(holder, arn),
            Self::Inline(name) => principal::delete_inline(holder, name),
            Self::Group(group) => principal::leave_group(&holder.name, group),
            Self::Member(user) => principal::leave_group(user, &holder.name),
        }
    }
}

/// Returns both kinds of policies of a principal, as [`crate::kind::LiveObject::attached`] lists
/// them.
pub(super) fn attached(policies: PrincipalPolicies) -> Vec<Attached> {
    let managed = policies.attached.into_iter().map(Attached::Managed);
    managed.chain(policies.inline.into_iter().map(|policy| Attached::Inline(policy.name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(attached: &Attached) -> String {
        let names =
            |arn: &str| (arn == "arn:aws:iam::1:policy/x/Deploy").then(|| "Deploy".to_owned());
        attached.address(&Principal::role("runner"), &names).to_string()
    }

    #[test]
    fn what_hangs_on_a_role_has_the_address_that_the_manifest_would_give_it() {
        let ours = Attached::Managed("arn:aws:iam::1:policy/x/Deploy".into());
        let foreign = Attached::Managed("arn:aws:iam::aws:policy/ReadOnlyAccess".into());
        assert_eq!(address(&ours), "role_policy_attachment.runner/Deploy");
        assert_eq!(
            address(&foreign),
            "role_policy_attachment.runner/arn:aws:iam::aws:policy/ReadOnlyAccess"
        );
        assert_eq!(address(&Attached::Inline("debug".into())), "role_policy.runner/debug");
    }

    #[test]
    fn its_attributes_are_the_identity_fields_of_its_kind() {
        let user = Principal::user("serverless");
        for attached in [Attached::Managed("arn:x".into()), Attached::Inline("debug".into())] {
            let kind = crate::kind::kind_of(attached.address(&user, &|_| None).kind());
            let fields =
                kind.fields().iter().filter(|field| field.form == crate::kind::FieldForm::Identity);
            let mut identity: Vec<_> = fields.map(|field| field.name).collect();
            identity.sort_unstable();
            let attributes = attached.attributes(&user);
            let mut keys: Vec<_> = attributes.keys().collect();
            keys.sort_unstable();
            assert_eq!(identity, keys);
        }
    }

    #[test]
    fn it_is_taken_off_the_kind_of_principal_that_holds_it() {
        let calls = |attached: Attached| {
            let holders = [Principal::user("ops"), Principal::role("ops"), Principal::group("ops")];
            holders.map(|holder| attached.removal(&holder).action())
        };
        let managed = Attached::Managed("arn:aws:iam::aws:policy/ReadOnlyAccess".into());
        assert_eq!(
            calls(managed),
            ["iam:DetachUserPolicy", "iam:DetachRolePolicy", "iam:DetachGroupPolicy"]
        );
        let inline = Attached::Inline("debug".into());
        assert_eq!(
            calls(inline),
            ["iam:DeleteUserPolicy", "iam:DeleteRolePolicy", "iam:DeleteGroupPolicy"]
        );
    }
}
