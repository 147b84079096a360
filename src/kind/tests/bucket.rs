use serde_json::{Value, json};

use super::{attributes, created, deleted, failure, kind, not_found, observe, present, updated};
use crate::call::s3::{BucketEncryption, LifecycleRule, PublicAccessBlock, Transition};
use crate::call::{Failure, FailureKind, Observed, Read, Reply, S3Read, S3Reply};
use crate::reads::{BucketAspect, Facet};
use crate::value::Tags;

/// Returns the shortest bucket, as the manifest stage gives it.
fn shortest() -> Value {
    json!({
        "name": "zappa-relay", "arn": "arn:aws:s3:::zappa-relay", "region": "eu-west-1",
        "tags": {"relayctl:manifest": "dev"}, "public_access_block": blocked(true), "ownership": "BucketOwnerEnforced",
    })
}

fn with(more: &Value) -> Value {
    let wanted = attributes(more).completed_by(&attributes(&shortest()));
    json!(wanted)
}

fn everything() -> Value {
    with(&json!({
        "versioning": true, "policy": {"Id": "p"}, "force_destroy": true,
        "encryption": {"algorithm": "aws:kms", "kms_key": "alias/k", "bucket_key": true},
        "lifecycle": [json!(LifecycleRule { id: "a".into(), ..LifecycleRule::default() })],
    }))
}

fn blocked(all: bool) -> Value {
    json!({
        "block_public_acls": all, "ignore_public_acls": all,
        "block_public_policy": all, "restrict_public_buckets": all,
    })
}

/// Answers as a bucket that has nothing but its tags.
fn bare(read: &Read) -> Result<Reply, Failure> {
    match read {
        Read::S3(S3Read::HeadBucket(_)) => {
            Ok(Reply::S3(S3Reply::Bucket { region: "eu-west-1".into() }))
        }
        Read::S3(S3Read::GetBucketTagging(_)) => {
            Ok(Reply::S3(S3Reply::Tags(Tags::from([("relayctl:manifest".into(), "dev".into())]))))
        }
        Read::S3(S3Read::GetBucketVersioning(_)) => {
            Ok(Reply::S3(S3Reply::Versioning(String::new())))
        }
        Read::S3(S3Read::ListObjectVersions(_)) => {
            Ok(Reply::S3(S3Reply::Objects { count: 0, more: false }))
        }
        _ => not_found(),
    }
}

fn full(read: &Read) -> Result<Reply, Failure> {
    let Read::S3(read) = read else { return not_found() };
    let rule = |id: &str| LifecycleRule { id: id.into(), ..LifecycleRule::default() };
    let transition = |days| Transition { days, storage_class: "GLACIER".into() };
    Ok(Reply::S3(match read {
        S3Read::GetBucketVersioning(_) => S3Reply::Versioning("Enabled".into()),
        S3Read::GetBucketEncryption(_) => S3Reply::Encryption(BucketEncryption {
            algorithm: "aws:kms".into(),
            kms_key: Some("alias/k".into()),
            bucket_key: true,
        }),
        S3Read::GetPublicAccessBlock(_) => S3Reply::PublicAccessBlock(PublicAccessBlock {
            block_public_acls: true,
            ignore_public_acls: true,
            block_public_policy: false,
            restrict_public_buckets: true,
        }),
        S3Read::GetBucketOwnershipControls(_) => S3Reply::Ownership("BucketOwnerPreferred".into()),
        S3Read::GetBucketPolicy(_) => S3Reply::Policy(json!({"Id": "p"}).into()),
        S3Read::GetBucketLifecycle(_) => S3Reply::Lifecycle(vec![
            rule("b"),
            LifecycleRule { transitions: vec![transition(90), transition(30)], ..rule("a") },
        ]),
        S3Read::ListObjectVersions(_) => S3Reply::Objects { count: 1, more: false },
        other => return bare(&Read::S3(other.clone())),
    }))
}

