//! Whose an object is, by the real binary in the sandbox: two manifests in one account, one
//! manifest in two accounts, one name twice; planned, applied, destroyed, and with a lost state.

use relayctl::provider::sandbox::Sandbox;

use crate::support::project::{Project, Run};

const ACCOUNT: &str = "123456789012";

/// A manifest with one user that has everything, a policy and a bucket.
fn manifest(name: &str, thing: &str) -> String {
    format!(
        r#"version: 1
name: {name}
account: "123456789012"
region: us-east-1
policies:
  {thing}: {{document: {{Version: "2012-10-17",
      Statement: [{{Effect: Allow, Action: "s3:GetObject", Resource: "*"}}]}}}}
users:
  {thing}:
    policies: [{thing}]
    inline_policies: {{own: {{Version: "2012-10-17",
        Statement: [{{Effect: Allow, Action: "s3:PutObject", Resource: "*"}}]}}}}
    access_key: {{profile: {thing}}}
buckets:
  relay-{thing}-data: {{force_destroy: true}}
"#
    )
}

fn project() -> Project {
    Project::empty().in_sandbox()
}

fn account(project: &Project) -> serde_json::Value {
    serde_json::from_str(&project.read("state/sandbox.json")).unwrap()
}

/// Gives the user and the bucket of `shared` to another manifest, as somebody does by their tags.
fn hand_over(project: &Project, to: &str) {
    let mut account = account(project);
    account["users"]["shared"]["tags"]["relayctl:manifest"] = to.into();
    account["policies"]["shared"]["tags"]["relayctl:manifest"] = to.into();
    account["buckets"]["relay-shared-data"]["tags"]["relayctl:manifest"] = to.into();
    project.write("state/sandbox.json", &account.to_string());
}

#[track_caller]
fn says(run: &Run, lines: &[&str]) {
    for line in lines {
        assert!(run.told().contains(line), "{line:?} is missing in\n{}", run.told());
    }
}

#[test]
fn an_object_that_was_handed_over_is_neither_changed_nor_destroyed_by_its_first_manifest() {
    let project = project();
    project.write("alpha.yaml", &manifest("alpha", "shared"));
    project.expect(0, &["apply", "alpha.yaml", "--yes"]);
    hand_over(&project, "beta");
    project.write("beta.yaml", &manifest("beta", "shared").replace("access_key", "# access_key"));
    project.expect(0, &["apply", "beta.yaml", "--yes"]);
    let before = account(&project);

    // Still declared: refused, with everything on it.
    let plan = project.expect(1, &["plan", "alpha.yaml"]);
    says(
        &plan,
        &[
            "# user.shared is refused (not managed by this manifest: it belongs to the manifest \
                \"beta\")",
            "# bucket.relay-shared-data is refused",
            "0 to add, 0 to change, 0 to destroy",
        ],
    );
    project.expect(1, &["apply", "alpha.yaml", "--yes"]);
    assert_eq!(account(&project), before);

    // No longer declared: forgotten, and so is everything on it.
    project.write("alpha.yaml", &manifest("alpha", "own"));
    let plan = project.expect(0, &["plan", "alpha.yaml"]);
    says(
        &plan,
        &[
            "# user.shared will be forgotten by the state (not managed by this manifest: it \
                belongs to the manifest \"beta\")",
            "# user_policy.shared/own will be forgotten by the state (part of user.shared, which \
                is not this manifest's any more)",
            "# access_key.shared will be forgotten by the state",
            "0 to destroy",
        ],
    );
    project.expect(0, &["apply", "alpha.yaml", "--yes"]);
    let after = account(&project);
    for kind in ["users", "buckets"] {
        let thing = if kind == "users" { "shared" } else { "relay-shared-data" };
        assert_eq!(after[kind][thing], before[kind][thing]);
    }
    project.expect(0, &["plan", "alpha.yaml", "--detailed-exitcode"]);
    project.expect(0, &["plan", "beta.yaml", "--detailed-exitcode"]);

    // A destroy of the first takes its own alone.
    project.expect(0, &["destroy", "alpha.yaml", "--yes"]);
    let left = account(&project);
    assert_eq!(left["users"]["shared"], before["users"]["shared"]);
    assert!(left["users"]["own"].is_null());
    project.expect(0, &["plan", "beta.yaml", "--detailed-exitcode"]);
}

#[test]
fn a_second_manifest_takes_nothing_of_the_first_and_detaches_nothing() {
    let project = project();
    project.write("alpha.yaml", &manifest("alpha", "shared"));
    project.expect(0, &["apply", "alpha.yaml", "--yes"]);
    let before = account(&project);
    let credentials = project.read("state/sandbox/home/.aws/credentials");
    project.write("beta.yaml", &manifest("beta", "shared"));
    let plan = project.expect(1, &["plan", "beta.yaml"]);
    says(&plan, &["# user_policy.shared/own is blocked (it depends on user.shared"]);
    assert!(!plan.stdout.contains("adopted"), "{}", plan.told());
    project.expect(1, &["apply", "beta.yaml", "--yes"]);
    project.expect(0, &["destroy", "beta.yaml", "--yes"]);
    std::fs::remove_file(project.path("state/sandbox/beta.json")).unwrap_or_default();
    project.expect(1, &["apply", "beta.yaml", "--yes"]);
    project.expect(0, &["destroy", "beta.yaml", "--yes"]);
    assert_eq!(account(&project), before);
    assert_eq!(project.read("state/sandbox/home/.aws/credentials"), credentials);
    project.expect(0, &["plan", "alpha.yaml", "--detailed-exitcode"]);
}

