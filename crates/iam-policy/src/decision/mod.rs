//! IAM's decision on one request, by the IAM User Guide's "Policy evaluation logic": its pages "How
//! AWS enforcement code logic evaluates requests", "Policy evaluation for requests within a single
//! account" and "Cross-account policy evaluation logic".
//!
//! Service and resource control policies, session policies and endpoint policies aren't evaluated:
//! nothing here knows them.

mod caller;
mod reason;
mod weighing;

use super::principal::{Naming, PrincipalEntity};
use super::request::{Context, Request};
use super::statement::{Policy, PrincipalType};

use weighing::{AttachmentPoint, WeighedStatement, Weighing};

/// The policies that decide on a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policies<'a> {
    /// The policies attached to the caller.
    pub identity: &'a [Policy],
    /// The caller's permissions boundary.
    pub boundary: Option<&'a Policy>,
    /// The policy attached to the resource: a bucket policy, a trust policy. If it is `None`, the
    /// policies attached to the caller decide alone, also about the resources of other accounts. A
    /// resource that is known to have no policy is given a policy without statements.
    pub resource: Option<&'a Policy>,
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

/// A request with the statements of each kind of policy that match it.
struct RequestCase<'a> {
    request: &'a Request,
    context: Context,
    identity: Weighing<'a>,
    boundary: Option<Weighing<'a>>,
    resource: Option<Weighing<'a>>,
}

impl<'a> RequestCase<'a> {
    fn new(policies: &'a Policies<'a>, request: &'a Request) -> Self {
        let context = request.circumstances();
        // Only users and roles hold policies.
        let holds = request.principal.kind == PrincipalType::AWS;
        let held = policies.identity.iter().filter(|_| holds);
        let identity = Weighing::of(held, AttachmentPoint::Caller, request, &context);
        let boundary = policies.boundary.filter(|_| holds);
        let place = AttachmentPoint::Resource { bounded: boundary.is_some() };
        let boundary = boundary
            .map(|policy| Weighing::of([policy], AttachmentPoint::Caller, request, &context));
        let resource =
            policies.resource.map(|policy| Weighing::of([policy], place, request, &context));
        Self { request, context, identity, boundary, resource }
    }

    fn decide(&self) -> Decision {
        // "No permissions are required", and a Deny changes nothing (AWS STS API Reference,
        // "GetCallerIdentity").
        if self.request.action.eq_ignore_ascii_case("sts:GetCallerIdentity")
            && self.request.principal.account().is_some()
        {
            return allowed(Vec::new(), "sts:GetCallerIdentity needs no permission".to_owned());
        }
        let layers = [Some(&self.identity), self.boundary.as_ref(), self.resource.as_ref()];
        let denies: Vec<_> =
            layers.into_iter().flatten().flat_map(|layer| layer.denies.clone()).collect();
        if let Some(first) = denies.first() {
            let (verdict, reason) = (Verdict::ExplicitDeny, self.denied(first));
            return Decision { verdict, because: denies.iter().map(deciding).collect(), reason };
        }
        match self.grant() {
            Some(grant) => {
                let because = grant.because(self);
                allowed(because, self.granted(grant))
            }
            None => Decision {
                verdict: Verdict::ImplicitDeny,
                because: Vec::new(),
                reason: self.missed(),
            },
        }
    }

    /// Returns the policies by which the request is allowed, if nothing denies it.
    fn grant(&self) -> Option<AllowSource> {
        if self.request.principal.kind != PrincipalType::AWS {
            return self.resource_names().map(|_| AllowSource::Resource);
        }
        let held = self.held() && self.within_boundary();
        match (&self.resource, self.is_foreign()) {
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
    /// resource's policy suffices that names the caller itself. An implicit deny of the boundary
    /// doesn't limit what it grants to a user, to a session or to everyone; it does limit what it
    /// grants to the ARN of a role ("How AWS enforcement code logic evaluates requests",
    /// "Resource-based policies"). An account that is named may delegate the permission; naming it
    /// doesn't give the permission to everybody in it.
    fn resource_grant(&self) -> Option<AllowSource> {
        match self.resource_names()? {
            Naming::Direct => Some(AllowSource::Resource),
            Naming::Role => self.within_boundary().then_some(AllowSource::Role),
            Naming::Account => None,
        }
    }

    /// Tells if policies attached to the caller allow the request. The root user may do everything
    /// in its account.
    fn held(&self) -> bool {
        self.is_root() || !self.identity.allows.is_empty()
    }

    fn is_root(&self) -> bool {
        self.request.principal.entity() == Some(PrincipalEntity::Root)
    }

    fn within_boundary(&self) -> bool {
        self.boundary.as_ref().is_none_or(|boundary| !boundary.allows.is_empty())
    }

    fn resource_names(&self) -> Option<Naming> {
        self.resource.as_ref()?.nearest_allow().map(|said| said.how)
    }

    /// Tells if the resource's policy must allow the action, also within its account: "the role
    /// trust policy" for assuming a role; and for keys "no AWS principal has any permissions to a
    /// KMS key unless" its key policy gives them.
    fn resource_rules(&self) -> bool {
        let action = self.request.action.to_ascii_lowercase();
        action.starts_with("sts:assumerole")
            || action.starts_with("kms:")
            || ["sts:tagsession", "sts:setsourceidentity"].contains(&action.as_str())
    }

    /// Tells if the resource is in another account than the caller. The ARN of a bucket names no
    /// account: the bucket counts as the caller's own, unless the request says otherwise.
    fn is_foreign(&self) -> bool {
        self.owner()
            .zip(self.request.principal.account())
            .is_some_and(|(owner, account)| owner != account)
    }

    /// Returns the account of the resource, where it is known.
    fn owner(&self) -> Option<&str> {
        match self.context.get("aws:ResourceAccount") {
            Some([account]) => Some(account.as_str()),
            _ => self
                .request
                .resource
                .split(':')
                .nth(4)
                .filter(|account| super::canonical::is_account(account)),
        }
    }
}

/// The policies that allow a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AllowSource {
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
        let bounded = matches!(self, Self::Identity | Self::Both | Self::Role);
        let boundary = case.boundary.as_ref().filter(|_| bounded);
        let resource = case.resource.as_ref().filter(|_| self != Self::Identity);
        let layers = held.into_iter().chain(boundary).chain(resource);
        layers.flat_map(|layer| layer.allows.iter().map(deciding)).collect()
    }
}

fn allowed(because: Vec<Deciding>, reason: String) -> Decision {
    Decision { verdict: Verdict::Allowed, because, reason }
}

fn deciding(said: &WeighedStatement<'_, Naming>) -> Deciding {
    let statement = said.statement;
    Deciding {
        policy: said.policy.name.clone(),
        statement: statement.number,
        sid: statement.sid.clone(),
    }
}

#[cfg(test)]
mod tests;
