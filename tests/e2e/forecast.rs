//! The plan names each obstacle to a deletion, its owner, and the calls that remove it. Others'
//! objects go only with `--allow-delete-foreign`.

use relayctl::provider::sandbox::{Sandbox, UnmanagedObject};

use crate::support::project::{Project, Run};

const MANIFEST: &str = "dev.yaml";
const ACCOUNT: &str = "123456789012";
const DEVICE: &str = "arn:aws:iam::123456789012:mfa/phone";

const WHOLE: &str = r#"version: 1
name: dev
account: "123456789012"
region: us-east-1
policies:
  Deploy: {document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:ListBucket", Resource: "*"}]}}
users:
  serverless: {policies: [Deploy], access_key: {csv: key.csv}}
roles:
  runner: {trust: {services: [ec2.amazonaws.com]}, policies: [Deploy]}
"#;

fn applied() -> Project {
    let project = Project::empty().in_sandbox();
    project.write(MANIFEST, WHOLE);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project
}

fn account(project: &Project) -> Sandbox {
    Sandbox::open(&project.path("state/sandbox.json"), ACCOUNT, "us-east-1").unwrap()
}

fn others(project: &Project, things: &[UnmanagedObject]) {
    for thing in things {
        account(project).add(thing).unwrap();
    }
}

/// All that can hang on a user.
fn on_user() -> [UnmanagedObject; 6] {
    let (user, id) = (|| "serverless".to_owned(), str::to_owned);
    [
        UnmanagedObject::LoginProfile { user: user() },
        UnmanagedObject::MfaDevice { user: user(), serial: id(DEVICE) },
        UnmanagedObject::SshKey { user: user(), id: id("APKA1") },
        UnmanagedObject::Certificate { user: user(), id: id("CERT1") },
        UnmanagedObject::ServiceCredential { user: user(), id: id("ACCA1") },
        UnmanagedObject::Member { group: id("staff"), user: user() },
    ]
}

#[track_caller]
fn shows(run: &Run, lines: &[&str]) {
    let mut rest = run.stdout.as_str();
    for line in lines {
        let Some((_, after)) = rest.split_once(line) else {
            panic!(
                "{line:?} is missing, or not in this order\n---\n{}\n---\n{}",
                run.stdout, run.stderr
            )
        };
        rest = after;
    }
}

#[test]
fn what_hangs_on_a_user_is_listed_and_stops_its_removal() {
    let project = applied();
    others(&project, &on_user());
    let plan = project.expect(1, &["plan", MANIFEST, "--destroy"]);
    shows(
        &plan,
        &[
            "# user.serverless is refused (AWS does not delete it while it has objects of others: \
                console password, MFA device arn:aws:iam::123456789012:mfa/phone, SSH public key \
                APKA1, signing certificate CERT1, service-specific credential ACCA1, membership \
                in group staff: remove them first, or let relayctl remove them, with \
                --allow-delete-foreign)",
            "# Must be removed before it:",
            "policy arn:aws:iam::123456789012:policy/Deploy \
                (user_policy_attachment.serverless/Deploy): iam:DetachUserPolicy",
            "(access_key.serverless): iam:DeleteAccessKey",
            "console password (not by this manifest): iam:DeleteLoginProfile",
            "phone (not by this manifest): iam:DeactivateMFADevice, iam:DeleteVirtualMFADevice",
            "SSH public key APKA1 (not by this manifest): iam:DeleteSSHPublicKey",
            "signing certificate CERT1 (not by this manifest): iam:DeleteSigningCertificate",
            "service-specific credential ACCA1 (not by this manifest): \
                iam:DeleteServiceSpecificCredential",
            "membership in group staff (not by this manifest): iam:RemoveUserFromGroup",
        ],
    );
    project.expect(1, &["destroy", MANIFEST, "--yes"]);
    assert!(project.read("state/sandbox.json").contains("APKA1"));
}

#[test]
fn with_leave_it_all_goes_and_nothing_is_left_behind() {
    let project = applied();
    others(&project, &on_user());
    let key = relayctl::call::Write::Iam(relayctl::call::IamWrite::CreateAccessKey {
        user: "serverless".to_owned(),
    });
    let carried = relayctl::call::StepOutput::default();
    futures::executor::block_on(relayctl::port::Provider::write(
        &account(&project),
        &key,
        &carried,
    ))
    .unwrap();
    others(
        &project,
        &[UnmanagedObject::InstanceProfile {
            profile: "machines".to_owned(),
            role: "runner".to_owned(),
        }],
    );
    others(
        &project,
        &[UnmanagedObject::GroupPolicy {
            group: "staff".to_owned(),
            arn: "arn:aws:iam::123456789012:policy/Deploy".to_owned(),
        }],
    );
    let refused = project.expect(1, &["plan", MANIFEST, "--destroy"]);
    shows(
        &refused,
        &["policy.Deploy is refused", "attachment to group staff", "instance profile machines"],
    );
    let saved = project.expect(0, &["plan", MANIFEST, "--destroy", "--allow-delete-foreign", "-v"]);
    shows(
        &saved,
        &[
            "# policy.Deploy will be destroyed",
            "# Removed before it:",
            "attachment to group staff (not by this manifest): iam:DetachGroupPolicy",
            "instance profile machines (not by this manifest): iam:RemoveRoleFromInstanceProfile",
            "iam:DeleteLoginProfile",
            "iam:DeleteUser",
        ],
    );
    project.expect(1, &["apply", "--allow-delete-foreign"]);
    project.expect(0, &["apply"]);
    let left = project.read("state/sandbox.json");
    for gone in ["serverless", "\"runner\"", "Deploy", "APKA1"] {
        assert!(!left.contains(gone), "{gone}: {left}");
    }
}

#[test]
fn what_is_no_longer_declared_is_looked_at_in_the_same_way_and_what_stays_is_not_asked() {
    let project = applied();
    others(&project, &on_user());
    // Nothing goes, so nobody asks what hangs on it, and nothing is refused.
    project.expect(0, &["plan", MANIFEST, "--detailed-exitcode"]);
    project.edit(
        MANIFEST,
        "  serverless: {policies: [Deploy], access_key: {csv: key.csv}}\n",
        "  other: {}\n",
    );
    shows(
        &project.expect(1, &["plan", MANIFEST]),
        &["user.serverless is refused", "membership in group staff"],
    );
}

#[test]
fn a_role_that_is_replaced_loses_its_instance_profile_only_when_that_is_allowed() {
    let project = applied();
    others(
        &project,
        &[UnmanagedObject::InstanceProfile {
            profile: "machines".to_owned(),
            role: "runner".to_owned(),
        }],
    );
    project.edit(MANIFEST, "runner: {", "runner: {path: /team/, ");
    shows(
        &project.expect(1, &["plan", MANIFEST]),
        &["role.runner is refused", "instance profile machines"],
    );
    project.expect(0, &["apply", MANIFEST, "--yes", "--allow-delete-foreign"]);
    project.expect(0, &["plan", MANIFEST, "--detailed-exitcode"]);
}

#[test]
fn nobodys_permissions_boundary_is_taken_away() {
    let project = applied();
    let guest = relayctl::call::Write::Iam(relayctl::call::IamWrite::CreateUser {
        user: "guest".to_owned(),
        path: "/".to_owned(),
        boundary: Some("arn:aws:iam::123456789012:policy/Deploy".to_owned()),
        tags: relayctl::value::Tags::new(),
    });
    let carried = relayctl::call::StepOutput::default();
    futures::executor::block_on(relayctl::port::Provider::write(
        &account(&project),
        &guest,
        &carried,
    ))
    .unwrap();
    let plan = project.expect(1, &["destroy", MANIFEST, "--yes", "--allow-delete-foreign"]);
    shows(
        &plan,
        &["policy.Deploy is refused", "permissions boundary of user guest: remove it there first"],
    );
    assert!(project.read("state/sandbox.json").contains("guest"));
}

#[test]
fn a_bucket_says_how_much_is_in_it() {
    let project = Project::empty().in_sandbox();
    let head = "version: 1\nname: dev\naccount: \"123456789012\"\nregion: us-east-1\nbuckets:\n  \
        some-relay-bucket: ";
    project.write(MANIFEST, &format!("{head}{{}}\n"));
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    for key in ["a", "b", "c"] {
        account(&project).put_object("some-relay-bucket", key).unwrap();
    }
    let refused = project.expect(1, &["plan", MANIFEST, "--destroy", "--allow-delete-foreign"]);
    shows(
        &refused,
        &["set force_destroy: true", "3 object versions and delete markers (not by this manifest)"],
    );
    project.write(MANIFEST, &format!("{head}{{force_destroy: true}}\n"));
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    let planned = project.expect(0, &["plan", MANIFEST, "--destroy"]);
    shows(
        &planned,
        &[
            "Removed before it:",
            "3 object versions and delete markers (not by this manifest): s3:DeleteObjectVersion",
        ],
    );
    account(&project).put_object("some-relay-bucket", "d").unwrap();
    project.expect(0, &["apply"]);
}

#[test]
fn what_is_hung_on_it_after_the_plan_stops_the_removal_by_name() {
    let project = applied();
    project.expect(0, &["plan", MANIFEST, "--destroy", "--allow-delete-foreign"]);
    others(&project, &on_user()[..1]);
    let run = project.expect(1, &["apply"]);
    assert!(
        run.stdout.contains("this is attached to it now: console password"),
        "{}\n{}",
        run.stdout,
        run.stderr
    );
}
