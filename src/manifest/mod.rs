//! The manifest: YAML with places, `extends`, variables, references and checks; out comes [`Desired`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Severity};
use crate::model::Desired;
use crate::value::Value;

/// What comes in from outside.
pub struct Inputs<'a> {
    /// `--var k=v`
    pub variables: BTreeMap<String, String>,
    /// `--region`, which wins over the manifest's.
    pub region: Option<String>,
    /// `${env.X}`
    pub environment: &'a dyn Fn(&str) -> Option<String>,
}

/// A manifest with everything that was found in it. `desired` is there when no diagnostic is an error.
pub struct Loaded {
    pub desired: Option<Desired>,
    /// Sorted by place.
    pub diagnostics: Vec<Diagnostic>,
    /// The text of every file that was read, for the snippets.
    pub sources: BTreeMap<PathBuf, String>,
}

impl Loaded {
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }
}

/// Reads a manifest and every file it names.
pub fn load(_path: &Path, _inputs: &Inputs<'_>) -> Loaded {
    todo!()
}

/// The JSON Schema of a manifest.
pub fn schema() -> Value {
    todo!()
}
