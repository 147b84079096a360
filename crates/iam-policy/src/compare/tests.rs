//! Comparisons as a reviewer would ask for them.

use std::fmt::Write;

use serde_json::json;

use crate::Value;
use crate::statement::Policy;

use super::*;

fn policy(statements: &Value) -> Policy {
    Policy::compile("p", &json!({"Version": "2012-10-17", "Statement": statements})).unwrap()
}

fn between(before: &Value, after: &Value) -> Comparison {
    let (before, after) = ([policy(before)], [policy(after)]);
    compare(&Set::of(&before), &Set::of(&after), None)
}

fn allow(actions: &Value, resources: &Value) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resources})
}

fn deny(actions: &Value, resources: &Value) -> Value {
    json!({"Effect": "Deny", "Action": actions, "Resource": resources})
}

fn lines(grants: &[Grant]) -> Vec<String> {
    let line = |grant: &Grant| {
        let list = |list: &[String]| list.join(",");
        let mut line = String::new();
        if !grant.principals.is_empty() {
            write!(line, "{} ", list(&grant.principals)).unwrap();
        }
        line += &list(&grant.actions);
        if !grant.except_actions.is_empty() {
            write!(line, " but {}", list(&grant.except_actions)).unwrap();
        }
        write!(line, " on {}", list(&grant.resources)).unwrap();
        if !grant.except_resources.is_empty() {
            write!(line, " but {}", list(&grant.except_resources)).unwrap();
        }
        if let Some(condition) = &grant.condition {
            write!(line, " if {condition}").unwrap();
        }
        for part in &grant.already {
            write!(line, " [{} on {}", part.action, part.resource).unwrap();
            line += &part
                .condition
                .as_ref()
                .map_or("]".to_owned(), |condition| format!(" if {condition}]"));
        }
        for part in &grant.withheld {
            write!(line, " [not {} on {}]", part.action, part.resource).unwrap();
        }
        line + match grant.cause {
            Cause::Allow => "",
            Cause::Deny => " (deny)",
            Cause::Boundary => " (boundary)",
        }
    };
    grants.iter().map(line).collect()
}

#[test]
fn an_added_action_is_gained() {
    let role = json!("arn:aws:iam::123456789012:role/*-ZappaLambdaExecutionRole");
    let found = between(
        &allow(&json!("iam:GetRole"), &role),
        &allow(&json!(["iam:GetRole", "iam:PassRole"]), &role),
    );
    assert_eq!(found.relation(), Relation::Wider);
    assert_eq!(
        lines(&found.gained),
        ["iam:PassRole on arn:aws:iam::123456789012:role/*-ZappaLambdaExecutionRole"]
    );
    assert_eq!(found.gained[0].example.action, "iam:PassRole");
    assert_eq!(
        found.gained[0].example.resource,
        "arn:aws:iam::123456789012:role/example-ZappaLambdaExecutionRole"
    );
}

#[test]
fn the_example_of_a_short_arn_is_a_whole_one() {
    let found =
        between(&json!([]), &allow(&json!("s3:Get?bject"), &json!(["arn:aws", "arn:aws:sqs"])));
    let examples: Vec<&str> =
        found.gained.iter().map(|grant| grant.example.resource.as_str()).collect();
    assert_eq!(examples, ["arn:aws:example:us-east-1:123456789012:example"]);
}

#[test]
fn a_widened_pattern_says_what_was_allowed_already() {
    let role =
        |name: &str| allow(&json!("iam:PassRole"), &json!(format!("arn:aws:iam::1:role/{name}")));
    let found = between(&role("*-Zappa"), &role("*Zappa"));
    assert_eq!(
        lines(&found.gained),
        ["iam:PassRole on arn:aws:iam::1:role/*Zappa [iam:PassRole on \
                arn:aws:iam::1:role/*-Zappa]"]
    );
    assert_eq!(found.gained[0].example.resource, "arn:aws:iam::1:role/exampleZappa");
    assert_eq!(found.lost, []);
    let back = between(&role("*Zappa"), &role("*-Zappa"));
    assert_eq!(back.relation(), Relation::Narrower);
    assert_eq!(back.lost, found.gained);
}

