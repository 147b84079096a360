//! An account in memory, a state, local files and the sample manifests: what a run changes, and
//! what is compared after it.

#![expect(clippy::wildcard_enum_match_arm, reason = "a value of another form is taken as it is")]

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use futures::executor::block_on;
use relayctl::address::KindName;
use relayctl::allowed_files::AllowedFiles;
use relayctl::apply::apply;
use relayctl::call::{Failure, IamReply, IamWrite, Read, Reply, S3Write, StepOutput, Write};
use relayctl::diff::DiffOptions;
use relayctl::encryption;
use relayctl::event::{Event, EventSink, RunOutcome};
use relayctl::manifest::{self, Inputs};
use relayctl::model::{Desired, Status};
use relayctl::plan::{Plan, PlanHeader, PlanMode, StateStamp, build};
use relayctl::port::{Provider, Store};
use relayctl::provider::Providers;
use relayctl::provider::files::Files;
use relayctl::provider::sandbox::Sandbox;
use relayctl::state::{State, encode};
use relayctl::store::memory::MemoryStore;
use relayctl::{diff, engine};
use relayctl_faults::{Faults, FaultyProvider, FaultyStore, Killed, Replicated};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::project;

const FOREIGN: &str = "mallory";
pub const FOREIGN_PROFILE: &str =
    "[mallory]\naws_access_key_id = AKIAFOREIGNFOREIGN22\naws_secret_access_key = theirs\n";

/// The tag of the state in every world.
pub const STATE_TAG: &str = "a1b2c3d4e5f6";

pub struct World {
    pub cloud: Arc<Witness>,
    store: MemoryStore,
    folder: TempDir,
    manifest: String,
    /// As it was read last; forgotten when it is changed.
    desired: Mutex<Option<Desired>>,
}

/// A run that may have been harmed.
pub struct Attempt {
    pub ended: Ended,
    /// None: it did not come so far.
    pub plan: Option<Plan>,
    /// The writes that it sent, whatever became of them.
    pub sent: Vec<Write>,
    /// The account after each call whose end the run saw, answered or not.
    pub points: Vec<Sandbox>,
    /// The users whose new key was proven, each with the number of writes that were sent before.
    pub proofs: Vec<(String, usize)>,
}

#[derive(Default)]
struct Log {
    plan: Option<Plan>,
    sent: Vec<Write>,
    points: Vec<Sandbox>,
    proofs: Vec<(String, usize)>,
}

/// Writes down what a run sends.
struct Recorder<'a, P> {
    inner: P,
    account: &'a Sandbox,
    log: &'a Mutex<Log>,
}

#[async_trait]
impl<P: Provider> Provider for Recorder<'_, P> {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        self.inner.read(read).await
    }

    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        self.log.lock().unwrap().sent.push(write.clone());
        let answer = self.inner.write(write, carried).await;
        let mut log = self.log.lock().unwrap();
        match write {
            Write::Iam(_) | Write::S3(_) => {
                log.points.push(self.account.copied().expect("an account in memory"));
            }
            Write::ProveKey { user } if answer.is_ok() => {
                let sent = log.sent.len();
                log.proofs.push((user.clone(), sent));
            }
            Write::ProveKey { .. } | Write::File(_) => {}
        }
        answer
    }
}

/// The end of a run.
#[derive(Debug)]
pub enum Ended {
    Killed,
    Finished(RunOutcome),
}

/// The account, and everything that was ever told or done to keys in it.
pub struct Witness {
    pub account: Arc<Sandbox>,
    pub seen: Mutex<Seen>,
    /// True if IAM accepts a new name that differs from the old one in case only. AWS does not say
    /// if it does; the sandbox answers EntityAlreadyExists.
    pub accepts_case: bool,
}

#[derive(Clone, Default)]
pub struct Seen {
    pub secrets: Vec<String>,
    /// The ids of what runs made, keys aside; a bucket's is its name.
    pub ours: BTreeSet<String>,
    /// The ids of the keys, by their secrets.
    pub ids: BTreeMap<String, String>,
    /// The ids of keys whose users became others', with everything that the files hold of them.
    pub forgotten: BTreeSet<String>,
    /// The ids of the keys that runs made.
    pub made: BTreeSet<String>,
    /// The ids of the keys that runs deleted.
    pub deleted: BTreeSet<String>,
    pub events: Vec<String>,
}

