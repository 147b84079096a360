//! Renders the plan and the outcome as JSON, for machines.

use serde::Serialize;
use serde_json::json;

use crate::event::{Fault, RunOutcome};
use crate::plan::{Plan, StepId, StepPhase};
use crate::value::Value;

/// The format's version. Its first part is raised if a reader of the old form would misread the new
/// one.
const FORMAT: &str = "1.0";

#[derive(Serialize)]
struct PlanDocument<'a> {
    format_version: &'static str,
    #[serde(flatten)]
    plan: &'a Plan,
}

pub fn render_plan(plan: &Plan) -> String {
    pretty(&PlanDocument { format_version: FORMAT, plan })
}

pub fn outcome(plan: &Plan, outcome: &RunOutcome) -> String {
    let of = |phase| outcome.done.iter().filter(|step| step.phase == phase).count();
    let failed = outcome.failed.iter().map(|(step, why)| with(step, "error", fault(why)));
    let skipped =
        outcome.skipped.iter().map(|(step, because)| with(step, "because", json!(because)));
    pretty(&json!({
        "format_version": FORMAT,
        "manifest": plan.header.manifest,
        "account": plan.header.account,
        "region": plan.header.region,
        "sandbox": plan.header.sandbox,
        "mode": plan.header.mode,
        "succeeded": outcome.succeeded(),
        "interrupted": outcome.interrupted,
        "summary": {
            "added": of(StepPhase::Create),
            "changed": of(StepPhase::Update),
            "destroyed": of(StepPhase::Delete),
            "recorded": of(StepPhase::Record),
            "failed": outcome.failed.len(),
            "skipped": outcome.skipped.len(),
            "calls": outcome.calls,
        },
        "traffic": outcome.traffic,
        "done": outcome.done,
        "failed": failed.collect::<Vec<_>>(),
        "skipped": skipped.collect::<Vec<_>>(),
    }))
}

fn with(step: &StepId, name: &str, value: Value) -> Value {
    let mut object = json!({ "address": step.address, "phase": step.phase });
    object[name] = value;
    object
}

/// Every fault has a `kind` and a `message`; a call's fault also has AWS's answer.
fn fault(fault: &Fault) -> Value {
    let message = fault.to_string();
    match fault {
        Fault::Call(failure) => json!({
            "kind": failure.kind,
            "call": failure.call,
            "code": failure.code,
            "message": failure.message,
            "request_id": failure.request_id,
        }),
        Fault::Changed { address, what } => {
            json!({ "kind": "changed", "address": address, "what": what, "message": message })
        }
        Fault::State(_) => json!({ "kind": "state", "message": message }),
        Fault::Lock(_) => json!({ "kind": "lock", "message": message }),
    }
}

/// Serialises a value as indented JSON. These types have text keys and no failing serialiser, so
/// the fallback is never used.
fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value)
        .unwrap_or_else(|why| format!("{{\"error\": \"{why}\"}}"));
    text.push('\n');
    text
}
