//! Resolves `extends:`, which merges a manifest over another one.

use std::path::Path;
use std::sync::Arc;

use super::node::{self, MapEntry, Node, NodeContent};
use super::not_manifest;
use super::source::{self, ReadError, SourceFile, SourceFiles, Span};
use crate::allowed_files::FileRefusal;
use crate::diagnostic::Diagnostic;

/// The most files that extend each other.
const MAX_CHAIN: usize = 64;

/// Reads a manifest and all manifests that it extends, as one tree in which every node keeps its
/// own place.
pub fn read(
    manifest: &Path,
    files: &mut SourceFiles,
    problems: &mut Vec<Diagnostic>,
) -> Option<Node> {
    let file = match files.read(manifest) {
        Ok(file) => file,
        Err(error) => {
            let help = match &error {
                ReadError::Refused(FileRefusal::Outside { real, .. }) => {
                    format!("if it is your own manifest, name it itself: {}", real.display())
                }
                ReadError::Refused(_) | ReadError::NotText { .. } => error.help(),
            };
            problems.push(Diagnostic::error(error.code(), None, error.to_string()).help(help));
            return None;
        }
    };
    Chain { files, problems, open: Vec::new() }.load(&file)
}

struct Chain<'a> {
    files: &'a mut SourceFiles,
    problems: &'a mut Vec<Diagnostic>,
    /// The files that are being read, outermost first, to detect cycles.
    open: Vec<Arc<SourceFile>>,
}

impl Chain<'_> {
    fn load(&mut self, file: &Arc<SourceFile>) -> Option<Node> {
        if let Some(problem) = not_manifest::other_language(file) {
            self.problems.push(problem);
            return None;
        }
        let over = node::parse(file, self.problems)?;
        let NodeContent::Map(entries) = &over.content else {
            let (code, message) = if over.is_null() {
                ("empty-manifest", "the manifest is empty".to_owned())
            } else {
                ("wrong-type", format!("a manifest is a map, but this is {}", over.kind()))
            };
            let place = Some(Span::top(file).place());
            let help = "begin with `version: 1`, `name:`, `account:` and `region:`; `relayctl \
                init` writes an example";
            self.problems.push(Diagnostic::error(code, place, message).help(help));
            return None;
        };
        let Some(position) = entries.iter().position(|entry| &*entry.key == "extends") else {
            return Some(over);
        };
        let extends = entries[position].clone();
        let rest = entries.iter().filter(|entry| entry.key != extends.key).cloned().collect();
        let over = Node { spot: over.spot, content: NodeContent::Map(rest) };
        if extends.node.is_null() {
            return Some(over);
        }
        self.open.push(Arc::clone(file));
        let base = self.base(&extends.node);
        self.open.pop();
        // A manifest whose base can't be read lacks fields through no fault of its own: only the
        // base's problem is reported.
        Some(merge(base?, over, &|_, _| true))
    }

    fn base(&mut self, extends: &Node) -> Option<Node> {
        let place = Some(extends.spot.place());
        let Some(path) = extends.text().filter(|path| !path.is_empty() && !path.contains("${"))
        else {
            let message =
                format!("`extends` must be the path of one file, but this is {}", what(extends));
            let help = "write for example `extends: base.yaml`; variables are not known yet when \
                files are put together";
            self.problems.push(Diagnostic::error("wrong-type", place, message).help(help));
            return None;
        };
        let relative = source::relative_to(&extends.spot.file, path);
        let file = match self.files.read(&relative) {
            Ok(file) => file,
            Err(error) => {
                self.problems.push(
                    Diagnostic::error(error.code(), place, error.to_string()).help(error.help()),
                );
                return None;
            }
        };
        if let Some(start) = self.open.iter().position(|open| open.shown == file.shown) {
            let chain = self.open[start..]
                .iter()
                .chain([&file])
                .map(|file| file.shown.display().to_string());
            let message = format!(
                "these files extend each other: {}",
                chain.collect::<Vec<_>>().join(" -> ")
            );
            let problem = Diagnostic::error("extends-cycle", place, message);
            self.problems.push(problem.help("take `extends:` out of one of them"));
            return None;
        }
        if self.open.len() >= MAX_CHAIN {
            let message = format!("more than {MAX_CHAIN} files extend each other");
            let problem = Diagnostic::error("extends-too-deep", place, message);
            self.problems.push(problem.help("put some of them together"));
            return None;
        }
        self.load(&file)
    }
}

