//! What AWS documents for the calls that relayctl makes, each as one test of the sandbox.
//!
//! Only through [`Provider`], except for what no call of relayctl does: putting objects into buckets.

use std::collections::BTreeSet;

use futures::executor::block_on;
use relayctl::call::iam::{Entities, PolicyUsage, PolicyVersion, RoleDetail, UserDetail};
use relayctl::call::s3::{Encryption, LifecycleRule, PublicAccessBlock, Transition};
use relayctl::call::{
    BucketRef, Carried, Failure, FailureKind, FileRead, IamRead, IamReply, IamWrite, NewKey, Read, Reply, S3Read,
    S3Reply, S3Write, Write,
};
use relayctl::port::Provider;
use relayctl::provider::sandbox::{Sandbox, Thing};
use relayctl::value::{Shared, Tags, Value};
use secrecy::ExposeSecret;
use serde_json::json;

const ACCOUNT: &str = "123456789012";

/// An empty account, and calls on it that must succeed or must fail.
struct World(Sandbox);

impl World {
    fn new() -> Self {
        Self(Sandbox::in_memory(ACCOUNT, "us-east-1"))
    }

    fn try_iam(&self, write: IamWrite) -> Result<Reply, Failure> {
        block_on(self.0.write(&Write::Iam(write), &Carried::default()))
    }

    #[track_caller]
    fn iam(&self, write: IamWrite) -> Reply {
        self.try_iam(write).unwrap()
    }

    /// With its code; every refusal of AWS has words and a request id.
    #[track_caller]
    fn iam_refuses(&self, code: &str, write: IamWrite) -> Failure {
        checked(self.try_iam(write).unwrap_err(), code, "iam:")
    }

    #[track_caller]
    fn see(&self, read: IamRead) -> IamReply {
        match block_on(self.0.read(&Read::Iam(read))).unwrap() {
            Reply::Iam(reply) => reply,
            other => panic!("not an answer of IAM: {other:?}"),
        }
    }

    #[track_caller]
    fn iam_lacks(&self, read: IamRead) -> Failure {
        checked(block_on(self.0.read(&Read::Iam(read))).unwrap_err(), "NoSuchEntity", "iam:")
    }

    #[track_caller]
    fn s3(&self, write: S3Write) {
        block_on(self.0.write(&Write::S3(write), &Carried::default())).unwrap();
    }

    #[track_caller]
    fn s3_refuses(&self, code: &str, write: S3Write) -> Failure {
        let answer = block_on(self.0.write(&Write::S3(write), &Carried::default()));
        checked(answer.unwrap_err(), code, "s3:")
    }

    #[track_caller]
    fn look(&self, read: S3Read) -> S3Reply {
        match block_on(self.0.read(&Read::S3(read))).unwrap() {
            Reply::S3(reply) => reply,
            other => panic!("not an answer of S3: {other:?}"),
        }
    }

    #[track_caller]
    fn s3_lacks(&self, code: &str, read: S3Read) -> Failure {
        checked(block_on(self.0.read(&Read::S3(read))).unwrap_err(), code, "s3:")
    }
}

#[track_caller]
fn checked(failure: Failure, code: &str, service: &str) -> Failure {
    assert_eq!(failure.code, code, "{failure}");
    assert!(!failure.message.is_empty());
    assert!(failure.request_id.is_some());
    assert!(failure.call.starts_with(service), "{}", failure.call);
    let expected = match code {
        "NoSuchEntity"
        | "NotFound"
        | "NoSuchBucket"
        | "NoSuchTagSet"
        | "NoSuchBucketPolicy"
        | "NoSuchLifecycleConfiguration" => FailureKind::NotFound,
        "EntityAlreadyExists" | "BucketAlreadyExists" | "BucketAlreadyOwnedByYou" => FailureKind::AlreadyExists,
        "DeleteConflict" | "BucketNotEmpty" => FailureKind::Conflict,
        "LimitExceeded" => FailureKind::LimitExceeded,
        "AccessDenied" | "Forbidden" => FailureKind::AccessDenied,
        "PermanentRedirect" => FailureKind::Other,
        _ => FailureKind::Invalid,
    };
    assert_eq!(failure.kind, expected, "{failure}");
    failure
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| (text(key), text(value))).collect()
}

fn allow(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
}

/// A document of at least `size` characters without white space.
fn large(size: usize) -> Value {
    let resources: Vec<String> = (0..size / 40).map(|n| format!("arn:aws:s3:::a-bucket-with-a-name/{n:06}")).collect();
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources}]})
}

fn trust(principal: &Value) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
    })
}

fn lambda() -> Value {
    trust(&json!({"Service": "lambda.amazonaws.com"}))
}

fn policy_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:policy/{name}")
}

fn create_policy(name: &str) -> IamWrite {
    policy_with(name, allow("s3:GetObject"))
}

fn policy_with(name: &str, document: Value) -> IamWrite {
    IamWrite::CreatePolicy {
        policy: text(name),
        path: text("/"),
        description: None,
        document: document.into(),
        tags: Tags::new(),
    }
}

fn version(name: &str, action: &str) -> IamWrite {
    IamWrite::CreatePolicyVersion { arn: policy_arn(name), document: allow(action).into() }
}

fn delete_version(name: &str, version: &str) -> IamWrite {
    IamWrite::DeletePolicyVersion { arn: policy_arn(name), version: text(version) }
}

fn create_user(name: &str) -> IamWrite {
    bounded_user(name, None)
}

fn bounded_user(name: &str, boundary: Option<String>) -> IamWrite {
    IamWrite::CreateUser { user: text(name), path: text("/"), boundary, tags: Tags::new() }
}

fn create_role(name: &str, trust: Value) -> IamWrite {
    IamWrite::CreateRole {
        role: text(name),
        path: text("/"),
        description: None,
        max_session_duration: None,
        trust: trust.into(),
        boundary: None,
        tags: Tags::new(),
    }
}

fn attach_to_user(user: &str, arn: &str) -> IamWrite {
    IamWrite::AttachUserPolicy { user: text(user), arn: text(arn) }
}

fn attach_to_role(role: &str, arn: &str) -> IamWrite {
    IamWrite::AttachRolePolicy { role: text(role), arn: text(arn) }
}

fn put_user_policy(policy: &str, document: Value) -> IamWrite {
    IamWrite::PutUserPolicy { user: text("bob"), policy: text(policy), document: document.into() }
}

fn put_role_policy(policy: &str, document: Value) -> IamWrite {
    IamWrite::PutRolePolicy { role: text("relay"), policy: text(policy), document: document.into() }
}

fn delete_user(name: &str) -> IamWrite {
    IamWrite::DeleteUser { user: text(name) }
}

fn delete_role(name: &str) -> IamWrite {
    IamWrite::DeleteRole { role: text(name) }
}

fn delete_policy(name: &str) -> IamWrite {
    IamWrite::DeletePolicy { arn: policy_arn(name) }
}

fn new_key(user: &str) -> IamWrite {
    IamWrite::CreateAccessKey { user: text(user) }
}

fn at(name: &str) -> BucketRef {
    in_region(name, "us-east-1")
}

fn in_region(name: &str, region: &str) -> BucketRef {
    BucketRef { name: text(name), region: text(region) }
}

fn create_bucket(bucket: BucketRef) -> S3Write {
    S3Write::CreateBucket { bucket, ownership: text("BucketOwnerEnforced") }
}

fn put_bucket_policy(document: Value) -> S3Write {
    S3Write::PutBucketPolicy { bucket: at("relay-files"), document: document.into() }
}

/// A user `bob` and a policy `Reader`.
fn with_user() -> World {
    let world = World::new();
    world.iam(create_user("bob"));
    world.iam(create_policy("Reader"));
    world
}

/// A role `relay` and a policy `Reader`.
fn with_role() -> World {
    let world = World::new();
    world.iam(create_role("relay", lambda()));
    world.iam(create_policy("Reader"));
    world
}

/// A bucket `relay-files`.
fn with_bucket() -> World {
    let world = World::new();
    world.s3(create_bucket(at("relay-files")));
    world
}

