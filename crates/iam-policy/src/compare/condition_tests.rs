//! Comparisons that turn on conditions, as an editor of a policy changes them.

use serde_json::json;

use crate::Value;
use crate::statement::Policy;

use super::*;

fn compiled(statement: &Value) -> [Policy; 1] {
    [Policy::compile("p", &json!({"Version": "2012-10-17", "Statement": statement})).unwrap()]
}

fn policy(condition: &Value) -> [Policy; 1] {
    compiled(&json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition}))
}

#[track_caller]
fn check_for(caller: Option<&str>, before: &Value, after: &Value, expected: Relation) {
    let caller = caller.map(Caller::aws);
    let (was, is) = (policy(before), policy(after));
    let found = compare(&Set::of(&was), &Set::of(&is), caller.as_ref());
    assert_eq!(found.relation(), expected, "{before} {after} {found:?}");
}

#[track_caller]
fn check(before: &Value, after: &Value, expected: Relation) {
    check_for(None, before, after, expected);
    let back = match expected {
        Relation::Wider => Relation::Narrower,
        Relation::Narrower => Relation::Wider,
        same => same,
    };
    check_for(None, after, before, back);
}

fn never() -> Value {
    json!({"StringEquals": {"s3:prefix": "a"}, "Null": {"s3:prefix": "true"}})
}

#[test]
fn a_network_is_the_parts_that_cover_it() {
    let from = |networks: &[&str]| json!({"IpAddress": {"aws:SourceIp": networks}});
    let (whole, halves) = (from(&["203.0.112.0/23"]), ["203.0.112.0/24", "203.0.113.0/24"]);
    check(&whole, &from(&halves), Relation::Equal);
    check(&whole, &from(&halves[..1]), Relation::Narrower);
    let exists = json!({"Null": {"aws:SourceIp": "false"}});
    check(&from(&["0.0.0.0/0", "::/0"]), &exists, Relation::Equal);
    check(&from(&["0.0.0.0/0"]), &exists, Relation::Wider);
    let parts = from(&["2001:db8::/33", "2001:db8:8000::/33"]);
    check(&from(&["2001:db8::/32"]), &parts, Relation::Equal);
    let but = json!({"IpAddress": {"aws:SourceIp": "203.0.112.0/23"},
        "NotIpAddress": {"aws:SourceIp": halves[0]}});
    check(&but, &from(&halves[1..]), Relation::Equal);
    let tag = |networks: &[&str]| json!({"IpAddress": {"aws:RequestTag/ip": networks}});
    check(&tag(&["10.0.0.0/8"]), &tag(&["10.0.0.0/9"]), Relation::Narrower);
}

#[test]
fn operators_of_one_meaning_are_equal() {
    let arn = "arn:aws:iam::123456789012:role/ops";
    let on = |operator: &str, value: &str| json!({operator: {"aws:SourceArn": value}});
    check(&on("StringEquals", arn), &on("ArnEquals", arn), Relation::Equal);
    check(&on("StringLike", arn), &on("ArnLike", arn), Relation::Equal);
    check(&on("StringLike", "arn:aws:s3:::*"), &on("ArnLike", "arn:aws:s3:::*"), Relation::Equal);
    check(&on("StringNotEquals", arn), &on("ArnNotEquals", arn), Relation::Equal);
    // A wildcard of StringLike reaches over colons.
    let any = "arn:aws:iam::*:role/ops";
    check(&on("StringLike", any), &on("ArnLike", any), Relation::Narrower);
    let secure = |operator: &str, value: &str| json!({operator: {"aws:SecureTransport": value}});
    check(&secure("Bool", "true"), &secure("StringEquals", "true"), Relation::Equal);
    check(&secure("Bool", "true"), &secure("StringNotEquals", "false"), Relation::Equal);
    let both = json!({"Bool": {"aws:SecureTransport": ["true", "false"]}});
    check(&both, &json!({}), Relation::Equal);
    let tag = |operator: &str, values: &Value| json!({operator: {"aws:PrincipalTag/t": values}});
    let any_case = tag("StringEqualsIgnoreCase", &json!("ab"));
    let cases = tag("StringEquals", &json!(["ab", "aB", "Ab", "AB"]));
    check(&any_case, &cases, Relation::Equal);
    check(&any_case, &tag("StringLike", &json!("?b")), Relation::Changed);
}

