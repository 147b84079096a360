//! The real binary told to stop, while it writes a new key's secret into a file that somebody holds
//! the lock on.
#![cfg(unix)]

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::project::Project;

const DEV: &str = "manifests/dev.yaml";

/// Long enough for a busy machine, and shorter than the run waits for the lock.
const PATIENCE: Duration = Duration::from_secs(8);

/// An apply that has made the key and waits to write its secret.
struct Run {
    project: Project,
    child: Child,
    held: File,
}

#[track_caller]
fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < deadline, "{what} did not happen");
        sleep(Duration::from_millis(10));
    }
}

impl Run {
    fn begun() -> Self {
        let project = Project::sample().in_sandbox();
        let folder = project.path("state/sandbox/home/.aws");
        std::fs::create_dir_all(&folder).unwrap();
        let held = File::open(&folder).unwrap();
        held.lock().unwrap();
        let file = |name: &str| Stdio::from(File::create(project.path(name)).unwrap());
        let child = project
            .command(&["apply", DEV, "--yes"])
            .stdout(file("out"))
            .stderr(file("err"))
            .spawn()
            .unwrap();
        let run = Self { project, child, held };
        until("the key", || run.keys() == 1);
        run
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.project.path(name)).unwrap_or_default()
    }

    /// Counts the keys in the account.
    fn keys(&self) -> usize {
        self.text("state/sandbox.json").matches("\"AKIA").count()
    }

    fn signal(&self, name: &str) {
        let kill = Command::new("sh")
            .arg("-c")
            .arg(format!("kill -s {name} {}", self.child.id()))
            .status()
            .unwrap();
        assert!(kill.success());
    }

    fn stops(&self, signal: &str) {
        self.signal(signal);
        until("the answer to the signal", || self.text("err").contains("stopping"));
    }

    fn code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// The next run does the rest, with one key whose secret is in its place.
    fn finishes(&self) {
        self.project.expect(0, &["apply", DEV, "--yes"]);
        let plan = self.project.expect(0, &["plan", DEV, "--detailed-exitcode"]);
        assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);
        assert_eq!(self.keys(), 1, "{}", self.text("state/sandbox.json"));
        let credentials = self.text("state/sandbox/home/.aws/credentials");
        let id =
            credentials.lines().find_map(|line| line.strip_prefix("aws_access_key_id = ")).unwrap();
        assert!(self.text("state/sandbox.json").contains(id), "{credentials}");
    }
}

fn first_signal_ends_in_good_order(signal: &str) {
    let mut run = Run::begun();
    run.stops(signal);
    run.held.unlock().unwrap();
    let code = run.code();
    let (out, err) = (run.text("out"), run.text("err"));
    assert_eq!(code, Some(130), "{out}\n{err}");
    assert!(out.contains("Apply incomplete.") && out.contains("Not begun:"), "{out}");
    assert!(
        out.contains("access_key.serverless: created"),
        "what was under way was finished: {out}"
    );
    let left = out.split("Not begun:").nth(1).unwrap();
    assert!(
        left.contains("aws_profile.serverless: not created"),
        "what needs the key was not begun: {left}"
    );
    assert!(err.contains("interrupted"), "{err}");
    let credentials = run.text("state/sandbox/home/.aws/credentials");
    run.finishes();
    assert_eq!(
        run.text("state/sandbox/home/.aws/credentials"),
        credentials,
        "the key is the one that was made first"
    );
}

#[test]
fn an_interrupt_finishes_what_is_under_way_and_begins_nothing_new() {
    first_signal_ends_in_good_order("INT");
}

#[test]
fn a_request_to_terminate_does_the_same() {
    first_signal_ends_in_good_order("TERM");
}

#[test]
fn a_second_signal_stops_at_once_and_loses_nothing() {
    let mut run = Run::begun();
    run.stops("INT");
    let asked = Instant::now();
    run.signal("TERM");
    assert_eq!(run.code(), Some(130), "{}", run.text("err"));
    assert!(asked.elapsed() < PATIENCE, "it took {:?}", asked.elapsed());
    run.held.unlock().unwrap();
    run.finishes();
}
