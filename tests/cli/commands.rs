//! The command line as a user meets it: the real binary, without a network.

use std::fs;
use std::path::Path;

use relayctl::policy::{catalogue, escalation};
use tempfile::TempDir;

use crate::support::command::{own_help, relayctl, run, shown};

fn empty() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    // The root of a project, so that nothing above the temporary folder counts.
    fs::create_dir(folder.path().join(".git")).unwrap();
    folder
}

/// A folder as `relayctl init` leaves it.
fn started() -> TempDir {
    let folder = empty();
    assert_eq!(run(folder.path(), &["init"]).code, 0);
    folder
}

const COMMANDS: [&str; 16] = [
    "init",
    "validate",
    "lint",
    "schema",
    "plan",
    "apply",
    "destroy",
    "show",
    "graph",
    "render",
    "keys",
    "output",
    "policy",
    "state",
    "completions",
    "man",
];

#[test]
fn help_lists_the_commands() {
    insta::assert_snapshot!(shown(empty().path(), &["--help"]));
}

#[test]
fn every_command_explains_itself_with_examples() {
    let folder = empty();
    for command in COMMANDS {
        let help = own_help(folder.path(), &["help", command]);
        insta::assert_snapshot!(format!("help_{command}"), help);
    }
}

#[test]
fn every_command_of_the_state_explains_itself() {
    let folder = empty();
    for command in
        ["list", "show", "rm", "add", "rebuild", "unlock", "pull", "push", "migrate", "path"]
    {
        let ran = run(folder.path(), &["state", command, "--help"]);
        assert_eq!(ran.code, 0);
        assert!(ran.stdout.contains("MANIFEST"), "{}", ran.stdout);
    }
}

