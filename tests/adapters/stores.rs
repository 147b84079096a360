//! The laws of every store of state, run on each, and those of the local one alone.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use relayctl::address::{Address, KindName};
use relayctl::call::FailureKind;
use relayctl::encryption::{AgeIdentity, EncryptionError, FileEncryption};
use relayctl::model::{RecordedObject, Status};
use relayctl::port::{Objects, Only, Put, Store, StoredObject};
use relayctl::provider::aws::{self, ConnectOptions};
use relayctl::state::{JournalChange, LockInfo, S3Place, State, StoreError};
use relayctl::store;
use relayctl::store::local::LocalStore;
use relayctl::store::memory::MemoryStore;
use relayctl::store::s3::S3Store;

use crate::support::bucket::Bucket;
use crate::support::canned::{Canned, answer};
use crate::support::edge::aws_at;
use crate::support::moto::Moto;

fn state(serial: u64) -> State {
    State { serial, ..State::new("5f0c", "dev", "123456789012") }
}

/// The change that makes serial `serial`: a user more.
fn change(serial: u64) -> JournalChange {
    let name = format!("user{serial}");
    let attributes = [("name".to_owned(), name.as_str().into())].into();
    let entry =
        RecordedObject { status: Status::Done, id: None, attributes, depends_on: BTreeSet::new() };
    JournalChange {
        lineage: "5f0c".to_owned(),
        serial,
        address: Address::new(KindName::USER, name),
        entry: Some(entry),
    }
}

/// `state(from)` with every change up to `to`.
fn changed(from: u64, to: u64) -> State {
    let mut state = state(from);
    (from + 1..=to).for_each(|serial| state.change(change(serial)));
    state
}

fn info(pid: u32) -> LockInfo {
    LockInfo {
        id: format!("lock-{pid}"),
        who: "root".to_owned(),
        host: "here".to_owned(),
        pid,
        since: "2026-01-02T03:04:05Z".to_owned(),
        what: "apply".to_owned(),
        expires: String::new(),
        process: None,
    }
}

/// Without the time that the store added.
fn unleased(info: &LockInfo) -> LockInfo {
    assert!(info.expires > info.since, "{info:?}");
    LockInfo { expires: String::new(), ..info.clone() }
}

