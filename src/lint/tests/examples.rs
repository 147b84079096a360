//! Tests of the rules' examples: each is linted in a manifest, as a user would write it.

use std::fs;

use crate::manifest::{Inputs, load_manifest};
use crate::policy::Usage;
use crate::policy::escalation;
use crate::policy::lint::{ShownExample, examples};

use super::*;

const HEAD: &str = "version: 1\nname: relay\naccount: '123456789012'\nregion: eu-west-1\n";

/// The rules that no statement and no small manifest shows: on a document's version, on its size,
/// and on a question that takes too long.
const WITHOUT_EXAMPLES: [&str; 3] = ["missing-version", "policy-size", "undecided"];

/// The rules of single actions that take no object: nothing but their absence is better. AWS has
/// retired CodeStar, and its users' directory of IAM Identity Center has no ARNs.
const WITHOUT_BETTER: [&str; 2] =
    ["escalation-codestar-from-template", "escalation-sso-user-password"];

/// The rules of single actions whose finding stays a warning on a named object. The object gives
/// permissions to others, and AWS has no condition key that limits what the action gives.
const WARNED_ON_NAMED_OBJECT: [&str; 10] = [
    "escalation-create-policy-version",
    "escalation-set-default-policy-version",
    "escalation-put-group-policy",
    "escalation-add-user-to-group",
    "escalation-update-assume-role-policy",
    "escalation-update-saml-provider",
    "escalation-sso-attach-policy",
    "escalation-sso-put-inline-policy",
    "escalation-sso-account-assignment",
    "escalation-sso-group-membership",
];

/// Returns the findings of `relayctl lint` on an example.
fn found(rule: &str, example: &ShownExample) -> Vec<ManifestFinding> {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let text = &example.text;
    let holder = match example.usage {
        None => text.as_str(),
        Some(Usage::Managed) => "policies: {P: {document: p.json}}\nusers: {ada: {policies: [P]}}",
        Some(Usage::Trust) => "roles: {app: {trust: p.json}}",
        Some(Usage::Bucket) => "buckets: {relay-data: {policy: p.json}}",
        Some(other) => panic!("{rule}: nothing holds an example of {other:?} yet"),
    };
    let document = format!("{{\"Version\": \"2012-10-17\", \"Statement\": {text}}}");
    fs::write(at("p.json"), document).unwrap();
    fs::write(at("m.yaml"), format!("{HEAD}{holder}\n")).unwrap();
    let mut loaded = load_manifest(&at("m.yaml"), &Inputs::default());
    // S3 refuses some bad examples, and lint reads them all the same.
    let refused = loaded.refused.take().filter(|_| example.is_bad);
    let Some(desired) = loaded.desired.take().or(refused) else {
        panic!("{rule}: {text}\n{:#?}", loaded.diagnostics)
    };
    let mut found = lint_manifest(&desired, &loaded.documents);
    found.retain(|one| one.accepted.is_none());
    found
}

/// Returns the severity of the rule's own finding in an example.
fn own(rule: &str, found: &[ManifestFinding]) -> Option<Severity> {
    found.iter().filter(|one| one.rule == rule).map(|one| one.severity).min()
}

#[test]
fn each_rule_finds_its_bad_example_in_a_manifest() {
    let mut without = Vec::new();
    for rule in rules() {
        let bad = examples(&rule).into_iter().find(|it| it.is_bad);
        let Some(bad) = bad else {
            without.push(rule.name);
            continue;
        };
        let found = found(rule.name, &bad);
        assert!(own(rule.name, &found).is_some(), "{}: {}\n{found:#?}", rule.name, bad.text);
    }
    assert_eq!(without, WITHOUT_EXAMPLES);
}

#[test]
fn no_rule_finds_anything_to_change_in_a_good_example() {
    for rule in rules() {
        for good in examples(&rule).iter().filter(|it| it.caption.starts_with("Good")) {
            let found = found(rule.name, good);
            let wrong: Vec<_> = found
                .iter()
                .filter(|it| it.rule == rule.name || it.severity != Severity::Note)
                .collect();
            assert!(wrong.is_empty(), "{}: {}\n{wrong:#?}", rule.name, good.text);
        }
    }
}

#[test]
fn a_better_example_has_a_less_severe_finding_of_its_rule_and_no_worse_one() {
    let mut warned = Vec::new();
    let mut without_better = Vec::new();
    for rule in rules() {
        let (bad, better): (Vec<_>, Vec<_>) = examples(&rule).into_iter().partition(|it| it.is_bad);
        let [bad] = bad.as_slice() else { continue };
        let bad = own(rule.name, &found(rule.name, bad));
        let mut good = better.iter().filter(|it| it.caption.starts_with("Good"));
        if good.next().is_none() {
            // Only what takes one permission has no good example.
            let path = escalation::all().find(|path| path.name == rule.name);
            assert_eq!(path.map(|it| it.needs.len()), Some(1), "{}", rule.name);
            if better.is_empty() {
                without_better.push(rule.name);
            }
        }
        let is_single = better.len() == 1;
        for example in better.iter().filter(|it| !it.caption.starts_with("Good")) {
            let found = found(rule.name, example);
            let remaining = own(rule.name, &found).expect(rule.name);
            let text = &example.text;
            assert_eq!(example.caption, format!("Better, but a {} remains", remaining.name()));
            // `Severity` puts the worst first.
            assert!(Some(remaining) > bad, "{}: {text}", rule.name);
            assert!(found.iter().all(|it| it.severity >= remaining), "{text}\n{found:#?}");
            if is_single && remaining == Severity::Warning {
                warned.push(rule.name);
            }
        }
    }
    assert_eq!(warned, WARNED_ON_NAMED_OBJECT);
    assert_eq!(without_better, WITHOUT_BETTER);
}
