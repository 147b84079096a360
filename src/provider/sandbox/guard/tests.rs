//! AWS's wording for each kind of policy that refuses, and the choice of the policies that count.

use futures::executor::block_on;
use serde_json::{Value, json};

use super::*;
use crate::call::{
    BucketRef, Failure, IamRead, IamWrite, Read, Reply, S3Read, S3Write, StepOutput, Write,
};
use crate::port::Provider;
use crate::provider::sandbox::Sandbox;

const ACCOUNT: &str = "123456789012";

fn policy(statements: &Value) -> Policy {
    Policy::compile("test.json", &document(statements)).unwrap()
}

fn document(statements: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn allow(action: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": "*"})
}

fn deny(action: &str) -> Value {
    json!({"Effect": "Deny", "Action": action, "Resource": "*"})
}

fn under(statements: &Value) -> Sandbox {
    Sandbox::in_memory(ACCOUNT, "us-east-1")
        .enforcing(CallerPolicies::Under(vec![policy(statements)]))
}

fn create_user(boundary: Option<&str>, tags: &[(&str, &str)]) -> Write {
    let tags = tags.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
    Write::Iam(IamWrite::CreateUser {
        user: "bob".to_owned(),
        path: "/team/".to_owned(),
        boundary: boundary.map(str::to_owned),
        tags,
    })
}

fn write(sandbox: &Sandbox, write: &Write) -> Result<Reply, Failure> {
    block_on(sandbox.write(write, &StepOutput::default()))
}

fn read(sandbox: &Sandbox, read: &Read) -> Result<Reply, Failure> {
    block_on(sandbox.read(read))
}

fn get_user(name: &str) -> Read {
    Read::Iam(IamRead::GetUser { user: name.to_owned() })
}

/// Returns the part of the message that follows the caller.
#[track_caller]
fn denied(answer: Result<Reply, Failure>) -> String {
    let failure = answer.expect_err("it must be refused");
    assert_eq!(
        (failure.kind, failure.code.as_str()),
        (FailureKind::AccessDenied, "AccessDenied"),
        "{failure}"
    );
    let (caller, rest) =
        failure.message.split_once(" is not authorized to perform: ").expect("AWS's wording");
    assert!(caller.starts_with("User: arn:aws:"), "{caller}");
    rest.to_owned()
}

#[test]
fn what_nothing_allows_is_refused_in_aws_s_words() {
    let sandbox = under(&json!([allow("s3:ListAllMyBuckets")]));
    assert_eq!(
        denied(write(&sandbox, &create_user(None, &[]))),
        "iam:CreateUser on resource: arn:aws:iam::123456789012:user/team/bob because no \
            identity-based policy allows the iam:CreateUser action"
    );
    assert_eq!(
        denied(read(&sandbox, &get_user("bob"))),
        "iam:GetUser on resource: user bob because no identity-based policy allows the \
            iam:GetUser action"
    );
    let arn = "arn:aws:iam::123456789012:policy/deploy";
    assert_eq!(
        denied(read(&sandbox, &Read::Iam(IamRead::GetPolicy { arn: arn.to_owned() }))),
        format!(
            "iam:GetPolicy on resource: policy {arn} because no identity-based policy allows the \
                iam:GetPolicy action"
        )
    );
    let bucket = BucketRef { name: "relay".to_owned(), region: "us-east-1".to_owned() };
    assert_eq!(
        denied(read(&sandbox, &Read::S3(S3Read::HeadBucket(bucket)))),
        "s3:ListBucket on resource: \"arn:aws:s3:::relay\" because no identity-based policy \
            allows the s3:ListBucket action"
    );
}

#[test]
fn an_explicit_deny_says_so() {
    let sandbox = under(&json!([allow("iam:*"), deny("iam:GetUser")]));
    assert_eq!(
        denied(read(&sandbox, &get_user("bob"))),
        "iam:GetUser on resource: user bob with an explicit deny in an identity-based policy"
    );
}

/// Nothing is made when one of several permissions is missing.
#[test]
fn a_create_with_tags_needs_both_permissions() {
    let sandbox = under(&json!([allow("iam:CreateUser"), allow("iam:GetUser")]));
    let refused = denied(write(&sandbox, &create_user(None, &[("stage", "dev")])));
    assert!(
        refused.starts_with("iam:TagUser on resource: user bob because no identity-based policy"),
        "{refused}"
    );
    assert_eq!(read(&sandbox, &get_user("bob")).unwrap_err().code, "NoSuchEntity");
    assert!(write(&sandbox, &create_user(None, &[])).is_ok());
}

#[test]
fn the_call_s_own_values_decide_conditions() {
    let bounds = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let only_bounded = json!([{
        "Effect": "Allow", "Action": "iam:CreateUser", "Resource": "arn:aws:iam::123456789012:user/team/*",
        "Condition": {"ArnEquals": {"iam:PermissionsBoundary": bounds}},
    }]);
    let sandbox = under(&only_bounded);
    denied(write(&sandbox, &create_user(None, &[])));
    denied(write(&sandbox, &create_user(Some("arn:aws:iam::aws:policy/PowerUserAccess"), &[])));
    assert!(write(&sandbox, &create_user(Some(bounds), &[])).is_ok());

    let tagged = json!([{
        "Effect": "Allow", "Action": ["iam:CreateUser", "iam:TagUser"], "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestTag/stage": "dev"}},
    }]);
    denied(write(&under(&tagged), &create_user(None, &[("stage", "prod")])));
    assert!(write(&under(&tagged), &create_user(None, &[("stage", "dev")])).is_ok());
}

