//! The saved plan: what was printed, to be applied exactly, or not at all.

use serde::{Deserialize, Serialize};

use super::Plan;
use crate::value::{Value, digest};

/// The version of the format that this binary writes, and the only one it applies: a plan is of today.
const FORMAT: u32 = 1;

/// Why a file is no plan to apply.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    #[error("not a saved plan of relayctl: {0}")]
    NotPlan(String),
    #[error(
        "this plan was edited or damaged after it was saved: it says that the SHA-256 of its content is {said}, and it is \
         {found}"
    )]
    Edited { said: String, found: String },
    #[error("this plan was saved by another version of relayctl (plan format {0}, this one applies {FORMAT})")]
    Version(u32),
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    relayctl_plan: u32,
    /// Over `plan`, as compact JSON with ordered keys.
    sha256: String,
    plan: Value,
}

/// JSON with its format's version and a digest over its content.
pub fn encode(plan: &Plan) -> String {
    let plan = serde_json::to_value(plan).unwrap_or_default();
    let envelope = Envelope { relayctl_plan: FORMAT, sha256: digest(&plan), plan };
    let mut text = serde_json::to_string_pretty(&envelope).unwrap_or_default();
    text.push('\n');
    text
}

/// Whether a text claims to be a saved plan, rather than a manifest.
pub fn is_plan(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| value.get("relayctl_plan").is_some())
}

pub fn decode(text: &str) -> Result<Plan, PlanFileError> {
    let not_plan = |error: serde_json::Error| PlanFileError::NotPlan(error.to_string());
    let value: Value = serde_json::from_str(text).map_err(not_plan)?;
    let version = value.get("relayctl_plan").and_then(Value::as_u64);
    let version = version.ok_or_else(|| PlanFileError::NotPlan("it has no `relayctl_plan`".to_owned()))?;
    if version != u64::from(FORMAT) {
        return Err(PlanFileError::Version(u32::try_from(version).unwrap_or(u32::MAX)));
    }
    let envelope: Envelope = serde_json::from_value(value).map_err(not_plan)?;
    let found = digest(&envelope.plan);
    if found != envelope.sha256 {
        return Err(PlanFileError::Edited { said: envelope.sha256, found });
    }
    serde_json::from_value(envelope.plan).map_err(not_plan)
}
