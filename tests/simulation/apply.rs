//! Apply with calls that fail, in the sandbox behind a seam that breaks them.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the tests look at the events that they are about"
)]

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use serde_json::json;

use relayctl::allowed_files::AllowedFiles;
use relayctl::apply::{apply, stale};
use relayctl::call::{
    Failure, FailureKind, IamRead, IamReply, IamWrite, Read, Reply, StepOutput, Write,
};
use relayctl::engine::resolve;
use relayctl::event::{Event, EventSink, Fault, RunOutcome};
use relayctl::model::{Desired, Recorded, Resource, Status};
use relayctl::plan::path::by_time;
use relayctl::plan::{Plan, StepId};
use relayctl::plan::{PlanHeader, PlanMode, StateStamp, build};
use relayctl::port::Lock;
use relayctl::port::{Provider, Store};
use relayctl::provider::Providers;
use relayctl::provider::files::Files;
use relayctl::provider::sandbox::Sandbox;
use relayctl::state::{JournalChange, State};
use relayctl::state::{LockInfo, StoreError};
use relayctl::value::{Attributes, Value};
use relayctl::{diff, kind};

const MANIFEST: &str = "relay";

/// The sandbox behind a seam that fails the calls it is told to, and remembers all writes.
struct Broken {
    edges: Providers,
    /// Failures by action, each for one write.
    faults: Mutex<Vec<(&'static str, Failure)>>,
    writes: Mutex<Vec<String>>,
}

#[async_trait]
impl Provider for Broken {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        self.edges.read(read).await
    }

    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        self.writes.lock().unwrap().push(write.action().to_owned());
        let fault = {
            let mut faults = self.faults.lock().unwrap();
            faults
                .iter()
                .position(|(action, _)| *action == write.action())
                .map(|at| faults.remove(at).1)
        };
        match fault {
            Some(failure) => Err(failure),
            None => self.edges.write(write, carried).await,
        }
    }
}

#[derive(Default)]
struct Kept(Mutex<Option<State>>);

struct Free;
impl Lock for Free {}

#[async_trait]
impl Store for Kept {
    async fn load_state(&self) -> Result<Option<State>, StoreError> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn save_state(&self, state: &State) -> Result<(), StoreError> {
        *self.0.lock().unwrap() = Some(state.clone());
        Ok(())
    }

    async fn acquire_lock(&self, _info: &LockInfo) -> Result<Box<dyn Lock>, StoreError> {
        Ok(Box::new(Free))
    }

    fn location(&self) -> String {
        "memory".to_owned()
    }
}

/// A store whose lock somebody takes away as soon as this has been called.
struct Robbed<'a>(&'a World, &'static str);

#[async_trait]
impl Store for Robbed<'_> {
    async fn load_state(&self) -> Result<Option<State>, StoreError> {
        self.0.store.load_state().await
    }

    async fn save_state(&self, state: &State) -> Result<(), StoreError> {
        self.0.store.save_state(state).await
    }

    async fn acquire_lock(&self, info: &LockInfo) -> Result<Box<dyn Lock>, StoreError> {
        self.0.store.acquire_lock(info).await
    }

    fn check_lock(&self) -> Result<(), StoreError> {
        if self.0.writes(self.1) == 0 {
            return Ok(());
        }
        Err(StoreError::Lost { location: self.location(), why: "now bob holds it".to_owned() })
    }

    fn location(&self) -> String {
        "memory".to_owned()
    }
}

/// A store that has no room for one change, and then has again.
struct Full<'a>(&'a Kept, AtomicBool);

