//! Buckets, and the settings that every bucket has.

use crate::call::s3::{BucketEncryption, LifecycleRule, PublicAccessBlock};
use crate::call::{BucketRef, FailureKind};
use crate::value::Tags;

use super::account::Account;
use super::records::BucketRecord;
use super::refusal::{Refusal, SandboxResult};
use super::{names, tags};

/// Names that are taken: bucket names are unique in the whole world, and these stand for all names
/// of others.
const TAKEN: &[&str] = &["backup", "data", "logs", "my-bucket", "test", "zappa", "zappa-test"];

const OWNERSHIPS: &[&str] = &["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"];

impl BucketRecord {
    /// Makes a bucket with the settings that S3 gives every new bucket since 2023: encrypted,
    /// closed to the public, without ACLs.
    fn new(region: &str, ownership: &str, created: String) -> Self {
        Self {
            region: region.to_owned(),
            created,
            tags: Tags::new(),
            versioning: String::new(),
            encryption: BucketEncryption {
                algorithm: "AES256".to_owned(),
                kms_key: None,
                bucket_key: false,
            },
            public_access_block: PublicAccessBlock {
                block_public_acls: true,
                ignore_public_acls: true,
                block_public_policy: true,
                restrict_public_buckets: true,
            },
            ownership: ownership.to_owned(),
            policy: None,
            lifecycle: Vec::new(),
            objects: Vec::new(),
        }
    }

    pub(super) fn tags(&self) -> SandboxResult<&Tags> {
        if self.tags.is_empty() {
            return Err(Refusal::unset("NoSuchTagSet", "The TagSet does not exist"));
        }
        Ok(&self.tags)
    }

    pub(super) fn lifecycle(&self) -> SandboxResult<&[LifecycleRule]> {
        if self.lifecycle.is_empty() {
            return Err(Refusal::unset(
                "NoSuchLifecycleConfiguration",
                "The lifecycle configuration does not exist",
            ));
        }
        Ok(&self.lifecycle)
    }

    /// Replaces all tags. AWS's own must be repeated as they are.
    pub(super) fn put_tags(&mut self, tags: &Tags) -> SandboxResult<()> {
        tags::bucket(&self.tags, tags)?;
        self.tags.clone_from(tags);
        Ok(())
    }

    /// Sets versioning. It can be suspended, but not removed.
    pub(super) fn put_versioning(&mut self, status: &str) -> SandboxResult<()> {
        if !["Enabled", "Suspended"].contains(&status) {
            return Err(Refusal::malformed_xml());
        }
        status.clone_into(&mut self.versioning);
        Ok(())
    }

    pub(super) fn put_encryption(&mut self, encryption: &BucketEncryption) -> SandboxResult<()> {
        match encryption.algorithm.as_str() {
            "aws:kms" | "aws:kms:dsse" => {}
            "AES256" if encryption.kms_key.is_none() => {}
            "AES256" => {
                return Err(Refusal::invalid(
                    "InvalidArgument",
                    "a KMSMasterKeyID is not applicable if the default sse algorithm is not \
                        aws:kms or aws:kms:dsse",
                ));
            }
            _ => return Err(Refusal::malformed_xml()),
        }
        self.encryption = encryption.clone();
        Ok(())
    }

    pub(super) fn put_ownership(&mut self, ownership: &str) -> SandboxResult<()> {
        if !OWNERSHIPS.contains(&ownership) {
            return Err(Refusal::malformed_xml());
        }
        ownership.clone_into(&mut self.ownership);
        Ok(())
    }
}

impl Account {
    /// Returns a bucket of the account's, in whatever region.
    pub(super) fn bucket_mut(&mut self, name: &str) -> SandboxResult<&mut BucketRecord> {
        accessible(self, name)?;
        self.buckets.get_mut(name).ok_or_else(missing)
    }

    /// Returns a bucket of the account's, if it is asked for in its own region: S3 answers nowhere
    /// else.
    pub(super) fn bucket_at(&self, at: &BucketRef) -> SandboxResult<&BucketRecord> {
        accessible(self, &at.name)?;
        let bucket = self.buckets.get(&at.name).ok_or_else(missing)?;
        if bucket.region == at.region { Ok(bucket) } else { Err(elsewhere()) }
    }

    pub(super) fn bucket_at_mut(&mut self, at: &BucketRef) -> SandboxResult<&mut BucketRecord> {
        self.bucket_at(at)?;
        self.bucket_mut(&at.name)
    }
}

/// Returns the region in which the bucket really is: `HeadBucket` answers so in every region. An
/// answer to HEAD has no body, so its refusals have no message.
pub(super) fn head_bucket(account: &Account, name: &str) -> SandboxResult<String> {
    match account.buckets.get(name) {
        Some(bucket) => Ok(bucket.region.clone()),
        None if taken(account, name) => {
            Err(Refusal::new(FailureKind::AccessDenied, "Forbidden", "Forbidden"))
        }
        None => Err(Refusal::new(FailureKind::NotFound, "NotFound", "Not Found")),
    }
}

/// Makes a bucket. In us-east-1 the create of one's own bucket succeeds: S3 keeps that from its
/// oldest days.
pub(super) fn create(account: &mut Account, at: &BucketRef, ownership: &str) -> SandboxResult<()> {
    names::bucket(&at.name)?;
    names::region(&at.region)?;
    if !OWNERSHIPS.contains(&ownership) {
        return Err(Refusal::invalid(
            "InvalidArgument",
            "Invalid x-amz-object-ownership header: ".to_owned() + ownership,
        ));
    }
    if let Some(existing) = account.buckets.get(&at.name) {
        if existing.region == "us-east-1" && at.region == "us-east-1" {
            return Ok(());
        }
        return Err(Refusal::new(
            FailureKind::AlreadyExists,
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
        ));
    }
    if taken(account, &at.name) {
        return Err(Refusal::new(
            FailureKind::AlreadyExists,
            "BucketAlreadyExists",
            "The requested bucket name is not available. The bucket namespace is shared by all \
                users of the system. Please select a different name and try again.",
        ));
    }
    let bucket = BucketRecord::new(&at.region, ownership, account.now());
    account.buckets.insert_mut(at.name.clone(), bucket);
    Ok(())
}

pub(super) fn delete(account: &mut Account, at: &BucketRef) -> SandboxResult<()> {
    let bucket = account.bucket_at(at)?;
    if !bucket.objects.is_empty() {
        let message = if bucket.versioning.is_empty() {
            "The bucket you tried to delete is not empty"
        } else {
            "The bucket you tried to delete is not empty. You must delete all versions in the \
                bucket."
        };
        return Err(Refusal::new(FailureKind::Conflict, "BucketNotEmpty", message));
    }
    account.buckets.remove_mut(&at.name);
    Ok(())
}

fn taken(account: &Account, name: &str) -> bool {
    TAKEN.contains(&name) && !account.buckets.contains_key(name)
}

fn accessible(account: &Account, name: &str) -> SandboxResult<()> {
    if taken(account, name) { Err(Refusal::denied("Access Denied")) } else { Ok(()) }
}

fn missing() -> Refusal {
    Refusal::new(FailureKind::NotFound, "NoSuchBucket", "The specified bucket does not exist")
}

fn elsewhere() -> Refusal {
    Refusal::new(
        FailureKind::Other,
        "PermanentRedirect",
        "The bucket you are attempting to access must be addressed using the specified endpoint. \
            Please send all future requests to this endpoint.",
    )
}
