//! A file on the command line that may be a saved plan or a manifest. Its content decides.

use std::path::Path;

use super::encrypt::read_sealed;
use super::error::CommandError;
use super::hint::Hint;
use super::missing_file::missing_file;
use super::project::looks_like_plan;
use relayctl::plan::Plan;
use relayctl::plan::file::{self, PlanFileError};
use relayctl::render::command::NextCommand;

pub enum Input {
    Plan(Box<Plan>),
    Manifest,
}

pub fn open_input(path: &Path) -> Result<Input, CommandError> {
    if !path.is_file() {
        return Err(missing_file("plan and no manifest", path));
    }
    let text = read_sealed(path)?;
    match file::decode(&String::from_utf8_lossy(&text)) {
        Ok(plan) => Ok(Input::Plan(Box::new(plan))),
        // A manifest isn't marked as a plan. But a damaged plan must not be read as a manifest.
        Err(PlanFileError::NotPlan(_) | PlanFileError::Unmarked) if !looks_like_plan(path) => {
            Ok(Input::Manifest)
        }
        Err(error) => Err(not_usable(path, error)),
    }
}

/// Opens a file that must be a plan.
pub fn open_plan(path: &Path) -> Result<Plan, CommandError> {
    let text = read_sealed(path)?;
    file::decode(&String::from_utf8_lossy(&text)).map_err(|error| not_usable(path, error))
}

fn not_usable(path: &Path, error: PlanFileError) -> CommandError {
    CommandError::because(path.display(), error).with_help(
        Hint::new("make a new one with ").quoted_command(NextCommand::on_any_manifest("plan")),
    )
}