#[async_trait]
impl Store for Full<'_> {
    async fn load_state(&self) -> Result<Option<State>, StoreError> {
        self.0.load_state().await
    }

    async fn save_state(&self, state: &State) -> Result<(), StoreError> {
        self.0.save_state(state).await
    }

    async fn append(&self, changes: &[JournalChange]) -> Result<(), StoreError> {
        if self.1.swap(false, Ordering::Relaxed) {
            let cause = std::io::ErrorKind::StorageFull.into();
            return Err(StoreError::Io {
                what: "save the journal of",
                location: self.location(),
                cause,
            });
        }
        let state = self.load_state().await?.unwrap();
        self.save_state(&state.replay(changes.to_vec()).expect("the journal has no gap")).await
    }

    async fn acquire_lock(&self, info: &LockInfo) -> Result<Box<dyn Lock>, StoreError> {
        self.0.acquire_lock(info).await
    }

    fn location(&self) -> String {
        "memory".to_owned()
    }
}

/// All events, as the lines of a log.
#[derive(Default)]
struct Log(Mutex<Vec<Event>>);

impl EventSink for Log {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

struct World {
    provider: Broken,
    store: Kept,
    log: Log,
    desired: Desired,
    folder: tempfile::TempDir,
}

fn attributes(value: &Value) -> Attributes {
    value.as_object().unwrap().clone().into_iter().collect()
}

impl World {
    /// A user with a key in a profile, a policy attached to it, and a role that has nothing to do
    /// with them.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = Files {
            credentials: folder.path().join("credentials"),
            config: folder.path().join("config"),
            base: PathBuf::from(folder.path()),
            overlay: None,
            allowed: AllowedFiles::below(folder.path()),
        };
        let cloud = Sandbox::in_memory("123456789012", "us-east-1");
        let provider = Broken {
            edges: Providers::new(Box::new(cloud), files, 4),
            faults: Mutex::default(),
            writes: Mutex::default(),
        };
        let tags = json!({kind::OWNER_TAG: MANIFEST});
        let arn = |what: &str| format!("arn:aws:iam::123456789012:{what}");
        let allow = json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"});
        let trust = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}});
        let document =
            |statement: Value| json!({"Version": "2012-10-17", "Statement": [statement]});
        let objects = [
            (
                "user.u",
                json!({"name": "u", "arn": arn("user/u"), "path": "/", "tags": tags}),
                vec![],
            ),
            (
                "policy.p",
                json!({"name": "p", "arn": arn("policy/p"), "path": "/", "tags": tags, "document": document(allow)}),
                vec![],
            ),
            (
                "user_policy_attachment.u/p",
                json!({"user": "u", "policy_arn": arn("policy/p")}),
                vec!["user.u", "policy.p"],
            ),
            ("access_key.u", json!({"user": "u", "profile": "u"}), vec!["user.u"]),
            (
                "role.r",
                json!({"name": "r", "arn": arn("role/r"), "path": "/", "tags": tags, "trust": document(trust)}),
                vec![],
            ),
        ];
        let mut desired = Desired {
            name: MANIFEST.to_owned(),
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            ..Desired::default()
        };
        for (address, values, depends_on) in objects {
            let depends_on = depends_on.iter().map(|it| it.parse().unwrap()).collect();
            let resource =
                Resource { attributes: attributes(&values), depends_on, ..Resource::default() };
            desired.resources.insert(address.parse().unwrap(), resource);
        }
        Self { provider, store: Kept::default(), log: Log::default(), desired, folder }
    }

    fn fails(self, action: &'static str, kind: FailureKind, code: &str) -> Self {
        let failure = Failure::new(kind, action, code, "injected");
        self.provider.faults.lock().unwrap().push((action, failure));
        self
    }

    fn recorded(&self) -> Recorded {
        self.store
            .0
            .lock()
            .unwrap()
            .as_ref()
            .map(|state| state.resources.clone())
            .unwrap_or_default()
    }

    async fn plan(&self) -> Plan {
        let recorded = self.recorded();
        let live = resolve(&self.provider, &self.desired, &recorded, false, 4).await;
        let decisions = diff::diff(&self.desired, &recorded, &live, false);
        let header = PlanHeader::new(&self.desired, PlanMode::Apply);
        build::build(header, StateStamp::of(None), decisions, &self.desired, &recorded).unwrap()
    }

    async fn apply(&self) -> RunOutcome {
        self.apply_in(&self.store).await
    }

    async fn apply_in(&self, store: &dyn Store) -> RunOutcome {
        let plan = self.plan().await;
        let state = self
            .store
            .0
            .lock()
            .unwrap()
            .clone()
            .unwrap_or_else(|| State::new("l", MANIFEST, "123456789012"));
        apply(&plan, &self.provider, store, state, &self.log, 4).await
    }

    fn writes(&self, action: &str) -> usize {
        self.provider.writes.lock().unwrap().iter().filter(|it| *it == action).count()
    }

    /// The next run must finish whatever this one left, and the one after it must find nothing.
    async fn finishes(&self) {
        let outcome = self.apply().await;
        assert!(outcome.succeeded(), "{outcome:#?}");
        let plan = self.plan().await;
        assert!(plan.is_empty() && plan.steps.is_empty(), "{plan:#?}");
        let credentials = std::fs::read_to_string(self.folder.path().join("credentials")).unwrap();
        assert_eq!(credentials.matches("aws_access_key_id").count(), 1, "{credentials}");
    }
}

