//! Random scenarios: manifests, edits of them, changes by others, faults. The invariants hold after
//! each run. Without faults, one or two more applies end where an undisturbed run ends.
//!
//! `RELAYCTL_SEED=17 cargo test --test simulation seeds` plays one seed again;
//! `RELAYCTL_WITHOUT=0,4` leaves out some of its events; `RELAYCTL_SEEDS=100000` plays more seeds.

#![expect(clippy::wildcard_enum_match_arm, reason = "the laws name what they are about")]

mod events;
mod generator;
mod invariants;
mod known;
mod scenario;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::panic::{catch_unwind, set_hook, take_hook};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use scenario::{Scenario, Tally};

const SEEDS: u64 = 2000;
/// Limits the search for a smaller scenario that fails, too.
const PATIENCE: Duration = Duration::from_secs(20);

thread_local! {
    static PLAYING: Cell<bool> = const { Cell::new(false) };
    static SAID: RefCell<String> = RefCell::default();
}

/// Keeps the message of a panic on a thread that plays a scenario, for the report. The panics of
/// other tests are printed as usual.
fn record_panics() {
    let print = take_hook();
    set_hook(Box::new(move |info| {
        if PLAYING.get() {
            SAID.set(info.to_string());
        } else {
            print(info);
        }
    }));
}

fn played(seed: u64, left_out: &BTreeSet<usize>) -> Result<Tally, String> {
    PLAYING.set(true);
    let played = catch_unwind(|| Scenario::without(seed, left_out).play());
    PLAYING.set(false);
    played.map_err(|_| SAID.take())
}

/// Leaves out as much as it can, so that it still fails.
fn shrunk(seed: u64) -> BTreeSet<usize> {
    let all = Scenario::of(seed).len();
    let started = Instant::now();
    let mut left_out = BTreeSet::new();
    let mut size = all / 2;
    while size > 0 {
        for first in (0..all).step_by(size) {
            let mut more = left_out.clone();
            more.extend(first..(first + size).min(all));
            if more != left_out && started.elapsed() < PATIENCE && played(seed, &more).is_err() {
                left_out = more;
            }
        }
        size /= 2;
    }
    left_out
}

fn list(numbers: &BTreeSet<usize>) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn report(seed: u64, left_out: &BTreeSet<usize>) -> String {
    let why = played(seed, left_out).err().unwrap_or_default();
    let scenario = Scenario::without(seed, left_out);
    format!(
        "seed {seed} breaks a law: {why}\n\n{scenario:#?}\n\nreplay it with\n  \
         RELAYCTL_SEED={seed} RELAYCTL_WITHOUT={} cargo test --test simulation seeds\n",
        list(left_out)
    )
}

fn number<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name}: {text} is no number")))
}

#[test]
fn the_laws_hold_under_every_seed() {
    record_panics();
    if let Some(seed) = number::<u64>("RELAYCTL_SEED") {
        let given = std::env::var("RELAYCTL_WITHOUT").ok();
        let left_out: Option<BTreeSet<usize>> =
            given.map(|list| list.split(',').filter_map(|it| it.parse().ok()).collect());
        let tally =
            played(seed, left_out.as_ref().unwrap_or(&BTreeSet::new())).unwrap_or_else(|_| {
                panic!("{}", report(seed, &left_out.unwrap_or_else(|| shrunk(seed))))
            });
        println!("seed {seed}: {tally:?}");
        return;
    }
    let seeds = number("RELAYCTL_SEEDS").unwrap_or(SEEDS);
    let (next, tally, broken) =
        (AtomicU64::new(0), Mutex::new(Tally::default()), Mutex::new(Vec::new()));
    let started = Instant::now();
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds || broken.lock().unwrap().len() >= 5 {
                return;
            }
            match played(seed, &BTreeSet::new()) {
                Ok(more) => *tally.lock().unwrap() += more,
                Err(why) => broken.lock().unwrap().push((seed, why)),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
    let mut broken = broken.into_inner().unwrap();
    broken.sort();
    if let Some((seed, why)) = broken.first() {
        let others: Vec<u64> = broken.iter().map(|(seed, _)| *seed).collect();
        let report = report(*seed, &shrunk(*seed));
        panic!("{report}\nit first said: {why}\nall that failed: {others:?}");
    }
    println!(
        "{seeds} seeds in {:.0} s: {:?}",
        started.elapsed().as_secs_f64(),
        tally.into_inner().unwrap()
    );
}
