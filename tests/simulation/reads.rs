//! The number of read calls of a plan, counted against the formula in docs/reads.md.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use relayctl::address::KindName;
use relayctl::allowed_files::AllowedFiles;
use relayctl::apply::apply;
use relayctl::call::iam::{EntityType, IamReply};
use relayctl::call::{Failure, FailureKind, IamRead, Read, Reply, StepOutput, Write};
use relayctl::diff::diff;
use relayctl::event::{Event, EventSink};
use relayctl::manifest::{self, Inputs};
use relayctl::model::Desired;
use relayctl::plan::{Plan, build};
use relayctl::port::{Provider, Store};
use relayctl::provider::Providers;
use relayctl::provider::files::Files;
use relayctl::provider::sandbox::Sandbox;
use relayctl::resolve::Resolver;
use relayctl::state::State;
use relayctl::store::memory::MemoryStore;
use relayctl::{call, engine, plan};
use tempfile::TempDir;

const DOCUMENT: &str =
    "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: 's3:GetObject', Resource: '*'}]}";

/// Relay stacks: a user with a key, two policies, a role, a bucket. `settings`: what is declared of
/// a role besides.
fn stacks(count: usize, settings: &str) -> String {
    let (mut policies, mut users, mut roles, mut buckets) = Default::default();
    let line = |text: &mut String, line: String| writeln!(text, "  {line}").unwrap();
    for n in 1..=count {
        line(&mut policies, format!("Deploy-{n}: {{document: {DOCUMENT}}}"));
        line(&mut policies, format!("Execute-{n}: {{document: {DOCUMENT}}}"));
        line(
            &mut users,
            format!(
                "user-{n}: {{tags: {{app: relay}}, policies: [Deploy-{n}], access_key: {{profile: \
                    user-{n}}}}}"
            ),
        );
        line(
            &mut roles,
            format!(
                "role-{n}: {{trust: {{services: [lambda.amazonaws.com]}}, policies: \
                    [Execute-{n}]{settings}}}"
            ),
        );
        line(
            &mut buckets,
            format!(
                "zappa-relay-{n}: {{tags: {{app: relay}}, versioning: true, encryption: AES256}}"
            ),
        );
    }
    format!(
        "version: 1\nname: stacks\naccount: '123456789012'\nregion: \
            us-east-1\npolicies:\n{policies}users:\n{users}roles:\n{roles}buckets:\n{buckets}"
    )
}

/// Counts requests by operation, pages as the service would. It may refuse one.
#[derive(Default)]
struct Counter {
    counts: Mutex<BTreeMap<&'static str, usize>>,
    refused: Option<&'static str>,
}

struct Counting {
    account: Arc<Sandbox>,
    counter: Arc<Counter>,
}

#[async_trait]
impl Provider for Counting {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        let refused = self.counter.refused == Some(read.action());
        let answer = if refused {
            Err(Failure::new(
                FailureKind::AccessDenied,
                read.action(),
                "AccessDenied",
                "as the test says",
            ))
        } else {
            self.account.read(read).await
        };
        let requests = match &answer {
            Ok(Reply::Iam(IamReply::AuthorizationDetails(details))) => details.pages,
            Ok(Reply::Iam(IamReply::Roles(roles))) => roles.len().div_ceil(1000).max(1),
            _ => 1,
        };
        if *read != Read::Clock {
            *self.counter.counts.lock().unwrap().entry(read.action()).or_default() += requests;
        }
        answer
    }

    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        *self.counter.counts.lock().unwrap().entry(write.action()).or_default() += 1;
        self.account.write(write, carried).await
    }
}

struct World {
    folder: TempDir,
    desired: Desired,
    account: Arc<Sandbox>,
    store: MemoryStore,
}

struct Silence;

impl EventSink for Silence {
    fn event(&self, _event: &Event) {}
}

type Counts = BTreeMap<&'static str, usize>;

impl World {
    fn new(count: usize, settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stacks.yaml");
        std::fs::write(&path, stacks(count, settings)).unwrap();
        let inputs = Inputs::default();
        let loaded = manifest::load_manifest(&path, &inputs);
        let desired = loaded.desired.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        let account = Arc::new(Sandbox::in_memory("123456789012", "us-east-1"));
        Self { folder, desired, account, store: MemoryStore::new() }
    }

    /// With all of it there.
    fn applied(count: usize, settings: &str) -> Self {
        let world = Self::new(count, settings);
        world.run(&world.desired, true);
        world
    }

