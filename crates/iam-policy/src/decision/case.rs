//! One request with the policies that decide on it.

use crate::canonical::is_account;
use crate::catalogue;
use crate::principal::{Naming, PrincipalEntity};
use crate::request::{Context, Request};
use crate::statement::PrincipalType;

use super::organization::{ControlLevels, Exemption};
use super::step::{EvaluationStage, EvaluationStep, StepOutcome};
use super::weighing::{AttachmentPoint, WeighedStatement, Weighing};
use super::{Deciding, Decision, Policies, Verdict};
use super::{credentials, owned, resource_policies};

/// A request with the statements of each kind of policy that match it.
pub(super) struct RequestCase<'a> {
    pub request: &'a Request,
    pub context: Context,
    pub identity: Weighing<'a>,
    pub boundary: Option<Weighing<'a>>,
    pub session: Option<Weighing<'a>>,
    pub resource: Option<Weighing<'a>>,
    pub service_control: ControlLevels<'a>,
    pub resource_control: ControlLevels<'a>,
    pub endpoint: Option<Weighing<'a>>,
}

impl<'a> RequestCase<'a> {
    pub fn new(policies: &'a Policies<'a>, request: &'a Request) -> Self {
        let context = request.circumstances();
        // Only users and roles hold policies.
        let holds = request.principal.kind == PrincipalType::AWS;
        let held = policies.identity.iter().filter(|_| holds);
        let at_caller = AttachmentPoint::Caller;
        let at_resource = AttachmentPoint::Resource { bounded: false };
        let boundary = policies.boundary.filter(|_| holds);
        let place = AttachmentPoint::Resource { bounded: boundary.is_some() };
        let session = policies.session.filter(|_| request.principal.is_session());
        let owner = owner(request, &context);
        let service_exempt =
            Exemption::from_service_control(request, &context, policies.management_account);
        let resource_exempt =
            Exemption::from_resource_control(request, &context, policies.management_account, owner);
        Self {
            request,
            identity: Weighing::of(held, at_caller, request, &context),
            boundary: boundary.map(|it| Weighing::of([it], at_caller, request, &context)),
            session: session.map(|it| Weighing::of(it, at_caller, request, &context)),
            resource: policies.resource.map(|it| Weighing::of([it], place, request, &context)),
            service_control: ControlLevels::weigh_levels(
                policies.service_control,
                service_exempt,
                |policies| Weighing::of(policies, at_caller, request, &context),
            ),
            resource_control: ControlLevels::weigh_levels(
                policies.resource_control,
                resource_exempt,
                |policies| Weighing::of(policies, at_resource, request, &context),
            ),
            endpoint: policies
                .endpoint
                .map(|it| Weighing::of([it], at_resource, request, &context)),
            context,
        }
    }

    pub fn decide(&self) -> Decision {
        if let Some(reason) = credentials::freedom(self.request) {
            let (stage, outcome) = (EvaluationStage::Credentials, StepOutcome::Allowed);
            let steps = vec![EvaluationStep::new(stage, outcome, reason.clone())];
            return Decision { verdict: Verdict::Allowed, because: Vec::new(), reason, steps };
        }
        let denies: Vec<_> = self.layers().flat_map(|layer| layer.denies.clone()).collect();
        if let Some(first) = denies.first() {
            return Decision {
                verdict: Verdict::ExplicitDeny,
                because: denies.iter().map(deciding).collect(),
                reason: self.denied(first),
                steps: vec![EvaluationStep::denied(self.denied(first))],
            };
        }
        let (verdict, because, reason) = self.without_denies();
        Decision { verdict, because, reason, steps: self.steps() }
    }

    /// Returns the decision on a request that no statement denies.
    fn without_denies(&self) -> (Verdict, Vec<Deciding>, String) {
        let implicitly = |reason| (Verdict::ImplicitDeny, Vec::new(), reason);
        if let Some((_, reason)) = self.refusal() {
            return implicitly(reason);
        }
        let Some(grant) = self.grant() else { return implicitly(self.missed()) };
        if let Some(limit) = self.limit() {
            return implicitly(format!("{}, but {limit}", self.granted(grant)));
        }
        let because = grant.because(self);
        if self.lacks_resource_policy() {
            let reason = format!("{}; {}", self.granted(grant), self.lacking());
            return (Verdict::NeedsResourcePolicy, because, reason);
        }
        (Verdict::Allowed, because, self.granted(grant))
    }

