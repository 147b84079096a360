//! Tests of the rules on conditions.

use serde_json::json;

use super::*;

/// Returns the findings on a statement about everything with this condition, without those of the
/// rules on width.
fn under(usage: Usage, effect: &str, condition: &Value) -> Vec<Finding> {
    let mut statement = json!({"Effect": effect, "Condition": condition});
    match usage {
        Usage::Trust => {
            statement["Action"] = json!("sts:AssumeRole");
            statement["Principal"] = json!({"AWS": "arn:aws:iam::123456789012:role/ci"});
        }
        Usage::Bucket => {
            statement["Action"] = json!("s3:GetObject");
            statement["Resource"] = json!("arn:aws:s3:::b/*");
            statement["Principal"] = json!({"AWS": "arn:aws:iam::123456789012:role/ci"});
        }
        _ => {
            statement["NotAction"] = json!("sts:*");
            statement["Resource"] = json!("*");
        }
    }
    let mut found = of(usage, &json!([statement]));
    found.retain(|one| one.rule != "not-action");
    found
}

fn rules_under(effect: &str, condition: &Value) -> Vec<(&'static str, Severity)> {
    let found = under(Usage::Managed, effect, condition);
    found.into_iter().map(|one| (one.rule, one.severity)).collect()
}

const WARNING: Severity = Severity::Warning;
const NOTE: Severity = Severity::Note;

/// Checks the severities of a rule's findings under conditions of an Allow and of a Deny. Findings
/// of other rules are failures.
fn check(rule: &'static str, table: &[(&str, Value, &[Severity])]) {
    for (effect, condition, severities) in table {
        let expected: Vec<_> = severities.iter().map(|severity| (rule, *severity)).collect();
        assert_eq!(rules_under(effect, condition), expected, "{effect} {condition}");
    }
}

#[test]
fn wildcards_that_are_taken_literally() {
    let equals = |operator: &str, value: Value| json!({operator: {"aws:PrincipalTag/job": value}});
    check(
        "literal-wildcard",
        &[
            ("Allow", equals("StringEquals", json!("admin-*")), &[WARNING]),
            ("Allow", equals("StringEqualsIgnoreCaseIfExists", json!(["a", "b?"])), &[WARNING]),
            ("Allow", equals("StringNotEquals", json!("admin-*")), &[WARNING]),
            ("Deny", equals("StringNotEquals", json!("admin-*")), &[Severity::Error]),
            ("Deny", equals("StringNotEquals", json!(["admin-*", "ops"])), &[WARNING]),
            ("Deny", equals("StringEquals", json!("${*}")), &[]),
            ("Deny", equals("StringLike", json!("admin-*")), &[]),
            ("Deny", json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}), &[]),
        ],
    );
    let found = under(Usage::Managed, "Deny", &equals("StringNotEqualsIfExists", json!("admin-*")));
    assert_eq!(found[0].remedy, "write StringNotLikeIfExists");
}

#[test]
fn sets_of_values() {
    let vpce = json!("vpce-0123456789abcdef0");
    let on = |operator: &str, key: &str, value: &Value| json!({operator: {key: value}});
    let mut demanded = on("ForAllValues:StringEquals", "aws:SourceVpce", &vpce);
    demanded["Null"] = json!({"aws:sourcevpce": "false"});
    let audience =
        on("ForAnyValue:StringEquals", "cognito-identity.amazonaws.com:aud", &json!("x"));
    check(
        "condition-set-operator",
        &[
            ("Allow", on("ForAllValues:StringEquals", "aws:SourceVpce", &vpce), &[WARNING]),
            ("Deny", on("ForAllValues:StringEquals", "aws:SourceVpce", &vpce), &[NOTE]),
            ("Deny", on("ForAllValues:StringNotEquals", "aws:SourceVpce", &vpce), &[]),
            ("Allow", demanded, &[]),
            ("Allow", on("ForAnyValue:StringEquals", "aws:SourceVpce", &vpce), &[NOTE]),
            ("Allow", audience, &[WARNING]),
            ("Allow", on("StringEquals", "aws:TagKeys", &json!("team")), &[WARNING]),
            ("Allow", on("ForAllValues:StringEquals", "aws:TagKeys", &json!("team")), &[]),
            ("Allow", on("Null", "aws:TagKeys", &json!("false")), &[]),
            ("Allow", on("ForAnyValue:Null", "aws:TagKeys", &json!("false")), &[WARNING]),
            ("Allow", on("StringEquals", "events:detail-type", &json!("x")), &[]),
        ],
    );
}