#[test]
fn wildcards_and_lists_of_the_same_meaning_are_equal() {
    let all = json!("*");
    let found = between(
        &allow(&json!(["s3:*", "s3:GetObject"]), &all),
        &json!([allow(&json!("S3:*"), &all)]),
    );
    assert_eq!(found, Comparison::default());
    let parts = json!([allow(&json!("s3:Get*"), &all), {"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"}]);
    assert_eq!(between(&parts, &allow(&all, &all)), Comparison::default());
}

#[test]
fn a_deny_that_goes_is_a_gain_where_something_allows_it() {
    let all = json!("*");
    let bucket = json!("arn:aws:s3:::secret/*");
    let before = json!([
        allow(&json!("s3:*"), &all),
        deny(&json!("s3:GetObject"), &bucket),
        deny(&json!("ec2:*"), &all)
    ]);
    let found = between(&before, &allow(&json!("s3:*"), &all));
    assert_eq!(lines(&found.gained), ["s3:GetObject on arn:aws:s3:::secret/* (deny)"]);
    assert_eq!(found.gained[0].statement, 2);
}

#[test]
fn conditions_narrow_an_allow_and_widen_with_their_values() {
    let with = |values: Value| {
        json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
        "Condition": {"StringEquals": {"iam:PassedToService": values}}})
    };
    let free = allow(&json!("iam:PassRole"), &json!("*"));
    let found = between(&free, &with(json!("lambda.amazonaws.com")));
    assert_eq!(found.relation(), Relation::Narrower);
    let found = between(&with(json!("a.com")), &with(json!(["a.com", "b.com"])));
    assert_eq!(found.relation(), Relation::Wider);
    assert_eq!(
        found.gained[0].example.context.get("iam:PassedToService"),
        Some(&["b.com".to_owned()][..])
    );
    assert_eq!(
        lines(&found.gained),
        [
            r#"iam:PassRole on * if {"StringEquals":{"iam:PassedToService":["a.com","b.com"]}} [iam:PassRole on * if {"StringEquals":{"iam:PassedToService":"a.com"}}]"#
        ]
    );
}

#[test]
fn every_allow_through_which_something_is_gained_is_told() {
    let with = |values: Value| json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"s3:prefix": values}}});
    let tls = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "true"}}});
    let found = between(&json!([]), &json!([with(json!("a")), tls, with(json!("a"))]));
    assert_eq!(
        lines(&found.gained),
        [
            r#"s3:* on * if {"StringEquals":{"s3:prefix":"a"}}"#,
            r#"s3:* on * if {"Bool":{"aws:SecureTransport":"true"}}"#
        ]
    );
    let contexts: Vec<Vec<(&str, &[String])>> =
        found.gained.iter().map(|grant| grant.example.context.iter().collect()).collect();
    let (a, yes) = (["a".to_owned()], ["true".to_owned()]);
    assert_eq!(contexts, [[("s3:prefix", &a[..])], [("aws:securetransport", &yes[..])]]);
    let all = allow(&json!("s3:*"), &json!("*"));
    assert_eq!(
        lines(&between(&json!([]), &json!([with(json!("a")), tls, all])).gained),
        ["s3:* on *"]
    );
}

#[test]
fn what_follows_from_the_caller_is_never_missing() {
    let on = |key: &str| json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Null": {key: "true"}}});
    let user = Caller::aws("arn:aws:iam::123456789012:user/ada");
    let relation = |key: &str, caller: Option<&Caller>| {
        compare(&Set::of(&[]), &Set::of(&[policy(&on(key))]), caller).relation()
    };
    assert_eq!(relation("aws:PrincipalArn", None), Relation::Equal);
    assert_eq!(relation("aws:username", Some(&user)), Relation::Equal);
    assert_eq!(
        relation("aws:username", Some(&Caller::aws("arn:aws:iam::123456789012:role/ops"))),
        Relation::Wider
    );
    let mut trust = on("aws:PrincipalType");
    trust["Principal"] = json!("*");
    assert_eq!(
        between(&json!([]), &trust).relation(),
        Relation::Wider,
        "a federated caller has no type"
    );
}