    /// Returns the reason why no policy can allow the request, and the step that finds it.
    pub fn refusal(&self) -> Option<(EvaluationStage, String)> {
        let of_credentials = credentials::refusal(self.request);
        of_credentials.map(|reason| (EvaluationStage::Credentials, reason)).or_else(|| {
            owned::refusal(self.request).map(|reason| (EvaluationStage::OwnedByAws, reason))
        })
    }

    fn layers(&self) -> impl Iterator<Item = &Weighing<'a>> {
        let own = [Some(&self.identity), self.boundary.as_ref(), self.session.as_ref()];
        let others = [self.resource.as_ref(), self.endpoint.as_ref()];
        let controls = self.service_control.levels().chain(self.resource_control.levels());
        own.into_iter().chain(others).flatten().chain(controls)
    }

    /// Returns the policies by which the request is allowed, if nothing denies it and nothing
    /// limits it.
    pub fn grant(&self) -> Option<AllowSource> {
        if self.request.principal.kind != PrincipalType::AWS {
            return self.resource_names().map(|_| AllowSource::Resource);
        }
        let held = self.is_held() && self.within_limits();
        match (&self.resource, self.is_foreign()) {
            (None, _) if self.is_closed() => None,
            (None, _) => held.then_some(AllowSource::Identity),
            // Both accounts must allow it, each by its own policies.
            (Some(_), true) => {
                (held && self.resource_names().is_some()).then_some(AllowSource::Both)
            }
            (Some(_), false) => self.resource_grant().or_else(|| {
                let trusted = self.resource_names().is_some();
                match (held, self.resource_rules()) {
                    (true, true) => trusted.then_some(AllowSource::Both),
                    (held, _) => held.then_some(AllowSource::Identity),
                }
            }),
        }
    }

    /// Returns the grant of the resource's policy, where that suffices. Within an account a
    /// resource's policy suffices that names the caller itself. An implicit deny of the boundary or
    /// of the session's policies doesn't limit what it grants to a user, to a session or to
    /// everyone; it does limit what it grants to the ARN of a role ("How AWS enforcement code logic
    /// evaluates requests", "Resource-based policies"). An account that is named may delegate the
    /// permission; naming it doesn't give the permission to everybody in it.
    fn resource_grant(&self) -> Option<AllowSource> {
        match self.resource_names()? {
            Naming::Direct => Some(AllowSource::Resource),
            Naming::Role => self.within_limits().then_some(AllowSource::Role),
            Naming::Account => None,
        }
    }

    /// Tells if policies attached to the caller allow the request. The root user may do everything
    /// in its account.
    pub fn is_held(&self) -> bool {
        self.is_root() || !self.identity.allows.is_empty()
    }

    pub fn is_root(&self) -> bool {
        self.request.principal.entity() == Some(PrincipalEntity::Root)
    }

    /// Tells if the boundary and the session's policies allow the request.
    fn within_limits(&self) -> bool {
        self.within_boundary() && self.within_session()
    }

    pub fn within_boundary(&self) -> bool {
        self.boundary.as_ref().is_none_or(|boundary| !boundary.allows.is_empty())
    }

    /// Tells if the policies of the session allow the request. "If you do not pass a policy, the
    /// resulting federated user session has no permissions" (AWS STS API Reference,
    /// "`GetFederationToken`"); the session of a role then has those of the role.
    pub fn within_session(&self) -> bool {
        match &self.session {
            Some(session) => !session.allows.is_empty(),
            None => !self.is_federated_user(),
        }
    }

    pub fn is_federated_user(&self) -> bool {
        matches!(self.request.principal.entity(), Some(PrincipalEntity::Federated(_)))
    }

    fn resource_names(&self) -> Option<Naming> {
        self.resource.as_ref()?.nearest_allow().map(|said| said.how)
    }

    /// Tells if the policy of the VPC endpoint allows the request. In the policy of a gateway
    /// endpoint an account stands for its root user alone (AWS `PrivateLink` Guide, "Principals for
    /// gateway endpoints"); only Amazon S3 and `DynamoDB` have gateway endpoints.
    pub fn passes_endpoint(&self) -> bool {
        let Some(endpoint) = &self.endpoint else { return true };
        let by_gateway = ["s3", "dynamodb"].contains(&self.request.service().as_str());
        endpoint
            .nearest_allow()
            .is_some_and(|said| !by_gateway || self.is_root() || said.how != Naming::Account)
    }

    /// Tells if the resource's policy must allow the action, also within its account: "the role
    /// trust policy" for assuming a role; and for keys "no AWS principal has any permissions to a
    /// KMS key unless" its key policy gives them.
    pub fn resource_rules(&self) -> bool {
        let action = self.request.action.to_ascii_lowercase();
        action.starts_with("sts:assumerole")
            || action.starts_with("kms:")
            || ["sts:tagsession", "sts:setsourceidentity"].contains(&action.as_str())
    }

    /// Tells if the decision depends on a policy that isn't given: the one of another account's
    /// resource, of a role that is assumed, or of a key.
    pub fn lacks_resource_policy(&self) -> bool {
        self.resource.is_none()
            && self.request.principal.kind == PrincipalType::AWS
            && !self.is_closed()
            && (self.is_foreign() || (self.resource_rules() && self.has_resource_policy()))
    }

    /// Tells if the resource has a policy that must allow the action. Whoever assumes a role
    /// assumes one with a trust policy, also where the question is about `*`. Not every action of
    /// KMS is about a key.
    fn has_resource_policy(&self) -> bool {
        let (action, resource) = (&self.request.action, &self.request.resource);
        let is_about_keys = || {
            catalogue::action(action).is_some_and(|action| {
                action.takes_resource() && action.resources.iter().all(|it| it.name == "key")
            })
        };
        action.to_ascii_lowercase().starts_with("sts:assumerole")
            || [":role/", ":key/"].iter().any(|kind| resource.contains(kind))
            || (resource == "*" && is_about_keys())
    }

    /// Tells if the resource is of another account and can't have a policy that opens it to the
    /// caller's.
    pub fn is_closed(&self) -> bool {
        self.resource.is_none()
            && self.is_foreign()
            && resource_policies::are_impossible(self.request)
    }

    /// Tells if the resource is in another account than the caller. The ARN of a bucket names no
    /// account: the bucket counts as the caller's own, unless the request says otherwise.
    pub fn is_foreign(&self) -> bool {
        self.owner()
            .zip(self.request.principal.account())
            .is_some_and(|(owner, account)| owner != account)
    }

    /// Returns the account of the resource, where it is known.
    pub fn owner(&self) -> Option<&str> {
        owner(self.request, &self.context)
    }
}

