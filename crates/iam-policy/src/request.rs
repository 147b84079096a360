//! A request, as IAM sees it when it decides: who, what, on what, under which circumstances.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::statement::PrincipalType;

/// What IAM decides on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Request {
    /// Who asks.
    pub principal: Caller,
    /// `s3:GetObject`
    pub action: String,
    /// An ARN, or `*` for actions that are about no single resource.
    pub resource: String,
    /// The condition keys that the request carries.
    #[serde(default, skip_serializing_if = "Context::is_empty")]
    pub context: Context,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Caller {
    /// `Everyone` for somebody without credentials.
    #[serde(rename = "type")]
    pub kind: PrincipalType,
    /// The ARN of a user, role or session, or an account's id; `lambda.amazonaws.com`; a provider;
    /// a canonical id; `*` for somebody without credentials.
    pub name: String,
}

/// The condition keys of a request with their values. Keys know no case: they are kept in lower
/// case. To conditions a key with an empty list is as good as a key that is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Caller {
    /// Makes a user, role, session or account by its ARN or id.
    pub fn aws(arn: impl Into<String>) -> Self {
        Self { kind: PrincipalType::AWS, name: arn.into() }
    }

    /// Makes an AWS service by its name: `lambda.amazonaws.com`.
    pub fn service(name: impl Into<String>) -> Self {
        Self { kind: PrincipalType::Service, name: name.into() }
    }
}

impl Context {
    /// Sets the values of a key.
    pub fn set(&mut self, key: &str, values: Vec<String>) {
        self.0.insert(key.to_lowercase(), values);
    }

    /// Returns the values of a key.
    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.0.get(&key.to_lowercase()).map(Vec::as_slice)
    }

    /// Whether it has a value of the key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some_and(|values| !values.is_empty())
    }

    /// Returns the context without a key.
    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        let mut left = self.clone();
        left.0.remove(&key.to_lowercase());
        left
    }

    /// With these values in place of its own.
    #[must_use]
    pub(super) fn with(&self, values: &Self) -> Self {
        let mut together = self.clone();
        together.0.extend(values.0.clone());
        together
    }

    /// Returns the keys, in lower case and in order, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(key, values)| (key.as_str(), values.as_slice()))
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, Vec<String>)> for Context {
    fn from_iter<I: IntoIterator<Item = (String, Vec<String>)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, values)| (key.to_lowercase(), values)).collect())
    }
}
