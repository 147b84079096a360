//! Bucket policies: S3's checks besides the grammar.

use crate::call::BucketRef;
use crate::policy::{Usage, is_public, statements};
use crate::value::Value;

use super::account::Account;
use super::order::ListOrder;
use super::refusal::{Refusal, SandboxResult};
use super::{document_principals, documents, limits};

pub(super) fn read(account: &Account, at: &BucketRef, order: ListOrder) -> SandboxResult<Value> {
    let policy = account.bucket_at(at)?.policy.as_ref();
    let policy = policy
        .ok_or_else(|| Refusal::unset("NoSuchBucketPolicy", "The bucket policy does not exist"))?;
    Ok(order.document(&document_principals::replace_ids_by_arns(account, policy)))
}

pub(super) fn put_bucket_policy(
    account: &mut Account,
    at: &BucketRef,
    document: &Value,
) -> SandboxResult<()> {
    let bucket = account.bucket_at(at)?;
    limits::bucket_policy(document)?;
    documents::check(document, Usage::Bucket, &account.partition)?;
    if !statements(document).all(|(_, statement)| concerns(statement, account, &at.name)) {
        return Err(malformed("Policy has invalid resource"));
    }
    let kept = document_principals::replace_arns_by_ids(account, document)
        .map_err(|_| malformed("Invalid principal in policy"))?;
    if bucket.public_access_block.block_public_policy && is_public(document) {
        return Err(Refusal::denied(format!(
            "User: {} is not authorized to perform: s3:PutBucketPolicy on resource: \
                \"arn:{}:s3:::{}\" because public policies are blocked by the BlockPublicPolicy \
                block public access setting.",
            account.caller().arn,
            account.partition,
            at.name
        )));
    }
    account.bucket_at_mut(at)?.policy = Some(kept.into());
    Ok(())
}

fn malformed(message: &str) -> Refusal {
    Refusal::invalid("MalformedPolicy", message)
}

/// Returns the values of a list, or a single value as a list.
fn items(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |items| items.iter().collect())
}

/// Returns true if the statement names only this bucket and its objects: a bucket policy can name
/// nothing else.
fn concerns(statement: &Value, account: &Account, bucket: &str) -> bool {
    let arn = format!("arn:{}:s3:::{bucket}", account.partition);
    let resources = statement
        .get("Resource")
        .or_else(|| statement.get("NotResource"))
        .map(items)
        .unwrap_or_default();
    resources.into_iter().filter_map(Value::as_str).all(|resource| {
        match resource.strip_prefix(&arn) {
            Some(rest) => rest.is_empty() || rest.starts_with('/'),
            None => resource == "*",
        }
    })
}
