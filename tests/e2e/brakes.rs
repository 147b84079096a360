//! The brakes of a plan: `prevent_destroy`, and the limits of the manifest.

use relayctl::provider::sandbox::{Sandbox, UnmanagedObject};

use crate::support::project::{Project, Run};

const MANIFEST: &str = "dev.yaml";

/// Three policies and a protected user, applied.
fn applied() -> Project {
    let project = Project::empty().in_sandbox();
    project.write(MANIFEST, &manifest(""));
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project
}

fn manifest(more: &str) -> String {
    let document = "{document: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 's3:ListBucket', Resource: '*'}]}}";
    let policies = ["A", "B", "C"].map(|name| format!("  {name}: {document}\n")).concat();
    format!(
        "version: 1\nname: dev\naccount: \"123456789012\"\nregion: \
            us-east-1\n{more}policies:\n{policies}users:\n  serverless:\n    lifecycle: \
            {{prevent_destroy: true}}\n"
    )
}

fn without_policies(more: &str) -> String {
    let whole = manifest(more);
    let (before, after) = (whole.find("policies:").unwrap(), whole.find("users:").unwrap());
    format!("{}{}", &whole[..before], &whole[after..])
}

#[track_caller]
fn says(run: &Run, text: &str) {
    assert!(run.stderr.contains(text), "{text}\n---\n{}\n---\n{}", run.stdout, run.stderr);
}

#[track_caller]
fn nothing_waits(project: &Project) {
    says(&project.expect(1, &["apply"]), "no plan is waiting");
}

#[test]
fn what_is_protected_is_not_destroyed_and_the_place_of_its_protection_is_told() {
    let project = applied();
    for arguments in [["plan", MANIFEST, "--destroy"], ["destroy", MANIFEST, "--yes"]] {
        let refused = project.expect(1, &arguments);
        assert!(refused.stdout.contains("user.serverless will be destroyed"), "{}", refused.stdout);
        says(&refused, "error[prevent-destroy]: this plan would destroy user.serverless");
        says(&refused, "dev.yaml:11:34");
        says(&refused, "this plan must not be applied as it is");
    }
    nothing_waits(&project);
    assert!(project.read("state/sandbox.json").contains("\"A\""));
    // No flag overrules it; what else there is may go by itself.
    project.expect(1, &["destroy", MANIFEST, "--yes", "--override-limits"]);
    project.expect(0, &["destroy", MANIFEST, "--yes", "--target", "policy.A"]);
    project.edit(MANIFEST, "prevent_destroy: true", "prevent_destroy: false");
    project.expect(0, &["destroy", MANIFEST, "--yes"]);
}

#[test]
fn what_is_protected_is_not_replaced_either() {
    let project = Project::empty().in_sandbox();
    let with = |path: &str| {
        format!(
            "version: 1\nname: dev\naccount: \"123456789012\"\nregion: us-east-1\nroles:\n  \
                runner:\n    path: {path}\n    trust: {{services: [lambda.amazonaws.com]}}\n    \
                lifecycle: {{prevent_destroy: true}}\n"
        )
    };
    project.write(MANIFEST, &with("/"));
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project.write(MANIFEST, &with("/team/"));
    says(&project.expect(1, &["plan", MANIFEST]), "this plan would replace role.runner");
}

#[test]
fn a_bucket_is_protected_in_the_map_that_also_holds_its_rules() {
    let project = Project::empty().in_sandbox();
    let head = "version: 1\nname: dev\naccount: \"123456789012\"\nregion: us-east-1\nbuckets:\n  \
        some-relay-bucket:\n";
    let rules = "[{id: old, expiration_days: 30}]";
    project.write(MANIFEST, &format!("{head}    lifecycle: {rules}\n"));
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project.write(
        MANIFEST,
        &format!("{head}    lifecycle: {{prevent_destroy: true, rules: {rules}}}\n"),
    );
    project.expect(0, &["plan", MANIFEST, "--detailed-exitcode"]);
    says(
        &project.expect(1, &["destroy", MANIFEST, "--yes"]),
        "this plan would destroy bucket.some-relay-bucket",
    );
}

