//! Groups and memberships by the real binary, in the sandbox: made, changed, left alone, refused,
//! taken over, removed.

use relayctl::provider::sandbox::{Sandbox, UnmanagedObject};

use crate::support::project::{Project, Run, says};

const MANIFEST: &str = "dev.yaml";
const ACCOUNT: &str = "123456789012";

const WHOLE: &str = r#"version: 1
name: dev
account: "123456789012"
region: us-east-1
policies:
  Deploy: {document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:ListBucket", Resource: "*"}]}}
groups:
  developers:
    path: /people/
    policies: [Deploy]
    inline_policies:
      mfa: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "iam:ListMFADevices", Resource: "*"}]}
users:
  ada: {groups: [developers]}
  bob: {}
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
    project.expect(0, &["apply", MANIFEST, "--yes"])
}

fn others(project: &Project, thing: &UnmanagedObject) {
    Sandbox::open(&project.path("state/sandbox.json"), ACCOUNT, "us-east-1")
        .unwrap()
        .add(thing)
        .unwrap();
}

#[test]
fn a_group_is_made_with_its_policies_and_members_and_then_nothing_is_left_to_do() {
    let project = project(WHOLE);
    let plan = project.expect(0, &["plan", MANIFEST]);
    says(
        &plan.stdout,
        &[
            "# group.developers will be created",
            "# group_policy.developers/mfa will be created",
            "# group_policy_attachment.developers/Deploy will be created",
            "# user_group_membership.ada/developers will be created",
            "# ada gains s3:ListBucket on *",
            "iam:CreateGroup",
            "iam:AddUserToGroup",
        ],
    );
    assert!(!plan.stdout.contains("bob gains"), "{}", plan.stdout);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project.expect_no_changes(MANIFEST);
    let outputs = project.expect(0, &["output", MANIFEST]).stdout;
    says(&outputs, &["groups.developers.arn", "arn:aws:iam::123456789012:group/people/developers"]);
    project.expect(0, &["destroy", MANIFEST, "--yes"]);
    let rest = Sandbox::open(&project.path("state/sandbox.json"), ACCOUNT, "us-east-1")
        .unwrap()
        .contents()
        .unwrap();
    assert_eq!(rest["groups"], serde_json::json!({}), "{rest:#}");
}

#[test]
fn leaving_a_group_loses_what_it_allows_and_its_path_changes_in_place() {
    let project = applied();
    let left = changed(&project, "ada: {groups: [developers]}", "ada: {groups: []}");
    says(
        &left.stdout,
        &["user_group_membership.ada/developers", "ada loses", "iam:RemoveUserFromGroup"],
    );
    project.expect_no_changes(MANIFEST);
    let moved = changed(&project, "path: /people/", "path: /staff/");
    says(&moved.stdout, &["group.developers", "iam:UpdateGroup"]);
    project.expect_no_changes(MANIFEST);
}

#[test]
fn a_group_that_exists_is_refused_until_it_is_added_to_the_state() {
    let project = project(WHOLE);
    others(
        &project,
        &UnmanagedObject::GroupPolicy {
            group: "developers".into(),
            arn: "arn:aws:iam::aws:policy/ReadOnlyAccess".into(),
        },
    );
    let refused = project.expect(1, &["plan", MANIFEST]);
    says(
        &refused.stdout,
        &[
            "# group.developers is refused",
            "`relayctl state add dev.yaml group.developers --sandbox`",
        ],
    );
    project.expect(0, &["state", "add", MANIFEST, "group.developers"]);
    let again = project.expect(1, &["state", "add", MANIFEST, "group.developers"]);
    says(&again.stderr, &["the state records group.developers already"]);
    let tagged = project.expect(1, &["state", "add", MANIFEST, "user.ada"]);
    says(&tagged.stderr, &["user.ada cannot be added to the state", "give it the tag"]);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project.expect_no_changes(MANIFEST);
}

#[test]
fn what_others_put_into_a_group_stays_unless_it_is_exclusive() {
    let project = applied();
    others(&project, &UnmanagedObject::Member { group: "developers".into(), user: "bob".into() });
    project.expect_no_changes(MANIFEST);
    project.write(
        MANIFEST,
        &WHOLE.replace("path: /people/", "path: /people/\n    exclusive_members: true"),
    );
    let plan = project.expect(0, &["plan", MANIFEST]);
    says(&plan.stdout, &["# user_group_membership.bob/developers will be destroyed", "bob loses"]);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project.expect_no_changes(MANIFEST);
}

#[test]
fn what_is_no_longer_exclusive_takes_nothing_from_others() {
    for (exclusive, plain) in [
        ("path: /people/\n    exclusive_members: true", "path: /people/"),
        ("bob: {exclusive_groups: true}", "bob: {}"),
    ] {
        let project = applied();
        changed(&project, plain, exclusive);
        others(
            &project,
            &UnmanagedObject::Member { group: "developers".into(), user: "bob".into() },
        );
        let left = changed(&project, plain, plain);
        assert!(!left.stdout.contains("user_group_membership.bob"), "{}", left.told());
        project.expect_no_changes(MANIFEST);
    }
}

#[test]
fn a_group_with_others_members_is_not_deleted_unasked() {
    let project = applied();
    others(&project, &UnmanagedObject::Member { group: "developers".into(), user: "bob".into() });
    let refused = project.expect(1, &["plan", MANIFEST, "--destroy"]);
    says(
        &refused.stdout,
        &["# group.developers is refused", "member bob", "--allow-delete-foreign"],
    );
    project.expect(0, &["destroy", MANIFEST, "--yes", "--allow-delete-foreign"]);
}

#[test]
fn a_check_counts_what_a_users_groups_allow() {
    let project = project(&format!(
        "{WHOLE}checks:\n  - users.ada: {{cannot: [\"s3:ListBucket\"], on: \"*\"}}\n"
    ));
    let failed = project.expect(1, &["validate", MANIFEST]);
    says(&failed.told(), &["s3:ListBucket", "policy.Deploy"]);
}

/// A reviewer sees in the first plan that members which the manifest doesn't name will be removed.
#[test]
fn the_first_plan_shows_that_members_or_groups_are_exclusive() {
    let whole = WHOLE
        .replace("path: /people/", "path: /people/\n    exclusive_members: true")
        .replace("groups: [developers]", "groups: [developers], exclusive_groups: true");
    let plan = project(&whole).expect(0, &["plan", MANIFEST]);
    says(&plan.stdout, &["+ exclusive_members = true"]);
    let user = plan.stdout.split("+ user.ada\n").nth(1).expect("the user is created");
    assert!(user.contains("exclusive_groups"), "{user}");
}

/// A membership belongs to its user and its group: it does not matter who made it.
#[test]
fn a_membership_that_exists_is_adopted_once_it_is_declared() {
    let project = applied();
    others(&project, &UnmanagedObject::Member { group: "developers".into(), user: "bob".into() });
    project.write(MANIFEST, &WHOLE.replace("bob: {}", "bob: {groups: [developers]}"));
    let plan = project.expect(0, &["plan", MANIFEST]);
    says(&plan.stdout, &["user_group_membership.bob/developers will be adopted into the state"]);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project.expect_no_changes(MANIFEST);
    project.write(MANIFEST, WHOLE);
    let plan = project.expect(0, &["plan", MANIFEST]);
    says(&plan.stdout, &["user_group_membership.bob/developers will be destroyed"]);
}
