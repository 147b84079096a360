//! Statements of the kinds that AWS's guides publish. Each was told once, wrongly or too often,
//! when all examples of the IAM User Guide and the Amazon S3 User Guide were linted; the test has
//! what may be told of it.

use super::*;

fn told_of(usage: Usage, statement: &Value) -> Vec<String> {
    let found = of(usage, statement);
    found.into_iter().map(|one| format!("{:?} {}", one.severity, one.rule)).collect()
}

#[test]
fn bucket_policies_of_the_guides() {
    let on = |principal: Value, action: Value, condition: Value| {
        let statement = json!({"Effect": "Allow", "Principal": principal, "Action": action,
            "Resource": ["arn:aws:s3:::quarry-photos", "arn:aws:s3:::quarry-photos/*"],
            "Condition": condition});
        told_of(Usage::Bucket, &statement)
    };
    let none: [&str; 0] = [];
    let everybody = || json!({"AWS": "*"});
    // Access points decide.
    let delegated = json!({"StringEquals": {"s3:DataAccessPointAccount": "444455556666"}});
    assert_eq!(on(everybody(), json!("*"), delegated), ["Note principal-wildcard"]);
    // An organization, a network, and a network without some of its addresses.
    for condition in [
        json!({"StringEquals": {"aws:PrincipalOrgID": ["o-aa111bb222"]}}),
        json!({"StringEquals": {"aws:SourceVpc": "vpc-0a1b2c3d"}}),
        json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"},
            "NotIpAddress": {"aws:SourceIp": "192.0.2.188/32"}}),
    ] {
        let told = on(everybody(), json!("s3:GetObject"), condition);
        assert_eq!(told, ["Note principal-wildcard"]);
    }
    // Roles of one name in all accounts of an organization.
    let role = json!({"StringEquals": {"aws:PrincipalOrgID": "o-aa111bb222"},
        "StringLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:PrincipalAccount}:role/monitor*"}});
    let told = on(everybody(), json!(["s3:GetObject", "s3:ListBucket"]), role);
    assert_eq!(told, ["Note principal-wildcard", "Note string-operator-on-arn"]);
    // Server access logs: the source is a bucket, whose ARN holds no account.
    let logging = json!({"Service": "logging.s3.amazonaws.com"});
    let source = json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::quarry-web"},
        "StringEquals": {"aws:SourceAccount": "123456789012"}});
    assert_eq!(on(logging, json!("s3:PutObject"), source), none);
    // Inventories of all buckets of an account.
    let inventory = json!({"Service": "s3.amazonaws.com"});
    let source = json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"},
        "StringEquals": {"aws:SourceAccount": "123456789012",
            "s3:x-amz-acl": "bucket-owner-full-control"}});
    assert_eq!(on(inventory, json!("s3:PutObject"), source), none);
}

#[test]
fn trust_policies_of_the_guides() {
    let trusts = |principal: Value, action: Value, condition: Value| {
        let statement = json!({"Effect": "Allow", "Principal": principal, "Action": action,
            "Condition": condition});
        told_of(Usage::Trust, &statement)
    };
    let none: [&str; 0] = [];
    // Session tags, besides the statement that lets the caller in.
    let other = || json!({"AWS": "arn:aws:iam::210987654321:user/tester"});
    let tags = json!({"StringLike": {"aws:RequestTag/Project": "*"}});
    let told = trusts(other(), json!("sts:TagSession"), tags);
    assert_eq!(told, ["Note vacuous-condition"]);
    // A company's own provider, with the people whom its tokens name.
    let provider = || json!({"Federated": "arn:aws:iam::123456789012:oidc-provider/login.example"});
    let actions = || json!(["sts:AssumeRoleWithWebIdentity", "sts:SetSourceIdentity"]);
    let people = json!({"StringEquals": {"login.example:aud": "relay"},
        "StringLike": {"sts:SourceIdentity": ["Saanvi", "Diego"]}});
    assert_eq!(trusts(provider(), actions(), people), ["Note oidc-without-subject"]);
    // Users with a second factor.
    let root = json!({"AWS": "arn:aws:iam::123456789012:root"});
    let factor = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    assert_eq!(trusts(root, json!("sts:AssumeRole"), factor), none);
}

#[test]
fn policies_of_the_guides_that_a_condition_limits() {
    let allows = |actions: Value, condition: Value| {
        let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*",
            "Condition": condition});
        told_of(Usage::Managed, &statement)
    };
    let none: [&str; 0] = [];
    let regions = json!(["account:EnableRegion", "account:DisableRegion"]);
    let region = json!({"StringEquals": {"account:TargetRegion": "ap-east-1"}});
    assert_eq!(allows(regions, region), none);
    let users = json!(["iam:CreateUser", "iam:PutUserPolicy"]);
    let boundary = "arn:aws:iam::123456789012:policy/Boundary";
    let bounded = json!({"StringEquals": {"iam:PermissionsBoundary": boundary}});
    assert_eq!(allows(users, bounded), none);
    let tagged = json!({"StringEquals": {"aws:ResourceTag/Owner": "${aws:username}"}});
    assert_eq!(allows(json!(["ec2:StartInstances", "ec2:StopInstances"]), tagged), none);
}
