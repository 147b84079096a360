//! The table of the code, measured from its syntax: the lengths of functions and files, kinds as strings,
//! files and modules that use each other in a circle. `cargo test --test structure -- --nocapture` prints
//! it.

mod circles;
mod graph;
mod kinds;
mod lengths;
mod source;

use std::collections::BTreeSet;
use std::path::Path;

use kinds::Exception;
use source::Crate;

const LONGEST_FUNCTION: usize = 80;
const LONGEST_FILE: usize = 600;

/// The most that there may be of each. A number here only ever goes down.
const LIMITS: Limits = Limits {
    functions_too_long: 0,
    files_too_long: 0,
    circles_of_files: 0,
    circles_of_modules: 0,
    kind_literals: 2,
    kind_decisions: 8,
};

struct Limits {
    functions_too_long: usize,
    files_too_long: usize,
    circles_of_files: usize,
    circles_of_modules: usize,
    kind_literals: usize,
    kind_decisions: usize,
}

/// Kinds' names that mean something else.
const OTHER_WORDS: &[Exception] = &[
    Exception { file: "src/call/iam/write.rs", words: &[("policy", 1)], reason: "AWS's type of a resource in an ARN" },
    Exception { file: "src/cli/policy/can.rs", words: &[("policy", 1)], reason: "a key of the JSON that is printed" },
    Exception { file: "src/permissions/calls.rs", words: &[("user", 1)], reason: "the attribute of an access key" },
    Exception { file: "src/plan/lockout.rs", words: &[("user", 1)], reason: "AWS's type of a resource in an ARN" },
    Exception {
        file: "src/provider/sandbox/guard.rs",
        words: &[("user", 1), ("role", 1), ("group", 1), ("policy", 1)],
        reason: "AWS's types of resources in ARNs",
    },
    Exception { file: "src/render/access/summary.rs", words: &[("policy", 1)], reason: "the attribute of a bucket" },
    Exception { file: "src/resolve/lost.rs", words: &[("user", 1)], reason: "the attribute of an access key" },
];

/// Comparisons of kinds that decide nothing about any one kind.
const OTHER_DECISIONS: &[Exception] = &[
    Exception {
        file: "src/model.rs",
        words: &[("== or !=", 2)],
        reason: "the objects of a kind, whichever is asked for",
    },
    Exception {
        file: "src/reads/principal.rs",
        words: &[("== or !=", 1)],
        reason: "the answer is of the kind that was asked for, whichever that is",
    },
    Exception {
        file: "src/render/human/mod.rs",
        words: &[("== or !=", 1)],
        reason: "the order of kinds, whichever they are",
    },
];

fn project() -> Vec<Crate> {
    source::crates(Path::new(env!("CARGO_MANIFEST_DIR")))
}

#[test]
fn the_house_keeps_its_limits() {
    let crates = project();
    let functions = lengths::functions(&crates, LONGEST_FUNCTION);
    let files = lengths::files(&crates, LONGEST_FILE);
    println!("functions                    {functions}");
    println!("files                        {files}");
    let rows = [
        ("functions that are too long", LIMITS.functions_too_long, functions.over()),
        ("files that are too long", LIMITS.files_too_long, files.over()),
        ("circles of files", LIMITS.circles_of_files, circles::between_files(&crates)),
        ("circles of modules", LIMITS.circles_of_modules, circles::between_modules(&crates)),
        ("kinds as strings", LIMITS.kind_literals, kinds::literals(&crates, OTHER_WORDS)),
        ("decisions without match", LIMITS.kind_decisions, kinds::decisions(&crates, OTHER_DECISIONS)),
    ];
    let mut wrong = Vec::new();
    for (what, most, found) in rows {
        println!("{what:28} {}, at most {most}", found.len());
        if found.len() > most {
            wrong.push(format!("{what}: {}, but at most {most}\n  {}", found.len(), found.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_exception_has_a_reason_and_a_file() {
    let files: BTreeSet<String> = project().into_iter().flat_map(|one| one.sources).map(|source| source.path).collect();
    for exception in OTHER_WORDS.iter().chain(OTHER_DECISIONS) {
        assert!(files.contains(exception.file), "{} is not there", exception.file);
        assert!(!exception.reason.is_empty(), "{}", exception.file);
    }
}
