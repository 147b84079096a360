//! Tells the effect on access of those settings of a bucket that no comparison of policies shows.
//! A new bucket is compared with S3's defaults: Block Public Access on and ACLs off (Amazon S3 User
//! Guide, "Default settings for new S3 buckets").

use super::judge::existing;
use super::{FieldEffect, JudgedChange};
use crate::call::s3::{BucketEncryption, PublicAccessBlock};
use crate::value::Value;

pub(super) fn region(change: &JudgedChange<'_>) -> FieldEffect {
    existing(change, "the bucket moves to another region, and policies may ask for the region")
}

/// Judges versioning. While it is suspended, an object that is overwritten or deleted is gone, with
/// the permissions that only added a version before ("Working with objects in a
/// versioning-suspended bucket").
pub(super) fn versioning(change: &JudgedChange<'_>) -> FieldEffect {
    match (change.before, change.after) {
        (Some(Value::Bool(true)), Value::Bool(false)) => FieldEffect::Gain(
            "without versioning, whoever may write or delete objects can destroy them for good",
        ),
        (Some(_) | None, _) => FieldEffect::None,
    }
}

/// Judges the encryption. Reading an object also takes the right to decrypt with its KMS key, which
/// the key's policy gives ("Using server-side encryption with AWS KMS keys").
pub(super) fn encryption(change: &JudgedChange<'_>) -> FieldEffect {
    let read = |value: &Value| serde_json::from_value::<BucketEncryption>(value.clone()).ok();
    let unknown = FieldEffect::Gain("another encryption decides who may read new objects");
    let Some(after) = read(change.after) else { return unknown };
    if after.kms_key.as_deref().is_some_and(|key| is_foreign(key, change.account)) {
        return FieldEffect::Gain(
            "a KMS key of another account encrypts new objects, and its account decides on it",
        );
    }
    let Some(before) = change.before else { return FieldEffect::None };
    let Some(before) = read(before) else { return unknown };
    match (is_kms(&before), is_kms(&after)) {
        (true, false) => FieldEffect::Gain("reading new objects takes no right to a KMS key"),
        (false, true) => FieldEffect::Loss,
        (true, true) if before.kms_key != after.kms_key => {
            FieldEffect::Gain("another KMS key decides who may read new objects")
        }
        (true, true) | (false, false) => FieldEffect::None,
    }
}

fn is_kms(encryption: &BucketEncryption) -> bool {
    encryption.algorithm != "AES256"
}

/// Returns true for the ARN of a key in another account. An id or an alias is of the own account.
fn is_foreign(key: &str, account: &str) -> bool {
    key.split(':').nth(4).is_some_and(|owner| owner != account)
}

pub(super) fn public_access_block(change: &JudgedChange<'_>) -> FieldEffect {
    const EACH: [fn(&PublicAccessBlock) -> bool; 4] = [
        |it| it.block_public_acls,
        |it| it.ignore_public_acls,
        |it| it.block_public_policy,
        |it| it.restrict_public_buckets,
    ];
    let blocks = |value: &Value| serde_json::from_value::<PublicAccessBlock>(value.clone()).ok();
    let after = blocks(change.after);
    let before = change.before.and_then(blocks);
    let was = |is_on: &fn(&PublicAccessBlock) -> bool| before.as_ref().is_none_or(is_on);
    let is = |is_on: &fn(&PublicAccessBlock) -> bool| after.as_ref().is_some_and(is_on);
    if EACH.iter().any(|it| was(it) && !is(it)) {
        FieldEffect::Gain("S3 no longer blocks public access to the bucket in every way")
    } else if EACH.iter().any(|it| !was(it) && is(it)) {
        FieldEffect::Loss
    } else {
        FieldEffect::None
    }
}

/// Judges the object ownership. `BucketOwnerEnforced` alone turns ACLs off; with `ObjectWriter` the
/// account that uploads an object owns it ("Controlling ownership of objects").
pub(super) fn ownership(change: &JudgedChange<'_>) -> FieldEffect {
    let freedom = |value: &Value| match value.as_str() {
        Some("BucketOwnerEnforced") => 0,
        Some("BucketOwnerPreferred") => 1,
        _ => 2,
    };
    let (before, after) = (change.before.map_or(0, freedom), freedom(change.after));
    match after.cmp(&before) {
        std::cmp::Ordering::Greater => FieldEffect::Gain(
            "ACLs, or the accounts that upload objects, may give others access to them",
        ),
        std::cmp::Ordering::Less => FieldEffect::Loss,
        std::cmp::Ordering::Equal => FieldEffect::None,
    }
}

