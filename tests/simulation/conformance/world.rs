//! An account in memory, and the calls that tests make on it.

use futures::executor::block_on;
use relayctl::call::iam::PolicyVersion;
use relayctl::call::{
    BucketRef, Failure, FailureKind, IamRead, IamReply, IamWrite, Read, Reply, S3Read, S3Reply,
    S3Write, StepOutput, Write,
};
use relayctl::port::Provider;
use relayctl::provider::sandbox::Sandbox;
use relayctl::value::{SharedValue, Tags, Value};
use secrecy::ExposeSecret;
use serde_json::json;

pub const ACCOUNT: &str = "123456789012";

/// An empty account, and calls on it that must succeed or must fail.
pub struct World(pub Sandbox);

impl World {
    pub fn new() -> Self {
        Self(Sandbox::in_memory(ACCOUNT, "us-east-1"))
    }

    pub fn try_iam(&self, write: IamWrite) -> Result<Reply, Failure> {
        block_on(self.0.write(&Write::Iam(write), &StepOutput::default()))
    }

    #[track_caller]
    pub fn iam(&self, write: IamWrite) -> Reply {
        self.try_iam(write).unwrap()
    }

    /// With its code; every refusal of AWS has words and a request id.
    #[track_caller]
    pub fn iam_refuses(&self, code: &str, write: IamWrite) -> Failure {
        checked(self.try_iam(write).unwrap_err(), code, "iam:")
    }

    #[track_caller]
    pub fn see(&self, read: IamRead) -> IamReply {
        match block_on(self.0.read(&Read::Iam(read))).unwrap() {
            Reply::Iam(reply) => reply,
            other => panic!("not an answer of IAM: {other:?}"),
        }
    }

    #[track_caller]
    pub fn iam_lacks(&self, read: IamRead) -> Failure {
        checked(block_on(self.0.read(&Read::Iam(read))).unwrap_err(), "NoSuchEntity", "iam:")
    }

    #[track_caller]
    pub fn s3(&self, write: S3Write) {
        block_on(self.0.write(&Write::S3(write), &StepOutput::default())).unwrap();
    }

    #[track_caller]
    pub fn s3_refuses(&self, code: &str, write: S3Write) -> Failure {
        let answer = block_on(self.0.write(&Write::S3(write), &StepOutput::default()));
        checked(answer.unwrap_err(), code, "s3:")
    }

    #[track_caller]
    pub fn look(&self, read: S3Read) -> S3Reply {
        match block_on(self.0.read(&Read::S3(read))).unwrap() {
            Reply::S3(reply) => reply,
            other => panic!("not an answer of S3: {other:?}"),
        }
    }

    #[track_caller]
    pub fn s3_lacks(&self, code: &str, read: S3Read) -> Failure {
        checked(block_on(self.0.read(&Read::S3(read))).unwrap_err(), code, "s3:")
    }
}

#[track_caller]
pub fn checked(failure: Failure, code: &str, service: &str) -> Failure {
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
        "EntityAlreadyExists" | "BucketAlreadyExists" | "BucketAlreadyOwnedByYou" => {
            FailureKind::AlreadyExists
        }
        "DeleteConflict" | "BucketNotEmpty" => FailureKind::Conflict,
        "LimitExceeded" => FailureKind::LimitExceeded,
        "AccessDenied" | "Forbidden" => FailureKind::AccessDenied,
        "PermanentRedirect" => FailureKind::Other,
        _ => FailureKind::Invalid,
    };
    assert_eq!(failure.kind, expected, "{failure}");
    failure
}

pub fn text(text: &str) -> String {
    text.to_owned()
}

pub fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| (text(key), text(value))).collect()
}

pub fn allow(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
}

/// A document of at least `size` characters without white space.
pub fn large(size: usize) -> Value {
    let resources: Vec<String> =
        (0..size / 40).map(|n| format!("arn:aws:s3:::a-bucket-with-a-name/{n:06}")).collect();
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources}]})
}

pub fn trust(principal: &Value) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
    })
}

pub fn lambda() -> Value {
    trust(&json!({"Service": "lambda.amazonaws.com"}))
}

pub fn policy_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:policy/{name}")
}

pub fn create_policy(name: &str) -> IamWrite {
    policy_with(name, allow("s3:GetObject"))
}

pub fn policy_with(name: &str, document: Value) -> IamWrite {
    IamWrite::CreatePolicy {
        policy: text(name),
        path: text("/"),
        description: None,
        document: document.into(),
        tags: Tags::new(),
    }
}

pub fn version(name: &str, action: &str) -> IamWrite {
    IamWrite::CreatePolicyVersion { arn: policy_arn(name), document: allow(action).into() }
}

pub fn delete_version(name: &str, version: &str) -> IamWrite {
    IamWrite::DeletePolicyVersion { arn: policy_arn(name), version: text(version) }
}

pub fn create_user(name: &str) -> IamWrite {
    bounded_user(name, None)
}

pub fn bounded_user(name: &str, boundary: Option<String>) -> IamWrite {
    IamWrite::CreateUser { user: text(name), path: text("/"), boundary, tags: Tags::new() }
}

