//! The sink that is a command. It takes the key to a place that relayctl cannot read: the state
//! remembers which key the command was given, and without a state the sink is taken on trust.

use super::sink::SecretSink;
use crate::call::file::spelt;
use crate::call::{FileRead, FileWrite, Write};
use crate::reads::Facet;
use crate::value::{Attributes, Value};

pub(super) struct SinkCommand;

fn words(attributes: &Attributes) -> Option<Vec<String>> {
    let words = attributes.get("command")?.as_array()?;
    Some(words.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

impl SecretSink for SinkCommand {
    fn name(&self) -> &'static str {
        "command"
    }

    fn can_be_asked(&self) -> bool {
        false
    }

    fn facet(&self, _wanted: &Attributes) -> Option<Facet> {
        None
    }

    fn read(&self, _wanted: &Attributes) -> Option<FileRead> {
        None
    }

    fn place(&self, _attributes: &Attributes) -> Option<String> {
        None
    }

    /// A vault cannot be told to forget a key.
    fn outdated(&self, former: &Attributes, _wanted: &Attributes) -> Option<String> {
        Some(format!("the command {} was given this key, and keeps it", self.label(former)))
    }

    fn label(&self, wanted: &Attributes) -> String {
        format!("`{}`", spelt(&words(wanted).unwrap_or_default()))
    }

    fn conflict(&self, _wanted: &Attributes, _key: &str) -> Option<String> {
        None
    }

    fn store(&self, wanted: &Attributes, _replaces: Option<String>) -> Option<Write> {
        words(wanted).map(|command| Write::File(FileWrite::RunCommand { command }))
    }

    /// Returns nothing: a vault cannot be told to forget a key. The key that it keeps is a dead
    /// one.
    fn empty(&self, _recorded: &Attributes, _key: String) -> Option<Write> {
        None
    }
}
