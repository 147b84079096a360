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

    /// Whether it tells which key is in it. Of one that doesn't, the state remembers that it was
    /// given the key.
    fn can_be_asked(&self) -> bool {
        true
    }

    /// What must be known of it; `None` where it isn't declared.
    fn facet(&self, wanted: &Attributes) -> Option<Facet>;

    /// How it is asked for the id of the key in it.
    fn read(&self, wanted: &Attributes) -> Option<FileRead>;

    /// For people: `profile [serverless]`.
    fn label(&self, wanted: &Attributes) -> String;

    /// Why a new key can't go there while this other one is in it.
    fn conflict(&self, wanted: &Attributes, key: &str) -> Option<String>;

    /// The call that puts the carried key there. `replaces` is the key of ours that it takes the
    /// place of.
    fn store(&self, wanted: &Attributes, replaces: Option<String>) -> Option<Write>;

    /// The call that takes this key out of it again.
    fn empty(&self, recorded: &Attributes, key: String) -> Option<Write>;
}
