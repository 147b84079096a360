//! Instance profiles by the real binary, in the sandbox: made, changed, left alone, refused, found
//! again, removed.

use relayctl::call::{IamWrite, StepOutput, Write};
use relayctl::port::Provider;
use relayctl::provider::sandbox::{Sandbox, UnmanagedObject};
use serde_json::{Value, json};

use crate::support::moto::Moto;
use crate::support::project::{Project, Run, says};

const MANIFEST: &str = "dev.yaml";
const ACCOUNT: &str = "123456789012";

const WHOLE: &str = r#"version: 1
name: dev
account: "123456789012"
region: us-east-1
tags: {team: relay}
roles:
  web:
    trust: {services: [ec2.amazonaws.com]}
    instance_profile: true
  worker:
    trust: {services: [ec2.amazonaws.com]}
    instance_profile: pool
instance_profiles:
  pool: {path: /app/, tags: {tier: back}}
  spare: {}
"#;

fn project(manifest: &str) -> Project {
    let project = Project::empty().in_sandbox();
    project.write(MANIFEST, manifest);
    project
}

fn applied() -> Project {
    let project = project(WHOLE);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project
}

/// The manifest with one part in another's place, applied.
fn changed(project: &Project, part: &str, by: &str) -> Run {
    assert!(WHOLE.contains(part), "{part}");
    project.write(MANIFEST, &WHOLE.replace(part, by));
    let run = project.expect(0, &["apply", MANIFEST, "--yes"]);
    project.expect_no_changes(MANIFEST);
    run
}

fn sandbox(project: &Project) -> Sandbox {
    Sandbox::open(&project.path("state/sandbox.json"), ACCOUNT, "us-east-1").unwrap()
}

/// The instance profiles of the account: the role in each.
fn profiles(project: &Project) -> Value {
    let contents = sandbox(project).contents().unwrap();
    let profiles = contents["instance_profiles"].as_object().unwrap().iter();
    profiles.map(|(name, profile)| (name.clone(), profile["role"].clone())).collect()
}

#[test]
fn profiles_are_made_with_their_roles_and_then_nothing_is_left_to_do() {
    let project = project(WHOLE);
    let plan = project.expect(0, &["plan", MANIFEST]);
    says(
        &plan.stdout,
        &[
            "# instance_profile.web will be created",
            "arn:aws:iam::123456789012:instance-profile/app/pool",
            "# instance_profile_role.pool will be created",
            "+ role    = \"worker\"",
            "iam:CreateInstanceProfile",
            "iam:AddRoleToInstanceProfile",
        ],
    );
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    assert_eq!(profiles(&project), json!({"pool": "worker", "spare": null, "web": "web"}));
    let tags = sandbox(&project).contents().unwrap()["instance_profiles"]["pool"]["tags"].clone();
    assert_eq!((&tags["team"], &tags["tier"]), (&json!("relay"), &json!("back")));
    project.expect_no_changes(MANIFEST);
    let outputs = project.expect(0, &["output", MANIFEST]).stdout;
    says(
        &outputs,
        &["instance_profiles.web.arn", "arn:aws:iam::123456789012:instance-profile/web"],
    );
    project.expect(0, &["destroy", MANIFEST, "--yes"]);
    assert_eq!(profiles(&project), json!({}));
}

#[test]
fn another_role_takes_the_place_of_the_old_one_and_the_plan_says_that_there_is_a_gap() {
    let project = applied();
    let swapped = WHOLE.replace("instance_profile: true", "instance_profile: spare");
    project.write(MANIFEST, &swapped.replace("instance_profile: pool", "instance_profile: web"));
    // The profile of the first role's name is declared by the other one now.
    let plan = project.expect(0, &["plan", MANIFEST]);
    says(
        &plan.stdout,
        &[
            "~ instance_profile_role.web",
            "~ role = \"web\" -> \"worker\"",
            "IAM takes one role in an instance profile, so the old role leaves before",
            "instance profile web: role web, then worker",
            "aws ec2 replace-iam-instance-profile-association",
        ],
    );
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    assert_eq!(profiles(&project), json!({"pool": null, "spare": "web", "web": "worker"}));
    project.expect_no_changes(MANIFEST);
}

#[test]
fn a_role_that_is_made_anew_goes_back_into_its_profile() {
    let project = applied();
    let run = changed(&project, "  web:\n", "  web:\n    path: /x/\n");
    says(&run.stdout, &["-/+ role.web", "-/+ instance_profile_role.web"]);
    assert_eq!(profiles(&project), json!({"pool": "worker", "spare": null, "web": "web"}));
    let run = changed(&project, "path: /app/", "path: /jobs/");
    says(&run.stdout, &["-/+ instance_profile.pool", "-/+ instance_profile_role.pool"]);
    assert_eq!(profiles(&project), json!({"pool": "worker", "spare": null, "web": "web"}));
}

#[test]
fn tags_change_in_place_and_a_role_that_leaves_takes_only_the_profile_of_its_own() {
    let project = applied();
    let run = changed(&project, "tags: {tier: back}", "tags: {tier: front}");
    says(&run.stdout, &["iam:TagInstanceProfile", "~ tier"]);
    let part =
        "  worker:\n    trust: {services: [ec2.amazonaws.com]}\n    instance_profile: pool\n";
    changed(&project, part, "");
    assert_eq!(profiles(&project), json!({"pool": null, "spare": null, "web": "web"}));
}

