//! `relayctl policy can` with the policies that limit what others grant, and without the policy of
//! the resource.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::command::{self, Ran};

const USER: &str = "arn:aws:iam::123456789012:user/ada";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/ops/ada";
const QUEUE: &str = "arn:aws:sqs:eu-west-1:210987654321:jobs";

fn statement(elements: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": {{{elements}, "Resource": "*"}}}}"#)
}

/// The folder of policies that the questions name.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let allow = |action: &str| statement(&format!(r#""Effect": "Allow", "Action": "{action}""#));
    let to_all = r#""Principal": "*", "Effect""#;
    for (name, text) in [
        ("admin.json", allow("*")),
        ("queues.json", allow("sqs:*")),
        ("reading.json", allow("s3:Get*")),
        ("scp/10-root/full.json", allow("*")),
        ("scp/20-ou/queues.json", allow("sqs:*")),
        ("scp/20-ou/account/full.json", allow("*")),
        ("rcp.json", statement(&format!(r#"{to_all}: "Deny", "Action": "s3:*""#))),
        ("endpoint.json", statement(&format!(r#"{to_all}: "Allow", "Action": "s3:*""#))),
        ("queue.json", statement(&format!(r#"{to_all}: "Allow", "Action": "sqs:*""#))),
    ] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn ask(folder: &Path, caller: &str, action: &str, resource: &str, more: &[&str]) -> Ran {
    let question = [
        "policy",
        "can",
        "--principal",
        caller,
        "--action",
        action,
        "--resource",
        resource,
        "--detailed-exitcode",
    ];
    command::run_with(folder, &[&question[..], more].concat(), "")
}

/// The first word of the answer, and the exit code.
fn verdict(ran: &Ran) -> (&str, i32) {
    (ran.stdout.split(':').next().unwrap_or_default(), ran.code)
}

#[test]
fn another_accounts_resource_needs_its_policy() {
    let folder = folder();
    let send = |more: &[&str]| {
        let policy = ["--policy", "queues.json"];
        ask(folder.path(), USER, "sqs:SendMessage", QUEUE, &[&policy[..], more].concat())
    };
    insta::assert_snapshot!(send(&[]).told());
    assert_eq!(verdict(&send(&["--resource-policy", "queue.json"])), ("allowed", 0));
    let data: Value = serde_json::from_str(&send(&["--json"]).stdout).unwrap();
    assert_eq!(data["decision"], "needsResourcePolicy");
    let role = "arn:aws:iam::123456789012:role/ops";
    let take = ask(folder.path(), USER, "sts:AssumeRole", role, &["--policy", "admin.json"]);
    assert_eq!(verdict(&take), ("needs resource policy", 2));
}

#[test]
fn without_any_policy_nothing_is_allowed() {
    let folder = folder();
    for caller in [USER, "lambda.amazonaws.com", "*"] {
        let ran = ask(folder.path(), caller, "s3:GetObject", "arn:aws:s3:::photos/cat.jpg", &[]);
        assert_eq!(verdict(&ran), ("implicitly denied", 2), "{}", ran.stderr);
    }
}

#[test]
fn nobody_changes_a_policy_of_aws() {
    let folder = folder();
    let policy = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let ask = |action: &str| ask(folder.path(), USER, action, policy, &["--policy", "admin.json"]);
    insta::assert_snapshot!(ask("iam:CreatePolicyVersion").told());
    assert_eq!(verdict(&ask("iam:GetPolicyVersion")), ("allowed", 0));
}

#[test]
fn folders_of_control_policies_are_levels_of_the_organization() {
    let folder = folder();
    let list = |action: &str, more: &[&str]| {
        let policy = ["--policy", "admin.json"];
        ask(folder.path(), USER, action, "*", &[&policy[..], more].concat())
    };
    assert_eq!(verdict(&list("sqs:ListQueues", &["--scp", "scp"])), ("allowed", 0));
    insta::assert_snapshot!(list("s3:ListAllMyBuckets", &["--scp", "scp"]).told());
    let spared = ["--scp", "scp", "--management-account", "123456789012"];
    assert_eq!(verdict(&list("s3:ListAllMyBuckets", &spared)), ("allowed", 0));
    let levels = ["--scp", "scp/10-root", "--scp", "scp/20-ou/account"];
    assert_eq!(verdict(&list("s3:ListAllMyBuckets", &levels)), ("allowed", 0));
    let guarded = ["--scp", "scp/10-root", "--rcp", "rcp.json"];
    assert_eq!(verdict(&list("s3:ListAllMyBuckets", &guarded)), ("explicitly denied", 2));
    fs::create_dir(folder.path().join("none")).unwrap();
    let none = list("s3:ListAllMyBuckets", &["--scp", "none"]);
    assert_eq!(none.code, 1);
    assert!(none.stderr.contains("the folder none holds no policies"), "{}", none.stderr);
}

#[test]
fn a_session_and_an_endpoint_limit_their_callers() {
    let folder = folder();
    let get = |more: &[&str]| {
        let policy = ["--policy", "admin.json"];
        let more = [&policy[..], more].concat();
        ask(folder.path(), SESSION, "s3:GetObject", "arn:aws:s3:::photos/cat.jpg", &more)
    };
    assert_eq!(verdict(&get(&["--session-policy", "reading.json"])), ("allowed", 0));
    assert_eq!(verdict(&get(&["--session-policy", "queues.json"])), ("implicitly denied", 2));
    let both = ["--session-policy", "queues.json", "reading.json"];
    assert_eq!(verdict(&get(&both)), ("allowed", 0));
    assert_eq!(verdict(&get(&["--vpc-endpoint-policy", "endpoint.json"])), ("allowed", 0));
    let other = ["--vpc-endpoint-policy", "queue.json"];
    assert_eq!(verdict(&get(&other)), ("implicitly denied", 2));
}

#[test]
fn with_v_each_step_of_the_evaluation_is_printed() {
    let folder = folder();
    let more = [
        "-v",
        "--policy",
        "admin.json",
        "--session-policy",
        "reading.json",
        "--scp",
        "scp",
        "--vpc-endpoint-policy",
        "endpoint.json",
    ];
    let ran = ask(folder.path(), SESSION, "s3:GetObject", "arn:aws:s3:::photos/cat.jpg", &more);
    insta::assert_snapshot!(ran.stdout);
}

/// Returns what is refused of a document in one of the options for policies that limit others.
fn refused(option: &str, text: &str) -> String {
    let folder = folder();
    fs::write(folder.path().join("limit.json"), text).unwrap();
    let more = ["--policy", "admin.json", option, "limit.json"];
    let ran = ask(folder.path(), SESSION, "s3:GetObject", "arn:aws:s3:::photos/cat.jpg", &more);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    ran.stderr
}

#[test]
fn a_policy_that_limits_others_and_cannot_be_in_force_is_refused_at_its_place() {
    let to_all = |rest: &str| statement(&format!(r#""Principal": "*", {rest}"#));
    insta::assert_snapshot!(refused("--scp", &to_all(r#""Effect": "Deny", "Action": "s3:*""#)));
    insta::assert_snapshot!(refused("--rcp", &to_all(r#""Effect": "Allow", "Action": "s3:*""#)));
    for (option, text, expected) in [
        ("--rcp", statement(r#""Effect": "Deny", "Action": "s3:*""#), "limit.json:1:40"),
        ("--rcp", to_all(r#""Effect": "Deny", "Action": "*""#), "must name the service of *"),
        ("--rcp", to_all(r#""Effect": "Deny", "NotAction": "s3:*""#), "must not contain NotAction"),
        (
            "--session-policy",
            to_all(r#""Effect": "Allow", "Action": "*""#),
            "should not specify a principal",
        ),
        (
            "--vpc-endpoint-policy",
            statement(r#""Effect": "Allow", "Action": "*""#),
            "Missing required field Principal",
        ),
        (
            "--scp",
            statement(&format!(
                r#""Effect": "Allow", "Action": "*", "Sid": "{}""#,
                "x".repeat(10_240)
            )),
            "exceeded the maximum policy size",
        ),
    ] {
        let told = refused(option, &text);
        assert!(told.contains(expected) && told.contains("limit.json:1:"), "{option}: {told}");
    }
}

#[test]
fn the_control_policy_that_aws_attaches_itself_is_no_error() {
    let folder = folder();
    let full = statement(r#""Effect": "Allow", "Principal": "*", "Action": "*""#);
    fs::write(folder.path().join("full.json"), full).unwrap();
    let more = ["--policy", "admin.json", "--rcp", "full.json"];
    let ran = ask(folder.path(), USER, "s3:GetObject", "arn:aws:s3:::photos/cat.jpg", &more);
    assert_eq!((verdict(&ran), ran.stderr.as_str()), (("allowed", 0), ""));
}

#[test]
fn some_credentials_call_some_actions_under_no_policy() {
    let folder = folder();
    let trust = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
        "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}}"#;
    fs::write(folder.path().join("trust.json"), trust).unwrap();
    let role = "arn:aws:iam::123456789012:role/ops";
    let take = |caller: &str| {
        ask(
            folder.path(),
            caller,
            "sts:AssumeRole",
            role,
            &["--resource-policy", "trust.json", "-v"],
        )
    };
    insta::assert_snapshot!(take("123456789012").stdout);
    assert_eq!(verdict(&take("*")), ("implicitly denied", 2));
    assert_eq!(verdict(&take(USER)), ("allowed", 0));
    let token = ask(folder.path(), USER, "sts:GetSessionToken", "*", &["-v"]);
    insta::assert_snapshot!(token.stdout);
    let other = "arn:aws:iam::210987654321:role/ops";
    let pass = ask(folder.path(), USER, "iam:PassRole", other, &["--policy", "admin.json"]);
    insta::assert_snapshot!(pass.told());
}