#[test]
fn a_plan_that_destroys_more_than_the_limit_is_printed_and_neither_saved_nor_applied() {
    let project = applied();
    project.write(MANIFEST, &without_policies("limits: {max_destroy: 2}\n"));
    let refused = project.expect(1, &["plan", MANIFEST]);
    assert!(
        refused.stdout.contains("Plan: 0 to add, 0 to change, 3 to destroy."),
        "{}",
        refused.stdout
    );
    says(&refused, "error[limit-exceeded]: this plan destroys 3 resources, and the limit is 2");
    says(&refused, "dev.yaml:5:23");
    nothing_waits(&project);
    project.expect(1, &["apply", MANIFEST, "--yes"]);
    assert!(project.read("state/sandbox/dev.json").contains("policy.C"));
    project.expect(0, &["plan", MANIFEST, "--override-limits"]);
    project.expect(0, &["apply"]);
    assert!(!project.read("state/sandbox/dev.json").contains("policy.C"));
}

#[test]
fn a_plan_that_changes_more_of_what_is_recorded_than_the_limit_says_is_refused() {
    let project = applied();
    project.write(MANIFEST, &manifest("limits: {max_change_percent: 25}\ntags: {stage: dev}\n"));
    let refused = project.expect(1, &["apply", MANIFEST, "--yes"]);
    says(
        &refused,
        "this plan changes, replaces or destroys 4 of 4 resources in the state, 100 percent, and \
            the limit is 25 percent",
    );
    project.expect(0, &["apply", MANIFEST, "--yes", "--override-limits"]);
}

#[test]
fn limits_that_make_no_sense_are_errors() {
    let project = Project::empty().in_sandbox();
    project.write(MANIFEST, &manifest("limits: {max_destroy: -1, max_change_percent: 101}\n"));
    let refused = project.expect(1, &["validate", MANIFEST]);
    says(&refused, "`max_destroy` cannot be -1");
    says(&refused, "`max_change_percent` cannot be 101");
}

/// A user of the account who may do everything, and plans as that.
fn acting() -> Project {
    let project = Project::empty().in_sandbox();
    project.write(MANIFEST, &administrators("\"*\""));
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project
}

fn administrators(action: &str) -> String {
    format!(
        "version: 1\nname: dev\naccount: \"123456789012\"\nregion: us-east-1\npolicies:\n  All: \
            {{document: {{Version: \
         '2012-10-17', Statement: [{{Effect: Allow, Action: [{action}], Resource: \
         '*'}}]}}}}\nusers:\n  \
         ada: {{policies: [All]}}\n  bob: {{policies: [All]}}\n"
    )
}

fn as_ada<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["--sandbox-enforce", "user/ada"], arguments].concat()
}

#[test]
fn nobody_takes_their_own_policy_away_by_accident() {
    let project = acting();
    project.edit(MANIFEST, "ada: {policies: [All]}", "ada: {}");
    let refused = project.expect(1, &as_ada(&["plan", MANIFEST]));
    says(
        &refused,
        "this plan removes user_policy_attachment.ada/All, and you are user.ada yourself",
    );
    says(&refused, "lack permissions that undo it: iam:AttachUserPolicy");
    nothing_waits(&project);
    project.expect(0, &as_ada(&["plan", MANIFEST, "--allow-lockout"]));
    // Whoever else does it is not concerned.
    project.expect(0, &["plan", MANIFEST]);
}

#[test]
fn an_edit_that_takes_the_right_to_undo_it_is_refused_and_another_is_not() {
    let project = acting();
    project.write(MANIFEST, &administrators("\"s3:*\", \"iam:Get*\", \"iam:List*\""));
    let refused = project.expect(1, &as_ada(&["plan", MANIFEST]));
    says(
        &refused,
        "after this plan you, user.ada, lack permissions that undo it: iam:CreatePolicyVersion",
    );
    project.write(MANIFEST, &administrators("\"iam:*\""));
    project.expect(0, &as_ada(&["plan", MANIFEST]));
}

#[test]
fn nobody_destroys_the_user_that_they_are() {
    let project = acting();
    let refused = project.expect(1, &as_ada(&["destroy", MANIFEST, "--yes"]));
    says(&refused, "this plan removes user.ada, and you are user.ada yourself");
    assert!(project.read("state/sandbox.json").contains("\"ada\""));
}

#[test]
fn nobody_rotates_their_own_key_by_accident() {
    let project = acting();
    project.edit(
        MANIFEST,
        "ada: {policies: [All]}",
        "ada: {policies: [All], access_key: {profile: ada}}",
    );
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    let refused = project.expect(1, &as_ada(&["keys", "rotate", MANIFEST, "--yes"]));
    says(&refused, "this plan rotates access_key.ada, and you are user.ada yourself");
    project.expect(0, &as_ada(&["keys", "rotate", MANIFEST, "--yes", "--allow-lockout"]));
    assert_eq!(
        project.read("state/sandbox.json").matches("\"AKIA").count(),
        2,
        "the old one is only inactive"
    );
}

