//! The state is a cache: without it, the plan is what it would have been; what is no longer
//! declared goes only on request, with `--recover`.

use crate::support::project::{Project, Run};

const MANIFEST: &str = "dev.yaml";
const STATE: &str = "state/sandbox/dev.json";

const WHOLE: &str = r#"version: 1
name: dev
account: "123456789012"
region: us-east-1
policies:
  Deploy: {document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:ListBucket", Resource: "*"}]}}
  Stays: {document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:GetObject", Resource: "*"}]}}
users:
  serverless:
    policies: [Deploy]
    inline_policies: {own: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:PutObject", Resource: "*"}]}}
    access_key: {profile: serverless}
  kept: {policies: [Deploy, Stays]}
roles:
  runner: {trust: {services: [lambda.amazonaws.com]}, policies: [Deploy], permissions_boundary: Stays}
buckets:
  some-relay-bucket: {region: eu-west-1}
"#;

const LESS: &str = r#"version: 1
name: dev
account: "123456789012"
region: us-east-1
policies:
  Stays: {document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:GetObject", Resource: "*"}]}}
users:
  kept: {policies: [Stays]}
"#;

/// Another manifest's objects in the same account.
const OTHER: &str = r#"version: 1
name: other
account: "123456789012"
region: us-east-1
policies:
  Theirs: {document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:ListBucket", Resource: "*"}]}}
users:
  theirs: {policies: [Theirs]}
buckets:
  their-relay-bucket: {}
"#;

fn applied() -> Project {
    let project = Project::empty().in_sandbox();
    project.write("other.yaml", OTHER);
    project.expect(0, &["apply", "other.yaml", "--yes"]);
    project.write(MANIFEST, WHOLE);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project
}

fn lose(project: &Project) {
    std::fs::remove_file(project.path(STATE)).unwrap();
}

/// Lists the plan's actions and their objects, without the reasons.
fn decisions(run: &Run) -> Vec<String> {
    let plan: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let changes = plan["changes"].as_array().unwrap();
    let did = |change: &serde_json::Value| match change["action"].as_str().unwrap() {
        "adopt" => "nothing".to_owned(),
        action => action.to_owned(),
    };
    changes
        .iter()
        .map(|change| format!("{} {}", change["address"].as_str().unwrap(), did(change)))
        .collect()
}

fn calls(run: &Run) -> Vec<String> {
    let plan: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let steps = plan["steps"].as_array().unwrap();
    steps
        .iter()
        .filter(|step| step["calls"] != serde_json::json!([]))
        .map(|step| step["calls"].to_string())
        .collect()
}

#[test]
fn a_plan_without_the_state_removes_what_a_plan_with_it_removes() {
    let project = applied();
    project.write(MANIFEST, LESS);
    let known = project.expect(0, &["plan", MANIFEST, "--json"]);
    lose(&project);
    let lost = project.expect(0, &["plan", MANIFEST, "--recover", "--json"]);
    assert_eq!(decisions(&lost), decisions(&known));
    assert_eq!(calls(&lost), calls(&known));
    assert!(
        decisions(&lost).contains(&"access_key.serverless delete".to_owned()),
        "{:?}",
        decisions(&lost)
    );
    project.expect(0, &["apply"]);
    project.expect(0, &["plan", MANIFEST, "--detailed-exitcode"]);
    let left = project.read("state/sandbox.json");
    for gone in ["\"serverless\"", "\"Deploy\"", "\"runner\"", "some-relay-bucket"] {
        assert!(!left.contains(gone), "{gone}: {left}");
    }
    for theirs in ["\"theirs\"", "\"Theirs\"", "their-relay-bucket", "\"kept\""] {
        assert!(left.contains(theirs), "{theirs}: {left}");
    }
    let credentials = std::fs::read_to_string(project.path("state/sandbox/home/.aws/credentials"))
        .unwrap_or_default();
    assert!(!credentials.contains("[serverless]"), "{credentials}");
}

#[test]
fn everything_is_destroyed_without_the_state_and_nothing_of_others() {
    let project = applied();
    project.write(MANIFEST, LESS);
    lose(&project);
    project.expect(0, &["destroy", MANIFEST, "--recover", "--yes"]);
    let left = project.read("state/sandbox.json");
    assert!(
        !left.contains("\"dev\"")
            && left.contains("their-relay-bucket")
            && left.contains("\"Theirs\""),
        "{left}"
    );
}

#[test]
fn without_the_state_nothing_is_destroyed_unasked() {
    let project = applied();
    project.write(MANIFEST, LESS);
    lose(&project);
    let account = project.read("state/sandbox.json");
    let plan = project.expect(0, &["plan", MANIFEST]);
    for said in [
        "there is no state. 2 objects of this manifest carry the tag of \"dev\" already",
        "which the manifest does not declare, carry the tag of \"dev\". They are left alone.",
        "user.serverless (arn:aws:iam::123456789012:user/serverless, state ",
        "bucket.some-relay-bucket (arn:aws:s3:::some-relay-bucket, state ",
        "add --recover",
    ] {
        assert!(plan.stdout.contains(said), "{said}: {}", plan.told());
    }
    assert!(!plan.stdout.contains("will be destroyed"), "{}", plan.told());
    let destroy = project.expect(1, &["destroy", MANIFEST, "--yes"]);
    assert!(destroy.stdout.contains("They are not destroyed."), "{}", destroy.told());
    assert!(destroy.stderr.contains("--recover"), "{}", destroy.told());
    assert_eq!(project.read("state/sandbox.json"), account, "nothing was sent");
}

#[test]
fn a_state_that_comes_back_is_the_one_that_the_tags_name() {
    let project = applied();
    let tag = |project: &Project| {
        let state: serde_json::Value = serde_json::from_str(&project.read(STATE)).unwrap();
        state["tag"].as_str().unwrap().to_owned()
    };
    let before = tag(&project);
    lose(&project);
    let plan = project.expect(0, &["plan", MANIFEST]);
    assert!(plan.stdout.contains("No changes."), "{}", plan.told());
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    assert_eq!(tag(&project), before);
    lose(&project);
    project.expect(0, &["state", "rebuild", MANIFEST]);
    assert_eq!(tag(&project), before);
    project.expect(0, &["plan", MANIFEST, "--detailed-exitcode"]);
}

#[test]
fn a_rebuilt_state_is_what_it_was() {
    let project = applied();
    let before: serde_json::Value = serde_json::from_str(&project.read(STATE)).unwrap();
    let listed = project.expect(0, &["state", "list", MANIFEST]).stdout;
    lose(&project);
    let run = project.expect(0, &["state", "rebuild", MANIFEST]);
    assert!(run.stdout.contains("bucket.some-relay-bucket\n"), "{}", run.stdout);
    let after: serde_json::Value = serde_json::from_str(&project.read(STATE)).unwrap();
    assert_eq!(after["resources"], before["resources"]);
    assert_eq!(project.expect(0, &["state", "list", MANIFEST]).stdout, listed);
    project.expect(0, &["plan", MANIFEST, "--detailed-exitcode"]);
}

#[test]
fn what_is_no_longer_declared_is_rebuilt_too_and_a_state_that_was_there_is_kept() {
    let project = applied();
    project.write(MANIFEST, LESS);
    project.write(STATE, "{ broken");
    project.expect(1, &["plan", MANIFEST]);
    let run = project.expect(0, &["state", "rebuild", MANIFEST]);
    for found in [
        "user.serverless (no longer declared)",
        "role_policy_attachment.runner/Deploy (no longer declared)",
    ] {
        assert!(run.stdout.contains(found), "{found}: {}", run.stdout);
    }
    assert!(!run.stdout.contains("heir"), "{}", run.stdout);
    assert!(run.stderr.contains("is kept in"), "{}", run.stderr);
    let kept = std::fs::read_dir(project.path("state/sandbox"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    // Beside it are the backups of every run, which hold the last good states.
    let broken = |path: &std::path::PathBuf| {
        std::fs::read_to_string(path).is_ok_and(|text| text == "{ broken")
    };
    assert_eq!(
        kept.filter(|path| path.extension().is_some_and(|it| it == "backup"))
            .filter(broken)
            .count(),
        1
    );
    let plan = project.expect(0, &["plan", MANIFEST, "--json"]);
    assert!(decisions(&plan).contains(&"bucket.some-relay-bucket delete".to_owned()));
    // Rebuilt once more, over a state that can be read.
    project.expect(0, &["state", "rebuild", MANIFEST]);
}