#[test]
fn a_condition_on_a_deny_widens() {
    let base = allow(&json!("s3:*"), &json!("*"));
    let mut conditional = deny(&json!("s3:PutObject"), &json!("*"));
    conditional["Condition"] = json!({"Bool": {"aws:SecureTransport": "false"}});
    let found = between(
        &json!([base, deny(&json!("s3:PutObject"), &json!("*"))]),
        &json!([base, conditional]),
    );
    assert_eq!(found.relation(), Relation::Wider);
    assert_eq!(lines(&found.gained), ["s3:PutObject on * (deny)"]);
}

#[test]
fn variables_are_the_same_on_both_sides_and_nothing_else() {
    let home =
        |path: &str| allow(&json!("s3:GetObject"), &json!(format!("arn:aws:s3:::home/{path}")));
    assert_eq!(
        between(&home("${aws:username}/*"), &home("${aws:username}/*")).relation(),
        Relation::Equal
    );
    assert_eq!(between(&home("*"), &home("${aws:username}/*")).relation(), Relation::Narrower);
    assert_eq!(
        between(&home("${aws:username}/*"), &home("${aws:username}/a*")).relation(),
        Relation::Narrower
    );
    let found = between(&home("${aws:username}/*"), &home("*"));
    assert_eq!(found.relation(), Relation::Wider);
}

#[test]
fn a_pattern_with_variables_is_told_only_where_no_other_holds_it_all() {
    let resources = |list: Value| allow(&json!("s3:GetObject"), &list);
    let (home, all) = ("arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::home/*");
    let found = between(&json!([]), &resources(json!([home, all])));
    assert_eq!(lines(&found.gained), ["s3:GetObject on arn:aws:s3:::home/*"]);
    let team = "arn:aws:s3:::home/${aws:PrincipalTag/team}*";
    let found = between(&json!([]), &resources(json!([home, team])));
    assert_eq!(
        lines(&found.gained),
        ["s3:GetObject on \
                arn:aws:s3:::home/${aws:PrincipalTag/team}*,arn:aws:s3:::home/${aws:username}/*"]
    );
    let denied = json!([resources(json!(all)), deny(&json!("s3:*"), &json!(home))]);
    let found = between(&denied, &resources(json!(all)));
    assert_eq!(
        lines(&found.gained),
        ["s3:GetObject on arn:aws:s3:::home/${aws:username}/* (deny)"]
    );
    // Each of two Denies leaves something to the other.
    let denied = json!([
        resources(json!(all)),
        deny(&json!("s3:*"), &json!(home)),
        deny(&json!("s3:*"), &json!(team))
    ]);
    let found = between(&denied, &resources(json!(all)));
    assert!(
        lines(&found.gained).contains(&"s3:GetObject on arn:aws:s3:::home/* (deny)".to_owned())
    );
}

#[test]
fn variables_are_tried_with_what_they_have_to_stand_for() {
    let get = |resource: &str| allow(&json!("s3:GetObject"), &json!(resource));
    let mine = get("arn:aws:s3:::${aws:PrincipalTag/team}");
    let found = between(&get("arn:aws:s3:::reports"), &mine);
    assert_eq!(found.relation(), Relation::Changed);
    let denied =
        json!([get("*"), deny(&json!("*"), &json!("arn:aws:s3:::*-${aws:RequestTag/stage}"))]);
    let found = between(&denied, &mine);
    assert_eq!(found.relation(), Relation::Changed);
    assert_eq!(found.gained[0].example.resource, "arn:aws:s3:::-example");
    assert_eq!(
        found.gained[0].example.context.get("aws:PrincipalTag/team"),
        Some(&["-example".to_owned()][..])
    );
}

#[test]
fn a_value_with_a_variable_beside_another_is_one_more() {
    let like = |values: Value| json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringNotLike": {"s3:prefix": values}}});
    let found = between(&like(json!("a*")), &like(json!(["a*", "${aws:username}*"])));
    assert_eq!(found.relation(), Relation::Narrower);
}

