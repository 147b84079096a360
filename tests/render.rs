//! What people, machines and pull requests get to see, on plans made by hand. The goldens are the
//! specification of the output; read them when they change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use insta::assert_snapshot;
use proptest::prelude::*;
use relayctl::address::{Address, KindName};
use relayctl::call::{
    BucketRef, CallerIdentity, Failure, FailureKind, FileWrite, IamWrite, S3Write, Write,
};
use relayctl::diagnostic::{Diagnostic, Place};
use relayctl::diff::{ChangeAction, FieldDiff, Reason, ResourceChange};
use relayctl::event::{Delay, Event, Fault, RunOutcome, Traffic};
use relayctl::kind::{FieldForm, LiveObject};
use relayctl::model::{Desired, Resource};
use relayctl::plan::{
    Expect, Plan, PlanHeader, PlanMode, StateStamp, Step, StepId, StepPhase, Summary,
};
use relayctl::render::human::HumanStyle;
use relayctl::render::{diagnostic, graph, human, json, markdown};
use relayctl::value::{Attributes, FieldChange, SectionSettings, Value};
use serde_json::json;

#[path = "render/access.rs"]
mod access;

const PLAIN: HumanStyle = HumanStyle { color: false, verbose: false };
const VERBOSE: HumanStyle = HumanStyle { color: false, verbose: true };

fn at(text: &str) -> Address {
    text.parse().unwrap()
}

fn header() -> PlanHeader {
    let desired = Desired {
        name: "tr-serverless-relay-dev".to_owned(),
        digest: "c0ffee".to_owned(),
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        ..Desired::default()
    };
    PlanHeader {
        manifest_file: "manifests/dev.yaml".to_owned(),
        caller: "arn:aws:iam::123456789012:user/admin".to_owned(),
        relayctl: "0.1.0".to_owned(),
        ..PlanHeader::new(&desired, PlanMode::Apply)
    }
}

fn change(address: &str, action: ChangeAction, reason: Reason) -> ResourceChange {
    ResourceChange::new(at(address), action, reason)
}

fn created(address: &str, fields: &[(&str, FieldForm, Value)]) -> ResourceChange {
    let set = |(name, form, value): &(&str, FieldForm, Value)| {
        field(name, *form, None, Some(value.clone()))
    };
    ResourceChange {
        fields: fields.iter().map(set).collect(),
        ..change(address, ChangeAction::Create, Reason::New)
    }
}

fn updated(address: &str, fields: Vec<FieldDiff>, unchanged: usize) -> ResourceChange {
    ResourceChange { fields, unchanged, ..change(address, ChangeAction::Update, Reason::Differs) }
}

fn field(name: &str, form: FieldForm, before: Option<Value>, after: Option<Value>) -> FieldDiff {
    FieldDiff { change: changed(name, before, after), form, forces_replacement: None }
}

fn changed(name: &str, before: Option<Value>, after: Option<Value>) -> FieldChange {
    FieldChange {
        field: name.to_owned(),
        before: before.map(Into::into),
        after: after.map(Into::into),
    }
}

fn id(address: &str, phase: StepPhase) -> StepId {
    StepId { address: at(address), phase }
}

fn step(address: &str, phase: StepPhase) -> Step {
    Step {
        id: id(address, phase),
        calls: Vec::new(),
        after: BTreeSet::new(),
        expect: Expect::Anything,
        before: None,
        record: None,
        wanted: Attributes::new(),
        removal: false,
    }
}

/// The steps and the summary that go with these changes.
fn plan(changes: Vec<ResourceChange>) -> Plan {
    let mut steps = Vec::new();
    let mut summary = Summary::default();
    for change in &changes {
        let phases: &[StepPhase] = match change.action {
            ChangeAction::Create => &[StepPhase::Create],
            ChangeAction::Update => &[StepPhase::Update],
            ChangeAction::Replace => &[StepPhase::Delete, StepPhase::Create],
            ChangeAction::Delete => &[StepPhase::Delete],
            ChangeAction::Adopt | ChangeAction::Forget => &[StepPhase::Record],
            ChangeAction::Nothing | ChangeAction::Refuse | ChangeAction::Blocked => &[],
        };
        steps.extend(phases.iter().map(|phase| step(&change.address.to_string(), *phase)));
        summary.add += usize::from(phases.contains(&StepPhase::Create));
        summary.change += usize::from(phases.contains(&StepPhase::Update));
        summary.destroy += usize::from(phases.contains(&StepPhase::Delete));
        summary.refused += usize::from(change.action == ChangeAction::Refuse);
        summary.blocked += usize::from(change.action == ChangeAction::Blocked);
    }
    Plan {
        header: header(),
        state: StateStamp::of(None),
        changes,
        steps,
        access: Vec::new(),
        summary,
    }
}

