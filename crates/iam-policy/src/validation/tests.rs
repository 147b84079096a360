use serde_json::json;

use super::*;

mod condition_keys;
mod limiting;
mod partitions;
mod principals;
mod trust_actions;

fn found(document: &Value, usage: Usage) -> Vec<(String, String)> {
    validate(document, usage)
        .into_iter()
        .map(|finding| (finding.pointer, finding.message))
        .collect()
}

/// Returns a document with one identity statement in which one element is replaced.
fn with(element: &str, value: &Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
    statement[element] = value.clone();
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn trust(statement: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statement})
}

#[track_caller]
fn only(document: &Value, usage: Usage, pointer: &str, message: &str) {
    assert_eq!(found(document, usage), [(pointer.to_owned(), message.to_owned())]);
}

#[test]
fn what_aws_accepts_is_accepted() {
    let identity = json!({"Version": "2012-10-17", "Id": "x", "Statement": [
        {"Sid": "", "Effect": "Allow", "Action": ["*", "*:*", "S3:*", "execute-api:Invoke"], "Resource": [
            "arn:aws:sqs", "arn:*:s3:::b/*", "arn:aws:s3:us-west-2:123456789012:accesspoint/a", "arn:aws:s3:*::b", "arn:aws:iam::*:role/x", "arn:aws:iam::123456789012:*", "arn:aws:iam::*:root", "arn:aws-cn:logs:*:*:*"
        ]},
        {"Sid": "", "Effect": "Deny", "NotAction": "iam:*", "NotResource": "*", "Condition": {
            "ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a", "b"]}, "Null": {"aws:RequestTag/a:b": true},
            "StringEquals": {"oidc.eks.us-east-1.amazonaws.com/id/X:aud": "sts.amazonaws.com"}
        }}
    ]});
    for usage in [Usage::Managed, Usage::UserInline, Usage::GroupInline, Usage::RoleInline] {
        assert_eq!(found(&identity, usage), []);
    }
    let roles = json!({"Statement": {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Principal": {
        "AWS": ["123456789012", "arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:role/a/b", "AROAEXAMPLEEXAMPLE12", "*"],
        "Service": "lambda.amazonaws.com", "Federated": ["arn:aws:iam::123456789012:saml-provider/idp"]
    }}});
    assert_eq!(found(&roles, Usage::Trust), []);
    let bucket = json!({"Version": "2008-10-17", "Statement": [
        {"Sid": "Any sid (S3)", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"},
        {"Sid": "Any sid (S3)", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"},
         "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
    ]});
    assert_eq!(found(&bucket, Usage::Bucket), []);
}

#[test]
fn the_shape_of_the_document() {
    only(
        &json!([]),
        Usage::Managed,
        "",
        "Syntax errors in policy. A policy document is a JSON object.",
    );
    let version =
        |value: Value| json!({"Version": value, "Statement": with("Sid", &json!(""))["Statement"]});
    let old = "Policy document must be version 2012-10-17 or greater.";
    only(&version(json!("2008-10-17")), Usage::UserInline, "/Version", old);
    only(&json!({"Statement": with("Sid", &json!(""))["Statement"]}), Usage::Managed, "", old);
    only(
        &version(json!("2012-10-18")),
        Usage::Managed,
        "/Version",
        "Syntax errors in policy. Version is one of AWS's two: 2012-10-17 or 2008-10-17.",
    );
    let empty = json!({"Version": "2012-10-17", "Statement": []});
    only(
        &empty,
        Usage::Managed,
        "/Statement",
        "Syntax errors in policy. The list of statements is empty.",
    );
    let none = json!({"Version": "2012-10-17"});
    only(&none, Usage::Managed, "", "Syntax errors in policy. The document has no Statement.");
    let text = json!({"Version": "2012-10-17", "Statement": ["x"]});
    only(
        &text,
        Usage::Managed,
        "/Statement/0",
        "Syntax errors in policy. A statement is a JSON object.",
    );
}

#[test]
fn unknown_elements_are_named_with_what_was_meant() {
    let mut document = with("Acton", &json!("s3:x"));
    document["statement"] = json!([]);
    document["Effect"] = json!("Allow");
    let findings = validate(&document, Usage::Managed);
    let seen: Vec<_> = findings
        .iter()
        .map(|f| (f.pointer.as_str(), f.help.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(
        seen,
        [
            ("/Effect", "`Effect` belongs into a statement"),
            ("/statement", "did you mean `Statement`?"),
            ("/Statement/0/Acton", "did you mean `Action`?"),
        ]
    );
    assert_eq!(
        findings[2].message,
        "Syntax errors in policy. `Acton` is no element of a statement."
    );
}

#[test]
fn sids() {
    let alphanumeric = "Statement IDs (SID) must be alpha-numeric. Check that your input \
        satisfies the regular expression [0-9A-Za-z]*";
    only(&with("Sid", &json!("A b-c")), Usage::Managed, "/Statement/0/Sid", alphanumeric);
    for (sid, expected) in [("A b-c", "write `Abc`"), ("ключ", "or leave Sid out")] {
        let found = validate(&with("Sid", &json!(sid)), Usage::Managed);
        let sid = found.iter().find(|it| it.code == "policy-sid").unwrap();
        assert!(sid.remedy().contains(expected), "{found:?}");
    }
    let one = &with("Sid", &json!("A"))["Statement"][0];
    let twice = json!({"Version": "2012-10-17", "Statement": [one, one]});
    let unique = "Statement IDs (SID) in a single policy must be unique.";
    only(&twice, Usage::RoleInline, "/Statement/1/Sid", unique);
}

#[test]
fn effects() {
    only(
        &with("Effect", &json!("allow")),
        Usage::Managed,
        "/Statement/0/Effect",
        "The policy failed legacy parsing",
    );
    let wrong = "Syntax errors in policy. Effect is `Allow` or `Deny`.";
    only(&with("Effect", &json!("Maybe")), Usage::Managed, "/Statement/0/Effect", wrong);
    let none = json!({"Version": "2012-10-17", "Statement": {"Action": "*", "Resource": "*"}});
    only(
        &none,
        Usage::Managed,
        "/Statement",
        "Syntax errors in policy. A statement needs an Effect.",
    );
}

#[test]
fn actions() {
    let cases = [
        ("GetObject", "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
        ("s3:s3:GetObject", "Actions/Condition can contain only one colon."),
        ("s3 :GetObject", "Vendor s3  is not valid"),
        ("s*:GetObject", "Vendor s* is not valid"),
        (":GetObject", "Vendor  is not valid"),
    ];
    for (action, message) in cases {
        only(
            &with("Action", &json!(["s3:Get", action])),
            Usage::Managed,
            "/Statement/0/Action/1",
            message,
        );
        only(&with("Action", &json!(action)), Usage::Managed, "/Statement/0/Action", message);
    }
    let missing = "Policy statement must contain actions.";
    only(&with("Action", &json!([])), Usage::Managed, "/Statement/0/Action", missing);
    let none =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"}]});
    only(&none, Usage::Managed, "/Statement/0", missing);
    let both = "Syntax errors in policy. A statement has Action or NotAction, not both.";
    only(&with("NotAction", &json!("s3:x")), Usage::Managed, "/Statement/0/NotAction", both);
    only(
        &with("Action", &json!([1])),
        Usage::Managed,
        "/Statement/0/Action/0",
        "Syntax errors in policy. An action is a text.",
    );
}

#[test]
fn resources() {
    let cases = [
        ("bucket", "Resource bucket must be in ARN format or \"*\"."),
        ("arn", "Resource arn must be in ARN format or \"*\"."),
        (
            "arn:amazon:s3:::b",
            "Partition \"amazon\" is not valid for resource \"arn:amazon:s3:::b\".",
        ),
        ("aws:s3:::b", "Partition \"s3\" is not valid for resource \"arn:s3:::b:*\"."),
        ("s3::b/*", "Partition \"\" is not valid for resource \"arn::b/*:*:*:*\"."),
        (
            "arn:aws:s3:us-east-1::b",
            "Resource arn:aws:s3:us-east-1::b can not contain region information.",
        ),
        ("arn:aws:s3::b", "The policy failed legacy parsing"),
        ("arn:aws::::b", "The policy failed legacy parsing"),
        ("arn:awss3::b/*", "The policy failed legacy parsing"),
        ("arn:aws", "Resource vendor must be fully qualified and cannot contain regexes."),
        ("arn:aws:*:::b", "Resource vendor must be fully qualified and cannot contain regexes."),
        (
            "arn:aws:iam:us-east-1:1:role/x",
            "IAM resource arn:aws:iam:us-east-1:1:role/x cannot contain region information.",
        ),
        (
            "arn:aws:iam::1:*role",
            "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, \
                group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, \
                saml-provider/, oidc-provider/, report/, access-report/.",
        ),
    ];
    for (resource, message) in cases {
        only(
            &with("Resource", &json!(["*", resource])),
            Usage::Managed,
            "/Statement/0/Resource/1",
            message,
        );
    }
    let missing = "Policy statement must contain resources.";
    only(&with("Resource", &json!([])), Usage::Managed, "/Statement/0/Resource", missing);
    let none = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*"}});
    only(&none, Usage::Managed, "/Statement", missing);
}

#[test]
fn principals_are_forbidden_or_required_by_usage() {
    let message = "Policy document should not specify a principal.";
    only(&with("Principal", &json!("*")), Usage::Managed, "/Statement/0/Principal", message);
    let nobody = trust(&json!({"Effect": "Allow", "Action": "sts:AssumeRole"}));
    only(&nobody, Usage::Trust, "/Statement", "Missing required field Principal");
    let object = with("Resource", &json!("arn:aws:s3:::b/*"));
    only(&object, Usage::Bucket, "/Statement/0", "Missing required field Principal");
    let empty =
        trust(&json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": []}}));
    only(
        &empty,
        Usage::Trust,
        "/Statement/Principal",
        "Missing required field Principal cannot be empty!",
    );
}

#[test]
fn principals_are_of_known_types_and_form() {
    let cases = [
        (
            json!({"Service": "lambda"}),
            "/Service",
            "Invalid principal in policy: \"SERVICE\":\"lambda\"",
        ),
        (
            json!({"AWS": ["*", "12345"]}),
            "/AWS/1",
            "Invalid principal in policy: \"AWS\":\"12345\"",
        ),
        (
            json!({"AWS": "arn:aws:iam::123456789012:role/*"}),
            "/AWS",
            "Invalid principal in policy: \"AWS\":\"arn:aws:iam::123456789012:role/*\"",
        ),
        (json!({"Services": "a.b"}), "/Services", "Invalid principal in policy: \"Services\""),
        (json!("lambda.amazonaws.com"), "", "Invalid principal in policy"),
    ];
    for (principal, pointer, message) in cases {
        let document =
            trust(&json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}));
        only(&document, Usage::Trust, &format!("/Statement/Principal{pointer}"), message);
    }
}

#[test]
fn an_aws_principal_that_is_none_comes_with_what_to_write() {
    let taken = [
        "arn:aws:iam::123456789012:user/path/ada",
        "arn:aws:sts::123456789012:assumed-role/ops/ada",
        "arn:aws:sts::123456789012:federated-user/ada",
        "arn:aws-us-gov:iam::123456789012:root",
    ];
    // "You cannot identify a user group as a principal" (IAM User Guide, "Principal").
    let refused = [
        (
            "lambda.amazonaws.com",
            "a service is a principal of another type: {\"Service\": \"lambda.amazonaws.com\"}",
        ),
        (
            "arn:aws:iam::123456789012:group/ops",
            "a group is no principal: name its users, or a role that they assume",
        ),
        (
            "arn:aws:iam::123456789012:oidc-provider/x.y",
            "a provider is a principal of another type: \
                {\"Federated\": \"arn:aws:iam::123456789012:oidc-provider/x.y\"}",
        ),
        (
            "arn:aws:iam::123456789012:instance-profile/x",
            "write an account id or the ARN of a user or a role",
        ),
        ("arn:aws:iam::123456789012:ada", "write an account id or the ARN of a user or a role"),
        ("arn:aws:iam::123456789012:user/", "write an account id or the ARN of a user or a role"),
        (
            "arn:aws:sts::123456789012:assumed-role/ops",
            "write an account id or the ARN of a user or a role",
        ),
    ];
    let by = |name: &str| {
        trust(&json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": name}}))
    };
    for name in taken {
        assert_eq!(found(&by(name), Usage::Trust), [], "{name}");
    }
    for (name, help) in refused {
        let message = format!("Invalid principal in policy: \"AWS\":\"{name}\"");
        only(&by(name), Usage::Trust, "/Statement/Principal/AWS", &message);
        assert_eq!(validate(&by(name), Usage::Trust)[0].help.as_deref(), Some(help), "{name}");
    }
}

#[test]
fn trust_policies_have_no_resource_and_only_sts_actions() {
    let lambda = json!({"Service": "lambda.amazonaws.com"});
    let document = trust(
        &json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": lambda, "Resource": "*"}),
    );
    only(&document, Usage::Trust, "/Statement/Resource", "Has prohibited field Resource");
    let document =
        trust(&json!({"Effect": "Allow", "Action": "s3:GetObject", "Principal": lambda}));
    let message = "AssumeRole policy may only specify STS AssumeRole actions.";
    only(&document, Usage::Trust, "/Statement/Action", message);
    let document =
        trust(&json!({"Effect": "Allow", "Action": "sts:AssumeRole", "NotPrincipal": lambda}));
    only(
        &document,
        Usage::Trust,
        "/Statement/NotPrincipal",
        "Allow with NotPrincipal is not allowed.",
    );
    let document =
        trust(&json!({"Effect": "Deny", "Action": "sts:AssumeRole", "NotPrincipal": lambda}));
    let message = "AssumeRole policy must not contain NotPrincipal field.";
    only(&document, Usage::Trust, "/Statement/NotPrincipal", message);
    let mut document = trust(&json!({"Effect": "Allow", "Action": "*", "Principal": lambda}));
    let message = "AssumeRole policy may only specify STS AssumeRole actions.";
    only(&document, Usage::Trust, "/Statement/Action", message);
    document["Statement"]["Action"] = json!("sts:AssumeRole");
    document["Statement"]["NotResource"] = json!("*");
    only(
        &document,
        Usage::Trust,
        "/Statement/NotResource",
        "AssumeRole policy must not contain resources.",
    );
}

#[test]
fn bucket_policies_are_about_buckets() {
    let bucket = |action: &str, resource: Value| {
        trust(&json!({"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource}))
    };
    for resource in ["arn:aws:sqs:::x", "*"] {
        only(
            &bucket("s3:*", json!(resource)),
            Usage::Bucket,
            "/Statement/Resource",
            "Policy has invalid resource",
        );
    }
    // Directory buckets and those on Outposts have policies too ("Example bucket policies for
    // directory buckets").
    let directory = "arn:aws:s3express:us-west-2:123456789012:bucket/b--usw2-az1--x-s3";
    let outpost = "arn:aws:s3-outposts:us-east-1:123456789012:outpost/op-1/bucket/b/object/*";
    for (action, resource) in [
        ("s3express:CreateSession", "*"),
        ("s3express:CreateSession", directory),
        ("s3-outposts:GetObject", outpost),
    ] {
        assert_eq!(
            found(&bucket(action, json!(resource)), Usage::Bucket),
            [],
            "{action} {resource}"
        );
    }
}

#[test]
fn an_action_of_a_bucket_policy_is_about_one_of_its_resources() {
    let on = |actions: Value, resources: Value| {
        trust(
            &json!({"Effect": "Allow", "Principal": "*", "Action": actions, "Resource": resources}),
        )
    };
    let message = "Action does not apply to any resource(s) in statement";
    let (bucket, objects) = ("arn:aws:s3:::b", "arn:aws:s3:::b/*");
    only(&on(json!("s3:getobject"), json!(bucket)), Usage::Bucket, "/Statement/Action", message);
    only(
        &on(json!(["s3:GetObject", "s3:ListBucket"]), json!([objects])),
        Usage::Bucket,
        "/Statement/Action/1",
        message,
    );
    let fine = [
        (json!(["s3:GetObject", "s3:ListBucket"]), json!([bucket, objects])),
        (json!("s3:*"), json!(bucket)),
        (json!("s3:Get*"), json!(objects)),
        (json!("s3:GetObject"), json!("arn:aws:s3:::b*")),
        (json!("s3:GetObject"), json!("arn:aws:s3:::${aws:PrincipalTag/bucket}")),
        (json!("s3:SomethingNew"), json!(bucket)),
    ];
    for (actions, resources) in fine {
        assert_eq!(
            found(&on(actions.clone(), resources.clone()), Usage::Bucket),
            [],
            "{actions} {resources}"
        );
        assert_eq!(found(&with("Action", &actions), Usage::Managed), [], "IAM doesn't mind");
    }
}

#[test]
fn nobody_is_allowed_something_by_not_being_named() {
    // IAM User Guide, "NotPrincipal": "Using it with Effect Allow is not supported."
    let but = |effect: &str| {
        trust(
            &json!({"Effect": effect, "NotPrincipal": {"AWS": "123456789012"}, "Action": "s3:*", "Resource": "arn:aws:s3:::b"}),
        )
    };
    only(
        &but("Allow"),
        Usage::Bucket,
        "/Statement/NotPrincipal",
        "Allow with NotPrincipal is not allowed.",
    );
    assert_eq!(found(&but("Deny"), Usage::Bucket), []);
}

#[test]
fn conditions() {
    let condition = |value: Value| with("Condition", &value);
    let cases = [
        (
            json!({"StringEqual": {"aws:username": "x"}}),
            "/StringEqual",
            "Syntax errors in policy. `StringEqual` is no condition operator.",
        ),
        (
            json!({"StringEquals": {"aws:a:b": "x"}}),
            "/StringEquals/aws:a:b",
            "Actions/Condition can contain only one colon.",
        ),
        (
            json!({"StringEquals": {"aws:RequestTag/a": ["x", null]}}),
            "/StringEquals/aws:RequestTag~1a/1",
            "Syntax errors in policy. A condition's value is a text, a number, a boolean, or a \
                list of them.",
        ),
        (json!([]), "", "Syntax errors in policy. Condition is an object of operators."),
    ];
    for (value, pointer, message) in cases {
        only(
            &condition(value),
            Usage::Managed,
            &format!("/Statement/0/Condition{pointer}"),
            message,
        );
    }
    for (slip, meant) in [
        ("StringEqual", "StringEquals"),
        ("StringEqualIfExists", "StringEqualsIfExists"),
        ("ForAnyValues:StringLike", "ForAnyValue:StringLike"),
        ("ForAllValue:StringNotLikes", "ForAllValues:StringNotLike"),
        ("NullIfExists", "Null"),
    ] {
        let help = validate(&condition(json!({slip: {"aws:username": "x"}})), Usage::Managed)
            .remove(0)
            .help;
        assert_eq!(help, Some(format!("did you mean `{meant}`?")), "{slip}");
    }
}

#[test]
fn sizes() {
    let large =
        |count: usize| with("Resource", &json!(format!("arn:aws:s3:::{}", "a".repeat(count))));
    let room = limit(Usage::Managed) - document_size(&canonical(&large(0)), Usage::Managed);
    assert_eq!(found(&large(room), Usage::Managed), []);
    only(&large(room + 1), Usage::Managed, "", "Cannot exceed quota for PolicySize: 6144");
    only(
        &large(2_048),
        Usage::UserInline,
        "",
        "Maximum policy size of 2048 bytes exceeded for user",
    );
    only(
        &large(5_120),
        Usage::GroupInline,
        "",
        "Maximum policy size of 5120 bytes exceeded for group",
    );
    only(
        &large(10_240),
        Usage::RoleInline,
        "",
        "Maximum policy size of 10240 bytes exceeded for role",
    );
}

/// A check of very many statements would take long, and AWS makes none.
#[test]
fn of_a_document_that_no_call_takes_only_the_size_is_reported() {
    let wrong = json!({"Effect": "Allow", "Action": "nonsense"});
    let statements =
        |count: usize| json!({"Version": "2012-10-17", "Statement": vec![&wrong; count]});
    let different = |count: usize| {
        let each =
            |nth: usize| json!({"Sid": format!("S{nth}"), "Effect": "Allow", "Action": "nonsense"});
        json!({"Version": "2012-10-17", "Statement": (0..count).map(each).collect::<Vec<_>>()})
    };
    for (usage, parameter) in
        [(Usage::Managed, "'policyDocument'"), (Usage::Trust, "'assumeRolePolicyDocument'")]
    {
        let violations = validate(&different(4_000), usage);
        assert_eq!(violations.len(), 1, "{usage:?}");
        assert_eq!(violations[0].code, "policy-size");
        assert!(violations[0].message.contains(parameter), "{}", violations[0].message);
    }
    assert_eq!(validate(&different(4_000), Usage::Bucket).len(), 1);
    assert!(validate(&statements(2), Usage::Managed).len() > 1);
}

/// The results that moto's tests of `CreatePolicy` recorded, each checked against AWS: the
/// documents that IAM takes though they look odd, and of several problems the one that it reports.
/// A malformed boolean is not among them: IAM takes it, and Access Analyzer reports it.
#[test]
fn iam_takes_what_looks_odd() {
    let odd = [
        with("Action", &json!("iam: asdf safdsf af ")),
        with("Action", &json!("nosuchservice:DoSomething")),
        with("Action", &json!("s3.s:ListBucket")),
        with("Resource", &json!("arn:aws:fdsasf")),
        with("Resource", &json!("arn:aws:invalid-service:us-east-1::x")),
        with("Resource", &json!("arn:aws:iam:::user/x")),
        with("Condition", &json!({})),
        with("Condition", &json!({"nosuch": {}, "DateGreaterThan": {}})),
        with("Condition", &json!({"DateGreaterThan": {"a": []}})),
        with("Condition", &json!({"StringEqualsIfExists": {"a": "asf"}})),
        with(
            "Condition",
            &json!({"DateGreaterThan": {"aws:CurrentTime": "${aws:PrincipalTag/end, '2030'}"}}),
        ),
        with("Condition", &json!({"NumericLessThan": {"s3:max-keys": "many"}})),
    ];
    for document in odd {
        assert_eq!(found(&document, Usage::Managed), [], "{document}");
    }
}

#[test]
fn of_several_problems_the_first_is_the_one_that_iam_reports() {
    let vendor = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
    let cases = [
        (json!({"Effect": "Allow", "Action": "invalid"}), vendor),
        (
            json!({"Effect": "Allow", "Action": "s:3:x", "Resource": "sdfsadf"}),
            "Resource sdfsadf must be in ARN format or \"*\".",
        ),
        (json!({"Effect": "Allow"}), "Policy statement must contain actions."),
        (json!({"Effect": "Allow", "Resource": "arn:aws:s3::b"}), LEGACY),
        (json!({"Effect": "allow", "Resource": "arn:aws:s3:us-east-1::b"}), LEGACY),
        (
            json!({"Effect": "Allow", "Action": "s3:x", "Resource": "arn:error:s3:::b",
                "Condition": {"DateGreaterThan": {"a": "sdfdsf"}}}),
            LEGACY,
        ),
        (
            json!([{"Sid": "a", "Effect": "Allow", "Action": "s3:x", "Resource": "*"}, {"Sid": "a", "Effect": "Allow"}]),
            "Statement IDs (SID) in a single policy must be unique.",
        ),
        (
            json!({"Effect": "Allow", "Resource": "*", "Condition": {"DateGreaterThan": {"a": {}}}}),
            "Syntax errors in policy. A condition's value is a text, a number, a boolean, or a \
                list of them.",
        ),
    ];
    for (statement, first) in cases {
        assert_eq!(found(&trust(&statement), Usage::Managed)[0].1, first, "{statement}");
    }
    let old = json!({"Statement": {"Effect": "denY", "Action": "s3:x", "Resource": "*"}});
    assert_eq!(
        found(&old, Usage::Managed)[0].1,
        "Policy document must be version 2012-10-17 or greater."
    );
}

#[test]
fn trust_and_bucket_policies_are_refused_in_their_own_words() {
    let both = |document: Value, pointer: &str, message: &str| {
        for usage in [Usage::Trust, Usage::Bucket] {
            assert_eq!(
                found(&document, usage)[0],
                (pointer.to_owned(), message.to_owned()),
                "{document}"
            );
        }
    };
    both(
        json!({"Version": "2012", "Statement": {}}),
        "/Version",
        "The policy must contain a valid version string",
    );
    both(json!({"Statement": []}), "/Statement", "Could not parse the policy: Statement is empty!");
    both(json!({"Statement": {"Effect": "maybe"}}), "/Statement/Effect", "Invalid effect: maybe");
    both(json!({"Statement": {}}), "/Statement", "Missing required field Effect");
    both(json!({"Statement": {}, "Statements": {}}), "/Statements", "Unknown field Statements");
    assert_eq!(
        found(&json!({}), Usage::Bucket),
        [(String::new(), "Missing required field Statement".to_owned())]
    );

    let mut twice = trust(&json!([
        {"Sid": "A", "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}},
        {"Sid": "A", "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    ]));
    only(
        &twice,
        Usage::Trust,
        "/Statement/1/Sid",
        "The Statement Ids in the policy are not unique",
    );
    twice["Statement"][1]["Sid"] = json!("B");
    twice["Statement"][1]["Principal"] = json!({"Federated": "cognito-identity.amazonaws.com"});
    only(
        &twice,
        Usage::Trust,
        "/Statement/1",
        "A condition block must be present for the Cognito provider",
    );
    twice["Statement"][1]["Condition"] =
        json!({"StringEquals": {"cognito-identity.amazonaws.com:aud": "x"}});
    assert_eq!(found(&twice, Usage::Trust), []);
}

#[test]
fn what_s3_minds_in_bucket_policies() {
    let bucket = |element: &str, value: Value| {
        let mut document = with(element, &value);
        document["Statement"][0]["Principal"] = json!("*");
        if element != "Resource" {
            document["Statement"][0]["Resource"] = json!("arn:aws:s3:::b/*");
        }
        document
    };
    let cases = [
        ("Action", json!("GetObject"), "", "Policy has invalid action"),
        ("Action", json!("ec2:RunInstances"), "", "Policy has invalid action"),
        ("Resource", json!("b"), "", "Policy has invalid resource"),
        (
            "Condition",
            json!({"StringEqual": {"aws:x": "y"}}),
            "/StringEqual",
            "Invalid Condition type : StringEqual",
        ),
        (
            "Condition",
            json!({"StringEquals": {"x": "y"}}),
            "/StringEquals/x",
            "Policy has an invalid condition key",
        ),
        (
            "Condition",
            json!({"NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "192.0.2"]}}),
            "/NotIpAddress/aws:SourceIp/1",
            "Invalid IP address in Conditions",
        ),
    ];
    for (element, value, pointer, message) in cases {
        only(
            &bucket(element, value),
            Usage::Bucket,
            &format!("/Statement/0/{element}{pointer}"),
            message,
        );
    }
}

#[test]
fn characters_beyond_iams_set_are_named() {
    let message = "The specified value for policyDocument is invalid. It must contain only \
        printable ASCII characters.";
    only(
        &with("Resource", &json!("arn:aws:s3:::a–b")),
        Usage::Managed,
        "/Statement/0/Resource",
        message,
    );
    assert_eq!(found(&with("Resource", &json!("arn:aws:s3:::é")), Usage::Managed), []);
}
