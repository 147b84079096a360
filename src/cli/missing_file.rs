//! The error for a manifest or a plan that is not there: the files that may have been meant.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::CommandError;
use super::project::folder_of;
use relayctl::manifest::{list_paths, manifests_in};

/// The folders in which manifests are searched, from the working directory on.
const DEPTH: usize = 2;
/// The most folders that are looked into.
const FOLDERS: usize = 100;
/// The most files that are suggested.
const SUGGESTED: usize = 3;

/// Returns the error for a path that names no file. `what` is what it should be: "manifest".
pub fn missing_file(what: &str, path: &Path) -> CommandError {
    if path.is_dir() {
        return is_folder(path);
    }
    if path.exists() {
        return CommandError::new(format!("{} is not a regular file", path.display()))
            .with_help("name a file");
    }
    let working = std::env::current_dir().ok().filter(|_| path.is_relative());
    let told = working.map_or_else(String::new, |folder| {
        format!(" (the working directory is {})", folder.display())
    });
    let error = CommandError::new(format!("there is no {what} {}{told}", path.display()));
    let known = known_manifests(folder_of(path));
    let near = nearest_files(path, &known);
    error.with_help(match (near.as_slice(), known.as_slice()) {
        ([], []) => "write one with `relayctl init`".to_owned(),
        ([], known) => format!("there are {}; `relayctl init` writes a new one", list_paths(known)),
        (near, _) => {
            let names: Vec<String> = near.iter().map(|path| path.display().to_string()).collect();
            format!("did you mean {}?", names.join(" or "))
        }
    })
}

fn is_folder(path: &Path) -> CommandError {
    let error = CommandError::new(format!("{} is a folder, not a manifest", path.display()));
    let found = manifests_in(path);
    error.with_help(if found.is_empty() {
        "there is no manifest in it; `relayctl init` writes one".to_owned()
    } else {
        format!("name a manifest in it: {}", list_paths(&found))
    })
}

/// Returns the manifests in a folder, and in and below the working directory.
fn known_manifests(folder: &Path) -> Vec<PathBuf> {
    let mut known: BTreeSet<PathBuf> = manifests_in(folder).into_iter().collect();
    for folder in folders_below(Path::new("")) {
        known.extend(manifests_in(&folder));
    }
    // `./dev.yaml` and `dev.yaml` are the same file.
    let plain = |path: PathBuf| path.strip_prefix(".").map_or(path.clone(), Path::to_owned);
    known.into_iter().map(plain).collect::<BTreeSet<_>>().into_iter().collect()
}

fn folders_below(top: &Path) -> Vec<PathBuf> {
    let mut found = vec![top.to_owned()];
    let mut level = vec![top.to_owned()];
    for _ in 0..DEPTH {
        let inside = |folder: &PathBuf| {
            let readable = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let entries = std::fs::read_dir(readable).into_iter().flatten().flatten();
            let folders = entries.filter(|entry| entry.file_type().is_ok_and(|it| it.is_dir()));
            let names = folders.map(|entry| entry.file_name());
            let seen = names.filter(|name| !is_skipped(&name.to_string_lossy()));
            seen.map(|name| folder.join(name)).collect::<Vec<_>>()
        };
        level = level.iter().flat_map(inside).collect();
        level.sort();
        level.truncate(FOLDERS);
        found.extend(level.iter().cloned());
    }
    found
}

/// Folders that hold no manifests of one's own.
fn is_skipped(folder: &str) -> bool {
    folder.starts_with('.') || ["node_modules", "target", "venv", "state"].contains(&folder)
}

/// Returns the manifests whose path is like the one that is missing: the same name in another
/// folder, the same name without its ending, or a name with a slip in it.
fn nearest_files(path: &Path, known: &[PathBuf]) -> Vec<PathBuf> {
    let likeness = |other: &PathBuf| {
        let [one, two] = [path, other].map(|it| name(it).to_lowercase());
        let [stem, other_stem] = [path, other].map(|it| stem(it).to_lowercase());
        let distance = strsim::damerau_levenshtein(&stem, &other_stem);
        if one == two {
            Some((0, 0))
        } else if stem == other_stem || one == other_stem {
            Some((1, 0))
        } else if distance <= (stem.chars().count() / 3).max(1)
            || strsim::jaro_winkler(&stem, &other_stem) > 0.9
        {
            Some((2, distance))
        } else {
            None
        }
    };
    let mut found: Vec<_> = known.iter().filter_map(|it| Some((likeness(it)?, it))).collect();
    found.sort();
    let best = found.first().map(|(likeness, _)| *likeness);
    let best = found.into_iter().filter(|(likeness, _)| Some(*likeness) == best);
    best.map(|(_, path)| path.clone()).take(SUGGESTED).collect()
}

fn name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(path: &str, known: &[&str]) -> Vec<String> {
        let known: Vec<PathBuf> = known.iter().map(PathBuf::from).collect();
        let found = nearest_files(Path::new(path), &known);
        found.iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn a_file_is_found_by_its_name_elsewhere_and_with_a_slip() {
        let known = ["manifests/dev.yaml", "manifests/prod.yaml", "staging.yml"];
        assert_eq!(near("dev.yaml", &known), ["manifests/dev.yaml"]);
        assert_eq!(near("manifest/prod.yaml", &known), ["manifests/prod.yaml"]);
        assert_eq!(near("manifests/dve.yaml", &known), ["manifests/dev.yaml"]);
        assert_eq!(near("prod", &known), ["manifests/prod.yaml"]);
        assert_eq!(near("staging.yaml", &known), ["staging.yml"]);
        assert_eq!(near("zebra.yaml", &known), Vec::<String>::new());
        assert_eq!(near("dev.yaml", &["a/dev.yaml", "b/dev.yaml"]), ["a/dev.yaml", "b/dev.yaml"]);
    }
}
