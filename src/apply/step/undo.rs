//! The undo of a step that failed halfway: it removes what must not stay, such as a key whose
//! secret nobody will ever know.

use std::sync::atomic::Ordering;

use super::{StepProgress, Worker, is_renewal};
use crate::address::Address;
use crate::call::{
    Failure, FailureKind, FileWrite, IamWrite, NewKey, StepOutput, Write, WriteVerb,
};
use crate::event::Fault;
use crate::model::RecordedObject;
use crate::plan::Step;

/// The remains of a key that could not be delivered, after the undo.
pub(super) enum UndoResult {
    Nothing,
    /// A file may still hold the key.
    Sink,
    /// The key itself remains.
    Key,
}

impl Worker<'_> {
    /// Removes what must not stay of a create that failed halfway, and records in the state what
    /// the next run needs to know.
    pub(super) async fn undo_step(
        &self,
        step: &Step,
        progress: StepProgress,
        failure: Failure,
        before: Option<RecordedObject>,
    ) -> Fault {
        // The current holder of the lock finds the intent, and any key that was created for it.
        if let Err(lost) = self.writer.check_lock() {
            return lost;
        }
        let uncertain = failure.kind == FailureKind::Unavailable;
        let address = &step.id.address;
        let (failure, known) = match &progress.carried.key {
            Some(key) => {
                let (failure, left) = self.delete_undelivered(step, &progress, key, failure).await;
                let known = match left {
                    UndoResult::Nothing => self.writer.restore_entry(address, before).await,
                    UndoResult::Sink => self.replaces(address, key.id.clone()).await,
                    UndoResult::Key => Ok(()),
                };
                (failure, known)
            }
            None if progress.answered == 0 && !uncertain => {
                (failure, self.writer.restore_entry(address, before).await)
            }
            None => (failure, Ok(())),
        };
        known.err().unwrap_or(Fault::Call(failure))
    }

    /// Records that a file still holds this key, which no longer exists. The next created key takes
    /// its place there.
    async fn replaces(&self, address: &Address, key: String) -> Result<(), Fault> {
        match self.writer.find_entry(address).await {
            Some(intent) => {
                self.writer.record_entry(address, RecordedObject { id: Some(key), ..intent }).await
            }
            None => Ok(()),
        }
    }

    /// Deletes a key that cannot be delivered to all of its sinks: nobody will ever know its
    /// secret. The sinks get their previous content back.
    pub(super) async fn delete_undelivered(
        &self,
        step: &Step,
        progress: &StepProgress,
        key: &NewKey,
        mut failure: Failure,
    ) -> (Failure, UndoResult) {
        let mut left = UndoResult::Nothing;
        // The failed call is included: a disk may report an error after the file was replaced.
        for (at, write) in step.calls.iter().enumerate().take(progress.answered + 1) {
            let before = progress.replaced.get(&at).or_else(|| {
                let is_refilled = is_renewal(step) && !was_empty(write);
                let renewed = step.before.as_ref().filter(|_| is_refilled)?;
                progress.replaced.values().find(|replaced| replaced.id == renewed.id)
            });
            let undone = match before {
                Some(before) => returned(write, &key.id).map(|back| (back, Some(before.clone()))),
                // The previous content can't be restored, or the key may still be in the sink: the
                // next run writes there again.
                None if is_renewal(step) && !was_empty(write) => {
                    if write.facts().verb == WriteVerb::Deliver {
                        left = UndoResult::Sink;
                    }
                    None
                }
                None => emptied(write, &key.id).map(|emptied| (emptied, None)),
            };
            let Some((write, key)) = undone else { continue };
            // A sink that keeps a dead key does no harm. The key itself must be deleted.
            if self.provider.write(&write, &StepOutput { key }).await.is_err() {
                left = UndoResult::Sink;
            }
        }
        let delete =
            Write::Iam(IamWrite::DeleteAccessKey { user: key.user.clone(), id: key.id.clone() });
        self.calls.fetch_add(1, Ordering::Relaxed);
        let deleted = self.provider.write(&delete, &StepOutput::default()).await;
        match deleted {
            Ok(_) => {
                failure.message =
                    format!("{}; the new key {} was deleted again", failure.message, key.id);
            }
            Err(error) => {
                failure.message = format!(
                    "{}; the new key {} could not be deleted again ({error}): the next run finds \
                        and deletes it",
                    failure.message, key.id
                );
                left = UndoResult::Key;
            }
        }
        (failure, left)
    }
}

/// Returns the write that puts the carried key back into a sink in place of this one.
fn returned(write: &Write, key: &str) -> Option<Write> {
    let Write::File(write) = write else { return None };
    write.delivered_again(key).map(Write::File)
}

/// Returns the write that removes a key from a sink that it was put into.
fn emptied(write: &Write, key: &str) -> Option<Write> {
    let Write::File(write) = write else { return None };
    write.undelivered(key).map(Write::File)
}

/// Returns true for a write into a sink that held none of our keys: the sink is emptied again.
fn was_empty(write: &Write) -> bool {
    match write {
        Write::File(
            FileWrite::StoreCredentials { replaces, .. }
            | FileWrite::StoreKeyCsv { replaces, .. }
            | FileWrite::StoreKeyAge { replaces, .. },
        ) => replaces.is_none(),
        Write::File(
            FileWrite::ReadSecret { .. }
            | FileWrite::RemoveCredentials { .. }
            | FileWrite::SetProfile { .. }
            | FileWrite::UnsetProfile { .. }
            | FileWrite::RemoveKeyCsv { .. }
            | FileWrite::RemoveKeyAge { .. }
            | FileWrite::RunCommand { .. }
            | FileWrite::SetStage { .. }
            | FileWrite::UnsetStage { .. },
        )
        | Write::Iam(_)
        | Write::S3(_)
        | Write::ProveKey { .. } => false,
    }
}
