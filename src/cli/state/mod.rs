//! `relayctl state`

mod add;
mod rebuild;
mod rename;
mod transfer;

use std::fmt::Write;
use std::process::ExitCode;

use clap::Subcommand;

use super::CommandContext;
use super::error::{CommandError, Exit};
use super::options::ManifestArg;
use super::running::take_lock;
use super::session::{self, DeclaredManifest, StateAt};
use relayctl::address::{Address, AddressQuery};
use relayctl::engine;
use relayctl::model::{RecordedObject, Status};
use relayctl::render::text::escape;
use relayctl::state::State;
use relayctl::value::Value;

/// Look into the state, or take something out of it
///
/// The state records what relayctl made, so that it can be told from what others made. It holds no
/// secret. Should it get lost, the next plan finds by its tags what belongs to the manifest.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct StateArgs {
    #[command(subcommand)]
    command: StateCommand,
}

const EXAMPLES: &str = "\
Examples:
  relayctl state list manifests/dev.yaml
  relayctl state show manifests/dev.yaml user.serverless
  relayctl state rm manifests/dev.yaml user.serverless
  relayctl state add manifests/dev.yaml group.developers
  relayctl state unlock manifests/dev.yaml 0b9e5c4e-8a52-4f0c-9c2b-6a4b5d0f7c11
  relayctl state pull manifests/dev.yaml > dev.json
  relayctl state push manifests/dev.yaml dev.json
  relayctl state migrate manifests/dev.yaml state/ s3://my-states/relay
  relayctl state rebuild manifests/dev.yaml
  relayctl state rename relay-dev relay-test
  relayctl state path manifests/dev.yaml";

#[derive(Subcommand, Debug)]
enum StateCommand {
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
        address: AddressQuery,
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
        address: AddressQuery,
    },
    /// Record an object that exists as this manifest's, where AWS gives it no tag that could say
    /// so: a group
    Add {
        #[command(flatten)]
        manifest: ManifestArg,
        /// Its address, as plans print it
        #[arg(value_name = "ADDRESS")]
        address: AddressQuery,
    },
    /// Take the lock away from a run that is gone for good; one that still lives stops before its
    /// next change
    Unlock {
        #[command(flatten)]
        manifest: ManifestArg,
        /// Of the lock, as the message says that names its holder
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Print the whole state as JSON
    Pull {
        #[command(flatten)]
        manifest: ManifestArg,
    },
    /// Replace the whole state by a file; one that is newer or another only with --force
    Push(transfer::PushArgs),
    /// Copy the state to another store, and look whether it got there
    Migrate(transfer::MigrateArgs),
    /// Make the state anew from what exists: all that is declared and ours, and all that carries
    /// the manifest's tag
    ///
    /// Changes nothing in AWS. A state that was there, whole or broken, is kept beside the new one.
    Rebuild {
        #[command(flatten)]
        manifest: ManifestArg,
    },
    /// Give a manifest another name: its objects get it as their tag, and its state moves
    Rename(rename::RenameArgs),
    /// Print where the state is
    Path {
        #[command(flatten)]
        manifest: ManifestArg,
    },
}