#[test]
fn who_asks_may_be_another_than_the_one_who_is_named() {
    let but = json!({"Effect": "Allow", "Action": "s3:*",
        "NotResource": ["arn:aws:s3:::home/${aws:username}", "arn:aws:s3:::*aa"]});
    let found = compare(
        &Set::default(),
        &Set::of(&[policy(&but)]),
        Some(&Caller::aws("arn:aws:iam::123456789012:user/a")),
    );
    assert_eq!(found.relation(), Relation::Wider);
}

#[test]
fn it_makes_no_difference_whether_resources_stand_together() {
    let tagged = json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::??${aws:TagKeys}",
        "Condition": {"Null": {"aws:SourceIp": "false"}}});
    let held = [policy(&tagged)];
    let (one, other) = ("arn:aws:s3:::${aws:TagKeys}?", "arn:aws:s3:::baa");
    let together = [policy(&allow(&json!("*"), &json!([one, other])))];
    let apart =
        [policy(&json!([allow(&json!("*"), &json!(one)), allow(&json!("*"), &json!(other))]))];
    // `??a` and `a?` never match the same text, but the solver doesn't see that.
    for boundary in [&together, &apart] {
        assert_eq!(
            compare(&Set::of(&held).within(boundary), &Set::of(&[]), None).relation(),
            Relation::Unknown
        );
    }
    assert_eq!(compare(&Set::of(&together), &Set::of(&apart), None).relation(), Relation::Equal);
}

#[test]
fn an_example_stays_in_its_place() {
    let but =
        |resources: Value| json!({"Effect": "Allow", "Action": "*", "NotResource": resources});
    let (mine, some) = ("arn:aws:s3:::${aws:username}*a", "arn:aws:s3:::b?*");
    let before = [policy(&json!([but(json!("arn:aws:s3:::${aws:username}")), but(json!(mine))]))];
    let after = [policy(&but(json!([mine, some])))];
    let role = Caller::aws("arn:aws:iam::123456789012:role/ops");
    let found = compare(&Set::of(&before), &Set::of(&after), Some(&role));
    for grant in &found.lost {
        let allows = |policies: &[Policy]| {
            policies.iter().flat_map(|it| &it.statements).any(|it| it.applies(&grant.example))
        };
        assert!(allows(&before) && !allows(&after), "{:?}", grant.example);
    }
    assert_eq!(found.relation(), Relation::Narrower);
}

#[test]
fn one_variable_may_have_a_value_where_another_has_none() {
    let mine = allow(&json!("s3:GetObject"), &json!("arn:aws:s3:::${aws:PrincipalTag/team}"));
    let prefixed = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::*", "Condition": {
        "StringLike": {"s3:prefix": "${aws:PrincipalTag/name}/*"}, "Null": {"aws:PrincipalTag/team": "true"}}});
    assert_eq!(between(&mine, &json!([mine, prefixed])).relation(), Relation::Wider);
}

#[test]
fn examples_are_about_who_asks_and_keep_the_characters_that_are_no_wildcards() {
    let name = "arn:aws:iam::123456789012:user/ada";
    let home = allow(&json!("s3:GetObject"), &json!("arn:aws:s3:::a${*}/${aws:username}?"));
    let found = compare(&Set::default(), &Set::of(&[policy(&home)]), Some(&Caller::aws(name)));
    assert_eq!(found.gained[0].example.resource, "arn:aws:s3:::a*/adax");
    assert!(found.gained[0].example.context.is_empty());
}

#[test]
fn the_case_of_a_key_is_no_difference() {
    let home = |variable: &str| {
        allow(&json!("s3:GetObject"), &json!(format!("arn:aws:s3:::home/${{{variable}}}/*")))
    };
    assert_eq!(between(&home("aws:username"), &home("AWS:UserName")).relation(), Relation::Equal);
    let tagged = |key: &str, values: Value| {
        json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*",
            "Condition": {"ForAllValues:StringEqualsIfExists": {key: values}}})
    };
    let found = between(
        &tagged("aws:TagKeys", json!(["a", "b"])),
        &tagged("aws:tagkeys", json!(["b", "a", "a"])),
    );
    assert_eq!(found.relation(), Relation::Equal);
}

