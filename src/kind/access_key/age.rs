//! The sink that is a file, encrypted for the recipients of the key.

use super::sink::SecretSink;
use crate::call::{FileRead, FileWrite, LocalFile, Write};
use crate::reads::Facet;
use crate::value::{Attributes, Value};

pub(super) struct Age;

fn file(attributes: &Attributes) -> Option<LocalFile> {
    Some(LocalFile::Path(path(attributes)?.to_owned()))
}

fn path(attributes: &Attributes) -> Option<&str> {
    attributes.get("age")?.get("file")?.as_str()
}

fn recipients(attributes: &Attributes) -> Vec<String> {
    let said =
        attributes.get("age").and_then(|age| age.get("recipients")).and_then(Value::as_array);
    said.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

impl SecretSink for Age {
    fn name(&self) -> &'static str {
        "age"
    }

    fn facet(&self, wanted: &Attributes) -> Option<Facet> {
        file(wanted).map(|file| Facet::KeyAge { file })
    }

    fn read(&self, wanted: &Attributes) -> Option<FileRead> {
        file(wanted).map(|file| FileRead::KeyAge { file })
    }

    fn label(&self, wanted: &Attributes) -> String {
        path(wanted).unwrap_or_default().to_owned()
    }

    fn conflict(&self, wanted: &Attributes, key: &str) -> Option<String> {
        let file = path(wanted)?;
        Some(format!("{file} holds another key ({key}): name another file, or move this one away"))
    }

    fn store(&self, wanted: &Attributes, replaces: Option<String>) -> Option<Write> {
        let recipients = recipients(wanted);
        file(wanted).map(|file| Write::File(FileWrite::StoreKeyAge { file, recipients, replaces }))
    }

    fn empty(&self, recorded: &Attributes, key: String) -> Option<Write> {
        file(recorded).map(|file| Write::File(FileWrite::RemoveKeyAge { file, key }))
    }
}