fn names(steps: &[StepId]) -> Vec<String> {
    steps.iter().map(|step| step.address.to_string()).collect()
}

#[tokio::test]
async fn a_failure_skips_its_dependents_and_nothing_else() {
    let world = World::new().fails("iam:CreatePolicy", FailureKind::AccessDenied, "AccessDenied");
    let outcome = world.apply().await;
    assert_eq!(outcome.failed[0].0.address.to_string(), "policy.p");
    let skipped: Vec<StepId> = outcome.skipped.iter().map(|(step, _)| step.clone()).collect();
    assert_eq!(names(&skipped), ["user_policy_attachment.u/p"]);
    assert_eq!(outcome.skipped[0].1[0].to_string(), "policy.p");
    let mut done = names(&outcome.done);
    done.sort();
    assert_eq!(done, ["access_key.u", "role.r", "user.u"]);
    assert!(
        !world.recorded().contains_key(&"policy.p".parse().unwrap()),
        "a refused create leaves no intent"
    );
    world.finishes().await;
}

#[tokio::test]
async fn a_key_that_cannot_be_delivered_is_deleted_again() {
    let world = World::new().fails("file:WriteCredentials", FailureKind::Refused, "DiskFull");
    let outcome = world.apply().await;
    let Fault::Call(failure) = &outcome.failed[0].1 else { panic!("{outcome:#?}") };
    assert!(failure.message.contains("was deleted again"), "{failure}");
    assert_eq!((world.writes("iam:CreateAccessKey"), world.writes("iam:DeleteAccessKey")), (1, 1));
    world.finishes().await;
}

#[tokio::test]
async fn a_key_that_could_not_be_taken_back_is_found_and_replaced_by_the_next_run() {
    let world = World::new()
        .fails("file:WriteCredentials", FailureKind::Refused, "DiskFull")
        .fails("iam:DeleteAccessKey", FailureKind::Unavailable, "Timeout");
    let outcome = world.apply().await;
    assert_eq!(outcome.failed.len(), 1);
    let entry = world.recorded()[&"access_key.u".parse().unwrap()].clone();
    assert_eq!(entry.status, Status::Intended);
    world.finishes().await;
    assert_eq!((world.writes("iam:CreateAccessKey"), world.writes("iam:DeleteAccessKey")), (2, 2));
}

#[tokio::test]
async fn propagation_is_waited_out_and_told() {
    let world = World::new()
        .fails("iam:AttachUserPolicy", FailureKind::NotFound, "NoSuchEntity")
        .fails("iam:AttachUserPolicy", FailureKind::NotFound, "NoSuchEntity");
    let outcome = world.apply().await;
    assert!(outcome.succeeded(), "{outcome:#?}");
    assert_eq!(world.writes("iam:AttachUserPolicy"), 3);
    let events = world.log.0.lock().unwrap();
    let waits: Vec<u64> = events
        .iter()
        .filter_map(|event| match event {
            Event::Waiting { waited, limit, .. } => {
                assert_eq!(limit.as_secs(), 120);
                Some(waited.as_secs())
            }
            _ => None,
        })
        .collect();
    assert_eq!(waits, [0, 1]);
}

