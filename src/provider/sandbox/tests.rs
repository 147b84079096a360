//! The file: its content, its readers, and the refusal of a file that is not ours.

use std::fs;

use futures::executor::block_on;
use secrecy::ExposeSecret;
use serde_json::json;

use super::*;
use crate::call::{IamRead, IamReply, IamWrite};
use crate::value::Tags;

const ACCOUNT: &str = "123456789012";

fn create(user: &str) -> Write {
    Write::Iam(IamWrite::CreateUser {
        user: user.to_owned(),
        path: "/".to_owned(),
        boundary: None,
        tags: Tags::new(),
    })
}

fn write(sandbox: &Sandbox, write: &Write) -> Result<Reply, Failure> {
    block_on(sandbox.write(write, &StepOutput::default()))
}

fn has(sandbox: &Sandbox, user: &str) -> bool {
    block_on(sandbox.read(&Read::Iam(IamRead::GetUser { user: user.to_owned() }))).is_ok()
}

fn open(file: &Path) -> Sandbox {
    Sandbox::open(file, ACCOUNT, "us-east-1").unwrap()
}

fn refusal(opened: Result<Sandbox, Failure>) -> Failure {
    opened.err().expect("it must not open")
}

#[test]
fn what_was_written_is_there_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state/sandbox.json");
    write(&open(&file), &create("bob")).unwrap();
    let again = open(&file);
    assert!(has(&again, "bob"));
    write(&again, &create("alice")).unwrap();
    assert!(has(&open(&file), "alice"));
}

#[test]
fn ids_go_on_where_the_last_process_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    let id = |sandbox: &Sandbox| {
        let reply = write(sandbox, &create("bob")).unwrap();
        let Reply::Iam(IamReply::User(user)) = reply else { panic!("{reply:?}") };
        user.id
    };
    let first = open(&file);
    let old = id(&first);
    write(&first, &Write::Iam(IamWrite::DeleteUser { user: "bob".to_owned() })).unwrap();
    assert_ne!(id(&open(&file)), old);
}

/// Older versions of relayctl kept only a group's members and its attached policies.
#[test]
fn a_group_of_an_older_file_gets_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    write(&open(&file), &create("bob")).unwrap();
    let mut account = open(&file).contents().unwrap();
    account["groups"]["staff"] =
        json!({"members": ["bob"], "attached": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]});
    fs::write(&file, account.to_string()).unwrap();
    let group = || open(&file).contents().unwrap()["groups"]["staff"].take();
    let found = group();
    assert_eq!((&found["name"], &found["path"]), (&json!("staff"), &json!("/")));
    assert_eq!((&found["members"], &found["inline"]), (&json!(["bob"]), &json!({})));
    assert_eq!(found["attached"], json!(["arn:aws:iam::aws:policy/ReadOnlyAccess"]));
    assert!(found["id"].as_str().is_some_and(|id| id.starts_with("AGPA")), "{found}");
    write(&open(&file), &create("alice")).unwrap();
    assert_eq!(group()["id"], found["id"], "it stays the same group");
}

#[test]
fn looking_at_it_leaves_no_file_behind() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    assert!(!has(&open(&file), "bob"));
    write(&open(&file), &create("not a name")).unwrap_err();
    assert!(!file.exists());
}

#[test]
fn another_process_change_is_seen_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    let (one, other) = (open(&file), open(&file));
    write(&one, &create("bob")).unwrap();
    assert!(has(&other, "bob"));
    write(&other, &create("alice")).unwrap();
    write(&one, &create("carol")).unwrap();
    let all = open(&file);
    assert!(["bob", "alice", "carol"].iter().all(|user| has(&all, user)));
}

#[test]
fn a_deleted_file_is_an_empty_account() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    let sandbox = open(&file);
    write(&sandbox, &create("bob")).unwrap();
    fs::remove_file(&file).unwrap();
    assert!(!has(&sandbox, "bob"));
}

#[cfg(unix)]
#[test]
fn only_its_owner_reads_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    let sandbox = open(&file);
    for user in ["bob", "alice"] {
        write(&sandbox, &create(user)).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn no_secret_is_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    let sandbox = open(&file);
    write(&sandbox, &create("bob")).unwrap();
    let key =
        write(&sandbox, &Write::Iam(IamWrite::CreateAccessKey { user: "bob".to_owned() })).unwrap();
    let Reply::Iam(IamReply::NewAccessKey { id, secret }) = key else { panic!("no key") };
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(&id));
    assert!(!text.contains(secret.expose_secret()));
}

#[test]
fn a_change_that_cannot_be_saved_does_not_happen() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    fs::write(&blocked, "in the way").unwrap();
    let sandbox = open(&blocked.join("sandbox.json"));
    let failure = write(&sandbox, &create("bob")).unwrap_err();
    assert_eq!((failure.kind, failure.call.as_str()), (FailureKind::Refused, "iam:CreateUser"));
    assert!(failure.message.contains("nothing was changed"), "{failure}");
    assert!(!has(&sandbox, "bob"));
}

#[test]
fn a_refused_change_leaves_no_trace() {
    let sandbox = Sandbox::in_memory(ACCOUNT, "us-east-1");
    write(&sandbox, &create("bob")).unwrap();
    let many: Tags = (0..51).map(|n| (format!("key{n}"), String::new())).collect();
    write(&sandbox, &Write::Iam(IamWrite::TagUser { user: "bob".to_owned(), tags: many }))
        .unwrap_err();
    let reply =
        block_on(sandbox.read(&Read::Iam(IamRead::GetUser { user: "bob".to_owned() }))).unwrap();
    assert!(matches!(reply, Reply::Iam(IamReply::User(user)) if user.tags.is_empty()));
}

#[test]
fn the_file_of_another_account_or_partition_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    write(&open(&file), &create("bob")).unwrap();
    for (account, region) in [("210987654321", "us-east-1"), (ACCOUNT, "cn-north-1")] {
        let failure = refusal(Sandbox::open(&file, account, region));
        assert_eq!(failure.kind, FailureKind::Refused);
        assert!(failure.message.contains("account 123456789012"), "{failure}");
        assert!(failure.message.contains("delete it to start with an empty account"), "{failure}");
    }
    assert!(
        Sandbox::open(&file, ACCOUNT, "eu-west-1").is_ok(),
        "an account is the same in all of its regions"
    );
}

#[test]
fn a_file_that_is_no_sandbox_is_refused_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    for text in ["", "{", "[]", r#"{"version": 1, "serial": 3}"#] {
        fs::write(&file, text).unwrap();
        let failure = refusal(Sandbox::open(&file, ACCOUNT, "us-east-1"));
        assert_eq!(failure.kind, FailureKind::Refused);
        assert!(
            failure.message.contains("is not a sandbox that this relayctl can use"),
            "{failure}"
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
}

#[test]
fn the_file_of_a_newer_relayctl_is_refused_with_its_version() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    fs::write(&file, r#"{"version": 2, "accounts": []}"#).unwrap();
    let failure = refusal(Sandbox::open(&file, ACCOUNT, "us-east-1"));
    assert!(failure.message.contains("its version is 2, this relayctl knows 1"), "{failure}");
}

#[test]
fn a_folder_in_the_files_place_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let failure = refusal(Sandbox::open(folder.path(), ACCOUNT, "us-east-1"));
    assert!(failure.message.starts_with("cannot read"), "{failure}");
}
