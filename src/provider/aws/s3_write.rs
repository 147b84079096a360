//! The writes of S3's buckets.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, BucketVersioningStatus,
    CreateBucketConfiguration, Delete, EncodingType, ObjectIdentifier, ObjectOwnership,
    OwnershipControls, OwnershipControlsRule, PublicAccessBlockConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    Tag, Tagging, VersioningConfiguration,
};
use percent_encoding::percent_decode_str;

use super::failure::FailureCause;
use super::lifecycle;
use crate::call::s3::{BucketEncryption, LifecycleRule, PublicAccessBlock};
use crate::call::{BucketRef, FailureKind, Reply, S3Write};
use crate::value::Tags;

/// Sends a call whose answer carries no information.
macro_rules! done {
    ($call:expr) => {
        $call.send().await.map(|_| Reply::Done)?
    };
}

/// Sends a write. `client` is that of the bucket's region.
pub(super) async fn write(client: &Client, write: &S3Write) -> Result<Reply, FailureCause> {
    use S3Write as W;
    let name = &write.object();
    Ok(match write {
        W::CreateBucket { bucket, ownership } => create(client, bucket, ownership).await?,
        W::DeleteBucket(_) => done!(client.delete_bucket().bucket(name)),
        W::EmptyBucket(_) => empty(client, name).await?,
        W::PutBucketTagging { tags, .. } => {
            done!(client.put_bucket_tagging().bucket(name).tagging(tagging(tags)?))
        }
        W::PutBucketVersioning { status, .. } => {
            let status = BucketVersioningStatus::from(status.as_str());
            let configuration = VersioningConfiguration::builder().status(status).build();
            done!(
                client.put_bucket_versioning().bucket(name).versioning_configuration(configuration)
            )
        }
        W::PutBucketEncryption { encryption, .. } => {
            let call = client.put_bucket_encryption().bucket(name);
            done!(call.server_side_encryption_configuration(default_encryption(encryption)?))
        }
        W::PutPublicAccessBlock { block, .. } => {
            let call = client.put_public_access_block().bucket(name);
            done!(call.public_access_block_configuration(public_access_block(*block)))
        }
        W::PutBucketOwnershipControls { ownership, .. } => {
            let rule = OwnershipControlsRule::builder()
                .object_ownership(ObjectOwnership::from(ownership.as_str()));
            let controls = OwnershipControls::builder().rules(rule.build()?).build()?;
            done!(client.put_bucket_ownership_controls().bucket(name).ownership_controls(controls))
        }
        W::PutBucketPolicy { document, .. } => {
            done!(client.put_bucket_policy().bucket(name).policy(document.to_string()))
        }
        W::DeleteBucketPolicy(_) => done!(client.delete_bucket_policy().bucket(name)),
        W::PutBucketLifecycle { rules, .. } => {
            let call = client.put_bucket_lifecycle_configuration().bucket(name);
            done!(call.lifecycle_configuration(configuration(rules)?))
        }
        W::DeleteBucketLifecycle(_) => done!(client.delete_bucket_lifecycle().bucket(name)),
    })
}

/// Makes a bucket. us-east-1 has no name as a location constraint: S3 rejects one there, and needs
/// one everywhere else.
async fn create(
    client: &Client,
    bucket: &BucketRef,
    ownership: &str,
) -> Result<Reply, FailureCause> {
    let place = (bucket.region != "us-east-1").then(|| {
        let constraint = BucketLocationConstraint::from(bucket.region.as_str());
        CreateBucketConfiguration::builder().location_constraint(constraint).build()
    });
    let call = client.create_bucket().bucket(&bucket.name).set_create_bucket_configuration(place);
    Ok(done!(call.object_ownership(ObjectOwnership::from(ownership))))
}

/// Deletes everything in the bucket. Each round reads the first page again, since the objects of
/// the last one are gone.
async fn empty(client: &Client, bucket: &str) -> Result<Reply, FailureCause> {
    loop {
        let call = client.list_object_versions().bucket(bucket).encoding_type(EncodingType::Url);
        let objects = identifiers(call.send().await?)?;
        if objects.is_empty() {
            return Ok(Reply::Done);
        }
        let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build()?;
        let answer = client.delete_objects().bucket(bucket).delete(delete).send().await?;
        if let Some(error) = answer.errors().first() {
            return Err(undeleted(error, answer.errors().len()));
        }
    }
}

