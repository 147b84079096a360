//! Finds the policies that a manifest gives to a user, a role or a group.

use super::memberships::user_and_group;
use super::roles::{Gives, KINDS_BY_ROLE, PolicyPart, document_field};
use crate::address::{Address, Principal, PrincipalKind};
use crate::model::{Desired, Resource};
use crate::policy::statement::{Policy, Unreadable};
use crate::value::{optional_text, text_of};

/// The policies that decide the requests of a principal, as far as the manifest declares them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeclaredPolicies {
    /// The policies, named by address: `policy.Deploy`, `user_policy.serverless/debug`.
    pub policies: Vec<Policy>,
    /// The permissions boundary; `None` if the principal has none that is declared.
    pub boundary: Option<Policy>,
    /// The ARNs of policies and of a boundary, and the addresses of groups, that the manifest
    /// doesn't declare: their content isn't known offline.
    pub unread: Vec<String>,
    /// The documents that can't be understood. Validation reports them, too, with the place.
    pub unreadable: Vec<Unreadable>,
}

impl DeclaredPolicies {
    /// Returns the policies of `subject` and of the groups that the manifest puts it in.
    pub fn of(desired: &Desired, subject: &Address) -> Self {
        let mut declared = Self::default();
        let Some(principal) = subject.principal() else { return declared };
        declared.add_parts(desired, &principal);
        for group in groups(desired, &principal) {
            let address = group.address();
            if desired.resources.contains_key(&address) {
                declared.add_parts(desired, &group);
            } else {
                declared.add_unread(address.to_string());
            }
        }
        let resource = desired.resources.get(subject);
        let boundary =
            resource.and_then(|it| optional_text(&it.attributes, "permissions_boundary"));
        declared.boundary = boundary.and_then(|arn| declared.managed(desired, &arn));
        declared
    }

    /// Adds the policies of one principal.
    fn add_parts(&mut self, desired: &Desired, principal: &Principal) {
        for PolicyPart { kind, gives } in KINDS_BY_ROLE.parts(principal.kind) {
            let holder = |part: &Resource| {
                text_of(&part.attributes, principal.kind.as_str()) == principal.name
            };
            for (address, part) in desired.of_kind(kind).filter(|(_, part)| holder(part)) {
                let policy = match gives {
                    Gives::Inline => self.compiled(address, part),
                    Gives::Managed => {
                        self.managed(desired, text_of(&part.attributes, "policy_arn"))
                    }
                };
                // A principal may get a policy in several ways.
                let policy =
                    policy.filter(|new| self.policies.iter().all(|policy| policy.name != new.name));
                self.policies.extend(policy);
            }
        }
    }

    fn managed(&mut self, desired: &Desired, arn: &str) -> Option<Policy> {
        let mut policies = KINDS_BY_ROLE.policies.iter().flat_map(|kind| desired.of_kind(*kind));
        let Some((address, policy)) =
            policies.find(|(_, policy)| text_of(&policy.attributes, "arn") == arn)
        else {
            self.add_unread(arn.to_owned());
            return None;
        };
        self.compiled(address, policy)
    }

    fn add_unread(&mut self, name: String) {
        if !self.unread.contains(&name) {
            self.unread.push(name);
        }
    }

    fn compiled(&mut self, address: &Address, resource: &Resource) -> Option<Policy> {
        let document = resource.attributes.get(document_field(address.kind())?)?;
        match Policy::compile(&address.to_string(), document) {
            Ok(policy) => Some(policy),
            Err(error) => {
                self.unreadable.push(error);
                None
            }
        }
    }
}

/// Returns the groups that the manifest puts a user in.
fn groups(desired: &Desired, principal: &Principal) -> Vec<Principal> {
    match principal.kind {
        PrincipalKind::Role | PrincipalKind::Group => Vec::new(),
        PrincipalKind::User => {
            let kinds = KINDS_BY_ROLE.memberships.iter();
            let memberships = kinds.flat_map(|kind| desired.of_kind(*kind));
            let pairs =
                memberships.filter_map(|(_, membership)| user_and_group(&membership.attributes));
            pairs
                .filter(|(user, _)| *user == principal.name)
                .map(|(_, group)| Principal::group(group))
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::address::KindName;

    #[test]
    fn attached_inline_and_bounding_policies_are_found_and_foreign_ones_named() {
        let mut desired = Desired::default();
        let mut add = |kind: &str, name: &str, attributes: serde_json::Value| {
            let attributes = serde_json::from_value(attributes).unwrap();
            desired.resources.insert(
                Address::new(kind.parse().unwrap(), name),
                Resource { attributes, ..Resource::default() },
            );
        };
        let document = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
        add("policy", "P", json!({"arn": "arn:p", "document": document}));
        add("user", "ada", json!({"permissions_boundary": "arn:p"}));
        add("user_policy", "ada/i", json!({"user": "ada", "name": "i", "document": document}));
        add("user_policy_attachment", "ada/P", json!({"user": "ada", "policy_arn": "arn:p"}));
        add("user_policy_attachment", "ada/x", json!({"user": "ada", "policy_arn": "arn:x"}));
        add("user_policy_attachment", "bob/P", json!({"user": "bob", "policy_arn": "arn:p"}));
        let declared = DeclaredPolicies::of(&desired, &Address::new(KindName::USER, "ada"));
        let names: Vec<_> = declared.policies.iter().map(|policy| policy.name.as_str()).collect();
        assert_eq!(names, ["user_policy.ada/i", "policy.P"]);
        assert_eq!(declared.boundary.map(|policy| policy.name).as_deref(), Some("policy.P"));
        assert_eq!(declared.unread, ["arn:x"]);
        assert_eq!(declared.unreadable, []);
    }
}
