//! Renders findings for code scanning: SARIF 2.1.0, as much of it as GitHub and others read.
//!
//! `serde-sarif` has all of SARIF, but generates it in its build script with an unmaintained
//! generator and needs a dozen crates for it; this module has only the dozen objects that it
//! writes.

use std::path::{Component, Path};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use serde_json::json;

use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::lint::{ManifestFinding, Rule, explain, explain_in_markdown, rules};
use crate::render::lint::{page_address, rule_address};
use crate::value::{Value, digest};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The characters that a URI's path can't hold unescaped.
const RESERVED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'[')
    .add(b']');

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    short_description: SarifText,
    full_description: SarifText,
    help: Help,
    help_uri: String,
    default_configuration: Configuration,
    properties: Properties,
}

/// The explanation of a rule. GitHub shows the Markdown where there is some.
#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Properties {
    tags: &'static [&'static str],
    /// The score by which GitHub sorts findings about security: from 9 critical, from 7 high, from
    /// 4 medium.
    #[serde(rename = "security-severity", skip_serializing_if = "Option::is_none")]
    severity: Option<&'static str>,
}

#[derive(Serialize)]
struct SarifText {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: SarifText,
    locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: Value,
    /// An empty list says that the finding isn't suppressed; without a list that would be unknown.
    suppressions: Vec<Suppression>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Physical,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<Logical>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: SarifRegion,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifRegion {
    start_line: usize,
    start_column: usize,
    end_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    fully_qualified_name: String,
    kind: &'static str,
}

/// The acceptance of a finding. It is `external`: it stands in the manifest, not in the file that
/// the finding is about.
#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
}

/// Returns one run with all rules, the problems of the manifest itself and the findings. `folder`
/// is the base of relative URIs; `manifest` is the place of a finding without one, since GitHub
/// shows none without a place.
pub fn sarif_log(
    found: &[ManifestFinding],
    problems: &[Diagnostic],
    folder: &Path,
    manifest: &Path,
) -> Value {
    let known: Vec<Rule> = rules().collect();
    let mut descriptors: Vec<Descriptor> = known.iter().map(descriptor).collect();
    let mut results = Vec::new();
    for one in problems {
        let position = descriptors.iter().position(|it| it.id == one.code);
        let index = position.unwrap_or(descriptors.len());
        if position.is_none() {
            descriptors.push(problem_descriptor(one));
        }
        results.push(problem(one, index, folder, manifest));
    }
    results.extend(found.iter().map(|one| finding(one, &known, folder, manifest)));
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "relayctl",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": descriptors,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn descriptor(rule: &Rule) -> Descriptor {
    Descriptor {
        id: rule.name,
        short_description: SarifText { text: rule.summary.to_owned() },
        full_description: SarifText { text: rule.why.to_owned() },
        help: Help { text: explain(rule), markdown: explain_in_markdown(rule) },
        help_uri: rule_address(rule.name),
        default_configuration: Configuration { level: rule.severity.name() },
        properties: Properties {
            tags: &["security", "iam"],
            severity: Some(match rule.severity {
                Severity::Error => "8.0",
                Severity::Warning => "5.0",
                Severity::Note => "2.0",
            }),
        },
    }
}

/// Returns the rule of a problem of the manifest, by its code.
fn problem_descriptor(one: &Diagnostic) -> Descriptor {
    let why = "The manifest, or a document of it, has this problem. `relayctl validate` and \
        `relayctl plan` report it, too.";
    let help = "The message says what is wrong, and the remedy.";
    Descriptor {
        id: one.code,
        short_description: SarifText { text: format!("Problem of a manifest: {}", one.code) },
        full_description: SarifText { text: why.to_owned() },
        help: Help { text: help.to_owned(), markdown: help.to_owned() },
        help_uri: page_address("manifest.md"),
        default_configuration: Configuration { level: one.severity.name() },
        properties: Properties { tags: &["manifest"], severity: None },
    }
}

