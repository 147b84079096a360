//! A command that gets a key on its standard input: `gh secret set`, the client of a vault.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::own;
use super::problem::Problem;
use super::{aside, key_json};
use crate::call::file::spelt;
use crate::call::{Failure, NewKey};
use crate::value::Value;

/// The time limit. A command that asks somebody a question gets no answer.
const LIMIT: Duration = Duration::from_mins(1);
/// The time to wait for the rest of the output: processes that the command started may still hold
/// it open.
const LINGERING: Duration = Duration::from_secs(1);
/// The number of bytes of the command's output that are kept.
const HEARD: usize = 8 * 1024;
/// The most characters of the output in an error, and the most lines that they come from.
const TOLD: usize = 300;
const LINES: usize = 3;
/// A line is left out of the error if it shares so many characters in a row with the secret.
const SHARED: usize = 8;

/// Runs the command in the manifest's folder, without a shell. In a sandbox, whose folder is
/// `overlay`, nothing runs: the command's input is written to a file there.
pub async fn send_to_command(
    action: &'static str,
    command: &[String],
    key: &NewKey,
    folder: &Path,
    overlay: Option<&Path>,
) -> Result<(), Failure> {
    let input = key_json::content(key);
    if let Some(overlay) = overlay {
        let file = overlay.join("commands").join(format!("{}.json", key.user));
        let (command, user) = (command.to_vec(), key.user.clone());
        return aside(action, move || note(&file, &command, &user, &input)).await;
    }
    run(command, folder, &input, &key.secret, LIMIT)
        .await
        .map_err(|problem| problem.into_failure(action))
}

fn note(file: &Path, command: &[String], user: &str, input: &[u8]) -> Result<(), Problem> {
    let before = Value::from(command).to_string();
    let text = ["{\"command\": ", &before, ", \"input\": "].concat();
    let content = Zeroizing::new([text.as_bytes(), input.trim_ascii_end(), b"}\n"].concat());
    own::replace(file, &content)
        .map_err(|error| Problem::io("write what a command would get to", file, &error))?;
    tracing::debug!(user, file = %file.display(), "a command would have been sent the key");
    Ok(())
}

async fn run(
    command: &[String],
    folder: &Path,
    input: &[u8],
    secret: &SecretString,
    limit: Duration,
) -> Result<(), Problem> {
    let failed =
        |what: String| Problem::refused("CommandFailed", format!("`{}` {what}", spelt(command)));
    let mut child =
        start(command, folder).map_err(|error| failed(format!("cannot be run: {error}")))?;
    let said = tokio::spawn(heard(child.stderr.take()));
    let Ok(ended) = timeout(limit, finished(&mut child, input)).await else {
        stop(&mut child).await;
        return Err(failed(format!(
            "had not ended after {} s, and was stopped",
            limit.as_secs_f32()
        )));
    };
    let status = ended.map_err(|error| failed(format!("cannot be waited for: {error}")))?;
    if status.success() {
        return Ok(());
    }
    let said = timeout(LINGERING, said).await.ok().and_then(Result::ok).unwrap_or_default();
    let told = told(&said, secret);
    Err(failed(if told.is_empty() {
        format!("failed ({status})")
    } else {
        format!("failed ({status}): {told}")
    }))
}

/// Starts the command in a process group of its own: Ctrl-C stops relayctl, which lets a running
/// command finish.
fn start(command: &[String], folder: &Path) -> std::io::Result<Child> {
    let (program, arguments) = command.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    command.spawn()
}

async fn finished(child: &mut Child, input: &[u8]) -> std::io::Result<ExitStatus> {
    if let Some(mut stdin) = child.stdin.take() {
        // A command that does not read all of its input tells by its exit code if that was right.
        drop(stdin.write_all(input).await);
        drop(stdin.shutdown().await);
    }
    child.wait().await
}

/// Stops the command and all processes that it started.
async fn stop(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) =
        child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?))
    {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    drop(child.kill().await);
}

/// Returns the beginning of the command's output. The rest is read, too, or the command would wait
/// for a reader.
async fn heard(stderr: Option<ChildStderr>) -> Zeroizing<Vec<u8>> {
    let mut kept = Zeroizing::new(Vec::with_capacity(HEARD));
    let mut buffer = Zeroizing::new([0; 1024]);
    let Some(mut stderr) = stderr else { return kept };
    while let Ok(count @ 1..) = stderr.read(&mut *buffer).await {
        let room = HEARD - kept.len();
        kept.extend_from_slice(&buffer[..count.min(room)]);
    }
    kept
}

