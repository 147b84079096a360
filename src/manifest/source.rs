//! The files that a manifest is made of, and spans in them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, OnceLock};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::suggest;
use crate::allowed_files::{AllowedFiles, FileRefusal, SinkPlace};
use crate::diagnostic::Place;
use crate::policy::SpanIndex;

/// One file that was read.
#[derive(Debug)]
pub struct SourceFile {
    /// The path as the user would write it.
    pub shown: PathBuf,
    /// The path relative to the manifest's folder, so that digests and paths in the plan are the
    /// same on another machine.
    pub relative: PathBuf,
    /// The text, shared with all diagnostics that show a line of it.
    pub text: Arc<str>,
    /// The byte offset of every [`STRIDE`]th line: in manifests of ten thousand lines, lines are
    /// looked up ten thousand times.
    starts: Vec<usize>,
    lines: usize,
    /// The places of the values of a JSON text, from the first lookup on.
    values: OnceLock<Option<SpanIndex>>,
}

/// The number of lines between two known offsets; the lines between them are counted.
const STRIDE: usize = 16;

impl SourceFile {
    pub fn new(shown: PathBuf, relative: PathBuf, text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let mut lines = 0;
        let all = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        let starts = all.inspect(|_| lines += 1).step_by(STRIDE).collect();
        Self { shown, relative, text, starts, lines, values: OnceLock::new() }
    }

    /// Returns the places of the values, if the text is JSON.
    pub(super) fn values(&self) -> Option<&SpanIndex> {
        self.values.get_or_init(|| SpanIndex::of_text(&self.text)).as_ref()
    }

    /// Returns the offset of the beginning of a line.
    fn offset(&self, number: usize) -> Option<usize> {
        let index = number.checked_sub(1)?;
        let start = *self.starts.get(index / STRIDE)?;
        let before = self.text[start..].split_inclusive('\n').take(index % STRIDE);
        Some(start + before.map(str::len).sum::<usize>())
    }

    /// Returns a line by its number, without its end; empty if there is no such line.
    fn line(&self, number: usize) -> &str {
        let Some(index) = number.checked_sub(1) else { return "" };
        let start = self.starts.get(index / STRIDE);
        let rest = start.map_or("", |start| &self.text[*start..]);
        rest.lines().nth(index % STRIDE).unwrap_or_default()
    }
}

/// A span of a file's text. Every node of a manifest has one, so it is small: a line or column
/// beyond 2³² - 1 is given as 2³² - 1, as serde-saphyr does.
#[derive(Clone, Debug)]
pub struct Span {
    pub file: Arc<SourceFile>,
    pub line: u32,
    pub column: u32,
    pub length: u32,
}

impl Span {
    pub fn new(file: &Arc<SourceFile>, line: usize, column: usize, length: usize) -> Self {
        Self {
            file: Arc::clone(file),
            line: small(line),
            column: small(column),
            length: small(length),
        }
    }

    /// Returns the beginning of the file.
    pub fn top(file: &Arc<SourceFile>) -> Self {
        Self::new(file, 1, 1, 1)
    }

    pub fn place(&self) -> Place {
        let Self { file, line, column, length } = self;
        Place {
            file: file.shown.clone(),
            line: whole(*line),
            column: whole(*column),
            length: whole(*length).max(1),
        }
    }

    /// Returns the text from here to the end of the line.
    pub fn rest_of_line(&self) -> &str {
        let line = self.file.line(whole(self.line));
        line.char_indices()
            .nth(whole(self.column).saturating_sub(1))
            .map_or("", |(start, _)| &line[start..])
    }

    /// Returns the bytes of the span in its file; `None` where they aren't all on one line.
    pub fn bytes(&self) -> Option<Range<usize>> {
        let line = self.file.offset(whole(self.line))?;
        let text = self.file.text[line..].lines().next().unwrap_or_default();
        let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        let mut from_here = ends.skip(whole(self.column).checked_sub(1)?);
        let start = from_here.next()?;
        let end = from_here.nth(whole(self.length).checked_sub(1)?)?;
        Some(line + start..line + end)
    }

