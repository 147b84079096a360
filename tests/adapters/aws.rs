//! Tests of the AWS provider against moto: the calls as the real SDK sends them over HTTP, and the
//! answers as relayctl sees them.
//!
//! The tests do not depend on points where moto is known to differ from AWS: boundaries of users,
//! S3's defaults, raw documents.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an answer of another kind than the call's fails the test, whichever it is"
)]

use std::process::Command;
use std::sync::LazyLock;

use relayctl::call::iam::{AccessKey, Entities, EntityType, Inline, PolicyUsage, PolicyVersion};
use relayctl::call::s3::{BucketEncryption, LifecycleRule, PublicAccessBlock, Transition};
use relayctl::call::{
    BucketRef, CallerIdentity, Failure, FailureKind, IamRead, IamReply, IamWrite, NewKey, Read,
    Reply, S3Read, S3Reply, S3Write, StepOutput, Write,
};
use relayctl::port::Provider;
use relayctl::provider::aws::{Aws, ConnectOptions};
use relayctl::value::{SharedValue, Tags};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::support::edge::aws_at;
use crate::support::moto::{self, Moto};

/// One for all tests here; they keep apart by names.
static MOTO: LazyLock<Moto> = LazyLock::new(Moto::start);

fn aws() -> Aws {
    aws_at(MOTO.endpoint())
}

async fn iam(aws: &Aws, read: IamRead) -> IamReply {
    match aws.read(&Read::Iam(read)).await {
        Ok(Reply::Iam(reply)) => reply,
        other => panic!("{other:?}"),
    }
}

async fn s3(aws: &Aws, read: S3Read) -> S3Reply {
    match aws.read(&Read::S3(read)).await {
        Ok(Reply::S3(reply)) => reply,
        other => panic!("{other:?}"),
    }
}

async fn refused(aws: &Aws, read: impl Into<Read>) -> Failure {
    aws.read(&read.into()).await.expect_err("the read fails")
}

async fn done(aws: &Aws, writes: impl IntoIterator<Item = Write>) {
    for write in writes {
        let reply = aws.write(&write, &StepOutput::default()).await;
        // A create tells the id of what it made, which the state keeps; other writes tell nothing.
        let told = match &reply {
            Ok(Reply::Iam(IamReply::User(user))) => !user.id.is_empty(),
            Ok(Reply::Iam(IamReply::Role(role))) => !role.id.is_empty(),
            Ok(Reply::Iam(IamReply::Policy(policy))) => !policy.id.is_empty(),
            other => matches!(other, Ok(Reply::Done)),
        };
        assert!(told, "{write:?}: {reply:?}");
    }
}

