//! The layers stay layers: a module uses only modules of a lower rank, one folder knows the SDK,
//! files stay small.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom up. A module uses itself and modules of a lower rank, no others.
const RANKS: &[(usize, &[&str])] = &[
    (0, &["address", "allowed_files", "clock", "value", "diagnostic", "encryption"]),
    (2, &["call"]),
    (3, &["reads"]),
    (4, &["kind"]),
    (5, &["model"]),
    (6, &["manifest", "state", "graph"]),
    (7, &["permissions", "port"]),
    // `resolve` does not use `diff`: it knows what to read without comparing.
    (8, &["diff", "resolve"]),
    (9, &["access"]),
    (10, &["plan", "lint"]),
    (11, &["event"]),
    (12, &["render", "transport"]),
    // `apply` uses `resolve` to read each object again before it is changed.
    (13, &["apply", "provider"]),
    (14, &["store"]),
    (15, &["engine"]),
    (16, &["cli"]),
];

const LONGEST_FILE: usize = 600;
const LONGEST_MEDIAN: usize = 150;
const LONGEST_MAIN: usize = 40;

struct Source {
    /// Relative to the crate, with `/`.
    path: String,
    text: String,
}

/// A line of code, or several that one `use` was wrapped into.
struct Code {
    line: usize,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    collect(&root.join("crates"), &mut files);
    files.sort();
    files
        .into_iter()
        .map(|file| Source {
            path: file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/"),
            text: fs::read_to_string(&file).unwrap(),
        })
        .collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

fn rank(module: &str) -> Option<usize> {
    RANKS.iter().find(|(_, modules)| modules.contains(&module)).map(|(rank, _)| *rank)
}

impl Source {
    /// `src/plan/file.rs` belongs to `plan`; what is below `crates/` to none.
    fn module(&self) -> Option<&str> {
        self.path.strip_prefix("src/")?.split(['/', '.']).next()
    }

    /// Without comments.
    fn code(&self) -> Vec<Code> {
        let mut found: Vec<Code> = Vec::new();
        let mut open_use = false;
        for (index, line) in self.text.lines().enumerate() {
            let line = line.trim();
            if line.starts_with("//") {
                continue;
            }
            match found.last_mut() {
                Some(last) if open_use => last.text += line,
                _ => found.push(Code { line: index + 1, text: line.to_owned() }),
            }
            let is_use = line.starts_with("use ") || line.starts_with("pub use ");
            open_use = (open_use || is_use) && !line.ends_with(';');
        }
        found
    }

    /// Without the unit tests, which stand at the end.
    fn own_length(&self) -> usize {
        self.text.lines().take_while(|line| line.trim() != "#[cfg(test)]").count()
    }

    fn is_for_tests(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }
}

/// The modules that a line names as `crate::module`, also in `use crate::{a, b::c}`.
fn named_in(line: &str) -> BTreeSet<&str> {
    let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let mut names = BTreeSet::new();
    for rest in line.split("crate::").skip(1) {
        let Some(list) = rest.strip_prefix('{') else {
            names.extend(rest.split(ends).next());
            continue;
        };
        let mut depth = 0_usize;
        let pieces = list.split(|c| {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ',' && depth == 0
        });
        names.extend(pieces.filter_map(|piece| piece.trim().split(ends).next()));
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn names_are_found_in_paths_and_in_lists() {
    let found = |line| named_in(line).into_iter().collect::<Vec<_>>();
    assert_eq!(found("use crate::call::{Read, Write};"), ["call"]);
    assert_eq!(
        found("use crate::{address::Address, value::{Value, text}, call};"),
        ["address", "call", "value"]
    );
    assert_eq!(
        found("pub before: Option<crate::kind::LiveObject>, crate::model::Live"),
        ["kind", "model"]
    );
    assert_eq!(found("let x = 1;"), Vec::<&str>::new());

    let wrapped = "use crate::{\n    plan::Plan,\n    value::Value,\n};\n// crate::cli\nfn x() {}";
    let source = Source { path: "src/x.rs".into(), text: wrapped.into() };
    let code = source.code();
    assert_eq!(code.len(), 2);
    assert_eq!(named_in(&code[0].text).into_iter().collect::<Vec<_>>(), ["plan", "value"]);
}

#[test]
fn every_module_has_a_rank() {
    let sources = sources();
    let modules: BTreeSet<&str> = sources
        .iter()
        .filter_map(Source::module)
        .filter(|module| !["lib", "main"].contains(module))
        .collect();
    let ranked: BTreeSet<&str> =
        RANKS.iter().flat_map(|(_, modules)| modules.iter().copied()).collect();
    assert_eq!(modules, ranked);
}

#[test]
fn a_module_uses_only_modules_of_a_lower_rank() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some((module, own)) = source.module().and_then(|module| Some((module, rank(module)?)))
        else {
            continue;
        };
        for code in source.code() {
            for name in named_in(&code.text) {
                if name != module && rank(name).is_some_and(|other| other >= own) {
                    wrong.push(format!(
                        "{}:{}: {module} ({own}) uses {name}",
                        source.path, code.line
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "these lines turn the layers upside down:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_aws_provider_knows_the_sdk() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !source.path.starts_with("src/provider/aws/")) {
        let uses = source.code().into_iter().filter(|code| code.text.contains("aws_sdk_"));
        wrong.extend(uses.map(|code| format!("{}:{}: {}", source.path, code.line, code.text)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Only a dependency that is for tests: Cargo then lets no code of `src/` name it.
#[test]
fn fault_injection_is_for_tests_only() {
    let manifest =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let mut section = "";
    let mut dependents = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if line.starts_with("relayctl-faults") {
            dependents.push(section);
        }
    }
    assert_eq!(dependents, ["[dev-dependencies]"]);
}

#[test]
fn files_stay_small() {
    let sources: Vec<Source> =
        sources().into_iter().filter(|source| !source.is_for_tests()).collect();
    let long: Vec<String> = sources
        .iter()
        .filter(|source| source.own_length() > LONGEST_FILE)
        .map(|source| format!("{}: {} lines without its tests", source.path, source.own_length()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));

    let mut lengths: Vec<usize> = sources.iter().map(Source::own_length).collect();
    lengths.sort_unstable();
    assert!(lengths[lengths.len() / 2] < LONGEST_MEDIAN, "{lengths:?}");

    let main = sources.iter().find(|source| source.path == "src/main.rs").unwrap();
    assert!(main.own_length() < LONGEST_MAIN);
}
