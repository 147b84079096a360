//! Taking back what must not stay of a step that failed half-way: a key whose secret nobody will
//! ever know.

use std::sync::atomic::Ordering;

use super::{StepProgress, Worker, is_renewal};
use crate::address::Address;
use crate::call::{Failure, FailureKind, IamWrite, NewKey, StepOutput, Write, WriteVerb};
use crate::event::Fault;
use crate::model::RecordedObject;
use crate::plan::Step;

/// The rest of a key that could not be delivered, after taking it back.
pub(super) enum UndoResult {
    Nothing,
    /// A file that may still hold it.
    Sink,
    /// The key itself.
    Key,
}

impl Worker<'_> {
    /// Takes back what must not stay of a create that failed half-way, and leaves in the state what
    /// the next run needs to know.
    pub(super) async fn undo_step(
        &self,
        step: &Step,
        progress: StepProgress,
        failure: Failure,
        before: Option<RecordedObject>,
    ) -> Fault {
        // Whoever has the lock now finds the intent, and a key that was made for it.
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

    /// Records that a file still holds this key, which is no more: what is made next takes its
    /// place there.
    async fn replaces(&self, address: &Address, key: String) -> Result<(), Fault> {
        match self.writer.find_entry(address).await {
            Some(intent) => {
                self.writer.record_entry(address, RecordedObject { id: Some(key), ..intent }).await
            }
            None => Ok(()),
        }
    }

    /// Deletes a key that cannot be delivered to all of its sinks: nobody will ever know its
    /// secret. The sinks get back what was in them.
    pub(super) async fn delete_undelivered(
        &self,
        step: &Step,
        progress: &StepProgress,
        key: &NewKey,
        mut failure: Failure,
    ) -> (Failure, UndoResult) {
        let mut left = UndoResult::Nothing;
        // The call that failed, too: a disk may report an error after the file was replaced.
        for (at, write) in step.calls.iter().enumerate().take(progress.answered + 1) {
            let before = progress.replaced.get(&at).or_else(|| {
                let renewed = step.before.as_ref().filter(|_| is_renewal(step))?;
                progress.replaced.values().find(|replaced| replaced.id == renewed.id)
            });
            let undone = match before {
                Some(before) => returned(write, &key.id).map(|back| (back, Some(before.clone()))),
                // What was in it can't be put back, or it may still be in it: the next run writes
                // there again.
                None if is_renewal(step) => {
                    if write.facts().verb == WriteVerb::Deliver {
                        left = UndoResult::Sink;
                    }
                    None
                }
                None => emptied(write, &key.id).map(|emptied| (emptied, None)),
            };
            let Some((write, key)) = undone else { continue };
            // A sink that keeps a dead key does no harm; the key itself is what must go.
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

/// Returns the write that takes a key out of a sink that it was put into.
fn emptied(write: &Write, key: &str) -> Option<Write> {
    let Write::File(write) = write else { return None };
    write.undelivered(key).map(Write::File)
}
