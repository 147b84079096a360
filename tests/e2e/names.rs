//! The names of resources on the command line and in the manifest: `user.bob`, `users.bob`, `bob`.

use crate::support::project::Project;

const MANIFEST: &str = "dev.yaml";

const TEXT: &str = r#"version: 1
name: dev
account: "123456789012"
region: us-east-1
policies:
  Wide: {document: {Version: "2012-10-17",
      Statement: [{Effect: Allow, Action: "*", Resource: "*"}]}}
users:
  ada: {policies: [Wide], access_key: {profile: ada}}
  twice: {}
roles:
  twice: {trust: {services: [lambda.amazonaws.com]}}
groups:
  developers: {}
"#;

fn project() -> Project {
    let project = Project::empty().in_sandbox();
    project.write(MANIFEST, TEXT);
    project
}

#[test]
fn a_target_is_named_by_kind_by_section_or_by_its_name_alone() {
    let project = project();
    let planned = |target: &str| project.expect(0, &["plan", MANIFEST, "--target", target]).stdout;
    let first = planned("user.ada");
    assert!(first.contains("Plan: 1 to add"), "{first}");
    for name in ["users.ada", "ada"] {
        assert_eq!(planned(name), first, "{name}");
    }
    let key = planned("access_keys.ada");
    assert!(key.contains("access_key.ada will be created"), "{key}");
}

#[test]
fn an_ambiguous_name_is_an_error_that_lists_the_candidates() {
    let project = project();
    let refused = project.expect(1, &["plan", MANIFEST, "--target", "twice"]);
    let said = "error: `twice` is ambiguous: it may be role.twice or user.twice\nhelp: name one of \
        them: role.twice, user.twice\n";
    assert!(refused.stderr.ends_with(said), "{}", refused.stderr);
    let unknown = project.expect(1, &["plan", MANIFEST, "--target", "twic"]);
    assert!(unknown.stderr.contains("did you mean twice?"), "{}", unknown.stderr);
}

#[test]
fn the_commands_on_the_state_and_on_keys_understand_the_same_names() {
    let project = project();
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    let shown = |name: &str| project.expect(0, &["state", "show", MANIFEST, name]).stdout;
    assert!(shown("ada").starts_with("user.ada\n"), "{}", shown("ada"));
    assert_eq!(shown("users.ada"), shown("ada"));
    for name in ["ada", "users.ada", "access_key.ada"] {
        // A user can have two keys only.
        let done = project.fork().expect(0, &["keys", "rotate", MANIFEST, name, "--yes"]);
        assert!(done.stdout.contains("access_key.ada will be updated"), "{name}: {}", done.stdout);
    }
    let removed = project.expect(0, &["state", "rm", MANIFEST, "developers"]);
    assert!(removed.stdout.contains("Removed group.developers"), "{}", removed.stdout);
    let added = project.expect(0, &["state", "add", MANIFEST, "groups.developers"]);
    assert!(added.stdout.contains("group.developers is recorded"), "{}", added.stdout);
    let outputs = |name: &str| project.expect(0, &["output", MANIFEST, name]).stdout;
    assert_eq!(outputs("users.ada.arn"), "arn:aws:iam::123456789012:user/ada\n");
    for name in ["user.ada.arn", "ada.arn"] {
        assert_eq!(outputs(name), outputs("users.ada.arn"), "{name}");
    }
}

#[test]
fn checks_and_accepted_findings_understand_the_same_names() {
    for (check, accepted) in
        [("users.ada", "policy.Wide"), ("user.ada", "policies.Wide"), ("ada", "Wide")]
    {
        let project = project();
        let more = format!(
            "checks:\n  - {check}: {{can: \"s3:GetObject\", on: \"*\"}}\nlint:\n  allow:\n    - \
                {{rule: action-wildcard, on: {accepted}, because: it is a test}}\n"
        );
        project.write(MANIFEST, &format!("{TEXT}{more}"));
        project.expect(0, &["validate", MANIFEST]);
        let found = project.run(&["lint", MANIFEST, "--json"]);
        assert!(!found.stdout.contains("unused-silence"), "{accepted}: {}", found.told());
    }
    let project = project();
    project.write(
        MANIFEST,
        &format!("{TEXT}checks:\n  - twice: {{cannot: \"s3:GetObject\", on: \"*\"}}\n"),
    );
    let refused = project.expect(1, &["validate", MANIFEST]);
    for text in ["`twice` is ambiguous", "write roles.twice or users.twice"] {
        assert!(refused.stderr.contains(text), "{text}: {}", refused.stderr);
    }
}
