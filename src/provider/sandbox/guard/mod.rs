//! The permissions of the caller. Without a guard the caller may do everything; with it each call
//! is decided as IAM decides it.

use crate::address::{Address, KindName, PrincipalKind};
use crate::call::{CallerIdentity, FailureKind, ObjectPaths, Permission};
use crate::policy::decision::{Decision, Policies, Verdict};
use crate::policy::request::{self, Context, Request};
use crate::policy::statement::Policy;
use crate::value::{SharedValue, Tags};

use super::account::Account;
use super::document_principals;
use super::groups;
use super::records::IdentityRecord;
use super::refusal::{Refusal, SandboxResult};

/// The caller, with the policies under which it acts.
#[derive(Clone, Debug)]
pub enum CallerPolicies {
    /// A user that has these policies and nothing else.
    Under(Vec<Policy>),
    /// A user of the simulated account, with its policies, boundary and groups.
    User(String),
    /// A session of a role of the simulated account.
    Role(String),
}

/// The name of the user that acts under given policies.
const STAND_IN: &str = "sandbox-user";
const SESSION: &str = "sandbox";

/// The caller as the request names it, with the policies that decide.
struct ActingPrincipal {
    caller: CallerIdentity,
    /// The value of `aws:PrincipalArn`: for a session, the ARN of its role.
    arn: String,
    kind: &'static str,
    tags: Tags,
    identity: Vec<Policy>,
    boundary: Option<Policy>,
}

impl CallerPolicies {
    pub(super) fn caller(&self, account: &Account) -> SandboxResult<CallerIdentity> {
        Ok(self.principal(account)?.caller)
    }

    /// Refuses a call that the caller's policies don't allow, in AWS's words.
    pub(super) fn check(&self, account: &Account, permissions: &[Permission]) -> SandboxResult<()> {
        if permissions.is_empty() {
            return Ok(());
        }
        let principal = self.principal(account)?;
        permissions.iter().try_for_each(|permission| principal.check(account, permission))
    }

    fn principal(&self, account: &Account) -> SandboxResult<ActingPrincipal> {
        match self {
            Self::Under(policies) => {
                let arn = account.iam_arn(&format!("user/{STAND_IN}"));
                let caller = CallerIdentity {
                    account: account.number.clone(),
                    arn: arn.clone(),
                    user_id: account.caller().user_id,
                };
                Ok(ActingPrincipal {
                    caller,
                    arn,
                    kind: "User",
                    tags: Tags::new(),
                    identity: policies.clone(),
                    boundary: None,
                })
            }
            Self::User(name) => {
                let user = account.user(name).map_err(|_| unknown(PrincipalKind::User, name))?;
                let (arn, id) = (account.user_arn(user), user.identity.id.clone());
                let mut acting =
                    ActingPrincipal::of(account, &user.identity, "User", arn.clone(), arn, id)?;
                for group in groups::of_user(account, name) {
                    acting.identity.extend(policies(account, &group.identity)?);
                }
                Ok(acting)
            }
            Self::Role(name) => {
                let role = account.role(name).map_err(|_| unknown(PrincipalKind::Role, name))?;
                let session = format!(
                    "arn:{}:sts::{}:assumed-role/{name}/{SESSION}",
                    account.partition, account.number
                );
                let id = format!("{}:{SESSION}", role.identity.id);
                ActingPrincipal::of(
                    account,
                    &role.identity,
                    "AssumedRole",
                    account.role_arn(role),
                    session,
                    id,
                )
            }
        }
    }
}

fn unknown(kind: PrincipalKind, name: &str) -> Refusal {
    let message = format!(
        "the sandbox has no {kind} {name} to act as: make it first, without --sandbox-enforce"
    );
    Refusal::new(FailureKind::Refused, "NoSuchPrincipal", message)
}

