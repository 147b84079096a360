//! The option `--deny-widening`: which changes it stops, besides those that the comparison of
//! policies shows.

use crate::support::project::Project;

const M: &str = "m.yaml";

const BEFORE: &str = r#"version: 1
name: gate
account: "123456789012"
region: us-east-1
policies:
  Admin:
    document:
      Version: "2012-10-17"
      Statement: [{Effect: Allow, Action: "*", Resource: "*"}]
  Keeper:
    document:
      Version: "2012-10-17"
      Statement: [{Effect: Allow, Action: "iam:*", Resource: "arn:aws:iam::123456789012:user/x/*"}]
users:
  ada:
    tags: {app: one}
    policies: [Admin]
    access_key: {csv: ada.csv, rotate_after: 90d, retire_after: 7d}
  bob: {policies: [Keeper]}
groups:
  ops: {path: /}
roles:
  runner: {trust: {services: [lambda.amazonaws.com]}, tags: {app: runner}, description: Runs}
  target:
    trust:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: {AWS: "${roles.runner.arn}"}
          Action: "sts:AssumeRole"
          Condition: {StringEquals: {"aws:PrincipalTag/app": runner}}
buckets:
  gate-data:
    versioning: true
    public_access_block: true
    ownership: BucketOwnerEnforced
    encryption: AES256
zappa_settings:
  file: zappa_settings.json
  stages: {dev: {memory_size: 512}}
"#;

fn applied() -> Project {
    let project = Project::empty().in_sandbox();
    project.write(M, BEFORE);
    project.expect(0, &["apply", M, "--yes"]);
    project
}

/// Plans an edited manifest with `--deny-widening`.
fn plan_edited(project: &Project, before: &str, after: &str, code: i32) -> String {
    let manifest = project.read(M);
    project.edit(M, before, after);
    let ran = project.expect(code, &["plan", M, "--deny-widening"]);
    assert!(!ran.stdout.contains("No changes"), "{after}: {}", ran.stdout);
    project.write(M, &manifest);
    format!("{}{}", ran.stdout, ran.stderr)
}

#[test]
fn every_change_that_may_give_access_is_stopped_with_its_reason() {
    let project = applied();
    let stopped = [
        ("bob: {", "bob: {access_key: {csv: b.csv}, ", "access_key.bob: a new key is made"),
        ("csv: ada.csv", "csv: other.csv", "access_key.ada: csv changes"),
        ("csv: ada.csv", "csv: ada.csv, profile: ada", "access_key.ada: profile changes"),
        ("csv: ada.csv", "csv: ada.csv, command: [vault]", "access_key.ada: command changes"),
        (
            "csv: ada.csv",
            "csv: ada.csv, profile: default, replace_profile: true",
            "access_key.ada: profile changes",
        ),
        ("rotate_after: 90d", "rotate_after: 900d", "access_key.ada: rotate_after changes"),
        ("rotate_after: 90d, ", "", "access_key.ada: rotate_after changes"),
        ("tags: {app: one}", "path: /x/\n    tags: {app: one}", "user.ada: path changes"),
        ("    tags: {app: one}\n", "    path: /x/\n", "policy.Keeper names"),
        ("ops: {path: /}", "ops: {path: /x/}", "group.ops: path changes"),
        ("runner: {", "runner: {path: /x/, ", "role.runner: path changes"),
        (
            "runner: {",
            "runner: {max_session_duration: 43200, ",
            "role.runner: max_session_duration changes",
        ),
        ("  Keeper:\n", "  Keeper:\n    path: /x/\n", "policy.Keeper: path changes"),
        (
            "tags: {app: runner}",
            "tags: {app: other}",
            "the tag app of role.runner changes, and role.target asks for it",
        ),
        ("public_access_block: true", "public_access_block: false", "public access"),
        (
            "public_access_block: true",
            "public_access_block: {block_public_acls: false}",
            "bucket.gate-data: public_access_block changes",
        ),
        ("BucketOwnerEnforced", "ObjectWriter", "bucket.gate-data: ownership changes"),
        (
            "encryption: AES256",
            "encryption: {algorithm: \"aws:kms\", \
             kms_key: \"arn:aws:kms:us-east-1:666666666666:\
             key/aaaaaaaa-1111-2222-3333-444444444444\"}",
            "a KMS key of another account",
        ),
        ("versioning: true", "versioning: false", "bucket.gate-data: versioning changes"),
        ("    versioning: true\n", "    region: eu-west-1\n", "bucket.gate-data: region changes"),
        ("memory_size: 512", "role_name: admin", "zappa_settings.dev: settings changes"),
        (
            "buckets:\n",
            "buckets:\n  gate-open: {public_access_block: false}\n",
            "bucket.gate-open: public_access_block: S3 no longer blocks",
        ),
    ];
    for (before, after, reason) in stopped {
        let told = plan_edited(&project, before, after, 1);
        assert!(told.contains("this plan widens access"), "{after}: {told}");
        let gains = told.split_once("this plan widens access").map_or("", |(_, gains)| gains);
        let gains = gains.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(gains.contains(reason), "{after}: {gains}");
    }
}

