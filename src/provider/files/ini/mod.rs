//! The dialect of INI in AWS's credentials and config files, edited line by line: a line that
//! nobody asked to change keeps its bytes, its place and its line ending.
//!
//! Two readers define the dialect, and they differ. botocore (the AWS CLI, boto3 and Zappa) is
//! Python's `configparser`: `=` or `:`, keys in any case, headers with their spaces, whole-line
//! comments only, and a line that is indented more than the setting above it belongs to that
//! setting. It refuses a whole file in which a section or a setting is there twice. The SDKs know
//! `=` only, trim headers, join sections of the same name (the later setting wins), and end a value
//! at ` #` or ` ;`. relayctl reads as botocore does, refuses what botocore refuses ([`fault`]), and
//! writes only text that means the same to both.

mod fault;
mod line;

use std::collections::BTreeMap;
use std::ops::Range;

use super::place::SecretText;
use super::problem::Problem;
use crate::value::Value;
pub use fault::IniFault;
use line::{IniLine, IniLineRole};

/// A file's lines. It is not `Debug`, since the lines hold secrets.
pub struct IniFile {
    lines: Vec<IniLine>,
    ending: &'static str,
}

/// A function that tells by the text between the brackets if a section is meant.
pub type SectionMatcher<'a> = &'a dyn Fn(&str) -> bool;

impl IniFile {
    pub fn parse(text: &str) -> Self {
        let lines = parse_lines(text);
        let ending = if lines.first().is_some_and(|line| line.text.ends_with("\r\n")) {
            "\r\n"
        } else {
            "\n"
        };
        Self { lines, ending }
    }

    /// Splits the file into documents, by a name that `of` makes of each header. Sections with the
    /// same name are in one document; lines outside of all sections are left out.
    pub fn split(self, of: impl Fn(&str) -> String) -> BTreeMap<String, Self> {
        let (mut parts, mut at) = (BTreeMap::new(), None);
        for line in self.lines {
            if let IniLineRole::Header(header) = &line.role {
                at = Some(of(header));
            }
            let Some(at) = &at else { continue };
            let part = parts
                .entry(at.clone())
                .or_insert_with(|| Self { lines: Vec::new(), ending: self.ending });
            part.lines.push(line);
        }
        parts
    }

    /// Returns the lines, from 1, of the settings whose names are wanted, by the name that `of`
    /// makes of their section's header and their own. The last one counts.
    pub fn lines_of(
        &self,
        of: impl Fn(&str) -> String,
        is_wanted: impl Fn(&str) -> bool,
    ) -> BTreeMap<(String, String), usize> {
        let (mut found, mut at) = (BTreeMap::new(), None);
        for (line, number) in self.lines.iter().zip(1..) {
            match &line.role {
                IniLineRole::Header(header) => at = Some(header),
                IniLineRole::Setting { key, .. } if is_wanted(key) => {
                    found.extend(at.map(|header| ((of(header), key.clone()), number)));
                }
                IniLineRole::Setting { .. }
                | IniLineRole::Nested
                | IniLineRole::Other
                | IniLineRole::Junk => {}
            }
        }
        found
    }

    pub fn text(&self) -> SecretText {
        let lines: Vec<&str> = self.lines.iter().map(|line| line.text.as_str()).collect();
        SecretText::new(lines.concat())
    }

    pub fn has(&self, section: SectionMatcher) -> bool {
        !self.sections(section).is_empty()
    }

