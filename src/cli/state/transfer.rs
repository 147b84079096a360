//! `relayctl state pull`, `push` and `migrate`: a state as a whole, out of its store, into it, and
//! from one to another.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::{existing, open};
use crate::cli::CommandContext;
use crate::cli::encrypt::opened;
use crate::cli::error::CommandError;
use crate::cli::options::ManifestArg;
use crate::cli::running::locked;
use crate::cli::session::{DeclaredManifest, StateAt, belongs};
use crate::port::Store;
use crate::state::{State, StoreError, decode, encode};

pub fn pull(manifest: &ManifestArg, context: &CommandContext) -> Result<(), CommandError> {
    let (declared, at) = open(manifest, context)?;
    let state = context.wait_for(async { existing(&declared, &at).await })?;
    context.terminal.result(encode(&state).trim_end())
}

pub fn push(
    manifest: &ManifestArg,
    file: &Path,
    force: bool,
    context: &CommandContext,
) -> Result<(), CommandError> {
    let (declared, at) = open(manifest, context)?;
    let state = read(file)?;
    belongs(
        &state,
        &declared.desired.name,
        &declared.desired.account,
        &file.display().to_string(),
    )?;
    let store = at.store.as_ref();
    let changed = context.wait_for(async {
        let lock = locked(store, "state push", context).await?;
        let pushed = push_under_lock(state, store, force).await;
        lock.release().await;
        pushed
    })?;
    let location = store.location();
    context.terminal.result(&match changed {
        Some(serial) => format!(
            "The state {location} is now what {} says, with serial {serial}.",
            file.display()
        ),
        None => format!("The state {location} is that of {} already.", file.display()),
    })
}

/// The new serial; none if nothing had to be changed.
async fn push_under_lock(
    mut state: State,
    store: &dyn Store,
    force: bool,
) -> Result<Option<u64>, CommandError> {
    let current = match store.load().await {
        Err(StoreError::Unreadable { .. } | StoreError::Journal { .. }) if force => None,
        loaded => loaded?,
    };
    if let Some(current) = current {
        if current == state {
            return Ok(None);
        }
        if !force && let Some(why) = not_a_successor(&state, &current) {
            return Err(CommandError::new(format!(
                "the state {} was not replaced: {why}",
                store.location()
            ))
            .help("`state pull` prints what is there; --force replaces it all the same"));
        }
        state.serial = state.serial.max(current.serial);
    }
    // Plans that were made against what was there can't be applied to what is there now.
    state.serial += 1;
    store.save(&state).await?;
    Ok(Some(state.serial))
}

fn not_a_successor(state: &State, current: &State) -> Option<String> {
    if state.lineage != current.lineage {
        return Some(format!(
            "it is another state (lineage {}, the file says {})",
            current.lineage, state.lineage
        ));
    }
    (state.serial < current.serial).then(|| {
        format!(
            "it is newer than the file (serial {}, the file says {})",
            current.serial, state.serial
        )
    })
}

fn read(file: &Path) -> Result<State, CommandError> {
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(file).map(|found| bytes = found)
    };
    read.map_err(|error| CommandError::file("read", file, error))?;
    decode(&String::from_utf8_lossy(&opened(&bytes, file)?)).map_err(|error| {
        CommandError::new(format!("{} is no state to push: {error}", file.display()))
    })
}

pub fn migrate(
    manifest: &ManifestArg,
    from: &str,
    to: &str,
    context: &CommandContext,
) -> Result<(), CommandError> {
    let (declared, _) = open(manifest, context)?;
    let (from, to) = (declared.open_state_at(from, context)?, declared.open_state_at(to, context)?);
    let (source, target) = (from.store.location(), to.store.location());
    if source == target {
        return Err(CommandError::new(format!("the state is at {source} already")));
    }
    context.wait_for(async {
        let lock = locked(from.store.as_ref(), "state migrate", context).await?;
        let copied = match locked(to.store.as_ref(), "state migrate", context).await {
            Ok(second) => {
                let copied = copy(&declared, &from, &to).await;
                second.release().await;
                copied
            }
            Err(error) => Err(error),
        };
        lock.release().await;
        copied
    })?;
    context.terminal.result(&format!(
        "Copied the state from {source} to {target}. Name the new place with `state:` in the \
            manifest; nothing reads \
         {source} any more then, and it can be deleted."
    ))
}

async fn copy(
    declared: &DeclaredManifest,
    from: &StateAt,
    to: &StateAt,
) -> Result<(), CommandError> {
    let state = existing(declared, from).await?;
    let (store, location) = (to.store.as_ref(), to.store.location());
    match declared.recorded(store).await? {
        // A run that was killed after copying is finished by running it again.
        Some(there) if there == state => return Ok(()),
        Some(_) => {
            return Err(CommandError::new(format!("there is another state at {location} already"))
                .help(
                    "look at it with `state pull --state`, and move it away if nobody needs it",
                ));
        }
        None => store.save(&state).await?,
    }
    match store.load().await? {
        Some(copied) if copied == state => Ok(()),
        _ => Err(CommandError::new(format!(
            "what is at {location} now is not what was written there"
        ))),
    }
}

/// What `state push` takes.
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

/// What `state migrate` takes.
#[derive(clap::Args, Debug)]
pub struct MigrateArgs {
    #[command(flatten)]
    pub manifest: ManifestArg,

    /// Where the state is: a .json file, a folder, or s3://bucket/prefix
    #[arg(value_name = "FROM")]
    pub from: String,

    /// Where it shall be
    #[arg(value_name = "TO")]
    pub to: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;

    fn state(lineage: &str, serial: u64) -> State {
        State { serial, ..State::new(lineage, "dev", "123456789012") }
    }

    #[tokio::test]
    async fn an_older_or_another_state_is_pushed_only_by_force_and_always_under_a_new_serial() {
        let store = MemoryStore::new();
        assert_eq!(push_under_lock(state("a", 3), &store, false).await, Ok(Some(4)));
        assert_eq!(push_under_lock(state("a", 4), &store, false).await, Ok(None));
        let refusal =
            async |state| push_under_lock(state, &store, false).await.unwrap_err().message.unwrap();
        assert!(
            refusal(state("a", 3))
                .await
                .contains("newer than the file (serial 4, the file says 3)")
        );
        assert!(
            refusal(state("b", 9)).await.contains("another state (lineage a, the file says b)")
        );
        assert_eq!(push_under_lock(state("b", 2), &store, true).await, Ok(Some(5)));
        assert_eq!(store.load().await.unwrap(), Some(state("b", 5)));
    }
}
