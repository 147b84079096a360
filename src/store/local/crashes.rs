//! Tests that a run may be killed at any moment while it saves: the disk then has the old state or
//! the new one, and the next run continues from there.

use std::collections::BTreeSet;
use std::path::Path;

use futures::executor::block_on;
use tempfile::TempDir;

use super::LocalStore;
use crate::address::{Address, KindName};
use crate::model::{RecordedObject, Status};
use crate::port::Store;
use crate::provider::files::crash_points::snapshots;
use crate::state::{JournalChange, State};

fn state(serial: u64) -> State {
    State { serial, ..State::new("l", "dev", "123456789012") }
}

fn change(serial: u64) -> JournalChange {
    let entry = RecordedObject {
        status: Status::Done,
        id: Some("AIDAEXAMPLE".into()),
        attributes: [("name".to_owned(), "ada".into())].into(),
        depends_on: BTreeSet::new(),
    };
    JournalChange {
        lineage: "l".into(),
        serial,
        address: Address::new(KindName::USER, format!("u{serial}")),
        entry: Some(entry),
    }
}

fn store(folder: &Path) -> LocalStore {
    LocalStore::new(folder.join("dev.json"))
}

fn loaded(folder: &Path) -> Option<State> {
    block_on(store(folder).load_state()).unwrap_or_else(|error| panic!("{error}"))
}

fn save(folder: &Path, state: &State) {
    block_on(store(folder).save_state(state)).unwrap();
}

fn append(folder: &Path, change: &JournalChange) {
    block_on(store(folder).append(std::slice::from_ref(change))).unwrap();
}

/// Makes the folder with the files that exist before.
fn prepared(prepare: impl FnOnce(&Path)) -> TempDir {
    let folder = TempDir::new().unwrap();
    prepare(folder.path());
    folder
}

/// Returns the number of moments at which the run was killed.
fn survives(before: &TempDir, work: impl Fn(&Path)) -> usize {
    let old = loaded(before.path());
    let moments = snapshots(before.path(), || work(before.path()));
    let new = loaded(before.path());
    assert_eq!(loaded(moments.last().unwrap().path()), new);
    let mut done = false;
    for (nth, moment) in moments.iter().enumerate() {
        let folder = moment.path();
        let there = loaded(folder);
        assert!(
            there == old && !done || there == new,
            "moment {nth}: neither the old state nor the new: {there:?}"
        );
        done = there == new && new != old;
        // The next run begins with the whole state, records a change, and ends with the whole
        // state.
        let next = State { serial: 90, ..there.clone().unwrap_or_else(|| state(0)) };
        save(folder, &next);
        append(folder, &change(91));
        let mut ended = next.clone();
        ended.change(change(91));
        assert_eq!(loaded(folder).as_ref(), Some(&ended), "moment {nth}");
        save(folder, &ended);
        assert_eq!(loaded(folder), Some(ended), "moment {nth}");
    }
    moments.len()
}

fn with_state(folder: &Path) {
    save(folder, &state(1));
    save(folder, &state(2));
}

fn with_journal(folder: &Path) {
    with_state(folder);
    append(folder, &change(3));
    append(folder, &change(4));
}

#[test]
fn a_save_that_is_killed_leaves_the_old_state_or_the_new() {
    let mut moments = survives(&prepared(|_| {}), |folder| save(folder, &state(1)));
    moments +=
        survives(&prepared(|folder| save(folder, &state(1))), |folder| save(folder, &state(2)));
    moments += survives(&prepared(with_state), |folder| save(folder, &state(3)));
    assert!(moments >= 20, "{moments} moments");
    println!("{moments} moments of a save");
}

#[test]
fn a_journal_that_is_being_folded_is_not_lost() {
    let fold = |folder: &Path| {
        let folded = loaded(folder).unwrap();
        save(folder, &State { serial: folded.serial + 1, ..folded });
    };
    let moments = survives(&prepared(with_journal), fold);
    assert!(moments >= 10, "{moments} moments");
    println!("{moments} moments of folding a journal");
}

#[test]
fn an_append_that_is_killed_leaves_the_old_state_or_the_new() {
    let cut = |folder: &Path| {
        with_journal(folder);
        let file = folder.join("dev.json.journal");
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(file, &bytes[..bytes.len() - 7]).unwrap();
    };
    let mut moments = survives(&prepared(with_state), |folder| append(folder, &change(3)));
    moments += survives(&prepared(with_journal), |folder| append(folder, &change(5)));
    moments += survives(&prepared(cut), |folder| append(folder, &change(4)));
    assert!(moments >= 10, "{moments} moments");
    println!("{moments} moments of an append");
}
