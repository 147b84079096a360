use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::*;
use crate::manifest::{self, Inputs};
use crate::policy::{Usage, document_size, limit, validate};
use crate::value::Value;

fn desired(text: &str) -> Desired {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.yaml");
    std::fs::write(
        &file,
        format!("version: 1\nname: m\naccount: \"123456789012\"\nregion: us-east-1\n{text}"),
    )
    .unwrap();
    load(&file)
}

fn load(file: &Path) -> Desired {
    let inputs = Inputs::default();
    let loaded = manifest::load_manifest(file, &inputs);
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    loaded.desired.unwrap()
}

fn written(desired: &Desired, job: Job) -> Vec<Value> {
    policies(&statements(&needed(desired, job)))
}

fn find<'a>(statements: &'a [PermissionStatement], action: &str) -> Vec<&'a PermissionStatement> {
    statements.iter().filter(|statement| statement.actions.contains(action)).collect()
}

#[test]
fn the_sample_manifests_need_one_valid_policy_for_each_job() {
    for manifest in ["dev", "prod"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("manifests/{manifest}.yaml"));
        let desired = load(&file);
        for job in [Job::Plan, Job::Apply, Job::Destroy] {
            let documents = written(&desired, job);
            assert_eq!(documents.len(), 1, "{manifest} {job:?}");
            assert_eq!(validate(&documents[0], Usage::Managed), [], "{manifest} {job:?}");
            assert!(document_size(&documents[0], Usage::Managed) <= limit(Usage::Managed));
            assert_eq!(written(&desired, job), documents, "the same each time");
        }
    }
}

/// No statement is about all resources, and a plan changes nothing.
#[test]
fn every_statement_names_its_resources() {
    let desired = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/dev.yaml"));
    for job in [Job::Plan, Job::Apply, Job::Destroy] {
        for statement in statements(&needed(&desired, job)) {
            assert!(
                statement.resources.iter().all(|it| it.starts_with("arn:aws:")),
                "{statement:?}"
            );
            assert!(statement.actions.iter().all(|it| !it.contains('*')), "{statement:?}");
            assert!(job != Job::Plan || statement.sid.starts_with("Read"), "{statement:?}");
        }
    }
}

#[test]
fn a_plan_needs_less_than_an_apply_and_so_does_a_destroy() {
    let desired = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/dev.yaml"));
    let apply = needed(&desired, Job::Apply);
    for job in [Job::Plan, Job::Destroy] {
        assert!(needed(&desired, job).is_subset(&apply), "{job:?}");
    }
    let creates = |job| needed(&desired, job).iter().any(|it| it.action.contains(":Create"));
    assert!(creates(Job::Apply) && !creates(Job::Destroy) && !creates(Job::Plan));
}

#[test]
fn only_the_declared_policies_can_be_attached_and_each_only_where_it_is_declared() {
    let desired = desired(
        "users:\n  ada: {policies: ['arn:aws:iam::aws:policy/ReadOnlyAccess']}\n  \
         bob: {policies: ['arn:aws:iam::aws:policy/SecurityAudit']}\n",
    );
    let statements = statements(&needed(&desired, Job::Apply));
    let attach = find(&statements, "iam:AttachUserPolicy");
    assert_eq!(attach.len(), 2);
    for (statement, (user, policy)) in
        attach.iter().zip([("ada", "ReadOnlyAccess"), ("bob", "SecurityAudit")])
    {
        assert_eq!(
            statement.resources,
            BTreeSet::from([format!("arn:aws:iam::123456789012:user/{user}")])
        );
        let arn = format!("arn:aws:iam::aws:policy/{policy}");
        assert_eq!(
            statement.conditions,
            BTreeMap::from([("iam:PolicyARN".to_owned(), BTreeSet::from([arn]))])
        );
    }
    let sids: BTreeSet<&str> = statements.iter().map(|it| it.sid.as_str()).collect();
    assert_eq!(sids.len(), statements.len(), "a Sid is there once: {sids:?}");
}

