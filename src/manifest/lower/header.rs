//! Reads the manifest's header, which applies to everything in it: version, name, account, region.

use percent_encoding::percent_decode_str;

use crate::allowed_files::FileRefusal;
use crate::call::partition;
use crate::diagnostic::Diagnostic;
use crate::manifest::decode::{Declared, ExpandedText};
use crate::manifest::names;
use crate::manifest::scope::DecodeScope;
use crate::manifest::shape::Manifest;
use crate::manifest::suggest;
use crate::policy::catalogue;

pub struct ManifestHeader<'m> {
    pub name: String,
    pub account: String,
    pub region: String,
    pub partition: String,
    /// Tags for every resource that takes tags.
    pub tags: &'m [Declared<ExpandedText>],
}

pub fn read<'m>(manifest: &'m Manifest, scope: &mut DecodeScope<'_>) -> ManifestHeader<'m> {
    version(manifest, scope);
    name(manifest, scope);
    if let Some(unique) = manifest.unique_name.as_ref().filter(|it| it.value.is_empty()) {
        let message = "`unique_name` is empty";
        scope.error("bad-name", &unique.spot, message, "write the manifest's earlier name");
    }
    account(manifest, scope);
    let region = region(manifest, scope);
    variables(manifest, scope);
    ManifestHeader {
        name: scope.value("name"),
        account: scope.value("account"),
        partition: partition(&region).to_owned(),
        region,
        tags: super::declared(manifest.tags.as_ref()),
    }
}

fn version(manifest: &Manifest, scope: &mut DecodeScope<'_>) {
    match &manifest.version {
        Some(version) if version.value == 1 => {}
        Some(version) => {
            let message = format!(
                "this is version {} of the manifest format, and this relayctl knows version 1",
                version.value
            );
            scope.error(
                "unsupported-version",
                &version.spot,
                message,
                "write `version: 1`, or use a newer relayctl",
            );
        }
        None => missing("version", "write `version: 1`", scope),
    }
}

fn name(manifest: &Manifest, scope: &mut DecodeScope<'_>) {
    match &manifest.name {
        Some(name) => {
            if let Err(message) = names::manifest(&name.value) {
                scope.error("bad-name", &name.spot, message, "write for example `name: relay-dev`");
            }
        }
        None => missing("name", "write for example `name: relay-dev`", scope),
    }
}

fn account(manifest: &Manifest, scope: &mut DecodeScope<'_>) {
    match &manifest.account {
        Some(account) => {
            if let Err(message) = names::account(&account.value) {
                let help = "`aws sts get-caller-identity` prints the account of your credentials";
                scope.error("bad-account", &account.spot, message, help);
            } else if account.spot.rest_of_line().starts_with(|first: char| first.is_ascii_digit())
            {
                let help = format!("put it in quotes: \"{}\"", account.value);
                let message = "an account id without quotes is a number to YAML, and other \
                    readers lose its leading zeros";
                scope.error("wrong-type", &account.spot, message, help);
            }
        }
        None => missing(
            "account",
            "write the account's twelve digits in quotes, for example `account: \"123456789012\"`",
            scope,
        ),
    }
}

/// Returns the region, or "" if none is known.
fn region(manifest: &Manifest, scope: &mut DecodeScope<'_>) -> String {
    let region = scope.value("region");
    if scope.region_from_outside() {
        let problem = region_problem(&region).map(|problem| Diagnostic {
            message: format!("--region: {}", problem.message),
            ..problem
        });
        scope.problems.extend(problem);
        return region;
    }
    match &manifest.region {
        Some(region) => check_region(region, scope),
        None => missing("region", "write for example `region: us-east-1`, or give --region", scope),
    }
    region
}

/// Reports a region that AWS doesn't have.
pub(super) fn check_region(region: &ExpandedText, scope: &mut DecodeScope<'_>) {
    let place = Some(region.spot.place());
    let problem = region_problem(&region.value);
    scope.problems.extend(problem.map(|problem| Diagnostic { place, ..problem }));
}

/// Returns an error for a text that has no region's form, and a warning for an unknown region: AWS
/// adds regions.
fn region_problem(region: &str) -> Option<Diagnostic> {
    let near = catalogue::nearest_region(region);
    let help = near.map_or_else(
        || "write for example us-east-1".to_owned(),
        |near| format!("did you mean {near}?"),
    );
    if let Err(message) = names::region(region) {
        return Some(Diagnostic::error("bad-region", None, message).help(help));
    }
    let message = || format!("relayctl knows no region `{region}`");
    (!catalogue::is_region(region))
        .then(|| Diagnostic::warning("unknown-region", None, message()).help(help))
}

fn variables(manifest: &Manifest, scope: &mut DecodeScope<'_>) {
    for variable in super::declared(manifest.variables.as_ref()) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if variable.name.is_empty() || !variable.name.chars().all(allowed) {
            let message = format!("`{}` cannot be the name of a variable", variable.name);
            scope.error("bad-name", &variable.spot, message, "use letters, digits, `_` and `-`");
            continue;
        }
        scope.check_variable(&variable.name, &variable.spot);
    }
    let known = scope.variable_names();
    for given in scope.given_variables() {
        if !known.contains(&given.as_str()) {
            let help = suggest::suggest_name(&given, known.iter().copied(), "variables");
            let message = format!("--var {given}=…: the manifest has no variable `{given}`");
            scope.problems.push(Diagnostic::error("unknown-variable", None, message).help(help));
        }
    }
}

/// Returns where the state is kept: a path relative to the file that names it, or a URL unchanged.
pub fn store(state: &ExpandedText, scope: &mut DecodeScope<'_>) -> String {
    let path = if state.value.contains("://") { None } else { Some(super::local_path(state)) };
    let local = path.clone().or_else(|| {
        let rest = state.value.strip_prefix("file://")?;
        let path = rest.strip_prefix("localhost").unwrap_or(rest);
        Some(percent_decode_str(path).decode_utf8_lossy().into_owned())
    });
    let refusal = local.and_then(|path| scope.files.check_readable(&path).err());
    // The store tells what else is wrong with its place.
    if let Some(refusal @ FileRefusal::Outside { .. }) = refusal {
        let help = format!("{}; or name the state yourself: --state", refusal.remedy());
        scope.error(refusal.diagnostic_code(), &state.spot, refusal.to_string(), help);
    }
    path.unwrap_or_else(|| state.value.clone())
}

fn missing(field: &str, help: &str, scope: &mut DecodeScope<'_>) {
    // A field that is present but of the wrong type, or with an unknown variable in it, has been
    // reported already.
    if !scope.has_field(field) {
        let top = scope.top();
        scope.error("missing-field", &top, format!("the manifest has no `{field}`"), help);
    }
}
