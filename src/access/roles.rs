//! Groups the kinds by their part in access. Each kind declares its own role, so none is named
//! here.

use std::sync::LazyLock;

use crate::address::{KindName, PrincipalKind};
use crate::kind::{AccessRole, all, kind_of};
use crate::policy::Usage;

/// The kinds by their part in access.
#[derive(Default)]
pub(super) struct KindsByRole {
    pub policies: Vec<KindName>,
    pub memberships: Vec<KindName>,
    parts: Vec<(PrincipalKind, PolicyPart)>,
    resource_policies: Vec<ResourcePolicy>,
}

/// A kind that gives a policy to the principal that it is a part of.
#[derive(Clone, Copy, Debug)]
pub(super) struct PolicyPart {
    pub kind: KindName,
    pub gives: Gives,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Gives {
    /// The managed policy that its attribute `policy_arn` names.
    Managed,
    /// The document that it holds itself.
    Inline,
}

/// A kind whose document says who may access its objects.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResourcePolicy {
    pub kind: KindName,
    pub field: &'static str,
    pub says: ResourceSays,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum ResourceSays {
    /// The principals that may assume it.
    Trust,
    /// The permissions on a bucket and its objects.
    Bucket,
}

pub(super) static KINDS_BY_ROLE: LazyLock<KindsByRole> = LazyLock::new(KindsByRole::of_all);

impl KindsByRole {
    fn of_all() -> Self {
        let mut roles = Self::default();
        for kind in all() {
            let (name, facts) = (kind.name(), kind.facts());
            match facts.access {
                AccessRole::Policy => roles.policies.push(name),
                AccessRole::Membership => roles.memberships.push(name),
                AccessRole::PolicyAttachment(holder) => roles.part(holder, name, Gives::Managed),
                AccessRole::InlinePolicy(holder) => roles.part(holder, name, Gives::Inline),
                AccessRole::Principal(_)
                | AccessRole::Credential
                | AccessRole::Resource
                | AccessRole::None => {}
            }
            let says = facts
                .document
                .and_then(|document| Some((document.field, of_usage(document.usage)?)));
            roles.resource_policies.extend(says.map(|(field, says)| ResourcePolicy {
                kind: name,
                field,
                says,
            }));
        }
        // The kinds are in the order of addresses.
        roles.resource_policies.sort_by_key(|it| it.kind);
        roles
    }

    fn part(&mut self, holder: PrincipalKind, kind: KindName, gives: Gives) {
        self.parts.push((holder, PolicyPart { kind, gives }));
    }

    /// Returns the kinds that give policies to a user, a role or a group.
    pub fn parts(&self, holder: PrincipalKind) -> impl Iterator<Item = PolicyPart> {
        self.parts.iter().filter(move |(kind, _)| *kind == holder).map(|(_, part)| *part)
    }

    /// Returns the kinds whose documents say who may access their objects, in the order of
    /// addresses.
    pub fn resource_policies(&self) -> impl Iterator<Item = ResourcePolicy> {
        self.resource_policies.iter().copied()
    }
}

fn of_usage(usage: Usage) -> Option<ResourceSays> {
    match usage {
        Usage::Trust => Some(ResourceSays::Trust),
        Usage::Bucket => Some(ResourceSays::Bucket),
        Usage::Managed
        | Usage::UserInline
        | Usage::GroupInline
        | Usage::RoleInline
        | Usage::Limiting(_) => None,
    }
}

/// Returns the attribute that holds the document of an object of this kind.
pub(super) fn document_field(kind: KindName) -> Option<&'static str> {
    Some(kind_of(kind).facts().document?.field)
}