async fn failed(aws: &Aws, write: Write) -> Failure {
    aws.write(&write, &StepOutput::default()).await.expect_err("the write fails")
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// With characters that an encoding could lose.
fn document(action: &str) -> SharedValue {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": "arn:aws:s3:::a+b/%20 ü/${aws:username}/*"},
    ]})
    .into()
}

fn trust(service: &str) -> SharedValue {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"},
    ]})
    .into()
}

fn create_user(user: &str) -> Write {
    let tags = tags(&[("relayctl:manifest", "dev"), ("stage", "dev")]);
    Write::Iam(IamWrite::CreateUser {
        user: user.into(),
        path: "/team/".into(),
        boundary: None,
        tags,
    })
}

fn create_policy(policy: &str, document: SharedValue) -> Write {
    Write::Iam(IamWrite::CreatePolicy {
        policy: policy.into(),
        path: "/team/".into(),
        description: Some("for a test".into()),
        document,
        tags: tags(&[("stage", "dev")]),
    })
}

#[tokio::test]
async fn a_policy_lives_and_grows_versions() {
    let (aws, arn) = (aws(), "arn:aws:iam::123456789012:policy/team/Edge".to_owned());
    done(
        &aws,
        [
            create_policy("Edge", document("s3:GetObject")),
            Write::Iam(IamWrite::CreatePolicyVersion {
                arn: arn.clone(),
                document: document("s3:PutObject"),
            }),
            Write::Iam(IamWrite::TagPolicy { arn: arn.clone(), tags: tags(&[("team", "relay")]) }),
            Write::Iam(IamWrite::UntagPolicy { arn: arn.clone(), keys: vec!["stage".into()] }),
        ],
    )
    .await;
    let IamReply::Policy(policy) = iam(&aws, IamRead::GetPolicy { arn: arn.clone() }).await else {
        panic!()
    };
    assert_eq!((policy.name.as_str(), policy.path.as_str()), ("Edge", "/team/"));
    assert_eq!(
        (policy.description.as_str(), policy.default_version.as_str()),
        ("for a test", "v2")
    );
    assert_eq!((policy.arn.as_str(), policy.tags), (arn.as_str(), tags(&[("team", "relay")])));

    let IamReply::PolicyVersions(versions) =
        iam(&aws, IamRead::ListPolicyVersions { arn: arn.clone() }).await
    else {
        panic!()
    };
    let mut listed: Vec<_> = versions.iter().map(|one| (one.id.as_str(), one.is_default)).collect();
    listed.sort_unstable();
    assert_eq!(listed, [("v1", false), ("v2", true)]);
    assert!(versions.iter().all(|version| version.document.is_none()));

    let IamReply::Entities(entities) =
        iam(&aws, IamRead::ListEntitiesForPolicy { arn: arn.clone(), usage: PolicyUsage::Any })
            .await
    else {
        panic!()
    };
    assert_eq!(entities, Entities::default(), "it hangs on nobody");

    let read = IamRead::GetPolicyVersion { arn: arn.clone(), version: "v2".into() };
    let IamReply::PolicyVersion(version) = iam(&aws, read).await else { panic!() };
    let expected = PolicyVersion {
        id: "v2".into(),
        is_default: true,
        document: Some(document("s3:PutObject")),
    };
    assert_eq!(version, expected);

    done(
        &aws,
        [
            Write::Iam(IamWrite::DeletePolicyVersion { arn: arn.clone(), version: "v1".into() }),
            Write::Iam(IamWrite::DeletePolicy { arn: arn.clone() }),
        ],
    )
    .await;
    let gone = refused(&aws, Read::Iam(IamRead::GetPolicy { arn })).await;
    assert_eq!(
        (gone.kind, gone.code.as_str(), gone.call.as_str()),
        (FailureKind::NotFound, "NoSuchEntity", "iam:GetPolicy")
    );
    assert!(gone.request_id.is_some());
}

#[tokio::test]
async fn a_user_lives_with_what_hangs_on_it() {
    let (aws, user) = (aws(), "edge-user".to_owned());
    let arn = "arn:aws:iam::123456789012:policy/team/EdgeUser".to_owned();
    let inline = IamWrite::PutUserPolicy {
        user: user.clone(),
        policy: "in line".into(),
        document: document("s3:*"),
    };
    done(
        &aws,
        [
            create_user(&user),
            create_policy("EdgeUser", document("s3:GetObject")),
            Write::Iam(IamWrite::TagUser { user: user.clone(), tags: tags(&[("team", "relay")]) }),
            Write::Iam(IamWrite::UntagUser { user: user.clone(), keys: vec!["stage".into()] }),
            Write::Iam(IamWrite::AttachUserPolicy { user: user.clone(), arn: arn.clone() }),
            Write::Iam(inline),
        ],
    )
    .await;
    let IamReply::User(found) = iam(&aws, IamRead::GetUser { user: user.clone() }).await else {
        panic!()
    };
    assert_eq!(
        (found.name.as_str(), found.path.as_str(), found.boundary.as_deref()),
        ("edge-user", "/team/", None)
    );
    assert_eq!(found.tags, tags(&[("relayctl:manifest", "dev"), ("team", "relay")]));
    // Last, because moto loses the tags of a user that moves, which AWS does not.
    done(&aws, [Write::Iam(IamWrite::UpdateUser { user: user.clone(), path: "/moved/".into() })])
        .await;
    let IamReply::User(found) = iam(&aws, IamRead::GetUser { user: user.clone() }).await else {
        panic!()
    };
    assert_eq!(found.arn, "arn:aws:iam::123456789012:user/moved/edge-user");
    let IamReply::Attached(attached) =
        iam(&aws, IamRead::ListAttachedUserPolicies { user: user.clone() }).await
    else {
        panic!()
    };
    assert_eq!(attached, std::slice::from_ref(&arn));
    let IamReply::Names(names) = iam(&aws, IamRead::ListUserPolicies { user: user.clone() }).await
    else {
        panic!()
    };
    assert_eq!(names, ["in line"]);
    let holders = IamRead::ListEntitiesForPolicy { arn: arn.clone(), usage: PolicyUsage::Any };
    let IamReply::Entities(holders) = iam(&aws, holders).await else { panic!() };
    assert_eq!((holders.users, holders.roles), (vec![user.clone()], Vec::new()));
    let IamReply::Names(groups) =
        iam(&aws, IamRead::ListGroupsForUser { user: user.clone() }).await
    else {
        panic!()
    };
    assert!(groups.is_empty(), "{groups:?}");
    let read = IamRead::GetUserPolicy { user: user.clone(), policy: "in line".into() };
    let IamReply::Document(found) = iam(&aws, read).await else { panic!() };
    assert_eq!(found, document("s3:*"));

    let again = failed(&aws, create_user(&user)).await;
    assert_eq!(
        (again.kind, again.code.as_str()),
        (FailureKind::AlreadyExists, "EntityAlreadyExists")
    );
    let conflict = failed(&aws, Write::Iam(IamWrite::DeleteUser { user: user.clone() })).await;
    assert_eq!((conflict.kind, conflict.code.as_str()), (FailureKind::Conflict, "DeleteConflict"));
    done(
        &aws,
        [
            Write::Iam(IamWrite::DetachUserPolicy { user: user.clone(), arn: arn.clone() }),
            Write::Iam(IamWrite::DeleteUserPolicy { user: user.clone(), policy: "in line".into() }),
            Write::Iam(IamWrite::DeleteUser { user: user.clone() }),
            Write::Iam(IamWrite::DeletePolicy { arn }),
        ],
    )
    .await;
    assert_eq!(
        refused(&aws, Read::Iam(IamRead::GetUser { user })).await.kind,
        FailureKind::NotFound
    );
}

#[tokio::test]
async fn a_new_key_works_and_its_secret_shows_nowhere() {
    let (aws, user) = (aws(), "edge-key".to_owned());
    done(&aws, [create_user(&user)]).await;
    let write = Write::Iam(IamWrite::CreateAccessKey { user: user.clone() });
    let reply = aws.write(&write, &StepOutput::default()).await.expect("a key is made");
    let shown = format!("{reply:?}");
    let Reply::Iam(IamReply::NewAccessKey { id, secret }) = reply else { panic!("{shown}") };
    assert_eq!(secret.expose_secret().len(), 40);
    assert!(shown.contains(&id) && !shown.contains(secret.expose_secret()));
    let mut other = MOTO.aws_command();
    other.env("AWS_ACCESS_KEY_ID", &id).env("AWS_SECRET_ACCESS_KEY", secret.expose_secret());
    let arn = other
        .args(["sts", "get-caller-identity", "--query", "Arn", "--output", "text"])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&arn.stdout).trim(),
        "arn:aws:iam::123456789012:user/team/edge-key"
    );

    let IamReply::AccessKeys(keys) =
        iam(&aws, IamRead::ListAccessKeys { user: user.clone() }).await
    else {
        panic!()
    };
    let [AccessKey { id: listed, status, created }] = keys.as_slice() else { panic!("{keys:?}") };
    assert_eq!((listed, status.as_str()), (&id, "Active"));
    assert!(created.contains('T') && created.ends_with('Z'), "{created} is RFC 3339");

    let delete = Write::Iam(IamWrite::DeleteAccessKey { user: user.clone(), id });
    done(&aws, [delete.clone()]).await;
    assert_eq!(failed(&aws, delete).await.kind, FailureKind::NotFound);
    done(&aws, [Write::Iam(IamWrite::DeleteUser { user })]).await;
}

#[tokio::test]
async fn a_new_key_proves_itself_and_tells_when_it_was_used() {
    let (aws, user) = (aws(), "edge-proof".to_owned());
    done(&aws, [create_user(&user)]).await;
    let write = Write::Iam(IamWrite::CreateAccessKey { user: user.clone() });
    let reply = aws.write(&write, &StepOutput::default()).await.expect("a key is made");
    let Reply::Iam(IamReply::NewAccessKey { id, secret }) = reply else { panic!("{reply:?}") };
    let last_used = || IamRead::GetAccessKeyLastUsed { user: user.clone(), id: id.clone() };
    assert!(matches!(iam(&aws, last_used()).await, IamReply::LastUsed(None)));

    let prove = Write::ProveKey { user: user.clone() };
    let failure = aws.write(&prove, &StepOutput::default()).await.expect_err("there is no key");
    assert_eq!(failure.code, "NoKey");
    let carried = StepOutput { key: Some(NewKey { user: user.clone(), id: id.clone(), secret }) };
    let proof = aws.write(&prove, &carried).await.expect("the key works");
    let Reply::Caller(caller) = proof else { panic!("{proof:?}") };
    assert_eq!(caller.arn, format!("arn:aws:iam::123456789012:user/team/{user}"));
    let IamReply::LastUsed(Some(last)) = iam(&aws, last_used()).await else {
        panic!("it was used")
    };
    assert_eq!(last.service, "sts");
    assert!(last.at.parse::<jiff::Timestamp>().is_ok(), "{last:?}");

    let update = IamWrite::UpdateAccessKey { user: user.clone(), id: id.clone(), active: false };
    done(&aws, [Write::Iam(update)]).await;
    let IamReply::AccessKeys(keys) = iam(&aws, IamRead::ListAccessKeys { user }).await else {
        panic!()
    };
    assert_eq!(keys[0].status, "Inactive");
    assert!(keys[0].created.parse::<jiff::Timestamp>().is_ok(), "{keys:?}");
}

#[tokio::test]
async fn a_third_key_is_one_too_many() {
    let (aws, user) = (aws(), "edge-keys".to_owned());
    done(&aws, [create_user(&user)]).await;
    let write = Write::Iam(IamWrite::CreateAccessKey { user });
    for _ in 0..2 {
        aws.write(&write, &StepOutput::default()).await.expect("a key is made");
    }
    let failure = failed(&aws, write).await;
    assert_eq!(
        (failure.kind, failure.call.as_str()),
        (FailureKind::LimitExceeded, "iam:CreateAccessKey")
    );
}

#[tokio::test]
async fn a_role_lives_and_changes_in_place() {
    let (aws, role) = (aws(), "edge-role".to_owned());
    let arn = "arn:aws:iam::123456789012:policy/team/EdgeRole".to_owned();
    done(
        &aws,
        [
            create_policy("EdgeRole", document("s3:GetObject")),
            Write::Iam(IamWrite::CreateRole {
                role: role.clone(),
                path: "/team/".into(),
                description: Some("first".into()),
                max_session_duration: Some(7200),
                trust: trust("lambda.amazonaws.com"),
                boundary: Some(arn.clone()),
                tags: tags(&[("stage", "dev")]),
            }),
        ],
    )
    .await;
    let IamReply::Role(found) = iam(&aws, IamRead::GetRole { role: role.clone() }).await else {
        panic!()
    };
    assert_eq!((found.description.as_str(), found.max_session_duration), ("first", 7200));
    assert_eq!((found.trust, found.boundary), (trust("lambda.amazonaws.com"), Some(arn.clone())));
    assert_eq!((found.path.as_str(), found.tags), ("/team/", tags(&[("stage", "dev")])));

    done(&aws, changes_of_role(&role, &arn)).await;
    role_is_changed(&aws, &role, &arn).await;

    done(
        &aws,
        [
            IamWrite::PutRolePermissionsBoundary { role: role.clone(), arn: arn.clone() },
            IamWrite::DetachRolePolicy { role: role.clone(), arn: arn.clone() },
            IamWrite::DeleteRolePolicy { role: role.clone(), policy: "own".into() },
            IamWrite::DeleteRole { role: role.clone() },
            IamWrite::DeletePolicy { arn },
        ]
        .map(Write::Iam),
    )
    .await;
    assert_eq!(
        refused(&aws, Read::Iam(IamRead::GetRole { role })).await.kind,
        FailureKind::NotFound
    );
}

/// Changes everything about the role that can change in place.
fn changes_of_role(role: &str, arn: &str) -> [Write; 7] {
    let (role, arn) = (|| role.to_owned(), arn.to_owned());
    [
        IamWrite::UpdateRole {
            role: role(),
            description: "second".into(),
            max_session_duration: 3600,
        },
        IamWrite::UpdateAssumeRolePolicy { role: role(), trust: trust("apigateway.amazonaws.com") },
        IamWrite::DeleteRolePermissionsBoundary { role: role() },
        IamWrite::TagRole { role: role(), tags: tags(&[("team", "relay")]) },
        IamWrite::UntagRole { role: role(), keys: vec!["stage".into()] },
        IamWrite::AttachRolePolicy { role: role(), arn },
        IamWrite::PutRolePolicy { role: role(), policy: "own".into(), document: document("s3:*") },
    ]
    .map(Write::Iam)
}

/// Holds the role against [`changes_of_role`].
async fn role_is_changed(aws: &Aws, role: &str, arn: &str) {
    let role = || role.to_owned();
    let IamReply::Role(found) = iam(aws, IamRead::GetRole { role: role() }).await else { panic!() };
    assert_eq!(
        (found.description.as_str(), found.max_session_duration, found.boundary),
        ("second", 3600, None)
    );
    assert_eq!(
        (found.trust, found.tags),
        (trust("apigateway.amazonaws.com"), tags(&[("team", "relay")]))
    );
    let IamReply::Roles(roles) = iam(aws, IamRead::ListRoles).await else { panic!() };
    let listed = roles.iter().find(|one| one.name == role()).expect("the role is listed");
    assert_eq!((listed.description.as_str(), listed.max_session_duration), ("second", 3600));
    let IamReply::Attached(attached) =
        iam(aws, IamRead::ListAttachedRolePolicies { role: role() }).await
    else {
        panic!()
    };
    assert_eq!(attached, [arn]);
    let IamReply::Names(names) = iam(aws, IamRead::ListRolePolicies { role: role() }).await else {
        panic!()
    };
    assert_eq!(names, ["own"]);
    let read = IamRead::GetRolePolicy { role: role(), policy: "own".into() };
    let IamReply::Document(found) = iam(aws, read).await else { panic!() };
    assert_eq!(found, document("s3:*"));
}

#[tokio::test]
async fn one_sweep_shows_users_roles_and_policies_with_what_hangs_on_them() {
    let aws = aws();
    let arn = "arn:aws:iam::123456789012:policy/team/Swept".to_owned();
    done(
        &aws,
        [
            create_policy("Swept", document("s3:GetObject")),
            create_user("swept-user"),
            Write::Iam(IamWrite::AttachUserPolicy { user: "swept-user".into(), arn: arn.clone() }),
            Write::Iam(IamWrite::PutUserPolicy {
                user: "swept-user".into(),
                policy: "own".into(),
                document: document("s3:*"),
            }),
            Write::Iam(IamWrite::CreateRole {
                role: "swept-role".into(),
                path: "/".into(),
                description: None,
                max_session_duration: None,
                trust: trust("lambda.amazonaws.com"),
                boundary: None,
                tags: tags(&[("stage", "dev")]),
            }),
        ],
    )
    .await;
    MOTO.python(
        "iam.create_group(GroupName='swept'); iam.add_user_to_group(GroupName='swept', \
        UserName='swept-user')",
    );
    let sweep =
        IamRead::GetAccountAuthorizationDetails { filter: EntityType::ALL.into(), marker: None };
    let IamReply::AuthorizationDetails(all) = iam(&aws, sweep).await else { panic!() };
    assert_eq!((all.pages, &all.marker), (1, &None));
    assert!(all.groups.iter().any(|group| group.group.name == "swept"), "{:?}", all.groups);
    let IamReply::AccountSummary(counts) = iam(&aws, IamRead::GetAccountSummary).await else {
        panic!()
    };
    assert_eq!(counts[&EntityType::User], all.users.len() as u64);
    assert_eq!(counts[&EntityType::LocalManagedPolicy], all.policies.len() as u64);
    let user =
        all.users.iter().find(|one| one.user.name == "swept-user").expect("the user is swept");
    assert_eq!(
        (user.attached.as_slice(), user.groups.as_slice()),
        ([arn.clone()].as_slice(), ["swept".to_owned()].as_slice())
    );
    assert_eq!(user.inline, [Inline { name: "own".into(), document: document("s3:*") }]);
    assert_eq!(user.user.tags, tags(&[("relayctl:manifest", "dev"), ("stage", "dev")]));
    let role =
        all.roles.iter().find(|one| one.role.name == "swept-role").expect("the role is swept");
    assert_eq!(
        (&role.role.trust, &role.role.tags),
        (&trust("lambda.amazonaws.com"), &tags(&[("stage", "dev")]))
    );
    let policy =
        all.policies.iter().find(|one| one.policy.arn == arn).expect("the policy is swept");
    assert_eq!(
        (policy.policy.name.as_str(), policy.policy.default_version.as_str()),
        ("Swept", "v1")
    );
    let version = PolicyVersion {
        id: "v1".into(),
        is_default: true,
        document: Some(document("s3:GetObject")),
    };
    assert_eq!(policy.versions, [version]);
}

#[tokio::test]
async fn a_list_longer_than_a_page_is_read_to_its_end() {
    MOTO.python(
        "trust = \
            json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 'sts:AssumeRole',\n\
         'Principal': {'Service': 'lambda.amazonaws.com'}}]})\n\
         iam.create_user(UserName='edge-paged')\n\
         for i in range(120): iam.put_user_policy(UserName='edge-paged', PolicyName=f'p{i:03}', \
         PolicyDocument=trust.replace(\n\
         '\"Principal\": {\"Service\": \"lambda.amazonaws.com\"}', '\"Resource\": \"*\"'))\n",
    );
    let IamReply::Names(names) =
        iam(&aws(), IamRead::ListUserPolicies { user: "edge-paged".into() }).await
    else {
        panic!()
    };
    assert_eq!(names.len(), 120);
}

fn in_region(name: &str, region: &str) -> BucketRef {
    BucketRef { name: name.into(), region: region.into() }
}

fn create_bucket(bucket: &BucketRef) -> Write {
    Write::S3(S3Write::CreateBucket {
        bucket: bucket.clone(),
        ownership: "BucketOwnerEnforced".into(),
    })
}

#[tokio::test]
async fn a_bucket_takes_every_facet_and_gives_it_back() {
    let (aws, bucket) = (aws(), in_region("edge-facets", "us-east-1"));
    let encryption = BucketEncryption {
        algorithm: "aws:kms".into(),
        kms_key: Some("alias/relay".into()),
        bucket_key: true,
    };
    let block = PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: false,
        restrict_public_buckets: true,
    };
    let policy: SharedValue =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": "arn:aws:s3:::edge-facets/*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]})
        .into();
    let rules = vec![LifecycleRule {
        id: "logs".into(),
        enabled: true,
        prefix: "logs/".into(),
        expiration_days: Some(90),
        noncurrent_expiration_days: Some(7),
        abort_multipart_days: Some(3),
        transitions: vec![Transition { days: 30, storage_class: "STANDARD_IA".into() }],
    }];
    done(&aws, [create_bucket(&bucket)]).await;
    let to = || bucket.clone();
    done(
        &aws,
        [
            S3Write::PutBucketTagging {
                bucket: to(),
                tags: tags(&[("stage", "dev"), ("a b", "c+d/é")]),
            },
            S3Write::PutBucketVersioning { bucket: to(), status: "Enabled".into() },
            S3Write::PutBucketEncryption { bucket: to(), encryption: encryption.clone() },
            S3Write::PutPublicAccessBlock { bucket: to(), block },
            S3Write::PutBucketOwnershipControls {
                bucket: to(),
                ownership: "BucketOwnerPreferred".into(),
            },
            S3Write::PutBucketPolicy { bucket: to(), document: policy.clone() },
            S3Write::PutBucketLifecycle { bucket: to(), rules: rules.clone() },
        ]
        .map(Write::S3),
    )
    .await;
    let expected = [
        (S3Read::HeadBucket(to()), S3Reply::Bucket { region: "us-east-1".into() }),
        (
            S3Read::GetBucketTagging(to()),
            S3Reply::Tags(tags(&[("stage", "dev"), ("a b", "c+d/é")])),
        ),
        (S3Read::GetBucketVersioning(to()), S3Reply::Versioning("Enabled".into())),
        (S3Read::GetBucketEncryption(to()), S3Reply::Encryption(encryption)),
        (S3Read::GetPublicAccessBlock(to()), S3Reply::PublicAccessBlock(block)),
        (
            S3Read::GetBucketOwnershipControls(to()),
            S3Reply::Ownership("BucketOwnerPreferred".into()),
        ),
        (S3Read::GetBucketPolicy(to()), S3Reply::Policy(policy)),
        (S3Read::GetBucketLifecycle(to()), S3Reply::Lifecycle(rules)),
        (S3Read::ListObjectVersions(to()), S3Reply::Objects { count: 0, more: false }),
    ];
    for (read, reply) in expected {
        assert_eq!(s3(&aws, read).await, reply);
    }
    done(
        &aws,
        [
            Write::S3(S3Write::DeleteBucketPolicy(to())),
            Write::S3(S3Write::DeleteBucketLifecycle(to())),
        ],
    )
    .await;
    for (read, code) in [
        (S3Read::GetBucketPolicy(to()), "NoSuchBucketPolicy"),
        (S3Read::GetBucketLifecycle(to()), "NoSuchLifecycleConfiguration"),
    ] {
        let failure = refused(&aws, Read::S3(read)).await;
        assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::NotFound, code));
    }
    done(&aws, [Write::S3(S3Write::DeleteBucket(to()))]).await;
    let gone = refused(&aws, Read::S3(S3Read::HeadBucket(to()))).await;
    assert_eq!(
        (gone.kind, gone.code.as_str(), gone.call.as_str()),
        (FailureKind::NotFound, "NoSuchBucket", "s3:ListBucket")
    );
}

#[tokio::test]
async fn a_bucket_never_configured_says_so_facet_by_facet() {
    let (aws, bucket) = (aws(), in_region("edge-bare", "us-east-1"));
    done(&aws, [create_bucket(&bucket)]).await;
    assert_eq!(
        s3(&aws, S3Read::GetBucketVersioning(bucket.clone())).await,
        S3Reply::Versioning(String::new())
    );
    for (read, code) in [
        (S3Read::GetBucketTagging(bucket.clone()), "NoSuchTagSet"),
        (S3Read::GetBucketPolicy(bucket.clone()), "NoSuchBucketPolicy"),
        (S3Read::GetBucketLifecycle(bucket.clone()), "NoSuchLifecycleConfiguration"),
    ] {
        let failure = refused(&aws, Read::S3(read)).await;
        assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::NotFound, code));
    }
}

#[tokio::test]
async fn a_bucket_elsewhere_is_found_where_it_is() {
    let (aws, bucket) = (aws(), in_region("edge-ireland", "eu-west-1"));
    done(&aws, [create_bucket(&bucket)]).await;
    let location = MOTO.aws(&["s3api", "get-bucket-location", "--bucket", "edge-ireland"]);
    assert_eq!(location["LocationConstraint"], "eu-west-1");
    for region in ["eu-west-1", "us-east-1"] {
        let reply = s3(&aws, S3Read::HeadBucket(in_region("edge-ireland", region))).await;
        assert_eq!(reply, S3Reply::Bucket { region: "eu-west-1".into() });
    }
    let again = failed(&aws, create_bucket(&bucket)).await;
    assert_eq!(
        (again.kind, again.code.as_str()),
        (FailureKind::AlreadyExists, "BucketAlreadyOwnedByYou")
    );
}

#[tokio::test]
async fn emptying_deletes_objects_versions_and_delete_markers() {
    let (aws, bucket) = (aws(), in_region("edge-full", "us-east-1"));
    let versioning =
        S3Write::PutBucketVersioning { bucket: bucket.clone(), status: "Enabled".into() };
    done(&aws, [create_bucket(&bucket), Write::S3(versioning)]).await;
    // More than a page of a thousand, and keys that an encoding could lose.
    MOTO.python(
        "for i in range(505):\n    for body in (b'1', b'2'): s3.put_object(Bucket='edge-full', \
            Key=f'k{i}', Body=body)\ns3.put_object(Bucket='edge-full', Key='a b+c%2B&é', \
            Body=b'')\ns3.delete_object(Bucket='edge-full', Key='k0')\n",
    );
    assert_eq!(
        s3(&aws, S3Read::ListObjectVersions(bucket.clone())).await,
        S3Reply::Objects { count: 1000, more: true }
    );
    let full = failed(&aws, Write::S3(S3Write::DeleteBucket(bucket.clone()))).await;
    assert_eq!((full.kind, full.code.as_str()), (FailureKind::Conflict, "BucketNotEmpty"));
    done(&aws, [Write::S3(S3Write::EmptyBucket(bucket.clone()))]).await;
    assert_eq!(
        s3(&aws, S3Read::ListObjectVersions(bucket.clone())).await,
        S3Reply::Objects { count: 0, more: false }
    );
    done(&aws, [Write::S3(S3Write::DeleteBucket(bucket))]).await;
}

#[tokio::test]
async fn what_is_not_valid_is_told_from_what_is_not_there() {
    let aws = aws();
    let no_resource = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject"}]});
    let broken = failed(&aws, create_policy("EdgeBroken", no_resource.into())).await;
    assert_eq!(
        (broken.kind, broken.code.as_str()),
        (FailureKind::Invalid, "MalformedPolicyDocument")
    );
    let missing = IamWrite::AttachUserPolicy {
        user: "nobody".into(),
        arn: "arn:aws:iam::123456789012:policy/Nothing".into(),
    };
    assert_eq!(failed(&aws, Write::Iam(missing)).await.kind, FailureKind::NotFound);
    let missing = S3Read::GetBucketTagging(in_region("edge-nowhere", "us-east-1"));
    let missing = refused(&aws, Read::S3(missing)).await;
    assert_eq!((missing.kind, missing.code.as_str()), (FailureKind::NotFound, "NoSuchBucket"));
}

#[tokio::test]
async fn an_endpoint_that_nobody_listens_on_is_named() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let endpoint = format!("http://127.0.0.1:{port}");
    let failure = refused(&aws_at(&endpoint), Read::CallerIdentity).await;
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Unavailable, "NoAnswer"));
    assert!(
        failure.message.starts_with(&format!("cannot reach {endpoint}: ")),
        "{}",
        failure.message
    );
    assert!(failure.message.contains("refused"), "{}", failure.message);
}

/// Not a test of its own: the tests below run it in another process, whose environment they choose.
#[tokio::test]
#[ignore = "run by other tests, in an environment of theirs"]
async fn caller() {
    let profile = std::env::var("EDGE_PROFILE").ok();
    let region = std::env::var("EDGE_REGION").unwrap_or_default();
    let aws = Aws::connect(&ConnectOptions {
        profile,
        region,
        endpoint_url: None,
        ..ConnectOptions::default()
    })
    .await;
    let answer = match aws {
        Ok(aws) => aws.read(&Read::CallerIdentity).await,
        Err(failure) => Err(failure),
    };
    match answer {
        Ok(Reply::Caller(CallerIdentity { account, arn, .. })) => println!("<{account} {arn}>"),
        other => {
            let failure = other.unwrap_err();
            let help = failure.help.as_deref().unwrap_or_default();
            println!("<{:?}: {failure}; {help}>", failure.kind);
        }
    }
}

fn caller_with(environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    moto::without_aws(&mut command).envs(moto::offline()).env("AWS_ENDPOINT_URL", MOTO.endpoint());
    let output = command
        .envs(environment.iter().copied())
        .args(["--exact", "aws::caller", "--ignored", "--nocapture"])
        .output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    let (_, rest) = text.split_once('<').unwrap_or_else(|| panic!("{text}"));
    rest.split_once(">\n").map_or(rest, |(shown, _)| shown).to_owned()
}

/// A key that moto knows as a user's, in a profile of a credentials file.
fn profile_of(user: &str) -> tempfile::NamedTempFile {
    let snippet = format!(
        "iam.create_user(UserName={user:?})\nkey = \
            iam.create_access_key(UserName={user:?})['AccessKey']\n\
         print('[relay]\\naws_access_key_id =', key['AccessKeyId'])\n\
         print('aws_secret_access_key =', key['SecretAccessKey'])"
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), MOTO.python(&snippet)).unwrap();
    file
}

#[test]
fn the_environment_gives_credentials_region_and_endpoint() {
    let shown =
        caller_with(&[("AWS_ACCESS_KEY_ID", "testing"), ("AWS_SECRET_ACCESS_KEY", "testing")]);
    assert!(shown.starts_with("123456789012 arn:aws:"), "{shown}");
}

#[test]
fn a_profile_that_is_asked_for_wins_over_keys_in_the_environment() {
    let file = profile_of("edge-profile");
    let shown = caller_with(&[
        ("EDGE_PROFILE", "relay"),
        ("EDGE_REGION", "eu-west-1"),
        ("AWS_SHARED_CREDENTIALS_FILE", file.path().to_str().unwrap()),
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
    ]);
    assert_eq!(shown, "123456789012 arn:aws:iam::123456789012:user/edge-profile");
}

#[test]
fn without_credentials_the_failure_says_how_to_give_them() {
    for environment in [[("EDGE_REGION", "us-east-1")], [("EDGE_PROFILE", "nobody")]] {
        let shown = caller_with(&environment);
        assert!(shown.starts_with("Credentials: "), "{shown}");
        assert!(shown.contains("aws sso login") || shown.contains("aws configure"), "{shown}");
    }
}

#[tokio::test]
async fn what_people_hang_on_users_roles_and_policies_is_listed_and_removed() {
    let aws = aws();
    let serial = MOTO.python(
        "iam.create_user(UserName='edge-laden')\n\
         iam.create_login_profile(UserName='edge-laden', Password='Long-enough-1')\n\
         serial = \
         iam.create_virtual_mfa_device(VirtualMFADeviceName='edge-phone')['VirtualMFADevice']['SerialNumber']\n\
         iam.enable_mfa_device(UserName='edge-laden', SerialNumber=serial, \
         AuthenticationCode1='123456', AuthenticationCode2='654321')\n\
         iam.create_group(GroupName='edge-staff')\n\
         iam.add_user_to_group(GroupName='edge-staff', UserName='edge-laden')\n\
         iam.create_role(RoleName='edge-machine', AssumeRolePolicyDocument='{}')\n\
         iam.create_instance_profile(InstanceProfileName='edge-machines')\n\
         iam.add_role_to_instance_profile(InstanceProfileName='edge-machines', \
         RoleName='edge-machine')\n\
         document = \
         '{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}]}'\n\
         arn = iam.create_policy(PolicyName='edge-shared', \
         PolicyDocument=document)['Policy']['Arn']\n\
         iam.attach_group_policy(GroupName='edge-staff', PolicyArn=arn)\n\
         iam.attach_user_policy(UserName='edge-laden', PolicyArn=arn)\n\
         print(serial)\n",
    );
    let (user, role, serial) =
        (|| "edge-laden".to_owned(), || "edge-machine".to_owned(), serial.trim().to_owned());
    let arn = || "arn:aws:iam::123456789012:policy/edge-shared".to_owned();
    assert!(matches!(
        iam(&aws, IamRead::GetLoginProfile { user: user() }).await,
        IamReply::LoginProfile
    ));
    for (read, expected) in [
        (IamRead::ListMFADevices { user: user() }, vec![serial.clone()]),
        (IamRead::ListGroupsForUser { user: user() }, vec!["edge-staff".to_owned()]),
        (IamRead::ListSSHPublicKeys { user: user() }, Vec::new()),
        (IamRead::ListSigningCertificates { user: user() }, Vec::new()),
        // moto doesn't know this call.
        (IamRead::ListServiceSpecificCredentials { user: user() }, Vec::new()),
        (IamRead::ListInstanceProfilesForRole { role: role() }, vec!["edge-machines".to_owned()]),
    ] {
        let IamReply::Names(names) = iam(&aws, read.clone()).await else { panic!("{read:?}") };
        assert_eq!(names, expected, "{read:?}");
    }
    let usage = PolicyUsage::PermissionsPolicy;
    let IamReply::Entities(found) =
        iam(&aws, IamRead::ListEntitiesForPolicy { arn: arn(), usage }).await
    else {
        panic!()
    };
    assert_eq!((found.users, found.groups), (vec![user()], vec!["edge-staff".to_owned()]));
    let removals = [
        IamWrite::DeleteLoginProfile { user: user() },
        IamWrite::DeactivateMFADevice { user: user(), serial: serial.clone() },
        IamWrite::DeleteVirtualMFADevice { serial },
        IamWrite::RemoveUserFromGroup { user: user(), group: "edge-staff".to_owned() },
        IamWrite::RemoveRoleFromInstanceProfile {
            role: role(),
            profile: "edge-machines".to_owned(),
        },
        IamWrite::DetachGroupPolicy { group: "edge-staff".to_owned(), arn: arn() },
        IamWrite::DetachUserPolicy { user: user(), arn: arn() },
        IamWrite::DeleteUser { user: user() },
        IamWrite::DeleteRole { role: role() },
        IamWrite::DeletePolicy { arn: arn() },
    ];
    done(&aws, removals.map(Write::Iam)).await;
}

#[tokio::test]
async fn a_group_is_made_read_moved_and_removed() {
    let aws = aws();
    MOTO.python(
        "iam.create_user(UserName='edge-member')\n\
         document = \
         '{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}]}'\n\
         iam.create_policy(PolicyName='edge-grouped', PolicyDocument=document)\n",
    );
    let (group, user) = (|| "edge-group".to_owned(), || "edge-member".to_owned());
    let arn = || "arn:aws:iam::123456789012:policy/edge-grouped".to_owned();
    let create = Write::Iam(IamWrite::CreateGroup { group: group(), path: "/team/".into() });
    let Reply::Iam(IamReply::Group(made)) =
        aws.write(&create, &StepOutput::default()).await.unwrap()
    else {
        panic!()
    };
    assert_eq!((made.name.as_str(), made.path.as_str()), ("edge-group", "/team/"));
    let writes = [
        IamWrite::AddUserToGroup { user: user(), group: group() },
        IamWrite::AttachGroupPolicy { group: group(), arn: arn() },
        IamWrite::PutGroupPolicy {
            group: group(),
            policy: "own".into(),
            document: document("s3:*"),
        },
    ];
    done(&aws, writes.map(Write::Iam)).await;
    let members = |reply| match reply {
        IamReply::Members { group, users } => (group, users),
        other => panic!("{other:?}"),
    };
    let found = members(iam(&aws, IamRead::GetGroup { group: group() }).await);
    assert_eq!(found, (made.clone(), vec![user()]));
    let IamReply::Attached(attached) =
        iam(&aws, IamRead::ListAttachedGroupPolicies { group: group() }).await
    else {
        panic!()
    };
    assert_eq!(attached, [arn()]);
    let IamReply::Names(names) = iam(&aws, IamRead::ListGroupPolicies { group: group() }).await
    else {
        panic!()
    };
    assert_eq!(names, ["own"]);
    let inline = IamRead::GetGroupPolicy { group: group(), policy: "own".into() };
    let IamReply::Document(own) = iam(&aws, inline).await else { panic!() };
    assert_eq!(own, document("s3:*"));
    let removals = [
        IamWrite::UpdateGroup { group: group(), path: "/other/".into() },
        IamWrite::DeleteGroupPolicy { group: group(), policy: "own".into() },
        IamWrite::DetachGroupPolicy { group: group(), arn: arn() },
        IamWrite::RemoveUserFromGroup { user: user(), group: group() },
    ];
    done(&aws, removals.map(Write::Iam)).await;
    let (moved, users) = members(iam(&aws, IamRead::GetGroup { group: group() }).await);
    // moto takes the new path only of a group that is renamed, too.
    assert_eq!((moved.id, users), (made.id, Vec::new()));
    done(&aws, [Write::Iam(IamWrite::DeleteGroup { group: group() })]).await;
}

#[tokio::test]
async fn all_buckets_are_listed() {
    let (aws, bucket) = (aws(), in_region("edge-listed", "us-east-1"));
    done(&aws, [create_bucket(&bucket)]).await;
    let list = S3Read::ListBuckets { region: "us-east-1".into() };
    let S3Reply::Buckets(found) = s3(&aws, list).await else { panic!() };
    assert!(found.iter().any(|it| it.name == bucket.name), "{found:?}");
}
