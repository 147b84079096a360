//! The saved plan: what was printed, to be applied exactly, or not at all.

use std::io;

use data_encoding::HEXLOWER;
use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::Plan;
use crate::access::AccessChange;
use crate::diff::Change;
use crate::plan::Step;
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
struct Envelope<P> {
    relayctl_plan: u32,
    /// Over `plan`, as compact JSON with ordered keys.
    sha256: String,
    plan: P,
}

/// A plan with its keys in order, those of what is in it, too.
#[derive(Serialize)]
struct Ordered<'a> {
    access: Each<'a, AccessChange>,
    changes: Each<'a, Change>,
    header: Value,
    state: Value,
    steps: Each<'a, Step>,
    summary: Value,
}

/// A list whose items are put in order one by one: of a plan for thousands of objects all together would take several times
/// the memory of the plan.
struct Each<'a, T>(&'a [T]);

impl<T: Serialize> Serialize for Each<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Item))
    }
}

struct Item<'a, T>(&'a T);

impl<T: Serialize> Serialize for Item<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::to_value(self.0).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// JSON with its format's version and a digest over its content.
///
/// # Panics
/// Never: the maps of a plan have text keys.
pub fn encode(plan: &Plan) -> String {
    let Plan { header, state, changes, steps, access, summary } = plan;
    let value = |part: Result<Value, _>| part.expect(SERIALISES);
    let plan = Ordered {
        access: Each(access),
        changes: Each(changes),
        header: value(serde_json::to_value(header)),
        state: value(serde_json::to_value(state)),
        steps: Each(steps),
        summary: value(serde_json::to_value(summary)),
    };
    let mut sha256 = Hashing(Sha256::new());
    serde_json::to_writer(&mut sha256, &plan).expect(SERIALISES);
    let sha256 = HEXLOWER.encode(&sha256.0.finalize());
    let mut text = serde_json::to_string(&Envelope { relayctl_plan: FORMAT, sha256, plan }).expect(SERIALISES);
    text.push('\n');
    text
}

const SERIALISES: &str = "a plan always serialises";

struct Hashing(Sha256);

impl io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
    let envelope: Envelope<Value> = serde_json::from_value(value).map_err(not_plan)?;
    let found = digest(&envelope.plan);
    if found != envelope.sha256 {
        return Err(PlanFileError::Edited { said: envelope.sha256, found });
    }
    serde_json::from_value(envelope.plan).map_err(not_plan)
}
