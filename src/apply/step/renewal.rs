//! The renewal of an object, such as the rotation of a key. Until the new key is proven, everything
//! can be undone. After that the renewal can only go forward.

use super::undo::UndoResult;
use super::{StepProgress, Worker, is_renewal};
use crate::call::{CallerIdentity, Failure, FailureKind, Reply, Write};
use crate::event::Fault;
use crate::kind::{Kind, LiveObject};
use crate::model::{RecordedObject, Status};
use crate::plan::{Step, StepRecord};

impl<'a> Worker<'a> {
    pub(super) async fn renew(&self, kind: &dyn Kind, step: &'a Step) -> Result<(), Fault> {
        self.must_be_same(kind, step).await?;
        let Some(old) = step.before.as_ref().filter(|_| is_renewal(step)) else { return Ok(()) };
        self.check_key_files(step).await?;
        let entry = self.writer.find_entry(&step.id.address).await;
        self.begin(kind, step, old, &[]).await?;
        let mut progress = StepProgress::default();
        let mut proven = false;
        for write in &step.calls {
            let answer = self.send(step, write, &progress.carried, progress.answered > 0).await;
            match answer.and_then(|reply| self.checked(write, reply)) {
                Ok(reply) => progress.take(write, reply),
                // The new key is in place and works: the next run does the rest.
                Err(failure) if proven => return Err(Fault::Call(failure)),
                Err(failure) => {
                    return Err(self.give_up(kind, step, old, progress, failure, entry).await);
                }
            }
            if matches!(write, Write::ProveKey { .. }) {
                proven = true;
                self.settle(kind, step, old, Status::Intended, progress.id.clone()).await?;
            }
        }
        self.settle(kind, step, old, Status::Done, progress.id).await
    }

    /// Records that the renewal has begun: whatever is new afterwards is ours, and the old key
    /// still counts.
    async fn begin(
        &self,
        kind: &dyn Kind,
        step: &Step,
        old: &LiveObject,
        made: &[String],
    ) -> Result<(), Fault> {
        let Some(StepRecord { attributes, depends_on }) = step.record.clone() else {
            return Ok(());
        };
        let attributes = kind.begun(&attributes, old, made);
        let entry = RecordedObject {
            status: Status::Intended,
            id: Some(old.id.clone()),
            attributes,
            depends_on,
        };
        self.writer.record_entry(&step.id.address, entry).await
    }

    /// Makes sure that the new key works for its user. A key that works for another user is not the
    /// key that was created.
    fn checked(&self, write: &Write, reply: Reply) -> Result<Reply, Failure> {
        let (Write::ProveKey { user }, Reply::Caller(CallerIdentity { account, arn, .. })) =
            (write, &reply)
        else {
            return Ok(reply);
        };
        if *account == self.plan.header.account && arn.rsplit('/').next() == Some(user.as_str()) {
            return Ok(reply);
        }
        let message =
            format!("the new key of {user} is taken for one of {arn}, in account {account}");
        Err(Failure::new(FailureKind::Refused, write.action(), "OtherCaller", message))
    }

    /// Undoes what was done. The old key was never touched.
    async fn give_up(
        &self,
        kind: &dyn Kind,
        step: &'a Step,
        old: &LiveObject,
        progress: StepProgress,
        failure: Failure,
        entry: Option<RecordedObject>,
    ) -> Fault {
        if let Err(lost) = self.writer.check_lock() {
            return lost;
        }
        let uncertain = failure.kind == FailureKind::Unavailable;
        let (failure, undone) = match &progress.carried.key {
            Some(key) => {
                let (failure, left) = self.delete_undelivered(step, &progress, key, failure).await;
                (failure, matches!(left, UndoResult::Nothing))
            }
            None => (failure, progress.answered == 0 && !uncertain),
        };
        let begun_before = entry.as_ref().is_some_and(|entry| entry.status == Status::Intended);
        let noted = if undone && !begun_before && self.must_be_same(kind, step).await.is_ok() {
            self.writer.restore_entry(&step.id.address, entry).await
        } else {
            // Some sink may hold the new key: the next run may overwrite it.
            let made: Vec<String> = progress.carried.key.into_iter().map(|key| key.id).collect();
            self.begin(kind, step, old, &made).await
        };
        noted.err().unwrap_or(Fault::Call(failure))
    }
}
