//! The core's CPU time grows with the number of resources, and hardly faster.
//!
//! Time is the thread's own, not the clock's, so that the load of the machine matters little; and
//! the best of several rounds counts. Eight times as much may take fourteen times as long.
//! Quadratic work takes sixty-four times as long. A binary of its own, since it measures CPU time.
#![cfg(target_os = "linux")]

#[path = "support/relays.rs"]
mod relays;

use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use futures::executor::block_on;
use relayctl::diff::diff;
use relayctl::graph::DependencyOrder;
use relayctl::lint;
use relayctl::manifest::{Inputs, Loaded, load_manifest};
use relayctl::model::{Live, Recorded};
use relayctl::plan::{Plan, PlanMode, build};
use relayctl::port::Store;
use relayctl::render::{diagnostic, html, human, json, lint as lint_page, markdown};
use relayctl::state::{JournalChange, State};
use relayctl::store::memory::MemoryStore;
use relays::{RESOURCES, World};

const FEW: usize = 10;
const TIMES: usize = 8;
/// For texts, which take long to write.
const FEWER: usize = 5;
const MOST: u32 = 14;

/// Returns this thread's CPU time.
fn time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}

/// Measures the time of one run. The system counts in steps of a few milliseconds, so the work is
/// repeated.
fn taken<T>(work: impl Fn() -> T) -> Duration {
    let (begin, mut times) = (time(), 0);
    loop {
        black_box(work());
        times += 1;
        let all = time().saturating_sub(begin);
        if all > Duration::from_millis(40) {
            return all / times;
        }
    }
}

/// Compares work on many with work on few. Returns the verdict and the best time of each.
fn grows<I, T>(few: &I, many: &I, work: impl Fn(&I) -> T) -> (bool, [Duration; 2]) {
    let mut best = [Duration::MAX; 2];
    for _ in 0..8 {
        best = [best[0].min(taken(|| work(few))), best[1].min(taken(|| work(many)))];
        if best[1] < best[0] * MOST {
            return (true, best);
        }
    }
    (false, best)
}

#[track_caller]
fn hardly_faster<I, T>(what: &str, few: &I, many: &I, work: impl Fn(&I) -> T) {
    let (well, [one, eight]) = grows(few, many, work);
    assert!(
        well,
        "{what}: {one:?} for few relays, {eight:?} for {TIMES} times as many: more than {MOST} \
            times as long"
    );
}

fn both(few: usize) -> [World; 2] {
    [few, TIMES * few].map(World::new)
}

/// For what is small enough to be measured on more.
static WORLDS: LazyLock<[World; 2]> = LazyLock::new(|| both(FEW));

#[test]
fn reading_a_manifest_grows_hardly_faster_than_it() {
    let folder = tempfile::tempdir().unwrap();
    let [few, many] = [FEW, TIMES * FEW].map(|relays| {
        let path = folder.path().join(format!("{relays}.yaml"));
        std::fs::write(&path, relays::manifest(relays)).unwrap();
        path
    });
    hardly_faster("load", &few, &many, |path| relays::load(path));
}

#[test]
fn planning_grows_hardly_faster_than_what_is_declared() {
    let [few, many] = &*WORLDS;
    let nothing = |it: &World| relays::plan(&it.desired, &it.recorded, &it.live, PlanMode::Apply);
    assert!(nothing(many).steps.is_empty(), "there is nothing to do");
    hardly_faster("diff", few, many, |it| diff(&it.desired, &it.recorded, &it.live, false).len());
    hardly_faster("graph", few, many, |it| {
        DependencyOrder::new(
            it.desired.resources.iter().map(|(address, it)| (address, &it.depends_on)),
        )
        .sorted()
    });
    hardly_faster("nothing", few, many, nothing);
    hardly_faster("removal", few, many, |it| {
        let (desired, header) = (it.undeclared(), relays::header(PlanMode::Destroy));
        build::build(
            header,
            relays::stamp(),
            diff(&desired, &it.recorded, &it.live, true),
            &desired,
            &it.recorded,
        )
    });
    hardly_faster("creation", few, many, |it| {
        let (recorded, live) = (Recorded::new(), Live::new());
        let decisions = diff(&it.desired, &recorded, &live, false);
        build::build(
            relays::header(PlanMode::Apply),
            relays::stamp(),
            decisions,
            &it.desired,
            &recorded,
        )
    });
}

#[test]
fn what_a_plan_means_and_how_it_reads_grows_hardly_faster_than_it() {
    let plans = both(FEWER).map(|world| [world.creation(), world.removal()]);
    for (number, what) in ["creation", "removal"].into_iter().enumerate() {
        let [few, many] = [&plans[0][number], &plans[1][number]];
        assert_eq!(many.changes.len(), TIMES * FEWER * RESOURCES);
        let texts: [fn(&Plan) -> String; 4] = [
            |it| {
                human::render_plan(
                    it,
                    human::HumanStyle { verbose: true, ..human::HumanStyle::default() },
                )
            },
            json::render_plan,
            |it| markdown::render_plan(it, None),
            |it| html::render_plan(it, None),
        ];
        for text in texts {
            hardly_faster(what, few, many, text);
        }
    }
}

