//! Recognises files that are no manifest, or none by itself: bases of other manifests, templates of
//! other tools, policy documents.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::node::{Node, NodeContent};
use super::outline;
use super::source::{SourceFile, Span};
use crate::diagnostic::Diagnostic;

/// The fields that a manifest which extends a base adds to it.
const OWN: [&str; 2] = ["name", "account"];

/// Returns the problem of a file that only other manifests complete.
pub fn base_alone(manifest: &Path, root: &Node) -> Option<Diagnostic> {
    let missing: Vec<String> = OWN
        .iter()
        .filter(|field| root.field(field).is_none())
        .map(|field| format!("no `{field}`"))
        .collect();
    let has_anything = !root.entries().is_empty();
    let extended_by = if missing.is_empty() || !has_anything {
        Vec::new()
    } else {
        outline::extended_by(manifest)
    };
    if extended_by.is_empty() {
        return None;
    }
    let message = format!(
        "{} is a base for other manifests: it has {}",
        manifest.display(),
        missing.join(" and ")
    );
    let help = format!("name a manifest that extends it: {}", listed(&extended_by));
    let place = Span::top(&root.spot.file).place();
    Some(Diagnostic::error("base-manifest", Some(place), message).help(help))
}

/// Returns the first few paths, for a message.
pub fn listed(paths: &[PathBuf]) -> String {
    const SHOWN: usize = 6;
    let shown: Vec<String> =
        paths.iter().take(SHOWN).map(|path| path.display().to_string()).collect();
    match paths.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Returns the problem of a file in Terraform's language, much of which is valid YAML.
pub fn other_language(file: &Arc<SourceFile>) -> Option<Diagnostic> {
    let extension = file.shown.extension()?;
    (extension == "tf" || extension == "hcl").then(|| {
        let place = Some(Span::top(file).place());
        let message = "this is Terraform's language, not a manifest";
        Diagnostic::error("not-a-manifest", place, message).help(BEGIN)
    })
}

/// Returns the problem of a file of another kind.
pub fn other_format(root: &Node) -> Option<Diagnostic> {
    let file = root.spot.file.shown.display().to_string();
    let (key, what, help) = recognised(root, &file)?;
    let entry = root.entries().iter().find(|entry| &*entry.key == key)?;
    let message = format!("this is {what}, not a manifest");
    Some(Diagnostic::error("not-a-manifest", Some(entry.key_spot.place()), message).help(help))
}

const BEGIN: &str = "`relayctl init` writes a manifest to begin with";

/// Returns the key that tells, the format, and what to do.
fn recognised(root: &Node, file: &str) -> Option<(&'static str, &'static str, String)> {
    let has = |key: &str| root.field(key).is_some();
    let inside = |key: &str, found: fn(&Node) -> bool| {
        let entries = root.field(key).map(Node::entries).unwrap_or_default();
        entries.iter().any(|entry| found(&entry.node))
    };
    if has("AWSTemplateFormatVersion") || inside("Resources", is_cloudformation) {
        let key =
            if has("AWSTemplateFormatVersion") { "AWSTemplateFormatVersion" } else { "Resources" };
        let help = format!(
            "{BEGIN}; put each PolicyDocument of the template into a file of its own, and name it \
                there: `policies: {{NAME: {{document: FILE}}}}`"
        );
        return Some((key, "a CloudFormation template", help));
    }
    if has("Statement") {
        let help = format!(
            "name it in a manifest: `policies: {{NAME: {{document: {file}}}}}`; to check it alone: \
                relayctl policy validate {file}"
        );
        return Some(("Statement", "a policy document", help));
    }
    if has("terraform_version") {
        let what = if has("lineage") { "a state of Terraform" } else { "a plan of Terraform" };
        return Some(("terraform_version", what, BEGIN.to_owned()));
    }
    if has("lineage") && has("serial") {
        let help = "name the manifest that the state belongs to; `relayctl state list MANIFEST` \
            prints what a state records";
        return Some(("lineage", "a state of relayctl", help.to_owned()));
    }
    for key in ["resource", "data"] {
        let of_aws = |entry: &super::node::MapEntry| entry.key.starts_with("aws_");
        if root.field(key).is_some_and(|node| node.entries().iter().any(of_aws)) {
            let key = if key == "data" { "data" } else { "resource" };
            return Some((key, "a configuration of Terraform", BEGIN.to_owned()));
        }
    }
    if has("service") && has("provider") && has("functions") {
        return Some(("service", "a configuration of the Serverless Framework", BEGIN.to_owned()));
    }
    None
}

fn is_cloudformation(resource: &Node) -> bool {
    matches!(&resource.field("Type").map(|it| &it.content), Some(NodeContent::Text(text)) if text.contains("::"))
}
