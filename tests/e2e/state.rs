//! The state with the real binary: in S3, moved between stores, locked, damaged.

use std::time::Duration;

use relayctl::port::Store;
use relayctl::state::LockInfo;
use relayctl::store::local::LocalStore;
use serde_json::{Value, json};

use crate::support::moto::Moto;
use crate::support::project::Project;

const DEV: &str = "manifests/dev.yaml";
const NAME: &str = "tr-serverless-relay-dev";
const ID: &str = "0b9e5c4e-8a52-4f0c-9c2b-6a4b5d0f7c11";

fn sandbox() -> Project {
    let project = Project::sample().in_sandbox();
    project.expect(0, &["apply", DEV, "--yes"]);
    project
}

/// The sample manifests with their state in a bucket.
fn with_bucket() -> (Moto, Project) {
    let moto = Moto::start();
    // Not the manifest's region: S3 says where the bucket is.
    moto.python(
        r#"
s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
s3.put_bucket_versioning(Bucket="states", VersioningConfiguration={"Status": "Enabled"})
"#,
    );
    let project = Project::sample().against(&moto);
    (moto, project)
}

fn keys(moto: &Moto) -> Vec<String> {
    let text = moto.python(
        r#"show([it["Key"] for it in s3.list_objects_v2(Bucket="states").get("Contents", [])])"#,
    );
    serde_json::from_str(&text).unwrap()
}

fn lock_of(expires: &str) -> String {
    json!({
        "id": ID, "who": "ada", "host": "build-7", "pid": 42, "since": "2026-01-02T03:04:05Z", "what": "apply",
        "expires": expires,
    })
    .to_string()
}

#[test]
fn a_state_in_s3_serves_plan_apply_and_destroy_and_leaves_nothing_here() {
    let (moto, project) = with_bucket();
    project.edit(DEV, "extends: base.yaml\n", "extends: base.yaml\nstate: s3://states/relay\n");
    project.expect(2, &["plan", DEV, "--detailed-exitcode"]);
    project.expect(0, &["apply"]);
    assert!(!project.path(&format!("state/{NAME}.json")).exists());
    let object = |suffix: &str| format!("relay/{NAME}.json{suffix}");
    assert_eq!(
        keys(&moto),
        [object(""), object(".lock")],
        "the journal is folded, and there was no state before"
    );
    assert_eq!(
        project.expect(0, &["state", "path", DEV]).stdout,
        format!("s3://states/relay/{NAME}.json\n")
    );
    assert!(project.expect(0, &["state", "list", DEV]).stdout.contains("access_key.serverless\n"));
    let plan = project.expect(0, &["plan", DEV, "--detailed-exitcode"]);
    assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);

    // A plan that waits is done against the state that it was made for, or not at all.
    project.edit(DEV, "stage: dev", "stage: other");
    project.expect(2, &["plan", DEV, "--detailed-exitcode", "--out", "one.plan.json"]);
    project.expect(0, &["apply", "one.plan.json"]);
    assert_eq!(keys(&moto), [object(""), object(".backup"), object(".lock")]);
    let again = project.expect(1, &["apply", "one.plan.json"]);
    assert!(again.stderr.contains("the state has changed since"), "{}", again.stderr);
    project.expect(0, &["destroy", DEV, "--yes"]);
    assert_eq!(project.expect(0, &["state", "list", DEV]).stdout, "");
}

#[test]
fn the_printed_permissions_name_the_state_in_s3() {
    let project = Project::sample();
    let printed =
        |arguments: &[&str]| project.expect(0, &[&["permissions", DEV], arguments].concat()).stdout;
    let state = format!("arn:aws:s3:::states/relay/{NAME}.json");
    assert!(!printed(&[]).contains("arn:aws:s3:::states"));
    let document = printed(&["--state", "s3://states/relay"]);
    assert!(
        document.contains(&format!("{state}.lock")) && document.contains("s3:PutObject"),
        "{document}"
    );
}

#[test]
fn a_locked_bucket_says_who_holds_it_and_an_expired_lease_is_taken_over() {
    let (moto, project) = with_bucket();
    let locked = |expires: &str| {
        let body = lock_of(expires);
        moto.python(&format!(
            "s3.put_object(Bucket='states', Key='relay/{NAME}.json.lock', Body={})",
            Value::from(body)
        ));
    };
    let apply = ["apply", DEV, "--yes", "--state", "s3://states/relay"];
    locked("2999-01-01T00:00:00Z");
    let refused = project.expect(1, &apply);
    assert!(
        refused.stderr.contains("ada on build-7 (pid 42) is running `apply`"),
        "{}",
        refused.stderr
    );
    let waited = project.expect(1, &[&apply[..], &["--lock-timeout", "1s"]].concat());
    assert!(waited.stderr.contains("waiting for that"), "{}", waited.stderr);
    let unlock = |id: &str, code| {
        project.expect(code, &["state", "unlock", DEV, id, "--state", "s3://states/relay"])
    };
    assert!(unlock("8d3c", 1).stderr.contains(ID));
    assert!(unlock(ID, 0).stdout.contains("ada@build-7"));
    assert!(unlock(ID, 1).stderr.contains("is not locked"));
    locked("2026-01-02T03:06:05Z");
    project.expect(0, &apply);
}

