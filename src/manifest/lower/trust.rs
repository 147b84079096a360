//! Lowers trust policies, the principals that may assume a role.

use serde_json::json;

use super::Lowering;
use crate::manifest::decode::{Declared, ExpandedText};
use crate::manifest::documents::{self, ResolvedDocument};
use crate::manifest::names;
use crate::manifest::scope::Section;
use crate::manifest::shape::{Role, Trust, Trusted};
use crate::manifest::source::Span;
use crate::policy::Usage;
use crate::value::Value;

const EXAMPLE: &str = "write for example `trust: {services: [lambda.amazonaws.com]}`";

impl Lowering<'_, '_, '_> {
    pub(super) fn trust(&mut self, role: &Declared<Role>) -> Option<ResolvedDocument> {
        let Some(trust) = &role.body.trust else {
            if role.complete {
                self.missing("trust", &format!("role `{}`", role.name), &role.spot, EXAMPLE);
            }
            return None;
        };
        match &trust.value {
            Trust::Document(source) => self.read_document(source, Usage::Trust),
            Trust::Who(who) => {
                let principal = self.principal(who, &trust.spot)?;
                let statement =
                    json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
                let document = json!({"Version": "2012-10-17", "Statement": [statement]});
                documents::build_document(
                    document,
                    &trust.spot,
                    Usage::Trust,
                    &mut self.checked,
                    self.scope,
                )
            }
        }
    }

    /// Returns the Principal element; `None` if something in it is wrong.
    fn principal(&mut self, who: &Trusted, spot: &Span) -> Option<Value> {
        let mut complete = true;
        let services: Vec<Value> =
            listed(who.services.as_ref()).filter_map(|service| self.service(service)).collect();
        complete &= services.len() == listed(who.services.as_ref()).count();
        let mut arns = Vec::new();
        for account in listed(who.accounts.as_ref()) {
            if let Err(message) = names::account(&account.value) {
                self.scope.error(
                    "bad-account",
                    &account.spot,
                    message,
                    "write the account's twelve digits in quotes",
                );
                complete = false;
            }
            arns.push(Value::from(format!(
                "arn:{}:iam::{}:root",
                self.header.partition, account.value
            )));
        }
        for (section, names) in [(Section::Users, &who.users), (Section::Roles, &who.roles)] {
            for name in listed(names.as_ref()) {
                let arn = if name.value.starts_with("arn:") {
                    Some(name.value.clone())
                } else {
                    self.scope.arn(section, &name.value)
                };
                if let Some(arn) = arn {
                    arns.push(arn.into());
                } else {
                    self.scope.unknown_name(section, &name.value, &name.spot);
                    complete = false;
                }
            }
        }
        if !complete {
            return None;
        }
        if services.is_empty() && arns.is_empty() {
            self.scope.error("missing-field", spot, "nobody may assume this role", EXAMPLE);
            return None;
        }
        let parts =
            [("Service", services), ("AWS", arns)].into_iter().filter(|(_, list)| !list.is_empty());
        Some(
            parts
                .map(|(key, list)| (key.to_owned(), Value::from(list)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        )
    }

    fn service(&mut self, service: &ExpandedText) -> Option<Value> {
        let name = service.value.as_str();
        let allowed =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
        if name.contains('.') && name.chars().all(allowed) {
            return Some(name.into());
        }
        let message = format!("`{name}` is not the name of an AWS service");
        let short: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let help =
            format!("write it in full, for example {}.amazonaws.com", short.to_ascii_lowercase());
        self.scope.error("bad-service", &service.spot, message, help);
        None
    }
}

fn listed(list: Option<&Vec<ExpandedText>>) -> impl Iterator<Item = &ExpandedText> {
    list.into_iter().flatten()
}