#[test]
fn string_operators_on_arns() {
    let like = |operator: &str, value: &str| json!({operator: {"aws:PrincipalArn": value}});
    check(
        "string-operator-on-arn",
        &[
            ("Allow", like("StringLike", "arn:aws:iam::*:role/x"), &[WARNING]),
            ("Deny", like("StringNotLike", "arn:aws:iam::123456789012:role/x*"), &[NOTE]),
            ("Allow", like("StringLike", "arn:aws:iam::123456789012:role/x"), &[]),
            ("Allow", like("ArnLike", "arn:aws:iam::*:role/x"), &[]),
            ("Allow", like("StringLike", "*:role/x"), &[]),
        ],
    );
}

#[test]
fn keys_that_aws_does_not_have() {
    let key = |key: &str| json!({"StringEquals": {key: "x"}});
    let remedy = |name: &str| {
        let found = under(Usage::Managed, "Deny", &key(name));
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert_eq!((found[0].rule, found[0].severity), ("unknown-condition-key", WARNING));
        found[0].remedy.clone()
    };
    assert_eq!(remedy("aws:PrincipalOrgIdd"), "did you mean `aws:PrincipalOrgID`?");
    assert_eq!(remedy("aws:ARN"), "write aws:PrincipalArn, or aws:SourceArn");
    assert_eq!(remedy("s3:prefx"), "did you mean `s3:prefix`?");
    assert_eq!(remedy("SourceAccount"), "did you mean `aws:SourceAccount`?");
    assert_eq!(remedy("aws:ResourceTag"), "write it behind a slash: aws:ResourceTag/team");
    assert_eq!(remedy("aws:RequestTag/"), "write it behind a slash: aws:RequestTag/team");
    assert!(remedy("frob:key").starts_with("look it up"));
    for known in [
        "aws:principaltag/team",
        "secretsmanager:ResourceTag/team",
        "ssm:resourceTag/team",
        "saml:sub",
        "saml:sub_type",
        "cognito-identity.amazonaws.com:sub",
        "token.actions.githubusercontent.com:sub",
        "gitlab.example.com:project_path",
        "kms:EncryptionContext:aws:s3:arn",
    ] {
        assert_eq!(under(Usage::Managed, "Deny", &key(known)), [], "{known}");
    }
}

#[test]
fn keys_that_are_written_twice() {
    let twice =
        json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24", "aws:sourceip": "198.51.100.0/24"}});
    check(
        "duplicate-condition-key",
        &[
            ("Allow", twice, &[WARNING]),
            (
                "Allow",
                json!({"StringEquals": {"aws:PrincipalTag/a": "x"}, "stringequals": {"AWS:PrincipalTag/a": "y"}}),
                &[WARNING],
            ),
            (
                "Allow",
                json!({"StringLike": {"aws:PrincipalTag/a": "x*"}, "StringNotLike": {"aws:PrincipalTag/a": "y*"}}),
                &[],
            ),
        ],
    );
}

