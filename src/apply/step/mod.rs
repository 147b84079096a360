//! One step: read again, record the intent, send the calls, record the result.

mod parent;
mod rename;
mod renewal;
mod successor;
mod undo;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::time::Instant;

use super::precheck::{Precheck, occasion};
use super::propagation::{self, RecentCreations};
use super::state_writer::StateWriter;
use super::stop::Stop;
use crate::call::{
    Failure, FailureKind, FileRead, IamReply, IamWrite, LostAnswer, NewKey, Observed, Read, Reply,
    StepOutput, Write,
};
use crate::event::{Event, EventSink, Fault, Traffic, Waits};
use crate::kind::{self, Kind, LiveObject, Maintenance};
use crate::model::{RecordedObject, Status};
use crate::plan::{Expect, Plan, Step, StepPhase, StepRecord, fingerprint};
use crate::port::Provider;
use crate::reads::Snapshot;
use crate::resolve::{ReadPurpose, read_object};
use crate::value::Attributes;

/// The worker that runs steps. All steps that run at once share it.
pub struct Worker<'a> {
    plan: &'a Plan,
    provider: &'a dyn Provider,
    writer: &'a StateWriter<'a>,
    precheck: Precheck<'a>,
    /// The removals of objects in whose place this plan makes others under another name.
    succeeded: Vec<&'a Step>,
    pub(super) events: &'a dyn EventSink,
    pub(super) stop: &'a Stop,
    made: AtomicBool,
    removed: AtomicBool,
    calls: AtomicUsize,
    /// The waits for AWS to notice its own changes.
    waits: Mutex<Waits>,
    began: Instant,
}

/// The answered calls of a step, and their results.
#[derive(Default)]
struct StepProgress {
    carried: StepOutput,
    /// The physical id that AWS assigned.
    id: Option<String>,
    /// The number of calls that were answered.
    answered: usize,
    /// The keys that were in the sinks before, by the number of the call that overwrote them.
    replaced: BTreeMap<usize, NewKey>,
}

impl<'a> Worker<'a> {
    pub fn new(
        plan: &'a Plan,
        provider: &'a dyn Provider,
        writer: &'a StateWriter<'a>,
        precheck: Precheck<'a>,
        events: &'a dyn EventSink,
        stop: &'a Stop,
    ) -> Self {
        Self {
            plan,
            provider,
            writer,
            precheck,
            succeeded: plan.steps.iter().filter(|it| it.successor.is_some()).collect(),
            events,
            stop,
            made: AtomicBool::new(false),
            removed: AtomicBool::new(false),
            calls: AtomicUsize::new(0),
            waits: Mutex::default(),
            began: Instant::now(),
        }
    }

