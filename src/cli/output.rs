//! `relayctl output`

use std::collections::BTreeMap;
use std::process::ExitCode;

use super::CommandContext;
use super::error::{CommandError, Exit};
use super::hint::Hint;
use super::options::ManifestArg;
use super::session;
use super::suggest::nearest;
use relayctl::address::{Address, AddressLookupError, AddressQuery};
use relayctl::kind::{self, Output, OutputValue};
use relayctl::model::{Recorded, Status};
use relayctl::render::command::NextCommand;
use relayctl::render::text::escape;
use relayctl::value::{Value, text_of};

/// Print what others need to know: ARNs, key ids, bucket names
///
/// Comes from the state, so it works without AWS and tells what the last apply made. With NAME only
/// that value is printed, as it is, for use in scripts.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct OutputArgs {
    #[command(flatten)]
    manifest: ManifestArg,

    /// Only this value, for example roles.deployer.arn
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Print as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  relayctl output manifests/dev.yaml
  relayctl output manifests/dev.yaml --json
  relayctl output manifests/dev.yaml users.serverless.arn

Names:
  policies.NAME.arn   users.NAME.arn   roles.NAME.arn
  buckets.NAME.arn    buckets.NAME.name    access_keys.USER.id";

pub fn run_command(args: &OutputArgs, context: &CommandContext) -> Exit {
    let declared = session::load_manifest(&args.manifest.manifest, context)?;
    let at = declared.open_state(context)?;
    let state = context.wait_for(async { declared.load_state(at.store.as_ref()).await })?;
    let state = state.ok_or_else(|| {
        CommandError::new(format!("there is no state {} yet", at.store.location())).with_help(
            Hint::new("make what the manifest declares first: ")
                .command(NextCommand::on_manifest("apply")),
        )
    })?;
    let outputs = outputs(&state.resources);
    context.terminal.result(&match &args.name {
        Some(name) => one(&outputs, &full_name(name, &outputs, &state.resources)?, args.json)?,
        None if args.json => pretty(&outputs),
        None => table(&outputs),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the outputs of the created objects, by name.
fn outputs(recorded: &Recorded) -> BTreeMap<String, String> {
    let mut outputs = BTreeMap::new();
    for (address, entry) in recorded.iter().filter(|(_, entry)| entry.status == Status::Done) {
        for Output { section, field, value } in kind::kind_of(address.kind()).facts().outputs {
            let value = match value {
                OutputValue::Name => address.name().to_owned(),
                OutputValue::Arn => text_of(&entry.attributes, "arn").to_owned(),
                OutputValue::Id => entry.id.clone().unwrap_or_default(),
            };
            outputs.insert(format!("{section}.{}.{field}", address.name()), value);
        }
    }
    outputs
}

/// Returns the whole name of an output: `user.ada.arn` and `ada.arn` mean `users.ada.arn`. What
/// means no output stays as it is.
fn full_name(
    name: &str,
    outputs: &BTreeMap<String, String>,
    recorded: &Recorded,
) -> Result<String, AddressLookupError> {
    let Some((resource, field)) = name.rsplit_once('.').filter(|_| !outputs.contains_key(name))
    else {
        return Ok(name.to_owned());
    };
    let key = |address: &Address| {
        let outputs = kind::kind_of(address.kind()).facts().outputs;
        let section = outputs.iter().find(|it| it.field == field)?.section;
        Some(format!("{section}.{}.{field}", address.name()))
    };
    let has_it = |address: &&Address| key(address).is_some_and(|key| outputs.contains_key(&key));
    match AddressQuery::new(resource).find(recorded.keys().filter(has_it)) {
        Ok(address) => Ok(key(&address).unwrap_or_else(|| name.to_owned())),
        Err(AddressLookupError::Unknown { .. }) => Ok(name.to_owned()),
        Err(error @ AddressLookupError::Ambiguous { .. }) => Err(error),
    }
}

fn one(
    outputs: &BTreeMap<String, String>,
    name: &str,
    as_json: bool,
) -> Result<String, CommandError> {
    match outputs.get(name) {
        Some(value) if as_json => Ok(Value::from(value.as_str()).to_string()),
        Some(value) => Ok(escape(value)),
        None => {
            let error = CommandError::new(format!("there is no output {name}"));
            let near = nearest(name, outputs.keys().map(String::as_str));
            let all = || Hint::to_run(NextCommand::on_manifest("output"));
            Err(error.with_help(near.map_or_else(
                || all().followed_by(" lists them all"),
                |near| Hint::new(format!("did you mean {near}?")),
            )))
        }
    }
}

fn pretty(outputs: &BTreeMap<String, String>) -> String {
    format!(
        "{:#}",
        outputs
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
            .collect::<Value>()
    )
}

fn table(outputs: &BTreeMap<String, String>) -> String {
    let outputs: Vec<_> =
        outputs.iter().map(|(name, value)| (escape(name), escape(value))).collect();
    let width = outputs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let lines: Vec<String> =
        outputs.iter().map(|(name, value)| format!("{name:width$} = {value}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use relayctl::address::KindName;
    use relayctl::model::RecordedObject;
    use relayctl::render::command::RunOptions;

    fn recorded() -> Recorded {
        let entry = |status, id: Option<&str>, arn: &str| RecordedObject {
            status,
            id: id.map(str::to_owned),
            attributes: [("arn".to_owned(), Value::from(arn))].into(),
            depends_on: [].into(),
        };
        [
            (
                Address::new(KindName::USER, "ada"),
                entry(Status::Done, Some("AIDA1"), "arn:aws:iam::1:user/ada"),
            ),
            (Address::new(KindName::AccessKey, "ada"), entry(Status::Done, Some("AKIA1"), "")),
            (Address::new(KindName::Bucket, "b"), entry(Status::Done, Some("b"), "arn:aws:s3:::b")),
            (
                Address::new(KindName::ROLE, "half"),
                entry(Status::Intended, None, "arn:aws:iam::1:role/half"),
            ),
        ]
        .into()
    }

    #[test]
    fn what_was_made_is_listed_and_what_was_only_begun_is_not() {
        insta::assert_snapshot!(table(&outputs(&recorded())), @r"
        access_keys.ada.id = AKIA1
        buckets.b.arn      = arn:aws:s3:::b
        buckets.b.name     = b
        users.ada.arn      = arn:aws:iam::1:user/ada
        ");
    }

    #[test]
    fn one_value_is_printed_bare_or_as_json() {
        let outputs = outputs(&recorded());
        assert_eq!(one(&outputs, "access_keys.ada.id", false).unwrap(), "AKIA1");
        assert_eq!(one(&outputs, "access_keys.ada.id", true).unwrap(), "\"AKIA1\"");
        let error = one(&outputs, "access_keys.adda.id", false).unwrap_err();
        let help = error.help_for(&RunOptions::default());
        assert_eq!(help.as_deref(), Some("did you mean access_keys.ada.id?"));
    }
}
