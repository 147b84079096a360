//! The table of Access Analyzer's checks, in `docs/access-analyzer-checks.md`.

use std::collections::BTreeSet;

use relayctl::policy::lint::{escalation_rules, rules};

const PAGE: &str = include_str!("../../docs/access-analyzer-checks.md");

/// Returns the names of the rules in the second column.
fn named() -> BTreeSet<&'static str> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").nth(1));
    rows.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn every_rule_that_the_page_names_exists() {
    let known: BTreeSet<&str> = rules().chain(escalation_rules()).map(|rule| rule.name).collect();
    let named = named();
    assert!(named.len() > 50, "{named:?}");
    for name in named.iter().filter(|name| !name.starts_with("policy-") && !name.ends_with("-*")) {
        assert!(known.contains(name), "{name}");
    }
}

#[test]
fn the_page_names_every_rule_that_follows_a_check_of_access_analyzer() {
    let named = named();
    for rule in rules() {
        let source = rule.source.map(|source| source.to_string()).unwrap_or_default();
        let follows = source.contains("access-analyzer-reference-policy-checks-");
        assert!(!follows || named.contains(rule.name), "{}", rule.name);
    }
}
