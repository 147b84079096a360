//! What a plan says of access, for the sample manifests and what people do to them, with the real binary.

mod support;

use support::project::Project;

const DEV: &str = "manifests/dev.yaml";
const DEPLOYMENT: &str = "manifests/policies/zappa-lambda-deployment.json";

/// The lines on access: those that head a change, and the summary.
fn access(project: &Project, arguments: &[&str]) -> String {
    let plan = project.run(&[&["plan", DEV], arguments].concat());
    let mut lines: Vec<&str> = Vec::new();
    let mut heading = None;
    for line in plan.stdout.lines() {
        match line.strip_prefix("  # ") {
            Some(text) if text.contains(" will be ") || text.contains(" must be ") => heading = Some(line),
            Some(_) if heading.is_some() => {
                lines.extend(heading.filter(|heading| !lines.contains(heading)));
                lines.push(line);
            }
            _ => heading = None,
        }
        if line.starts_with("Access:") || line.starts_with("No one gains") {
            lines.push(line);
        }
    }
    lines.join("\n")
}

fn applied() -> Project {
    let project = Project::sample().in_sandbox();
    project.expect(0, &["apply", DEV, "--yes"]);
    project
}

#[test]
fn a_new_stack() {
    let project = Project::sample().in_sandbox();
    insta::assert_snapshot!(access(&project, &[]));
}

#[test]
fn an_added_action() {
    let project = applied();
    project.edit(DEPLOYMENT, "\"s3:ListBucket\"", "\"s3:ListBucket\", \"s3:GetBucketLocation\"");
    insta::assert_snapshot!(access(&project, &[]));
}

#[test]
fn a_detached_policy() {
    let project = applied();
    project.edit(DEV, "    policies: [ZappaLambdaExecutionPolicy]\n", "");
    insta::assert_snapshot!(access(&project, &[]));
}

#[test]
fn a_widened_resource_pattern() {
    let project = Project::sample().in_sandbox();
    project.edit(DEPLOYMENT, "role/*Zappa", "role/*-Zappa");
    project.expect(0, &["apply", DEV, "--yes"]);
    project.edit(DEPLOYMENT, "role/*-Zappa", "role/*Zappa");
    insta::assert_snapshot!(access(&project, &[]));
}

#[test]
fn an_added_trust_service() {
    let project = Project::sample().in_sandbox();
    let both = "services: [lambda.amazonaws.com, apigateway.amazonaws.com]";
    project.edit(DEV, both, "services: [lambda.amazonaws.com]");
    project.expect(0, &["apply", DEV, "--yes"]);
    project.edit(DEV, "services: [lambda.amazonaws.com]", both);
    insta::assert_snapshot!(access(&project, &[]));
}

#[test]
fn a_respelt_policy_changes_nothing_for_anyone() {
    let project = applied();
    let (both, one) = ("\"s3:ListBucket*\", \"s3:listbucket\", ", "\"S3:ListBucket*\", ");
    project.edit(DEPLOYMENT, "\"s3:ListBucket\", ", both);
    project.expect(0, &["apply", DEV, "--yes"]);
    project.edit(DEPLOYMENT, both, one);
    insta::assert_snapshot!(access(&project, &[]));
}

#[test]
fn widening_can_be_refused_and_then_nothing_waits_to_be_applied() {
    let project = applied();
    project.expect(0, &["plan", DEV, "--deny-widening"]);
    project.edit(DEPLOYMENT, "\"s3:ListBucket\", ", "");
    project.expect(0, &["plan", DEV, "--deny-widening"]);
    project.edit(DEPLOYMENT, "\"s3:CreateBucket\", ", "\"s3:CreateBucket\", \"s3:DeleteBucket\", ");
    let refused = project.expect(1, &["plan", DEV, "--deny-widening"]);
    assert!(refused.stderr.contains("s3:DeleteBucket"), "{}", refused.stderr);
    assert!(refused.stderr.contains("serverless"), "{}", refused.stderr);
}

#[test]
fn gains_and_losses_are_data() {
    let project = applied();
    project.edit(DEPLOYMENT, "\"s3:ListBucket\", ", "\"s3:GetBucketLocation\", ");
    let plan = project.expect(0, &["plan", DEV, "--json"]);
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    let access = &plan["access"][0];
    assert_eq!(access["subject"], "user.serverless");
    assert_eq!(access["relation"], "changed");
    assert_eq!(access["gained"][0]["actions"], serde_json::json!(["s3:GetBucketLocation"]));
    assert_eq!(access["gained"][0]["through"], "policy.ZappaLambdaDeploymentPolicy");
    assert_eq!(access["gained"][0]["example"]["resource"], "arn:aws:s3:::zappa-example");
    assert_eq!(access["lost"][0]["actions"], serde_json::json!(["s3:ListBucket"]));
}
