//! The calls of S3 on buckets, and the answers.

mod read;
mod write;

use serde::{Deserialize, Serialize};

use crate::value::{SharedValue, Tags};

pub use read::S3Read;
pub use write::S3Write;

/// A bucket and the region to ask for it: S3 answers only in the bucket's own region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BucketRef {
    pub name: String,
    pub region: String,
}

/// An unset sub-resource is a [`super::Failure`] of kind `NotFound` with AWS's code
/// (`NoSuchTagSet`, `NoSuchBucketPolicy`, `NoSuchLifecycleConfiguration` …), except where S3 itself
/// answers otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum S3Reply {
    /// HeadBucket: the region where it really is.
    Bucket {
        region: String,
    },
    Tags(Tags),
    /// `Enabled`, `Suspended`, or "" if it was never set.
    Versioning(String),
    Encryption(BucketEncryption),
    PublicAccessBlock(PublicAccessBlock),
    /// `BucketOwnerEnforced`, `BucketOwnerPreferred` or `ObjectWriter`.
    Ownership(String),
    Policy(SharedValue),
    Lifecycle(Vec<LifecycleRule>),
    /// ListBuckets; a region is empty where it isn't told.
    Buckets(Vec<BucketRef>),
    /// ListObjectVersions: versions and delete markers; `more`: there are more than these.
    Objects {
        count: usize,
        more: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketEncryption {
    /// `AES256` or `aws:kms`.
    pub algorithm: String,
    /// Key id or ARN; none is the account's `aws/s3` key.
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

/// The part of S3's lifecycle rules that the manifest can say. Days are S3's whole days.
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
    /// `STANDARD_IA`, `GLACIER` …
    pub storage_class: String,
}
