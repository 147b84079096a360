//! Changes of names by the real binary in the sandbox: nothing is destroyed that is only called
//! otherwise.

use crate::support::project::{Project, Run};

const WHOLE: &str = r#"version: 1
name: web
account: "123456789012"
region: us-east-1
policies:
  Deploy: {document: {Version: "2012-10-17",
      Statement: [{Effect: Allow, Action: "s3:ListBucket", Resource: "*"}]}}
groups:
  devs: {policies: [Deploy], inline_policies: {mfa: {Version: "2012-10-17",
      Statement: [{Effect: Allow, Action: "iam:ListMFADevices", Resource: "*"}]}}}
users:
  bob:
    policies: [Deploy]
    groups: [devs]
    inline_policies: {own: {Version: "2012-10-17",
        Statement: [{Effect: Allow, Action: "iam:GetUser", Resource: "arn:aws:iam::123456789012:user/${aws:username}"}]}}
    access_key: {profile: relay}
roles:
  runner:
    trust: {users: [bob]}
    policies: [Deploy]
buckets:
  relay-data-x: {force_destroy: true}
"#;

fn applied() -> Project {
    let project = Project::empty().in_sandbox();
    project.write("web.yaml", WHOLE);
    project.expect(0, &["apply", "web.yaml", "--yes"]);
    project
}

fn account(project: &Project) -> serde_json::Value {
    serde_json::from_str(&project.read("state/sandbox.json")).unwrap()
}

#[track_caller]
fn says(run: &Run, lines: &[&str]) {
    for line in lines {
        assert!(run.told().contains(line), "{line:?} is missing in\n{}", run.told());
    }
}

#[track_caller]
fn lacks(run: &Run, lines: &[&str]) {
    for line in lines {
        assert!(!run.told().contains(line), "{line:?} is in\n{}", run.told());
    }
}

#[track_caller]
fn empty(project: &Project) {
    project.expect(0, &["plan", "web.yaml", "--detailed-exitcode"]);
}

#[test]
fn a_user_and_a_group_are_renamed_in_place_and_keep_everything() {
    let project = applied();
    let before = account(&project);
    let credentials = project.read("state/sandbox/home/.aws/credentials");
    let renamed = WHOLE.replace("bob", "robert").replace("devs", "people");
    let moved =
        "moved: [{from: user.bob, to: user.robert}, {from: groups.devs, to: groups.people}]";
    project.write("web.yaml", &format!("{renamed}{moved}\n"));
    let plan = project.expect(0, &["plan", "web.yaml"]);
    says(
        &plan,
        &[
            "# user.robert will be updated in place (renamed: it is user.bob now)",
            "~ name = \"bob\" -> \"robert\"",
            "# group.people will be updated in place",
            "0 to add, 2 to change, 0 to destroy",
            "uses ${aws:username}, which changes",
            "Policies of others may name arn:aws:iam::123456789012:user/bob",
        ],
    );
    let denied = project.expect(1, &["plan", "web.yaml", "--deny-widening"]);
    says(&denied, &["this plan widens access, or may do so", "robert"]);
    project.expect(0, &["plan", "web.yaml"]);
    project.expect(0, &["apply"]);
    empty(&project);
    let after = account(&project);
    let (was, is) = (&before["users"]["bob"], &after["users"]["robert"]);
    for part in ["id", "keys", "attached", "inline", "tags"] {
        assert_eq!(was[part], is[part], "{part}");
    }
    assert_eq!(after["groups"]["people"]["members"], serde_json::json!(["robert"]));
    assert_eq!(before["groups"]["devs"]["id"], after["groups"]["people"]["id"]);
    assert_eq!(project.read("state/sandbox/home/.aws/credentials"), credentials);
    // An entry that was done is silent, and one that is gone, too.
    project.write("web.yaml", &renamed);
    empty(&project);
    let listed = project.expect(0, &["state", "list", "web.yaml"]).stdout;
    assert!(!listed.contains("bob") && !listed.contains("devs"), "{listed}");
}

#[test]
fn parts_that_change_with_the_name_are_changed_under_the_new_one() {
    let project = applied();
    let renamed = WHOLE.replace("bob", "robert").replace(
        "    policies: [Deploy]\n    groups: [devs]\n",
        "    policies: [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]\n",
    );
    project.write("web.yaml", &format!("{renamed}moved: [{{from: user.bob, to: user.robert}}]\n"));
    let applied = project.expect(0, &["apply", "web.yaml", "--yes"]);
    says(&applied, &["1 added, 1 changed, 2 destroyed"]);
    empty(&project);
    let after = account(&project);
    assert_eq!(
        after["users"]["robert"]["attached"],
        serde_json::json!(["arn:aws:iam::aws:policy/ReadOnlyAccess"])
    );
    assert_eq!(after["groups"]["devs"]["members"], serde_json::json!([]));
}