#[test]
fn a_state_is_pulled_pushed_and_moved_into_a_bucket() {
    let (moto, project) = with_bucket();
    project.expect(0, &["apply", DEV, "--yes"]);
    let local = project.expect(0, &["state", "pull", DEV]).stdout;
    assert_eq!(local, project.read(&format!("state/{NAME}.json")));

    let migrated = project.expect(0, &["state", "migrate", DEV, "state", "s3://states/relay"]);
    assert!(migrated.stdout.contains("Name the new place with `state:`"), "{}", migrated.stdout);
    let remote = ["--state", "s3://states/relay"];
    let pull = || project.expect(0, &[&["state", "pull", DEV][..], &remote].concat()).stdout;
    assert_eq!(pull(), local);
    project.expect(0, &["state", "migrate", DEV, "state", "s3://states/relay"]);
    let plan = project.expect(0, &[&["plan", DEV, "--detailed-exitcode"][..], &remote].concat());
    assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);

    project.write("local.json", &local);
    let push = |more: &[&str], code| {
        project.expect(code, &[&["state", "push", DEV, "local.json"], &remote[..], more].concat())
    };
    assert!(push(&[], 0).stdout.contains("already"));
    project.expect(0, &[&["state", "rm", DEV, "zappa_settings.dev"][..], &remote].concat());
    assert!(
        push(&[], 1).stderr.contains("newer than the file"),
        "a newer state is not overwritten"
    );
    push(&["--force"], 0);
    assert!(pull().contains("zappa_settings.dev"));
    let other = project.expect(1, &["state", "migrate", DEV, "state", "s3://states/relay"]);
    assert!(other.stderr.contains("there is another state at"), "{}", other.stderr);

    // A damaged one is refused by everything but a push that is meant.
    moto.python(&format!("s3.put_object(Bucket='states', Key='relay/{NAME}.json', Body='{{')"));
    let broken = project.expect(1, &[&["plan", DEV][..], &remote].concat());
    assert!(broken.stderr.contains(".json.backup"), "{}", broken.stderr);
    push(&[], 1);
    push(&["--force"], 0);
    assert!(pull().contains("zappa_settings.dev"));
}

#[test]
fn a_bucket_that_is_not_there_is_a_clear_error() {
    let (_moto, project) = with_bucket();
    let plan = project.expect(1, &["plan", DEV, "--state", "s3://nobodys/relay"]);
    assert!(plan.stderr.contains("bucket nobodys does not exist"), "{}", plan.stderr);
}

#[test]
fn the_sandboxs_state_does_not_go_to_s3() {
    let project = Project::sample().in_sandbox();
    let plan = project.expect(1, &["plan", DEV, "--state", "s3://states/relay"]);
    assert!(plan.stderr.contains("nothing of the sandbox reaches AWS"), "{}", plan.stderr);
}

#[test]
fn a_damaged_or_foreign_state_is_refused_with_what_was_found_and_what_to_do() {
    let project = sandbox();
    let state = format!("state/sandbox/{NAME}.json");
    let whole = project.read(&state);
    let refused = |text: &str| {
        project.write(&state, text);
        project.expect(1, &["plan", DEV]).stderr
    };
    let cut = refused(&whole[..whole.len() / 2]);
    assert!(
        cut.contains("it is cut off at line") && cut.contains(&format!("{NAME}.json.backup")),
        "{cut}"
    );
    let newer = refused(&whole.replace("\"version\": 1", "\"version\": 2"));
    assert!(newer.contains("newer relayctl"), "{newer}");
    let foreign =
        refused(&whole.replace(&format!("\"manifest\": \"{NAME}\""), "\"manifest\": \"prod\""));
    assert!(foreign.contains("belongs to the manifest prod"), "{foreign}");
    let account =
        refused(&whole.replace("\"account\": \"123456789012\"", "\"account\": \"999999999999\""));
    assert!(account.contains("belongs to account 999999999999"), "{account}");

    // What the help says works.
    std::fs::copy(project.path(&format!("{state}.backup")), project.path(&state)).unwrap();
    project.expect(0, &["apply", DEV, "--yes"]);
    let plan = project.expect(0, &["plan", DEV, "--detailed-exitcode"]);
    assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);
}

#[test]
fn a_run_waits_for_the_lock_as_long_as_it_is_told_to() {
    let project = sandbox();
    let store = LocalStore::new(project.path(&format!("state/sandbox/{NAME}.json")));
    let info: LockInfo = serde_json::from_str(&lock_of("")).unwrap();
    let held = futures::executor::block_on(store.acquire_lock(&info)).unwrap();
    let rm = ["state", "rm", DEV, "zappa_settings.dev"];
    let refused = project.expect(1, &rm);
    assert!(
        refused.stderr.contains("--lock-timeout 5m waits until that run has ended"),
        "{}",
        refused.stderr
    );
    let release = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(2));
        drop(held);
    });
    let waited = project.expect(0, &[&rm[..], &["--lock-timeout", "5m"]].concat());
    assert!(waited.stderr.contains("is locked by ada@build-7"), "{}", waited.stderr);
    release.join().unwrap();
}
