//! The main job with the real binary, in the sandbox: plan, apply, an empty plan after it, drift,
//! destroy.

use crate::support::project::Project;

fn dev() -> Project {
    Project::sample().in_sandbox()
}

const DEV: &str = "manifests/dev.yaml";

#[test]
fn plan_apply_and_an_empty_plan_after_it() {
    let project = dev();
    let plan = project.expect(2, &["plan", DEV, "--detailed-exitcode"]);
    assert!(plan.stdout.contains("SANDBOX"), "{}", plan.stdout);
    assert!(plan.stdout.contains("Plan: 10 to add, 0 to change, 0 to destroy."), "{}", plan.stdout);
    let apply = project.expect(0, &["apply"]);
    assert!(
        apply.stdout.contains("Apply complete! Resources: 10 added, 0 changed, 0 destroyed."),
        "{}",
        apply.stdout
    );
    let again = project.expect(0, &["plan", DEV, "--detailed-exitcode"]);
    assert!(again.stdout.contains("No changes"), "{}", again.stdout);
}

#[test]
fn the_key_is_in_its_sinks_and_nowhere_else() {
    let project = dev();
    project.expect(0, &["-vv", "apply", DEV, "--yes"]);
    let credentials = project.read("state/sandbox/home/.aws/credentials");
    assert!(credentials.contains("[serverless]"), "{credentials}");
    let secret = credentials
        .lines()
        .find_map(|line| {
            line.split_once("aws_secret_access_key")
                .map(|(_, value)| value.trim_matches([' ', '=']))
        })
        .expect("a secret")
        .to_owned();
    assert_eq!(secret.len(), 40);
    let config = project.read("state/sandbox/home/.aws/config");
    assert!(config.contains("[profile serverless]") && config.contains("us-east-1"), "{config}");
    let mut seen = 0;
    for file in files(&project.path("state")) {
        seen += 1;
        let text = std::fs::read_to_string(&file).unwrap();
        let is_sink =
            file.ends_with(".aws/credentials") || file.extension().is_some_and(|it| it == "csv");
        assert_eq!(text.contains(&secret), is_sink, "{}", file.display());
    }
    assert!(seen >= 4, "too few files were looked at: {seen}");
    assert!(!project.path(".aws").exists(), "the sandbox wrote into the real home");
}

