//! Errors and warnings, each with its place in a file and its remedy.

use std::path::PathBuf;

use serde::Serialize;

/// The severity of a diagnostic or of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Wrong, or far more access than it should give.
    Error,
    /// Likely wrong.
    Warning,
    /// Worth knowing, and nothing to worry about.
    Note,
}

impl Severity {
    /// Returns the name: `error`, `warning` or `note`, as JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A span of a text file. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SourceSpan {
    /// The path as the user would write it: relative to the working directory where possible.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The number of characters to underline, at least 1.
    pub length: usize,
}

/// An error or a warning. Diagnostics are ordered by place, so that a sorted list reads like the
/// file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Diagnostic {
    /// The place; `None` for a problem that is in no file.
    pub place: Option<SourceSpan>,
    /// The severity.
    pub severity: Severity,
    /// The code, stable and searchable, such as `unknown-field`.
    pub code: &'static str,
    /// The problem.
    pub message: String,
    /// The remedy.
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

    /// Adds the remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
