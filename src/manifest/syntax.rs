//! Explains why a file is not YAML: the frequent slips by name, everything else in the parser's
//! words.

use std::sync::Arc;

use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{Location, MessageFormatter, UserMessageFormatter};

use super::mark::NodeMark;
use super::source::{SourceFile, Span};
use crate::diagnostic::Diagnostic;

/// The most lists and maps inside of each other.
pub const MAX_DEPTH: usize = 64;

/// Returns the diagnostic for a file that the parser refuses.
pub fn explain(file: &Arc<SourceFile>, error: &serde_saphyr::Error) -> Diagnostic {
    if matches!(error, serde_saphyr::Error::MultipleDocuments { .. }) {
        return several_documents(file);
    }
    let location = error.location().unwrap_or(Location::UNKNOWN);
    let spot =
        if location.line() == 0 { Span::top(file) } else { NodeMark::from(location).spot(file) };
    if let Some(found) = tab(&spot).or_else(|| variable(&spot)) {
        return found;
    }
    if let serde_saphyr::Error::Budget { breach: BudgetBreach::Depth { .. }, .. } = error {
        return too_deep(&spot);
    }
    let message = UserMessageFormatter.format_message(error).into_owned();
    // The limit of the parser below, which counts open brackets.
    if message.contains("recursion limit exceeded") {
        return too_deep(&spot);
    }
    Diagnostic::error(
        "yaml-syntax",
        Some(spot.place()),
        format!("this is not valid YAML: {message}"),
    )
    .help("check indentation, colons, quotes and brackets here and in the line above")
}

fn too_deep(spot: &Span) -> Diagnostic {
    let message = format!("lists and maps are inside of each other more than {MAX_DEPTH} times");
    Diagnostic::error("too-deep", Some(spot.place()), message)
        .help("nothing that a manifest holds is so deep: look for brackets that stay open")
}

fn several_documents(file: &Arc<SourceFile>) -> Diagnostic {
    let marker =
        file.text.lines().enumerate().skip(1).filter(|(_, line)| line.starts_with("---")).last();
    let spot = Span::new(file, marker.map_or(1, |(index, _)| index + 1), 1, 3);
    Diagnostic::error(
        "several-documents",
        Some(spot.place()),
        "the file holds more than one YAML document",
    )
    .help("put each document into a file of its own; `extends:` merges files")
}

/// Finds a tab in the indentation of the line.
fn tab(spot: &Span) -> Option<Diagnostic> {
    let start = Span { column: 1, ..spot.clone() };
    let blank: Vec<char> = start.rest_of_line().chars().take_while(|c| c.is_whitespace()).collect();
    let first = blank.iter().position(|c| *c == '\t')?;
    let tabs = blank.iter().skip(first).take_while(|c| **c == '\t').count();
    let line = usize::try_from(spot.line).ok()?;
    let place = Span::new(&spot.file, line, first + 1, tabs).place();
    let message = "this line is indented with a tab: YAML takes only spaces";
    let help = "replace each tab at the beginning of a line with spaces";
    Some(Diagnostic::error("yaml-syntax", Some(place), message).help(help))
}

/// Finds a variable without quotes inside `{}` or `[]`, where its brace begins a map.
fn variable(spot: &Span) -> Option<Diagnostic> {
    let column = spot.column.checked_sub(1)?;
    let start = Span { column, ..spot.clone() };
    let rest = start.rest_of_line();
    if !rest.starts_with("${") {
        return None;
    }
    let variable = rest.find('}').map_or(rest, |end| &rest[..=end]);
    let whole = text_around(spot, variable);
    let place = start.within(variable).place();
    let message = format!("`{variable}` has no quotes: inside {{}} and [], its brace begins a map");
    let help = format!("put the text in quotes: \"{whole}\"");
    Some(Diagnostic::error("yaml-syntax", Some(place), message).help(help))
}

/// Returns the text that the variable is a part of: `relay-${var.stage}-data`.
fn text_around(spot: &Span, variable: &str) -> String {
    let line: Vec<char> = Span { column: 1, ..spot.clone() }.rest_of_line().chars().collect();
    let dollar = usize::try_from(spot.column).unwrap_or_default().saturating_sub(2);
    let part = |c: &&char| !c.is_whitespace() && !",[]{}\"'".contains(**c);
    let (before, after) = line.split_at(dollar.min(line.len()));
    let mut before: Vec<char> = before.iter().rev().take_while(part).copied().collect();
    before.reverse();
    // Further variables behind it have braces, too: the text ends at a space, a comma or a bracket.
    let after = after.iter().skip(variable.chars().count()).take_while(part);
    let after: String = after.collect();
    let after = after.strip_suffix(':').unwrap_or(&after);
    format!("{}{variable}{after}", before.into_iter().collect::<String>())
}