#[test]
fn values_of_the_wrong_form() {
    let on = |operator: &str, key: &str, value: &str| json!({operator: {key: value}});
    let vpc = |value: &str| on("StringEquals", "aws:SourceVpc", value);
    let kms = "s3:x-amz-server-side-encryption-aws-kms-key-id";
    check(
        "condition-value",
        &[
            ("Allow", on("NumericLessThan", "aws:MultiFactorAuthAge", "1h"), &[WARNING]),
            ("Allow", on("NumericLessThan", "aws:MultiFactorAuthAge", "3600"), &[]),
            ("Allow", on("DateLessThan", "aws:CurrentTime", "2026"), &[NOTE]),
            ("Allow", on("DateLessThan", "aws:CurrentTime", "2026-01-31T12:00:00Z"), &[]),
            ("Allow", on("DateLessThan", "aws:EpochTime", "1798761600"), &[]),
            ("Allow", on("IpAddress", "aws:SourceIp", "203.0.113.*"), &[WARNING]),
            ("Deny", on("NotIpAddress", "aws:SourceIp", "203.0.113.256"), &[WARNING]),
            ("Allow", on("IpAddress", "aws:SourceIp", "203.0.113.7/24"), &[NOTE]),
            ("Allow", on("IpAddress", "aws:SourceIp", "2001:db8::/32"), &[]),
            ("Allow", vpc("vpc-123"), &[WARNING]),
            ("Allow", vpc("vpce-0123456789abcdef0"), &[WARNING]),
            ("Allow", vpc("vpc-0123456789abcdef0"), &[]),
            ("Allow", vpc("vpc-1a2b3c4d"), &[]),
            ("Allow", on("StringEquals", "aws:SourceVpce", "${aws:PrincipalTag/e}"), &[]),
            ("Deny", on("StringNotEquals", kms, "alias/relay"), &[WARNING]),
            ("Deny", on("StringNotEquals", kms, "arn:aws:kms:eu-west-1:123456789012:key/1"), &[]),
        ],
    );
    // Validation reports what IAM refuses in policies of users, groups and roles.
    let date = on("DateLessThan", "aws:CurrentTime", "tomorrow");
    assert_eq!(under(Usage::Managed, "Allow", &date), []);
    assert_eq!(under(Usage::Trust, "Allow", &date)[0].rule, "condition-value");
    assert_eq!(under(Usage::Bucket, "Allow", &date)[0].rule, "condition-value");
    let address = on("IpAddress", "aws:SourceIp", "203.0.113.0/33");
    assert_eq!(under(Usage::Bucket, "Allow", &address), []);
    assert_eq!(under(Usage::Trust, "Allow", &address)[0].rule, "condition-value");
}

#[test]
fn addresses_that_are_not_of_the_internet() {
    let on = |operator: &str, value: Value| json!({operator: {"aws:SourceIp": value}});
    check(
        "private-source-ip",
        &[
            ("Allow", on("IpAddress", json!("10.0.0.0/8")), &[WARNING]),
            ("Allow", on("NotIpAddress", json!("fd00::/8")), &[WARNING]),
            ("Deny", on("NotIpAddress", json!(["10.0.0.0/8", "192.168.1.1"])), &[Severity::Error]),
            ("Deny", on("NotIpAddress", json!(["10.0.0.0/8", "203.0.113.0/24"])), &[NOTE]),
            ("Deny", on("NotIpAddress", json!(["0.0.0.0/0", "203.0.113.0/24"])), &[]),
            (
                "Allow",
                json!({"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"},
                "StringEquals": {"aws:SourceVpc": "vpc-1a2b3c4d"}}),
                &[],
            ),
        ],
    );
}

#[test]
fn operators_of_another_type() {
    let on = |operator: &str, key: &str, value: Value| json!({operator: {key: value}});
    check(
        "condition-type",
        &[
            ("Allow", on("Bool", "aws:SourceIp", json!("true")), &[WARNING]),
            ("Deny", on("StringNotLike", "aws:SourceIp", json!("203.0.113.*")), &[WARNING]),
            ("Deny", on("StringNotEquals", "aws:SourceIp", json!("203.0.113.7")), &[NOTE]),
            ("Allow", on("StringEquals", "aws:SecureTransport", json!("true")), &[NOTE]),
            ("Allow", on("StringEquals", "aws:SecureTransport", json!("True")), &[WARNING]),
            ("Allow", on("Bool", "aws:SecureTransport", json!(true)), &[]),
            ("Allow", on("Bool", "aws:SecureTransport", json!(["true", "false"])), &[WARNING]),
            ("Allow", on("Null", "aws:SourceIp", json!("true")), &[]),
            ("Allow", on("ArnLike", "aws:PrincipalTag/x", json!("y")), &[WARNING]),
            ("Allow", on("ArnLike", "aws:PrincipalTag/x", json!("arn:aws:iam::*:role/x")), &[]),
            ("Allow", on("NumericLessThan", "aws:CurrentTime", json!("5")), &[]),
            ("Allow", on("IpAddress", "aws:PrincipalTag/x", json!("10.0.0.1")), &[NOTE]),
            ("Allow", on("StringEquals", "aws:PrincipalTag/x", json!(["1", 2])), &[NOTE]),
        ],
    );
    let found = under(Usage::Managed, "Deny", &on("StringNotLike", "aws:SourceIp", json!("2.*")));
    assert_eq!(found[0].remedy, "write NotIpAddress");
}

