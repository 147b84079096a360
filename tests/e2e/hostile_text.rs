//! Names, texts and files that others chose, on their way to a terminal and to a CI runner's log.

use relayctl::render::printable::Printable;
use serde_json::{Value, json};

use crate::support::project::{Project, Run};

/// Escape sequences, a carriage return, C1, bidi and invisible characters, and commands for CI
/// runners.
const HOSTILE: &str = "\u{1b}]0;t\u{7}\u{1b}[2J\u{1b}[8m\u{9b}J\r\u{202e}\u{200b}\u{ad}\u{3164}\u{e0100}##[add-mask]x\n::set-output name=code::0\n##vso[task.complete]";

/// Returns what a terminal or a runner would obey in an output.
fn obeyed(text: &str) -> Vec<String> {
    let hidden = |c: char| {
        c.is_control() || matches!(c, '\u{ad}' | '\u{200b}' | '\u{202e}' | '\u{3164}' | '\u{e0100}')
    };
    let characters = text.chars().filter(|c| *c != '\n' && hidden(*c));
    let mut found: Vec<String> = characters.map(|c| format!("{c:?}")).collect();
    let is_command = |line: &&str| {
        line.trim_start().starts_with("::") || line.contains("##[") || line.contains("##vso[")
    };
    found.extend(text.lines().filter(is_command).map(str::to_owned));
    found
}

#[track_caller]
fn is_harmless(run: &Run) {
    assert_eq!(obeyed(&run.stdout), Vec::<String>::new(), "{}", run.told());
    assert_eq!(obeyed(&run.stderr), Vec::<String>::new(), "{}", run.told());
}

fn manifest(rest: &str) -> String {
    format!("version: 1\nname: red\naccount: \"123456789012\"\nregion: us-east-1\n{rest}")
}

#[test]
fn a_hostile_key_or_line_of_a_manifest_is_spelled_out_in_its_error() {
    let project = Project::empty().in_sandbox();
    let quoted = Value::from(HOSTILE).to_string();
    for rest in [
        format!("{quoted}: 1\n"),
        "users: {ada: {}} # \u{1b}[2J\u{9b}J\u{202e}##[x]\nx: 1\n".to_owned(),
    ] {
        project.write("m.yaml", &manifest(&rest));
        let run = project.expect(1, &["validate", "m.yaml"]);
        assert!(run.stderr.contains("\\u0023#["), "{}", run.told());
        is_harmless(&run);
    }
}

#[test]
fn hostile_values_of_a_plan_are_spelled_out_in_every_format() {
    let project = Project::empty().in_sandbox();
    // YAML takes such characters as escapes only, and no pairs of them.
    let hostile = HOSTILE.replace('\u{e0100}', "");
    let values = json!({"a": [hostile, "::debug::x"], hostile: 1});
    let stage = json!({"file": "z.json", "stages": {"dev": values}}).to_string();
    let stage = Printable(&stage);
    project.write("m.yaml", &manifest(&format!("users: {{ada: {{}}}}\nzappa_settings: {stage}\n")));
    for format in [&[][..], &["-v"], &["--markdown"], &["--html"], &["--json"]] {
        let run = project.expect(0, &[&["plan", "m.yaml"], format].concat());
        assert!(run.stdout.contains("set-output"), "{}", run.told());
        is_harmless(&run);
    }
    let run = project.expect(0, &["plan", "m.yaml", "--json"]);
    let plan: Value = serde_json::from_str(&run.stdout).unwrap();
    let settings = &plan["steps"].as_array().unwrap().last().unwrap()["record"]["attributes"];
    assert!(settings.to_string().contains("##vso["), "the JSON means what it meant: {settings}");
    is_harmless(&project.expect(0, &["apply", "m.yaml", "--yes"]));
    is_harmless(&project.expect(0, &["show", "m.yaml"]));
}

#[test]
fn a_lock_and_a_state_that_others_wrote_are_spelled_out() {
    let project = Project::empty().in_sandbox();
    project.write("m.yaml", &manifest("users: {ada: {}}\n"));
    project.expect(0, &["apply", "m.yaml", "--yes"]);
    let file = "state/sandbox/red.json";
    let mut state: Value = serde_json::from_str(&project.read(file)).unwrap();
    let ada = state["resources"]["user.ada"].clone();
    state["resources"][format!("user.x{HOSTILE}")] = ada;
    project.write(file, &state.to_string());
    for command in [&["state", "list", "m.yaml"][..], &["show", "m.yaml"], &["output", "m.yaml"]] {
        let run = project.expect(0, command);
        assert!(run.stdout.contains("\\u001b]0;t"), "{}", run.told());
        is_harmless(&run);
    }
    let lock = json!({"id": HOSTILE, "who": HOSTILE, "host": HOSTILE, "pid": 1, "since": HOSTILE,
        "what": HOSTILE, "expires": "9999-01-01T00:00:00Z"});
    project.write("state/sandbox/red.json.lock", &lock.to_string());
    let run = project.expect(1, &["apply", "m.yaml", "--yes"]);
    assert!(run.stderr.contains("is locked"), "{}", run.told());
    is_harmless(&run);
    assert_eq!(run.stderr.lines().filter(|line| line.starts_with("error: ")).count(), 1);
}

#[test]
fn names_of_files_and_arguments_are_spelled_out() {
    let project = Project::empty().in_sandbox();
    let name = HOSTILE.replace('/', "");
    is_harmless(&project.expect(1, &["validate", &name]));
    is_harmless(&project.expect(1, &["plan", "m.yaml", &format!("--{name}")]));
    project.write(&name, "{\"Version\": 1}");
    for command in ["validate", "fmt"] {
        is_harmless(&project.expect(1, &["policy", command, &name]));
    }
}
