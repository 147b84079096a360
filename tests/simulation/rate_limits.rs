//! Many relay stacks in an account that is far away and takes little: planned and applied in the
//! time that the limits leave, and not much more. The clock is paused: minutes take no time, and
//! always the same.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use relayctl::address::{Address, KindName};
use relayctl::allowed_files::AllowedFiles;
use relayctl::apply::{ApplyOptions, Stop, apply_until};
use relayctl::call::{Failure, Read, Reply, StepOutput, Write};
use relayctl::diff;
use relayctl::engine;
use relayctl::event::{Event, EventSink, RunOutcome};
use relayctl::manifest::{self, Inputs};
use relayctl::model::Desired;
use relayctl::plan::pace::{Load, Pace};
use relayctl::plan::{Plan, PlanHeader, PlanMode, StateStamp, build};
use relayctl::port::{Provider, Store};
use relayctl::provider::Providers;
use relayctl::provider::files::Files;
use relayctl::provider::sandbox::{Distance, Remote, Sandbox, Throttle};
use relayctl::reads::Snapshot;
use relayctl::resolve::{ALL_READS, Resolver};
use relayctl::state::State;
use relayctl::store::memory::MemoryStore;
use relayctl::transport::{MAX_IN_FLIGHT, Retrying, Transport};
use tokio::time::Instant;

/// The number of stacks, unless `RELAYCTL_STACKS` says otherwise.
const STACKS: usize = 1000;

const FAR: Distance = Distance {
    latency: Duration::from_millis(50),
    throttle: Some(Throttle { rate: 20, burst: 40 }),
};
const PACE: Pace =
    Pace { latency: Duration::from_millis(50), rate: 20.0, burst: 40.0, width: MAX_IN_FLIGHT };

/// An account that others look at, too.
struct Shared(Arc<Sandbox>);

#[async_trait]
impl Provider for Shared {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        self.0.read(read).await
    }

    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        self.0.write(write, carried).await
    }
}

/// Counts the calls of each round: those that began after all of the round before had ended. Each
/// is counted once, however often it is sent.
struct Counted {
    inner: Providers,
    rounds: Mutex<Rounds>,
}

#[derive(Default)]
struct Rounds {
    loads: Vec<Load>,
    ended: usize,
}

impl Counted {
    async fn count<T>(&self, call: &str, answer: impl Future<Output = T>) -> T {
        if call.starts_with("file:") || call.starts_with("local:") {
            return answer.await;
        }
        let round = {
            let mut rounds = self.rounds.lock().unwrap();
            let round = rounds.ended;
            if rounds.loads.len() <= round {
                rounds.loads.push(Load { chain: 1, ..Load::default() });
            }
            *rounds.loads[round].calls.entry(call.to_owned()).or_default() += 1;
            round
        };
        let answer = answer.await;
        let mut rounds = self.rounds.lock().unwrap();
        rounds.ended = rounds.ended.max(round + 1);
        answer
    }

    fn taken(&self) -> Vec<Load> {
        std::mem::take(&mut *self.rounds.lock().unwrap()).loads
    }
}

#[async_trait]
impl Provider for Counted {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        self.count(read.action(), self.inner.read(read)).await
    }

    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        self.count(write.action(), self.inner.write(write, carried)).await
    }

    fn waiting(&self) -> usize {
        self.inner.waiting()
    }
}

/// Records the time at which each step was done.
struct Watch {
    began: Instant,
    done: Mutex<Vec<(Address, Duration)>>,
}

impl Watch {
    fn start() -> Self {
        Self { began: Instant::now(), done: Mutex::default() }
    }

    /// Returns the time at which the last of these was done.
    fn last(&self, which: impl Fn(&Address) -> bool) -> Duration {
        let done = self.done.lock().unwrap();
        done.iter()
            .filter(|(address, _)| which(address))
            .map(|(_, at)| *at)
            .max()
            .expect("one of them was done")
    }
}

impl EventSink for Watch {
    fn event(&self, event: &Event) {
        if let Event::Done { step } = event {
            self.done.lock().unwrap().push((step.address.clone(), self.began.elapsed()));
        }
    }
}

/// A remote account with its latency and its limits, and the local files.
struct Far {
    account: Arc<Sandbox>,
    transport: Arc<Transport>,
    provider: Counted,
    store: MemoryStore,
    desired: Desired,
    folder: tempfile::TempDir,
}

