//! Prints errors and warnings with the lines that they are about, as rustc does.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::render::text::{count, escape, escape_lines};

/// Returns the diagnostics sorted by place, with the number of errors, warnings and notes at the
/// end; empty if there are none.
pub fn list_diagnostics(
    diagnostics: &[Diagnostic],
    sources: &BTreeMap<PathBuf, impl AsRef<str>>,
    color: bool,
) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut sorted: Vec<_> = diagnostics.iter().collect();
    sorted.sort();
    let mut reader = LineReader::default();
    let mut out = String::new();
    for diagnostic in sorted {
        let place = diagnostic.place.as_ref();
        let part = place.and_then(|place| {
            sources.get(&place.file).and_then(|text| reader.read(text.as_ref(), place))
        });
        let columns = part.as_ref().map(|part| (part.counted(), part.column));
        let text = trimmed(&renderer.render(&[group(diagnostic, part)]));
        out.push_str(&match (place, columns) {
            (Some(place), Some(columns)) => with_column(&text, place.line, columns),
            _ => text,
        });
        out.push_str("\n\n");
    }
    out.push_str(&total(diagnostics));
    out
}

/// Puts the column of a place in the second line, which names the place, where the renderer counted
/// another one in the part of the line that it has.
fn with_column(rendered: &str, line: usize, (counted, column): (usize, usize)) -> String {
    let named = |column: usize| format!(":{line}:{column}");
    let end = rendered.match_indices('\n').nth(1).map_or(rendered.len(), |(end, _)| end);
    match rendered[..end].rfind(&named(counted)) {
        Some(start) if counted != column => {
            let rest = &rendered[start + named(counted).len()..];
            format!("{}{}{rest}", &rendered[..start], named(column))
        }
        _ => rendered.to_owned(),
    }
}

fn group(diagnostic: &Diagnostic, part: Option<LinePart>) -> Group<'_> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(escape(&diagnostic.message)).id(diagnostic.code);
    let mut group = Group::with_title(title);
    if let Some(place) = &diagnostic.place {
        group = match part {
            Some(LinePart { text, marked, .. }) => group.element(
                Snippet::source(text)
                    .path(file(&place.file))
                    .line_start(place.line)
                    .annotation(AnnotationKind::Primary.span(marked)),
            ),
            None => group.element(
                Origin::path(file(&place.file)).line(place.line).char_column(place.column),
            ),
        };
    }
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(escape_lines(help))),
        None => group,
    }
}

fn file(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

/// The characters of a long line that stand before and behind what is marked. The renderer shows
/// fewer; what is beyond them isn't escaped and laid out for every diagnostic again.
const MARGIN: usize = 400;

/// A part of a line, escaped, and the bytes of it that are marked.
struct LinePart {
    text: String,
    marked: Range<usize>,
    /// The column of the mark in the line.
    column: usize,
}

impl LinePart {
    /// Returns the column of the mark in the part.
    fn counted(&self) -> usize {
        self.text[..self.marked.start].chars().count() + 1
    }
}

/// Reads the places of texts one after the other. Places that come in order are found without
/// reading a text twice.
#[derive(Default)]
struct LineReader<'t> {
    text: &'t str,
    /// The line that was read last, with the bytes of its beginning and of its end.
    number: usize,
    line: Range<usize>,
    /// The characters and the bytes before the place that was read last.
    character: usize,
    byte: usize,
}

impl<'t> LineReader<'t> {
    /// Returns the part of a line around a place, which counts characters; `None` if the text has
    /// no such line. A position beyond the line's end becomes the line's end.
    fn read(&mut self, text: &'t str, place: &Place) -> Option<LinePart> {
        if !std::ptr::eq(self.text, text) || place.line < self.number {
            *self = Self { text, ..Self::default() };
        }
        while self.number < place.line {
            // The first line begins where the text does.
            let rest = &text[self.line.end..];
            let rest = if self.number == 0 { rest } else { rest.split_once('\n')?.1 };
            let start = text.len() - rest.len();
            self.line = start..start + rest.find('\n').unwrap_or(rest.len());
            (self.number, self.character, self.byte) = (self.number + 1, 0, start);
        }
        // A line break at the end of the text begins no line.
        if place.line == 0 || self.line.start == text.len() {
            return None;
        }
        let line = &text[self.line.clone()];
        let line_end = self.line.start + line.strip_suffix('\r').unwrap_or(line).len();
        let first = place.column.saturating_sub(1);
        if first < self.character {
            (self.character, self.byte) = (0, self.line.start);
        }
        let forward = |from: usize, characters: usize| {
            let rest = &text[from.min(line_end)..line_end];
            rest.char_indices().nth(characters).map_or(line_end, |(at, _)| from + at)
        };
        let start = forward(self.byte, first - self.character);
        if start < line_end {
            (self.character, self.byte) = (first, start);
        }
        let end = forward(start, place.length.max(1));
        let before = &text[self.line.start..start];
        let from = before.char_indices().rev().nth(MARGIN).map_or(0, |(at, _)| at);
        let shown = &text[self.line.start + from..forward(end, MARGIN)];
        let shown_end = self.line.start + from + shown.len();
        let escaped = escape_source(shown);
        // What is escaped depends on what follows it, so that offsets are counted from the end.
        let at = |byte: usize| escaped.len() - escape_source(&text[byte..shown_end]).len();
        let marked = at(start)..at(end);
        let column = if start < line_end { first } else { before.chars().count() } + 1;
        Some(LinePart { text: escaped, marked, column })
    }
}

