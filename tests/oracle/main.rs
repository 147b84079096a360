//! Decisions and comparisons against a brute-force evaluator over small alphabets.

mod alphabet;
mod condition;
mod dice;
mod document;
mod draw;
mod evaluator;
mod laws;
mod pattern;
mod request;
mod respell;
mod shrink;
mod universe;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use alphabet::Kind;
use dice::Dice;
use laws::{Tally, check};
use universe::Memory;

/// As many as fit into a minute of the normal suite. `RELAYCTL_ORACLE_PAIRS=100000 cargo test --release --test oracle` tries
/// more of them, the first of which are these.
const PAIRS: usize = 3_000;

/// How many pairs of a hundred with conditions or variables may be left undecided, and how many of a thousand may be decided
/// in one spelling only: a comparison that never says anything would break no other law.
const MOST_UNKNOWN: usize = 5;
const MOST_UNSETTLED: usize = 2;

fn drawn(number: usize) -> (Kind, document::Pair) {
    let mut dice = Dice::new(number as u64);
    let kind = *dice.pick(&[Kind::Identity, Kind::Identity, Kind::Bucket, Kind::Trust]);
    (kind, draw::pair(kind, &mut dice))
}

/// A number from the environment.
fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// All pairs in turn, on both of two processors.
fn tried(first: usize, most: usize) -> (Tally, BTreeMap<usize, String>) {
    let next = AtomicUsize::new(first);
    let found = Mutex::new((Tally::default(), BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let (mut memory, mut tally, mut broken) = (Memory::default(), Tally::default(), BTreeMap::new());
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= most {
                        break;
                    }
                    let (kind, pair) = drawn(number);
                    match check(kind, &pair, number as u64, &mut memory) {
                        Ok(more) => tally = tally.and(&more),
                        Err(law) => drop(broken.insert(number, law)),
                    }
                }
                let mut found = found.lock().expect("no thread panics");
                found.0 = found.0.and(&tally);
                found.1.extend(broken);
            });
        }
    });
    found.into_inner().expect("no thread panics")
}

/// The pair with as little in it as still breaks the same law, and how to try it alone.
fn told(number: usize, law: &str) -> String {
    let (kind, pair) = drawn(number);
    let same = |other: &str| law.chars().take(20).eq(other.chars().take(20));
    let breaks =
        |pair: &document::Pair| check(kind, pair, number as u64, &mut Memory::default()).is_err_and(|it| same(&it));
    let small = shrink::shrunk(pair, breaks);
    let lines = |layer: &Vec<document::Document>| {
        let documents = layer.iter().map(|it| format!("  {}", it.json()));
        documents.collect::<Vec<_>>().join("\n")
    };
    let side = |layers: &document::Layers| layers.iter().map(lines).collect::<Vec<_>>().join("\n  within\n");
    let law = check(kind, &small, number as u64, &mut Memory::default()).err().unwrap_or_default();
    format!(
        "pair {number} ({kind:?}), alone with RELAYCTL_ORACLE_FIRST={number} RELAYCTL_ORACLE_PAIRS={}:\nbefore\n{}\nafter\n{}\n{law}",
        number + 1,
        side(&small.before),
        side(&small.after)
    )
}

#[test]
fn decisions_and_comparisons_agree_with_brute_force() {
    let first = number("RELAYCTL_ORACLE_FIRST").unwrap_or(0);
    let (tally, broken) = tried(first, number("RELAYCTL_ORACLE_PAIRS").unwrap_or(PAIRS));
    println!("{tally:?}");
    if let Some((number, law)) = broken.first_key_value() {
        panic!("{} pairs break a law, among them {}", broken.len(), told(*number, law));
    }
    // Of a few pairs no share can be told.
    if tally.pairs < PAIRS {
        return;
    }
    let conditional: usize = tally.conditional.iter().sum();
    assert!(tally.conditional[4] * 100 <= conditional * MOST_UNKNOWN, "too much is left unknown: {tally:?}");
    assert!(tally.unsettled * 1_000 <= tally.pairs * MOST_UNSETTLED, "spelling decides what is known: {tally:?}");
    assert!(tally.plain[..4].iter().chain(&tally.conditional[..4]).all(|count| count * 20 > tally.pairs), "{tally:?}");
}
