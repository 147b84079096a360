//! Plans as comments on pull requests.

use insta::assert_snapshot;
use relayctl::address::KindName;
use relayctl::kind::FieldForm;
use relayctl::render::markdown;
use serde_json::json;

use super::fixtures::{
    at, created, document_update, plan, replacement, same, stuck, tag_drift, tags,
};

#[test]
fn a_pull_request_gets_a_table_and_the_whole_plan() {
    let mut changes = vec![document_update(), replacement(), tag_drift()];
    changes.extend(stuck().into_iter().filter(|change| change.address.kind() == KindName::Bucket));
    let mut plan = plan(changes);
    plan.header.sandbox = true;
    plan.header.targets = [at("user.serverless")].into();
    assert_snapshot!(markdown::render_plan(&plan, None));
}

#[test]
fn a_pull_request_without_changes_says_so() {
    assert_snapshot!(markdown::render_plan(&plan(vec![same("user.serverless")]), None));
}

#[test]
fn a_comment_never_exceeds_what_github_takes() {
    let many: Vec<_> = (0..2_000)
        .map(|n| {
            created(
                &format!("user.a-rather-long-name-{n:04}"),
                &[("tags", FieldForm::Keyed, tags())],
            )
        })
        .collect();
    let text = markdown::render_plan(&plan(many), None);
    assert!(text.len() <= 65_536, "{}", text.len());
    assert!(text.contains("| | … and "));
    assert!(text.contains("**Cut off**: "));
    assert_eq!(text.matches("```").count(), 2);
    assert!(text.contains("</details>"));
}

#[test]
fn a_code_block_cannot_be_left_from_inside() {
    let hostile = "```\n</details>\n# @everyone";
    let text = markdown::render_plan(
        &plan(vec![created("user.x", &[("path", FieldForm::Plain, json!(hostile))])]),
        None,
    );
    assert!(text.contains("\n````diff\n") && text.contains("\n````\n"), "{text}");
    assert_eq!(text.matches("\n</details>").count(), 1);
}
