//! The reads of S3's buckets.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{Bucket, EncodingType};

use super::failure::FailureCause;
use super::lifecycle;
use super::pages::PageTrail;
use crate::call::s3::{BucketEncryption, PublicAccessBlock};
use crate::call::{BucketRef, FailureKind, S3Read, S3Reply};

/// Sends a read. `client` is that of the bucket's region.
pub(super) async fn read(client: &Client, read: &S3Read) -> Result<S3Reply, FailureCause> {
    let name = read.target().bucket().map_or("", |bucket| bucket.name.as_str());
    Ok(match read {
        S3Read::HeadBucket(bucket) => {
            S3Reply::Bucket { region: head_bucket(client, bucket).await? }
        }
        S3Read::GetBucketTagging(_) => {
            let found = client.get_bucket_tagging().bucket(name).send().await?;
            S3Reply::Tags(found.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect())
        }
        S3Read::GetBucketVersioning(_) => {
            let found = client.get_bucket_versioning().bucket(name).send().await?;
            S3Reply::Versioning(
                found.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            )
        }
        S3Read::GetBucketEncryption(_) => S3Reply::Encryption(encryption(client, name).await?),
        S3Read::GetPublicAccessBlock(_) => {
            S3Reply::PublicAccessBlock(public_access_block(client, name).await?)
        }
        S3Read::GetBucketOwnershipControls(_) => S3Reply::Ownership(ownership(client, name).await?),
        S3Read::GetBucketPolicy(_) => {
            let found = client.get_bucket_policy().bucket(name).send().await?;
            let text =
                found.policy.ok_or_else(|| FailureCause::unreadable("the answer has no policy"))?;
            S3Reply::Policy(super::convert::document(&text)?)
        }
        S3Read::GetBucketLifecycle(_) => {
            let found = client.get_bucket_lifecycle_configuration().bucket(name).send().await?;
            S3Reply::Lifecycle(
                found.rules.unwrap_or_default().into_iter().map(lifecycle::from_s3).collect(),
            )
        }
        S3Read::ListBuckets { .. } => S3Reply::Buckets(buckets(client).await?),
        S3Read::ListObjectVersions(_) => {
            let found = client
                .list_object_versions()
                .bucket(name)
                .encoding_type(EncodingType::Url)
                .send()
                .await?;
            let count = found.versions().len() + found.delete_markers().len();
            S3Reply::Objects { count, more: found.is_truncated.unwrap_or_default() }
        }
    })
}

/// Lists the buckets. S3 returns their regions only if the list is asked for in pages.
async fn buckets(client: &Client) -> Result<Vec<BucketRef>, FailureCause> {
    let (call, mut token) = (client.list_buckets().max_buckets(1000), None);
    let (mut trail, mut pages) = (PageTrail::default(), Vec::new());
    loop {
        let page = call.clone().set_continuation_token(token).send().await?;
        token = page.continuation_token().map(str::to_owned);
        pages.push(page);
        if token.is_none() {
            break;
        }
        trail.follow(token.as_deref())?;
    }
    let named = |bucket: Bucket| {
        let name = bucket
            .name
            .ok_or_else(|| FailureCause::unreadable("the answer has a bucket without a name"))?;
        Ok(BucketRef { name, region: bucket.bucket_region.unwrap_or_default() })
    };
    pages.into_iter().flat_map(|page| page.buckets.unwrap_or_default()).map(named).collect()
}

/// Returns the bucket's region. In another region S3 answers 301 or 400, and for somebody else's
/// bucket 403, always with the region in a header. An answer to HEAD has no body, so there is no
/// error code.
pub(super) async fn head_bucket(
    client: &Client,
    bucket: &BucketRef,
) -> Result<String, FailureCause> {
    let cause = match client.head_bucket().bucket(&bucket.name).send().await {
        Ok(found) => return Ok(found.bucket_region.unwrap_or_else(|| bucket.region.clone())),
        Err(error) => FailureCause::from(error),
    };
    match (cause.status, &cause.region) {
        (Some(301 | 307 | 400), Some(region)) if *region != bucket.region => Ok(region.clone()),
        _ => Err(without_body(cause, &bucket.name)),
    }
}

fn without_body(cause: FailureCause, bucket: &str) -> FailureCause {
    let (kind, code, message) = match cause.status {
        Some(404) => {
            (FailureKind::NotFound, "NoSuchBucket", format!("bucket {bucket} does not exist"))
        }
        Some(403) => (
            FailureKind::AccessDenied,
            "AccessDenied",
            format!(
                "bucket {bucket} exists and belongs to another account, or s3:ListBucket on it is \
                    denied"
            ),
        ),
        Some(400) => (
            FailureKind::Invalid,
            "BadRequest",
            format!(
                "S3 refuses the question for bucket {bucket}: its name is not valid, or the \
                    credentials have expired"
            ),
        ),
        _ => return cause,
    };
    FailureCause { kind, code: code.to_owned(), message, ..cause }
}

async fn encryption(client: &Client, bucket: &str) -> Result<BucketEncryption, FailureCause> {
    let found = client.get_bucket_encryption().bucket(bucket).send().await?;
    let rules = found
        .server_side_encryption_configuration
        .map(|configuration| configuration.rules)
        .unwrap_or_default();
    // S3 allows exactly one rule.
    let rule = rules
        .into_iter()
        .next()
        .ok_or_else(|| FailureCause::unreadable("the answer has no encryption rule"))?;
    let bucket_key = rule.bucket_key_enabled.unwrap_or_default();
    let default = rule
        .apply_server_side_encryption_by_default
        .ok_or_else(|| FailureCause::unreadable("the answer's encryption rule has no algorithm"))?;
    Ok(BucketEncryption {
        algorithm: default.sse_algorithm.as_str().to_owned(),
        kms_key: default.kms_master_key_id,
        bucket_key,
    })
}

async fn public_access_block(
    client: &Client,
    bucket: &str,
) -> Result<PublicAccessBlock, FailureCause> {
    let found = client.get_public_access_block().bucket(bucket).send().await?;
    let block = found
        .public_access_block_configuration
        .ok_or_else(|| FailureCause::unreadable("the answer has no public access block"))?;
    Ok(PublicAccessBlock {
        block_public_acls: block.block_public_acls.unwrap_or_default(),
        ignore_public_acls: block.ignore_public_acls.unwrap_or_default(),
        block_public_policy: block.block_public_policy.unwrap_or_default(),
        restrict_public_buckets: block.restrict_public_buckets.unwrap_or_default(),
    })
}

async fn ownership(client: &Client, bucket: &str) -> Result<String, FailureCause> {
    let found = client.get_bucket_ownership_controls().bucket(bucket).send().await?;
    let rules = found.ownership_controls.map(|controls| controls.rules).unwrap_or_default();
    let rule = rules
        .into_iter()
        .next()
        .ok_or_else(|| FailureCause::unreadable("the answer has no ownership rule"))?;
    Ok(rule.object_ownership.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(status: u16) -> FailureCause {
        FailureCause { status: Some(status), ..FailureCause::new(FailureKind::Other, "HTTP", "") }
    }

    #[test]
    fn the_status_stands_for_the_code_that_an_answer_to_head_cannot_carry() {
        let denied = without_body(bare(403), "x");
        assert_eq!(
            (denied.kind, denied.code.as_str()),
            (FailureKind::AccessDenied, "AccessDenied")
        );
        assert!(denied.message.starts_with("bucket x exists and belongs to another account"));
        assert_eq!(without_body(bare(404), "x").kind, FailureKind::NotFound);
        assert_eq!(without_body(bare(400), "x").kind, FailureKind::Invalid);
    }
}
