//! Equivalence of documents: two documents are equivalent if AWS does the same with both.

use crate::Value;

use super::canonical::canonical;
use super::{fold, layout};

/// Returns a value that is equal for two documents exactly when AWS does the same with both.
pub fn comparison_key(document: &Value) -> Value {
    let mut canonical = canonical(document);
    let Some(statements) = layout::statement_objects(&canonical) else { return canonical };
    let mut folded: Vec<_> = statements.into_iter().map(fold::statement).collect();
    folded.sort_by_cached_key(Value::to_string);
    folded.dedup();
    canonical[layout::STATEMENT] = folded.into();
    canonical
}

/// Returns true if AWS does the same with both documents.
///
/// ```
/// use iam_policy::{equivalent, parse};
///
/// let one = parse(
///     r#"{"Statement": {"Effect": "Allow", "Action": "S3:getobject", "Principal": "*"}}"#,
/// )?;
/// let other = parse(
///     r#"{"Statement": [
///         {"Effect": "Allow", "Action": ["s3:GetObject"], "Principal": {"AWS": "*"}}]}"#,
/// )?;
/// assert!(equivalent(&one, &other));
/// # Ok::<(), iam_policy::SyntaxError>(())
/// ```
pub fn equivalent(one: &Value, other: &Value) -> bool {
    comparison_key(one) == comparison_key(other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(statement: &Value) -> Value {
        json!({"Version": "2012-10-17", "Statement": statement})
    }

    #[test]
    fn spellings_of_one_meaning_are_equivalent() {
        let pairs = [
            (
                json!({"Action": "s3:GetObject"}),
                json!([{"Action": ["S3:getobject", "s3:GetObject"]}]),
            ),
            (json!({"Principal": "*"}), json!({"Principal": {"AWS": ["*"]}})),
            (json!({"Sid": "", "Effect": "Allow"}), json!({"Effect": "Allow"})),
            (
                json!({"Condition": {"StringEquals": {"aws:SourceIp": ["b", "a"]}}}),
                json!({"Condition": {"StringEquals": {"AWS:SourceIP": ["a", "b", "a"]}}}),
            ),
            (json!([{"Action": "a:b"}, {"Action": "A:B"}]), json!({"Action": "a:b"})),
            (
                json!([{"Action": "a:b"}, {"Action": "b:c"}]),
                json!([{"Action": "b:c"}, {"Action": "a:b"}]),
            ),
        ];
        for (one, other) in pairs {
            assert!(equivalent(&document(&one), &document(&other)), "{one} and {other}");
        }
    }

    /// AWS refuses these documents; each has one meaning all the same.
    #[test]
    fn what_aws_refuses_is_compared_all_the_same() {
        let user = "arn:aws:iam::123456789012:user/ada";
        let pairs = [
            (json!({"Effect": "allow"}), json!({"Effect": "Allow"}), true),
            (json!({"Effect": "DENY"}), json!({"Effect": "Deny"}), true),
            (json!({"Effect": "allow"}), json!({"Effect": "Deny"}), false),
            (json!({"Effect": "Allowed"}), json!({"Effect": "Allow"}), false),
            (json!({"Principal": user}), json!({"Principal": [user]}), true),
            (json!({"Principal": ["b", "a"]}), json!({"Principal": ["a", "b", "a"]}), true),
            (json!({"Principal": ["*"]}), json!({"Principal": "*"}), true),
            (json!({"Principal": user}), json!({"Principal": {"AWS": user}}), false),
            (json!({"Principal": user}), json!({"NotPrincipal": user}), false),
        ];
        for (one, other, expected) in pairs {
            assert_eq!(
                equivalent(&document(&one), &document(&other)),
                expected,
                "{one} and {other}"
            );
        }
        let both = json!({"Action": "a:b", "NotAction": "c:d"});
        assert!(equivalent(&document(&both), &document(&both)));
        for other in [json!({"Action": "a:b"}), json!({"NotAction": "c:d"}), json!([])] {
            assert!(!equivalent(&document(&both), &document(&other)), "{other}");
        }
    }

    /// One pair for each difference that AWS ignores, and nothing else.
    #[test]
    fn what_makes_no_difference_to_aws() {
        let statement = |element: &str, value: &Value| {
            let mut statement =
                json!({"Effect": "Allow", "Action": ["a:b", "c:d"], "Resource": ["r:1", "r:2"]});
            statement[element] = value.clone();
            statement
        };
        let one = |element: &str, value: &Value| document(&statement(element, value));
        let account =
            |partition: &str| json!({"AWS": format!("arn:{partition}:iam::123456789012:root")});
        let tests =
            |value: Value| one("Condition", &json!({"Bool": {"aws:SecureTransport": value}}));
        let without = document(
            &json!({"Effect": "Allow", "Action": ["a:b", "c:d"], "Resource": ["r:1", "r:2"]}),
        );
        let pairs = [
            ("order of values", one("Action", &json!(["c:d", "a:b"])), without.clone()),
            ("order of values", one("Resource", &json!(["r:2", "r:1"])), without.clone()),
            ("string or list", one("Action", &json!("a:b")), one("Action", &json!(["a:b"]))),
            (
                "string or list",
                one("NotResource", &json!("r:1")),
                one("NotResource", &json!(["r:1"])),
            ),
            (
                "object or list",
                document(&statement("Sid", &json!("S"))),
                document(&json!([statement("Sid", &json!("S"))])),
            ),
            (
                "account or root",
                one("Principal", &json!({"AWS": "123456789012"})),
                one("Principal", &account("aws")),
            ),
            (
                "any partition",
                one("Principal", &account("aws-us-gov")),
                one("Principal", &account("aws-cn")),
            ),
            ("true or \"true\"", tests(json!(true)), tests(json!("true"))),
            ("true or \"true\"", tests(json!([false])), tests(json!("false"))),
            ("empty principals", one("Principal", &json!({})), without.clone()),
            ("empty principals", one("NotPrincipal", &json!({"AWS": []})), without.clone()),
            ("a repeated value", one("Action", &json!(["a:b", "c:d", "a:b"])), without.clone()),
            ("the case of an action", one("Action", &json!(["A:B", "C:d"])), without.clone()),
        ];
        for (clause, one, other) in pairs {
            assert!(equivalent(&one, &other), "{clause}: {one} and {other}");
        }
        let order = |first: &Value, second: &Value| document(&json!([first, second]));
        let (a, b) = (statement("Sid", &json!("A")), statement("Sid", &json!("B")));
        assert!(equivalent(&order(&a, &b), &order(&b, &a)), "order of statements");
        let keys = |text: &str| crate::parse(text).unwrap();
        assert!(
            equivalent(
                &keys(r#"{"Statement":[],"Id":"x"}"#),
                &keys(r#"{"Id":"x","Statement":[]}"#)
            ),
            "order of keys"
        );
    }

    #[test]
    fn what_compares_exactly() {
        let with = |element: &str, value: Value| {
            let mut one = json!({"Version": "2012-10-17", "Id": "i", "Statement": {"Sid": "S", "Action": "a:b"}});
            *one.pointer_mut(element).unwrap() = value;
            one
        };
        for (element, value, other) in [
            ("/Version", "2012-10-17", "2008-10-17"),
            ("/Id", "i", "I"),
            ("/Statement/Sid", "S", "s"),
            ("/Statement/Sid", "S", "S "),
        ] {
            assert!(equivalent(&with(element, json!(value)), &with(element, json!(value))));
            assert!(
                !equivalent(&with(element, json!(value)), &with(element, json!(other))),
                "{element}"
            );
        }
    }

    #[test]
    fn different_meanings_are_not() {
        let pairs = [
            (json!({"Action": "a:b"}), json!({"NotAction": "a:b"})),
            (json!({"Resource": "a"}), json!({"Resource": "A"})),
            (json!({"Sid": "A"}), json!({"Sid": "a"})),
            (json!({"Principal": "*"}), json!({"Principal": {"Service": "*"}})),
            (json!({"Principal": {"AWS": "*"}}), json!({"NotPrincipal": {"AWS": "*"}})),
            (
                json!({"Condition": {"StringEquals": {"aws:username": "a"}}}),
                json!({"Condition": {"StringEquals": {"aws:username": "A"}}}),
            ),
            (
                json!({"Condition": {"StringEquals": {"aws:username": "a"}}}),
                json!({"Condition": {"StringLike": {"aws:username": "a"}}}),
            ),
            (json!({"Effect": "Allow"}), json!({"Effect": "Deny"})),
        ];
        for (one, other) in pairs {
            assert!(!equivalent(&document(&one), &document(&other)), "{one} and {other}");
        }
        assert!(!equivalent(
            &json!({"Version": "2012-10-17", "Statement": []}),
            &json!({"Statement": []})
        ));
        assert!(!equivalent(
            &json!({"Id": "a", "Statement": []}),
            &json!({"Id": "b", "Statement": []})
        ));
    }
}
