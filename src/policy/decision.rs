//! IAM's decision on one request.

use super::request::Request;
use super::statement::Policy;

/// Everything that has a say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policies<'a> {
    /// What hangs on the caller.
    pub identity: &'a [Policy],
    /// The caller's permissions boundary.
    pub boundary: Option<&'a Policy>,
    /// What hangs on the resource: a bucket policy, a trust policy.
    pub resource: Option<&'a Policy>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub verdict: Verdict,
    /// The statements that decided: the Deny that matched, the Allows that sufficed; none for an implicit deny.
    pub because: Vec<Deciding>,
    /// One sentence for people.
    pub reason: String,
}

/// IAM's names (SimulatePrincipalPolicy's `EvalDecision`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    Allowed,
    ExplicitDeny,
    ImplicitDeny,
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Deciding {
    pub policy: String,
    /// From 1.
    pub statement: usize,
    pub sid: Option<String>,
}

impl Policies<'_> {
    pub fn decide(&self, _request: &Request) -> Decision {
        Decision { verdict: Verdict::ImplicitDeny, because: Vec::new(), reason: String::new() }
    }
}
