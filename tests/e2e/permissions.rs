//! `relayctl permissions` with the real binary: what it prints is enough for the job, and nothing
//! in it can be left out.
//!
//! The sandbox decides each call over the printed policy, as IAM would.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::project::{Project, Run};

const DEV: &str = "manifests/dev.yaml";
const ACCOUNT: &str = "state/sandbox.json";
const DEPLOYMENT: &str = "manifests/policies/zappa-lambda-deployment.json";

fn empty() -> Project {
    Project::sample().in_sandbox()
}

fn applied() -> Project {
    let project = empty();
    project.expect(0, &["apply", DEV, "--yes"]);
    project
}

/// Applied, and then changed by an administrator in everything that can be changed in place; the
/// manifest is as it was.
fn changed() -> Project {
    let project = applied();
    for (from, to) in
        [("GetRole", "GetRolePolicy"), ("GetRolePolicy", "ListRoles"), ("ListRoles", "GetUser")]
    {
        project.edit(DEPLOYMENT, &format!("\"iam:{from}\""), &format!("\"iam:{to}\""));
        project.expect(0, &["apply", DEV, "--yes"]);
    }
    project.edit(DEPLOYMENT, "\"iam:GetUser\"", "\"iam:ListUsers\"");
    project.edit(DEV, "stage: dev", "stage: other\n  passing: by");
    project.edit(DEV, "[lambda.amazonaws.com, apigateway.amazonaws.com]", "[lambda.amazonaws.com]");
    let bucket = "{public_access_block: {block_public_policy: false}}";
    project.edit("manifests/base.yaml", "${var.suffix}: {}", &format!("${{var.suffix}}: {bucket}"));
    project.expect(0, &["apply", DEV, "--yes"]);
    let fresh = empty();
    for file in [DEPLOYMENT, DEV, "manifests/base.yaml"] {
        project.write(file, &fresh.read(file));
    }
    project
}

/// Applied, and somebody else has embedded policies in the user and the role.
fn visited() -> Project {
    let project = applied();
    let mut account: Value = serde_json::from_str(&project.read(ACCOUNT)).unwrap();
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]});
    for kind in ["users", "roles"] {
        for (_, holder) in account[kind].as_object_mut().unwrap() {
            holder["inline"]["theirs"] = document.clone();
        }
    }
    project.write(ACCOUNT, &account.to_string());
    project
}

/// Applied with a Deny on the user, which an administrator took back in the manifest.
fn denied() -> Project {
    let project = empty();
    let (without, with) = ("\"s3:ListBucket\", ", "\"s3:ListBucket\", \"s3:GetBucketLocation\", ");
    project.edit(DEPLOYMENT, without, with);
    let (end, deny) = (
        "\n  ]\n}",
        ",\n{\"Effect\": \"Deny\", \"Action\": \"s3:*\", \"Resource\": \"arn:aws:s3:::x\"}\n  ]\n}",
    );
    project.edit(DEPLOYMENT, end, deny);
    project.expect(0, &["apply", DEV, "--yes"]);
    project.write(DEPLOYMENT, &empty().read(DEPLOYMENT));
    project
}

/// Applied, and then the profile was lost: the key must be rotated.
fn lost() -> Project {
    let project = applied();
    project.write("state/sandbox/home/.aws/credentials", "");
    project
}

/// A key was rotated, and it is time to delete the old one.
fn retired() -> Project {
    let project = applied();
    project.expect(0, &["keys", "rotate", DEV, "--yes"]);
    days_pass(&project, 8);
    project
}

/// A job, and the runs that need all that it allows.
struct Proof {
    job: &'static str,
    policy: Value,
    runs: Vec<(Project, &'static [&'static str])>,
}

