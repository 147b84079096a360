//! Replacements: what the new object keeps of the old one, what goes, and `--replace`; and fields
//! that are left to others.

use serde_json::{Value, json};

use crate::support::project::{Project, Run};

const MANIFEST: &str = "dev.yaml";
const HEAD: &str = "version: 1\nname: dev\naccount: \"123456789012\"\nregion: us-east-1\n";

fn project(rest: &str) -> Project {
    let project = Project::empty().in_sandbox();
    project.write(MANIFEST, &format!("{HEAD}{rest}"));
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project
}

fn account(project: &Project) -> Value {
    serde_json::from_str(&project.read("state/sandbox.json")).expect("JSON")
}

/// Somebody else changes the account.
fn others_do(project: &Project, change: impl FnOnce(&mut Value)) {
    let mut account = account(project);
    change(&mut account);
    project.write("state/sandbox.json", &account.to_string());
}

#[track_caller]
fn says(run: &Run, text: &str) {
    assert!(run.stdout.contains(text) || run.stderr.contains(text), "{text}\n{}", run.told());
}

#[track_caller]
fn is_silent_about(run: &Run, text: &str) {
    assert!(!run.stdout.contains(text) && !run.stderr.contains(text), "{text}\n{}", run.told());
}

const ROLE: &str =
    "roles:\n  worker:\n    trust: {services: [lambda.amazonaws.com]}\n    tags: {stage: dev}\n";
const BOUNDARY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/// The role, after others have set on it what the manifest doesn't.
fn with_settings_of_others() -> Project {
    let project = project(ROLE);
    others_do(&project, |account| {
        let role = &mut account["roles"]["worker"];
        role["boundary"] = json!(BOUNDARY);
        role["description"] = json!("looked after by the platform team");
        role["max_session_duration"] = json!(7200);
        role["tags"]["cost-centre"] = json!("4711");
        role["tags"]["aws:cloudformation:stack-name"] = json!("legacy");
    });
    project
}

#[track_caller]
fn keeps_what_others_set(role: &Value) {
    assert_eq!(role["boundary"], BOUNDARY);
    assert_eq!(role["description"], "looked after by the platform team");
    assert_eq!(role["max_session_duration"], 7200);
    assert_eq!(role["tags"]["cost-centre"], "4711");
    assert_eq!(role["tags"]["stage"], "dev");
    assert!(role["tags"].get("aws:cloudformation:stack-name").is_none());
}

#[test]
fn a_replaced_role_keeps_what_others_set_on_it() {
    let project = with_settings_of_others();
    project.edit(MANIFEST, "    trust:", "    path: /relay/\n    trust:");
    let plan = project.expect(0, &["plan", MANIFEST]);
    for text in [
        "permissions_boundary arn:aws:iam::aws:policy/ReadOnlyAccess: not set by the manifest, \
            carried over",
        "description looked after by the platform team: not set by the manifest, carried over",
        "tags.cost-centre: not set by the manifest, carried over",
        "tags.aws:cloudformation:stack-name: set by AWS, and lost",
        "no two objects of one name",
    ] {
        says(&plan, text);
    }
    is_silent_about(&plan, "left alone");
    // The boundary stays, so nobody gains anything.
    is_silent_about(&plan, "gains");
    project.expect(0, &["apply"]);
    let account = account(&project);
    assert_eq!(account["roles"]["worker"]["path"], "/relay/");
    keeps_what_others_set(&account["roles"]["worker"]);
    let again = project.expect(0, &["plan", MANIFEST, "--detailed-exitcode"]);
    is_silent_about(&again, "carried over");
    assert!(!project.read("state/sandbox/dev.json").contains("carried"));
}

#[test]
fn a_role_that_nobody_touched_is_replaced_without_a_word_about_others() {
    let project = project(ROLE);
    project.edit(MANIFEST, "    trust:", "    path: /relay/\n    trust:");
    let plan = project.expect(0, &["plan", MANIFEST]);
    is_silent_about(&plan, "carried over");
    is_silent_about(&plan, "lost");
}

#[test]
fn a_boundary_that_leaves_the_manifest_goes_with_a_replacement() {
    let bounded = ROLE.to_owned() + "    permissions_boundary: " + BOUNDARY + "\n";
    let project = project(&bounded);
    project.write(MANIFEST, &format!("{HEAD}{ROLE}"));
    project.edit(MANIFEST, "    trust:", "    path: /relay/\n    trust:");
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    assert_eq!(account(&project)["roles"]["worker"]["boundary"], Value::Null);
}

