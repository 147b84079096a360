//! Conditions on a boundary or on the attached policy, which keep a permission harmless or don't.

use super::*;

const LIMITS: &str = "arn:aws:iam::123456789012:policy/Limits";
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// Returns the severity of what actions on roles give under a condition, beside other statements.
fn severity(actions: &[&str], condition: &Value, others: &[Value]) -> Severity {
    let on_roles = json!({"Effect": "Allow", "Action": actions, "Resource": role("app/*"),
        "Condition": condition});
    let all: Vec<Value> = [on_roles].into_iter().chain(others.iter().cloned()).collect();
    let found = found(USER, &json!(all));
    let needed = |one: &&Escalation| one.ways.iter().any(|way| way.action == actions[0]);
    found.iter().find(needed).map(|one| one.severity).unwrap()
}

fn boundary(operator: &str, value: &Value, others: &[Value]) -> Severity {
    let condition = json!({operator: {"iam:PermissionsBoundary": value}});
    severity(&["iam:CreateRole", "iam:PutRolePolicy"], &condition, others)
}

fn attached(operator: &str, value: &Value) -> Severity {
    severity(&["iam:AttachRolePolicy"], &json!({operator: {"iam:policyarn": value}}), &[])
}

#[test]
fn a_boundary_or_a_policy_that_is_named_makes_a_note() {
    for operator in ["StringEquals", "StringLike", "ArnEquals", "ArnLike", "StringEqualsIgnoreCase"]
    {
        assert_eq!(boundary(operator, &json!(LIMITS), &[]), Severity::Note, "{operator}");
        assert_eq!(attached(operator, &json!([LIMITS])), Severity::Note, "{operator}");
    }
    let some = json!("arn:aws:iam::123456789012:policy/boundaries/*");
    assert_eq!(boundary("ArnLike", &some, &[]), Severity::Note);
    assert_eq!(attached("ArnLike", &some), Severity::Note);
    let own = json!("arn:aws:iam::${aws:PrincipalAccount}:policy/Limits");
    assert_eq!(boundary("StringEquals", &own, &[]), Severity::Note);
    assert_eq!(attached("ArnLike", &json!("arn:aws:iam::aws:policy/*ReadOnly*")), Severity::Note);
    let power = json!("arn:aws:iam::aws:policy/PowerUserAccess");
    assert_eq!(boundary("StringEquals", &power, &[]), Severity::Note, "it has nothing of IAM");
}

#[test]
fn what_lets_an_administrators_policy_through_reins_nothing() {
    let admitting = [
        ADMINISTRATOR,
        "arn:aws:iam::aws:policy/*",
        "arn:aws:iam::*:policy/*",
        "arn:aws:iam::aws:policy/*FullAccess",
        "arn:*:iam::aws:policy/Admin?stratorAccess",
        "*",
    ];
    for value in admitting {
        assert_eq!(
            boundary("StringLike", &json!([LIMITS, value]), &[]),
            Severity::Error,
            "{value}"
        );
        assert_eq!(attached("ArnLike", &json!([LIMITS, value])), Severity::Error, "{value}");
    }
    assert_eq!(attached("StringLike", &json!("*AdministratorAccess")), Severity::Error);
    assert_eq!(attached("ArnEquals", &json!(ADMINISTRATOR)), Severity::Error);
    let power = json!("arn:aws:iam::aws:policy/PowerUserAccess");
    assert_eq!(attached("ArnEquals", &power), Severity::Error);
    let any = json!("arn:aws:iam::123456789012:policy/*");
    assert_eq!(boundary("ArnLike", &any, &[]), Severity::Error, "any policy of the account");
    assert_eq!(attached("ArnLike", &any), Severity::Error);
}

#[test]
fn a_policy_that_one_can_write_reins_nothing() {
    let may = |action: &str, resource: &str| {
        [allow(&[action], &format!("arn:aws:iam::123456789012:policy/{resource}"))]
    };
    let named = |others: &[Value]| boundary("StringEquals", &json!(LIMITS), others);
    for action in ["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:*PolicyVersion"] {
        assert_eq!(named(&may(action, "*")), Severity::Error, "{action}");
        assert_eq!(named(&may(action, "Limits")), Severity::Error, "{action}");
        assert_eq!(named(&may(action, "team/*")), Severity::Note, "{action} on others");
    }
    assert_eq!(named(&may("iam:CreatePolicy", "*")), Severity::Note, "that name is taken");
    let pattern = |others: &[Value]| {
        boundary("ArnLike", &json!("arn:aws:iam::123456789012:policy/boundaries/*"), others)
    };
    assert_eq!(pattern(&may("iam:CreatePolicy", "*")), Severity::Error);
    assert_eq!(pattern(&may("iam:CreatePolicy", "boundaries/x")), Severity::Error);
    assert_eq!(pattern(&may("iam:CreatePolicy", "team/*")), Severity::Note);
    // As AWS's guide to permissions boundaries has it.
    let guarded = [
        allow(&["iam:CreatePolicy*", "iam:SetDefaultPolicyVersion"], "*"),
        json!({"Effect": "Deny", "Action": ["iam:CreatePolicyVersion", "iam:DeletePolicy",
            "iam:DeletePolicyVersion", "iam:SetDefaultPolicyVersion"], "Resource": LIMITS}),
    ];
    assert_eq!(named(&guarded), Severity::Note);
}

