//! What a snapshot says of buckets.

use super::{Ask, BucketAspect, Found, Gap, Snapshot, unexpected};
use crate::call::{BucketRef, Failure, FailureKind, Read, Reply, S3Read, S3Reply};

impl Snapshot {
    pub(super) fn find_bucket(&self, bucket: &BucketRef, aspect: BucketAspect, ask: Ask<'_>) -> Found<S3Reply> {
        let region = match self.bucket_region(bucket) {
            Ok(region) => region,
            Err(Gap::Absent) => return Err(Gap::Absent),
            // A bucket that is there is asked everything at once, in the region where it should be.
            Err(Gap::Missing(mut reads)) => {
                if ask.expected && aspect != BucketAspect::Existence {
                    reads.insert(Read::S3(aspect.read(bucket.clone())));
                    reads.retain(|read| !self.known.contains_key(read));
                }
                return Err(Gap::Missing(reads));
            }
            Err(unknown) if aspect == BucketAspect::Existence => return Err(unknown),
            Err(Gap::Unknown(_)) => bucket.region.clone(),
        };
        if aspect == BucketAspect::Existence {
            return Ok(S3Reply::Bucket { region });
        }
        self.s3(aspect.read(BucketRef { name: bucket.name.clone(), region }))
    }

    /// Where the bucket is. The tags tell that it is where they were asked for, and `NoSuchBucket` that it is nowhere: S3
    /// answers only in the region where a bucket is, and its names are unique in all regions. `HeadBucket` is asked only where
    /// the tags are refused: the bucket is in another region, is somebody else's, or its tags may not be read.
    fn bucket_region(&self, bucket: &BucketRef) -> Found<String> {
        if let Some(region) = self.buckets.get(&bucket.name).filter(|region| !region.is_empty()) {
            return Ok(region.clone());
        }
        let head = Read::S3(S3Read::HeadBucket(bucket.clone()));
        if !self.known.contains_key(&head) {
            let tags = Read::S3(S3Read::GetBucketTagging(bucket.clone()));
            match self.known.get(&tags) {
                None => return Err(Gap::Missing([tags].into())),
                Some(Ok(_)) => return Ok(bucket.region.clone()),
                Some(Err(failure)) if failure.code == "NoSuchBucket" => return Err(Gap::Absent),
                Some(Err(failure)) if failure.code == "NoSuchTagSet" => return Ok(bucket.region.clone()),
                Some(Err(_)) => {}
            }
        }
        match self.s3(S3Read::HeadBucket(bucket.clone())) {
            Ok(S3Reply::Bucket { region }) if !region.is_empty() => Ok(region),
            Ok(_) => Ok(bucket.region.clone()),
            Err(Gap::Unknown(failure)) => Err(Gap::Unknown(self.refused(bucket, failure))),
            Err(gap) => Err(gap),
        }
    }

    /// Where tags and `HeadBucket` are both denied, S3 says of the tags why: an answer to HEAD has no body.
    fn refused(&self, bucket: &BucketRef, head: Failure) -> Failure {
        match self.known.get(&Read::S3(S3Read::GetBucketTagging(bucket.clone()))) {
            Some(Err(tags)) if tags.kind == head.kind && head.kind == FailureKind::AccessDenied => {
                let doubt =
                    "it belongs to another account, or neither s3:GetBucketTagging nor s3:ListBucket is allowed";
                Failure {
                    message: format!("{} (bucket {} exists: {doubt})", tags.message, bucket.name),
                    ..tags.clone()
                }
            }
            _ => head,
        }
    }

    fn s3(&self, read: S3Read) -> Found<S3Reply> {
        let call = read.action();
        match self.answer(Read::S3(read))? {
            Reply::S3(reply) => Ok(reply.clone()),
            _ => Err(unexpected(call)),
        }
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
