//! Secrets stay in their sinks, and saved plans are what was saved, with the real binary.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::moto::Moto;
use crate::support::project::{Project, Run};

const DEV: &str = "manifests/dev.yaml";
const NAME: &str = "tr-serverless-relay-dev";

/// Everything at trace level, with all that the SDK can be told to print besides.
fn talkative() -> (Moto, Project) {
    let moto = Moto::start();
    let mut project = Project::sample().against(&moto).with("RUST_LOG", "trace");
    for name in ["LOG_SENSITIVE_BODIES", "LOG_SIGNABLE_BODY"] {
        project = project.with(name, "true");
    }
    project.edit(
        DEV,
        "profile: serverless",
        "profile: serverless\n      csv: ../keys/serverless.csv",
    );
    // Nothing that the test made lends its mode to what relayctl makes.
    fs::remove_dir(project.path("state")).unwrap();
    fs::create_dir(project.path(".git")).unwrap();
    (moto, project)
}

fn secret_in(project: &Project) -> String {
    let text = project.read("aws/credentials");
    let line =
        text.lines().find(|line| line.starts_with("aws_secret_access_key")).expect("a secret");
    line.split_once(" = ").unwrap().1.to_owned()
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { files(&entry, into) } else { into.push(entry) }
    }
}

/// The files below the project that hold one of these, relative to it.
fn holders(project: &Project, secrets: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    files(&project.path(""), &mut found);
    found.retain(|file| {
        let text = String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned();
        secrets.iter().any(|secret| text.contains(secret))
    });
    let relative =
        |file: PathBuf| file.strip_prefix(project.path("")).unwrap().to_string_lossy().into_owned();
    let mut names: Vec<String> = found.into_iter().map(relative).collect();
    names.sort();
    names
}

#[test]
fn a_secret_is_in_its_sinks_and_in_no_output_log_state_plan_backup_or_journal() {
    let (_moto, project) = talkative();
    let mut said: Vec<Run> = Vec::new();
    said.push(project.expect(0, &["plan", DEV]));
    said.push(project.expect(0, &["plan", DEV, "--out", "first.plan.json"]));
    // The first apply cannot fold its journal, so that it stays to be looked into: after the run
    // has begun, there is a folder in the place of the last good copy.
    let file = |end: &str| project.path(&format!("state/{NAME}.json.{end}"));
    std::thread::scope(|scope| {
        let apply = scope.spawn(|| project.expect(0, &["apply", "first.plan.json"]));
        while !file("lock").exists() && !apply.is_finished() {
            std::thread::yield_now();
        }
        fs::create_dir(file("backup")).unwrap();
        said.push(apply.join().unwrap());
    });
    let first = secret_in(&project);
    assert!(project.read(&format!("state/{NAME}.json.journal")).contains("access_key.serverless"));
    assert_eq!(
        holders(&project, std::slice::from_ref(&first)),
        ["aws/credentials", "keys/serverless.csv"]
    );
    private(&project, &[&format!("state/{NAME}.json.journal"), "first.plan.json"]);

    // A second key, in place of one whose secret was lost.
    fs::remove_dir(project.path(&format!("state/{NAME}.json.backup"))).unwrap();
    project.write("aws/credentials", "");
    fs::remove_file(project.path("keys/serverless.csv")).unwrap();
    said.push(project.expect(0, &["plan", DEV]));
    said.push(project.expect(0, &["apply"]));
    let secrets = [first, secret_in(&project)];
    assert_ne!(secrets[0], secrets[1]);
    assert_eq!(holders(&project, &secrets), ["aws/credentials", "keys/serverless.csv"]);
    said.push(project.expect(0, &["plan", DEV, "--json", "--destroy"]));
    let state = format!("state/{NAME}.json");
    private(&project, &[&state, &format!("{state}.backup"), &format!("state/{NAME}.plan.json")]);
    private(&project, &["aws/credentials", "aws/config", "keys/serverless.csv"]);
    private(&project, &["state", "aws", "keys"]);
    said.push(project.expect(0, &["destroy", DEV, "--yes"]));
    assert_eq!(holders(&project, &secrets), Vec::<String>::new());

    let log: String = said.iter().map(|run| run.stderr.as_str()).collect();
    for spoken in [
        "TRACE",
        "aws_smithy_runtime",
        "hyper",
        "iam:CreateAccessKey is sent; its answer is not logged",
    ] {
        assert!(log.contains(spoken), "{spoken} is not in the log: it proves nothing");
    }
    for run in &said {
        for secret in &secrets {
            assert!(
                !run.stdout.contains(secret) && !run.stderr.contains(secret),
                "a secret is told"
            );
        }
    }
}

#[cfg(unix)]
fn private(project: &Project, paths: &[&str]) {
    use std::os::unix::fs::PermissionsExt;
    for path in paths {
        let metadata =
            fs::metadata(project.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let expected = if metadata.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(
            format!("{:o}", metadata.permissions().mode() & 0o7777),
            format!("{expected:o}"),
            "{path}"
        );
    }
}

#[cfg(not(unix))]
fn private(_project: &Project, _paths: &[&str]) {}

#[test]
fn without_being_asked_for_there_is_no_log() {
    let project = Project::sample().in_sandbox();
    let plan = project.expect(0, &["plan", DEV]);
    assert!(!plan.stderr.contains("DEBUG") && !plan.stderr.contains("TRACE"), "{}", plan.stderr);
    let asked = project.with("RUST_LOG", "trace").expect(0, &["plan", DEV, "--json"]);
    serde_json::from_str::<Value>(&asked.stdout).expect("the log is on stderr");
}

#[test]
fn a_saved_plan_that_was_edited_anywhere_is_refused_and_one_that_was_laid_out_anew_is_not() {
    let project = Project::sample().in_sandbox();
    project.expect(0, &["plan", DEV, "--out", "saved.plan.json"]);
    let whole = project.read("saved.plan.json");
    let digest =
        serde_json::from_str::<Value>(&whole).unwrap()["sha256"].as_str().unwrap().to_owned();
    let flipped = digest.chars().map(|c| if c == '0' { '1' } else { '0' }).collect::<String>();
    for (from, to) in [
        ("user/sandbox-admin", "user/somebody-else"),
        ("\"user\":\"serverless\"", "\"user\":\"administrator\""),
        ("iam:PassRole", "iam:*"),
        ("\"add\":10", "\"add\":9"),
        ("\"sandbox\":true", "\"sandbox\":false"),
        ("\"targets\":[]", "\"targets\":[], \"more\": 1"),
        (&digest, &flipped),
    ] {
        assert!(whole.contains(from), "{from}");
        project.write("saved.plan.json", &whole.replace(from, to));
        let refused = project.expect(1, &["apply", "saved.plan.json"]);
        assert!(
            refused.stderr.contains("edited or damaged after it was saved"),
            "{from}: {}",
            refused.stderr
        );
        assert!(
            refused.stderr.contains("make a new one with `relayctl plan MANIFEST --sandbox`"),
            "{}",
            refused.stderr
        );
    }
    assert!(!project.path("state/sandbox.json").exists(), "nothing was done");

    let refused = project.expect(1, &["show", "saved.plan.json"]);
    assert!(
        refused.stderr.contains(&format!("{flipped}, and it is {digest}")),
        "{}",
        refused.stderr
    );
    let readable =
        serde_json::to_string_pretty(&serde_json::from_str::<Value>(&whole).unwrap()).unwrap();
    project.write("saved.plan.json", &readable);
    project.expect(0, &["apply", "saved.plan.json"]);
}