#[test]
fn only_declared_aspects_are_read() {
    let aspects = |wanted: &Value| -> Vec<_> {
        let facets = kind("bucket").facets(&attributes(wanted));
        facets
            .into_iter()
            .map(|facet| match facet {
                Facet::Bucket { aspect, .. } => aspect,
                other => panic!("{other:?}"),
            })
            .collect()
    };
    let always = [
        BucketAspect::Existence,
        BucketAspect::Tags,
        BucketAspect::PublicAccessBlock,
        BucketAspect::Ownership,
    ];
    assert_eq!(aspects(&shortest()), always);
    assert_eq!(aspects(&everything()).len(), 8);
    assert_eq!(aspects(&json!({"name": "b"})), [BucketAspect::Existence, BucketAspect::Tags]);
}

#[test]
fn a_bare_bucket_reads_as_what_s3_does_with_it() {
    let seen = present("bucket", &everything(), &bare);
    assert_eq!((seen.id.as_str(), seen.owner.as_deref()), ("zappa-relay", Some("dev")));
    let expected = json!({
        "name": "zappa-relay", "arn": "arn:aws:s3:::zappa-relay", "region": "eu-west-1",
        "tags": {"relayctl:manifest": "dev"}, "public_access_block": blocked(false), "ownership": "ObjectWriter",
        "versioning": false, "policy": null, "lifecycle": [],
        "encryption": {"algorithm": "AES256", "kms_key": null, "bucket_key": false},
    });
    assert_eq!(seen.attributes, attributes(&expected));
    assert_eq!(seen.internals, attributes(&json!({"empty": true})));
}