/// Escapes a line of a file. The renderer turns its tabs into spaces.
fn escape_source(line: &str) -> String {
    line.split('\t').map(escape).collect::<Vec<_>>().join("\t")
}

/// Removes the space with which the renderer ends its empty gutter lines.
fn trimmed(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn total(diagnostics: &[Diagnostic]) -> String {
    let of =
        |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let counts = [
        (of(Severity::Error), "error"),
        (of(Severity::Warning), "warning"),
        (of(Severity::Note), "note"),
    ];
    let parts: Vec<_> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, noun)| count(*n, noun)).collect();
    if parts.is_empty() { String::new() } else { format!("{}\n", parts.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(column: usize, length: usize) -> Place {
        Place { file: "x.yaml".into(), line: 1, column, length }
    }

    #[test]
    fn columns_count_characters_and_never_leave_the_line() {
        let marked = |line: &str, place: &Place| {
            LineReader::default().read(line, place).map(|part| part.marked)
        };
        assert_eq!(marked("é: ü", &place(4, 1)), Some(4..6));
        assert_eq!(marked("abc", &place(3, 99)), Some(2..3));
        assert_eq!(marked("abc\r\nd", &place(9, 0)), Some(3..3));
        assert_eq!(marked("\na", &place(1, 1)), Some(0..0));
        assert_eq!(marked("", &place(1, 1)), None);
    }

    #[test]
    fn places_are_read_in_any_order_and_in_several_texts() {
        let texts = ["éa\nbü c\r\n\nd##[x]\n", "one\n"];
        let mut reader = LineReader::default();
        let mut read = |text: usize, line, column| {
            let place = Place { line, ..place(column, 1) };
            let part = reader.read(texts[text], &place)?;
            Some((part.text[part.marked.clone()].to_owned(), part.text))
        };
        let found = |marked: &str, line: &str| Some((marked.to_owned(), line.to_owned()));
        assert_eq!(read(0, 1, 2), found("a", "éa"));
        assert_eq!(read(0, 2, 2), found("ü", "bü c"));
        assert_eq!(read(0, 2, 4), found("c", "bü c"));
        assert_eq!(read(0, 2, 1), found("b", "bü c"));
        assert_eq!(read(1, 1, 3), found("e", "one"));
        assert_eq!(read(0, 4, 5), found("x", "d\\u0023#[x]"));
        assert_eq!(read(0, 3, 1), found("", ""));
        assert_eq!(read(0, 5, 1), None);
        assert_eq!(read(0, 0, 1), None);
    }

    #[test]
    fn of_a_long_line_the_part_around_the_mark_is_shown() {
        let line = format!("{}é!{}", "a".repeat(10_000), "b".repeat(10_000));
        let part = LineReader::default().read(&line, &place(10_002, 1)).unwrap();
        assert!(part.text.len() < 3 * MARGIN, "{}", part.text.len());
        assert_eq!(&part.text[part.marked], "!");
        let sources = [(PathBuf::from("x.yaml"), &line)].into();
        let shown = list_diagnostics(
            &[Diagnostic::error("x", Some(place(10_002, 1)), "no")],
            &sources,
            false,
        );
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[1], " --> x.yaml:1:10002");
        assert!(lines[3].starts_with("1 | ...a") && lines[3].ends_with("b..."), "{shown}");
        let mark = lines[4].chars().position(|c| c == '^').unwrap();
        assert_eq!(lines[3].chars().nth(mark), Some('!'));
    }

    #[test]
    fn what_a_line_hides_is_spelled_out_and_the_mark_stays_below_its_word() {
        let line = "\ta: \u{1b}[2J\u{202e} ##[x] bad";
        let column = line.chars().count() - 2;
        let diagnostic = Diagnostic::error("x", Some(place(column, 3)), "no\n::error::x");
        let sources = [(PathBuf::from("x.yaml"), line)].into();
        insta::assert_snapshot!(list_diagnostics(&[diagnostic], &sources, false), @r"
        error[x]: no\n::error::x
         --> x.yaml:1:17
          |
        1 |     a: \u001b[2J\u202e \u0023#[x] bad
          |                                   ^^^

        1 error
        ");
    }
}
