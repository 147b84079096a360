//! Relations of conditions that are proved by their form.

use std::rc::Rc;

use serde_json::json;

use crate::Value;
use crate::request::Caller;
use crate::statement::{ConditionTest, Policy};

use super::caller_keys::CallerKeys;
use super::formula::{Atom, Atoms, Formula};
use super::sat_solver::SatSolver;
use super::value_class::ClassCache;

fn tests(condition: &Value) -> Vec<ConditionTest> {
    let statement = json!({"Effect": "Allow", "Action": "*", "Condition": condition});
    let document = json!({"Version": "2012-10-17", "Statement": statement});
    Policy::compile("p", &document).unwrap().statements.remove(0).conditions
}

/// Tells if the second condition holds wherever the first does.
fn follows(one: &Value, other: &Value) -> bool {
    let mut atoms = Atoms::default();
    let (one, other) = (atoms.tests(&tests(one), true), atoms.tests(&tests(other), true));
    SatSolver::new(&atoms, &ClassCache::default()).possible(&one, Some(&other)) == Some(false)
}

#[test]
fn more_values_widen_a_positive_test_and_narrow_a_negated_one() {
    for (operator, values) in
        [("StringEquals", ["a", "b"]), ("StringLike", ["a*", "b"]), ("Bool", ["true", "false"])]
    {
        let (few, many) =
            (json!({operator: {"k:k": values[0]}}), json!({operator: {"K:k": values}}));
        assert!(follows(&few, &many) && !follows(&many, &few), "{operator}");
    }
    let (few, many) =
        (json!({"StringNotEquals": {"k:k": "a"}}), json!({"StringNotEquals": {"k:k": ["a", "b"]}}));
    assert!(follows(&many, &few) && !follows(&few, &many));
}

#[test]
fn spelling_is_no_difference() {
    let pairs = [
        (
            json!({"StringEquals": {"k:K": ["b", "a"]}}),
            json!({"stringEquals": {"K:k": ["a", "b", "a"]}}),
        ),
        (json!({"Null": {"k:k": [true, "TRUE"]}}), json!({"Null": {"K:K": "true"}})),
        (
            json!({"ForAnyValue:StringLikeIfExists": {"k:k": ["b", "a"]}}),
            json!({"ForAnyValue:StringLikeIfExists": {"K:k": ["a", "b", "b"]}}),
        ),
        (
            json!({"StringLike": {"k:k": "${aws:PrincipalTag/T}*"}}),
            json!({"StringLike": {"k:k": "${AWS:principaltag/t }*"}}),
        ),
    ];
    for (one, other) in pairs {
        assert!(follows(&one, &other) && follows(&other, &one), "{one} {other}");
    }
}

#[test]
fn a_test_and_its_negation_exclude_each_other() {
    let pairs = [
        ("StringEquals", "StringNotEquals"),
        ("StringLike", "StringNotLikeIfExists"),
        ("ArnEquals", "ArnNotLike"),
        ("IpAddress", "NotIpAddress"),
        ("ForAllValues:StringEquals", "ForAnyValue:StringNotEquals"),
        ("ForAnyValue:StringLike", "ForAllValues:StringNotLike"),
    ];
    for (one, other) in pairs {
        let value = "arn:aws:iam::1:role/x";
        let both = json!({one: {"k:k": value}, other: {"k:k": value}});
        assert!(follows(&both, &json!({"StringEquals": {"other:key": "never"}})), "{one}, {other}");
    }
}

#[test]
fn a_key_of_one_value_has_no_two() {
    let never = json!({"StringEquals": {"other:key": "never"}});
    let both = |key: &str| json!({"StringEquals": {key: ["a", "b"]}, "StringLike": {key: "c*"}});
    assert!(follows(&both("aws:PrincipalOrgID"), &never));
    assert!(follows(&both("AWS:principaltag/x"), &never));
    for key in ["aws:TagKeys", "aws:CalledVia", "unknown:key"] {
        assert!(!follows(&both(key), &never), "{key}");
    }
    let sets =
        |key: &str| json!({"ForAnyValue:StringEquals": {key: "a"}, "StringEquals": {key: "b"}});
    assert!(follows(&sets("aws:PrincipalOrgID"), &never));
    assert!(!follows(&sets("aws:TagKeys"), &never));
    let variable = json!({"StringEquals": {"aws:PrincipalOrgID": "${aws:username}"}, "StringLike": {"aws:PrincipalOrgID": "b"}});
    assert!(!follows(&variable, &never));
}

#[test]
fn what_is_always_there_is_not_missing() {
    let user = Caller::aws("arn:aws:iam::123456789012:user/ada");
    let mut atoms = Atoms::of_requests_of(Rc::new(CallerKeys::of_named(&user)));
    let mut exists = |key: &str| atoms.atom(Atom::Exists(key.to_owned()));
    assert_eq!(exists("aws:userid"), Formula::Constant(true));
    assert_eq!(exists("aws:username"), Formula::Constant(true));
    assert_eq!(exists("aws:principalservicename"), Formula::Constant(false));
    assert_eq!(exists("k:other"), Formula::Atom(0));
    let any = |key: &str| tests(&json!({"StringLike": {key: "*"}}));
    assert_eq!(atoms.tests(&any("AWS:userid"), true), Formula::Constant(true));
    assert_eq!(atoms.tests(&any("k:z"), true), Formula::Atom(1));
}

#[test]
fn missing_keys_count() {
    let equals = json!({"StringEquals": {"k:k": "a"}});
    assert!(follows(&equals, &json!({"Null": {"k:k": "false"}})));
    assert!(follows(&equals, &json!({"StringEqualsIfExists": {"k:k": "a"}})));
    let any = json!({"StringLike": {"k:k": ["a", "*"]}});
    assert!(
        follows(&any, &json!({"Null": {"k:k": false}}))
            && follows(&json!({"Null": {"k:k": false}}), &any)
    );
    assert!(follows(
        &json!({"Null": {"k:k": true}}),
        &json!({"StringEqualsIfExists": {"k:k": "a"}})
    ));
    assert!(!follows(&json!({"StringEqualsIfExists": {"k:k": "a"}}), &equals));
    assert!(!follows(
        &json!({"ForAllValues:StringEquals": {"k:k": "a"}}),
        &json!({"Null": {"k:k": "false"}})
    ));
}

#[test]
fn different_keys_and_quantifiers_have_nothing_to_do_with_each_other() {
    let one = json!({"StringEquals": {"k:k": "a"}});
    assert!(!follows(&one, &json!({"StringEquals": {"k:other": "a"}})));
    assert!(!follows(&one, &json!({"ForAllValues:StringEquals": {"k:k": "a"}})));
    assert!(follows(&json!({"StringEquals": {"k:k": "a", "k:l": "b"}}), &one));
}
