//! Tests of the rules on names and forms outside of conditions.

use serde_json::json;

use super::*;

fn on(action: &Value, resource: &Value) -> Vec<Finding> {
    let found =
        of(Usage::Managed, &json!([{"Effect": "Deny", "Action": action, "Resource": resource}]));
    assert!(found.iter().all(|one| named(one.rule).is_some()));
    found
}

/// Returns the only finding: rule, severity, place, message and remedy.
fn only(found: &[Finding]) -> (&'static str, Severity, &str, &str, &str) {
    let [one] = found else { panic!("{found:?}") };
    (one.rule, one.severity, &one.pointer, &one.message, &one.remedy)
}

#[test]
fn an_action_that_none_of_the_resources_fits() {
    let action = "/Statement/0/Action";
    let found = on(&json!("s3:GetObject"), &json!("arn:aws:s3:::quarry-photos"));
    assert_eq!(
        only(&found),
        (
            "action-resource-mismatch",
            Severity::Warning,
            action,
            "s3:GetObject applies to none of the resources of the statement: s3:GetObject takes \
                arn:${Partition}:s3:${Region}:${Account}:accesspoint/${AccessPointName}/object/${ObjectName}, \
                arn:${Partition}:s3:::${BucketName}/${ObjectName}",
            "write arn:aws:s3:::quarry-photos/*"
        )
    );
    let found = on(&json!(["s3:PutObject", "s3:ListBucket"]), &json!("arn:aws:s3:::photos/*"));
    let (.., place, _, remedy) = only(&found);
    assert_eq!((place, remedy), ("/Statement/0/Action/1", "write arn:aws:s3:::photos"));
    let found = on(
        &json!("ec2:DescribeInstances"),
        &json!("arn:aws:ec2:eu-west-1:123456789012:instance/*"),
    );
    let (rule, severity, ..) = only(&found);
    assert_eq!((rule, severity), ("action-resource-mismatch", Severity::Note));
    // Both kinds are one finding.
    let both = json!(["s3:GetObject", "s3:DeleteObject", "ec2:DescribeVpcs"]);
    let found = on(&both, &json!("arn:aws:s3:::photos"));
    assert!(only(&found).3.contains("AWS documents no resource for ec2:DescribeVpcs"), "{found:?}");
}

#[test]
fn an_action_that_may_be_on_one_of_the_resources() {
    for (action, resource) in [
        ("s3:GetObject", "arn:aws:s3:::b*"),
        ("s3:ListBucket", "arn:aws:s3:::b*"),
        ("s3:ListBucket", "arn:aws:s3:::${aws:username}"),
        ("s3:GetObject", "arn:aws:s3:::b/${aws:username}/*"),
        ("s3:*", "arn:aws:s3:::b/*"),
        ("s3:Get*", "arn:aws:s3:::b/*"),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::*"),
        ("s3:GetObject", "arn:aws:s3:eu-west-1:123456789012:accesspoint/x/object/*"),
        ("ec2:RunInstances", "arn:aws:ec2:*:*:instance/*"),
        ("ec2:CreateTags", "arn:aws:ec2:eu-west-1:123456789012:*/*"),
        ("logs:PutLogEvents", "arn:aws:logs:*:*:*"),
        ("logs:DescribeLogGroups", "arn:aws:logs:eu-west-1:123456789012:log-group:*"),
        ("iam:ListUsers", "arn:aws:iam::123456789012:user/*"),
        ("sqs:SendMessage", "arn:aws:sqs"),
        (
            "cloudformation:CreateChangeSet",
            "arn:aws:cloudformation:*:aws:transform/Serverless-2016-10-31",
        ),
        ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:123456789012:function:x:*"),
        // Other findings tell these.
        ("s3:GetObjekt", "arn:aws:s3:::b"),
        ("s3:GetObject", "arn:aws:s3:::YOUR-BUCKET"),
    ] {
        let found = on(&json!(action), &json!(resource));
        let told = found.iter().any(|one| one.rule == "action-resource-mismatch");
        assert!(!told, "{action} {resource}: {found:?}");
    }
    let both = json!(["arn:aws:s3:::b", "arn:aws:s3:::b/*"]);
    assert_eq!(on(&json!(["s3:ListBucket", "s3:GetObject"]), &both), []);
    assert_eq!(on(&json!(["s3:GetObject", "ec2:DescribeVpcs"]), &json!("*")), []);
    let complement =
        json!({"Effect": "Deny", "NotAction": "s3:GetObject", "Resource": "arn:aws:s3:::b"});
    assert_eq!(managed(&json!([complement])), []);
}

