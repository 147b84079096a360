//! The table of the code, measured from its syntax: the lengths of functions and files, kinds as
//! strings, files and modules that use each other in a circle. `cargo test --test structure --
//! --nocapture` prints it.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "syn's enums have dozens of variants, and grow"
)]

mod circles;
mod graph;
mod kinds;
mod layers;
mod lengths;
mod source;
mod words;

use std::collections::BTreeSet;
use std::path::Path;

use kinds::Exception;
use source::Crate;

const LONGEST_FUNCTION: usize = 80;
const LONGEST_FILE: usize = 600;
const COLUMNS: usize = 100;
/// Doc comments that begin with a relative clause, in percent of all.
const RELATIVE_PERCENT: usize = 3;
/// Lines that are wider, which hold long strings: formatters leave those alone. It may become less.
const WIDE_LINES: usize = 450;
/// Accessors such as `name` and `arn`, and verbs whose object is their type's name, such as `open`.
/// It may become less.
const SHORT_NAMES: usize = 140;

/// Functions that are one `match` with an arm for each call of a service: the compiler holds the
/// arms against the list of calls, and parts of them would need an arm for everything else.
const TABLES: &[&str] =
    &["src/provider/aws/iam_write.rs: write", "src/provider/sandbox/iam.rs: write"];

/// Kinds' names that mean something else.
const OTHER_WORDS: &[Exception] = &[
    Exception {
        file: "src/call/iam/write.rs",
        words: &[("policy", 1)],
        reason: "AWS's type of a resource in an ARN",
    },
    Exception {
        file: "src/cli/policy/can.rs",
        words: &[("policy", 1)],
        reason: "a key of the JSON that is printed",
    },
    Exception {
        file: "src/permissions/document.rs",
        words: &[("user", 1), ("role", 1), ("group", 1), ("policy", 1)],
        reason: "AWS's types of resources in ARNs",
    },
    Exception {
        file: "src/plan/lockout.rs",
        words: &[("user", 1)],
        reason: "AWS's type of a resource in an ARN",
    },
    Exception {
        file: "src/provider/sandbox/guard/mod.rs",
        words: &[("user", 1), ("role", 1), ("group", 1), ("policy", 1)],
        reason: "AWS's types of resources in ARNs",
    },
    Exception {
        file: "src/resolve/recovery.rs",
        words: &[("user", 1)],
        reason: "the attribute of an access key",
    },
];

/// Comparisons of kinds that decide nothing about any one kind.
const OTHER_DECISIONS: &[Exception] = &[
    Exception {
        file: "src/diff/moved.rs",
        words: &[("== or !=", 1)],
        reason: "another object of the same kind, whichever that is",
    },
    Exception {
        file: "src/manifest/lower/moved.rs",
        words: &[("== or !=", 1)],
        reason: "the old name and the new one are of one kind, whichever that is",
    },
    Exception {
        file: "src/plan/likely_renames.rs",
        words: &[("== or !=", 1)],
        reason: "a removed and a created object of one kind, whichever that is",
    },
    Exception {
        file: "src/model/mod.rs",
        words: &[("== or !=", 2)],
        reason: "the objects of a kind, whichever is asked for",
    },
    Exception {
        file: "src/reads/principal.rs",
        words: &[("== or !=", 1)],
        reason: "the answer is of the kind that was asked for, whichever that is",
    },
];

fn project() -> Vec<Crate> {
    source::crates(Path::new(env!("CARGO_MANIFEST_DIR")))
}

#[test]
fn the_house_keeps_its_limits() {
    let crates = project();
    let functions = lengths::functions(&crates, LONGEST_FUNCTION, TABLES);
    let files = lengths::files(&crates, LONGEST_FILE);
    println!("functions                    {functions}");
    println!("files                        {files}");
    let docs = words::docs(&crates);
    println!("doc comments                 {}", docs.all);
    println!("beginning relatively         {}", docs.relative.len());
    let share = docs.relative.len() * 100 / docs.all;
    assert!(share < RELATIVE_PERCENT, "{share} %: {:#?}", docs.relative);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (what, found, most) in [
        ("short names of functions", words::short_names(&crates), SHORT_NAMES),
        ("wide lines", words::wide_lines(root, COLUMNS), WIDE_LINES),
    ] {
        println!("{what:28} {}", found.len());
        assert!(found.len() <= most, "{what}, at most {most}:\n  {}", found.join("\n  "));
    }
    let rows = [
        ("functions that are too long", functions.over()),
        ("files that are too long", files.over()),
        ("types that share a name", words::shared_names(&crates)),
        ("wide comments", words::wide_comments(root, COLUMNS)),
        ("circles of files", circles::between_files(&crates)),
        ("circles of modules", circles::between_modules(&crates)),
        ("kinds as strings", kinds::literals(&crates, OTHER_WORDS)),
        ("decisions without match", kinds::decisions(&crates, OTHER_DECISIONS)),
    ];
    for (what, found) in &rows {
        println!("{what:28} {}", found.len());
    }
    let wrong = rows.iter().filter(|(_, found)| !found.is_empty());
    let wrong: Vec<String> =
        wrong.map(|(what, found)| format!("{what}:\n  {}", found.join("\n  "))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_exception_has_a_reason_and_a_file() {
    let files: BTreeSet<String> =
        project().into_iter().flat_map(|one| one.sources).map(|source| source.path).collect();
    for exception in OTHER_WORDS.iter().chain(OTHER_DECISIONS) {
        assert!(files.contains(exception.file), "{} is not there", exception.file);
        assert!(!exception.reason.is_empty(), "{}", exception.file);
    }
}
