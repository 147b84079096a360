//! The files that relayctl writes: through no link of somebody else's, over nothing but regular
//! files, under names that no two manifests share, and gone when they are of no use.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use relayctl::state::LockInfo;
use serde_json::Value;

use crate::support::moto::Moto;
use crate::support::project::Project;

fn manifest(name: &str, rest: &str) -> String {
    format!("version: 1\nname: {name}\naccount: \"123456789012\"\nregion: us-east-1\n{rest}\n")
}

/// A sandbox with the manifest `dev.yaml`.
fn sandbox(rest: &str) -> Project {
    let project = Project::empty().in_sandbox();
    project.write("dev.yaml", &manifest("dev", rest));
    project
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_link_in_the_place_of_a_plan_a_state_or_the_sandbox_is_refused_and_its_target_stays() {
    for (link, arguments) in [
        ("state/sandbox/dev.plan.json", &["plan", "dev.yaml"][..]),
        ("out.plan.json", &["plan", "dev.yaml", "--out", "out.plan.json"]),
        ("state/sandbox/dev.json", &["apply", "dev.yaml", "--yes"]),
        ("state/sandbox/dev.json.lock", &["apply", "dev.yaml", "--yes"]),
        ("state/sandbox/dev.json.journal", &["apply", "dev.yaml", "--yes"]),
        ("state/sandbox/dev.json.backup", &["apply", "dev.yaml", "--yes"]),
        ("policies/plan.json", &["permissions", "dev.yaml", "--write", "policies"]),
    ] {
        let project = sandbox("users: {ada: {}}");
        project.write("rc", "theirs");
        let at = project.path(link);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        symlink(project.path("rc"), &at).unwrap();
        let refused = project.expect(1, arguments);
        assert!(refused.stderr.contains("is a link to"), "{link}: {}", refused.told());
        assert_eq!(project.read("rc"), "theirs", "{link}");
        assert!(at.is_symlink() && !project.path("state/sandbox.json").exists(), "{link}");
    }
}

#[test]
fn the_sandbox_does_not_leave_its_folder_through_a_link() {
    let project = sandbox("users: {ada: {access_key: {csv: keys/ada.csv}}}");
    fs::create_dir_all(project.path("state/sandbox")).unwrap();
    fs::create_dir_all(project.path("outside")).unwrap();
    symlink("../../outside", project.path("state/sandbox/files")).unwrap();
    let refused = project.expect(1, &["apply", "dev.yaml", "--yes"]);
    assert!(refused.told().contains("state/sandbox/files is a link to"), "{}", refused.told());
    assert_eq!(names_in(&project.path("outside")), Vec::<String>::new());
    assert!(!project.read("state/sandbox.json").contains("AKIA"), "no key was made");
}

#[test]
fn a_manifest_that_is_called_like_a_plan_shares_no_file_with_another() {
    let project = sandbox("users: {ada: {}}");
    project.write("other.yaml", &manifest("dev.plan", "users: {bob: {}}"));
    project.expect(0, &["apply", "other.yaml", "--yes"]);
    project.expect(0, &["plan", "dev.yaml"]);
    let unchanged = |file: &str| {
        let plan = project.expect(0, &["plan", file, "--detailed-exitcode"]);
        assert!(plan.stdout.contains("No changes"), "{}", plan.told());
    };
    unchanged("other.yaml");
    project.expect(0, &["apply", "state/sandbox/dev.plan.json"]);
    unchanged("dev.yaml");
    unchanged("other.yaml");

    // An earlier version kept the state of `dev.plan` where the plan of `dev` waits.
    let state = |name: &str| project.path(&format!("state/sandbox/{name}"));
    for end in ["", ".backup"] {
        let from = state(&format!("dev.plan@state.json{end}"));
        fs::rename(from, state(&format!("dev.plan.json{end}"))).unwrap();
    }
    unchanged("other.yaml");
    project.edit("dev.yaml", "ada: {}", "ada: {}, eve: {}");
    let planned = project.expect(0, &["plan", "dev.yaml"]);
    assert!(planned.stderr.contains("dev@waiting.plan.json"), "{}", planned.told());
    let refused = project.expect(1, &["plan", "dev.yaml", "--out", "state/sandbox/dev.plan.json"]);
    assert!(refused.stderr.contains("is a state, which no plan replaces"), "{}", refused.told());
    let done = project.expect(0, &["apply", "state/sandbox/dev@waiting.plan.json"]);
    assert!(done.stdout.contains("1 added"), "{}", done.told());
    unchanged("dev.yaml");
    unchanged("other.yaml");
}

#[test]
fn what_a_killed_run_left_behind_goes_with_the_next_one() {
    let project = sandbox("users: {ada: {access_key: {csv: keys/ada.csv}}}");
    let csv = project.path("keys/ada.csv").canonicalize().unwrap_or(project.path("keys/ada.csv"));
    let folder = csv.parent().unwrap().strip_prefix("/").unwrap().to_owned();
    let keys = project.path("state/sandbox/files").join(folder);
    let folders = [project.path("state"), project.path("state/sandbox"), keys];
    for folder in &folders {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(".relayctl-private-Zz9"), "half a secret").unwrap();
        fs::write(folder.join(".relayctl-mine"), "the user's").unwrap();
        make_pipe(&folder.join(".relayctl-private-pipe"));
        symlink(folder.join(".relayctl-mine"), folder.join(".relayctl-private-link")).unwrap();
    }
    project.expect(0, &["apply", "dev.yaml", "--yes"]);
    for folder in &folders {
        let names = names_in(folder);
        assert!(!names.iter().any(|name| name.contains("Zz9")), "{folder:?}: {names:?}");
        for stays in [".relayctl-mine", ".relayctl-private-pipe", ".relayctl-private-link"] {
            assert!(names.contains(&stays.to_owned()), "{folder:?}: {names:?}");
        }
    }
}

