//! The principals of trust and bucket policies.
//!
//! AWS keeps a user or role that a policy names by its unique id, and shows its current ARN as long
//! as it exists. After its deletion AWS shows the id, also if another one takes its name. An
//! account's number becomes the ARN of its root, and a list of one becomes a plain text.

use crate::policy::statements_mut;
use crate::value::Value;

use super::account::Account;
use super::principal_rules::rules;

/// A principal that AWS does not know, as AWS's message names it: `"AWS":"arn:…"`.
#[derive(Debug, PartialEq)]
pub(super) struct UnknownPrincipal {
    kind: String,
    principal: String,
}

impl std::fmt::Display for UnknownPrincipal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if self.kind == "Service" { "SERVICE" } else { &self.kind };
        write!(f, "\"{kind}\":\"{}\"", self.principal)
    }
}

/// Returns the document as AWS keeps it.
pub(super) fn replace_arns_by_ids(
    account: &Account,
    document: &Value,
) -> Result<Value, UnknownPrincipal> {
    mapped(document, &|kind, principal| match kind {
        "AWS" => keep(account, principal),
        "Service" => known_service(principal).then(|| principal.to_owned()),
        _ => Some(principal.to_owned()),
    })
}

/// Returns the document as AWS shows it.
pub(super) fn replace_ids_by_arns(account: &Account, document: &Value) -> Value {
    let shown = mapped(document, &|kind, principal| {
        let arn = if kind == "AWS" { arn_of(account, principal) } else { None };
        Some(arn.unwrap_or_else(|| principal.to_owned()))
    });
    shown.unwrap_or_else(|_| document.clone())
}

/// The word in place of an account in the ARNs of `CloudFront`'s origin access identities.
const CLOUDFRONT: &str = "cloudfront";

type Mapping<'a> = &'a dyn Fn(&str, &str) -> Option<String>;

fn mapped(document: &Value, mapping: Mapping) -> Result<Value, UnknownPrincipal> {
    let mut document = document.clone();
    for statement in statements_mut(&mut document) {
        for element in ["Principal", "NotPrincipal"] {
            if let Some(Value::Object(kinds)) = statement.get_mut(element) {
                for (kind, principals) in kinds {
                    *principals = mapped_list(kind, principals, mapping)?;
                }
            }
        }
    }
    Ok(document)
}

fn mapped_list(
    kind: &str,
    principals: &Value,
    mapping: Mapping,
) -> Result<Value, UnknownPrincipal> {
    let one = |principal: &Value| match principal.as_str() {
        None => Ok(principal.clone()),
        Some(text) => mapping(kind, text)
            .map(Value::from)
            .ok_or_else(|| UnknownPrincipal { kind: kind.to_owned(), principal: text.to_owned() }),
    };
    let Value::Array(items) = principals else { return one(principals) };
    match items.as_slice() {
        [only] => one(only),
        _ => items.iter().map(one).collect(),
    }
}

/// Returns a principal as AWS keeps it; `None` if there is no such principal.
fn keep(account: &Account, principal: &str) -> Option<String> {
    if principal == "*" {
        return Some(principal.to_owned());
    }
    if is_account(principal) {
        return Some(format!("arn:{}:iam::{principal}:root", account.partition));
    }
    if !principal.starts_with("arn:") {
        return arn_of(account, principal).map(|_| principal.to_owned());
    }
    let parts: Vec<&str> = principal.splitn(6, ':').collect();
    let &[_, partition, service, "", number, resource] = parts.as_slice() else { return None };
    let named = resource == "root" || resource.contains('/');
    let known = is_account(number) || number == CLOUDFRONT;
    if partition != account.partition || !known || !named || resource.contains(['*', '?']) {
        return None;
    }
    match service {
        "iam" if resource != "root" && number == account.number => id_of(account, principal),
        // The sandbox knows no other accounts; sessions come and go.
        "iam" | "sts" => Some(principal.to_owned()),
        _ => None,
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.chars().all(|c| c.is_ascii_digit())
}

fn known_service(service: &str) -> bool {
    ["amazonaws.com", "amazonaws.com.cn"].iter().any(|suffix| {
        service.strip_suffix(suffix).and_then(|rest| rest.strip_suffix('.')).is_some_and(|name| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c))
        })
    })
}

fn principals(account: &Account) -> impl Iterator<Item = (String, String)> {
    let caller = account.caller();
    let named = account.identities().filter(|(kind, _)| rules(*kind).is_named_in_policies);
    let others =
        named.map(|(kind, identity)| (account.arn_of(kind, identity), identity.id.clone()));
    std::iter::once((caller.arn, caller.user_id)).chain(others)
}

fn id_of(account: &Account, wanted: &str) -> Option<String> {
    principals(account).find(|(arn, _)| arn == wanted).map(|(_, id)| id)
}

fn arn_of(account: &Account, wanted: &str) -> Option<String> {
    principals(account).find(|(_, id)| id == wanted).map(|(arn, _)| arn)
}