fn owner<'r>(request: &'r Request, context: &'r Context) -> Option<&'r str> {
    match context.get("aws:ResourceAccount") {
        Some([account]) => Some(account.as_str()),
        _ => request.resource.split(':').nth(4).filter(|account| is_account(account)),
    }
}

/// The policies that allow a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AllowSource {
    Identity,
    /// The resource's policy, which names the caller itself.
    Resource,
    /// The resource's policy, which names the caller's role.
    Role,
    Both,
}

impl AllowSource {
    fn because(self, case: &RequestCase<'_>) -> Vec<Deciding> {
        let held = matches!(self, Self::Identity | Self::Both).then_some(&case.identity);
        let limited = matches!(self, Self::Identity | Self::Both | Self::Role);
        let limits = [case.boundary.as_ref(), case.session.as_ref()];
        let limits = limits.into_iter().flatten().filter(|_| limited);
        let resource = case.resource.as_ref().filter(|_| self != Self::Identity);
        let controls = case.service_control.levels().chain(&case.endpoint);
        let layers = held.into_iter().chain(limits).chain(resource).chain(controls);
        layers.flat_map(|layer| layer.allows.iter().map(deciding)).collect()
    }
}

fn deciding(said: &WeighedStatement<'_, Naming>) -> Deciding {
    let statement = said.statement;
    Deciding {
        policy: said.policy.name.clone(),
        statement: statement.number,
        sid: statement.sid.clone(),
    }
}
