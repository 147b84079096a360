//! A line of an AWS file, and its role under the lines above it.

use std::ops::Range;

use crate::provider::files::place::SecretText;

/// A line with its ending. A change makes a new text: a buffer that grows leaves copies of the
/// secret in memory.
pub struct IniLine {
    pub text: SecretText,
    pub role: IniLineRole,
}

pub enum IniLineRole {
    /// A section's header: the text between the brackets, trimmed.
    Header(String),
    /// A setting: `key` in lower case; `value` is the range of its bytes in the line.
    Setting { key: String, value: Range<usize> },
    /// A part of the value of the setting above, which is indented less.
    Nested,
    /// A comment, a blank line, or any other text, which is left as it is.
    Other,
}

impl IniLine {
    pub fn parse(text: &str, above: &[Self]) -> Self {
        Self { text: SecretText::new(text.to_owned()), role: role(text, above) }
    }

    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    pub fn indent(&self) -> &str {
        &self.text[..indent_of(&self.text)]
    }

    pub fn value(&self) -> Option<&str> {
        match &self.role {
            IniLineRole::Setting { value, .. } => Some(&self.text[value.clone()]),
            IniLineRole::Header(_) | IniLineRole::Nested | IniLineRole::Other => None,
        }
    }

    /// Changes only the bytes of the value: the spelling of the key, the spaces around `=` and a
    /// comment behind the value stay.
    pub fn set_value(&mut self, new: &str) {
        if let IniLineRole::Setting { value, .. } = &mut self.role {
            let (before, after) = (&self.text[..value.start], &self.text[value.end..]);
            let space = if before.ends_with(" =") { " " } else { "" };
            let start = value.start + space.len();
            self.text = SecretText::new([before, space, new, after].concat());
            *value = start..start + new.len();
        }
    }

    pub fn append(&mut self, ending: &str) {
        self.text = SecretText::new([&self.text, ending].concat());
    }
}

/// Returns the text without the byte order mark that Windows editors put before the first line.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn indent_of(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

fn role(text: &str, above: &[IniLine]) -> IniLineRole {
    let content = without_mark(text).trim();
    if content.is_empty() || content.starts_with(['#', ';']) {
        return IniLineRole::Other;
    }
    let setting_above = above
        .iter()
        .rev()
        .find(|line| matches!(line.role, IniLineRole::Header(_) | IniLineRole::Setting { .. }));
    if let Some(line) = setting_above
        && matches!(line.role, IniLineRole::Setting { .. })
        && indent_of(text) > indent_of(&line.text)
    {
        return IniLineRole::Nested;
    }
    if let Some(name) = header(content) {
        return IniLineRole::Header(name.trim().to_owned());
    }
    setting(text)
}

/// Returns the name in a header. A bracket inside quotes does not end the name: `[profile "a]b"]`.
fn header(content: &str) -> Option<&str> {
    let inside = content.strip_prefix('[')?;
    let mut quote = None;
    for (index, c) in inside.char_indices() {
        match (quote, c) {
            (None, ']') => return Some(&inside[..index]),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    // An apostrophe that never closes was no quote.
    inside.split_once(']').map(|(name, _)| name)
}

fn setting(text: &str) -> IniLineRole {
    let Some(delimiter) = text.find(['=', ':']) else { return IniLineRole::Other };
    let key = without_mark(&text[..delimiter]).trim().to_lowercase();
    if key.is_empty() {
        return IniLineRole::Other;
    }
    let behind = &text[delimiter + 1..];
    let start = delimiter + 1 + (behind.len() - behind.trim_start_matches([' ', '\t']).len());
    let value = text[start..].trim_end();
    // The search begins at the space before the value, so it finds ` #` right behind the delimiter.
    let comment =
        comment_start(&text[delimiter + 1..start + value.len()]).map(|at| delimiter + 1 + at);
    let end = comment.unwrap_or(start + value.len()).max(delimiter + 1);
    let start = start.min(end);
    IniLineRole::Setting { key, value: start..start + text[start..end].trim_end().len() }
}

/// Returns the start of a comment behind a value: white space with `#` or `;` behind it.
pub fn comment_start(value: &str) -> Option<usize> {
    let mut before = None;
    for (index, c) in value.char_indices() {
        if matches!(c, '#' | ';') && before.is_some_and(|(_, c): (usize, char)| c.is_whitespace()) {
            return before.map(|(index, _)| index);
        }
        before = Some((index, c));
    }
    None
}