#[test]
fn what_others_attached_goes_only_if_asked_and_is_not_called_left_alone() {
    let project = project(ROLE);
    others_do(&project, |account| {
        account["roles"]["worker"]["attached"] = json!([BOUNDARY]);
    });
    project.edit(MANIFEST, "    trust:", "    path: /relay/\n    trust:");
    let refused = project.expect(1, &["plan", MANIFEST]);
    says(&refused, "AWS does not delete it while it has objects of others: policy");
    let plan = project.expect(0, &["plan", MANIFEST, "--allow-delete-foreign"]);
    says(&plan, "Removed before it:");
    is_silent_about(&plan, "left alone");
}

#[test]
fn the_tags_that_aws_gave_a_bucket_are_repeated() {
    let project = project("buckets:\n  relay-system-tags: {tags: {stage: dev}}\n");
    others_do(&project, |account| {
        account["buckets"]["relay-system-tags"]["tags"]["aws:createdBy"] = json!("stack");
    });
    project.edit(MANIFEST, "stage: dev", "stage: prod");
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    let tags = account(&project)["buckets"]["relay-system-tags"]["tags"].clone();
    assert_eq!((&tags["stage"], &tags["aws:createdBy"]), (&json!("prod"), &json!("stack")));
}

#[test]
fn ignored_fields_are_set_once_and_then_left_to_others() {
    let ignoring = ROLE.to_owned()
        + "    description: as it was made\n    lifecycle: {ignore_changes: [description, \
           'tags[\"cost.centre\"]']}\n";
    let project = project(&ignoring.replace("stage: dev", "stage: dev, cost.centre: \"1\""));
    let role = account(&project)["roles"]["worker"].clone();
    assert_eq!(role["description"], "as it was made");
    assert_eq!(role["tags"]["cost.centre"], "1");
    others_do(&project, |account| {
        account["roles"]["worker"]["description"] = json!("changed by hand");
        account["roles"]["worker"]["tags"]["cost.centre"] = json!("2");
    });
    let plan = project.expect(0, &["plan", MANIFEST, "--detailed-exitcode"]);
    is_silent_about(&plan, "changed outside relayctl");
    // An update of other fields sends none of them.
    project.edit(MANIFEST, "stage: dev", "stage: prod");
    project.edit(MANIFEST, "as it was made", "another text");
    project.edit(MANIFEST, "    trust:", "    max_session_duration: 7200\n    trust:");
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    let role = account(&project)["roles"]["worker"].clone();
    assert_eq!(role["description"], "changed by hand");
    assert_eq!(role["max_session_duration"], 7200);
    assert_eq!(role["tags"]["stage"], "prod");
    assert_eq!(role["tags"]["cost.centre"], "2");
    // A new object takes over what the old one has.
    project.expect(0, &["apply", MANIFEST, "--yes", "--replace", "role.worker"]);
    let role = account(&project)["roles"]["worker"].clone();
    assert_eq!(role["description"], "changed by hand");
    assert_eq!(role["tags"]["cost.centre"], "2");
}

#[test]
fn everything_of_a_resource_can_be_ignored_except_whose_it_is() {
    let project = project(&(ROLE.to_owned() + "    lifecycle: {ignore_changes: [all]}\n"));
    others_do(&project, |account| {
        account["roles"]["worker"]["tags"]["stage"] = json!("changed");
    });
    project.edit(MANIFEST, "lambda.amazonaws.com", "ec2.amazonaws.com");
    project.expect(0, &["plan", MANIFEST, "--detailed-exitcode"]);
    others_do(&project, |account| {
        let tags = account["roles"]["worker"]["tags"].as_object_mut().expect("tags");
        tags.remove("relayctl:manifest");
    });
    let plan = project.expect(2, &["plan", MANIFEST, "--detailed-exitcode"]);
    says(&plan, "relayctl:manifest");
}

#[test]
fn replace_makes_a_resource_anew_with_its_parts() {
    let policy = "policies:\n  Send: {document: {Version: \"2012-10-17\", Statement: [{Effect: \
        Allow, Action: \"sqs:SendMessage\", Resource: \"*\"}]}}\n";
    let project = project(&(policy.to_owned() + ROLE + "    policies: [Send]\n"));
    let id = |section: &str, name: &str| account(&project)[section][name]["id"].clone();
    let before = id("roles", "worker");
    let plan = project.expect(0, &["plan", MANIFEST, "--replace", "role.worker"]);
    says(&plan, "role.worker must be replaced (replacement was asked for, with --replace)");
    says(&plan, "Plan: 2 to add");
    project.expect(0, &["apply"]);
    assert_ne!(before, id("roles", "worker"));
    assert_eq!(
        account(&project)["roles"]["worker"]["attached"],
        json!(["arn:aws:iam::123456789012:policy/Send"])
    );
    project.expect(0, &["plan", MANIFEST, "--detailed-exitcode"]);

    let unknown = project.expect(1, &["plan", MANIFEST, "--replace", "role.wroker"]);
    says(&unknown, "there is no resource role.wroker");
    says(&unknown, "did you mean role.worker?");
    project.expect(1, &["apply", MANIFEST, "--yes", "--replace", "role.wroker"]);
}

