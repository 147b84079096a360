//! Decides the `checks:` of a manifest over all requests, by the policies that the manifest
//! declares.

mod resource_side;
#[cfg(test)]
mod tests;
mod wording;

pub use wording::diagnostics;

use super::declared::DeclaredPolicies;
use super::own_keys::tag_keys;
use super::roles::document_field;
use crate::address::{Address, PrincipalKind};
use crate::model::{Check, Desired};
use crate::policy::Budget;
use crate::policy::compare::{Comparer, Comparison, Grant, Set};
use crate::policy::decision::{Deciding, Policies, Verdict};
use crate::policy::request::{Caller, Context, Request};
use crate::policy::statement::{Clause, Effect, Policy, Statement};
use crate::value::{Value, optional_text, tags_of, text_of};

/// A check that doesn't hold, or can't be proven.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckFailure<'d> {
    pub check: &'d Check,
    pub why: FailureReason,
}

#[derive(Clone, Debug, PartialEq)]
pub enum FailureReason {
    /// The access must not be possible, but these statements allow it.
    Allowed {
        grants: Vec<Grant>,
        /// The ARN of a permissions boundary that the manifest doesn't declare. Its denials aren't
        /// considered.
        boundary: Option<String>,
    },
    /// The access must be possible, but these requests are refused.
    Refused {
        refusals: Vec<CheckRefusal>,
        /// The ARNs of policies that are attached to the subject and that the manifest doesn't
        /// declare. Their allows aren't considered.
        unread: Vec<String>,
    },
    /// The check can't be decided, for these reasons.
    Doubtful(Vec<String>),
    /// No declared policy breaks the check, but the policies with these ARNs may.
    Unread(Vec<String>),
}

/// A refused request that should be allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckRefusal {
    pub example: Request,
    pub by: Stopper,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Stopper {
    /// A Deny.
    Deny(Deciding),
    /// A statement that allows it only under a condition, which the check's `with:` doesn't settle.
    Condition(Deciding, Value),
    /// The permissions boundary of this name. A policy allows the request, but the boundary
    /// doesn't.
    Boundary(String),
    /// No statement allows it.
    Nothing,
}

impl FailureReason {
    /// Returns true if the check certainly fails. A check that isn't proven may still hold.
    pub fn is_certain(&self) -> bool {
        !matches!(self, Self::Unread(_))
    }
}

/// Returns the checks that don't hold, in the order of the manifest.
pub fn failures(desired: &Desired) -> Vec<CheckFailure<'_>> {
    let comparer = Comparer::within(Budget::for_parts(desired.checks.len(), STEPS_FOR_CHECK));
    let why = |check| Judged::new(desired, check, &comparer).why();
    desired
        .checks
        .iter()
        .filter_map(|check| Some(CheckFailure { check, why: why(check)? }))
        .collect()
}

/// The steps of the budget for each check.
const STEPS_FOR_CHECK: u64 = 500_000;

/// A check with all policies that decide it.
struct Judged<'d> {
    check: &'d Check,
    comparer: &'d Comparer,
    caller: Caller,
    /// The policies of the subject, and the statements of bucket and trust policies about it.
    policies: Vec<Policy>,
    /// The statements of bucket and trust policies alone. Their allows reach a user in spite of its
    /// boundary.
    beyond_boundary: Vec<Policy>,
    boundary: Option<Policy>,
    /// The policies that the manifest attaches without declaring them.
    unread: Vec<String>,
    unread_boundary: Option<String>,
    unreadable: Vec<String>,
}

impl<'d> Judged<'d> {
    fn new(desired: &'d Desired, check: &'d Check, comparer: &'d Comparer) -> Self {
        let mut declared = DeclaredPolicies::of(desired, &check.subject);
        let attributes = desired.resources.get(&check.subject).map(|it| &it.attributes);
        let arn = attributes.map(|it| text_of(it, "arn").to_owned()).unwrap_or_default();
        let bounded_by = attributes.and_then(|it| optional_text(it, "permissions_boundary"));
        let on_buckets = resource_side::about(desired, &arn, &mut declared.unreadable);

        let caller = Caller::aws(arn);
        let keys = known_keys(desired, check);
        let given = |policies: Vec<Policy>| -> Vec<Policy> {
            policies.iter().map(|policy| policy.given(&keys)).collect()
        };
        let unread_boundary =
            bounded_by.filter(|arn| declared.boundary.is_none() && declared.unread.contains(arn));
        let boundary = given(declared.boundary.into_iter().collect()).pop();
        let (own, on_buckets) = (given(declared.policies), given(on_buckets));
        let passes = boundary.is_some() && passes_boundary(&check.subject);
        let beyond_boundary = if passes { on_buckets.clone() } else { Vec::new() };
        Self {
            check,
            comparer,
            policies: own.into_iter().chain(on_buckets).collect(),
            beyond_boundary,
            boundary,
            unread: declared
                .unread
                .into_iter()
                .filter(|arn| Some(arn) != unread_boundary.as_ref())
                .collect(),
            unread_boundary,
            unreadable: declared.unreadable.iter().map(ToString::to_string).collect(),
            caller,
        }
    }

    fn why(&self) -> Option<FailureReason> {
        if self.check.can { self.why_not() } else { self.why_allowed() }
    }

