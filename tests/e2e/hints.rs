//! The commands in hints: each is for the account, the state and the values of the run that prints
//! it, and works as it is printed.

use crate::support::project::{Project, Run};

const MANIFEST: &str = "my manifests/dev.yaml";

const TEXT: &str = r#"version: 1
name: dev
account: "123456789012"
region: us-east-1
variables: {who: nobody}
users:
  ${var.who}: {}
groups:
  developers: {}
"#;

fn project() -> Project {
    let project = Project::empty().in_sandbox();
    project.write(MANIFEST, TEXT);
    project
}

/// Returns the commands that a run names, as a shell reads them.
fn commands(run: &Run) -> Vec<Vec<String>> {
    let text = format!("{}\n{}", run.stdout, run.stderr);
    let mut found = Vec::new();
    for line in text.lines() {
        for rest in line.split("relayctl ").skip(1) {
            let end = rest.find('`').unwrap_or(rest.len());
            found.extend(shlex::split(&rest[..end]).filter(|words| is_command(&words[0])));
        }
    }
    found
}

/// Tells a command from a sentence about relayctl.
fn is_command(word: &str) -> bool {
    ["plan", "apply", "destroy", "state", "show", "output", "permissions", "keys"].contains(&word)
}

#[track_caller]
fn only_command(run: &Run) -> Vec<String> {
    let mut found = commands(run);
    assert_eq!(found.len(), 1, "{found:?}\n{}", run.told());
    found.remove(0)
}

/// Runs a command that a hint named. The project adds `--sandbox`, which may stand once only.
#[track_caller]
fn follow(project: &Project, command: &[String], code: i32) -> Run {
    assert!(command.contains(&"--sandbox".to_owned()), "{command:?}");
    let rest: Vec<&str> =
        command.iter().map(String::as_str).filter(|word| *word != "--sandbox").collect();
    project.expect(code, &rest)
}

#[test]
fn a_hint_repeats_the_manifest_the_sandbox_the_state_and_the_variables() {
    let project = project();
    let options = ["--var", "who=ada", "--state", "state/our own.json", "--region", "eu-west-1"];
    let run = |command: &[&str], code: i32| {
        let whole: Vec<&str> = command.iter().chain(&options).copied().collect();
        project.expect(code, &whole)
    };
    let refused = run(&["output", MANIFEST], 1);
    let said = "relayctl apply 'my manifests/dev.yaml' --sandbox --region eu-west-1 --state \
        'state/our own.json' --var who=ada";
    assert!(refused.stderr.contains(said), "{}", refused.stderr);
}

#[test]
fn a_hint_works_as_it_is_printed() {
    let project = project();
    let options = ["--var", "who=ada", "--state", "state/own.json"];
    let run = |command: &[&str], code: i32| {
        let whole: Vec<&str> = command.iter().chain(&options).copied().collect();
        project.expect(code, &whole)
    };
    let apply = only_command(&run(&["output", MANIFEST], 1));
    let done = follow(&project, &[apply, vec!["--yes".to_owned()]].concat(), 0);
    assert!(done.stdout.contains("2 added"), "{}", done.stdout);
    assert!(project.path("state/own.json").is_file());

    // The hint of a saved plan repeats what the plan was made with.
    run(&["plan", MANIFEST, "--destroy"], 0);
    run(&["state", "rm", MANIFEST, "group.developers"], 0);
    let stale = project.expect(1, &["apply"]);
    assert!(stale.stderr.contains("the state has changed since"), "{}", stale.stderr);
    let [again, drop] = &commands(&stale)[..] else { panic!("{}", stale.told()) };
    let planned = follow(&project, again, 0);
    assert!(planned.stdout.contains("user.ada will be destroyed"), "{}", planned.stdout);
    follow(&project, drop, 0);
    assert!(project.expect(1, &["apply"]).stderr.contains("no plan is waiting"));

    // Now the group exists and is not recorded.
    let refused = run(&["plan", MANIFEST], 1);
    let record = commands(&refused).into_iter().find(|it| it[0] == "state").unwrap();
    follow(&project, &record, 0);
    run(&["plan", MANIFEST, "--detailed-exitcode"], 0);
}

#[test]
fn no_hint_of_a_run_in_the_sandbox_names_a_command_outside_it() {
    let project = project();
    let mut runs = vec![
        project.expect(1, &["apply"]),
        project.expect(1, &["show", MANIFEST]),
        project.expect(1, &["output", MANIFEST]),
        project.expect(1, &["apply", MANIFEST]),
        project.expect(0, &["plan", MANIFEST]),
        project.expect(0, &["plan", MANIFEST, "--out", "one.plan.json"]),
        project.expect(1, &["state", "list", "state/none.yaml"]),
        project.expect(0, &["apply"]),
        project.expect(1, &["apply", "one.plan.json"]),
        project.expect(1, &["state", "add", MANIFEST, "developers"]),
        project.expect(1, &["output", MANIFEST, "users.nobdy.art"]),
    ];
    project.write("broken.plan.json", "{}");
    runs.push(project.expect(1, &["apply", "broken.plan.json"]));
    let mut named = 0;
    for run in runs {
        for command in &commands(&run) {
            assert!(command.contains(&"--sandbox".to_owned()), "{command:?}\n{}", run.told());
            named += 1;
        }
    }
    assert!(named >= 10, "{named}");
}
