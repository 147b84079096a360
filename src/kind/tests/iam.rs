use serde_json::{Value, json};

use super::{ACCOUNT, attributes, created, deleted, kind, not_found, observe, present, updated};
use crate::call::iam::{ManagedPolicy, PolicyVersion, Role, User};
use crate::call::{Failure, FailureKind, IamRead, IamReply, Observed, Read, Reply};
use crate::kind::Attached;
use crate::reads::Facet;
use crate::value::Tags;

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn live_tags() -> Tags {
    tags(&[("relayctl:manifest", "dev"), ("stage", "dev"), ("theirs", "x")])
}

/// Returns a document of one statement, with its actions as AWS might list them.
fn document(actions: &[&str]) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
}

fn deploy_arn() -> String {
    format!("{ACCOUNT}:policy/Deploy")
}

/// Answers as an account with a user, a role and a policy, and their policies.
fn account(read: &Read) -> Result<Reply, Failure> {
    let Read::Iam(read) = read else { return not_found() };
    let text = str::to_owned;
    Ok(Reply::Iam(match read {
        IamRead::GetUser { user } if user == "serverless" => IamReply::User(User {
            name: text("serverless"),
            id: text("AIDA1"),
            arn: format!("{ACCOUNT}:user/serverless"),
            path: text("/"),
            boundary: Some(text("arn:boundary")),
            tags: live_tags(),
        }),
        IamRead::GetRole { role } if role == "runner" => IamReply::Role(Role {
            name: text("runner"),
            id: text("AROA1"),
            arn: format!("{ACCOUNT}:role/runner"),
            path: text("/"),
            description: text("runs it"),
            max_session_duration: 7200,
            trust: document(&["sts:TagSession", "sts:AssumeRole"]).into(),
            boundary: None,
            tags: live_tags(),
        }),
        IamRead::GetPolicy { arn } if *arn == deploy_arn() => IamReply::Policy(ManagedPolicy {
            name: text("Deploy"),
            id: text("ANPA1"),
            arn: arn.clone(),
            path: text("/"),
            description: text("deploys it"),
            default_version: text("v3"),
            tags: live_tags(),
        }),
        IamRead::ListPolicyVersions { .. } => IamReply::PolicyVersions(
            ["v10", "v3", "v2", "v9", "v4"]
                .map(|id| PolicyVersion { id: text(id), ..PolicyVersion::default() })
                .into(),
        ),
        IamRead::GetPolicyVersion { version, .. } => IamReply::PolicyVersion(PolicyVersion {
            id: version.clone(),
            is_default: true,
            document: Some(document(&["s3:PutObject", "s3:GetObject"]).into()),
        }),
        IamRead::ListAttachedUserPolicies { .. } | IamRead::ListAttachedRolePolicies { .. } => {
            IamReply::Attached(vec![text("arn:z"), text("arn:old"), deploy_arn()])
        }
        IamRead::ListUserPolicies { .. } | IamRead::ListRolePolicies { .. } => {
            IamReply::Names(vec![text("debug")])
        }
        IamRead::GetUserPolicy { .. } | IamRead::GetRolePolicy { .. } => {
            IamReply::Document(document(&["s3:PutObject", "s3:GetObject"]).into())
        }
        _ => return not_found(),
    }))
}

#[test]
fn a_policy_is_seen_whole_and_in_normal_form() {
    let seen = present("policy", &json!({"name": "Deploy", "arn": deploy_arn()}), &account);
    assert_eq!(seen.id, "ANPA1");
    assert_eq!(seen.owner.as_deref(), Some("dev"));
    let canonical = crate::policy::canonical(&document(&["s3:GetObject", "s3:PutObject"]));
    let expected = json!({
        "name": "Deploy", "arn": deploy_arn(), "path": "/", "description": "deploys it", "document": canonical,
        "tags": {"relayctl:manifest": "dev", "stage": "dev", "theirs": "x"},
    });
    assert_eq!(seen.attributes, attributes(&expected));
    let versions = json!({"versions": ["v10", "v9", "v4", "v3", "v2"], "default_version": "v3"});
    assert_eq!(seen.internals, attributes(&versions));
}