    /// Returns the number of writes that were sent, including retries.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    pub fn traffic(&self) -> Traffic {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).traffic()
    }

    pub async fn perform(&self, step: &'a Step) -> Result<(), Fault> {
        self.check_parent(step).await?;
        let kind = kind::kind_of(step.id.address.kind());
        let result = match step.id.phase {
            StepPhase::Record => {
                self.record(step, step.before.as_ref().map(|seen| seen.id.clone())).await
            }
            StepPhase::Create => self.create(kind, step).await,
            StepPhase::Update if is_renewal(step) => self.renew(kind, step).await,
            StepPhase::Update => self.update(kind, step).await,
            StepPhase::Stash => self.move_aside(kind, step).await,
            StepPhase::Delete => self.delete(kind, step).await,
        };
        // If the lock is lost, the loss is the reason why the step failed.
        result.map_err(|fault| self.writer.check_lock().err().unwrap_or(fault))
    }

    async fn create(&self, kind: &dyn Kind, step: &'a Step) -> Result<(), Fault> {
        let before = self.writer.find_entry(&step.id.address).await;
        let snapshot = match self.precheck.recall_object(kind, step).await {
            Some(Observed::Absent) => Snapshot::default(),
            Some(Observed::Present(_) | Observed::Unknown(_)) | None => {
                let (observed, snapshot) = self.look_for(kind, step, before.is_some()).await;
                if step.expect == Expect::Absent {
                    must_be_absent(step, observed)?;
                }
                snapshot
            }
        };
        self.check_predecessors(step).await?;
        self.check_key_files(step).await?;
        self.intend(kind, step, &snapshot, before.as_ref().and_then(|entry| entry.id.clone()))
            .await?;
        let mut progress = StepProgress::default();
        match self.send_all(step, &mut progress).await {
            Ok(()) => {
                self.made.store(true, Ordering::Relaxed);
                let id = progress.id.or_else(|| kind.physical_id(&step.wanted));
                self.record(step, id).await
            }
            Err(failure) => Err(self.undo_step(step, progress, failure, before).await),
        }
    }

    /// Reads the object of a step. A recorded object that is not found may only not be visible yet:
    /// the run that created it may have ended a moment ago. If names do not keep two such objects
    /// apart, the read waits for it.
    async fn look_for(
        &self,
        kind: &dyn Kind,
        step: &Step,
        recorded: bool,
    ) -> (Observed<LiveObject>, Snapshot) {
        let (mut waited, mut tries) = (Duration::ZERO, 0);
        loop {
            let (observed, snapshot) =
                read_object(self.provider, kind, &step.wanted, ReadPurpose::Creation).await;
            let doubtful = recorded && kind.can_double() && observed == Observed::Absent;
            if !doubtful || waited >= propagation::UNSEEN {
                return (observed, snapshot);
            }
            let why = format!("IAM may not show {} yet, which is recorded", step.id.address);
            if self.stop.is_asked() {
                return (
                    Observed::Unknown(Failure::new(
                        FailureKind::Refused,
                        "relayctl",
                        "Stopped",
                        why,
                    )),
                    snapshot,
                );
            }
            self.events.event(&Event::Waiting {
                step: step.id.clone(),
                why,
                waited,
                limit: propagation::UNSEEN,
            });
            let pause = propagation::pause(tries).min(propagation::UNSEEN.saturating_sub(waited));
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stop.asked() => {}
            }
            waited += pause;
            tries += 1;
        }
    }

    /// Makes sure that the files of a new key can be written before AWS makes the key. Otherwise
    /// the key would have to be deleted again.
    async fn check_key_files(&self, step: &Step) -> Result<(), Fault> {
        let is_made = |write: &Write| matches!(write, Write::Iam(IamWrite::CreateAccessKey { .. }));
        if !step.calls.iter().any(is_made) {
            return Ok(());
        }
        for write in &step.calls {
            if let Write::File(write) = write
                && let Some(file) = write.key_file()
            {
                let read = Read::File(FileRead::Writable { file });
                self.provider.read(&read).await.map_err(Fault::Call)?;
            }
        }
        Ok(())
    }

    /// Records the intent before a create: whatever exists under this name afterwards is ours, even
    /// if no answer arrives. `replaced` is the key that existed before. A file may still hold that
    /// key.
    async fn intend(
        &self,
        kind: &dyn Kind,
        step: &Step,
        snapshot: &Snapshot,
        replaced: Option<String>,
    ) -> Result<(), Fault> {
        let Some(record) = &step.record else { return Ok(()) };
        let mut attributes = kind.intent(&record.attributes, snapshot);
        successor::carry(&mut attributes, step);
        let depends_on = record.depends_on.clone();
        let entry =
            RecordedObject { status: Status::Intended, id: replaced, attributes, depends_on };
        self.writer.record_entry(&step.id.address, entry).await
    }

    async fn update(&self, kind: &dyn Kind, step: &'a Step) -> Result<(), Fault> {
        let seen = self.must_be_same(kind, step).await?;
        self.begin_move(kind, step).await?;
        let mut progress = StepProgress::default();
        self.send_all(step, &mut progress).await.map_err(Fault::Call)?;
        let id = seen.or_else(|| step.before.as_deref().cloned()).map(|seen| seen.id);
        match step.before.as_ref().filter(|before| before.upkeep.is_some()) {
            Some(before) => self.settle(kind, step, before, Status::Done, id).await,
            None => self.record(step, id).await,
        }
    }

    /// Copies the object to a place that is nobody's, which the state knows first.
    async fn move_aside(&self, kind: &dyn Kind, step: &'a Step) -> Result<(), Fault> {
        self.begin_move(kind, step).await?;
        let mut progress = StepProgress::default();
        self.send_all(step, &mut progress).await.map_err(Fault::Call)
    }

    /// Records that the object moves: its old places and its new ones, so that the next run can
    /// go on wherever this one stops.
    async fn begin_move(&self, kind: &dyn Kind, step: &Step) -> Result<(), Fault> {
        let moves = |before: &&LiveObject| matches!(before.upkeep, Some(Maintenance::Move(_)));
        let (Some(before), Some(record)) =
            (step.before.as_deref().filter(moves), step.record.clone())
        else {
            return Ok(());
        };
        let entry = RecordedObject {
            status: Status::Intended,
            id: Some(before.id.clone()),
            attributes: kind.unsettled(&record.attributes, before),
            depends_on: record.depends_on,
        };
        self.writer.record_entry(&step.id.address, entry).await
    }

    /// Records the result of the upkeep, and its time.
    async fn settle(
        &self,
        kind: &dyn Kind,
        step: &Step,
        before: &LiveObject,
        status: Status,
        id: Option<String>,
    ) -> Result<(), Fault> {
        let Some(StepRecord { attributes, depends_on }) = step.record.clone() else {
            return Ok(());
        };
        let now = self.clock().await.map_err(Fault::Call)?;
        let settled = kind.settled(&attributes, before, now);
        let attributes = match status {
            Status::Intended => kind.unsettled(&settled, before),
            Status::Done => settled,
        };
        self.finish(step, Some(RecordedObject { status, id, attributes, depends_on })).await
    }

    async fn clock(&self) -> Result<Timestamp, Failure> {
        let reply = self.provider.read(&Read::Clock).await?;
        let Reply::Moment(now) = reply else {
            return Err(Failure::unexpected(&Read::Clock, &reply));
        };
        Ok(now)
    }

    async fn delete(&self, kind: &dyn Kind, step: &'a Step) -> Result<(), Fault> {
        if step.before.is_none() {
            // The remains of an object that is gone are removed only if the object is gone.
            must_be_absent(step, self.look_for(kind, step, true).await.0)?;
        }
        // An object that is already gone needs no delete.
        let there =
            step.expect == Expect::Anything || self.must_be_same(kind, step).await?.is_some();
        if there {
            self.know(step).await?;
            self.keep_carried(step, None).await?;
            let mut progress = StepProgress::default();
            self.send_all(step, &mut progress).await.map_err(Fault::Call)?;
            self.removed.store(true, Ordering::Relaxed);
        }
        if self.keep_carried(step, Some(Status::Intended)).await? {
            return Ok(());
        }
        self.finish(step, None).await
    }

    /// Records the id of an object that an interrupted run created. Once the key is gone, a file
    /// may still hold it: the next run must know that the key was ours.
    async fn know(&self, step: &Step) -> Result<(), Fault> {
        let address = &step.id.address;
        match (self.writer.find_entry(address).await, &step.before) {
            (Some(entry), Some(seen)) if entry.status == Status::Intended => {
                self.writer
                    .record_entry(address, RecordedObject { id: Some(seen.id.clone()), ..entry })
                    .await
            }
            _ => Ok(()),
        }
    }

    /// Makes sure that a step changes only the object that the plan saw. Otherwise the step fails
    /// and changes nothing.
    async fn must_be_same(
        &self,
        kind: &dyn Kind,
        step: &'a Step,
    ) -> Result<Option<LiveObject>, Fault> {
        let Expect::Same(expected) = &step.expect else { return Ok(None) };
        if let Some(Observed::Present(seen)) = self.precheck.recall_object(kind, step).await
            && fingerprint(kind, &seen) == *expected
            && hung_up(step, &seen).is_none()
        {
            return Ok(Some(seen));
        }
        let changed = |what: String| Fault::Changed { address: step.id.address.clone(), what };
        match read_object(self.provider, kind, &step.wanted, occasion(step)).await.0 {
            Observed::Unknown(failure) => Err(Fault::Call(failure)),
            Observed::Absent if step.id.phase == StepPhase::Delete => Ok(None),
            Observed::Absent => Err(changed("it is gone".to_owned())),
            Observed::Present(now) if fingerprint(kind, &now) == *expected => {
                match hung_up(step, &now) {
                    Some(what) => Err(changed(what)),
                    None => Ok(Some(now)),
                }
            }
            Observed::Present(now) => Err(changed(differences(kind, step.before.as_deref(), &now))),
        }
    }

    async fn record(&self, step: &Step, id: Option<String>) -> Result<(), Fault> {
        let entry = step.record.clone().map(|StepRecord { attributes, depends_on }| {
            RecordedObject { status: Status::Done, id, attributes, depends_on }
        });
        self.finish(step, entry).await
    }

    /// Records the end of a step, also at the address that the object had before.
    async fn finish(&self, step: &Step, entry: Option<RecordedObject>) -> Result<(), Fault> {
        let address = &step.id.address;
        match (&step.moved_from, entry) {
            (Some(from), entry) => self.writer.move_entry(from, address, entry).await,
            (None, Some(entry)) => self.writer.record_entry(address, entry).await,
            (None, None) => self.writer.remove_entry(address).await,
        }
    }

    async fn send_all(&self, step: &Step, progress: &mut StepProgress) -> Result<(), Failure> {
        for write in &step.calls {
            let reply = match self.send(step, write, &progress.carried, progress.answered > 0).await
            {
                Ok(reply) => reply,
                // The object was recorded and is already gone, which is the wanted result.
                Err(failure) if is_clearing(step) && failure.kind == FailureKind::NotFound => {
                    Reply::Done
                }
                Err(failure) if let Some(detour) = rename::detour(write, &failure) => {
                    self.rename_by_detour(step, detour).await?
                }
                Err(failure) => {
                    match self.lost_answer(step, write, &failure, progress.answered).await {
                        Some(id) => {
                            progress.id = Some(id);
                            Reply::Done
                        }
                        None => return Err(failure),
                    }
                }
            };
            progress.take(write, reply);
        }
        Ok(())
    }

    /// Sends one call, and retries while IAM catches up.
    async fn send(
        &self,
        step: &Step,
        write: &Write,
        carried: &StepOutput,
        begun: bool,
    ) -> Result<Reply, Failure> {
        let mut waited = Duration::ZERO;
        let mut tries = 0;
        loop {
            if let Err(lost) = self.writer.check_lock() {
                return Err(Failure::new(
                    FailureKind::Refused,
                    write.action(),
                    "LockLost",
                    lost.to_string(),
                ));
            }
            self.calls.fetch_add(1, Ordering::Relaxed);
            let failure = match self.provider.write(write, carried).await {
                Ok(reply) => return Ok(reply),
                Err(failure) if self.is_gone(step, write, &failure).await => {
                    return Ok(Reply::Done);
                }
                Err(failure) => failure,
            };
            let recent = RecentCreations {
                made: begun || self.made.load(Ordering::Relaxed),
                removed: begun || self.removed.load(Ordering::Relaxed),
            };
            let Some(wait) =
                propagation::find_wait(write, &failure, recent).filter(|wait| waited < wait.limit)
            else {
                return Err(failure);
            };
            self.events.event(&Event::Waiting {
                step: step.id.clone(),
                why: wait.why,
                waited,
                limit: wait.limit,
            });
            let pause = propagation::pause(tries).min(wait.limit.saturating_sub(waited));
            let now = self.began.elapsed();
            self.waits.lock().unwrap_or_else(PoisonError::into_inner).add_wait(now, now + pause);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                // A run that wants to stop does not wait two minutes for IAM.
                () = self.stop.asked() => return Err(failure),
            }
            waited += pause;
            tries += 1;
        }
    }

    /// Returns the id of an object that an earlier try of a create has made. A create that fails
    /// with "already exists", although the step saw that the object did not exist, means that an
    /// answer was lost and the call was sent again. If the object carries our tag, it is ours.
    async fn lost_answer(
        &self,
        step: &Step,
        write: &Write,
        failure: &Failure,
        answered: usize,
    ) -> Option<String> {
        let recognizable = write.facts().lost_answer == LostAnswer::RepeatAndRecognize;
        if !recognizable || answered > 0 || failure.kind != FailureKind::AlreadyExists {
            return None;
        }
        let kind = kind::kind_of(step.id.address.kind());
        let seen = read_object(self.provider, kind, &step.wanted, ReadPurpose::Change)
            .await
            .0
            .present()?;
        (seen.owner.as_deref() == Some(self.plan.header.manifest.as_str())).then_some(seen.id)
    }

    /// Returns true if the object to remove is gone although the step saw it: the answer to an
    /// earlier try was lost. IAM may also not have noticed yet that the object exists, so it is
    /// read once more. Removals that precede the last call are not read again: without them the
    /// last call does the same, or is refused.
    async fn is_gone(&self, step: &Step, write: &Write, failure: &Failure) -> bool {
        if step.id.phase != StepPhase::Delete || failure.kind != FailureKind::NotFound {
            return false;
        }
        let sent = |call: &&Write| !matches!(call, Write::File(_));
        if step.calls.iter().rfind(sent) != Some(write) {
            return true;
        }
        let kind = kind::kind_of(step.id.address.kind());
        matches!(
            read_object(self.provider, kind, &step.wanted, ReadPurpose::Change).await.0,
            Observed::Absent
        )
    }
}