#[cfg(unix)]
#[test]
fn state_plans_and_credentials_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let project = dev();
    project.expect(0, &["plan", DEV]);
    let plan = project.path("state/sandbox/tr-serverless-relay-dev.plan.json");
    assert_eq!(std::fs::metadata(plan).unwrap().permissions().mode() & 0o777, 0o600);
    project.expect(0, &["apply"]);
    for file in
        ["state/sandbox/tr-serverless-relay-dev.json", "state/sandbox/home/.aws/credentials"]
    {
        let mode = std::fs::metadata(project.path(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn ten_plans_of_the_same_inputs_are_the_same_bytes() {
    let project = dev();
    project.expect(0, &["apply", DEV, "--yes"]);
    project.edit(
        "manifests/policies/zappa-lambda-deployment.json",
        "\"s3:ListBucket\"",
        "\"s3:GetBucketLocation\"",
    );
    let first = project.expect(2, &["plan", DEV, "--detailed-exitcode"]);
    let saved = project.read("state/sandbox/tr-serverless-relay-dev.plan.json");
    for _ in 0..9 {
        let next = project.expect(2, &["plan", DEV, "--detailed-exitcode"]);
        assert_eq!(next.stdout, first.stdout);
        assert_eq!(project.read("state/sandbox/tr-serverless-relay-dev.plan.json"), saved);
    }
}

#[test]
fn a_plan_is_applied_once_and_only_as_it_was_saved() {
    let project = dev();
    project.expect(0, &["plan", DEV, "--out", "first.plan"]);
    project.expect(0, &["apply", "first.plan"]);
    let twice = project.expect(1, &["apply", "first.plan"]);
    assert!(twice.stderr.contains("applied already"), "{}", twice.stderr);

    project.edit("manifests/base.yaml", "project: tr-serverless-relay", "project: renamed");
    project.expect(0, &["plan", DEV, "--out", "second.plan"]);
    let text = project.read("second.plan").replacen("renamed", "somebody", 1);
    project.write("second.plan", &text);
    let edited = project.expect(1, &["apply", "second.plan"]);
    assert!(edited.stderr.contains("edited"), "{}", edited.stderr);
}

#[test]
fn a_change_behind_the_plan_stops_that_step_and_names_it() {
    let project = dev();
    project.expect(0, &["apply", DEV, "--yes"]);
    project.edit("manifests/base.yaml", "project: tr-serverless-relay", "project: renamed");
    project.expect(0, &["plan", DEV, "--out", "waiting.plan"]);
    // Somebody else changes a tag of the user in the meantime.
    let account = project.read("state/sandbox.json");
    project.write("state/sandbox.json", &swap_user_tag(&account));
    let apply = project.expect(1, &["apply", "waiting.plan"]);
    let told = format!("{}{}", apply.stdout, apply.stderr);
    assert!(told.contains("user.serverless is no longer what the plan saw"), "{told}");
    assert!(told.contains("tags changed"), "{told}");
    // The next run finishes the job.
    project.expect(0, &["apply", DEV, "--yes"]);
    project.expect(0, &["plan", DEV, "--detailed-exitcode"]);
}

#[test]
fn destroy_leaves_nothing_behind() {
    let project = dev();
    project.expect(0, &["apply", DEV, "--yes"]);
    let destroy = project.expect(0, &["destroy", DEV, "--yes"]);
    assert!(
        destroy.stdout.contains("Destroy complete! Resources: 10 destroyed."),
        "{}",
        destroy.stdout
    );
    let account = project.read("state/sandbox.json");
    assert!(!account.contains("serverless"), "{account}");
    let credentials = std::fs::read_to_string(project.path("state/sandbox/home/.aws/credentials"))
        .unwrap_or_default();
    assert!(!credentials.contains("serverless"), "{credentials}");
    let state = project.expect(0, &["state", "list", DEV]);
    assert_eq!(state.stdout, "");
}

#[test]
fn without_a_terminal_apply_of_a_manifest_needs_yes() {
    let project = dev();
    let apply = project.expect(1, &["apply", DEV]);
    assert!(apply.stderr.contains("--yes"), "{}", apply.stderr);
    assert!(!project.path("state/sandbox/tr-serverless-relay-dev.json").exists());
}

const DEPLOYMENT: &str = "manifests/policies/zappa-lambda-deployment.json";

#[test]
fn a_plan_that_widens_access_is_refused_where_that_is_denied() {
    let project = dev();
    project.expect(0, &["apply", DEV, "--yes"]);
    project.edit(DEPLOYMENT, "\"s3:CreateBucket\", ", "");
    let narrower = project.expect(0, &["plan", DEV, "--deny-widening"]);
    assert!(
        narrower.stdout.contains("  # serverless loses s3:CreateBucket on arn:aws:s3:::zappa-*\n"),
        "{}",
        narrower.stdout
    );
    let waiting = project.path("state/sandbox/tr-serverless-relay-dev.plan.json");
    assert!(waiting.exists());

    project.edit(DEPLOYMENT, "role/*ZappaLambdaExecutionRole", "role/*Zappa*");
    let gain = "serverless gains iam:AttachRolePolicy, iam:CreateRole, iam:PassRole, \
        iam:PutRolePolicy, iam:GetRole on arn:aws:iam::123456789012:role/*Zappa*\n";
    let refused = project.expect(1, &["plan", DEV, "--deny-widening", "--detailed-exitcode"]);
    assert!(
        refused.stdout.contains(&format!("  # {gain}")),
        "the plan itself is printed: {}",
        refused.stdout
    );
    assert!(
        refused.stderr.contains("this plan widens access")
            && refused.stderr.contains(&format!("  {gain}"))
    );
    assert!(
        refused.stderr.contains("not saved") && !refused.stderr.contains("loses"),
        "{}",
        refused.stderr
    );
    assert!(
        !waiting.exists(),
        "a plan that was refused must not be applied by accident, nor the one before it"
    );

    project.expect(2, &["plan", DEV, "--detailed-exitcode", "--out", "wide.plan"]);
    for arguments in [
        ["apply", DEV, "--deny-widening", "--yes"],
        ["apply", "wide.plan", "--deny-widening", "--yes"],
    ] {
        let refused = project.expect(1, &arguments);
        assert!(
            refused.stderr.contains(gain) && refused.stderr.contains("nothing was changed"),
            "{}",
            refused.stderr
        );
    }
    let page = project.expect(0, &["show", "wide.plan", "--html"]);
    assert!(
        page.stdout.starts_with("<!DOCTYPE html>") && page.stdout.contains("iam:PassRole"),
        "{}",
        page.stdout
    );
    project.expect(0, &["apply", "wide.plan"]);
    project.expect(0, &["plan", DEV, "--detailed-exitcode", "--deny-widening"]);
}

/// Gives one tag of the simulated user another value, as somebody with a console would.
fn swap_user_tag(account: &str) -> String {
    let mut value: serde_json::Value = serde_json::from_str(account).unwrap();
    let tags = find_tags(&mut value).expect("the user's tags");
    tags.insert("project".into(), "meddled".into());
    serde_json::to_string(&value).unwrap()
}

fn find_tags(
    value: &mut serde_json::Value,
) -> Option<&mut serde_json::Map<String, serde_json::Value>> {
    value.get_mut("users")?.get_mut("serverless")?.get_mut("tags")?.as_object_mut()
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else {
            found.push(entry);
        }
    }
    found
}

#[test]
fn a_sandbox_that_is_far_away_and_takes_little_makes_the_main_job_wait_and_no_more() {
    let project = dev();
    let far = ["--sandbox-latency", "20ms", "--sandbox-throttle", "10/1"];
    let began = std::time::Instant::now();
    let apply = project.expect(0, &[&["apply", DEV, "--yes"][..], &far].concat());
    let (_, least) = apply.stderr.split_once("10 calls take at least ").expect("how long it takes");
    let least: f64 = least.split_once(" s").expect("seconds").0.parse().expect("a number");
    assert!(least > 0.0 && began.elapsed().as_secs_f64() > least, "{}", apply.stderr);
    assert!(
        apply.stdout.contains("Apply complete! Resources: 10 added, 0 changed, 0 destroyed."),
        "{}",
        apply.stdout
    );
    let summary = apply.stdout.trim_end().lines().last().unwrap_or_default();
    assert!(
        summary.starts_with("Requests: ") && !summary.contains(" 0 throttled"),
        "{}",
        apply.stdout
    );
    assert!(summary.contains(" throttled; "), "{}", apply.stdout);
    project.expect(0, &["plan", DEV, "--detailed-exitcode"]);
    // Variables of the environment that are set to nothing are not set.
    let near = project.with("RELAYCTL_SANDBOX_LATENCY", "").with("RELAYCTL_SANDBOX_THROTTLE", "");
    near.expect(0, &["plan", DEV, "--detailed-exitcode"]);
}

#[test]
fn how_far_away_the_sandbox_is_is_nothing_to_say_of_aws() {
    let project = Project::sample();
    for (switch, value) in [("--sandbox-latency", "50ms"), ("--sandbox-throttle", "20/40")] {
        let plan = project.expect(1, &["plan", DEV, switch, value]);
        assert!(
            plan.stderr.contains(&format!("{switch} is about the simulated account")),
            "{}",
            plan.stderr
        );
    }
    let plan = project.expect(1, &["plan", DEV, "--sandbox", "--sandbox-throttle", "20"]);
    assert!(plan.stderr.contains("write RATE/BURST"), "{}", plan.stderr);
}

#[test]
fn what_was_read_and_why_is_told_on_request() {
    let project = dev();
    project.expect(0, &["apply", DEV, "--yes"]);
    let plan = project.expect(0, &["plan", DEV, "--explain-reads"]);
    let from = plan.stderr.find("Reads: ").unwrap_or_else(|| panic!("{}", plan.stderr));
    insta::assert_snapshot!(plan.stderr[from..].trim_end(), @r"
    Reads: 6 requests answer 14 questions, besides sts:GetCallerIdentity.
    Users, roles and policies: by a sweep of the account (1 page, and at most 2 calls for what it leaves open), not by 12 calls on single objects.
          1  iam:GetAccountAuthorizationDetails  users, roles, groups, policies and what hangs on them, up to 1000 at once
          2  iam:GetPolicy                       a policy's tags, which no sweep has
          1  iam:ListAccessKeys                  a user's access keys, which no sweep has
          1  s3:GetBucketPublicAccessBlock       a setting of a bucket that the manifest declares, or the state has recorded
          1  s3:GetBucketTagging                 whether a bucket is there, and whose: HeadBucket or ListBuckets besides tell no more
    ");
    assert!(!plan.stdout.contains("Reads: "), "{}", plan.stdout);
    assert!(!project.expect(0, &["plan", DEV]).stderr.contains("Reads: "));
}

#[test]
fn a_sweep_that_is_not_allowed_is_told_once() {
    let project = dev();
    project.expect(0, &["apply", DEV, "--yes"]);
    let allowed = project.expect(0, &["permissions", DEV, "--for", "plan"]);
    project.write("policy.json", &allowed.stdout);
    let plan =
        project.expect(0, &["plan", DEV, "--explain-reads", "--sandbox-enforce", "policy.json"]);
    let said = "iam:GetAccountAuthorizationDetails is not allowed. Each user, role and policy was \
        asked for by itself.";
    assert_eq!(plan.stderr.matches(said).count(), 1, "{}", plan.stderr);
    assert!(
        plan.stderr.contains("by 12 calls on single objects, for the account could not be swept"),
        "{}",
        plan.stderr
    );
    assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);
}
