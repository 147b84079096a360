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
    let lines = lines_of(diagnostics, sources);
    let mut out = String::new();
    for diagnostic in sorted {
        out.push_str(&trimmed(&renderer.render(&[group(diagnostic, &lines)])));
        out.push_str("\n\n");
    }
    out.push_str(&total(diagnostics));
    out
}

/// The lines of the files that diagnostics are about.
type SourceLines<'a> = BTreeMap<&'a Path, Vec<&'a str>>;

/// The most bytes of a line that is shown. The renderer reads the whole line for each diagnostic on
/// it, and nobody reads such a line.
const LONGEST_LINE: usize = 2_000;

/// Returns the lines of each file once, however many diagnostics are about it.
fn lines_of<'a>(
    diagnostics: &'a [Diagnostic],
    sources: &'a BTreeMap<PathBuf, impl AsRef<str>>,
) -> SourceLines<'a> {
    let files = diagnostics.iter().filter_map(|it| Some(it.place.as_ref()?.file.as_path()));
    let mut lines = SourceLines::new();
    for file in files {
        if let Some(text) = sources.get(file) {
            lines.entry(file).or_insert_with(|| text.as_ref().lines().collect());
        }
    }
    lines
}

fn group<'a>(diagnostic: &'a Diagnostic, lines: &SourceLines<'a>) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(escape(&diagnostic.message)).id(diagnostic.code);
    let mut group = Group::with_title(title);
    if let Some(place) = &diagnostic.place {
        let number = place.line.checked_sub(1);
        let line = number.and_then(|it| lines.get(place.file.as_path())?.get(it).copied());
        group = match line.filter(|line| line.len() <= LONGEST_LINE) {
            Some(line) => group.element(
                Snippet::source(escape_source(line))
                    .path(file(&place.file))
                    .line_start(place.line)
                    .annotation(AnnotationKind::Primary.span(span(line, place))),
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

/// Escapes a line of a file. The renderer turns its tabs into spaces.
fn escape_source(line: &str) -> String {
    line.split('\t').map(escape).collect::<Vec<_>>().join("\t")
}

/// Converts a place, which counts characters, to a range of bytes of the escaped line. A position
/// beyond the line's end becomes the line's end.
fn span(line: &str, place: &Place) -> Range<usize> {
    let byte = |character: usize| {
        let before = line.char_indices().nth(character).map_or(line, |(end, _)| &line[..end]);
        escape_source(before).len()
    };
    let start = place.column.saturating_sub(1);
    byte(start)..byte(start + place.length.max(1))
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
        assert_eq!(span("é: ü", &place(4, 1)), 4..6);
        assert_eq!(span("abc", &place(3, 99)), 2..3);
        assert_eq!(span("abc", &place(9, 0)), 3..3);
        assert_eq!(span("", &place(1, 1)), 0..0);
    }

    #[test]
    fn a_line_that_nobody_reads_is_named_and_not_shown() {
        let diagnostic = Diagnostic::error("x", Some(place(7, 1)), "no");
        let text = "x".repeat(LONGEST_LINE + 1);
        let sources = [(PathBuf::from("x.yaml"), text.as_str())].into();
        let told = list_diagnostics(std::slice::from_ref(&diagnostic), &sources, false);
        assert_eq!(told, "error[x]: no\n--> x.yaml:1:7\n\n1 error\n");
        let sources = [(PathBuf::from("x.yaml"), &text[1..])].into();
        assert!(list_diagnostics(&[diagnostic], &sources, false).contains("xxx"));
    }

    #[test]
    fn what_a_line_hides_is_spelled_out_and_the_mark_stays_below_its_word() {
        let line = "\ta: \u{1b}[2J\u{202e} ##[x] bad";
        let column = line.chars().count() - 2;
        let diagnostic = Diagnostic::error("x", Some(place(column, 3)), "no\n::error::x");
        let sources = [(PathBuf::from("x.yaml"), line)].into();
        insta::assert_snapshot!(list_diagnostics(&[diagnostic], &sources, false), @r"
        error[x]: no\n::error::x
         --> x.yaml:1:32
          |
        1 |     a: \u001b[2J\u202e \u0023#[x] bad
          |                                   ^^^

        1 error
        ");
    }
}
