//! Taking back what must not stay of a step that failed half-way: a key whose secret nobody will ever know.

use std::sync::atomic::Ordering;

use super::{Progress, Worker, is_renewal};
use crate::address::Address;
use crate::call::{Carried, Failure, FailureKind, FileWrite, IamWrite, NewKey, Write};
use crate::event::Fault;
use crate::model::Entry;
use crate::plan::Step;

/// What could not be taken back of a key that could not be delivered.
pub(super) enum Left {
    Nothing,
    /// A file that may still hold it.
    Sink,
    /// The key itself.
    Key,
}

impl Worker<'_> {
    /// After a create that failed half-way: takes back what must not stay, and leaves in the state what the next run
    /// needs to know.
    pub(super) async fn undo(&self, step: &Step, progress: Progress, failure: Failure, before: Option<Entry>) -> Fault {
        // Whoever has the lock now finds the intent, and a key that was made for it.
        if let Err(lost) = self.ledger.held() {
            return lost;
        }
        let uncertain = failure.kind == FailureKind::Unavailable;
        let address = &step.id.address;
        let (failure, known) = match &progress.carried.key {
            Some(key) => {
                let (failure, left) = self.delete_undelivered(step, &progress, key, failure).await;
                let known = match left {
                    Left::Nothing => self.ledger.restore(address, before).await,
                    Left::Sink => self.replaces(address, key.id.clone()).await,
                    Left::Key => Ok(()),
                };
                (failure, known)
            }
            None if progress.answered == 0 && !uncertain => (failure, self.ledger.restore(address, before).await),
            None => (failure, Ok(())),
        };
        known.err().unwrap_or(Fault::Call(failure))
    }

    /// A file still holds this key, which is no more: what is made next takes its place there.
    async fn replaces(&self, address: &Address, key: String) -> Result<(), Fault> {
        match self.ledger.entry(address).await {
            Some(intent) => self.ledger.put(address, Entry { id: Some(key), ..intent }).await,
            None => Ok(()),
        }
    }

    /// A key that cannot be delivered to all of its sinks is deleted again: nobody will ever know its secret. The sinks get
    /// back what was in them.
    pub(super) async fn delete_undelivered(
        &self,
        step: &Step,
        progress: &Progress,
        key: &NewKey,
        mut failure: Failure,
    ) -> (Failure, Left) {
        let mut left = Left::Nothing;
        // The call that failed, too: a disk may report an error after the file was replaced.
        for (at, write) in step.calls.iter().enumerate().take(progress.answered + 1) {
            let before = progress.replaced.get(&at).or_else(|| {
                let renewed = step.before.as_ref().filter(|_| is_renewal(step))?;
                progress.replaced.values().find(|replaced| replaced.id == renewed.id)
            });
            let undone = match before {
                Some(before) => returned(write, &key.id).map(|back| (back, Some(before.clone()))),
                // What was in it can't be put back, or it may still be in it: the next run writes there again.
                None if is_renewal(step) => {
                    if is_delivery(write) {
                        left = Left::Sink;
                    }
                    None
                }
                None => emptied(write, &key.id).map(|emptied| (emptied, None)),
            };
            let Some((write, key)) = undone else { continue };
            // A sink that keeps a dead key does no harm; the key itself is what must go.
            if self.provider.write(&write, &Carried { key }).await.is_err() {
                left = Left::Sink;
            }
        }
        let delete = Write::Iam(IamWrite::DeleteAccessKey { user: key.user.clone(), id: key.id.clone() });
        self.calls.fetch_add(1, Ordering::Relaxed);
        let deleted = self.provider.write(&delete, &Carried::default()).await;
        match deleted {
            Ok(_) => failure.message = format!("{}; the new key {} was deleted again", failure.message, key.id),
            Err(error) => {
                failure.message = format!(
                    "{}; the new key {} could not be deleted again ({error}): the next run finds and deletes it",
                    failure.message, key.id
                );
                left = Left::Key;
            }
        }
        (failure, left)
    }
}

/// What puts the carried key back into a sink in place of this one.
fn returned(write: &Write, key: &str) -> Option<Write> {
    let replaces = Some(key.to_owned());
    match write {
        Write::File(FileWrite::StoreKeyCsv { file, .. }) => {
            Some(Write::File(FileWrite::StoreKeyCsv { file: file.clone(), replaces }))
        }
        Write::File(FileWrite::StoreCredentials { profile, .. }) => Some(Write::File(FileWrite::StoreCredentials {
            profile: profile.clone(),
            replaces,
            replace_profile: false,
        })),
        Write::File(FileWrite::StoreKeyAge { file, recipients, .. }) => {
            let (file, recipients) = (file.clone(), recipients.clone());
            Some(Write::File(FileWrite::StoreKeyAge { file, recipients, replaces }))
        }
        Write::File(FileWrite::RunCommand { .. }) => Some(write.clone()),
        Write::File(
            FileWrite::RemoveCredentials { .. }
            | FileWrite::SetProfile { .. }
            | FileWrite::UnsetProfile { .. }
            | FileWrite::RemoveKeyCsv { .. }
            | FileWrite::RemoveKeyAge { .. }
            | FileWrite::SetStage { .. }
            | FileWrite::UnsetStage { .. },
        )
        | Write::Iam(_)
        | Write::S3(_)
        | Write::ProveKey { .. } => None,
    }
}

/// Whether it hands the carried key to a sink.
fn is_delivery(write: &Write) -> bool {
    returned(write, "").is_some()
}

/// What takes a key out of a sink that it was put into.
fn emptied(write: &Write, key: &str) -> Option<Write> {
    let key = key.to_owned();
    match write {
        Write::File(FileWrite::StoreKeyCsv { file, .. }) => {
            Some(Write::File(FileWrite::RemoveKeyCsv { file: file.clone(), key }))
        }
        Write::File(FileWrite::StoreKeyAge { file, .. }) => {
            Some(Write::File(FileWrite::RemoveKeyAge { file: file.clone(), key }))
        }
        Write::File(FileWrite::StoreCredentials { profile, .. }) => {
            Some(Write::File(FileWrite::RemoveCredentials { profile: profile.clone(), key }))
        }
        Write::File(
            FileWrite::RemoveCredentials { .. }
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
        | Write::ProveKey { .. } => None,
    }
}
