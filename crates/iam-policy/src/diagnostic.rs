//! Errors and warnings, each with its place in a file and what to do about it.

use std::path::PathBuf;

use serde::Serialize;

/// How much a diagnostic or a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something that is wrong, or that gives far more than it should.
    Error,
    /// Something that is likely wrong.
    Warning,
    /// Worth knowing, and nothing to worry about.
    Note,
}

/// A span of a text file. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SourceSpan {
    /// As the user would name it: relative to the working directory where possible.
    pub file: PathBuf,
    /// Counts from 1.
    pub line: usize,
    /// Counts from 1, in characters.
    pub column: usize,
    /// How many characters to underline, at least 1.
    pub length: usize,
}

/// Ordered by place, so that a sorted list reads like the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Diagnostic {
    /// Where it stands; none for what concerns no file.
    pub place: Option<SourceSpan>,
    /// How much it matters.
    pub severity: Severity,
    /// Stable and searchable, such as `unknown-field`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Makes an error.
    pub fn error(
        code: &'static str,
        place: Option<SourceSpan>,
        message: impl Into<String>,
    ) -> Self {
        Self { place, severity: Severity::Error, code, message: message.into(), help: None }
    }

    /// Makes a warning.
    pub fn warning(
        code: &'static str,
        place: Option<SourceSpan>,
        message: impl Into<String>,
    ) -> Self {
        Self { place, severity: Severity::Warning, code, message: message.into(), help: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
