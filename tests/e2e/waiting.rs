//! Plans that wait to be applied: several, dropped, older than their manifest, made by somebody
//! else.

use crate::support::project::{Project, Run};

const DEV: &str = "dev.yaml";
const PROD: &str = "prod.yaml";

fn manifest(name: &str, users: &[&str]) -> String {
    let users: Vec<String> = users.iter().map(|user| format!("  {user}: {{}}\n")).collect();
    let users = users.concat();
    format!(
        "version: 1\nname: {name}\naccount: \"123456789012\"\nregion: us-east-1\nusers:\n{users}"
    )
}

fn project() -> Project {
    let project = Project::empty().in_sandbox();
    project.write(DEV, &manifest("dev", &["ada"]));
    project.write(PROD, &manifest("prod", &["bob", "eve"]));
    project
}

#[track_caller]
fn says(run: &Run, texts: &[&str]) {
    for text in texts {
        assert!(run.stderr.contains(text), "{text}\n{}", run.told());
    }
}

fn waits(project: &Project, name: &str) -> bool {
    project.path(&format!("state/sandbox/{name}.plan.json")).exists()
}

#[test]
fn several_waiting_plans_are_listed_with_what_they_would_do() {
    let project = project();
    project.expect(0, &["plan", DEV]);
    project.expect(0, &["plan", PROD]);
    let refused = project.expect(1, &["apply"]);
    says(
        &refused,
        &[
            "several plans are waiting",
            "state/sandbox/dev.plan.json: dev.yaml: 1 to add, 0 to change, 0 to destroy, saved \
                just now",
            "state/sandbox/prod.plan.json: prod.yaml: 2 to add, 0 to change, 0 to destroy, saved \
                just now",
            "relayctl apply state/sandbox/dev.plan.json --sandbox",
            "relayctl plan --discard state/sandbox/dev.plan.json --sandbox",
        ],
    );
    project.expect(0, &["apply", "state/sandbox/prod.plan.json"]);
    let done = project.expect(0, &["apply"]);
    assert!(done.stdout.contains("1 added"), "{}", done.stdout);
}

#[test]
fn a_plan_is_dropped_by_its_manifest_by_its_file_or_because_it_is_the_only_one() {
    let project = project();
    let plan_both = || {
        project.expect(0, &["plan", DEV]);
        project.expect(0, &["plan", PROD]);
    };
    plan_both();
    says(&project.expect(1, &["plan", "--discard"]), &["several plans are waiting"]);
    let dropped = project.expect(0, &["plan", "--discard", DEV]);
    assert!(
        dropped.stdout.contains("Dropped the plan state/sandbox/dev.plan.json; it was for")
            && dropped.stdout.contains("1 to add"),
        "{}",
        dropped.stdout
    );
    assert!(!waits(&project, "dev") && waits(&project, "prod"));
    project.expect(0, &["plan", "--discard"]);
    assert!(!waits(&project, "prod"));
    plan_both();
    project.expect(0, &["plan", "--discard", "state/sandbox/prod.plan.json"]);
    assert!(waits(&project, "dev") && !waits(&project, "prod"));
    says(&project.expect(1, &["plan", "--discard", PROD]), &["no plan is waiting for prod.yaml"]);
    assert!(
        !project.path("state/sandbox.json").exists() || {
            !project.read("state/sandbox.json").contains("\"ada\"")
        }
    );
}

#[test]
fn the_plan_of_a_manifest_that_is_broken_or_gone_is_dropped_all_the_same() {
    let project = project();
    project.expect(0, &["plan", DEV]);
    project.write(DEV, "users: [");
    project.expect(0, &["plan", "--discard", DEV]);
    project.expect(0, &["plan", PROD]);
    std::fs::remove_file(project.path(PROD)).unwrap();
    project.expect(0, &["plan", "--discard", PROD]);
    says(&project.expect(1, &["plan", "--discard"]), &["no plan is waiting"]);
}

#[test]
fn a_plan_that_cannot_be_read_is_listed_and_dropped() {
    let project = project();
    project.expect(0, &["plan", DEV]);
    project.write("state/sandbox/old.plan.json", "{\"relayctl_plan\": 99}");
    says(
        &project.expect(1, &["apply"]),
        &["state/sandbox/old.plan.json: cannot be applied", "apply state/sandbox/dev.plan.json"],
    );
    project.expect(0, &["plan", "--discard", "state/sandbox/old.plan.json"]);
    project.expect(0, &["apply"]);
}

#[test]
fn a_plan_that_was_saved_elsewhere_is_not_dropped() {
    let project = project();
    project.expect(0, &["plan", DEV, "--out", "one.plan.json"]);
    let refused = project.expect(1, &["plan", "--discard", "one.plan.json"]);
    says(&refused, &["one.plan.json is not waiting", "delete the file"]);
    assert!(project.path("one.plan.json").exists());
}

#[test]
fn without_a_terminal_a_plan_that_is_older_than_its_manifest_is_applied_only_if_it_is_named() {
    let project = project();
    project.expect(0, &["plan", DEV]);
    project.write(DEV, &manifest("dev", &["ada", "bob"]));
    let refused = project.expect(1, &["apply"]);
    says(
        &refused,
        &[
            "dev.yaml has changed since this plan was made; nothing was changed",
            "plan again: relayctl plan dev.yaml --sandbox",
            "apply the plan as it was saved: relayctl apply state/sandbox/dev.plan.json --sandbox",
        ],
    );
    assert!(waits(&project, "dev"));
    let named = project.expect(0, &["apply", "state/sandbox/dev.plan.json"]);
    says(&named, &["warning: dev.yaml has changed", "the plan is done as it was saved"]);
    assert!(named.stdout.contains("1 added"), "{}", named.stdout);

    project.expect(0, &["plan", DEV]);
    std::fs::remove_file(project.path(DEV)).unwrap();
    says(&project.expect(1, &["apply"]), &["dev.yaml is gone since this plan was made"]);
    says(&project.expect(0, &["apply", "--yes"]), &["warning: dev.yaml is gone"]);
}

#[test]
fn a_manifest_with_variables_has_not_changed_if_they_have_the_values_of_the_plan() {
    let project = project();
    let text = manifest("dev", &["${var.who}"]);
    project.write(DEV, &text.replace("users:", "variables: {who: nobody}\nusers:"));
    project.expect(0, &["plan", DEV, "--var", "who=ada", "--region", "eu-west-1"]);
    let done = project.expect(0, &["apply"]);
    assert!(!done.stderr.contains("has changed"), "{}", done.stderr);
    assert!(done.stderr.contains("user.ada: Creation complete"), "{}", done.stderr);
}

#[test]
fn apply_says_who_planned_and_who_applies_and_how_old_the_plan_is() {
    let project = project();
    let admin = "arn:aws:iam::123456789012:user/sandbox-admin";
    project.expect(0, &["plan", DEV]);
    let done = project.expect(0, &["apply"]);
    says(
        &done,
        &["Saved:    just now", &format!("Planned by {admin}."), &format!("Applied by {admin}.")],
    );
    assert!(!done.stderr.contains("somebody else made this plan"), "{}", done.stderr);

    project.write(DEV, &manifest("dev", &["ada", "bob"]));
    project.expect(0, &["plan", DEV]);
    // A user without policies may do nothing, but may ask who it is.
    let other = project.expect(1, &["apply", "--sandbox-enforce", "user/ada"]);
    says(
        &other,
        &[
            &format!("Planned by {admin}."),
            "Applied by arn:aws:iam::123456789012:user/ada.",
            "warning: somebody else made this plan",
        ],
    );
}
