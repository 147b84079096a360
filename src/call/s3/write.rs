//! The table of S3's writes. The actions are those of the Service Authorization Reference, which
//! often differ from the operation's name.

use super::{BucketEncryption, BucketRef, LifecycleRule, PublicAccessBlock};
use crate::call::Target;
use crate::call::table::writes;
use crate::value::{SharedValue, Tags};

writes! {
    S3Write of "s3" {
        /// Makes a bucket. The provider leaves LocationConstraint out in us-east-1, where S3
        /// rejects it. The call sets the object ownership, which takes a permission of its own
        /// ("Setting Object Ownership when you create a bucket").
        CreateBucket { bucket: BucketRef, ownership: String } => {
            verb: Create,
            object: &bucket.name,
            on: Target::Bucket(bucket),
            with: |it| {
                let controls = it.also("s3:PutBucketOwnershipControls");
                let create = it.key("s3:LocationConstraint", &bucket.region);
                vec![create.key("s3:x-amz-object-ownership", ownership), controls]
            },
        }
        DeleteBucket(bucket: BucketRef) => {
            verb: Delete,
            object: &bucket.name,
            on: Target::Bucket(bucket),
        }
        /// Deletes every object, version and delete marker: ListObjectVersions and DeleteObjects,
        /// page by page.
        EmptyBucket(bucket: BucketRef) as "s3:DeleteObjectVersion" => {
            verb: Empty,
            object: &bucket.name,
            on: Target::Bucket(bucket),
            with: |it| vec![
                it.also("s3:ListBucketVersions"),
                it.on_objects("s3:DeleteObject"),
                it.on_objects("s3:DeleteObjectVersion"),
            ],
        }
        PutBucketTagging { bucket: BucketRef, tags: Tags } => {
            verb: Update,
            object: &bucket.name,
            on: Target::Bucket(bucket),
        }
        /// Sets the status of versioning: `Enabled` or `Suspended`.
        PutBucketVersioning { bucket: BucketRef, status: String } => {
            verb: Update,
            object: &bucket.name,
            on: Target::Bucket(bucket),
        }
        PutBucketEncryption { bucket: BucketRef, encryption: BucketEncryption } as "s3:PutEncryptionConfiguration" => {
            verb: Update,
            object: &bucket.name,
            on: Target::Bucket(bucket),
        }
        PutPublicAccessBlock { bucket: BucketRef, block: PublicAccessBlock } as "s3:PutBucketPublicAccessBlock" => {
            verb: Update,
            object: &bucket.name,
            on: Target::Bucket(bucket),
        }
        PutBucketOwnershipControls { bucket: BucketRef, ownership: String } => {
            verb: Update,
            object: &bucket.name,
            on: Target::Bucket(bucket),
        }
        PutBucketPolicy { bucket: BucketRef, document: SharedValue } => {
            verb: Update,
            object: &bucket.name,
            on: Target::Bucket(bucket),
            names_principals: true,
        }
        DeleteBucketPolicy(bucket: BucketRef) => {
            verb: Delete,
            object: &bucket.name,
            on: Target::Bucket(bucket),
        }
        PutBucketLifecycle { bucket: BucketRef, rules: Vec<LifecycleRule> } as "s3:PutLifecycleConfiguration" => {
            verb: Update,
            object: &bucket.name,
            on: Target::Bucket(bucket),
        }
        /// Deletes the lifecycle rules. S3 has no action of its own for that: the Put action allows
        /// it.
        DeleteBucketLifecycle(bucket: BucketRef) as "s3:PutLifecycleConfiguration" => {
            verb: Delete,
            object: &bucket.name,
            on: Target::Bucket(bucket),
        }
    }
}
