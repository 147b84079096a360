//! Remarks on a whole plan, for the reader.

use serde::{Deserialize, Serialize};

/// A remark on a whole plan: something that no single change says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanNote {
    pub kind: PlanNoteKind,
    /// One sentence: what is so.
    pub text: String,
    /// The objects that it is about, or the lines to write into the manifest, one each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// The remedy, if there is something to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// The subject of a remark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanNoteKind {
    /// No state exists: what carries the manifest's tag was found by that alone.
    NoState,
    /// Objects carry the manifest's tag, and neither the manifest nor a state knows them.
    Unclaimed,
    /// The state was last applied for another manifest file.
    OtherManifestFile,
    /// The manifest seems to have another name than before.
    RenamedManifest,
    /// A removal and a creation look like one object under a new name.
    LikelyRename,
    /// Something is taken away before its successor stands: a quota or a name allows no other
    /// order.
    OldFirst,
    /// A copy of a policy keeps its access while the policy is replaced.
    TemporaryCopy,
    /// Keys go into files outside of the project.
    OutsideFiles,
}

impl PlanNote {
    /// Makes a remark without details.
    pub fn new(kind: PlanNoteKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), details: Vec::new(), help: None }
    }

    /// Adds the remedy.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// Adds the objects that it is about.
    #[must_use]
    pub fn with_details(self, details: impl IntoIterator<Item = String>) -> Self {
        Self { details: details.into_iter().collect(), ..self }
    }
}
