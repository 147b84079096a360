//! The options that fill placeholders of a manifest into documents.

use std::path::{Path, PathBuf};

use super::source::Source;
use crate::cli::CommandContext;
use crate::cli::error::CommandError;
use crate::cli::missing_file::missing_file;
use crate::cli::session;
use relayctl::diagnostic::Severity;
use relayctl::manifest::{FilledTexts, check_account, fill_account, fill_texts};
use relayctl::render::diagnostic;

/// The source of the values for `${…}`, `<ACCOUNT_ID>` and `<REGION>` in documents.
#[derive(clap::Args, Clone, Debug)]
pub struct PlaceholderArgs {
    /// Fill in the variables and placeholders of the documents as this manifest would
    // The id keeps the hints of a command from repeating it as the manifest of the run.
    #[arg(long = "manifest", id = "placeholder_manifest", value_name = "MANIFEST")]
    manifest: Option<PathBuf>,

    /// Fill in ${account} and <ACCOUNT_ID> with this account
    #[arg(long, value_name = "ID", value_parser = account, conflicts_with = "placeholder_manifest")]
    account: Option<String>,
}

impl PlaceholderArgs {
    /// Fills in the documents. Prints the problems in them.
    pub fn fill_sources<'s>(
        &self,
        sources: impl IntoIterator<Item = &'s mut Source>,
        context: &CommandContext,
    ) -> Result<(), CommandError> {
        if let Some(account) = &self.account {
            sources
                .into_iter()
                .for_each(|source| source.text = fill_account(&source.text, account));
        } else if let Some(manifest) = &self.manifest {
            fill_from(manifest, sources.into_iter().collect(), context)?;
        }
        Ok(())
    }
}

fn fill_from(
    manifest: &Path,
    sources: Vec<&mut Source>,
    context: &CommandContext,
) -> Result<(), CommandError> {
    if !manifest.is_file() {
        return Err(missing_file("manifest", manifest));
    }
    let options = &context.options;
    let variables = options.variables.iter().cloned().collect();
    let inputs = session::inputs(variables, options.region.clone(), options);
    let documents: Vec<_> =
        sources.iter().map(|source| (source.shown_name(), source.text.clone())).collect();
    let FilledTexts { texts, diagnostics, sources: shown } =
        fill_texts(manifest, &inputs, &documents);
    if !diagnostics.is_empty() {
        let color = context.terminal.side_style().color;
        context.terminal.print_side(&diagnostic::list_diagnostics(&diagnostics, &shown, color));
    }
    if diagnostics.iter().any(|one| one.severity == Severity::Error) {
        return Err(CommandError::reported());
    }
    for (source, text) in sources.into_iter().zip(texts) {
        source.text = text;
    }
    Ok(())
}

/// Checks an account id on the command line.
pub fn account(text: &str) -> Result<String, String> {
    check_account(text).map(|()| text.to_owned())
}