fn deployment() -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Deploy", "Effect": "Allow", "Resource": ["*"], "Action": [
            "apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT",
            "cloudformation:CreateStack", "cloudformation:DeleteStack", "cloudformation:DescribeStacks",
            "lambda:AddPermission", "lambda:CreateFunction", "lambda:GetFunction", "lambda:InvokeFunction"]},
        {"Sid": "PassRole", "Effect": "Allow", "Action": ["iam:GetRole", "iam:PassRole"],
            "Resource": ["arn:aws:iam::123456789012:role/*ZappaLambdaExecutionRole"],
            "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}},
        {"Sid": "S3Buckets", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::zappa-*"},
        {"Sid": "S3Objects", "Effect": "Allow", "Resource": ["arn:aws:s3:::zappa-*/*"],
            "Action": ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts",
                "s3:PutObject"]}]})
}

fn trust() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole"],
        "Principal": {"Service": ["apigateway.amazonaws.com", "lambda.amazonaws.com"]}}]})
}

fn tags() -> Value {
    json!({"project": "tr-serverless-relay", "stage": "dev", "relayctl:manifest": "tr-serverless-relay-dev"})
}

/// Everything that a Zappa relay needs, none of it there yet; in order of address, as in every
/// plan.
fn stack() -> Vec<ResourceChange> {
    let role = "tr-serverless-relay-ZappaLambdaExecutionRole";
    let bucket = "zappa-tr-serverless-relay-1a2b3c4d";
    let policy = "arn:aws:iam::123456789012:policy/ZappaLambdaDeploymentPolicy";
    let text = |text: &str| json!(text);
    let all = json!({"block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true,
        "restrict_public_buckets": true});
    let settings = json!({"app_function": "app.app", "keep_warm": false, "runtime": "python3.12", "s3_bucket": bucket});
    vec![
        created(
            "access_key.serverless",
            &[
                ("user", FieldForm::Identity, text("serverless")),
                ("profile", FieldForm::Plain, text("serverless")),
                ("csv", FieldForm::Plain, text("serverless.csv")),
                ("replace_profile", FieldForm::Setting, json!(false)),
            ],
        ),
        created(
            "aws_profile.serverless",
            &[
                ("profile", FieldForm::Identity, text("serverless")),
                ("region", FieldForm::Plain, text("us-east-1")),
                ("output", FieldForm::Plain, text("json")),
            ],
        ),
        created(
            &format!("bucket.{bucket}"),
            &[
                ("name", FieldForm::Identity, text(bucket)),
                ("arn", FieldForm::Identity, json!(format!("arn:aws:s3:::{bucket}"))),
                ("region", FieldForm::Plain, text("us-east-1")),
                ("tags", FieldForm::Keyed, tags()),
                ("public_access_block", FieldForm::Plain, all),
                ("ownership", FieldForm::Plain, text("BucketOwnerEnforced")),
                ("policy", FieldForm::Document, Value::Null),
                ("lifecycle", FieldForm::Plain, json!([])),
            ],
        ),
        created(
            "policy.ZappaLambdaDeploymentPolicy",
            &[
                ("name", FieldForm::Identity, text("ZappaLambdaDeploymentPolicy")),
                ("arn", FieldForm::Identity, text(policy)),
                ("path", FieldForm::Plain, text("/")),
                ("document", FieldForm::Document, deployment()),
                ("tags", FieldForm::Keyed, tags()),
            ],
        ),
        created(
            &format!("role.{role}"),
            &[
                ("name", FieldForm::Identity, text(role)),
                ("path", FieldForm::Plain, text("/")),
                ("max_session_duration", FieldForm::Plain, json!(3600)),
                ("trust", FieldForm::Document, trust()),
                ("tags", FieldForm::Keyed, tags()),
            ],
        ),
        created(
            "user.serverless",
            &[
                ("name", FieldForm::Identity, text("serverless")),
                ("path", FieldForm::Plain, text("/")),
                ("tags", FieldForm::Keyed, tags()),
            ],
        ),
        created(
            "user_policy_attachment.serverless/ZappaLambdaDeploymentPolicy",
            &[
                ("user", FieldForm::Identity, text("serverless")),
                ("policy_arn", FieldForm::Identity, text(policy)),
            ],
        ),
        created(
            "zappa_settings.dev",
            &[
                ("file", FieldForm::Identity, text("zappa_settings.json")),
                ("stage", FieldForm::Identity, text("dev")),
                ("settings", FieldForm::Keyed, settings),
            ],
        ),
    ]
}

