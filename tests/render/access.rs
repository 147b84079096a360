//! Access in words: on plans made by hand, with the policies of the manifests that relayctl ships.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use proptest::prelude::*;
use relayctl::access::AccessChange;
use relayctl::diff::{ChangeAction, Reason, ResourceChange};
use relayctl::kind::FieldForm;
use relayctl::plan::Plan;
use relayctl::policy::compare::{Comparison, Grant};
use relayctl::render::human::HumanStyle;
use relayctl::render::{html, human, json, markdown};
use relayctl::value::Value;
use serde_json::json;

use super::fixtures::{
    self, PLAIN, VERBOSE, change, created, denied, document_update, field, plan, same, tag_drift,
    updated,
};

const ROLE: &str = "tr-serverless-relay-ZappaLambdaExecutionRole";
const POLICY: &str = "ZappaLambdaDeploymentPolicy";

fn arn(what: &str) -> String {
    format!("arn:aws:iam::123456789012:{what}")
}

fn shipped(file: &str) -> Value {
    let path = format!("{}/manifests/policies/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap().replace("<ACCOUNT_ID>", "123456789012");
    serde_json::from_str(&text).unwrap()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

/// Makes a grant of a policy's statement.
pub(super) fn grant(policy: &str, number: usize, statement: &Value) -> Value {
    let (actions, resources) = (list(&statement["Action"]), list(&statement["Resource"]));
    let example = json!({"principal": {"type": "AWS", "name": arn("user/serverless")},
        "action": actions[0], "resource": resources[0].as_str().unwrap().replace('*', "x")});
    let mut grant = json!({"actions": actions, "resources": resources, "cause": "allow", "policy": policy,
        "statement": number, "example": example});
    if let Some(sid) = statement.get("Sid") {
        grant["sid"] = sid.clone();
    }
    grant
}

fn grants(policy: &str, document: &Value) -> Vec<Value> {
    let statements = document["Statement"].as_array().unwrap().iter().zip(1..);
    statements.map(|(statement, number)| grant(policy, number, statement)).collect()
}

pub(super) fn with(mut grant: Value, fields: Value) -> Value {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    grant.as_object_mut().unwrap().extend(fields);
    grant
}

pub(super) fn through(address: &str, grants: Vec<Value>) -> Vec<Value> {
    grants.into_iter().map(|grant| with(grant, json!({"through": address}))).collect()
}

/// The change of access of one principal. The relation is not rendered.
pub(super) fn access(
    subject: &str,
    aspect: &str,
    gained: Vec<Value>,
    lost: Vec<Value>,
) -> AccessChange {
    let arn = arn(&subject.replacen('.', "/", 1));
    let value = json!({"subject": subject, "arn": arn, "aspect": aspect, "relation": "changed", "gained": Value::from(gained),
        "lost": Value::from(lost), "doubts": []});
    serde_json::from_value(value).unwrap()
}

pub(super) fn pass_role(pattern: &str) -> Value {
    let statement = json!({"Sid": "PassRole", "Action": "iam:PassRole", "Resource": arn(&format!("role/{pattern}"))});
    grant(&format!("policy.{POLICY}"), 2, &statement)
}

fn trusted(service: &str) -> Value {
    let example = json!({"principal": {"type": "Service", "name": service}, "action": "sts:AssumeRole",
        "resource": arn(&format!("role/{ROLE}"))});
    json!({"principals": [service], "actions": ["sts:AssumeRole"], "resources": [arn(&format!("role/{ROLE}"))],
        "cause": "allow", "policy": format!("role.{ROLE}"), "statement": 1, "example": example})
}

fn attachment(address: &str, action: ChangeAction) -> ResourceChange {
    let reason = if action == ChangeAction::Create { Reason::New } else { Reason::Undeclared };
    change(address, action, reason)
}

/// The Zappa relay, made from nothing.
fn new_relay() -> Plan {
    let on_user = format!("user_policy_attachment.serverless/{POLICY}");
    let on_role = format!("role_policy_attachment.{ROLE}/ZappaLambdaExecution");
    let role = format!("role.{ROLE}");
    let mut plan = plan(vec![
        change(&role, ChangeAction::Create, Reason::New),
        attachment(&on_role, ChangeAction::Create),
        change("user.serverless", ChangeAction::Create, Reason::New),
        attachment(&on_user, ChangeAction::Create),
    ]);
    let deployment = grants(&format!("policy.{POLICY}"), &shipped("zappa-lambda-deployment"));
    let execution = grants("policy.ZappaLambdaExecution", &shipped("zappa-lambda-execution"));
    let trust = with(
        trusted("lambda.amazonaws.com"),
        json!({"principals": ["apigateway.amazonaws.com",
        "events.amazonaws.com", "lambda.amazonaws.com"]}),
    );
    plan.access = vec![
        access(&role, "permissions", through(&on_role, execution), Vec::new()),
        access(&role, "trust", through(&role, vec![trust]), Vec::new()),
        access("user.serverless", "permissions", through(&on_user, deployment), Vec::new()),
    ];
    plan
}

/// An update of the shared policy, with what it means for the user who has it.
fn edited(gained: Vec<Value>, lost: Vec<Value>) -> Plan {
    let address = format!("policy.{POLICY}");
    let mut plan = plan(vec![updated(&address, Vec::new(), 2)]);
    plan.access = vec![access(
        "user.serverless",
        "permissions",
        through(&address, gained),
        through(&address, lost),
    )];
    plan
}

/// The lines of a plan that speak of access.
fn said(plan: &Plan, style: HumanStyle) -> String {
    let text = human::render_plan(plan, style);
    let about = |line: &&str| {
        line.starts_with("  # ") || line.starts_with("Access:") || line.starts_with("No one")
    };
    text.lines().filter(about).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_new_relay_is_said_in_terms_of_access() {
    assert_snapshot!(said(&new_relay(), PLAIN));
}

#[test]
fn verbose_lists_what_was_folded_with_examples() {
    assert_snapshot!(said(&new_relay(), VERBOSE));
}

#[test]
fn a_widened_pattern_says_what_was_allowed_before() {
    let wide = with(
        pass_role("*ZappaLambdaExecutionRole"),
        json!({"already": [{"action": "iam:PassRole",
        "resource": arn("role/*-ZappaLambdaExecutionRole")}]}),
    );
    let plan = edited(vec![wide], vec![]);
    assert_snapshot!(human::render_plan(&plan, PLAIN));
    assert_snapshot!("a_widened_pattern_in_full", said(&plan, VERBOSE));
}

#[test]
fn gains_and_losses_are_told_apart() {
    let bucket = json!({"Action": "s3:PutBucketPolicy", "Resource": "arn:aws:s3:::zappa-*"});
    let lost = grant(&format!("policy.{POLICY}"), 7, &bucket);
    let plan = edited(vec![pass_role("*-ZappaLambdaExecutionRole")], vec![lost]);
    let text = said(&plan, PLAIN);
    let lines: Vec<_> = text.lines().skip(1).collect();
    let gain = "  # serverless gains iam:PassRole on \
        arn:aws:iam::123456789012:role/*-ZappaLambdaExecutionRole";
    let taken = "  # serverless loses s3:PutBucketPolicy on arn:aws:s3:::zappa-*";
    assert_eq!(lines, [gain, taken, "Access: serverless gains and loses."]);
}

#[test]
fn a_detached_policy_takes_what_it_allowed() {
    let address = format!("role_policy_attachment.{ROLE}/ZappaLambdaExecution");
    let role = format!("role.{ROLE}");
    let lost = grants("policy.ZappaLambdaExecution", &shipped("zappa-lambda-execution"));
    let mut plan = plan(vec![attachment(&address, ChangeAction::Delete)]);
    plan.access = vec![access(&role, "permissions", vec![], through(&address, lost))];
    assert_snapshot!(said(&plan, PLAIN));
}

fn trust_change(gained: Vec<Value>, lost: Vec<Value>, kept: &[&str]) -> Plan {
    let role = format!("role.{ROLE}");
    let mut plan = plan(vec![updated(&role, Vec::new(), 5)]);
    let mut access = access(&role, "trust", through(&role, gained), through(&role, lost));
    access.kept = kept.iter().map(|&who| who.to_owned()).collect();
    plan.access = vec![access];
    plan
}

#[test]
fn trust_says_who_may_assume_the_role() {
    let gateway = || vec![trusted("apigateway.amazonaws.com")];
    let added = trust_change(gateway(), vec![], &["lambda.amazonaws.com"]);
    let sentence = "lambda.amazonaws.com and now also apigateway.amazonaws.com may assume \
        tr-serverless-relay-ZappaLambdaExecutionRole";
    assert!(
        said(&added, PLAIN).lines().any(|line| line == format!("  # {sentence}")),
        "{}",
        said(&added, PLAIN)
    );
    let github = json!({"principals": ["arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"],
        "actions": ["sts:AssumeRoleWithWebIdentity"],
        "condition": {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:acme/*"}}});
    let provider = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
    let cases = [
        added,
        trust_change(vec![], gateway(), &["lambda.amazonaws.com"]),
        trust_change(vec![with(trusted(""), github)], vec![], &["lambda.amazonaws.com", provider]),
        trust_change(vec![with(trusted(""), json!({"principals": ["*"]}))], vec![], &[]),
        trust_change(
            vec![with(trusted("111122223333"), json!({"actions": ["sts:TagSession"]}))],
            vec![],
            &[],
        ),
    ];
    assert_snapshot!(cases.map(|plan| said(&plan, PLAIN)).join("\n\n"));
}

#[test]
fn a_public_bucket_stands_out() {
    let read = |fields: Value| {
        let read = json!({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"});
        with(grant("bucket.b", 1, &read), fields)
    };
    let tls = json!({"principals": ["*"], "condition": {"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}});
    let gained = vec![
        read(json!({"principals": ["123456789012"]})),
        read(json!({"principals": ["*"]})),
        read(tls),
    ];
    let mut plan = plan(vec![updated("bucket.b", Vec::new(), 5)]);
    plan.access = vec![access("bucket.b", "resource", through("bucket.b", gained), vec![])];
    assert_snapshot!(said(&plan, PLAIN));
}

#[test]
fn ten_roles_that_share_a_policy_gain_together() {
    let address = format!("policy.{POLICY}");
    let mut plan = plan(vec![updated(&address, Vec::new(), 2)]);
    let of = |number: usize| {
        let mut gained = through(&address, vec![pass_role("*-ZappaLambdaExecutionRole")]);
        gained[0]["example"]["principal"]["name"] = json!(arn(&format!("role/stage-{number}")));
        access(&format!("role.stage-{number}"), "permissions", gained, vec![])
    };
    plan.access = (0..10).map(of).collect();
    let few = Plan { access: plan.access[..2].to_vec(), ..plan.clone() };
    assert_snapshot!([said(&plan, PLAIN), said(&plan, VERBOSE), said(&few, PLAIN)].join("\n\n"));
}

#[test]
fn a_user_and_a_role_of_one_name_are_told_apart() {
    let mut plan = edited(vec![pass_role("x")], vec![]);
    plan.changes.push(same("role.serverless"));
    let text = said(&plan, PLAIN);
    assert!(text.contains("  # user serverless gains iam:PassRole on "), "{text}");
    assert!(text.contains("\nAccess: user serverless gains."), "{text}");
}

#[test]
fn conditions_denies_and_boundaries_are_said_behind_the_grant() {
    let function = json!({"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}});
    let ranges: Vec<_> = (0..9).map(|n| format!("10.{n}.0.0/16")).collect();
    let gained = vec![
        with(pass_role("a"), json!({"condition": function})),
        with(
            pass_role("b"),
            json!({"condition": {"Bool": {"aws:SecureTransport": true}, "IpAddress": {"aws:SourceIp": ranges}}}),
        ),
        with(pass_role("c"), json!({"cause": "deny", "statement": 3, "sid": "NoDelete"})),
        with(pass_role("d"), json!({"cause": "boundary"})),
        with(
            pass_role("e"),
            json!({"actions": ["*"], "except_actions": ["iam:*"], "resources": ["*"]}),
        ),
    ];
    let lost = vec![
        with(pass_role("f"), json!({"cause": "deny", "statement": 3, "sid": "NoDelete"})),
        with(pass_role("g"), json!({"cause": "boundary"})),
    ];
    let plan = edited(gained, lost);
    assert_snapshot!([said(&plan, PLAIN), said(&plan, VERBOSE)].join("\n\n"));
}

fn doubtful(side: &str) -> Plan {
    let mut plan = edited(vec![], vec![]);
    let doubt = json!({"through": format!("policy.{POLICY}"), "side": side, "policy": format!("policy.{POLICY}"),
        "reason": "StringLike on aws:PrincipalTag/team may or may not match what it matched before"});
    plan.access[0].doubts = vec![serde_json::from_value(doubt).unwrap()];
    plan
}

#[test]
fn a_doubt_is_said_as_one() {
    let mut elsewhere = doubtful("gained");
    elsewhere.access[0].doubts[0].through = None;
    let cases = [doubtful("gained"), doubtful("lost")].map(|plan| said(&plan, PLAIN));
    let whole = human::render_plan(&elsewhere, PLAIN);
    assert_snapshot!(format!(
        "{}\n\n{}",
        cases.join("\n\n"),
        &whole[whole.find("\nAccess that").unwrap()..]
    ));
}

#[test]
fn equal_access_is_said_only_where_it_is_known() {
    let known = |plan: &Plan| said(plan, PLAIN).contains("No one gains or loses access.");
    let settings = updated(
        "zappa_settings.dev",
        vec![field("settings", FieldForm::Keyed, None, Some(json!({})))],
        0,
    );
    assert!(known(&plan(vec![settings.clone(), created("user.a", &[])])));
    let compared = |relation: &str| {
        let mut plan = plan(vec![document_update(), settings.clone()]);
        plan.access = vec![access("user.serverless", "permissions", vec![], vec![])];
        plan.access[0].relation = serde_json::from_value(json!(relation)).unwrap();
        plan
    };
    assert!(known(&compared("equal")));
    assert!(!known(&compared("unknown")));
    assert!(
        !known(&Plan { access: vec![], ..compared("equal") }),
        "nobody has compared the two documents"
    );
    assert!(
        !known(&plan(vec![same("user.serverless")])),
        "nothing changes, so nothing needs to be said"
    );
    assert!(!known(&plan(vec![tag_drift()])), "a condition may ask for a tag");
    assert!(!known(&plan(vec![
        settings.clone(),
        change("access_key.a", ChangeAction::Create, Reason::New)
    ])));
    assert!(!known(&plan(vec![
        settings.clone(),
        change("role.a", ChangeAction::Delete, Reason::Undeclared)
    ])));
    let unknown = change("role.a", ChangeAction::Blocked, Reason::Unknown(denied()));
    assert!(!known(&plan(vec![settings, unknown])));
    assert!(!known(&doubtful("gained")) && !known(&new_relay()));
}

#[test]
fn many_sentences_are_cut_with_their_numbers() {
    let gained = (0..30).map(|n| pass_role(&format!("gain-{n:02}"))).collect();
    let lost = (0..5).map(|n| pass_role(&format!("loss-{n:02}"))).collect();
    let plan = edited(gained, lost);
    let text = said(&plan, PLAIN);
    assert!(text.contains("  # … and 10 gains, 5 losses: -v shows all\n"), "{text}");
    assert_eq!(text.matches("serverless gains").count(), 21, "20 and the summary: {text}");
    assert_eq!(said(&plan, VERBOSE).matches("serverless loses iam").count(), 5);
}

#[test]
fn a_comparison_of_two_documents_uses_the_same_sentences() {
    let of = |value: Value| serde_json::from_value::<Grant>(value).unwrap();
    let mut plain = Comparison { gained: vec![of(pass_role("a"))], ..Comparison::default() };
    plain.lost = vec![of(with(trusted("lambda.amazonaws.com"), json!({"resources": []})))];
    plain.gained.push(of(with(pass_role("b"), json!({"principals": ["123456789012"]}))));
    plain.doubts = doubtful("gained").access[0].doubts.iter().map(|it| it.doubt.clone()).collect();
    assert_snapshot!(human::comparison(&plain, PLAIN), @r"
    gains iam:PassRole on arn:aws:iam::123456789012:role/a
    123456789012 gains iam:PassRole on arn:aws:iam::123456789012:role/b
    lambda.amazonaws.com may no longer assume the role
    whether access widens can't be told: StringLike on aws:PrincipalTag/team may or may not match what it matched before
    ");
    assert_eq!(human::comparison(&Comparison::default(), PLAIN), "");
    assert!(human::comparison(&plain, VERBOSE).contains("\n    for example iam:PassRole on "));
}

#[test]
fn what_widens_is_listed_alone() {
    assert_eq!(human::widening(&edited(vec![], vec![pass_role("x")]), PLAIN), "");
    assert_eq!(human::widening(&doubtful("lost"), PLAIN), "");
    assert!(
        human::widening(&doubtful("gained"), PLAIN)
            .starts_with("serverless: whether access widens can't be told: ")
    );
    assert_eq!(human::widening(&new_relay(), PLAIN).lines().count(), 11);
}

#[test]
fn colours_tell_gains_from_losses() {
    let color = HumanStyle { color: true, ..PLAIN };
    let plan = edited(vec![pass_role("a")], vec![pass_role("b")]);
    let text = human::render_plan(&plan, color);
    assert!(
        text.contains(
            "\u{1b}[1mserverless\u{1b}[0m \u{1b}[1m\u{1b}[32mgains\u{1b}[0m iam:PassRole"
        ),
        "{text:?}"
    );
    assert!(text.contains("\u{1b}[31mloses\u{1b}[0m iam:PassRole"), "{text:?}");
    assert_eq!(anstream::adapter::strip_str(&text).to_string(), human::render_plan(&plan, PLAIN));
}

#[test]
fn json_has_gains_and_losses_as_data() {
    let plan =
        trust_change(vec![trusted("apigateway.amazonaws.com")], vec![], &["lambda.amazonaws.com"]);
    let value: Value = serde_json::from_str(&json::render_plan(&plan)).unwrap();
    assert_snapshot!(serde_json::to_string_pretty(&value["access"]).unwrap());
}

#[test]
fn a_pull_request_begins_with_access() {
    let text = markdown::render_plan(&new_relay(), None);
    assert_snapshot!(text[..text.find("<details><summary>The whole plan").unwrap()]);
}

#[test]
fn access_leaves_room_in_a_comment() {
    let gained =
        (0..3_000).map(|n| pass_role(&format!("a-rather-long-name-of-a-role-{n:04}"))).collect();
    let text = markdown::render_plan(&edited(gained, vec![]), None);
    assert!(text.len() <= 65_536, "{}", text.len());
    assert!(text.contains("… and ") && text.contains("<details><summary>The whole plan"), "{text}");
}

#[test]
fn a_page_shows_the_plan_without_scripts() {
    let mut plan = new_relay();
    plan.changes.extend([document_update(), tag_drift()]);
    plan.header.sandbox = true;
    assert_snapshot!(html::render_plan(&plan, None));
}

#[test]
fn a_page_without_changes_says_so() {
    let text = html::render_plan(&fixtures::plan(vec![same("user.serverless")]), None);
    assert!(text.contains("No changes. Your AWS account matches the manifest."), "{text}");
}

/// Everywhere in access where somebody else's text may stand.
pub fn hostile(text: &str) -> Vec<AccessChange> {
    let subject = format!("user.{text}");
    let example = json!({"principal": {"type": "AWS", "name": text}, "action": text, "resource": text,
        "context": {text: [text]}});
    let grant = |cause: &str| {
        json!({"through": subject, "principals": [text], "actions": [text, format!("a:{text}"), "b:c", "b:d"],
            "except_actions": [text], "resources": [text, "x", "y"], "except_resources": [text],
            "condition": {text: {text: text}, "StringLike": {text: [text, text, text]}, "Bool": text},
            "already": [{"action": text, "resource": text}], "withheld": [{"action": text, "resource": text}],
            "denied_if": {text: {text: text}}, "cause": cause, "policy": text, "statement": 1,
            "sid": text, "example": example})
    };
    let doubts = json!([{"through": subject, "side": "gained", "policy": text, "reason": text},
        {"through": null, "side": "lost", "policy": text, "reason": text}]);
    let of = |aspect: &str| {
        let mut access =
            access(&subject, aspect, vec![grant("allow"), grant("deny")], vec![grant("boundary")]);
        access.doubts = serde_json::from_value(doubts.clone()).unwrap();
        access.kept = vec![text.to_owned()];
        access
    };
    let mut assume = of("trust");
    assume.gained[0].grant.actions = vec!["sts:AssumeRole".to_owned()];
    vec![of("permissions"), of("trust"), assume, of("resource")]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// Names and values open no element, no attribute and no entity of a page.
    #[test]
    fn foreign_text_is_no_markup_of_a_page(text in "[<>&\"'/=a-c\\x00-\\x1f\u{202e}-]{1,12}") {
        let mut plan = fixtures::plan(vec![created(&format!("user.{text}"), &[(&text, FieldForm::Plain, json!(text))])]);
        plan.header.caller.clone_from(&text);
        plan.header.manifest.clone_from(&text);
        plan.changes[0].left_alone = vec![text.clone()];
        let page = |text: &str, plan: Plan| html::render_plan(&Plan { access: hostile(text), ..plan }, None);
        let foreign = page(&text, plan.clone());
        plan.changes = vec![created("user.x", &[("x", FieldForm::Plain, json!("x"))])];
        plan.changes[0].left_alone = vec!["x".to_owned()];
        let known = tags(&page("x", plan)).into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
        prop_assert!(foreign.chars().all(|c| c == '\n' || !(c.is_control() || c == '\u{202e}')), "{foreign:?}");
        prop_assert_eq!(foreign.matches('<').count(), foreign.matches('>').count());
        for tag in tags(&foreign) {
            prop_assert!(known.contains(tag), "{}", tag);
        }
        for entity in foreign.split('&').skip(1) {
            prop_assert!(["amp;", "lt;", "gt;", "quot;"].iter().any(|known| entity.starts_with(known)), "{entity:?}");
        }
    }
}

fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).filter_map(|rest| rest.split('>').next()).collect()
}