pub fn create_role(name: &str, trust: Value) -> IamWrite {
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

pub fn attach_to_user(user: &str, arn: &str) -> IamWrite {
    IamWrite::AttachUserPolicy { user: text(user), arn: text(arn) }
}

pub fn attach_to_role(role: &str, arn: &str) -> IamWrite {
    IamWrite::AttachRolePolicy { role: text(role), arn: text(arn) }
}

pub fn put_user_policy(policy: &str, document: Value) -> IamWrite {
    IamWrite::PutUserPolicy { user: text("bob"), policy: text(policy), document: document.into() }
}

pub fn put_role_policy(policy: &str, document: Value) -> IamWrite {
    IamWrite::PutRolePolicy { role: text("relay"), policy: text(policy), document: document.into() }
}

pub fn delete_user(name: &str) -> IamWrite {
    IamWrite::DeleteUser { user: text(name) }
}

pub fn delete_role(name: &str) -> IamWrite {
    IamWrite::DeleteRole { role: text(name) }
}

pub fn delete_policy(name: &str) -> IamWrite {
    IamWrite::DeletePolicy { arn: policy_arn(name) }
}

pub fn new_key(user: &str) -> IamWrite {
    IamWrite::CreateAccessKey { user: text(user) }
}

pub fn at(name: &str) -> BucketRef {
    in_region(name, "us-east-1")
}

pub fn in_region(name: &str, region: &str) -> BucketRef {
    BucketRef { name: text(name), region: text(region) }
}

pub fn create_bucket(bucket: BucketRef) -> S3Write {
    S3Write::CreateBucket { bucket, ownership: text("BucketOwnerEnforced") }
}

pub fn put_bucket_policy(document: Value) -> S3Write {
    S3Write::PutBucketPolicy { bucket: at("relay-files"), document: document.into() }
}

/// A user `bob` and a policy `Reader`.
pub fn with_user() -> World {
    let world = World::new();
    world.iam(create_user("bob"));
    world.iam(create_policy("Reader"));
    world
}

/// A role `relay` and a policy `Reader`.
pub fn with_role() -> World {
    let world = World::new();
    world.iam(create_role("relay", lambda()));
    world.iam(create_policy("Reader"));
    world
}

/// A bucket `relay-files`.
pub fn with_bucket() -> World {
    let world = World::new();
    world.s3(create_bucket(at("relay-files")));
    world
}

impl World {
    #[track_caller]
    pub fn user(&self, name: &str) -> relayctl::call::iam::User {
        match self.see(IamRead::GetUser { user: text(name) }) {
            IamReply::User(user) => user,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    pub fn role(&self, name: &str) -> relayctl::call::iam::Role {
        match self.see(IamRead::GetRole { role: text(name) }) {
            IamReply::Role(role) => role,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    pub fn policy(&self, arn: &str) -> relayctl::call::iam::ManagedPolicy {
        match self.see(IamRead::GetPolicy { arn: text(arn) }) {
            IamReply::Policy(policy) => policy,
            other => panic!("{other:?}"),
        }
    }

    /// Sorted, oldest first.
    #[track_caller]
    pub fn versions(&self, name: &str) -> Vec<PolicyVersion> {
        match self.see(IamRead::ListPolicyVersions { arn: policy_arn(name) }) {
            IamReply::PolicyVersions(mut versions) => {
                versions.sort_by(|a, b| a.id.cmp(&b.id));
                versions
            }
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    pub fn document(&self, read: IamRead) -> SharedValue {
        match self.see(read) {
            IamReply::Document(document) => document,
            IamReply::PolicyVersion(version) => version.document.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    pub fn attached(&self, read: IamRead) -> Vec<String> {
        match self.see(read) {
            IamReply::Attached(arns) => arns,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    pub fn keys(&self, user: &str) -> Vec<relayctl::call::iam::AccessKey> {
        match self.see(IamRead::ListAccessKeys { user: text(user) }) {
            IamReply::AccessKeys(keys) => keys,
            other => panic!("{other:?}"),
        }
    }

    /// The id and the secret.
    #[track_caller]
    pub fn key(&self, user: &str) -> (String, String) {
        match self.iam(new_key(user)) {
            Reply::Iam(IamReply::NewAccessKey { id, secret }) => (id, text(secret.expose_secret())),
            other => panic!("{other:?}"),
        }
    }

    pub fn sweep(&self) -> relayctl::call::iam::AuthorizationDetails {
        match self.see(IamRead::GetAccountAuthorizationDetails {
            filter: relayctl::call::iam::EntityType::ALL.into(),
            marker: None,
        }) {
            IamReply::AuthorizationDetails(details) => details,
            other => panic!("{other:?}"),
        }
    }
}

pub fn of_user(user: &str) -> IamRead {
    IamRead::ListAttachedUserPolicies { user: text(user) }
}

pub fn of_role(role: &str) -> IamRead {
    IamRead::ListAttachedRolePolicies { role: text(role) }
}

pub fn version_of(name: &str, version: &str) -> IamRead {
    IamRead::GetPolicyVersion { arn: policy_arn(name), version: text(version) }
}

/// With all that a role can have.
pub fn full_role() -> IamWrite {
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
