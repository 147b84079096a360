//! Access in plans of the real binary: for the sample manifests, and for edits of them.

use serde_json::{Value, json};

use crate::support::project::Project;

const DEV: &str = "manifests/dev.yaml";
const DEPLOYMENT: &str = "manifests/policies/zappa-lambda-deployment.json";

/// The lines on access: those that head a change, and the summary.
fn access(project: &Project, arguments: &[&str]) -> String {
    let plan = project.run(&[&["plan", DEV], arguments].concat());
    let mut lines: Vec<&str> = Vec::new();
    let mut heading = None;
    for line in plan.stdout.lines() {
        match line.strip_prefix("  # ") {
            Some(text) if text.contains(" will be ") || text.contains(" must be ") => {
                heading = Some(line);
            }
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

/// The sandbox's account, as others change it.
fn by_hand(project: &Project, change: impl FnOnce(&mut Value)) {
    let file = "state/sandbox.json";
    let mut account: Value = serde_json::from_str(&project.read(file)).unwrap();
    change(&mut account);
    project.write(file, &account.to_string());
}

fn allow(actions: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
}

/// Somebody else hung our policy on a user of theirs, and policies of AWS's and of their own on our
/// role.
#[test]
fn what_others_attached_counts() {
    let project = applied();
    by_hand(&project, |account| {
        let mut stranger = account["users"]["serverless"].clone();
        stranger["name"] = json!("stranger");
        stranger["keys"] = json!({});
        account["users"]["stranger"] = stranger;
        let role = &mut account["roles"]["tr-serverless-relay-ZappaLambdaExecutionRole"];
        role["inline"]["theirs"] = allow("lambda:*");
        role["attached"]
            .as_array_mut()
            .unwrap()
            .push(json!("arn:aws:iam::aws:policy/ReadOnlyAccess"));
    });
    project.edit(DEPLOYMENT, "\"s3:ListBucket\"", "\"s3:GetBucketLocation\"");
    let execution = "manifests/policies/zappa-lambda-execution.json";
    project.edit(
        execution,
        "\"lambda:InvokeFunction\"",
        "[\"lambda:InvokeFunction\", \"lambda:Get*\", \"sqs:SendMessage\"]",
    );
    insta::assert_snapshot!(access(&project, &[]));
    project.expect(1, &["plan", DEV, "--deny-widening"]);
}

/// A boundary that keeps back what the policies allow, an administrator's policy, and a Deny on the
/// bucket that goes.
#[test]
fn a_boundary_an_administrator_and_a_bucket_without_its_deny() {
    let project = Project::sample().in_sandbox();
    project.edit(
        "manifests/base.yaml",
        "${var.suffix}: {}",
        "${var.suffix}: {policy: bucket.json}",
    );
    let bucket = "arn:aws:s3:::zappa-tr-serverless-relay-ckqcdbsb";
    let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [bucket, format!("{bucket}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
    let account = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "s3:ListBucket", "Resource": bucket});
    let policy = |statements: &[&Value]| {
        json!({"Version": "2012-10-17", "Statement": statements}).to_string()
    };
    project.write("manifests/bucket.json", &policy(&[&account, &deny]));
    project.expect(0, &["apply", DEV, "--yes"]);
    project.write("manifests/bucket.json", &policy(&[&account]));
    let user = "    policies: [ZappaLambdaDeploymentPolicy]\n";
    project.edit(
        DEV,
        user,
        &format!("{user}    permissions_boundary: arn:aws:iam::aws:policy/AmazonS3FullAccess\n"),
    );
    let role = "policies: [ZappaLambdaExecutionPolicy]";
    project.edit(
        DEV,
        role,
        "policies: [ZappaLambdaExecutionPolicy, 'arn:aws:iam::aws:policy/AdministratorAccess']",
    );
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
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    let access = &plan["access"][0];
    assert_eq!(access["subject"], "user.serverless");
    assert_eq!(access["relation"], "changed");
    assert_eq!(access["gained"][0]["actions"], json!(["s3:GetBucketLocation"]));
    assert_eq!(access["gained"][0]["through"], "policy.ZappaLambdaDeploymentPolicy");
    assert_eq!(access["gained"][0]["example"]["resource"], "arn:aws:s3:::zappa-example");
    assert_eq!(access["lost"][0]["actions"], json!(["s3:ListBucket"]));
}
