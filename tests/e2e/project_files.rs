//! Hostile manifests with the real binary: what they may read, have written, and cost.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::project::{Project, Run};

const HEAD: &str = "version: 1\nname: red\naccount: '123456789012'\nregion: us-east-1\n";
const HUSH: &str = "HUSH0123456789";

/// A project in the folder `p` of a home that has secrets.
fn home() -> Project {
    let home = Project::empty().in_sandbox();
    std::fs::create_dir_all(home.path("p/.git")).unwrap();
    std::fs::create_dir_all(home.path("p/state")).unwrap();
    home.write(
        ".docker/config.json",
        &format!("{{\"auths\": {{\"r\": {{\"auth\": \"{HUSH}\"}}}}}}"),
    );
    home.write(".aws/credentials", &format!("[default]\naws_secret_access_key = {HUSH}\n"));
    home.write("token", HUSH);
    home
}

fn run_in_project(home: &Project, text: &str, arguments: &[&str]) -> Run {
    home.write("p/m.yaml", text);
    let mut command = home.command(arguments);
    command.current_dir(home.path("p")).env("SECRET", HUSH).env("STAGE", "dev");
    Run::of(&command.output().unwrap())
}

fn naming(file: &Path) -> [String; 3] {
    let file = file.display();
    [
        format!("{HEAD}policies: {{P: {{document: {file}}}}}\n"),
        format!("extends: {file}\n{HEAD}users: {{ada: {{}}}}\n"),
        format!("{HEAD}zappa_settings: {{file: {file}, stages: {{auths: {{x: 1}}}}}}\n"),
    ]
}

#[test]
fn no_byte_of_a_file_outside_of_the_project_is_printed() {
    let home = home();
    symlink(home.path("token"), home.path("p/innocent.json")).unwrap();
    symlink(home.path(".docker"), home.path("p/folder")).unwrap();
    let files = [
        home.path(".docker/config.json"),
        home.path(".aws/credentials"),
        home.path("token"),
        Path::new("/proc/self/environ").to_owned(),
        Path::new("innocent.json").to_owned(),
        Path::new("folder/config.json").to_owned(),
    ];
    for file in &files {
        for (which, text) in naming(file).iter().enumerate() {
            let run = run_in_project(&home, text, &["plan", "m.yaml"]);
            assert!(!run.told().contains(HUSH), "{text}\n{}", run.told());
            // Zappa's settings have one of four endings.
            let is_settings = which < 2 || file.extension().is_some();
            let refused = run.stderr.contains("error[outside-project]") || !is_settings;
            assert!(run.code == 1 && refused, "{text}\n{}", run.told());
        }
    }
}

#[test]
fn a_manifest_that_is_a_link_out_of_the_project_is_not_read() {
    let home = home();
    symlink(home.path("token"), home.path("p/link.yaml")).unwrap();
    let run = run_in_project(&home, HEAD, &["validate", "link.yaml"]);
    assert!(run.code == 1 && !run.told().contains(HUSH), "{}", run.told());
    assert!(run.stderr.contains("name it itself"), "{}", run.told());
}

#[test]
fn the_caller_allows_a_path_and_the_next_command_repeats_it() {
    let home = home();
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]}"#;
    home.write("shared/policy.json", policy);
    let text = format!("{HEAD}policies: {{P: {{document: ../shared/policy.json}}}}\n");
    let shared = home.path("shared").canonicalize().unwrap();
    let shared = shared.to_str().unwrap();
    let refused = run_in_project(&home, &text, &["plan", "m.yaml"]);
    let hint = format!("--allow-path {shared}/policy.json");
    assert!(refused.code == 1 && refused.stderr.contains(&hint), "{}", refused.told());
    let run = run_in_project(&home, &text, &["plan", "m.yaml", "--allow-path", shared]);
    let next = format!("relayctl apply --sandbox --allow-path {shared}");
    assert!(run.code == 0 && run.told().contains(&next), "{}", run.told());
    let applied = run_in_project(&home, &text, &["apply", "--allow-path", shared]);
    assert!(applied.code == 0 && !applied.told().contains("changed since"), "{}", applied.told());
}

#[test]
fn pipes_and_devices_are_refused_at_once() {
    let home = home();
    let made = std::process::Command::new("mkfifo").arg(home.path("p/pipe.yaml")).status();
    assert!(made.unwrap().success());
    let began = Instant::now();
    for file in ["pipe.yaml", "/dev/zero", "/dev/stdin"] {
        for text in &naming(Path::new(file))[..2] {
            let run = run_in_project(&home, text, &["validate", "m.yaml"]);
            assert_eq!(run.code, 1, "{text}\n{}", run.told());
        }
    }
    let run = run_in_project(&home, HEAD, &["policy", "validate", "pipe.yaml"]);
    assert!(run.code == 1 && run.stderr.contains("is a pipe"), "{}", run.told());
    assert!(began.elapsed() < Duration::from_mins(1), "it waited for a writer");
}

