//! What every store of state must do, run on each; and what is the local one's own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use relayctl::address::Address;
use relayctl::model::{Entry, Status};
use relayctl::port::Store;
use relayctl::state::{Change, LockInfo, State, StoreError, VERSION};
use relayctl::store;
use relayctl::store::local::LocalStore;
use relayctl::store::memory::MemoryStore;

fn state(serial: u64) -> State {
    State {
        version: VERSION,
        lineage: "5f0c".to_owned(),
        serial,
        manifest: "dev".to_owned(),
        account: "123456789012".to_owned(),
        resources: BTreeMap::new(),
    }
}

/// The change that makes serial `serial`: a user more.
fn change(serial: u64) -> Change {
    let name = format!("user{serial}");
    let attributes = [("name".to_owned(), name.as_str().into())].into();
    let entry = Entry { status: Status::Done, id: None, attributes, depends_on: BTreeSet::new() };
    Change { lineage: "5f0c".to_owned(), serial, address: Address::new("user", name), entry: Some(entry) }
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
    assert_eq!(open().load().await.unwrap(), None);

    // What one run saves, another loads; the last save counts.
    open().save(&state(1)).await.unwrap();
    assert_eq!(open().load().await.unwrap(), Some(state(1)));
    open().save(&state(2)).await.unwrap();
    assert_eq!(open().load().await.unwrap(), Some(state(2)));

    // Changes are noted one by one, seen by whoever loads, and folded into the state by the next save.
    let store = open();
    store.save(&state(2)).await.unwrap();
    for serial in 3..=5 {
        store.append(&change(serial)).await.unwrap();
        assert_eq!(open().load().await.unwrap(), Some(changed(2, serial)));
    }
    let removal = Change { entry: None, serial: 6, ..change(4) };
    store.append(&removal).await.unwrap();
    let mut folded = changed(2, 5);
    folded.change(removal);
    assert_eq!(open().load().await.unwrap(), Some(folded.clone()));
    store.save(&folded).await.unwrap();
    assert_eq!(open().load().await.unwrap(), Some(folded));
    open().save(&state(7)).await.unwrap();
    assert_eq!(open().load().await.unwrap(), Some(state(7)));

    // One run at a time, and the second is told who the first is.
    let held = open().lock(&info(12)).await.unwrap();
    match open().lock(&info(13)).await {
        Err(StoreError::Locked { location, info: holder }) => {
            assert_eq!((location, unleased(&holder)), (open().location(), info(12)));
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("two runs hold the lock"),
    }

    // The lock keeps nobody from saving: that is what its holder does.
    open().save(&state(8)).await.unwrap();
    held.release().await;
    drop(held);
    open().lock(&info(13)).await.unwrap().release().await;
    assert_eq!(open().load().await.unwrap(), Some(state(8)));

    lost_locks(&open).await;

    // Many at once: never two holders, and the lock is free afterwards.
    let attempts = (0..8).map(|pid| {
        let store = open();
        async move { store.lock(&info(pid)).await }
    });
    let holders: Vec<_> = futures::future::join_all(attempts).await.into_iter().filter_map(Result::ok).collect();
    assert_eq!(holders.len(), 1);
    holders[0].release().await;
    drop(holders);
    open().lock(&info(1)).await.unwrap().release().await;
}

/// A person takes a lock away: its holder notices before it changes anything, and does not harm the next holder.
async fn lost_locks<S: Store>(open: &impl Fn() -> S) {
    let first = open();
    first.held().expect("who never locked has lost nothing");
    let lost = first.lock(&info(21)).await.unwrap();
    first.held().unwrap();
    match open().unlock("lock-22").await {
        Err(StoreError::OtherLock { info: holder, .. }) => assert_eq!(unleased(&holder), info(21)),
        other => panic!("{other:?}"),
    }
    first.held().unwrap();
    assert_eq!(unleased(&open().unlock("lock-21").await.unwrap()), info(21));
    assert!(matches!(open().unlock("lock-21").await, Err(StoreError::NotLocked { .. })));

    let second = open();
    let held = second.lock(&info(22)).await.unwrap();
    notices(&first).await;
    lost.release().await;
    drop(lost);
    second.held().unwrap();
    assert!(
        matches!(open().lock(&info(23)).await, Err(StoreError::Locked { .. })),
        "the loser let go of another's lock"
    );
    held.release().await;
}

/// At once, or when the lock is next renewed.
async fn notices(store: &impl Store) {
    for _ in 0..100 {
        match store.held() {
            Err(StoreError::Lost { why, .. }) => return assert!(why.contains("root@here (pid 22"), "{why}"),
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
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
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

#[tokio::test]
async fn the_store_in_memory_keeps_the_laws() {
    let store = MemoryStore::new();
    every_store(|| store.reopened()).await;
}

#[tokio::test]
async fn a_lease_is_renewed_while_its_holder_lives_and_taken_over_when_it_has_expired() {
    let store = MemoryStore::new().with_lease(Duration::from_secs(2));
    let held = store.lock(&info(1)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    store.held().unwrap();
    assert!(matches!(store.reopened().lock(&info(2)).await, Err(StoreError::Locked { .. })));
    drop(held);

    // As if killed: nothing is released, nothing renewed any more.
    let killed = store.reopened();
    std::thread::spawn({
        let killed = killed.reopened();
        move || std::mem::forget(futures::executor::block_on(killed.lock(&info(3))).unwrap())
    })
    .join()
    .unwrap();
    let next = store.reopened();
    let waited = std::cell::Cell::new(None);
    let waiting = |holder: &LockInfo| waited.set(Some(holder.pid));
    let taken = store::lock(&next, &info(4), Duration::from_secs(10), waiting).await.unwrap();
    assert_eq!(waited.get(), Some(3));
    drop(taken);
}

#[tokio::test]
async fn who_waits_for_a_lock_gives_up_in_time_or_gets_it_when_it_is_free() {
    let store = MemoryStore::new();
    let held = store.lock(&info(1)).await.unwrap();
    let other = store.reopened();
    let patience = Duration::from_millis(100);
    assert!(matches!(store::lock(&other, &info(2), patience, |_| ()).await, Err(StoreError::Locked { .. })));
    let second = info(2);
    let waits = store::lock(&other, &second, Duration::from_secs(30), |_| ());
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
    let elsewhere = |expires: &str| LockInfo { host: "there".to_owned(), expires: expires.to_owned(), ..info(12) };
    fs::write(&path, serde_json::to_string(&elsewhere("2999-01-01T00:00:00Z")).unwrap()).unwrap();
    assert!(matches!(store.lock(&info(13)).await, Err(StoreError::Locked { info, .. }) if info.host == "there"));
    fs::write(&path, serde_json::to_string(&elsewhere("2026-01-01T00:00:00Z")).unwrap()).unwrap();
    assert!(store.lock(&info(13)).await.is_ok());
}

#[tokio::test]
async fn a_store_that_is_opened_by_url_is_the_same() {
    let home = folder();
    let url = format!("file://{}", home.path().display());
    let by_url = store::open(Some(&url), Path::new("state/dev.json")).unwrap();
    by_url.save(&state(7)).await.unwrap();
    assert_eq!(LocalStore::new(home.path().join("dev.json")).load().await.unwrap(), Some(state(7)));
    assert!(matches!(
        store::open(Some("s3://bucket/dev.json"), Path::new("state/dev.json")),
        Err(StoreError::Unsupported { .. })
    ));
}

#[tokio::test]
async fn a_locked_state_says_by_whom_and_what_to_do() {
    let home = folder();
    let store = LocalStore::new(home.path().join("dev.json"));
    let _held = store.lock(&info(12)).await.unwrap();
    let error = store.lock(&info(13)).await.err().unwrap().to_string();
    assert_eq!(
        error.replace(&store.location(), "state/dev.json"),
        "state/dev.json is locked by root@here (pid 12, apply, since 2026-01-02T03:04:05Z): run again when that has \
         ended"
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
        let error = store.load().await.unwrap_err();
        assert!(matches!(error, StoreError::Unreadable { .. }) && error.to_string().contains(why), "{error}");
        assert_eq!(fs::read(&path).unwrap(), text);
    }
    fs::write(&path, r#"{"format": "relayctl-state", "version": 99}"#).unwrap();
    assert!(matches!(store.load().await, Err(StoreError::Newer { found: 99, .. })));
    assert!(matches!(LocalStore::new(home.path().to_owned()).load().await, Err(StoreError::Io { .. })));
}

#[tokio::test]
async fn a_lock_file_that_nobody_holds_is_taken_over() {
    let home = folder();
    let store = LocalStore::new(home.path().join("dev.json"));
    fs::write(home.path().join("dev.json.lock"), serde_json::to_string(&info(12)).unwrap()).unwrap();
    let held = store.lock(&info(13)).await.unwrap();
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
    LocalStore::new(PathBuf::from(std::env::var_os("RELAYCTL_TEST_STATE").expect("run by its parent only")))
}

#[tokio::test]
#[ignore = "runs in a child process, and is killed there"]
async fn child_holds_the_lock() {
    let _held = childs_store().lock(&info(std::process::id())).await.unwrap();
    println!("\nlocked");
    std::thread::sleep(Duration::from_mins(1));
}

#[cfg(unix)]
#[tokio::test]
async fn the_lock_of_another_process_holds_until_that_is_killed() {
    let home = folder();
    let path = home.path().join("dev.json");
    let store = LocalStore::new(path.clone());
    let mut child = child("child_holds_the_lock", &path, "");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "locked"));
    match store.lock(&info(1)).await {
        Err(StoreError::Locked { info, .. }) => assert_eq!(info.pid, child.id()),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("the child holds the lock"),
    }
    // SIGKILL: it has no chance to clean up.
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(names(home.path()), ["dev.json.lock"]);
    drop(store.lock(&info(1)).await.unwrap());
    assert_eq!(names(home.path()), Vec::<String>::new());
}

#[tokio::test]
#[ignore = "runs in a child process that may not write large files"]
async fn child_saves_too_much() {
    let mut state = state(2);
    state.manifest = "x".repeat(1 << 20);
    let error = childs_store().save(&state).await.unwrap_err();
    println!("\n{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_save_that_runs_out_of_space_leaves_the_last_state() {
    let home = folder();
    let path = home.path().join("dev.json");
    let store = LocalStore::new(path.clone());
    store.save(&state(1)).await.unwrap();
    // The limit on a file's size stands in for a full disk: the write fails half-way.
    let child = child("child_saves_too_much", &path, "trap '' XFSZ; ulimit -f 64;");
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains(&format!("cannot save {}: ", path.display())), "{text}");
    assert_eq!(store.load().await.unwrap(), Some(state(1)));
    assert_eq!(names(home.path()), ["dev.json", "dev.json.backup"], "the temporary file is gone");
}

#[tokio::test]
#[ignore = "runs in a child process that may not write large files"]
async fn child_appends_too_much() {
    let mut long = change(3);
    long.lineage = "x".repeat(1 << 20);
    let error = childs_store().append(&long).await.unwrap_err();
    println!("\n{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_change_that_finds_no_space_leaves_the_changes_before_it() {
    let home = folder();
    let path = home.path().join("dev.json");
    let store = LocalStore::new(path.clone());
    store.save(&state(1)).await.unwrap();
    store.append(&change(2)).await.unwrap();
    let child = child("child_appends_too_much", &path, "trap '' XFSZ; ulimit -f 64;");
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("cannot save the journal of"), "{text}");
    store.append(&change(3)).await.unwrap();
    assert_eq!(store.load().await.unwrap(), Some(changed(1, 3)));
}

#[tokio::test]
async fn the_ten_thousandth_change_costs_what_the_first_did() {
    let home = folder();
    let store = LocalStore::new(home.path().join("dev.json"));
    let journal = home.path().join("dev.json.journal");
    store.save(&state(10_000)).await.unwrap();
    let written = fs::metadata(home.path().join("dev.json")).unwrap().modified().unwrap();
    let costs = async |serial: u64| {
        let before = fs::metadata(&journal).map_or(0, |file| file.len());
        store.append(&change(serial)).await.unwrap();
        fs::metadata(&journal).unwrap().len() - before
    };
    let first = costs(10_001).await;
    // What the changes between wrote, without waiting for the disk each time.
    let between: String = (10_002..20_000).map(|serial| change(serial).line()).collect();
    fs::write(&journal, fs::read_to_string(&journal).unwrap() + &between).unwrap();
    assert_eq!(costs(20_000).await, first, "bytes for each change");
    assert_eq!(
        fs::metadata(home.path().join("dev.json")).unwrap().modified().unwrap(),
        written,
        "nothing else is written"
    );
    assert_eq!(names(home.path()), ["dev.json", "dev.json.journal"]);
    assert_eq!(store.load().await.unwrap(), Some(changed(10_000, 20_000)));
}

#[tokio::test]
async fn a_run_that_was_killed_at_any_byte_of_a_change_leaves_what_the_next_one_continues() {
    let home = folder();
    let store = LocalStore::new(home.path().join("dev.json"));
    let journal = home.path().join("dev.json.journal");
    let lines: Vec<u8> = [change(2), change(3)].iter().flat_map(|change| change.line().into_bytes()).collect();
    let first = change(2).line().len();
    for cut in 0..=lines.len() {
        store.save(&state(1)).await.unwrap();
        fs::write(&journal, &lines[..cut]).unwrap();
        let known = 1 + u64::from(cut >= first) + u64::from(cut == lines.len());
        assert_eq!(store.load().await.unwrap(), Some(changed(1, known)), "cut at {cut}");
        store.append(&change(known + 1)).await.unwrap();
        assert_eq!(store.load().await.unwrap(), Some(changed(1, known + 1)), "continued after a cut at {cut}");
    }
}

#[tokio::test]
async fn a_run_that_was_killed_before_it_cleared_the_journal_leaves_a_sound_state() {
    let home = folder();
    let store = LocalStore::new(home.path().join("dev.json"));
    let journal = home.path().join("dev.json.journal");
    store.save(&state(1)).await.unwrap();
    store.append(&change(2)).await.unwrap();
    let left = fs::read(&journal).unwrap();
    store.save(&changed(1, 2)).await.unwrap();
    fs::write(&journal, left).unwrap();
    assert_eq!(store.load().await.unwrap(), Some(changed(1, 2)));
    store.append(&change(3)).await.unwrap();
    assert_eq!(store.load().await.unwrap(), Some(changed(1, 3)));
}

#[tokio::test]
async fn a_journal_that_does_not_fit_is_refused_with_what_is_wrong_with_it() {
    let home = folder();
    let store = LocalStore::new(home.path().join("dev.json"));
    let (path, journal) = (home.path().join("dev.json"), home.path().join("dev.json.journal"));
    let refusal = async || {
        let error = store.load().await.unwrap_err();
        assert!(matches!(error, StoreError::Journal { .. }), "{error}");
        error.to_string().replace(&journal.display().to_string(), "dev.json.journal")
    };
    store.save(&state(1)).await.unwrap();
    fs::write(&journal, change(2).line().replace("user2", "user9") + &change(3).line()).unwrap();
    assert_eq!(
        refusal().await,
        "the journal dev.json.journal cannot be used: line 1 of 2 is damaged: its checksum is another than its content's"
    );
    fs::write(&journal, Change { lineage: "beef".to_owned(), ..change(2) }.line()).unwrap();
    assert!(refusal().await.contains("it belongs to another state (of lineage beef;"));
    fs::write(&journal, change(3).line()).unwrap();
    assert!(refusal().await.contains("it has no change 2: after 1 comes 3"));
    fs::remove_file(path).unwrap();
    assert!(refusal().await.contains("the state that it belongs to is gone"));
}

#[tokio::test]
async fn the_last_good_state_is_kept_and_named_when_the_state_is_broken() {
    let home = folder();
    let path = home.path().join("dev.json");
    let store = LocalStore::new(path.clone());
    store.save(&state(1)).await.unwrap();
    store.save(&state(2)).await.unwrap();
    let backup = home.path().join("dev.json.backup");
    let kept = async || LocalStore::new(backup.clone()).load().await.unwrap();
    assert_eq!(kept().await, Some(state(1)));
    fs::write(&path, "{\"format\":").unwrap();
    match store.load().await {
        Err(StoreError::Unreadable { backup: Some(named), .. }) => assert_eq!(Path::new(&named), backup),
        other => panic!("{other:?}"),
    }
    // A broken state does not take the good one's place.
    store.save(&state(3)).await.unwrap();
    assert_eq!(kept().await, Some(state(1)));
    fs::write(&backup, "").unwrap();
    fs::write(&path, "").unwrap();
    assert!(matches!(store.load().await, Err(StoreError::Unreadable { backup: None, .. })));
}

#[cfg(unix)]
#[tokio::test]
async fn a_state_is_for_its_owner_only_and_a_link_to_it_stays() {
    use std::os::unix::fs::PermissionsExt;
    let home = folder();
    let (link, real) = (home.path().join("dev.json"), home.path().join("real.json"));
    std::os::unix::fs::symlink("real.json", &link).unwrap();
    let store = LocalStore::new(link.clone());
    store.save(&state(1)).await.unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
    let held = store.lock(&info(1)).await.unwrap();
    store.save(&state(2)).await.unwrap();
    assert!(link.is_symlink());
    store.append(&change(3)).await.unwrap();
    for file in ["real.json", "real.json.lock", "real.json.backup", "real.json.journal"] {
        assert_eq!(fs::metadata(home.path().join(file)).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    assert!(matches!(LocalStore::new(real).lock(&info(2)).await, Err(StoreError::Locked { .. })));
    drop(held);
}
