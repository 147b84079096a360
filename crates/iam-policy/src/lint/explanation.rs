//! The explanation of a rule: as text for a terminal, and as Markdown for a page. Both have the
//! same parts.

use std::fmt::Write;

use serde::Serialize;

use crate::Usage;

use super::escalation::path_of;
use super::escalation_example::{BetterExample, bad_example, better_examples};
use super::rule::Rule;

/// An example of a rule, as its explanation shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownExample {
    /// True for an example in which the rule finds something that should be changed.
    pub is_bad: bool,
    /// The words above it: `Good, without iam:PassRole`.
    pub caption: String,
    /// The language of the text: `json` or `yaml`.
    pub language: &'static str,
    /// A statement, a list of statements, or a part of a manifest.
    pub text: String,
    /// The use of the policy that the statements are of; `None` for a part of a manifest, in YAML.
    #[serde(skip)]
    pub usage: Option<Usage>,
}

impl ShownExample {
    fn bad(usage: Option<Usage>, text: impl Into<String>) -> Self {
        let language = if usage.is_some() { "json" } else { "yaml" };
        Self { is_bad: true, caption: "Bad".to_owned(), language, text: text.into(), usage }
    }

    fn good(usage: Option<Usage>, text: impl Into<String>) -> Self {
        Self { is_bad: false, caption: "Good".to_owned(), ..Self::bad(usage, text) }
    }

    fn of_path(example: BetterExample) -> Self {
        let caption = match (example.without, example.remaining) {
            (_, Some(severity)) => format!("Better, but a {} remains", severity.name()),
            (Some(action), None) => format!("Good, without {action}"),
            (None, None) => "Good".to_owned(),
        };
        Self { caption, ..Self::good(Some(Usage::Managed), example.statements) }
    }
}

/// Returns the examples of a rule: a bad one, then better ones, the best one last.
pub fn examples(rule: &Rule) -> Vec<ShownExample> {
    if let Some(path) = path_of(rule) {
        let better = better_examples(path).into_iter().map(ShownExample::of_path);
        let bad = ShownExample::bad(Some(Usage::Managed), bad_example(path));
        return [bad].into_iter().chain(better).collect();
    }
    let of = |it: super::rule::RuleExample| {
        [ShownExample::bad(it.usage, it.bad), ShownExample::good(it.usage, it.good)]
    };
    rule.example.into_iter().flat_map(of).collect()
}

/// The parts of an explanation, beside the texts of the rule itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleExplanation {
    /// The permissions that an escalation path needs.
    pub needs: Vec<String>,
    /// The examples, the bad one first.
    pub examples: Vec<ShownExample>,
    /// The publications that the rule follows.
    pub sources: Vec<RulePublication>,
}

/// A publication that a rule follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RulePublication {
    /// The list that has an escalation path, and the id there.
    pub id: Option<String>,
    /// The address of the page.
    pub address: Option<String>,
}

impl RuleExplanation {
    /// Returns the explanation of a rule.
    pub fn of_rule(rule: &Rule) -> Self {
        let examples = examples(rule);
        if let Some(path) = path_of(rule) {
            let needs = path.needs.iter().map(|need| need.any.join(" or ")).collect();
            let sources = path.publications().map(|it| RulePublication {
                id: Some(format!("{} {}", it.list.title(), it.id)),
                address: it.address(),
            });
            return Self { needs, examples, sources: sources.collect() };
        }
        let source =
            rule.source.map(|it| RulePublication { id: None, address: Some(it.to_string()) });
        Self { needs: Vec::new(), examples, sources: source.into_iter().collect() }
    }
}

/// Returns the explanation of a rule as text.
pub fn explain(rule: &Rule) -> String {
    let RuleExplanation { needs, examples, sources } = RuleExplanation::of_rule(rule);
    let mut text = format!("{}\n\n{}\n", rule.summary, rule.why);
    if !needs.is_empty() {
        let _ = write!(text, "\nIt takes\n{}", indented(&needs.join("\n")));
    }
    for ShownExample { caption, text: example, .. } in examples {
        let _ = write!(text, "\n{caption}:\n{}", indented(&example));
    }
    let _ = write!(text, "\nRemedy: {}", rule.remedy);
    match sources.as_slice() {
        [] => {}
        [RulePublication { id: None, address: Some(address) }] => {
            let _ = write!(text, "\n\nSource: {address}");
        }
        sources => {
            text.push_str("\n\nPublished as");
            for RulePublication { id, address } in sources {
                let _ = write!(text, "\n  {}", id.as_deref().unwrap_or_default());
                if let Some(address) = address {
                    let _ = write!(text, "\n    {address}");
                }
            }
        }
    }
    text
}

/// Returns the explanation of a rule as a section of a Markdown page.
pub fn explain_in_markdown(rule: &Rule) -> String {
    let RuleExplanation { needs, examples, sources } = RuleExplanation::of_rule(rule);
    let severity = rule.severity.name();
    let mut page = format!("### {}\n\n{} ({severity}). {}\n", rule.name, rule.summary, rule.why);
    if !needs.is_empty() {
        let needs: Vec<String> = needs.iter().map(|need| format!("`{need}`")).collect();
        let _ = write!(page, "\nIt takes {}.\n", needs.join(" and "));
    }
    for example in examples {
        let ShownExample { language, caption, text, .. } = example;
        let _ = write!(page, "\n{caption}:\n\n```{language}\n{text}\n```\n");
    }
    let _ = write!(page, "\nRemedy: {}\n", rule.remedy);
    match sources.as_slice() {
        [] => {}
        [RulePublication { id: None, address: Some(address) }] => {
            let _ = write!(page, "\nSource: <{address}>\n");
        }
        sources => {
            page.push_str("\nPublished as:\n\n");
            for RulePublication { id, address } in sources {
                let id = id.as_deref().unwrap_or_default();
                let _ = match address {
                    Some(address) => writeln!(page, "- [{id}]({address})"),
                    None => writeln!(page, "- {id}"),
                };
            }
        }
    }
    page
}

