//! Every type of principal in both elements and both usages that have them.

use super::*;

const CANONICAL: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";

/// Returns the messages about the principals of a denying statement: in a trust policy or a bucket
/// policy, in `Principal` or `NotPrincipal`.
fn messages(usage: Usage, element: &str, principal: &Value) -> Vec<String> {
    let mut statement = json!({"Effect": "Deny", "Action": "sts:AssumeRole", element: principal,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
    if usage == Usage::Bucket {
        statement["Action"] = json!("s3:GetObject");
        statement["Resource"] = json!("arn:aws:s3:::relay/*");
    }
    let found = validate(&trust(&statement), usage);
    assert!(found.iter().all(|it| it.pointer.starts_with(&format!("/Statement/{element}"))));
    assert!(found.iter().all(|it| it.help.is_some()), "{found:?}");
    found.into_iter().map(|it| it.message).collect()
}

#[test]
fn each_type_of_principal_is_taken_or_refused_by_usage_and_element() {
    let provider = "arn:aws:iam::123456789012:oidc-provider/sso.example.com/relay";
    let saml = "arn:aws:iam::123456789012:saml-provider/idp";
    // The principal, and whether a trust policy and a bucket policy take it.
    let table = [
        (json!("*"), false, true),
        (json!({"AWS": "*"}), true, true),
        (json!({"AWS": "123456789012"}), true, true),
        (json!({"AWS": "arn:aws:iam::123456789012:role/ops/relay"}), true, true),
        (json!({"AWS": "arn:aws:iam::123456789012:role/re*"}), false, false),
        (json!({"AWS": "arn:aws:iam::*:root"}), false, false),
        (json!({"Service": "lambda.amazonaws.com"}), true, true),
        (json!({"Service": "*"}), false, false),
        (json!({"Service": "*.amazonaws.com"}), false, false),
        (json!({"Service": ["lambda.amazonaws.com", "?.amazonaws.com"]}), false, false),
        (json!({"Federated": saml}), true, false),
        (json!({"Federated": provider}), true, false),
        (json!({"Federated": "cognito-identity.amazonaws.com"}), true, false),
        (json!({"Federated": "*"}), false, false),
        (json!({"Federated": "arn:aws:iam::123456789012:saml-provider/*"}), false, false),
        (json!({"Federated": "idp"}), false, false),
        (json!({"Federated": "arn:aws:iam::123456789012:role/idp"}), false, false),
        (json!({"Federated": "arn:aws:iam::123456789012:oidc-provider/"}), false, false),
        (json!({"CanonicalUser": CANONICAL}), true, true),
        (json!({"CanonicalUser": "*"}), false, false),
        (json!({"CanonicalUser": "79a59df9"}), false, false),
        (json!({"Everybody": "*"}), false, false),
    ];
    for (principal, in_trust, in_bucket) in table {
        for element in ["Principal", "NotPrincipal"] {
            let found = messages(Usage::Bucket, element, &principal);
            assert_eq!(found.is_empty(), in_bucket, "bucket {element} {principal}: {found:?}");
            let mut found = messages(Usage::Trust, element, &principal);
            if element == "NotPrincipal" {
                let forbidden = "AssumeRole policy must not contain NotPrincipal field.".to_owned();
                assert_eq!(found.pop(), Some(forbidden), "{principal}");
            }
            assert_eq!(found.is_empty(), in_trust, "trust {element} {principal}: {found:?}");
        }
        let mut identity = with("Principal", &principal);
        identity["Statement"][0]["NotPrincipal"] = principal.clone();
        let found = found(&identity, Usage::Managed);
        assert!(found.iter().any(|(at, _)| at == "/Statement/0/Principal"), "{found:?}");
        assert!(found.iter().any(|(at, _)| at == "/Statement/0/NotPrincipal"), "{found:?}");
    }
}

#[test]
fn a_refused_principal_is_named_in_iams_words() {
    let by = |principal: Value| messages(Usage::Trust, "Principal", &principal);
    let star = "AssumeRolepolicy contained an invalid principal: \"STAR\":\"*\".";
    assert_eq!(by(json!("*")), [star]);
    assert_eq!(by(json!({"Federated": "*"})), ["Invalid principal in policy: \"FEDERATED\":\"*\""]);
    assert_eq!(by(json!({"Service": "*"})), ["Invalid principal in policy: \"SERVICE\":\"*\""]);
}
