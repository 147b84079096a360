//! `plan --refresh-only`: what was changed outside relayctl, and nothing else.

use serde_json::{Value, json};

use crate::support::project::Project;

const MANIFEST: &str = "dev.yaml";
const ACCOUNT: &str = "state/sandbox.json";
const STATE: &str = "state/sandbox/dev.json";

const TEXT: &str = r#"version: 1
name: dev
account: "123456789012"
region: us-east-1
policies:
  Deploy: {document: {Version: "2012-10-17",
      Statement: [{Effect: Allow, Action: "s3:ListBucket", Resource: "*"}]}}
users:
  ada: {policies: [Deploy], tags: {team: relay}, access_key: {profile: ada}}
  bob: {}
groups:
  developers: {}
"#;

fn applied() -> Project {
    let project = Project::empty().in_sandbox();
    project.write(MANIFEST, TEXT);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project
}

fn json_of(project: &Project, file: &str) -> Value {
    serde_json::from_str(&project.read(file)).unwrap()
}

/// Changes the account behind relayctl's back.
fn change_account(project: &Project, change: impl Fn(&mut Value)) {
    let mut account = json_of(project, ACCOUNT);
    change(&mut account);
    project.write(ACCOUNT, &account.to_string());
}

fn retag_ada(account: &mut Value) {
    let team = &mut account["users"]["ada"]["tags"]["team"];
    assert_eq!(*team, "relay");
    *team = json!("others");
}

fn remove(account: &mut Value, section: &str, name: &str) {
    let objects = account[section].as_object_mut().unwrap();
    assert!(objects.remove(name).is_some());
}

/// Returns the actions of a refresh, without those on objects that are as recorded.
fn drift(project: &Project, code: i32) -> Vec<String> {
    let arguments = ["plan", MANIFEST, "--refresh-only", "--detailed-exitcode", "--json"];
    let run = project.expect(code, &arguments);
    let plan: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(plan["header"]["mode"], "refresh_only");
    assert_eq!(plan["summary"]["calls"], 0);
    let changes = plan["changes"].as_array().unwrap().iter();
    let shown = changes.filter(|change| change["reason"] != "same");
    let said = |it: &Value| format!("{} {}", it["address"], it["action"]).replace('"', "");
    shown.map(said).collect()
}

#[test]
fn without_drift_there_is_nothing_to_refresh_also_if_the_manifest_has_changes() {
    let project = applied();
    project.edit(MANIFEST, "  bob: {}\n", "  eve: {}\n");
    assert_eq!(drift(&project, 0), Vec::<String>::new());
    let run = project.expect(0, &["plan", MANIFEST, "--refresh-only"]);
    assert!(run.stdout.contains("No drift. What exists matches the state."), "{}", run.stdout);
    project.expect(2, &["plan", MANIFEST, "--detailed-exitcode"]);
}

#[test]
fn drift_is_shown_alone_and_its_exit_code_is_2() {
    let project = applied();
    change_account(&project, retag_ada);
    project.edit(MANIFEST, "  bob: {}\n", "  eve: {}\n");
    assert_eq!(drift(&project, 2), ["user.ada adopt"]);
    let run = project.expect(0, &["plan", MANIFEST, "--refresh-only"]);
    for text in [
        "This plan only refreshes the state",
        "# user.ada will be recorded as it is",
        "team = \"relay\" -> \"others\"",
        "Drift: 1 to record, 0 to forget.",
        "Nothing in AWS changes.",
    ] {
        assert!(run.stdout.contains(text), "{text}\n{}", run.stdout);
    }
    for absent in ["eve", "bob will be", "to destroy"] {
        assert!(!run.stdout.contains(absent), "{absent}\n{}", run.stdout);
    }
}