#[test]
fn the_caller_is_known_whatever_is_denied() {
    let Reply::Caller(caller) = read(&under(&json!([deny("*")])), &Read::CallerIdentity).unwrap()
    else {
        panic!()
    };
    assert_eq!(caller.arn, "arn:aws:iam::123456789012:user/sandbox-user");
}

/// Returns an account with the user `ci`, which has an inline policy with these statements, and a
/// boundary that allows only reads.
fn with_user(statements: &Value) -> Sandbox {
    let sandbox = Sandbox::in_memory(ACCOUNT, "us-east-1");
    let bounds = "arn:aws:iam::123456789012:policy/bounds".to_owned();
    let writes = [
        IamWrite::CreatePolicy {
            policy: "bounds".to_owned(),
            path: "/".to_owned(),
            description: None,
            document: document(&json!([allow("iam:Get*"), allow("s3:*"), deny("s3:DeleteBucket")]))
                .into(),
            tags: Tags::new(),
        },
        IamWrite::CreateUser {
            user: "ci".into(),
            path: "/".into(),
            boundary: Some(bounds),
            tags: Tags::new(),
        },
        IamWrite::PutUserPolicy {
            user: "ci".into(),
            policy: "own".into(),
            document: document(statements).into(),
        },
    ];
    for call in writes {
        write(&sandbox, &Write::Iam(call)).unwrap();
    }
    sandbox.enforcing(CallerPolicies::User("ci".to_owned()))
}

#[test]
fn a_user_acts_with_its_policies_within_its_boundary() {
    let sandbox = with_user(&json!([allow("iam:*"), allow("s3:*")]));
    assert!(read(&sandbox, &get_user("ci")).is_ok());
    assert_eq!(
        denied(write(&sandbox, &create_user(None, &[]))),
        "iam:CreateUser on resource: arn:aws:iam::123456789012:user/team/bob because no \
            permissions boundary allows the iam:CreateUser action"
    );
    let bucket = BucketRef { name: "relay".to_owned(), region: "us-east-1".to_owned() };
    assert_eq!(
        denied(write(&sandbox, &Write::S3(S3Write::DeleteBucket(bucket)))),
        "s3:DeleteBucket on resource: \"arn:aws:s3:::relay\" with an explicit deny in a \
            permissions boundary"
    );
}