#[test]
fn numbers_and_dates_are_taken_between_those_that_are_named() {
    let on = |key: &str, tests: &[(&str, &str)]| -> Value {
        let test = |(operator, value): &(&str, &str)| ((*operator).to_owned(), json!({key: value}));
        Value::Object(tests.iter().map(test).collect())
    };
    let (less, more) = ("NumericLessThan", "NumericGreaterThan");
    let (upto, from) = ("NumericLessThanEquals", "NumericGreaterThanEquals");
    let keys = "s3:max-keys";
    check(
        &on(keys, &[(less, "10"), (from, "2")]),
        &on(keys, &[(less, "10"), (more, "2")]),
        Relation::Narrower,
    );
    check(&on(keys, &[(less, "1"), (more, "1")]), &never(), Relation::Equal);
    check(&never(), &on(keys, &[(more, "1"), (less, "2")]), Relation::Wider);
    let one = on(keys, &[("NumericEquals", "1")]);
    check(&on(keys, &[(upto, "1"), (from, "1")]), &one, Relation::Equal);
    let start = "2024-01-01T00:00:00Z";
    let within = [("DateGreaterThan", start), ("DateLessThan", "2024-01-01T00:00:01Z")];
    let half = on("aws:CurrentTime", &[("DateEquals", "2024-01-01T00:00:00.5Z")]);
    check(&on("aws:CurrentTime", &within), &half, Relation::Narrower);
    // A tag may be no number at all.
    for (key, expected) in [(keys, Relation::Equal), ("aws:RequestTag/n", Relation::Narrower)] {
        let [low, high] = [less, from].map(|operator| {
            json!({"Effect": "Allow", "Action": "*", "Resource": "*",
                "Condition": {operator: {key: "5"}}})
        });
        let any = policy(&json!({"Null": {key: "false"}}));
        let all = compiled(&json!([low, high]));
        let any = {
            let mut any = any;
            any[0].statements[0].actions.patterns = vec!["*".to_owned()];
            any
        };
        assert_eq!(compare(&Set::of(&any), &Set::of(&all), None).relation(), expected, "{key}");
    }
}

#[test]
fn keys_that_always_exist_and_keys_of_some_callers_are_known_to_null() {
    let null = |key: &str, value: &str| json!({"Null": {key: value}});
    for key in [
        "aws:CurrentTime",
        "aws:EpochTime",
        "aws:SecureTransport",
        "aws:RequestedRegion",
        "aws:PrincipalArn",
        "aws:userid",
    ] {
        check(&null(key, "false"), &json!({}), Relation::Equal);
        check(&never(), &null(key, "false"), Relation::Wider);
    }
    check(&null("aws:SourceIp", "false"), &json!({}), Relation::Wider);
    let role = Some("arn:aws:iam::123456789012:role/ops");
    let user = Some("arn:aws:iam::123456789012:user/ada");
    check_for(role, &null("aws:username", "true"), &json!({}), Relation::Equal);
    check_for(user, &null("aws:username", "false"), &json!({}), Relation::Equal);
    check_for(user, &json!({}), &null("aws:PrincipalServiceName", "true"), Relation::Equal);
    check_for(user, &json!({}), &null("aws:PrincipalOrgID", "true"), Relation::Narrower);
}

