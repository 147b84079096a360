//! Plans as people and machines see them.

use std::collections::BTreeMap;
use std::time::Duration;

use insta::assert_snapshot;
use proptest::prelude::*;
use relayctl::call::{BucketRef, Failure, FailureKind, FileWrite, IamWrite, S3Write, Write};
use relayctl::diff::{ChangeAction, FieldDiff, Reason};
use relayctl::event::{Event, Fault, RunOutcome};
use relayctl::kind::{FieldForm, LiveObject};
use relayctl::plan::{Plan, PlanHeader, PlanMode, Step, StepPhase};
use relayctl::render::command::RunOptions;
use relayctl::render::human::HumanStyle;
use relayctl::render::{html, human, json, markdown};
use relayctl::value::{FieldChange, SectionSettings, Value};
use serde_json::json;

use super::access;
use super::fixtures::{
    PLAIN, VERBOSE, at, change, changed, deployment, document_update, edited, field, header, id,
    plan, replacement, same, stack, stuck, tag_drift, trust, updated,
};

#[test]
fn a_new_stack_is_shown_completely() {
    assert_snapshot!(human::render_plan(&plan(stack()), PLAIN));
}

#[test]
fn a_changed_document_is_shown_by_statement() {
    assert_snapshot!(human::render_plan(
        &plan(vec![document_update(), same("user.serverless")]),
        PLAIN
    ));
}

#[test]
fn verbose_shows_what_stays() {
    let mut plan = plan(vec![document_update(), tag_drift()]);
    let attributes = json!({"path": "/", "description": "x", "document": deployment()});
    let attributes = serde_json::from_value(attributes).unwrap();
    let seen = LiveObject { id: "ANPA1".to_owned(), attributes, ..LiveObject::default() };
    plan.steps[0].before = Some(Box::new(seen));
    assert_snapshot!(human::render_plan(&plan, VERBOSE));
}

#[test]
fn drift_and_what_is_left_alone_are_said() {
    assert_snapshot!(human::render_plan(&plan(vec![tag_drift()]), PLAIN));
}

#[test]
fn drift_in_a_document_is_shown_by_statement() {
    let mut change = document_update();
    change.fields =
        vec![field("document", FieldForm::Document, Some(edited()), Some(deployment()))];
    change.drift = vec![changed("document", Some(deployment()), Some(edited()))];
    assert_snapshot!(human::render_plan(&plan(vec![change]), PLAIN));
}

#[test]
fn a_replacement_names_the_field_that_forces_it() {
    let mut inline = change(
        "role_policy.worker/logs",
        ChangeAction::Replace,
        Reason::ParentReplaced(at("role.worker")),
    );
    inline.unchanged = 1;
    assert_snapshot!(human::render_plan(&plan(vec![replacement(), inline]), PLAIN));
}

#[test]
fn what_is_refused_or_blocked_comes_with_its_remedy() {
    assert_snapshot!(human::render_plan(&plan(stuck()), PLAIN));
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
    assert_snapshot!(human::render_plan(&plan, PLAIN));
}

#[test]
fn a_refresh_shows_what_drifted_and_what_the_state_takes_over() {
    let mut moved = change("user.ada", ChangeAction::Adopt, Reason::Drifted);
    moved.drift = vec![FieldChange {
        field: "path".to_owned(),
        before: Some(json!("/").into()),
        after: Some(json!("/people/").into()),
    }];
    let other = Reason::RecreatedBySomeoneElse { recorded: "AIDA1".into(), live: "AIDA2".into() };
    let mut plan = plan(vec![
        moved,
        change("user.bob", ChangeAction::Forget, Reason::Vanished),
        change("user.eve", ChangeAction::Forget, other),
        change("access_key.bob", ChangeAction::Nothing, Reason::Vanished),
        same("policy.Deploy"),
    ]);
    plan.header.mode = PlanMode::RefreshOnly;
    assert_snapshot!(human::render_plan(&plan, PLAIN));
    let page = html::render_plan(&plan, None);
    assert!(page.contains("only refreshes the state") && page.contains("1 to record, 2 to forget"));
    let comment = markdown::render_plan(&plan, None);
    assert!(comment.contains("| `.` | `user.bob` | forget |"), "{comment}");
    assert!(comment.contains("`access_key.bob`") && !comment.contains("access."), "{comment}");
}