impl Witness {
    fn new(account: Arc<Sandbox>) -> Self {
        Self { account, seen: Mutex::default(), accepts_case: false }
    }

    async fn send(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        let reply = match changes_of_case(write).filter(|_| self.accepts_case) {
            Some([away, back]) => {
                self.account.write(&away, carried).await?;
                self.account.write(&back, carried).await?
            }
            None => self.account.write(write, carried).await?,
        };
        let mut seen = self.seen.lock().unwrap();
        if let Reply::Iam(IamReply::NewAccessKey { id, secret }) = &reply {
            seen.secrets.push(secret.expose_secret().to_owned());
            seen.ids.insert(secret.expose_secret().to_owned(), id.clone());
            seen.made.insert(id.clone());
        }
        seen.ours.extend(made_by(write, &reply));
        if let Write::Iam(IamWrite::DeleteAccessKey { id, .. }) = write {
            seen.deleted.insert(id.clone());
        }
        Ok(reply)
    }
}

/// A change of case alone, as two calls that the sandbox accepts.
fn changes_of_case(write: &Write) -> Option<[Write; 2]> {
    const BETWEEN: &str = "between";
    let Write::Iam(write) = write else { return None };
    let (from, to) = match write {
        IamWrite::RenameUser { user, name, .. } => (user, name),
        IamWrite::RenameGroup { group, name, .. } => (group, name),
        _ => return None,
    };
    let renamed = |from: &str, to: &str| {
        let mut write = write.clone();
        if let IamWrite::RenameUser { user: old, name, .. }
        | IamWrite::RenameGroup { group: old, name, .. } = &mut write
        {
            (*old, *name) = (from.to_owned(), to.to_owned());
        }
        Write::Iam(write)
    };
    from.eq_ignore_ascii_case(to).then(|| [renamed(from, BETWEEN), renamed(BETWEEN, to)])
}

/// The id of what this has made.
fn made_by(write: &Write, reply: &Reply) -> Option<String> {
    match (write, reply) {
        (Write::S3(S3Write::CreateBucket { bucket, .. }), _) => Some(bucket.name.clone()),
        (_, Reply::Iam(IamReply::User(user))) => Some(user.id.clone()),
        (_, Reply::Iam(IamReply::Role(role))) => Some(role.id.clone()),
        (_, Reply::Iam(IamReply::Group(group))) => Some(group.id.clone()),
        (_, Reply::Iam(IamReply::Policy(policy))) => Some(policy.id.clone()),
        _ => None,
    }
}

/// One run's way to the account.
struct Reached(Arc<Witness>);

#[async_trait]
impl Provider for Reached {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        self.0.account.read(read).await
    }

    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        self.0.send(write, carried).await
    }
}

impl EventSink for Witness {
    fn event(&self, event: &Event) {
        self.seen.lock().unwrap().events.push(format!("{event:?}"));
    }
}

impl World {
    /// The sample manifests beside an account in which somebody else has a user with a key, and a
    /// profile.
    pub fn of(manifest: &str) -> Self {
        let folder = scratch();
        project::copy(&project::repository().join("manifests"), &folder.path().join("manifests"));
        let number = load(&folder.path().join("manifests").join(manifest)).account;
        Self::around(folder, manifest, Sandbox::in_memory(&number, "us-east-1"))
    }

    /// A manifest that is still to be written, and ids that are the same for the same seed.
    pub fn seeded(seed: u64) -> Self {
        let folder = scratch();
        std::fs::create_dir(folder.path().join("manifests")).expect("made");
        Self::around(
            folder,
            "seed.yaml",
            Sandbox::seeded("123456789012", "us-east-1", &seed.to_string()),
        )
    }