    /// Returns the headers, in the order of the file.
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| match &line.role {
            IniLineRole::Header(name) => Some(name.as_str()),
            IniLineRole::Setting { .. }
            | IniLineRole::Nested
            | IniLineRole::Other
            | IniLineRole::Junk => None,
        })
    }

    /// Returns the value of a setting: if it is set several times, the last one counts. An empty
    /// value is none.
    pub fn value(&self, section: SectionMatcher, key: &str) -> Option<String> {
        let line = &self.lines[*self.occurrences(section, key).last()?];
        line.value().filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// Returns true if botocore reads more than the value: a comment behind it, or the indented
    /// lines below it.
    pub fn has_more(&self, section: SectionMatcher, key: &str) -> bool {
        self.occurrences(section, key).last().is_some_and(|&index| {
            self.lines[index].comment().is_some() || !self.nested(index).is_empty()
        })
    }

    /// Returns all settings of the section in the order of the file, with keys in lower case; a
    /// nested one (`s3 =` with indented lines below) is an object of its own settings.
    pub fn settings(&self, section: SectionMatcher) -> Vec<(String, Value)> {
        let mut settings: Vec<(String, Value)> = Vec::new();
        for index in self.sections(section).into_iter().flatten() {
            let IniLineRole::Setting { key, .. } = &self.lines[index].role else { continue };
            let value = self.whole_value(index);
            match settings.iter_mut().find(|(known, _)| known == key) {
                Some((_, earlier)) => *earlier = value,
                None => settings.push((key.clone(), value)),
            }
        }
        settings
    }

    /// Changes a setting in its place, with its spelling, or else adds it below the section's last
    /// one; a missing section is added at the end, as `[header]`. A comment behind the old value
    /// moves to a line of its own above it.
    pub fn set(
        &mut self,
        section: SectionMatcher,
        header: &str,
        key: &str,
        value: &str,
    ) -> Result<(), Problem> {
        check_key(key)?;
        check_value(key, value)?;
        if let Some((last, earlier)) = self.occurrences(section, key).split_last() {
            if self.lines[*last].value() != Some(value) || !self.nested(*last).is_empty() {
                self.remove_all(&self.nested(*last));
                let comment = self.lines[*last].comment().map(str::to_owned);
                self.lines[*last].set_value(value);
                self.lines.splice(*last..*last, self.comment_line(*last, comment));
            }
            for index in earlier.iter().rev() {
                self.remove_setting(*index);
            }
            return Ok(());
        }
        let line = SecretText::new([key, " = ", value, self.ending].concat());
        match self.sections(section).pop() {
            Some(lines) => self.insert_below_settings(lines, &line),
            None => self.append_section(header, &line)?,
        }
        Ok(())
    }

    /// Returns the line for a comment that stood behind the value of a setting.
    fn comment_line(&self, setting: usize, comment: Option<String>) -> Option<IniLine> {
        let indent = self.lines[setting].indent();
        let text = |comment: String| SecretText::new([indent, &comment, self.ending].concat());
        comment.map(|comment| IniLine::parse(&text(comment), &[]))
    }

    /// Removes all lines of a setting in the section, and those nested in it.
    pub fn unset(&mut self, section: SectionMatcher, key: &str) {
        for index in self.occurrences(section, key).into_iter().rev() {
            self.remove_setting(index);
        }
    }

    /// Removes the headers of sections that hold neither a setting nor a comment.
    pub fn drop_empty(&mut self, section: SectionMatcher) {
        for lines in self.sections(section).into_iter().rev() {
            if self.lines[lines.start + 1..lines.end].iter().any(|line| !line.is_blank()) {
                continue;
            }
            let at_end = lines.end == self.lines.len();
            self.lines.drain(lines.clone());
            // `append_section` had put the blank line there.
            if at_end && lines.start > 0 && self.lines[lines.start - 1].is_blank() {
                self.lines.pop();
            }
        }
    }

    /// Returns the lines of each matching section, from its header to the next header.
    fn sections(&self, section: SectionMatcher) -> Vec<Range<usize>> {
        let is_header = |line: &IniLine| matches!(line.role, IniLineRole::Header(_));
        let meant = self.lines.iter().enumerate().filter(|(_, line)| match &line.role {
            IniLineRole::Header(name) => section(name),
            IniLineRole::Setting { .. }
            | IniLineRole::Nested
            | IniLineRole::Other
            | IniLineRole::Junk => false,
        });
        meant
            .map(|(start, _)| {
                let next = self.lines[start + 1..].iter().position(is_header);
                start..next.map_or(self.lines.len(), |next| start + 1 + next)
            })
            .collect()
    }

    fn occurrences(&self, section: SectionMatcher, key: &str) -> Vec<usize> {
        let is_it = |index: &usize| match &self.lines[*index].role {
            IniLineRole::Setting { key: found, .. } => found.eq_ignore_ascii_case(key),
            IniLineRole::Header(_)
            | IniLineRole::Nested
            | IniLineRole::Other
            | IniLineRole::Junk => false,
        };
        self.sections(section).into_iter().flatten().filter(is_it).collect()
    }

    /// Returns the lines that continue a setting. Comments may stand between them.
    fn nested(&self, setting: usize) -> Vec<usize> {
        let below = self.lines.iter().enumerate().skip(setting + 1);
        let own = below
            .take_while(|(_, line)| matches!(line.role, IniLineRole::Nested | IniLineRole::Other));
        own.filter(|(_, line)| matches!(line.role, IniLineRole::Nested))
            .map(|(index, _)| index)
            .collect()
    }

    fn whole_value(&self, setting: usize) -> Value {
        let own = self.lines[setting].value().unwrap_or_default();
        let nested: Vec<&str> =
            self.nested(setting).iter().map(|&index| self.lines[index].text.trim()).collect();
        if nested.is_empty() {
            return Value::from(own);
        }
        let pairs: Option<serde_json::Map<String, Value>> = nested
            .iter()
            .map(|line| line.split_once('='))
            .map(|pair| pair.map(nested_setting))
            .collect();
        match pairs {
            Some(pairs) if own.is_empty() => Value::Object(pairs),
            _ => Value::from([&[own], nested.as_slice()].concat().join("\n")),
        }
    }

    fn remove_setting(&mut self, setting: usize) {
        self.remove_all(&self.nested(setting));
        self.lines.remove(setting);
    }

    fn remove_all(&mut self, ascending: &[usize]) {
        for &index in ascending.iter().rev() {
            self.lines.remove(index);
        }
    }

    /// Inserts a line below the last setting rather than at the section's end, where blank lines
    /// and the next section's comments are.
    fn insert_below_settings(&mut self, lines: Range<usize>, line: &str) {
        let settings =
            |index: &usize| matches!(self.lines[*index].role, IniLineRole::Setting { .. });
        let last_setting = lines.clone().rfind(settings);
        let indent = last_setting.map_or("", |index| self.lines[index].indent()).to_owned();
        let last = match last_setting {
            Some(setting) => self.nested(setting).last().copied().unwrap_or(setting),
            None => lines.start,
        };
        self.end_line(last);
        let line = IniLine::parse(&SecretText::new([&indent, line].concat()), &self.lines[..=last]);
        self.lines.insert(last + 1, line);
    }

    fn append_section(&mut self, header: &str, setting: &str) -> Result<(), Problem> {
        check_header(header)?;
        if let Some(last) = self.lines.len().checked_sub(1) {
            self.end_line(last);
            self.push(self.ending);
        }
        self.push(&format!("[{header}]{}", self.ending));
        self.push(setting);
        Ok(())
    }

    fn push(&mut self, text: &str) {
        let line = IniLine::parse(text, &self.lines);
        self.lines.push(line);
    }

    /// Adds a missing line ending, which the last line of a file may lack.
    fn end_line(&mut self, index: usize) {
        if !self.lines[index].text.ends_with('\n') {
            self.lines[index].append(self.ending);
        }
    }
}

