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
    /// A section's header: the text between the brackets, with its spaces. `configparser` does not
    /// trim it.
    Header(String),
    /// A setting: `key` in lower case; `value` is the range of its bytes in the line.
    Setting { key: String, value: Range<usize> },
    /// A part of the value of the setting above, which is indented less.
    Nested,
    /// A comment or a blank line.
    Other,
    /// Any other text, which `configparser` cannot read.
    Junk,
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
            IniLineRole::Header(_)
            | IniLineRole::Nested
            | IniLineRole::Other
            | IniLineRole::Junk => None,
        }
    }

    /// Returns the comment behind the value. The SDKs end the value there; botocore reads the
    /// comment as a part of the value.
    pub fn comment(&self) -> Option<&str> {
        let value = self.value()?;
        comment_start(value).map(|at| value[at..].trim_start())
    }

    /// Changes only the bytes of the value: the spelling of the key and the spaces around `=` stay.
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

fn indent_of(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

fn role(text: &str, above: &[IniLine]) -> IniLineRole {
    let content = text.trim();
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
        return IniLineRole::Header(name.to_owned());
    }
    setting(text)
}

/// Returns the name in a header: all that stands before the line's last bracket, as in
/// `configparser` of Python 3.11, with which the AWS CLI is delivered.
fn header(content: &str) -> Option<&str> {
    let (name, _) = content.strip_prefix('[')?.rsplit_once(']')?;
    (!name.is_empty()).then_some(name)
}

/// Returns a setting: its value is the rest of the line, since `configparser` knows no comment
/// behind a value.
fn setting(text: &str) -> IniLineRole {
    let Some(delimiter) = text.find(['=', ':']) else { return IniLineRole::Junk };
    let key = text[..delimiter].trim().to_lowercase();
    if key.is_empty() {
        return IniLineRole::Junk;
    }
    let behind = &text[delimiter + 1..];
    let start = delimiter + 1 + (behind.len() - behind.trim_start_matches([' ', '\t']).len());
    IniLineRole::Setting { key, value: start..start + text[start..].trim_end().len() }
}

/// Returns the start of a comment behind a value: white space with `#` or `;` behind it, or the
/// value's beginning.
pub fn comment_start(value: &str) -> Option<usize> {
    let mut before = None;
    for (index, c) in value.char_indices() {
        if matches!(c, '#' | ';') {
            match before {
                None => return Some(0),
                Some((at, space)) if char::is_whitespace(space) => return Some(at),
                Some(_) => {}
            }
        }
        before = Some((index, c));
    }
    None
}
