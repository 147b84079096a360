//! Finds statements and actions that could be left out without a change of anybody's access. They
//! are reported only if that holds for every principal that has the policy.

use std::collections::{BTreeMap, BTreeSet};

use super::undecided::UndecidedParts;
use super::{LintSubject, ManifestFinding, holders};
use crate::address::Address;
use crate::kind::DocumentField;
use crate::policy::Usage;
use crate::policy::compare::Comparer;
use crate::policy::lint::{
    REDUNDANT_STATEMENT, Redundant, Rule, SHADOWED_ACTION, UNMET_CONDITION, redundant, shadowed,
    unmet,
};
use crate::policy::statement::{Effect, Policy};
use crate::value::text_of;

pub(super) fn all(
    subject: &LintSubject<'_>,
    undecided: &mut UndecidedParts,
) -> Vec<ManifestFinding> {
    let sets = sets(subject);
    let (mut found, unmet) = all_unmet(subject, undecided);
    for (rule, spare) in
        [(&REDUNDANT_STATEMENT, redundant as RedundancyRule), (&SHADOWED_ACTION, shadowed)]
    {
        let agreed = agreed(&sets, |set| {
            let spare = spare(set, &subject.comparer);
            if subject.comparer.budget().is_spent() {
                for policy in set {
                    undecided.redundancy(&policy.name);
                }
            }
            spare
        });
        // What allows nothing anyway is neither redundant nor denied.
        let told =
            agreed.iter().filter(|one| !unmet.contains(&(one.policy.clone(), one.statement)));
        found.extend(told.filter_map(|one| self::found(subject, one, rule)));
    }
    found
}

/// Returns the findings on statements whose conditions no request meets, and these statements: the
/// name of the policy, and the number.
fn all_unmet(
    subject: &LintSubject<'_>,
    undecided: &mut UndecidedParts,
) -> (Vec<ManifestFinding>, BTreeSet<(String, usize)>) {
    let (mut found, mut statements) = (Vec::new(), BTreeSet::new());
    for address in subject.desired.resources.keys() {
        let Some((_, document)) = subject.document(address) else { continue };
        let Ok(policy) = Policy::compile(&address.to_string(), document) else { continue };
        for statement in unmet(&policy, &subject.comparer) {
            let effect = match statement.effect {
                Effect::Allow => "allows",
                Effect::Deny => "denies",
            };
            statements.insert((policy.name.clone(), statement.number));
            found.push(ManifestFinding {
                rule: UNMET_CONDITION.name,
                severity: UNMET_CONDITION.severity,
                on: address.to_string(),
                place: subject.statement(address, statement.number, None),
                message: format!(
                    "no request meets the conditions of {} together: it {effect} nothing",
                    statement.title()
                ),
                remedy: "correct one of the tests, or write a statement for each".to_owned(),
                related: Vec::new(),
                also_on: Vec::new(),
                accepted: None,
            });
        }
        if subject.comparer.budget().is_spent() {
            undecided.redundancy(&policy.name);
        }
    }
    (found, statements)
}

/// A rule that finds the redundant parts of a set of policies.
type RedundancyRule = fn(&[Policy], &Comparer) -> Vec<Redundant>;

/// Returns the sets of policies that are decided together.
fn sets(subject: &LintSubject<'_>) -> Vec<Vec<Policy>> {
    let people = subject.principals().map(|(address, _)| address.clone());
    let mut sets: Vec<Vec<Policy>> = people
        .chain(holders::unattached(subject))
        .map(|address| holders::held_policies(subject, &address).policies)
        .collect();
    // A boundary, a trust policy and a bucket policy each decide alone.
    let bounding = subject.bounding();
    for (address, resource) in &subject.desired.resources {
        let Some((DocumentField { usage, .. }, document)) = subject.document(address) else {
            continue;
        };
        let alone = matches!(usage, Usage::Trust | Usage::Bucket);
        if alone || bounding.contains(text_of(&resource.attributes, "arn")) {
            sets.extend(Policy::compile(&address.to_string(), document).map(|policy| vec![policy]));
        }
    }
    sets.retain(|set| !set.is_empty());
    // Holders of the same policies have the same answers.
    let mut known = BTreeSet::new();
    sets.retain(|set| {
        known.insert(set.iter().map(|policy| policy.name.clone()).collect::<Vec<_>>())
    });
    sets
}

/// Returns the redundancies that every set with the policy agrees on.
fn agreed(
    sets: &[Vec<Policy>],
    mut spare: impl FnMut(&[Policy]) -> Vec<Redundant>,
) -> Vec<Redundant> {
    let mut votes: BTreeMap<Redundant, usize> = BTreeMap::new();
    for one in sets.iter().flat_map(|set| spare(set)) {
        *votes.entry(one).or_default() += 1;
    }
    let holding =
        |name: &str| sets.iter().filter(|set| set.iter().any(|policy| policy.name == name)).count();
    votes
        .into_iter()
        .filter(|(one, votes)| *votes == holding(&one.policy))
        .map(|(one, _)| one)
        .collect()
}

fn found(subject: &LintSubject<'_>, spare: &Redundant, rule: &Rule) -> Option<ManifestFinding> {
    let address = spare.policy.parse::<Address>().ok()?;
    let (_, document) = subject.document(&address)?;
    let policy = Policy::compile(&spare.policy, document).ok()?;
    let statement =
        policy.statements.iter().find(|statement| statement.number == spare.statement)?;
    debug_assert_eq!(statement.effect, Effect::Allow);
    let title = statement.title();
    let (message, remedy) =
        match spare.action.and_then(|index| statement.actions.patterns.get(index)) {
            _ if *rule == REDUNDANT_STATEMENT => (
                format!("other statements already say what {title} says"),
                "remove it: nobody loses access".to_owned(),
            ),
            Some(action) => (
                format!("{title} allows {action}, and a Deny always takes it away"),
                format!("remove {action}, or narrow the Deny"),
            ),
            None => (
                format!("a Deny always takes away what {title} allows"),
                "remove the statement, or narrow the Deny".to_owned(),
            ),
        };
    Some(ManifestFinding {
        rule: rule.name,
        severity: rule.severity,
        on: address.to_string(),
        also_on: Vec::new(),
        place: subject.statement(&address, spare.statement, spare.action),
        message,
        remedy,
        related: Vec::new(),
        accepted: None,
    })
}
