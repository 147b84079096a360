//! Buckets and their settings.

use relayctl::call::s3::{BucketEncryption, LifecycleRule, PublicAccessBlock, Transition};
use relayctl::call::{BucketRef, S3Read, S3Reply, S3Write};
use relayctl::value::{Tags, Value};
use serde_json::json;

use super::world::{
    ACCOUNT, World, at, create_bucket, create_role, delete_role, in_region, lambda,
    put_bucket_policy, tags, text, with_bucket,
};

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
    assert_eq!(
        world.look(S3Read::HeadBucket(bucket)),
        S3Reply::Bucket { region: text("eu-west-1") }
    );
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
    assert_eq!(
        world.look(S3Read::HeadBucket(at("relay-eu"))),
        S3Reply::Bucket { region: text("eu-west-1") }
    );
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
    assert_eq!(
        world.look(S3Read::GetBucketTagging(at("relay-files"))),
        S3Reply::Tags(tags(&[("a", "1")]))
    );
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
    for name in [
        "ab",
        &long,
        "Relay",
        "relay_files",
        "-relay",
        "relay-",
        "re..lay",
        "192.168.0.1",
        "xn--relay",
    ] {
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
        assert_eq!(
            world.s3_lacks("NoSuchBucket", read).message,
            "The specified bucket does not exist"
        );
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
    let expected = BucketEncryption { algorithm: text("AES256"), kms_key: None, bucket_key: false };
    assert_eq!(
        with_bucket().look(S3Read::GetBucketEncryption(at("relay-files"))),
        S3Reply::Encryption(expected)
    );
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
    let put = |status: &str| S3Write::PutBucketVersioning {
        bucket: at("relay-files"),
        status: text(status),
    };
    for status in ["Enabled", "Suspended"] {
        world.s3(put(status));
        assert_eq!(
            world.look(S3Read::GetBucketVersioning(at("relay-files"))),
            S3Reply::Versioning(text(status))
        );
    }
    world.s3_refuses("MalformedXML", put(""));
}

#[test]
fn encryption_is_put_and_read() {
    let world = with_bucket();
    let put = |encryption: &BucketEncryption| S3Write::PutBucketEncryption {
        bucket: at("relay-files"),
        encryption: encryption.clone(),
    };
    let kms = BucketEncryption {
        algorithm: text("aws:kms"),
        kms_key: Some(text("alias/relay")),
        bucket_key: true,
    };
    world.s3(put(&kms));
    assert_eq!(
        world.look(S3Read::GetBucketEncryption(at("relay-files"))),
        S3Reply::Encryption(kms.clone())
    );
    world.s3_refuses(
        "InvalidArgument",
        put(&BucketEncryption { algorithm: text("AES256"), ..kms.clone() }),
    );
    world.s3_refuses("MalformedXML", put(&BucketEncryption { algorithm: text("rot13"), ..kms }));
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
    world
        .s3(S3Write::PutPublicAccessBlock { bucket: at("relay-files"), block: open_to_policies() });
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
    assert_eq!(
        world.look(S3Read::GetBucketPolicy(at("relay-files"))),
        S3Reply::Policy(document.into())
    );
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
        let failure =
            world.s3_refuses("AccessDenied", put_bucket_policy(for_principal(&everybody)));
        assert!(failure.message.contains("BlockPublicPolicy"), "{failure}");
    }
    world
        .s3(S3Write::PutPublicAccessBlock { bucket: at("relay-files"), block: open_to_policies() });
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
    assert_eq!(
        world.look(S3Read::GetBucketLifecycle(at("relay-files"))),
        S3Reply::Lifecycle(vec![rule()])
    );
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
    let put = |ownership: &str| S3Write::PutBucketOwnershipControls {
        bucket: at("relay-files"),
        ownership: text(ownership),
    };
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
        world.s3_lacks(
            "NoSuchLifecycleConfiguration",
            S3Read::GetBucketLifecycle(at("relay-files")),
        );
    }
}

#[test]
fn all_buckets_are_listed_with_their_regions() {
    let world = with_bucket();
    let far = BucketRef { name: text("relay-far"), region: text("eu-west-1") };
    world.s3(S3Write::CreateBucket { bucket: far.clone(), ownership: text("BucketOwnerEnforced") });
    let S3Reply::Buckets(mut found) = world.look(S3Read::ListBuckets { region: text("us-east-1") })
    else {
        panic!()
    };
    found.sort();
    assert_eq!(found, [far, at("relay-files")]);
}
