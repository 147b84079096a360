//! IAM's rules and messages for users, for roles and for groups.

use crate::address::PrincipalKind;
use crate::policy::Usage;

/// The rules for all users, for all roles or for all groups.
#[derive(Debug)]
pub(super) struct PrincipalRules {
    /// The word at the beginning of a message: `User`.
    pub(super) title: &'static str,
    /// The API's parameter for the name: `userName`.
    pub(super) name_parameter: &'static str,
    pub(super) longest_name: usize,
    pub(super) id_prefix: &'static str,
    /// The name of the quota on attached policies.
    pub(super) attached_quota: &'static str,
    pub(super) inline_usage: Usage,
    /// True if a policy may name such a principal.
    pub(super) is_named_in_policies: bool,
}

const USER: PrincipalRules = PrincipalRules {
    title: "User",
    name_parameter: "userName",
    longest_name: 64,
    id_prefix: "AIDA",
    attached_quota: "PoliciesPerUser",
    inline_usage: Usage::UserInline,
    is_named_in_policies: true,
};

const ROLE: PrincipalRules = PrincipalRules {
    title: "Role",
    name_parameter: "roleName",
    longest_name: 64,
    id_prefix: "AROA",
    attached_quota: "PoliciesPerRole",
    inline_usage: Usage::RoleInline,
    is_named_in_policies: true,
};

const GROUP: PrincipalRules = PrincipalRules {
    title: "Group",
    name_parameter: "groupName",
    longest_name: 128,
    id_prefix: "AGPA",
    attached_quota: "PoliciesPerGroup",
    inline_usage: Usage::GroupInline,
    is_named_in_policies: false,
};

/// Returns the rules of a kind.
pub(super) const fn rules(kind: PrincipalKind) -> &'static PrincipalRules {
    match kind {
        PrincipalKind::User => &USER,
        PrincipalKind::Role => &ROLE,
        PrincipalKind::Group => &GROUP,
    }
}
