//! `relayctl policy can` as a user meets it: the real binary on files and on the standard input.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::command::{self, Ran};

fn run_with(folder: &Path, arguments: &[&str], stdin: &str) -> Ran {
    command::run_with(folder, &[&["policy", "can"], arguments].concat(), stdin)
}

/// All that a question shows, the question itself left out.
fn shown(folder: &Path, arguments: &[&str]) -> String {
    run_with(folder, arguments, "").told()
}

const USER: &str = "arn:aws:iam::123456789012:user/ada";
const CAT: &str = "arn:aws:s3:::photos/cat.jpg";
const ROLE: &str = "arn:aws:iam::123456789012:role/ops";

const POLICY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": ["s3:Get*", "iam:PassRole"],
      "Resource": ["arn:aws:s3:::photos/*", "arn:aws:iam::123456789012:role/*"]
    },
    {"Sid": "Guard", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::photos/secret/*"},
    {"Sid": "Home", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::photos/${aws:username}/*",
     "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}}
  ]
}
"#;

const BOUNDARY: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#;

const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
  "Principal": {"Service": "lambda.amazonaws.com"}}}"#;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in
        [("policy.json", POLICY), ("boundary.json", BOUNDARY), ("trust.json", TRUST)]
    {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// A question about Ada, by her policy.
fn ada<'a>(action: &'a str, resource: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let question = [
        "--policy",
        "policy.json",
        "--principal",
        USER,
        "--action",
        action,
        "--resource",
        resource,
    ];
    [&question[..], more].concat()
}

#[test]
fn it_explains_itself_with_examples() {
    let ran = run_with(folder().path(), &["--help"], "");
    assert_eq!(ran.code, 0);
    let own = ran.stdout.split("Global options:").next().unwrap();
    let examples = ran.stdout.split("Example").last().unwrap();
    insta::assert_snapshot!(format!("{own}[global options]\n\nExample{examples}"));
}

#[test]
fn an_answer_names_the_statement_that_decided_and_its_place() {
    let folder = folder();
    insta::assert_snapshot!(shown(folder.path(), &ada("s3:GetObject", CAT, &[])), @r#"
    allowed: statement 1 "Read" of policy.json allows s3:GetObject on arn:aws:s3:::photos/cat.jpg
      policy.json:4:5: statement 1 "Read"
    --- stderr
    --- exit code 0
    "#);
    insta::assert_snapshot!(shown(folder.path(), &ada("s3:GetObject", CAT, &["--boundary", "boundary.json"])), @r#"
    allowed: statement 1 "Read" of policy.json allows s3:GetObject on arn:aws:s3:::photos/cat.jpg; the boundary allows it too (statement 1 of boundary.json)
      policy.json:4:5: statement 1 "Read"
      boundary.json:1:40: statement 1
    --- stderr
    --- exit code 0
    "#);
    insta::assert_snapshot!(shown(folder.path(), &ada("s3:GetObject", "arn:aws:s3:::photos/secret/x", &[])), @r#"
    explicitly denied: statement 2 "Guard" of policy.json denies s3:GetObject on arn:aws:s3:::photos/secret/x
      policy.json:10:5: statement 2 "Guard"
    --- stderr
    --- exit code 0
    "#);
}

#[test]
fn a_denial_says_what_came_nearest() {
    let folder = folder();
    insta::assert_snapshot!(shown(folder.path(), &ada("s3:GetObject", "arn:aws:s3:::other/x", &[])), @r#"
    implicitly denied: nothing allows s3:GetObject on arn:aws:s3:::other/x: statement 1 "Read" of policy.json allows it only on arn:aws:s3:::photos/* or arn:aws:iam::123456789012:role/*
    --- stderr
    --- exit code 0
    "#);
    insta::assert_snapshot!(shown(folder.path(), &ada("s3:PutObject", "arn:aws:s3:::photos/ada/x", &[])), @r#"
    implicitly denied: nothing allows s3:PutObject on arn:aws:s3:::photos/ada/x: statement 3 "Home" of policy.json allows it only if IpAddress aws:SourceIp "203.0.113.0/24"; the request has no aws:SourceIp
    --- stderr
    --- exit code 0
    "#);
    insta::assert_snapshot!(shown(folder.path(), &ada("iam:PassRole", ROLE, &["--boundary", "boundary.json"])), @r#"
    implicitly denied: statement 1 "Read" of policy.json allows iam:PassRole on arn:aws:iam::123456789012:role/ops, but the boundary doesn't: no Allow is about iam:PassRole
    --- stderr
    --- exit code 0
    "#);
}

#[test]
fn the_request_has_the_keys_that_are_given_and_those_that_follow_from_the_caller() {
    let folder = folder();
    let put = |more: &[&str]| {
        let ran =
            run_with(folder.path(), &ada("s3:PutObject", "arn:aws:s3:::photos/ada/x", more), "");
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout.starts_with("allowed:")
    };
    assert!(put(&["--context", "aws:SourceIp=203.0.113.7"]));
    assert!(put(&[
        "--context",
        "AWS:sourceip=203.0.113.7",
        "--context",
        "aws:TagKeys=a",
        "--context",
        "aws:TagKeys=b"
    ]));
    assert!(!put(&[
        "--context",
        "aws:SourceIp=203.0.113.7",
        "--context",
        "aws:TagKeys=a",
        "--context",
        "aws:TagKeys=c"
    ]));
    assert!(!put(&["--context", "aws:SourceIp=198.51.100.7"]));
    assert!(!put(&["--context", "aws:SourceIp=203.0.113.7", "--context", "aws:username=bob"]));
}

#[test]
fn a_resource_may_have_a_policy_too() {
    let folder = folder();
    let take = |principal: &str| {
        let question = [
            "--resource-policy",
            "trust.json",
            "--action",
            "sts:AssumeRole",
            "--resource",
            ROLE,
            "--principal",
        ];
        shown(folder.path(), &[&question[..], &[principal]].concat())
    };
    insta::assert_snapshot!(take("lambda.amazonaws.com"), @r"
    allowed: statement 1 of trust.json allows sts:AssumeRole on arn:aws:iam::123456789012:role/ops
      trust.json:1:27: statement 1
    --- stderr
    --- exit code 0
    ");
    insta::assert_snapshot!(take("ec2.amazonaws.com"), @r"
    implicitly denied: nothing allows sts:AssumeRole on arn:aws:iam::123456789012:role/ops: statement 1 of trust.json allows it to others, not to ec2.amazonaws.com
    --- stderr
    --- exit code 0
    ");
    insta::assert_snapshot!(take("*"), @r"
    implicitly denied: an anonymous caller has no AWS credentials, which sts:AssumeRole needs; without them there are sts:AssumeRoleWithSAML and sts:AssumeRoleWithWebIdentity
    --- stderr
    --- exit code 0
    ");
}

#[test]
fn as_json_the_answer_is_data() {
    let folder = folder();
    let json = |arguments: &[&str]| -> Value {
        serde_json::from_str(&run_with(folder.path(), arguments, "").stdout).unwrap()
    };
    let allowed = json(&ada("s3:GetObject", CAT, &["--json"]));
    assert_eq!(allowed["decision"], "allowed");
    let because =
        json!([{"policy": "policy.json", "statement": 1, "sid": "Read", "line": 4, "column": 5}]);
    assert_eq!(allowed["because"], because);
    assert_eq!(allowed["request"]["principal"], json!({"type": "AWS", "name": USER}));
    assert_eq!(allowed["request"]["context"]["aws:username"], json!(["ada"]));
    let denied = json(&ada("s3:GetObject", "arn:aws:s3:::photos/secret/x", &["--json"]));
    assert_eq!(denied["decision"], "explicitDeny");
    assert_eq!(denied["because"][0]["line"], 10);
    let denied = json(&ada("ec2:RunInstances", "*", &["--json"]));
    assert_eq!((&denied["decision"], &denied["because"]), (&json!("implicitDeny"), &json!([])));
}

#[test]
fn the_exit_code_says_the_decision_only_when_asked() {
    let folder = folder();
    let code = |resource: &str, more: &[&str]| {
        run_with(folder.path(), &ada("s3:GetObject", resource, more), "").code
    };
    let secret = "arn:aws:s3:::photos/secret/x";
    assert_eq!([code(CAT, &[]), code(secret, &[]), code("*", &[])], [0, 0, 0]);
    let detailed = &["--detailed-exitcode"];
    assert_eq!([code(CAT, detailed), code(secret, detailed), code("*", detailed)], [0, 2, 2]);
    assert_eq!(code("photos", detailed), 1);
}

#[test]
fn a_policy_may_come_from_the_standard_input() {
    let folder = folder();
    let question =
        ["--policy", "-", "--principal", USER, "--action", "s3:GetObject", "--resource", CAT];
    let ran = run_with(folder.path(), &question, POLICY);
    assert!(ran.stdout.contains("  <stdin>:4:5: statement 1 \"Read\"\n"), "{}", ran.stdout);
    let twice = run_with(folder.path(), &[&question[..], &["--boundary", "-"]].concat(), POLICY);
    assert_eq!((twice.code, twice.stdout.as_str()), (1, ""));
    assert!(twice.stderr.contains("the standard input can be read only once"), "{}", twice.stderr);
}

#[test]
fn what_can_not_be_read_is_said_with_its_place() {
    let folder = folder();
    fs::write(
        folder.path().join("policy.json"),
        "{\"Version\": \"2012-10-17\",\n \"Statement\" []}",
    )
    .unwrap();
    insta::assert_snapshot!(shown(folder.path(), &ada("s3:GetObject", CAT, &["--boundary", "none.json"])), @r#"
    --- stderr
    error[no-such-file]: there is no file none.json
     |
     = help: check the name

    error[json-syntax]: this is not valid JSON: expected `:`
     --> policy.json:2:14
      |
    2 |  "Statement" []}
      |              ^
      |
      = help: see json.org for the syntax; JSON has no comments and no comma after the last item

    2 errors
    --- exit code 1
    "#);
    fs::write(
        folder.path().join("policy.json"),
        "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\"}}",
    )
    .unwrap();
    insta::assert_snapshot!(shown(folder.path(), &ada("s3:GetObject", CAT, &[])), @r#"
    --- stderr
    warning[policy-action]: Policy statement must contain actions.
     --> policy.json:1:40
      |
    1 | {"Version": "2012-10-17", "Statement": {"Effect": "Allow"}}
      |                                        ^^^^^^^^^^^^^^^^^^^
      |
      = help: write "Action": "<service>:<action>"

    warning[policy-resource]: Policy statement must contain resources.
     --> policy.json:1:40
      |
    1 | {"Version": "2012-10-17", "Statement": {"Effect": "Allow"}}
      |                                        ^^^^^^^^^^^^^^^^^^^
      |
      = help: write "Resource": "<ARN>", or "*" for actions that take none

    2 warnings
    error: this document can't be understood: policy.json: statement 1: it has no Action
    help: see what is wrong with it: relayctl policy validate policy.json
    --- exit code 1
    "#);
}

#[test]
fn a_question_that_makes_no_sense_is_refused() {
    let folder = folder();
    let refused = |arguments: &[&str], expected: &str| {
        let ran = run_with(folder.path(), arguments, "");
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{arguments:?}");
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    };
    refused(&ada("s3:Get*", CAT, &[]), "ask for one action");
    refused(&ada("GetObject", CAT, &[]), "write service:Action");
    refused(&ada("s3:GetObject", "photos/cat.jpg", &[]), "write a whole ARN");
    let any_role = ["arn:aws:iam::123456789012:role/*", "arn:aws:iam::*:role/ops"];
    for role in any_role {
        refused(&ada("sts:AssumeRole", role, &[]), "ask about one resource");
    }
    refused(&ada("s3:GetObject", CAT, &["--context", "x"]), "write KEY=VALUE");
    refused(
        &[
            "--policy",
            "policy.json",
            "--principal",
            "ada",
            "--action",
            "s3:GetObject",
            "--resource",
            CAT,
        ],
        "names nobody",
    );
    refused(&ada("s3:GetObject", CAT, &["--session-policy", "policy.json"]), "no session policies");
    refused(&ada("s3:GetObject", CAT, &["--management-account", "1"]), "twelve digits");
    let service = [
        "--policy",
        "policy.json",
        "--principal",
        "lambda.amazonaws.com",
        "--action",
        "s3:GetObject",
        "--resource",
        CAT,
    ];
    refused(&service, "only users and roles have policies");
}

#[test]
fn what_aws_would_refuse_is_warned_of_and_answered_all_the_same() {
    let folder = folder();
    let twice = POLICY.replace("\"Guard\"", "\"Read\"");
    fs::write(folder.path().join("policy.json"), twice).unwrap();
    let ran = run_with(folder.path(), &ada("s3:GetObject", CAT, &[]), "");
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.starts_with("allowed:"), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("Statement IDs (SID) in a single policy must be unique."),
        "{}",
        ran.stderr
    );
    let wild = run_with(folder.path(), &ada("s3:GetObject", "arn:aws:s3:::photos/*", &[]), "");
    assert!(wild.stderr.contains("taken for a character"), "{}", wild.stderr);
}

const WILDCARD: &str = "a wildcard in --resource is taken for a character of the resource's name";

#[test]
fn a_question_that_aws_never_asks_is_answered_with_a_warning() {
    let folder = folder();
    let warned = |action: &str, resource: &str, expected: &str| {
        let ran = run_with(folder.path(), &ada(action, resource, &[]), "");
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(
            ran.stderr,
            if expected.is_empty() { String::new() } else { format!("warning: {expected}\n") }
        );
    };
    warned("s3:getobject", CAT, "");
    warned("iam:PassRole", ROLE, "");
    warned("s3:ListAllMyBuckets", "*", "");
    warned("iam:GetRole", "arn:aws:iam::123456789012:role/a*b/ops", WILDCARD);
    warned(
        "sts:AssumeRole",
        "*",
        "AWS never asks about sts:AssumeRole on *: a request for it names \
            arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}",
    );
    let date = relayctl::policy::catalogue::catalogue_date();
    warned(
        "s3:GetObjects",
        CAT,
        &format!(
            "AWS has no action s3:GetObjects (the list is of {date}): did you mean s3:GetObject?"
        ),
    );
    warned(
        "s4:Get",
        CAT,
        &format!("AWS has no service s4 (the list is of {date}): did you mean s3?"),
    );
    warned(
        "s3:ListAllMyBuckets",
        CAT,
        "s3:ListAllMyBuckets is about no single resource: AWS asks about * instead",
    );
    warned(
        "s3:GetObject",
        "arn:aws:s3:::photos",
        "s3:GetObject is about no resource of this form, but of \
            arn:${Partition}:s3:${Region}:${Account}:accesspoint/\
         ${AccessPointName}/object/${ObjectName} or \
         arn:${Partition}:s3:::${BucketName}/${ObjectName}",
    );
}

#[test]
fn who_is_excepted_without_the_account_is_warned() {
    let folder = folder();
    let asked = |names: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Deny", "NotPrincipal": {{"AWS": [{names}]}},
            "Action": "s3:*", "Resource": "arn:aws:s3:::photos/*"}}}}"#
        );
        fs::write(folder.path().join("bucket.json"), text).unwrap();
        run_with(
            folder.path(),
            &ada("s3:GetObject", CAT, &["--resource-policy", "bucket.json"]),
            "",
        )
    };
    let alone = asked(&format!("\"{USER}\""));
    assert!(alone.stdout.starts_with("allowed:"), "{}", alone.stdout);
    assert_eq!(
        alone.stderr,
        "warning: statement 1 of bucket.json excepts arn:aws:iam::123456789012:user/ada, but not \
            its account: AWS may deny it all the same until NotPrincipal names 123456789012 too\n"
    );
    assert_eq!(asked(&format!("\"{USER}\", \"arn:aws:iam::123456789012:root\"")).stderr, "");
    let denied = asked("\"123456789012\"");
    assert!(
        denied.stdout.starts_with("explicitly denied:") && denied.stderr.is_empty(),
        "{}",
        denied.stdout
    );
}

#[test]
fn escape_codes_in_a_document_stay_text() {
    let folder = folder();
    let evil = POLICY
        .replace("photos/secret/*", "photos/\\u001b[31m/*")
        .replace("\"Home\"", "\"Ho\\u001bme\"");
    fs::write(folder.path().join("policy.json"), evil).unwrap();
    let ran = run_with(folder.path(), &ada("s3:PutObject", "arn:aws:s3:::photos/ada/x", &[]), "");
    assert!(!ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    assert!(ran.stdout.contains("Ho\\u001bme"), "{}", ran.stdout);
}