#[test]
fn a_pattern_that_may_match_hides_none_that_does() {
    let lists = |first: &str| {
        let resources =
            json!([format!("arn:aws:s3:::{first}${{aws:username}}*"), "arn:aws:s3:::b*"]);
        allow(&json!("s3:GetObject"), &resources)
    };
    let plain = allow(&json!("s3:GetObject"), &json!("arn:aws:s3:::b*"));
    assert_eq!(between(&lists("b"), &plain).relation(), Relation::Equal);
    assert_eq!(between(&lists(""), &plain).relation(), Relation::Narrower);
}

#[test]
fn a_boundary_bounds() {
    let held = [policy(&allow(&json!(["s3:*", "iam:*"]), &json!("*")))];
    let boundary = [policy(&allow(&json!("s3:*"), &json!("*")))];
    let found = compare(&Set::of(&held).within(&boundary), &Set::of(&held), None);
    assert_eq!(lines(&found.gained), ["iam:* on * (boundary)"]);
    assert_eq!(found.lost, []);
}

#[test]
fn trust_is_said_by_principal() {
    let trust = |services: Value| json!({"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"});
    let found = between(
        &trust(json!("lambda.amazonaws.com")),
        &trust(json!(["apigateway.amazonaws.com", "lambda.amazonaws.com"])),
    );
    assert_eq!(lines(&found.gained), ["apigateway.amazonaws.com sts:AssumeRole on "]);
    assert_eq!(found.lost, []);
    let account = |name: &str| json!({"Effect": "Allow", "Principal": {"AWS": name}, "Action": "sts:AssumeRole"});
    let found = between(&account("arn:aws:iam::111122223333:role/x"), &account("111122223333"));
    assert_eq!(lines(&found.gained), ["111122223333 sts:AssumeRole on "]);
    let found = between(&account("111122223333"), &account("*"));
    assert_eq!(lines(&found.gained), ["* sts:AssumeRole on "]);
}

#[test]
fn a_star_under_a_type_of_principal_is_everybody_of_the_type() {
    let all = json!({"Effect": "Allow", "Principal": "*", "Action": "sts:*"});
    for (kind, name, words) in [
        ("Federated", "arn:aws:iam::123456789012:saml-provider/x", "every identity provider"),
        ("Service", "lambda.amazonaws.com", "every AWS service"),
        ("CanonicalUser", "79a59df900b949e5", "every canonical user"),
    ] {
        let say = |effect: &str, element: &str, name: &str| {
            json!({"Effect": effect,
            element: {kind: name}, "Action": "sts:*"})
        };
        let denied = json!([all, say("Deny", "Principal", "*")]);
        let found = between(&denied, &all);
        assert_eq!(lines(&found.gained), ["* sts:* on  (deny)"]);
        assert_eq!(between(&all, &denied).relation(), Relation::Narrower);
        let found = between(&json!([all, say("Deny", "Principal", name)]), &denied);
        assert_eq!(found.relation(), Relation::Narrower, "{kind}");

        let (one, any) = (say("Allow", "Principal", name), say("Allow", "Principal", "*"));
        let found = between(&one, &any);
        assert_eq!(lines(&found.gained), [format!("{words} sts:* on ")]);
        assert!(found.gained[0].example.principal.name.parse::<Caller>().is_ok(), "{kind}");
        assert_eq!(between(&any, &all).relation(), Relation::Wider);
        assert_eq!(between(&json!([any, one]), &any).relation(), Relation::Equal);

        let but_any = json!([all, say("Deny", "NotPrincipal", "*")]);
        assert_eq!(between(&any, &but_any).relation(), Relation::Equal, "{kind}");
        let but_one = json!([all, say("Deny", "NotPrincipal", name)]);
        assert_eq!(between(&but_one, &but_any).relation(), Relation::Wider);
    }
}