    fn edges(&self, counter: &Arc<Counter>) -> Providers {
        let at = |name: &str| -> PathBuf { self.folder.path().join(name) };
        let files = Files {
            credentials: at("credentials"),
            config: at("config"),
            base: at("."),
            overlay: None,
            allowed: AllowedFiles::below(self.folder.path()),
        };
        let cloud = Counting { account: Arc::clone(&self.account), counter: Arc::clone(counter) };
        Providers::new(Box::new(cloud), files, 32)
    }

    /// Plans, and applies if that is wanted: what that took, and whether there was anything to do.
    fn run(&self, desired: &Desired, applies: bool) -> (Counts, Plan) {
        self.run_refused(desired, applies, None)
    }

    fn run_refused(
        &self,
        desired: &Desired,
        applies: bool,
        refused: Option<&'static str>,
    ) -> (Counts, Plan) {
        let counter = Arc::new(Counter { refused, ..Counter::default() });
        let edges = self.edges(&counter);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let plan = runtime.block_on(async {
            let state = self.store.load_state().await.unwrap();
            let recorded = state.as_ref().map(|state| state.resources.clone()).unwrap_or_default();
            relayctl::resolve::caller(&edges).await.unwrap();
            let removing = desired.resources.is_empty();
            let mut resolver = Resolver::new(&edges, 32);
            let live = engine::read_live(&mut resolver, desired, &recorded, removing).await;
            // What --explain-reads says is what was sent, but for the caller's identity.
            let sent = total(&counter.counts.lock().unwrap());
            let explained = resolver.explain();
            assert_eq!(explained.requests() + 1, sent, "{explained:?}");
            let decisions = diff(desired, &recorded, &live, removing);
            let plan = build::build(
                header(desired),
                plan::StateStamp::of(state.as_ref()),
                decisions,
                desired,
                &recorded,
            )
            .unwrap();
            if applies {
                let state =
                    state.unwrap_or_else(|| State::new("lineage", "stacks", "123456789012"));
                let outcome = apply(&plan, &edges, &self.store, state, &Silence, 32).await;
                assert!(outcome.succeeded(), "{:?}", outcome.failed);
            }
            plan
        });
        (counter.counts.lock().unwrap().clone(), plan)
    }
}

fn header(desired: &Desired) -> plan::PlanHeader {
    let mode =
        if desired.resources.is_empty() { plan::PlanMode::Destroy } else { plan::PlanMode::Apply };
    plan::PlanHeader::new(desired, mode)
}

fn total(counts: &Counts) -> usize {
    counts.values().sum()
}

fn writes(counts: &Counts) -> BTreeMap<&'static str, usize> {
    let reads = ["Get", "List", "Head"];
    let reads = |call: &str| {
        call.split_once(':').is_some_and(|(_, name)| reads.iter().any(|it| name.starts_with(it)))
    };
    counts.iter().filter(|(call, _)| !reads(call)).map(|(call, count)| (*call, *count)).collect()
}

#[test]
fn a_plan_that_changes_nothing_takes_seven_calls_a_stack_and_the_sweeps() {
    let settings = ", description: runs it";
    for (count, settings) in
        [(1, ""), (1, settings), (2, settings), (11, ""), (60, settings), (260, "")]
    {
        let world = World::applied(count, settings);
        let (counts, plan) = world.run(&world.desired, false);
        assert!(plan.is_empty() && plan.steps.is_empty());
        let pages = (4 * count).div_ceil(1000);
        let lists = if settings.is_empty() { 0 } else { count.div_ceil(1000) };
        // What the first page leaves might be read more cheaply by itself.
        let summary = usize::from(pages > 1);
        assert_eq!(
            total(&counts),
            7 * count + pages + lists + summary + 1,
            "{count} stacks: {counts:?}"
        );
        assert!(
            total(&counts) <= 7 * count + 4 * count.div_ceil(500) + 3,
            "{count} stacks: {counts:?}"
        );
        assert!(count > 1 || total(&counts) <= 12, "{counts:?}");
        assert_eq!(counts.get("iam:GetAccountAuthorizationDetails"), Some(&pages), "{counts:?}");
        assert!(!counts.contains_key("s3:HeadBucket"), "{counts:?}");
    }
}

