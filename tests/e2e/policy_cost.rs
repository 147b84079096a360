//! Policies whose wildcards and conditions multiply each other: what is not decided is said.

use serde_json::{Value, json};

use crate::support::project::Project;

const M: &str = "m.yaml";

/// A manifest of a few kilobytes, with policies that AWS takes.
fn costly() -> Project {
    let statement = |index: usize, policy: usize| {
        let (effect, letter) = if index.is_multiple_of(2) { ("Deny", "a") } else { ("Allow", "b") };
        let tag = format!("aws:PrincipalTag/x{index}");
        json!({"Effect": effect, "Action": "s3:*",
            "Resource": format!("arn:aws:s3:::*{letter}*{index}*{policy}*"),
            "Condition": {"StringLike": {tag: format!("*{index}*")}}})
    };
    let document = |policy: usize| {
        let statements: Vec<Value> = (0..25).map(|index| statement(index, policy)).collect();
        json!({"document": {"Version": "2012-10-17", "Statement": statements}})
    };
    let manifest = json!({"version": 1, "name": "cost", "account": "123456789012",
        "region": "us-east-1",
        "policies": {"One": document(1), "Two": document(2)},
        "users": {"ada": {"policies": ["One", "Two"]}, "bob": {"policies": ["One"]}},
        "checks": [{"users.ada": {"cannot": ["s3:*"], "on": "arn:aws:s3:::*q*7*"}}]});
    let project = Project::empty().in_sandbox();
    project.write(M, &manifest.to_string());
    project
}

#[test]
fn lint_says_what_it_left_undecided() {
    let project = costly();
    let ran = project.run(&["lint", M]);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    assert!(told.contains("warning[undecided]: undecided for policy.One, policy.Two"), "{told}");
    assert!(told.contains("take more steps to compare than one run may have"), "{told}");
}

#[test]
fn a_check_that_is_not_decided_stops_the_plan() {
    let project = costly();
    let ran = project.expect(1, &["plan", M]);
    assert!(ran.stderr.contains("can't be told"), "{}", ran.stderr);
}
