//! Tells how each step of an evaluation ends.

use super::case::RequestCase;
use super::organization::ControlLevels;
use super::owned;
use super::step::{EvaluationStage, EvaluationStep, StepOutcome};
use super::weighing::Weighing;

impl RequestCase<'_> {
    /// Returns the steps of the evaluation of a request that no statement denies. What AWS owns is
    /// refused before other policies are looked at.
    pub(super) fn steps(&self) -> Vec<EvaluationStep> {
        use EvaluationStage as Stage;
        let session = match (&self.session, self.is_federated_user()) {
            (None, true) => EvaluationStep::new(
                Stage::SessionPolicies,
                StepOutcome::NotAllowed,
                "none are given, and a federated user has no permissions without them",
            ),
            (session, _) => self.step(Stage::SessionPolicies, session.as_ref()),
        };
        let no_deny = "no statement denies the request";
        let no_deny = EvaluationStep::new(Stage::ExplicitDenies, StepOutcome::NotDenied, no_deny);
        if let Some(reason) = owned::refusal(self.request) {
            let refused = EvaluationStep::new(Stage::OwnedByAws, StepOutcome::NotAllowed, reason);
            return vec![no_deny, refused];
        }
        vec![
            no_deny,
            self.resource_control_step(),
            self.service_control_step(),
            self.endpoint_step(),
            self.resource_step(),
            self.identity_step(),
            self.step(Stage::PermissionsBoundary, self.boundary.as_ref()),
            session,
        ]
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
