//! An S3 bucket, with the sub-resources that the manifest names.

use serde_json::json;

use super::field::{empty_list, empty_map, false_default, null_default};
use super::tags::{owner, state_tag};
use super::{
    AccessRole, DeletionBlocker, DocumentField, Field, FieldForm, Kind, KindFacts, LiveObject,
    Output, OutputValue, Ownership, Recovery, Tagged, Uniqueness, bucket_access,
};
use crate::address::KindName;
use crate::call::s3::{BucketEncryption, LifecycleRule, PublicAccessBlock};
use crate::call::{BucketRef, Observed, S3Reply, S3Write, Write};
use crate::policy::Usage;
use crate::reads::{BucketAspect, Facet, NOT_READ, Snapshot};
use crate::value::{self, Attributes, Value};

pub(super) struct BucketKind;

const FIELDS: &[Field] = &[
    Field::identity("name"),
    Field::identity("arn"),
    Field::replace(
        "region",
        FieldForm::Plain,
        "a bucket cannot move to another region",
        null_default,
    )
    .judged(bucket_access::region),
    Field::in_place("tags", FieldForm::Keyed, empty_map).searched(),
    Field::in_place("versioning", FieldForm::Plain, false_default)
        .judged(bucket_access::versioning),
    Field::in_place("encryption", FieldForm::Plain, sse_s3).judged(bucket_access::encryption),
    Field::in_place("public_access_block", FieldForm::Plain, || blocked(true))
        .judged(bucket_access::public_access_block),
    Field::in_place("ownership", FieldForm::Plain, || json!(OWNER_ENFORCED))
        .judged(bucket_access::ownership),
    Field::in_place("policy", FieldForm::Document, null_default).compared(),
    Field::in_place("lifecycle", FieldForm::Plain, empty_list).judged(bucket_access::lifecycle),
    Field::in_place("force_destroy", FieldForm::Setting, false_default).harmless(),
];

const OWNER_ENFORCED: &str = "BucketOwnerEnforced";

/// The sub-resources, in the order in which they are set: a public policy is refused until the
/// access block allows it.
const ASPECTS: [(&str, BucketAspect); 7] = [
    ("tags", BucketAspect::Tags),
    ("public_access_block", BucketAspect::PublicAccessBlock),
    ("ownership", BucketAspect::Ownership),
    ("encryption", BucketAspect::Encryption),
    ("versioning", BucketAspect::Versioning),
    ("policy", BucketAspect::Policy),
    ("lifecycle", BucketAspect::Lifecycle),
];

/// The sub-resources that are read only if the manifest or the state names them.
const UNREAD: [&str; 6] =
    ["public_access_block", "ownership", "encryption", "versioning", "policy", "lifecycle"];

impl Kind for BucketKind {
    fn name(&self) -> KindName {
        KindName::Bucket
    }

    fn facts(&self) -> KindFacts {
        KindFacts {
            ownership: Ownership::Tag,
            parent: None,
            access: AccessRole::Resource,
            document: Some(DocumentField { field: "policy", usage: Usage::Bucket }),
            uniqueness: Uniqueness::Exact,
            outputs: &[
                Output { section: "buckets", field: "name", value: OutputValue::Name },
                Output { section: "buckets", field: "arn", value: OutputValue::Arn },
            ],
            recovery: Recovery::ByTag(Tagged::Buckets),
        }
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn facets(&self, wanted: &Attributes) -> Vec<Facet> {
        let aspects = aspects(wanted).map(|(_, aspect)| aspect);
        [BucketAspect::Existence]
            .into_iter()
            .chain(aspects)
            .map(|aspect| facet(wanted, aspect))
            .collect()
    }

    fn fields_not_carried(&self) -> &'static [&'static str] {
        &UNREAD
    }

