//! `relayctl render`, and documents that are filled in as a manifest would fill them in.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::command::{Ran, run};

const MANIFEST: &str = r#"version: 1
name: relay
account: "123456789012"
region: eu-west-1
variables: {stage: dev}
policies:
  Reading-${var.stage}: {document: reading.json}
users:
  ada: {policies: ["Reading-${var.stage}"], tags: {stage: "${var.stage}"}}
buckets:
  photos-${account}-${var.stage}: {}
"#;

const DOCUMENT: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["s3:GetObject", "S3:getobject"],
  "Resource": ["${buckets.photos-${account}-${var.stage}.arn}/${aws:username}/*"]}}"#;

const USER: &str = "arn:aws:iam::123456789012:user/ada";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    fs::write(folder.path().join("dev.yaml"), MANIFEST).unwrap();
    fs::write(folder.path().join("reading.json"), DOCUMENT).unwrap();
    folder
}

fn json_of(folder: &Path, arguments: &[&str]) -> Value {
    let ran = run(folder, arguments);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr))
}

#[test]
fn a_manifest_is_printed_as_it_will_be_sent() {
    let folder = folder();
    let ran = run(folder.path(), &["render", "dev.yaml"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ran.stdout);
    let other = run(folder.path(), &["render", "dev.yaml", "--var", "stage=prod"]);
    assert!(other.stdout.contains("policy.Reading-prod:"), "{}", other.stdout);
}

#[test]
fn one_resource_is_printed_alone() {
    let folder = folder();
    for name in ["policy.Reading-dev", "policies.Reading-dev", "Reading-dev"] {
        let policy = json_of(folder.path(), &["render", "dev.yaml", name, "--json"]);
        let statement = json!({
            "Effect": "Allow",
            "Action": "S3:getobject",
            "Resource": "arn:aws:s3:::photos-123456789012-dev/${aws:username}/*",
        });
        let document = json!({"Version": "2012-10-17", "Statement": [statement]});
        assert_eq!(policy["document"], document);
        assert_eq!(policy["name"], "Reading-dev");
    }
    let all = json_of(folder.path(), &["render", "dev.yaml", "--json"]);
    assert_eq!(all["user.ada"]["tags"]["stage"], "dev");
    let unknown = run(folder.path(), &["render", "dev.yaml", "policy.Readin-dev"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (1, ""));
    assert!(unknown.stderr.contains("did you mean policy.Reading-dev?"), "{}", unknown.stderr);
}

fn can(folder: &Path, more: &[&str]) -> Ran {
    let question = [
        "policy",
        "can",
        "--policy",
        "reading.json",
        "--principal",
        USER,
        "--action",
        "s3:GetObject",
        "--resource",
        "arn:aws:s3:::photos-123456789012-dev/ada/cat.jpg",
        "--detailed-exitcode",
    ];
    run(folder, &[&question[..], more].concat())
}

#[test]
fn documents_are_filled_in_from_a_manifest() {
    let folder = folder();
    assert_eq!(can(folder.path(), &[]).code, 2);
    let filled = can(folder.path(), &["--manifest", "dev.yaml"]);
    assert_eq!((filled.code, filled.stderr.as_str()), (0, ""));
    assert_eq!(can(folder.path(), &["--manifest", "dev.yaml", "--var", "stage=x"]).code, 2);
    let validate = ["policy", "validate", "reading.json"];
    assert_eq!(run(folder.path(), &validate).code, 1);
    assert_eq!(run(folder.path(), &[&validate[..], &["--manifest", "dev.yaml"]].concat()).code, 0);
    let plain = DOCUMENT.replace(
        "${buckets.photos-${account}-${var.stage}.arn}",
        "arn:aws:s3:::photos-123456789012-dev",
    );
    fs::write(folder.path().join("plain.json"), plain).unwrap();
    let diff = ["policy", "diff", "reading.json", "plain.json", "--json", "--manifest", "dev.yaml"];
    assert_eq!(json_of(folder.path(), &diff)["equivalent"], true);
}

#[test]
fn an_account_alone_fills_in_what_it_can() {
    let folder = folder();
    let text = DOCUMENT.replace(
        "${buckets.photos-${account}-${var.stage}.arn}",
        "arn:aws:s3:::photos-${account}-dev",
    );
    fs::write(folder.path().join("reading.json"), text).unwrap();
    assert_eq!(can(folder.path(), &["--account", "123456789012"]).code, 0);
    assert_eq!(can(folder.path(), &["--account", "210987654321"]).code, 2);
    assert_eq!(can(folder.path(), &["--account", "1"]).code, 1);
    let both = ["--account", "123456789012", "--manifest", "dev.yaml"];
    assert_eq!(can(folder.path(), &both).code, 1);
}

#[test]
fn what_a_manifest_cannot_fill_in_is_an_error_with_its_place() {
    let folder = folder();
    fs::write(folder.path().join("reading.json"), DOCUMENT.replace("var.stage", "var.stag"))
        .unwrap();
    let ran = can(folder.path(), &["--manifest", "dev.yaml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.contains("reading.json:2:"), "{}", ran.stderr);
    assert!(ran.stderr.contains("did you mean"), "{}", ran.stderr);
    let missing = can(folder.path(), &["--manifest", "prod.yaml"]);
    assert!(missing.stderr.contains("there is no manifest prod.yaml"), "{}", missing.stderr);
}
