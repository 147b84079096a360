//! Documents from files and from the standard input.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cli::CommandContext;
use crate::cli::caller_file::{is_stdin, read_given};
use crate::cli::error::CommandError;
use crate::cli::hint::Hint;
use relayctl::diagnostic::{Diagnostic, Place};
use relayctl::policy::{self, Document};
use relayctl::render::command::NextCommand;
use relayctl::render::diagnostic;
use relayctl::value::Value;

/// The text of a file.
#[derive(Debug)]
pub struct Source {
    /// The path as the user gave it.
    pub path: PathBuf,
    pub text: String,
}

impl Source {
    pub fn read(path: &Path, max_size: u64) -> Result<Self, Diagnostic> {
        let bytes = read_given(path, max_size).map_err(|refusal| {
            Diagnostic::error(refusal.diagnostic_code(), None, refusal.to_string())
                .help(refusal.remedy())
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let before =
                String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()])
                    .into_owned();
            not_text(path, &before)
        })?;
        Ok(Self { path: path.to_owned(), text })
    }

    pub fn is_stdin(&self) -> bool {
        is_stdin(&self.path)
    }

    /// Returns the name that messages use for the source.
    pub fn shown_name(&self) -> PathBuf {
        named(&self.path)
    }

    /// Returns the hint for a document that cannot be understood.
    pub fn hint_to_validate(&self) -> Hint {
        let validate = NextCommand::on_files("policy validate");
        let validate = validate.with(self.path.display().to_string());
        Hint::new("see what is wrong with it: ").command(validate)
    }

    pub fn parse(&self) -> Result<Value, Diagnostic> {
        policy::parse(&self.text)
            .map(Document::into_value)
            .map_err(|error| policy::unparsed(&self.shown_name(), &error))
    }
}

/// Makes sure that the standard input is named only once: it can be read for one file only.
pub fn check_stdin_once(files: &[PathBuf]) -> Result<(), CommandError> {
    if files.iter().filter(|file| is_stdin(file)).count() > 1 {
        return Err(CommandError::new("the standard input can be read only once")
            .with_help("name - only once"));
    }
    Ok(())
}

/// Prints the problems, with the lines that they are about.
pub fn report<'s>(
    diagnostics: &[Diagnostic],
    sources: impl IntoIterator<Item = &'s Source>,
    context: &CommandContext,
) {
    if diagnostics.is_empty() {
        return;
    }
    let texts: BTreeMap<_, _> =
        sources.into_iter().map(|source| (source.shown_name(), source.text.clone())).collect();
    let color = context.terminal.side_style().color;
    context.terminal.print_side(&diagnostic::list_diagnostics(diagnostics, &texts, color));
}

fn named(path: &Path) -> PathBuf {
    if is_stdin(path) { PathBuf::from("<stdin>") } else { path.to_owned() }
}

fn not_text(path: &Path, before: &str) -> Diagnostic {
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let place = Place { file: named(path), line, column, length: 1 };
    Diagnostic::error("not-utf8", Some(place), "this is not UTF-8 text")
        .help("save the file as UTF-8")
}
