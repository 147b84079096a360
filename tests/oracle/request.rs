//! The context of a request, with the keys that follow from its caller (IAM User Guide, "AWS global
//! condition context keys", "Properties of the principal").

use std::collections::BTreeMap;

use iam_policy::request::{Caller, Request};
use iam_policy::statement::PrincipalType;

use super::alphabet::Key;

/// The context keys of a request, by key in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Circumstances(BTreeMap<String, Vec<String>>);

impl Circumstances {
    /// Returns the context of a request. The request's own keys override the keys that follow from
    /// its caller.
    pub fn of(request: &Request) -> Self {
        let mut circumstances = Self::derived(&request.principal);
        circumstances
            .0
            .extend(request.context.iter().map(|(key, values)| (key.to_owned(), values.to_vec())));
        circumstances
    }

    pub fn derived(caller: &Caller) -> Self {
        let mut keys: Vec<(&str, String)> = Vec::new();
        match caller.kind {
            PrincipalType::AWS => {
                let who = Who::of(&caller.name);
                keys.push(("aws:principalisawsservice", "false".to_owned()));
                keys.push(("aws:principalaccount", who.account.to_owned()));
                keys.push(("aws:principaltype", who.kind().to_owned()));
                keys.push(("aws:principalarn", who.arn()));
                let name = who.path.strip_prefix("user/").and_then(|name| name.rsplit('/').next());
                if let Some(name) = name {
                    keys.push(("aws:username", name.to_owned()));
                }
            }
            PrincipalType::Service => {
                keys.push(("aws:principalisawsservice", "true".to_owned()));
                keys.push(("aws:principalservicename", caller.name.clone()));
            }
            // "For anonymous requests, the request context returns anonymous."
            PrincipalType::Everyone => {
                keys.push(("aws:principalaccount", "anonymous".to_owned()));
                keys.push(("aws:principaltype", "Anonymous".to_owned()));
            }
            PrincipalType::Federated | PrincipalType::CanonicalUser => {}
        }
        Self(keys.into_iter().map(|(key, value)| (key.to_owned(), vec![value])).collect())
    }

    /// Returns the context with one of the key's values from the alphabet, or unchanged if the
    /// index has no value.
    #[must_use]
    pub fn with(mut self, key: &Key, value: usize) -> Self {
        if let Some(values) = key.found.get(value) {
            let values = values.iter().map(ToString::to_string).collect();
            self.0.insert(key.name.to_ascii_lowercase(), values);
        }
        self
    }

    /// Returns the values of a key. The list is empty if the key is missing.
    pub fn values(&self, key: &str) -> &[String] {
        self.0.get(&key.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }
}

/// An AWS principal, split into its parts.
pub struct Who<'a> {
    pub partition: &'a str,
    pub account: &'a str,
    /// The path in the ARN: `root`, `user/a`, `role/r`, `assumed-role/r/session`.
    pub path: &'a str,
}

impl<'a> Who<'a> {
    /// Parses an ARN. A bare account id is that account's root.
    pub fn of(name: &'a str) -> Self {
        match name.splitn(6, ':').collect::<Vec<_>>()[..] {
            [_, partition, _, _, account, path] => Self { partition, account, path },
            _ => Self { partition: "aws", account: name, path: "root" },
        }
    }

    fn kind(&self) -> &'static str {
        match self.path.split('/').next() {
            Some("root") => "Account",
            Some("user") => "User",
            Some("federated-user") => "FederatedUser",
            _ => "AssumedRole",
        }
    }

    /// Returns the ARN of the principal. For a session it is the ARN of its role.
    fn arn(&self) -> String {
        let path = match self.path.split('/').collect::<Vec<_>>()[..] {
            ["assumed-role", role, _] => format!("role/{role}"),
            _ => self.path.to_owned(),
        };
        let service = if path.starts_with("federated-user/") { "sts" } else { "iam" };
        format!("arn:{}:{service}::{}:{path}", self.partition, self.account)
    }
}
