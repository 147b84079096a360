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
    let mut out = String::new();
    for diagnostic in sorted {
        out.push_str(&trimmed(&renderer.render(&[group(diagnostic, sources)])));
        out.push_str("\n\n");
    }
    out.push_str(&total(diagnostics));
    out
}

fn group<'a>(
    diagnostic: &'a Diagnostic,
    sources: &'a BTreeMap<PathBuf, impl AsRef<str>>,
) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(escape(&diagnostic.message)).id(diagnostic.code);
    let mut group = Group::with_title(title);
    if let Some(place) = &diagnostic.place {
        let source = sources.get(&place.file).and_then(|text| line(text.as_ref(), place.line));
        group = match source {
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

fn line(text: &str, number: usize) -> Option<&str> {
    text.lines().nth(number.checked_sub(1)?)
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