#[test]
fn a_plan_for_an_empty_account_takes_one_call_a_bucket() {
    let world = World::new(50, "");
    let (counts, plan) = world.run(&world.desired, false);
    assert_eq!(plan.summary.add, 50 * 9, "{:?}", plan.summary);
    let expected = [
        ("iam:GetAccountAuthorizationDetails", 1),
        ("s3:GetBucketTagging", 50),
        ("sts:GetCallerIdentity", 1),
    ];
    assert_eq!(counts, BTreeMap::from(expected.map(|(call, count)| (call, count))));
}

#[test]
fn an_apply_sends_each_write_once_and_looks_only_at_what_could_have_a_twin() {
    let world = World::new(20, "");
    let (counts, _) = world.run(&world.desired, true);
    let of = |call| counts.get(call).copied().unwrap_or_default();
    for call in
        ["CreateUser", "CreateRole", "CreateAccessKey", "AttachUserPolicy", "AttachRolePolicy"]
    {
        let call =
            counts.keys().find(|it| it.ends_with(&format!(":{call}"))).copied().unwrap_or("none");
        assert_eq!(of(call), 20, "{counts:?}");
    }
    assert_eq!((of("iam:CreatePolicy"), of("s3:CreateBucket")), (40, 20));
    // Tags, boundaries and descriptions go with what is created.
    assert!(!counts.keys().any(|call| {
        ["iam:TagUser", "iam:TagRole", "iam:TagPolicy", "iam:UpdateRole"].contains(call)
    }));
    // The plan's sweep and that for the before-images; then each new key and each new bucket is
    // looked for by itself.
    assert_eq!(of("iam:GetAccountAuthorizationDetails"), 2, "{counts:?}");
    assert_eq!(
        (of("iam:ListAccessKeys"), of("iam:GetUser"), of("s3:GetBucketTagging")),
        (20, 20, 40),
        "{counts:?}"
    );
    assert_eq!(
        (of("iam:GetRole"), of("iam:GetPolicy"), of("iam:ListAttachedUserPolicies")),
        (0, 0, 0),
        "{counts:?}"
    );
    assert_eq!(of("s3:GetBucketVersioning"), 0, "{counts:?}");
}

#[test]
fn a_document_that_changes_is_one_new_version_and_its_before_image_is_read_with_the_others() {
    let world = World::applied(20, "");
    let mut desired = world.desired.clone();
    let document = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": ["*"]}]});
    for (address, resource) in &mut desired.resources {
        if address.kind() == KindName::Policy {
            resource.attributes.insert("document", document.clone());
        }
    }
    let (planned, _) = world.run(&desired, false);
    let (counts, plan) = world.run(&desired, true);
    assert_eq!(plan.summary.change, 40);
    assert_eq!(writes(&counts), BTreeMap::from([("iam:CreatePolicyVersion", 40)]));
    // The plan, its writes, and for the images of the policies one sweep and their tags.
    assert_eq!(total(&counts), total(&planned) + 40 + 1 + 40, "{counts:?}");
}

/// A sweep has neither descriptions nor session lengths. What others set of these is read of the
/// roles alone that get another name, and only until the new ones are there.
#[test]
fn a_role_with_a_new_name_costs_one_call_more() {
    let world = World::applied(20, "");
    let path = world.folder.path().join("stacks.yaml");
    let text = stacks(20, "").replace("role-7:", "worker-7:");
    let moved = "moved: [{from: role.role-7, to: role.worker-7}]\n";
    std::fs::write(&path, format!("{text}{moved}")).unwrap();
    let inputs = Inputs::default();
    let desired = manifest::load_manifest(&path, &inputs).desired.unwrap();
    let of = |counts: &Counts, call| counts.get(call).copied().unwrap_or_default();
    let (counts, plan) = world.run(&desired, true);
    assert_eq!((plan.summary.add, plan.summary.destroy), (2, 2));
    let calls = ["iam:GetRole", "iam:ListRoles", "iam:ListInstanceProfilesForRole"];
    // The apply reads again what the plan read. The sweep shows the instance profiles of the role
    // that is deleted.
    assert_eq!(calls.map(|call| of(&counts, call)), [2, 0, 0], "{counts:?}");
    let (counts, plan) = world.run(&desired, false);
    assert!(plan.is_empty() && plan.steps.is_empty());
    assert_eq!(calls.map(|call| of(&counts, call)), [0, 0, 0], "{counts:?}");
}

