//! The steps of an evaluation, in the order of the IAM User Guide's "How AWS enforcement code logic
//! evaluates requests to allow or deny access".

/// A step of an evaluation with its outcome.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct EvaluationStep {
    /// The policies, or the facts about the request, that the step evaluates.
    pub stage: EvaluationStage,
    /// The outcome of the step.
    pub outcome: StepOutcome,
    /// The reason of the outcome, for people.
    pub reason: String,
}

/// The policies, or the facts about the request, that a step evaluates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EvaluationStage {
    /// The Deny statements of all policies.
    ExplicitDenies,
    /// The kind of the caller's credentials, where it decides and not policies.
    Credentials,
    /// The resources that only AWS may change.
    OwnedByAws,
    /// The resource control policies of the resource's account.
    ResourceControlPolicies,
    /// The service control policies of the caller's account.
    ServiceControlPolicies,
    /// The policy of the VPC endpoint that the request passes.
    EndpointPolicy,
    /// The policy of the resource.
    ResourcePolicy,
    /// The policies attached to the caller.
    IdentityPolicies,
    /// The caller's permissions boundary.
    PermissionsBoundary,
    /// The policies of the caller's session.
    SessionPolicies,
}

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum StepOutcome {
    /// A Deny matches.
    Denied,
    /// No Deny matches.
    NotDenied,
    /// An Allow matches, or none is needed.
    Allowed,
    /// No Allow matches, or none could.
    NotAllowed,
    /// There are no such policies, or they don't apply to the request.
    NotEvaluated,
}

impl EvaluationStage {
    /// Returns the name of the stage in AWS's words.
    pub fn label(self) -> &'static str {
        match self {
            Self::ExplicitDenies => "explicit denies",
            Self::Credentials => "credentials of the caller",
            Self::OwnedByAws => "resources of AWS",
            Self::ResourceControlPolicies => "resource control policies",
            Self::ServiceControlPolicies => "service control policies",
            Self::EndpointPolicy => "VPC endpoint policy",
            Self::ResourcePolicy => "resource-based policy",
            Self::IdentityPolicies => "identity-based policies",
            Self::PermissionsBoundary => "permissions boundary",
            Self::SessionPolicies => "session policies",
        }
    }
}

impl StepOutcome {
    /// Returns the outcome in words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::NotDenied => "not denied",
            Self::Allowed => "allowed",
            Self::NotAllowed => "not allowed",
            Self::NotEvaluated => "not evaluated",
        }
    }
}

impl EvaluationStep {
    /// Makes the step of an explicit deny, which ends an evaluation.
    pub(super) fn denied(reason: String) -> Self {
        let (stage, outcome) = (EvaluationStage::ExplicitDenies, StepOutcome::Denied);
        Self { stage, outcome, reason }
    }

    pub(super) fn new(
        stage: EvaluationStage,
        outcome: StepOutcome,
        reason: impl Into<String>,
    ) -> Self {
        Self { stage, outcome, reason: reason.into() }
    }
}
