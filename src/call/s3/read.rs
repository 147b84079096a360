//! The table of S3's reads. The actions are those of the Service Authorization Reference, which
//! often differ from the operation's name.

use super::BucketRef;
use crate::call::Target;
use crate::call::table::reads;

const SETTING: &str = "a setting of a bucket that the manifest declares, or the state has recorded";

reads! {
    S3Read of "s3" {
        HeadBucket(bucket: BucketRef) as "s3:ListBucket" => {
            on: Target::Bucket(bucket),
            paged: false,
            why: "where a bucket is, or why its tags are refused",
        }
        GetBucketTagging(bucket: BucketRef) => {
            on: Target::Bucket(bucket),
            paged: false,
            why: "whether a bucket is there, and whose: HeadBucket or ListBuckets besides tell no \
                more",
        }
        GetBucketVersioning(bucket: BucketRef) => {
            on: Target::Bucket(bucket),
            paged: false,
            why: SETTING,
        }
        GetBucketEncryption(bucket: BucketRef) as "s3:GetEncryptionConfiguration" => {
            on: Target::Bucket(bucket),
            paged: false,
            why: SETTING,
        }
        GetPublicAccessBlock(bucket: BucketRef) as "s3:GetBucketPublicAccessBlock" => {
            on: Target::Bucket(bucket),
            paged: false,
            why: SETTING,
        }
        GetBucketOwnershipControls(bucket: BucketRef) => {
            on: Target::Bucket(bucket),
            paged: false,
            why: SETTING,
        }
        GetBucketPolicy(bucket: BucketRef) => {
            on: Target::Bucket(bucket),
            paged: false,
            why: SETTING,
        }
        GetBucketLifecycle(bucket: BucketRef) as "s3:GetLifecycleConfiguration" => {
            on: Target::Bucket(bucket),
            paged: false,
            why: SETTING,
        }
        /// The first page of ListObjectVersions, which holds up to a thousand: it tells if anything
        /// is in the bucket, and how much.
        ListObjectVersions(bucket: BucketRef) as "s3:ListBucketVersions" => {
            on: Target::Bucket(bucket),
            with: |it| it.key("s3:max-keys", "1000"),
            paged: true,
            why: "whether a bucket is empty, before it is deleted",
        }
        /// All buckets of the account, over all pages. One region lists the buckets of all regions.
        ListBuckets { region: String } as "s3:ListAllMyBuckets" => {
            on: Target::Buckets { region },
            paged: true,
            why: "there is no state: which buckets carry the manifest's tag",
        }
    }
}