impl Proof {
    fn new(job: &'static str, runs: Vec<(Project, &'static [&'static str])>) -> Self {
        Self { job, policy: policy(&empty(), DEV, job), runs }
    }

    /// Everything works under the policy, and without any one of its actions something is refused
    /// that names it.
    fn holds(&self) {
        for (project, arguments) in &self.runs {
            let run = under(&project.fork(), &self.policy, arguments);
            // What an administrator can't do either isn't for lack of a permission: delete a user
            // with a foreign policy.
            let expected = project.fork().run(arguments).code;
            let said = format!("{}{}", run.stdout, run.stderr);
            assert_eq!(run.code, expected, "{} {arguments:?}\n{said}", self.job);
            let refused = said.contains("not authorized") || said.contains("AccessDenied");
            assert!(!refused, "{} {arguments:?}\n{said}", self.job);
        }
        let actions = actions(&self.policy);
        assert!(actions.len() > 10, "{actions:?}");
        let actions: Vec<String> = actions.into_iter().collect();
        // The runs mostly wait, for calls that the sandbox spaces out.
        let needless: Vec<String> = std::thread::scope(|scope| {
            let parts = actions.chunks(actions.len().div_ceil(8));
            let waiting: Vec<_> = parts.map(|part| scope.spawn(|| self.needless(part))).collect();
            waiting.into_iter().flat_map(|thread| thread.join().expect("it ends")).collect()
        });
        assert!(
            needless.is_empty(),
            "{}: every run works without {needless:?}, or does not name it",
            self.job
        );
    }

    fn needless(&self, actions: &[String]) -> Vec<String> {
        actions.iter().filter(|action| !self.is_needed(action)).cloned().collect()
    }

    fn is_needed(&self, action: &str) -> bool {
        let policy = without(&self.policy, action);
        self.runs.iter().any(|(project, arguments)| {
            let run = under(&project.fork(), &policy, arguments);
            let unknown = format!("its last use is not known: {action}: AccessDenied");
            is_refused(&run, action) || run.stdout.contains(&unknown)
        })
    }
}

fn policy(project: &Project, manifest: &str, job: &str) -> Value {
    let run = project.expect(0, &["permissions", manifest, "--for", job]);
    serde_json::from_str(&run.stdout).expect("one policy")
}

fn under(project: &Project, policy: &Value, arguments: &[&str]) -> Run {
    project.write("policy.json", &policy.to_string());
    project.run(&[&["--sandbox-enforce", "policy.json"], arguments].concat())
}

/// The run stops at it, or can't tell for lack of it whether somebody gains access.
fn is_refused(run: &Run, action: &str) -> bool {
    let said = format!("{}{}", run.stdout, run.stderr);
    if run.code == 1 && said.contains(&format!("({action}: AccessDenied)")) {
        return true;
    }
    let user = "User: arn:aws:iam::123456789012:user/sandbox-user is not authorized to perform";
    let refusal = format!("{user}: {action} on resource: ");
    let reason = format!(" because no identity-based policy allows the {action} action");
    run.code == 1 && said.contains(&refusal) && said.contains(&reason)
}

fn statements(policy: &Value) -> &Vec<Value> {
    policy["Statement"].as_array().expect("a list of statements")
}

fn actions_of(statement: &Value) -> impl Iterator<Item = String> {
    statement["Action"]
        .as_array()
        .expect("a list of actions")
        .iter()
        .map(|it| it.as_str().expect("text").to_owned())
}

fn actions(policy: &Value) -> BTreeSet<String> {
    statements(policy).iter().flat_map(actions_of).collect()
}

fn without(policy: &Value, action: &str) -> Value {
    let reduced = statements(policy).iter().filter_map(|statement| {
        let left: Vec<String> = actions_of(statement).filter(|it| it != action).collect();
        let mut statement = statement.clone();
        statement["Action"] = json!(left);
        (!left.is_empty()).then_some(statement)
    });
    json!({"Version": "2012-10-17", "Statement": reduced.collect::<Vec<_>>()})
}

const PLAN: &[&str] = &["plan", DEV];
/// To tell who gains what more is read than to tell what changes.
const PLAN_ACCESS: &[&str] = &["plan", DEV, "--deny-widening"];
const PLAN_DESTROY: &[&str] = &["plan", DEV, "--destroy"];
const APPLY: &[&str] = &["apply", DEV, "--yes"];
const DESTROY: &[&str] = &["destroy", DEV, "--yes"];

#[test]
fn a_plan_needs_all_that_is_printed_for_it_and_no_more() {
    let runs = vec![
        (empty(), PLAN),
        (visited(), PLAN),
        (applied(), PLAN_DESTROY),
        (denied(), PLAN_ACCESS),
        (retired(), PLAN),
    ];
    Proof::new("plan", runs).holds();
}

#[test]
fn an_apply_needs_all_that_is_printed_for_it_and_no_more() {
    let runs = vec![
        (empty(), APPLY),
        (changed(), APPLY),
        (visited(), PLAN),
        (denied(), PLAN_ACCESS),
        (changed(), DESTROY),
        (lost(), APPLY),
        (retired(), PLAN),
    ];
    Proof::new("apply", runs).holds();
}

#[test]
fn a_destroy_needs_all_that_is_printed_for_it_and_no_more() {
    Proof::new("destroy", vec![(changed(), DESTROY), (visited(), PLAN_DESTROY)]).holds();
}

#[test]
fn the_main_job_under_the_printed_policies_from_beginning_to_end() {
    let project = empty();
    let [plan, apply, destroy] = ["plan", "apply", "destroy"].map(|job| policy(&project, DEV, job));
    let made = under(&project, &plan, &["plan", DEV, "--detailed-exitcode"]);
    assert_eq!(made.code, 2, "{}{}", made.stdout, made.stderr);
    assert!(made.stdout.contains("Plan: 10 to add, 0 to change, 0 to destroy."), "{}", made.stdout);
    let done = under(&project, &apply, &["apply"]);
    assert!(
        done.stdout.contains("Apply complete! Resources: 10 added"),
        "{}{}",
        done.stdout,
        done.stderr
    );

    project.edit(DEPLOYMENT, "\"s3:ListBucket\"", "\"s3:GetBucketLocation\"");
    project.edit(DEV, "stage: dev", "stage: renamed");
    assert_eq!(under(&project, &apply, APPLY).code, 0);
    let again = under(&project, &plan, &["plan", DEV, "--detailed-exitcode"]);
    assert_eq!(again.code, 0, "nothing is left to do: {}{}", again.stdout, again.stderr);

    let refused = under(&project.fork(), &plan, DESTROY);
    assert!(is_refused(&refused, "iam:DeleteAccessKey"), "{}{}", refused.stdout, refused.stderr);
    let gone = under(&project, &destroy, DESTROY);
    assert!(
        gone.stdout.contains("Destroy complete! Resources: 10 destroyed."),
        "{}{}",
        gone.stdout,
        gone.stderr
    );
}

/// Any key may have to be rotated: its profile may be lost.
#[test]
fn a_key_is_rotated_under_the_printed_policies() {
    let others = actions(&policy(&empty(), DEV, "apply"));
    assert!(
        others.contains("iam:UpdateAccessKey") && others.contains("iam:GetAccessKeyLastUsed"),
        "{others:?}"
    );
    let project = empty();
    project.edit(DEV, "profile: serverless", "profile: serverless\n      rotate_after: 90d");
    let [plan, apply, destroy] = ["plan", "apply", "destroy"].map(|job| policy(&project, DEV, job));
    project.expect(0, &["apply", DEV, "--yes"]);
    days_pass(&project, 97);
    assert_eq!(under(&project, &plan, &["plan", DEV, "--detailed-exitcode"]).code, 2);
    let refused = under(&project.fork(), &without(&apply, "iam:UpdateAccessKey"), APPLY);
    assert!(is_refused(&refused, "iam:UpdateAccessKey"), "{}{}", refused.stdout, refused.stderr);
    let rotated = under(&project, &apply, APPLY);
    assert_eq!(rotated.code, 0, "{}{}", rotated.stdout, rotated.stderr);

    days_pass(&project, 8);
    let kept = under(&project.fork(), &without(&apply, "iam:GetAccessKeyLastUsed"), APPLY);
    assert!(
        kept.code == 0 && kept.stdout.contains("is kept, because its last use is not known"),
        "{}",
        kept.stdout
    );
    let gone = under(&project.fork(), &apply, APPLY);
    assert!(gone.stdout.contains("1 changed, 0 destroyed"), "{}{}", gone.stdout, gone.stderr);
    assert_eq!(under(&project, &destroy, DESTROY).code, 0);
}

/// It is so much later in the sandbox's account.
fn days_pass(project: &Project, days: i64) {
    let mut account: Value = serde_json::from_str(&project.read(ACCOUNT)).unwrap();
    account["ahead"] = json!(account["ahead"].as_i64().unwrap() + days * 86_400);
    project.write(ACCOUNT, &account.to_string());
}

/// Production has versions and a chosen encryption; the variant for the least privilege has other
/// policies.
#[test]
fn the_other_sample_manifests_work_under_their_printed_policies() {
    for manifest in ["manifests/prod.yaml", "manifests/least-privilege.yaml"] {
        let project = empty();
        let [plan, apply, destroy] =
            ["plan", "apply", "destroy"].map(|job| policy(&project, manifest, job));
        let works = |policy: &Value, arguments: &[&str]| {
            let run = under(&project, policy, arguments);
            assert_eq!(run.code, 0, "{arguments:?}\n{}{}", run.stdout, run.stderr);
        };
        works(&plan, &["plan", manifest]);
        works(&apply, &["apply", manifest, "--yes"]);
        works(&plan, &["plan", manifest, "--detailed-exitcode", "--deny-widening"]);
        works(&destroy, &["destroy", manifest, "--yes"]);
    }
}

/// A plan's policy is for pull requests: whoever changes what runs there can do nothing with it.
#[test]
fn under_the_policy_of_a_plan_nothing_can_be_changed() {
    let project = empty();
    let plan = policy(&project, DEV, "plan");
    let before = under(&project, &plan, APPLY);
    assert!(
        ["iam:CreateUser", "iam:CreateRole", "s3:CreateBucket"]
            .iter()
            .any(|action| is_refused(&before, action))
    );
    assert!(!project.path(ACCOUNT).exists(), "something was made in the account");
}

/// Another policy than the declared one can't be attached with it, not even by hand.
#[test]
fn only_the_declared_policies_can_be_attached() {
    let project = empty();
    let apply = policy(&project, DEV, "apply");
    let more =
        "policies: [ZappaLambdaExecutionPolicy, 'arn:aws:iam::aws:policy/AdministratorAccess']";
    project.edit(DEV, "policies: [ZappaLambdaExecutionPolicy]", more);
    let run = under(&project, &apply, APPLY);
    assert!(is_refused(&run, "iam:AttachRolePolicy"), "{}{}", run.stdout, run.stderr);
}

#[test]
fn two_policies_are_written_for_ci() {
    let project = empty();
    let run = project.expect(0, &["permissions", DEV, "--write", "policies/ci"]);
    assert!(
        run.stdout.contains("policies/ci/plan.json")
            && run.stdout.contains("policies/ci/apply.json"),
        "{}",
        run.stdout
    );
    for job in ["plan", "apply"] {
        let written: Value =
            serde_json::from_str(&project.read(&format!("policies/ci/{job}.json"))).unwrap();
        assert_eq!(written, policy(&project, DEV, job));
    }
    project.expect(0, &["plan", DEV, "--sandbox-enforce", "policies/ci/plan.json"]);
}

/// With the policies that hang on it in the account: the relay's own user can't plan, for it may
/// read no IAM.
#[test]
fn a_user_of_the_account_acts_with_what_hangs_on_it() {
    let project = applied();
    let run = project.run(&["plan", DEV, "--sandbox-enforce", "user/serverless"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout.contains("arn:aws:iam::123456789012:user/serverless is not authorized"),
        "{}",
        run.stdout
    );
    let nobody = project.run(&["plan", DEV, "--sandbox-enforce", "user/nobody"]);
    assert!(nobody.stderr.contains("the sandbox has no user nobody"), "{}", nobody.stderr);
}

#[test]
fn enforcing_needs_the_sandbox() {
    let project = Project::sample();
    project.write("policy.json", &policy(&project, DEV, "plan").to_string());
    let run = project.expect(1, &["plan", DEV, "--sandbox-enforce", "policy.json"]);
    assert!(run.stderr.contains("add --sandbox"), "{}", run.stderr);
}

/// Every attribute that a manifest can name, a path and a boundary among them.
const EVERYTHING: &str = r#"
version: 1
name: everything
account: "123456789012"
region: eu-west-1
tags: {stage: one}
policies:
  deploy:
    path: /team/
    document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:GetObject", Resource: "*"}]}
  bounds:
    document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}
users:
  ada:
    path: /team/
    permissions_boundary: bounds
    policies: [deploy, "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
    exclusive: true
    inline_policies:
      own: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:PutObject", Resource: "*"}]}
    access_key: {profile: ada, csv: ada.csv}
    groups: [people]
    exclusive_groups: true
  bob: {path: /team/}
groups:
  people:
    path: /team/
    policies: [deploy, "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
    exclusive: true
    exclusive_members: true
    inline_policies:
      own: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:PutObject", Resource: "*"}]}
roles:
  runner:
    path: /team/
    description: runs
    max_session_duration: 7200
    permissions_boundary: bounds
    trust: {services: [lambda.amazonaws.com]}
    policies: [deploy]
    inline_policies:
      own: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:PutObject", Resource: "*"}]}
buckets:
  everything-relayctl:
    versioning: true
    encryption: AES256
    ownership: BucketOwnerPreferred
    force_destroy: true
    policy:
      Version: "2012-10-17"
      Statement:
        - {Effect: Deny, Principal: "*", Action: "s3:DeleteObject", Resource: "${buckets.everything-relayctl.arn}/x"}
    lifecycle: [{id: old, expiration_days: 30}]
"#;

/// Edits of everything in the manifest that can be changed in place.
const EDITS: [(&str, &str); 7] = [
    ("stage: one", "stage: two"),
    ("s3:GetObject", "s3:GetObjectVersion"),
    ("s3:PutObject", "s3:PutObjectTagging"),
    ("description: runs", "description: walks"),
    ("[lambda.amazonaws.com]", "[ec2.amazonaws.com]"),
    ("versioning: true", "versioning: false"),
    ("expiration_days: 30", "expiration_days: 60"),
];

const ALL: &str = "all.yaml";

fn everything() -> Project {
    let project = Project::empty().in_sandbox();
    project.write(ALL, EVERYTHING);
    project
}

/// Applied, and in use.
fn everything_applied() -> Project {
    let project = everything();
    project.edit(ALL, "s3:GetObject", "s3:GetObjectVersion");
    for text in [project.read(ALL), EVERYTHING.to_owned()] {
        project.write(ALL, &text);
        project.expect(0, &["apply", ALL, "--yes"]);
    }
    let mut account: Value = serde_json::from_str(&project.read(ACCOUNT)).unwrap();
    account["buckets"]["everything-relayctl"]["objects"] =
        json!([{"key": "a", "marker": false, "null_version": false}]);
    project.write(ACCOUNT, &account.to_string());
    project
}

/// Everything applied, and then made by others into something else wherever they can: the manifest
/// is as it was.
fn everything_changed() -> Project {
    let project = everything();
    for (from, to) in EDITS {
        project.edit(ALL, from, to);
    }
    project.edit(ALL, "stage: two", "stage: two, passing: by");
    project.expect(0, &["apply", ALL, "--yes"]);
    let mut account: Value = serde_json::from_str(&project.read(ACCOUNT)).unwrap();
    let theirs = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}, {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]});
    for (kind, name) in [("users", "ada"), ("roles", "runner")] {
        account[kind][name]["boundary"] = Value::Null;
    }
    for (kind, name) in [("users", "ada"), ("roles", "runner"), ("groups", "people")] {
        account[kind][name]["inline"]["theirs"] = theirs.clone();
    }
    account["groups"]["people"]["members"] = json!(["ada", "bob"]);
    let policy = &mut account["policies"]["deploy"];
    let version = policy["versions"]["1"].clone();
    policy["versions"] = (1..=5)
        .map(|number| (number.to_string(), version.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    policy["versions"]["5"]["document"] = theirs;
    policy["default_version"] = json!(5);
    policy["last_version"] = json!(5);
    let bucket = &mut account["buckets"]["everything-relayctl"];
    bucket["public_access_block"]["block_public_policy"] = json!(false);
    bucket["ownership"] = json!("ObjectWriter");
    bucket["encryption"] = json!({"algorithm": "aws:kms", "kms_key": null, "bucket_key": true});
    bucket["policy"]["Statement"][0]["Action"] = json!("s3:PutObject");
    project.write(ACCOUNT, &account.to_string());
    project.write(ALL, EVERYTHING);
    project
}

/// Everything applied, and it is time to delete the keys that were rotated.
fn everything_retired() -> Project {
    let project = everything_applied();
    project.expect(0, &["keys", "rotate", ALL, "--yes"]);
    days_pass(&project, 8);
    project
}

#[test]
fn every_action_that_is_printed_for_a_manifest_with_everything_is_needed() {
    let (apply, destroy): (&[&str], &[&str]) =
        (&["apply", ALL, "--yes"], &["destroy", ALL, "--yes"]);
    let access: &[&str] = &["plan", ALL, "--deny-widening"];
    let proof = |job, runs| Proof { job, policy: policy(&everything(), ALL, job), runs };
    let plan: &[&str] = &["plan", ALL, "--destroy"];
    let tended: &[&str] = &["plan", ALL];
    let runs = vec![
        (everything_changed(), plan),
        (everything_changed(), access),
        (everything_retired(), tended),
    ];
    proof("plan", runs).holds();
    let rotate: &[&str] = &["keys", "rotate", ALL, "--yes"];
    let runs = vec![
        (everything(), apply),
        (everything_applied(), rotate),
        (everything_changed(), apply),
        (everything_changed(), access),
        (everything_applied(), destroy),
        (everything_retired(), tended),
    ];
    proof("apply", runs).holds();
    proof("destroy", vec![(everything_applied(), destroy), (everything_changed(), plan)]).holds();
}

#[test]
fn a_manifest_with_everything_is_applied_changed_and_destroyed_under_its_policies() {
    let project = everything();
    let [plan, apply, destroy] = ["plan", "apply", "destroy"].map(|job| policy(&project, ALL, job));
    let works = |policy: &Value, arguments: &[&str]| {
        let run = under(&project, policy, arguments);
        assert_eq!(run.code, 0, "{arguments:?}\n{}{}", run.stdout, run.stderr);
    };
    works(&plan, &["plan", "all.yaml"]);
    works(&apply, &["apply", "all.yaml", "--yes"]);
    for (from, to) in EDITS {
        project.edit("all.yaml", from, to);
    }
    works(&apply, &["apply", "all.yaml", "--yes"]);
    works(&plan, &["plan", "all.yaml", "--detailed-exitcode"]);
    works(&plan, &["plan", "all.yaml", "--destroy"]);
    works(&destroy, &["destroy", "all.yaml", "--yes"]);
}
