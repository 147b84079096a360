//! `checks:` of a manifest, judged over all requests by the policies that the manifest declares.

mod given;
mod resource_side;
#[cfg(test)]
mod tests;
mod wording;

pub use wording::diagnostics;

use super::declared::DeclaredPolicies;
use crate::address::{Address, PrincipalKind};
use crate::model::{Check, Desired};
use crate::policy::compare::{Comparison, Grant, Set, compare};
use crate::policy::decision::{Deciding, Policies, Verdict};
use crate::policy::request::{Caller, Request};
use crate::policy::statement::{Clause, Effect, Policy, Statement};
use crate::value::{Value, optional_text, text};

/// A check that doesn't hold, or not surely.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckFailure<'d> {
    pub check: &'d Check,
    pub why: FailureReason,
}

#[derive(Clone, Debug, PartialEq)]
pub enum FailureReason {
    /// It must not be possible, and these statements allow it.
    Allowed {
        grants: Vec<Grant>,
        /// The ARN of a permissions boundary that the manifest doesn't declare: what it forbids
        /// doesn't count.
        boundary: Option<String>,
    },
    /// It must be possible, and these requests are refused.
    Refused {
        refusals: Vec<CheckRefusal>,
        /// ARNs of policies that hang on the subject and that the manifest doesn't declare: what
        /// they allow doesn't count.
        unread: Vec<String>,
    },
    /// It can't be told, and why.
    Doubtful(Vec<String>),
    /// Nothing that the manifest declares breaks the check, but the policies with these ARNs may.
    Unread(Vec<String>),
}

/// A request that should be allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckRefusal {
    pub example: Request,
    pub by: Stopper,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Stopper {
    /// A Deny.
    Deny(Deciding),
    /// It is allowed only under a condition, which the check's `with:` doesn't settle.
    Condition(Deciding, Value),
    /// A policy allows it, and the permissions boundary of that name doesn't.
    Boundary(String),
    /// Nothing allows it.
    Nothing,
}

impl FailureReason {
    /// What isn't proven is no proof of the contrary.
    pub fn is_certain(&self) -> bool {
        !matches!(self, Self::Unread(_))
    }
}

/// The checks that don't hold, in the order of the manifest.
pub fn failures(desired: &Desired) -> Vec<CheckFailure<'_>> {
    desired
        .checks
        .iter()
        .filter_map(|check| Some(CheckFailure { check, why: Judged::new(desired, check).why()? }))
        .collect()
}

/// A check with all that decides on it.
struct Judged<'d> {
    check: &'d Check,
    caller: Caller,
    /// What hangs on the subject, and what the policies of buckets and roles say of it.
    policies: Vec<Policy>,
    /// Of these, what the policies of buckets and roles say. What they allow reaches a user over
    /// its boundary.
    beyond_boundary: Vec<Policy>,
    boundary: Option<Policy>,
    /// Policies that the manifest attaches without declaring them.
    unread: Vec<String>,
    unread_boundary: Option<String>,
    unreadable: Vec<String>,
}

impl<'d> Judged<'d> {
    fn new(desired: &'d Desired, check: &'d Check) -> Self {
        let mut declared = DeclaredPolicies::of(desired, &check.subject);
        let attributes = desired.resources.get(&check.subject).map(|it| &it.attributes);
        let arn = attributes.map(|it| text(it, "arn").to_owned()).unwrap_or_default();
        let bounded_by = attributes.and_then(|it| optional_text(it, "permissions_boundary"));
        let on_buckets = resource_side::about(desired, &arn, &mut declared.unreadable);

        let caller = Caller::aws(arn);
        let given = |policies: Vec<Policy>| -> Vec<Policy> {
            policies
                .into_iter()
                .map(|policy| given::specialise(policy, &check.context, &caller))
                .collect()
        };
        let unread_boundary =
            bounded_by.filter(|arn| declared.boundary.is_none() && declared.unread.contains(arn));
        let boundary = given(declared.boundary.into_iter().collect()).pop();
        let (own, on_buckets) = (given(declared.policies), given(on_buckets));
        let passes = boundary.is_some() && passes_boundary(&check.subject);
        let beyond_boundary = if passes { on_buckets.clone() } else { Vec::new() };
        Self {
            check,
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

    /// Why something is allowed that must not be.
    fn why_allowed(&self) -> Option<FailureReason> {
        let asked = [asked(&self.check.actions, &self.check.resources)];
        let mut found = self.allowed(&asked);
        if !self.beyond_boundary.is_empty() {
            let denials = denials(self.policies.iter().chain(&self.boundary));
            let reaching: Vec<Policy> =
                self.beyond_boundary.iter().cloned().chain(denials).collect();
            let beyond =
                compare(&Set::of(&[]), &Set::of(&reaching).within(&asked), Some(&self.caller));
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

    /// Why something is not allowed that must be.
    fn why_not(&self) -> Option<FailureReason> {
        let asked = [asked(&self.check.actions, &self.check.resources)];
        let found = compare(&Set::of(&asked), &self.within(&asked), Some(&self.caller));
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

    /// What of the asked is allowed.
    fn allowed(&self, asked: &[Policy]) -> Comparison {
        compare(&Set::of(&[]), &self.within(asked), Some(&self.caller))
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
        let policies =
            Policies { identity: &self.policies, boundary: self.boundary.as_ref(), resource: None };
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
            Some(boundary) if unbounded.decide(example).verdict == Verdict::Allowed => {
                Stopper::Boundary(boundary.name.clone())
            }
            _ => Stopper::Nothing,
        }
    }
}

/// Whether policies of resources reach it over its boundary.
///
/// "Resource-based policies that grant permissions to an IAM user ARN are not limited by an
/// implicit deny in a permissions boundary" (IAM User Guide, "Permissions boundaries for IAM
/// entities"); for a role they are.
fn passes_boundary(subject: &Address) -> bool {
    match subject.principal().map(|it| it.kind) {
        Some(PrincipalKind::User) => true,
        Some(PrincipalKind::Role | PrincipalKind::Group) | None => false,
    }
}

/// The requests that a check is about, as the policy that allows just these.
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

/// Every Deny, for where only another policy's Allow counts.
fn denials<'p>(policies: impl Iterator<Item = &'p Policy>) -> impl Iterator<Item = Policy> {
    policies.map(|policy| {
        let denials = policy.statements.iter().filter(|statement| statement.effect == Effect::Deny);
        Policy { name: policy.name.clone(), statements: denials.cloned().collect() }
    })
}