fn identifiers(page: ListObjectVersionsOutput) -> Result<Vec<ObjectIdentifier>, FailureCause> {
    let encoded = page.encoding_type == Some(EncodingType::Url);
    let versions = page
        .versions
        .unwrap_or_default()
        .into_iter()
        .map(|version| (version.key, version.version_id));
    let markers = page
        .delete_markers
        .unwrap_or_default()
        .into_iter()
        .map(|marker| (marker.key, marker.version_id));
    let identify = |(key, version): (Option<String>, Option<String>)| {
        let key =
            key.ok_or_else(|| FailureCause::unreadable("the answer has an object without a key"))?;
        let key = if encoded { decoded(&key) } else { key };
        Ok(ObjectIdentifier::builder().key(key).set_version_id(version).build()?)
    };
    versions.chain(markers).map(identify).collect()
}

/// Decodes a key. On request S3 lists keys URL-encoded as a form, where `+` is a blank: a key may
/// hold characters that XML cannot.
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// Converts the error of one object. `DeleteObjects` succeeds even if it deletes nothing: its
/// answer has the failures, object by object.
fn undeleted(error: &aws_sdk_s3::types::Error, count: usize) -> FailureCause {
    let code = error.code().unwrap_or("Error");
    let kind =
        if code == "AccessDenied" { FailureKind::AccessDenied } else { FailureKind::Conflict };
    let (key, message) = (error.key().unwrap_or_default(), error.message().unwrap_or_default());
    FailureCause::new(
        kind,
        code,
        format!("{count} objects could not be deleted, the first is {key}: {message}"),
    )
}

fn tagging(tags: &Tags) -> Result<Tagging, FailureCause> {
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    Ok(Tagging::builder().set_tag_set(Some(tags.collect::<Result<_, _>>()?)).build()?)
}

fn default_encryption(
    encryption: &BucketEncryption,
) -> Result<ServerSideEncryptionConfiguration, FailureCause> {
    let default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(ServerSideEncryption::from(encryption.algorithm.as_str()))
        .set_kms_master_key_id(encryption.kms_key.clone())
        .build()?;
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default)
        .bucket_key_enabled(encryption.bucket_key)
        .build();
    Ok(ServerSideEncryptionConfiguration::builder().rules(rule).build()?)
}

fn public_access_block(block: PublicAccessBlock) -> PublicAccessBlockConfiguration {
    PublicAccessBlockConfiguration::builder()
        .block_public_acls(block.block_public_acls)
        .ignore_public_acls(block.ignore_public_acls)
        .block_public_policy(block.block_public_policy)
        .restrict_public_buckets(block.restrict_public_buckets)
        .build()
}

fn configuration(rules: &[LifecycleRule]) -> Result<BucketLifecycleConfiguration, FailureCause> {
    let rules = rules.iter().map(lifecycle::to_s3).collect::<Result<_, _>>()?;
    Ok(BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build()?)
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{DeleteMarkerEntry, ObjectVersion};

    use super::*;

    #[test]
    fn versions_and_delete_markers_are_both_deleted_and_their_keys_decoded() {
        let page = ListObjectVersionsOutput::builder()
            .encoding_type(EncodingType::Url)
            .versions(ObjectVersion::builder().key("a+b%2B%01").version_id("1").build())
            .delete_markers(DeleteMarkerEntry::builder().key("c").version_id("2").build())
            .build();
        let found = identifiers(page).unwrap();
        let found: Vec<_> =
            found.iter().map(|one| (one.key(), one.version_id().unwrap_or_default())).collect();
        assert_eq!(found, [("a b+\u{1}", "1"), ("c", "2")]);
    }

    #[test]
    fn keys_that_were_not_encoded_stay_as_they_are() {
        let version = ObjectVersion::builder().key("a+b%2B").version_id("1").build();
        let found =
            identifiers(ListObjectVersionsOutput::builder().versions(version).build()).unwrap();
        assert_eq!(found[0].key(), "a+b%2B");
    }
}