/// Another program writes to the file of the key as soon as it is there. When it comes before the
/// key is read back, the key is deleted; when it comes later, that is its own doing.
#[test]
fn a_key_that_another_program_overwrites_at_once_is_deleted() {
    let overwritten = |round: usize| {
        let project = sandbox("users: {ada: {access_key: {csv: ada.csv}}}");
        let csv = project
            .path("state/sandbox/files")
            .join(project.path("ada.csv").strip_prefix("/").unwrap());
        let (path, over) = (csv.clone(), project.path("theirs"));
        fs::write(&over, "theirs").unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let stop = is_over.clone();
        let other = thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                if path.exists() {
                    return fs::rename(&over, &path).unwrap();
                }
            }
        });
        let run = project.run(&["apply", "dev.yaml", "--yes"]);
        is_over.store(true, Ordering::Relaxed);
        other.join().unwrap();
        let account: Value = serde_json::from_str(&project.read("state/sandbox.json")).unwrap();
        let keys = account["users"]["ada"]["keys"].as_object().map_or(0, serde_json::Map::len);
        if run.code == 0 {
            return false;
        }
        assert!(run.stderr.contains("does not read as it was written"), "{round}: {}", run.told());
        assert_eq!(keys, 0, "{round}: {}", run.told());
        true
    };
    assert!((0..50).any(overwritten), "the other program was never first");
}

#[test]
fn nothing_but_a_regular_file_is_replaced_and_no_key_is_made_before() {
    let sinks = [
        "users: {ada: {access_key: {csv: taken}}}",
        "users: {ada: {access_key: {age: {file: taken, recipients: \
            [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]}}}}",
    ];
    for rest in sinks {
        for what in ["a pipe", "a socket", "a folder", "a device"] {
            let project = sandbox(rest);
            let at = project.path("taken");
            let mut socket = None;
            match what {
                "a pipe" => make_pipe(&at),
                "a socket" => socket = Some(UnixListener::bind(&at).unwrap()),
                "a folder" => fs::create_dir(&at).unwrap(),
                _ => symlink("/dev/null", &at).unwrap(),
            }
            let before = fs::symlink_metadata(&at).unwrap().file_type();
            let apply = ["apply", "dev.yaml", "--yes", "--allow-path", "/dev/null"];
            let refused = project.expect(1, &apply);
            assert!(refused.stdout.contains(what), "{rest}: {}", refused.told());
            let account =
                fs::read_to_string(project.path("state/sandbox.json")).unwrap_or_default();
            assert!(!account.contains("AKIA"), "{rest}, {what}: a key was made");
            assert_eq!(fs::symlink_metadata(&at).unwrap().file_type(), before);
            drop(socket);
        }
    }
    let project = sandbox("users: {ada: {}}");
    make_pipe(&project.path("out.plan.json"));
    let refused = project.expect(1, &["plan", "dev.yaml", "--out", "out.plan.json"]);
    assert!(refused.stderr.contains("it is a pipe, not a regular file"), "{}", refused.told());
    assert!(fs::metadata(project.path("out.plan.json")).unwrap().file_type().is_fifo());
}