fn parse_lines(text: &str) -> Vec<IniLine> {
    let mut lines = Vec::new();
    for text in text.split_inclusive('\n') {
        let line = IniLine::parse(text, &lines);
        lines.push(line);
    }
    lines
}

fn nested_setting((key, value): (&str, &str)) -> (String, Value) {
    (key.trim().to_lowercase(), Value::from(value.trim()))
}

fn check_key(key: &str) -> Result<(), Problem> {
    if key.is_empty()
        || !key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    {
        let key = key.escape_default();
        return Err(Problem::invalid(format!(
            "`{key}` cannot be the name of a setting of an AWS file"
        )));
    }
    Ok(())
}

/// Checks a value. A line break in it would add a line to the file: another setting, or another
/// profile.
fn check_value(key: &str, value: &str) -> Result<(), Problem> {
    let ambiguous = value.trim() != value || line::comment_start(value).is_some();
    if value.chars().any(char::is_control) || ambiguous {
        return Err(Problem::invalid(format!(
            "the value of {key} cannot be written to an AWS file: it holds a line break, ` #` or \
                ` ;`, or begins or ends with a space"
        )));
    }
    Ok(())
}

fn check_header(header: &str) -> Result<(), Problem> {
    if header.chars().any(|c| c.is_control() || c == '[' || c == ']') || header.trim().is_empty() {
        let header = header.escape_default();
        return Err(Problem::invalid(format!(
            "`{header}` cannot be the name of a section of an AWS file"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