    /// Returns the first place of `part` from here on, on this line or on the following lines,
    /// where a block scalar continues.
    pub fn within(&self, part: &str) -> Self {
        let first = whole(self.line);
        for number in (first..=self.file.lines).take(200) {
            let line = self.file.line(number);
            let skipped = if number == first { whole(self.column).saturating_sub(1) } else { 0 };
            let start = line.char_indices().nth(skipped).map_or(line.len(), |(start, _)| start);
            if let Some(found) = line[start..].find(part) {
                let column = line[..start + found].chars().count() + 1;
                return Self::new(&self.file, number, column, part.chars().count());
            }
        }
        self.clone()
    }
}

/// Converts a number to one of a [`Span`].
pub fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn whole(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The reason that a file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Refused(#[from] FileRefusal),
    #[error("{} is not UTF-8 text: byte {at} cannot be read", file.display())]
    NotText { file: PathBuf, at: usize },
}

impl ReadError {
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.diagnostic_code(),
            Self::NotText { .. } => "not-utf8",
        }
    }

    pub fn help(&self) -> String {
        match self {
            Self::Refused(FileRefusal::Missing(path)) if let Some(near) = near_file(path) => {
                format!("did you mean {}?", near.display())
            }
            Self::Refused(FileRefusal::Missing(_)) => {
                "a relative path is relative to the file that says it; check the name".to_owned()
            }
            Self::Refused(refusal) => refusal.remedy(),
            Self::NotText { .. } => "save the file as UTF-8".to_owned(),
        }
    }
}

/// Returns the file in the same folder whose name is most like that of a missing file.
fn near_file(path: &Path) -> Option<PathBuf> {
    let folder = path.parent()?;
    let readable = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(readable).ok()?.flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|it| it.is_file()));
    let names: Vec<String> =
        files.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let near = suggest::nearest(path.file_name()?.to_str()?, names.iter().map(String::as_str))?;
    Some(folder.join(near))
}

/// All files of one manifest, each read once.
#[derive(Debug)]
pub struct SourceFiles {
    folder: PathBuf,
    allowed: AllowedFiles,
    read: BTreeMap<PathBuf, Arc<SourceFile>>,
}

impl SourceFiles {
    /// Makes an empty set of files; `folder` is the manifest's.
    pub fn new(folder: &Path, allowed: AllowedFiles) -> Self {
        Self { folder: folder.to_owned(), allowed, read: BTreeMap::new() }
    }

    /// Returns the place of a file that relayctl writes, whose path is relative to the manifest's
    /// folder.
    pub fn find_sink(&self, relative: &str) -> Result<SinkPlace, FileRefusal> {
        self.allowed.find_sink(&self.folder.join(relative))
    }

    /// Makes sure that a file may be read, whose path is relative to the manifest's folder. It need
    /// not exist.
    pub fn check_readable(&self, relative: &str) -> Result<(), FileRefusal> {
        self.allowed.check_readable(&self.folder.join(relative))
    }

    /// Reads a file, whose path is relative to the manifest's folder.
    pub fn read(&mut self, relative: &Path) -> Result<Arc<SourceFile>, ReadError> {
        let shown = normalize_path(&self.folder.join(relative));
        if let Some(file) = self.read.get(&shown) {
            return Ok(Arc::clone(file));
        }
        let bytes = self.allowed.read_file(&shown)?;
        let text = String::from_utf8(bytes).map_err(|error| ReadError::NotText {
            file: shown.clone(),
            at: error.utf8_error().valid_up_to() + 1,
        })?;
        // A byte order mark is no part of the text, but Windows editors write one.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let file = Arc::new(SourceFile::new(shown.clone(), relative.to_owned(), text));
        self.read.insert(shown, Arc::clone(&file));
        Ok(file)
    }

