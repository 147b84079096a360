//! Random manifests, random edits of them, random deeds of others, random faults: whatever happens,
//! the laws hold, and once the weather is good again one or two more applies end where a run ends
//! that nothing happened to.
//!
//! `RELAYCTL_SEED=17 cargo test --test seeds` plays one seed again; `RELAYCTL_WITHOUT=0,4` leaves
//! out some of what happens in it; `RELAYCTL_SEEDS=100000` plays more of them.

#![expect(clippy::wildcard_enum_match_arm, reason = "the laws name what they are about")]

mod support;

#[path = "seeds/deeds.rs"]
mod deeds;
#[path = "seeds/draft.rs"]
mod draft;
#[path = "seeds/laws.rs"]
mod laws;
#[path = "seeds/story.rs"]
mod story;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use story::{Story, Tally};

const SEEDS: u64 = 2000;
/// How long to look for less that fails, too.
const PATIENCE: Duration = Duration::from_secs(20);

thread_local! {
    static SAID: RefCell<String> = RefCell::default();
}

fn played(seed: u64, left_out: &BTreeSet<usize>) -> Result<Tally, String> {
    catch_unwind(|| Story::without(seed, left_out).play()).map_err(|_| SAID.take())
}

/// Leaves out as much as it can, so that it still fails.
fn shrunk(seed: u64) -> BTreeSet<usize> {
    let all = Story::of(seed).len();
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
    let story = Story::without(seed, left_out);
    format!(
        "seed {seed} breaks a law: {why}\n\n{story:#?}\n\nreplay it with\n  RELAYCTL_SEED={seed} \
            RELAYCTL_WITHOUT={} cargo \
         test --test seeds\n",
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
    std::panic::set_hook(Box::new(|info| SAID.set(info.to_string())));
    if let Some(seed) = number::<u64>("RELAYCTL_SEED") {
        let given = std::env::var("RELAYCTL_WITHOUT").ok();
        let left_out: Option<BTreeSet<usize>> =
            given.map(|list| list.split(',').filter_map(|it| it.parse().ok()).collect());
        return match played(seed, left_out.as_ref().unwrap_or(&BTreeSet::new())) {
            Ok(tally) => println!("seed {seed}: {tally:?}"),
            Err(_) => fail(&report(seed, &left_out.unwrap_or_else(|| shrunk(seed)))),
        };
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
    if let Some((seed, _)) = broken.first() {
        let others: Vec<u64> = broken.iter().map(|(seed, _)| *seed).collect();
        fail(&format!("{}\nall that failed: {others:?}", report(*seed, &shrunk(*seed))));
    }
    println!(
        "{seeds} seeds in {:.0} s: {:?}",
        started.elapsed().as_secs_f64(),
        tally.into_inner().unwrap()
    );
}

/// The hook keeps what is said.
fn fail(why: &str) -> ! {
    eprintln!("{why}");
    panic!("{why}");
}
