//! ARNs of other partitions than the account's.

use super::*;
use crate::catalogue::partitions;

#[test]
fn no_document_names_an_arn_of_another_partition() {
    let all: Vec<&str> = partitions().collect();
    assert!(all.len() >= 8, "{all:?}");
    let by = |kind: &str, name: &str| json!({"Effect": "Deny", "Principal": {kind: name}, "Action": "sts:AssumeRole"});
    for (own, other) in all.iter().flat_map(|own| all.iter().map(move |other| (*own, *other))) {
        let arn = |rest: &str| format!("arn:{other}:{rest}");
        let role = arn("iam::123456789012:role/relay");
        let provider = arn("iam::123456789012:saml-provider/idp");
        let mut bucket = by("AWS", &role);
        bucket["Action"] = json!("s3:GetObject");
        bucket["Resource"] = json!(format!("arn:{own}:s3:::relay/*"));
        let documents = [
            (with("Resource", &json!([arn("s3:::relay/*")])), Usage::Managed, arn("s3:::relay/*")),
            (with("Resource", &json!(arn("sqs"))), Usage::RoleInline, arn("sqs")),
            (trust(&by("AWS", &role)), Usage::Trust, role.clone()),
            (trust(&by("Federated", &provider)), Usage::Trust, provider.clone()),
            (trust(&bucket), Usage::Bucket, role.clone()),
        ];
        for (document, usage, named) in documents {
            let violations = validate_in(&document, usage, own);
            assert_eq!(validate(&document, usage), [], "the partition is not known");
            if own == other {
                assert_eq!(violations, [], "{named}");
                continue;
            }
            let meant = named.replacen(other, own, 1);
            let told: Vec<_> = violations.iter().map(|it| (it.code, it.help.as_deref())).collect();
            assert_eq!(told, [("policy-partition", Some(&*format!("write {meant}")))], "{named}");
        }
    }
}

#[test]
fn an_arn_of_several_partitions_may_stand_anywhere() {
    for partition in ["*", "aws-*"] {
        let document = with("Resource", &json!(format!("arn:{partition}:s3:::relay/*")));
        assert_eq!(validate_in(&document, Usage::Managed, "aws-cn"), [], "{partition}");
    }
    let mut document = with("NotResource", &json!("arn:aws-us-gov:s3:::relay/*"));
    document["Statement"][0].as_object_mut().unwrap().remove("Resource");
    assert_eq!(validate_in(&document, Usage::Managed, "aws")[0].code, "policy-partition");
}
