//! What is said where credentials are missing, wrong or refused, and where endpoints and networks
//! are: the real binary against servers on this machine.

mod endpoints;
mod mfa;
mod network;
mod profiles;
mod roles;
mod sign_in;

use std::fmt::Write as _;
use std::net::TcpListener;
use std::process::Command;

use crate::support::canned::{Canned, answer};
use crate::support::project::{Project, Run};

const MANIFEST: &str = "version: 1
name: small
account: \"123456789012\"
region: us-east-1
policies:
  Reader:
    document:
      Version: \"2012-10-17\"
      Statement: [{Effect: Allow, Action: \"s3:GetObject\", Resource: \"*\"}]
";

/// A profile with a key.
const BASE: &str = "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = hush\n";

/// A home directory with the AWS CLI's files, and what runs in it say.
struct Home {
    project: Project,
    /// Texts that differ from run to run, and what stands in the goldens for them.
    hidden: Vec<(String, &'static str)>,
    said: String,
}

impl Home {
    fn new() -> Self {
        let project = Project::empty();
        project.write("small.yaml", MANIFEST);
        let folder = project.path("").display().to_string();
        let hidden = vec![(folder.trim_end_matches('/').to_owned(), "HOME")];
        Self { project, hidden, said: String::new() }
    }

    /// Writes `~/.aws/config`.
    fn config(&self, text: &str) -> &Self {
        self.project.write(".aws/config", text);
        self
    }

    fn hide(&mut self, text: &str, shown: &'static str) {
        self.hidden.push((text.to_owned(), shown));
    }

    fn command(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Command {
        let mut command = self.project.command(&["plan", "small.yaml", "--max-attempts", "1"]);
        command.args(arguments).envs(environment.iter().copied());
        command
    }

    fn run(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Run {
        Run::of(&self.command(environment, arguments).output().expect("the binary runs"))
    }

    /// Plans, and notes what the run says. It must fail, in few lines, without an AWS account.
    #[track_caller]
    fn note(&mut self, title: &str, environment: &[(&str, &str)], arguments: &[&str]) {
        let run = self.run(environment, arguments);
        assert_eq!(run.code, 1, "{title}: {}", run.told());
        assert_eq!(run.stdout, "", "{title}");
        let mut said = run.stderr;
        for (text, shown) in &self.hidden {
            said = said.replace(text, shown);
        }
        for debug in ["SdkBody", "dispatch failure", "Some(", "Error {", "cargo feature", "hush"] {
            assert!(!said.contains(debug), "{title} says {debug:?}:\n{said}");
        }
        assert!(said.lines().count() <= 2, "{title}:\n{said}");
        write!(self.said, "# {title}\n{said}\n").expect("text");
    }

    /// Plans with a profile.
    #[track_caller]
    fn note_profile(&mut self, title: &str, config: &str, environment: &[(&str, &str)]) {
        self.config(config);
        self.note(title, environment, &["--profile", "x"]);
    }
}

/// Returns an address on which nobody listens.
fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

const STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The answer of STS to a role that is assumed.
fn assumed(operation: &str, key: &str) -> String {
    answer(
        "200 OK",
        "content-type: text/xml\r\n",
        &format!(
            "<{operation}Response xmlns=\"{STS}\"><{operation}Result><Credentials>\
             <AccessKeyId>{key}</AccessKeyId><SecretAccessKey>hush</SecretAccessKey>\
             <SessionToken>token-of-{key}</SessionToken><Expiration>2099-01-01T00:00:00Z\
             </Expiration></Credentials></{operation}Result></{operation}Response>"
        ),
    )
}

/// The answer of STS to GetCallerIdentity.
fn caller() -> String {
    answer(
        "200 OK",
        "content-type: text/xml\r\n",
        &format!(
            "<GetCallerIdentityResponse xmlns=\"{STS}\"><GetCallerIdentityResult>\
             <Arn>arn:aws:sts::123456789012:assumed-role/deployer/me</Arn><UserId>A:me</UserId>\
             <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
        ),
    )
}

/// An error of STS.
fn sts_error(status: &str, code: &str, message: &str) -> String {
    let body = format!(
        "<ErrorResponse xmlns=\"{STS}\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
    );
    answer(status, "content-type: text/xml\r\n", &body)
}

/// A server that gives roles and the caller, and refuses everything else.
fn sts() -> Canned {
    Canned::serving(|request, nth| {
        if request.contains("Action=AssumeRoleWithWebIdentity") {
            assumed("AssumeRoleWithWebIdentity", "ASIATOKEN")
        } else if request.contains("Action=AssumeRole") {
            assumed("AssumeRole", &format!("ASIA{nth}"))
        } else if request.contains("Action=GetCallerIdentity") {
            caller()
        } else {
            sts_error("403 Forbidden", "AccessDenied", "enough was seen")
        }
    })
}

/// The requests of an operation, in the order in which they came.
fn requests_of(server: &Canned, operation: &str) -> Vec<String> {
    let action = format!("Action={operation}&");
    server.requests().into_iter().filter(|request| request.contains(&action)).collect()
}
