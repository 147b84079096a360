//! The rules on redundant parts of the policies that somebody holds: statements that others cover,
//! and actions that a Deny always takes away. They compare the access with and without the part,
//! over all requests.

use crate::Usage;
use crate::compare::{Comparer, Relation, Set};
use crate::diagnostic::Severity;
use crate::statement::{Effect, Policy, Statement};

use super::rule::{Rule, RuleSource};

/// The rule that finds [`redundant`] statements.
pub const REDUNDANT_STATEMENT: Rule = Rule::new(
    "redundant-statement",
    Severity::Warning,
    "A statement that others say already",
    "Without it nobody who holds it could do less. Whoever takes the other one away thinks that \
        the permission is gone.",
    "Take it out.",
)
.with_example(
    Usage::Managed,
    r#"[{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::relay-data/*"},
 {"Effect": "Allow", "Action": "s3:GetObject",
 "Resource": "arn:aws:s3:::relay-data/*"}]"#,
    r#"{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::relay-data/*"}"#,
)
.with_source(RuleSource::IamGuide("access-analyzer-reference-policy-checks"));

/// The rule that finds [`shadowed`] actions.
pub const SHADOWED_ACTION: Rule = Rule::new(
    "shadowed-action",
    Severity::Warning,
    "An action that is allowed and always denied",
    "A Deny wins wherever the Allow matches, so it allows nothing.",
    "Take out the action, or narrow the Deny.",
)
.with_example(
    Usage::Managed,
    r#"[{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
 "Resource": "arn:aws:s3:::relay-data/*"},
 {"Effect": "Deny", "Action": "s3:Put*", "Resource": "*"}]"#,
    r#"{"Effect": "Allow", "Action": "s3:GetObject",
 "Resource": "arn:aws:s3:::relay-data/*"}"#,
)
.with_source(RuleSource::IamGuide("reference_policies_evaluation-logic"));

/// A statement, or one action of it, that makes no difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Redundant {
    /// The name of the policy.
    pub policy: String,
    /// The number of the statement in its policy, from 1.
    pub statement: usize,
    /// The index of the action pattern; `None` for the statement as a whole.
    pub action: Option<usize>,
}

/// Returns the Allows that add nothing to the others; of two equivalent ones, the later. Where the
/// comparer's budget is spent, some may be missing.
pub fn redundant(held: &[Policy], comparer: &Comparer) -> Vec<Redundant> {
    let mut kept: Vec<Policy> = held.iter().map(|policy| only(policy, Effect::Allow)).collect();
    let mut spare = Vec::new();
    for policy in (0..kept.len()).rev() {
        for index in (0..kept[policy].statements.len()).rev() {
            if comparer.budget().is_spent() {
                break;
            }
            let mut without = kept.clone();
            let statement = without[policy].statements.remove(index);
            let found = comparer.compare(&Set::of(&without), &Set::of(&kept), None);
            if found.relation() == Relation::Equal {
                spare.push(Redundant {
                    policy: kept[policy].name.clone(),
                    statement: statement.number,
                    action: None,
                });
                kept = without;
            }
        }
    }
    spare.sort();
    spare
}

/// Returns the actions of Allows that a Deny takes away wherever they are allowed. Where the
/// comparer's budget is spent, some may be missing.
pub fn shadowed(held: &[Policy], comparer: &Comparer) -> Vec<Redundant> {
    let denies: Vec<Policy> = held.iter().map(|policy| only(policy, Effect::Deny)).collect();
    if denies.iter().all(|policy| policy.statements.is_empty()) {
        return Vec::new();
    }
    let mut spare = Vec::new();
    for policy in held {
        for statement in
            policy.statements.iter().filter(|statement| statement.effect == Effect::Allow)
        {
            let patterns = if statement.actions.not { 1 } else { statement.actions.patterns.len() };
            let gone: Vec<usize> = (0..patterns)
                .filter(|index| takes_away(&denies, statement, *index, comparer))
                .collect();
            let of = |action| Redundant {
                policy: policy.name.clone(),
                statement: statement.number,
                action,
            };
            if gone.len() == patterns {
                spare.push(of(None));
            } else {
                spare.extend(gone.into_iter().map(|index| of(Some(index))));
            }
        }
    }
    spare
}

/// Tells if the Denies leave nothing of one action of the statement.
fn takes_away(denies: &[Policy], statement: &Statement, index: usize, comparer: &Comparer) -> bool {
    if comparer.budget().is_spent() {
        return false;
    }
    let mut alone = statement.clone();
    if !alone.actions.not {
        alone.actions.patterns =
            statement.actions.patterns.get(index).cloned().into_iter().collect();
    }
    let mut held = denies.to_vec();
    held.push(Policy { name: String::new(), statements: vec![alone] });
    comparer.compare(&Set::of(&[]), &Set::of(&held), None).relation() == Relation::Equal
}

fn only(policy: &Policy, effect: Effect) -> Policy {
    let statements =
        policy.statements.iter().filter(|statement| statement.effect == effect).cloned().collect();
    Policy { name: policy.name.clone(), statements }
}