fn indented(text: &str) -> String {
    let mut indented = String::new();
    for line in text.lines() {
        let _ = writeln!(indented, "  {line}");
    }
    indented
}

#[cfg(test)]
mod tests {
    use std::iter::repeat_n;

    use serde_json::{Value, json};

    use super::*;
    use crate::budget::Budget;
    use crate::compare::Comparer;
    use crate::diagnostic::Severity;
    use crate::escalation::{Holder, Path, escalations};
    use crate::lint::{Home, escalation_rules, lint, redundant, rules, shadowed, unmet};
    use crate::statement::Policy;
    use crate::{Usage, validate};

    const ACCOUNT: &str = "123456789012";

    fn document(example: &str) -> Value {
        let statements: Value = serde_json::from_str(example).expect(example);
        json!({"Version": "2012-10-17", "Statement": statements})
    }

    /// Returns the severities of what a rule finds in an example.
    fn severities(rule: &Rule, usage: Usage, example: &str) -> Vec<Severity> {
        let document = document(example);
        let home = Home { usage, account: ACCOUNT, partition: "aws", grants: true };
        let found = lint(&document, &home).into_iter().filter(|it| it.rule == rule.name);
        let held = [Policy::compile("policy", &document).unwrap()];
        let comparer = Comparer::default();
        let idle = match rule.name {
            "redundant-statement" => redundant(&held, &comparer).len(),
            "shadowed-action" => shadowed(&held, &comparer).len(),
            "unmet-condition" => unmet(&held[0], &comparer).len(),
            _ => 0,
        };
        found.map(|it| it.severity).chain(repeat_n(rule.severity, idle)).collect()
    }

    #[test]
    fn each_rule_finds_its_bad_example_and_not_its_good_one() {
        for rule in rules() {
            assert!(rule.source.is_some(), "{}", rule.name);
            let Some(example) = rule.example else {
                assert!(["policy-size", "missing-version"].contains(&rule.name), "{}", rule.name);
                continue;
            };
            let usage = example.usage.expect(rule.name);
            let bad = severities(&rule, usage, example.bad);
            assert!(!bad.is_empty(), "{}: {}", rule.name, example.bad);
            let good = severities(&rule, usage, example.good);
            assert!(good.is_empty(), "{}: {}", rule.name, example.good);
            assert_eq!(validate(&document(example.good), usage), [], "{}", rule.name);
        }
    }

    /// Returns the severity of what a path's rule finds in an example.
    fn severity(rule: &Rule, example: &str) -> Option<Severity> {
        let policies = [Policy::compile("policy", &document(example)).unwrap()];
        let holder = Holder {
            arn: Some("arn:aws:iam::123456789012:user/ada"),
            partition: "aws",
            account: ACCOUNT,
            policies: &policies,
            boundary: None,
            attached: &[],
            budget: &Budget::default(),
        };
        let found = escalations(&holder).into_iter().find(|it| it.path.name == rule.name);
        found.map(|it| it.severity)
    }

    #[test]
    fn each_escalation_is_less_severe_in_its_good_example() {
        for rule in escalation_rules() {
            let examples = examples(&rule);
            let bad = severity(&rule, &examples[0].text).expect(rule.name);
            for good in &examples[1..] {
                let found = severity(&rule, &good.text);
                // `Severity` puts the worst first.
                assert!(found.is_none_or(|it| it > bad), "{}: {}", rule.name, good.text);
                let remains = found.map(|it| format!("Better, but a {} remains", it.name()));
                assert_eq!(
                    good.caption.starts_with("Better").then_some(good.caption.clone()),
                    remains
                );
                assert_eq!(validate(&document(&good.text), Usage::Managed), [], "{}", rule.name);
            }
        }
    }

    #[test]
    fn both_forms_of_an_explanation_say_the_same() {
        for rule in rules().chain(escalation_rules()) {
            let (text, page) = (explain(&rule), explain_in_markdown(&rule));
            for part in [rule.summary, rule.why, rule.remedy] {
                assert!(text.contains(part) && page.contains(part), "{}", rule.name);
            }
            let published = path_of(&rule).into_iter().flat_map(Path::publications);
            for one in published {
                let name = format!("{} {}", one.list.title(), one.id);
                for part in [Some(name), one.address()].into_iter().flatten() {
                    assert!(text.contains(&part) && page.contains(&part), "{}: {part}", rule.name);
                }
            }
        }
    }

    #[test]
    fn a_path_is_explained_with_its_ids_and_their_addresses() {
        let is_meant = |rule: &Rule| rule.name == "escalation-pass-role-braket";
        let text = explain(&escalation_rules().find(is_meant).unwrap());
        let published = "Published as\n  pathfinding.cloud braket-001\n    \
            https://pathfinding.cloud/paths/braket-001\n  Prowler ";
        assert!(text.contains(published), "{text}");
    }
}