/// A statement of which a list grows, one of which a long list stays, one that goes and one that
/// comes.
fn edited() -> Value {
    let mut document = deployment();
    document["Statement"][0]["Resource"] =
        json!(["arn:aws:lambda:us-east-1:123456789012:function:*"]);
    document["Statement"][3]["Action"] = json!([
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:ListMultipartUploadParts",
        "s3:PutObject"
    ]);
    document["Statement"][2] = json!({"Sid": "Logs", "Effect": "Deny", "Action": "logs:DeleteLogGroup",
        "Resource": "arn:aws:logs:*:*:*"});
    document
}

fn document_update() -> ResourceChange {
    updated(
        "policy.ZappaLambdaDeploymentPolicy",
        vec![field("document", FieldForm::Document, Some(deployment()), Some(edited()))],
        3,
    )
}

fn tag_drift() -> ResourceChange {
    let before = json!({"project": "tr-serverless-relay", "stage": "prod"});
    let after = json!({"project": "tr-serverless-relay", "relayctl:manifest": "tr-serverless-relay-dev", "stage": "dev"});
    ResourceChange {
        drift: vec![changed("tags", Some(after.clone()), Some(before.clone()))],
        left_alone: vec![
            "policy arn:aws:iam::aws:policy/ReadOnlyAccess: not in the manifest, left alone"
                .to_owned(),
        ],
        ..updated(
            "user.serverless",
            vec![field("tags", FieldForm::Keyed, Some(before), Some(after))],
            4,
        )
    }
}

fn replacement() -> ResourceChange {
    let path = FieldDiff {
        forces_replacement: Some("IAM cannot change a role's path".to_owned()),
        ..field("path", FieldForm::Plain, Some(json!("/")), Some(json!("/relay/")))
    };
    let duration =
        field("max_session_duration", FieldForm::Plain, Some(json!(3600)), Some(json!(7200)));
    ResourceChange {
        fields: vec![path, duration],
        unchanged: 3,
        ..change(
            "role.worker",
            ChangeAction::Replace,
            Reason::CannotChange("IAM cannot change a role's path".to_owned()),
        )
    }
}

fn denied() -> Failure {
    Failure {
        request_id: Some("b9e5f1b0-0000-4000-8000-0123456789ab".to_owned()),
        ..Failure::new(
            FailureKind::AccessDenied,
            "iam:GetRole",
            "AccessDenied",
            "User: arn:aws:iam::123456789012:user/admin is not authorized to perform: iam:GetRole",
        )
    }
}

/// Everything that stops an object, and what hangs on it.
fn stuck() -> Vec<ResourceChange> {
    let recreated = Reason::RecreatedBySomeoneElse {
        recorded: "AIDAOLD".to_owned(),
        live: "AIDANEW".to_owned(),
    };
    let obstacle =
        Reason::Obstacle("the bucket holds objects and force_destroy is not set".to_owned());
    vec![
        change("bucket.full", ChangeAction::Refuse, obstacle),
        change("role.worker", ChangeAction::Blocked, Reason::Unknown(denied())),
        change(
            "role_policy_attachment.worker/Logs",
            ChangeAction::Blocked,
            Reason::DependsOn(at("role.worker")),
        ),
        change(
            "user.deployer",
            ChangeAction::Refuse,
            Reason::NotOurs { owner: Some("other-relay".to_owned()) },
        ),
        change("user.gone", ChangeAction::Refuse, recreated),
        change("user.serverless", ChangeAction::Refuse, Reason::NotOurs { owner: None }),
    ]
}

fn same(address: &str) -> ResourceChange {
    change(address, ChangeAction::Nothing, Reason::Same)
}

#[test]
fn a_new_stack_is_shown_completely() {
    assert_snapshot!(human::plan(&plan(stack()), PLAIN));
}

