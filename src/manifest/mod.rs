//! Loads a manifest: YAML with places, `extends`, variables, references and checks becomes
//! [`Desired`].
//!
//! ```text
//! files ─ source ─► nodes ─ extends, defaults ─► one tree ─ decode (scope fills in texts) ─►
//!       shapes ─ lower ─► Desired
//! ```

mod decode;
mod defaults;
mod document_edit;
mod documents;
mod extends;
mod filled;
mod lower;
mod mark;
mod names;
mod node;
mod not_manifest;
mod outline;
mod scope;
mod shape;
mod source;
mod suggest;
mod syntax;
mod template;
mod validation_cache;
mod zappa_checks;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::document_edit::{EditedFile, Edits, edit_documents};
pub use self::documents::{DocumentSource, Documents};
pub use self::filled::{FilledTexts, fill_account, fill_texts};
pub use self::names::{account as check_account, manifest as check_name, region as check_region};
pub use self::not_manifest::listed as list_paths;
pub use self::outline::manifests_in;

use self::decode::Decode;
use self::lower::PUBLIC_POLICY;
use self::node::Node;
use self::scope::DecodeScope;
use self::source::SourceFiles;
use crate::allowed_files::{AllowedFiles, FileRules};
use crate::diagnostic::{Diagnostic, Severity};
use crate::model::Desired;
use crate::value::{Value, shrink_map};

/// The inputs that come from outside the manifest.
pub struct Inputs<'a> {
    /// The values of `--var k=v`.
    pub variables: BTreeMap<String, String>,
    /// The value of `--region`, which overrides the manifest's.
    pub region: Option<String>,
    /// Looks up the environment variable of `${env.X}`.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// The environment variables that the manifest may read.
    pub allowed_environment: BTreeSet<String>,
    /// The rules for the files that the manifest names.
    pub files: FileRules,
}

impl Default for Inputs<'_> {
    /// Returns inputs without variables, with the default rules for files.
    fn default() -> Self {
        Self {
            variables: BTreeMap::new(),
            region: None,
            environment: &|_| None,
            allowed_environment: BTreeSet::new(),
            files: FileRules::default(),
        }
    }
}

/// A manifest with everything that was found in it. `desired` is there if no diagnostic is an
/// error.
pub struct Loaded {
    pub desired: Option<Desired>,
    /// The desired state where the only errors are public policies that S3 refuses. Lint looks at
    /// it all the same: what is public is what lint is for.
    pub refused: Option<Desired>,
    /// The source of each policy document of `desired`; of a manifest with errors, those that could
    /// be read.
    pub documents: Documents,
    /// The diagnostics, sorted by place.
    pub diagnostics: Vec<Diagnostic>,
    /// The text of every file that was read, for the snippets of diagnostics.
    pub sources: BTreeMap<PathBuf, Arc<str>>,
}

impl Loaded {
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }
}

/// Reads a manifest and every file it names.
pub fn load_manifest(path: &Path, inputs: &Inputs<'_>) -> Loaded {
    let allowed = AllowedFiles::of_manifest(path, &inputs.files);
    let mut files = SourceFiles::new(path.parent().unwrap_or(Path::new("")), allowed);
    let mut diagnostics = Vec::new();
    let name = path.file_name().map_or(Path::new("."), Path::new);
    let root = extends::read(name, &mut files, &mut diagnostics).filter(|root| {
        let problem =
            not_manifest::other_format(root).or_else(|| not_manifest::base_alone(path, root));
        diagnostics.extend(problem.clone());
        problem.is_none()
    });
    let (lowered, files) = match root {
        Some(root) => read(&defaults::apply(root), inputs, files, &mut diagnostics),
        None => (None, files),
    };
    let (mut desired, documents) = lowered.unzip();
    if let Some(desired) = &mut desired {
        shrink_map(&mut desired.resources);
    }
    // The same text can be read for two reasons, and its problems are then found twice.
    diagnostics.sort();
    diagnostics.dedup();
    let sources = files.texts();
    let mut loaded = Loaded {
        desired,
        refused: None,
        documents: documents.unwrap_or_default(),
        diagnostics,
        sources,
    };
    if loaded.has_errors() {
        let desired = loaded.desired.take();
        let is_read = |it: &Diagnostic| it.severity != Severity::Error || it.code == PUBLIC_POLICY;
        loaded.refused = desired.filter(|_| loaded.diagnostics.iter().all(is_read));
    } else if let Some(desired) = &loaded.desired {
        loaded.diagnostics.extend(zappa_checks::check(desired));
        loaded.diagnostics.sort();
        if loaded.has_errors() {
            loaded.desired = None;
        }
    }
    loaded
}

type Lowered = (Desired, Documents);

fn read(
    root: &Node,
    inputs: &Inputs<'_>,
    files: SourceFiles,
    problems: &mut Vec<Diagnostic>,
) -> (Option<Lowered>, SourceFiles) {
    let mut scope = DecodeScope::new(inputs, root, files);
    let manifest = shape::Manifest::decode(root, &mut scope);
    let lowered = manifest.map(|manifest| {
        let (desired, documents) = lower::lower(&manifest, &mut scope);
        let digest = scope.files.digest(scope.used());
        (Desired { digest, ..desired }, documents)
    });
    problems.append(&mut scope.problems);
    (lowered, scope.files)
}

/// Returns the JSON Schema of a manifest.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(shape::Manifest);
    schema.insert("title".to_owned(), "relayctl manifest, version 1".into());
    let mut schema = schema.to_value();
    join_lines(&mut schema);
    schema
}

/// Makes each paragraph of a description one line: the source's line breaks mean nothing.
fn join_lines(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let ("description", Value::String(text)) = (name.as_str(), &mut *value) {
                    let lines = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
                    *text = lines.collect::<Vec<_>>().join("\n\n");
                }
                join_lines(value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(join_lines),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests;
