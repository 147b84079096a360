//! The policies that a manifest hangs on a user or a role.

use crate::address::{Address, KindName, Principal};
use crate::model::{Desired, Resource};
use crate::policy::statement::{Policy, Unreadable};
use crate::value::{optional_text, text};

/// What decides on the requests of a user or a role.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Held {
    /// By the address of the policy: `policy.Deploy`, `user_policy.serverless/debug`.
    pub policies: Vec<Policy>,
    /// One, where there is a permissions boundary; none: nothing bounds it.
    pub boundary: Option<Policy>,
    /// ARNs of policies and of a boundary that the manifest doesn't declare: what they say isn't known offline.
    pub unread: Vec<String>,
    /// Documents that can't be understood; validation says the same with the place.
    pub unreadable: Vec<Unreadable>,
}

impl Held {
    /// What the manifest hangs on `subject`, a user or a role.
    pub fn declared(desired: &Desired, subject: &Address) -> Self {
        let mut held = Self::default();
        let Some(Principal { kind: holder, .. }) = subject.principal() else { return held };
        let on_subject = |resource: &Resource| text(&resource.attributes, holder.as_str()) == subject.name();
        for (address, resource) in of_kind(desired, KindName::InlinePolicy(holder)).filter(|(_, it)| on_subject(it)) {
            held.policies.extend(held_document(address, resource, &mut held.unreadable));
        }
        let attached = KindName::PolicyAttachment(holder);
        for (_, attachment) in of_kind(desired, attached).filter(|(_, it)| on_subject(it)) {
            let found = held.managed(desired, text(&attachment.attributes, "policy_arn"));
            held.policies.extend(found);
        }
        let boundary =
            desired.resources.get(subject).and_then(|it| optional_text(&it.attributes, "permissions_boundary"));
        held.boundary = boundary.and_then(|arn| held.managed(desired, &arn));
        held
    }

    fn managed(&mut self, desired: &Desired, arn: &str) -> Option<Policy> {
        let declared = of_kind(desired, KindName::Policy).find(|(_, policy)| text(&policy.attributes, "arn") == arn);
        let Some((address, resource)) = declared else {
            self.unread.push(arn.to_owned());
            return None;
        };
        held_document(address, resource, &mut self.unreadable)
    }
}

fn held_document(address: &Address, resource: &Resource, unreadable: &mut Vec<Unreadable>) -> Option<Policy> {
    match Policy::compile(&address.to_string(), resource.attributes.get("document")?) {
        Ok(policy) => Some(policy),
        Err(error) => {
            unreadable.push(error);
            None
        }
    }
}

fn of_kind(desired: &Desired, kind: KindName) -> impl Iterator<Item = (&Address, &Resource)> {
    desired.resources.iter().filter(move |(address, _)| address.kind() == kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn attached_inline_and_bounding_policies_are_found_and_foreign_ones_named() {
        let mut desired = Desired::default();
        let mut add = |kind: &str, name: &str, attributes: serde_json::Value| {
            let attributes = serde_json::from_value(attributes).unwrap();
            desired
                .resources
                .insert(Address::new(kind.parse().unwrap(), name), Resource { attributes, ..Resource::default() });
        };
        let document =
            json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
        add("policy", "P", json!({"arn": "arn:p", "document": document}));
        add("user", "ada", json!({"permissions_boundary": "arn:p"}));
        add("user_policy", "ada/i", json!({"user": "ada", "name": "i", "document": document}));
        add("user_policy_attachment", "ada/P", json!({"user": "ada", "policy_arn": "arn:p"}));
        add("user_policy_attachment", "ada/x", json!({"user": "ada", "policy_arn": "arn:x"}));
        add("user_policy_attachment", "bob/P", json!({"user": "bob", "policy_arn": "arn:p"}));
        let held = Held::declared(&desired, &Address::new(KindName::USER, "ada"));
        let names: Vec<_> = held.policies.iter().map(|policy| policy.name.as_str()).collect();
        assert_eq!(names, ["user_policy.ada/i", "policy.P"]);
        assert_eq!(held.boundary.map(|policy| policy.name).as_deref(), Some("policy.P"));
        assert_eq!(held.unread, ["arn:x"]);
        assert_eq!(held.unreadable, []);
    }
}