#[test]
fn a_profile_of_others_is_refused_and_their_role_stays_unless_asked() {
    let project = project(&WHOLE.replace("    instance_profile: true\n", ""));
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    let others = UnmanagedObject::InstanceProfile { profile: "web".into(), role: "web".into() };
    sandbox(&project).add(&others).unwrap();
    project.write(MANIFEST, WHOLE);
    let refused = project.expect(1, &["plan", MANIFEST]);
    says(&refused.stdout, &["# instance_profile.web is refused"]);
    // Somebody puts a role into a profile of the manifest.
    project.write(MANIFEST, &WHOLE.replace("    instance_profile: true\n", ""));
    let others = UnmanagedObject::InstanceProfile { profile: "spare".into(), role: "web".into() };
    sandbox(&project).add(&others).unwrap();
    project.expect_no_changes(MANIFEST);
    let refused = project.expect(1, &["destroy", MANIFEST, "--yes"]);
    says(&refused.told(), &["role web", "--allow-delete-foreign"]);
    project.expect(0, &["destroy", MANIFEST, "--yes", "--allow-delete-foreign"]);
    assert_eq!(profiles(&project), json!({"web": null}));
}

/// Somebody else's role took the place of the manifest's, which then leaves the manifest.
#[test]
fn a_role_that_others_put_in_place_of_ours_stays() {
    let project = applied();
    let theirs = UnmanagedObject::InstanceProfile { profile: "pool".into(), role: "web".into() };
    let remove =
        IamWrite::RemoveRoleFromInstanceProfile { role: "worker".into(), profile: "pool".into() };
    let sandbox = sandbox(&project);
    futures::executor::block_on(sandbox.write(&Write::Iam(remove), &StepOutput::default()))
        .unwrap();
    sandbox.add(&theirs).unwrap();
    drop(sandbox);
    project.write(MANIFEST, &WHOLE.replace("    instance_profile: pool\n", ""));
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    assert_eq!(profiles(&project)["pool"], "web");
    project.expect_no_changes(MANIFEST);
}

/// A profile that another manifest took over after the plan was made is not touched.
#[test]
fn a_role_is_put_into_no_profile_that_is_anothers_by_now() {
    let project = applied();
    let swapped = WHOLE.replace("instance_profile: pool", "instance_profile: spare");
    project.write(MANIFEST, &swapped);
    project.expect(0, &["plan", MANIFEST]);
    let tags = [("relayctl:manifest".to_owned(), "other".to_owned())].into();
    let take = IamWrite::TagInstanceProfile { profile: "spare".into(), tags };
    let sandbox = sandbox(&project);
    futures::executor::block_on(sandbox.write(&Write::Iam(take), &StepOutput::default())).unwrap();
    drop(sandbox);
    let failed = project.expect(1, &["apply"]);
    says(&failed.told(), &["instance_profile.spare belongs to the manifest \"other\" now"]);
    assert_eq!(profiles(&project)["spare"], Value::Null);
}

#[test]
fn a_lost_state_is_found_again_with_the_roles_in_the_profiles() {
    let project = applied();
    std::fs::remove_file(project.path("state/sandbox/dev.json")).unwrap();
    project.expect_no_changes(MANIFEST);
    let rest = "version: 1\nname: dev\naccount: \"123456789012\"\nregion: us-east-1\n";
    project.write(MANIFEST, rest);
    let plan = project.expect(0, &["plan", MANIFEST]);
    says(&plan.stdout, &["instance_profile.pool", "instance_profile.spare", "role.worker"]);
}

#[test]
fn a_profile_holds_one_role_of_this_manifest() {
    for (part, by, code) in [
        ("instance_profile: true", "instance_profile: pool", "several-roles"),
        ("  spare: {}", "  spare: {role: wbe}", "unknown-reference"),
        ("  spare: {}", "  Pool: {}", "duplicate-name"),
        ("  spare: {}", "  \"sp are\": {}", "bad-name"),
        ("path: /app/", "path: app", "bad-path"),
        ("instance_profile: true", "instance_profile: [a]", "wrong-type"),
    ] {
        assert!(WHOLE.contains(part), "{part}");
        let refused = project(&WHOLE.replace(part, by)).expect(1, &["validate", MANIFEST]);
        assert!(refused.told().contains(&format!("error[{code}]")), "{by}: {}", refused.told());
    }
}

#[test]
fn an_independent_client_sees_the_profiles_and_a_lost_state_is_found_again() {
    let moto = Moto::start();
    let project = Project::empty().against(&moto);
    project.write(MANIFEST, WHOLE);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project.expect_no_changes(MANIFEST);
    let pool = moto.aws(&["iam", "get-instance-profile", "--instance-profile-name", "pool"]);
    let pool = &pool["InstanceProfile"];
    assert_eq!((&pool["Path"], &pool["Roles"][0]["RoleName"]), (&json!("/app/"), &json!("worker")));
    let keys: Vec<&Value> = pool["Tags"].as_array().unwrap().iter().map(|it| &it["Key"]).collect();
    assert!(keys.contains(&&json!("tier")) && keys.contains(&&json!("team")), "{keys:?}");
    let run = changed(&project, "instance_profile: pool", "instance_profile: spare");
    says(&run.stdout, &["instance_profile_role.spare"]);
    std::fs::remove_file(project.path("state/dev.json")).unwrap();
    project.write(MANIFEST, &WHOLE.replace("  spare: {}\n", ""));
    let plan = project.expect(0, &["plan", MANIFEST]);
    says(&plan.stdout, &["instance_profile.spare"]);
    project.expect(0, &["destroy", MANIFEST, "--yes", "--recover"]);
    let left = moto.aws(&["iam", "list-instance-profiles"]);
    assert_eq!(left["InstanceProfiles"], json!([]));
}
