//! Escapes foreign text for a terminal, and forms plurals.
//!
//! Names, descriptions and error messages come from AWS and from manifests, so anybody who may tag
//! an object could put escape sequences, or characters that turn the reading direction, into
//! somebody else's plan.

use std::fmt::Write;

use jiff::Timestamp;

/// Spells out every character that a terminal would interpret or hide.
pub fn escape(text: &str) -> String {
    escaped(text, false)
}

/// Escapes a text of several lines, and keeps its line breaks.
pub fn escape_lines(text: &str) -> String {
    text.split('\n').map(escape).collect::<Vec<_>>().join("\n")
}

/// Returns the text in double quotes, as JSON would have it.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text, true))
}

/// Returns the text unchanged if nothing in it could be taken for punctuation, otherwise in quotes.
pub fn bare_text(text: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !obeyed(c) && !matches!(c, ',' | '"');
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { quoted(text) }
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
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '"' | '\\' if in_quotes => out.extend(['\\', c]),
            _ if obeyed(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}

/// Returns true for control characters (C0, DEL, C1), and for those that are invisible or turn the
/// reading direction.
fn obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
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