#[test]
fn a_policy_is_made_in_one_call() {
    let wanted = json!({
        "name": "Deploy", "arn": "arn:x", "path": "/app/", "description": "d", "document": {"a": 1}, "tags": {"k": "v"},
    });
    let expected = "CreatePolicy { policy: Deploy, path: /app/, description: Some(d), \
                    document: Object {a: Number(1)}, tags: {k: v} }";
    assert_eq!(created("policy", &wanted), [expected]);
}

#[test]
fn the_sixth_version_takes_the_place_of_the_oldest_that_is_not_the_default() {
    let wanted = json!({"name": "Deploy", "arn": deploy_arn(), "document": {}});
    let mut seen = present("policy", &wanted, &account);
    let create = format!("CreatePolicyVersion {{ arn: {}, document: Object {{}} }}", deploy_arn());
    let prune = |version: &str| {
        format!("DeletePolicyVersion {{ arn: {}, version: {version} }}", deploy_arn())
    };
    assert_eq!(updated("policy", &seen, &wanted, &["document"]), [prune("v2"), create.clone()]);

    seen.internals.insert("default_version", json!("v2"));
    assert_eq!(updated("policy", &seen, &wanted, &["document"]), [prune("v3"), create.clone()]);

    seen.internals.insert("versions", json!(["v10", "v9", "v3", "v2"]));
    assert_eq!(updated("policy", &seen, &wanted, &["document"]), [create]);
}

#[test]
fn a_policy_goes_with_its_old_versions() {
    let wanted = json!({"name": "Deploy", "arn": deploy_arn()});
    let seen = present("policy", &wanted, &account);
    let arn = deploy_arn();
    let mut expected: Vec<_> = ["v2", "v4", "v9", "v10"]
        .iter()
        .map(|version| format!("DeletePolicyVersion {{ arn: {arn}, version: {version} }}"))
        .collect();
    expected.push(format!("DeletePolicy {{ arn: {arn} }}"));
    assert_eq!(deleted("policy", &seen, &wanted), expected);
}

#[test]
fn tags_change_key_by_key() {
    let wanted = json!({"tags": {"relayctl:manifest": "dev", "stage": "prod", "new": "1"}});
    let operand =
        [("policy", format!("arn: {}", deploy_arn())), ("user", "user: serverless".into())];
    for (name, operand) in operand.into_iter().chain([("role", "role: runner".into())]) {
        let identity = match name {
            "policy" => json!({"arn": deploy_arn()}),
            "user" => json!({"name": "serverless"}),
            _ => json!({"name": "runner"}),
        };
        let seen = present(name, &identity, &account);
        let call = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
        let expected = [
            format!("Untag{call} {{ {operand}, keys: [theirs] }}"),
            format!("Tag{call} {{ {operand}, tags: {{new: 1, stage: prod}} }}"),
        ];
        assert_eq!(updated(name, &seen, &wanted, &["tags"]), expected);
    }
}

#[test]
fn a_user_is_seen_with_all_that_hangs_on_it() {
    let seen = present("user", &json!({"name": "serverless"}), &account);
    assert_eq!((seen.id.as_str(), seen.owner.as_deref()), ("AIDA1", Some("dev")));
    let expected = json!({
        "name": "serverless", "arn": format!("{ACCOUNT}:user/serverless"), "path": "/",
        "permissions_boundary": "arn:boundary",
        "tags": {"relayctl:manifest": "dev", "stage": "dev", "theirs": "x"},
    });
    assert_eq!(seen.attributes, attributes(&expected));
    let managed = [deploy_arn(), "arn:old".into(), "arn:z".into()].map(Attached::Managed);
    let attached: Vec<_> = managed.into_iter().chain([Attached::Inline("debug".into())]).collect();
    assert_eq!(seen.attached, attached);
}