#[test]
fn nothing_is_gained_from_nothing() {
    let held = [policy(&allow(&json!("s3:*"), &json!("*")))];
    let nothing = Set::default();
    assert_eq!(lines(&compare(&nothing, &Set::of(&held), None).gained), ["s3:* on *"]);
    assert_eq!(lines(&compare(&Set::of(&held), &Set::of(&[]), None).lost), ["s3:* on *"]);
    assert_eq!(compare(&nothing, &nothing, None), Comparison::default());
}

#[test]
fn many_conditions_do_not_hide_what_one_more_does() {
    let allow = |number: usize| {
        json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {
            "StringEquals": {format!("aws:ResourceTag/team-{number}"): ["blue", "green"]},
            "StringNotEquals": {format!("aws:PrincipalTag/level-{number}"): "none"}}})
    };
    let many: Vec<Value> = (0..30).map(allow).collect();
    let mut denied = many.clone();
    denied.push(json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}}));
    let found = between(&json!(many), &json!(denied));
    assert_eq!(found.relation(), Relation::Narrower);
    let context = &found.lost[0].example.context;
    assert_eq!(context.get("aws:SecureTransport"), Some(&["false".to_owned()][..]));
    assert!(context.iter().count() <= 3, "nothing in it that doesn't matter: {context:?}");
    assert_eq!(between(&json!(many), &json!(many[1..])).relation(), Relation::Narrower);
}

#[test]
fn the_root_user_of_an_account_that_is_excepted_is_told_apart_from_its_users() {
    let all = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"});
    let but = |account: &str| {
        let ada = format!("arn:aws:iam::{account}:user/ada");
        let deny = json!({"Effect": "Deny", "NotPrincipal": {"AWS": [ada, account]}, "Action": "s3:*", "Resource": "*"});
        json!([all, deny])
    };
    let found = between(&all, &but("123456789012"));
    assert_eq!(found.relation(), Relation::Narrower);
    let found = between(&but("123456789012"), &but("999999999999"));
    assert_eq!(found.relation(), Relation::Changed);
    let root_only = |names: Value| json!([all, {"Effect": "Deny", "NotPrincipal": {"AWS": names}, "Action": "*", "Resource": "*"}]);
    let ada = "arn:aws:iam::123456789012:user/ada";
    let found = between(&root_only(json!([ada])), &root_only(json!([ada, "123456789012"])));
    assert_eq!(found.relation(), Relation::Wider);
    assert_eq!(found.gained[0].example.principal, Caller::aws("123456789012"));
}

fn within(before: [&Value; 2], after: [&Value; 2]) -> Comparison {
    let [before, after] = [before, after].map(|both| both.map(|statements| [policy(statements)]));
    compare(&Set::of(&before[0]).within(&before[1]), &Set::of(&after[0]).within(&after[1]), None)
}

#[test]
fn a_boundary_that_shrinks_leaves_what_it_still_allows() {
    let held = allow(&json!(["s3:*", "ec2:RunInstances"]), &json!("*"));
    let [wide, narrow] = ["s3:*", "s3:Get*"].map(|actions| allow(&json!(actions), &json!("*")));
    let found = within([&held, &wide], [&held, &narrow]);
    assert_eq!(lines(&found.lost), ["s3:* on * [s3:Get* on *] (boundary)"]);
    let back = within([&held, &narrow], [&held, &wide]);
    assert_eq!(lines(&back.gained), ["s3:* on * [s3:Get* on *] (boundary)"]);
}

#[test]
fn what_is_gained_within_a_boundary_is_no_more_than_it_allows() {
    let boundary = json!({"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*",
        "Condition": {"Bool": {"aws:SecureTransport": "true"}}});
    let found = within(
        [&allow(&json!("ec2:RunInstances"), &json!("*")), &boundary],
        [&allow(&json!("s3:*"), &json!("*")), &boundary],
    );
    let condition = r#"{"Bool":{"aws:SecureTransport":"true"}}"#;
    assert_eq!(lines(&found.gained), [format!("s3:Get* on arn:aws:s3:::b/* if {condition}")]);
}

