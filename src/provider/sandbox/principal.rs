//! Users, roles and groups as one: what is true of each kind, said once.

use crate::policy::Usage;

/// The kinds of what policies hang on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PrincipalKind {
    User,
    Role,
    Group,
}

/// One of the users, roles or groups, by name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Principal<'a> {
    pub(super) kind: PrincipalKind,
    pub(super) name: &'a str,
}

/// What IAM's rules and words say of a kind.
#[derive(Debug)]
pub(super) struct Rules {
    /// In ARNs and messages: `user`.
    pub(super) word: &'static str,
    /// At the beginning of a message: `User`.
    pub(super) title: &'static str,
    /// What the API calls its name: `userName`.
    pub(super) name_parameter: &'static str,
    pub(super) longest_name: usize,
    pub(super) id_prefix: &'static str,
    /// The name of the quota on attached policies.
    pub(super) attached_quota: &'static str,
    pub(super) inline_usage: Usage,
    /// A policy may name it as its principal.
    pub(super) is_named_in_policies: bool,
}

const USER: Rules = Rules {
    word: "user",
    title: "User",
    name_parameter: "userName",
    longest_name: 64,
    id_prefix: "AIDA",
    attached_quota: "PoliciesPerUser",
    inline_usage: Usage::UserInline,
    is_named_in_policies: true,
};

const ROLE: Rules = Rules {
    word: "role",
    title: "Role",
    name_parameter: "roleName",
    longest_name: 64,
    id_prefix: "AROA",
    attached_quota: "PoliciesPerRole",
    inline_usage: Usage::RoleInline,
    is_named_in_policies: true,
};

const GROUP: Rules = Rules {
    word: "group",
    title: "Group",
    name_parameter: "groupName",
    longest_name: 128,
    id_prefix: "AGPA",
    attached_quota: "PoliciesPerGroup",
    inline_usage: Usage::GroupInline,
    is_named_in_policies: false,
};

impl PrincipalKind {
    pub(super) const fn rules(self) -> &'static Rules {
        match self {
            Self::User => &USER,
            Self::Role => &ROLE,
            Self::Group => &GROUP,
        }
    }
}

impl<'a> Principal<'a> {
    pub(super) const fn user(name: &'a str) -> Self {
        Self { kind: PrincipalKind::User, name }
    }

    pub(super) const fn role(name: &'a str) -> Self {
        Self { kind: PrincipalKind::Role, name }
    }

    pub(super) const fn group(name: &'a str) -> Self {
        Self { kind: PrincipalKind::Group, name }
    }

    pub(super) const fn rules(self) -> &'static Rules {
        self.kind.rules()
    }
}
