//! The calls of S3 on buckets, and their answers.

mod read;
mod write;

use serde::{Deserialize, Serialize};

use crate::value::{SharedValue, Tags};

pub use read::S3Read;
pub use write::S3Write;

/// A bucket and the region in which it is asked for: S3 answers only in the bucket's own region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BucketRef {
    pub name: String,
    pub region: String,
}

/// An answer of S3. An unset sub-resource is a [`super::Failure`] of kind `NotFound` with AWS's
/// code (`NoSuchTagSet`, `NoSuchBucketPolicy`, `NoSuchLifecycleConfiguration` …), except where S3
/// itself answers otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum S3Reply {
    /// The answer to HeadBucket: the region in which the bucket really is.
    Bucket {
        region: String,
    },
    Tags(Tags),
    /// The status of versioning: `Enabled`, `Suspended`, or "" if it was never set.
    Versioning(String),
    Encryption(BucketEncryption),
    PublicAccessBlock(PublicAccessBlock),
    /// The object ownership: `BucketOwnerEnforced`, `BucketOwnerPreferred` or `ObjectWriter`.
    Ownership(String),
    Policy(SharedValue),
    Lifecycle(Vec<LifecycleRule>),
    /// The answer to ListBuckets; a region is empty if the answer lacks it.
    Buckets(Vec<BucketRef>),
    /// The answer to ListObjectVersions: the number of versions and delete markers; `more` is true
    /// if there are more.
    Objects {
        count: usize,
        more: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketEncryption {
    /// The algorithm: `AES256` or `aws:kms`.
    pub algorithm: String,
    /// The key's id or ARN; `None` is the account's `aws/s3` key.
    pub kms_key: Option<String>,
    pub bucket_key: bool,
}

#[allow(clippy::struct_excessive_bools, reason = "these four are S3's own")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicAccessBlock {
    pub block_public_acls: bool,
    pub ignore_public_acls: bool,
    pub block_public_policy: bool,
    pub restrict_public_buckets: bool,
}

/// The part of S3's lifecycle rules that a manifest can express. Days are S3's whole days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifecycleRule {
    pub id: String,
    pub enabled: bool,
    pub prefix: String,
    pub expiration_days: Option<i32>,
    pub noncurrent_expiration_days: Option<i32>,
    pub abort_multipart_days: Option<i32>,
    pub transitions: Vec<Transition>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Transition {
    pub days: i32,
    /// The storage class, such as `STANDARD_IA` or `GLACIER`.
    pub storage_class: String,
}
