//! S3's rule for public bucket policies ("The meaning of public", Amazon S3 User Guide).

use ipnet::IpNet;

use crate::Value;
use crate::canonical::is_account;
use crate::condition::network;
use crate::layout::{StatementPointer, statements};

/// The condition keys that keep a policy for everybody from being public, if their values are
/// fixed.
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

/// The key whose values may have a wildcard after the account id.
const ACCESS_POINT: &str = "s3:dataaccesspointarn";

/// Returns true if a bucket policy is public by S3's meaning: it allows everybody something, and no
/// condition narrows the callers.
pub fn is_public(document: &Value) -> bool {
    public_statement(document).is_some()
}

/// Returns the first statement that makes a bucket policy public.
pub fn public_statement(document: &Value) -> Option<StatementPointer> {
    let mut open = statements(document).filter(|(_, statement)| {
        statement.get("Effect").and_then(Value::as_str) == Some("Allow")
            && everybody(statement)
            && !narrowed(statement)
    });
    open.next().map(|(pointer, _)| pointer)
}

fn everybody(statement: &Value) -> bool {
    let star = |value: &Value| value.as_str() == Some("*");
    match statement.get("Principal") {
        Some(Value::Object(kinds)) => {
            kinds.get("AWS").is_some_and(|list| items(list).into_iter().any(star))
        }
        Some(principal) => star(principal),
        None => statement.get("NotPrincipal").is_some(),
    }
}

fn narrowed(statement: &Value) -> bool {
    let operators = statement.get("Condition").and_then(Value::as_object);
    operators.into_iter().flatten().any(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        narrows(operator)
            && keys.into_iter().any(|(key, values)| {
                narrowing(key) && items(values).iter().all(|it| fixed(key, it))
            })
    })
}

/// Tells if an operator narrows the callers. A negated operator doesn't, nor one that also holds
/// where the key is missing.
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

/// Tells if a value of a key is fixed: no wildcard, no variable, no large part of the internet. In
/// the ARN of an access point, S3 asks only that the account id is fixed.
fn fixed(key: &str, value: &Value) -> bool {
    let Some(text) = value.as_str() else { return false };
    if key.eq_ignore_ascii_case("aws:SourceIp") {
        return network(text).is_some_and(|network| !is_broad(network));
    }
    if key.eq_ignore_ascii_case(ACCESS_POINT) {
        return text.split(':').nth(4).is_some_and(is_account);
    }
    !text.contains(['*', '?', '$'])
}

/// Tells if a network is one of those that S3 takes for public: "broader than /8 for IPv4 and /32
/// for IPv6 (excluding RFC1918 private ranges)".
fn is_broad(network: IpNet) -> bool {
    match network {
        IpNet::V4(network) => network.prefix_len() < 8,
        IpNet::V6(network) => network.prefix_len() < 32,
    }
}

/// Returns one value or the values of a list.
fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        single => vec![single],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_for_everybody_is_public_unless_a_fixed_value_narrows_it() {
        let with = |principal: &Value, condition: &Value| {
            json!({"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "*",
                "Condition": condition}]})
        };
        let (everybody, none) = (json!("*"), json!({}));
        assert!(is_public(&with(&everybody, &none)));
        assert!(is_public(&with(&json!({"AWS": ["*"]}), &none)));
        assert!(!is_public(&with(&json!({"AWS": "arn:aws:iam::111122223333:root"}), &none)));
        assert!(!is_public(&with(
            &everybody,
            &json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}})
        )));
        assert!(is_public(&with(&everybody, &json!({"StringLike": {"aws:SourceVpce": "vpce-*"}}))));
        assert!(is_public(&with(
            &everybody,
            &json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}})
        )));
        let from = |network: &str| {
            is_public(&with(&everybody, &json!({"IpAddress": {"aws:SourceIp": network}})))
        };
        for broad in ["0.0.0.0/0", "0.0.0.0/1", "64.0.0.0/7", "::/0", "2000::/3", "2001::/31"] {
            assert!(from(broad), "{broad}");
        }
        for narrow in ["10.0.0.0/8", "203.0.113.7", "2001:db8::/32"] {
            assert!(!from(narrow), "{narrow}");
        }
        assert!(is_public(&with(&everybody, &json!({"Bool": {"aws:SecureTransport": "true"}}))));
        let through = |arn: &str| {
            is_public(&with(&everybody, &json!({"ArnLike": {"s3:DataAccessPointArn": arn}})))
        };
        assert!(!through("arn:aws:s3:eu-west-1:123456789012:accesspoint/*"));
        for open in ["*", "arn:aws:s3:eu-west-1:*:accesspoint/*", "arn:aws:s3:*:accesspoint/x"] {
            assert!(through(open), "{open}");
        }
        let deny = json!({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}});
        assert!(!is_public(&deny));
    }
}
