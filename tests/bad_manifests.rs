//! Bad manifests, and what is said about each: all of it at once, in order of place, with a remedy.

use std::collections::BTreeMap;
use std::path::Path;

use relayctl::manifest::{self, Inputs};
use relayctl::render::diagnostic;

#[test]
fn every_bad_manifest_gets_its_errors() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad_manifests");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    assert!(files.len() >= 20, "only {} bad manifests", files.len());
    for file in files {
        let inputs = Inputs { variables: BTreeMap::new(), region: None, environment: &|_| None };
        let loaded = manifest::load(&file, &inputs);
        assert!(loaded.has_errors() && loaded.desired.is_none(), "{} is accepted", file.display());
        // No path of the machine that runs this may stand in a golden.
        let here = format!("{}/", folder.display());
        let text = diagnostic::list(&loaded.diagnostics, &loaded.sources, false).replace(&here, "");
        insta::assert_snapshot!(file.file_stem().unwrap().to_str().unwrap(), text);
    }
}
