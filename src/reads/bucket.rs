//! The lookups of buckets in a snapshot.

use super::lookup::{Lookup, Missing, ReadHint, observed, unexpected};
use super::snapshot::Snapshot;
use crate::call::{BucketRef, Failure, FailureKind, Observed, Read, Reply, S3Read, S3Reply};

/// One of the settings of a bucket that can be read by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BucketAspect {
    Existence,
    Tags,
    Versioning,
    Encryption,
    PublicAccessBlock,
    Ownership,
    Policy,
    Lifecycle,
    Emptiness,
}

impl Snapshot {
    /// Returns one aspect of a bucket; `Absent` if S3 says that it is not set (or that there is no
    /// bucket).
    pub fn bucket(&self, bucket: &BucketRef, aspect: BucketAspect) -> Observed<S3Reply> {
        observed(self.find_bucket(bucket, aspect, ReadHint::NOTHING))
    }

    pub(super) fn find_bucket(
        &self,
        bucket: &BucketRef,
        aspect: BucketAspect,
        hint: ReadHint<'_>,
    ) -> Lookup<S3Reply> {
        let region = match self.bucket_region(bucket) {
            Ok(region) => region,
            Err(Missing::Absent) => return Err(Missing::Absent),
            // An existing bucket is asked for everything at once, in the region where it should be.
            Err(Missing::Unread(mut reads)) => {
                if hint.expected && aspect != BucketAspect::Existence {
                    reads.insert(Read::S3(aspect.read(bucket.clone())));
                    reads.retain(|read| !self.known.contains_key(read));
                }
                return Err(Missing::Unread(reads));
            }
            Err(unknown) if aspect == BucketAspect::Existence => return Err(unknown),
            Err(Missing::Unknown(_)) => bucket.region.clone(),
        };
        if aspect == BucketAspect::Existence {
            return Ok(S3Reply::Bucket { region });
        }
        self.s3(aspect.read(BucketRef { name: bucket.name.clone(), region }))
    }

    /// Finds the bucket's region. S3 answers only in the region where a bucket is, and bucket names
    /// are unique in all regions. So an answer with tags tells that the bucket is in the region
    /// that was asked, and `NoSuchBucket` that there is none. `HeadBucket` is asked only if the
    /// tags are refused: the bucket is in another region, is somebody else's, or its tags may not
    /// be read.
    fn bucket_region(&self, bucket: &BucketRef) -> Lookup<String> {
        if let Some(region) = self.buckets.get(&bucket.name).filter(|region| !region.is_empty()) {
            return Ok(region.clone());
        }
        let head = Read::S3(S3Read::HeadBucket(bucket.clone()));
        if !self.known.contains_key(&head) {
            let tags = Read::S3(S3Read::GetBucketTagging(bucket.clone()));
            match self.known.get(&tags) {
                None => return Err(Missing::Unread([tags].into())),
                Some(Ok(_)) => return Ok(bucket.region.clone()),
                Some(Err(failure)) if failure.code == "NoSuchBucket" => {
                    return Err(Missing::Absent);
                }
                Some(Err(failure)) if failure.code == "NoSuchTagSet" => {
                    return Ok(bucket.region.clone());
                }
                Some(Err(_)) => {}
            }
        }
        match self.s3(S3Read::HeadBucket(bucket.clone())) {
            Ok(S3Reply::Bucket { region }) if !region.is_empty() => Ok(region),
            Ok(_) => Ok(bucket.region.clone()),
            Err(Missing::Unknown(failure)) => Err(Missing::Unknown(self.refused(bucket, failure))),
            Err(missing) => Err(missing),
        }
    }

    /// Returns the failure that says more. If tags and `HeadBucket` are both denied, S3 gives the
    /// reason only for the tags: an answer to HEAD has no body.
    fn refused(&self, bucket: &BucketRef, head: Failure) -> Failure {
        match self.known.get(&Read::S3(S3Read::GetBucketTagging(bucket.clone()))) {
            Some(Err(tags)) if tags.kind == head.kind && head.kind == FailureKind::AccessDenied => {
                let doubt = "it belongs to another account, or neither s3:GetBucketTagging nor \
                    s3:ListBucket is allowed";
                Failure {
                    message: format!("{} (bucket {} exists: {doubt})", tags.message, bucket.name),
                    ..tags.clone()
                }
            }
            _ => head,
        }
    }

    fn s3(&self, read: S3Read) -> Lookup<S3Reply> {
        let call = read.action();
        let Reply::S3(reply) = self.answer(Read::S3(read))? else { return Err(unexpected(call)) };
        Ok(reply.clone())
    }
}

impl BucketAspect {
    fn read(self, bucket: BucketRef) -> S3Read {
        match self {
            Self::Existence => S3Read::HeadBucket(bucket),
            Self::Tags => S3Read::GetBucketTagging(bucket),
            Self::Versioning => S3Read::GetBucketVersioning(bucket),
            Self::Encryption => S3Read::GetBucketEncryption(bucket),
            Self::PublicAccessBlock => S3Read::GetPublicAccessBlock(bucket),
            Self::Ownership => S3Read::GetBucketOwnershipControls(bucket),
            Self::Policy => S3Read::GetBucketPolicy(bucket),
            Self::Lifecycle => S3Read::GetBucketLifecycle(bucket),
            Self::Emptiness => S3Read::ListObjectVersions(bucket),
        }
    }
}
