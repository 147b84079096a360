//! Renders findings and rules for people, and findings as JSON.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::{ManifestFinding, Rule, RuleExplanation, explain, explain_in_markdown};
use crate::render::diagnostic;
use crate::render::text::count;
use crate::value::Value;

/// The format's version. Its first part is raised if a reader of the old form would misread the new
/// one.
const FORMAT: &str = "1.1";

/// Returns the findings with the lines that they are about. Findings that the manifest accepts are
/// only counted, unless `all`.
pub fn human(
    found: &[ManifestFinding],
    sources: &BTreeMap<PathBuf, impl AsRef<str>>,
    color: bool,
    all: bool,
) -> String {
    let shown: Vec<Diagnostic> = found
        .iter()
        .filter(|one| all || one.accepted.is_none())
        .map(ManifestFinding::diagnostic)
        .collect();
    let mut out = diagnostic::list_diagnostics(&shown, sources, color);
    if out.is_empty() {
        out.push_str("No findings.\n");
    }
    let accepted = found.iter().filter(|one| one.accepted.is_some()).count();
    let end = match (accepted, all) {
        (0, _) => String::new(),
        (number, true) => format!("{number} of these accepted by the manifest\n"),
        (number, false) => {
            format!("{} accepted by the manifest, shown with -v\n", count(number, "finding"))
        }
    };
    out + &end
}

/// Returns the findings, and the problems of the manifest itself, as `policy validate` has those of
/// a document.
pub fn render_json(found: &[ManifestFinding], problems: &[Diagnostic], failed: bool) -> String {
    let of = |severity| {
        let open = found.iter().filter(|one| one.accepted.is_none()).map(|one| one.severity);
        let all = open.chain(problems.iter().map(|one| one.severity));
        all.filter(|one| *one == severity).count()
    };
    let text = json!({
        "format_version": FORMAT,
        "passed": !failed,
        "summary": {
            "errors": of(Severity::Error),
            "warnings": of(Severity::Warning),
            "notes": of(Severity::Note),
            "accepted": found.iter().filter(|one| one.accepted.is_some()).count(),
        },
        "problems": problems,
        "findings": found,
    });
    format!("{text:#}")
}

/// Returns all rules, one a line.
pub fn render_rules(rules: impl Iterator<Item = Rule>) -> String {
    let rules: Vec<Rule> = rules.collect();
    let width = rules.iter().map(|rule| rule.name.len()).max().unwrap_or_default();
    let line = |rule: &Rule| {
        format!("{:width$}  {:7}  {}\n", rule.name, rule.severity.name(), rule.summary)
    };
    rules.iter().map(line).collect()
}

/// Returns rules with their explanations as JSON.
pub fn render_rules_as_json(rules: impl Iterator<Item = Rule>) -> String {
    let rules: Vec<Value> = rules.map(|rule| rule_as_json(&rule)).collect();
    format!("{:#}", json!({"format_version": FORMAT, "rules": rules}))
}

fn rule_as_json(rule: &Rule) -> Value {
    let RuleExplanation { needs, examples, sources } = RuleExplanation::of_rule(rule);
    json!({
        "name": rule.name,
        "severity": rule.severity,
        "summary": rule.summary,
        "why": rule.why,
        "needs": needs,
        "remedy": rule.remedy,
        "examples": examples,
        "sources": sources,
        "help_address": rule_address(rule.name),
    })
}

pub fn render_rule(rule: &Rule) -> String {
    format!("{} ({})\n\n{}\n", rule.name, rule.severity.name(), explain(rule))
}

/// The address of the documentation. The repository has no public name before the first release.
const DOCUMENTATION: &str = "https://github.com/OWNER/REPOSITORY/blob/main/docs";

/// Returns the address of a page of the documentation.
pub fn page_address(name: &str) -> String {
    format!("{DOCUMENTATION}/{name}")
}

/// Returns the address of a rule's explanation on the page of all rules.
pub fn rule_address(name: &str) -> String {
    page_address(&format!("lint-rules.md#{name}"))
}

/// The heading of the page of all rules, with its command.
const PAGE: &str = "\
# Rules of lint

Each rule of `relayctl lint`, as `relayctl lint --explain RULE` explains it. The command
`relayctl lint --list --markdown` makes this page.

";

/// Returns a page of all rules in Markdown: a table of contents, then each rule.
pub fn render_rules_page(rules: impl Iterator<Item = Rule>) -> String {
    let rules: Vec<Rule> = rules.collect();
    let row = |rule: &Rule| {
        format!("| [{0}](#{0}) | {1} | {2} |\n", rule.name, rule.severity.name(), rule.summary)
    };
    let table: String = rules.iter().map(row).collect();
    let sections: Vec<String> = rules.iter().map(explain_in_markdown).collect();
    format!("{PAGE}| rule | severity | finds |\n|---|---|---|\n{table}\n{}", sections.join("\n"))
}
