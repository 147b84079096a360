//! Measures the growth of the pure core from a hundred resources to a hundred thousand, stage by
//! stage, and the cost of recording a step beside a state of either size.

#[path = "../tests/support/relays.rs"]
mod relays;

use std::cell::LazyCell;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{
    BatchSize, BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group,
    criterion_main,
};
use futures::executor::block_on;
use relayctl::access::{self, UnmanagedAccess};
use relayctl::diff::diff;
use relayctl::graph::DependencyOrder;
use relayctl::model::{Live, Recorded};
use relayctl::plan::{PlanMode, build};
use relayctl::port::Store;
use relayctl::render::human::{self, HumanStyle};
use relayctl::state::{JournalChange, State};
use relayctl::store::local::LocalStore;
use relays::{Account, RESOURCES, World, header, stamp};
use tempfile::TempDir;

const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];

/// Returns the number of relays that have about so many resources.
fn relays(resources: usize) -> usize {
    resources.div_ceil(RESOURCES)
}

fn sized<'c>(criterion: &'c mut Criterion, stage: &str) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(format!("scale/{stage}"));
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    group
}

fn written(relays: usize) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("relays.yaml");
    std::fs::write(&path, relays::manifest(relays)).expect("a manifest");
    (folder, path)
}

/// Measures parsing and validation.
fn load(criterion: &mut Criterion) {
    let mut group = sized(criterion, "load");
    for size in SIZES {
        let (_folder, path) = written(relays(size));
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bench| {
            bench.iter(|| relays::load(&path));
        });
    }
}

/// Measures each stage between the reads and the terminal by itself.
fn stages(criterion: &mut Criterion) {
    for size in SIZES {
        // The world is made only for benchmarks that are selected on the command line.
        let world = LazyCell::new(|| World::new(relays(size)));
        let creation = LazyCell::new(|| world.creation());
        let (nothing, nowhere) = (Recorded::new(), Live::new());
        let mut stage = |name: &str, work: &mut dyn FnMut()| {
            let mut group = sized(criterion, name);
            group.throughput(Throughput::Elements(size as u64));
            group.bench_function(BenchmarkId::from_parameter(size), |bench| bench.iter(&mut *work));
        };
        stage("diff", &mut || {
            drop(black_box(diff(&world.desired, &world.recorded, &world.live, false)));
        });
        stage("graph", &mut || {
            let order = DependencyOrder::new(
                world.desired.resources.iter().map(|(address, it)| (address, &it.depends_on)),
            );
            drop(black_box(order.sorted()));
        });
        stage("access", &mut || {
            drop(black_box(access::changes(
                &creation.changes,
                &nowhere,
                &world.desired,
                &UnmanagedAccess::default(),
            )));
        });
        stage("render", &mut || {
            drop(black_box(human::render_plan(&creation, HumanStyle::default())));
        });
        let mut group = sized(criterion, "build");
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bench| {
            bench.iter_batched(
                || diff(&world.desired, &nothing, &nowhere, false),
                |decisions| {
                    build::build(
                        header(PlanMode::Apply),
                        stamp(),
                        decisions,
                        &world.desired,
                        &nothing,
                    )
                },
                BatchSize::PerIteration,
            );
        });
    }
}

/// Measures `plan` from the file to the text, without the network, if there is nothing to do,
/// everything to create, or everything to destroy.
fn whole(criterion: &mut Criterion) {
    for size in SIZES {
        let (_folder, path) = written(relays(size));
        let world = LazyCell::new(|| World::new(relays(size)));
        let account = LazyCell::new(|| Account::of(&world.desired));
        let mut whole = |name: &str, work: &mut dyn FnMut() -> String| {
            let mut group = sized(criterion, name);
            group.throughput(Throughput::Elements(size as u64));
            group.bench_function(BenchmarkId::from_parameter(size), |bench| bench.iter(&mut *work));
        };
        whole("plan/nothing", &mut || {
            let desired = relays::load(&path);
            let live = account.look(&desired, &world.recorded);
            human::render_plan(
                &relays::plan(&desired, &world.recorded, &live, PlanMode::Apply),
                HumanStyle::default(),
            )
        });
        whole("plan/create", &mut || {
            let desired = relays::load(&path);
            human::render_plan(
                &relays::plan(&desired, &Recorded::new(), &Live::new(), PlanMode::Apply),
                HumanStyle::default(),
            )
        });
        whole("plan/destroy", &mut || human::render_plan(&world.removal(), HumanStyle::default()));
    }
}

/// Measures the recording of one step, beside a state of so many resources.
fn append(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scale/state/append");
    group.sample_size(20);
    for size in [SIZES[0], SIZES[3]] {
        let noted = LazyCell::new(|| Noted::beside(relays(size)));
        let mut serial = 1;
        group.bench_function(BenchmarkId::from_parameter(size), |bench| {
            bench.iter(|| {
                serial += 1;
                block_on(noted.store.append(&[JournalChange { serial, ..noted.change.clone() }]))
            });
        });
    }
}

/// A store whose state records so many relays, and a change to record.
struct Noted {
    store: LocalStore,
    change: JournalChange,
    _folder: TempDir,
}

impl Noted {
    fn beside(relays: usize) -> Self {
        let state = State {
            serial: 1,
            resources: World::new(relays).recorded,
            ..State::new("bench", "bench", "123456789012")
        };
        let folder = tempfile::tempdir().expect("a folder");
        let store = LocalStore::new(folder.path().join("bench.json"));
        block_on(store.save_state(&state)).expect("a state");
        let (address, entry) = state.resources.into_iter().next().expect("a resource");
        let change =
            JournalChange { lineage: state.lineage, serial: 1, address, entry: Some(entry) };
        Self { store, change, _folder: folder }
    }
}

criterion_group!(scale, load, stages, whole, append);
criterion_main!(scale);
