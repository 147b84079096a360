//! Users and roles, and the policies on them.

use std::collections::{BTreeMap, BTreeSet};

use super::Lowering;
use crate::address::{Address, KindName, Principal, PrincipalKind};
use crate::diagnostic::Diagnostic;
use crate::manifest::decode::{Declared, DocumentForm, Text};
use crate::manifest::scope::Section;
use crate::manifest::source::Spot;
use crate::manifest::{documents, names, shape};
use crate::policy::{self, Usage};
use crate::value::{Attributes, Value};

/// AWS's default quota of managed policies on one user or role; it can be raised.
const ATTACHED: usize = 10;

/// A user or role, as its policies see it.
struct Holder<'h> {
    kind: PrincipalKind,
    name: &'h str,
    spot: &'h Spot,
    inline: Usage,
}

impl Holder<'_> {
    fn principal(&self) -> Principal {
        Principal::new(self.kind, self.name)
    }

    fn address(&self) -> Address {
        self.principal().address()
    }
}

impl Lowering<'_, '_, '_> {
    pub(super) fn user(&mut self, user: &Declared<shape::User>) {
        let (name, body) = (user.name.as_str(), &user.body);
        self.check(names::iam(name, 64), "bad-name", &user.spot, "change the user's name");
        let address = Address::new(KindName::USER, name);
        let mut attributes = Attributes::from([
            ("name", name.into()),
            ("arn", self.arn(Section::Users, name)),
            ("path", self.path(body.path.as_ref())),
            ("tags", self.tags(body.tags.as_ref(), true)),
        ]);
        let mut depends_on = BTreeSet::new();
        if let Some(boundary) = &body.permissions_boundary {
            attributes.extend(self.boundary(boundary, &mut depends_on));
        }
        self.soft(&address, user.references.iter().cloned());
        self.add(address.clone(), attributes, depends_on, &user.spot);
        self.set_exclusive(&address, body.exclusive.as_ref().is_some_and(|flag| flag.value));
        self.protect(&address, body.lifecycle.as_ref().and_then(|it| it.prevent_destroy.as_ref()));
        let holder = Holder { kind: PrincipalKind::User, name, spot: &user.spot, inline: Usage::UserInline };
        self.attach(&holder, body.policies.as_deref().unwrap_or_default());
        self.inline(&holder, super::declared(body.inline_policies.as_ref()));
    }

    pub(super) fn role(&mut self, role: &Declared<shape::Role>) {
        let (name, body) = (role.name.as_str(), &role.body);
        self.check(names::iam(name, 64), "bad-name", &role.spot, "change the role's name");
        let address = Address::new(KindName::ROLE, name);
        let mut attributes = Attributes::from([
            ("name", name.into()),
            ("arn", self.arn(Section::Roles, name)),
            ("path", self.path(body.path.as_ref())),
            ("tags", self.tags(body.tags.as_ref(), true)),
        ]);
        let mut depends_on = BTreeSet::new();
        if let Some(description) = &body.description {
            let help = "shorten it, or leave the character out";
            self.check(names::description(&description.value), "bad-description", &description.spot, help);
            attributes.insert("description", description.value.as_str().into());
        }
        if let Some(duration) = &body.max_session_duration {
            if !(3600..=43200).contains(&duration.value) {
                let message = format!(
                    "a session of {} seconds is out of IAM's range: 3600 to 43200 (1 to 12 hours)",
                    duration.value
                );
                self.scope.error("out-of-range", &duration.spot, message, "write for example 3600");
            }
            attributes.insert("max_session_duration", duration.value.into());
        }
        if let Some(boundary) = &body.permissions_boundary {
            attributes.extend(self.boundary(boundary, &mut depends_on));
        }
        if let Some(trust) = self.trust(role) {
            depends_on.extend(documents::principals(&trust.value, self.scope));
            self.document(&address, "trust", trust, &mut attributes);
        }
        self.soft(&address, role.references.iter().cloned());
        self.add(address.clone(), attributes, depends_on, &role.spot);
        self.set_exclusive(&address, body.exclusive.as_ref().is_some_and(|flag| flag.value));
        self.protect(&address, body.lifecycle.as_ref().and_then(|it| it.prevent_destroy.as_ref()));
        let holder = Holder { kind: PrincipalKind::Role, name, spot: &role.spot, inline: Usage::RoleInline };
        self.attach(&holder, body.policies.as_deref().unwrap_or_default());
        self.inline(&holder, super::declared(body.inline_policies.as_ref()));
    }

    fn set_exclusive(&mut self, address: &Address, exclusive: bool) {
        if let Some(resource) = self.resources.get_mut(address) {
            resource.exclusive = exclusive;
        }
    }

    fn boundary(&mut self, boundary: &Text, depends_on: &mut BTreeSet<Address>) -> Option<(&'static str, Value)> {
        let (arn, name) = self.managed_policy(boundary)?;
        depends_on.extend(name.map(|name| Address::new(KindName::Policy, name)));
        Some(("permissions_boundary", arn.into()))
    }

    /// The ARN of a managed policy that is said by name or ARN, and its name when this manifest declares it.
    fn managed_policy(&mut self, said: &Text) -> Option<(String, Option<String>)> {
        let text = said.value.as_str();
        if !text.starts_with("arn:") {
            let Some(arn) = self.scope.arn(Section::Policies, text) else {
                self.scope.unknown_name(Section::Policies, text, &said.spot);
                return None;
            };
            return Some((arn, Some(text.to_owned())));
        }
        if let Some((Section::Policies, name)) = self.scope.by_arn(text) {
            return Some((text.to_owned(), Some(name)));
        }
        if let Err((message, help)) = self.foreign_policy(text) {
            self.scope.error("bad-arn", &said.spot, message, help);
            return None;
        }
        Some((text.to_owned(), None))
    }

    /// `arn:aws:iam::aws:policy/ReadOnlyAccess`, or a policy of the same account.
    fn foreign_policy(&self, arn: &str) -> Result<(), (String, String)> {
        let (partition, account) = (&self.header.partition, &self.header.account);
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, of, "iam", "", owner, resource] = parts.as_slice() else {
            let help = format!("write for example arn:{partition}:iam::aws:policy/ReadOnlyAccess");
            return Err((format!("`{arn}` is not the ARN of a managed policy"), help));
        };
        if resource.strip_prefix("policy/").is_none_or(str::is_empty) {
            let help = format!("write for example arn:{partition}:iam::aws:policy/ReadOnlyAccess");
            return Err((format!("`{arn}` is not the ARN of a managed policy"), help));
        }
        if of != partition {
            let message = format!("`{arn}` is in the partition {of}, but the manifest's region is in {partition}");
            return Err((message, format!("write arn:{partition}:…, or arn:${{partition}}:…")));
        }
        if *owner != "aws" && owner != account {
            let message =
                format!("`{arn}` belongs to account {owner}: IAM attaches only AWS's policies and the account's own");
            return Err((message, format!("use a policy of account {account}")));
        }
        Ok(())
    }

    fn attach(&mut self, holder: &Holder<'_>, policies: &[Text]) {
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        for said in policies {
            let Some((arn, name)) = self.managed_policy(said) else { continue };
            if seen.insert(arn.clone(), said.spot.line).is_some() {
                let message = format!("`{}` is in this list twice", said.value);
                self.scope.error("duplicate-policy", &said.spot, message, "remove one of the two");
            }
            let mut depends_on = BTreeSet::from([holder.address()]);
            depends_on.extend(name.as_deref().map(|name| Address::new(KindName::Policy, name)));
            let attributes =
                Attributes::from([(holder.kind.as_str(), holder.name.into()), ("policy_arn", arn.as_str().into())]);
            let address = holder.principal().policy_attachment(name.as_deref().unwrap_or(&arn));
            self.add(address, attributes, depends_on, &said.spot);
        }
        if seen.len() > ATTACHED {
            let message = format!(
                "{} `{}` has {} managed policies; AWS takes {ATTACHED} unless the quota was raised",
                holder.kind,
                holder.name,
                seen.len()
            );
            let warning = Diagnostic::warning("many-policies", Some(holder.spot.place()), message);
            self.scope.problems.push(warning.help("put several into one, or have the quota raised"));
        }
    }

    fn inline(&mut self, holder: &Holder<'_>, policies: &[Declared<DocumentForm>]) {
        let parent = holder.address();
        let (mut total, limit) = (0, if policies.is_empty() { 0 } else { policy::limit(holder.inline) });
        for policy in policies {
            self.check(names::iam(&policy.name, 128), "bad-name", &policy.spot, "change the policy's name");
            let Some(document) = self.read_document(&policy.body, holder.inline) else {
                continue;
            };
            total += policy::size(&document.value, holder.inline);
            let address = holder.principal().inline_policy(&policy.name);
            let mut attributes =
                Attributes::from([(holder.kind.as_str(), holder.name.into()), ("name", policy.name.as_str().into())]);
            self.document(&address, "document", document, &mut attributes);
            self.add(address, attributes, BTreeSet::from([parent.clone()]), &policy.spot);
        }
        if total > limit {
            let message = format!(
                "the inline policies of {} `{}` have {total} characters together; AWS takes {limit}",
                holder.kind, holder.name
            );
            self.scope.error("policy-size", holder.spot, message, "make a managed policy of one of them");
        }
    }
}
