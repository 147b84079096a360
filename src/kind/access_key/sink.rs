//! A place that keeps a key's secret.

use crate::call::{FileRead, SecretSource, Write};
use crate::kind::{FieldEffect, JudgedChange};
use crate::reads::Facet;
use crate::value::Attributes;

/// Judges the place of a secret: who reads the new place holds the key from then on.
pub(super) fn judge(change: &JudgedChange<'_>) -> FieldEffect {
    match change.before {
        _ if change.after.is_null() => FieldEffect::Loss,
        Some(before) if before != change.after => {
            FieldEffect::Gain("the key's secret goes to another place")
        }
        Some(_) | None => FieldEffect::None,
    }
}

/// One place that keeps a key's secret, declared by the attribute of its name.
pub(super) trait SecretSink: Sync {
    /// The attribute that declares it.
    fn name(&self) -> &'static str;

    fn is_declared(&self, attributes: &Attributes) -> bool {
        attributes.get(self.name()).is_some_and(|declared| !declared.is_null())
    }

    /// Returns true if the sink tells which key it holds. For a sink that doesn't, the state
    /// remembers which key it was given.
    fn can_be_asked(&self) -> bool {
        true
    }

    /// Returns the facet of the sink; `None` if the sink isn't declared.
    fn facet(&self, wanted: &Attributes) -> Option<Facet>;

    /// Returns the read of the id of the key in the sink.
    fn read(&self, wanted: &Attributes) -> Option<FileRead>;

    /// Returns the file, or the part of a file, that it is, as a text that no other place has;
    /// `None` if the sink isn't declared, or is in no file of this machine.
    fn place(&self, attributes: &Attributes) -> Option<String>;

    /// Returns the file from which the secret can be read back, if it can.
    fn source(&self, _attributes: &Attributes) -> Option<SecretSource> {
        None
    }

    /// Returns the reason why a key must not stay in use when the sink changes: who has the key
    /// from there keeps it. `wanted` is the new declaration.
    fn outdated(&self, _former: &Attributes, _wanted: &Attributes) -> Option<String> {
        None
    }

    /// Returns the attribute by which the sink is found when it is no longer declared.
    fn trace(&self, attributes: &Attributes) -> Option<Attributes> {
        self.place(attributes)?;
        Some(Attributes::from([(self.name(), attributes.get(self.name())?.clone())]))
    }

    /// Returns the sink's name for people: `profile [serverless]`.
    fn label(&self, wanted: &Attributes) -> String;

    /// Returns the reason why a new key can't go into the sink while `key` is in it.
    fn conflict(&self, wanted: &Attributes, key: &str) -> Option<String>;

    /// Returns the call that puts the carried key into the sink. `replaces` is the key of ours
    /// whose place it takes.
    fn store(&self, wanted: &Attributes, replaces: Option<String>) -> Option<Write>;

    /// Returns the call that takes this key out of the sink again.
    fn empty(&self, recorded: &Attributes, key: String) -> Option<Write>;
}
