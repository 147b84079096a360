//! A command loads only what it needs.
//!
//! The log at its most talkative shows it: whatever is loaded on first use says so there, ours and
//! the libraries'. That is the same on a slow machine and on a busy one.

use crate::support::project::Project;

const DEV: &str = "manifests/dev.yaml";

const SMALL: &str = "\
version: 1
name: small
account: \"123456789012\"
region: us-east-1
buckets:
  small-tr-serverless-relay: {}
";

fn project() -> Project {
    let project = Project::sample().with("RUST_LOG", "trace").with("NO_COLOR", "1");
    project.write("small.yaml", SMALL);
    project
}

/// The lines of the log, from the level on.
fn log(project: &Project, code: i32, arguments: &[&str]) -> Vec<String> {
    let run = project.expect(code, arguments);
    let levels = ["TRACE ", "DEBUG ", "INFO ", "WARN ", "ERROR "];
    let start = |line: &str| levels.iter().find_map(|level| line.find(level));
    run.stderr.lines().filter_map(|line| Some(line[start(line)?..].to_owned())).collect()
}

/// The parts of the catalogue that have the services which the sample's documents name. The whole
/// catalogue has several times as many.
const PARTS_OF_SAMPLE: usize = 16;

/// Counts the parts of the catalogue that were unpacked.
fn parts(log: &[String]) -> usize {
    let said = log
        .iter()
        .find_map(|line| line.split_once("unpacked of the action catalogue parts="))
        .expect("said");
    said.1.parse().expect("a number")
}

#[test]
fn to_validate_a_manifest_starts_no_runtime_no_client_and_no_catalogue() {
    let log = log(&project(), 0, &["validate", "small.yaml"]);
    assert_eq!(log, ["DEBUG relayctl::cli: unpacked of the action catalogue parts=0"]);
}

#[test]
fn checks_take_of_the_catalogue_only_the_services_that_they_name() {
    let log = log(&project(), 0, &["validate", DEV]);
    assert!((1..=PARTS_OF_SAMPLE).contains(&parts(&log)) && log.len() == 1, "{log:#?}");
}

#[test]
fn the_sandbox_starts_one_runtime_and_nothing_of_the_sdk() {
    let log = log(&project().in_sandbox(), 0, &["plan", "small.yaml"]);
    let runtimes = log.iter().filter(|line| line.contains("started the runtime")).count();
    let strangers: Vec<&String> = log.iter().filter(|line| !line.contains(" relayctl::")).collect();
    assert!(runtimes == 1 && strangers.is_empty(), "{log:#?}");
}

/// The SDK's warning after it has looked for certificates and found none.
const READ: &str = "no native root CA certificates found!";

#[test]
fn certificates_are_read_for_https_alone() {
    let nowhere = |endpoint: &str| {
        let keys = [("AWS_ACCESS_KEY_ID", "testing"), ("AWS_SECRET_ACCESS_KEY", "testing")];
        let files = [
            ("SSL_CERT_FILE", "none.pem"),
            ("SSL_CERT_DIR", "none"),
            ("AWS_ENDPOINT_URL", endpoint),
        ];
        let settings = keys.into_iter().chain(files);
        let project = settings.fold(project(), |project, (name, value)| project.with(name, value));
        project.run(&["plan", "small.yaml", "--max-attempts", "1"]).stderr
    };
    let (plain, secure) = (nowhere("http://127.0.0.1:9"), nowhere("https://127.0.0.1:9"));
    assert!(plain.contains("cannot reach http://127.0.0.1:9") && !plain.contains(READ), "{plain}");
    assert!(secure.contains(READ), "{secure}");
}