impl Far {
    fn of(manifest: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("stacks.yaml"), manifest).unwrap();
        let inputs = Inputs::default();
        let loaded = manifest::load_manifest(&at("stacks.yaml"), &inputs);
        assert!(!loaded.has_errors(), "{:#?}", loaded.diagnostics);
        let desired = loaded.desired.unwrap();
        let account = Arc::new(Sandbox::in_memory(&desired.account, &desired.region));
        let transport = Arc::new(Transport::default());
        let cloud =
            Retrying::new(Remote::new(Shared(Arc::clone(&account)), FAR), Arc::clone(&transport));
        let (credentials, config) = (at("credentials"), at("config"));
        let files = Files {
            credentials,
            config,
            base: folder.path().to_owned(),
            overlay: None,
            allowed: AllowedFiles::below(folder.path()),
        };
        let inner = Providers::new(Box::new(cloud), files, MAX_IN_FLIGHT);
        let provider = Counted { inner, rounds: Mutex::default() };
        Self { account, transport, provider, store: MemoryStore::new(), desired, folder }
    }

    /// A plan, and what was read for it.
    async fn plan(&self) -> (Plan, Snapshot) {
        let state = self.store.load_state().await.unwrap();
        let recorded = state.as_ref().map(|state| state.resources.clone()).unwrap_or_default();
        let mut resolver = Resolver::new(&self.provider, ALL_READS);
        let live = engine::read_live(&mut resolver, &self.desired, &recorded, false).await;
        let decisions = diff::diff(&self.desired, &recorded, &live, false);
        let stamp = StateStamp::of(state.as_ref());
        let plan = build::build(
            PlanHeader::new(&self.desired, PlanMode::Apply),
            stamp,
            decisions,
            &self.desired,
            &recorded,
        )
        .unwrap();
        (plan, resolver.into_known())
    }

    async fn apply(&self, plan: &Plan, seen: Snapshot, watch: &Watch) -> RunOutcome {
        let state = State::new("l", self.desired.name.as_str(), self.desired.account.as_str());
        let options =
            ApplyOptions { parallelism: MAX_IN_FLIGHT, stop: &Stop::default(), seen: Some(seen) };
        apply_until(plan, &self.provider, &self.store, state, watch, options).await
    }

    /// Does it, and says how long it took and what it sent.
    async fn timed<T>(
        &self,
        what: &str,
        work: impl Future<Output = T>,
    ) -> (T, Duration, Vec<Load>) {
        let (began, really) = (Instant::now(), std::time::Instant::now());
        let done = work.await;
        let (took, rounds) = (began.elapsed(), self.provider.taken());
        println!(
            "{what}: {took:?} ({:?} of computing), {:?}",
            really.elapsed(),
            self.transport.traffic()
        );
        for (number, load) in (1..).zip(&rounds).take(5) {
            println!("  round {number}: {:?}", load.calls);
        }
        (done, took, rounds)
    }

    /// Each user has one key, the one that its file holds.
    fn keys_must_be_stored(&self, stacks: usize) {
        let contents = self.account.contents().unwrap();
        let users = contents["users"].as_object().unwrap();
        assert_eq!(users.len(), stacks);
        for (name, user) in users {
            let keys: Vec<&String> = user["keys"].as_object().unwrap().keys().collect();
            let stack = name.trim_start_matches("deployer-");
            let stored =
                std::fs::read_to_string(self.folder.path().join(format!("keys/{stack}.csv")))
                    .unwrap();
            assert!(keys.len() == 1 && stored.contains(keys[0].as_str()), "{name} has {keys:?}");
        }
    }
}