/// Gives the policy, the role and the bucket other names in the manifest.
fn rename_what_is_made_anew(project: &Project) {
    let renamed = WHOLE
        .replace("Deploy", "Release")
        .replace("runner", "worker")
        .replace("relay-data-x", "relay-data-y");
    let moved = "moved: [{from: policy.Deploy, to: policy.Release}, \
        {from: role.runner, to: role.worker}, \
        {from: bucket.relay-data-x, to: bucket.relay-data-y}]";
    project.write("web.yaml", &format!("{renamed}{moved}\n"));
}

#[test]
fn a_policy_a_role_and_a_bucket_are_made_anew_before_the_old_ones_go() {
    let project = applied();
    rename_what_is_made_anew(&project);
    let run = project.expect(0, &["apply", "web.yaml", "--yes"]);
    let order = |line: &str| {
        run.stderr.find(line).unwrap_or_else(|| panic!("{line} is missing in {}", run.told()))
    };
    for (new, old) in [
        ("role.worker: Creation complete", "role.runner: Destroying"),
        (
            "role_policy_attachment.worker/Release: Creation complete",
            "role_policy_attachment.runner/Deploy: Destroying",
        ),
        (
            "user_policy_attachment.bob/Release: Creation complete",
            "user_policy_attachment.bob/Deploy: Destroying",
        ),
        ("policy.Release: Creation complete", "policy.Deploy: Destroying"),
        ("bucket.relay-data-y: Creation complete", "bucket.relay-data-x: Destroying"),
    ] {
        assert!(order(new) < order(old), "{new} comes after {old}\n{}", run.told());
    }
    empty(&project);
}

#[test]
fn what_looks_like_a_new_name_is_told_before_anything_is_destroyed() {
    let project = applied();
    project.write("web.yaml", &WHOLE.replace("Deploy", "Release"));
    let plan = project.expect(0, &["plan", "web.yaml"]);
    says(
        &plan,
        &[
            "policy.Deploy is destroyed and policy.Release is created, which looks like one policy",
            "- {from: policy.Deploy, to: policy.Release}",
        ],
    );
    project.write("web.yaml", &WHOLE.replace("bob", "robert"));
    let plan = project.expect(0, &["plan", "web.yaml"]);
    says(&plan, &["- {from: user.bob, to: user.robert}", "renamed in place"]);
    let other = WHOLE.replace("relay-data-x", "quite-another-bucket");
    project.write("web.yaml", &other);
    lacks(&project.expect(0, &["plan", "web.yaml"]), &["looks like"]);
}

#[test]
fn a_name_in_another_case_is_the_same_name() {
    let project = applied();
    let before = account(&project);
    project.write("web.yaml", &WHOLE.replace("bob", "Bob").replace("devs", "Devs"));
    project.expect(0, &["apply", "web.yaml", "--yes"]);
    let after = account(&project);
    assert_eq!(after["users"]["Bob"]["id"], before["users"]["bob"]["id"]);
    assert_eq!(after["groups"]["Devs"]["members"], serde_json::json!(["Bob"]));
    empty(&project);
    // A role has to go first, and the plan says so. A copy stands for the policy.
    project.write(
        "web.yaml",
        &WHOLE
            .replace("bob", "Bob")
            .replace("devs", "Devs")
            .replace("runner", "Runner")
            .replace("Deploy", "deploy"),
    );
    let plan = project.expect(0, &["plan", "web.yaml"]);
    says(
        &plan,
        &[
            "role.runner is destroyed before role.Runner is created, because IAM does not \
                distinguish their names",
            "policy.Deploy: relayctl-temporary-Deploy, on group.Devs, user.Bob",
        ],
    );
    project.expect(0, &["apply"]);
    empty(&project);
    // Somebody else's name in another case is forecast.
    let mut theirs = account(&project);
    let mut user = theirs["users"]["Bob"].clone();
    user["name"] = "Carol".into();
    user["id"] = "AIDACAROL".into();
    user["tags"] = serde_json::json!({});
    user["keys"] = serde_json::json!({});
    theirs["users"]["Carol"] = user;
    project.write("state/sandbox.json", &theirs.to_string());
    let more = project.read("web.yaml").replace("users:\n", "users:\n  carol: {}\n");
    project.write("web.yaml", &more);
    let plan = project.expect(1, &["plan", "web.yaml"]);
    says(&plan, &["IAM does not distinguish its name from that of user Carol"]);
}