#[test]
fn a_changed_document_is_shown_by_statement() {
    assert_snapshot!(human::plan(&plan(vec![document_update(), same("user.serverless")]), PLAIN));
}

#[test]
fn verbose_shows_what_stays() {
    let mut plan = plan(vec![document_update(), tag_drift()]);
    let attributes = json!({"path": "/", "description": "x", "document": deployment()});
    let attributes = serde_json::from_value(attributes).unwrap();
    let seen = LiveObject { id: "ANPA1".to_owned(), attributes, ..LiveObject::default() };
    plan.steps[0].before = Some(Box::new(seen));
    assert_snapshot!(human::plan(&plan, VERBOSE));
}

#[test]
fn drift_and_what_is_left_alone_are_said() {
    assert_snapshot!(human::plan(&plan(vec![tag_drift()]), PLAIN));
}

#[test]
fn drift_in_a_document_is_shown_by_statement() {
    let mut change = document_update();
    change.fields =
        vec![field("document", FieldForm::Document, Some(edited()), Some(deployment()))];
    change.drift = vec![changed("document", Some(deployment()), Some(edited()))];
    assert_snapshot!(human::plan(&plan(vec![change]), PLAIN));
}

#[test]
fn a_replacement_names_the_field_that_forces_it() {
    let mut inline = change(
        "role_policy.worker/logs",
        ChangeAction::Replace,
        Reason::ParentReplaced(at("role.worker")),
    );
    inline.unchanged = 1;
    assert_snapshot!(human::plan(&plan(vec![replacement(), inline]), PLAIN));
}

#[test]
fn what_is_refused_or_blocked_comes_with_its_remedy() {
    assert_snapshot!(human::plan(&plan(stuck()), PLAIN));
}

#[test]
fn a_destroy_shows_what_goes() {
    let mut role = change("role.worker", ChangeAction::Delete, Reason::Destroy);
    role.fields = vec![
        field("path", FieldForm::Plain, Some(json!("/")), None),
        field("trust", FieldForm::Document, Some(trust()), None),
        field("tags", FieldForm::Keyed, Some(json!({"stage": "dev"})), None),
    ];
    let mut plan = plan(vec![role, change("user.gone", ChangeAction::Forget, Reason::Destroy)]);
    plan.header.mode = PlanMode::Destroy;
    plan.header.sandbox = true;
    assert_snapshot!(human::plan(&plan, PLAIN));
}

#[test]
fn nested_values_are_compared_where_they_differ() {
    let rule = |id: &str, days: u32| json!({"enabled": true, "expiration_days": days, "id": id, "prefix": ""});
    let key = "arn:aws:kms:us-east-1:123456789012:key/1";
    let encryption = |algorithm: &str, key: Value| json!({"algorithm": algorithm, "bucket_key": true, "kms_key": key});
    let rules = |days| Some(json!([rule("keep", 30), rule("old", days)]));
    let fields = vec![
        field(
            "encryption",
            FieldForm::Plain,
            Some(encryption("AES256", Value::Null)),
            Some(encryption("aws:kms", json!(key))),
        ),
        field(
            "policy",
            FieldForm::Document,
            Some(Value::Null),
            Some(json!({"Version": "2012-10-17", "Statement": []})),
        ),
        field("lifecycle", FieldForm::Plain, rules(7), rules(14)),
        field("versioning", FieldForm::Plain, None, Some(json!(true))),
        field("same", FieldForm::Plain, None, Some(Value::Null)),
    ];
    let exclude = (
        Some(json!({"exclude": [".*", "*.md"]})),
        Some(json!({"exclude": [".*", "*.json", "*.md"]})),
    );
    let settings = updated(
        "zappa_settings.dev",
        vec![field("settings", FieldForm::Keyed, exclude.0, exclude.1)],
        0,
    );
    assert_snapshot!(human::plan(&plan(vec![updated("bucket.b", fields, 1), settings]), PLAIN));
}

#[test]
fn every_other_reason_has_words() {
    let changes = vec![
        change(
            "access_key.a",
            ChangeAction::Replace,
            Reason::CannotChange("its secret cannot be read again".to_owned()),
        ),
        change("policy.a", ChangeAction::Adopt, Reason::Lost),
        change("policy.b", ChangeAction::Forget, Reason::Undeclared),
        change("policy.c", ChangeAction::Adopt, Reason::Interrupted),
        change("role.a", ChangeAction::Create, Reason::Vanished),
        change("role.b", ChangeAction::Delete, Reason::Undeclared),
        change(
            "user_policy_attachment.a/arn:aws:iam::aws:policy/X",
            ChangeAction::Delete,
            Reason::Exclusive,
        ),
    ];
    assert_snapshot!(human::plan(&plan(changes), PLAIN));
}

