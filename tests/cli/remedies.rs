//! What a wrong path, a wrong name or a wrong file is answered with: the remedy.

use crate::support::project::{Project, Run};

const HEAD: &str = "version: 1\nname: relay\naccount: \"123456789012\"\nregion: us-east-1\n";

fn project() -> Project {
    Project::sample().with("NO_COLOR", "1")
}

/// A project with a manifest of this body.
fn with_body(body: &str) -> Project {
    let project = Project::empty().with("NO_COLOR", "1");
    project.write("relay.yaml", &format!("{HEAD}{body}"));
    project
}

fn has(run: &Run, texts: &[&str]) {
    for text in texts {
        assert!(run.stderr.contains(text), "`{text}` is missing:\n{}", run.told());
    }
}

#[test]
fn a_manifest_that_is_not_there_comes_with_those_that_may_be_meant() {
    let project = project();
    for (written, meant) in [
        ("manifests/dve.yaml", "did you mean manifests/dev.yaml?"),
        ("dev.yaml", "did you mean manifests/dev.yaml?"),
        ("manifest/prod.yaml", "did you mean manifests/prod.yaml?"),
        ("prod", "did you mean manifests/prod.yaml?"),
        ("zebra.yaml", "there are manifests/dev.yaml, "),
    ] {
        let run = project.expect(1, &["plan", written]);
        has(&run, &[&format!("there is no manifest {written} (the working directory is /"), meant]);
    }
    has(&project.expect(1, &["apply", "dev.yaml"]), &["did you mean manifests/dev.yaml?"]);
    let run = project.expect(1, &["validate", "manifests"]);
    has(
        &run,
        &["manifests is a folder, not a manifest", "manifests/dev.yaml, ", "manifests/prod.yaml"],
    );
    assert!(!run.stderr.contains("base.yaml"), "{}", run.told());
}

#[test]
fn a_base_is_not_planned_but_what_extends_it() {
    let run = project().expect(1, &["plan", "manifests/base.yaml"]);
    has(&run, &["error[base-manifest]", "manifests/dev.yaml, manifests/prod.yaml", "1 error"]);
}

#[test]
fn a_file_of_terraform_is_recognised_by_its_name() {
    let project = project();
    project.write("main.tf", "resource \"aws_iam_user\" \"bob\" {\n  name = \"bob\"\n}\n");
    has(&project.expect(1, &["validate", "main.tf"]), &["error[not-a-manifest]", "Terraform"]);
}

#[test]
fn a_document_that_is_not_there_comes_with_the_one_that_may_be_meant() {
    let project = with_body("policies: {Read: {document: policies/raed.json}}\n");
    project.write("policies/read.json", "{}");
    let run = project.expect(1, &["validate", "relay.yaml"]);
    has(&run, &["there is no file policies/raed.json", "did you mean policies/read.json?"]);
}

#[test]
fn a_bucket_that_is_named_like_a_placeholder_is_warned_of() {
    let run = with_body("buckets: {your-bucket-name: {}}\n").expect(0, &["validate", "relay.yaml"]);
    has(&run, &["warning[placeholder]: bucket.your-bucket-name: ", "relay.yaml:5:11"]);
}

