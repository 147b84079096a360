//! The policies that limit what others allow.

use super::*;

const SCP: Usage = Usage::Limiting(LimitingPolicy::ServiceControl);
const RCP: Usage = Usage::Limiting(LimitingPolicy::ResourceControl);
const SESSION: Usage = Usage::Limiting(LimitingPolicy::Session);
const ENDPOINT: Usage = Usage::Limiting(LimitingPolicy::VpcEndpoint);

fn document(statement: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// Returns a statement of a resource control policy in which one element is replaced, or left out.
fn control(element: &str, value: &Value) -> Value {
    let mut statement =
        json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"});
    statement[element] = value.clone();
    if value.is_null() {
        statement.as_object_mut().unwrap().remove(element);
    }
    document(&statement)
}

/// Checks that one problem is found, by its summary or else its message.
#[track_caller]
fn refused(document: &Value, usage: Usage, pointer: &str, what: &str) {
    let found: Vec<_> = validate(document, usage)
        .into_iter()
        .map(|it| (it.pointer, it.summary.unwrap_or(it.message).trim_end_matches('.').to_owned()))
        .collect();
    assert_eq!(found, [(pointer.to_owned(), what.trim_end_matches('.').to_owned())]);
}

#[test]
fn what_the_guides_show_is_accepted() {
    let allow = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let but = json!({"Sid": "But one", "Effect": "Allow", "NotAction": ["*:Delete*", "iam:*x"],
        "NotResource": "arn:aws:s3:::b", "Condition": {"Bool": {"aws:SecureTransport": "true"}}});
    for statement in [&allow, &but] {
        assert_eq!(found(&document(statement), SCP), []);
    }
    assert_eq!(found(&document(&allow), SESSION), []);
    assert_eq!(found(&json!({"Statement": allow}), SESSION), []);
    let to_all = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
    assert_eq!(found(&json!({"Statement": [to_all]}), ENDPOINT), []);
    let mut others = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
    others["NotPrincipal"] = json!({"AWS": "123456789012"});
    assert_eq!(found(&json!({"Statement": [to_all, others]}), ENDPOINT), []);
    for (element, value) in [
        ("Sid", json!("Deny all")),
        ("Principal", json!({"AWS": "*"})),
        ("Action", json!(["s3:*", "sts:Get?*"])),
        ("Condition", json!({"BoolIfExists": {"aws:SecureTransport": "false"}})),
    ] {
        assert_eq!(found(&control(element, &value), RCP), [], "{element}");
    }
    let mut without = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*"});
    without["NotResource"] = json!("arn:aws:s3:::b/*");
    assert_eq!(found(&document(&without), RCP), []);
    // RCPFullAWSAccess.
    assert_eq!(found(&document(&to_all), RCP), []);
}

#[test]
fn what_control_policies_must_not_have_is_refused() {
    refused(
        &control("Sid", &json!("x")),
        SCP,
        "/Statement/0/Principal",
        "Policy document should not specify a principal.",
    );
    refused(
        &control("Principal", &json!({"AWS": "123456789012"})),
        RCP,
        "/Statement/0/Principal",
        "The principal of a resource control policy must be \"*\".",
    );
    refused(
        &control("Principal", &json!(null)),
        RCP,
        "/Statement/0",
        "Missing required field Principal",
    );
    refused(
        &control("Effect", &json!("Allow")),
        RCP,
        "/Statement/0/Effect",
        "The effect of a resource control policy must be Deny.",
    );
    for action in ["*", "*:*"] {
        let what = format!("A resource control policy must name the service of {action}.");
        refused(&control("Action", &json!(action)), RCP, "/Statement/0/Action", &what);
    }
    refused(
        &control("Resource", &json!(null)),
        RCP,
        "/Statement/0",
        "Policy statement must contain resources.",
    );
    let but = |element: &str, instead: &str, value: &Value| {
        let mut document = control(element, &json!(null));
        document["Statement"][0][instead] = value.clone();
        document
    };
    refused(
        &but("Action", "NotAction", &json!("s3:*")),
        RCP,
        "/Statement/0/NotAction",
        "A resource control policy must not contain NotAction.",
    );
    refused(
        &but("Principal", "NotPrincipal", &json!({"AWS": "123456789012"})),
        RCP,
        "/Statement/0/NotPrincipal",
        "A resource control policy must not contain NotPrincipal.",
    );
    for usage in [SCP, RCP] {
        let mut old =
            if usage == RCP { control("Sid", &json!("x")) } else { with("Sid", &json!("x")) };
        old["Version"] = json!("2008-10-17");
        refused(&old, usage, "/Version", "Policy document must be version 2012-10-17 or greater.");
        let titles = validate(&old, usage).iter().map(Violation::title).collect::<String>();
        let words = " or greater (AWS says: The provided policy document does not meet the \
            requirements of the specified policy type.)";
        assert!(titles.ends_with(words), "{titles}");
    }
}

#[test]
fn policies_of_sessions_and_endpoints_say_who_where_they_must() {
    let to_all = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
    refused(
        &document(&to_all),
        SESSION,
        "/Statement/0/Principal",
        "Policy document should not specify a principal.",
    );
    refused(
        &with("Sid", &json!("x")),
        ENDPOINT,
        "/Statement/0",
        "Missing required field Principal",
    );
    refused(
        &with("Action", &json!("GetObject")),
        SESSION,
        "/Statement/0/Action",
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    );
    refused(
        &json!({"Version": "2012-10-17"}),
        SCP,
        "",
        "Syntax errors in policy. The document has no Statement.",
    );
}

#[test]
fn each_has_its_own_largest_size() {
    let large = |size: usize| {
        let mut document = control("Sid", &json!(""));
        let rest = crate::compact(&document).len();
        document["Statement"][0]["Sid"] = json!("a ".repeat(size)[..size - rest]);
        document
    };
    for (usage, limit, message) in [
        (SCP, 10_240, "You have exceeded the maximum policy size."),
        (RCP, 5_120, "You have exceeded the maximum policy size."),
        (ENDPOINT, 20_480, "The policy of a VPC endpoint is too large."),
    ] {
        let sized = |size: usize| {
            let mut document = large(size + if usage == SCP { 16 } else { 0 });
            if usage == SCP {
                document["Statement"][0].as_object_mut().unwrap().remove("Principal");
            }
            document
        };
        assert_eq!(found(&sized(limit), usage), [], "{usage:?}");
        refused(&sized(limit + 1), usage, "", message);
    }
    // As it is written, all characters count.
    let text = crate::pretty(&large(5_110));
    let found = validate_text(&text, &large(5_110), RCP);
    assert_eq!(found.len(), 1);
    let help = found[0].help.as_deref().unwrap();
    assert!(help.ends_with("without the white space between its elements it has 5110"), "{help}");
}
