//! `relayctl schema`

use std::process::ExitCode;

use super::CommandContext;
use super::error::{CommandError, Exit};
use relayctl::manifest;

/// Print the JSON Schema of a manifest, for editors
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct SchemaArgs {}

const EXAMPLES: &str = "\
Example:
  relayctl schema > schema/relayctl.schema.json

A manifest's first line then turns on completion and checks in editors with the YAML language \
server:
  # yaml-language-server: $schema=../schema/relayctl.schema.json";

pub fn run_command(_args: &SchemaArgs, context: &CommandContext) -> Exit {
    context.terminal.result(&schema_text()?)?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the schema as it is printed and as `init` writes it.
pub fn schema_text() -> Result<String, CommandError> {
    serde_json::to_string_pretty(&manifest::schema())
        .map(|text| text + "\n")
        .map_err(|error| CommandError::because("cannot print the schema", error))
}
