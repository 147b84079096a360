//! AWS's own managed policies: what AWS publishes, AWS takes.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use relayctl::policy::lint::Home;
use relayctl::policy::{Severity, Usage, canonical, catalogue, equivalent, lint, validate_in};
use relayctl::value::Value;

use crate::support::moto;

fn policies() -> &'static BTreeMap<String, Value> {
    static POLICIES: OnceLock<BTreeMap<String, Value>> = OnceLock::new();
    POLICIES.get_or_init(moto::managed_policies)
}

/// Some of them are larger than a policy of a customer may be.
#[test]
fn every_managed_policy_of_aws_is_valid() {
    assert!(policies().len() > 1_400, "{}", policies().len());
    let refused: Vec<_> = policies()
        .iter()
        .flat_map(|(name, document)| {
            let violations = validate_in(document, Usage::Managed, "aws").into_iter();
            violations
                .filter(|it| it.code != "policy-size")
                .map(move |it| format!("{name} {}: {}", it.pointer, it.title()))
        })
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn every_managed_policy_of_aws_stays_valid_and_equal_in_canonical_form() {
    for (name, document) in policies() {
        let canonical = canonical(document);
        assert!(equivalent(document, &canonical), "{name}");
        let mut violations = validate_in(&canonical, Usage::Managed, "aws").into_iter();
        assert!(violations.all(|it| it.code == "policy-size"), "{name}");
    }
}

/// A service that AWS's policies name is known, as a present or as a retired one.
#[test]
fn every_service_of_the_managed_policies_of_aws_is_known() {
    let known = |prefix: &str| {
        catalogue::service(prefix).or_else(|| catalogue::retired_service(prefix)).is_some()
    };
    let mut retired = 0;
    for (name, document) in policies() {
        for action in actions(document).filter(|action| *action != "*") {
            let prefix = action.split(':').next().unwrap_or_default();
            assert!(known(prefix), "{name} has {action}");
            retired += usize::from(catalogue::retired_service(prefix).is_some());
        }
    }
    assert!(retired > 0, "some policies are older than the retirement of a service");
}

#[test]
fn every_global_condition_key_of_the_managed_policies_of_aws_is_known() {
    let mut count = 0;
    for (name, document) in policies() {
        let global = condition_keys(document).filter(|key| key.to_lowercase().starts_with("aws:"));
        for key in global {
            assert!(catalogue::condition_key(key).is_some(), "{name} has {key}");
            count += 1;
        }
    }
    assert!(count > 1_000, "{count}");
}

fn condition_keys(document: &Value) -> impl Iterator<Item = &String> {
    let conditions = one_or_many(&document["Statement"]).map(|one| &one["Condition"]);
    let operators = conditions.filter_map(Value::as_object).flat_map(serde_json::Map::values);
    operators.filter_map(Value::as_object).flat_map(serde_json::Map::keys)
}

fn actions(document: &Value) -> impl Iterator<Item = &str> {
    let statements = one_or_many(&document["Statement"]);
    let elements = statements.flat_map(|one| ["Action", "NotAction"].map(|name| &one[name]));
    elements.flat_map(one_or_many).filter_map(Value::as_str)
}

fn one_or_many(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice).iter()
}

/// The number of findings of each rule: a false alarm shows here first. AWS's policies do have
/// slips, and they have to use `*` where a customer's policy names its resources.
#[test]
fn findings_of_lint_on_the_managed_policies_of_aws() {
    let home =
        Home { usage: Usage::Managed, account: "123456789012", partition: "aws", grants: true };
    let mut counts: BTreeMap<(&str, Severity), usize> = BTreeMap::new();
    for found in policies().values().flat_map(|document| lint(document, &home)) {
        *counts.entry((found.rule, found.severity)).or_default() += 1;
    }
    let lines = counts.iter().map(|((rule, severity), count)| {
        let severity = format!("{severity:?}").to_lowercase();
        format!("{count:>5} {severity:<7} {rule}\n")
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().concat());
}