#[test]
fn noting_a_step_costs_the_same_beside_however_large_a_state() {
    let stores = WORLDS.each_ref().map(|world| {
        let resources = world.recorded.clone();
        let state = State { resources, ..State::new("l", "bench", "123456789012") };
        let store = MemoryStore::new();
        block_on(store.save_state(&state)).unwrap();
        let (address, entry) = state.resources.into_iter().next().unwrap();
        (store, JournalChange { lineage: "l".to_owned(), serial: 1, address, entry: Some(entry) })
    });
    let note = |(store, change): &(MemoryStore, JournalChange)| {
        (0..100).for_each(|_| block_on(store.append(std::slice::from_ref(change))).unwrap());
    };
    let [few, many] = &stores;
    let worst = (0..5)
        .map(|_| [taken(|| note(few)), taken(|| note(many))])
        .find(|[few, many]| *many < *few * 4);
    assert!(worst.is_some(), "it takes longer beside a larger state");
}

/// The beginning of a manifest.
const HEAD: &str = "version: 1\nname: x\naccount: \"123456789012\"\nregion: us-east-1\n";

/// Loads a manifest, and reads all of its files.
fn loaded(folder: &Path, name: &str, text: &str) -> Loaded {
    let path = folder.join(name);
    std::fs::write(&path, format!("{HEAD}{text}")).unwrap();
    load_manifest(&path, &Inputs::default())
}

/// Returns roles, each with a policy of its own, on one line or on many.
fn roles(number: usize, separator: &str) -> String {
    let mut roles = String::new();
    for number in 0..number {
        let _ = write!(
            roles,
            "r{number}: {{trust: {{services: [lambda.amazonaws.com]}}, inline_policies: \
                {{P: {{Version: \"2012-10-17\", Statement: [{{Effect: Allow, \
                Action: [\"iam:PassRole\", \"lambda:*\", \"s3:Get{number}\"], \
                Resource: \"*\"}}]}}}}}}{separator}"
        );
    }
    roles
}

#[test]
fn linting_grows_hardly_faster_than_the_number_of_policies() {
    let folder = tempfile::tempdir().unwrap();
    let [few, many] = [FEW, TIMES * FEW].map(|number| {
        let text = format!("roles:\n  {}\n", roles(number, "\n  "));
        loaded(folder.path(), &format!("{number}.yaml"), &text)
    });
    let found = |it: &Loaded| {
        lint::lint_manifest(it.desired.as_ref().expect("a valid manifest"), &it.documents)
    };
    assert_eq!(found(&many).len(), TIMES * found(&few).len());
    assert!(found(&few).len() > 5 * FEW, "{}", found(&few).len());
    hardly_faster("lint", &few, &many, found);
}

#[test]
fn printing_findings_grows_hardly_faster_than_their_number() {
    let folder = tempfile::tempdir().unwrap();
    // All on one line of the manifest, or each on lines of its own.
    for (form, begin, separator, end) in
        [("line", "roles: {", ", ", "}\n"), ("lines", "roles:\n  ", "\n  ", "\n")]
    {
        let [few, many] = [FEW, TIMES * FEW].map(|number| {
            let text = format!("{begin}{}{end}", roles(number, separator));
            let it = loaded(folder.path(), &format!("{form}-{number}.yaml"), &text);
            let found =
                lint::lint_manifest(it.desired.as_ref().expect("a valid manifest"), &it.documents);
            (found, it.sources)
        });
        assert_eq!(many.0.len(), TIMES * few.0.len());
        hardly_faster(form, &few, &many, |(found, sources)| {
            lint_page::human(found, sources, false, false)
        });
    }
}

#[test]
fn the_errors_of_a_long_file_grow_hardly_faster_than_it() {
    let folder = tempfile::tempdir().unwrap();
    let [few, many] = [3 * FEW, TIMES * 3 * FEW].map(|number| {
        let statement = |index| {
            format!(
                "{{\"Sid\": \"S{index}\", \"Effect\": \"Allow\", \"Action\": \"nonsense\", \
                    \"Resource\": \"*\"}}"
            )
        };
        let statements: Vec<String> = (0..number).map(statement).collect();
        let text =
            format!("{{\"Version\": \"2012-10-17\", \"Statement\": [{}]}}", statements.join(",\n"));
        let document = format!("p{number}.json");
        std::fs::write(folder.path().join(&document), text).unwrap();
        let path = folder.path().join(format!("{number}.yaml"));
        let text = format!("{HEAD}policies: {{P: {{document: {document}}}}}\n");
        std::fs::write(&path, text).unwrap();
        path
    });
    let read = |path: &std::path::PathBuf| {
        let it = load_manifest(path, &Inputs::default());
        (diagnostic::list_diagnostics(&it.diagnostics, &it.sources, false), it.diagnostics.len())
    };
    assert!(read(&few).1 >= 3 * FEW && read(&many).1 >= TIMES * 3 * FEW);
    hardly_faster("errors", &few, &many, read);
}
