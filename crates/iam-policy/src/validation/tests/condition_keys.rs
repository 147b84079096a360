//! Colons in condition keys, and the values of booleans.

use super::*;

fn tested(operator: &str, key: &str, value: &Value) -> Value {
    with("Condition", &json!({operator: {key: value}}))
}

#[test]
fn a_service_may_have_colons_behind_its_prefix() {
    for key in [
        "kms:EncryptionContext:Department",
        "kms:EncryptionContext:aws:dynamodb:tableName",
        "KMS:encryptioncontext:aws:logs:arn",
        "kms:RecipientAttestation:PCR0",
        "sagemaker:ModelLifeCycle:StageStatus",
        "aws:ResourceTag/aws:cloudformation:stack-name",
        "secretsmanager:ResourceTag/aws:secretsmanager:owningService",
        "sso.example.com/tenant:sub",
    ] {
        let document = tested("StringLike", key, &json!("x"));
        assert_eq!(found(&document, Usage::Managed), [], "{key}");
    }
}

#[test]
fn a_provider_s_address_is_no_key_with_its_scheme() {
    let key = "https://sso.example.com/tenant:aud";
    let pointer = "/Statement/0/Condition/StringEquals/https:~1~1sso.example.com~1tenant:aud";
    let mut document = tested("StringEquals", key, &json!("sts.amazonaws.com"));
    let identity = "Actions/Condition can contain only one colon.";
    only(&document, Usage::RoleInline, pointer, identity);
    let statement = document["Statement"][0].as_object_mut().unwrap();
    statement.remove("Resource");
    statement["Action"] = json!("sts:AssumeRoleWithWebIdentity");
    statement.insert("Principal".to_owned(), json!({"Federated": "sso.example.com"}));
    only(&document, Usage::Trust, pointer, "Condition can contain only one colon.");
    let help = validate(&document, Usage::Trust).remove(0).help;
    assert_eq!(help.as_deref(), Some("write the key without https://: sso.example.com/tenant:aud"));
}

#[test]
fn a_boolean_is_true_or_false() {
    for value in
        [json!(true), json!("TRUE"), json!(["true", "False"]), json!("${aws:ViaAWSService}")]
    {
        for (operator, key) in [
            ("Bool", "aws:SecureTransport"),
            ("BoolIfExists", "aws:MultiFactorAuthPresent"),
            ("ForAllValues:Bool", "iam:x"),
            ("Null", "aws:TokenIssueTime"),
        ] {
            let document = tested(operator, key, &value);
            assert_eq!(found(&document, Usage::Managed), [], "{operator} {value}");
        }
    }
    for (operator, value, help) in [
        ("Bool", json!("yes"), "write \"true\""),
        ("BoolIfExists", json!("off"), "write \"false\""),
        ("ForAnyValue:Bool", json!(0), "write \"false\""),
        ("Null", json!("present"), "write \"true\" or \"false\""),
        ("Bool", json!(""), "write \"true\" or \"false\""),
    ] {
        let violations = validate(&tested(operator, "aws:SecureTransport", &value), Usage::Managed);
        assert_eq!(violations.len(), 1, "{operator} {value}");
        let name = if operator == "Null" { "Null" } else { "Bool" };
        assert!(violations[0].message.ends_with(&format!("condition operator {name}.")));
        assert!(violations[0].title().contains("no request ever matches it"));
        assert_eq!(violations[0].help.as_deref(), Some(help), "{operator} {value}");
    }
    let text = tested("StringEquals", "aws:SecureTransport", &json!("yes"));
    assert_eq!(found(&text, Usage::Managed), [], "the operator decides");
}
