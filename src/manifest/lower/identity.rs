//! Lowers users and roles, and the policies attached to them.

use std::collections::{BTreeMap, BTreeSet};

use super::Lowering;
use crate::address::{Address, KindName, Principal, PrincipalKind};
use crate::diagnostic::Diagnostic;
use crate::kind::ATTACHED_POLICIES;
use crate::manifest::decode::{Declared, DocumentForm, ExpandedText, Flag, NamedMap};
use crate::manifest::scope::Section;
use crate::manifest::source::Span;
use crate::manifest::{documents, names, shape, suggest};
use crate::policy::{self, Usage, catalogue};
use crate::value::{Attributes, Value};

/// A user, group or role with its policies.
pub(super) struct LoweredPrincipal<'h> {
    pub kind: PrincipalKind,
    pub section: Section,
    pub name: &'h str,
    pub spot: &'h Span,
    pub references: &'h BTreeSet<Address>,
    /// The usage of its inline policies.
    pub inline: Usage,
    /// AWS's limit on the length of its name.
    pub longest_name: usize,
    pub path: Option<&'h ExpandedText>,
    pub policies: Option<&'h Vec<ExpandedText>>,
    pub inline_policies: Option<&'h NamedMap<DocumentForm>>,
    pub exclusive: Option<&'h Flag>,
    pub lifecycle: Option<&'h shape::Lifecycle>,
}

impl<'h> LoweredPrincipal<'h> {
    fn user(user: &'h Declared<shape::User>) -> Self {
        let Declared { name, spot, body, references, .. } = user;
        Self {
            kind: PrincipalKind::User,
            section: Section::Users,
            name,
            spot,
            references,
            inline: Usage::UserInline,
            longest_name: 64,
            path: body.path.as_ref(),
            policies: body.policies.as_ref(),
            inline_policies: body.inline_policies.as_ref(),
            exclusive: body.exclusive.as_ref(),
            lifecycle: body.lifecycle.as_ref(),
        }
    }

    fn role(role: &'h Declared<shape::Role>) -> Self {
        let Declared { name, spot, body, references, .. } = role;
        Self {
            kind: PrincipalKind::Role,
            section: Section::Roles,
            name,
            spot,
            references,
            inline: Usage::RoleInline,
            longest_name: 64,
            path: body.path.as_ref(),
            policies: body.policies.as_ref(),
            inline_policies: body.inline_policies.as_ref(),
            exclusive: body.exclusive.as_ref(),
            lifecycle: body.lifecycle.as_ref(),
        }
    }

    fn principal(&self) -> Principal {
        Principal::new(self.kind, self.name)
    }

    fn address(&self) -> Address {
        self.principal().address()
    }
}

