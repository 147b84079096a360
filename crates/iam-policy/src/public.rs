//! S3's rule for public bucket policies ("The meaning of public", Amazon S3 User Guide).

use crate::Value;
use crate::callers::{Callers, callers};
use crate::layout::{StatementPointer, statements};
use crate::statement::{Effect, Policy, PrincipalType, Statement};

/// Returns true if a bucket policy is public by S3's meaning: it allows everybody something, and no
/// condition narrows the callers to fixed ones. A document that can't be read isn't public:
/// validation refuses it.
pub fn is_public(document: &Value) -> bool {
    public_statement(document).is_some()
}

/// Returns the first statement that makes a bucket policy public.
pub fn public_statement(document: &Value) -> Option<StatementPointer> {
    let policy = Policy::compile("", document).ok()?;
    let mut open = statements(document).zip(&policy.statements).filter(|(_, statement)| {
        statement.effect == Effect::Allow
            && is_for_everybody(statement)
            && callers(&statement.conditions) != Callers::Fixed
    });
    open.next().map(|((pointer, _), _)| pointer)
}

fn is_for_everybody(statement: &Statement) -> bool {
    let everyone = |(kind, _): &(PrincipalType, String)| *kind == PrincipalType::Everyone;
    statement.principals.as_ref().is_some_and(|it| it.not || it.names.iter().any(everyone))
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