    /// Returns the reason that forbidden access is allowed.
    fn why_allowed(&self) -> Option<FailureReason> {
        let asked = [asked(&self.check.actions, &self.check.resources)];
        let mut found = self.allowed(&asked);
        if !self.beyond_boundary.is_empty() {
            let denials = denials(self.policies.iter().chain(&self.boundary));
            let reaching: Vec<Policy> =
                self.beyond_boundary.iter().cloned().chain(denials).collect();
            let beyond = self.comparer.compare(
                &Set::of(&[]),
                &Set::of(&reaching).within(&asked),
                Some(&self.caller),
            );
            found.gained.extend(beyond.gained);
            found.doubts.extend(beyond.doubts);
        }
        if !found.gained.is_empty() {
            return Some(FailureReason::Allowed {
                grants: found.gained,
                boundary: self.unread_boundary.clone(),
            });
        }
        self.doubtful(&found).or_else(|| {
            (!self.unread.is_empty()).then(|| FailureReason::Unread(self.unread.clone()))
        })
    }

    /// Returns the reason that required access is not allowed.
    fn why_not(&self) -> Option<FailureReason> {
        let asked = [asked(&self.check.actions, &self.check.resources)];
        let found =
            self.comparer.compare(&Set::of(&asked), &self.within(&asked), Some(&self.caller));
        if found.lost.is_empty() {
            let bounded =
                || self.unread_boundary.clone().map(|arn| FailureReason::Unread(vec![arn]));
            return self.doubtful(&found).or_else(bounded);
        }
        let refusals = found.lost.into_iter().map(|grant| self.refusal(grant.example)).collect();
        Some(FailureReason::Refused { refusals, unread: self.unread.clone() })
    }

    fn doubtful(&self, found: &Comparison) -> Option<FailureReason> {
        let doubts = found.doubts.iter().map(|doubt| format!("{}: {}", doubt.policy, doubt.reason));
        let reasons: Vec<String> = self.unreadable.iter().cloned().chain(doubts).collect();
        (!reasons.is_empty()).then_some(FailureReason::Doubtful(reasons))
    }

    /// Returns the allowed part of the asked requests.
    fn allowed(&self, asked: &[Policy]) -> Comparison {
        self.comparer.compare(&Set::of(&[]), &self.within(asked), Some(&self.caller))
    }

    fn within<'s>(&'s self, asked: &'s [Policy]) -> Set<'s> {
        let set = Set::of(&self.policies);
        match &self.boundary {
            Some(boundary) => set.within(std::slice::from_ref(boundary)).within(asked),
            None => set.within(asked),
        }
    }

    fn refusal(&self, example: Request) -> CheckRefusal {
        let by = self.refused_by(&example);
        CheckRefusal { example, by }
    }

    fn refused_by(&self, example: &Request) -> Stopper {
        let policies = Policies {
            identity: &self.policies,
            boundary: self.boundary.as_ref(),
            ..Policies::default()
        };
        let decision = policies.decide(example);
        if decision.verdict == Verdict::ExplicitDeny
            && let Some(deny) = decision.because.into_iter().next()
        {
            return Stopper::Deny(deny);
        }
        let this =
            [asked(std::slice::from_ref(&example.action), std::slice::from_ref(&example.resource))];
        let grants = self.allowed(&this).gained;
        if let Some((grant, condition)) =
            grants.into_iter().find_map(|grant| Some((grant.clone(), grant.condition?)))
        {
            let allow =
                Deciding { policy: grant.policy, statement: grant.statement, sid: grant.sid };
            return Stopper::Condition(allow, condition);
        }
        let unbounded = Policies { boundary: None, ..policies };
        match &self.boundary {
            Some(boundary) if unbounded.decide(example).verdict.is_allowed_to_caller() => {
                Stopper::Boundary(boundary.name.clone())
            }
            _ => Stopper::Nothing,
        }
    }
}

/// Returns the condition keys that the requests of a check have: the tags of the subject, and those
/// that the check gives. What follows from the name of the subject, a comparison knows.
fn known_keys(desired: &Desired, check: &Check) -> Context {
    let resource = desired.resources.get(&check.subject);
    let tags = resource.zip(check.subject.principal()).map(|(resource, principal)| {
        let field = document_field(check.subject.kind());
        // What the manifest leaves to others may be something else in the account.
        let field = field.filter(|field| !resource.ignored.has_field(field));
        let trust = field.and_then(|field| resource.attributes.get(field));
        let mut tags = tags_of(&resource.attributes, "tags");
        tags.retain(|key, _| !resource.ignored.has_key("tags", key));
        tag_keys(principal.kind, &tags, trust)
    });
    tags.unwrap_or_default().with(&check.context)
}

/// Returns true if policies of resources reach the subject in spite of its boundary.
///
/// "Resource-based policies that grant permissions to an IAM user ARN are not limited by an
/// implicit deny in a permissions boundary" (IAM User Guide, "Permissions boundaries for IAM
/// entities"); those for a role are limited.
fn passes_boundary(subject: &Address) -> bool {
    match subject.principal().map(|it| it.kind) {
        Some(PrincipalKind::User) => true,
        Some(PrincipalKind::Role | PrincipalKind::Group) | None => false,
    }
}

/// Returns the requests that a check is about, as a policy that allows exactly these.
fn asked(actions: &[String], resources: &[String]) -> Policy {
    let clause = |patterns: &[String]| Clause { not: false, patterns: patterns.to_vec() };
    let statement = Statement {
        number: 1,
        sid: None,
        effect: Effect::Allow,
        principals: None,
        actions: clause(actions),
        resources: Some(clause(resources)),
        conditions: Vec::new(),
        variables: false,
    };
    Policy { name: "the check".to_owned(), statements: vec![statement] }
}

/// Returns only the Denies of the policies, for cases in which only another policy's Allow counts.
fn denials<'p>(policies: impl Iterator<Item = &'p Policy>) -> impl Iterator<Item = Policy> {
    policies.map(|policy| {
        let denials = policy.statements.iter().filter(|statement| statement.effect == Effect::Deny);
        Policy { name: policy.name.clone(), statements: denials.cloned().collect() }
    })
}
