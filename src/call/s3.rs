//! The calls of S3 on buckets.

use serde::{Deserialize, Serialize};

use crate::value::{Shared, Tags};

/// A bucket and the region to ask for it: S3 answers only in the bucket's own region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BucketRef {
    pub name: String,
    pub region: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum S3Read {
    HeadBucket(BucketRef),
    GetBucketTagging(BucketRef),
    GetBucketVersioning(BucketRef),
    GetBucketEncryption(BucketRef),
    GetPublicAccessBlock(BucketRef),
    GetBucketOwnershipControls(BucketRef),
    GetBucketPolicy(BucketRef),
    GetBucketLifecycle(BucketRef),
    /// The first page of ListObjectVersions, which holds up to a thousand: is there anything in it, and how much?
    ListObjectVersions(BucketRef),
    /// All pages: the account's buckets in all regions, asked in one.
    ListBuckets {
        region: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum S3Write {
    /// The edge leaves LocationConstraint out in us-east-1, where S3 rejects it.
    CreateBucket {
        bucket: BucketRef,
        ownership: String,
    },
    DeleteBucket(BucketRef),
    /// Deletes every object, version and delete marker: ListObjectVersions and DeleteObjects, page by page.
    EmptyBucket(BucketRef),
    PutBucketTagging {
        bucket: BucketRef,
        tags: Tags,
    },
    /// `Enabled` or `Suspended`.
    PutBucketVersioning {
        bucket: BucketRef,
        status: String,
    },
    PutBucketEncryption {
        bucket: BucketRef,
        encryption: Encryption,
    },
    PutPublicAccessBlock {
        bucket: BucketRef,
        block: PublicAccessBlock,
    },
    PutBucketOwnershipControls {
        bucket: BucketRef,
        ownership: String,
    },
    PutBucketPolicy {
        bucket: BucketRef,
        document: Shared,
    },
    DeleteBucketPolicy(BucketRef),
    PutBucketLifecycle {
        bucket: BucketRef,
        rules: Vec<LifecycleRule>,
    },
    DeleteBucketLifecycle(BucketRef),
}

/// An unset sub-resource is a [`super::Failure`] of kind `NotFound` with AWS's code
/// (`NoSuchTagSet`, `NoSuchBucketPolicy`, `NoSuchLifecycleConfiguration` …), except where S3 itself answers otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum S3Reply {
    /// HeadBucket: the region where it really is.
    Bucket {
        region: String,
    },
    Tags(Tags),
    /// `Enabled`, `Suspended`, or "" if it was never set.
    Versioning(String),
    Encryption(Encryption),
    PublicAccessBlock(PublicAccessBlock),
    /// `BucketOwnerEnforced`, `BucketOwnerPreferred` or `ObjectWriter`.
    Ownership(String),
    Policy(Shared),
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
pub struct Encryption {
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

/// The actions are those of S3's service authorization reference, which often differ from the operation's name.
impl S3Read {
    pub fn action(&self) -> &'static str {
        match self {
            Self::HeadBucket(_) => "s3:ListBucket",
            Self::GetBucketTagging(_) => "s3:GetBucketTagging",
            Self::GetBucketVersioning(_) => "s3:GetBucketVersioning",
            Self::GetBucketEncryption(_) => "s3:GetEncryptionConfiguration",
            Self::GetPublicAccessBlock(_) => "s3:GetBucketPublicAccessBlock",
            Self::GetBucketOwnershipControls(_) => "s3:GetBucketOwnershipControls",
            Self::GetBucketPolicy(_) => "s3:GetBucketPolicy",
            Self::GetBucketLifecycle(_) => "s3:GetLifecycleConfiguration",
            Self::ListObjectVersions(_) => "s3:ListBucketVersions",
            Self::ListBuckets { .. } => "s3:ListAllMyBuckets",
        }
    }

    /// The one that it is about; none: all of them.
    pub fn bucket(&self) -> Option<&BucketRef> {
        Some(match self {
            Self::ListBuckets { .. } => return None,
            Self::HeadBucket(bucket)
            | Self::GetBucketTagging(bucket)
            | Self::GetBucketVersioning(bucket)
            | Self::GetBucketEncryption(bucket)
            | Self::GetPublicAccessBlock(bucket)
            | Self::GetBucketOwnershipControls(bucket)
            | Self::GetBucketPolicy(bucket)
            | Self::GetBucketLifecycle(bucket)
            | Self::ListObjectVersions(bucket) => bucket,
        })
    }

    /// Where to ask.
    pub fn region(&self) -> &str {
        match self {
            Self::ListBuckets { region } => region,
            _ => self.bucket().map_or("", |bucket| bucket.region.as_str()),
        }
    }
}

impl S3Write {
    /// S3 has no action of its own for deleting a lifecycle: the Put action allows it. Emptying needs
    /// `s3:ListBucketVersions` and `s3:DeleteObject` besides the one named here.
    pub fn action(&self) -> &'static str {
        match self {
            Self::CreateBucket { .. } => "s3:CreateBucket",
            Self::DeleteBucket(_) => "s3:DeleteBucket",
            Self::EmptyBucket(_) => "s3:DeleteObjectVersion",
            Self::PutBucketTagging { .. } => "s3:PutBucketTagging",
            Self::PutBucketVersioning { .. } => "s3:PutBucketVersioning",
            Self::PutBucketEncryption { .. } => "s3:PutEncryptionConfiguration",
            Self::PutPublicAccessBlock { .. } => "s3:PutBucketPublicAccessBlock",
            Self::PutBucketOwnershipControls { .. } => "s3:PutBucketOwnershipControls",
            Self::PutBucketPolicy { .. } => "s3:PutBucketPolicy",
            Self::DeleteBucketPolicy(_) => "s3:DeleteBucketPolicy",
            Self::PutBucketLifecycle { .. } | Self::DeleteBucketLifecycle(_) => "s3:PutLifecycleConfiguration",
        }
    }

    pub fn bucket(&self) -> &BucketRef {
        match self {
            Self::DeleteBucket(bucket)
            | Self::EmptyBucket(bucket)
            | Self::DeleteBucketPolicy(bucket)
            | Self::DeleteBucketLifecycle(bucket)
            | Self::CreateBucket { bucket, .. }
            | Self::PutBucketTagging { bucket, .. }
            | Self::PutBucketVersioning { bucket, .. }
            | Self::PutBucketEncryption { bucket, .. }
            | Self::PutPublicAccessBlock { bucket, .. }
            | Self::PutBucketOwnershipControls { bucket, .. }
            | Self::PutBucketPolicy { bucket, .. }
            | Self::PutBucketLifecycle { bucket, .. } => bucket,
        }
    }

    pub fn object(&self) -> String {
        self.bucket().name.clone()
    }
}