#[test]
fn an_arn_whose_parts_cannot_be() {
    let table = [
        ("arn:aws:S3:::b/*", "write arn:aws:s3:::b/*"),
        (
            "arn:aws:sqss:eu-west-1:123456789012:q",
            "did you mean arn:aws:sqs:eu-west-1:123456789012:q?",
        ),
        ("arn:aws:s3:::b:*", "the forms are arn:${Partition}:s3:::${BucketName}"),
        ("arn:aws:s3::123456789012:b", "write arn:aws:s3:::b"),
        ("arn:aws:sqs::123456789012:q", "write a Region, such as eu-west-1, or * for every one"),
        ("arn:aws:sqs:eu-west-1::q", "write the account, such as 123456789012, or * for every one"),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:relay", "the forms are "),
        (
            "arn:aws:states:eu-west-1:123456789012:statemachine:x",
            "the forms are arn:${Partition}:states:${Region}:${Account}:stateMachine:${",
        ),
    ];
    for (arn, expected) in table {
        let found = on(&json!("*"), &json!(["*", arn]));
        let (rule, severity, place, _, remedy) = only(&found);
        assert_eq!((rule, severity), ("resource-arn", Severity::Warning), "{arn}");
        assert_eq!(place, "/Statement/0/Resource/1", "{arn}");
        assert!(remedy.starts_with(expected), "{arn}: {remedy}");
    }
    for right in [
        "arn:aws:sqs:*:123456789012:q",
        "arn:aws:s3:*:*:b",
        "arn:aws:apigateway:eu-west-1::/restapis/*",
        "arn:aws:apigateway:eu-west-1::/v2/apis",
        "arn:aws:aps:eu-west-1:123456789012:/workspaces",
        "arn:aws:ssm:eu-west-1::document/AWS-RunShellScript",
        "arn:aws:ec2:eu-west-1::image/ami-*",
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:catalog:eu-west-1:123456789012:product/x",
        "arn:aws:backup:eu-west-1:123456789012:recovery-point:x",
        "arn:aws:cloudfront::123456789012:distribution/E",
        "arn:aws:deeplens:::x",
        "arn:aws:sqs",
    ] {
        assert_eq!(on(&json!("*"), &json!(right)), [], "{right}");
    }
}

#[test]
fn regions_and_accounts_that_cannot_be() {
    let table = [
        ("arn:aws:sqs:eu-wset-1:123456789012:q", "unknown-region", "did you mean `eu-west-1`?"),
        ("arn:aws:sqs:cn-north-1:123456789012:q", "unknown-region", "write a Region of aws"),
        ("arn:aws:sqs:xx-*:123456789012:q", "unknown-region", "look the Region up"),
        (
            "arn:aws:sqs:eu-west-1:12345678901:q",
            "invalid-account-id",
            "if the leading zeros are missing, write it in quotes: \"012345678901\"",
        ),
        ("arn:aws:sqs:eu-west-1:1234567890123:q", "invalid-account-id", "write the twelve digits"),
        ("arn:aws:sqs:eu-west-1:1234-5678-9012:q", "invalid-account-id", "write the twelve digits"),
    ];
    for (arn, expected, remedy) in table {
        let found = on(&json!("sqs:*"), &json!(arn));
        let (rule, severity, place, _, told) = only(&found);
        assert_eq!((rule, severity, place), (expected, Severity::Warning, "/Statement/0/Resource"));
        assert!(told.starts_with(remedy), "{arn}: {told}");
    }
    for right in [
        "arn:aws:sqs:eu-*:123456789012:q",
        "arn:aws:sqs:${aws:RequestedRegion}:${aws:PrincipalAccount}:q",
        "arn:aws:sqs:*:*:q",
        "arn:aws:sqs:eu-west-1:ACCOUNT-ID:q",
    ] {
        let found = on(&json!("sqs:*"), &json!(right));
        assert!(found.iter().all(|one| one.rule == "placeholder"), "{right}: {found:?}");
    }
}