#[test]
fn set_operators_are_the_plain_ones_on_keys_of_one_value() {
    let on = |operator: &str, key: &str| json!({operator: {key: ["a", "b*"]}});
    let tag = "aws:PrincipalTag/t";
    check(&on("ForAnyValue:StringLike", tag), &on("StringLike", tag), Relation::Equal);
    let keys = "aws:TagKeys";
    check(
        &on("ForAnyValue:StringLike", keys),
        &on("ForAllValues:StringLike", keys),
        Relation::Changed,
    );
    // An empty value is none to an operator on sets.
    check(&on("ForAllValues:StringLike", tag), &on("StringLikeIfExists", tag), Relation::Narrower);
    let never_true = json!({"ForAnyValue:StringNotLike": {keys: "*"}});
    check(&never_true, &never(), Relation::Equal);
    check(&json!({"ForAllValues:StringLike": {keys: "*"}}), &json!({}), Relation::Equal);
}

#[test]
fn variables_are_within_the_wildcards_around_them() {
    let prefix = |value: &str| json!({"StringLike": {"s3:prefix": value}});
    check(&prefix("home/${aws:PrincipalTag/t}/*"), &prefix("home/*"), Relation::Wider);
    check(&prefix("home/${aws:PrincipalTag/t}/*"), &prefix("*"), Relation::Wider);
    check(
        &prefix("${aws:PrincipalTag/t}*"),
        &prefix("${aws:PrincipalTag/t}/x"),
        Relation::Narrower,
    );
}

#[test]
fn what_follows_from_a_caller_is_bound_to_it() {
    let arn = "arn:aws:iam::123456789012:user/team/ada";
    let ada = Some(arn);
    let equals = |key: &str, value: &str| json!({"StringEquals": {key: value}});
    let (all, prefix) = (json!({}), equals("s3:prefix", "home/ada"));
    check_for(ada, &equals("s3:prefix", "home/${aws:username}"), &prefix, Relation::Equal);
    let tagged = equals("s3:prefix", "home/${aws:PrincipalTag/t}");
    check_for(ada, &tagged, &prefix, Relation::Changed);
    for (key, own, other) in [
        ("aws:username", "ada", "bob"),
        ("aws:PrincipalAccount", "123456789012", "999999999999"),
        ("aws:PrincipalType", "User", "AssumedRole"),
        ("aws:PrincipalArn", arn, "arn:aws:iam::123456789012:user/ada"),
        ("aws:PrincipalIsAWSService", "false", "true"),
    ] {
        check_for(ada, &all, &equals(key, own), Relation::Equal);
        check_for(ada, &equals(key, other), &never(), Relation::Equal);
        check_for(ada, &all, &equals(key, other), Relation::Narrower);
    }
    check_for(ada, &all, &equals("aws:PrincipalOrgID", "o-1"), Relation::Narrower);
    // The name of a session has no path.
    let session = Some("arn:aws:sts::123456789012:assumed-role/ops/x");
    let role =
        |role: &str| equals("aws:PrincipalArn", &format!("arn:aws:iam::123456789012:role/{role}"));
    check_for(session, &all, &role("ops"), Relation::Narrower);
    check_for(session, &role("path/ops"), &role("ops"), Relation::Changed);
    check_for(session, &role("other"), &never(), Relation::Equal);
}

#[test]
fn a_gain_names_somebody_who_has_it() {
    let gained = |principal: Value, condition: Value| {
        let after = compiled(&json!({"Effect": "Allow", "Action": "s3:*", "Principal": principal,
            "Resource": "arn:aws:s3:::${aws:username}", "Condition": condition}));
        let found = compare(&Set::of(&[]), &Set::of(&after), None);
        assert_eq!(found.relation(), Relation::Wider, "{found:?}");
        let example = found.gained.into_iter().next().unwrap().example;
        assert!(after[0].statements[0].applies(&example));
        assert!(!example.context.iter().any(|(key, _)| key.starts_with("aws:principal")));
        format!("{} {}", example.principal.name, example.resource)
    };
    let arn = "arn:aws:iam::111122223333:user/team/eve";
    assert_eq!(
        gained(json!({"AWS": "*"}), json!({"ArnEquals": {"aws:PrincipalArn": arn}})),
        format!("{arn} arn:aws:s3:::eve")
    );
    assert_eq!(
        gained(
            json!({"AWS": "111122223333"}),
            json!({"StringEquals": {"aws:PrincipalAccount": "111122223333"}})
        ),
        "arn:aws:iam::111122223333:user/example arn:aws:s3:::example"
    );
    let named = json!({"StringEquals": {"aws:username": "eve", "aws:PrincipalType": "User"}});
    assert_eq!(
        gained(json!({"AWS": "123456789012"}), named),
        "arn:aws:iam::123456789012:user/eve arn:aws:s3:::eve"
    );
}