#[test]
fn no_changes_is_the_first_word_of_an_empty_plan() {
    let mut quiet = same("user.serverless");
    quiet.left_alone = vec![
        "policy arn:aws:iam::aws:policy/ReadOnlyAccess: not in the manifest, left alone".to_owned(),
    ];
    quiet.drift = vec![changed("path", Some(json!("/old/")), Some(json!("/")))];
    let empty = plan(vec![same("policy.a"), quiet]);
    let text = human::plan(&empty, PLAIN);
    assert!(text.contains("\nNo changes. Your AWS account matches the manifest.\n"));
    assert_snapshot!(text);
}

#[test]
fn without_changes_the_state_may_still_have_to_learn() {
    let changes = vec![
        change("policy.a", ChangeAction::Adopt, Reason::Lost),
        change("policy.b", ChangeAction::Forget, Reason::Vanished),
        same("user.serverless"),
    ];
    assert_snapshot!(human::plan(&plan(changes), PLAIN));
}

#[test]
fn a_partial_plan_in_the_sandbox_says_both() {
    let header = PlanHeader { sandbox: true, targets: [at("user.serverless")].into(), ..header() };
    assert_snapshot!(human::header(&header, PLAIN));
}

#[test]
fn a_successful_run_counts_what_it_did() {
    let changes = vec![
        change("policy.a", ChangeAction::Adopt, Reason::Lost),
        replacement(),
        document_update(),
    ];
    let plan = plan(changes);
    let outcome = RunOutcome {
        done: plan.steps.iter().map(|step| step.id.clone()).collect(),
        ..RunOutcome::default()
    };
    assert_snapshot!(human::outcome(&plan, &outcome, PLAIN), @r"
    Apply complete! Resources: 1 added, 1 changed, 1 destroyed.
    State only: 1 adopted.
    ");
}

#[test]
fn a_destroy_counts_only_what_went() {
    let mut plan = plan(vec![change("user.a", ChangeAction::Delete, Reason::Destroy)]);
    plan.header.mode = PlanMode::Destroy;
    let outcome =
        RunOutcome { done: vec![id("user.a", StepPhase::Delete)], ..RunOutcome::default() };
    assert_snapshot!(human::outcome(&plan, &outcome, PLAIN), @"Destroy complete! Resources: 1 \
        destroyed.");
}

fn partial() -> (Plan, RunOutcome) {
    let attachment = "role_policy_attachment.worker/Logs";
    let new = |address: &str| created(address, &[]);
    let changes = vec![
        new("policy.Logs"),
        new("role.worker"),
        new(attachment),
        tag_drift(),
        new("zappa_settings.dev"),
    ];
    let overtaken =
        Fault::Changed { address: at("user.serverless"), what: "tags.stage is gone".to_owned() };
    let failure = Failure { call: "iam:CreateRole".to_owned(), ..denied() };
    let outcome = RunOutcome {
        done: vec![id("policy.Logs", StepPhase::Create)],
        failed: vec![
            (id("role.worker", StepPhase::Create), Fault::Call(failure)),
            (id("user.serverless", StepPhase::Update), overtaken),
        ],
        skipped: vec![(id(attachment, StepPhase::Create), vec![at("role.worker")])],
        calls: 2,
        traffic: Traffic {
            calls: 31,
            retries: 4,
            throttles: 3,
            waits: 7,
            waited: Duration::from_millis(6250),
        },
        ..RunOutcome::default()
    };
    (plan(changes), outcome)
}

#[test]
fn a_failed_run_says_what_was_done_and_what_comes_next() {
    let (plan, outcome) = partial();
    assert_snapshot!(human::outcome(&plan, &outcome, PLAIN));
}

#[test]
fn a_failed_run_as_json() {
    let (plan, outcome) = partial();
    assert_snapshot!(json::outcome(&plan, &outcome));
}

#[test]
fn events_are_one_line_each() {
    let step = |phase| id("user.serverless", phase);
    let events = [
        Event::Started { step: step(StepPhase::Create) },
        Event::Waiting {
            step: step(StepPhase::Create),
            why: "IAM has not propagated role X".to_owned(),
            waited: Duration::from_millis(14_200),
            limit: Duration::from_mins(2),
        },
        Event::Delayed(Delay {
            call: "iam:CreateUser".to_owned(),
            why: "it was throttled (try 2 of at most 10)".to_owned(),
            wait: Duration::from_millis(1440),
        }),
        Event::Done { step: step(StepPhase::Create) },
        Event::Started { step: step(StepPhase::Update) },
        Event::Done { step: step(StepPhase::Update) },
        Event::Started { step: step(StepPhase::Delete) },
        Event::Done { step: step(StepPhase::Delete) },
        Event::Done { step: step(StepPhase::Record) },
        Event::Failed { step: step(StepPhase::Create), why: Fault::Call(denied()) },
        Event::Skipped { step: step(StepPhase::Create), because: vec![at("role.a"), at("role.b")] },
    ];
    let lines: Vec<_> = events.iter().map(|event| human::event(event, PLAIN)).collect();
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_caller_is_named() {
    let caller = CallerIdentity {
        account: "1".to_owned(),
        arn: "arn:aws:iam::1:root".to_owned(),
        user_id: "1".to_owned(),
    };
    assert_eq!(human::caller(&caller), "account 1 as arn:aws:iam::1:root");
}

#[test]
fn json_is_the_plan_itself() {
    let plan = plan(vec![replacement(), tag_drift()]);
    let text = json::plan(&plan);
    let mut value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        value["summary"],
        json!({"add": 1, "change": 1, "destroy": 1, "refused": 0, "blocked": 0, "calls": 0})
    );
    assert_eq!(value.as_object_mut().unwrap().remove("format_version"), Some(json!("1.0")));
    assert_eq!(serde_json::from_value::<Plan>(value).unwrap(), plan);
    assert_eq!(json::plan(&plan), text);
}

#[test]
fn a_pull_request_gets_a_table_and_the_whole_plan() {
    let mut changes = vec![document_update(), replacement(), tag_drift()];
    changes.extend(stuck().into_iter().filter(|change| change.address.kind() == KindName::Bucket));
    let mut plan = plan(changes);
    plan.header.sandbox = true;
    plan.header.targets = [at("user.serverless")].into();
    assert_snapshot!(markdown::plan(&plan));
}

#[test]
fn a_pull_request_without_changes_says_so() {
    assert_snapshot!(markdown::plan(&plan(vec![same("user.serverless")])));
}

#[test]
fn a_comment_never_exceeds_what_github_takes() {
    let many: Vec<_> = (0..2_000)
        .map(|n| {
            created(
                &format!("user.a-rather-long-name-{n:04}"),
                &[("tags", FieldForm::Keyed, tags())],
            )
        })
        .collect();
    let text = markdown::plan(&plan(many));
    assert!(text.len() <= 65_536, "{}", text.len());
    assert!(text.contains("| | … and "));
    assert!(text.contains("**Cut off**: "));
    assert_eq!(text.matches("```").count(), 2);
    assert!(text.contains("</details>"));
}

#[test]
fn a_code_block_cannot_be_left_from_inside() {
    let hostile = "```\n</details>\n# @everyone";
    let text = markdown::plan(&plan(vec![created(
        "user.x",
        &[("path", FieldForm::Plain, json!(hostile))],
    )]));
    assert!(text.contains("\n````diff\n") && text.contains("\n````\n"), "{text}");
    assert_eq!(text.matches("\n</details>").count(), 1);
}

fn manifest() -> (Vec<Diagnostic>, BTreeMap<PathBuf, String>) {
    let text = "version: 1\nname: dev\nusers:\n  server\u{1b}less:\n    polices: [A]\n\tpath: x\n";
    let place =
        |line, column, length| Place { file: "manifests/dev.yaml".into(), line, column, length };
    let diagnostics = vec![
        Diagnostic::warning("retired-runtime", Some(place(6, 2, 4)), "python3.7 is retired"),
        Diagnostic::error("unknown-field", Some(place(5, 5, 7)), "unknown field `polices`")
            .help("did you mean `policies`?"),
        Diagnostic::error(
            "no-file",
            Some(Place { file: "gone.json".into(), line: 3, column: 2, length: 1 }),
            "cut off",
        ),
        Diagnostic::error("end", Some(place(2, 40, 3)), "behind the line's end"),
        Diagnostic::error(
            "account-mismatch",
            None,
            "the account is 1, the manifest says 2\u{1b}[2J",
        )
        .help("use another profile"),
    ];
    (diagnostics, [(PathBuf::from("manifests/dev.yaml"), text.to_owned())].into())
}

#[test]
fn diagnostics_show_the_lines_they_speak_of() {
    let (diagnostics, sources) = manifest();
    let text = diagnostic::list(&diagnostics, &sources, false);
    assert!(!text.contains('\u{1b}'));
    assert!(diagnostic::list(&diagnostics, &sources, true).contains("\u{1b}["));
    assert_eq!(diagnostic::list(&[], &sources, false), "");
    assert_snapshot!(text);
}

fn desired() -> Desired {
    let needs = |addresses: &[&str]| Resource {
        depends_on: addresses.iter().map(|address| at(address)).collect(),
        ..Resource::default()
    };
    let resources = [
        ("policy.Deploy", needs(&[])),
        ("user.\"x\" <&>", needs(&[])),
        ("user.serverless", needs(&[])),
        ("user_policy_attachment.serverless/Deploy", needs(&["user.serverless", "policy.Deploy"])),
        (
            "access_key.serverless",
            needs(&["user.serverless", "user_policy_attachment.serverless/Deploy"]),
        ),
        ("aws_profile.serverless", needs(&["access_key.serverless"])),
    ];
    let resources =
        resources.into_iter().map(|(address, resource)| (at(address), resource)).collect();
    Desired { name: "dev".to_owned(), resources, ..Desired::default() }
}

#[test]
fn graph_as_dot() {
    assert_snapshot!(graph::dot(&desired()));
}

#[test]
fn graph_as_mermaid() {
    assert_snapshot!(graph::mermaid(&desired()));
}

#[test]
fn graph_as_svg() {
    let svg = graph::svg(&desired());
    assert_eq!(svg.matches("<text ").count(), 6);
    assert_eq!(svg.matches("marker-").count(), 5);
    assert!(svg.contains("user.&quot;x&quot; &lt;&amp;&gt;"));
    assert!(
        (0..10).all(|_| graph::svg(&desired()) == svg),
        "the same graph gives the same picture"
    );
    assert!(graph::svg(&Desired::default()).ends_with("</svg>\n"));
}

#[test]
fn colours_are_added_but_change_no_text() {
    let color = HumanStyle { color: true, verbose: false };
    let mut changes = stack();
    changes.extend([document_update(), tag_drift(), replacement()]);
    changes.extend(stuck());
    let plan = plan(changes);
    let coloured = human::plan(&plan, color);
    assert!(coloured.contains("\u{1b}[32m+\u{1b}[0m"));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), human::plan(&plan, PLAIN));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// Whatever a name, a value or an answer of AWS holds, it can't move the cursor, clear the
    /// screen, or hide a line.
    #[test]
    fn foreign_text_never_reaches_the_terminal_raw(text in "\\PC{0,8}[\\x00-\\x1f\\x7f-\\u{9f}\u{202e}]{1,4}\\PC{0,8}") {
        let failure = Failure::new(FailureKind::Other, text.clone(), text.clone(), text.clone());
        let value = || Some(json!({text.clone(): [text.clone()]}));
        let document = json!({"Statement": [{"Sid": text, "Effect": text, text.clone(): {text.clone(): text}}]});
        let mut one = updated(&format!("user.{text}"), vec![
            field(&text, FieldForm::Keyed, value(), Some(json!(text))),
            FieldDiff {
                forces_replacement: Some(text.clone()),
                ..field("d", FieldForm::Document, Some(json!({"Statement": []})), Some(document))
            },
        ], 0);
        one.left_alone = vec![text.clone()];
        one.drift = vec![changed(&text, None, value())];
        let unknown = change(&format!("role.{text}"), ChangeAction::Blocked, Reason::Unknown(failure.clone()));
        let owned = change(&format!("bucket.{text}"), ChangeAction::Refuse, Reason::NotOurs { owner: Some(text.clone()) });
        let mut plan = plan(vec![one, unknown, owned]);
        plan.access = access::hostile(&text);
        plan.header.caller = text.clone();
        plan.header.manifest_file = text.clone();
        let failed = vec![(plan.steps[0].id.clone(), Fault::Call(failure.clone()))];
        let outcome = RunOutcome { failed: failed.clone(), ..RunOutcome::default() };
        let event = Event::Failed { step: failed[0].0.clone(), why: Fault::State(text.clone().into()) };
        let screens = [
            human::plan(&plan, PLAIN),
            human::plan(&plan, VERBOSE),
            human::outcome(&plan, &outcome, PLAIN),
            human::event(&event, PLAIN),
            markdown::plan(&plan),
        ];
        for screen in screens {
            prop_assert!(screen.chars().all(|c| c == '\n' || !(c.is_control() || c == '\u{202e}')), "{screen:?}");
            prop_assert!(screen.lines().all(|line| line.trim_end_matches(' ') == line), "{screen:?}");
        }
    }
}