/// Returns the last lines of the output, without those that hold a part of the secret, as it is or
/// in one of the usual encodings.
fn told(said: &[u8], secret: &SecretString) -> String {
    let said = Zeroizing::new(String::from_utf8_lossy(said).into_owned());
    let forms = forms(secret.expose_secret());
    let hides = |line: &str| forms.iter().any(|form| shares(line, form));
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let (hidden, shown): (Vec<&str>, Vec<&str>) = lines.iter().partition(|line| hides(line));
    let last = shown[shown.len().saturating_sub(LINES)..].join("; ");
    let mut text: String = last.chars().filter(|c| !c.is_control()).take(TOLD).collect();
    if !hidden.is_empty() {
        text += if text.is_empty() { "" } else { " " };
        text += "(what it said of the secret is left out)";
    }
    text
}

fn shares(line: &str, form: &str) -> bool {
    let form = form.as_bytes();
    form.windows(SHARED.min(form.len().max(1)))
        .any(|part| line.as_bytes().windows(part.len()).any(|it| it == part))
}

/// Returns the secret as it is, in hexadecimal, percent-encoded, and in base64 at each of the three
/// offsets at which it may begin in the encoded text.
fn forms(secret: &str) -> Vec<Zeroizing<String>> {
    let bytes = secret.as_bytes();
    let base64 = (0..3).map(|before| {
        let padded = Zeroizing::new([&[0; 2][..before], bytes].concat());
        let text = Zeroizing::new(BASE64.encode(&padded));
        // The first and the last characters depend on the neighbours of the secret.
        text.get(4..text.len().saturating_sub(4)).unwrap_or_default().to_owned()
    });
    let others = [
        secret.to_owned(),
        HEXLOWER.encode(bytes),
        HEXUPPER.encode(bytes),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
    ];
    others.into_iter().chain(base64).filter(|form| !form.is_empty()).map(Zeroizing::new).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    async fn ran(script: &str, folder: &Path, limit: Duration) -> Result<(), String> {
        let command = ["sh", "-c", script].map(str::to_owned);
        let key =
            NewKey { user: "ada".into(), id: "AKIA1".into(), secret: SecretString::from(SECRET) };
        let input = key_json::content(&key);
        run(&command, folder, &input, &key.secret, limit).await.map_err(|problem| problem.message)
    }

    #[tokio::test]
    async fn a_command_gets_the_key_as_json_in_the_manifests_folder() {
        let folder = tempfile::tempdir().unwrap();
        ran("cat > got.json", folder.path(), LIMIT).await.unwrap();
        let got: Value =
            serde_json::from_slice(&std::fs::read(folder.path().join("got.json")).unwrap())
                .unwrap();
        let expected = serde_json::json!({"Version": 1, "UserName": "ada", "AccessKeyId": "AKIA1", "SecretAccessKey": SECRET});
        assert_eq!(got, expected);
        ran("exit 0", folder.path(), LIMIT).await.expect("it need not read its input");
        ran("head -c 1000000 /dev/zero >&2", folder.path(), LIMIT).await.expect("nor be brief");
    }

    #[tokio::test]
    async fn a_command_that_fails_is_quoted_but_for_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let told = ran("echo first >&2; echo 'no such vault' >&2; exit 3", folder.path(), LIMIT)
            .await
            .unwrap_err();
        assert!(told.ends_with("failed (exit status: 3): first; no such vault"), "{told}");
        for disguise in [
            "cat",
            "base64 -w0",
            "od -An -tx1 | tr -d ' \\n'",
            "cut -c 1-110",
            "sed 's/.*Secret/x/' | base64 -w0",
        ] {
            let script = format!("({disguise}; echo; echo 'it is over') >&2; exit 1");
            let told = ran(&script, folder.path(), LIMIT).await.unwrap_err();
            assert!(
                told.ends_with("it is over (what it said of the secret is left out)"),
                "{disguise}: {told}"
            );
        }
        let missing = run(
            &["./not-there".to_owned()],
            folder.path(),
            b"",
            &SecretString::from(SECRET),
            LIMIT,
        )
        .await;
        assert!(
            missing.unwrap_err().message.starts_with("`./not-there` cannot be run: No such file")
        );
    }

    #[tokio::test]
    async fn a_command_that_does_not_end_is_stopped_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let script = "(sleep 2; touch late) & echo $! > started; wait";
        let told = ran(script, folder.path(), Duration::from_millis(500)).await.unwrap_err();
        assert!(told.ends_with("had not ended after 0.5 s, and was stopped"), "{told}");
        assert!(folder.path().join("started").exists());
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(!folder.path().join("late").exists());
    }
}