#[test]
fn a_variable_in_a_bucket_policy_is_filled_for_the_user_that_is_named() {
    let home = |resource: &str, name: &str| {
        compiled(&json!({"Effect": "Allow", "Action": "s3:*", "Principal": {"AWS": name},
            "Resource": format!("arn:aws:s3:::home/{resource}/*")}))
    };
    let relation = |resource: &str, name: &str| {
        let (was, is) = (home("${aws:username}", name), home(resource, name));
        compare(&Set::of(&was), &Set::of(&is), None).relation()
    };
    let ada = "arn:aws:iam::123456789012:user/ada";
    let role = "arn:aws:iam::123456789012:role/ops";
    assert_eq!(relation("ada", ada), Relation::Equal);
    assert_eq!(relation("bob", ada), Relation::Changed);
    assert_eq!(relation("ada", "123456789012"), Relation::Changed);
    assert_eq!(relation("ops", role), Relation::Wider, "a role has no user name");
}

/// A policy that is attached to somebody who isn't known, and the policies of a bucket or a role.
#[track_caller]
fn check_statements(before: &Value, after: &Value, expected: Relation) -> Vec<String> {
    let (was, is) = (compiled(before), compiled(after));
    let found = compare(&Set::of(&was), &Set::of(&is), None);
    assert_eq!(found.relation(), expected, "{before} {after} {found:?}");
    let back = compare(&Set::of(&is), &Set::of(&was), None);
    assert_eq!([back.lost.len(), back.gained.len()], [found.gained.len(), found.lost.len()]);
    found.gained.into_iter().map(|grant| grant.example.principal.name).collect()
}

fn on_arn(operator: &str, values: &[&str]) -> Value {
    json!({operator: {"aws:PrincipalArn": values}})
}

#[test]
fn the_arn_of_a_caller_is_that_of_a_user_or_a_role() {
    let like = |values: &[&str]| on_arn("StringLike", values);
    let arn_like = |values: &[&str]| on_arn("ArnLike", values);
    for value in
        ["arn:aws:iam::123456789012:role/*", "arn:aws:iam::123456789012:*", "arn:aws:iam::*:*"]
    {
        check(&like(&[value]), &arn_like(&[value]), Relation::Equal);
    }
    // No root user has a policy, and there are no other partitions.
    let account = "arn:aws:iam::123456789012:";
    let [user, role] = ["user/*", "role/*"].map(|kind| format!("{account}{kind}"));
    check(&like(&[&format!("{account}*")]), &like(&[&user, &role]), Relation::Equal);
    for nobody in ["arn:*:iam::*:root", "arn:a:*:*:*:*", "arn:*:iam::*:role//ops", "arn:*:iam::1:*"]
    {
        check(&json!({}), &on_arn("ArnNotLike", &[nobody]), Relation::Equal);
    }
    // A path may hold colons.
    let any = "arn:aws:iam::*:role/ops";
    check(&like(&[any]), &arn_like(&[any]), Relation::Narrower);
    let (was, is) = (policy(&arn_like(&[any])), policy(&like(&[any])));
    let found = compare(&Set::of(&was), &Set::of(&is), None);
    let holder = &found.gained[0].example.principal;
    assert_eq!(holder.name, "arn:aws:iam::123456789012:user/x:role/ops");
    assert_eq!(holder.name.parse::<Caller>().as_ref(), Ok(holder));
}