#[test]
fn a_full_bucket_reads_in_normal_form() {
    let live = present("bucket", &everything(), &full).attributes;
    assert_eq!(live["versioning"], json!(true));
    assert_eq!(live["ownership"], json!("BucketOwnerPreferred"));
    assert_eq!(live["public_access_block"]["block_public_policy"], json!(false));
    assert_eq!(live["policy"], json!({"Id": "p"}));
    assert_eq!(live["encryption"], attributes(&everything())["encryption"]);
    let rules = live["lifecycle"].as_array().unwrap();
    assert_eq!(rules.iter().map(|rule| &rule["id"]).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(rules[0]["transitions"][0]["days"], json!(30));
}

#[test]
fn a_bucket_elsewhere_shows_where_it_is() {
    let wanted = with(&json!({"region": "us-east-1"}));
    let elsewhere = |read: &Read| match read {
        // S3 answers only in the region where a bucket is.
        Read::S3(S3Read::GetBucketTagging(bucket)) if bucket.region == "us-east-1" => {
            Err(failure(FailureKind::Other))
        }
        read => full(read),
    };
    let seen = present("bucket", &wanted, &elsewhere);
    assert_eq!(seen.attributes["region"], json!("eu-west-1"));
    assert_eq!(seen.internals, attributes(&json!({"empty": false})));
    let expected = ["DeleteBucket({ name: zappa-relay, region: eu-west-1 })"];
    assert_eq!(deleted("bucket", &seen, &wanted), expected);
}

#[test]
fn an_aspect_that_cannot_be_read_makes_the_bucket_unknown() {
    let answer = |read: &Read| match read {
        Read::S3(S3Read::GetPublicAccessBlock(_)) => Err(failure(FailureKind::AccessDenied)),
        other => full(other),
    };
    assert_eq!(observe("bucket", &shortest(), &answer), super::denied());
}

/// The bucket's contents are unknown, and an unknown object is not deleted.
#[test]
fn a_bucket_whose_emptiness_is_asked_for_in_vain_is_unknown() {
    let answer = |read: &Read| match read {
        Read::S3(S3Read::ListObjectVersions(_)) => Err(failure(FailureKind::AccessDenied)),
        other => full(other),
    };
    assert_eq!(observe("bucket", &shortest(), &answer), super::denied());
}

#[test]
fn the_shortest_bucket_is_made_in_three_calls() {
    let expected = [
        "CreateBucket \
            { bucket: { name: zappa-relay, region: eu-west-1 }, ownership: BucketOwnerEnforced }",
        "PutBucketTagging \
            { bucket: { name: zappa-relay, region: eu-west-1 }, tags: {relayctl:manifest: dev} }",
        "PutPublicAccessBlock \
            { bucket: { name: zappa-relay, region: eu-west-1 }, block: PublicAccessBlock { \
         block_public_acls: true, ignore_public_acls: true, block_public_policy: true, \
         restrict_public_buckets: true } }",
    ];
    assert_eq!(created("bucket", &shortest()), expected);
    let defaults =
        json!({"versioning": false, "policy": null, "lifecycle": [], "encryption": null});
    assert_eq!(created("bucket", &with(&defaults)), expected);
}

#[test]
fn a_full_bucket_is_made_in_an_order_that_s3_accepts() {
    let calls = created("bucket", &everything());
    let names: Vec<_> = calls.iter().filter_map(|call| call.split_whitespace().next()).collect();
    let expected = [
        "CreateBucket",
        "PutBucketTagging",
        "PutPublicAccessBlock",
        "PutBucketEncryption",
        "PutBucketVersioning",
        "PutBucketPolicy",
        "PutBucketLifecycle",
    ];
    assert_eq!(names, expected);
    assert!(calls[4].ends_with("status: Enabled }"), "{}", calls[4]);
}

#[test]
fn a_declared_value_that_aws_gives_anyway_is_still_sent_where_others_do_not() {
    let open = with(&json!({
        "public_access_block": blocked(false),
        "encryption": {"algorithm": "AES256", "kms_key": null, "bucket_key": false},
    }));
    assert_eq!(created("bucket", &open).len(), 4);
}

#[test]
fn an_update_sends_one_call_a_field() {
    let seen = present("bucket", &everything(), &full);
    let update = |wanted: &Value, field: &str| {
        let calls = updated("bucket", &seen, wanted, &[field]);
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls[0].replace("{ name: zappa-relay, region: eu-west-1 }", "b")
    };
    let wanted = with(
        &json!({"versioning": false, "lifecycle": [], "policy": null, "tags": {"a": "b", "theirs": "x"}}),
    );
    assert_eq!(
        update(&wanted, "versioning"),
        "PutBucketVersioning { bucket: b, status: Suspended }"
    );
    assert_eq!(update(&wanted, "lifecycle"), "DeleteBucketLifecycle(b)");
    assert_eq!(update(&wanted, "policy"), "DeleteBucketPolicy(b)");
    assert_eq!(update(&wanted, "tags"), "PutBucketTagging { bucket: b, tags: {a: b, theirs: x} }");
    let ownership = "PutBucketOwnershipControls { bucket: b, ownership: BucketOwnerEnforced }";
    assert_eq!(update(&wanted, "ownership"), ownership);
    assert_eq!(
        update(&wanted, "encryption"),
        "PutBucketEncryption \
            { bucket: b, encryption: BucketEncryption { algorithm: AES256, kms_key: None, bucket_key: false } }"
    );
    let declared = everything();
    assert!(
        update(&declared, "lifecycle")
            .starts_with("PutBucketLifecycle { bucket: b, rules: [LifecycleRule { id: a")
    );
    assert!(update(&declared, "policy").starts_with("PutBucketPolicy { bucket: b"));
    assert_eq!(updated("bucket", &seen, &declared, &["force_destroy"]), [""; 0]);
}

#[test]
fn objects_are_only_deleted_where_the_manifest_says_so() {
    let seen = present("bucket", &shortest(), &full);
    let obstacle = kind("bucket").obstacle(&seen, &attributes(&shortest()));
    let reason = "the bucket holds objects: set force_destroy: true to delete them with it";
    assert_eq!(obstacle.as_deref(), Some(reason));
    assert_eq!(deleted("bucket", &seen, &shortest()).len(), 1);

    let forced = with(&json!({"force_destroy": true}));
    assert_eq!(kind("bucket").obstacle(&seen, &attributes(&forced)), None);
    let expected = [
        "EmptyBucket({ name: zappa-relay, region: eu-west-1 })",
        "DeleteBucket({ name: zappa-relay, region: eu-west-1 })",
    ];
    assert_eq!(deleted("bucket", &seen, &forced), expected);

    let empty = present("bucket", &forced, &bare);
    assert_eq!(deleted("bucket", &empty, &forced), expected[1..]);
}

#[test]
fn a_missing_bucket_is_absent() {
    assert_eq!(observe("bucket", &everything(), &|_| not_found()), Observed::Absent);
}
