//! Escapes foreign text, and forms plurals.
//!
//! Names, descriptions and error messages come from AWS and from manifests, so anybody who may tag
//! an object could put escape sequences, characters that turn the reading direction, or commands
//! for a CI runner into somebody else's plan. The renderers escape each foreign text here, where
//! its limits are known. [`super::printable`] holds everything that is printed to the same rules.

use std::fmt::Write;
use std::sync::LazyLock;

use icu_properties::props::DefaultIgnorableCodePoint;
use icu_properties::{CodePointSetData, CodePointSetDataBorrowed};
use jiff::Timestamp;

/// The characters that have no glyph: joiners, fillers, selectors, marks of reading direction.
/// <https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point>
static IGNORABLE: LazyLock<CodePointSetDataBorrowed<'static>> =
    LazyLock::new(CodePointSetData::new::<DefaultIgnorableCodePoint>);

/// Spells out every character that a terminal would interpret or hide.
pub fn escape(text: &str) -> String {
    escaped(text, false)
}

/// Returns the text in double quotes, as JSON would have it.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text, true))
}

/// Returns the text unchanged if nothing in it could be taken for punctuation, otherwise in quotes.
pub fn bare_text(text: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !is_hidden(c) && !matches!(c, ',' | '"');
    if !text.is_empty() && text.chars().all(plain) { escape(text) } else { quoted(text) }
}

/// Returns a key of a map: an identifier unchanged, others in quotes, as Terraform prints them.
pub fn key_text(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { quoted(text) }
}

/// Returns `1 write`, `2 writes`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Returns the time that has passed: `just now`, `5 minutes ago`, `2 days ago`.
pub fn age(then: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(then).as_mins();
    let (number, unit) = match minutes {
        // Another machine's clock may be ahead.
        ..1 => return "just now".to_owned(),
        1..60 => (minutes, "minute"),
        60..1440 => (minutes / 60, "hour"),
        _ => (minutes / 1440, "day"),
    };
    format!("{} ago", count(usize::try_from(number).unwrap_or(usize::MAX), unit))
}

fn escaped(text: &str, in_quotes: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (position, c) in text.char_indices() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '"' | '\\' if in_quotes => out.extend(['\\', c]),
            _ if is_hidden(c) || begins_marker(&text[position..]) => spell(c, &mut out),
            _ => out.push(c),
        }
    }
    out
}

/// Writes a character as JSON does: `\u200b`; two units if the character takes two in UTF-16.
pub(super) fn spell(c: char, out: &mut String) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        let _ = write!(out, "\\u{unit:04x}");
    }
}

/// Returns true for control characters (C0, DEL, C1), and for those that are invisible or turn the
/// reading direction.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control() || (!c.is_ascii() && (is_layout(c) || IGNORABLE.contains(c)))
}

/// Returns true for characters that are not ignorable, and still show nothing of their own: line
/// and paragraph separators, the empty Braille pattern, the marks of annotations.
fn is_layout(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{2800}' | '\u{fff9}'..='\u{fffb}')
}

/// Returns true if a text begins with a marker that CI runners look for anywhere in a line:
/// `##[` (GitHub, Azure), `##vso[` (Azure), `##teamcity[`.
/// <https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands>
pub(super) fn begins_marker(text: &str) -> bool {
    let Some(name) = text.strip_prefix("##") else { return false };
    name.trim_start_matches(|c: char| c.is_ascii_alphabetic()).starts_with('[')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_codes_and_reading_direction_are_spelled_out() {
        assert_eq!(escape("a\u{1b}[31mb\u{9b}c\u{7f}\r\n"), "a\\u001b[31mb\\u009bc\\u007f\\r\\n");
        assert_eq!(escape("abc\u{202e}def"), "abc\\u202edef");
        assert_eq!(quoted("say \"é\\\""), r#""say \"é\\\"""#);
    }

    #[test]
    fn what_shows_nothing_is_spelled_out_as_json_would_have_it() {
        for c in ['\u{ad}', '\u{34f}', '\u{115f}', '\u{180e}', '\u{200b}', '\u{2066}', '\u{2800}'] {
            assert_eq!(escape(&format!("a{c}b")), format!("a\\u{:04x}b", u32::from(c)));
        }
        for c in ['\u{3164}', '\u{fe0f}', '\u{feff}', '\u{ffa0}', '\u{fff9}'] {
            assert_eq!(bare_text(&format!("a{c}")), format!("\"a\\u{:04x}\"", u32::from(c)));
        }
        let spelled = quoted("a\u{e0100}b\u{e0041}");
        assert_eq!(spelled, "\"a\\udb40\\udd00b\\udb40\\udc41\"");
        assert_eq!(serde_json::from_str::<String>(&spelled).unwrap(), "a\u{e0100}b\u{e0041}");
        let shown = "Zoë größer 日本語 →·…";
        assert_eq!(escape(shown), shown);
    }

    #[test]
    fn markers_of_ci_runners_are_broken_up() {
        assert_eq!(escape("a ##[add-mask]x"), "a \\u0023#[add-mask]x");
        assert_eq!(escape("###vso[x]"), "#\\u0023#vso[x]");
        assert_eq!(bare_text("##teamcity[x"), "\\u0023#teamcity[x");
        assert_eq!(escape("## [a] #[b] ##x"), "## [a] #[b] ##x");
    }

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        let now: Timestamp = "2026-03-10T12:00:00Z".parse().unwrap();
        let said = |then: &str| age(then.parse().unwrap(), now);
        assert_eq!(said("2026-03-10T11:59:30Z"), "just now");
        assert_eq!(said("2026-03-10T12:05:00Z"), "just now");
        assert_eq!(said("2026-03-10T11:59:00Z"), "1 minute ago");
        assert_eq!(said("2026-03-10T09:10:00Z"), "2 hours ago");
        assert_eq!(said("2026-03-01T12:00:00Z"), "9 days ago");
    }

    #[test]
    fn quotes_appear_only_where_punctuation_could_mislead() {
        assert_eq!(bare_text("arn:aws:s3:::zappa-*/*"), "arn:aws:s3:::zappa-*/*");
        assert_eq!(bare_text("a, b"), "\"a, b\"");
        assert_eq!(bare_text(""), "\"\"");
        assert_eq!(key_text("relayctl:manifest"), "\"relayctl:manifest\"");
        assert_eq!(key_text("project-name_1"), "project-name_1");
    }
}