#[test]
fn a_user_changes_in_place() {
    let seen = present("user", &json!({"name": "serverless"}), &account);
    let wanted = json!({"name": "serverless", "path": "/ci/", "permissions_boundary": "arn:b"});
    let fields = ["path", "permissions_boundary"];
    let expected = [
        "UpdateUser { user: serverless, path: /ci/ }",
        "PutUserPermissionsBoundary { user: serverless, arn: arn:b }",
    ];
    assert_eq!(updated("user", &seen, &wanted, &fields), expected);
    let none = json!({"name": "serverless", "permissions_boundary": null});
    let expected = ["DeleteUserPermissionsBoundary { user: serverless }"];
    assert_eq!(updated("user", &seen, &none, &["permissions_boundary"]), expected);
}

#[test]
fn a_user_is_made_and_removed_in_one_call() {
    let wanted = json!({"name": "serverless", "path": "/", "permissions_boundary": "arn:b", "tags": {"k": "v"}});
    let expected = "CreateUser { user: serverless, path: /, boundary: Some(arn:b), tags: {k: v} }";
    assert_eq!(created("user", &wanted), [expected]);
    let seen = present("user", &wanted, &account);
    assert_eq!(deleted("user", &seen, &wanted), ["DeleteUser { user: serverless }"]);
}

#[test]
fn a_role_is_seen_whole_and_in_normal_form() {
    let seen = present("role", &json!({"name": "runner", "description": ""}), &account);
    assert_eq!(
        (seen.id.as_str(), seen.owner.as_deref(), seen.attached.len()),
        ("AROA1", Some("dev"), 4)
    );
    let expected = json!({
        "name": "runner", "arn": format!("{ACCOUNT}:role/runner"), "path": "/", "description": "runs it",
        "max_session_duration": 7200, "permissions_boundary": null,
        "trust": crate::policy::canonical(&document(&["sts:AssumeRole", "sts:TagSession"])),
        "tags": {"relayctl:manifest": "dev", "stage": "dev", "theirs": "x"},
    });
    assert_eq!(seen.attributes, attributes(&expected));
}

#[test]
fn what_takes_a_call_of_its_own_is_asked_of_a_role_only_where_it_is_wanted() {
    let asked = |wanted: &Value| kind("role").facets(&attributes(wanted));
    let settings = Facet::RoleSettings { role: "runner".to_owned() };
    assert!(!asked(&json!({"name": "runner"})).contains(&settings));
    assert!(asked(&json!({"name": "runner", "max_session_duration": 3600})).contains(&settings));
    let seen = present("role", &json!({"name": "runner"}), &account);
    assert!(!seen.attributes.contains_key("description"), "{seen:?}");
}

#[test]
fn a_role_is_made_and_removed_in_one_call() {
    let wanted = json!({
        "name": "runner", "path": "/", "description": "d", "max_session_duration": 3600, "trust": {}, "tags": {},
        "permissions_boundary": "arn:b",
    });
    let expected = "CreateRole \
        { role: runner, path: /, description: Some(d), max_session_duration: Some(3600), \
                    trust: Object {}, boundary: Some(arn:b), tags: {} }";
    assert_eq!(created("role", &wanted), [expected]);
    let seen = present("role", &wanted, &account);
    assert_eq!(deleted("role", &seen, &wanted), ["DeleteRole { role: runner }"]);
}

#[test]
fn update_role_sends_what_does_not_change_as_it_is() {
    let seen = present("role", &json!({"name": "runner", "max_session_duration": 43200}), &account);
    let update = |wanted: &Value, changed: &[&str]| updated("role", &seen, wanted, changed);
    let longer = json!({"name": "runner", "max_session_duration": 43200});
    let expected =
        ["UpdateRole { role: runner, description: runs it, max_session_duration: 43200 }"];
    assert_eq!(update(&longer, &["max_session_duration"]), expected);
    let cleared = json!({"name": "runner", "description": ""});
    let expected = ["UpdateRole { role: runner, description: , max_session_duration: 7200 }"];
    assert_eq!(update(&cleared, &["description"]), expected);
    let both =
        json!({"name": "runner", "description": "d", "max_session_duration": 3600, "trust": {}});
    let expected = [
        "UpdateRole { role: runner, description: d, max_session_duration: 3600 }",
        "UpdateAssumeRolePolicy { role: runner, trust: Object {} }",
    ];
    assert_eq!(update(&both, &["description", "max_session_duration", "trust"]), expected);
    let boundary = json!({"permissions_boundary": "arn:b"});
    let expected = ["PutRolePermissionsBoundary { role: runner, arn: arn:b }"];
    assert_eq!(update(&boundary, &["permissions_boundary"]), expected);
}