fn problem(one: &Diagnostic, rule_index: usize, folder: &Path, manifest: &Path) -> SarifResult {
    let whole = whole(manifest);
    let message = one.message.trim_end_matches('.');
    let remedy =
        one.help.as_deref().map(|help| format!(" Remedy: {}.", help.trim_end_matches('.')));
    SarifResult {
        rule_id: one.code,
        rule_index,
        level: one.severity.name(),
        message: SarifText { text: format!("{message}.{}", remedy.unwrap_or_default()) },
        locations: vec![location(one.place.as_ref().unwrap_or(&whole), folder)],
        related_locations: Vec::new(),
        partial_fingerprints: json!({"relayctlFinding/v1": digest(&(one.code, &one.message))}),
        suppressions: Vec::new(),
    }
}

/// Returns the place of a result without one: the beginning of the manifest.
fn whole(manifest: &Path) -> Place {
    Place { file: manifest.to_owned(), line: 1, column: 1, length: 1 }
}

fn finding(one: &ManifestFinding, rules: &[Rule], folder: &Path, manifest: &Path) -> SarifResult {
    let whole = whole(manifest);
    let place = one.place.as_ref().unwrap_or(&whole);
    let name = |name: &str| Logical { fully_qualified_name: name.to_owned(), kind: "resource" };
    let names = one.subjects().map(name).collect();
    let accepted = one.accepted.iter().map(|because| Suppression {
        kind: "external",
        status: "accepted",
        justification: because.clone(),
    });
    SarifResult {
        rule_id: one.rule,
        rule_index: rules.iter().position(|rule| rule.name == one.rule).unwrap_or_default(),
        level: one.severity.name(),
        message: SarifText { text: format!("{}. Remedy: {}.", one.full_message(), one.remedy) },
        locations: vec![Location { logical_locations: names, ..location(place, folder) }],
        related_locations: one.related.iter().map(|place| location(place, folder)).collect(),
        // The fingerprint leaves out the line, so that the finding stays the same if something is
        // added above it.
        partial_fingerprints: json!({"relayctlFinding/v1": digest(&(one.rule, &one.on, &one.message))}),
        suppressions: accepted.collect(),
    }
}

fn location(place: &Place, folder: &Path) -> Location {
    let region = SarifRegion {
        start_line: place.line,
        start_column: place.column,
        end_column: place.column + place.length,
    };
    Location {
        physical_location: Physical { artifact_location: artifact(&place.file, folder), region },
        logical_locations: Vec::new(),
    }
}

/// Returns the file's URI, relative to the folder if the file is below it.
fn artifact(file: &Path, folder: &Path) -> Artifact {
    let below = file.strip_prefix(folder).unwrap_or(file);
    let parts: Vec<String> = below
        .components()
        .filter(|part| {
            !matches!(part, Component::CurDir | Component::RootDir | Component::Prefix(_))
        })
        .map(|part| utf8_percent_encode(&part.as_os_str().to_string_lossy(), RESERVED).to_string())
        .collect();
    let path = parts.join("/");
    if below.is_absolute() {
        return Artifact { uri: format!("file:///{path}"), uri_base_id: None };
    }
    Artifact { uri: path, uri_base_id: Some("%SRCROOT%") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_files_are_relative_where_they_can_be() {
        let of = |file: &str| {
            let artifact = artifact(Path::new(file), Path::new("/work"));
            (artifact.uri, artifact.uri_base_id)
        };
        assert_eq!(
            of("./policies/a b.json"),
            ("policies/a%20b.json".to_owned(), Some("%SRCROOT%"))
        );
        assert_eq!(of("/work/x.yaml"), ("x.yaml".to_owned(), Some("%SRCROOT%")));
        assert_eq!(of("/else/x.yaml"), ("file:///else/x.yaml".to_owned(), None));
    }
}
