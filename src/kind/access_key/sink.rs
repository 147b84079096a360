//! A place that keeps a key's secret.

use crate::call::{FileRead, Write};
use crate::reads::Facet;
use crate::value::Attributes;

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
