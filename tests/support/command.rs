//! The binary in a folder of its own, away from the settings of whoever runs the tests.

use std::path::Path;

use assert_cmd::Command;

pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

pub fn relayctl(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relayctl"));
    for variable in
        ["AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_CONFIG_FILE"]
    {
        command.env_remove(variable);
    }
    for variable in [
        "AWS_SHARED_CREDENTIALS_FILE",
        "RELAYCTL_SANDBOX",
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "RUST_LOG",
    ] {
        command.env_remove(variable);
    }
    command.env("HOME", folder).env("COLUMNS", "100").current_dir(folder);
    command
}

pub fn run_with(folder: &Path, arguments: &[&str], stdin: &str) -> Ran {
    let output =
        relayctl(folder).args(arguments).write_stdin(stdin).output().expect("the binary runs");
    Ran {
        code: output.status.code().expect("an exit code"),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

pub fn run(folder: &Path, arguments: &[&str]) -> Ran {
    run_with(folder, arguments, "")
}

/// Everything that a run shows.
/// Returns a command's help without the global options, which are the same everywhere:
/// `relayctl --help` has them. It must have examples.
#[track_caller]
pub fn own_help(folder: &Path, arguments: &[&str]) -> String {
    let text = shown(folder, arguments);
    assert!(text.contains("Example"), "{arguments:?} has no examples:\n{text}");
    let own = text.split("Global options:").next().unwrap();
    let examples = text.split("Example").last().unwrap();
    format!("{own}[global options]\n\nExample{examples}")
}

pub fn shown(folder: &Path, arguments: &[&str]) -> String {
    format!("$ relayctl {}\n{}", arguments.join(" "), run(folder, arguments).told())
}

impl Ran {
    pub fn told(&self) -> String {
        format!("{}--- stderr\n{}--- exit code {}", self.stdout, self.stderr, self.code)
    }
}