impl World {
    #[track_caller]
    fn user(&self, name: &str) -> relayctl::call::iam::User {
        match self.see(IamRead::GetUser { user: text(name) }) {
            IamReply::User(user) => user,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn role(&self, name: &str) -> relayctl::call::iam::Role {
        match self.see(IamRead::GetRole { role: text(name) }) {
            IamReply::Role(role) => role,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn policy(&self, arn: &str) -> relayctl::call::iam::Policy {
        match self.see(IamRead::GetPolicy { arn: text(arn) }) {
            IamReply::Policy(policy) => policy,
            other => panic!("{other:?}"),
        }
    }

    /// Sorted, oldest first.
    #[track_caller]
    fn versions(&self, name: &str) -> Vec<PolicyVersion> {
        match self.see(IamRead::ListPolicyVersions { arn: policy_arn(name) }) {
            IamReply::PolicyVersions(mut versions) => {
                versions.sort_by(|a, b| a.id.cmp(&b.id));
                versions
            }
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn document(&self, read: IamRead) -> Shared {
        match self.see(read) {
            IamReply::Document(document) => document,
            IamReply::PolicyVersion(version) => version.document.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn attached(&self, read: IamRead) -> Vec<String> {
        match self.see(read) {
            IamReply::Attached(arns) => arns,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn keys(&self, user: &str) -> Vec<relayctl::call::iam::AccessKey> {
        match self.see(IamRead::ListAccessKeys { user: text(user) }) {
            IamReply::AccessKeys(keys) => keys,
            other => panic!("{other:?}"),
        }
    }

    /// The id and the secret.
    #[track_caller]
    fn key(&self, user: &str) -> (String, String) {
        match self.iam(new_key(user)) {
            Reply::Iam(IamReply::NewAccessKey { id, secret }) => (id, text(secret.expose_secret())),
            other => panic!("{other:?}"),
        }
    }

    fn sweep(&self) -> relayctl::call::iam::AuthorizationDetails {
        match self.see(IamRead::GetAccountAuthorizationDetails {
            filter: relayctl::call::iam::EntityType::ALL.into(),
            marker: None,
        }) {
            IamReply::AuthorizationDetails(details) => details,
            other => panic!("{other:?}"),
        }
    }
}

fn of_user(user: &str) -> IamRead {
    IamRead::ListAttachedUserPolicies { user: text(user) }
}

fn of_role(role: &str) -> IamRead {
    IamRead::ListAttachedRolePolicies { role: text(role) }
}

fn version_of(name: &str, version: &str) -> IamRead {
    IamRead::GetPolicyVersion { arn: policy_arn(name), version: text(version) }
}

// ---- policies

#[test]
fn a_policy_is_made_with_path_description_and_tags() {
    let world = World::new();
    let reply = world.iam(IamWrite::CreatePolicy {
        policy: text("Reader"),
        path: text("/team/"),
        description: Some(text("reads")),
        document: allow("s3:GetObject").into(),
        tags: tags(&[("stage", "dev")]),
    });
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/team/Reader");
    let Reply::Iam(IamReply::Policy(created)) = reply else { panic!("{reply:?}") };
    assert_eq!(created.arn, arn);
    assert_eq!(world.policy(&arn), created);
}

#[test]
fn a_policy_says_its_path_description_tags_and_default_version() {
    let world = World::new();
    world.iam(IamWrite::CreatePolicy {
        policy: text("Reader"),
        path: text("/team/"),
        description: Some(text("reads")),
        document: allow("s3:GetObject").into(),
        tags: tags(&[("stage", "dev")]),
    });
    let seen = world.policy(&format!("arn:aws:iam::{ACCOUNT}:policy/team/Reader"));
    assert_eq!((seen.name.as_str(), seen.path.as_str(), seen.description.as_str()), ("Reader", "/team/", "reads"));
    assert_eq!((seen.default_version.as_str(), seen.tags), ("v1", tags(&[("stage", "dev")])));
}

#[test]
fn a_version_holds_its_document() {
    let world = with_user();
    assert_eq!(world.document(version_of("Reader", "v1")), allow("s3:GetObject").into());
    world.iam_lacks(version_of("Reader", "v2"));
}

#[test]
fn a_new_version_becomes_the_default() {
    let world = with_user();
    let reply = world.iam(version("Reader", "s3:PutObject"));
    let Reply::Iam(IamReply::PolicyVersion(created)) = reply else { panic!("{reply:?}") };
    assert_eq!((created.id.as_str(), created.is_default), ("v2", true));
    assert_eq!(world.policy(&policy_arn("Reader")).default_version, "v2");
    assert_eq!(world.document(version_of("Reader", "v2")), allow("s3:PutObject").into());
    assert_eq!(world.document(version_of("Reader", "v1")), allow("s3:GetObject").into());
}

#[test]
fn versions_are_listed_without_documents_and_one_is_the_default() {
    let world = with_user();
    world.iam(version("Reader", "s3:PutObject"));
    let listed = |id: &str, is_default| PolicyVersion { id: text(id), is_default, document: None };
    assert_eq!(world.versions("Reader"), [listed("v1", false), listed("v2", true)]);
}

#[test]
fn a_sixth_version_exceeds_the_limit() {
    let world = with_user();
    for action in ["s3:A", "s3:B", "s3:C", "s3:D"] {
        world.iam(version("Reader", action));
    }
    let failure = world.iam_refuses("LimitExceeded", version("Reader", "s3:E"));
    assert!(failure.message.starts_with("A managed policy can have up to 5 versions."), "{failure}");
    assert_eq!(world.versions("Reader").len(), 5);
}

#[test]
fn a_version_that_is_not_the_default_can_be_deleted() {
    let world = with_user();
    world.iam(version("Reader", "s3:PutObject"));
    world.iam(delete_version("Reader", "v1"));
    world.iam_lacks(version_of("Reader", "v1"));
    world.iam_refuses("NoSuchEntity", delete_version("Reader", "v1"));
}

#[test]
fn version_ids_are_never_used_again() {
    let world = with_user();
    for action in ["s3:A", "s3:B", "s3:C", "s3:D"] {
        world.iam(version("Reader", action));
    }
    world.iam(delete_version("Reader", "v1"));
    world.iam(version("Reader", "s3:E"));
    let ids: Vec<String> = world.versions("Reader").into_iter().map(|version| version.id).collect();
    assert_eq!(ids, ["v2", "v3", "v4", "v5", "v6"]);
}

#[test]
fn the_default_version_cannot_be_deleted() {
    let world = with_user();
    let failure = world.iam_refuses("DeleteConflict", delete_version("Reader", "v1"));
    assert_eq!(failure.message, "Cannot delete the default version of a policy.");
}

#[test]
fn a_policy_with_more_than_one_version_cannot_be_deleted() {
    let world = with_user();
    world.iam(version("Reader", "s3:PutObject"));
    world.iam_refuses("DeleteConflict", delete_policy("Reader"));
    world.iam(delete_version("Reader", "v1"));
    world.iam(delete_policy("Reader"));
    world.iam_lacks(IamRead::GetPolicy { arn: policy_arn("Reader") });
}

#[test]
fn policies_are_tagged_and_untagged_key_by_key() {
    let world = with_user();
    let arn = policy_arn("Reader");
    world.iam(IamWrite::TagPolicy { arn: arn.clone(), tags: tags(&[("a", "1"), ("b", "2")]) });
    world.iam(IamWrite::TagPolicy { arn: arn.clone(), tags: tags(&[("b", "3"), ("B", "4")]) });
    world.iam(IamWrite::UntagPolicy { arn: arn.clone(), keys: vec![text("a"), text("never")] });
    assert_eq!(world.policy(&arn).tags, tags(&[("B", "4"), ("b", "3")]));
}

#[test]
fn everybody_who_has_a_policy_or_is_bound_by_it_is_listed() {
    let world = with_user();
    world.iam(create_role("relay", lambda()));
    world.iam(create_user("ada"));
    let arn = policy_arn("Reader");
    world.iam(attach_to_user("bob", &arn));
    world.iam(IamWrite::PutRolePermissionsBoundary { role: text("relay"), arn: arn.clone() });
    let IamReply::Entities(found) = world.see(IamRead::ListEntitiesForPolicy { arn, usage: PolicyUsage::Any }) else {
        panic!()
    };
    assert_eq!((found.users, found.roles, found.groups), (vec![text("bob")], vec![text("relay")], Vec::new()));
    let IamReply::Names(groups) = world.see(IamRead::ListGroupsForUser { user: text("bob") }) else { panic!() };
    assert!(groups.is_empty(), "the sandbox has no groups");
}

#[test]
fn an_attached_policy_cannot_be_deleted() {
    let world = with_user();
    world.iam(attach_to_user("bob", &policy_arn("Reader")));
    let failure = world.iam_refuses("DeleteConflict", delete_policy("Reader"));
    assert_eq!(failure.message, "Cannot delete a policy attached to entities.");
    world.iam(IamWrite::DetachUserPolicy { user: text("bob"), arn: policy_arn("Reader") });
    world.iam(delete_policy("Reader"));
}

#[test]
fn a_policy_used_as_a_boundary_cannot_be_deleted() {
    let world = with_user();
    world.iam(IamWrite::PutUserPermissionsBoundary { user: text("bob"), arn: policy_arn("Reader") });
    world.iam_refuses("DeleteConflict", delete_policy("Reader"));
    world.iam(IamWrite::DeleteUserPermissionsBoundary { user: text("bob") });
    world.iam(delete_policy("Reader"));
}

#[test]
fn aws_own_policies_cannot_be_changed() {
    let arn = text("arn:aws:iam::aws:policy/ReadOnlyAccess");
    let world = World::new();
    world.iam_refuses("AccessDenied", IamWrite::DeletePolicy { arn: arn.clone() });
    world.iam_refuses("AccessDenied", IamWrite::CreatePolicyVersion { arn, document: allow("s3:*").into() });
}

#[test]
fn policy_names_are_unique_across_paths_and_ignoring_case() {
    let world = with_user();
    for (policy, path) in [("Reader", "/"), ("Reader", "/team/"), ("READER", "/")] {
        let (policy, path) = (text(policy), text(path));
        let document = allow("s3:GetObject");
        let again =
            IamWrite::CreatePolicy { policy, path, description: None, document: document.into(), tags: Tags::new() };
        let failure = world.iam_refuses("EntityAlreadyExists", again);
        assert!(failure.message.ends_with("already exists. Duplicate names are not allowed."), "{failure}");
    }
}

// ---- documents

#[test]
fn a_policy_that_is_no_json_is_malformed() {
    let world = World::new();
    let failure = world.iam_refuses("MalformedPolicyDocument", policy_with("Reader", json!("{\"Version\"")));
    assert!(failure.message.starts_with("Syntax errors in policy."), "{failure}");
}

#[test]
fn an_unknown_effect_is_malformed() {
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Maybe", "Action": "s3:GetObject", "Resource": "*"}],
    });
    World::new().iam_refuses("MalformedPolicyDocument", policy_with("Reader", document));
}

#[test]
fn a_statement_without_resource_is_malformed() {
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject"}]});
    let failure = World::new().iam_refuses("MalformedPolicyDocument", policy_with("Reader", document));
    assert_eq!(failure.message, "Policy statement must contain resources.");
}

#[test]
fn an_inline_policy_that_is_no_json_is_malformed() {
    let world = with_user();
    world.iam_refuses("MalformedPolicyDocument", put_user_policy("inline", json!("nonsense")));
    with_role().iam_refuses("MalformedPolicyDocument", put_role_policy("inline", json!("nonsense")));
    assert!(world.sweep().users[0].inline.is_empty());
}

#[test]
fn a_malformed_version_is_refused_and_not_counted() {
    let world = with_user();
    let broken = IamWrite::CreatePolicyVersion { arn: policy_arn("Reader"), document: json!("nonsense").into() };
    world.iam_refuses("MalformedPolicyDocument", broken);
    world.iam(version("Reader", "s3:PutObject"));
    assert_eq!(world.policy(&policy_arn("Reader")).default_version, "v2");
}

#[test]
fn a_trust_policy_that_is_no_json_is_malformed() {
    World::new().iam_refuses("MalformedPolicyDocument", create_role("relay", json!("nonsense")));
}

#[test]
fn a_trust_policy_with_a_resource_is_malformed() {
    let mut document = lambda();
    document["Statement"][0]["Resource"] = json!("*");
    let failure = World::new().iam_refuses("MalformedPolicyDocument", create_role("relay", document));
    assert_eq!(failure.message, "Has prohibited field Resource");
}

#[test]
fn a_malformed_trust_policy_does_not_replace_the_old_one() {
    let world = with_role();
    let broken = IamWrite::UpdateAssumeRolePolicy { role: text("relay"), trust: json!({"Statement": []}).into() };
    world.iam_refuses("MalformedPolicyDocument", broken);
    assert_eq!(world.role("relay").trust, lambda().into());
}

#[test]
fn a_trust_policy_cannot_name_a_principal_that_does_not_exist() {
    let world = World::new();
    let nobody = format!("arn:aws:iam::{ACCOUNT}:user/nobody");
    let failure =
        world.iam_refuses("MalformedPolicyDocument", create_role("relay", trust(&json!({"AWS": nobody.clone()}))));
    assert_eq!(failure.message, format!("Invalid principal in policy: \"AWS\":\"{nobody}\""));
    for principal in [json!({"Service": "lambda"}), json!({"AWS": "AIDAAAAAAAAAAAAAAAAAA"}), json!({"AWS": "nobody"})] {
        world.iam_refuses("MalformedPolicyDocument", create_role("relay", trust(&principal)));
    }
    world.iam(create_user("nobody"));
    world.iam(create_role("relay", trust(&json!({"AWS": nobody}))));
}

#[test]
fn a_managed_policy_has_at_most_6144_characters() {
    let world = with_user();
    let failure = world.iam_refuses("LimitExceeded", policy_with("Large", large(6200)));
    assert_eq!(failure.message, "Cannot exceed quota for PolicySize: 6144");
    let grown = IamWrite::CreatePolicyVersion { arn: policy_arn("Reader"), document: large(6200).into() };
    world.iam_refuses("LimitExceeded", grown);
    world.iam(policy_with("Large", large(5500)));
}

#[test]
fn white_space_does_not_count_towards_the_limit() {
    let mut document = allow("s3:GetObject");
    document["Id"] = json!(" ".repeat(7000));
    World::new().iam(policy_with("Wide", document));
}

#[test]
fn a_users_inline_policies_share_2048_characters() {
    let world = with_user();
    world.iam(put_user_policy("one", large(1000)));
    let failure = world.iam_refuses("LimitExceeded", put_user_policy("two", large(1200)));
    assert_eq!(failure.message, "Maximum policy size of 2048 bytes exceeded for user bob");
    world.iam(put_user_policy("one", large(1200)));
    world.iam_refuses("LimitExceeded", put_user_policy("large", large(2400)));
}

#[test]
fn a_roles_inline_policies_share_10240_characters() {
    let world = with_role();
    world.iam(put_role_policy("one", large(6000)));
    let failure = world.iam_refuses("LimitExceeded", put_role_policy("two", large(6000)));
    assert_eq!(failure.message, "Maximum policy size of 10240 bytes exceeded for role relay");
}

#[test]
fn a_trust_policy_has_at_most_2048_characters() {
    let services: Vec<String> = (0..80).map(|n| format!("service-{n:010}.amazonaws.com")).collect();
    let wide = trust(&json!({"Service": services}));
    let failure = World::new().iam_refuses("LimitExceeded", create_role("relay", wide));
    assert_eq!(failure.message, "Cannot exceed quota for ACLSizePerRole: 2048");
}

// ---- users

#[test]
fn a_user_is_made_with_path_boundary_and_tags() {
    let world = with_user();
    let reply = world.iam(IamWrite::CreateUser {
        user: text("alice"),
        path: text("/team/"),
        boundary: Some(policy_arn("Reader")),
        tags: tags(&[("stage", "dev")]),
    });
    let Reply::Iam(IamReply::User(created)) = reply else { panic!("{reply:?}") };
    assert_eq!(created.arn, format!("arn:aws:iam::{ACCOUNT}:user/team/alice"));
    assert_eq!(created.boundary, Some(policy_arn("Reader")));
    assert_eq!(world.user("alice"), created);
}

#[test]
fn a_user_says_its_path_boundary_and_tags() {
    let world = with_user();
    world.iam(IamWrite::CreateUser {
        user: text("alice"),
        path: text("/team/"),
        boundary: Some(policy_arn("Reader")),
        tags: tags(&[("stage", "dev")]),
    });
    let seen = world.user("alice");
    assert_eq!((seen.name.as_str(), seen.path.as_str()), ("alice", "/team/"));
    assert_eq!((seen.boundary, seen.tags), (Some(policy_arn("Reader")), tags(&[("stage", "dev")])));
}

#[test]
fn users_are_tagged_and_untagged_ignoring_the_keys_case() {
    let world = with_user();
    let tag = |pairs| IamWrite::TagUser { user: text("bob"), tags: tags(pairs) };
    world.iam(tag(&[("stage", "dev"), ("team", "a")]));
    world.iam(tag(&[("Stage", "prod")]));
    world.iam(IamWrite::UntagUser { user: text("bob"), keys: vec![text("TEAM"), text("never")] });
    assert_eq!(world.user("bob").tags, tags(&[("Stage", "prod")]));
    world.iam_refuses("InvalidInput", tag(&[("aws:reserved", "1")]));
    world.iam_refuses("InvalidInput", tag(&[("one", "1"), ("ONE", "2")]));
}

#[test]
fn at_most_fifty_tags() {
    let world = with_user();
    let many: Tags = (0..51).map(|n| (format!("key{n}"), String::new())).collect();
    world.iam_refuses("LimitExceeded", IamWrite::TagUser { user: text("bob"), tags: many.clone() });
    world.iam_refuses("LimitExceeded", IamWrite::TagPolicy { arn: policy_arn("Reader"), tags: many });
    assert!(world.user("bob").tags.is_empty());
}

#[test]
fn user_names_are_unique_ignoring_case() {
    let world = with_user();
    let failure = world.iam_refuses("EntityAlreadyExists", create_user("Bob"));
    assert_eq!(failure.message, "User with name Bob already exists.");
}

#[test]
fn a_user_name_holds_only_what_iam_allows() {
    let world = World::new();
    let failure = world.iam_refuses("ValidationError", create_user("bob smith"));
    assert_eq!(
        failure.message,
        "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the \
         following: +=,.@_-"
    );
    world.iam_refuses("ValidationError", create_user(""));
    world.iam_refuses("ValidationError", create_user(&"u".repeat(65)));
    world.iam(create_user(&"u".repeat(64)));
    world.iam(create_user("b+=,.@_-9"));
}

#[test]
fn a_path_begins_and_ends_with_a_slash() {
    let world = with_user();
    for path in ["team", "/team", "team/", "/te am/", ""] {
        let moved = IamWrite::UpdateUser { user: text("bob"), path: text(path) };
        world.iam_refuses("ValidationError", moved);
    }
}

#[test]
fn a_missing_boundary_policy_is_refused() {
    let world = with_user();
    let missing = policy_arn("Missing");
    let failure = world.iam_refuses("NoSuchEntity", bounded_user("alice", Some(missing.clone())));
    assert_eq!(failure.message, format!("Scope ARN: {missing} does not exist or is not attachable."));
    world.iam_refuses("NoSuchEntity", IamWrite::PutUserPermissionsBoundary { user: text("bob"), arn: missing });
    world.iam_lacks(IamRead::GetUser { user: text("alice") });
}

#[test]
fn a_users_boundary_is_put_and_deleted() {
    let world = with_user();
    world.iam(IamWrite::PutUserPermissionsBoundary { user: text("bob"), arn: policy_arn("Reader") });
    assert_eq!(world.user("bob").boundary, Some(policy_arn("Reader")));
    world.iam(IamWrite::DeleteUserPermissionsBoundary { user: text("bob") });
    assert_eq!(world.user("bob").boundary, None);
}

#[test]
fn moving_a_user_changes_its_arn_and_keeps_what_hangs_on_it() {
    let world = with_user();
    let id = world.user("bob").id;
    world.iam(attach_to_user("bob", &policy_arn("Reader")));
    world.iam(put_user_policy("inline", allow("s3:ListBucket")));
    world.iam(IamWrite::UpdateUser { user: text("bob"), path: text("/moved/") });
    let seen = world.user("bob");
    assert_eq!((seen.arn, seen.id), (format!("arn:aws:iam::{ACCOUNT}:user/moved/bob"), id));
    assert_eq!(world.attached(of_user("bob")), [policy_arn("Reader")]);
    assert_eq!(world.sweep().users[0].inline.len(), 1);
}

#[test]
fn a_user_with_keys_cannot_be_deleted() {
    let world = with_user();
    let (id, _) = world.key("bob");
    let failure = world.iam_refuses("DeleteConflict", delete_user("bob"));
    assert_eq!(failure.message, "Cannot delete entity, must delete access keys first.");
    world.iam(IamWrite::DeleteAccessKey { user: text("bob"), id });
    world.iam(delete_user("bob"));
}

#[test]
fn a_user_with_an_attached_policy_cannot_be_deleted() {
    let world = with_user();
    world.iam(attach_to_user("bob", &policy_arn("Reader")));
    let failure = world.iam_refuses("DeleteConflict", delete_user("bob"));
    assert_eq!(failure.message, "Cannot delete entity, must detach all policies first.");
}

#[test]
fn a_user_with_an_inline_policy_cannot_be_deleted() {
    let world = with_user();
    world.iam(put_user_policy("inline", allow("s3:ListBucket")));
    let failure = world.iam_refuses("DeleteConflict", delete_user("bob"));
    assert_eq!(failure.message, "Cannot delete entity, must delete policies first.");
    world.iam(IamWrite::DeleteUserPolicy { user: text("bob"), policy: text("inline") });
    world.iam(delete_user("bob"));
}

#[test]
fn what_does_not_exist_is_said_in_iams_words() {
    let world = with_user();
    world.iam(create_role("relay", lambda()));
    let missing = [
        (IamRead::GetUser { user: text("eve") }, "The user with name eve cannot be found."),
        (IamRead::ListAccessKeys { user: text("eve") }, "The user with name eve cannot be found."),
        (IamRead::GetRole { role: text("gone") }, "The role with name gone cannot be found."),
        (of_role("gone"), "The role with name gone cannot be found."),
        (
            IamRead::GetRolePolicy { role: text("relay"), policy: text("none") },
            "The role policy with name none cannot be found.",
        ),
        (
            IamRead::GetUserPolicy { user: text("bob"), policy: text("none") },
            "The user policy with name none cannot be found.",
        ),
    ];
    for (read, message) in missing {
        assert_eq!(world.iam_lacks(read).message, message);
    }
    let arn = policy_arn("Gone");
    assert_eq!(
        world.iam_lacks(IamRead::GetPolicy { arn: arn.clone() }).message,
        format!("Policy {arn} was not found.")
    );
    world.iam_refuses("NoSuchEntity", delete_user("eve"));
    world.iam_refuses("NoSuchEntity", delete_role("gone"));
    world.iam_refuses("NoSuchEntity", IamWrite::DeletePolicy { arn });
    world.iam_refuses("NoSuchEntity", IamWrite::DeleteRolePolicy { role: text("relay"), policy: text("none") });
}

#[test]
fn what_exists_cannot_be_made_again() {
    let world = with_user();
    world.iam(create_role("relay", lambda()));
    world.iam_refuses("EntityAlreadyExists", create_user("bob"));
    world.iam_refuses("EntityAlreadyExists", create_policy("Reader"));
    for name in ["relay", "RELAY"] {
        let failure = world.iam_refuses("EntityAlreadyExists", create_role(name, lambda()));
        assert_eq!(failure.message, format!("Role with name {name} already exists."));
    }
}

// ---- access keys

#[test]
fn a_new_key_has_an_id_and_a_secret_of_forty_characters() {
    let world = with_user();
    let (id, secret) = world.key("bob");
    assert!(id.starts_with("AKIA") && id.len() == 20, "{id}");
    assert_eq!(secret.chars().count(), 40);
    assert!(secret.chars().all(|c| c.is_ascii_alphanumeric() || c == '+' || c == '/'));
    assert_ne!(world.key("bob"), (id, secret));
}

#[test]
fn keys_are_listed_as_active_with_the_time_they_were_made() {
    let world = with_user();
    let (id, _) = world.key("bob");
    let keys = world.keys("bob");
    assert_eq!((keys[0].id.as_str(), keys[0].status.as_str()), (id.as_str(), "Active"));
    assert!(keys[0].created.ends_with('Z') && keys[0].created.contains('T'), "{}", keys[0].created);
}

#[test]
fn a_third_key_exceeds_the_limit() {
    let world = with_user();
    world.key("bob");
    world.key("bob");
    let failure = world.iam_refuses("LimitExceeded", new_key("bob"));
    assert_eq!(failure.message, "Cannot exceed quota for AccessKeysPerUser: 2");
}

#[test]
fn a_key_can_be_deleted() {
    let world = with_user();
    let (id, _) = world.key("bob");
    world.iam(IamWrite::DeleteAccessKey { user: text("bob"), id });
    assert!(world.keys("bob").is_empty());
}

#[test]
fn a_key_that_is_not_the_users_cannot_be_deleted() {
    let world = with_user();
    world.iam(create_user("alice"));
    let (id, _) = world.key("alice");
    let delete = IamWrite::DeleteAccessKey { user: text("bob"), id: id.clone() };
    let failure = world.iam_refuses("NoSuchEntity", delete);
    assert_eq!(failure.message, format!("The Access Key with id {id} cannot be found."));
}

#[test]
fn a_key_can_be_deactivated_and_activated_again() {
    let world = with_user();
    let (id, _) = world.key("bob");
    let update = |active| IamWrite::UpdateAccessKey { user: text("bob"), id: id.clone(), active };
    world.iam(update(false));
    assert_eq!(world.keys("bob")[0].status, "Inactive");
    world.iam(update(true));
    assert_eq!(world.keys("bob")[0].status, "Active");
    let other = IamWrite::UpdateAccessKey { user: text("bob"), id: text("AKIAOTHEROTHEROTHER2"), active: false };
    world.iam_refuses("NoSuchEntity", other);
}

#[test]
fn a_key_proves_itself_while_it_is_there_and_active() {
    let world = with_user();
    let (id, secret) = world.key("bob");
    let prove = |id: &str, secret: &str| {
        let key = NewKey { user: text("bob"), id: text(id), secret: secret.to_owned().into() };
        let answer = block_on(world.0.write(&Write::ProveKey { user: text("bob") }, &Carried { key: Some(key) }));
        match answer {
            Ok(Reply::Caller(caller)) => Ok(caller.arn),
            Err(failure) => Err((failure.kind, failure.code)),
            Ok(other) => panic!("{other:?}"),
        }
    };
    let refusal = |code: &str| Err((FailureKind::Credentials, text(code)));
    assert_eq!(prove(&id, &secret), Ok(format!("arn:aws:iam::{ACCOUNT}:user/bob")));
    assert_eq!(prove(&id, "another"), refusal("SignatureDoesNotMatch"));
    assert_eq!(prove("AKIAOTHEROTHEROTHER2", &secret), refusal("InvalidClientTokenId"));
    world.iam(IamWrite::UpdateAccessKey { user: text("bob"), id: id.clone(), active: false });
    assert_eq!(prove(&id, &secret), refusal("InvalidClientTokenId"));
}

#[test]
fn a_key_tells_when_it_was_last_used_and_for_what() {
    let world = with_user();
    let (id, _) = world.key("bob");
    let used = || world.see(IamRead::GetAccessKeyLastUsed { user: text("bob"), id: id.clone() });
    assert!(matches!(used(), IamReply::LastUsed(None)));
    world.0.use_key(&id, "s3").unwrap();
    let IamReply::LastUsed(Some(first)) = used() else { panic!("{:?}", used()) };
    assert_eq!((first.service.as_str(), first.region.as_str()), ("s3", "us-east-1"));
    world.0.wait(86_400).unwrap();
    world.0.use_key(&id, "lambda").unwrap();
    let IamReply::LastUsed(Some(second)) = used() else { panic!("{:?}", used()) };
    assert!(second.at > first.at && second.service == "lambda", "{second:?}");
    world.iam_lacks(IamRead::GetAccessKeyLastUsed { user: text("bob"), id: text("AKIAOTHEROTHEROTHER2") });
}

// ---- roles

fn full_role() -> IamWrite {
    IamWrite::CreateRole {
        role: text("relay"),
        path: text("/team/"),
        description: Some(text("runs the relay")),
        max_session_duration: Some(7200),
        trust: lambda().into(),
        boundary: Some(policy_arn("Reader")),
        tags: tags(&[("stage", "dev")]),
    }
}

#[test]
fn a_role_is_made_with_all_that_it_can_have() {
    let world = with_user();
    let reply = world.iam(full_role());
    let Reply::Iam(IamReply::Role(created)) = reply else { panic!("{reply:?}") };
    assert_eq!(created.arn, format!("arn:aws:iam::{ACCOUNT}:role/team/relay"));
    assert_eq!(created.max_session_duration, 7200);
    assert_eq!(world.role("relay"), created);
}

#[test]
fn a_role_says_all_that_it_has() {
    let world = with_user();
    world.iam(full_role());
    let seen = world.role("relay");
    assert_eq!((seen.path.as_str(), seen.description.as_str()), ("/team/", "runs the relay"));
    assert_eq!((seen.trust, seen.boundary), (lambda().into(), Some(policy_arn("Reader"))));
    assert_eq!(seen.tags, tags(&[("stage", "dev")]));
}

#[test]
fn a_roles_trust_is_replaced() {
    let world = with_role();
    let other = trust(&json!({"Service": "ec2.amazonaws.com"}));
    world.iam(IamWrite::UpdateAssumeRolePolicy { role: text("relay"), trust: other.clone().into() });
    assert_eq!(world.role("relay").trust, other.into());
}

fn update_role(session: i64) -> IamWrite {
    IamWrite::UpdateRole { role: text("relay"), description: text("new"), max_session_duration: session }
}

#[test]
fn a_roles_description_and_session_are_replaced() {
    let world = with_role();
    assert_eq!(world.role("relay").max_session_duration, 3600);
    world.iam(update_role(43200));
    let seen = world.role("relay");
    assert_eq!((seen.description.as_str(), seen.max_session_duration), ("new", 43200));
}

#[test]
fn a_session_lasts_from_one_hour_to_twelve() {
    let world = with_role();
    world.iam_refuses("ValidationError", update_role(3599));
    world.iam_refuses("ValidationError", update_role(43201));
}

#[test]
fn a_roles_boundary_is_put_and_deleted() {
    let world = with_role();
    world.iam(IamWrite::PutRolePermissionsBoundary { role: text("relay"), arn: policy_arn("Reader") });
    assert_eq!(world.role("relay").boundary, Some(policy_arn("Reader")));
    world.iam_refuses("DeleteConflict", delete_policy("Reader"));
    world.iam(IamWrite::DeleteRolePermissionsBoundary { role: text("relay") });
    assert_eq!(world.role("relay").boundary, None);
}

#[test]
fn roles_are_tagged_and_untagged() {
    let world = with_role();
    world.iam(IamWrite::TagRole { role: text("relay"), tags: tags(&[("a", "1"), ("b", "2")]) });
    world.iam(IamWrite::UntagRole { role: text("relay"), keys: vec![text("a")] });
    assert_eq!(world.role("relay").tags, tags(&[("b", "2")]));
}

#[test]
fn a_role_with_policies_cannot_be_deleted() {
    let world = with_role();
    world.iam(put_role_policy("inline", allow("s3:ListBucket")));
    world.iam(attach_to_role("relay", &policy_arn("Reader")));
    let failure = world.iam_refuses("DeleteConflict", delete_role("relay"));
    assert_eq!(failure.message, "Cannot delete entity, must detach all policies first.");
    world.iam(IamWrite::DetachRolePolicy { role: text("relay"), arn: policy_arn("Reader") });
    let failure = world.iam_refuses("DeleteConflict", delete_role("relay"));
    assert_eq!(failure.message, "Cannot delete entity, must delete policies first.");
    world.iam(IamWrite::DeleteRolePolicy { role: text("relay"), policy: text("inline") });
    world.iam(delete_role("relay"));
}

#[test]
fn a_deleted_principal_leaves_its_id_in_the_trust_policy() {
    let world = with_user();
    let arn = world.user("bob").arn;
    let id = world.user("bob").id;
    world.iam(create_role("relay", trust(&json!({"AWS": [arn]}))));
    assert_eq!(world.role("relay").trust, trust(&json!({"AWS": arn})).into());
    world.iam(delete_user("bob"));
    assert_eq!(world.role("relay").trust, trust(&json!({"AWS": id})).into());
    world.iam(create_user("bob"));
    assert_eq!(world.role("relay").trust, trust(&json!({"AWS": id})).into());
}

#[test]
fn a_principal_that_is_moved_is_shown_by_its_new_arn() {
    let world = with_user();
    world.iam(create_role("relay", trust(&json!({"AWS": world.user("bob").arn}))));
    world.iam(IamWrite::UpdateUser { user: text("bob"), path: text("/moved/") });
    assert_eq!(world.role("relay").trust, trust(&json!({"AWS": world.user("bob").arn})).into());
}

#[test]
fn an_account_number_is_shown_as_its_root() {
    let world = World::new();
    world.iam(create_role("relay", trust(&json!({"AWS": "210987654321"}))));
    assert_eq!(world.role("relay").trust, trust(&json!({"AWS": "arn:aws:iam::210987654321:root"})).into());
}

#[test]
fn roles_are_listed_with_description_and_session_but_without_tags_and_boundary() {
    let world = with_user();
    world.iam(full_role());
    let IamReply::Roles(roles) = world.see(IamRead::ListRoles) else { panic!("no roles") };
    let seen = world.role("relay");
    assert_eq!(roles, [relayctl::call::iam::Role { tags: Tags::new(), boundary: None, ..seen }]);
}

#[test]
fn a_paged_list_answers_with_all_of_its_pages() {
    let world = World::new();
    for n in 0..150 {
        world.iam(create_role(&format!("role{n}"), lambda()));
        world.iam(create_user(&format!("user{n}")));
    }
    let IamReply::Roles(roles) = world.see(IamRead::ListRoles) else { panic!("no roles") };
    let names: BTreeSet<&str> = roles.iter().map(|role| role.name.as_str()).collect();
    assert_eq!((names.len(), world.sweep().users.len()), (150, 150));
}

// ---- attachments and inline policies

#[test]
fn a_policy_is_attached_to_a_user() {
    let world = with_user();
    world.iam(attach_to_user("bob", &policy_arn("Reader")));
    assert_eq!(world.attached(of_user("bob")), [policy_arn("Reader")]);
}

#[test]
fn a_policy_is_attached_to_a_role() {
    let world = with_role();
    world.iam(attach_to_role("relay", &policy_arn("Reader")));
    assert_eq!(world.attached(of_role("relay")), [policy_arn("Reader")]);
}

#[test]
fn attaching_twice_changes_nothing() {
    let world = with_user();
    world.iam(attach_to_user("bob", &policy_arn("Reader")));
    world.iam(attach_to_user("bob", &policy_arn("Reader")));
    assert_eq!(world.attached(of_user("bob")), [policy_arn("Reader")]);
    world.iam(IamWrite::DetachUserPolicy { user: text("bob"), arn: policy_arn("Reader") });
    assert!(world.attached(of_user("bob")).is_empty());
}

#[test]
fn a_missing_policy_cannot_be_attached() {
    let arn = policy_arn("Missing");
    let failure = with_user().iam_refuses("NoSuchEntity", attach_to_user("bob", &arn));
    assert_eq!(failure.message, format!("Policy {arn} does not exist or is not attachable."));
    with_role().iam_refuses("NoSuchEntity", attach_to_role("relay", &arn));
    with_user().iam_refuses("InvalidInput", attach_to_user("bob", "Reader"));
}

#[test]
fn aws_own_policies_can_be_attached_seen_and_detached() {
    let world = with_role();
    let arns =
        ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"];
    for arn in arns {
        world.iam(attach_to_role("relay", arn));
        assert_eq!(world.policy(arn).arn, arn);
        assert_eq!(world.attached(of_role("relay")), [arn]);
        world.iam(IamWrite::DetachRolePolicy { role: text("relay"), arn: text(arn) });
    }
    let wrong_path = "arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole";
    world.iam_refuses("NoSuchEntity", attach_to_role("relay", wrong_path));
}

#[test]
fn what_is_not_attached_cannot_be_detached() {
    let world = with_user();
    let detach = IamWrite::DetachUserPolicy { user: text("bob"), arn: policy_arn("Reader") };
    let failure = world.iam_refuses("NoSuchEntity", detach);
    assert_eq!(failure.message, format!("Policy {} was not found.", policy_arn("Reader")));
    let detach = IamWrite::DetachRolePolicy { role: text("relay"), arn: policy_arn("Reader") };
    with_role().iam_refuses("NoSuchEntity", detach);
}

#[test]
fn an_eleventh_attached_policy_exceeds_the_limit() {
    let world = with_user();
    world.iam(create_role("relay", lambda()));
    for n in 0..11 {
        world.iam(create_policy(&format!("Policy{n}")));
    }
    for n in 0..10 {
        world.iam(attach_to_user("bob", &policy_arn(&format!("Policy{n}"))));
        world.iam(attach_to_role("relay", &policy_arn(&format!("Policy{n}"))));
    }
    let failure = world.iam_refuses("LimitExceeded", attach_to_user("bob", &policy_arn("Policy10")));
    assert_eq!(failure.message, "Cannot exceed quota for PoliciesPerUser: 10");
    let failure = world.iam_refuses("LimitExceeded", attach_to_role("relay", &policy_arn("Policy10")));
    assert_eq!(failure.message, "Cannot exceed quota for PoliciesPerRole: 10");
    world.iam(attach_to_user("bob", &policy_arn("Policy3")));
}

#[test]
fn a_users_inline_policy_is_put_replaced_listed_and_read() {
    let world = with_user();
    world.iam(put_user_policy("inline", allow("s3:GetObject")));
    world.iam(put_user_policy("inline", allow("s3:PutObject")));
    let read = IamRead::GetUserPolicy { user: text("bob"), policy: text("inline") };
    assert_eq!(world.document(read), allow("s3:PutObject").into());
    let IamReply::Names(names) = world.see(IamRead::ListUserPolicies { user: text("bob") }) else { panic!("no names") };
    assert_eq!(names, ["inline"]);
}

#[test]
fn a_roles_inline_policy_is_put_listed_and_read() {
    let world = with_role();
    world.iam(put_role_policy("inline", allow("s3:GetObject")));
    let read = IamRead::GetRolePolicy { role: text("relay"), policy: text("inline") };
    assert_eq!(world.document(read), allow("s3:GetObject").into());
    let IamReply::Names(names) = world.see(IamRead::ListRolePolicies { role: text("relay") }) else {
        panic!("no names")
    };
    assert_eq!(names, ["inline"]);
}

// ---- the sweep

#[test]
fn the_sweep_holds_users_roles_and_own_policies() {
    let world = with_user();
    world.iam(create_role("relay", lambda()));
    world.iam(attach_to_user("bob", "arn:aws:iam::aws:policy/ReadOnlyAccess"));
    let details = world.sweep();
    assert_eq!((details.users.len(), details.roles.len(), details.policies.len()), (1, 1, 1));
}

#[test]
fn the_sweep_has_all_of_a_user() {
    let world = with_user();
    world.iam(IamWrite::TagUser { user: text("bob"), tags: tags(&[("stage", "dev")]) });
    world.iam(IamWrite::PutUserPermissionsBoundary { user: text("bob"), arn: policy_arn("Reader") });
    world.iam(attach_to_user("bob", &policy_arn("Reader")));
    world.iam(put_user_policy("inline", allow("s3:ListBucket")));
    let inline = relayctl::call::iam::Inline { name: text("inline"), document: allow("s3:ListBucket").into() };
    let expected = UserDetail {
        user: world.user("bob"),
        attached: vec![policy_arn("Reader")],
        inline: vec![inline],
        groups: Vec::new(),
    };
    assert_eq!(world.sweep().users, [expected]);
}

#[test]
fn the_sweep_has_a_role_without_description_and_session() {
    let world = with_user();
    world.iam(full_role());
    world.iam(attach_to_role("relay", &policy_arn("Reader")));
    let role = relayctl::call::iam::Role { description: String::new(), max_session_duration: 0, ..world.role("relay") };
    let expected = RoleDetail { role, attached: vec![policy_arn("Reader")], inline: Vec::new() };
    assert_eq!(world.sweep().roles, [expected]);
}

#[test]
fn the_sweep_has_every_version_of_a_policy_but_not_its_tags() {
    let world = with_user();
    world.iam(IamWrite::TagPolicy { arn: policy_arn("Reader"), tags: tags(&[("stage", "dev")]) });
    world.iam(version("Reader", "s3:PutObject"));
    let detail = world.sweep().policies.remove(0);
    assert_eq!((detail.policy.name.as_str(), detail.policy.default_version.as_str()), ("Reader", "v2"));
    assert!(detail.policy.tags.is_empty() && detail.policy.description.is_empty());
    let documents: BTreeSet<_> =
        detail.versions.into_iter().map(|version| (version.id, version.document.unwrap().to_string())).collect();
    let expected = [("v1", allow("s3:GetObject")), ("v2", allow("s3:PutObject"))];
    assert_eq!(documents, expected.map(|(id, document)| (text(id), document.to_string())).into());
}

#[test]
fn lists_come_back_in_another_order_at_the_next_read() {
    let world = with_user();
    world.iam(create_user("alice"));
    let names = || world.sweep().users.into_iter().map(|user| user.user.name).collect::<Vec<_>>();
    assert_ne!(names(), names());
    world.key("bob");
    world.key("bob");
    assert_ne!(world.keys("bob"), world.keys("bob"));
}

#[test]
fn the_lists_in_a_document_come_back_in_another_order() {
    let world = World::new();
    let mut document = allow("s3:GetObject");
    document["Statement"][0]["Action"] = json!(["s3:GetObject", "s3:PutObject"]);
    world.iam(policy_with("Reader", document));
    let read = || world.document(version_of("Reader", "v1"));
    let (one, next) = (read(), read());
    assert_ne!(one, next);
    assert!(relayctl::policy::equivalent(&one, &next));
}

// ---- identity

#[test]
fn the_caller_is_an_admin_of_the_account() {
    let cases = [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")];
    for (region, partition) in cases {
        let sandbox = Sandbox::in_memory(ACCOUNT, region);
        let reply = block_on(sandbox.read(&Read::CallerIdentity)).unwrap();
        let Reply::Caller(caller) = reply else { panic!("{reply:?}") };
        assert_eq!(caller.account, ACCOUNT);
        assert_eq!(caller.arn, format!("arn:{partition}:iam::{ACCOUNT}:user/sandbox-admin"));
        assert!(caller.user_id.starts_with("AIDA"));
    }
}

#[test]
fn unique_ids_say_what_they_are_of_and_are_never_used_again() {
    let world = with_user();
    world.iam(create_role("relay", lambda()));
    let old = world.user("bob").id;
    let ids = [old.clone(), world.role("relay").id, world.policy(&policy_arn("Reader")).id];
    for (id, prefix) in ids.iter().zip(["AIDA", "AROA", "ANPA"]) {
        assert!(id.starts_with(prefix) && id.len() == 21, "{id}");
    }
    world.iam(delete_user("bob"));
    world.iam(create_user("bob"));
    assert_ne!(world.user("bob").id, old);
}

#[test]
fn two_accounts_give_different_ids() {
    assert_ne!(with_user().user("bob").id, with_user().user("bob").id);
}

#[test]
fn a_tear_down_in_the_right_order_leaves_nothing() {
    let world = with_user();
    world.iam(create_role("relay", lambda()));
    world.iam(attach_to_user("bob", &policy_arn("Reader")));
    world.iam(put_role_policy("inline", allow("s3:ListBucket")));
    world.iam(version("Reader", "s3:PutObject"));
    let (id, _) = world.key("bob");
    world.iam(IamWrite::DeleteAccessKey { user: text("bob"), id });
    world.iam(IamWrite::DetachUserPolicy { user: text("bob"), arn: policy_arn("Reader") });
    world.iam(delete_user("bob"));
    world.iam(IamWrite::DeleteRolePolicy { role: text("relay"), policy: text("inline") });
    world.iam(delete_role("relay"));
    world.iam(delete_version("Reader", "v1"));
    world.iam(delete_policy("Reader"));
    let details = world.sweep();
    assert!(details.users.is_empty() && details.roles.is_empty() && details.policies.is_empty());
}

#[test]
fn local_files_are_not_simulated() {
    let read = Read::File(FileRead::Credentials { profile: text("serverless") });
    assert_eq!(block_on(World::new().0.read(&read)).unwrap_err().kind, FailureKind::Other);
}

// ---- buckets

#[test]
fn a_bucket_is_made_in_us_east_1() {
    assert_eq!(
        with_bucket().look(S3Read::HeadBucket(at("relay-files"))),
        S3Reply::Bucket { region: text("us-east-1") }
    );
}

#[test]
fn a_bucket_is_made_in_another_region() {
    let world = World::new();
    let bucket = in_region("relay-eu", "eu-west-1");
    world.s3(create_bucket(bucket.clone()));
    assert_eq!(world.look(S3Read::HeadBucket(bucket)), S3Reply::Bucket { region: text("eu-west-1") });
    world.s3_refuses("InvalidLocationConstraint", create_bucket(in_region("relay-xx", "nowhere")));
}

#[test]
fn a_bucket_that_does_not_exist_is_not_found() {
    let failure = World::new().s3_lacks("NotFound", S3Read::HeadBucket(at("relay-files")));
    assert_eq!(failure.call, "s3:HeadBucket");
}

#[test]
fn a_bucket_says_its_region_wherever_it_is_asked_and_answers_only_there() {
    let world = World::new();
    world.s3(create_bucket(in_region("relay-eu", "eu-west-1")));
    assert_eq!(world.look(S3Read::HeadBucket(at("relay-eu"))), S3Reply::Bucket { region: text("eu-west-1") });
    world.s3_lacks("PermanentRedirect", S3Read::GetBucketTagging(at("relay-eu")));
    world.s3_refuses("PermanentRedirect", S3Write::DeleteBucket(at("relay-eu")));
}

#[test]
fn making_a_bucket_twice_outside_us_east_1_is_refused() {
    let world = World::new();
    world.s3(create_bucket(in_region("relay-eu", "eu-west-1")));
    world.s3_refuses("BucketAlreadyOwnedByYou", create_bucket(in_region("relay-eu", "eu-west-1")));
}

#[test]
fn making_a_bucket_twice_in_us_east_1_succeeds_and_keeps_its_settings() {
    let world = with_bucket();
    world.s3(S3Write::PutBucketTagging { bucket: at("relay-files"), tags: tags(&[("a", "1")]) });
    world.s3(create_bucket(at("relay-files")));
    assert_eq!(world.look(S3Read::GetBucketTagging(at("relay-files"))), S3Reply::Tags(tags(&[("a", "1")])));
}

#[test]
fn bucket_names_are_global_across_regions() {
    let world = World::new();
    world.s3(create_bucket(in_region("relay-eu", "eu-west-1")));
    world.s3_refuses("BucketAlreadyOwnedByYou", create_bucket(at("relay-eu")));
    world.s3(create_bucket(at("relay-us")));
    world.s3_refuses("BucketAlreadyOwnedByYou", create_bucket(in_region("relay-us", "eu-west-1")));
}

#[test]
fn somebody_elses_bucket_is_forbidden_and_its_name_taken() {
    let world = World::new();
    for name in ["zappa-test", "my-bucket", "test"] {
        world.s3_lacks("Forbidden", S3Read::HeadBucket(at(name)));
        world.s3_lacks("AccessDenied", S3Read::GetBucketTagging(at(name)));
        world.s3_refuses("BucketAlreadyExists", create_bucket(at(name)));
        world.s3_refuses("AccessDenied", S3Write::DeleteBucket(at(name)));
    }
}

#[test]
fn a_bucket_name_follows_s3s_rules() {
    let world = World::new();
    let long = "a".repeat(64);
    for name in ["ab", &long, "Relay", "relay_files", "-relay", "relay-", "re..lay", "192.168.0.1", "xn--relay"] {
        let failure = world.s3_refuses("InvalidBucketName", create_bucket(at(name)));
        assert_eq!(failure.message, "The specified bucket is not valid.");
    }
    world.s3(create_bucket(at("1.relay-files")));
}

#[test]
fn every_call_on_a_missing_bucket_says_so() {
    let world = World::new();
    let gone = || at("relay-files");
    let reads = [
        S3Read::GetBucketTagging(gone()),
        S3Read::GetBucketVersioning(gone()),
        S3Read::GetBucketEncryption(gone()),
        S3Read::GetPublicAccessBlock(gone()),
        S3Read::GetBucketOwnershipControls(gone()),
        S3Read::GetBucketPolicy(gone()),
        S3Read::GetBucketLifecycle(gone()),
        S3Read::ListObjectVersions(gone()),
    ];
    for read in reads {
        assert_eq!(world.s3_lacks("NoSuchBucket", read).message, "The specified bucket does not exist");
    }
    let writes = [
        S3Write::DeleteBucket(gone()),
        S3Write::EmptyBucket(gone()),
        S3Write::DeleteBucketPolicy(gone()),
        S3Write::DeleteBucketLifecycle(gone()),
        S3Write::PutBucketTagging { bucket: gone(), tags: Tags::new() },
    ];
    for write in writes {
        world.s3_refuses("NoSuchBucket", write);
    }
}

#[test]
fn a_new_bucket_is_encrypted() {
    let expected = Encryption { algorithm: text("AES256"), kms_key: None, bucket_key: false };
    assert_eq!(with_bucket().look(S3Read::GetBucketEncryption(at("relay-files"))), S3Reply::Encryption(expected));
}

#[test]
fn a_new_bucket_is_closed_to_the_public() {
    let expected = PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };
    let seen = with_bucket().look(S3Read::GetPublicAccessBlock(at("relay-files")));
    assert_eq!(seen, S3Reply::PublicAccessBlock(expected));
}

#[test]
fn a_new_bucket_belongs_to_its_owner_alone() {
    let seen = with_bucket().look(S3Read::GetBucketOwnershipControls(at("relay-files")));
    assert_eq!(seen, S3Reply::Ownership(text("BucketOwnerEnforced")));
}

#[test]
fn what_is_not_set_has_its_own_code() {
    let world = with_bucket();
    world.s3_lacks("NoSuchTagSet", S3Read::GetBucketTagging(at("relay-files")));
    world.s3_lacks("NoSuchBucketPolicy", S3Read::GetBucketPolicy(at("relay-files")));
    world.s3_lacks("NoSuchLifecycleConfiguration", S3Read::GetBucketLifecycle(at("relay-files")));
}

#[test]
fn versioning_that_was_never_set_is_empty() {
    let seen = with_bucket().look(S3Read::GetBucketVersioning(at("relay-files")));
    assert_eq!(seen, S3Reply::Versioning(String::new()));
}

#[test]
fn versioning_is_enabled_and_suspended_but_nothing_else() {
    let world = with_bucket();
    let put = |status: &str| S3Write::PutBucketVersioning { bucket: at("relay-files"), status: text(status) };
    for status in ["Enabled", "Suspended"] {
        world.s3(put(status));
        assert_eq!(world.look(S3Read::GetBucketVersioning(at("relay-files"))), S3Reply::Versioning(text(status)));
    }
    world.s3_refuses("MalformedXML", put(""));
}

#[test]
fn encryption_is_put_and_read() {
    let world = with_bucket();
    let put = |encryption: &Encryption| S3Write::PutBucketEncryption {
        bucket: at("relay-files"),
        encryption: encryption.clone(),
    };
    let kms = Encryption { algorithm: text("aws:kms"), kms_key: Some(text("alias/relay")), bucket_key: true };
    world.s3(put(&kms));
    assert_eq!(world.look(S3Read::GetBucketEncryption(at("relay-files"))), S3Reply::Encryption(kms.clone()));
    world.s3_refuses("InvalidArgument", put(&Encryption { algorithm: text("AES256"), ..kms.clone() }));
    world.s3_refuses("MalformedXML", put(&Encryption { algorithm: text("rot13"), ..kms }));
}

fn open_to_policies() -> PublicAccessBlock {
    PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: false,
        restrict_public_buckets: false,
    }
}

#[test]
fn the_public_access_block_is_put_and_read() {
    let world = with_bucket();
    world.s3(S3Write::PutPublicAccessBlock { bucket: at("relay-files"), block: open_to_policies() });
    let seen = world.look(S3Read::GetPublicAccessBlock(at("relay-files")));
    assert_eq!(seen, S3Reply::PublicAccessBlock(open_to_policies()));
}

#[test]
fn putting_tags_replaces_all_of_them() {
    let world = with_bucket();
    let put = |pairs| S3Write::PutBucketTagging { bucket: at("relay-files"), tags: tags(pairs) };
    world.s3(put(&[("a", "1"), ("b", "2")]));
    world.s3(put(&[("b", "3"), ("B", "4")]));
    let seen = world.look(S3Read::GetBucketTagging(at("relay-files")));
    assert_eq!(seen, S3Reply::Tags(tags(&[("B", "4"), ("b", "3")])));
    world.s3_refuses("InvalidTag", put(&[("aws:reserved", "1")]));
}

fn for_principal(principal: &Value) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": principal,
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::relay-files/*",
        }],
    })
}

#[test]
fn a_bucket_policy_is_put_and_read() {
    let world = with_bucket();
    let document = for_principal(&json!({"Service": "cloudfront.amazonaws.com"}));
    world.s3(put_bucket_policy(document.clone()));
    assert_eq!(world.look(S3Read::GetBucketPolicy(at("relay-files"))), S3Reply::Policy(document.into()));
}

#[test]
fn a_broken_bucket_policy_is_malformed() {
    let world = with_bucket();
    world.s3_refuses("MalformedPolicy", put_bucket_policy(json!("nonsense")));
    let mut elsewhere = for_principal(&json!({"Service": "cloudfront.amazonaws.com"}));
    elsewhere["Statement"][0]["Resource"] = json!("arn:aws:s3:::relay-files-of-others/*");
    let failure = world.s3_refuses("MalformedPolicy", put_bucket_policy(elsewhere));
    assert_eq!(failure.message, "Policy has invalid resource");
    world.s3_lacks("NoSuchBucketPolicy", S3Read::GetBucketPolicy(at("relay-files")));
}

#[test]
fn a_bucket_policy_cannot_name_a_role_that_does_not_exist() {
    let world = with_bucket();
    let document = for_principal(&json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:role/relay")}));
    let failure = world.s3_refuses("MalformedPolicy", put_bucket_policy(document.clone()));
    assert_eq!(failure.message, "Invalid principal in policy");
    world.iam(create_role("relay", lambda()));
    world.s3(put_bucket_policy(document));
    let id = world.role("relay").id;
    world.iam(delete_role("relay"));
    let seen = world.look(S3Read::GetBucketPolicy(at("relay-files")));
    assert_eq!(seen, S3Reply::Policy(for_principal(&json!({"AWS": id})).into()));
}

#[test]
fn a_public_policy_is_denied_while_public_policies_are_blocked() {
    let world = with_bucket();
    for everybody in [json!("*"), json!({"AWS": "*"}), json!({"AWS": ["*"]})] {
        let failure = world.s3_refuses("AccessDenied", put_bucket_policy(for_principal(&everybody)));
        assert!(failure.message.contains("BlockPublicPolicy"), "{failure}");
    }
    world.s3(S3Write::PutPublicAccessBlock { bucket: at("relay-files"), block: open_to_policies() });
    world.s3(put_bucket_policy(for_principal(&json!("*"))));
}

#[test]
fn a_policy_for_everybody_is_not_public_when_a_condition_narrows_it() {
    let world = with_bucket();
    let with = |condition: Value| {
        let mut document = for_principal(&json!("*"));
        document["Statement"][0]["Condition"] = condition;
        put_bucket_policy(document)
    };
    world.s3(with(json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})));
    world.s3(with(json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})));
    for open in [
        json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
        json!({"StringLike": {"aws:PrincipalOrgID": "o-*"}}),
        json!({"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
        json!({"Bool": {"aws:SecureTransport": "true"}}),
    ] {
        world.s3_refuses("AccessDenied", with(open));
    }
    let mut deny = for_principal(&json!("*"));
    deny["Statement"][0]["Effect"] = json!("Deny");
    world.s3(put_bucket_policy(deny));
}

fn rule() -> LifecycleRule {
    LifecycleRule {
        id: text("tidy"),
        enabled: true,
        prefix: text("logs/"),
        expiration_days: Some(365),
        noncurrent_expiration_days: Some(7),
        abort_multipart_days: Some(3),
        transitions: vec![Transition { days: 30, storage_class: text("STANDARD_IA") }],
    }
}

fn put_rules(rules: Vec<LifecycleRule>) -> S3Write {
    S3Write::PutBucketLifecycle { bucket: at("relay-files"), rules }
}

#[test]
fn lifecycle_rules_are_put_and_read() {
    let world = with_bucket();
    world.s3(put_rules(vec![rule()]));
    assert_eq!(world.look(S3Read::GetBucketLifecycle(at("relay-files"))), S3Reply::Lifecycle(vec![rule()]));
}

#[test]
fn lifecycle_rules_follow_s3s_rules() {
    let world = with_bucket();
    let early = Transition { days: 29, storage_class: text("STANDARD_IA") };
    let unknown = Transition { days: 29, storage_class: text("ATTIC") };
    let idle = LifecycleRule { id: text("idle"), enabled: true, ..LifecycleRule::default() };
    let cases = [
        ("MalformedXML", vec![]),
        ("InvalidArgument", vec![rule(), rule()]),
        ("InvalidRequest", vec![idle]),
        ("InvalidArgument", vec![LifecycleRule { expiration_days: Some(0), ..rule() }]),
        ("InvalidArgument", vec![LifecycleRule { expiration_days: Some(30), ..rule() }]),
        ("InvalidArgument", vec![LifecycleRule { transitions: vec![early], ..rule() }]),
        ("MalformedXML", vec![LifecycleRule { transitions: vec![unknown], ..rule() }]),
    ];
    for (code, rules) in cases {
        world.s3_refuses(code, put_rules(rules));
    }
}

#[test]
fn ownership_is_put_and_read() {
    let world = with_bucket();
    let put =
        |ownership: &str| S3Write::PutBucketOwnershipControls { bucket: at("relay-files"), ownership: text(ownership) };
    world.s3(put("ObjectWriter"));
    let seen = world.look(S3Read::GetBucketOwnershipControls(at("relay-files")));
    assert_eq!(seen, S3Reply::Ownership(text("ObjectWriter")));
    world.s3_refuses("MalformedXML", put("Nobody"));
}

#[test]
fn policy_and_lifecycle_are_gone_when_deleted_and_deleting_them_again_is_no_error() {
    let world = with_bucket();
    world.s3(put_rules(vec![rule()]));
    world.s3(put_bucket_policy(for_principal(&json!({"Service": "cloudfront.amazonaws.com"}))));
    for _ in 0..2 {
        world.s3(S3Write::DeleteBucketPolicy(at("relay-files")));
        world.s3(S3Write::DeleteBucketLifecycle(at("relay-files")));
        world.s3_lacks("NoSuchBucketPolicy", S3Read::GetBucketPolicy(at("relay-files")));
        world.s3_lacks("NoSuchLifecycleConfiguration", S3Read::GetBucketLifecycle(at("relay-files")));
    }
}

fn emptiness(world: &World) -> S3Reply {
    world.look(S3Read::ListObjectVersions(at("relay-files")))
}

fn versioned(status: &str) -> S3Write {
    S3Write::PutBucketVersioning { bucket: at("relay-files"), status: text(status) }
}

#[test]
fn versions_and_delete_markers_count_as_content() {
    let world = with_bucket();
    assert_eq!(emptiness(&world), S3Reply::Objects { count: 0, more: false });
    world.0.put_object("relay-files", "plain").unwrap();
    world.0.delete_object("relay-files", "plain").unwrap();
    assert_eq!(emptiness(&world), S3Reply::Objects { count: 0, more: false });
    world.s3(versioned("Enabled"));
    world.0.delete_object("relay-files", "never-there").unwrap();
    assert_eq!(emptiness(&world), S3Reply::Objects { count: 1, more: false });
}

#[test]
fn a_bucket_with_objects_cannot_be_deleted() {
    let world = with_bucket();
    world.0.put_object("relay-files", "zappa.zip").unwrap();
    let failure = world.s3_refuses("BucketNotEmpty", S3Write::DeleteBucket(at("relay-files")));
    assert_eq!(failure.message, "The bucket you tried to delete is not empty");
}

#[test]
fn a_bucket_with_only_old_versions_cannot_be_deleted() {
    let world = with_bucket();
    world.s3(versioned("Enabled"));
    world.0.put_object("relay-files", "zappa.zip").unwrap();
    world.0.delete_object("relay-files", "zappa.zip").unwrap();
    let failure = world.s3_refuses("BucketNotEmpty", S3Write::DeleteBucket(at("relay-files")));
    assert!(failure.message.ends_with("You must delete all versions in the bucket."), "{failure}");
}

#[test]
fn an_emptied_bucket_can_be_deleted_whatever_was_in_it() {
    let world = with_bucket();
    world.s3(versioned("Enabled"));
    world.0.put_object("relay-files", "zappa.zip").unwrap();
    world.0.put_object("relay-files", "zappa.zip").unwrap();
    world.s3(versioned("Suspended"));
    world.0.delete_object("relay-files", "zappa.zip").unwrap();
    world.s3(S3Write::EmptyBucket(at("relay-files")));
    assert_eq!(emptiness(&world), S3Reply::Objects { count: 0, more: false });
    world.s3(S3Write::DeleteBucket(at("relay-files")));
    world.s3_lacks("NotFound", S3Read::HeadBucket(at("relay-files")));
    world.s3_refuses("NoSuchBucket", S3Write::DeleteBucket(at("relay-files")));
}

/// A user, a role and a policy, and everything that people hang on them.
fn laden() -> (World, [(Thing, IamWrite); 8]) {
    let world = World::new();
    world.iam(create_user("bob"));
    world.iam(create_role("relay", lambda()));
    world.iam(create_policy("Deploy"));
    let (bob, id) = (|| text("bob"), text);
    let device = || format!("arn:aws:iam::{ACCOUNT}:mfa/phone");
    let things = [
        (Thing::LoginProfile { user: bob() }, IamWrite::DeleteLoginProfile { user: bob() }),
        (
            Thing::MfaDevice { user: bob(), serial: device() },
            IamWrite::DeactivateMFADevice { user: bob(), serial: device() },
        ),
        (Thing::SshKey { user: bob(), id: id("APKA1") }, IamWrite::DeleteSSHPublicKey { user: bob(), id: id("APKA1") }),
        (
            Thing::Certificate { user: bob(), id: id("C1") },
            IamWrite::DeleteSigningCertificate { user: bob(), id: id("C1") },
        ),
        (
            Thing::ServiceCredential { user: bob(), id: id("ACCA1") },
            IamWrite::DeleteServiceSpecificCredential { user: bob(), id: id("ACCA1") },
        ),
        (
            Thing::Member { group: id("staff"), user: bob() },
            IamWrite::RemoveUserFromGroup { user: bob(), group: id("staff") },
        ),
        (
            Thing::InstanceProfile { profile: id("machines"), role: id("relay") },
            IamWrite::RemoveRoleFromInstanceProfile { role: id("relay"), profile: id("machines") },
        ),
        (
            Thing::GroupPolicy { group: id("staff"), arn: policy_arn("Deploy") },
            IamWrite::DetachGroupPolicy { group: id("staff"), arn: policy_arn("Deploy") },
        ),
    ];
    (world, things)
}

#[test]
fn nothing_is_deleted_that_people_hung_something_on_until_that_is_gone() {
    for number in 0..8 {
        let (world, things) = laden();
        let (thing, removal) = &things[number];
        let delete = || match thing {
            Thing::InstanceProfile { .. } => delete_role("relay"),
            Thing::GroupPolicy { .. } => delete_policy("Deploy"),
            _ => delete_user("bob"),
        };
        world.0.add(thing).unwrap();
        world.iam_refuses("DeleteConflict", delete());
        world.iam(removal.clone());
        world.iam_refuses("NoSuchEntity", removal.clone());
        world.iam(delete());
    }
}

#[test]
fn what_people_hung_on_users_and_roles_is_listed() {
    let (world, things) = laden();
    let user = || text("bob");
    world.iam_lacks(IamRead::GetLoginProfile { user: user() });
    let lists = || {
        [
            IamRead::ListMFADevices { user: user() },
            IamRead::ListSSHPublicKeys { user: user() },
            IamRead::ListSigningCertificates { user: user() },
            IamRead::ListServiceSpecificCredentials { user: user() },
            IamRead::ListGroupsForUser { user: user() },
            IamRead::ListInstanceProfilesForRole { role: text("relay") },
        ]
    };
    let listed = || {
        lists().map(|read| match world.see(read) {
            IamReply::Names(names) => names.join(" "),
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(listed(), [""; 6]);
    for (thing, _) in &things {
        world.0.add(thing).unwrap();
    }
    assert!(matches!(world.see(IamRead::GetLoginProfile { user: user() }), IamReply::LoginProfile));
    assert_eq!(listed(), ["arn:aws:iam::123456789012:mfa/phone", "APKA1", "C1", "ACCA1", "staff", "machines"]);
    for read in lists() {
        let nobody = match read {
            IamRead::ListMFADevices { .. } => IamRead::ListMFADevices { user: text("eve") },
            IamRead::ListGroupsForUser { .. } => IamRead::ListGroupsForUser { user: text("eve") },
            IamRead::ListInstanceProfilesForRole { .. } => IamRead::ListInstanceProfilesForRole { role: text("eve") },
            _ => continue,
        };
        world.iam_lacks(nobody);
    }
    let (_, deactivate) = &things[1];
    let virtual_device = || IamWrite::DeleteVirtualMFADevice { serial: format!("arn:aws:iam::{ACCOUNT}:mfa/phone") };
    world.iam_refuses("DeleteConflict", virtual_device());
    world.iam(deactivate.clone());
    world.iam(virtual_device());
}

#[test]
fn what_uses_a_policy_is_told_by_kind_and_by_use() {
    let (world, _) = laden();
    world.iam(attach_to_user("bob", &policy_arn("Deploy")));
    world.iam(attach_to_role("relay", &policy_arn("Deploy")));
    world.iam(bounded_user("guest", Some(policy_arn("Deploy"))));
    world.0.add(&Thing::GroupPolicy { group: text("staff"), arn: policy_arn("Deploy") }).unwrap();
    let uses = |usage| match world.see(IamRead::ListEntitiesForPolicy { arn: policy_arn("Deploy"), usage }) {
        IamReply::Entities(entities) => entities,
        other => panic!("{other:?}"),
    };
    let one = |name: &str| vec![text(name)];
    assert_eq!(
        uses(PolicyUsage::PermissionsPolicy),
        Entities { users: one("bob"), roles: one("relay"), groups: one("staff") }
    );
    assert_eq!(uses(PolicyUsage::PermissionsBoundary), Entities { users: one("guest"), ..Entities::default() });
}

#[test]
fn a_group_goes_only_when_nobody_is_in_it_and_nothing_hangs_on_it() {
    let (world, _) = laden();
    let (staff, bob, arn) = (|| text("staff"), || text("bob"), || policy_arn("Deploy"));
    let delete = || IamWrite::DeleteGroup { group: staff() };
    let create = |name: &str| IamWrite::CreateGroup { group: text(name), path: text("/team/") };
    world.iam_refuses("NoSuchEntity", delete());
    world.iam(create("staff"));
    world.iam_refuses("EntityAlreadyExists", create("Staff"));
    for (add, remove) in [
        (
            IamWrite::AddUserToGroup { user: bob(), group: staff() },
            IamWrite::RemoveUserFromGroup { user: bob(), group: staff() },
        ),
        (
            IamWrite::AttachGroupPolicy { group: staff(), arn: arn() },
            IamWrite::DetachGroupPolicy { group: staff(), arn: arn() },
        ),
        (
            IamWrite::PutGroupPolicy { group: staff(), policy: text("own"), document: allow("s3:*").into() },
            IamWrite::DeleteGroupPolicy { group: staff(), policy: text("own") },
        ),
    ] {
        world.iam(add.clone());
        // Twice is as good as once.
        world.iam(add);
        world.iam_refuses("DeleteConflict", delete());
        world.iam(remove.clone());
        world.iam_refuses("NoSuchEntity", remove);
    }
    world.iam(IamWrite::UpdateGroup { group: staff(), path: text("/other/") });
    let IamReply::Members { group, users } = world.see(IamRead::GetGroup { group: staff() }) else { panic!() };
    assert_eq!(group.arn, format!("arn:aws:iam::{ACCOUNT}:group/other/staff"));
    assert!(users.is_empty(), "{users:?}");
    world.iam(delete());
    world.iam_lacks(IamRead::GetGroup { group: staff() });
}

#[test]
fn all_buckets_are_listed_with_their_regions() {
    let world = with_bucket();
    let far = BucketRef { name: text("relay-far"), region: text("eu-west-1") };
    world.s3(S3Write::CreateBucket { bucket: far.clone(), ownership: text("BucketOwnerEnforced") });
    let S3Reply::Buckets(mut found) = world.look(S3Read::ListBuckets { region: text("us-east-1") }) else { panic!() };
    found.sort();
    assert_eq!(found, [far, at("relay-files")]);
}