/// The laws of a store. `open` opens the same one each time, as another run would.
async fn every_store<S: Store>(open: impl Fn() -> S) {
    // Nothing yet is no error.
    assert_eq!(open().load_state().await.unwrap(), None);

    // What one run saves, another loads; the last save counts.
    open().save_state(&state(1)).await.unwrap();
    assert_eq!(open().load_state().await.unwrap(), Some(state(1)));
    open().save_state(&state(2)).await.unwrap();
    assert_eq!(open().load_state().await.unwrap(), Some(state(2)));

    // Changes are noted one by one or several at once, seen by whoever loads, and folded into the
    // state by the next save.
    let store = open();
    store.save_state(&state(2)).await.unwrap();
    for serial in 3..=5 {
        store.append(&[change(serial)]).await.unwrap();
        assert_eq!(open().load_state().await.unwrap(), Some(changed(2, serial)));
    }
    store.append(&[change(6), change(7), change(8)]).await.unwrap();
    assert_eq!(open().load_state().await.unwrap(), Some(changed(2, 8)));
    let removal = JournalChange { entry: None, serial: 9, ..change(4) };
    store.append(std::slice::from_ref(&removal)).await.unwrap();
    let mut folded = changed(2, 8);
    folded.change(removal);
    assert_eq!(open().load_state().await.unwrap(), Some(folded.clone()));
    store.save_state(&folded).await.unwrap();
    assert_eq!(open().load_state().await.unwrap(), Some(folded));
    open().save_state(&state(10)).await.unwrap();
    assert_eq!(open().load_state().await.unwrap(), Some(state(10)));

    // One run at a time, and the second is told who the first is.
    let held = open().acquire_lock(&info(12)).await.unwrap();
    match open().acquire_lock(&info(13)).await {
        Err(StoreError::Locked { location, info: holder }) => {
            assert_eq!((location, unleased(&holder)), (open().location(), info(12)));
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("two runs hold the lock"),
    }

    // The lock keeps nobody from saving: that is what its holder does.
    open().save_state(&state(8)).await.unwrap();
    held.release().await;
    drop(held);
    open().acquire_lock(&info(13)).await.unwrap().release().await;
    assert_eq!(open().load_state().await.unwrap(), Some(state(8)));

    lost_locks(&open).await;

    // Many at once: never two holders, and the lock is free afterwards.
    let attempts = (0..8).map(|pid| {
        let store = open();
        async move { store.acquire_lock(&info(pid)).await }
    });
    let holders: Vec<_> =
        futures::future::join_all(attempts).await.into_iter().filter_map(Result::ok).collect();
    assert_eq!(holders.len(), 1);
    holders[0].release().await;
    drop(holders);
    open().acquire_lock(&info(1)).await.unwrap().release().await;
}

/// A person takes a lock away: its holder notices before it changes anything, and does not harm the
/// next holder.
async fn lost_locks<S: Store>(open: &impl Fn() -> S) {
    let first = open();
    first.check_lock().expect("who never locked has lost nothing");
    let lost = first.acquire_lock(&info(21)).await.unwrap();
    first.check_lock().unwrap();
    match open().unlock("lock-22").await {
        Err(StoreError::OtherLock { info: holder, .. }) => assert_eq!(unleased(&holder), info(21)),
        other => panic!("{other:?}"),
    }
    first.check_lock().unwrap();
    assert_eq!(unleased(&open().unlock("lock-21").await.unwrap()), info(21));
    assert!(matches!(open().unlock("lock-21").await, Err(StoreError::NotLocked { .. })));

    let second = open();
    let held = second.acquire_lock(&info(22)).await.unwrap();
    notices(&first).await;
    lost.release().await;
    drop(lost);
    second.check_lock().unwrap();
    assert!(
        matches!(open().acquire_lock(&info(23)).await, Err(StoreError::Locked { .. })),
        "the loser let go of another's lock"
    );
    held.release().await;
}

/// At once, or when the lock is next renewed.
async fn notices(store: &impl Store) {
    for _ in 0..100 {
        match store.check_lock() {
            Err(StoreError::Lost { why, .. }) => {
                return assert!(why.contains("root@here (pid 22"), "{why}");
            }
            Err(error) => panic!("{error}"),
            Ok(()) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    panic!("the loss goes unnoticed");
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn the_local_store_keeps_the_laws() {
    let home = folder();
    let path = home.path().join("state/dev.json");
    every_store(|| LocalStore::new(path.clone())).await;
    assert_eq!(
        names(&home.path().join("state")),
        ["dev.json", "dev.json.backup"],
        "neither lock nor journal nor temporary file stays"
    );
}

/// Encrypted for somebody who reads it, too.
fn sealed() -> FileEncryption {
    let identity = age::x25519::Identity::generate();
    FileEncryption::new(vec![identity.to_public()], AgeIdentity::Known([identity].into()))
}

/// Tells plain text from encrypted text.
fn is_readable(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.contains("5f0c") || text.contains("user")
}

#[tokio::test]
async fn encrypted_stores_keep_the_laws_and_whoever_cannot_decrypt_reads_nothing() {
    let (home, bucket, seal) = (folder(), Bucket::new(), sealed());
    let path = home.path().join("dev.json");
    every_store(|| LocalStore::new(path.clone()).sealed(seal.clone())).await;
    every_store(|| in_bucket(&bucket).sealed(seal.clone())).await;
    let local = LocalStore::new(path.clone()).sealed(seal.clone());
    local.append(&[change(9)]).await.unwrap();
    in_bucket(&bucket).sealed(seal.clone()).append(&[change(9)]).await.unwrap();
    assert_eq!(names(home.path()), ["dev.json", "dev.json.backup", "dev.json.journal"]);
    for name in names(home.path()) {
        assert!(!is_readable(&fs::read(home.path().join(&name)).unwrap()), "{name}");
    }
    for (key, object) in bucket.objects.lock().unwrap().iter() {
        assert!(!is_readable(&object.body), "{key}");
    }
    assert_eq!(local.load_state().await.unwrap(), Some(changed(8, 9)));
    for (reader, why) in [
        (FileEncryption::default(), "is not set"),
        (sealed(), "not for the identity in RELAYCTL_AGE_IDENTITY"),
    ] {
        for store in [
            Box::new(LocalStore::new(path.clone()).sealed(reader.clone())) as Box<dyn Store>,
            Box::new(in_bucket(&bucket).sealed(reader.clone())),
        ] {
            let error = store.load_state().await.unwrap_err();
            assert!(
                matches!(error, StoreError::Sealed { .. }) && error.to_string().contains(why),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn a_state_that_was_not_encrypted_is_taken_over_and_leaves_nothing_to_read() {
    let (home, bucket, seal) = (folder(), Bucket::new(), sealed());
    let path = home.path().join("dev.json");
    let local = || LocalStore::new(path.clone());
    let remote = || in_bucket(&bucket);
    for store in [Box::new(local()) as Box<dyn Store>, Box::new(remote())] {
        store.save_state(&state(1)).await.unwrap();
        store.append(&[change(2)]).await.unwrap();
    }
    let later: [Box<dyn Store>; 2] =
        [Box::new(local().sealed(seal.clone())), Box::new(remote().sealed(seal.clone()))];
    for store in later {
        // A killed run's journal of plain lines goes on with encrypted ones.
        store.append(&[change(3)]).await.unwrap();
        assert_eq!(store.load_state().await.unwrap(), Some(changed(1, 3)));
        store.save_state(&changed(1, 3)).await.unwrap();
        assert_eq!(store.load_state().await.unwrap(), Some(changed(1, 3)));
    }
    assert_eq!(names(home.path()), ["dev.json", "dev.json.backup"]);
    assert!(
        names(home.path())
            .iter()
            .all(|name| !is_readable(&fs::read(home.path().join(name)).unwrap()))
    );
    assert!(bucket.objects.lock().unwrap().values().all(|object| !is_readable(&object.body)));

    // Damage is told from a wrong identity, and the last good state is named.
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() / 2]).unwrap();
    match local().sealed(seal).load_state().await {
        Err(StoreError::Unreadable { backup: Some(backup), why, .. }) => {
            assert_eq!(Path::new(&backup), home.path().join("dev.json.backup"));
            assert!(why.to_string().contains("encrypted, and damaged"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        local().load_state().await,
        Err(StoreError::Sealed { why: EncryptionError::NoIdentity, .. })
    ));
}

#[tokio::test]
async fn the_store_in_memory_keeps_the_laws() {
    let store = MemoryStore::new();
    every_store(|| store.reopened()).await;
}

#[tokio::test]
async fn a_lease_is_renewed_while_its_holder_lives_and_taken_over_when_it_has_expired() {
    let store = MemoryStore::new().with_lease(Duration::from_secs(2));
    let held = store.acquire_lock(&info(1)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    store.check_lock().unwrap();
    assert!(matches!(
        store.reopened().acquire_lock(&info(2)).await,
        Err(StoreError::Locked { .. })
    ));
    drop(held);

    // As if killed: nothing is released, nothing renewed any more.
    let killed = store.reopened();
    std::thread::spawn({
        let killed = killed.reopened();
        move || {
            std::mem::forget(futures::executor::block_on(killed.acquire_lock(&info(3))).unwrap());
        }
    })
    .join()
    .unwrap();
    let next = store.reopened();
    let waited = std::cell::Cell::new(None);
    let waiting = |holder: &LockInfo| waited.set(Some(holder.pid));
    let taken =
        store::wait_for_lock(&next, &info(4), Duration::from_secs(10), waiting).await.unwrap();
    assert_eq!(waited.get(), Some(3));
    drop(taken);
}

#[tokio::test]
async fn who_waits_for_a_lock_gives_up_in_time_or_gets_it_when_it_is_free() {
    let store = MemoryStore::new();
    let held = store.acquire_lock(&info(1)).await.unwrap();
    let other = store.reopened();
    let patience = Duration::from_millis(100);
    assert!(matches!(
        store::wait_for_lock(&other, &info(2), patience, |_| ()).await,
        Err(StoreError::Locked { .. })
    ));
    let second = info(2);
    let waits = store::wait_for_lock(&other, &second, Duration::from_secs(30), |_| ());
    let (taken, ()) = tokio::join!(waits, async {
        tokio::time::sleep(patience).await;
        drop(held);
    });
    assert!(taken.is_ok());
}

#[tokio::test]
async fn another_hosts_lock_file_holds_until_it_expires() {
    let home = folder();
    let path = home.path().join("dev.json.lock");
    let store = LocalStore::new(home.path().join("dev.json"));
    // Without the operating system's lock, as on a network file system whose locks end at the host.
    let elsewhere = |expires: &str| LockInfo {
        host: "there".to_owned(),
        expires: expires.to_owned(),
        ..info(12)
    };
    fs::write(&path, serde_json::to_string(&elsewhere("2999-01-01T00:00:00Z")).unwrap()).unwrap();
    assert!(
        matches!(store.acquire_lock(&info(13)).await, Err(StoreError::Locked { info, .. }) if info.host == "there")
    );
    fs::write(&path, serde_json::to_string(&elsewhere("2026-01-01T00:00:00Z")).unwrap()).unwrap();
    assert!(store.acquire_lock(&info(13)).await.is_ok());
}

#[tokio::test]
async fn a_store_that_is_opened_by_url_is_the_same() {
    let home = folder();
    let url = format!("file://{}", home.path().display());
    let by_url = store::open_store(
        Some(&url),
        Path::new("state/dev.json"),
        &ConnectOptions::default(),
        FileEncryption::default(),
    )
    .unwrap();
    by_url.save_state(&state(7)).await.unwrap();
    assert_eq!(
        LocalStore::new(home.path().join("dev.json")).load_state().await.unwrap(),
        Some(state(7))
    );
    let url = Some("s3:///dev.json");
    let opened = store::open_store(
        url,
        Path::new("state/dev.json"),
        &ConnectOptions::default(),
        FileEncryption::default(),
    );
    assert!(matches!(opened, Err(StoreError::Unsupported { .. })));
}

#[tokio::test]
async fn a_locked_state_says_by_whom_and_what_to_do() {
    let home = folder();
    let store = LocalStore::new(home.path().join("dev.json"));
    let _held = store.acquire_lock(&info(12)).await.unwrap();
    let error = store.acquire_lock(&info(13)).await.err().unwrap().to_string();
    assert_eq!(
        error.replace(&store.location(), "state/dev.json"),
        "state/dev.json is locked by root@here (pid 12, apply, since 2026-01-02T03:04:05Z): run \
            again when that has ended"
    );
}

#[tokio::test]
async fn a_file_that_is_no_state_is_refused_and_stays() {
    let home = folder();
    let path = home.path().join("dev.json");
    let store = LocalStore::new(path.clone());
    for (text, why) in [
        (&b"{\"format\": \"relayctl-state\", \"ver"[..], "cut off"),
        (b"", "empty"),
        (b"\xff\xfe", "not text"),
        (b"{\"terraform_version\": \"1.9\"}", "Terraform"),
    ] {
        fs::write(&path, text).unwrap();
        let error = store.load_state().await.unwrap_err();
        assert!(
            matches!(error, StoreError::Unreadable { .. }) && error.to_string().contains(why),
            "{error}"
        );
        assert_eq!(fs::read(&path).unwrap(), text);
    }
    fs::write(&path, r#"{"format": "relayctl-state", "version": 99}"#).unwrap();
    assert!(matches!(store.load_state().await, Err(StoreError::Newer { found: 99, .. })));
    assert!(matches!(
        LocalStore::new(home.path().to_owned()).load_state().await,
        Err(StoreError::Io { .. })
    ));
}

#[tokio::test]
async fn a_lock_file_that_nobody_holds_is_taken_over() {
    let home = folder();
    let store = LocalStore::new(home.path().join("dev.json"));
    fs::write(home.path().join("dev.json.lock"), serde_json::to_string(&info(12)).unwrap())
        .unwrap();
    let held = store.acquire_lock(&info(13)).await.unwrap();
    let written = fs::read_to_string(home.path().join("dev.json.lock")).unwrap();
    assert_eq!(unleased(&serde_json::from_str(&written).unwrap()), info(13));
    drop(held);
    assert_eq!(names(home.path()), Vec::<String>::new());
}

/// Runs one of the `child_…` tests below in a process of its own.
fn child(test: &str, path: &Path, before: &str) -> Child {
    let this = std::env::current_exe().unwrap();
    // The shell sets up what the child inherits.
    let script = format!(r#"{before} exec "$0" --ignored --exact --nocapture {test}"#);
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(this).env("RELAYCTL_TEST_STATE", path).stdout(Stdio::piped());
    command.spawn().unwrap()
}

fn childs_store() -> LocalStore {
    LocalStore::new(PathBuf::from(
        std::env::var_os("RELAYCTL_TEST_STATE").expect("run by its parent only"),
    ))
}

#[tokio::test]
#[ignore = "runs in a child process, and is killed there"]
async fn child_holds_the_lock() {
    let _held = childs_store().acquire_lock(&info(std::process::id())).await.unwrap();
    println!("\nlocked");
    std::thread::sleep(Duration::from_mins(1));
}

#[cfg(unix)]
#[tokio::test]
async fn the_lock_of_another_process_holds_until_that_is_killed() {
    let home = folder();
    let path = home.path().join("dev.json");
    let store = LocalStore::new(path.clone());
    let mut child = child("stores::child_holds_the_lock", &path, "");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "locked"));
    match store.acquire_lock(&info(1)).await {
        Err(StoreError::Locked { info, .. }) => assert_eq!(info.pid, child.id()),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("the child holds the lock"),
    }
    // SIGKILL: it has no chance to clean up.
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(names(home.path()), ["dev.json.lock"]);
    drop(store.acquire_lock(&info(1)).await.unwrap());
    assert_eq!(names(home.path()), Vec::<String>::new());
}

#[tokio::test]
#[ignore = "runs in a child process that may not write large files"]
async fn child_saves_too_much() {
    let mut state = state(2);
    state.manifest = "x".repeat(1 << 20);
    let error = childs_store().save_state(&state).await.unwrap_err();
    println!("\n{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_save_that_runs_out_of_space_leaves_the_last_state() {
    let home = folder();
    let path = home.path().join("dev.json");
    let store = LocalStore::new(path.clone());
    store.save_state(&state(1)).await.unwrap();
    // The limit on a file's size stands in for a full disk: the write fails half-way.
    let child = child("stores::child_saves_too_much", &path, "trap '' XFSZ; ulimit -f 64;");
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && text.contains(&format!("cannot save {}: ", path.display())),
        "{text}"
    );
    assert_eq!(store.load_state().await.unwrap(), Some(state(1)));
    assert_eq!(names(home.path()), ["dev.json", "dev.json.backup"], "the temporary file is gone");
}

#[tokio::test]
#[ignore = "runs in a child process that may not write large files"]
async fn child_appends_too_much() {
    let mut long = change(3);
    long.lineage = "x".repeat(1 << 20);
    let error = childs_store().append(&[long]).await.unwrap_err();
    println!("\n{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_change_that_finds_no_space_leaves_the_changes_before_it() {
    let home = folder();
    let path = home.path().join("dev.json");
    let store = LocalStore::new(path.clone());
    store.save_state(&state(1)).await.unwrap();
    store.append(&[change(2)]).await.unwrap();
    let child = child("stores::child_appends_too_much", &path, "trap '' XFSZ; ulimit -f 64;");
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("cannot save the journal of"), "{text}");
    store.append(&[change(3)]).await.unwrap();
    assert_eq!(store.load_state().await.unwrap(), Some(changed(1, 3)));
}

#[tokio::test]
async fn the_ten_thousandth_change_costs_what_the_first_did() {
    let home = folder();
    let store = LocalStore::new(home.path().join("dev.json"));
    let journal = home.path().join("dev.json.journal");
    store.save_state(&state(10_000)).await.unwrap();
    let written = fs::metadata(home.path().join("dev.json")).unwrap().modified().unwrap();
    let costs = async |serial: u64| {
        let before = fs::metadata(&journal).map_or(0, |file| file.len());
        store.append(&[change(serial)]).await.unwrap();
        fs::metadata(&journal).unwrap().len() - before
    };
    let first = costs(10_001).await;
    // What the changes between wrote, without waiting for the disk each time.
    let between: String = (10_002..20_000).map(|serial| change(serial).to_line()).collect();
    fs::write(&journal, fs::read_to_string(&journal).unwrap() + &between).unwrap();
    assert_eq!(costs(20_000).await, first, "bytes for each change");
    assert_eq!(
        fs::metadata(home.path().join("dev.json")).unwrap().modified().unwrap(),
        written,
        "nothing else is written"
    );
    assert_eq!(names(home.path()), ["dev.json", "dev.json.journal"]);
    assert_eq!(store.load_state().await.unwrap(), Some(changed(10_000, 20_000)));
}

#[tokio::test]
async fn a_run_that_was_killed_at_any_byte_of_a_change_leaves_what_the_next_one_continues() {
    let home = folder();
    let store = LocalStore::new(home.path().join("dev.json"));
    let journal = home.path().join("dev.json.journal");
    let lines: Vec<u8> =
        [change(2), change(3)].iter().flat_map(|change| change.to_line().into_bytes()).collect();
    let first = change(2).to_line().len();
    for cut in 0..=lines.len() {
        store.save_state(&state(1)).await.unwrap();
        fs::write(&journal, &lines[..cut]).unwrap();
        let known = 1 + u64::from(cut >= first) + u64::from(cut == lines.len());
        assert_eq!(store.load_state().await.unwrap(), Some(changed(1, known)), "cut at {cut}");
        store.append(&[change(known + 1)]).await.unwrap();
        assert_eq!(
            store.load_state().await.unwrap(),
            Some(changed(1, known + 1)),
            "continued after a cut at {cut}"
        );
    }
}

#[tokio::test]
async fn a_run_that_was_killed_before_it_cleared_the_journal_leaves_a_sound_state() {
    let home = folder();
    let store = LocalStore::new(home.path().join("dev.json"));
    let journal = home.path().join("dev.json.journal");
    store.save_state(&state(1)).await.unwrap();
    store.append(&[change(2)]).await.unwrap();
    let left = fs::read(&journal).unwrap();
    store.save_state(&changed(1, 2)).await.unwrap();
    fs::write(&journal, left).unwrap();
    assert_eq!(store.load_state().await.unwrap(), Some(changed(1, 2)));
    store.append(&[change(3)]).await.unwrap();
    assert_eq!(store.load_state().await.unwrap(), Some(changed(1, 3)));
}

#[tokio::test]
async fn a_journal_that_does_not_fit_is_refused_with_what_is_wrong_with_it() {
    let home = folder();
    let store = LocalStore::new(home.path().join("dev.json"));
    let (path, journal) = (home.path().join("dev.json"), home.path().join("dev.json.journal"));
    let refusal = async || {
        let error = store.load_state().await.unwrap_err();
        assert!(matches!(error, StoreError::Journal { .. }), "{error}");
        error.to_string().replace(&journal.display().to_string(), "dev.json.journal")
    };
    store.save_state(&state(1)).await.unwrap();
    fs::write(&journal, change(2).to_line().replace("user2", "user9") + &change(3).to_line())
        .unwrap();
    assert_eq!(
        refusal().await,
        "the journal dev.json.journal cannot be used: line 1 of 2 is damaged: its checksum is \
            another than its content's"
    );
    fs::write(&journal, JournalChange { lineage: "beef".to_owned(), ..change(2) }.to_line())
        .unwrap();
    assert!(refusal().await.contains("it belongs to another state (of lineage beef;"));
    fs::write(&journal, change(3).to_line()).unwrap();
    assert!(refusal().await.contains("it has no change 2: after 1 comes 3"));
    fs::remove_file(path).unwrap();
    assert!(refusal().await.contains("the state that it belongs to is gone"));
}

#[tokio::test]
async fn the_last_good_state_is_kept_and_named_when_the_state_is_broken() {
    let home = folder();
    let path = home.path().join("dev.json");
    let store = LocalStore::new(path.clone());
    store.save_state(&state(1)).await.unwrap();
    store.save_state(&state(2)).await.unwrap();
    let backup = home.path().join("dev.json.backup");
    let kept = async || LocalStore::new(backup.clone()).load_state().await.unwrap();
    assert_eq!(kept().await, Some(state(1)));
    fs::write(&path, "{\"format\":").unwrap();
    match store.load_state().await {
        Err(StoreError::Unreadable { backup: Some(named), .. }) => {
            assert_eq!(Path::new(&named), backup);
        }
        other => panic!("{other:?}"),
    }
    // A broken state does not take the good one's place.
    store.save_state(&state(3)).await.unwrap();
    assert_eq!(kept().await, Some(state(1)));
    fs::write(&backup, "").unwrap();
    fs::write(&path, "").unwrap();
    assert!(matches!(store.load_state().await, Err(StoreError::Unreadable { backup: None, .. })));
}

#[cfg(unix)]
#[tokio::test]
async fn a_state_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let home = folder();
    let path = home.path().join("dev.json");
    let store = LocalStore::new(path.clone());
    store.save_state(&state(1)).await.unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let held = store.acquire_lock(&info(1)).await.unwrap();
    store.save_state(&state(2)).await.unwrap();
    store.append(&[change(3)]).await.unwrap();
    for file in ["dev.json", "dev.json.lock", "dev.json.backup", "dev.json.journal"] {
        assert_eq!(
            fs::metadata(home.path().join(file)).unwrap().permissions().mode() & 0o777,
            0o600,
            "{file}"
        );
    }
    drop(held);
}

/// A state may lie among files that others wrote. Whatever of its files is a link, the lock is
/// refused already, so no run begins that could not save.
#[cfg(unix)]
#[tokio::test]
async fn no_file_of_a_state_is_written_through_a_link() {
    for name in ["dev.json", "dev.json.lock", "dev.json.backup", "dev.json.journal"] {
        let home = folder();
        fs::write(home.path().join("theirs"), "theirs").unwrap();
        std::os::unix::fs::symlink("theirs", home.path().join(name)).unwrap();
        let store = LocalStore::new(home.path().join("dev.json"));
        let error = store.acquire_lock(&info(1)).await.map(drop).unwrap_err().to_string();
        assert!(error.contains("is a link to theirs"), "{name}: {error}");
        if name == "dev.json" {
            let error = store.load_state().await.unwrap_err().to_string();
            assert!(error.contains("is a link to theirs"), "{error}");
        }
        assert_eq!(fs::read_to_string(home.path().join("theirs")).unwrap(), "theirs");
        assert!(home.path().join(name).is_symlink());
    }
}

#[tokio::test]
async fn what_a_killed_run_left_beside_a_state_goes_with_the_next_lock() {
    let home = folder();
    let left = home.path().join(".relayctl-private-Ab12");
    fs::write(&left, "half a state").unwrap();
    let held = LocalStore::new(home.path().join("dev.json")).acquire_lock(&info(1)).await.unwrap();
    assert!(!left.exists());
    drop(held);
}

/// Long enough that a busy machine loses none, short enough to wait for.
const LEASE: Duration = Duration::from_secs(6);

fn place() -> S3Place {
    S3Place { bucket: "states".to_owned(), key: "team/dev.json".to_owned() }
}

fn in_bucket(bucket: &Arc<Bucket>) -> S3Store {
    S3Store::new(place(), Arc::<Bucket>::clone(bucket)).with_lease(LEASE)
}

#[tokio::test]
async fn the_store_in_a_bucket_keeps_the_laws() {
    let bucket = Bucket::new();
    every_store(|| in_bucket(&bucket)).await;
    assert_eq!(
        bucket.keys(),
        ["team/dev.json", "team/dev.json.backup", "team/dev.json.lock"],
        "the journal is folded"
    );
}

#[tokio::test]
async fn the_store_keeps_the_laws_in_a_versioned_and_encrypted_bucket_over_http() {
    let moto = Moto::start();
    moto.python(
        r#"
s3.create_bucket(Bucket="states")
s3.put_bucket_versioning(Bucket="states", VersioningConfiguration={"Status": "Enabled"})
s3.put_bucket_encryption(Bucket="states", ServerSideEncryptionConfiguration={"Rules": [
    {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
]})
"#,
    );
    let open = || over_http(moto.endpoint());
    every_store(open).await;
    let keys = moto.python(
        r#"show([object["Key"] for object in s3.list_objects_v2(Bucket="states")["Contents"]])"#,
    );
    assert_eq!(keys.trim(), r#"["team/dev.json", "team/dev.json.backup", "team/dev.json.lock"]"#);
    twenty_lockers(open, 5).await;
}

/// Each round all try at once, as runs of their own.
async fn twenty_lockers<S: Store + 'static>(open: impl Fn() -> S, rounds: u32) {
    for round in 0..rounds {
        let tries = (0..20).map(|locker| {
            let (store, info) = (open(), info(100 * round + locker));
            tokio::spawn(async move {
                let taken = store.acquire_lock(&info).await;
                (store, taken)
            })
        });
        let mut winners = Vec::new();
        for (store, taken) in futures::future::join_all(tries).await.into_iter().map(Result::unwrap)
        {
            match taken {
                Ok(lock) => winners.push((store, lock)),
                Err(StoreError::Locked { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(winners.len(), 1, "round {round}");
        winners[0].0.check_lock().unwrap();
        winners[0].1.release().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_lockers_one_wins_each_time() {
    let bucket = Bucket::new();
    twenty_lockers(|| in_bucket(&bucket), 50).await;
}

#[tokio::test]
async fn a_killed_holders_lease_in_a_bucket_expires_and_one_of_many_takes_it_over() {
    let bucket = Bucket::new();
    let open =
        || S3Store::new(place(), Arc::<Bucket>::clone(&bucket)).with_lease(Duration::from_secs(2));
    // Without a runtime nothing renews it, as if its process were gone.
    let killed = open();
    std::thread::spawn(move || {
        std::mem::forget(futures::executor::block_on(killed.acquire_lock(&info(1))).unwrap());
    })
    .join()
    .unwrap();
    assert!(
        matches!(open().acquire_lock(&info(2)).await, Err(StoreError::Locked { info, .. }) if info.pid == 1)
    );
    tokio::time::sleep(Duration::from_secs(4)).await;
    twenty_lockers(open, 1).await;
}

#[tokio::test]
async fn a_holder_that_cannot_renew_stops_before_others_take_over() {
    let bucket = Bucket::new();
    let store =
        S3Store::new(place(), Arc::<Bucket>::clone(&bucket)).with_lease(Duration::from_secs(2));
    let _held = store.acquire_lock(&info(1)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    store.check_lock().expect("it is renewed");
    bucket.unreachable.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let error = store.check_lock().unwrap_err().to_string();
    assert_eq!(
        error,
        "the lock on s3://states/team/dev.json was lost: it could not be renewed in time"
    );
}

#[tokio::test]
async fn lost_answers_and_conflicts_lock_nobody_out() {
    let bucket = Bucket::new();
    let store = in_bucket(&bucket);
    let (lost, busy) = (&bucket.lost_answers, &bucket.busy);
    lost.store(1, Ordering::Relaxed);
    let held =
        store.acquire_lock(&info(1)).await.expect("the refusal was by its own first attempt");
    for serial in 1..=2 {
        lost.store(1, Ordering::Relaxed);
        busy.store(2, Ordering::Relaxed);
        store.save_state(&state(serial)).await.unwrap();
    }
    lost.store(1, Ordering::Relaxed);
    busy.store(2, Ordering::Relaxed);
    store.append(&[change(3)]).await.unwrap();
    lost.store(1, Ordering::Relaxed);
    held.release().await;
    assert_eq!(in_bucket(&bucket).load_state().await.unwrap(), Some(changed(2, 3)));
    in_bucket(&bucket).acquire_lock(&info(2)).await.expect("it was released").release().await;
}

#[tokio::test]
async fn another_runs_write_is_never_taken_for_ones_own() {
    let bucket = Bucket::new();
    let (one, other) = (in_bucket(&bucket), in_bucket(&bucket));
    one.save_state(&state(1)).await.unwrap();
    one.load_state().await.unwrap();
    other.load_state().await.unwrap();
    one.save_state(&state(2)).await.unwrap();
    // Byte for byte the same, but not by this run.
    assert!(matches!(other.save_state(&state(2)).await, Err(StoreError::Moved { .. })));
    one.append(&[change(3)]).await.unwrap();
    assert!(matches!(other.append(&[change(3)]).await, Err(StoreError::Moved { .. })));
    assert!(matches!(other.append(&[change(3), change(4)]).await, Err(StoreError::Moved { .. })));
}

#[tokio::test]
async fn a_store_that_ignores_conditions_is_refused_at_the_first_lock() {
    let bucket = Bucket::new();
    bucket.ignores_conditions.store(true, Ordering::Relaxed);
    let error = in_bucket(&bucket).acquire_lock(&info(1)).await.err().unwrap();
    assert!(matches!(error, StoreError::Unconditional { .. }), "{error}");
    let lock = String::from_utf8(bucket.objects.lock().unwrap()["team/dev.json.lock"].body.clone())
        .unwrap();
    assert!(lock.contains("released"), "{lock}");
}

#[tokio::test]
async fn a_change_in_a_bucket_is_one_small_write_at_any_size() {
    let bucket = Bucket::new();
    let store = in_bucket(&bucket);
    store.save_state(&changed(10_000, 10_001)).await.unwrap();
    bucket.writes.lock().unwrap().clear();
    for serial in 10_002..20_002 {
        store.append(&[change(serial)]).await.unwrap();
    }
    let writes = bucket.writes.lock().unwrap().clone();
    assert_eq!(writes.len(), 10_000);
    assert!(writes.iter().all(|(_, length)| *length == change(10_002).to_line().len()));
    assert_eq!(store.load_state().await.unwrap(), Some(changed(10_000, 20_001)));
}

#[tokio::test]
async fn a_broken_state_in_a_bucket_is_refused_and_the_last_good_one_named() {
    let bucket = Bucket::new();
    in_bucket(&bucket).save_state(&state(1)).await.unwrap();
    in_bucket(&bucket).save_state(&state(2)).await.unwrap();
    bucket.objects.lock().unwrap().get_mut("team/dev.json").unwrap().body.truncate(30);
    match in_bucket(&bucket).load_state().await {
        Err(StoreError::Unreadable { location, backup: Some(backup), .. }) => {
            assert_eq!(location, "s3://states/team/dev.json");
            assert_eq!(backup, "s3://states/team/dev.json.backup");
        }
        other => panic!("{other:?}"),
    }
    bucket.objects.lock().unwrap().remove("team/dev.json");
    in_bucket(&bucket).append(&[change(3)]).await.unwrap();
    let error = in_bucket(&bucket).load_state().await.unwrap_err().to_string();
    assert!(error.contains("the state that it belongs to is gone"), "{error}");
}

#[tokio::test]
async fn conditions_go_out_as_s3_documents_them_and_its_answers_come_back() {
    let error = |status: &str, code: &str| {
        let body = format!(
            "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>told</Message></Error>"
        );
        answer(status, "content-type: application/xml\r\n", &body)
    };
    let server = Canned::start(&[
        answer("200 OK", "x-amz-bucket-region: us-east-1\r\n", ""),
        answer("200 OK", "etag: \"one\"\r\n", ""),
        error("412 Precondition Failed", "PreconditionFailed"),
        error("409 Conflict", "ConditionalRequestConflict"),
        error("404 Not Found", "NoSuchKey"),
        error("501 Not Implemented", "NotImplemented"),
        error("404 Not Found", "NoSuchKey"),
        answer("200 OK", "etag: \"two\"\r\nx-amz-meta-relayctl-writer: ada\r\n", "{}"),
    ]);
    let bucket = aws::ObjectStore::over(
        "states".to_owned(),
        aws_at(server.endpoint()),
        "us-east-1".to_owned(),
    );
    let if_tag = Only::IfTag("\"zero\"".to_owned());
    assert_eq!(
        bucket.put_object("k", b"{}", "ada", &Only::IfAbsent).await,
        Ok(Put::Done { tag: "\"one\"".to_owned() })
    );
    assert_eq!(bucket.put_object("k", b"{}", "ada", &if_tag).await, Ok(Put::Refused));
    assert_eq!(bucket.put_object("k", b"{}", "ada", &Only::IfAbsent).await, Ok(Put::Busy));
    assert_eq!(bucket.put_object("k", b"{}", "ada", &if_tag).await, Ok(Put::Refused), "it is gone");
    let unknown = bucket.put_object("k", b"{}", "ada", &Only::IfAbsent).await.unwrap_err();
    assert_eq!((unknown.kind, unknown.code.as_str()), (FailureKind::Unavailable, "NotImplemented"));
    assert_eq!(bucket.get("k").await, Ok(None));
    let object =
        StoredObject { body: b"{}".to_vec(), tag: "\"two\"".to_owned(), writer: "ada".to_owned() };
    assert_eq!(bucket.get("k").await, Ok(Some(object)));
    let requests: Vec<String> =
        server.requests().iter().map(|request| request.to_ascii_lowercase()).collect();
    assert!(
        requests[1].contains("if-none-match: *\r\n")
            && requests[1].contains("x-amz-meta-relayctl-writer: ada")
    );
    assert!(requests[2].contains("if-match: \"zero\"\r\n"), "{}", requests[2]);
}

fn over_http(endpoint: &str) -> S3Store {
    let bucket =
        aws::ObjectStore::over("states".to_owned(), aws_at(endpoint), "us-east-1".to_owned());
    S3Store::new(place(), Arc::new(bucket)).with_lease(LEASE)
}

#[tokio::test]
#[ignore = "runs in a child process, and is killed there"]
async fn child_holds_the_lock_in_a_bucket() {
    let store = over_http(&std::env::var("RELAYCTL_TEST_STATE").expect("run by its parent only"));
    let _held = store.acquire_lock(&info(std::process::id())).await.unwrap();
    println!("\nlocked");
    tokio::time::sleep(Duration::from_mins(1)).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_process_renews_its_lease_in_a_bucket_until_it_is_killed() {
    let moto = Moto::start();
    moto.python(r#"s3.create_bucket(Bucket="states")"#);
    let mut child =
        child("stores::child_holds_the_lock_in_a_bucket", Path::new(moto.endpoint()), "");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "locked"));
    tokio::time::sleep(LEASE * 2).await;
    let store = over_http(moto.endpoint());
    assert!(
        matches!(store.acquire_lock(&info(1)).await, Err(StoreError::Locked { info, .. }) if info.pid == child.id())
    );
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        matches!(store.acquire_lock(&info(1)).await, Err(StoreError::Locked { .. })),
        "nobody can see that it is gone"
    );
    store::wait_for_lock(&store, &info(1), LEASE * 3, |_| ())
        .await
        .expect("the lease has expired")
        .release()
        .await;
}
