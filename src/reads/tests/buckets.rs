//! Buckets: S3 answers only in the region where a bucket is.

use super::*;

#[test]
fn a_missing_bucket_answers_for_its_aspects() {
    let facets = [bucket_facet(BucketAspect::Existence), bucket_facet(BucketAspect::Versioning)];
    let (rounds, known) = Aws::default().no_bucket().ask(&facets, ReadScope::Cheapest);
    assert_eq!(rounds.len(), 1, "{rounds:?}");
    assert_eq!(known.bucket(&bucket(), BucketAspect::Existence), Observed::Absent);
    assert_eq!(known.bucket(&bucket(), BucketAspect::Versioning), Observed::Absent);
}

#[test]
fn a_bucket_without_tags_is_where_they_were_asked_for() {
    let facets = [bucket_facet(BucketAspect::Existence), bucket_facet(BucketAspect::Tags)];
    let none = Failure::new(
        FailureKind::NotFound,
        "s3:GetBucketTagging",
        "NoSuchTagSet",
        "as the test says",
    );
    let mut aws = Aws::default();
    aws.answers.insert(Read::S3(S3Read::GetBucketTagging(bucket())), Err(none));
    let (rounds, known) = aws.ask(&facets, ReadScope::Cheapest);
    assert_eq!(rounds, [["GetBucketTagging({ name: zappa-relay, region: us-east-1 })"]]);
    let here = S3Reply::Bucket { region: "us-east-1".to_owned() };
    assert_eq!(known.bucket(&bucket(), BucketAspect::Existence), Observed::Present(here));
    assert_eq!(known.bucket(&bucket(), BucketAspect::Tags), Observed::Absent);
}

#[test]
fn somebody_elses_bucket_is_unknown() {
    let head = Read::S3(S3Read::HeadBucket(bucket()));
    let tags = Read::S3(S3Read::GetBucketTagging(bucket()));
    let facets = [bucket_facet(BucketAspect::Existence), bucket_facet(BucketAspect::Tags)];
    let aws = Aws::default()
        .fails(head, FailureKind::AccessDenied)
        .fails(tags, FailureKind::AccessDenied);
    let (rounds, known) = aws.ask(&facets, ReadScope::Cheapest);
    assert_eq!(rounds.len(), 2, "{rounds:?}");
    let Observed::Unknown(why) = known.bucket(&bucket(), BucketAspect::Existence) else {
        panic!("{known:?}")
    };
    assert_eq!(why.kind, FailureKind::AccessDenied);
    assert!(
        why.message
            .starts_with("as the test says (bucket zappa-relay exists: it belongs to another"),
        "{why}"
    );
}

#[test]
fn a_bucket_whose_tags_may_not_be_read_is_there_all_the_same() {
    let tags = Read::S3(S3Read::GetBucketTagging(bucket()));
    let here = S3Reply::Bucket { region: "us-east-1".to_owned() };
    let aws = Aws::default()
        .fails(tags, FailureKind::AccessDenied)
        .s3(S3Read::HeadBucket(bucket()), here.clone());
    let (_, known) = aws.ask(
        &[bucket_facet(BucketAspect::Existence), bucket_facet(BucketAspect::Tags)],
        ReadScope::Cheapest,
    );
    assert_eq!(known.bucket(&bucket(), BucketAspect::Existence), Observed::Present(here));
    assert!(matches!(known.bucket(&bucket(), BucketAspect::Tags), Observed::Unknown(_)));
}

#[test]
fn a_bucket_in_another_region_is_asked_there() {
    let home = BucketRef { region: "eu-west-1".to_owned(), ..bucket() };
    let tags = S3Reply::Tags(BTreeMap::from([("a".to_owned(), "b".to_owned())]));
    let aws = Aws::default()
        .fails(Read::S3(S3Read::GetBucketTagging(bucket())), FailureKind::Other)
        .s3(S3Read::HeadBucket(bucket()), S3Reply::Bucket { region: home.region.clone() })
        .s3(S3Read::GetBucketTagging(home.clone()), tags.clone());
    let facets = [bucket_facet(BucketAspect::Existence), bucket_facet(BucketAspect::Tags)];
    let (rounds, known) = aws.ask(&facets, ReadScope::Cheapest);
    assert_eq!(rounds[2], ["GetBucketTagging({ name: zappa-relay, region: eu-west-1 })"]);
    assert_eq!(known.bucket(&bucket(), BucketAspect::Tags), Observed::Present(tags));
    let there = S3Reply::Bucket { region: home.region };
    assert_eq!(known.bucket(&bucket(), BucketAspect::Existence), Observed::Present(there));
}