    fn deletion_facets(&self, recorded: &Attributes) -> Vec<Facet> {
        vec![facet(recorded, BucketAspect::Emptiness)]
    }

    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<LiveObject> {
        let bucket = bucket(wanted);
        let region = match snapshot.bucket(&bucket, BucketAspect::Existence) {
            Observed::Present(S3Reply::Bucket { region }) if !region.is_empty() => region,
            Observed::Present(_) => bucket.region.clone(),
            Observed::Absent => return Observed::Absent,
            Observed::Unknown(failure) => return Observed::Unknown(failure),
        };
        let mut attributes = Attributes::from([
            ("name", json!(bucket.name)),
            ("arn", json!(value::text_of(wanted, "arn"))),
            ("region", json!(region)),
        ]);
        for (name, aspect) in aspects(wanted) {
            let live = match snapshot.bucket(&bucket, aspect) {
                Observed::Present(reply) => normal(reply),
                Observed::Absent => unset(name),
                Observed::Unknown(failure) => return Observed::Unknown(failure),
            };
            attributes.insert(name, live);
        }
        let (mut internals, mut hanging) = (Attributes::new(), Vec::new());
        match snapshot.bucket(&bucket, BucketAspect::Emptiness) {
            Observed::Present(S3Reply::Objects { count, more }) => {
                internals.insert("empty", json!(count == 0));
                hanging.extend((count > 0).then_some(DeletionBlocker::Objects { count, more }));
            }
            // If the objects were read and the read failed, the bucket's contents are unknown, and
            // an unknown object is not deleted.
            Observed::Unknown(failure) if failure.code != NOT_READ => {
                return Observed::Unknown(failure);
            }
            Observed::Present(_) | Observed::Absent | Observed::Unknown(_) => {}
        }
        let tags = value::tags_of(&attributes, "tags");
        Observed::Present(LiveObject {
            id: bucket.name,
            owner: owner(&tags),
            state_tag: state_tag(&tags),
            attributes,
            internals,
            hanging,
            ..LiveObject::default()
        })
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn physical_id(&self, wanted: &Attributes) -> Option<String> {
        Some(value::text_of(wanted, "name").to_owned())
    }

    /// Returns the calls that make the bucket. The tags come first: they tell the next run the
    /// bucket's owner. `CreateBucket` itself sets the object ownership.
    fn create(&self, wanted: &Attributes) -> Vec<Write> {
        let ownership =
            value::optional_text(wanted, "ownership").unwrap_or_else(|| OWNER_ENFORCED.to_owned());
        let create = S3Write::CreateBucket { bucket: bucket(wanted), ownership };
        let differs = |name: &str| wanted.get(name).is_some_and(|value| !given(name, value));
        let aspects = ASPECTS.iter().filter(|(name, _)| differs(name));
        let puts = aspects.filter_map(|(name, _)| put(name, &bucket(wanted), wanted));
        [create].into_iter().chain(puts).map(Write::S3).collect()
    }

    fn any_blockers(&self, _wanted: &Attributes) -> Vec<DeletionBlocker> {
        // The manifest decides on the objects, by `force_destroy`.
        Vec::new()
    }

    fn update(&self, seen: &LiveObject, wanted: &Attributes, changed: &[&str]) -> Vec<Write> {
        let aspects = ASPECTS.iter().filter(|(name, _)| changed.contains(name));
        aspects
            .filter_map(|(name, _)| put(name, &bucket(&seen.attributes), wanted))
            .map(Write::S3)
            .collect()
    }

    fn delete(&self, seen: &LiveObject, recorded: &Attributes) -> Vec<Write> {
        let bucket = bucket(&seen.attributes);
        let delete = S3Write::DeleteBucket(bucket.clone());
        if forced(recorded) && empty(seen) != Some(true) {
            return vec![Write::S3(S3Write::EmptyBucket(bucket)), Write::S3(delete)];
        }
        vec![Write::S3(delete)]
    }

    fn obstacle(&self, seen: &LiveObject, recorded: &Attributes) -> Option<String> {
        let refused = empty(seen) == Some(false) && !forced(recorded);
        refused.then(|| {
            "the bucket holds objects: set force_destroy: true to delete them with it".to_owned()
        })
    }
}

fn bucket(attributes: &Attributes) -> BucketRef {
    let text = |name| value::text_of(attributes, name).to_owned();
    BucketRef { name: text("name"), region: text("region") }
}

fn facet(attributes: &Attributes, aspect: BucketAspect) -> Facet {
    Facet::Bucket { bucket: bucket(attributes), aspect }
}

/// Returns the aspects to read. Each costs a call, so only those are read that the manifest or the
/// state names; the tags always, for the owner.
fn aspects(wanted: &Attributes) -> impl Iterator<Item = (&'static str, BucketAspect)> {
    ASPECTS
        .into_iter()
        .filter(|(name, aspect)| *aspect == BucketAspect::Tags || wanted.contains_key(name))
}

fn forced(recorded: &Attributes) -> bool {
    recorded.get("force_destroy") == Some(&Value::Bool(true))
}

/// Returns true for an empty bucket; `None` if its objects were not read.
fn empty(seen: &LiveObject) -> Option<bool> {
    seen.internals.get("empty").and_then(Value::as_bool)
}

fn normal(reply: S3Reply) -> Value {
    match reply {
        S3Reply::Bucket { region } => json!(region),
        S3Reply::Tags(tags) => value::from_tags(&tags),
        S3Reply::Versioning(status) => json!(status == "Enabled"),
        S3Reply::Encryption(encryption) => json!(encryption),
        S3Reply::PublicAccessBlock(block) => json!(block),
        S3Reply::Ownership(ownership) => json!(ownership),
        S3Reply::Policy(document) => crate::policy::canonical(&document),
        S3Reply::Lifecycle(rules) => json!(sorted(rules)),
        S3Reply::Objects { count, .. } => json!(count),
        S3Reply::Buckets(_) => Value::Null,
    }
}

/// Returns the rules in order: S3 returns rules and transitions in any order.
fn sorted(mut rules: Vec<LifecycleRule>) -> Vec<LifecycleRule> {
    rules.sort_by(|one, other| one.id.cmp(&other.id));
    for rule in &mut rules {
        rule.transitions.sort();
    }
    rules
}

/// Returns the value that holds if S3 says that nothing is set. A new bucket may get another value:
/// S3 sets public access blocks and ownership in new buckets; without those settings the old rules
/// hold.
fn unset(name: &str) -> Value {
    match name {
        "public_access_block" => blocked(false),
        "ownership" => json!("ObjectWriter"),
        _ => default(name),
    }
}

/// Returns true if a new bucket has the value without a call, on every server. S3's own defaults
/// count only if servers that are like S3 have them, too: those servers neither block public access
/// nor encrypt.
fn given(name: &str, value: &Value) -> bool {
    match name {
        "ownership" => true,
        "public_access_block" | "encryption" => value.is_null(),
        _ => value.is_null() || *value == default(name),
    }
}

fn default(name: &str) -> Value {
    FIELDS.iter().find(|field| field.name == name).map_or(Value::Null, |field| (field.default)())
}

/// Returns S3's default encryption: since January 2023 S3 encrypts every object, with its own keys
/// by default.
fn sse_s3() -> Value {
    json!(BucketEncryption { algorithm: "AES256".to_owned(), kms_key: None, bucket_key: false })
}

fn blocked(all: bool) -> Value {
    json!(PublicAccessBlock {
        block_public_acls: all,
        ignore_public_acls: all,
        block_public_policy: all,
        restrict_public_buckets: all,
    })
}

/// Returns the call that gives one sub-resource its wanted value, or its default if no value is
/// wanted.
fn put(name: &str, bucket: &BucketRef, wanted: &Attributes) -> Option<S3Write> {
    let bucket = bucket.clone();
    let value =
        wanted.get(name).filter(|value| !value.is_null()).cloned().unwrap_or_else(|| default(name));
    Some(match name {
        "tags" => S3Write::PutBucketTagging { bucket, tags: serde_json::from_value(value).ok()? },
        "public_access_block" => {
            S3Write::PutPublicAccessBlock { bucket, block: serde_json::from_value(value).ok()? }
        }
        "ownership" => S3Write::PutBucketOwnershipControls {
            bucket,
            ownership: serde_json::from_value(value).ok()?,
        },
        "encryption" => {
            S3Write::PutBucketEncryption { bucket, encryption: serde_json::from_value(value).ok()? }
        }
        "versioning" => {
            let status = if value == json!(true) { "Enabled" } else { "Suspended" };
            S3Write::PutBucketVersioning { bucket, status: status.to_owned() }
        }
        "policy" if value.is_null() => S3Write::DeleteBucketPolicy(bucket),
        "policy" => S3Write::PutBucketPolicy { bucket, document: value.into() },
        "lifecycle" => {
            let rules: Vec<LifecycleRule> = serde_json::from_value(value).ok()?;
            if rules.is_empty() {
                S3Write::DeleteBucketLifecycle(bucket)
            } else {
                S3Write::PutBucketLifecycle { bucket, rules }
            }
        }
        _ => return None,
    })
}
