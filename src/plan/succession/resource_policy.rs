//! The effects of edits of bucket policies and trust policies on the principals that they name.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Principal;
use crate::diff::PlannedChange;
use crate::kind;
use crate::plan::{StepId, StepPhase};
use crate::policy::compare::Comparer;
use crate::policy::request::Caller;
use crate::policy::statement::{Clause, Effect, Policy, Statement};
use crate::value::text_of;

use super::Moment;
use super::access_set::AccessSet;
use super::effect::{EffectKind, StepEffect};
use super::part::{attributes, document};

/// Adds the effects of an edited bucket policy or trust policy. `principals` are the users and
/// roles of the plan, by their ARNs.
///
/// Within an account it is enough that a bucket policy or a trust policy names a principal itself:
/// it may give back what the principal's own policies lose. A policy that names the account only
/// lets the account decide ("How AWS enforcement code logic evaluates requests"), so its Allows
/// count for nobody here; its Denies count for everybody.
pub(super) fn effects<'d>(
    decision: &'d PlannedChange<'d>,
    principals: &BTreeMap<&'d str, Principal>,
    comparer: &Comparer,
    effects: &mut Vec<StepEffect<'d>>,
) {
    let address = &decision.change.address;
    let Some(field) = kind::kind_of(address.kind()).facts().document.map(|it| it.field) else {
        return;
    };
    if !decision.change.fields.iter().any(|diff| diff.change.field == field) {
        return;
    }
    let arn = attributes(decision, Moment::Before).map_or("", |it| text_of(it, "arn"));
    let statements = [Moment::Before, Moment::After].map(|side| {
        let compiled = document(decision, side).map(|it| Policy::compile("", it));
        match compiled {
            None => Some(Vec::new()),
            Some(Ok(policy)) => Some(policy.statements),
            Some(Err(_)) => None,
        }
    });
    let [Some(before), Some(after)] = statements else { return };
    let step = StepId { address: address.clone(), phase: StepPhase::Update };
    // Principals that the same statements name are compared once.
    let mut alike: BTreeMap<Vec<bool>, BTreeSet<&str>> = BTreeMap::new();
    for principal in principals.keys() {
        let names = before.iter().chain(&after).map(|it| is_about(it, principal)).collect();
        alike.entry(names).or_default().insert(principal);
    }
    for (_, arns) in alike.into_iter().filter(|(names, _)| names.contains(&true)) {
        let Some(one) = arns.first() else { continue };
        let of = |all: &[Statement], effect| {
            let here = all.iter().filter(|it| it.effect == effect && is_about(it, one));
            here.cloned().collect::<Vec<_>>()
        };
        for (kind, gained, minus, effect) in [
            (EffectKind::Restricts, &after, &before, Effect::Deny),
            (EffectKind::Gives, &after, &before, Effect::Allow),
            (EffectKind::Takes, &before, &after, Effect::Allow),
            (EffectKind::Lifts, &before, &after, Effect::Deny),
        ] {
            let about = difference(of(gained, effect), of(minus, effect), arn);
            if !about.is_empty(comparer) {
                let on = arns.iter().filter_map(|arn| principals.get(arn).cloned()).collect();
                effects.push(StepEffect { step: step.clone(), kind, on, about });
            }
        }
    }
}

/// Returns true if the statement allows something to the principal itself, or denies it something.
fn is_about(statement: &Statement, arn: &str) -> bool {
    let Some(principals) = &statement.principals else { return false };
    let is_named = principals.names(&Caller::aws(arn.to_owned()));
    let by_itself = || {
        let names = principals.names.iter();
        principals.not || names.into_iter().any(|(_, name)| name == arn || name == "*")
    };
    is_named && (statement.effect == Effect::Deny || by_itself())
}

/// Returns what some statements match and others don't, as statements about the resource with this
/// ARN. A trust policy names no resource: it is about its role.
fn difference<'d>(of: Vec<Statement>, minus: Vec<Statement>, arn: &str) -> AccessSet<'d> {
    let with = |effect: Effect| {
        move |mut statement: Statement| {
            statement.effect = effect;
            statement.principals = None;
            statement
                .resources
                .get_or_insert_with(|| Clause { not: false, patterns: vec![arn.to_owned()] });
            statement
        }
    };
    let allowed = of.into_iter().map(with(Effect::Allow));
    let statements = allowed.chain(minus.into_iter().map(with(Effect::Deny))).collect();
    AccessSet::of_policy(Policy { name: String::new(), statements })
}