#[test]
fn an_exclusive_user_may_lose_any_policy_but_get_only_the_declared_ones() {
    let desired = desired(
        "users:\n  ada: {exclusive: true, policies: ['arn:aws:iam::aws:policy/ReadOnlyAccess']}\n",
    );
    let statements = statements(&needed(&desired, Job::Apply));
    assert!(find(&statements, "iam:DetachUserPolicy").iter().all(|it| it.conditions.is_empty()));
    assert!(!find(&statements, "iam:DeleteUserPolicy").is_empty());
    assert!(find(&statements, "iam:AttachUserPolicy").iter().all(|it| !it.conditions.is_empty()));
}

#[test]
fn a_boundary_is_asked_for_when_the_user_is_made() {
    let boundary = "arn:aws:iam::aws:policy/PowerUserAccess";
    let desired = desired(&format!("users:\n  ada: {{permissions_boundary: '{boundary}'}}\n"));
    let statements = statements(&needed(&desired, Job::Apply));
    for action in ["iam:CreateUser", "iam:PutUserPermissionsBoundary"] {
        let [statement] = find(&statements, action)[..] else { panic!("{action}") };
        assert_eq!(statement.sid, "BoundUsers");
        let condition = &statement.document()["Condition"];
        assert!(
            condition
                .to_string()
                .contains(&format!("{{\"iam:PermissionsBoundary\":[\"{boundary}\"]}}")),
            "{condition}"
        );
    }
    assert!(find(&statements, "iam:DeleteUserPermissionsBoundary").is_empty());
}

/// IAM doesn't know the path of a user that does not exist yet.
#[test]
fn what_has_a_path_is_also_read_without_it() {
    let desired = desired("users:\n  ada: {path: /team/}\n");
    let statements = statements(&needed(&desired, Job::Plan));
    let [read] = find(&statements, "iam:GetUser")[..] else { panic!("{statements:?}") };
    let arn = |path: &str| format!("arn:aws:iam::123456789012:user{path}ada");
    assert_eq!(read.resources, BTreeSet::from([arn("/"), arn("/team/")]));
    let create = super::statements(&needed(&desired, Job::Apply));
    assert_eq!(find(&create, "iam:CreateUser")[0].resources, BTreeSet::from([arn("/team/")]));
}

#[test]
fn what_is_too_large_for_one_policy_is_split_and_nothing_is_lost() {
    let mut text = "users:\n".to_owned();
    for number in 0..300 {
        writeln!(text, "  user-with-a-rather-long-name-{number:03}: {{}}").unwrap();
    }
    let desired = desired(&text);
    let documents = written(&desired, Job::Apply);
    assert!(documents.len() > 1);
    let mut allowed = BTreeSet::new();
    for document in &documents {
        assert_eq!(validate(document, Usage::Managed), []);
        for statement in document["Statement"].as_array().unwrap() {
            for action in statement["Action"].as_array().unwrap() {
                let resources = statement["Resource"].as_array().unwrap().iter();
                allowed.extend(resources.map(|it| (action.to_string(), it.to_string())));
            }
        }
    }
    let quoted = |text: &str| format!("\"{text}\"");
    let wanted = needed(&desired, Job::Apply);
    let wanted: BTreeSet<_> =
        wanted.iter().map(|it| (quoted(it.action), quoted(&it.resource))).collect();
    assert_eq!(allowed, wanted);
}

#[test]
fn nothing_declared_needs_no_policy() {
    assert!(written(&desired(""), Job::Apply).is_empty());
}