#[test]
fn ids_with_wildcards() {
    let like = |key: &str, value: &str| json!({"StringLike": {key: value}});
    check(
        "wildcard-in-sensitive-key",
        &[
            ("Allow", like("aws:PrincipalOrgID", "o-*"), &[WARNING]),
            ("Allow", like("aws:SourceVpce", "vpce-*"), &[WARNING]),
            ("Allow", like("aws:SourceAccount", "${aws:PrincipalTag/account}"), &[WARNING]),
            ("Allow", like("aws:ResourceAccount", "${aws:PrincipalAccount}"), &[]),
            ("Allow", like("aws:userid", "AIDA*"), &[WARNING]),
            ("Allow", like("aws:userid", "AROAEXAMPLEEXAMPLE123:*"), &[]),
            ("Allow", like("aws:userid", "*:ada"), &[]),
            ("Allow", like("aws:PrincipalOrgID", "o-a1b2c3d4e5"), &[]),
        ],
    );
}

#[test]
fn conditions_that_test_nothing() {
    let on = |operator: &str, key: &str, value: Value| json!({operator: {key: value}});
    let tag = "aws:PrincipalTag/team";
    check(
        "vacuous-condition",
        &[
            ("Allow", on("StringLike", tag, json!("*")), &[NOTE]),
            ("Allow", on("StringLikeIfExists", tag, json!(["*", "x"])), &[NOTE]),
            ("Deny", on("StringNotLike", tag, json!("*")), &[NOTE]),
            ("Deny", on("StringNotLike", "aws:PrincipalAccount", json!("*")), &[WARNING]),
            ("Allow", on("StringLike", tag, json!("x*")), &[]),
        ],
    );
    check(
        "empty-condition",
        &[
            ("Allow", json!({"StringEquals": {}}), &[NOTE]),
            ("Allow", on("StringEquals", tag, json!([])), &[WARNING]),
            ("Deny", on("StringNotEqualsIfExists", tag, json!([])), &[WARNING]),
        ],
    );
    let message = |operator: &str| {
        let found = under(Usage::Managed, "Allow", &on(operator, "aws:TagKeys", json!([])));
        let empty = found.into_iter().find(|one| one.rule == "empty-condition").unwrap();
        empty.message.split(": ").last().unwrap().to_owned()
    };
    assert_eq!(message("ForAnyValue:StringLike"), "it never holds");
    assert_eq!(message("ForAllValues:StringLike"), "it holds for requests without the key only");
    assert_eq!(message("StringLikeIfExists"), "it holds for requests without the key only");
    assert_eq!(message("StringNotLike"), "it always holds");
}

#[test]
fn covered_values_of_conditions() {
    let found = under(
        Usage::Managed,
        "Allow",
        &json!({"StringLike": {"aws:PrincipalTag/a": ["x*", "xy", "z"]},
            "NumericLessThan": {"aws:MultiFactorAuthAge": ["60", "3600"]}}),
    );
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].message, "`3600` covers 60; `x*` covers xy");
}

