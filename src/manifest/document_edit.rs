//! Changes policy documents in the files that hold them. Only the tokens that change are written:
//! comments, layout and variables stay. Each changed text is read again, and must hold exactly the
//! changed documents.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::documents::{DocumentSource, Documents, Origin};
use super::node::{self, Node, NodeContent};
use super::source::SourceFile;
use crate::address::Address;
use crate::diagnostic::Place;
use crate::policy;
use crate::policy::lint::{Fix, FixChange, apply_fixes};
use crate::value::Value;

/// A file with changed documents.
#[derive(Debug)]
pub struct EditedFile {
    pub path: PathBuf,
    pub before: Arc<str>,
    pub after: String,
}

/// The result of [`edit_documents`].
#[derive(Debug, Default)]
pub struct Edits {
    pub files: Vec<EditedFile>,
    /// The changes that were made, each with the place in the text before.
    pub made: Vec<(Place, String)>,
    /// The changes that this module can't make, such as those of a list with comments.
    pub left: Vec<(Place, String)>,
}

/// Changes the documents by `fixes_of`, and returns the changed files. Writes nothing.
pub fn edit_documents(
    documents: &Documents,
    fixes_of: impl Fn(&Address, &Value) -> Vec<Fix>,
) -> Edits {
    let mut files: BTreeMap<PathBuf, FileEdit> = BTreeMap::new();
    let mut edits = Edits::default();
    let mut seen = BTreeSet::new();
    for ((address, _), source) in documents {
        let top = source.locate("");
        let key = (top.file.shown.clone(), top.line, top.column);
        // Several policies may have one file.
        if !seen.insert(key) || matches!(source.origin(), Origin::Made) {
            continue;
        }
        let file = files
            .entry(top.file.shown.clone())
            .or_insert_with(|| FileEdit { file: Arc::clone(&top.file), tokens: Vec::new() });
        for fix in fixes_of(address, &source.value) {
            let told = (source.locate(&fix.pointer).place(), fix.message.clone());
            let is_made = file.add(source, &fix);
            if is_made { &mut edits.made } else { &mut edits.left }.push(told);
        }
    }
    let changed = files.into_values().filter(|file| !file.tokens.is_empty());
    edits.files.extend(changed.map(|edit| EditedFile {
        path: edit.file.shown.clone(),
        before: Arc::clone(&edit.file.text),
        after: edit.text(&edit.tokens),
    }));
    edits
}

/// The changes of one file, so far.
struct FileEdit {
    file: Arc<SourceFile>,
    /// The texts that take the place of others.
    tokens: Vec<(Range<usize>, String)>,
}

impl FileEdit {
    /// Adds a change of a document; returns false if it can't be made.
    fn add(&mut self, source: &DocumentSource, fix: &Fix) -> bool {
        let Some(tokens) = tokens(source, fix) else { return false };
        // The change alone is tried. Changes are of different tokens, so they can't disturb each
        // other.
        let alone = self.text(&tokens);
        let is_right = match source.origin() {
            Origin::Json(file) => is_right_json(&file.text, &alone, fix),
            Origin::Yaml(document) => is_right_yaml(document, &alone, fix),
            Origin::Made => false,
        };
        if is_right {
            self.tokens.extend(tokens);
        }
        is_right
    }

    fn text(&self, tokens: &[(Range<usize>, String)]) -> String {
        let mut sorted: Vec<_> = tokens.iter().collect();
        sorted.sort_by_key(|(range, _)| range.start);
        let (mut text, mut done) = (String::new(), 0);
        for (range, new) in sorted {
            text.push_str(&self.file.text[done..range.start]);
            text.push_str(new);
            done = range.end;
        }
        text + &self.file.text[done..]
    }
}

/// Returns the tokens of a change; `None` where something else stands between them, such as a
/// comment.
fn tokens(source: &DocumentSource, fix: &Fix) -> Option<Vec<(Range<usize>, String)>> {
    let file = &source.locate("").file;
    let text = &file.text;
    match &fix.change {
        FixChange::Rename(name) => {
            let range = source.locate_key(&fix.pointer).bytes()?;
            let (_, old) = fix.pointer.rsplit_once('/')?;
            let written = &text[range.clone()];
            (written.trim_matches(['"', '\'']) == old)
                .then(|| vec![(range, written.replace(old, name))])
        }
        FixChange::Arrange(order) => {
            let length = source.value.pointer(&fix.pointer)?.as_array()?.len();
            let item = |index| source.locate(&format!("{}/{index}", fix.pointer)).bytes();
            let items: Vec<Range<usize>> = (0..length).map(item).collect::<Option<_>>()?;
            let is_plain = |gap: &str| gap.chars().all(|c| c.is_whitespace() || ",-".contains(c));
            let plain = items
                .windows(2)
                .all(|pair| text.get(pair[0].end..pair[1].start).is_some_and(is_plain));
            let last = order.len().checked_sub(1)?;
            let moved = order
                .iter()
                .enumerate()
                .map(|(index, from)| (items[index].clone(), text[items[*from].clone()].to_owned()));
            let rest = items[last].end..items.last()?.end;
            let cut = (!rest.is_empty()).then(|| (rest, String::new()));
            plain.then(|| moved.chain(cut).collect())
        }
    }
}

fn is_right_json(before: &str, after: &str, fix: &Fix) -> bool {
    let (Ok(before), Ok(after)) = (policy::parse(before), policy::parse(after)) else {
        return false;
    };
    apply_fixes(&before, std::slice::from_ref(fix)).is_some_and(|expected| expected == *after)
}

fn is_right_yaml(document: &Node, after: &str, fix: &Fix) -> bool {
    let file = &document.spot.file;
    let changed = SourceFile::new(file.shown.clone(), file.relative.clone(), after);
    let mut problems = Vec::new();
    let (Some(before), Some(after)) =
        (node::parse(file, &mut problems), node::parse(&Arc::new(changed), &mut problems))
    else {
        return false;
    };
    let (Some(pointer), Some(expected)) =
        (pointer_to(&before, document), apply_fixes(&document.value(), std::slice::from_ref(fix)))
    else {
        return false;
    };
    let mut whole = before.value();
    let Some(place) = whole.pointer_mut(&pointer) else { return false };
    *place = expected;
    whole == after.value()
}

/// Returns the pointer to the node of a tree that stands where another node stands.
fn pointer_to(tree: &Node, wanted: &Node) -> Option<String> {
    let at = |node: &Node| (node.spot.line, node.spot.column);
    if at(tree) == at(wanted) && tree.value() == wanted.value() {
        return Some(String::new());
    }
    match &tree.content {
        NodeContent::List(nodes) => nodes
            .iter()
            .enumerate()
            .find_map(|(index, node)| Some(format!("/{index}{}", pointer_to(node, wanted)?))),
        NodeContent::Map(entries) => entries.iter().find_map(|entry| {
            let key = entry.key.replace('~', "~0").replace('/', "~1");
            Some(format!("/{key}{}", pointer_to(&entry.node, wanted)?))
        }),
        NodeContent::Plain(_) | NodeContent::Text(_) => None,
    }
}
