//! Bucket policies: what S3 checks on top of the grammar, and whether one is public.

use crate::call::BucketRef;
use crate::policy::Usage;
use crate::value::Value;

use super::account::Account;
use super::order::Order;
use super::refusal::{Outcome, Refusal};
use super::{buckets, documents, limits, principals};

/// Condition keys that keep a policy for everybody from being public, if their values are fixed.
const NARROWING: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
];

pub(super) fn read(account: &Account, at: &BucketRef, order: Order) -> Outcome<Value> {
    let policy = account.bucket_at(at)?.policy.as_ref();
    let policy = policy.ok_or_else(|| buckets::unset("NoSuchBucketPolicy", "The bucket policy does not exist"))?;
    Ok(order.document(&principals::seen(account, policy)))
}

pub(super) fn put(account: &mut Account, at: &BucketRef, document: &Value) -> Outcome<()> {
    let bucket = account.bucket_at(at)?;
    limits::bucket_policy(document)?;
    documents::check(document, Usage::Bucket)?;
    if !statements(document).iter().all(|statement| concerns(statement, account, &at.name)) {
        return Err(malformed("Policy has invalid resource"));
    }
    let kept = principals::kept(account, document).map_err(|_| malformed("Invalid principal in policy"))?;
    if bucket.public_access_block.block_public_policy && is_public(document) {
        return Err(Refusal::denied(format!(
            "User: {} is not authorized to perform: s3:PutBucketPolicy on resource: \"arn:{}:s3:::{}\" because public \
             policies are blocked by the BlockPublicPolicy block public access setting.",
            account.caller().arn,
            account.partition,
            at.name
        )));
    }
    account.bucket_at_mut(at)?.policy = Some(kept);
    Ok(())
}

fn malformed(message: &str) -> Refusal {
    Refusal::invalid("MalformedPolicy", message)
}

fn statements(document: &Value) -> Vec<&Value> {
    match document.get("Statement") {
        Some(statements) => items(statements),
        None => Vec::new(),
    }
}

/// One value or a list of them.
fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        single => vec![single],
    }
}

/// A bucket's policy can name this bucket and what is in it, nothing else.
fn concerns(statement: &Value, account: &Account, bucket: &str) -> bool {
    let arn = format!("arn:{}:s3:::{bucket}", account.partition);
    let resources = statement.get("Resource").or_else(|| statement.get("NotResource")).map(items).unwrap_or_default();
    resources.into_iter().filter_map(Value::as_str).all(|resource| match resource.strip_prefix(&arn) {
        Some(rest) => rest.is_empty() || rest.starts_with('/'),
        None => resource == "*",
    })
}

/// S3's meaning of "public": it allows everybody something, and no condition narrows who that is.
fn is_public(document: &Value) -> bool {
    statements(document).into_iter().any(|statement| {
        statement.get("Effect").and_then(Value::as_str) == Some("Allow") && everybody(statement) && !narrowed(statement)
    })
}

fn everybody(statement: &Value) -> bool {
    let star = |value: &Value| value.as_str() == Some("*");
    match statement.get("Principal") {
        Some(Value::Object(kinds)) => kinds.get("AWS").is_some_and(|list| items(list).into_iter().any(star)),
        Some(principal) => star(principal),
        None => statement.get("NotPrincipal").is_some(),
    }
}

fn narrowed(statement: &Value) -> bool {
    let operators = statement.get("Condition").and_then(Value::as_object);
    operators.into_iter().flatten().any(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        narrows(operator)
            && keys.into_iter().any(|(key, values)| narrowing(key) && items(values).into_iter().all(fixed))
    })
}

/// A negated operator, or one that also holds where the key is missing, leaves the world in.
fn narrows(operator: &str) -> bool {
    let operator = operator.to_ascii_lowercase();
    !(operator.contains("not")
        || operator.ends_with("ifexists")
        || operator.starts_with("forallvalues")
        || operator == "null")
}

fn narrowing(key: &str) -> bool {
    NARROWING.contains(&key.to_ascii_lowercase().as_str())
}

/// No wild card, no variable, not the whole internet.
fn fixed(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.contains(['*', '?', '$']) && !text.ends_with("/0"))
}
