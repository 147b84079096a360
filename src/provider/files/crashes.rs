//! Kills at every step of a change of a file: the file has its old content or its new, and a second
//! run of the change leaves nothing but the file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use secrecy::SecretString;
use serde_json::json;
use tempfile::TempDir;

use super::crash_points::snapshots;
use super::*;
use crate::value::SectionSettings;

fn files(folder: &Path) -> Files {
    let at = |name: &str| folder.join(name);
    Files {
        credentials: at("credentials"),
        config: at("config"),
        base: folder.to_owned(),
        overlay: None,
        allowed: AllowedFiles::below(folder),
    }
}

fn change(folder: &Path, write: &FileWrite) {
    let secret = SecretString::from("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    let carried =
        StepOutput { key: Some(NewKey { user: "ada".into(), id: "AKIANEW".into(), secret }) };
    files(folder)
        .change(write, &carried)
        .unwrap_or_else(|problem| panic!("{write:?}: {}", problem.message));
}

fn contents(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap())
        })
        .collect()
}

/// Checks the disk after every step of the change; returns the number of steps.
fn survives(before: &[FileWrite], write: &FileWrite) -> usize {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("credentials"), "[theirs]\naws_access_key_id = AKIATHEIRS\n")
        .unwrap();
    for write in before {
        change(folder.path(), write);
    }
    let old = contents(folder.path());
    let moments = snapshots(folder.path(), || change(folder.path(), write));
    let new = contents(folder.path());
    assert_ne!(old, new, "{write:?} changes nothing");
    for (nth, moment) in moments.iter().enumerate() {
        let mut there = contents(moment.path());
        there.retain(|name, _| !name.starts_with(".relayctl-"));
        assert!(
            there == old || there == new,
            "{write:?}, moment {nth}: neither the old nor the new: {there:?}"
        );
        change(moment.path(), write);
        assert_eq!(contents(moment.path()), new, "{write:?}, moment {nth}");
    }
    moments.len()
}

#[test]
fn a_change_of_a_file_that_is_killed_leaves_the_old_content_or_the_new() {
    let (profile, csv) = (|| "ada".to_owned(), || LocalFile::Path("ada.csv".to_owned()));
    let stage = || (LocalFile::Path("zappa_settings.json".to_owned()), "dev".to_owned());
    let store =
        FileWrite::StoreCredentials { profile: profile(), replaces: None, replace_profile: false };
    let remove = FileWrite::RemoveCredentials { profile: profile(), key: "AKIANEW".into() };
    let store_csv = FileWrite::StoreKeyCsv { file: csv(), replaces: None };
    let remove_csv = FileWrite::RemoveKeyCsv { file: csv(), key: "AKIANEW".into() };
    let settings = || SectionSettings::from([("region".to_owned(), json!("us-east-1"))]);
    let set = FileWrite::SetProfile { profile: profile(), settings: settings() };
    let unset = FileWrite::UnsetProfile { profile: profile(), settings: vec!["region".to_owned()] };
    let ((file, name), (of, also)) = (stage(), stage());
    let set_stage = FileWrite::SetStage { file, stage: name, settings: settings() };
    let unset_stage =
        FileWrite::UnsetStage { file: of, stage: also, settings: vec!["region".to_owned()] };
    let mut moments = 0;
    for (make, undo) in
        [(store, remove), (store_csv, remove_csv), (set, unset), (set_stage, unset_stage)]
    {
        moments += survives(&[], &make);
        moments += survives(&[make], &undo);
    }
    assert!(moments >= 40, "{moments} moments");
    println!("{moments} moments of changes of files");
}