#[test]
fn what_a_deny_forbids_is_left_out_of_a_gain() {
    let no_delete = deny(&json!("s3:Delete*"), &json!("*"));
    let with = |actions: &str, deny: &Value| json!([allow(&json!(actions), &json!("*")), deny]);
    let found = between(&with("ec2:RunInstances", &no_delete), &with("s3:*", &no_delete));
    assert_eq!(lines(&found.gained), ["s3:* on * [not s3:Delete* on *]"]);
    let less = between(
        &with("s3:*", &no_delete),
        &with("s3:*", &deny(&json!("s3:DeleteObject"), &json!("*"))),
    );
    assert_eq!(lines(&less.gained), ["s3:Delete* on * [not s3:DeleteObject on *] (deny)"]);
    let all_gone = between(&with("s3:DeleteObject", &no_delete), &with("s3:GetObject", &no_delete));
    assert_eq!(lines(&all_gone.gained), ["s3:GetObject on *"]);
}

#[test]
fn a_deny_for_one_of_them_is_no_part_of_what_all_gain() {
    let read = json!({"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:*", "Resource": "*"});
    let deny = |principal: &str| json!({"Effect": "Deny", "Principal": {"AWS": principal}, "Action": "s3:Delete*", "Resource": "*"});
    let gained = |deny: &Value| lines(&between(deny, &json!([read, deny])).gained);
    assert_eq!(gained(&deny("*")), ["111122223333 s3:* on * [not s3:Delete* on *]"]);
    assert_eq!(gained(&deny("111122223333")), ["111122223333 s3:* on * [not s3:Delete* on *]"]);
    assert_eq!(gained(&deny("arn:aws:iam::111122223333:user/x")), ["111122223333 s3:* on *"]);
}

#[test]
fn a_deny_that_stays_is_no_cause() {
    let with = |condition: &str| json!({"Bool": {condition: "false"}});
    let mut allowed = allow(&json!("s3:GetObject"), &json!("*"));
    let mut deny = deny(&json!("s3:*"), &json!("*"));
    deny["Condition"] = with("aws:SecureTransport");
    let after = json!([allowed, deny]);
    allowed["Condition"] = with("aws:ViaAWSService");
    let found = between(&json!([allowed, deny]), &after);
    let before = r#"{"Bool":{"aws:ViaAWSService":"false"}}"#;
    assert_eq!(
        lines(&found.gained),
        [format!("s3:GetObject on * [s3:GetObject on * if {before}]")]
    );
}

#[test]
fn the_condition_of_a_deny_is_told() {
    let insecure = json!({"Bool": {"aws:SecureTransport": "false"}});
    let all = allow(&json!("s3:*"), &json!("*"));
    let deny = json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": insecure});
    let found = between(&all, &json!([all, deny]));
    assert_eq!(found.lost[0].denied_if, Some(json!({"Bool": {"aws:SecureTransport": "false"}})));
    assert_eq!(between(&json!([all, deny]), &all).gained[0].denied_if, found.lost[0].denied_if);
}

#[test]
fn what_one_of_them_had_is_no_part_of_what_everyone_gains() {
    let read = |principal: &Value, condition: Option<Value>| {
        let mut read = allow(&json!("s3:GetObject"), &json!("arn:aws:s3:::b/*"));
        read["Principal"] = principal.clone();
        if let Some(condition) = condition {
            read["Condition"] = condition;
        }
        read
    };
    let account = json!({"AWS": "arn:aws:iam::111122223333:root"});
    let ours = json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}});
    let found = between(&read(&account, None), &read(&json!("*"), Some(ours)));
    let condition = r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#;
    assert_eq!(
        lines(&found.gained),
        [format!("* s3:GetObject on arn:aws:s3:::b/* if {condition}")]
    );
    let kept = format!("[s3:GetObject on arn:aws:s3:::b/* if {condition}]");
    assert_eq!(
        lines(&found.lost),
        [format!("arn:aws:iam::111122223333:root s3:GetObject on arn:aws:s3:::b/* {kept}")]
    );
}
