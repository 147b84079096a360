//! A request as IAM decides on it: caller, action, resource, and context.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::statement::PrincipalType;

/// A request that IAM decides on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Request {
    /// The caller.
    pub principal: Caller,
    /// The action: `s3:GetObject`.
    pub action: String,
    /// The ARN of the resource, or `*` for actions that take no resource.
    pub resource: String,
    /// The condition keys that the request carries.
    #[serde(default, skip_serializing_if = "Context::is_empty")]
    pub context: Context,
}

/// The principal that makes a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Caller {
    /// The type: `Everyone` for a caller without credentials.
    #[serde(rename = "type")]
    pub kind: PrincipalType,
    /// The name: the ARN of a user, role or session, or an account id; a service such as
    /// `lambda.amazonaws.com`; an identity provider; a canonical id; `*` for a caller without
    /// credentials.
    pub name: String,
}

/// The condition keys of a request with their values. Keys are not case-sensitive and are kept in
/// lower case. To conditions, a key with an empty list is the same as a missing key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Context(BTreeMap<String, Vec<String>>);

/// The condition keys that follow from a caller, in lower case (IAM User Guide, "AWS global
/// condition context keys", "Properties of the principal").
pub(crate) mod caller_key {
    pub(crate) const ARN: &str = "aws:principalarn";
    pub(crate) const ACCOUNT: &str = "aws:principalaccount";
    pub(crate) const TYPE: &str = "aws:principaltype";
    pub(crate) const IS_SERVICE: &str = "aws:principalisawsservice";
    pub(crate) const SERVICE_NAME: &str = "aws:principalservicename";
    pub(crate) const USERNAME: &str = "aws:username";
    pub(crate) const USERID: &str = "aws:userid";
}

impl Request {
    /// Returns the prefix of the action in lower case: `s3`.
    pub(super) fn service(&self) -> String {
        self.action.split(':').next().unwrap_or_default().to_ascii_lowercase()
    }
}

impl Caller {
    /// Makes a caller from the ARN of a user, role or session, or from an account id.
    pub fn aws(arn: impl Into<String>) -> Self {
        Self { kind: PrincipalType::AWS, name: arn.into() }
    }

    /// Makes a caller from the name of an AWS service: `lambda.amazonaws.com`.
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

    /// Tells if the context has a value of the key.
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

    /// Returns the context with these values in place of its own.
    #[must_use]
    pub fn with(&self, values: &Self) -> Self {
        let mut together = self.clone();
        together.0.extend(values.0.clone());
        together
    }

    /// Returns the keys, in lower case and in order, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(key, values)| (key.as_str(), values.as_slice()))
    }

    /// Returns true if the context has no keys.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, Vec<String>)> for Context {
    fn from_iter<I: IntoIterator<Item = (String, Vec<String>)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, values)| (key.to_lowercase(), values)).collect())
    }
}