#[test]
fn a_file_may_be_larger_if_the_caller_says_so() {
    let home = home();
    let text = format!("{HEAD}users: {{ada: {{}}}}\n# {}\n", "x".repeat(2000));
    let small = ["validate", "m.yaml", "--max-file-size", "1KiB"];
    let run = run_in_project(&home, &text, &small);
    assert!(run.code == 1 && run.stderr.contains("error[file-too-large]"), "{}", run.told());
    assert_eq!(run_in_project(&home, &text, &["validate", "m.yaml"]).code, 0);
}

#[test]
fn a_manifest_reads_only_the_environment_variables_that_the_caller_allows() {
    let home = home();
    let text =
        |name: &str| format!("{HEAD}users: {{ada: {{tags: {{note: '${{env.{name}}}'}}}}}}\n");
    let run = run_in_project(&home, &text("SECRET"), &["plan", "m.yaml", "--allow-env", "STAGE"]);
    assert!(run.code == 1 && !run.told().contains(HUSH), "{}", run.told());
    assert!(run.stderr.contains("`--allow-env SECRET`"), "{}", run.told());
    let plan = ["plan", "m.yaml", "--allow-env", "OTHER,STAGE"];
    let run = run_in_project(&home, &text("STAGE"), &plan);
    assert!(run.code == 0 && run.stdout.contains("dev"), "{}", run.told());
    let next = "relayctl apply --sandbox --allow-env OTHER --allow-env STAGE";
    assert!(run.told().contains(next), "{}", run.told());
    home.write("p/m.yaml", &text("STAGE"));
    let mut by_variable = home.command(&["validate", "m.yaml"]);
    by_variable
        .current_dir(home.path("p"))
        .env("STAGE", "dev")
        .env("RELAYCTL_ALLOW_ENV", "A,STAGE");
    assert!(by_variable.output().unwrap().status.success());
    by_variable.env("RELAYCTL_ALLOW_ENV", "");
    assert!(!by_variable.output().unwrap().status.success());
}

fn with_csv(file: &str) -> String {
    format!("{HEAD}users: {{ada: {{access_key: {{csv: {file}}}}}}}\n")
}

#[test]
fn a_key_goes_out_of_the_project_only_below_the_home_and_the_plan_says_so() {
    let home = home();
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().canonicalize().unwrap().join("key.csv");
    let csv = with_csv(file.to_str().unwrap());
    let run = run_in_project(&home, &csv, &["plan", "m.yaml"]);
    assert!(run.code == 1 && run.stderr.contains("error[outside-project]"), "{}", run.told());
    let run = run_in_project(&home, &with_csv("../keys/key.csv"), &["plan", "m.yaml"]);
    let whole = home.path("").canonicalize().unwrap().join("keys/key.csv");
    assert!(run.code == 0 && run.stdout.contains(whole.to_str().unwrap()), "{}", run.told());
}

#[test]
fn a_saved_plan_writes_no_key_where_its_caller_allows_none() {
    let home = home();
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().canonicalize().unwrap().join("key.csv");
    let (csv, file) = (with_csv(file.to_str().unwrap()), file.to_str().unwrap().to_owned());
    let plan = ["plan", "m.yaml", "--out", "one.plan.json", "--allow-path", &file];
    let run = run_in_project(&home, &csv, &plan);
    assert_eq!(run.code, 0, "{}", run.told());
    let apply = ["apply", "one.plan.json", "--yes"];
    let refused = run_in_project(&home, &csv, &apply);
    assert!(refused.code == 1 && refused.stderr.contains("OutsideProject"), "{}", refused.told());
    let account = home.read("p/state/sandbox.json");
    assert!(!account.contains("AKIA"), "no key was made: {account}");
}

#[test]
fn a_bomb_of_variables_or_brackets_ends_with_one_error() {
    let home = home();
    let line = |n: u32| format!("  v{n}: '${{var.v{0}}}${{var.v{0}}}'", n - 1);
    let doubling = (1..40).map(line).collect::<Vec<_>>().join("\n");
    let variables = format!("variables:\n  v0: xxxxxxxxxx\n{doubling}\n");
    let doubling = format!("{HEAD}{variables}tags: {{a: '${{var.v39}}'}}\n");
    let nested = format!("{HEAD}tags: {{a: '{}x{}'}}\n", "${".repeat(50_000), "}".repeat(50_000));
    let open = format!("{HEAD}tags: {{a: '{}'}}\n", "${".repeat(100_000));
    let deep = format!("{HEAD}a: {}{}\n", "{a: ".repeat(5000), "}".repeat(5000));
    for (text, code) in [
        (doubling, "expansion-too-large"),
        (nested, "expansion-too-large"),
        (open, "unknown-variable"),
        (deep, "too-deep"),
    ] {
        let run = run_in_project(&home, &text, &["validate", "m.yaml"]);
        assert_eq!(run.code, 1, "{code}: {}", run.stderr.chars().take(500).collect::<String>());
        assert_eq!(run.stderr.matches(&format!("error[{code}]")).count(), 1, "{code}");
    }
}