#[test]
fn a_state_in_s3_takes_its_own_objects_and_a_plan_only_reads_them() {
    let with = |state: &str| desired(&format!("state: {state}\nusers: {{ada: {{}}}}\n"));
    let of_states = |desired: &Desired, job| -> Vec<String> {
        let states = |it: &Permission| it.resource.contains(":s3:::states");
        needed(desired, job)
            .iter()
            .filter(|it| states(it))
            .map(|it| format!("{} {}", it.action, it.resource))
            .collect()
    };
    assert_eq!(of_states(&with("state/"), Job::Apply), Vec::<String>::new());
    let desired = with("s3://states/team");
    insta::assert_snapshot!(of_states(&desired, Job::Plan).join("\n"), @"
    s3:GetObject arn:aws:s3:::states/team/m.json
    s3:GetObject arn:aws:s3:::states/team/m.json.backup
    s3:GetObject arn:aws:s3:::states/team/m.json.journal/*
    s3:ListBucket arn:aws:s3:::states
    ");
    insta::assert_snapshot!(of_states(&desired, Job::Apply).join("\n"), @"
    s3:DeleteObject arn:aws:s3:::states/team/m.json.journal/*
    s3:GetObject arn:aws:s3:::states/team/m.json
    s3:GetObject arn:aws:s3:::states/team/m.json.backup
    s3:GetObject arn:aws:s3:::states/team/m.json.journal/*
    s3:GetObject arn:aws:s3:::states/team/m.json.lock
    s3:ListBucket arn:aws:s3:::states
    s3:PutObject arn:aws:s3:::states/team/m.json
    s3:PutObject arn:aws:s3:::states/team/m.json.backup
    s3:PutObject arn:aws:s3:::states/team/m.json.journal/*
    s3:PutObject arn:aws:s3:::states/team/m.json.lock
    ");
    assert_eq!(of_states(&desired, Job::Apply), of_states(&desired, Job::Destroy));
    let statements = statements(&needed(&desired, Job::Apply));
    let put = find(&statements, "s3:PutObject");
    assert_eq!(
        put.iter().map(|statement| statement.sid.as_str()).collect::<Vec<_>>(),
        ["ChangeObjects"]
    );
}

/// The permissions on groups are under a title of their own.
#[test]
fn a_statement_is_titled_by_what_it_is_about() {
    let desired = desired(
        "users: {bob: {groups: [ops]}}\ngroups: \
            {ops: {policies: ['arn:aws:iam::aws:policy/ReadOnlyAccess']}}\n",
    );
    let sids =
        |job| statements(&needed(&desired, job)).into_iter().map(|it| it.sid).collect::<Vec<_>>();
    assert_eq!(sids(Job::Plan), ["ReadGroups", "ReadPolicies", "ReadUsers"]);
    assert_eq!(
        sids(Job::Apply),
        [
            "ReadGroups",
            "ReadPolicies",
            "ReadUsers",
            "ChangeGroups",
            "ChangeUsers",
            "AttachToGroups"
        ]
    );
}

/// Nobody gets the permission to remove other owners' objects without asking for it.
#[test]
fn removing_what_others_hung_there_takes_permissions_of_its_own() {
    let manifest = "users: {bob: {}}\nroles: \
        {relay: {trust: {services: [ec2.amazonaws.com]}}}\npolicies:\n  Deploy: \
                    {document: {Version: \"2012-10-17\", Statement: [{Effect: Allow, Action: 's3:ListBucket', Resource: '*'}]}}\n";
    let desired = desired(manifest);
    let known = needed(&desired, Job::Apply);
    let more: Vec<String> = foreign(&desired)
        .into_iter()
        .filter(|permission| !known.contains(permission))
        .map(|permission| format!("{} {}", permission.action, permission.resource))
        .collect();
    for one in [
        "iam:DeleteLoginProfile arn:aws:iam::123456789012:user/bob",
        "iam:DeactivateMFADevice arn:aws:iam::123456789012:user/bob",
        "iam:DeleteVirtualMFADevice arn:aws:iam::123456789012:mfa/*",
        "iam:RemoveUserFromGroup arn:aws:iam::123456789012:group/*",
        "iam:RemoveRoleFromInstanceProfile arn:aws:iam::123456789012:instance-profile/*",
        "iam:DetachUserPolicy arn:aws:iam::123456789012:user/*",
        "iam:DetachGroupPolicy arn:aws:iam::123456789012:group/*",
        "iam:DeleteUserPolicy arn:aws:iam::123456789012:user/bob",
    ] {
        assert!(more.iter().any(|it| it == one), "{one}: {more:#?}");
    }
}

/// A group's members are the objects of others that stand in the way of its deletion.
#[test]
fn removing_a_groups_foreign_members_takes_a_permission_of_its_own() {
    let desired = desired("groups: {ops: {}}\n");
    let is_removal = |it: &&Permission| it.action == "iam:RemoveUserFromGroup";
    assert_eq!(needed(&desired, Job::Destroy).iter().find(is_removal), None);
    let allowed = foreign(&desired);
    let removal = allowed.iter().find(is_removal).expect("members are removed");
    assert_eq!(removal.resource, "arn:aws:iam::123456789012:group/ops");
}