#[test]
fn an_attachment_is_there_when_its_parent_has_it() {
    let wanted = json!({"user": "serverless", "policy_arn": deploy_arn()});
    let seen = present("user_policy_attachment", &wanted, &account);
    assert_eq!(seen.id, format!("serverless|{}", deploy_arn()));
    assert_eq!(seen.attributes, attributes(&wanted));
    assert_eq!(
        created("user_policy_attachment", &wanted),
        [format!("AttachUserPolicy {{ user: serverless, arn: {} }}", deploy_arn())]
    );
    assert_eq!(
        deleted("user_policy_attachment", &seen, &wanted),
        [format!("DetachUserPolicy {{ user: serverless, arn: {} }}", deploy_arn())]
    );
    let detached = json!({"user": "serverless", "policy_arn": "arn:other"});
    assert_eq!(observe("user_policy_attachment", &detached, &account), Observed::Absent);
    let role = json!({"role": "runner", "policy_arn": "arn:z"});
    let seen = present("role_policy_attachment", &role, &account);
    assert_eq!(
        created("role_policy_attachment", &role),
        ["AttachRolePolicy { role: runner, arn: arn:z }"]
    );
    assert_eq!(
        deleted("role_policy_attachment", &seen, &role),
        ["DetachRolePolicy { role: runner, arn: arn:z }"]
    );
}

#[test]
fn an_attachment_follows_its_policy_to_another_arn() {
    let wanted = json!({"user": "serverless", "policy_arn": "arn:new", "id": "serverless|arn:old"});
    let seen = present("user_policy_attachment", &wanted, &account);
    let reason = kind("user_policy_attachment").must_replace(&seen, &attributes(&wanted));
    assert_eq!(reason.as_deref(), Some("the policy's ARN is no longer arn:old"));
    let expected = ["DetachUserPolicy { user: serverless, arn: arn:old }"];
    assert_eq!(deleted("user_policy_attachment", &seen, &wanted), expected);
}

#[test]
fn an_inline_policy_is_put_whole() {
    let wanted = json!({"role": "runner", "name": "debug", "document": {}});
    let seen = present("role_policy", &wanted, &account);
    assert_eq!(seen.id, "runner:debug");
    let canonical = crate::policy::canonical(&document(&["s3:GetObject", "s3:PutObject"]));
    assert_eq!(seen.attributes["document"], canonical);
    let put = ["PutRolePolicy { role: runner, policy: debug, document: Object {} }"];
    assert_eq!(created("role_policy", &wanted), put);
    assert_eq!(updated("role_policy", &seen, &wanted, &["document"]), put);
    assert_eq!(
        deleted("role_policy", &seen, &wanted),
        ["DeleteRolePolicy { role: runner, policy: debug }"]
    );
    let user = json!({"user": "serverless", "name": "debug"});
    let seen = present("user_policy", &user, &account);
    assert_eq!(
        deleted("user_policy", &seen, &user),
        ["DeleteUserPolicy { user: serverless, policy: debug }"]
    );
    let other = json!({"user": "serverless", "name": "Debug"});
    assert_eq!(observe("user_policy", &other, &account), Observed::Absent);
}

#[test]
fn a_document_that_cannot_be_read_makes_the_policy_unknown() {
    let answer = |read: &Read| match read {
        Read::Iam(IamRead::GetPolicyVersion { .. }) => {
            Err(super::failure(FailureKind::AccessDenied))
        }
        other => account(other),
    };
    let wanted = json!({"name": "Deploy", "arn": deploy_arn()});
    assert_eq!(observe("policy", &wanted, &answer), super::denied());
}
