//! The callers that policies with principals tell apart: every principal that is named, and for
//! each kind of caller and each account one that isn't.

use std::collections::BTreeSet;

use crate::principal::ANYBODY;
use crate::request::Caller;
use crate::statement::{PrincipalType, Principals};

/// Returns one caller of each kind. `named` are the principals of all statements that are compared.
pub(super) fn representatives<'a>(named: impl Iterator<Item = &'a Principals>) -> Vec<Caller> {
    let named: Vec<&Principals> = named.collect();
    let all: BTreeSet<&(PrincipalType, String)> =
        named.iter().flat_map(|principals| &principals.names).collect();
    let accounts: BTreeSet<&str> = all
        .iter()
        .filter(|(kind, _)| *kind == PrincipalType::AWS)
        .filter_map(|(_, name)| account(name))
        .collect();
    let mut callers: BTreeSet<Caller> = BTreeSet::new();
    for (kind, name) in all {
        // An account stands for its root user and for all of its users and roles, one of which is
        // added below; so is one of each type for `*`.
        let stands_for_many = name == ANYBODY || (*kind == PrincipalType::AWS && is_account(name));
        if !stands_for_many {
            callers.insert(Caller { kind: *kind, name: name.clone() });
        }
    }
    // An excepted account excepts its root user, and nobody else in it.
    for (kind, name) in
        named.iter().filter(|principals| principals.not).flat_map(|principals| &principals.names)
    {
        if *kind == PrincipalType::AWS && is_account(name) {
            callers.insert(Caller::aws(name.clone()));
        }
    }
    for account in &accounts {
        callers.insert(unnamed(&callers, |example| {
            Caller::aws(format!("arn:aws:iam::{account}:role/{example}"))
        }));
    }
    let other = (0..).map(|number| format!("{:012}", 999_999_999_999_u64 - number));
    let other =
        other.into_iter().find(|account| !accounts.contains(account.as_str())).unwrap_or_default();
    callers.insert(Caller::aws(format!("arn:aws:iam::{other}:role/example")));
    callers
        .insert(unnamed(&callers, |example| Caller::service(format!("{example}.amazonaws.com"))));
    callers.insert(unnamed(&callers, |example| Caller {
        kind: PrincipalType::Federated,
        name: format!("arn:aws:iam::123456789012:oidc-provider/{example}.com"),
    }));
    callers.insert(unnamed(&callers, |example| Caller {
        kind: PrincipalType::CanonicalUser,
        name: canonical_id(example),
    }));
    callers.insert(Caller { kind: PrincipalType::Everyone, name: "*".to_owned() });
    callers.into_iter().collect()
}

/// Returns an id of the form that S3 has for accounts: 64 hexadecimal digits.
fn canonical_id(example: &str) -> String {
    let digits: String = example.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{digits:0<64.64}")
}

fn unnamed(taken: &BTreeSet<Caller>, make: impl Fn(&str) -> Caller) -> Caller {
    let mut candidates = std::iter::once("example".to_owned())
        .chain((1..).map(|number| format!("example-{number}")));
    // The list of candidates never ends.
    candidates
        .find_map(|name| Some(make(&name)).filter(|caller| !taken.contains(caller)))
        .unwrap_or_else(|| make("x"))
}

/// Returns the account of an ARN or of an account id.
pub(super) fn account(name: &str) -> Option<&str> {
    if is_id(name) { Some(name) } else { name.split(':').nth(4).filter(|account| is_id(account)) }
}

/// Tells if the name is that of a whole account: its id or the ARN of its root, in any partition.
pub(super) fn is_account(name: &str) -> bool {
    is_id(name) || (name.starts_with("arn:") && name.ends_with(":root") && account(name).is_some())
}

fn is_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_somebody_for_every_kind_who_is_not_named() {
        let named = Principals {
            not: false,
            names: vec![
                (PrincipalType::AWS, "123456789012".to_owned()),
                (PrincipalType::AWS, "arn:aws:iam::999999999999:role/example".to_owned()),
                (PrincipalType::Service, "lambda.amazonaws.com".to_owned()),
                (PrincipalType::Everyone, "*".to_owned()),
            ],
        };
        let callers: Vec<String> =
            representatives([&named].into_iter()).into_iter().map(|caller| caller.name).collect();
        assert_eq!(
            callers,
            [
                "*",
                "arn:aws:iam::123456789012:role/example",
                "arn:aws:iam::999999999998:role/example",
                "arn:aws:iam::999999999999:role/example",
                "arn:aws:iam::999999999999:role/example-1",
                "example.amazonaws.com",
                "lambda.amazonaws.com",
                "arn:aws:iam::123456789012:oidc-provider/example.com",
                "6578616d706c6500000000000000000000000000000000000000000000000000",
            ]
        );
    }
}