#[test]
fn a_device_in_the_place_of_the_credentials_file_stays_and_no_key_is_made() {
    let moto = Moto::start();
    let project = Project::empty().against(&moto);
    project.write("dev.yaml", &manifest("dev", "users: {ada: {access_key: {profile: ada}}}"));
    let project = project.with("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    let refused = project.expect(1, &["apply", "dev.yaml", "--yes"]);
    assert!(refused.stdout.contains("/dev/null is a device"), "{}", refused.told());
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    let keys = moto.python(
        r#"
users = [it["UserName"] for it in iam.list_users()["Users"]]
show([iam.list_access_keys(UserName=user)["AccessKeyMetadata"] for user in users])
"#,
    );
    assert!(!keys.contains("AKIA"), "{keys}");
}

/// The folder of the credentials is missing: each run that comes to it first would make it.
#[test]
fn runs_that_begin_at_once_lose_no_key() {
    let moto = Moto::start();
    let project = Project::empty().against(&moto);
    let names = ["a", "b", "c", "d"];
    for name in names {
        let rest = format!("users: {{u{name}: {{access_key: {{profile: p{name}}}}}}}");
        project.write(&format!("{name}.yaml"), &manifest(name, &rest));
    }
    for round in 0..4 {
        let command = |verb: &str, name: &str| {
            let mut command = project.command(&[verb, &format!("{name}.yaml"), "--yes"]);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        let all = |verb: &str| {
            let runs: Vec<_> = names.map(|name| command(verb, name)).into();
            for mut run in runs {
                assert!(run.wait().unwrap().success(), "{verb} in round {round}");
            }
        };
        drop(fs::remove_dir_all(project.path("aws")));
        all("apply");
        for (file, what) in
            [("aws/credentials", "aws_secret_access_key"), ("aws/config", "[profile")]
        {
            assert_eq!(project.read(file).matches(what).count(), names.len(), "round {round}");
        }
        all("destroy");
    }
}

#[test]
fn a_plan_that_git_tracks_is_not_taken_for_one_that_waits() {
    let project = sandbox("users: {ada: {}}");
    let git = |arguments: &[&str]| {
        let done = Command::new("git").current_dir(project.path("")).args(arguments).output();
        assert!(done.unwrap().status.success(), "git {arguments:?}");
    };
    git(&["init", "-q"]);
    project.expect(0, &["plan", "dev.yaml"]);
    git(&["add", "-f", "state/sandbox/dev.plan.json"]);
    let refused = project.expect(1, &["apply"]);
    assert!(
        refused.stderr.contains("dev.plan.json is not taken for a plan that waits: git tracks it"),
        "{}",
        refused.told()
    );
    let show = "read it: relayctl show state/sandbox/dev.plan.json --sandbox";
    assert!(refused.stderr.contains(show), "{}", refused.told());
    assert!(!project.path("state/sandbox.json").exists(), "{}", refused.told());
    // Its own plan gets its name into the hint, and can be applied by it.
    let planned = project.expect(0, &["plan", "dev.yaml"]);
    assert!(planned.stderr.contains("apply state/sandbox/dev.plan.json"), "{}", planned.told());
    git(&["rm", "-q", "--cached", "state/sandbox/dev.plan.json"]);
    project.expect(0, &["apply"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_may_leave_no_core_dump() {
    let project = sandbox("users: {ada: {}}");
    // Waiting for a lock, the run can be looked at.
    project.write("state/sandbox/dev.json.lock", "");
    let lock = fs::File::open(project.path("state/sandbox/dev.json.lock")).unwrap();
    lock.lock().unwrap();
    let arguments = ["apply", "dev.yaml", "--yes", "--lock-timeout", "60s"];
    let mut run = project.command(&arguments).stderr(Stdio::null()).spawn().unwrap();
    let limits = || fs::read_to_string(format!("/proc/{}/limits", run.id())).unwrap_or_default();
    let is_off = |limits: String| {
        let line = limits.lines().find(|line| line.starts_with("Max core file size"));
        line.is_some_and(|line| line.split_whitespace().nth(4) == Some("0"))
    };
    let patience = Instant::now() + Duration::from_secs(20);
    let mut off = false;
    while !off && Instant::now() < patience {
        off = is_off(limits());
    }
    drop(lock);
    assert!(run.wait().unwrap().success() && off);
    assert!(!is_off(fs::read_to_string("/proc/self/limits").unwrap()) || core_is_off_here());
}

/// Returns true if the limit is off for the tests, too: then the test shows nothing of it.
#[cfg(target_os = "linux")]
fn core_is_off_here() -> bool {
    let shown = Command::new("sh").args(["-c", "ulimit -S -c"]).output().unwrap();
    shown.stdout.trim_ascii() == b"0"
}

fn bucket() -> (Moto, Project) {
    let moto = Moto::start();
    moto.python(r#"s3.create_bucket(Bucket="states")"#);
    let project = Project::empty().against(&moto);
    let users: Vec<String> = (0..60).map(|n| format!("  u{n}: {{}}\n")).collect();
    project.write("dev.yaml", &manifest("dev", &format!("users:\n{}", users.concat())));
    (moto, project)
}

fn keys(moto: &Moto) -> Vec<String> {
    let text = moto.python(
        r#"show([it["Key"] for it in s3.list_objects_v2(Bucket="states").get("Contents", [])])"#,
    );
    serde_json::from_str(&text).unwrap()
}

const IN_BUCKET: [&str; 2] = ["--state", "s3://states/x"];

#[cfg(target_os = "linux")]
#[test]
fn the_lock_of_a_killed_run_in_a_bucket_is_free_at_once_on_the_same_machine() {
    let (moto, project) = bucket();
    let apply = [&["apply", "dev.yaml", "--yes", "--parallelism", "1"], &IN_BUCKET[..]].concat();
    let mut killed =
        project.command(&apply).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let patience = Instant::now() + Duration::from_mins(1);
    while !keys(&moto).iter().any(|key| key.starts_with("x/dev.json.journal/")) {
        assert!(Instant::now() < patience && killed.try_wait().unwrap().is_none(), "it ended");
    }
    killed.kill().unwrap();
    // The process is not waited for yet: a parent that forgets its children holds no lock either.
    project.expect(0, &apply);
    killed.wait().unwrap();
    // One that lives holds the lock: this test, in the name of a run.
    let process = relayctl::store::process::stamp().unwrap();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let held = LockInfo {
        host: host.trim().to_owned(),
        pid: std::process::id(),
        what: "apply".to_owned(),
        expires: "2999-01-01T00:00:00Z".to_owned(),
        process: Some(process),
        ..LockInfo::unknown()
    };
    let body = Value::from(serde_json::to_string(&held).unwrap());
    moto.python(&format!("s3.put_object(Bucket='states', Key='x/dev.json.lock', Body={body})"));
    project.edit("dev.yaml", "  u1: {}\n", "");
    let refused = project.expect(1, &apply);
    assert!(refused.stderr.contains("is locked: unknown on"), "{}", refused.told());
}

#[test]
fn a_rebuild_in_a_bucket_keeps_a_broken_state_and_a_broken_journal() {
    let (moto, project) = bucket();
    let run = |arguments: &[&str]| project.expect(0, &[arguments, &IN_BUCKET[..]].concat());
    run(&["apply", "dev.yaml", "--yes"]);
    for (key, end) in [("x/dev.json", ".backup"), ("x/dev.json.journal/1", ".journal.backup")] {
        moto.python(&format!("s3.put_object(Bucket='states', Key='{key}', Body=b'broken')"));
        let before = keys(&moto);
        let rebuilt = run(&["state", "rebuild", "dev.yaml"]);
        let kept: Vec<String> = keys(&moto)
            .into_iter()
            .filter(|it| !before.contains(it) && it.ends_with(end))
            .collect();
        let [kept] = kept.as_slice() else { panic!("{kept:?}: {}", rebuilt.told()) };
        assert!(rebuilt.stderr.contains(&format!("s3://states/{kept}")), "{}", rebuilt.told());
        let body = moto.python(&format!(
            "show(s3.get_object(Bucket='states', Key='{kept}')['Body'].read().decode())"
        ));
        assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), "broken");
        let plan = run(&["plan", "dev.yaml", "--detailed-exitcode"]);
        assert!(plan.stdout.contains("No changes"), "{}", plan.told());
    }
}

#[test]
fn a_state_migrate_that_fails_leaves_no_lock_and_no_folder() {
    let (moto, project) = bucket();
    for (from, to) in [("nowhere", "s3://states/y"), ("s3://states/x", "elsewhere")] {
        let failed = project.expect(1, &["state", "migrate", "dev.yaml", from, to]);
        assert!(failed.stderr.contains("there is no state"), "{}", failed.told());
    }
    project.expect(0, &["apply", "dev.yaml", "--yes"]);
    moto.python("s3.put_object(Bucket='states', Key='z/dev.json', Body=b'broken')");
    let failed = project.expect(1, &["state", "migrate", "dev.yaml", "state", "s3://states/z"]);
    assert!(failed.stderr.contains("is not a state file"), "{}", failed.told());
    assert_eq!(keys(&moto), ["z/dev.json"]);
    assert!(!project.path("nowhere").exists() && !project.path("elsewhere").exists());
    assert_eq!(names_in(&project.path("state")), ["dev.json", "dev.json.backup"]);
}
