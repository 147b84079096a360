//! IAM's decision on one request, by the IAM User Guide's "Policy evaluation logic": its pages "How
//! AWS enforcement code logic evaluates requests", "Policy evaluation for requests within a single
//! account" and "Cross-account policy evaluation logic".
//!
//! Access control lists, grants of KMS keys and the settings of a service (a bucket's public access
//! block) aren't evaluated: nothing here knows them.

mod caller;
mod case;
mod credentials;
mod evaluation;
mod organization;
mod owned;
mod reason;
mod resource_policies;
mod step;
#[cfg(test)]
mod tests;
mod weighing;

use super::request::Request;
use super::statement::Policy;

use case::RequestCase;

pub use step::{EvaluationStage, EvaluationStep, StepOutcome};

/// The policies that decide on a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policies<'a> {
    /// The policies attached to the caller.
    pub identity: &'a [Policy],
    /// The caller's permissions boundary.
    pub boundary: Option<&'a Policy>,
    /// The policies that were passed when the caller's session was made. `None` if none were.
    pub session: Option<&'a [Policy]>,
    /// The policy attached to the resource: a bucket policy, a trust policy. If it is `None`, it
    /// isn't known. A resource that is known to have no policy is given a policy without
    /// statements.
    pub resource: Option<&'a Policy>,
    /// The service control policies of the caller's account: those of each level of its
    /// organization, from the root to the account. Empty if the account has none.
    pub service_control: &'a [Vec<Policy>],
    /// The resource control policies of the resource's account, by level. The policy
    /// `RCPFullAWSAccess`, which can't be detached, needn't be among them.
    pub resource_control: &'a [Vec<Policy>],
    /// The policy of the VPC endpoint that the request passes.
    pub endpoint: Option<&'a Policy>,
    /// The management account of the organization. Its control policies don't apply there.
    pub management_account: Option<&'a str>,
}

/// A decision with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The decision itself.
    pub verdict: Verdict,
    /// The statements that decided: the Denies that matched, or the Allows that sufficed. Empty for
    /// an implicit deny.
    pub because: Vec<Deciding>,
    /// The reason, as one sentence for people.
    pub reason: String,
    /// The steps of the evaluation, in AWS's order. An explicit deny is the last step.
    pub steps: Vec<EvaluationStep>,
}

/// The decision, by IAM's names (the `EvalDecision` of SimulatePrincipalPolicy).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// An Allow matches, and no Deny does.
    Allowed,
    /// A Deny matches.
    ExplicitDeny,
    /// No Allow matches where one would have to.
    ImplicitDeny,
    /// The caller's side allows it, and the policy of the resource, which isn't given, would have
    /// to allow it too. IAM has no name for it: it always knows the policy.
    NeedsResourcePolicy,
}

impl Verdict {
    /// Tells if the caller's side allows the request: all policies but the one of the resource.
    pub fn is_allowed_to_caller(self) -> bool {
        matches!(self, Self::Allowed | Self::NeedsResourcePolicy)
    }
}

/// A statement that decided.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Deciding {
    /// The name of its policy.
    pub policy: String,
    /// The number of the statement in its policy, from 1.
    pub statement: usize,
    /// The Sid of the statement.
    pub sid: Option<String>,
}

impl Policies<'_> {
    /// Decides on a request: see [`decide`].
    pub fn decide(&self, request: &Request) -> Decision {
        decide(self, request)
    }
}

/// Decides on one request as IAM does, and names the statements that decided.
///
/// ```
/// use iam_policy::decision::Verdict;
/// use iam_policy::{Caller, Context, Policies, Request, decide, parse};
///
/// let document = parse(
///     r#"{"Version": "2012-10-17", "Statement": [{
///         "Sid": "Read", "Effect": "Allow", "Action": "s3:Get*",
///         "Resource": "arn:aws:s3:::media/*",
///         "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]}"#,
/// )?;
/// let identity = [document.compile("policy.json")?];
/// let policies = Policies { identity: &identity, ..Policies::default() };
/// let mut request = Request {
///     principal: Caller::aws("arn:aws:iam::123456789012:user/ada"),
///     action: "s3:GetObject".to_owned(),
///     resource: "arn:aws:s3:::media/cat.png".to_owned(),
///     context: Context::default(),
/// };
///
/// let decision = decide(&policies, &request);
/// assert_eq!(decision.verdict, Verdict::ImplicitDeny);
/// assert!(decision.reason.ends_with("the request has no aws:SecureTransport"));
///
/// request.context.set("aws:SecureTransport", vec!["true".to_owned()]);
/// assert_eq!(decide(&policies, &request).verdict, Verdict::Allowed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decide(policies: &Policies<'_>, request: &Request) -> Decision {
    RequestCase::new(policies, request).decide()
}
