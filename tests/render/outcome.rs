//! The events and the outcome of a run.

use std::time::Duration;

use insta::assert_snapshot;
use relayctl::call::{CallerIdentity, Failure};
use relayctl::diff::{ChangeAction, Reason};
use relayctl::event::{Delay, Event, Fault, RunOutcome, Traffic};
use relayctl::plan::{Plan, PlanMode, StepPhase};
use relayctl::render::{human, json};

use super::fixtures::{
    PLAIN, at, change, created, denied, document_update, id, plan, replacement, tag_drift,
};

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
