//! Changes policy documents in the files that hold them. Only the tokens that change are written:
//! comments, layout and variables stay. The changed text is read again, and must hold exactly the
//! changed documents.

use std::collections::BTreeMap;
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
    /// The changes, each with the place in the text before.
    pub made: Vec<(Place, String)>,
}

/// The result of [`edit_documents`].
#[derive(Debug, Default)]
pub struct Edits {
    pub files: Vec<EditedFile>,
    /// The changes that aren't made, each with its place and the reason.
    pub left: Vec<(Place, String, String)>,
}

/// The reasons why a change isn't made.
const COMMENTS: &str = "there are comments beside the values";
const VARIABLES: &str = "the values come from variables of the manifest";
const LAYOUT: &str = "the text can't be changed in place";

/// A document in a file: the path, the line and the column.
type DocumentPlace = (PathBuf, u32, u32);

/// A resource with a document.
type DocumentHolder<'d> = (&'d Address, &'d DocumentSource);

/// Changes the documents by `fixes_of`, which returns `None` beside a change that is to be made, or
/// the reason why not. A document that several resources have is changed as all of them agree.
/// Returns the changed files, and writes nothing.
pub fn edit_documents(
    documents: &Documents,
    fixes_of: impl Fn(&Address, &Value) -> Vec<(Fix, Option<&'static str>)>,
) -> Edits {
    let mut files: BTreeMap<PathBuf, FileEdit<'_>> = BTreeMap::new();
    let mut edits = Edits::default();
    for ((path, ..), holders) in written_documents(documents) {
        let Some((_, source)) = holders.first() else { continue };
        let Some(written) = written_value(source) else { continue };
        let file = files.entry(path).or_insert_with(|| FileEdit {
            file: Arc::clone(&source.locate("").file),
            changes: Vec::new(),
        });
        let wanted: Vec<WantedFixes<'_>> =
            holders.iter().map(|(on, it)| (*on, fixes_of(on, &it.value))).collect();
        let mut seen: Vec<&Fix> = Vec::new();
        for (fix, _) in wanted.iter().flat_map(|(_, fixes)| fixes) {
            if seen.contains(&fix) {
                continue;
            }
            seen.push(fix);
            let place = source.locate(&fix.pointer).place();
            let tokens = match reason_against(fix, &wanted) {
                Some(reason) => Err(reason),
                None => tokens(source, &written, fix).map_err(str::to_owned),
            };
            match tokens {
                Ok(tokens) => {
                    file.changes.push(DocumentChange { source, fix: fix.clone(), tokens, place });
                }
                Err(reason) => edits.left.push((place, fix.message.clone(), reason)),
            }
        }
    }
    for file in files.into_values() {
        file.settle(&mut edits);
    }
    edits
}

/// The changes for a resource, each with the reason why it isn't made.
type WantedFixes<'d> = (&'d Address, Vec<(Fix, Option<&'static str>)>);

/// The number of resources that a reason names.
const SHOWN: usize = 3;

/// Returns the reason why a document isn't changed; `None` if all resources that have it agree.
fn reason_against(fix: &Fix, wanted: &[WantedFixes<'_>]) -> Option<String> {
    let mut reason = None;
    let mut others = Vec::new();
    for (address, fixes) in wanted {
        match fixes.iter().find(|(it, _)| it == fix) {
            Some((_, against)) => reason = reason.or(*against),
            None => others.push(address.to_string()),
        }
    }
    if others.is_empty() {
        return reason.map(str::to_owned);
    }
    let have = if others.len() == 1 { "has" } else { "have" };
    let more = others.len().saturating_sub(SHOWN);
    others.truncate(SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    Some(format!(
        "{}{more} {have} the same document, and there it is accepted or has another remedy",
        others.join(", ")
    ))
}

/// Returns the documents that stand in a file, each with the resources that have it. A file has the
/// path to which links lead: two links to it are one file.
fn written_documents(documents: &Documents) -> BTreeMap<DocumentPlace, Vec<DocumentHolder<'_>>> {
    let mut found: BTreeMap<DocumentPlace, Vec<DocumentHolder<'_>>> = BTreeMap::new();
    for ((address, _), source) in documents {
        let top = source.locate("");
        if !matches!(source.origin(), Origin::Made) {
            let shown = &top.file.shown;
            let path = std::fs::canonicalize(shown).unwrap_or_else(|_| shown.clone());
            let place = (path, top.line, top.column);
            found.entry(place).or_default().push((address, source));
        }
    }
    found
}

/// A change of a document, with the texts that take the place of others.
struct DocumentChange<'d> {
    source: &'d DocumentSource,
    fix: Fix,
    tokens: Vec<(Range<usize>, String)>,
    place: Place,
}

/// The changes of one file.
struct FileEdit<'d> {
    file: Arc<SourceFile>,
    changes: Vec<DocumentChange<'d>>,
}

impl FileEdit<'_> {
    /// Adds the file to the edits, with all changes that can be made.
    fn settle(mut self, edits: &mut Edits) {
        if !self.is_right(&self.changes) {
            // One of the changes can't be made. They are of different tokens, so that each can be
            // tried alone.
            for change in std::mem::take(&mut self.changes) {
                if self.is_right(std::slice::from_ref(&change)) {
                    self.changes.push(change);
                } else {
                    edits.left.push((change.place, change.fix.message, LAYOUT.to_owned()));
                }
            }
            if !self.is_right(&self.changes) {
                let changes = self.changes.into_iter();
                let left = changes.map(|it| (it.place, it.fix.message, LAYOUT.to_owned()));
                edits.left.extend(left);
                return;
            }
        }
        if self.changes.is_empty() {
            return;
        }
        edits.files.push(EditedFile {
            path: self.file.shown.clone(),
            before: Arc::clone(&self.file.text),
            after: self.text(&self.changes),
            made: self.changes.into_iter().map(|it| (it.place, it.fix.message)).collect(),
        });
    }

    fn text(&self, changes: &[DocumentChange<'_>]) -> String {
        let mut sorted: Vec<_> = changes.iter().flat_map(|change| &change.tokens).collect();
        sorted.sort_by_key(|(range, _)| range.start);
        let (mut text, mut done) = (String::new(), 0);
        for (range, new) in sorted {
            text.push_str(&self.file.text[done..range.start]);
            text.push_str(new);
            done = range.end;
        }
        text + &self.file.text[done..]
    }

    /// Tells if the changed text holds the changed documents, and all else as before.
    fn is_right(&self, changes: &[DocumentChange<'_>]) -> bool {
        let Some(first) = changes.first() else { return true };
        let after = self.text(changes);
        match first.source.origin() {
            Origin::Json(file) => {
                let (Ok(before), Ok(after)) = (policy::parse(&file.text), policy::parse(&after))
                else {
                    return false;
                };
                let fixes: Vec<Fix> = changes.iter().map(|change| change.fix.clone()).collect();
                apply_fixes(&before, &fixes).is_some_and(|expected| expected == *after)
            }
            Origin::Yaml(_) => self.is_right_yaml(&after, changes).unwrap_or(false),
            Origin::Made => false,
        }
    }

    fn is_right_yaml(&self, after: &str, changes: &[DocumentChange<'_>]) -> Option<bool> {
        let file = &self.file;
        let edited = SourceFile::new(file.shown.clone(), file.relative.clone(), after);
        let mut problems = Vec::new();
        let before = node::parse(file, &mut problems)?;
        let after = node::parse(&Arc::new(edited), &mut problems)?;
        // By the pointer to each document in the file.
        let mut fixes: BTreeMap<String, Vec<Fix>> = BTreeMap::new();
        for change in changes {
            let Origin::Yaml(document) = change.source.origin() else { return None };
            let pointer = pointer_to(&before, document)?;
            fixes.entry(pointer).or_default().push(change.fix.clone());
        }
        let mut whole = before.value();
        for (pointer, fixes) in fixes {
            let place = whole.pointer_mut(&pointer)?;
            *place = apply_fixes(place, &fixes)?;
        }
        Some(whole == after.value())
    }
}

/// Returns a document before its variables are filled in.
fn written_value(source: &DocumentSource) -> Option<Value> {
    match source.origin() {
        Origin::Json(file) => policy::parse(&file.text).ok().map(policy::Document::into_value),
        Origin::Yaml(node) => Some(node.value()),
        Origin::Made => None,
    }
}

/// Returns the tokens of a change, or the reason why there are none. `written` is the document
/// before its variables are filled in.
fn tokens(
    source: &DocumentSource,
    written: &Value,
    fix: &Fix,
) -> Result<Vec<(Range<usize>, String)>, &'static str> {
    if written.pointer(&fix.pointer) != source.value.pointer(&fix.pointer) {
        return Err(VARIABLES);
    }
    match &fix.change {
        FixChange::Rename(name) => renamed(source, fix, name).ok_or(LAYOUT),
        FixChange::Arrange(order) => {
            let items = items(source, fix).ok_or(LAYOUT)?;
            if !is_plain(source, fix, &items) {
                return Err(COMMENTS);
            }
            let text = &source.locate("").file.text;
            let (Some(last), Some(end)) = (order.len().checked_sub(1), items.last()) else {
                return Err(LAYOUT);
            };
            let moved = order
                .iter()
                .enumerate()
                .map(|(index, from)| (items[index].clone(), text[items[*from].clone()].to_owned()));
            let rest = items[last].end..end.end;
            let cut = (!rest.is_empty()).then(|| (rest, String::new()));
            Ok(moved.chain(cut).collect())
        }
    }
}

fn renamed(source: &DocumentSource, fix: &Fix, name: &str) -> Option<Vec<(Range<usize>, String)>> {
    let range = source.locate_key(&fix.pointer).bytes()?;
    let (_, old) = fix.pointer.rsplit_once('/')?;
    let written = &source.locate("").file.text[range.clone()];
    (written.trim_matches(['"', '\'']) == old).then(|| vec![(range, written.replace(old, name))])
}

/// Returns the places of the items of a list.
fn items(source: &DocumentSource, fix: &Fix) -> Option<Vec<Range<usize>>> {
    let length = source.value.pointer(&fix.pointer)?.as_array()?.len();
    (0..length).map(|index| source.locate(&format!("{}/{index}", fix.pointer)).bytes()).collect()
}

/// Tells if nothing but the layout stands between the items of a list, before the first one, and
/// after the last one: a comment would stand beside another item.
fn is_plain(source: &DocumentSource, fix: &Fix, items: &[Range<usize>]) -> bool {
    let text = &source.locate("").file.text;
    let is_layout = |gap: &str| gap.chars().all(|c| c.is_whitespace() || ",-:[]{}\"'".contains(c));
    let (Some(first), Some(last)) = (items.first(), items.last()) else { return false };
    let between =
        items.windows(2).all(|pair| text.get(pair[0].end..pair[1].start).is_some_and(is_layout));
    let key = source.locate_key(&fix.pointer).bytes();
    let above = key.and_then(|key| text.get(key.end..first.start));
    let rest = &text[last.end..];
    // A list in brackets ends with its bracket, all others with the line.
    let end = if above.is_some_and(|above| above.contains('[')) {
        rest.find(']')
    } else {
        Some(rest.find('\n').unwrap_or(rest.len()))
    };
    between && above.is_some_and(is_layout) && end.is_some_and(|end| is_layout(&rest[..end]))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Inputs, load_manifest};
    use crate::policy::lint::fixes;

    #[test]
    fn a_change_that_would_open_something_for_any_holder_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = "version: 1\nname: x\naccount: \"123456789012\"\nregion: us-east-1\n\
            policies: {A: {document: p.json}, B: {document: p.json}, C: {document: p.json}}\n";
        let document = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
            "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "arn:aws:s3:::b/*"}}"#;
        let path = folder.path().join("x.yaml");
        std::fs::write(&path, manifest).unwrap();
        std::fs::write(folder.path().join("p.json"), document).unwrap();
        let loaded = load_manifest(&path, &Inputs::default());
        let edited = |refusing: Option<&str>| {
            edit_documents(&loaded.documents, |address, document| {
                let opens = Some(address.name()) == refusing;
                fixes(document).into_iter().map(|fix| (fix, opens.then_some("it opens"))).collect()
            })
        };
        let Edits { files, left } = edited(None);
        assert_eq!((files.len(), files[0].made.len(), left.len()), (1, 1, 0));
        for refusing in ["A", "B", "C"] {
            let Edits { files, left } = edited(Some(refusing));
            assert!(files.is_empty(), "{refusing}");
            let reasons: Vec<_> = left.iter().map(|(_, _, reason)| reason.as_str()).collect();
            assert_eq!(reasons, ["it opens"], "{refusing}");
        }
    }
}