/// A user with a key and a policy, a role with a policy, a bucket. Each key goes into a file of its
/// own: that all profiles are in one is another question.
fn manifest(stacks: usize) -> String {
    let mut text = "version: 1\nname: stacks\naccount: \"123456789012\"\nregion: us-east-1\ntags: \
            {project: relay}\n"
        .to_owned();
    let mut section = |name: &str, entry: &dyn Fn(usize) -> String| {
        writeln!(text, "{name}:").unwrap();
        (0..stacks).for_each(|stack| writeln!(text, "  {}", entry(stack)).unwrap());
    };
    let allow = |action: &str, resource: &str| {
        format!(
            "{{document: {{Version: \"2012-10-17\", Statement: [{{Effect: Allow, Action: \
                \"{action}\", Resource: \"{resource}\"}}]}}}}"
        )
    };
    section("policies", &|stack| {
        let role = format!("arn:aws:iam::123456789012:role/relay-{stack:04}");
        let (deploy, execute) = (allow("iam:PassRole", &role), allow("logs:PutLogEvents", "*"));
        format!("deploy-{stack:04}: {deploy}\n  execute-{stack:04}: {execute}")
    });
    section("users", &|stack| {
        format!(
            "deployer-{stack:04}: {{policies: [deploy-{stack:04}], access_key: {{csv: \
                keys/{stack:04}.csv}}}}"
        )
    });
    section("roles", &|stack| {
        format!(
            "relay-{stack:04}: {{trust: {{services: [lambda.amazonaws.com]}}, policies: \
                [execute-{stack:04}]}}"
        )
    });
    section("buckets", &|stack| format!("zappa-relay-{stack:04}: {{}}"));
    text
}

/// All calls of these rounds, however they were spread over them.
fn together(rounds: &[Load], chain: usize) -> Load {
    let mut load = Load { chain, ..Load::default() };
    for (name, count) in rounds.iter().flat_map(|round| &round.calls) {
        *load.calls.entry(name.clone()).or_default() += count;
    }
    load
}

#[track_caller]
fn met(what: &str, took: Duration, least: Duration) {
    println!(
        "{what}: predicted {least:?}, took {took:?}, {:.1} %",
        100.0 * took.as_secs_f64() / least.as_secs_f64()
    );
    assert!(took <= least.mul_f64(1.1), "{what}: {took:?} instead of {least:?}");
    assert!(
        took >= least.mul_f64(0.99),
        "{what}: {took:?} is faster than can be, {least:?}: the prediction is wrong"
    );
}

#[tokio::test(start_paused = true)]
async fn a_thousand_stacks_are_planned_and_applied_in_the_time_that_the_limits_leave() {
    let stacks = std::env::var("RELAYCTL_STACKS").map_or(STACKS, |text| text.parse().unwrap());
    let far = Far::of(&manifest(stacks));
    let in_rounds =
        |rounds: &[Load]| rounds.iter().map(|round| round.least(&PACE)).sum::<Duration>();

    let ((plan, seen), took, rounds) = far.timed("plan", far.plan()).await;
    met("plan", took, in_rounds(&rounds));

    let (outcome, took, rounds) = far.timed("apply", far.apply(&plan, seen, &Watch::start())).await;
    let load = together(&rounds, Load::of(&plan).chain);
    println!("  {:?}", load.calls);
    met("apply", took, load.least(&PACE));
    assert!(outcome.succeeded(), "{outcome:#?}");
    assert_eq!(outcome.done.len(), plan.steps.len());
    far.keys_must_be_stored(stacks);

    let ((after, _), took, rounds) = far.timed("plan after it", far.plan()).await;
    met("plan after it", took, in_rounds(&rounds));
    assert!(after.is_empty() && after.steps.is_empty(), "{:?}", after.summary);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_is_throttled_holds_up_only_what_depends_on_it() {
    let policy = "{document: {Version: \"2012-10-17\", Statement: [{Effect: Allow, Action: \"s3:ListBucket\", Resource: \"*\"}]}}";
    let many =
        (0..400).fold(String::new(), |text, number| text + &format!("  a-{number:03}: {policy}\n"));
    let far = Far::of(&manifest(30).replace("policies:\n", &format!("policies:\n{many}")));
    let (plan, seen) = far.plan().await;
    let watch = Watch::start();
    assert!(far.apply(&plan, seen, &watch).await.succeeded());
    let policies = watch.last(|address| address.kind() == KindName::Policy);
    let others = watch.last(|address| {
        [KindName::USER, KindName::AccessKey, KindName::ROLE, KindName::Bucket]
            .contains(&address.kind())
    });
    println!(
        "the last policy was made after {policies:?}, the last of what needs none after {others:?}"
    );
    // 460 policies at 20 a second; 30 of everything else are less than the burst.
    assert!(
        policies > Duration::from_secs(20) && others < Duration::from_secs(2),
        "{policies:?}, {others:?}"
    );
}
