//! Decisions and comparisons agree with a brute-force evaluator over small alphabets. What is tried
//! and how is in the folder beside this file, a crate of its own.

use relayctl_oracle::{Tally, decided, told, tried};

const PAIRS: usize = 100_000;

/// Limits pairs with conditions or variables: of a hundred, those left undecided; of a thousand,
/// those decided in one spelling only. A comparison that never decides would break no other law.
const MOST_UNKNOWN: usize = 1;
const MOST_UNSETTLED: usize = 2;

/// A number from the environment.
fn number(name: &str) -> Option<usize> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// `RELAYCTL_ORACLE_FIRST=<number>` and `RELAYCTL_ORACLE_PAIRS=<number>` try others, or one alone.
#[test]
fn a_hundred_thousand_pairs_keep_every_law() {
    let first = number("RELAYCTL_ORACLE_FIRST").unwrap_or(0);
    let count = number("RELAYCTL_ORACLE_PAIRS").unwrap_or(PAIRS);
    let found = tried(&(first..first + count));
    println!("{:?}", found.tally);
    if let Some((number, law)) = found.broken.first_key_value() {
        let alone = format!("alone with RELAYCTL_ORACLE_FIRST={number} RELAYCTL_ORACLE_PAIRS=1");
        panic!(
            "{} pairs break a law, the first {alone}:\n{}",
            found.broken.len(),
            told(*number, law)
        );
    }
    // Of a few pairs no share can be told.
    if count >= PAIRS {
        is_various(&found.tally);
    }
}

fn is_various(tally: &Tally) {
    let conditional: usize = tally.conditional.iter().sum();
    assert!(
        tally.conditional[4] * 100 <= conditional * MOST_UNKNOWN,
        "too much is left unknown: {tally:?}"
    );
    assert!(
        tally.unsettled * 1_000 <= tally.pairs * MOST_UNSETTLED,
        "spelling decides what is known: {tally:?}"
    );
    assert!(
        tally.plain[..4]
            .iter()
            .chain(&tally.conditional[..4])
            .all(|count| count * 50 > tally.pairs),
        "{tally:?}"
    );
    assert!(tally.allowed * 20 > tally.decided && tally.allowed * 2 < tally.decided, "{tally:?}");
}

#[test]
fn decisions_over_all_kinds_of_policies_agree_with_the_evaluator() {
    let decided = decided(25_000).unwrap_or_else(|differs| panic!("{differs}"));
    println!("{decided:?}");
    let kinds = [decided.allowed, decided.denied_explicitly, decided.denied];
    let all = kinds.iter().sum::<usize>() + decided.open;
    assert!(kinds.iter().all(|count| count * 20 > all), "{decided:?}");
    assert!(decided.open * 200 > all, "{decided:?}");
}