#[test]
fn a_refresh_takes_the_live_values_into_the_state_and_changes_nothing_else() {
    let project = applied();
    change_account(&project, |account| {
        retag_ada(account);
        remove(account, "users", "bob");
        remove(account, "groups", "developers");
    });
    assert_eq!(
        drift(&project, 2),
        ["group.developers forget", "user.ada adopt", "user.bob forget"]
    );
    let before = json_of(&project, ACCOUNT);
    let done = project.expect(0, &["apply"]);
    assert!(done.stdout.contains("Refresh complete!"), "{}", done.stdout);
    assert!(done.stdout.contains("1 recorded, 2 forgotten"), "{}", done.stdout);
    assert_eq!(json_of(&project, ACCOUNT), before);
    let resources = &json_of(&project, STATE)["resources"];
    assert_eq!(resources["user.ada"]["attributes"]["tags"]["team"], "others");
    assert_eq!(resources["user.bob"], Value::Null);
    assert_eq!(drift(&project, 0), Vec::<String>::new());

    // The manifest still says what should be.
    let plan = project.expect(2, &["plan", MANIFEST, "--detailed-exitcode"]);
    assert!(plan.stdout.contains("Plan: 2 to add, 1 to change, 0 to destroy."), "{}", plan.stdout);
    assert!(!plan.stdout.contains("changed outside relayctl"), "{}", plan.stdout);
    project.expect(0, &["apply"]);
    project.expect(0, &["plan", MANIFEST, "--detailed-exitcode"]);
}

#[test]
fn an_object_that_is_no_longer_declared_is_refreshed_as_well() {
    let project = applied();
    change_account(&project, retag_ada);
    project.write(MANIFEST, &TEXT.replace("users:\n  ada:", "users:\n  eve:"));
    assert_eq!(drift(&project, 2), ["user.ada adopt"]);
}

#[test]
fn apply_refreshes_a_manifest_at_once() {
    let project = applied();
    change_account(&project, retag_ada);
    let refused = project.expect(1, &["apply", MANIFEST, "--refresh-only"]);
    assert!(refused.stderr.contains("no terminal to ask on"), "{}", refused.stderr);
    let done = project.expect(0, &["apply", MANIFEST, "--refresh-only", "--yes"]);
    assert!(done.stdout.contains("1 recorded"), "{}", done.stdout);
    assert_eq!(drift(&project, 0), Vec::<String>::new());
    // A saved plan is what it is.
    project.expect(0, &["plan", MANIFEST, "--out", "one.plan.json"]);
    project.expect(1, &["apply", "one.plan.json", "--refresh-only"]);
}

#[test]
fn an_object_that_somebody_made_anew_is_forgotten_and_left_as_it_is() {
    let project = applied();
    change_account(&project, |account| {
        let bob = &mut account["users"]["bob"];
        bob["id"] = json!("AIDAANOTHERONE0000000");
        bob["tags"] = json!({});
    });
    assert_eq!(drift(&project, 2), ["user.bob forget"]);
    project.expect(0, &["apply"]);
    let plan = project.expect(1, &["plan", MANIFEST]);
    assert!(plan.stdout.contains("user.bob is refused"), "{}", plan.stdout);
}

#[test]
fn a_key_that_is_gone_stays_recorded_because_its_secret_is_left() {
    let project = applied();
    change_account(&project, |account| account["users"]["ada"]["keys"] = json!({}));
    assert_eq!(drift(&project, 2), ["access_key.ada nothing"]);
    let run = project.expect(0, &["plan", MANIFEST, "--refresh-only"]);
    for text in ["access_key.ada stays recorded", "1 left to the next apply"] {
        assert!(run.stdout.contains(text), "{text}\n{}", run.stdout);
    }
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    assert_eq!(drift(&project, 0), Vec::<String>::new());
}

#[test]
fn an_object_that_cannot_be_read_is_no_drift_but_an_error() {
    let project = applied();
    project.write("deny.json", r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": ["iam:GetUser", "iam:GetAccountAuthorizationDetails"], "Resource": "*"}]}"#);
    let arguments = ["plan", MANIFEST, "--refresh-only", "--sandbox-enforce", "deny.json"];
    let run = project.expect(1, &arguments);
    assert!(run.stdout.contains("user.ada is blocked"), "{}", run.stdout);
    assert!(run.stderr.contains("blocked"), "{}", run.stderr);
}

#[test]
fn without_a_state_there_is_nothing_to_compare_with() {
    let project = Project::empty().in_sandbox();
    project.write(MANIFEST, TEXT);
    let refused = project.expect(1, &["plan", MANIFEST, "--refresh-only"]);
    assert!(refused.stderr.contains("there is no state"), "{}", refused.stderr);
}
