//! The saved plan: the printed plan, to be applied exactly, or not at all.

use std::io::{self, BufWriter, IntoInnerError, Write};

use data_encoding::HEXLOWER;
use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::consistency::{self, PlanContradiction};
use super::{Plan, PlanNote};
use crate::access::AccessChange;
use crate::diff::ResourceChange;
use crate::plan::Step;
use crate::value::{Value, digest};

/// The version of the format that this binary writes, and the only one that it applies: saved plans
/// are meant to be applied soon.
const FORMAT: u32 = 1;

/// The reason that a file is not a plan to apply.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    #[error("not a saved plan of relayctl: {0}")]
    NotPlan(#[source] serde_json::Error),
    #[error("not a saved plan of relayctl: it has no `relayctl_plan`")]
    Unmarked,
    #[error(
        "this plan was edited or damaged after it was saved: it says that the SHA-256 of its \
            content is {said}, and it is {found}"
    )]
    Edited { said: String, found: String },
    #[error("this plan contradicts itself, so it was edited after it was made: {0}")]
    Contradiction(#[source] PlanContradiction),
    #[error(
        "this plan was saved by another version of relayctl (plan format {0}, this one applies \
            {FORMAT})"
    )]
    Version(u32),
}

#[derive(Deserialize)]
struct Envelope {
    /// The digest of `plan` as compact JSON with ordered keys.
    sha256: String,
    plan: Value,
}

/// A plan whose keys, at every depth, are written in order.
#[derive(Serialize)]
struct SortedPlan<'a> {
    access: Each<'a, AccessChange>,
    changes: Each<'a, ResourceChange>,
    header: Value,
    #[serde(skip_serializing_if = "Each::is_empty")]
    notes: Each<'a, PlanNote>,
    state: Value,
    steps: Each<'a, Step>,
    summary: Value,
}

/// A list whose items are put in order one by one. To put a plan for thousands of objects in order
/// as a whole would take several times the memory of the plan.
struct Each<'a, T>(&'a [T]);

impl<T> Each<'_, T> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

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

/// Writes the plan as JSON with the format's version first and a digest of the content last, so
/// that the file is written while the plan is serialised.
pub fn write(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    let Plan { header, state, changes, steps, access, notes, summary } = plan;
    let plan = SortedPlan {
        access: Each(access),
        changes: Each(changes),
        header: json!(header),
        notes: Each(notes),
        state: json!(state),
        steps: Each(steps),
        summary: json!(summary),
    };
    write!(out, "{{\"relayctl_plan\":{FORMAT},\"plan\":")?;
    let mut hashed = BufWriter::new(Hashed { out, sha256: Sha256::new() });
    serde_json::to_writer(&mut hashed, &plan)?;
    let Hashed { out, sha256 } = hashed.into_inner().map_err(IntoInnerError::into_error)?;
    writeln!(out, ",\"sha256\":\"{}\"}}", HEXLOWER.encode(&sha256.finalize()))
}

/// A writer that passes on all bytes and computes their digest.
struct Hashed<W> {
    out: W,
    sha256: Sha256,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.sha256.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

pub fn decode(text: &str) -> Result<Plan, PlanFileError> {
    let value: Value = serde_json::from_str(text).map_err(PlanFileError::NotPlan)?;
    let version = value.get("relayctl_plan").and_then(Value::as_u64);
    let version = version.ok_or(PlanFileError::Unmarked)?;
    if version != u64::from(FORMAT) {
        return Err(PlanFileError::Version(u32::try_from(version).unwrap_or(u32::MAX)));
    }
    let envelope: Envelope = serde_json::from_value(value).map_err(PlanFileError::NotPlan)?;
    let found = digest(&envelope.plan);
    if found != envelope.sha256 {
        return Err(PlanFileError::Edited { said: envelope.sha256, found });
    }
    let plan: Plan = serde_json::from_value(envelope.plan).map_err(PlanFileError::NotPlan)?;
    consistency::check(&plan).map_err(PlanFileError::Contradiction)?;
    Ok(plan)
}