const MISSPELT: &str = "\
policies:
  Read:
    document:
      Version: \"2012-10-17\"
      Statement: \
      {Effect: Allow, Action: [\"s3:GetObjekt\", \"s3:Gett*\", \"lamda:Get*\"], Resource: \"arn:aws:s3:::YOUR-BUCKET/*\"}
roles:
  runner: {trust: {services: [lamda.amazonaws.com]}, policies: [Read]}
";

#[test]
fn names_that_aws_does_not_have_are_warned_of_by_validate_and_plan() {
    let project = with_body(MISSPELT);
    let warnings = [
        "did you mean `s3:GetObject`?",
        "did you mean `s3:Get*`?",
        "did you mean `lambda`?",
        "did you mean `lambda.amazonaws.com`?",
        "`YOUR-BUCKET` is a placeholder",
        "5 warnings",
    ];
    has(&project.expect(0, &["validate", "relay.yaml"]), &warnings);
    has(&project.expect(0, &["plan", "relay.yaml", "--sandbox"]), &warnings);
    // A destroy needs none of them.
    let run = project.expect(0, &["plan", "relay.yaml", "--sandbox", "--destroy"]);
    assert!(!run.stderr.contains("did you mean"), "{}", run.told());
}

#[test]
fn a_name_that_the_manifest_accepts_is_not_warned_of() {
    let accept = "lint: {allow: [{rule: unknown-action, on: policy.Read, because: it is new}]}\n";
    let run = with_body(&format!("{MISSPELT}{accept}")).expect(0, &["validate", "relay.yaml"]);
    assert!(!run.stderr.contains("GetObject"), "{}", run.told());
    has(&run, &["3 warnings"]);
}

#[test]
fn a_managed_policy_that_does_not_exist_is_a_warning_offline_and_an_error_in_the_plan() {
    let body = "users:\n  bob: {policies: [\"arn:aws:iam::aws:policy/ReadOnlyAcces\"]}\n";
    let project = with_body(body);
    let near = "did you mean arn:aws:iam::aws:policy/ReadOnlyAccess?";
    let run = project.expect(0, &["validate", "relay.yaml"]);
    has(&run, &["warning[unknown-managed-policy]: user.bob: ", near]);
    let run = project.expect(1, &["plan", "relay.yaml", "--sandbox"]);
    has(&run, &["error[no-such-policy]: user.bob gets ", "relay.yaml:6:", near, "it is not saved"]);
    assert!(!project.path("state/sandbox/relay.plan.json").exists());
    has(&project.expect(1, &["apply", "relay.yaml", "--sandbox", "--yes"]), &["no-such-policy"]);
}

#[test]
fn a_managed_policy_that_is_listed_costs_no_call_and_one_of_the_account_is_looked_for() {
    let body = "users:\n  bob: {policies: [\"arn:aws:iam::aws:policy/job-function/Billing\"]}\n";
    let project = with_body(body);
    let run = project.expect(0, &["plan", "relay.yaml", "--sandbox"]);
    assert!(
        !run.stderr.contains("managed-policy") && !run.stderr.contains("no-such"),
        "{}",
        run.told()
    );
    project.expect(0, &["apply", "--sandbox"]);
    let run = project.expect(0, &["plan", "relay.yaml", "--sandbox", "--explain-reads"]);
    assert!(!run.stderr.contains("iam:GetPolicy"), "{}", run.told());

    let body = "users:\n  bob: {policies: [\"arn:aws:iam::123456789012:policy/Nobodys\"]}\n";
    let run = with_body(body).expect(1, &["plan", "relay.yaml", "--sandbox"]);
    has(
        &run,
        &["policy/Nobodys, which does not exist (NoSuchEntity)", "declare it in `policies:`"],
    );
}

#[test]
fn a_region_that_relayctl_does_not_know_is_a_warning() {
    let project = Project::empty().with("NO_COLOR", "1");
    project.write(
        "relay.yaml",
        &format!("{HEAD}users: {{bob: {{}}}}\n").replace("us-east-1", "us-esat-1"),
    );
    let run = project.expect(0, &["validate", "relay.yaml"]);
    has(&run, &["warning[unknown-region]", "did you mean us-east-1?"]);
    let run = project.expect(0, &["validate", "relay.yaml", "--region", "eu-wset-1"]);
    has(&run, &["--region: relayctl knows no region `eu-wset-1`", "did you mean eu-west-1?"]);
    let run = project.expect(1, &["validate", "relay.yaml", "--region", "useast1"]);
    has(&run, &["error[bad-region]: --region: ", "did you mean us-east-1?"]);
}

#[test]
fn a_tag_without_a_value_is_no_tag_and_removes_that_of_a_base() {
    let project = with_body("users:\n  bob: {tags: {team: null, cost: \"\"}}\n");
    let run = project.expect(0, &["plan", "relay.yaml", "--sandbox"]);
    has(&run, &["warning[empty-value]: `team` has no value"]);
    assert!(run.stdout.contains("+ cost ") && !run.stdout.contains("+ team "), "{}", run.told());

    project.write("base.yaml", "users: {bob: {tags: {team: relay}}}\n");
    project.write(
        "over.yaml",
        &format!("extends: base.yaml\n{HEAD}users: {{bob: {{tags: {{team: null}}}}}}\n"),
    );
    let run = project.expect(0, &["plan", "over.yaml", "--sandbox"]);
    assert!(
        !run.stderr.contains("empty-value") && !run.stdout.contains("+ team "),
        "{}",
        run.told()
    );
}

#[test]
fn a_state_folder_that_is_none_says_what_is_wrong_and_what_to_do() {
    let project = Project::empty().with("NO_COLOR", "1");
    project.write(
        "relay.yaml",
        &format!("{HEAD}state: relay.yaml/state.json\nusers: {{bob: {{}}}}\n"),
    );
    let run = project.expect(1, &["plan", "relay.yaml"]);
    has(&run, &["relay.yaml/state.json", "should be a folder", "--state"]);
}