#[test]
fn what_is_let_go_of_stays_without_the_tags_and_is_not_found_again() {
    let project = applied();
    let less = WHOLE.split("buckets:").next().unwrap();
    project.write(
        "web.yaml",
        &format!("{less}removed: [{{from: bucket.relay-data-x, destroy: false}}]\n"),
    );
    let plan = project.expect(0, &["plan", "web.yaml"]);
    says(
        &plan,
        &["bucket.relay-data-x", "let go: it stays, and is no longer managed", "0 to destroy"],
    );
    project.expect(0, &["apply"]);
    let bucket = account(&project)["buckets"]["relay-data-x"].clone();
    assert!(!bucket.is_null() && bucket["tags"] == serde_json::json!({}), "{bucket}");
    empty(&project);
    std::fs::remove_file(project.path("state/sandbox/web.json")).unwrap();
    // Without a state nothing tells whose the group is, so it is refused.
    let plan = project.expect(1, &["plan", "web.yaml", "--recover"]);
    says(&plan, &["0 to destroy, 1 refused"]);
    lacks(&plan, &["bucket.relay-data-x"]);
}

#[test]
fn prevent_destroy_is_remembered_when_the_resource_leaves_the_manifest() {
    let project = Project::empty().in_sandbox();
    let kept = WHOLE.replace("{force_destroy: true}", "{lifecycle: {prevent_destroy: true}}");
    project.write("web.yaml", &kept);
    project.expect(0, &["apply", "web.yaml", "--yes"]);
    let less = kept.split("buckets:").next().unwrap().to_owned();
    project.write("web.yaml", &less);
    let plan = project.expect(1, &["plan", "web.yaml"]);
    says(
        &plan,
        &[
            "this plan would destroy bucket.relay-data-x, which the state protects",
            "destroy: false",
        ],
    );
    project.expect(1, &["apply", "web.yaml", "--yes"]);
    // Without the protection it may go.
    project.write("web.yaml", &WHOLE.replace("{force_destroy: true}", "{}"));
    project.expect(0, &["apply", "web.yaml", "--yes"]);
    project.write("web.yaml", &less);
    project.expect(0, &["apply", "web.yaml", "--yes"]);
    assert!(account(&project)["buckets"]["relay-data-x"].is_null());
}

#[test]
fn a_manifest_gets_another_name_and_keeps_what_it_made() {
    let project = applied();
    let before = account(&project);
    project.write("web.yaml", &WHOLE.replace("name: web", "name: site"));
    let plan = project.expect(1, &["plan", "web.yaml"]);
    says(&plan, &["moved: [{from_manifest: web}]", "unique_name: web"]);
    let moved = WHOLE.replace("name: web", "name: site") + "moved: [{from_manifest: web}]\n";
    project.write("web.yaml", &moved);
    let plan = project.expect(0, &["plan", "web.yaml"]);
    says(&plan, &["\"relayctl:manifest\" = \"web\" -> \"site\"", "0 to add", "0 to destroy"]);
    // The saved plan moves the state when it is applied.
    project.expect(0, &["apply"]);
    empty(&project);
    project.write("web.yaml", &WHOLE.replace("name: web", "name: site"));
    empty(&project);
    let after = account(&project);
    assert_eq!(after["users"]["bob"]["id"], before["users"]["bob"]["id"]);
    assert_eq!(after["users"]["bob"]["tags"]["relayctl:manifest"], "site");
    // The old manifest owns nothing any more.
    project.write("old.yaml", WHOLE);
    let old = project.expect(1, &["plan", "old.yaml"]);
    says(&old, &["belongs to the manifest \"site\"", "0 to destroy"]);

    // And back again, at once.
    let run = project.expect(0, &["state", "rename", "site", "web"]);
    says(&run, &["unique_name: site", "name: web"]);
    project.write("web.yaml", WHOLE);
    empty(&project);
}

#[test]
fn a_name_that_was_unique_stays_with_unique_name() {
    let project = Project::empty().in_sandbox();
    let manifest = WHOLE.replace("relay-data-x", "relay-${unique}");
    project.write("web.yaml", &manifest);
    project.expect(0, &["apply", "web.yaml", "--yes"]);
    let renamed = manifest.replace("name: web", "name: site\nunique_name: web");
    project.write("web.yaml", &format!("{renamed}moved: [{{from_manifest: web}}]\n"));
    let plan = project.expect(0, &["plan", "web.yaml"]);
    says(&plan, &["0 to add", "0 to destroy"]);
    project.expect(0, &["apply"]);
    empty(&project);
}