fn what(node: &Node) -> String {
    node.text().map_or_else(|| node.kind().to_owned(), |text| format!("`{text}`"))
}

/// Merges maps key by key, where `is_merged` says so of the two. Lists, scalars and other maps of
/// `over` replace those of the base; null removes the base's value.
pub(super) fn merge(base: Node, over: Node, is_merged: &dyn Fn(&Node, &Node) -> bool) -> Node {
    if !is_merged(&base, &over) {
        return over;
    }
    match (base.content, over.content) {
        (NodeContent::Map(base), NodeContent::Map(entries)) => Node {
            spot: over.spot,
            content: NodeContent::Map(merge_entries(&base, &entries, is_merged).into()),
        },
        (_, content) => Node { spot: over.spot, content },
    }
}

fn merge_entries(
    base: &[MapEntry],
    over: &[MapEntry],
    is_merged: &dyn Fn(&Node, &Node) -> bool,
) -> Vec<MapEntry> {
    let mut over: Vec<Option<MapEntry>> = over.iter().cloned().map(Some).collect();
    let positions: std::collections::BTreeMap<Arc<str>, usize> = over
        .iter()
        .enumerate()
        .filter_map(|(at, entry)| Some((Arc::clone(&entry.as_ref()?.key), at)))
        .collect();
    let mut merged = Vec::with_capacity(base.len() + over.len());
    for entry in base.iter().cloned() {
        match positions.get(&*entry.key).and_then(|at| over[*at].take()) {
            None => merged.push(entry),
            Some(new) if new.node.is_null() => {}
            Some(new) => {
                let node = merge(entry.node, new.node, is_merged);
                merged.push(MapEntry { key: new.key, key_spot: new.key_spot, node });
            }
        }
    }
    merged.extend(over.into_iter().flatten());
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allowed_files::AllowedFiles;

    fn merged(base: &str, over: &str) -> Node {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("base")).unwrap();
        std::fs::write(folder.path().join("base/b.yaml"), base).unwrap();
        std::fs::write(folder.path().join("m.yaml"), format!("extends: base/b.yaml\n{over}"))
            .unwrap();
        let mut problems = Vec::new();
        let mut files = SourceFiles::new(folder.path(), AllowedFiles::below(folder.path()));
        let node = read(Path::new("m.yaml"), &mut files, &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        node.unwrap()
    }

    #[test]
    fn maps_merge_lists_and_scalars_replace_and_null_removes() {
        let node = merged(
            "tags: {a: '1', b: '2'}\nusers: {one: {policies: [X, Y]}, two: {}}\nregion: eu-west-1\n",
            "tags: {b: '3', c: '4'}\nusers: {one: {policies: [Z]}, two: null, three: null}\n",
        );
        let expected = serde_json::json!({"tags": {"a": "1", "b": "3", "c": "4"}, "region": "eu-west-1",
            "users": {"one": {"policies": ["Z"]}, "three": null}});
        assert_eq!(node.value(), expected);
    }

    #[test]
    fn every_node_keeps_the_file_that_it_came_from() {
        let node = merged("tags: {a: '1'}\n", "tags: {b: '3'}\n");
        let file = |pointer: &str| node.locate(pointer).file.relative.clone();
        assert_eq!(file("/tags/a"), Path::new("base/b.yaml"));
        assert_eq!(file("/tags/b"), Path::new("m.yaml"));
    }
}
