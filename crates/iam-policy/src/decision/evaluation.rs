//! Tells how each step of an evaluation ends.

use crate::statement::PrincipalType;

use super::case::{AllowSource, RequestCase};
use super::organization::ControlLevels;
use super::step::{EvaluationStage, EvaluationStep, StepOutcome};
use super::weighing::Weighing;

impl RequestCase<'_> {
    /// Returns the steps of the evaluation of a request that no statement denies. What no policy
    /// can allow is refused before policies are looked at.
    pub(super) fn steps(&self) -> Vec<EvaluationStep> {
        use EvaluationStage as Stage;
        let no_deny = "no statement denies the request";
        let no_deny = EvaluationStep::new(Stage::ExplicitDenies, StepOutcome::NotDenied, no_deny);
        if let Some((stage, reason)) = self.refusal() {
            return vec![no_deny, EvaluationStep::new(stage, StepOutcome::NotAllowed, reason)];
        }
        let guardrails =
            [self.resource_control_step(), self.service_control_step(), self.endpoint_step()];
        let policies = self.policy_steps();
        [no_deny].into_iter().chain(guardrails).chain(policies).collect()
    }

    /// Returns the steps of the resource's policy and of the caller's. Only users and roles have
    /// policies; and where the resource's policy names the caller itself, the evaluation ends with
    /// it ("How AWS enforcement code logic evaluates requests", "Resource-based policies").
    fn policy_steps(&self) -> [EvaluationStep; 4] {
        use EvaluationStage as Stage;
        let suffices = "the resource-based policy suffices";
        let (identity, limits) = match self.grant() {
            _ if self.request.principal.kind != PrincipalType::AWS => {
                let reason = "only users and roles have such policies";
                (Some(reason), Some(reason))
            }
            Some(AllowSource::Resource) => (Some(suffices), Some(suffices)),
            Some(AllowSource::Role) => (Some(suffices), None),
            Some(AllowSource::Identity | AllowSource::Both) | None => (None, None),
        };
        let unless = |skip: Option<&str>, stage, step: &dyn Fn() -> EvaluationStep| {
            let skipped = |reason| EvaluationStep::new(stage, StepOutcome::NotEvaluated, reason);
            skip.map_or_else(step, skipped)
        };
        let boundary = || self.step(Stage::PermissionsBoundary, self.boundary.as_ref());
        [
            self.resource_step(),
            unless(identity, Stage::IdentityPolicies, &|| self.identity_step()),
            unless(limits, Stage::PermissionsBoundary, &boundary),
            unless(limits, Stage::SessionPolicies, &|| self.session_step()),
        ]
    }

    fn session_step(&self) -> EvaluationStep {
        if self.session.is_none() && self.is_federated_user() {
            let reason = "none are given, and a federated user has no permissions without them";
            let (stage, outcome) = (EvaluationStage::SessionPolicies, StepOutcome::NotAllowed);
            return EvaluationStep::new(stage, outcome, reason);
        }
        self.step(EvaluationStage::SessionPolicies, self.session.as_ref())
    }

    fn step(&self, stage: EvaluationStage, weighing: Option<&Weighing<'_>>) -> EvaluationStep {
        let Some(weighing) = weighing else {
            return EvaluationStep::new(stage, StepOutcome::NotEvaluated, "none is given");
        };
        match weighing.nearest_allow() {
            Some(said) => EvaluationStep::new(stage, StepOutcome::Allowed, self.allows(&said)),
            None => EvaluationStep::new(
                stage,
                StepOutcome::NotAllowed,
                self.nearest_miss(weighing.near),
            ),
        }
    }

    fn resource_control_step(&self) -> EvaluationStep {
        let full = "no statement denies the request, and RCPFullAWSAccess allows the rest";
        control_step(EvaluationStage::ResourceControlPolicies, &self.resource_control, || {
            (StepOutcome::Allowed, full.to_owned())
        })
    }

    fn service_control_step(&self) -> EvaluationStep {
        let stage = EvaluationStage::ServiceControlPolicies;
        control_step(stage, &self.service_control, || self.service_control_outcome())
    }

    fn service_control_outcome(&self) -> (StepOutcome, String) {
        match self.service_control.first_without_allow() {
            Some((number, level)) => {
                let near = self.nearest_miss(level.near);
                (StepOutcome::NotAllowed, format!("level {number} doesn't allow it: {near}"))
            }
            None => (StepOutcome::Allowed, "every level allows it".to_owned()),
        }
    }

    fn endpoint_step(&self) -> EvaluationStep {
        let mut step = self.step(EvaluationStage::EndpointPolicy, self.endpoint.as_ref());
        if !self.passes_endpoint() {
            step.outcome = StepOutcome::NotAllowed;
            step.reason = self.endpoint_refusal();
        }
        step
    }

    fn resource_step(&self) -> EvaluationStep {
        let mut step = self.step(EvaluationStage::ResourcePolicy, self.resource.as_ref());
        if self.lacks_resource_policy() {
            step.reason = self.lacking();
        }
        if self.is_closed() {
            step.outcome = StepOutcome::NotAllowed;
            step.reason = self.closed();
        }
        step
    }

    fn identity_step(&self) -> EvaluationStep {
        let mut step = self.step(EvaluationStage::IdentityPolicies, Some(&self.identity));
        if self.is_root() && step.outcome == StepOutcome::NotAllowed {
            step.outcome = StepOutcome::Allowed;
            step.reason = self.root_allows();
        }
        step
    }
}

fn control_step(
    stage: EvaluationStage,
    levels: &ControlLevels<'_>,
    outcome: impl FnOnce() -> (StepOutcome, String),
) -> EvaluationStep {
    let skipped = |reason: String| (StepOutcome::NotEvaluated, reason);
    let (outcome, reason) = match levels {
        ControlLevels::NotGiven => skipped("none is given".to_owned()),
        ControlLevels::Exempt(exemption) => {
            skipped(format!("they don't apply {}", exemption.reason()))
        }
        ControlLevels::Levels(_) => outcome(),
    };
    EvaluationStep { stage, outcome, reason }
}