pub fn run_command(args: &StateArgs, context: &CommandContext) -> Exit {
    match &args.command {
        StateCommand::List { manifest } => list(manifest, context),
        StateCommand::Show { manifest, address, json } => show(manifest, address, *json, context),
        StateCommand::Rm { manifest, address } => remove(manifest, address, context),
        StateCommand::Add { manifest, address } => add::add_resource(manifest, address, context),
        StateCommand::Unlock { manifest, id } => unlock(manifest, id, context),
        StateCommand::Pull { manifest } => transfer::pull_state(manifest, context),
        StateCommand::Push(args) => {
            transfer::push_state(&args.manifest, &args.file, args.force, context)
        }
        StateCommand::Migrate(args) => {
            transfer::migrate_state(&args.manifest, &args.from, &args.to, context)
        }
        StateCommand::Rebuild { manifest } => rebuild::rebuild_state(manifest, context),
        StateCommand::Rename(args) => rename::rename_state(args, context),
        StateCommand::Path { manifest } => {
            let (_, at) = open(manifest, context)?;
            context.terminal.result_line(&at.store.location())
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

fn open(
    manifest: &ManifestArg,
    context: &CommandContext,
) -> Result<(DeclaredManifest, StateAt), CommandError> {
    let declared = session::load_manifest(&manifest.manifest, context)?;
    let at = declared.open_state(context)?;
    Ok((declared, at))
}

async fn existing(declared: &DeclaredManifest, at: &StateAt) -> Result<State, CommandError> {
    Ok(engine::require_state(&declared.desired, at.store.as_ref()).await?)
}

fn list(manifest: &ManifestArg, context: &CommandContext) -> Result<(), CommandError> {
    let (declared, at) = open(manifest, context)?;
    let state = context.wait_for(async { declared.load_state(at.store.as_ref()).await })?;
    let Some(state) = state else {
        context.terminal.print_note(&format!("There is no state {} yet.", at.store.location()));
        return Ok(());
    };
    let addresses: Vec<String> = state.resources.keys().map(|it| escape(&it.to_string())).collect();
    if addresses.is_empty() { Ok(()) } else { context.terminal.result(&addresses.join("\n")) }
}

fn show(
    manifest: &ManifestArg,
    address: &AddressQuery,
    as_json: bool,
    context: &CommandContext,
) -> Result<(), CommandError> {
    let (declared, at) = open(manifest, context)?;
    let state = context.wait_for(async { existing(&declared, &at).await })?;
    let (address, entry) = engine::find_resource(&state, address)?;
    if as_json {
        let text = serde_json::to_string_pretty(entry)
            .map_err(|error| CommandError::because(format!("cannot print {address}"), error))?;
        return context.terminal.result(&text);
    }
    context.terminal.result(&resource(&address, entry))
}

fn remove(
    manifest: &ManifestArg,
    address: &AddressQuery,
    context: &CommandContext,
) -> Result<(), CommandError> {
    let (declared, at) = open(manifest, context)?;
    let address = context.wait_for(async {
        let lock = take_lock(at.store.as_ref(), "state rm", context).await?;
        let forgotten = engine::forget_resource(&declared.desired, &lock, address).await;
        lock.release().await;
        Ok(forgotten?)
    })?;
    context.terminal.result_line(&format!(
        "Removed {address} from {}. In AWS it stays as it is.",
        at.store.location()
    ))
}

fn unlock(manifest: &ManifestArg, id: &str, context: &CommandContext) -> Result<(), CommandError> {
    let (_, at) = open(manifest, context)?;
    let held = context.wait_for(async { Ok(at.store.unlock(id).await?) })?;
    let text = format!("Unlocked {}, which {held} had locked.", at.store.location());
    context.terminal.result_line(&format!(
        "{text} Should that run still live, it stops before its next change."
    ))
}

/// Prints one resource of the state, for people.
pub fn resource(address: &Address, entry: &RecordedObject) -> String {
    let mut text = escape(&address.to_string());
    if entry.status == Status::Intended {
        text += " (begun, not known to be finished)";
    }
    text.push('\n');
    let id = entry.id.as_deref().map(|id| ("id", Value::from(id)));
    let attributes = entry.attributes.iter().map(|(name, value)| (name, value.clone()));
    let lines: Vec<(&str, Value)> =
        id.into_iter().chain(attributes.filter(|(name, _)| *name != "id")).collect();
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, value) in lines {
        let shown = format!("{value:#}").replace('\n', "\n    ");
        let _ = writeln!(text, "    {:width$} = {shown}", escape(name));
    }
    for dependency in &entry.depends_on {
        let _ = writeln!(text, "    # needs {}", escape(&dependency.to_string()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use relayctl::address::KindName;

    #[test]
    fn a_resource_is_printed_with_its_id_its_attributes_and_what_it_needs() {
        let entry = RecordedObject {
            status: Status::Intended,
            id: Some("AIDA1".into()),
            attributes: [
                ("name".to_owned(), Value::from("ada")),
                ("tags".to_owned(), serde_json::json!({"a": "b"})),
            ]
            .into(),
            depends_on: [Address::new(KindName::Policy, "p")].into(),
        };
        insta::assert_snapshot!(resource(&Address::new(KindName::USER, "ada"), &entry), @r#"
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