#[test]
fn values_that_others_of_the_list_cover() {
    let found = on(
        &json!(["s3:Get*", "S3:GetObject", "s3:GetObjectAcl", "s3:PutObject", "s3:putobject"]),
        &json!(["arn:aws:s3:::b/x", "arn:aws:s3:::b/*"]),
    );
    let (rule, severity, place, message, _) = only(&found);
    assert_eq!(
        (rule, severity, place),
        ("redundant-value", Severity::Note, "/Statement/0/Action/1")
    );
    assert_eq!(
        message,
        "`s3:Get*` covers S3:GetObject, s3:GetObjectAcl; `s3:PutObject` covers s3:putobject; \
            `arn:aws:s3:::b/*` covers arn:aws:s3:::b/x"
    );
    let session = "arn:aws:sts::123456789012:assumed-role/ci/x";
    let found = trust(&json!({"AWS": ["arn:aws:iam::123456789012:role/ci", session]}), &json!({}));
    assert_eq!(found, one("redundant-value", Severity::Note, "/Statement/0/Principal/AWS/1"));
    assert_eq!(trust(&json!({"AWS": [session]}), &json!({})), []);
}

#[test]
fn a_policy_variable_that_is_none() {
    let found = on(&json!("s3:GetObject"), &json!("arn:aws:s3:::b/${aws: username}"));
    let (rule, severity, place, _, remedy) = only(&found);
    assert_eq!(
        (rule, severity, place),
        ("variable-syntax", Severity::Warning, "/Statement/0/Resource")
    );
    assert_eq!(remedy, "write ${aws:username}");
    let found = on(&json!("s3:Get${aws:username}*"), &json!("*"));
    assert!(found.iter().any(|one| one.rule == "variable-syntax"), "{found:?}");
    let numeric = json!([{"Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"NumericEquals": {"aws:MultiFactorAuthAge": "${aws:username}"}}}]);
    let place = "/Statement/0/Condition/NumericEquals/aws:MultiFactorAuthAge";
    assert_eq!(managed(&numeric), one("variable-syntax", Severity::Warning, place));
}

#[test]
fn a_document_without_variables_or_version() {
    let statement = |resource: &str| {
        json!({"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "s3:GetObject",
            "Resource": resource})
    };
    let home = Home { usage: Usage::Bucket, account: ACCOUNT, partition: "aws", grants: true };
    let told = |document: &Value| -> Vec<(&str, String)> {
        lint(document, &home).into_iter().map(|one| (one.rule, one.pointer)).collect()
    };
    let variable = statement("arn:aws:s3:::b/${aws:userid}/*");
    let place = "/Statement/0/Resource".to_owned();
    let document = json!({"Statement": [variable, variable]});
    assert_eq!(told(&document), [("variable-syntax", place)]);
    let document = json!({"Statement": [statement("arn:aws:s3:::b/*")]});
    assert_eq!(told(&document), [("missing-version", String::new())]);
    let sids = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "a", "Effect": "Allow", "Principal": {"AWS": "123456789012"},
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
        {"Sid": "a", "Effect": "Allow", "Principal": {"AWS": "123456789012"},
            "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b"}]});
    assert_eq!(told(&sids), [("duplicate-sid", "/Statement/1/Sid".to_owned())]);
}

#[test]
fn principals_that_were_deleted() {
    for (id, told) in [
        ("AROAEXAMPLEEXAMPLE123", 1),
        ("AIDAEXAMPLEEXAMPLE123", 1),
        ("123456789012", 0),
        ("arn:aws:iam::123456789012:role/AROAEXAMPLEEXAMPLE123", 0),
    ] {
        let found = trust(&json!({"AWS": id}), &json!({}));
        assert_eq!(found.iter().filter(|(rule, ..)| *rule == "principal-id").count(), told, "{id}");
    }
}

#[test]
fn service_linked_roles_of_any_service() {
    let make = |resource: &str, condition: Value| {
        rules_of(
            Usage::Managed,
            &json!([{"Effect": "Allow", "Action": "iam:CreateServiceLinkedRole",
                "Resource": resource, "Condition": condition}]),
        )
    };
    let any = ["service-linked-role-wildcard"];
    for open in ["role/*", "role/aws-service-role/*", "role/aws-service-role/*.amazonaws.com/*"] {
        let resource = format!("arn:aws:iam::*:{open}");
        assert_eq!(
            make(&resource, json!({"Bool": {"aws:SecureTransport": "true"}})),
            any,
            "{open}"
        );
        let of = json!({"StringEquals": {"iam:AWSServiceName": "ecs.amazonaws.com"}});
        assert_eq!(make(&resource, of), [""; 0], "{open}");
    }
    let named = "arn:aws:iam::*:role/aws-service-role/ecs.amazonaws.com/*";
    assert_eq!(make(named, json!({"Bool": {"aws:SecureTransport": "true"}})), [""; 0]);
}
