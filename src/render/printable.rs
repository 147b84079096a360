//! The filter of all output: text as a terminal, a log and a CI runner may have it.
//!
//! Renderers escape the foreign texts that they place ([`super::text`]). This filter finds what
//! they missed, and what only a whole line shows.

use std::fmt::{self, Display};

use super::text::{begins_marker, is_hidden, spell};

/// Text that is printed so that nothing but relayctl's own colours and line ends is obeyed.
///
/// - Control, bidirectional and invisible characters are spelled out. In JSON the spelling is an
///   escape of the same character.
/// - Lines that a CI runner takes for a command are broken up: `::error::` at the beginning of a
///   line, `##[` and `##vso[` anywhere.
///   <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>
#[derive(Clone, Copy, Debug)]
pub struct Printable<'a>(pub &'a str);

impl Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = *self;
        let mut spelled = String::new();
        // The beginning of what is printed as it is.
        let mut start = 0;
        let mut position = 0;
        let mut at_line_start = true;
        while let Some(c) = text[position..].chars().next() {
            let rest = &text[position..];
            let next = position + c.len_utf8();
            if let Some(length) = color_length(rest) {
                position += length;
                continue;
            }
            let is_command = at_line_start && rest.starts_with("::");
            // A line end of Windows, which documents may have, moves a cursor as any other does.
            let is_line_end = c == '\n' || rest.starts_with("\r\n");
            if is_command || begins_marker(rest) || (!is_line_end && is_hidden(c)) {
                spelled.clear();
                spell(c, &mut spelled);
                f.write_str(&text[start..position])?;
                f.write_str(&spelled)?;
                start = next;
            }
            at_line_start = c == '\n' || (at_line_start && c.is_whitespace());
            position = next;
        }
        f.write_str(&text[start..])
    }
}

/// Returns the length of a colour of relayctl's own at the beginning of a text: the SGR sequences
/// of its styles, those of its errors, and those of clap and the log. None of them hides text.
fn color_length(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    let is_known = |number: &str| {
        matches!(number, "" | "0" | "1" | "2" | "3" | "4")
            || matches!(number.parse(), Ok(31_u8..=36 | 91..=96))
    };
    let is_color = parameters[end..].starts_with('m') && parameters[..end].split(';').all(is_known);
    is_color.then(|| "\u{1b}[m".len() + end)
}

/// A writer for a log: each write is one whole text, which passes the filter.
#[derive(Debug)]
pub struct PrintableWriter<W>(pub W);

impl<W: std::io::Write> std::io::Write for PrintableWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        write!(self.0, "{}", Printable(&String::from_utf8_lossy(bytes)))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> String {
        Printable(text).to_string()
    }

    #[test]
    fn own_colours_and_line_ends_pass_and_nothing_else_is_obeyed() {
        let own = "\u{1b}[1m\u{1b}[91merror\u{1b}[0m: a\n  \u{1b}[1;33mb\u{1b}[m\n";
        assert_eq!(printed(own), own);
        assert_eq!(printed("a\u{1b}[2Jb\u{1b}]0;t\u{7}"), "a\\u001b[2Jb\\u001b]0;t\\u0007");
        assert_eq!(printed("a\tb\rc\u{9b}1m\r\n"), "a\\u0009b\\u000dc\\u009b1m\r\n");
        assert_eq!(printed("a\u{202e}b\u{ad}c"), "a\\u202eb\\u00adc");
    }

    #[test]
    fn colours_that_hide_text_are_not_own() {
        for hiding in ["8", "30", "40", "41", "7", "38;5;0", "1;8"] {
            let text = format!("\u{1b}[{hiding}mx");
            assert_eq!(printed(&text), format!("\\u001b[{hiding}mx"));
        }
        assert_eq!(printed("\u{1b}["), "\\u001b[");
        assert_eq!(printed("\u{1b}[1"), "\\u001b[1");
    }

    #[test]
    fn no_line_is_a_command_of_a_runner() {
        assert_eq!(printed("::error::x"), "\\u003a:error::x");
        assert_eq!(printed("a\n \u{a0}::debug::x\n"), "a\n \u{a0}\\u003a:debug::x\n");
        assert_eq!(printed("\u{1b}[1m::group::x"), "\u{1b}[1m\\u003a:group::x");
        assert_eq!(printed("a ##[add-mask]b ##vso[c]"), "a \\u0023#[add-mask]b \\u0023#vso[c]");
        let harmless = "arn:aws:s3:::b\n- ::a\n## [x]\n: :";
        assert_eq!(printed(harmless), harmless);
    }

    #[test]
    fn json_stays_the_same_json() {
        let text = serde_json::to_string_pretty(&serde_json::json!({
            "##[x]\\": "\u{7f}\u{9b}\u{e0100}::\n::error::",
            "::": ["##vso[", "\\##["],
        }));
        let text = text.unwrap();
        let out = printed(&text);
        assert!(!out.contains("##[") && !out.chars().any(|c| c != '\n' && is_hidden(c)), "{out}");
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(parse(&out), parse(&text));
    }

    #[test]
    fn a_log_leaves_through_the_gate() {
        use std::io::Write;
        let mut out = Vec::new();
        PrintableWriter(&mut out).write_all(b"::x::\x1b[2J\xff\n").unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "\\u003a:x::\\u001b[2J\u{fffd}\n");
    }
}