#[test]
fn keys_of_a_holder_follow_from_each_other() {
    let equals = |key: &str, value: &str| json!({"StringEquals": {key: value}});
    let user = equals("aws:PrincipalType", "User");
    check(&user, &json!({"Null": {"aws:username": "false"}}), Relation::Equal);
    check(&user, &on_arn("ArnLike", &["arn:*:iam::*:user/*"]), Relation::Equal);
    check(
        &equals("aws:PrincipalAccount", "123456789012"),
        &on_arn("ArnLike", &["arn:*:*::123456789012:*"]),
        Relation::Equal,
    );
    check(&equals("aws:PrincipalType", "Account"), &never(), Relation::Equal);
    check(&equals("aws:PrincipalServiceName", "s3.amazonaws.com"), &never(), Relation::Equal);
    let role = equals("aws:PrincipalType", "AssumedRole");
    check(&role, &json!({"Null": {"aws:username": "true"}}), Relation::Wider);
}

#[test]
fn a_default_is_taken_where_a_variable_has_no_value() {
    for (operator, key, begin) in [
        ("StringEquals", "s3:prefix", ""),
        ("StringLike", "s3:prefix", "home/"),
        ("StringEqualsIgnoreCase", "s3:prefix", "home/"),
        ("ArnLike", "aws:SourceArn", "arn:aws:s3:::home/"),
        ("ForAnyValue:StringLike", "aws:TagKeys", ""),
    ] {
        let on = |variables: &[&str]| {
            let values = variables.iter().map(|variable| format!("{begin}{variable}"));
            json!({operator: {key: values.collect::<Vec<_>>()}})
        };
        let [plain, x, y] =
            ["${aws:PrincipalTag/t}", "${aws:PrincipalTag/t, 'x'}", "${aws:PrincipalTag/t,'y'}"];
        check(&on(&[x]), &on(&[plain]), Relation::Narrower);
        check(&on(&[x]), &on(&[x, plain]), Relation::Equal);
        check(&on(&[x]), &on(&[y]), Relation::Changed);
        check(&on(&[x]), &on(&[plain, "x"]), Relation::Wider);
    }
    let tag = |tests: Value| {
        let mut both = json!({"StringEquals": {"s3:prefix": "${aws:PrincipalTag/t, 'x'}"}});
        both.as_object_mut().unwrap().extend(tests.as_object().unwrap().clone());
        both
    };
    let missing = tag(json!({"Null": {"aws:PrincipalTag/t": "true"}}));
    let x = json!({"StringEquals": {"s3:prefix": "x"}, "Null": {"aws:PrincipalTag/t": "true"}});
    check(&missing, &x, Relation::Equal);
}

#[test]
fn a_default_that_others_take_covers_nothing_of_a_caller_with_a_value() {
    let to = |resources: &[&str]| {
        json!({"Effect": "Allow", "Action": "s3:*", "Resource": resources,
            "Principal": {"AWS": "arn:aws:sts::123456789012:assumed-role/r/s"}})
    };
    let default = "arn:aws:s3:::${aws:PrincipalTag/t, 'b'}?*";
    // Anonymous callers have no tag: for them the first pattern is b?*. The session may have one.
    check_statements(&to(&[default, "arn:aws:s3:::b*a"]), &to(&[default]), Relation::Narrower);
}

#[test]
fn a_value_is_equal_to_itself() {
    for (key, expected) in
        [("aws:PrincipalAccount", Relation::Equal), ("aws:PrincipalTag/t", Relation::Wider)]
    {
        let exists = json!({"Null": {key: "false"}});
        for operator in ["StringEquals", "StringLike", "StringEqualsIgnoreCase"] {
            check(&json!({operator: {key: format!("${{{key}}}")}}), &exists, expected);
        }
        let not_empty = json!({"StringLike": {key: "?*"}});
        check(&json!({"StringEquals": {key: format!("${{{key}}}")}}), &not_empty, Relation::Equal);
    }
}