#[tokio::test]
async fn a_run_tells_how_long_its_steps_took_and_which_of_them_it_waited_for() {
    let world = World::new().fails("iam:AttachUserPolicy", FailureKind::NotFound, "NoSuchEntity");
    let plan = world.plan().await;
    let outcome = world.apply().await;
    let took: Vec<StepId> = outcome.took.iter().map(|(step, _)| step.clone()).collect();
    assert_eq!(took, outcome.done);
    let path = by_time(&plan, &outcome.took);
    let steps: Vec<StepId> = path.steps.iter().map(|(step, _)| step.clone()).collect();
    assert_eq!(
        names(&steps)[1..],
        ["user_policy_attachment.u/p"],
        "IAM had to propagate what it attaches"
    );
    assert!(path.total <= outcome.elapsed, "{path:?} of {:?}", outcome.elapsed);
}

#[tokio::test]
async fn a_lost_answer_to_a_create_is_recognised_by_our_tag() {
    let world = World::new();
    // The user was made, but the answer was lost and the call was sent again.
    let plan = world.plan().await;
    let create = plan.steps.iter().find(|step| step.id.address.to_string() == "user.u").unwrap();
    let made = Seam { world: &world, first: create.calls[0].clone(), sent: Mutex::new(false) };
    let state = State::new("l", MANIFEST, "123456789012");
    let outcome = apply(&plan, &made, &world.store, state, &world.log, 4).await;
    assert!(outcome.succeeded(), "{outcome:#?}");
    let user = world.recorded()[&"user.u".parse().unwrap()].clone();
    assert!(user.id.is_some_and(|id| id.starts_with("AIDA")), "the state knows which user it is");
    world.finishes().await;
}

/// Sends one write twice, as a client does whose first answer was lost.
struct Seam<'a> {
    world: &'a World,
    first: Write,
    sent: Mutex<bool>,
}

#[async_trait]
impl Provider for Seam<'_> {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        self.world.provider.read(read).await
    }

    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        let again =
            *write == self.first && !std::mem::replace(&mut *self.sent.lock().unwrap(), true);
        if again {
            self.world.provider.write(write, carried).await?;
        }
        self.world.provider.write(write, carried).await
    }
}

#[tokio::test]
async fn a_plan_is_stale_once_its_state_moved_on() {
    let world = World::new();
    let plan = world.plan().await;
    assert_eq!(stale(&plan, None), None);
    world.apply().await;
    let state = world.store.0.lock().unwrap().clone();
    assert!(stale(&plan, state.as_ref()).unwrap().to_string().contains("applied already"));
}

#[tokio::test]
async fn a_run_that_lost_its_lock_sends_nothing_more_and_says_why() {
    let world = World::new();
    let outcome = world.apply_in(&Robbed(&world, "iam:CreateUser")).await;
    let (_, fault) = &outcome.failed[0];
    assert_eq!(fault.to_string(), "stopped: the lock on memory was lost: now bob holds it");
    assert!(
        outcome.failed.iter().all(|(_, fault)| matches!(fault, Fault::Lock(_))),
        "{outcome:#?}"
    );
    let writes = world.provider.writes.lock().unwrap().clone();
    let after = writes.iter().skip_while(|action| *action != "iam:CreateUser").skip(1).count();
    assert_eq!(after, 0, "{writes:?}");
    // The state is another run's by now: all that it holds of this one is the intent.
    let user = world.recorded()[&"user.u".parse().unwrap()].clone();
    assert_eq!(user.status, Status::Intended);

    // The next run, with a lock of its own, finishes.
    assert!(world.apply().await.succeeded());
}