#[test]
fn a_wrong_call_is_an_error_and_not_changes() {
    // 2 would say "there are changes" to a pipeline that asked for --detailed-exitcode.
    let folder = empty();
    insta::assert_snapshot!(shown(folder.path(), &["pln"]), @r"
    $ relayctl pln
    --- stderr
    error: unrecognized subcommand 'pln'

      tip: some similar subcommands exist: 'lint', 'plan'

    Usage: relayctl [OPTIONS] <COMMAND>

    For more information, try '--help'.
    --- exit code 1
    ");
    assert_eq!(run(folder.path(), &["plan"]).code, 1);
    assert_eq!(run(folder.path(), &[]).code, 1);
    assert_eq!(run(folder.path(), &["plan", "x.yaml", "--var", "novalue"]).code, 1);
    assert_eq!(run(folder.path(), &["plan", "x.yaml", "--target", "noaddress"]).code, 1);
    assert_eq!(run(folder.path(), &["plan", "x.yaml", "--parallelism", "0"]).code, 1);
}

#[test]
fn a_missing_manifest_is_named() {
    let folder = empty();
    for command in ["validate", "plan", "destroy", "graph", "render", "output"] {
        let ran = run(folder.path(), &[command, "dev.yaml"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
        let working = folder.path().canonicalize().unwrap();
        let expected = format!(
            "error: there is no manifest dev.yaml (the working directory is {})\nhelp: write one \
                with `relayctl init`\n",
            working.display()
        );
        assert_eq!(ran.stderr, expected, "{command}");
    }
}

#[test]
fn without_a_waiting_plan_apply_and_show_say_how_to_get_one() {
    let folder = empty();
    insta::assert_snapshot!(shown(folder.path(), &["apply"]), @r"
    $ relayctl apply
    --- stderr
    error: no plan is waiting to be applied
    help: make one with `relayctl plan MANIFEST`, or plan and apply at once with `relayctl apply MANIFEST`
    --- exit code 1
    ");
    insta::assert_snapshot!(shown(folder.path(), &["show"]), @r"
    $ relayctl show
    --- stderr
    error: no plan is waiting
    help: name a saved plan or a manifest: relayctl show FILE
    --- exit code 1
    ");
}

#[test]
fn apply_points_at_a_plan_that_waits_in_the_sandbox() {
    let folder = empty();
    fs::create_dir_all(folder.path().join("state/sandbox")).unwrap();
    fs::write(folder.path().join("state/sandbox/dev.plan.json"), "{}").unwrap();
    let ran = run(folder.path(), &["apply"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("relayctl apply --sandbox"), "{}", ran.stderr);
}

#[test]
fn completions_and_manual_pages_are_made_for_every_command() {
    let folder = empty();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = run(folder.path(), &["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(COMMANDS.iter().all(|command| ran.stdout.contains(command)), "{shell}");
    }
    assert!(run(folder.path(), &["man"]).stdout.contains(".TH relayctl 1"));
    assert_eq!(run(folder.path(), &["man", "--out", "pages"]).code, 0);
    assert!(folder.path().join("pages/relayctl.1").is_file());
    for command in COMMANDS {
        assert!(folder.path().join(format!("pages/relayctl-{command}.1")).is_file(), "{command}");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_relayctl"))
        .args(["completions", "bash"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(141));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn colour_is_for_terminals_unless_it_is_asked_for() {
    let folder = empty();
    assert!(!run(folder.path(), &["apply"]).stderr.contains('\u{1b}'));
    assert!(run(folder.path(), &["apply", "--color", "always"]).stderr.contains("\u{1b}["));
    let output = relayctl(folder.path())
        .env("CLICOLOR_FORCE", "1")
        .env("NO_COLOR", "1")
        .arg("apply")
        .output()
        .unwrap();
    assert!(!String::from_utf8(output.stderr).unwrap().contains('\u{1b}'));
}

#[test]
fn init_writes_manifests_that_are_valid() {
    let folder = started();
    for (stage, count) in [("dev", 10), ("prod", 10), ("least-privilege", 10)] {
        let manifest = format!("manifests/{stage}.yaml");
        let ran = run(folder.path(), &["validate", &manifest]);
        assert_eq!(ran.stderr, "");
        assert_eq!(ran.stdout, format!("{manifest} is valid: {count} resources, 2 checks\n"));
        assert_eq!(ran.code, 0);
    }
}

#[test]
fn a_check_that_fails_names_the_statement_and_stops_all_that_would_change_something() {
    let folder = started();
    let policy = folder.path().join("manifests/policies/zappa-lambda-deployment.json");
    let text = fs::read_to_string(&policy).unwrap();
    assert_eq!(text.matches("s3:CreateBucket").count(), 1);
    fs::write(&policy, text.replace("s3:CreateBucket", "s3:*Bucket")).unwrap();
    insta::assert_snapshot!(shown(folder.path(), &["validate", "manifests/dev.yaml"]));
    for command in [&["plan"][..], &["apply", "--yes"]] {
        let ran = run(folder.path(), &[command, &["manifests/dev.yaml", "--sandbox"]].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
        assert!(
            ran.stderr.starts_with("error[failed-check]: user.serverless can s3:DeleteBucket"),
            "{}",
            ran.stderr
        );
    }
    assert!(!folder.path().join("state/sandbox.json").exists(), "something was read or made");
    // What is to be removed need not keep to it.
    for command in [&["plan", "--destroy"][..], &["destroy", "--yes"]] {
        let ran = run(folder.path(), &[command, &["manifests/dev.yaml", "--sandbox"]].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
}

#[test]
fn the_example_over_published_files_is_valid() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ran = run(repository, &["validate", "examples/adopt/reports.yaml"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}

#[test]
fn init_never_overwrites() {
    let folder = started();
    let before = fs::read_to_string(folder.path().join("manifests/dev.yaml")).unwrap();
    fs::remove_file(folder.path().join("manifests/prod.yaml")).unwrap();
    let ran = run(folder.path(), &["init"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(
        ran.stderr.contains("manifests/dev.yaml") && !ran.stderr.contains("prod.yaml"),
        "{}",
        ran.stderr
    );
    assert_eq!(fs::read_to_string(folder.path().join("manifests/dev.yaml")).unwrap(), before);
    assert!(
        !folder.path().join("manifests/prod.yaml").exists(),
        "it wrote although something was in the way"
    );
}

#[test]
fn the_manifests_of_the_repository_are_the_ones_that_init_writes() {
    let folder = started();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in [
        "manifests/dev.yaml",
        "manifests/policies/zappa-lambda-deployment.json",
        "schema/relayctl.schema.json",
    ] {
        let written = fs::read_to_string(folder.path().join(file)).unwrap();
        let kept = fs::read_to_string(repository.join(file))
            .unwrap_or_else(|_| panic!("{file} is not checked in"));
        assert!(
            written == kept,
            "{file} is out of date: for the schema, `cargo run -q -- schema > {file}`"
        );
    }
}

#[test]
fn a_bad_manifest_fails_every_command_that_reads_it() {
    let folder = empty();
    fs::write(folder.path().join("bad.yaml"), "version: 1\nname: bad\nnmae: x\n").unwrap();
    for command in ["validate", "plan", "graph", "render", "output"] {
        let ran = run(folder.path(), &[command, "bad.yaml", "--sandbox"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{command}");
        assert!(ran.stderr.contains("nmae") && ran.stderr.contains("bad.yaml:3"), "{}", ran.stderr);
    }
}

#[test]
fn the_schema_is_json() {
    let ran = run(empty().path(), &["schema"]);
    let schema: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(schema["properties"]["policies"].is_object());
}

#[test]
fn the_graph_is_drawn_in_three_languages() {
    let folder = started();
    let drawn =
        |format| run(folder.path(), &["graph", "manifests/dev.yaml", "--format", format]).stdout;
    assert!(drawn("dot").contains("digraph"));
    assert!(drawn("mermaid").contains("user.serverless"));
    assert!(drawn("svg").contains("<svg"));
}

#[test]
fn in_the_sandbox_a_plan_is_applied_and_then_there_is_nothing_to_do() {
    let folder = started();
    let sandbox = |arguments: &[&str]| run(folder.path(), &[arguments, &["--sandbox"]].concat());

    let planned = sandbox(&["plan", "manifests/dev.yaml", "--detailed-exitcode"]);
    assert_eq!(planned.code, 2, "{}", planned.stderr);
    assert!(planned.stdout.contains("to add, 0 to change, 0 to destroy"), "{}", planned.stdout);
    assert!(planned.stderr.contains("relayctl apply --sandbox"), "{}", planned.stderr);
    assert!(sandbox(&["show"]).stdout.contains("user.serverless"));

    let applied = sandbox(&["apply"]);
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    assert!(
        !folder.path().join("state/sandbox/tr-serverless-relay-dev.plan.json").exists(),
        "the plan waits again"
    );

    let planned = sandbox(&["plan", "manifests/dev.yaml", "--detailed-exitcode"]);
    assert_eq!(planned.code, 0, "{}{}", planned.stdout, planned.stderr);
    assert!(planned.stdout.contains("No changes"), "{}", planned.stdout);

    let arn = sandbox(&["output", "manifests/dev.yaml", "users.serverless.arn"]);
    assert_eq!(arn.stdout, "arn:aws:iam::123456789012:user/serverless\n");
    assert!(
        sandbox(&["state", "list", "manifests/dev.yaml"])
            .stdout
            .contains("access_key.serverless\n")
    );
    assert!(sandbox(&["show", "manifests/dev.yaml"]).stdout.contains("role.tr-serverless-relay"));

    let refused = sandbox(&["destroy", "manifests/dev.yaml"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("--yes"), "{}", refused.stderr);
    let destroyed = sandbox(&["destroy", "manifests/dev.yaml", "--yes"]);
    assert_eq!(destroyed.code, 0, "{}{}", destroyed.stdout, destroyed.stderr);
    assert_eq!(sandbox(&["state", "list", "manifests/dev.yaml"]).stdout, "");
}

#[test]
fn a_saved_plan_is_applied_once_and_where_it_was_made_for() {
    let folder = started();
    let plan = ["plan", "manifests/dev.yaml", "--sandbox", "--out", "saved.json"];
    assert_eq!(run(folder.path(), &plan).code, 0);
    // Made in the sandbox, so applied in the sandbox, also without the flag.
    let applied = run(folder.path(), &["apply", "saved.json"]);
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    let again = run(folder.path(), &["apply", "saved.json"]);
    assert_eq!(again.code, 1);
    assert!(again.stderr.contains("this plan cannot be applied"), "{}", again.stderr);
}

#[test]
fn an_unknown_target_is_an_error_with_the_nearest_name() {
    let folder = started();
    let ran = run(
        folder.path(),
        &["plan", "manifests/dev.yaml", "--sandbox", "--target", "user.serverles"],
    );
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("did you mean user.serverless?"), "{}", ran.stderr);
}

#[test]
fn apply_without_a_terminal_needs_a_yes() {
    let folder = started();
    let ran = run(folder.path(), &["apply", "manifests/dev.yaml", "--sandbox"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("--yes"), "{}", ran.stderr);
    assert!(
        run(folder.path(), &["state", "list", "manifests/dev.yaml", "--sandbox"]).stdout.is_empty()
    );
}

#[test]
fn a_verbose_version_says_of_which_day_the_catalogue_is() {
    let folder = TempDir::new().unwrap();
    let plain = run(folder.path(), &["--version"]);
    assert_eq!(
        (plain.code, plain.stdout),
        (0, format!("relayctl {}\n", env!("CARGO_PKG_VERSION")))
    );
    let verbose = run(folder.path(), &["--version", "--verbose"]);
    assert_eq!(verbose.code, 0);
    let expected = format!("iam catalogue: {}, ", catalogue::catalogue_date());
    assert!(
        verbose.stdout.lines().nth(1).is_some_and(|line| line.starts_with(&expected)),
        "{}",
        verbose.stdout
    );
    assert!(
        verbose.stdout.contains(" services, ") && verbose.stdout.contains(" managed policies\n"),
        "{}",
        verbose.stdout
    );
    let paths =
        format!("\nescalation paths: {}\nfrom: pathfinding.cloud of 20", escalation::all().count());
    assert!(verbose.stdout.contains(&paths), "{}", verbose.stdout);
    for list in ["Prowler of 20", "HackTricks Cloud of 20", "awspx of 20"] {
        assert!(verbose.stdout.contains(list), "{}", verbose.stdout);
    }
}
