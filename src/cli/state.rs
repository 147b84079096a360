//! `relayctl state`

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use super::Context;
use super::error::{CommandError, Exit};
use super::options::ManifestArg;
use super::planning::{found, no_such_address};
use super::project::{shown, write_private};
use super::running::lock_for;
use super::session::{self, Declared, StateAt};
use crate::address::Address;
use crate::model::{Entry, Status};
use crate::render::text::count;
use crate::state::{State, StoreError, VERSION, encode};
use crate::value::Value;

/// Look into the state, or take something out of it
///
/// The state records what relayctl made, so that it can be told from what others made. It holds no secret. Should it get
/// lost, the next plan finds by its tags what belongs to the manifest.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  relayctl state list manifests/dev.yaml
  relayctl state show manifests/dev.yaml user.serverless
  relayctl state rm manifests/dev.yaml user.serverless
  relayctl state rebuild manifests/dev.yaml
  relayctl state path manifests/dev.yaml";

#[derive(Subcommand, Debug)]
enum Command {
    /// List the addresses of all resources in the state
    List {
        #[command(flatten)]
        manifest: ManifestArg,
    },
    /// Print one resource as it was last applied
    Show {
        #[command(flatten)]
        manifest: ManifestArg,
        /// Its address, as `state list` prints it
        #[arg(value_name = "ADDRESS")]
        address: Address,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget one resource: it stays in AWS, and relayctl no longer answers for it
    Rm {
        #[command(flatten)]
        manifest: ManifestArg,
        /// Its address, as `state list` prints it
        #[arg(value_name = "ADDRESS")]
        address: Address,
    },
    /// Make the state anew from what exists: all that is declared and ours, and all that carries the manifest's tag
    ///
    /// Changes nothing in AWS. A state that was there, whole or broken, is kept beside the new one.
    Rebuild {
        #[command(flatten)]
        manifest: ManifestArg,
    },
    /// Print where the state is
    Path {
        #[command(flatten)]
        manifest: ManifestArg,
    },
}

pub fn run(args: &Args, context: &Context) -> Exit {
    match &args.command {
        Command::List { manifest } => list(manifest, context),
        Command::Show { manifest, address, json } => show(manifest, address, *json, context),
        Command::Rm { manifest, address } => remove(manifest, address, context),
        Command::Rebuild { manifest } => rebuild(manifest, context),
        Command::Path { manifest } => {
            let (_, at) = open(manifest, context)?;
            context.terminal.result(&at.store.location())
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

fn open(manifest: &ManifestArg, context: &Context) -> Result<(Declared, StateAt), CommandError> {
    let declared = session::load(&manifest.manifest, context)?;
    let at = declared.open_state(context)?;
    Ok((declared, at))
}

async fn existing(declared: &Declared, at: &StateAt) -> Result<State, CommandError> {
    let missing = || CommandError::new(format!("there is no state {} yet", at.store.location()));
    declared.recorded(at.store.as_ref()).await?.ok_or_else(missing)
}

fn list(manifest: &ManifestArg, context: &Context) -> Result<(), CommandError> {
    let (declared, at) = open(manifest, context)?;
    let state = context.wait_for(async { declared.recorded(at.store.as_ref()).await })?;
    let Some(state) = state else {
        context.terminal.note(&format!("There is no state {} yet.", at.store.location()));
        return Ok(());
    };
    let addresses: Vec<String> = state.resources.keys().map(ToString::to_string).collect();
    if addresses.is_empty() { Ok(()) } else { context.terminal.result(&addresses.join("\n")) }
}

fn show(manifest: &ManifestArg, address: &Address, as_json: bool, context: &Context) -> Result<(), CommandError> {
    let (declared, at) = open(manifest, context)?;
    let state = context.wait_for(async { existing(&declared, &at).await })?;
    let entry = state.resources.get(address).ok_or_else(|| no_such_address(address, state.resources.keys()))?;
    if as_json {
        let text = serde_json::to_string_pretty(entry)
            .map_err(|error| CommandError::new(format!("cannot print {address}: {error}")))?;
        return context.terminal.result(&text);
    }
    context.terminal.result(&resource(address, entry))
}

fn remove(manifest: &ManifestArg, address: &Address, context: &Context) -> Result<(), CommandError> {
    let (declared, at) = open(manifest, context)?;
    context.wait_for(async {
        let _lock = at.store.lock(&lock_for("state rm")).await?;
        let mut state = existing(&declared, &at).await?;
        if state.resources.remove(address).is_none() {
            return Err(no_such_address(address, state.resources.keys()));
        }
        state.serial += 1;
        at.store.save(&state).await?;
        Ok(())
    })?;
    context.terminal.result(&format!("Removed {address} from {}. In AWS it stays as it is.", at.store.location()))
}

fn rebuild(manifest: &ManifestArg, context: &Context) -> Result<(), CommandError> {
    let (declared, at) = open(manifest, context)?;
    let location = at.store.location();
    let (state, kept) = context.wait_for(async {
        let (provider, _) = declared.connect(context).await?;
        let _lock = at.store.lock(&lock_for("state rebuild")).await?;
        let (before, kept) = set_aside(&declared, &at, context).await?;
        let resources = found(&provider, &declared.desired, true, context).await;
        let state = match before {
            Some(state) => State { serial: state.serial + 1, resources, ..state },
            None => State {
                version: VERSION,
                lineage: uuid::Uuid::new_v4().to_string(),
                serial: 1,
                manifest: declared.desired.name.clone(),
                account: declared.desired.account.clone(),
                resources,
            },
        };
        at.store.save(&state).await?;
        Ok((state, kept))
    })?;
    let mut text = String::new();
    for address in state.resources.keys() {
        let undeclared = !declared.desired.resources.contains_key(address);
        let _ = writeln!(text, "{address}{}", if undeclared { " (no longer declared)" } else { "" });
    }
    let _ = write!(text, "{} of this manifest are recorded in {location}.", count(state.resources.len(), "resource"));
    context.terminal.result(&text)?;
    if let Some(kept) = kept {
        context.terminal.note(&format!("The state from before is kept in {}.", shown(&kept)));
    }
    Ok(())
}

/// The state that is there, if it can be read, and where a copy of it is kept now.
async fn set_aside(
    declared: &Declared,
    at: &StateAt,
    context: &Context,
) -> Result<(Option<State>, Option<PathBuf>), CommandError> {
    let default = declared.project.state_file(&declared.desired.name);
    let backup = default.with_extension(format!("{}.backup", jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ")));
    match declared.recorded(at.store.as_ref()).await {
        Ok(None) => Ok((None, None)),
        Ok(Some(state)) => {
            write_private(&backup, &encode(&state))?;
            Ok((Some(state), Some(backup)))
        }
        Err(refusal) => {
            // Of another manifest, or not readable at all: only the latter is ours to replace.
            let broken = at.store.load().await.is_err_and(|error| matches!(error, StoreError::Unreadable { .. }));
            let path = PathBuf::from(at.store.location());
            if !broken || !path.is_file() {
                return Err(refusal);
            }
            context.terminal.warn(&format!("{} cannot be read and is replaced", at.store.location()));
            std::fs::rename(&path, &backup).map_err(|error| CommandError::file("move", &path, error))?;
            Ok((None, Some(backup)))
        }
    }
}

/// One resource of the state, for people.
pub fn resource(address: &Address, entry: &Entry) -> String {
    let mut text = format!("{address}");
    if entry.status == Status::Intended {
        text += " (begun, not known to be finished)";
    }
    text.push('\n');
    let id = entry.id.as_deref().map(|id| ("id", Value::from(id)));
    let attributes = entry.attributes.iter().map(|(name, value)| (name.as_str(), value.clone()));
    let lines: Vec<(&str, Value)> = id.into_iter().chain(attributes.filter(|(name, _)| *name != "id")).collect();
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, value) in lines {
        let shown = format!("{value:#}").replace('\n', "\n    ");
        let _ = writeln!(text, "    {name:width$} = {shown}");
    }
    for dependency in &entry.depends_on {
        let _ = writeln!(text, "    # needs {dependency}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_printed_with_its_id_its_attributes_and_what_it_needs() {
        let entry = Entry {
            status: Status::Intended,
            id: Some("AIDA1".into()),
            attributes: [("name".to_owned(), Value::from("ada")), ("tags".to_owned(), serde_json::json!({"a": "b"}))]
                .into(),
            depends_on: [Address::new("policy", "p")].into(),
        };
        insta::assert_snapshot!(resource(&Address::new("user", "ada"), &entry), @r#"
        user.ada (begun, not known to be finished)
            id   = "AIDA1"
            name = "ada"
            tags = {
              "a": "b"
            }
            # needs policy.p
        "#);
    }
}
