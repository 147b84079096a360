//! What policies hang on: a user or a role. Attachments and inline policies are the same for both but for the calls.

use serde_json::json;

use super::Attached;
use crate::address::{self, Address, PrincipalKind};
use crate::call::{IamWrite, Observed, Write};
use crate::policy::Usage;
use crate::reads::{Facet, Policies, Snapshot};
use crate::value::{Attributes, Shared};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Principal {
    User,
    Role,
}

impl Principal {
    pub(super) fn kind(self) -> PrincipalKind {
        match self {
            Self::User => PrincipalKind::User,
            Self::Role => PrincipalKind::Role,
        }
    }

    /// Its kind, which is also the attribute that names it.
    pub(super) fn name(self) -> &'static str {
        self.kind().as_str()
    }

    pub(super) fn inline_usage(self) -> Usage {
        match self {
            Self::User => Usage::UserInline,
            Self::Role => Usage::RoleInline,
        }
    }

    pub(super) fn facet(self, name: &str) -> Facet {
        Facet::Policies(address::Principal::new(self.kind(), name))
    }

    pub(super) fn policies(self, name: &str, snapshot: &Snapshot) -> Observed<Policies> {
        snapshot.policies(&address::Principal::new(self.kind(), name))
    }

    pub(super) fn attach(self, name: &str, arn: &str) -> Write {
        let (name, arn) = (name.to_owned(), arn.to_owned());
        Write::Iam(match self {
            Self::User => IamWrite::AttachUserPolicy { user: name, arn },
            Self::Role => IamWrite::AttachRolePolicy { role: name, arn },
        })
    }

    pub(super) fn detach(self, name: &str, arn: &str) -> Write {
        let (name, arn) = (name.to_owned(), arn.to_owned());
        Write::Iam(match self {
            Self::User => IamWrite::DetachUserPolicy { user: name, arn },
            Self::Role => IamWrite::DetachRolePolicy { role: name, arn },
        })
    }

    pub(super) fn put_inline(self, name: &str, policy: &str, document: Shared) -> Write {
        let (name, policy) = (name.to_owned(), policy.to_owned());
        Write::Iam(match self {
            Self::User => IamWrite::PutUserPolicy { user: name, policy, document },
            Self::Role => IamWrite::PutRolePolicy { role: name, policy, document },
        })
    }

    pub(super) fn delete_inline(self, name: &str, policy: &str) -> Write {
        let (name, policy) = (name.to_owned(), policy.to_owned());
        Write::Iam(match self {
            Self::User => IamWrite::DeleteUserPolicy { user: name, policy },
            Self::Role => IamWrite::DeleteRolePolicy { role: name, policy },
        })
    }
}

/// Both kinds of policies that hang on a principal, as its `Seen` lists them.
pub(super) fn attached(policies: Policies) -> Vec<Attached> {
    let managed = policies.attached.into_iter().map(Attached::Managed);
    managed.chain(policies.inline.into_iter().map(|policy| Attached::Inline(policy.name))).collect()
}

/// The address of what hangs on a user or a role, declared or not. `names` tells what the manifest calls the policy with
/// an ARN.
pub fn attachment_address(parent: &Address, attached: &Attached, names: &dyn Fn(&str) -> Option<String>) -> Address {
    let Some(holder) = parent.principal() else { return parent.clone() };
    match attached {
        Attached::Managed(arn) => {
            let policy = names(arn).unwrap_or_else(|| arn.clone());
            holder.policy_attachment(&policy)
        }
        Attached::Inline(policy) => holder.inline_policy(policy),
    }
}

/// The identity attributes of what hangs on a user or a role: enough to read and to remove it.
pub fn attachment_attributes(parent: &Address, attached: &Attached) -> Attributes {
    let (key, value) = match attached {
        Attached::Managed(arn) => ("policy_arn", arn),
        Attached::Inline(policy) => ("name", policy),
    };
    Attributes::from([(parent.kind().as_str(), json!(parent.name())), (key, json!(value))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::KindName;

    fn address(attached: &Attached) -> String {
        let names = |arn: &str| (arn == "arn:aws:iam::1:policy/x/Deploy").then(|| "Deploy".to_owned());
        attachment_address(&Address::new(KindName::ROLE, "runner"), attached, &names).to_string()
    }

    #[test]
    fn what_hangs_on_a_role_has_the_address_that_the_manifest_would_give_it() {
        let ours = Attached::Managed("arn:aws:iam::1:policy/x/Deploy".into());
        let foreign = Attached::Managed("arn:aws:iam::aws:policy/ReadOnlyAccess".into());
        assert_eq!(address(&ours), "role_policy_attachment.runner/Deploy");
        assert_eq!(address(&foreign), "role_policy_attachment.runner/arn:aws:iam::aws:policy/ReadOnlyAccess");
        assert_eq!(address(&Attached::Inline("debug".into())), "role_policy.runner/debug");
    }

    #[test]
    fn its_attributes_are_the_identity_fields_of_its_kind() {
        let user = Address::new(KindName::USER, "serverless");
        for attached in [Attached::Managed("arn:x".into()), Attached::Inline("debug".into())] {
            let kind = crate::kind::of(attachment_address(&user, &attached, &|_| None).kind()).unwrap();
            let fields = kind.fields().iter().filter(|field| field.form == crate::kind::Form::Identity);
            let mut identity: Vec<_> = fields.map(|field| field.name).collect();
            identity.sort_unstable();
            let attributes = attachment_attributes(&user, &attached);
            let mut keys: Vec<_> = attributes.keys().collect();
            keys.sort_unstable();
            assert_eq!(identity, keys);
        }
    }
}