#[test]
fn operators_that_pass_without_the_key_or_all_but_the_value_rein_nothing() {
    let weak = [
        "StringNotEquals",
        "StringNotLike",
        "ArnNotLike",
        "StringEqualsIfExists",
        "ArnLikeIfExists",
        "ForAllValues:StringEquals",
    ];
    for operator in weak {
        assert_eq!(boundary(operator, &json!(LIMITS), &[]), Severity::Error, "{operator}");
    }
    let strong = ["ForAnyValue:StringEquals", "ForAnyValue:ArnLike"];
    for operator in strong {
        assert_eq!(boundary(operator, &json!(LIMITS), &[]), Severity::Note, "{operator}");
    }
    assert_eq!(boundary("Null", &json!("false"), &[]), Severity::Error, "any boundary will do");
    // Each request to attach a policy has its ARN.
    for operator in ["ArnEqualsIfExists", "ForAllValues:StringEquals"] {
        assert_eq!(attached(operator, &json!(LIMITS)), Severity::Note, "{operator}");
    }
    assert_eq!(attached("ArnNotEquals", &json!(ADMINISTRATOR)), Severity::Error);
    let all = json!(["arn:aws:iam::aws:policy/*", "arn:aws:iam::123456789012:policy/*"]);
    assert_eq!(attached("ArnNotLike", &all), Severity::Note, "nothing is left");
    let put = json!({"ArnEqualsIfExists": {"iam:PolicyARN": LIMITS}});
    assert_eq!(severity(&["iam:PutRolePolicy"], &put, &[]), Severity::Error, "it has no such key");
}

#[test]
fn a_deny_of_all_other_boundaries_reins() {
    let roles = allow(&["iam:CreateRole", "iam:PutRolePolicy"], &role("app/*"));
    let with = |operator: &str, value: &str, resource: &str| {
        let deny = json!({"Effect": "Deny", "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
            "Resource": resource, "Condition": {operator: {"iam:PermissionsBoundary": value}}});
        found(USER, &json!([roles, deny]))[0].severity
    };
    assert_eq!(with("StringNotEquals", LIMITS, "*"), Severity::Note);
    assert_eq!(with("ArnNotLike", LIMITS, &role("*")), Severity::Note);
    assert_eq!(with("StringNotEquals", LIMITS, &role("app/x")), Severity::Error, "only on one");
    assert_eq!(with("StringNotEquals", ADMINISTRATOR, "*"), Severity::Error);
    assert_eq!(with("StringNotEqualsIfExists", LIMITS, "*"), Severity::Note);
    assert_eq!(with("StringEquals", LIMITS, "*"), Severity::Error);
    assert_eq!(with("ForAnyValue:StringNotEquals", LIMITS, "*"), Severity::Error, "without one");
}

#[test]
fn the_boundary_that_is_taken_away_reins_nothing() {
    let condition = json!({"StringEquals": {"iam:PermissionsBoundary": LIMITS}});
    let of = |action: &str| severity(&[action], &condition, &[]);
    assert_eq!(of("iam:DeleteRolePermissionsBoundary"), Severity::Warning);
    assert_eq!(of("iam:PutRolePermissionsBoundary"), Severity::Note);
}

#[test]
fn the_holders_own_boundary_may_demand_it() {
    let policies = [policy(&allow(&["iam:CreateRole", "iam:PutRolePolicy"], "*"))];
    let under = |value: &str| {
        let bound = policy(&json!({"Effect": "Allow", "Action": "iam:*", "Resource": "*",
            "Condition": {"StringLike": {"iam:PermissionsBoundary": value}}}));
        let holder = Holder { boundary: Some(&bound), ..holder(USER, &policies) };
        let found = escalations(&holder);
        found.iter().find(|one| one.path.name == "escalation-create-role").unwrap().severity
    };
    assert_eq!(under(LIMITS), Severity::Note);
    assert_eq!(under("*"), Severity::Error);
}
