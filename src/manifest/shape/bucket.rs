//! The shapes of buckets and their settings.

use schemars::JsonSchema;

use crate::manifest::decode::{
    Decode, DocumentForm, ExpandedText, Flag, Located, NamedMap, Whole, shape, wrong_type,
};
use crate::manifest::node::{Node, NodeContent};
use crate::manifest::scope::DecodeScope;

shape! {
    /// An S3 bucket.
    "a bucket" Bucket {
        /// The manifest's region unless said otherwise. Changing it replaces the bucket.
        region: ExpandedText,
        /// Tags besides the manifest's.
        tags: NamedMap<ExpandedText>,
        /// Keeps old versions of objects.
        versioning: Flag,
        /// The encryption of objects by S3: AES256, KMS, or an algorithm with its key.
        encryption: Located<EncryptionShape>,
        /// Public access is blocked in all four ways unless said otherwise.
        public_access_block: PublicAccessBlockShape,
        /// BucketOwnerEnforced (which new buckets get), BucketOwnerPreferred or ObjectWriter.
        ownership: ExpandedText,
        /// The bucket policy: a file, or inline.
        policy: DocumentForm,
        /// Lifecycle rules; or, as a map, what relayctl must not do to the bucket, with the rules
        /// in it.
        lifecycle: BucketLifecycle,
        /// Lets relayctl delete the bucket with all objects in it.
        force_destroy: Flag,
    }
}

/// S3 calls its rules for objects a lifecycle, and relayctl its own for resources.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum BucketLifecycle {
    Rules(Vec<Located<LifecycleRule>>),
    Full(FullLifecycle),
}

shape! {
    /// Actions that relayctl must not take on a bucket, and S3's rules for its objects.
    "a bucket's lifecycle" FullLifecycle {
        /// Makes a plan that would destroy or replace the bucket an error.
        prevent_destroy: Flag,
        /// Fields whose values the manifest sets when it makes the bucket, and then leaves to
        /// others: names of fields, `tags["KEY"]` for one tag, or all.
        ignore_changes: Vec<ExpandedText>,
        /// Lifecycle rules.
        rules: Vec<Located<LifecycleRule>>,
    }
}

impl BucketLifecycle {
    pub fn rules(&self) -> Option<&[Located<LifecycleRule>]> {
        match self {
            Self::Rules(rules) => Some(rules),
            Self::Full(full) => full.rules.as_deref(),
        }
    }

    pub fn prevent_destroy(&self) -> Option<&Flag> {
        match self {
            Self::Rules(_) => None,
            Self::Full(full) => full.prevent_destroy.as_ref(),
        }
    }

    pub fn ignore_changes(&self) -> Option<&Vec<ExpandedText>> {
        match self {
            Self::Rules(_) => None,
            Self::Full(full) => full.ignore_changes.as_ref(),
        }
    }
}

impl Decode for BucketLifecycle {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        match node.content {
            NodeContent::Map(_) => FullLifecycle::decode(node, scope).map(Self::Full),
            NodeContent::Plain(_) | NodeContent::Text(_) | NodeContent::List(_) => {
                Vec::decode(node, scope).map(Self::Rules)
            }
        }
    }

    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Self>()
    }
}

/// Default encryption of a bucket.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged, rename = "Encryption")]
pub enum EncryptionShape {
    Algorithm(ExpandedText),
    Full(FullEncryption),
}

shape! {
    /// An algorithm and its key.
    "an encryption" FullEncryption {
        /// AES256 or aws:kms.
        algorithm: ExpandedText,
        /// The id or ARN of a KMS key; without one, the account's aws/s3 key.
        kms_key: ExpandedText,
        /// An S3 bucket key, which makes KMS cheaper.
        bucket_key: Flag,
    }
}

impl Decode for EncryptionShape {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        match node.content {
            NodeContent::Map(_) => FullEncryption::decode(node, scope).map(Self::Full),
            NodeContent::Text(_) => ExpandedText::decode(node, scope).map(Self::Algorithm),
            NodeContent::Plain(_) | NodeContent::List(_) => {
                wrong_type(
                    scope,
                    node,
                    "an encryption",
                    "write AES256, aws:kms, or {algorithm: aws:kms, kms_key: …}",
                );
                None
            }
        }
    }

    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Self>()
    }
}

/// S3 Block Public Access.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged, rename = "PublicAccessBlock")]
pub enum PublicAccessBlockShape {
    All(Flag),
    Each(EachBlock),
}

shape! {
    /// The four settings of S3 Block Public Access; each is on unless said otherwise.
    "a public access block" EachBlock {
        /// Refuses new public ACLs.
        block_public_acls: Flag,
        /// Ignores public ACLs.
        ignore_public_acls: Flag,
        /// Refuses new public bucket policies.
        block_public_policy: Flag,
        /// Lets only AWS services and this account use a bucket with a public policy.
        restrict_public_buckets: Flag,
    }
}

impl Decode for PublicAccessBlockShape {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        match node.content {
            NodeContent::Map(_) => EachBlock::decode(node, scope).map(Self::Each),
            NodeContent::Plain(_) | NodeContent::Text(_) | NodeContent::List(_) => {
                Flag::decode(node, scope).map(Self::All)
            }
        }
    }

    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Self>()
    }
}

shape! {
    /// A rule of a bucket's lifecycle.
    "a lifecycle rule" LifecycleRule {
        /// Unique in the bucket.
        id: ExpandedText,
        /// true unless said otherwise.
        enabled: Flag,
        /// The objects that the rule is for: all unless said otherwise.
        prefix: ExpandedText,
        /// Deletes objects after so many days.
        expiration_days: Whole,
        /// Deletes old versions so many days after they were replaced.
        noncurrent_expiration_days: Whole,
        /// Aborts multipart uploads that are not complete after so many days.
        abort_multipart_days: Whole,
        /// Moves objects to other storage classes.
        transitions: Vec<Located<Transition>>,
    }
}

shape! {
    /// A move to another storage class.
    "a transition" Transition {
        /// Days after the object was made.
        days: Whole,
        /// STANDARD_IA, ONEZONE_IA, INTELLIGENT_TIERING, GLACIER_IR, GLACIER or DEEP_ARCHIVE.
        storage_class: ExpandedText,
    }
}