#[test]
fn texts_are_numbers_dates_and_addresses() {
    let on = |operator: &str, key: &str, value: &str| json!({operator: {key: value}});
    let number = |operator: &str, value: &str| on(operator, "aws:RequestTag/n", value);
    check(&number("NumericEquals", "1"), &number("StringEquals", "1"), Relation::Narrower);
    check(&number("NumericLessThan", "1"), &number("StringEquals", "1"), Relation::Changed);
    check(&number("StringEquals", "1"), &number("NumericLessThan", "2"), Relation::Wider);
    check(
        &on("NumericLessThan", "s3:max-keys", "10"),
        &on("StringEquals", "s3:max-keys", "1"),
        Relation::Narrower,
    );
    let epoch = "aws:EpochTime";
    let before = on("DateLessThan", epoch, "2024-01-01T00:00:00Z");
    check(&on("NumericLessThan", epoch, "1704067200"), &before, Relation::Equal);
    check(&on("NumericLessThanEquals", epoch, "1704067199.5"), &before, Relation::Equal);
    check(&on("NumericLessThanEquals", epoch, "1704067200"), &before, Relation::Narrower);
    let address = "aws:SourceIp";
    let one = on("IpAddress", address, "10.0.0.1");
    check(&one, &on("StringEquals", address, "10.0.0.1"), Relation::Equal);
    check(&one, &on("StringEquals", address, "10.0.0.2"), Relation::Changed);
    check(&on("StringEquals", address, "10.0.0.0/8"), &never(), Relation::Equal);
    // An example has an address, too.
    let (was, is) = (on("StringLike", address, "10.1*"), on("StringLike", address, "10.*"));
    check(&was, &is, Relation::Wider);
    let (was, is) = (policy(&was), policy(&is));
    let found = compare(&Set::of(&was), &Set::of(&is), None);
    let value = found.gained[0].example.context.get(address).unwrap()[0].clone();
    assert!(value.parse::<std::net::IpAddr>().is_ok(), "{value}");
}

#[test]
fn letters_beyond_ascii_have_cases() {
    let on = |operator: &str, values: &[&str]| json!({operator: {"aws:RequestTag/n": values}});
    let any_case = on("StringEqualsIgnoreCase", &["é1"]);
    check(&any_case, &on("StringEquals", &["é1", "É1"]), Relation::Equal);
    check(&any_case, &on("StringEquals", &["é1"]), Relation::Narrower);
    check(&any_case, &on("StringLike", &["?1"]), Relation::Wider);
    check(
        &on("StringEqualsIgnoreCase", &["k"]),
        &on("StringEquals", &["k", "K", "\u{212a}"]),
        Relation::Equal,
    );
}

#[test]
fn a_principal_is_named_by_a_condition_as_well() {
    let with = |principal: Value, condition: Value| json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, "Condition": condition});
    for role in ["arn:aws:iam::123456789012:role/ops", "arn:aws:iam::123456789012:role/path/ops"] {
        for operator in ["ArnEquals", "ArnLike", "StringEquals", "StringLike"] {
            let all = with(json!("*"), on_arn(operator, &[role]));
            check_statements(&all, &with(json!({"AWS": role}), json!({})), Relation::Equal);
        }
    }
    // Under the name of its provider, a session has the ARN of its role.
    let like = |name: &str| with(json!({"Federated": "*"}), on_arn("ArnLike", &[name]));
    check_statements(
        &like("arn:aws:iam::*:role/a*"),
        &like("arn:aws:iam::*:role/b*"),
        Relation::Changed,
    );
    // Another user of the name has another path.
    let ada = "arn:aws:iam::123456789012:user/ada";
    let by_name =
        with(json!({"AWS": "123456789012"}), json!({"StringEquals": {"aws:username": "ada"}}));
    let gained = check_statements(&with(json!({"AWS": ada}), json!({})), &by_name, Relation::Wider);
    assert_eq!(gained, ["arn:aws:iam::123456789012:user/example/ada"]);
}