    fn around(folder: TempDir, manifest: &str, account: Sandbox) -> Self {
        std::fs::write(folder.path().join("credentials"), FOREIGN_PROFILE).expect("written");
        let cloud = Arc::new(Witness::new(Arc::new(account)));
        let (store, manifest) = (MemoryStore::new(), manifest.to_owned());
        let world = Self { cloud, store, folder, manifest, desired: Mutex::default() };
        let user = || FOREIGN.to_owned();
        let tags = relayctl::value::Tags::new();
        world.others_do(&Write::Iam(IamWrite::CreateUser {
            user: user(),
            path: "/".to_owned(),
            boundary: None,
            tags,
        }));
        world.others_do(&Write::Iam(IamWrite::CreateAccessKey { user: user() }));
        world
    }

    /// Another one just like it, which goes its own way from here.
    pub fn fork(&self) -> Self {
        let account = Arc::new(self.cloud.account.copied().expect("an account in memory"));
        self.forked_onto(account)
    }

    /// The same, over an account that was copied already.
    pub fn forked_onto(&self, account: Arc<Sandbox>) -> Self {
        let folder = scratch();
        project::copy(self.folder.path(), folder.path());
        let seen = Mutex::new(self.cloud.seen.lock().unwrap().clone());
        let store = MemoryStore::new();
        if let Some(state) = self.state() {
            block_on(store.save_state(&state)).expect("in memory");
        }
        let desired = Mutex::new(self.desired.lock().unwrap().clone());
        let cloud = Arc::new(Witness { account, seen, accepts_case: self.cloud.accepts_case });
        Self { cloud, store, folder, manifest: self.manifest.clone(), desired }
    }

    /// Another manifest, with its own state and files, in the same account.
    pub fn beside(&self) -> Self {
        let folder = scratch();
        std::fs::create_dir(folder.path().join("manifests")).expect("made");
        let cloud = Arc::new(Witness::new(Arc::clone(&self.cloud.account)));
        let (store, manifest) = (MemoryStore::new(), self.manifest.clone());
        Self { cloud, store, folder, manifest, desired: Mutex::default() }
    }

    /// The same account, which accepts changes of case alone.
    pub fn accepting_case(self) -> Self {
        let (account, seen) =
            (Arc::clone(&self.cloud.account), self.cloud.seen.lock().unwrap().clone());
        let cloud = Arc::new(Witness { account, seen: Mutex::new(seen), accepts_case: true });
        Self { cloud, ..self }
    }

