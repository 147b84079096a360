//! Credentials that a program prints.
//! <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sourcing-external.html>

use std::process::Stdio;

use aws_credential_types::Credentials;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::moments::system_time;
use super::problem::{SignInProblem, in_one_line};
use crate::clock::present_time;

/// The output of the program. `Debug` is left out: it would print the secret.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    version: Option<u64>,
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    session_token: Option<String>,
    expiration: Option<String>,
}

/// Runs the program of a profile, as a shell does.
pub(super) async fn run_process(command: &str, place: &str) -> Result<Credentials, SignInProblem> {
    let what = format!("the credential_process of {place}");
    let mut shell = if cfg!(windows) {
        let mut shell = tokio::process::Command::new("cmd.exe");
        shell.args(["/C", command]);
        shell
    } else {
        let mut shell = tokio::process::Command::new("sh");
        shell.args(["-c", command]);
        shell
    };
    shell.stdin(Stdio::inherit()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = shell.kill_on_drop(true).output().await;
    let output = output.map_err(|error| {
        SignInProblem::new(format!("{what} cannot be started: {error}"), "correct its command")
    })?;
    let printed = Zeroizing::new(output.stdout);
    if output.status.success() {
        return read_output(&printed, &what, present_time());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let complaint = complaint.lines().rfind(|line| !line.trim().is_empty()).map(in_one_line);
    let complaint = complaint.map(|line| format!(": {line}")).unwrap_or_default();
    Err(SignInProblem::new(
        format!("{what} failed ({}){complaint}", output.status),
        format!("run it by itself to see why: credential_process of {place} has its command"),
    ))
}

/// Reads what the program printed. Nothing of it stands in an error: it may hold the secret.
fn read_output(
    printed: &[u8],
    what: &str,
    now: jiff::Timestamp,
) -> Result<Credentials, SignInProblem> {
    let form = "it must print JSON with Version 1, AccessKeyId and SecretAccessKey";
    let wrong = |why: &str| SignInProblem::new(format!("{what} {why}"), form);
    let printed: Printed =
        serde_json::from_slice(printed).map_err(|_| wrong("printed no JSON of credentials"))?;
    match printed.version {
        Some(1) => {}
        Some(other) => return Err(wrong(&format!("printed Version {other}"))),
        None => return Err(wrong("printed no Version")),
    }
    let id = printed.access_key_id.ok_or_else(|| wrong("printed no AccessKeyId"))?;
    let secret = printed.secret_access_key.ok_or_else(|| wrong("printed no SecretAccessKey"))?;
    let end = printed.expiration.as_deref().map(|said| {
        let end = said.parse::<jiff::Timestamp>();
        end.map_err(|_| wrong("printed an Expiration that is no time of ISO 8601"))
    });
    let end = end.transpose()?;
    if let Some(end) = end
        && end <= now
    {
        return Err(SignInProblem::new(
            format!("{what} printed credentials that expired at {end}"),
            "have it print new ones: sign in anew with the program that it runs",
        ));
    }
    let end = end.map(system_time);
    Ok(Credentials::new(id, secret, printed.session_token, end, "process"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(printed: &str) -> String {
        let now = "2026-01-02T03:04:05Z".parse::<jiff::Timestamp>().unwrap();
        match read_output(printed.as_bytes(), "the process", now) {
            Ok(credentials) => {
                let left = credentials.expiry().map(|end| end.duration_since(system_time(now)));
                let left = left.map(|left| left.unwrap().as_secs());
                format!("{}, {left:?} seconds", credentials.access_key_id())
            }
            Err(problem) => problem.message,
        }
    }

    #[test]
    fn what_a_process_prints_is_read_or_refused_without_a_word_of_it() {
        let key = r#""Version":1,"AccessKeyId":"AKIA1","SecretAccessKey":"hush""#;
        let printed = [
            format!("{{{key}}}"),
            format!("{{{key},\"Expiration\":\"2026-01-02T04:00:00+00:00\"}}"),
            format!("{{{key},\"Expiration\":\"2026-01-02T03:04:05Z\"}}"),
            format!("{{{key},\"Expiration\":\"tomorrow\"}}"),
            r#"{"Version":2,"AccessKeyId":"AKIA1","SecretAccessKey":"hush"}"#.to_owned(),
            r#"{"AccessKeyId":"AKIA1","SecretAccessKey":"hush"}"#.to_owned(),
            r#"{"Version":1,"SecretAccessKey":"hush"}"#.to_owned(),
            r#"{"Version":1,"AccessKeyId":"AKIA1"}"#.to_owned(),
            r#"{"Version":1,"AccessKeyId":"AKIA1","SecretAccessKey":["hush"]}"#.to_owned(),
            "hush".to_owned(),
            String::new(),
        ];
        let said = printed.map(|printed| told(&printed)).join("\n");
        insta::assert_snapshot!(said);
    }
}