impl Lowering<'_, '_, '_> {
    pub(super) fn user(&mut self, user: &Declared<shape::User>) {
        let (holder, body) = (LoweredPrincipal::user(user), &user.body);
        let mut attributes = self.named(&holder);
        attributes.insert("tags", self.tags(body.tags.as_ref(), true));
        if let Some(exclusive) = &body.exclusive_groups {
            attributes.insert("exclusive_groups", exclusive.value.into());
        }
        let mut depends_on = BTreeSet::new();
        if let Some(boundary) = &body.permissions_boundary {
            attributes.extend(self.boundary(boundary, &mut depends_on));
        }
        self.holder(&holder, attributes, depends_on);
    }

    pub(super) fn role(&mut self, role: &Declared<shape::Role>) {
        let (holder, body) = (LoweredPrincipal::role(role), &role.body);
        let mut attributes = self.named(&holder);
        attributes.insert("tags", self.tags(body.tags.as_ref(), true));
        let mut depends_on = BTreeSet::new();
        if let Some(description) = &body.description {
            let help = "shorten it, or leave the character out";
            self.check(
                names::description(&description.value),
                "bad-description",
                &description.spot,
                help,
            );
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
            self.document(&holder.address(), "trust", trust, &mut attributes);
        }
        self.holder(&holder, attributes, depends_on);
    }

    /// Checks the name, and returns the attributes that every user, group and role has.
    pub(super) fn named(&mut self, holder: &LoweredPrincipal<'_>) -> Attributes {
        let help = format!("change the {}'s name", holder.kind);
        self.check(
            names::check_iam_name(holder.name, holder.longest_name),
            "bad-name",
            holder.spot,
            &help,
        );
        Attributes::from([
            ("name", holder.name.into()),
            ("arn", self.arn(holder.section, holder.name)),
            ("path", self.path(holder.path, names::check_path)),
        ])
    }

    /// Adds a user, group or role, and the policies on it.
    pub(super) fn holder(
        &mut self,
        holder: &LoweredPrincipal<'_>,
        attributes: Attributes,
        depends_on: BTreeSet<Address>,
    ) {
        let address = holder.address();
        self.soft(&address, holder.references.iter().cloned());
        self.add(address.clone(), attributes, depends_on, holder.spot);
        self.set_exclusive(&address, holder.exclusive.is_some_and(|flag| flag.value));
        self.protect(&address, holder.lifecycle.and_then(|it| it.prevent_destroy.as_ref()));
        self.ignore(&address, holder.lifecycle.and_then(|it| it.ignore_changes.as_ref()));
        self.attach(holder, holder.policies.map(Vec::as_slice).unwrap_or_default());
        self.inline(holder, super::declared(holder.inline_policies));
    }

    fn set_exclusive(&mut self, address: &Address, exclusive: bool) {
        if let Some(resource) = self.resources.get_mut(address) {
            resource.exclusive = exclusive;
        }
    }

    fn boundary(
        &mut self,
        boundary: &ExpandedText,
        depends_on: &mut BTreeSet<Address>,
    ) -> Option<(&'static str, Value)> {
        let (arn, name) = self.managed_policy(boundary)?;
        depends_on.extend(name.map(|name| Address::new(KindName::Policy, name)));
        Some(("permissions_boundary", arn.into()))
    }

    /// Returns the ARN of a managed policy that is given by name or ARN, and its name if this
    /// manifest declares it.
    fn managed_policy(&mut self, said: &ExpandedText) -> Option<(String, Option<String>)> {
        let text = said.value.as_str();
        if !text.starts_with("arn:") {
            let Some(arn) = self.scope.arn(Section::Policies, text) else {
                self.unknown_policy(said);
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

    /// Reports a name that no policy of this manifest has. One of AWS's own is written as an ARN.
    fn unknown_policy(&mut self, said: &ExpandedText) {
        let text = said.value.as_str();
        let declared = self.scope.names(Section::Policies);
        let own = suggest::nearest(text, declared.iter().map(String::as_str));
        let exact = catalogue::find_managed_policy(text);
        let near = || own.is_none().then(|| catalogue::nearest_managed_policy(text)).flatten();
        let Some(found) = exact.or_else(near) else {
            return self.scope.unknown_name(Section::Policies, text, &said.spot);
        };
        let arn = format!("arn:{}:iam::aws:policy/{found}", self.header.partition);
        let help = if exact.is_some() {
            format!("AWS's own policy of that name is written as its ARN: {arn}")
        } else {
            format!("did you mean AWS's own {arn}?")
        };
        let message = format!("there is no policy `{text}` in this manifest");
        self.scope.error("unknown-reference", &said.spot, message, help);
    }

    /// Accepts a policy of AWS, such as `arn:aws:iam::aws:policy/ReadOnlyAccess`, or one of the
    /// same account.
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
        if let Err(message) = names::check_policy_arn_length(arn) {
            return Err((message, "shorten the path or the name of the policy".to_owned()));
        }
        if of != partition {
            let message = format!(
                "`{arn}` is in the partition {of}, but the manifest's region is in {partition}"
            );
            let rest = parts[2..].join(":");
            let help = format!("write arn:{partition}:{rest}, or arn:${{partition}}:{rest}");
            return Err((message, help));
        }
        if *owner != "aws" && owner != account {
            let message = format!(
                "`{arn}` belongs to account {owner}: IAM attaches only AWS's policies and the \
                    account's own"
            );
            return Err((message, format!("use a policy of account {account}")));
        }
        Ok(())
    }

    fn attach(&mut self, holder: &LoweredPrincipal<'_>, policies: &[ExpandedText]) {
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        for said in policies {
            let Some((arn, name)) = self.managed_policy(said) else { continue };
            if seen.insert(arn.clone(), said.spot.line).is_some() {
                let message = format!("`{}` is in this list twice", said.value);
                self.scope.error("duplicate-policy", &said.spot, message, "remove one of the two");
            }
            let mut depends_on = BTreeSet::from([holder.address()]);
            depends_on.extend(name.as_deref().map(|name| Address::new(KindName::Policy, name)));
            let attributes = Attributes::from([
                (holder.kind.as_str(), holder.name.into()),
                ("policy_arn", arn.as_str().into()),
            ]);
            let address = holder.principal().policy_attachment(name.as_deref().unwrap_or(&arn));
            self.add(address, attributes, depends_on, &said.spot);
        }
        if seen.len() > ATTACHED_POLICIES {
            let message = format!(
                "{} `{}` has {} managed policies; AWS takes {ATTACHED_POLICIES} unless the quota \
                    was raised",
                holder.kind,
                holder.name,
                seen.len()
            );
            let warning = Diagnostic::warning("many-policies", Some(holder.spot.place()), message);
            self.scope
                .problems
                .push(warning.help("put several into one, or have the quota raised"));
        }
    }

    fn inline(&mut self, holder: &LoweredPrincipal<'_>, policies: &[Declared<DocumentForm>]) {
        let parent = holder.address();
        let (mut total, limit) =
            (0, if policies.is_empty() { 0 } else { policy::limit(holder.inline) });
        for policy in policies {
            self.check(
                names::check_iam_name(&policy.name, 128),
                "bad-name",
                &policy.spot,
                "change the policy's name",
            );
            let Some(document) = self.read_document(&policy.body, holder.inline) else {
                continue;
            };
            total += policy::document_size(&document.value, holder.inline);
            let address = holder.principal().inline_policy(&policy.name);
            let mut attributes = Attributes::from([
                (holder.kind.as_str(), holder.name.into()),
                ("name", policy.name.as_str().into()),
            ]);
            self.document(&address, "document", document, &mut attributes);
            self.add(address, attributes, BTreeSet::from([parent.clone()]), &policy.spot);
        }
        if total > limit {
            let message = format!(
                "the inline policies of {} `{}` have {total} characters together; AWS takes \
                    {limit}",
                holder.kind, holder.name
            );
            self.scope.error(
                "policy-size",
                holder.spot,
                message,
                "make a managed policy of one of them",
            );
        }
    }
}
