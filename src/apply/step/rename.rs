//! Changes the case of a name. IAM does not say if it accepts a new name that differs from the old
//! one in case only. If it answers that the name exists, the object goes by way of a third name,
//! which the state records first: so the next run finds it, wherever this one stops.

use super::Worker;
use crate::call::{Failure, FailureKind, IamWrite, Reply, StepOutput, Write};
use crate::model::{RecordedObject, THIRD_NAME};
use crate::plan::Step;

/// The longest name of a user; a group's may be longer.
const LONGEST: usize = 64;

/// The end of a third name.
const ENDING: &str = "-relayctl-renames";

/// The two calls that rename by way of a third name.
pub(super) struct Detour {
    third: String,
    calls: [Write; 2],
}

/// Returns the detour, if this is a refused change of case.
pub(super) fn detour(write: &Write, failure: &Failure) -> Option<Detour> {
    let is_taken = failure.code.starts_with("EntityAlreadyExists");
    let Write::Iam(write) = write else { return None };
    let (IamWrite::RenameUser { user: old, name: new, .. }
    | IamWrite::RenameGroup { group: old, name: new, .. }) = write
    else {
        return None;
    };
    (is_taken && old.eq_ignore_ascii_case(new)).then(|| {
        let third = third_name(new);
        let step = |from: &str, to: &str| with_names(write, from, to);
        let calls = [step(old, &third), step(&third, new)].map(Write::Iam);
        Detour { third, calls }
    })
}

fn third_name(name: &str) -> String {
    let kept: String = name.chars().take(LONGEST - ENDING.len()).collect();
    kept + ENDING
}

fn with_names(write: &IamWrite, from: &str, to: &str) -> IamWrite {
    let mut write = write.clone();
    if let IamWrite::RenameUser { user: old, name, .. }
    | IamWrite::RenameGroup { group: old, name, .. } = &mut write
    {
        from.clone_into(old);
        to.clone_into(name);
    }
    write
}

impl Worker<'_> {
    /// Renames an object by way of a third name.
    pub(super) async fn rename_by_detour(
        &self,
        step: &Step,
        Detour { third, calls: [away, back] }: Detour,
    ) -> Result<Reply, Failure> {
        let unsaved = |error: crate::event::Fault| {
            Failure::new(FailureKind::Refused, away.action(), "NotRecorded", error.to_string())
        };
        let recorded = step.moved_from.as_ref().unwrap_or(&step.id.address);
        if let Some(entry) = self.writer.find_entry(recorded).await {
            let mut attributes = entry.attributes.clone();
            attributes.insert(THIRD_NAME, third.as_str().into());
            let entry = RecordedObject { attributes, ..entry };
            self.writer.record_entry(recorded, entry).await.map_err(unsaved)?;
        }
        self.send(step, &away, &StepOutput::default(), true).await?;
        self.send(step, &back, &StepOutput::default(), true).await
    }
}
