//! Lowers managed policies.

use super::Lowering;
use crate::address::{Address, KindName};
use crate::manifest::decode::Declared;
use crate::manifest::scope::Section;
use crate::manifest::{names, shape};
use crate::policy::Usage;
use crate::value::Attributes;

impl Lowering<'_, '_, '_> {
    pub(super) fn policy(&mut self, policy: &Declared<shape::Policy>) {
        let (name, body) = (policy.name.as_str(), &policy.body);
        self.check(
            names::check_iam_name(name, 128),
            "bad-name",
            &policy.spot,
            "change the policy's name",
        );
        let address = Address::new(KindName::Policy, name);
        let mut attributes = Attributes::from([
            ("name", name.into()),
            ("arn", self.arn(Section::Policies, name)),
            ("path", self.path(body.path.as_ref(), names::check_policy_path)),
            ("tags", self.tags(body.tags.as_ref(), true)),
        ]);
        if let Some(description) = &body.description {
            let checked = names::length(&description.value, 0, 1000, "a description");
            self.check(checked, "bad-description", &description.spot, "shorten it");
            attributes.insert("description", description.value.as_str().into());
        }
        match &body.document {
            Some(source) => {
                if let Some(document) = self.read_document(source, Usage::Managed) {
                    self.document(&address, "document", document, &mut attributes);
                }
            }
            None if policy.complete => {
                let help = "write `document: policies/x.json`, or the document in the lines below \
                    `document:`";
                self.missing("document", &format!("policy `{name}`"), &policy.spot, help);
            }
            None => {}
        }
        self.soft(&address, policy.references.iter().cloned());
        self.add(address.clone(), attributes, std::collections::BTreeSet::default(), &policy.spot);
        self.protect(&address, body.lifecycle.as_ref().and_then(|it| it.prevent_destroy.as_ref()));
        self.ignore(&address, body.lifecycle.as_ref().and_then(|it| it.ignore_changes.as_ref()));
    }
}
