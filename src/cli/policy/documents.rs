//! The documents of a command: read, filled in and parsed, with what AWS would say of them.

use std::path::PathBuf;

use super::placeholders::PlaceholderArgs;
use super::source::{Source, check_stdin_once, report};
use crate::cli::CommandContext;
use crate::cli::error::CommandError;
use relayctl::diagnostic::{Diagnostic, Severity};
use relayctl::policy::{LimitingPolicy, Usage, diagnose_parsed};
use relayctl::value::Value;

/// A file with a policy document.
pub struct PolicySource {
    pub source: Source,
    pub document: Value,
}

impl PolicySource {
    /// Returns the name as messages have it.
    pub fn shown_name(&self) -> String {
        self.source.shown_name().display().to_string()
    }

    /// Returns warnings for rules of AWS that the document breaks. AWS would refuse it, but its
    /// meaning can still be computed.
    pub fn warnings(&self, usage: Usage) -> Vec<Diagnostic> {
        let found = self.errors(usage).into_iter();
        found.map(|one| Diagnostic { severity: Severity::Warning, ..one }).collect()
    }

    /// Returns errors for rules of AWS that the document breaks. The size is only checked of types
    /// that AWS has no managed policies of, as one may be as large as it is.
    pub fn errors(&self, usage: Usage) -> Vec<Diagnostic> {
        let Self { source, document } = self;
        let is_sized = match usage {
            Usage::Limiting(limiting) => limiting != LimitingPolicy::Session,
            Usage::Managed
            | Usage::UserInline
            | Usage::GroupInline
            | Usage::RoleInline
            | Usage::Trust
            | Usage::Bucket => false,
        };
        let found = diagnose_parsed(&source.shown_name(), &source.text, document, usage);
        found.into_iter().filter(|one| is_sized || one.code != "policy-size").collect()
    }
}

/// Reads all documents. The problems of all are reported together.
pub fn read_documents(
    paths: &[PathBuf],
    placeholders: &PlaceholderArgs,
    context: &CommandContext,
) -> Result<Vec<PolicySource>, CommandError> {
    check_stdin_once(paths)?;
    let (mut documents, mut problems, mut broken) = (Vec::new(), Vec::new(), Vec::new());
    let mut sources = Vec::new();
    for path in paths {
        match Source::read(path, context.options.max_file_size) {
            Ok(source) => sources.push(source),
            Err(problem) => problems.push(problem),
        }
    }
    placeholders.fill_sources(&mut sources, context)?;
    for source in sources {
        match source.parse() {
            Ok(document) => documents.push(PolicySource { source, document }),
            Err(problem) => {
                problems.push(problem);
                broken.push(source);
            }
        }
    }
    report(&problems, &broken, context);
    if problems.is_empty() { Ok(documents) } else { Err(CommandError::reported()) }
}