impl ActingPrincipal {
    fn of(
        account: &Account,
        identity: &IdentityRecord,
        kind: &'static str,
        arn: String,
        session: String,
        user_id: String,
    ) -> SandboxResult<Self> {
        Ok(Self {
            caller: CallerIdentity { account: account.number.clone(), arn: session, user_id },
            arn,
            kind,
            tags: identity.tags.clone(),
            identity: policies(account, identity)?,
            boundary: identity.boundary.as_deref().map(|arn| managed(account, arn)).transpose()?,
        })
    }

    fn check(&self, account: &Account, permission: &Permission) -> SandboxResult<()> {
        let bucket = bucket_policy(account, &permission.resource)?;
        let request = self.request(account, permission);
        let policies = Policies {
            identity: &self.identity,
            boundary: self.boundary.as_ref(),
            resource: bucket.as_ref(),
            ..Policies::default()
        };
        let decision = policies.decide(&request);
        let why = match decision.verdict {
            // The sandbox holds one account, and of its roles and keys no caller of relayctl is
            // refused by their own policies: those aren't evaluated.
            Verdict::Allowed | Verdict::NeedsResourcePolicy => return Ok(()),
            Verdict::ExplicitDeny => {
                format!("with an explicit deny in a{}", self.denying(&decision, bucket.as_ref()))
            }
            Verdict::ImplicitDeny => {
                let unbounded = Policies { boundary: None, ..policies }.decide(&request).verdict;
                let lacking = if unbounded.is_allowed_to_caller() {
                    "permissions boundary"
                } else {
                    "identity-based policy"
                };
                format!("because no {lacking} allows the {} action", permission.action)
            }
        };
        Err(Refusal::denied(format!(
            "User: {} is not authorized to perform: {} on resource: {} {why}",
            self.caller.arn,
            permission.action,
            spoken(permission)
        )))
    }

    /// Returns the kind of policy that denies, after the rest of its article.
    fn denying(&self, decision: &Decision, bucket: Option<&Policy>) -> &'static str {
        let named = |policy: Option<&Policy>| {
            policy.is_some_and(|policy| decision.because.iter().any(|it| it.policy == policy.name))
        };
        if named(bucket) {
            " resource-based policy"
        } else if self.identity.iter().any(|policy| named(Some(policy))) {
            "n identity-based policy"
        } else {
            " permissions boundary"
        }
    }

    fn request(&self, account: &Account, permission: &Permission) -> Request {
        let mut context: Context =
            permission.context.iter().map(|(key, values)| (key.clone(), values.clone())).collect();
        let mut set = |key: &str, value: &str| {
            if context.get(key).is_none() {
                context.set(key, vec![value.to_owned()]);
            }
        };
        set("aws:PrincipalArn", &self.arn);
        set("aws:PrincipalAccount", &account.number);
        set("aws:PrincipalType", self.kind);
        set("aws:PrincipalIsAWSService", "false");
        set("aws:ViaAWSService", "false");
        set("aws:SecureTransport", "true");
        set("aws:ResourceAccount", &account.number);
        set("aws:CurrentTime", &account.now());
        set("aws:userid", &self.caller.user_id);
        if let Some(name) = self.arn.rsplit('/').next().filter(|_| self.kind == "User") {
            set("aws:username", name);
        }
        for (key, value) in &self.tags {
            set(&format!("aws:PrincipalTag/{key}"), value);
        }
        // A call that sets a boundary has the new one in its context. For other calls, the boundary
        // of the user or role counts.
        if let Some((tags, boundary)) = target(account, &permission.resource) {
            for (key, value) in tags {
                set(&format!("aws:ResourceTag/{key}"), value);
                set(&format!("iam:ResourceTag/{key}"), value);
            }
            if let Some(boundary) = boundary {
                set("iam:PermissionsBoundary", boundary);
            }
        }
        Request {
            principal: request::Caller::aws(self.caller.arn.clone()),
            action: permission.action.to_owned(),
            resource: permission.resource.clone(),
            context,
        }
    }
}

