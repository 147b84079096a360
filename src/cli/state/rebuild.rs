//! The `relayctl state rebuild` command: it rebuilds the state from what exists.

use std::fmt::Write;

use super::open;
use crate::cli::CommandContext;
use crate::cli::encrypt::write_sealed;
use crate::cli::error::CommandError;
use crate::cli::options::ManifestArg;
use crate::cli::planning::TerminalObserver;
use crate::cli::project::shown;
use crate::cli::running::take_lock;
use crate::cli::session::{DeclaredManifest, StateAt};
use relayctl::clock::present_time;
use relayctl::engine::{self, StateLock, Workspace};
use relayctl::render::text::{count, escape};
use relayctl::state::{State, StoreError, encode};

pub fn rebuild_state(manifest: &ManifestArg, context: &CommandContext) -> Result<(), CommandError> {
    let (declared, at) = open(manifest, context)?;
    let location = at.store.location();
    let (state, kept) = context.wait_for(async {
        let lock = take_lock(at.store.as_ref(), "state rebuild", context).await?;
        let rebuilt = under_lock(&declared, &at, &lock, context).await;
        lock.release().await;
        rebuilt
    })?;
    let mut text = String::new();
    for address in state.resources.keys() {
        let undeclared = !declared.desired.resources.contains_key(address);
        let _ = writeln!(
            text,
            "{}{}",
            escape(&address.to_string()),
            if undeclared { " (no longer declared)" } else { "" }
        );
    }
    let _ = write!(
        text,
        "{} of this manifest are recorded in {}.",
        count(state.resources.len(), "resource"),
        escape(&location)
    );
    context.terminal.result(&text)?;
    if !kept.is_empty() {
        let kept = kept.join(" and ");
        context.terminal.print_note(&format!("The state from before is kept in {kept}."));
    }
    Ok(())
}

async fn under_lock(
    declared: &DeclaredManifest,
    at: &StateAt,
    lock: &StateLock<'_>,
    context: &CommandContext,
) -> Result<(State, Vec<String>), CommandError> {
    let provider = declared.connect(context).await?;
    let (before, kept) = set_aside(declared, at, context).await?;
    let observer = TerminalObserver::new(&context.terminal);
    let (desired, store) = (&declared.desired, at.store.as_ref());
    let workspace = Workspace { desired, provider: &provider, store, observer: &observer };
    let state = engine::rebuild_state(&workspace, lock, before).await?;
    Ok((state, kept))
}

/// Returns the current state, if it can be read, and the places of the copies that are kept of it.
async fn set_aside(
    declared: &DeclaredManifest,
    at: &StateAt,
    context: &CommandContext,
) -> Result<(Option<State>, Vec<String>), CommandError> {
    // A second rebuild within the same moment must not take the copy of the first.
    let label = present_time().strftime("%Y%m%dT%H%M%S.%6fZ").to_string();
    match declared.load_state(at.store.as_ref()).await {
        Ok(None) => Ok((None, Vec::new())),
        Ok(Some(state)) => {
            let default = declared.project.state_file(&declared.desired.name);
            let backup = default.with_extension(format!("{label}.backup"));
            write_sealed(&backup, encode(&state).as_bytes(), &declared.desired.recipients)?;
            Ok((Some(state), vec![shown(&backup)]))
        }
        Err(refusal) => {
            // The state belongs to another manifest, or cannot be read at all. Only the latter is
            // ours to replace.
            let broken = at.store.load_state().await.is_err_and(|error| {
                matches!(error, StoreError::Unreadable { .. } | StoreError::Journal { .. })
            });
            if !broken {
                return Err(refusal);
            }
            context
                .terminal
                .print_warning(&format!("{} cannot be read and is replaced", at.store.location()));
            Ok((None, at.store.keep_unreadable(&label).await?))
        }
    }
}
