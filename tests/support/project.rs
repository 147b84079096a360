//! A project of its own in a temporary folder, and the real binary run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::moto::Moto;

/// A folder with the sample manifests and an empty `state/`, and nothing of the caller's
/// environment.
pub struct Project {
    folder: TempDir,
    environment: Vec<(String, String)>,
    before: Vec<String>,
}

/// The end of a run.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        let code = output.status.code().unwrap_or(-1);
        Self { code, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    pub fn told(&self) -> String {
        format!("--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr)
    }
}

impl Project {
    /// With the manifests that the repository ships.
    pub fn sample() -> Self {
        let project = Self::empty();
        copy(&repository().join("manifests"), &project.path("manifests"));
        project
    }

    pub fn empty() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("state")).expect("a state folder");
        Self { folder, environment: Vec::new(), before: Vec::new() }
    }

    /// Another one with the same files, which goes its own way from here.
    pub fn fork(&self) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        copy(self.folder.path(), folder.path());
        Self { folder, environment: self.environment.clone(), before: self.before.clone() }
    }

    /// Every run of it is in the sandbox.
    #[must_use]
    pub fn in_sandbox(mut self) -> Self {
        self.before.push("--sandbox".to_owned());
        self
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Every run of it is in that server's account, with the credential files in the project's
    /// folder `aws`.
    #[must_use]
    pub fn against(mut self, moto: &Moto) -> Self {
        for (name, value) in moto.environment() {
            self = self.with(name, &value);
        }
        let (credentials, config) = (self.path("aws/credentials"), self.path("aws/config"));
        self.with("AWS_SHARED_CREDENTIALS_FILE", credentials.to_str().expect("a path that is text"))
            .with("AWS_CONFIG_FILE", config.to_str().expect("a path that is text"))
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub fn read(&self, relative: &str) -> String {
        std::fs::read_to_string(self.path(relative))
            .unwrap_or_else(|error| panic!("{relative}: {error}"))
    }

    pub fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    /// Changes a file of the project; the text must be there.
    pub fn edit(&self, relative: &str, from: &str, to: &str) {
        let text = self.read(relative);
        assert!(text.contains(from), "{relative} does not hold {from:?}:\n{text}");
        self.write(relative, &text.replacen(from, to, 1));
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relayctl"));
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(self.environment.iter().cloned())
            .args(&self.before)
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&self.command(arguments).output().expect("the binary runs"))
    }

    /// Runs it and expects this exit code.
    #[track_caller]
    pub fn expect(&self, code: i32, arguments: &[&str]) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.code, code, "relayctl {arguments:?}\n{}", run.told());
        run
    }

    /// Plans the manifest, and expects that nothing is left to do.
    #[track_caller]
    pub fn expect_no_changes(&self, manifest: &str) {
        let plan = self.expect(0, &["plan", manifest, "--detailed-exitcode"]);
        assert!(plan.stdout.contains("No changes."), "{}", plan.told());
    }
}

/// Expects each of the lines in a text.
#[track_caller]
pub fn says(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.contains(line), "{line:?} is missing in\n{text}");
    }
}

pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target);
        } else {
            std::fs::copy(&source, &target).expect("copied");
        }
    }
}