#[test]
fn a_bucket_that_lost_the_tag_is_somebody_elses_and_a_user_is_not() {
    let project = project();
    project.write("alpha.yaml", &manifest("alpha", "shared"));
    project.expect(0, &["apply", "alpha.yaml", "--yes"]);
    let mut changed = account(&project);
    changed["buckets"]["relay-shared-data"]["tags"] = serde_json::json!({});
    changed["users"]["shared"]["tags"] = serde_json::json!({});
    project.write("state/sandbox.json", &changed.to_string());
    let plan = project.expect(1, &["plan", "alpha.yaml"]);
    says(
        &plan,
        &[
            "# bucket.relay-shared-data is refused (not managed by this manifest: it already \
                exists)",
            "# user.shared will be updated in place",
        ],
    );
    project.expect(1, &["apply", "alpha.yaml", "--yes"]);
    let tags = |project: &Project| account(project)["users"]["shared"]["tags"].clone();
    assert_eq!(tags(&project)["relayctl:manifest"], "alpha");
    project.expect(0, &["destroy", "alpha.yaml", "--yes"]);
    let left = account(&project);
    assert!(left["users"]["shared"].is_null());
    assert!(!left["buckets"]["relay-shared-data"].is_null(), "the bucket is not touched");
}

#[test]
fn one_name_twice_is_told_apart_by_the_states() {
    let project = project();
    project.write("one.yaml", &manifest("web", "alpha"));
    project.write("two.yaml", &manifest("web", "beta"));
    project.expect(0, &["apply", "one.yaml", "--yes"]);
    let second = ["--state", "state/second.json"];
    let run = |project: &Project, code, arguments: &[&str]| {
        project.expect(code, &[arguments, second.as_slice()].concat())
    };
    // The first plan of the second destroys nothing.
    let plan = run(&project, 0, &["plan", "two.yaml"]);
    says(&plan, &["user.alpha (arn:aws:iam::123456789012:user/alpha, state ", "0 to destroy"]);
    run(&project, 0, &["apply", "two.yaml", "--yes"]);
    let both = account(&project);
    let state = |user: &str| both["users"][user]["tags"]["relayctl:state"].clone();
    assert!(state("alpha").is_string() && state("alpha") != state("beta"));
    project.expect(0, &["plan", "one.yaml", "--detailed-exitcode"]);
    run(&project, 0, &["plan", "two.yaml", "--detailed-exitcode"]);

    // What the other state made is refused, also as part of a destroy, until it is taken over.
    project.write("two.yaml", &manifest("web", "alpha"));
    let plan = run(&project, 1, &["plan", "two.yaml"]);
    says(
        &plan,
        &["# user.alpha is refused (not managed by this manifest: it belongs to another state ("],
    );
    run(&project, 1, &["apply", "two.yaml", "--yes"]);
    assert_eq!(account(&project)["users"]["alpha"], both["users"]["alpha"]);
    let keyless = manifest("web", "alpha").replace("access_key", "# access_key");
    project.write("two.yaml", &keyless);
    run(&project, 0, &["apply", "two.yaml", "--recover", "--yes"]);
    assert_eq!(account(&project)["users"]["alpha"]["tags"]["relayctl:state"], state("beta"));
    run(&project, 0, &["plan", "two.yaml", "--detailed-exitcode"]);
    // The first state does not fight for it.
    let plan = project.expect(1, &["plan", "one.yaml"]);
    says(&plan, &["# user.alpha is refused", "0 to change, 0 to destroy"]);
    let before = account(&project);
    project.expect(0, &["destroy", "one.yaml", "--yes"]);
    assert_eq!(account(&project)["users"], before["users"]);
}

#[test]
fn one_manifest_in_two_accounts_refuses_the_state_of_the_other() {
    let project = project();
    project.write("web.yaml", &manifest("web", "alpha"));
    project.expect(0, &["apply", "web.yaml", "--yes"]);
    let other = Project::empty().in_sandbox();
    other.write("web.yaml", &manifest("web", "alpha").replace(ACCOUNT, "210987654321"));
    other.write("state/sandbox/web.json", &project.read("state/sandbox/web.json"));
    for arguments in [["plan", "web.yaml"], ["destroy", "web.yaml"]] {
        let run = other.expect(1, &arguments);
        says(&run, &["belongs to account 123456789012, not to 210987654321"]);
    }
    std::fs::remove_file(other.path("state/sandbox/web.json")).unwrap();
    other.expect(0, &["apply", "web.yaml", "--yes"]);
    other.expect(0, &["plan", "web.yaml", "--detailed-exitcode"]);
    Sandbox::open(&other.path("state/sandbox.json"), "210987654321", "us-east-1").unwrap();
}

#[test]
fn another_file_of_the_same_name_is_told() {
    let project = project();
    project.write("web.yaml", &manifest("web", "alpha"));
    project.expect(0, &["apply", "web.yaml", "--yes"]);
    project.write("copy.yaml", &manifest("web", "alpha"));
    let plan = project.expect(0, &["plan", "copy.yaml"]);
    says(
        &plan,
        &["the state of \"web\" was last applied for web.yaml, and this plan is for copy.yaml."],
    );
    assert!(!project.expect(0, &["plan", "web.yaml"]).stdout.contains("last applied"));
}