    /// Replaces the manifest.
    pub fn declare(&self, text: &str) {
        std::fs::write(self.path(&format!("manifests/{}", self.manifest)), text).expect("written");
        *self.desired.lock().unwrap() = None;
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn edit(&self, manifest: &str, from: &str, to: &str) {
        let path = self.folder.path().join("manifests").join(manifest);
        let text = std::fs::read_to_string(&path).expect("a manifest");
        assert!(text.contains(from), "{manifest} does not hold {from:?}:\n{text}");
        std::fs::write(path, text.replacen(from, to, 1)).expect("written");
        *self.desired.lock().unwrap() = None;
    }

    /// Somebody else's call.
    pub fn others_do(&self, write: &Write) {
        let reply = block_on(self.cloud.account.write(write, &StepOutput::default()));
        reply.unwrap_or_else(|failure| panic!("{write:?}: {failure}"));
    }

    /// The same, where it is possible.
    pub fn others_try(&self, write: &Write) {
        drop(block_on(self.cloud.account.write(write, &StepOutput::default())));
    }

    /// Days go by.
    pub fn wait(&self, days: i64) {
        self.cloud.account.wait(days * 86_400).expect("an account in memory");
    }

    /// Somebody deletes one of the local files.
    pub fn lose_file(&self, name: &str) {
        std::fs::remove_file(self.folder.path().join(name)).expect("there");
    }

    /// The state is lost.
    pub fn forget(&mut self) {
        self.store = MemoryStore::new();
    }

    pub fn bucket(&self) -> String {
        let buckets = self.contents()["buckets"].clone();
        buckets.as_object().and_then(|all| all.keys().next()).expect("a bucket").clone()
    }

    pub fn contents(&self) -> Value {
        self.cloud.account.contents().expect("an account in memory")
    }

    pub fn state(&self) -> Option<State> {
        block_on(self.store.load_state()).expect("in memory")
    }

    pub fn desired(&self, mode: PlanMode) -> Desired {
        let read = || load(&self.folder.path().join("manifests").join(&self.manifest));
        let desired = self.desired.lock().unwrap().get_or_insert_with(read).clone();
        match mode {
            PlanMode::Apply | PlanMode::RefreshOnly => desired,
            // A destroy removes the objects under the names that they have.
            PlanMode::Destroy => {
                let (resources, moved) = Default::default();
                Desired { resources, moved, ..desired }
            }
        }
    }

    fn edges(&self) -> Providers {
        let at = |name: &str| self.folder.path().join(name);
        let files = Files {
            credentials: at("credentials"),
            config: at("config"),
            base: at("manifests"),
            overlay: None,
            allowed: AllowedFiles::below(self.folder.path()),
        };
        Providers::new(Box::new(Reached(Arc::clone(&self.cloud))), files, 4)
    }

    /// Plans and applies, as one process does that may be killed.
    pub fn run(&self, mode: PlanMode, faults: &Arc<Faults>, parallelism: usize) -> Ended {
        let Attempt { ended, plan, .. } = self.attempt(mode, faults, parallelism);
        let hindered = plan.filter(Plan::is_hindered).map(|plan| plan.changes);
        assert!(hindered.is_none(), "something is refused or blocked: {hindered:#?}");
        ended
    }

    /// The same, where not all may be possible.
    pub fn attempt(&self, mode: PlanMode, faults: &Arc<Faults>, parallelism: usize) -> Attempt {
        self.attempt_while(mode, faults, parallelism, &|| {})
    }

    /// The same, with what others do between the plan and its apply.
    pub fn attempt_while(
        &self,
        mode: PlanMode,
        faults: &Arc<Faults>,
        parallelism: usize,
        meanwhile: &(dyn Fn() + Sync),
    ) -> Attempt {
        let log = Mutex::new(Log::default());
        // What runs aside is waited for when the runtime is dropped, as the kernel ends the write
        // that it is at.
        let run = || runtime().block_on(self.work(mode, faults, parallelism, meanwhile, &log));
        let ended = match catch_unwind(AssertUnwindSafe(run)) {
            Ok(outcome) => Ended::Finished(outcome),
            Err(panic) if panic.is::<Killed>() => Ended::Killed,
            Err(panic) => resume_unwind(panic),
        };
        let Log { plan, sent, points, proofs } = log.into_inner().unwrap();
        Attempt { ended, plan, sent, points, proofs }
    }

    async fn work(
        &self,
        mode: PlanMode,
        faults: &Arc<Faults>,
        parallelism: usize,
        meanwhile: &(dyn Fn() + Sync),
        log: &Mutex<Log>,
    ) -> RunOutcome {
        let account = Arc::clone(&self.cloud.account) as Arc<dyn Replicated>;
        let provider = FaultyProvider::new(self.edges(), Arc::clone(faults)).replicated(account);
        let provider = Recorder { inner: provider, account: &self.cloud.account, log };
        let store = FaultyStore::new(self.store.reopened(), Arc::clone(faults));
        let state = store.load_state().await.expect("in memory");
        let plan = self.plan(mode, &provider, state.as_ref()).await;
        log.lock().unwrap().plan = Some(plan.clone());
        meanwhile();
        let state = state.unwrap_or_else(|| State {
            tag: STATE_TAG.to_owned(),
            ..State::new("l", plan.header.manifest.as_str(), plan.header.account.as_str())
        });
        apply(&plan, &provider, &store, state, self.cloud.as_ref(), parallelism).await
    }

    async fn plan(&self, mode: PlanMode, provider: &dyn Provider, state: Option<&State>) -> Plan {
        let desired = self.desired(mode);
        let recorded = state.map(|state| state.resources.clone()).unwrap_or_default();
        let removing = mode == PlanMode::Destroy;
        let (mut recorded, mut renames) = diff::readdress(recorded, &desired);
        let mut live = engine::resolve(provider, &desired, &recorded, removing, 4).await;
        renames.rename_parts(&desired, &mut recorded, &mut live);
        let options = DiffOptions {
            everything: removing,
            state_tag: Some(STATE_TAG),
            renames: Some(&renames),
            ..DiffOptions::default()
        };
        let decisions = diff::diff(&desired, &recorded, &live, options);
        let stamp = StateStamp {
            lineage: state.map(|it| it.lineage.clone()),
            serial: state.map_or(0, |state| state.serial),
        };
        build::build(PlanHeader::new(&desired, mode), stamp, decisions, &desired, &recorded)
            .expect("no cycle")
    }

    /// Plans a run without faults.
    pub fn planned(&self, mode: PlanMode) -> Plan {
        self.plans(mode, 1).remove(0)
    }

    /// The same, asked several times.
    pub fn plans(&self, mode: PlanMode, count: usize) -> Vec<Plan> {
        runtime().block_on(async {
            let (edges, state) = (self.edges(), self.state());
            let mut plans = Vec::new();
            for _ in 0..count {
                plans.push(self.plan(mode, &edges, state.as_ref()).await);
            }
            plans
        })
    }

    /// Asserts the invariants after a finished run: nothing is left to do, every key is where it
    /// belongs, and no secret is anywhere else.
    pub fn must_be_sound(&self, mode: PlanMode, place: &str) {
        let state = self.state().expect("a state");
        let plan = self.planned(mode);
        assert!(
            plan.is_empty() && plan.steps.is_empty(),
            "{place}: the next plan is not empty: {:#?}",
            plan.steps
        );
        assert!(
            state.resources.values().all(|entry| entry.status == Status::Done),
            "{place}: {state:#?}"
        );
        self.keys_must_be_known(&state, place);
        self.secrets_must_be_in_their_sinks(&state, place);
    }

    /// Every key that a run made and did not delete is recorded, lives, and its secret is in the
    /// credentials file.
    fn keys_must_be_known(&self, state: &State, place: &str) {
        let seen = self.cloud.seen.lock().unwrap().clone();
        let stray: Vec<_> = seen.deleted.difference(&seen.made).collect();
        assert!(stray.is_empty(), "{place}: keys were deleted that no run made: {stray:?}");
        let left: BTreeSet<String> = seen.made.difference(&seen.deleted).cloned().collect();
        let keys =
            || state.resources.iter().filter(|(address, _)| address.kind() == KindName::AccessKey);
        let current: BTreeSet<String> = keys().filter_map(|(_, entry)| entry.id.clone()).collect();
        // The secret of a retired key is nowhere any more.
        let retired = keys().filter_map(|(_, entry)| {
            entry.attributes.get("retired")?["id"].as_str().map(str::to_owned)
        });
        let recorded: BTreeSet<String> = current.iter().cloned().chain(retired).collect();
        assert_eq!(left, recorded, "{place}: the keys that are left are not those of the state");
        let (contents, credentials) = (self.contents(), self.text("credentials"));
        for id in &current {
            let mut users = contents["users"].as_object().expect("users").values();
            let key = users.find_map(|user| user["keys"].get(id));
            let digest =
                key.unwrap_or_else(|| panic!("{place}: {id} is gone"))["secret_sha256"].clone();
            let line = credentials
                .lines()
                .skip_while(|line| !line.ends_with(id.as_str()))
                .nth(1)
                .unwrap_or_default();
            let secret = line.rsplit(' ').next().unwrap_or_default();
            assert_eq!(
                json!(HEXLOWER.encode(&Sha256::digest(secret))),
                digest,
                "{place}: the secret of {id} is lost"
            );
        }
    }

    fn secrets_must_be_in_their_sinks(&self, state: &State, place: &str) {
        let seen = self.cloud.seen.lock().unwrap().clone();
        let sinks = [
            self.folder.path().join("credentials"),
            self.folder.path().join("manifests/serverless.csv"),
        ];
        let mut elsewhere: Vec<String> = seen.events;
        elsewhere.push(encode(state));
        elsewhere.push(self.contents().to_string());
        for file in files(self.folder.path()) {
            let text = std::fs::read_to_string(&file).expect("text");
            if sinks.contains(&file) {
                // A dead key's secret is no secret; but nothing of it should stay.
                let known =
                    seen.secrets.iter().filter(|secret| text.contains(secret.as_str())).count();
                let keys = state.resources.keys().filter(|it| it.kind() == KindName::AccessKey);
                assert!(
                    known <= keys.count().max(1),
                    "{place}: {} holds {known} secrets",
                    file.display()
                );
            } else {
                elsewhere.push(text);
            }
        }
        for secret in &seen.secrets {
            assert!(
                elsewhere.iter().all(|text| !text.contains(secret)),
                "{place}: a secret is outside of its sinks"
            );
        }
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    /// All that a run leaves: the account, the state's resources and the files. What differs
    /// between two runs that did the same (ids, secrets, moments, how many ids were given) is
    /// masked.
    pub fn end(&self) -> Value {
        let mut account = self.contents();
        for name in ["seed", "counter"] {
            account.as_object_mut().expect("an account").remove(name);
        }
        let root = self.folder.path();
        let secrets = self.cloud.seen.lock().unwrap().secrets.clone();
        let text = |file: &PathBuf| {
            let text = std::fs::read_to_string(file).expect("text");
            // What is encrypted is different each time.
            let text =
                encryption::label(text.as_bytes()).map_or(text, |key| format!("encrypted: {key}"));
            masked(&secrets.iter().fold(text, |text, secret| text.replace(secret, "*")))
        };
        let files = files(root);
        let files: Vec<_> =
            files.iter().map(|file| (file.strip_prefix(root).unwrap(), text(file))).collect();
        let resources = self.state().map(|state| state.resources).unwrap_or_default();
        let resources: BTreeMap<String, _> =
            resources.into_iter().map(|(address, entry)| (address.to_string(), entry)).collect();
        json!({"account": plain(account), "state": plain(json!(resources)), "files": files})
    }

    /// Returns everything that belongs to others, to the last byte.
    pub fn foreign(&self) -> Value {
        let contents = self.contents();
        let made = self.cloud.seen.lock().unwrap().made.clone();
        let users = contents["users"].as_object().expect("users");
        let keys = users.values().flat_map(|user| user["keys"].as_object().expect("keys").clone());
        let keys: Vec<_> = keys.filter(|(id, _)| !made.contains(id)).collect();
        let profile = self.text("credentials").contains(FOREIGN_PROFILE);
        json!({"user": contents["users"][FOREIGN], "keys": keys, "profile": profile})
    }
}

/// A clock that stands still but for those who wait: what is waited for takes no time.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
}

/// Many small files that nobody keeps: in memory, where there is such a place, for each change of
/// one is synced.
fn scratch() -> TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    folder.expect("a temporary folder")
}