impl StepProgress {
    fn take(&mut self, write: &Write, reply: Reply) {
        let number = self.answered;
        self.answered += 1;
        match reply {
            Reply::Replaced(key) => drop(self.replaced.insert(number, key)),
            Reply::Secret(key) => self.carried.key = Some(key),
            Reply::Iam(IamReply::NewAccessKey { id, secret }) => self.carry(write, id, secret),
            Reply::Iam(reply) => {
                self.id = reply.made().map(str::to_owned).or_else(|| self.id.take());
            }
            Reply::Done | Reply::Caller(_) | Reply::Moment(_) | Reply::S3(_) | Reply::File(_) => {}
        }
    }

    fn carry(&mut self, write: &Write, id: String, secret: SecretString) {
        if let Write::Iam(IamWrite::CreateAccessKey { user }) = write {
            self.id = Some(id.clone());
            self.carried.key = Some(NewKey { user: user.clone(), id, secret });
        }
    }
}

fn must_be_absent(step: &Step, observed: Observed<LiveObject>) -> Result<(), Fault> {
    match observed {
        Observed::Absent => Ok(()),
        Observed::Unknown(failure) => Err(Fault::Call(failure)),
        Observed::Present(_) => Err(Fault::Changed {
            address: step.id.address.clone(),
            what: "it did not exist when the plan was made, and now it does".to_owned(),
        }),
    }
}