/// Ada may do everything by her group, and only look by herself.
const BY_GROUP: &str = r#"version: 1
name: dev
account: "123456789012"
region: us-east-1
policies:
  All: {document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "*", Resource: "*"}]}}
  Look: {document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: ["iam:Get*", "iam:List*"], Resource: "*"}]}}
groups:
  admins: {policies: [All]}
  others: {}
users:
  ada: {groups: [admins], policies: [Look]}
  bob: {groups: [admins]}
"#;

/// The whole of it applied, and then the manifest with these parts in others' places.
fn by_group(changes: &[(&str, &str)]) -> Project {
    let project = Project::empty().in_sandbox();
    project.write(MANIFEST, BY_GROUP);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    for (part, other) in changes {
        project.edit(MANIFEST, part, other);
    }
    project
}

/// A plan by Ada that must be refused in these words, unless somebody else makes it.
#[track_caller]
fn locks_ada_out(project: &Project, words: &[&str]) {
    for arguments in [["plan", MANIFEST].as_slice(), &["apply", MANIFEST, "--yes"]] {
        let refused = project.expect(1, &as_ada(arguments));
        for text in words {
            says(&refused, text);
        }
    }
    nothing_waits(project);
    project.expect(0, &["plan", MANIFEST]);
}

const NO_MORE: &str = "after this plan you, user.ada, lack permissions that undo it";

#[test]
fn nobody_leaves_the_group_that_lets_them_come_back() {
    let project = by_group(&[("ada: {groups: [admins]", "ada: {groups: [others]")]);
    let removes =
        "this plan removes user_group_membership.ada/admins, and you are user.ada yourself";
    locks_ada_out(&project, &[removes, NO_MORE, "iam:AddUserToGroup"]);
    project.expect(0, &as_ada(&["plan", MANIFEST, "--allow-lockout"]));
}

#[test]
fn nobody_takes_the_policy_of_their_own_group_away_by_accident() {
    let project = by_group(&[("admins: {policies: [All]}", "admins: {}")]);
    locks_ada_out(&project, &[NO_MORE, "iam:AttachGroupPolicy"]);
}

#[test]
fn nobody_edits_the_policy_of_their_own_group_so_that_they_cannot_edit_it_again() {
    let project = by_group(&[("Action: \"*\"", "Action: \"s3:*\"")]);
    locks_ada_out(&project, &[NO_MORE, "iam:CreatePolicyVersion"]);
}

#[test]
fn nobody_removes_the_group_that_lets_them_join_it_again() {
    let project = by_group(&[
        ("  admins: {policies: [All]}\n", ""),
        ("ada: {groups: [admins]", "ada: {groups: []"),
        ("bob: {groups: [admins]}", "bob: {}"),
    ]);
    locks_ada_out(&project, &[NO_MORE, "iam:AddUserToGroup, iam:AttachGroupPolicy"]);
}

/// Others put Ada into a group of the manifest's.
#[test]
fn nobody_locks_themselves_out_of_a_group_that_others_put_them_into() {
    let project = by_group(&[]);
    project.edit(MANIFEST, "ada: {groups: [admins], policies: [Look]}", "ada: {policies: [Look]}");
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    let member = UnmanagedObject::Member { group: "admins".to_owned(), user: "ada".to_owned() };
    let account =
        Sandbox::open(&project.path("state/sandbox.json"), "123456789012", "us-east-1").unwrap();
    account.add(&member).unwrap();
    project.edit(MANIFEST, "admins: {policies: [All]}", "admins: {}");
    locks_ada_out(&project, &[NO_MORE, "iam:AttachGroupPolicy"]);
    project.edit(MANIFEST, "admins: {}", "admins: {policies: [All], exclusive_members: true}");
    locks_ada_out(&project, &["this plan removes user_group_membership.ada/admins", NO_MORE]);
}

#[test]
fn a_change_of_ones_group_that_takes_nothing_away_is_not_refused() {
    let project = by_group(&[(
        "ada: {groups: [admins], policies: [Look]}",
        "ada: {groups: [admins], policies: [All]}",
    )]);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    // She may do everything by herself now.
    project.edit(MANIFEST, "admins: {policies: [All]}", "admins: {policies: [Look]}");
    project.expect(0, &as_ada(&["plan", MANIFEST]));
    project.edit(MANIFEST, "others: {}", "others: {policies: [Look]}");
    project.expect(0, &as_ada(&["plan", MANIFEST]));
}
