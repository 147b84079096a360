//! `relayctl render`

use std::process::ExitCode;

use serde_json::json;

use super::CommandContext;
use super::error::{CommandError, Exit};
use super::options::ManifestArg;
use super::session;
use relayctl::address::AddressQuery;
use relayctl::value::Value;

/// Print what a manifest declares as it will be sent: documents, names, tags, settings
///
/// Works without a network. Variables are filled in and references resolved as far as they are
/// known before anything is made; policy documents are in the form in which they are sent. A
/// manifest holds no secrets, so neither does the output: keys are made by apply.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct RenderArgs {
    #[command(flatten)]
    manifest: ManifestArg,

    /// Only this resource, for example policy.Deployment
    #[arg(value_name = "ADDRESS")]
    address: Option<AddressQuery>,

    /// Print as JSON instead of YAML
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  relayctl render manifests/dev.yaml
  relayctl render manifests/dev.yaml user.serverless
  relayctl render manifests/dev.yaml policy.Deployment --json | jq .document";

pub fn run_command(args: &RenderArgs, context: &CommandContext) -> Exit {
    let declared = session::load_manifest(&args.manifest.manifest, context)?;
    let desired = &declared.desired;
    let address =
        args.address.as_ref().map(|query| query.find(desired.resources.keys())).transpose()?;
    let value = if let Some(address) = &address {
        json!(desired.resources[address].attributes)
    } else {
        let resources = desired.resources.iter();
        resources.map(|(name, it)| (name.to_string(), json!(it.attributes))).collect::<Value>()
    };
    let text = if args.json {
        format!("{value:#}")
    } else {
        serde_saphyr::to_string(&value)
            .map_err(|error| CommandError::because("cannot print the manifest", error))?
    };
    context.terminal.result(&text)?;
    Ok(ExitCode::SUCCESS)
}