#[test]
fn replace_meets_the_usual_obstacles() {
    let project = project("buckets:\n  relay-with-objects: {}\n");
    others_do(&project, |account| {
        let object = json!({"key": "a", "marker": false, "null_version": true});
        account["buckets"]["relay-with-objects"]["objects"] = json!([object]);
    });
    let refused = project.expect(1, &["plan", MANIFEST, "--replace", "bucket.relay-with-objects"]);
    says(&refused, "the bucket holds objects");
}

#[test]
fn replace_rotates_a_key_and_leaves_local_files_alone() {
    let project = project("users:\n  ada: {access_key: {profile: ada}}\n");
    let keys = |project: &Project| account(project)["users"]["ada"]["keys"].clone();
    assert_eq!(keys(&project).as_object().map(serde_json::Map::len), Some(1));
    let plan = project.expect(0, &["plan", MANIFEST, "--replace", "access_key.ada"]);
    says(&plan, "access_key.ada will be updated in place");
    project.expect(0, &["apply"]);
    assert_eq!(keys(&project).as_object().map(serde_json::Map::len), Some(2));
    let refused = project.expect(1, &["plan", MANIFEST, "--replace", "aws_profile.ada"]);
    says(&refused, "it is only in local files");
}

const ATTACHED: &str = "policies:
  Deploy:
    document: {Version: \"2012-10-17\", Statement: [{Effect: Allow, Action: \"sqs:SendMessage\", Resource: \"*\"}]}
users:
  bob: {policies: [Deploy]}
";
const TEMPORARY: &str = "relayctl-temporary-Deploy";

fn with_another(field: &str) -> Project {
    let project = project(ATTACHED);
    let moved = ATTACHED.replace("    document", &format!("    {field}\n    document"));
    project.write(MANIFEST, &format!("{HEAD}{moved}"));
    project
}

#[test]
fn a_policy_replaced_under_its_name_has_a_copy_meanwhile() {
    let project = with_another("description: Deploys");
    let permissions = project.expect(0, &["permissions", MANIFEST]);
    project.write("policy.json", &permissions.stdout);
    let enforced = ["--sandbox-enforce", "policy.json"];
    let plan = project.expect(0, &[&["plan", MANIFEST][..], &enforced].concat());
    says(&plan, &format!("policy.Deploy: {TEMPORARY}, on user.bob"));
    says(&plan, "Plan: 2 to add, 0 to change, 2 to destroy.");
    is_silent_about(&plan, "lack it");
    let apply = project.expect(0, &[&["apply"][..], &enforced].concat());
    says(&apply, "2 added, 0 changed, 2 destroyed");
    let after = account(&project);
    let attached = &after["users"]["bob"]["attached"];
    assert_eq!(*attached, json!(["arn:aws:iam::123456789012:policy/Deploy"]));
    assert_eq!(after["policies"]["Deploy"]["description"], "Deploys");
    assert_eq!(after["policies"].as_object().map(serde_json::Map::len), Some(1), "{after:#}");
    says(&project.expect(0, &["plan", MANIFEST]), "No changes");
}

/// Whichever of the calls is denied, bob has a policy; the next run does the rest.
#[test]
fn a_caller_who_may_not_replace_a_policy_takes_it_from_nobody() {
    for action in ["CreatePolicy", "AttachUserPolicy", "DetachUserPolicy", "DeletePolicy"] {
        let project = with_another("path: /team/");
        let statements = json!([
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": format!("iam:{action}"), "Resource": "*"},
        ]);
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        project.write("policy.json", &policy.to_string());
        let run =
            project.expect(1, &["apply", MANIFEST, "--yes", "--sandbox-enforce", "policy.json"]);
        says(&run, action);
        let attached = account(&project)["users"]["bob"]["attached"].clone();
        assert!(attached.as_array().is_some_and(|it| !it.is_empty()), "{action}: {attached}");
        project.expect(0, &["apply", MANIFEST, "--yes"]);
        let after = account(&project);
        assert_eq!(
            after["users"]["bob"]["attached"],
            json!(["arn:aws:iam::123456789012:policy/team/Deploy"]),
            "{action}"
        );
        assert!(after["policies"][TEMPORARY].is_null(), "{action}: {after:#}");
        says(&project.expect(0, &["plan", MANIFEST]), "No changes");
    }
}
