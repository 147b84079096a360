//! The dispatch of S3's calls to the functions that answer them.

use crate::call::{BucketRef, Reply, S3Read, S3Reply, S3Write};

use super::account::Account;
use super::order::ListOrder;
use super::refusal::SandboxResult;
use super::{bucket_policy, buckets, lifecycle};

/// The number of versions and delete markers that S3 puts on a page.
const PAGE: usize = 1000;

pub(super) fn read(account: &Account, read: &S3Read, order: ListOrder) -> SandboxResult<S3Reply> {
    Ok(match read {
        S3Read::HeadBucket(at) => {
            S3Reply::Bucket { region: buckets::head_bucket(account, &at.name)? }
        }
        S3Read::GetBucketTagging(at) => S3Reply::Tags(account.bucket_at(at)?.tags()?.clone()),
        S3Read::GetBucketVersioning(at) => {
            S3Reply::Versioning(account.bucket_at(at)?.versioning.clone())
        }
        S3Read::GetBucketEncryption(at) => {
            S3Reply::Encryption(account.bucket_at(at)?.encryption.clone())
        }
        S3Read::GetPublicAccessBlock(at) => {
            S3Reply::PublicAccessBlock(account.bucket_at(at)?.public_access_block)
        }
        S3Read::GetBucketOwnershipControls(at) => {
            S3Reply::Ownership(account.bucket_at(at)?.ownership.clone())
        }
        S3Read::GetBucketPolicy(at) => {
            S3Reply::Policy(bucket_policy::read(account, at, order)?.into())
        }
        S3Read::GetBucketLifecycle(at) => {
            S3Reply::Lifecycle(lifecycle::in_order(account.bucket_at(at)?.lifecycle()?, order))
        }
        S3Read::ListBuckets { .. } => {
            let buckets = account.buckets.iter();
            let named = buckets
                .map(|(name, it)| BucketRef { name: name.clone(), region: it.region.clone() });
            S3Reply::Buckets(order.list(named))
        }
        S3Read::ListObjectVersions(at) => {
            let count = account.bucket_at(at)?.objects.len();
            S3Reply::Objects { count: count.min(PAGE), more: count > PAGE }
        }
    })
}

pub(super) fn write(account: &mut Account, write: &S3Write) -> SandboxResult<Reply> {
    match write {
        S3Write::CreateBucket { bucket, ownership } => buckets::create(account, bucket, ownership)?,
        S3Write::DeleteBucket(at) => buckets::delete(account, at)?,
        S3Write::EmptyBucket(at) => account.bucket_at_mut(at)?.objects.clear(),
        S3Write::PutBucketTagging { bucket, tags } => {
            account.bucket_at_mut(bucket)?.put_tags(tags)?;
        }
        S3Write::PutBucketVersioning { bucket, status } => {
            account.bucket_at_mut(bucket)?.put_versioning(status)?;
        }
        S3Write::PutBucketEncryption { bucket, encryption } => {
            account.bucket_at_mut(bucket)?.put_encryption(encryption)?;
        }
        S3Write::PutPublicAccessBlock { bucket, block } => {
            account.bucket_at_mut(bucket)?.public_access_block = *block;
        }
        S3Write::PutBucketOwnershipControls { bucket, ownership } => {
            account.bucket_at_mut(bucket)?.put_ownership(ownership)?;
        }
        S3Write::PutBucketPolicy { bucket, document } => {
            bucket_policy::put_bucket_policy(account, bucket, document)?;
        }
        S3Write::DeleteBucketPolicy(at) => account.bucket_at_mut(at)?.policy = None,
        S3Write::PutBucketLifecycle { bucket, rules } => {
            let rules = lifecycle::checked(rules)?;
            account.bucket_at_mut(bucket)?.lifecycle = rules;
        }
        S3Write::DeleteBucketLifecycle(at) => account.bucket_at_mut(at)?.lifecycle.clear(),
    }
    Ok(Reply::Done)
}
