//! moto, the AWS emulator, as a child process; and two clients in Python to look at it
//! independently of relayctl.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const REQUIREMENTS: &str = include_str!("../requirements.txt");
const SERVER: &str = include_str!("server.py");
const CLIENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/client.py");

/// A running server. It ends when this is dropped, and also when the test is killed: it watches its
/// stdin. That matters for one in a `static`, which is never dropped.
pub struct Moto {
    child: Child,
    endpoint: String,
    venv: PathBuf,
}

impl Moto {
    /// An empty account 123456789012.
    pub fn start() -> Self {
        let venv = virtual_environment();
        let mut child = Command::new(venv.join("bin/python"))
            .args(["-c", SERVER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("moto starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut port = String::new();
        BufReader::new(stdout).read_line(&mut port).expect("moto prints its port");
        let port: u16 = port.trim().parse().expect("moto prints its port");
        Self { child, endpoint: format!("http://127.0.0.1:{port}"), venv }
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Settings with which a client finds this server, without the machine's own AWS settings.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut settings = offline();
        settings.push(("AWS_ENDPOINT_URL", self.endpoint.clone()));
        settings.push(("AWS_ACCESS_KEY_ID", "testing".to_owned()));
        settings.push(("AWS_SECRET_ACCESS_KEY", "testing".to_owned()));
        settings
    }

    /// A command that sees this server's [`Self::environment`]; the caller may override parts of
    /// it.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        without_aws(&mut command).envs(self.environment());
        command
    }

    /// The AWS CLI.
    pub fn aws_command(&self) -> Command {
        self.command(self.venv.join("bin/aws"))
    }

    /// The AWS CLI's answer as JSON; null if it prints nothing.
    ///
    /// # Panics
    /// If the CLI fails.
    pub fn aws(&self, arguments: &[&str]) -> Value {
        let output = self
            .aws_command()
            .args(arguments)
            .args(["--output", "json"])
            .output()
            .expect("the AWS CLI runs");
        let text = printed(&output, &format!("aws {}", arguments.join(" ")));
        if text.trim().is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).expect("the AWS CLI prints JSON")
        }
    }

    /// Returns what the Python snippet prints. It has boto3's clients `iam`, `s3`, `sts` and
    /// `s3_in(region)`, and `show(value)`.
    ///
    /// # Panics
    /// If the snippet raises.
    pub fn python(&self, snippet: &str) -> String {
        let mut command = self.command(self.venv.join("bin/python"));
        command.arg(CLIENT).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("python runs");
        child
            .stdin
            .take()
            .expect("stdin is piped")
            .write_all(snippet.as_bytes())
            .expect("python reads the snippet");
        printed(&child.wait_with_output().expect("python ends"), snippet)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the documents of AWS's managed policies by name, as AWS's API answers them: moto holds
/// all of them.
pub fn managed_policies() -> BTreeMap<String, Value> {
    let snippet = "import json\n\
        from moto.iam.aws_managed_policies import aws_managed_policies_data as data\n\
        policies = json.loads(data).items()\n\
        print(json.dumps({name: policy['Document'] for name, policy in policies}))";
    let mut python = Command::new(virtual_environment().join("bin/python"));
    without_aws(&mut python).args(["-c", snippet]).envs(offline());
    let text = printed(&python.output().expect("python runs"), snippet);
    serde_json::from_str(&text).expect("python prints JSON")
}

/// No profile, no metadata service, no pager.
pub fn offline() -> Vec<(&'static str, String)> {
    let settings = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_PAGER", ""),
    ];
    settings.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
}

/// Removes every AWS setting that the command would inherit.
pub fn without_aws(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command
}

fn printed(output: &Output, what: &str) -> String {
    assert!(
        output.status.success(),
        "{what}\n{}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Made on first use, kept in the target folder, made anew when the requirements change. The lock
/// lets test binaries that run at the same time wait for the one that makes it; it goes with its
/// process, so a killed run blocks nobody.
fn virtual_environment() -> PathBuf {
    let target =
        Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder in the target folder");
    let digest = relayctl::value::digest(&REQUIREMENTS);
    let venv = target.join(format!("moto-venv-{}", &digest[..12]));
    let done = venv.join("done");
    let lock = File::create(venv.with_extension("lock")).expect("the target folder can be written");
    lock.lock().expect("the lock can be taken");
    if !done.exists() {
        let _ = fs::remove_dir_all(&venv);
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
        let requirements = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/requirements.txt");
        let pip =
            ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements];
        run(Command::new(venv.join("bin/python")).args(pip));
        fs::write(&done, "").expect("the virtual environment can be marked as done");
    }
    venv
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error} (the tests need Python 3)"));
    printed(&output, &format!("{command:?}"));
}
