//! The sink that is a file, encrypted for the recipients of the key.

use std::collections::BTreeSet;

use serde_json::json;

use super::sink::SecretSink;
use crate::call::{FileRead, FileWrite, LocalFile, Write};
use crate::kind::{FieldEffect, JudgedChange};
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

/// Judges the file and its recipients. Fewer recipients of the same file read no more than before.
pub(super) fn judge(change: &JudgedChange<'_>) -> FieldEffect {
    let file = |value: &Value| value.get("file").cloned();
    let all = |value: &Value| recipients(&Attributes::from([("age", value.clone())]));
    let (before, after) = (change.before.map(all), all(change.after));
    let is_among = |it: &String| before.iter().flatten().any(|known| known == it);
    if change.before.and_then(file) == file(change.after) && after.iter().all(is_among) {
        return FieldEffect::Loss;
    }
    super::sink::judge(change)
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

    fn place(&self, attributes: &Attributes) -> Option<String> {
        path(attributes).map(|path| format!("file {path}"))
    }

    /// Recipients that are no longer named can decrypt the key that they have.
    fn outdated(&self, former: &Attributes, wanted: &Attributes) -> Option<String> {
        let said = |attributes| recipients(attributes).into_iter().collect::<BTreeSet<_>>();
        let (before, after) = (said(former), said(wanted));
        (self.is_declared(wanted) && !before.is_empty() && before != after)
            .then(|| format!("{} is to be encrypted for other recipients", self.label(wanted)))
    }

    fn trace(&self, attributes: &Attributes) -> Option<Attributes> {
        Some(Attributes::from([("age", json!({"file": path(attributes)?}))]))
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