    pub fn texts(&self) -> BTreeMap<PathBuf, Arc<str>> {
        self.read.iter().map(|(path, file)| (path.clone(), Arc::clone(&file.text))).collect()
    }

    /// Returns the SHA-256 over all files and the values that came from outside.
    pub fn digest<'a>(&self, values: impl Iterator<Item = (&'a str, &'a str)>) -> String {
        let mut hasher = Sha256::new();
        let mut part = |bytes: &[u8]| {
            // The length keeps two parts apart, whatever their content.
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        };
        let mut files: Vec<_> = self.read.values().collect();
        files.sort_by(|one, other| one.relative.cmp(&other.relative));
        for file in files {
            part(slashed(&file.relative).as_bytes());
            part(file.text.as_bytes());
        }
        for (name, value) in values {
            part(name.as_bytes());
            part(value.as_bytes());
        }
        HEXLOWER.encode(&hasher.finalize())
    }
}

/// Makes a path that is written in `file` relative to the manifest's folder.
pub fn relative_to(file: &SourceFile, path: &str) -> PathBuf {
    normalize_path(&file.relative.parent().unwrap_or(Path::new("")).join(path))
}

/// Returns a path as text, with `/` on every system.
pub fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

/// Removes `.` and `name/..` without asking the file system: links are followed when the file is
/// read.
pub fn normalize_path(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(tidied.components().next_back(), Some(Component::Normal(_))) =>
            {
                tidied.pop();
            }
            other @ (Component::ParentDir
            | Component::Prefix(_)
            | Component::RootDir
            | Component::Normal(_)) => {
                tidied.push(other);
            }
        }
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_file_that_says_them() {
        let file = SourceFile::new("m/../base/b.yaml".into(), "../base/b.yaml".into(), "");
        assert_eq!(relative_to(&file, "policies/x.json"), Path::new("../base/policies/x.json"));
        assert_eq!(relative_to(&file, "../manifests/./x.json"), Path::new("../manifests/x.json"));
        assert_eq!(relative_to(&file, "/etc/x.json"), Path::new("/etc/x.json"));
        assert_eq!(normalize_path(Path::new("../../a")), Path::new("../../a"));
    }

    #[test]
    fn a_part_is_found_in_characters_from_the_spot_on() {
        let file = Arc::new(SourceFile::new("f".into(), "f".into(), "ä: ${x} ${y}\n  ${x}\n"));
        let spot = Span::new(&file, 1, 5, 1);
        let found = spot.within("${y}");
        assert_eq!((found.line, found.column, found.length), (1, 9, 4));
        assert_eq!((spot.within("${x}").line, spot.within("${x}").column), (2, 3));
        assert_eq!(spot.rest_of_line(), "{x} ${y}");
    }

    #[test]
    fn a_place_beyond_what_a_spot_holds_is_told_as_the_last_that_it_can_hold() {
        let file = Arc::new(SourceFile::new("f".into(), "f".into(), "text"));
        let spot = Span::new(&file, usize::MAX, usize::MAX, usize::MAX);
        assert_eq!((spot.line, spot.column, spot.length), (u32::MAX, u32::MAX, u32::MAX));
        assert_eq!((spot.rest_of_line(), spot.within("text").line), ("", u32::MAX));
    }

    #[test]
    fn every_line_is_found_by_its_number() {
        let lines: Vec<String> =
            (1..=3 * STRIDE).map(|number| format!("line {number}\r\n")).collect();
        let file = SourceFile::new("f".into(), "f".into(), lines.concat());
        for number in 1..=3 * STRIDE {
            assert_eq!(file.line(number), format!("line {number}"));
        }
        assert_eq!((file.line(0), file.line(3 * STRIDE + 1), file.line(usize::MAX)), ("", "", ""));
    }
}