/// Calls of every service, so that their names and objects are seen together.
fn with_calls() -> Plan {
    let mut plan = plan(stack());
    let bucket = BucketRef { name: "zappa-relay".to_owned(), region: "us-east-1".to_owned() };
    let user = || "serverless".to_owned();
    let create = |policy: &str| {
        Write::Iam(IamWrite::CreatePolicy {
            policy: policy.to_owned(),
            path: "/".to_owned(),
            description: None,
            document: deployment().into(),
            tags: BTreeMap::new(),
        })
    };
    let key = vec![
        Write::Iam(IamWrite::CreateAccessKey { user: user() }),
        Write::File(FileWrite::StoreCredentials {
            profile: user(),
            replaces: None,
            replace_profile: false,
        }),
    ];
    let made =
        Write::S3(S3Write::CreateBucket { bucket, ownership: "BucketOwnerEnforced".to_owned() });
    let calls =
        [(3, vec![create("ZappaLambdaDeploymentPolicy"), create("B")]), (2, vec![made]), (0, key)];
    for (index, calls) in calls {
        plan.summary.calls += calls.len();
        plan.steps[index].calls = calls;
    }
    plan
}

#[test]
fn a_plan_ends_with_the_calls_that_apply_makes() {
    let tail = |style| {
        let text = human::plan(&with_calls(), style);
        text[text.find("\nCalls: ").unwrap() + 1..].to_owned()
    };
    assert_snapshot!(format!("{}\n{}", tail(PLAIN), tail(VERBOSE)));
}