#[test]
fn keys_of_some_actions() {
    let on = |effect: &str, actions: Value, condition: Value| {
        let statement =
            json!({"Effect": effect, "Action": actions, "Resource": "*", "Condition": condition});
        let found = of(Usage::Managed, &json!([statement]));
        let of_keys = found.into_iter().filter(|one| {
            ["condition-key-for-some-actions", "unknown-condition-key"].contains(&one.rule)
        });
        of_keys.map(|one| (one.rule, one.severity)).collect::<Vec<_>>()
    };
    let some = "condition-key-for-some-actions";
    let prefix = json!({"StringLike": {"s3:prefix": "x/*"}});
    let both = json!(["s3:ListBucket", "s3:GetObject"]);
    assert_eq!(on("Deny", both.clone(), prefix.clone()), [(some, WARNING)]);
    assert_eq!(on("Allow", both.clone(), prefix.clone()), [(some, NOTE)]);
    assert_eq!(on("Deny", json!("s3:List*"), prefix.clone()), []);
    assert_eq!(on("Deny", json!("s3:GetObject"), prefix), [("unknown-condition-key", NOTE)]);
    let optional = json!({"StringLikeIfExists": {"s3:prefix": "x/*"}});
    assert_eq!(on("Allow", both.clone(), optional), []);
    assert_eq!(on("Allow", both, json!({"StringNotLike": {"s3:prefix": "x/*"}})), []);
    // The keys of tags are global by name alone.
    let tag = json!({"StringEquals": {"aws:ResourceTag/team": "ops"}});
    assert_eq!(on("Deny", json!("ec2:DescribeInstances"), tag.clone()), [(some, WARNING)]);
    assert_eq!(on("Deny", json!("ec2:StopInstances"), tag.clone()), []);
    assert_eq!(rules_under("Deny", &tag), [(some, WARNING)]);
    assert_eq!(rules_under("Allow", &tag), []);
    let session = json!([{"Effect": "Allow", "Principal": {"AWS": "210987654321"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {"StringEquals": {"sts:ExternalId": "x7Kq-4431"}}}]);
    assert_eq!(told(Usage::Trust, &session), []);
}

#[test]
fn keys_that_prove_nothing_alone() {
    let referer = json!({"StringLike": {"aws:Referer": "https://x.example/*"}});
    let mut both = referer.clone();
    both["StringEquals"] = json!({"aws:SourceVpce": "vpce-1a2b3c4d"});
    let address = json!({"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/16"}});
    check(
        "spoofable-condition-key",
        &[("Allow", referer.clone(), &[WARNING]), ("Allow", both, &[]), ("Deny", referer, &[NOTE])],
    );
    check("paired-condition-key", &[("Allow", address, &[WARNING])]);
    let attributes = |operator: &str| {
        json!([{"Effect": "Allow", "Action": "dynamodb:Query",
            "Resource": "arn:aws:dynamodb:eu-west-1:123456789012:table/t",
            "Condition": {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["id"]},
                operator: {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}}}])
    };
    assert_eq!(managed(&attributes("StringEqualsIfExists")), []);
    let mut without = attributes("StringEquals");
    without[0]["Condition"].as_object_mut().unwrap().remove("StringEquals");
    assert_eq!(rules_of(Usage::Managed, &without), ["paired-condition-key"]);
    let own = json!({"StringEquals": {"aws:ResourceAccount": "123456789012"}});
    assert_eq!(under(Usage::Bucket, "Allow", &own)[0].rule, "irrelevant-condition-key");
    assert_eq!(under(Usage::Managed, "Allow", &own), []);
}

#[test]
fn a_deny_without_mfa() {
    let mfa =
        |operator: &str, value: &str| json!({operator: {"aws:MultiFactorAuthPresent": value}});
    check(
        "mfa-without-if-exists",
        &[
            ("Deny", mfa("Bool", "false"), &[WARNING]),
            ("Deny", mfa("BoolIfExists", "false"), &[]),
            ("Deny", mfa("Bool", "true"), &[]),
            ("Allow", mfa("Bool", "false"), &[]),
        ],
    );
}

#[test]
fn regions_and_accounts_in_conditions() {
    let on = |operator: &str, key: &str, value: Value| json!({operator: {key: value}});
    check(
        "unknown-region",
        &[
            (
                "Deny",
                on("StringNotEquals", "aws:RequestedRegion", json!(["eu-wset-1", "eu-west-1"])),
                &[WARNING],
            ),
            ("Deny", on("StringNotLike", "aws:RequestedRegion", json!("eu-*")), &[]),
        ],
    );
    check(
        "invalid-account-id",
        &[
            (
                "Allow",
                on("StringEquals", "aws:PrincipalAccount", json!(12_345_678_901_u64)),
                &[WARNING],
            ),
            ("Allow", on("StringEquals", "aws:PrincipalAccount", json!("012345678901")), &[]),
        ],
    );
    let via = |value: &str| on("StringEquals", "kms:ViaService", json!(value));
    check(
        "unknown-service-principal",
        &[
            ("Allow", via("s3.amazonaws.com"), &[WARNING]),
            ("Allow", via("s3.eu-west-1.amazonaws.com"), &[]),
            ("Allow", via("s3.eu-wset-1.amazonaws.com"), &[WARNING]),
            ("Allow", json!({"Null": {"kms:ViaService": "true"}}), &[]),
            (
                "Allow",
                on("StringEquals", "aws:PrincipalServiceName", json!("lamda.amazonaws.com")),
                &[WARNING],
            ),
        ],
    );
}
