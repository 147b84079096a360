//! An error or a warning, with its place in a file and what to do about it.

use std::path::PathBuf;

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
    /// Worth knowing, and nothing to worry about.
    Note,
}

/// A place in a text file. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// As the user would name it: relative to the working directory where possible.
    pub file: PathBuf,
    pub line: usize,
    pub column: usize,
    /// How many characters to underline, at least 1.
    pub length: usize,
}

/// Ordered by place, so that a sorted list reads like the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Diagnostic {
    pub place: Option<Place>,
    pub severity: Severity,
    /// Stable and searchable, such as `unknown-field`.
    pub code: &'static str,
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    pub fn error(code: &'static str, place: Option<Place>, message: impl Into<String>) -> Self {
        Self { place, severity: Severity::Error, code, message: message.into(), help: None }
    }

    pub fn warning(code: &'static str, place: Option<Place>, message: impl Into<String>) -> Self {
        Self { place, severity: Severity::Warning, code, message: message.into(), help: None }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