/// Names what is attached to a deleted object now but was not when the plan was made. AWS would
/// refuse the delete and not name the attachment. The number of objects in a bucket is ignored,
/// since it changes all the time.
fn hung_up(step: &Step, now: &LiveObject) -> Option<String> {
    let planned = step.before.as_ref().map(|seen| seen.hanging.as_slice()).unwrap_or_default();
    let new = now.hanging.iter().filter(|it| !it.is_volatile() && !planned.contains(it));
    let new: Vec<String> = new.map(ToString::to_string).collect();
    (step.removal && !new.is_empty())
        .then(|| format!("this is attached to it now: {}", new.join(", ")))
}

fn is_renewal(step: &Step) -> bool {
    step.before.as_ref().is_some_and(|before| matches!(before.upkeep, Some(Maintenance::Renew(_))))
}

/// Returns true for a step that clears the remains of an object that is gone. Some of the remains
/// may be gone too.
fn is_clearing(step: &Step) -> bool {
    step.id.phase == StepPhase::Delete && step.expect == Expect::Anything && step.before.is_none()
}

/// Describes the differences from before, by field, for people.
fn differences(kind: &dyn Kind, before: Option<&LiveObject>, now: &LiveObject) -> String {
    let Some(before) = before else { return "it differs from what the plan saw".to_owned() };
    let mut found = Vec::new();
    if before.id != now.id {
        found.push(format!("it is another object ({}, the plan saw {})", now.id, before.id));
    }
    if before.owner != now.owner {
        found.push("its ownership tag changed".to_owned());
    }
    let compare =
        |one: &Attributes, other: &Attributes, name: &str| one.get(name) != other.get(name);
    let fields = kind.fields().iter().filter(|field| {
        let (one, other) = (before.attributes.get(field.name), now.attributes.get(field.name));
        match (one, other) {
            (Some(one), Some(other)) => !crate::diff::is_same_value(field.form, one, other),
            (one, other) => one != other,
        }
    });
    found.extend(fields.map(|field| format!("{} changed", field.name)));
    let names = before.internals.keys().chain(now.internals.keys());
    let internals: std::collections::BTreeSet<&str> =
        names.filter(|name| compare(&before.internals, &now.internals, name)).collect();
    found.extend(internals.into_iter().map(|name| format!("{name} changed")));
    found.join(", ")
}