#[tokio::test]
async fn a_key_that_was_made_when_the_lock_was_lost_is_left_to_the_next_holder() {
    let world = World::new();
    let outcome = world.apply_in(&Robbed(&world, "iam:CreateAccessKey")).await;
    assert!(
        outcome.failed.iter().all(|(_, fault)| matches!(fault, Fault::Lock(_))),
        "{outcome:#?}"
    );
    assert_eq!((world.writes("iam:CreateAccessKey"), world.writes("iam:DeleteAccessKey")), (1, 0));
    assert!(world.apply().await.succeeded());
    assert_eq!((world.writes("iam:CreateAccessKey"), world.writes("iam:DeleteAccessKey")), (2, 1));
}

#[tokio::test]
async fn a_change_that_could_not_be_noted_ends_the_run_and_leaves_no_gap_in_the_journal() {
    let world = World::new();
    let store = Full(&world.store, AtomicBool::new(true));
    let outcome = world.apply_in(&store).await;
    let unsaved =
        outcome.failed.iter().filter(|(_, fault)| matches!(fault, Fault::State(_))).count();
    assert_eq!(unsaved, 3, "what goes on at once is noted at once: {outcome:#?}");
    assert!(!outcome.skipped.is_empty());
    assert!(world.apply().await.succeeded());
}

impl World {
    /// Everything applied, with a CSV file too, and then a new key is asked for.
    async fn to_rotate() -> Self {
        let mut world = Self::new();
        let key = world.key_mut();
        key.attributes.insert("csv", json!("key.csv"));
        assert!(world.apply().await.succeeded());
        world.key_mut().renew = true;
        world
    }

