use serde_json::{Value, json};

use crate::statement::Policy;

use super::*;

/// The values of a key in the request; `None` if the request doesn't have the key.
type Found<'a> = Option<&'a [&'a str]>;

fn test_of(operator: &str, values: &Value) -> ConditionTest {
    let document = json!({"Statement": {"Effect": "Allow", "Action": "*", "Condition": {operator: {"x:Key": values}}}});
    Policy::compile("p", &document).unwrap().statements.remove(0).conditions.remove(0)
}

fn context(found: Found<'_>) -> Context {
    let mut context = Context::default();
    context.set("aws:username", vec!["bob".to_owned()]);
    context.set("aws:TagKeys", vec!["a".to_owned(), "b".to_owned()]);
    if let Some(values) = found {
        context.set("X:kEY", values.iter().map(ToString::to_string).collect());
    }
    context
}

#[track_caller]
fn check(operator: &str, values: &Value, found: Found<'_>, expected: bool) {
    let held = holds(&test_of(operator, values), &context(found), true);
    assert_eq!(held, expected, "{operator} {values} on {found:?}");
}

/// Checks the operator and, if there is one, its negation. An entry of the table is (policy's
/// value, request's value, result of the operator).
#[track_caller]
fn check_all(operator: &str, negation: &str, table: &[(&str, &str, bool)]) {
    for (wanted, found, expected) in table {
        check(operator, &json!(wanted), Some(&[found]), *expected);
        if !negation.is_empty() {
            check(negation, &json!(wanted), Some(&[found]), !*expected);
        }
    }
}

#[test]
fn texts_are_equal_with_and_without_case() {
    check_all(
        "StringEquals",
        "StringNotEquals",
        &[
            ("a", "a", true),
            ("a", "A", false),
            ("a*", "ab", false),
            ("a*", "a*", true),
            ("${aws:username}", "bob", true),
            ("${aws:username}", "${aws:username}", false),
            ("home/${aws:username}/${*}", "home/bob/*", true),
            ("", "", true),
        ],
    );
    check_all(
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        &[
            ("a", "A", true),
            ("É", "é", true),
            ("a", "b", false),
            ("${aws:username}", "BOB", true),
            ("a*", "AB", false),
        ],
    );
}

#[test]
fn texts_match_wildcards() {
    check_all(
        "StringLike",
        "StringNotLike",
        &[
            ("a*", "abc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("A*", "abc", false),
            ("*", "", true),
            ("*:*", "a:b:c", true),
            ("${aws:username}/*", "bob/x", true),
            ("${*}", "x", false),
            ("${*}", "*", true),
            ("repo:org/*:ref:refs/heads/main", "repo:org/a/b:ref:refs/heads/main", true),
        ],
    );
}

#[test]
fn numbers_compare_as_numbers() {
    check_all(
        "NumericEquals",
        "NumericNotEquals",
        &[("10", "10.0", true), ("10", "9", false), ("10", "ten", false)],
    );
    check_all(
        "NumericLessThan",
        "",
        &[("10", "9", true), ("10", "10", false), ("0.3", "0.29", true), ("x", "1", false)],
    );
    check_all(
        "NumericLessThanEquals",
        "",
        &[("10", "10", true), ("10", "10.01", false), ("-1", "-2", true)],
    );
    check_all(
        "NumericGreaterThan",
        "",
        &[("9", "10", true), ("10", "10", false), ("10", "abc", false)],
    );
    check_all("NumericGreaterThanEquals", "", &[("10", "10", true), ("10", "9.99", false)]);
    // JSON numbers are read as they are written.
    check("NumericEquals", &json!(10), Some(&["10"]), true);
    check("NumericLessThan", &json!([1, 20]), Some(&["10"]), true);
    check("NumericLessThan", &json!("${aws:username}"), Some(&["1"]), false);
}

#[test]
fn dates_compare_as_moments() {
    let noon = "2024-07-01T12:00:00Z";
    check_all(
        "DateEquals",
        "DateNotEquals",
        &[
            (noon, "2024-07-01T14:00:00+02:00", true),
            (noon, "1719835200", true),
            (noon, "soon", false),
        ],
    );
    check_all(
        "DateLessThan",
        "",
        &[(noon, "2024-07-01", true), (noon, noon, false), ("soon", noon, false)],
    );
    check_all(
        "DateLessThanEquals",
        "",
        &[(noon, noon, true), (noon, "2024-07-01T12:00:01Z", false)],
    );
    check_all("DateGreaterThan", "", &[(noon, "2024-07-02", true), (noon, noon, false)]);
    check_all("DateGreaterThanEquals", "", &[(noon, noon, true), (noon, "1719835199", false)]);
}

#[test]
fn booleans_and_bytes() {
    check_all(
        "Bool",
        "",
        &[
            ("true", "true", true),
            ("true", "TRUE", true),
            ("false", "true", false),
            ("yes", "yes", false),
        ],
    );
    check("Bool", &json!(true), Some(&["true"]), true);
    check("Bool", &json!([true, false]), Some(&["false"]), true);
    check_all(
        "BinaryEquals",
        "",
        &[
            ("QmluYXJ5", "QmluYXJ5", true),
            ("QmluYXJ5", "QmluYXJ6", false),
            ("no base64", "no base64", false),
        ],
    );
}

#[test]
fn addresses_are_in_networks() {
    check_all(
        "IpAddress",
        "NotIpAddress",
        &[
            ("203.0.113.0/24", "203.0.113.7", true),
            ("203.0.113.9/24", "203.0.113.7", true),
            ("203.0.113.0/24", "203.0.114.7", false),
            ("203.0.113.7", "203.0.113.7", true),
            ("203.0.113.7/32", "203.0.113.7", true),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:DB8:0:0::/32", "2001:db8::1", true),
            ("2001:db8::1", "2001:0db8:0000::0001", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "10.0.0.1", false),
            ("10.0.0.0/33", "10.0.0.1", false),
            ("10.0.0.0/8", "10.0.0", false),
            ("10.0.0.*", "10.0.0.1", false),
        ],
    );
}

#[test]
fn arns_match_part_by_part() {
    let topic = "arn:aws:sns:us-east-1:123456789012:topic:x";
    let table = [
        (topic, topic, true),
        ("arn:aws:sns:*:123456789012:*", topic, true),
        ("arn:aws:sns:us-east-?:*:topic:*", topic, true),
        ("arn:*:topic:x", topic, false),
        ("arn:aws:sns:us-east-1:*", topic, false),
        ("arn:aws:sns:*", topic, false),
        ("*", topic, false),
        ("arn:aws:sns:US-EAST-1:123456789012:topic:x", topic, false),
        ("arn:aws:s3:::bucket/${aws:username}/*", "arn:aws:s3:::bucket/bob/x", true),
        ("arn:aws:s3:::*", "bucket", false),
    ];
    // "ArnEquals and ArnLike behave identically."
    check_all("ArnLike", "ArnNotLike", &table);
    check_all("ArnEquals", "ArnNotEquals", &table);
}

#[test]
fn null_asks_whether_the_key_is_missing() {
    check("Null", &json!("true"), None, true);
    check("Null", &json!("true"), Some(&["a"]), false);
    check("Null", &json!(false), None, false);
    check("Null", &json!("False"), Some(&["a"]), true);
    check("Null", &json!(["true", "false"]), Some(&["a"]), true);
    check("Null", &json!("true"), Some(&[]), true);
    check("Null", &json!("maybe"), None, false);
}

#[test]
fn a_missing_key_fails_positive_tests_and_passes_negated_ones() {
    for operator in COMPARED {
        let negated = operator.contains("Not");
        for found in [None, Some(&[][..])] {
            check(operator, &json!("1"), found, negated);
            check(&format!("{operator}IfExists"), &json!("1"), found, true);
            check(&format!("ForAllValues:{operator}"), &json!("1"), found, true);
            check(&format!("ForAnyValue:{operator}"), &json!("1"), found, false);
            check(&format!("ForAllValues:{operator}IfExists"), &json!("1"), found, true);
            check(&format!("ForAnyValue:{operator}IfExists"), &json!("1"), found, true);
        }
    }
}

/// The names of all operators but Null.
const COMPARED: [&str; 26] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
];

#[test]
fn unreadable_values_never_match() {
    for operator in COMPARED.iter().filter(|operator| !operator.starts_with("String")) {
        let negated = operator.contains("Not");
        check(operator, &json!("unreadable"), Some(&["unreadable"]), negated);
        check(operator, &json!([]), Some(&["1"]), negated);
    }
}

#[test]
fn if_exists_tests_the_key_that_exists() {
    check("StringEqualsIfExists", &json!("a"), Some(&["a"]), true);
    check("StringEqualsIfExists", &json!("a"), Some(&["b"]), false);
    check("StringNotEqualsIfExists", &json!("a"), Some(&["a"]), false);
    check("BoolIfExists", &json!("false"), Some(&["true"]), false);
}

#[test]
fn several_values_are_an_or_and_for_negated_operators_a_nor() {
    let values = json!(["a", "b"]);
    for (found, equals) in [("a", true), ("b", true), ("c", false)] {
        check("StringEquals", &values, Some(&[found]), equals);
        check("StringNotEquals", &values, Some(&[found]), !equals);
    }
    check("StringEquals", &json!([]), Some(&["a"]), false);
    check("StringNotEquals", &json!([]), Some(&["a"]), true);
}

#[test]
fn sets_of_values() {
    let wanted = json!(["a", "b"]);
    // The request's values; ForAllValues and ForAnyValue of StringEquals, then of StringNotEquals.
    let table: [(&[&str], [bool; 4]); 7] = [
        (&["a"], [true, true, false, false]),
        (&["a", "b"], [true, true, false, false]),
        (&["a", "c"], [false, true, false, true]),
        (&["c"], [false, false, true, true]),
        (&["c", "d"], [false, false, true, true]),
        // "a null data set, such as an empty string"
        (&[""], [true, false, true, false]),
        (&[], [true, false, true, false]),
    ];
    let operators = [
        "ForAllValues:StringEquals",
        "ForAnyValue:StringEquals",
        "ForAllValues:StringNotEquals",
        "ForAnyValue:StringNotEquals",
    ];
    for (found, expected) in table {
        for (operator, expected) in operators.iter().zip(expected) {
            check(operator, &wanted, Some(found), expected);
        }
    }
    check("ForAnyValue:StringLike", &json!("x*"), Some(&["a", "xy"]), true);
    check("ForAllValues:StringLike", &json!("x*"), Some(&["a", "xy"]), false);
}

#[test]
fn many_values_without_a_quantifier_are_taken_as_any() {
    check("StringEquals", &json!("a"), Some(&["a", "b"]), true);
    check("StringNotEquals", &json!("a"), Some(&["a", "b"]), false);
    check("StringNotEquals", &json!("a"), Some(&["b", "c"]), true);
}

#[test]
fn a_variable_without_a_value_equals_nothing() {
    // IAM User Guide, "Policy variables with no value".
    for (positive, negated) in
        [("StringEquals", "StringNotEquals"), ("StringLike", "StringNotLike")]
    {
        for missing in ["${aws:PrincipalTag/Team}", "${aws:TagKeys}"] {
            check(positive, &json!(missing), Some(&["a"]), false);
            check(negated, &json!(missing), Some(&["a"]), true);
            check(positive, &json!([missing, "a"]), Some(&["a"]), true);
        }
        check(positive, &json!("${aws:PrincipalTag/Team, 'a'}"), Some(&["a"]), true);
    }
    check(
        "ArnLike",
        &json!("arn:aws:s3:::${aws:PrincipalTag/Team}"),
        Some(&["arn:aws:s3:::x"]),
        false,
    );
}

#[test]
fn without_variables_their_text_is_text() {
    let held = |found: &str| {
        holds(&test_of("StringEquals", &json!("${aws:username}")), &context(Some(&[found])), false)
    };
    assert!(held("${aws:username}"));
    assert!(!held("bob"));
}
