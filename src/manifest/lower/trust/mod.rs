//! Lowers trust policies, the principals that may assume a role.

mod federated;
mod provider;
mod sign_in;
mod statement;
mod subject;

use serde_json::{Map, json};

use self::federated::FederatedEntries;
pub use self::provider::{check_issuer, is_built_in};
use self::statement::TrustStatement;
use super::Lowering;
use crate::manifest::decode::{Declared, ExpandedText, Located};
use crate::manifest::documents::{self, ResolvedDocument};
use crate::manifest::names;
use crate::manifest::scope::Section;
use crate::manifest::shape::{Role, Trust, Trusted};
use crate::manifest::source::Span;
use crate::policy::Usage;
use crate::value::Value;

const EXAMPLE: &str = "write for example `trust: {services: [lambda.amazonaws.com]}`";

/// The principals of one Principal element.
struct PlainPrincipals {
    services: Vec<Value>,
    /// Accounts, users and roles.
    arns: Vec<Value>,
}

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
                let statements = self.trust_statements(who, &trust.spot, role.complete)?;
                let has_tags = who.tag_session.as_ref().is_some_and(|flag| flag.value);
                let document = statement::make_document(statements, has_tags);
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

    /// Returns the statements of a short form; `None` if something in it is wrong.
    fn trust_statements(
        &mut self,
        who: &Trusted,
        spot: &Span,
        is_complete: bool,
    ) -> Option<Vec<TrustStatement>> {
        let principals = self.principals(who);
        let condition = self.condition(who, is_complete);
        let federated = self.federated(&FederatedEntries {
            github: entries(who.github.as_ref()),
            gitlab: entries(who.gitlab.as_ref()),
            eks: entries(who.eks.as_ref()),
            oidc: entries(who.oidc.as_ref()),
            saml: entries(who.saml.as_ref()),
            is_complete,
        });
        let (PlainPrincipals { services, arns }, condition) = (principals?, condition?);
        let mut statements = plain_statements(services, arns, condition);
        statements.extend(federated?);
        if statements.is_empty() {
            if is_complete {
                self.scope.error("missing-field", spot, "nobody may assume this role", EXAMPLE);
            }
            return None;
        }
        Some(statements)
    }

    /// Returns the principals that call sts:AssumeRole; `None` if something in them is wrong.
    fn principals(&mut self, who: &Trusted) -> Option<PlainPrincipals> {
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
        complete.then_some(PlainPrincipals { services, arns })
    }

    /// Returns the conditions on accounts, users and roles; `None` if something in them is wrong.
    fn condition(&mut self, who: &Trusted, is_complete: bool) -> Option<Map<String, Value>> {
        let mfa = who.mfa.as_ref().filter(|flag| flag.value);
        let conditions = [
            ("external_id", who.external_id.as_ref().map(|it| &it.spot)),
            ("mfa", mfa.map(|it| &it.spot)),
        ];
        let has_principals = [&who.accounts, &who.users, &who.roles]
            .iter()
            .any(|it| listed(it.as_ref()).count() > 0);
        let mut is_valid = true;
        for (field, spot) in conditions {
            let Some(spot) = spot.filter(|_| !has_principals && is_complete) else { continue };
            let message = format!(
                "`{field}` is a condition on accounts, users and roles, and this trust policy \
                    names none"
            );
            let help = format!("add `accounts`, `users` or `roles`, or remove `{field}`");
            self.scope.error("missing-field", spot, message, help);
            is_valid = false;
        }
        let mut condition = Map::new();
        if let Some(id) = &who.external_id {
            if let Err(message) = names::check_external_id(&id.value) {
                let help = "write the id that you agreed on, for example relay-4711";
                self.scope.error("bad-external-id", &id.spot, message, help);
                is_valid = false;
            }
            condition.insert("StringEquals".to_owned(), json!({"sts:ExternalId": id.value}));
        }
        if mfa.is_some() {
            // BoolIfExists would let in access keys: their requests have no such key.
            condition.insert("Bool".to_owned(), json!({"aws:MultiFactorAuthPresent": "true"}));
        }
        is_valid.then_some(condition)
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

/// Returns the statements of those who call sts:AssumeRole. Services send neither an external id
/// nor MFA, so they get a statement of their own where there is a condition.
fn plain_statements(
    services: Vec<Value>,
    arns: Vec<Value>,
    condition: Map<String, Value>,
) -> Vec<TrustStatement> {
    let principals = [("Service", services), ("AWS", arns)];
    let parts = principals.into_iter().filter(|(_, names)| !names.is_empty());
    let parts = parts.map(|(kind, names)| (kind.to_owned(), Value::from(names)));
    let statement =
        |principals, condition| TrustStatement { principals, action: "sts:AssumeRole", condition };
    if condition.is_empty() {
        let principals: Map<_, _> = parts.collect();
        let all = (!principals.is_empty()).then(|| statement(principals, condition));
        return all.into_iter().collect();
    }
    parts
        .map(|part| {
            let own = if part.0 == "AWS" { condition.clone() } else { Map::new() };
            statement(Map::from_iter([part]), own)
        })
        .collect()
}

fn entries<T>(list: Option<&Vec<Located<T>>>) -> &[Located<T>] {
    list.map(Vec::as_slice).unwrap_or_default()
}

fn listed(list: Option<&Vec<ExpandedText>>) -> impl Iterator<Item = &ExpandedText> {
    list.into_iter().flatten()
}

#[cfg(test)]
mod tests;