fn load(path: &std::path::Path) -> Desired {
    let inputs = Inputs::default();
    let loaded = manifest::load_manifest(path, &inputs);
    assert!(!loaded.has_errors(), "{:#?}", loaded.diagnostics);
    loaded.desired.expect("a manifest without errors")
}

/// Without the locks, which are left beside the files that they were for.
pub fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
    {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else {
            found.push(entry);
        }
    }
    found.sort();
    found
}

/// A key of a map that is an id is one of a list.
pub fn plain(value: Value) -> Value {
    match value {
        Value::String(text) => json!(masked(&text)),
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Object(fields) if fields.keys().any(|name| is_id(name)) => {
            let mut items: Vec<Value> = fields.into_values().map(plain).collect();
            items.sort_by_key(Value::to_string);
            items.into()
        }
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(name, _)| {
                !["created", "secret_sha256", "since", "at"].contains(&name.as_str())
            })
            .map(|(name, value)| (name, plain(value)))
            .collect(),
        other => other,
    }
}

fn is_id(word: &str) -> bool {
    ["AGPA", "AIPA", "AKIA", "AIDA", "AROA", "ANPA"].iter().any(|prefix| word.starts_with(prefix))
        && (20..=21).contains(&word.len())
}

pub fn masked(text: &str) -> String {
    let word = |word: &str| if is_id(word) { format!("{}*", &word[..4]) } else { word.to_owned() };
    let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    words
        .map(|part| match part.char_indices().last() {
            Some((at, last)) if !last.is_ascii_alphanumeric() => word(&part[..at]) + &part[at..],
            _ => word(part),
        })
        .collect()
}