const BOUNDARY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/// The whole, after others have set on the role, the policy and the bucket what the manifest
/// doesn't.
fn with_settings_of_others() -> Project {
    let project = applied();
    let mut account = account(&project);
    let role = &mut account["roles"]["runner"];
    role["boundary"] = BOUNDARY.into();
    role["description"] = "looked after by the platform team".into();
    role["max_session_duration"] = 7200.into();
    role["tags"]["cost-centre"] = "4711".into();
    role["tags"]["aws:cloudformation:stack-name"] = "legacy".into();
    account["policies"]["Deploy"]["tags"]["team"] = "a".into();
    account["buckets"]["relay-data-x"]["tags"]["team"] = "b".into();
    account["buckets"]["relay-data-x"]["tags"]["aws:createdBy"] = "stack".into();
    project.write("state/sandbox.json", &account.to_string());
    project
}

#[track_caller]
fn keeps_what_others_set(role: &serde_json::Value) {
    assert_eq!(role["boundary"], BOUNDARY);
    assert_eq!(role["description"], "looked after by the platform team");
    assert_eq!(role["max_session_duration"], 7200);
    assert_eq!(role["tags"]["cost-centre"], "4711");
    assert!(role["tags"].get("aws:cloudformation:stack-name").is_none());
}

#[test]
fn what_others_set_on_a_role_a_policy_and_a_bucket_is_on_those_with_the_new_names() {
    let project = with_settings_of_others();
    rename_what_is_made_anew(&project);
    let plan = project.expect(0, &["plan", "web.yaml"]);
    says(
        &plan,
        &[
            "permissions_boundary arn:aws:iam::aws:policy/ReadOnlyAccess: not set by the manifest, \
                carried over from role.runner",
            "description looked after by the platform team: not set by the manifest, carried over",
            "max_session_duration 7200: not set by the manifest, carried over from role.runner",
            "tags.cost-centre: not set by the manifest, carried over from role.runner",
            "tags.aws:cloudformation:stack-name: set by AWS, and lost: nobody can set it",
            "tags.team: not set by the manifest, carried over from policy.Deploy",
            "tags.team: not set by the manifest, carried over from bucket.relay-data-x",
            "tags.aws:createdBy: set by AWS, and lost: nobody can set it on the new object",
            "settings that the manifest does not name are not carried over from bucket.relay-data-x",
        ],
    );
    project.expect(0, &["apply"]);
    let after = account(&project);
    keeps_what_others_set(&after["roles"]["worker"]);
    let policy = &after["policies"]["Release"];
    assert_eq!(policy["tags"]["team"], "a");
    let tags = &after["buckets"]["relay-data-y"]["tags"];
    assert_eq!((&tags["team"], tags.get("aws:createdBy")), (&"b".into(), None));
    assert!(after["roles"].get("runner").is_none(), "{}", after["roles"]);
    lacks(&project.expect(0, &["plan", "web.yaml", "--detailed-exitcode"]), &["carried over"]);
    assert!(!project.read("state/sandbox/web.json").contains("carried"));
}

#[test]
fn a_target_with_a_name_in_another_case_takes_the_other_one_along() {
    for target in ["role.runner", "role.Runner"] {
        let project = with_settings_of_others();
        project.write("web.yaml", &WHOLE.replace("runner", "Runner"));
        project.expect(0, &["apply", "web.yaml", "--yes", "--target", target]);
        keeps_what_others_set(&account(&project)["roles"]["Runner"]);
        empty(&project);
    }
}

#[test]
fn an_old_name_is_no_target_without_the_new_one() {
    let project = with_settings_of_others();
    let renamed = WHOLE.replace("runner", "worker");
    let moved = "moved: [{from: role.runner, to: role.worker}]\n";
    project.write("web.yaml", &format!("{renamed}{moved}"));
    project.expect(0, &["apply", "web.yaml", "--yes", "--target", "role.runner"]);
    let roles = account(&project)["roles"].clone();
    keeps_what_others_set(&roles["worker"]);
    assert_eq!(roles["worker"]["attached"].as_array().map(Vec::len), Some(1), "{roles}");
    assert!(roles.get("runner").is_none(), "{roles}");
}

#[test]
fn an_old_object_keeps_its_policies_while_the_new_one_is_refused() {
    let project = with_settings_of_others();
    let mut theirs = account(&project);
    let mut role = theirs["roles"]["runner"].clone();
    role["name"] = "worker".into();
    role["id"] = "AROATHEIRS".into();
    role["tags"] = serde_json::json!({});
    theirs["roles"]["worker"] = role;
    project.write("state/sandbox.json", &theirs.to_string());
    let renamed = WHOLE.replace("runner", "worker");
    let moved = "moved: [{from: role.runner, to: role.worker}]\n";
    project.write("web.yaml", &format!("{renamed}{moved}"));
    let before = account(&project)["roles"].clone();
    let plan = project.expect(1, &["plan", "web.yaml"]);
    says(&plan, &["0 to destroy, 1 refused"]);
    project.expect(1, &["apply", "web.yaml", "--yes"]);
    assert_eq!(account(&project)["roles"], before);
}