#[test]
fn a_sweep_that_is_refused_costs_one_call_more_than_single_objects() {
    let world = World::applied(3, "");
    let (counts, plan) =
        world.run_refused(&world.desired, false, Some("iam:GetAccountAuthorizationDetails"));
    assert!(plan.is_empty() && plan.steps.is_empty());
    let of = |call| counts.get(call).copied().unwrap_or_default();
    assert_eq!(
        (of("iam:GetAccountAuthorizationDetails"), of("iam:GetUser"), of("iam:GetRole")),
        (1, 3, 3),
        "{counts:?}"
    );
}

#[test]
fn a_large_account_is_not_swept_for_one_stack() {
    let world = World::applied(1, "");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for number in 0..4000 {
            let create = call::IamWrite::CreateUser {
                user: format!("other-{number}"),
                path: "/".to_owned(),
                boundary: None,
                tags: BTreeMap::new(),
            };
            world.account.write(&Write::Iam(create), &StepOutput::default()).await.unwrap();
        }
    });
    let (counts, plan) = world.run(&world.desired, false);
    assert!(plan.is_empty() && plan.steps.is_empty());
    // One page says that there is more, the summary how much, and then single objects are cheaper.
    assert_eq!(counts["iam:GetAccountAuthorizationDetails"], 1, "{counts:?}");
    assert_eq!((counts["iam:GetAccountSummary"], counts["iam:GetUser"]), (1, 1), "{counts:?}");
    assert!(total(&counts) <= 20, "{counts:?}");
}

#[test]
fn a_sandbox_gives_a_sweep_in_pages_of_a_thousand() {
    let world = World::applied(260, "");
    let sweep = |marker| {
        Read::Iam(IamRead::GetAccountAuthorizationDetails {
            filter: EntityType::ALL.into(),
            marker,
        })
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let read = |read: Read| match runtime.block_on(world.account.read(&read)) {
        Ok(Reply::Iam(IamReply::AuthorizationDetails(details))) => details,
        other => panic!("{other:?}"),
    };
    let first = read(sweep(None));
    let rest = read(sweep(first.marker.clone()));
    let count =
        |it: &call::iam::AuthorizationDetails| it.users.len() + it.roles.len() + it.policies.len();
    assert_eq!((count(&first), count(&rest), rest.marker), (1000, 40, None));
}

/// The docs say what is counted here.
#[test]
fn the_docs_have_the_formula() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reads.md"))
        .unwrap();
    assert!(text.contains("7·N + ⌈N/250⌉ + ⌈N/1000⌉ + 2"), "{text}");
}

/// During the first write so much time goes by, and somebody edits the other policy.
struct Slow {
    account: Arc<Sandbox>,
    takes: Duration,
    edited: Mutex<bool>,
}

#[async_trait]
impl Provider for Slow {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        self.account.read(read).await
    }

    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        if !std::mem::replace(&mut *self.edited.lock().unwrap(), true) {
            let arn = "arn:aws:iam::123456789012:policy/Execute-1".to_owned();
            let edit = call::IamWrite::CreatePolicyVersion {
                arn,
                document: document("s3:ListBucket").into(),
            };
            self.account.write(&Write::Iam(edit), &StepOutput::default()).await.unwrap();
            tokio::time::sleep(self.takes).await;
        }
        self.account.write(write, carried).await
    }
}

fn document(action: &str) -> serde_json::Value {
    serde_json::json!({"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": [action], "Resource": ["*"]}]})
}

#[test]
fn what_was_read_before_a_long_wait_is_read_again_before_it_is_relied_on() {
    let world = World::applied(1, "");
    let mut desired = world.desired.clone();
    for (address, resource) in &mut desired.resources {
        if address.kind() == KindName::Policy {
            resource.attributes.insert("document", document("s3:PutObject"));
        }
    }
    let (_, plan) = world.run(&desired, false);
    let slow = Slow {
        account: Arc::clone(&world.account),
        takes: Duration::from_mins(2),
        edited: Mutex::new(false),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let outcome = runtime.block_on(async {
        let state = world.store.load_state().await.unwrap().unwrap();
        apply(&plan, &slow, &world.store, state, &Silence, 1).await
    });
    let done: Vec<String> = outcome.done.iter().map(|step| step.address.to_string()).collect();
    assert_eq!(done, ["policy.Deploy-1"]);
    let failed: Vec<String> =
        outcome.failed.iter().map(|(step, why)| format!("{}: {why}", step.address)).collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(
        failed[0].starts_with("policy.Execute-1: ") && failed[0].contains("document changed"),
        "{failed:?}"
    );
}