/// Judges the lifecycle: its rules delete and move objects, and give nobody access to them.
pub(super) fn lifecycle(_change: &JudgedChange<'_>) -> FieldEffect {
    FieldEffect::Loss
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind::FieldJudge;

    fn effect(judge: FieldJudge, [before, after]: [Option<Value>; 2]) -> &'static str {
        let (account, after) = ("123456789012", after.unwrap());
        let change = JudgedChange { before: before.as_ref(), after: &after, account };
        match judge(&change) {
            FieldEffect::None => "none",
            FieldEffect::Loss => "loss",
            FieldEffect::Gain(_) => "gain",
        }
    }

    #[test]
    fn a_kms_key_narrows_unless_another_account_or_another_key_decides() {
        let with = |algorithm: &str, kms_key: Option<&str>| json!({"algorithm": algorithm, "kms_key": kms_key, "bucket_key": false});
        let key = |account: &str| format!("arn:aws:kms:us-east-1:{account}:key/1");
        let (own, foreign) = (key("123456789012"), key("666666666666"));
        let plain = with("AES256", None);
        let of = |before: Value, after: Value| effect(encryption, [Some(before), Some(after)]);
        assert_eq!(of(plain.clone(), with("aws:kms", Some(&own))), "loss");
        assert_eq!(of(plain.clone(), with("aws:kms", Some("alias/data"))), "loss");
        assert_eq!(of(plain.clone(), with("aws:kms", Some(&foreign))), "gain");
        assert_eq!(of(with("aws:kms", Some(&own)), with("aws:kms", None)), "gain");
        assert_eq!(of(with("aws:kms", None), plain.clone()), "gain");
        let cheaper = json!({"algorithm": "aws:kms", "kms_key": null, "bucket_key": true});
        assert_eq!(of(with("aws:kms", None), cheaper), "none");
        assert_eq!(effect(encryption, [None, Some(plain)]), "none");
        assert_eq!(effect(encryption, [None, Some(with("aws:kms", Some(&foreign)))]), "gain");
    }

    #[test]
    fn a_block_that_goes_and_acls_that_come_widen_also_on_a_new_bucket() {
        let block = |acls: bool, policy: bool| {
            json!({"block_public_acls": acls, "ignore_public_acls": acls,
                "block_public_policy": policy, "restrict_public_buckets": policy})
        };
        let of = |before: Option<Value>, after: Value| {
            effect(public_access_block, [before, Some(after)])
        };
        assert_eq!(of(Some(block(true, true)), block(true, false)), "gain");
        assert_eq!(of(Some(block(true, false)), block(false, true)), "gain");
        assert_eq!(of(Some(block(false, false)), block(true, true)), "loss");
        assert_eq!(of(None, block(true, true)), "none");
        assert_eq!(of(None, block(false, true)), "gain");
        let of = |before: Option<&str>, after: &str| {
            effect(ownership, [before.map(|it| json!(it)), Some(json!(after))])
        };
        assert_eq!(of(Some("BucketOwnerEnforced"), "ObjectWriter"), "gain");
        assert_eq!(of(Some("BucketOwnerPreferred"), "ObjectWriter"), "gain");
        assert_eq!(of(Some("ObjectWriter"), "BucketOwnerEnforced"), "loss");
        assert_eq!(of(None, "BucketOwnerEnforced"), "none");
        assert_eq!(of(None, "BucketOwnerPreferred"), "gain");
    }

    #[test]
    fn versioning_that_ends_and_another_region_widen_and_a_lifecycle_deletes() {
        assert_eq!(effect(versioning, [Some(json!(true)), Some(json!(false))]), "gain");
        assert_eq!(effect(versioning, [Some(json!(false)), Some(json!(true))]), "none");
        assert_eq!(effect(region, [Some(json!("us-east-1")), Some(json!("eu-west-1"))]), "gain");
        assert_eq!(effect(region, [None, Some(json!("eu-west-1"))]), "none");
        assert_eq!(
            effect(lifecycle, [Some(json!([])), Some(json!([{"expiration_days": 1}]))]),
            "loss"
        );
    }
}