    fn key_mut(&mut self) -> &mut Resource {
        self.desired.resources.get_mut(&"access_key.u".parse().unwrap()).unwrap()
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// Id and status of each key, in order.
    async fn keys(&self) -> Vec<(String, String)> {
        let read = Read::Iam(IamRead::ListAccessKeys { user: "u".to_owned() });
        let Ok(Reply::Iam(IamReply::AccessKeys(keys))) = self.provider.read(&read).await else {
            panic!()
        };
        let mut keys: Vec<_> = keys.into_iter().map(|key| (key.status, key.id)).collect();
        keys.sort();
        keys
    }

    /// All is as it was before the rotation, and the next run has nothing to do.
    async fn must_be_as_before(mut self, recorded: &Recorded, files: &[String; 2]) {
        assert_eq!(&self.recorded(), recorded);
        assert_eq!(
            &[self.text("credentials"), self.text("key.csv")],
            files,
            "the old secret is back"
        );
        let keys = self.keys().await;
        assert!(keys.len() == 1 && keys[0].0 == "Active", "{keys:?}");
        self.key_mut().renew = false;
        let plan = self.plan().await;
        assert!(plan.steps.is_empty(), "{plan:#?}");
    }
}

#[tokio::test]
async fn a_new_key_takes_the_place_of_the_old_one_which_is_retired() {
    let mut world = World::to_rotate().await;
    let before = world.text("credentials");
    assert!(world.apply().await.succeeded());
    let keys = world.keys().await;
    assert_eq!([keys[0].0.as_str(), keys[1].0.as_str()], ["Active", "Inactive"]);
    for file in ["credentials", "key.csv"] {
        assert!(world.text(file).contains(&keys[0].1) && !world.text(file).contains(&keys[1].1));
    }
    assert!(before.contains(&keys[1].1));
    let entry = world.recorded()[&"access_key.u".parse().unwrap()].clone();
    assert_eq!(
        (entry.id, entry.attributes["retired"]["id"].as_str()),
        (Some(keys[0].1.clone()), Some(keys[1].1.as_str()))
    );
    world.key_mut().renew = false;
    world.finishes().await;
}

#[tokio::test]
async fn a_new_key_that_is_not_proven_is_deleted_and_the_old_one_is_back_in_its_sinks() {
    let world = World::to_rotate().await.fails(
        "sts:GetCallerIdentity",
        FailureKind::AccessDenied,
        "AccessDenied",
    );
    let (recorded, files) = (world.recorded(), [world.text("credentials"), world.text("key.csv")]);
    let outcome = world.apply().await;
    let Fault::Call(failure) = &outcome.failed[0].1 else { panic!("{outcome:#?}") };
    assert!(failure.message.contains("was deleted again"), "{failure}");
    assert_eq!(world.writes("iam:UpdateAccessKey"), 0);
    world.must_be_as_before(&recorded, &files).await;
}

#[tokio::test]
async fn a_new_key_that_one_of_its_sinks_refuses_is_deleted_and_the_others_hold_the_old_one_again()
{
    let world =
        World::to_rotate().await.fails("file:WriteCredentials", FailureKind::Refused, "DiskFull");
    let (recorded, files) = (world.recorded(), [world.text("credentials"), world.text("key.csv")]);
    assert!(!world.apply().await.succeeded());
    assert_eq!(world.writes("file:WriteKeyCsv"), 3, "made, rotated, taken back");
    world.must_be_as_before(&recorded, &files).await;
}

#[tokio::test]
async fn a_new_key_that_aws_does_not_know_yet_is_waited_for() {
    let world = World::to_rotate().await;
    let world =
        world.fails("sts:GetCallerIdentity", FailureKind::Credentials, "InvalidClientTokenId");
    assert!(world.apply().await.succeeded());
    let log = world.log.0.lock().unwrap();
    let new = "IAM has not propagated the new key of u";
    assert!(
        log.iter().any(|event| matches!(event, Event::Waiting { why, .. } if why == new)),
        "{log:#?}"
    );
}

#[tokio::test]
async fn a_proven_key_stays_when_the_old_one_cannot_be_deactivated_and_the_next_run_does_only_that()
{
    let mut world = World::to_rotate().await.fails(
        "iam:UpdateAccessKey",
        FailureKind::AccessDenied,
        "AccessDenied",
    );
    assert!(!world.apply().await.succeeded());
    let entry = world.recorded()[&"access_key.u".parse().unwrap()].clone();
    let keys = world.keys().await;
    assert!(keys.iter().all(|(status, _)| status == "Active") && keys.len() == 2, "{keys:?}");
    assert_eq!(entry.status, Status::Intended);
    assert!(
        world.text("credentials").contains(&entry.id.unwrap()),
        "the new one is where it belongs"
    );
    world.key_mut().renew = false;
    assert!(world.apply().await.succeeded());
    assert_eq!((world.writes("iam:CreateAccessKey"), world.writes("iam:UpdateAccessKey")), (2, 2));
    assert_eq!(world.keys().await[1].0, "Inactive");
    world.finishes().await;
}

#[tokio::test]
async fn a_key_that_works_for_somebody_else_is_not_taken_for_proven() {
    let world = World::to_rotate().await;
    let mut plan = world.plan().await;
    plan.header.account = "999999999999".to_owned();
    let state = world.store.load_state().await.unwrap().unwrap();
    let outcome = apply(&plan, &world.provider, &world.store, state, &world.log, 4).await;
    let Fault::Call(failure) = &outcome.failed[0].1 else { panic!("{outcome:#?}") };
    assert_eq!(failure.code, "OtherCaller");
    assert_eq!(world.writes("iam:UpdateAccessKey"), 0);
}

#[tokio::test]
async fn what_is_left_of_a_key_that_somebody_deleted_goes_with_its_declaration() {
    let mut world = World::to_rotate().await;
    assert!(world.apply().await.succeeded());
    let current = world.keys().await[0].1.clone();
    let delete = Write::Iam(IamWrite::DeleteAccessKey { user: "u".to_owned(), id: current });
    world.provider.write(&delete, &StepOutput::default()).await.unwrap();
    world.desired.resources.remove(&"access_key.u".parse().unwrap());
    let plan = world.plan().await;
    assert!(!plan.is_empty(), "a key is deleted, and the plan says so");
    assert!(world.apply().await.succeeded());
    assert_eq!(world.keys().await, []);
    let plan = world.plan().await;
    assert!(plan.steps.is_empty(), "{plan:#?}");
}
