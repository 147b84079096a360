//! The explanation of a rule: as text for a terminal, and as Markdown for a page. Both have the
//! same parts.

use std::fmt::Write;

use serde::Serialize;

use super::escalation::{path_example, path_of};
use super::rule::{Rule, RuleExample};

/// The parts of an explanation, beside the texts of the rule itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleExplanation {
    /// The permissions that an escalation path needs.
    pub needs: Vec<String>,
    /// The examples, the bad one first.
    pub examples: Vec<WrittenExample>,
    /// The publications that the rule follows.
    pub sources: Vec<RulePublication>,
}

/// An example, as an explanation shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WrittenExample {
    /// The judgement of the rule on it.
    pub kind: ExampleKind,
    /// The language of the text: `json` or `yaml`.
    pub language: &'static str,
    /// A statement, a list of statements, or a part of a manifest.
    pub text: String,
}

/// The judgement of a rule on its example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExampleKind {
    /// The rule finds something in it.
    Bad,
    /// The rule finds nothing in it, or something less severe.
    Good,
}

/// A publication that a rule follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RulePublication {
    /// The list that has an escalation path, and the id there.
    pub id: Option<String>,
    /// The address of the page.
    pub address: Option<String>,
}

impl ExampleKind {
    fn word(self) -> &'static str {
        match self {
            Self::Bad => "Bad",
            Self::Good => "Good",
        }
    }
}

impl RuleExplanation {
    /// Returns the explanation of a rule.
    pub fn of_rule(rule: &Rule) -> Self {
        if let Some(path) = path_of(rule) {
            let needs = path.needs.iter().map(|need| need.any.join(" or ")).collect();
            let (bad, good) = path_example(path);
            let written = |kind, text| WrittenExample { kind, language: "json", text };
            let good = good.map(|good| written(ExampleKind::Good, good));
            let examples = [written(ExampleKind::Bad, bad)].into_iter().chain(good).collect();
            let sources = path.publications().map(|it| RulePublication {
                id: Some(format!("{} {}", it.list.title(), it.id)),
                address: it.address(),
            });
            return Self { needs, examples, sources: sources.collect() };
        }
        let both = |example: RuleExample| {
            let language = if example.usage.is_some() { "json" } else { "yaml" };
            [(ExampleKind::Bad, example.bad), (ExampleKind::Good, example.good)]
                .map(|(kind, text)| WrittenExample { kind, language, text: text.to_owned() })
        };
        let examples = rule.example.into_iter().flat_map(both).collect();
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
    for WrittenExample { kind, text: example, .. } in examples {
        let _ = write!(text, "\n{}:\n{}", kind.word(), indented(&example));
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
    for WrittenExample { kind, language, text } in examples {
        let _ = write!(page, "\n{}:\n\n```{language}\n{text}\n```\n", kind.word());
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
    use serde_json::{Value, json};

    use super::*;
    use crate::budget::Budget;
    use crate::compare::Comparer;
    use crate::diagnostic::Severity;
    use crate::escalation::{Holder, Path, escalations};
    use crate::lint::{Home, Redundant, escalation_rules, lint, redundant, rules, shadowed};
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
        let unused = match rule.name {
            "redundant-statement" => redundant(&held, &comparer),
            "shadowed-action" => shadowed(&held, &comparer),
            _ => Vec::new(),
        };
        let unused = unused.iter().map(|_: &Redundant| rule.severity);
        found.map(|it| it.severity).chain(unused).collect()
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

    #[test]
    fn each_escalation_is_less_severe_in_its_good_example() {
        for rule in escalation_rules() {
            let (bad, good) = path_example(path_of(&rule).expect(rule.name));
            let found = |example: &str| {
                let policies = [Policy::compile("policy", &document(example)).unwrap()];
                let holder = Holder {
                    arn: None,
                    partition: "aws",
                    account: ACCOUNT,
                    policies: &policies,
                    boundary: None,
                    attached: &[],
                    budget: &Budget::default(),
                };
                let found = escalations(&holder).into_iter().find(|it| it.path.name == rule.name);
                found.map(|it| it.severity)
            };
            let (bad_severity, good_severity) = (found(&bad), good.as_deref().and_then(found));
            let bad_severity = bad_severity.expect(rule.name);
            // `Severity` puts the worst first.
            assert!(good_severity.is_none_or(|it| it > bad_severity), "{}: {good:?}", rule.name);
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
