//! Real processes against moto, through a network that harms what passes: killed at any moment, and
//! two at once. Whatever happened, the next runs finish, and a client of its own says so.
//!
//! A binary of its own: the kills are timed by a run that has the machine to itself.
#![cfg(unix)]

mod support;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use aho_corasick::AhoCorasick;
use support::proxy::{Proxy, next};
use support::stack::{APPLY, Begun, MANIFEST, Network, Stack, all_are_alike};

/// The number of applies that are killed, unless `RELAYCTL_KILLS` says otherwise.
const KILLS: u64 = 24;

/// Runs mostly wait: for moto, and before they try again.
const AT_ONCE: usize = 8;

/// The latest kill, in times of an unharmed apply that has the machine to itself.
const LATEST: u32 = 4;

/// A stack after an apply that was killed, and the runs that came after.
struct Killed {
    stack: Stack,
    printed: String,
    was_running: bool,
    next_failed: bool,
}

/// Kills an apply of a new stack and lets the next ones finish it.
fn killed(network: &Network, number: u64, after: Duration) -> Killed {
    let stack = network.stack(number);
    let mut begun = stack.start(&network.bad, APPLY);
    thread::sleep(after);
    begun.child.kill().expect("it was not waited for yet");
    let first = begun.ended();
    // The next run has the same network, and may fail in it; the one after it has a good one.
    let next = stack.run(&network.bad, APPLY);
    let last = stack.run(&network.good, APPLY);
    let printed = format!("{}\n{}\n{}\n{}", stack.name, first.told(), next.told(), last.told());
    assert_eq!(last.code, 0, "{printed}");
    let plan = stack.run(&network.good, &["plan", MANIFEST, "--detailed-exitcode"]);
    let printed = format!("{printed}\n{}", plan.told());
    assert_eq!(plan.code, 0, "{printed}");
    Killed { stack, printed, was_running: first.code == -1, next_failed: next.code != 0 }
}

/// All files below, with what is in them.
fn files(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"))
    {
        if entry.path().is_dir() {
            files(&entry.path(), found);
        } else {
            let text = String::from_utf8_lossy(&std::fs::read(entry.path()).expect("readable"))
                .into_owned();
            found.push((entry.path().display().to_string(), text));
        }
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}"))
    })
}

#[test]
fn applies_that_are_killed_at_any_moment_in_a_bad_network_are_finished_by_the_next_runs() {
    let kills = number("RELAYCTL_KILLS", KILLS);
    let seed = number("RELAYCTL_SEED", 1);
    let network = Network::new(seed);
    let unharmed = network.stack(0);
    let begun = Instant::now();
    assert_eq!(unharmed.run(&network.good, APPLY).code, 0);
    let usual = begun.elapsed();

    let (number, dice, all) = (AtomicU64::new(0), Mutex::new(seed), Mutex::new(Vec::new()));
    let work = || {
        while let Some(number) =
            Some(number.fetch_add(1, Ordering::Relaxed) + 1).filter(|number| *number <= kills)
        {
            let share = u32::try_from(next(&mut dice.lock().unwrap()) % 1_000).unwrap();
            let killed = killed(&network, number, usual * LATEST * share / 1_000);
            all.lock().unwrap().push(killed);
        }
    };
    thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    let all = all.into_inner().unwrap();

    let (mut stacks, mut printed) = (vec![unharmed], Vec::new());
    let (mut running, mut failed) = (0, 0);
    for killed in all {
        stacks.push(killed.stack);
        printed.push(killed.printed);
        running += usize::from(killed.was_running);
        failed += usize::from(killed.next_failed);
    }
    all_are_alike(&network, &stacks);
    let searched = no_secret_outside(&network, &stacks, &printed);
    let (requests, harmed) = network.bad.told();
    println!(
        "{kills} applies killed, {running} of them while they ran; {failed} of the next runs \
            failed in the bad network; {requests} requests there, of them reset, unanswered, \
            delayed, throttled, failed: {harmed:?}; {} secrets searched for in {searched} texts",
        network.secrets().len()
    );
    assert!(running * 2 > stacks.len(), "most are killed while they run");
}

/// Only the sinks hold a secret, and only the one of the key that lives.
fn no_secret_outside(network: &Network, stacks: &[Stack], printed: &[String]) -> usize {
    let mut texts: Vec<(String, String)> =
        printed.iter().map(|text| ("printed".to_owned(), text.clone())).collect();
    for stack in stacks {
        let (_, living) = stack.key();
        let mut found = Vec::new();
        files(&stack.project.path(""), &mut found);
        texts.extend(found.into_iter().map(|(path, text)| {
            let is_sink = path.ends_with("aws/credentials") || path.ends_with("key.csv");
            let text = if is_sink { text.replace(&living, "") } else { text };
            (path, text)
        }));
    }
    let secrets =
        AhoCorasick::new(network.secrets()).expect("as many as this can be searched for at once");
    for (place, text) in &texts {
        assert!(!secrets.is_match(text), "a secret is in {place}");
    }
    texts.len()
}

#[test]
fn of_two_applies_at_once_one_applies_and_the_other_says_who_holds_the_lock_or_waits() {
    let network = Network::new(1);
    let slow = Proxy::slow(network.moto.endpoint());
    let (unharmed, stack) = (network.stack(0), network.stack(1));
    assert_eq!(unharmed.run(&network.good, APPLY).code, 0);

    let first = stack.start(&slow, APPLY);
    let (pid, begun) = (first.child.id().to_string(), Instant::now());
    while !stack.project.path("state/relay-n1n.json").exists() {
        assert!(begun.elapsed() < Duration::from_mins(1), "the first one has begun");
        thread::sleep(Duration::from_millis(10));
    }
    let waiting = stack.start(&network.good, &[APPLY, &["--lock-timeout", "2m"]].concat());
    let refused = stack.run(&network.good, APPLY);
    assert_eq!(refused.code, 1, "{}", refused.told());
    assert!(refused.stderr.contains(&format!("pid {pid}")), "{}", refused.told());
    let (first, waited) = (first.ended(), waiting.ended());
    assert_eq!((first.code, waited.code), (0, 0), "{}\n{}", first.told(), waited.told());
    assert_eq!(network.secrets().len() + slow.secrets().len(), 2, "one key for each stack");
    assert_eq!(stack.run(&network.good, &["plan", MANIFEST, "--detailed-exitcode"]).code, 0);
}

#[test]
fn applies_that_begin_at_the_same_moment_make_everything_once() {
    let network = Network::new(1);
    let stacks: Vec<Stack> = (0..6).map(|number| network.stack(number)).collect();
    let mut refused = 0;
    for stack in &stacks {
        let both = [stack.start(&network.good, APPLY), stack.start(&network.good, APPLY)]
            .map(Begun::ended);
        let codes = both.each_ref().map(|run| run.code);
        assert!(codes.contains(&0), "{}\n{}", both[0].told(), both[1].told());
        for run in both.iter().filter(|run| run.code != 0) {
            refused += 1;
            assert!(run.code == 1 && run.stderr.contains("pid "), "{}", run.told());
        }
        assert_eq!(stack.run(&network.good, &["plan", MANIFEST, "--detailed-exitcode"]).code, 0);
    }
    all_are_alike(&network, &stacks);
    assert_eq!(network.secrets().len(), stacks.len(), "one key each; {refused} were refused");
}
