//! Compares the principals that may assume a role before and after a plan, by its trust policy.

use std::collections::BTreeSet;

use super::access_change::{AccessChange, Aspect};
use super::model::AccessModel;
use super::report::report;
use super::tags::ChangedTags;
use super::unread::UnreadPolicies;
use crate::address::Address;
use crate::policy::compare::Set;
use crate::policy::statement::{Effect as StatementEffect, Policy};
use crate::value::Value;

/// Returns the change of the role's trust.
pub(super) fn access(
    model: &AccessModel<'_>,
    subject: &Address,
    tags: &ChangedTags,
) -> Option<AccessChange> {
    let [before, after] = model.documents(subject);
    let tagged = tags.asked_by_resource(subject, [before, after]);
    if before == after && tagged.is_empty() {
        return None;
    }
    let compiled = |document: Option<&Value>| Policy::compile(&subject.to_string(), document?).ok();
    let [was, is] =
        [before, after].map(|document| compiled(document).into_iter().collect::<Vec<_>>());
    let mut comparison = model.comparer.compare(&Set::of(&was), &Set::of(&is), None);
    let arn = model.arn(subject);
    for grant in comparison.gained.iter_mut().chain(&mut comparison.lost) {
        grant.example.resource.clone_from(&arn);
    }
    let mut change = AccessChange::new(subject, arn, Aspect::Trust);
    report(&mut change, comparison, &UnreadPolicies::default(), &|_, _| subject.clone());
    change.kept = kept(&allowed(&was), &allowed(&is));
    change.doubts.extend(tagged);
    change.relate();
    Some(change)
}

fn allowed(policies: &[Policy]) -> BTreeSet<String> {
    let statements = policies.iter().flat_map(|policy| &policy.statements);
    let allows = statements.filter(|statement| statement.effect == StatementEffect::Allow);
    let names = allows
        .filter_map(|statement| statement.principals.as_ref())
        .filter(|principals| !principals.not);
    names
        .flat_map(|principals| principals.names.iter().map(|(kind, name)| kind.label(name)))
        .collect()
}

/// Returns the principals of either side that the other side names too, directly, by their account,
/// or as everyone.
fn kept(was: &BTreeSet<String>, is: &BTreeSet<String>) -> Vec<String> {
    let among = |name: &String, others: &BTreeSet<String>| {
        let account = name.split(':').nth(4);
        others.iter().any(|other| other == name || other == "*" || Some(other.as_str()) == account)
    };
    let kept =
        was.iter().filter(|name| among(name, is)).chain(is.iter().filter(|name| among(name, was)));
    kept.cloned().collect::<BTreeSet<_>>().into_iter().collect()
}
