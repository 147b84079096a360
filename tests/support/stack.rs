//! Relays side by side in one account of moto's, each with names of its own, and the real binary
//! that sets them up over a network that may harm what passes.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::moto::Moto;
use super::project::{Project, Run};
use super::proxy::Proxy;

pub const MANIFEST: &str = "stack.yaml";
pub const APPLY: &[&str] = &["apply", MANIFEST, "--yes"];

/// Of a hundred requests on the bad way, those that are harmed.
const HARMED: u64 = 8;

const LOOK: &str = include_str!("look.py");

/// An account in which stacks stand side by side, each foreign to the others.
pub struct Network {
    pub moto: Moto,
    /// The way to it on which requests and answers are harmed, and the other one.
    pub bad: Proxy,
    pub good: Proxy,
}

/// A relay with names of its own.
pub struct Stack {
    pub name: String,
    pub project: Project,
}

/// A run that has begun.
pub struct Begun {
    pub child: Child,
    out: NamedTempFile,
    err: NamedTempFile,
}

impl Network {
    pub fn new(seed: u64) -> Self {
        let moto = Moto::start();
        let (bad, good) = (Proxy::bad(moto.endpoint(), HARMED, seed), Proxy::good(moto.endpoint()));
        Self { moto, bad, good }
    }

    pub fn stack(&self, number: u64) -> Stack {
        let project = Project::empty().against(&self.moto).with("RUST_LOG", "trace");
        let name = format!("n{number}n");
        project.write(MANIFEST, &manifest(&name));
        Stack { name, project }
    }

    /// Every secret that was ever made.
    pub fn secrets(&self) -> Vec<String> {
        [self.bad.secrets(), self.good.secrets()].concat()
    }

    /// Looks at each of these stacks with a client of its own.
    fn seen(&self, stacks: &[Stack]) -> BTreeMap<String, Value> {
        let names: Vec<&str> = stacks.iter().map(|stack| stack.name.as_str()).collect();
        let text = self.moto.python(&format!("names = {names:?}\n{LOOK}"));
        serde_json::from_str(&text).expect("JSON")
    }
}

impl Stack {
    pub fn command(&self, way: &Proxy, arguments: &[&str]) -> Command {
        let mut command = self.project.command(arguments);
        command.env("AWS_ENDPOINT_URL", way.endpoint());
        command
    }

    pub fn run(&self, way: &Proxy, arguments: &[&str]) -> Run {
        Run::of(&self.command(way, arguments).output().expect("the binary runs"))
    }

    /// Into files: a pipe that nobody reads would stop it.
    pub fn start(&self, way: &Proxy, arguments: &[&str]) -> Begun {
        let file = || tempfile::NamedTempFile::new_in(self.project.path("")).expect("a file");
        let (out, err) = (file(), file());
        let to = |file: &NamedTempFile| Stdio::from(file.reopen().expect("a file"));
        let child = self
            .command(way, arguments)
            .stdout(to(&out))
            .stderr(to(&err))
            .spawn()
            .expect("the binary runs");
        Begun { child, out, err }
    }

    /// The id and the secret of the profile.
    pub fn key(&self) -> (String, String) {
        let credentials = self.project.read("aws/credentials");
        let value = |name: &str| {
            let line = credentials.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name} in {credentials}"))
                .trim_start_matches([' ', '='])
                .to_owned()
        };
        (value("aws_access_key_id"), value("aws_secret_access_key"))
    }
}

impl Begun {
    pub fn ended(mut self) -> Run {
        let status = self.child.wait().expect("the binary ends");
        let text = |file: &NamedTempFile| std::fs::read_to_string(file.path()).expect("text");
        Run { code: status.code().unwrap_or(-1), stdout: text(&self.out), stderr: text(&self.err) }
    }
}

/// Compares the stacks, harmed or not, with a client of its own: they are alike, and each has one
/// key, the stored one.
pub fn all_are_alike(network: &Network, stacks: &[Stack]) {
    let seen = network.seen(stacks);
    let secrets = network.secrets();
    let mut expected = None;
    for stack in stacks {
        let mut seen = seen[&stack.name].clone();
        let (id, secret) = stack.key();
        assert_eq!(seen["keys"], json!([[id, "Active"]]), "{}", stack.name);
        assert!(secrets.contains(&secret), "{}: what is stored is the secret of a key", stack.name);
        seen["keys"] = Value::Null;
        let seen = seen.to_string().replace(&stack.name, "NAME");
        assert_eq!(*expected.get_or_insert(seen.clone()), seen, "{}", stack.name);
    }
}

fn manifest(name: &str) -> String {
    format!(
        r#"version: 1
name: relay-{name}
account: "123456789012"
region: us-east-1
tags: {{project: relay}}
policies:
  Deploy-{name}:
    document:
      Version: "2012-10-17"
      Statement:
        - {{Sid: Pass, Effect: Allow, Action: "iam:PassRole", Resource: "arn:aws:iam::123456789012:role/relay-{name}"}}
  Execute-{name}:
    document:
      Version: "2012-10-17"
      Statement:
        - {{Sid: Log, Effect: Allow, Action: "logs:PutLogEvents", Resource: "*"}}
users:
  deployer-{name}:
    policies: [Deploy-{name}]
    access_key: {{profile: relay, csv: key.csv}}
roles:
  relay-{name}:
    trust: {{services: [lambda.amazonaws.com]}}
    policies: [Execute-{name}]
buckets:
  zappa-relay-{name}: {{}}
"#
    )
}
