//! The `relayctl state pull`, `push` and `migrate` commands: they move a whole state out of its
//! store, into it, and from one store to another.

use std::path::{Path, PathBuf};

use super::{existing, open};
use crate::cli::CommandContext;
use crate::cli::caller_file::read_given;
use crate::cli::encrypt::opened;
use crate::cli::error::CommandError;
use crate::cli::options::ManifestArg;
use crate::cli::running::take_lock;
use relayctl::engine::{self, PushOptions};
use relayctl::model::Desired;
use relayctl::state::{State, decode, encode};

pub fn pull_state(manifest: &ManifestArg, context: &CommandContext) -> Result<(), CommandError> {
    let (declared, at) = open(manifest, context)?;
    let state = context.wait_for(async { existing(&declared, &at).await })?;
    context.terminal.result(encode(&state).trim_end())
}

pub fn push_state(
    manifest: &ManifestArg,
    file: &Path,
    force: bool,
    context: &CommandContext,
) -> Result<(), CommandError> {
    let (declared, at) = open(manifest, context)?;
    let state = read(file, context.options.max_file_size)?;
    let Desired { name, account, .. } = &declared.desired;
    engine::check_owner(&state, name, account, &file.display().to_string())?;
    let store = at.store.as_ref();
    let changed = context.wait_for(async {
        let lock = take_lock(store, "state push", context).await?;
        let pushed = engine::push_state(&lock, state, PushOptions { force }).await;
        lock.release().await;
        Ok(pushed?)
    })?;
    let location = store.location();
    context.terminal.result_line(&match changed {
        Some(serial) => format!(
            "The state {location} is now what {} says, with serial {serial}.",
            file.display()
        ),
        None => format!("The state {location} is that of {} already.", file.display()),
    })
}

fn read(file: &Path, max_size: u64) -> Result<State, CommandError> {
    let bytes = read_given(file, max_size)?;
    decode(&String::from_utf8_lossy(&opened(&bytes, file)?)).map_err(|error| {
        CommandError::because(format!("{} is no state to push", file.display()), error)
    })
}

pub fn migrate_state(
    manifest: &ManifestArg,
    from: &str,
    to: &str,
    context: &CommandContext,
) -> Result<(), CommandError> {
    let (declared, _) = open(manifest, context)?;
    let (from, to) = (declared.open_state_at(from, context)?, declared.open_state_at(to, context)?);
    let (source, target) = (from.store.location(), to.store.location());
    context.wait_for(async {
        let (old, new) = (from.store.as_ref(), to.store.as_ref());
        engine::check_migration(&declared.desired, old, new).await?;
        let lock = take_lock(from.store.as_ref(), "state migrate", context).await?;
        let copied = match take_lock(to.store.as_ref(), "state migrate", context).await {
            Ok(second) => {
                let copied = engine::migrate_state(&declared.desired, &lock, &second).await;
                second.release().await;
                copied.map_err(CommandError::from)
            }
            Err(error) => Err(error),
        };
        lock.release().await;
        copied
    })?;
    context.terminal.result_line(&format!(
        "Copied the state from {source} to {target}. Name the new place with `state:` in the \
            manifest; nothing reads {source} any more then, and it can be deleted."
    ))
}

/// The arguments of `state push`.
#[derive(clap::Args, Debug)]
pub struct PushArgs {
    #[command(flatten)]
    pub manifest: ManifestArg,

    /// A state as `state pull` printed it; - reads it from stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Also over a state that is newer, another one, or damaged
    #[arg(long)]
    pub force: bool,
}

/// The arguments of `state migrate`.
#[derive(clap::Args, Debug)]
pub struct MigrateArgs {
    #[command(flatten)]
    pub manifest: ManifestArg,

    /// Place of the state: a .json file, a folder, or s3://bucket/prefix
    #[arg(value_name = "FROM")]
    pub from: String,

    /// New place of the state
    #[arg(value_name = "TO")]
    pub to: String,
}