#[test]
fn verbose_shows_the_critical_path_of_a_plan_and_of_its_run() {
    let mut plan = with_calls();
    let settings = SectionSettings::new();
    plan.steps[0].after = [id("user.serverless", StepPhase::Create)].into();
    plan.steps[1].after = [id("access_key.serverless", StepPhase::Create)].into();
    plan.steps[1].calls =
        vec![Write::File(FileWrite::SetProfile { profile: "serverless".to_owned(), settings })];
    plan.steps[5].calls = vec![Write::Iam(IamWrite::CreateUser {
        user: "serverless".to_owned(),
        path: "/".to_owned(),
        boundary: None,
        tags: BTreeMap::new(),
    })];
    let told = human::plan(&plan, VERBOSE);
    assert_snapshot!(told[told.find("Critical path").unwrap()..].trim_end(), @r"
    Critical path: 4 of 7 writes, one after another
      user.serverless: create (1 write)
      access_key.serverless: create (2 writes)
      aws_profile.serverless: create (1 write)

    Plan: 8 to add, 0 to change, 0 to destroy.
    ");
    let slow = |(step, time): (&Step, u64)| (step.id.clone(), Duration::from_millis(time));
    let took: Vec<_> = plan.steps.iter().zip([120, 10, 90, 150, 60, 80, 60, 3]).map(slow).collect();
    let outcome = RunOutcome {
        done: plan.steps.iter().map(|step| step.id.clone()).collect(),
        took,
        elapsed: Duration::from_millis(221),
        ..RunOutcome::default()
    };
    assert_snapshot!(human::outcome(&plan, &outcome, VERBOSE), @r"
    Apply complete! Resources: 8 added, 0 changed, 0 destroyed.
    Critical path: 0.21 s of 0.22 s, one after another
      user.serverless: create (0.08 s)
      access_key.serverless: create (0.12 s)
      aws_profile.serverless: create (0.01 s)
    ");
    assert!(!human::plan(&plan, PLAIN).contains("Critical path"));
    assert!(!human::outcome(&plan, &outcome, PLAIN).contains("Critical path"));
}
