//! Roles that demand a code of an MFA device.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use super::{BASE, Home, requests_of, sts, sts_error};
use crate::support::canned::Canned;

const DEVICE: &str = "arn:aws:iam::123456789012:mfa/me";

fn with_mfa() -> String {
    format!(
        "{BASE}[profile x]\nrole_arn = arn:aws:iam::123456789012:role/deployer\n\
         source_profile = base\nmfa_serial = {DEVICE}\n"
    )
}

#[test]
fn without_a_terminal_and_a_code_nothing_is_sent() {
    let mut home = Home::new();
    let server = sts();
    let environment = [("AWS_ENDPOINT_URL", server.endpoint())];
    home.note_profile("no code", &with_mfa(), &environment);
    assert_eq!(server.requests().len(), 0);
    let why = "MultiFactorAuthentication failed with invalid MFA one time pass code.";
    let refusing = Canned::start(&[sts_error("403 Forbidden", "AccessDenied", why)]);
    let wrong = ["--profile", "x", "--mfa-code", "000000"];
    home.note("a wrong code", &[("AWS_ENDPOINT_URL", refusing.endpoint())], &wrong);
    let again = with_mfa().replace("source_profile = base", "source_profile = y");
    let again =
        format!("{again}[profile y]\n{}", with_mfa().split("[profile x]\n").last().unwrap());
    home.config(&again);
    home.note("one code for two roles", &environment, &["--profile", "x", "--mfa-code", "123456"]);
    assert!(server.requests().len() < 2, "the second role was not asked for");
    insta::assert_snapshot!(home.said);
}

#[test]
fn the_code_of_the_option_is_sent_once_for_the_state_and_for_the_account() {
    let home = Home::new();
    home.config(&with_mfa());
    let server = sts();
    let arguments = ["--profile", "x", "--mfa-code", "123 456", "--state", "s3://states/x"];
    let run = home.run(&[("AWS_ENDPOINT_URL", server.endpoint())], &arguments);
    let asked = requests_of(&server, "AssumeRole");
    assert_eq!(asked.len(), 1, "{}", run.told());
    assert!(asked[0].contains("TokenCode=123456"), "{}", asked[0]);
    assert!(asked[0].contains("SerialNumber=arn%3Aaws%3Aiam%3A%3A123456789012%3Amfa%2Fme"));
    assert!(run.stderr.lines().all(|line| !line.contains("--mfa-code")), "{}", run.told());
}

#[cfg(unix)]
#[test]
fn on_a_terminal_the_code_is_asked_for() {
    let home = Home::new();
    home.config(&with_mfa());
    let server = sts();
    let pty = rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR).expect("a terminal");
    rustix::pty::grantpt(&pty).expect("a terminal");
    rustix::pty::unlockpt(&pty).expect("a terminal");
    let name = rustix::pty::ptsname(&pty, Vec::new()).expect("a terminal");
    let name = name.into_string().expect("a path");
    let open = || std::fs::File::options().read(true).write(true).open(&name).expect("a terminal");
    let mut run = {
        // The command is dropped: as long as it has the terminal open, the terminal doesn't end.
        let environment = [("AWS_ENDPOINT_URL", server.endpoint())];
        let mut command = home.command(&environment, &["--profile", "x"]);
        command.stdin(open()).stderr(open()).stdout(Stdio::null());
        command.spawn().expect("the binary runs")
    };
    let mut terminal = BufReader::new(std::fs::File::from(pty));
    let mut shown = Vec::new();
    terminal.read_until(b':', &mut shown).expect("a question");
    while !String::from_utf8_lossy(&shown).contains("role/deployer:") {
        let mut byte = [0];
        terminal.read_exact(&mut byte).expect("a question");
        shown.extend(byte);
    }
    terminal.get_mut().write_all(b"654321\n").expect("an answer");
    // The terminal ends with an error when the last that had it open closes it.
    let _ = terminal.read_to_end(&mut shown);
    run.wait().expect("an end");
    let shown = String::from_utf8_lossy(&shown);
    assert!(shown.contains(&format!("MFA code of {DEVICE} to assume arn:aws:iam::")), "{shown}");
    let asked = requests_of(&server, "AssumeRole");
    assert_eq!(asked.len(), 1, "{shown}");
    assert!(asked[0].contains("TokenCode=654321"), "{}", asked[0]);
}