/// Returns an account with the user `ci` without policies of its own, and the group `readers` with
/// these statements.
fn with_group(statements: &Value, is_member: bool) -> Sandbox {
    let sandbox = Sandbox::in_memory(ACCOUNT, "us-east-1");
    let (user, group) = (|| "ci".to_owned(), || "readers".to_owned());
    let document = document(statements).into();
    let writes = [
        IamWrite::CreateUser { user: user(), path: "/".into(), boundary: None, tags: Tags::new() },
        IamWrite::CreateGroup { group: group(), path: "/".into() },
        IamWrite::PutGroupPolicy { group: group(), policy: "own".into(), document },
    ];
    let member = is_member.then(|| IamWrite::AddUserToGroup { user: user(), group: group() });
    for call in writes.into_iter().chain(member) {
        write(&sandbox, &Write::Iam(call)).unwrap();
    }
    sandbox.enforcing(CallerPolicies::User(user()))
}

#[test]
fn a_user_acts_with_the_policies_of_its_groups_as_well() {
    let read_users = json!([allow("iam:GetUser")]);
    assert!(read(&with_group(&read_users, true), &get_user("ci")).is_ok());
    assert_eq!(
        denied(read(&with_group(&read_users, false), &get_user("ci"))),
        "iam:GetUser on resource: user ci because no identity-based policy allows the iam:GetUser \
            action"
    );
    assert_eq!(
        denied(read(&with_group(&json!([allow("*"), deny("iam:GetUser")]), true), &get_user("ci"))),
        "iam:GetUser on resource: user ci with an explicit deny in an identity-based policy"
    );
}

#[test]
fn a_bucket_policy_has_its_say() {
    let sandbox = with_user(&json!([allow("s3:*")]));
    let bucket = || BucketRef { name: "relay-of-ci".to_owned(), region: "us-east-1".to_owned() };
    let create =
        S3Write::CreateBucket { bucket: bucket(), ownership: "BucketOwnerEnforced".to_owned() };
    write(&sandbox, &Write::S3(create)).unwrap();
    let statement = json!([{
        "Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::123456789012:user/ci"},
        "Action": "s3:GetBucketTagging", "Resource": "arn:aws:s3:::relay-of-ci",
    }]);
    let put = S3Write::PutBucketPolicy { bucket: bucket(), document: document(&statement).into() };
    write(&sandbox, &Write::S3(put)).unwrap();
    assert_eq!(
        denied(read(&sandbox, &Read::S3(S3Read::GetBucketTagging(bucket())))),
        "s3:GetBucketTagging on resource: \"arn:aws:s3:::relay-of-ci\" with an explicit deny in a \
            resource-based policy"
    );
    assert!(read(&sandbox, &Read::S3(S3Read::HeadBucket(bucket()))).is_ok());
}

#[test]
fn who_is_not_there_cannot_act() {
    let sandbox = Sandbox::in_memory(ACCOUNT, "us-east-1")
        .enforcing(CallerPolicies::Role("nobody".to_owned()));
    let failure = read(&sandbox, &Read::CallerIdentity).unwrap_err();
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Refused, "NoSuchPrincipal"));
}

/// The sandbox lacks the documents of AWS's own policies: a guess would be worse than no answer.
#[test]
fn a_policy_whose_text_is_not_known_is_no_guess() {
    let sandbox = Sandbox::in_memory(ACCOUNT, "us-east-1");
    write(&sandbox, &create_user(None, &[])).unwrap();
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned();
    write(&sandbox, &Write::Iam(IamWrite::AttachUserPolicy { user: "bob".into(), arn })).unwrap();
    let failure =
        read(&sandbox.enforcing(CallerPolicies::User("bob".to_owned())), &get_user("bob"))
            .unwrap_err();
    assert_eq!(failure.code, "NotSimulated");
    assert!(failure.message.contains("arn:aws:iam::aws:policy/ReadOnlyAccess"), "{failure}");
}