#[test]
fn the_commands_in_a_plan_are_those_of_the_run() {
    let run = RunOptions {
        manifest: Some("../my dev.yaml".to_owned()),
        account: vec![("--profile", "admin".to_owned())],
        ..RunOptions::default()
    };
    let text = human::render_plan(&plan(stuck()), HumanStyle { run: Some(&run), ..PLAIN });
    let said = "relayctl state rm '../my dev.yaml' user.gone --profile admin";
    assert!(text.contains(said), "{text}");
    assert!(html::render_plan(&plan(stuck()), Some(&run)).contains("--profile admin"));
    let mut made_there = plan(stuck());
    made_there.header.sandbox = true;
    made_there.header.variables = [("who".to_owned(), "ada".to_owned())].into();
    let said = "relayctl state rm manifests/dev.yaml user.gone --sandbox --var who=ada";
    let text = human::render_plan(&made_there, PLAIN);
    assert!(text.contains(said), "{text}");
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
    assert_snapshot!(human::render_plan(
        &plan(vec![updated("bucket.b", fields, 1), settings]),
        PLAIN
    ));
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
    assert_snapshot!(human::render_plan(&plan(changes), PLAIN));
}

#[test]
fn no_changes_is_the_first_word_of_an_empty_plan() {
    let mut quiet = same("user.serverless");
    quiet.left_alone = vec![
        "policy arn:aws:iam::aws:policy/ReadOnlyAccess: not in the manifest, left alone".to_owned(),
    ];
    quiet.drift = vec![changed("path", Some(json!("/old/")), Some(json!("/")))];
    let empty = plan(vec![same("policy.a"), quiet]);
    let text = human::render_plan(&empty, PLAIN);
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
    assert_snapshot!(human::render_plan(&plan(changes), PLAIN));
}

#[test]
fn a_partial_plan_in_the_sandbox_says_both() {
    let header = PlanHeader { sandbox: true, targets: [at("user.serverless")].into(), ..header() };
    assert_snapshot!(human::header(&header, PLAIN));
}

#[test]
fn json_is_the_plan_itself() {
    let plan = plan(vec![replacement(), tag_drift()]);
    let text = json::render_plan(&plan);
    let mut value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        value["summary"],
        json!({"add": 1, "change": 1, "destroy": 1, "refused": 0, "blocked": 0, "calls": 0})
    );
    assert_eq!(value.as_object_mut().unwrap().remove("format_version"), Some(json!("1.0")));
    assert_eq!(serde_json::from_value::<Plan>(value).unwrap(), plan);
    assert_eq!(json::render_plan(&plan), text);
}

#[test]
fn colours_are_added_but_change_no_text() {
    let color = HumanStyle { color: true, ..PLAIN };
    let mut changes = stack();
    changes.extend([document_update(), tag_drift(), replacement()]);
    changes.extend(stuck());
    let plan = plan(changes);
    let coloured = human::render_plan(&plan, color);
    assert!(coloured.contains("\u{1b}[32m+\u{1b}[0m"));
    assert_eq!(
        anstream::adapter::strip_str(&coloured).to_string(),
        human::render_plan(&plan, PLAIN)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// Names, values and answers of AWS can't move the cursor, clear the screen, or hide a line.
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
            human::render_plan(&plan, PLAIN),
            human::render_plan(&plan, VERBOSE),
            human::outcome(&plan, &outcome, PLAIN),
            human::event(&event, PLAIN),
            markdown::render_plan(&plan, None),
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
        let text = human::render_plan(&with_calls(), style);
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
    let told = human::render_plan(&plan, VERBOSE);
    assert_snapshot!(told[told.find("Critical path").unwrap()..].trim_end(), @r"
    Critical path: 4 of 7 writes, one after another
      user.serverless: create (1 write)
      access_key.serverless: create (2 writes)
      aws_profile.serverless: create (1 write)

    Secrets: access_key.serverless (a new key, to [serverless] in the credentials file)
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
    assert!(!human::render_plan(&plan, PLAIN).contains("Critical path"));
    assert!(!human::outcome(&plan, &outcome, PLAIN).contains("Critical path"));
}
