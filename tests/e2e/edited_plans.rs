//! Saved plans that somebody edited, with a digest that fits: what a plan does must follow from
//! what it shows.

use relayctl::value::digest;
use serde_json::{Value, json};

use crate::support::project::Project;

const MANIFEST: &str = "version: 1
name: red
account: \"123456789012\"
region: us-east-1
policies:
  P: {document: {Version: \"2012-10-17\", Statement: [{Effect: Allow, Action: s3:GetObject, Resource: \"*\"}]}}
users:
  ada: {access_key: {csv: ada.csv}, policies: [P]}
  bob: {}
buckets: {red-data: {public_access_block: true}}
";

/// A project with a saved plan.
fn planned() -> Project {
    let project = Project::empty().in_sandbox();
    project.write("m.yaml", MANIFEST);
    project.expect(0, &["plan", "m.yaml", "--out", "t.plan.json"]);
    project
}

/// Edits the saved plan, and gives it the digest of its new content.
fn edit(project: &Project, edit: impl FnOnce(&mut Value)) {
    let mut file: Value = serde_json::from_str(&project.read("t.plan.json")).unwrap();
    edit(&mut file["plan"]);
    file["sha256"] = digest(&file["plan"]).into();
    project.write("t.plan.json", &file.to_string());
}

fn step<'p>(plan: &'p mut Value, address: &str) -> &'p mut Value {
    let mut steps = plan["steps"].as_array_mut().unwrap().iter_mut();
    steps.find(|step| step["id"]["address"] == address).unwrap()
}

/// Both `show` and `apply` refuse the edited plan, and nothing is done.
#[track_caller]
fn is_refused(edited: impl FnOnce(&mut Value), why: &str) {
    let project = planned();
    edit(&project, edited);
    for command in ["show", "apply"] {
        let run = project.expect(1, &[command, "t.plan.json"]);
        let said = run.stderr.contains("this plan contradicts itself") && run.stderr.contains(why);
        assert!(said, "{why}\n{}", run.told());
        assert_eq!(run.stdout, "");
    }
    assert!(!project.path("ada.csv").exists() && !project.path("pwned").exists());
    assert!(!project.path("state/sandbox/red.json").exists());
}

#[test]
fn a_plan_with_the_digest_of_its_content_is_shown_and_applied() {
    let project = planned();
    edit(&project, |_| {});
    let shown = project.expect(0, &["show", "t.plan.json"]);
    assert!(
        shown.stdout.contains("7 to add") || shown.stdout.contains(" to add"),
        "{}",
        shown.told()
    );
    project.expect(0, &["apply", "t.plan.json"]);
}

#[test]
fn a_command_that_no_manifest_asked_for_is_refused() {
    let run = json!({"File": {"RunCommand": {"command": ["sh", "-c", "cat > pwned"]}}});
    is_refused(
        |plan| {
            step(plan, "access_key.ada")["calls"].as_array_mut().unwrap().push(run);
            plan["summary"]["calls"] = (plan["summary"]["calls"].as_u64().unwrap() + 1).into();
        },
        "the calls of the step `access_key.ada: create`",
    );
}

#[test]
fn steps_without_changes_are_refused() {
    is_refused(
        |plan| {
            plan["changes"] = json!([]);
            plan["access"] = json!([]);
            let summary = plan["summary"].as_object_mut().unwrap();
            summary.values_mut().for_each(|number| *number = 0.into());
        },
        "no change asks for the step",
    );
}

#[test]
fn a_change_without_its_step_is_refused() {
    is_refused(
        |plan| {
            let steps = plan["steps"].as_array_mut().unwrap();
            steps.retain(|step| step["id"]["address"] != "user.bob");
            plan["summary"]["calls"] = (plan["summary"]["calls"].as_u64().unwrap() - 1).into();
        },
        "the change of user.bob has no step",
    );
}

#[test]
fn a_call_on_another_object_or_with_another_document_is_refused() {
    let calls = "the calls of the step";
    is_refused(
        |plan| step(plan, "user.bob")["calls"][0]["Iam"]["CreateUser"]["user"] = "eve".into(),
        calls,
    );
    is_refused(
        |plan| {
            let call = &mut step(plan, "policy.P")["calls"][0]["Iam"]["CreatePolicy"];
            call["document"]["Statement"][0]["Action"] = "*".into();
        },
        calls,
    );
    is_refused(
        |plan| {
            let calls = step(plan, "bucket.red-data")["calls"].as_array_mut().unwrap();
            calls.retain(|call| call["S3"]["PutPublicAccessBlock"].is_null());
            plan["summary"]["calls"] = (plan["summary"]["calls"].as_u64().unwrap() - 1).into();
        },
        calls,
    );
}

#[test]
fn a_step_about_another_object_than_its_address_is_refused() {
    is_refused(
        |plan| {
            let step = step(plan, "user.bob");
            step["wanted"]["name"] = "eve".into();
            step["calls"][0]["Iam"]["CreateUser"]["user"] = "eve".into();
        },
        "another name than the change",
    );
}

#[test]
fn what_the_state_records_is_what_the_change_shows() {
    is_refused(
        |plan| step(plan, "access_key.ada")["record"]["attributes"]["csv"] = "../x".into(),
        "another csv than the change",
    );
}

#[test]
fn names_and_places_that_no_manifest_has_are_refused() {
    is_refused(|plan| plan["header"]["manifest"] = "../x".into(), "a manifest's name");
    is_refused(|plan| plan["header"]["former_names"] = json!(["../x"]), "a manifest's name");
    is_refused(|plan| plan["header"]["store"] = "../x.json".into(), "leads out of the project");
    is_refused(|plan| plan["header"]["account"] = "1".into(), "an account");
}

#[test]
fn a_summary_that_counts_otherwise_is_refused() {
    is_refused(|plan| plan["summary"]["destroy"] = 1.into(), "its summary counts");
}
