//! The steps of an object that is made anew, under the same name or under another one: the new
//! object takes over what others set on the old one, and no stop between the two may lose that.

use super::Worker;
use crate::diff::{CARRIED, to_record};
use crate::event::Fault;
use crate::kind;
use crate::model::{RecordedObject, Status};
use crate::plan::{Step, StepPhase};
use crate::value::Attributes;

impl<'a> Worker<'a> {
    /// Makes sure that the objects in whose place a new one is made are as the plan saw them:
    /// otherwise the new one would lack what others have set on them since.
    pub(super) async fn check_predecessors(&self, step: &Step) -> Result<(), Fault> {
        for old in self.removals_in_favour_of(step) {
            self.must_be_same(kind::kind_of(old.id.address.kind()), old).await?;
        }
        Ok(())
    }

    fn removals_in_favour_of(&self, step: &Step) -> impl Iterator<Item = &'a Step> {
        self.succeeded.iter().copied().filter(|it| it.successor.as_ref() == Some(&step.id.address))
    }

    /// Records what the new object takes over from the one that is deleted, and returns true if the
    /// record takes the place of that of the deleted object. A run that is killed before the new
    /// object exists leaves the record for the next one.
    pub(super) async fn keep_carried(
        &self,
        step: &Step,
        status: Option<Status>,
    ) -> Result<bool, Fault> {
        if step.carried.is_empty() || step.moved_from.is_some() {
            return Ok(false);
        }
        if step.successor.is_some() {
            self.keep_for_successor(step).await?;
            return Ok(false);
        }
        let address = &step.id.address;
        let Some(mut entry) = self.writer.find_entry(address).await else { return Ok(false) };
        carry(&mut entry.attributes, step);
        entry.status = status.unwrap_or(entry.status);
        self.writer.record_entry(address, entry).await?;
        Ok(true)
    }

    /// Records what the new object takes over under its own address, unless it exists. Of two names
    /// that IAM does not distinguish, the old one has to go first.
    async fn keep_for_successor(&self, step: &Step) -> Result<(), Fault> {
        let is_made = |it: &&Step| {
            it.id.phase == StepPhase::Create && Some(&it.id.address) == step.successor.as_ref()
        };
        let Some(made) = self.plan.steps.iter().find(is_made) else { return Ok(()) };
        let Some(record) = made.record.clone() else { return Ok(()) };
        let before = self.writer.find_entry(&made.id.address).await;
        if before.as_ref().is_some_and(|it| it.status == Status::Done) {
            return Ok(());
        }
        let mut attributes = record.attributes;
        carry(&mut attributes, step);
        let id = before.as_ref().and_then(|it| it.id.clone());
        let (status, depends_on) = (Status::Intended, record.depends_on);
        let entry = RecordedObject { status, id, attributes, depends_on };
        if before.as_ref() == Some(&entry) {
            return Ok(());
        }
        self.writer.record_entry(&made.id.address, entry).await
    }
}

/// Adds what the new object takes over to its record.
pub(super) fn carry(attributes: &mut Attributes, step: &Step) {
    if !step.carried.is_empty() {
        attributes.insert(CARRIED, to_record(&step.carried));
    }
}
