//! Pairs drawn by their number, tried on all processors, and told with as little in them as breaks
//! a law.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::alphabet::Kind;
use super::dice::Dice;
use super::document::{Document, Layers, Pair};
use super::draw;
use super::laws::{Tally, check};
use super::shrink::shrunk;
use super::universe::Memory;

#[derive(Default)]
pub struct Tried {
    pub tally: Tally,
    /// The law that a pair breaks, by its number.
    pub broken: BTreeMap<usize, String>,
}

fn drawn(number: usize) -> (Kind, Pair) {
    let mut dice = Dice::new(number as u64);
    let kinds = [Kind::Identity, Kind::Identity, Kind::Holder, Kind::Bucket, Kind::Trust];
    let kind = *dice.pick(&kinds);
    (kind, draw::pair(kind, &mut dice))
}

/// All pairs in turn, on all processors.
pub fn tried(numbers: &Range<usize>) -> Tried {
    let next = AtomicUsize::new(numbers.start);
    let all = Mutex::new(Tried::default());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let (mut memory, mut mine) = (Memory::default(), Tried::default());
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= numbers.end {
                        break;
                    }
                    let (kind, pair) = drawn(number);
                    match check(kind, &pair, number as u64, &mut memory) {
                        Ok(tally) => mine.tally = mine.tally.and(&tally),
                        Err(law) => drop(mine.broken.insert(number, law)),
                    }
                }
                let mut all = all.lock().expect("no thread panics");
                all.tally = all.tally.and(&mine.tally);
                all.broken.extend(mine.broken);
            });
        }
    });
    all.into_inner().expect("no thread panics")
}

/// The pair with as little in it as still breaks the same law.
pub fn told(number: usize, law: &str) -> String {
    let (kind, pair) = drawn(number);
    let again = |pair: &Pair| check(kind, pair, number as u64, &mut Memory::default()).err();
    let same = |other: &String| law.chars().take(20).eq(other.chars().take(20));
    let small = shrunk(pair, |pair| again(pair).is_some_and(|law| same(&law)));
    let documents = |layer: &Vec<Document>| {
        layer.iter().map(|it| format!("  {}\n", it.json())).collect::<String>()
    };
    let side =
        |layers: &Layers| layers.iter().map(documents).collect::<Vec<_>>().join("  within\n");
    let law = again(&small).unwrap_or_default();
    format!(
        "pair {number} ({kind:?})\nbefore\n{}after\n{}{law}",
        side(&small.before),
        side(&small.after)
    )
}