#[test]
fn changes_that_give_nobody_access_pass() {
    let project = applied();
    let harmless = [
        // A trust policy that names another role asks for the tag.
        ("tags: {app: one}", "tags: {app: two}"),
        ("rotate_after: 90d", "rotate_after: 30d"),
        ("retire_after: 7d", "retire_after: 14d"),
        ("description: Runs", "description: Runs the app"),
        ("encryption: AES256", "encryption: {algorithm: \"aws:kms\", kms_key: alias/data}"),
        (
            "encryption: AES256",
            "encryption: {algorithm: \"aws:kms\", \
             kms_key: \"arn:aws:kms:us-east-1:123456789012:\
             key/aaaaaaaa-1111-2222-3333-444444444444\"}",
        ),
        ("encryption: AES256", "lifecycle: [{id: old, expiration_days: 30}]"),
        ("memory_size: 512", "memory_size: 256"),
        ("  bob: {policies: [Keeper]}\n", "  bob: {}\n"),
        ("bob: {", "bob: {tags: {team: a}, "),
        ("groups:\n", "  eve: {path: /x/, tags: {app: runner}}\ngroups:\n"),
        ("buckets:\n", "buckets:\n  gate-more: {versioning: false, lifecycle: [], tags: {a: b}}\n"),
    ];
    for (before, after) in harmless {
        plan_edited(&project, before, after, 0);
    }
}

/// A lifecycle rule deletes objects: no plan with one says that nobody loses anything.
#[test]
fn a_longer_session_and_a_lifecycle_are_not_settled() {
    let project = applied();
    for (before, after, is_settled) in [
        ("description: Runs", "description: Other", true),
        ("description: Runs", "max_session_duration: 7200, description: Runs", false),
        ("description: Runs", "max_session_duration: 7200, description: Other", false),
        (
            "versioning: true",
            "versioning: true\n    lifecycle: [{id: a, expiration_days: 1}]",
            false,
        ),
    ] {
        project.write(M, &BEFORE.replace(before, after));
        let plan = project.expect(2, &["plan", M, "--detailed-exitcode"]).stdout;
        assert_eq!(plan.contains("No one gains or loses access."), is_settled, "{plan}");
    }
}

/// The key of a rotation goes where the old one was, so that scheduled rotations pass the option.
#[test]
fn a_rotation_to_the_same_places_passes() {
    let project = applied();
    let ran = project.expect(0, &["keys", "rotate", M, "ada", "--deny-widening", "--yes"]);
    assert!(ran.stdout.contains("access_key.ada"), "{}", ran.stdout);
}

/// A bucket policy may let in whoever has a tag: a new user has it from the beginning.
#[test]
fn a_new_user_with_a_tag_that_a_bucket_policy_asks_for_is_stopped() {
    let project = applied();
    let policy = r#"{Version: "2012-10-17", Statement: [{
      Effect: Allow, Principal: {AWS: "123456789012"},
      Action: "s3:GetObject", Resource: "arn:aws:s3:::gate-data/*",
      Condition: {StringEquals: {"aws:PrincipalTag/team": a}}}]}"#;
    project.edit(M, "versioning: true", &format!("versioning: true\n    policy: {policy}"));
    project.expect(0, &["apply", M, "--yes"]);
    let told = plan_edited(&project, "groups:\n", "  eve: {tags: {team: a}}\ngroups:\n", 1);
    assert!(told.contains("the tag team of user.eve is new, and bucket.gate-data asks"), "{told}");
    plan_edited(&project, "groups:\n", "  eve: {tags: {app: a}}\ngroups:\n", 0);
}