/// Returns the paths of the account's objects that have one.
pub(super) fn places(account: &Account) -> ObjectPaths {
    let place = |kind, name: &str, path: &str| (Address::new(kind, name), path.to_owned());
    let principals =
        account.identities().map(|(kind, it)| place(KindName::Principal(kind), &it.name, &it.path));
    let profiles = account.instance_profiles.iter();
    let profiles =
        profiles.map(|(name, profile)| place(KindName::InstanceProfile, name, &profile.path));
    ObjectPaths {
        partition: account.partition.clone(),
        account: account.number.clone(),
        paths: principals.chain(profiles).collect(),
    }
}

/// Returns the attached and the inline policies of a user, a role or a group.
fn policies(account: &Account, holder: &IdentityRecord) -> SandboxResult<Vec<Policy>> {
    let attached = holder.attached.iter().map(|arn| managed(account, arn));
    let inline = holder.inline.iter().map(|(name, document)| {
        Policy::compile(name, document).map_err(|unreadable| not_simulated(&unreadable.to_string()))
    });
    attached.chain(inline).collect()
}

fn managed(account: &Account, arn: &str) -> SandboxResult<Policy> {
    let policy = account
        .policy(arn)
        .map_err(|_| not_simulated(&format!("the sandbox doesn't know what {arn} allows")))?;
    Policy::compile(arn, policy.document())
        .map_err(|unreadable| not_simulated(&unreadable.to_string()))
}

fn bucket_policy(account: &Account, resource: &str) -> SandboxResult<Option<Policy>> {
    let name =
        resource.split_once(":s3:::").map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
    let kept =
        name.and_then(|name| account.buckets.get(name)).and_then(|bucket| bucket.policy.as_ref());
    let compile = |document: &SharedValue| {
        let name = "the bucket policy";
        Policy::compile(name, &document_principals::replace_ids_by_arns(account, document))
            .map_err(|it| not_simulated(&it.to_string()))
    };
    kept.map(compile).transpose()
}

/// Returns the tags and the boundary of the user, role, group or policy that an ARN names.
fn target<'a>(account: &'a Account, arn: &str) -> Option<(&'a Tags, Option<&'a str>)> {
    let identity =
        account.identities().find(|(kind, identity)| account.arn_of(*kind, identity) == arn);
    let policy = || account.policy(arn).ok().map(|policy| (&policy.tags, None));
    let profile = || account.instance_profile_by_arn(arn).map(|profile| (&profile.tags, None));
    let identity = identity.map(|(_, identity)| (&identity.tags, identity.boundary.as_deref()));
    let oidc = || account.oidc_providers.get(arn).map(|provider| (&provider.tags, None));
    identity.or_else(policy).or_else(profile).or_else(oidc)
}

fn not_simulated(message: &str) -> Refusal {
    Refusal::new(FailureKind::Other, "NotSimulated", message)
}

/// Returns a resource as AWS's messages name it. IAM names an existing object by kind and name; S3
/// puts the ARN in quotes.
fn spoken(permission: &Permission) -> String {
    let Permission { action, resource, .. } = permission;
    let name = resource.rsplit('/').next().unwrap_or(resource);
    let of = |kind: &str| resource.contains(&format!(":{kind}/"));
    match *action {
        "iam:CreateUser" | "iam:CreateRole" | "iam:CreateGroup" => resource.clone(),
        "iam:CreatePolicy" => format!("policy {name}"),
        _ if of("instance-profile") => format!("instance profile {name}"),
        _ if of("user") => format!("user {name}"),
        _ if of("role") => format!("role {name}"),
        _ if of("group") => format!("group {name}"),
        _ if of("policy") => format!("policy {resource}"),
        _ if action.starts_with("s3:") => format!("\"{resource}\""),
        _ => resource.clone(),
    }
}

#[cfg(test)]
mod tests;
