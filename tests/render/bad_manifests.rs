//! Manifests with something wrong in them, and all that is said about each: place, code, message
//! and remedy.

use std::path::Path;

use relayctl::manifest::{Inputs, Loaded, load_manifest, schema};
use relayctl::render::diagnostic;

fn loaded(path: &Path) -> Loaded {
    load_manifest(path, &Inputs::default())
}

#[test]
fn every_bad_manifest_is_told_what_is_wrong_with_it() {
    // Tests run in the crate's own folder, so that the paths in the goldens are the same
    // everywhere.
    let folder = Path::new("tests/bad_manifests");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut manifests: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|e| e == "yaml")).collect();
    manifests.sort();
    assert!(manifests.len() >= 20, "only {} manifests", manifests.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../bad_manifests");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for manifest in manifests {
        let loaded = loaded(&manifest);
        assert!(loaded.desired.is_none(), "{} is not bad", manifest.display());
        let text = diagnostic::list_diagnostics(&loaded.diagnostics, &loaded.sources, false);
        assert!(loaded.diagnostics.iter().all(|problem| problem.help.is_some()), "{text}");
        let name = manifest.file_stem().unwrap().to_string_lossy().into_owned();
        // The catalogue is made anew from time to time.
        let text = text.replace(relayctl::policy::catalogue::catalogue_date(), "DATE");
        settings.bind(|| insta::assert_snapshot!(name, text));
    }
}

#[test]
fn every_place_is_in_a_file_that_was_read() {
    for entry in std::fs::read_dir("tests/bad_manifests").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let loaded = loaded(&path);
        for place in loaded.diagnostics.iter().filter_map(|problem| problem.place.as_ref()) {
            let line = loaded.sources[&place.file].lines().nth(place.line - 1).unwrap_or_default();
            let end = place.column - 1 + place.length;
            assert!(end <= line.chars().count().max(place.column), "{place:?} is beyond `{line}`");
        }
    }
}

/// `INSTA_UPDATE=always cargo test --test render bad_manifests` writes it anew.
#[test]
fn the_checked_in_schema_is_current() {
    let path = Path::new("schema/relayctl.schema.json");
    let current = format!("{:#}\n", schema());
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::create_dir_all("schema").unwrap();
        std::fs::write(path, &current).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).is_ok_and(|checked_in| checked_in == current),
        "{} is old",
        path.display()
    );
}
