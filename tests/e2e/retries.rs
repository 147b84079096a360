//! The main job with the real binary against moto, behind a server that throttles, fails, and loses
//! answers to calls that were done.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::canned::{Canned, answer, iam_error};
use crate::support::moto::Moto;
use crate::support::project::Project;

const DEV: &str = "manifests/dev.yaml";

/// Sends the request to moto and returns the answer.
fn forwarded(moto: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(moto.trim_start_matches("http://")).expect("moto is there");
    // Its answer ends with the connection.
    let request = request.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    stream.write_all(request.as_bytes()).expect("moto reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("moto answers");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Of 27 requests one is throttled, three fail, and three are done without an answer.
fn unreliable(moto: &Moto) -> Canned {
    let moto = moto.endpoint().to_owned();
    Canned::serving(move |request, nth| {
        let s3 = !request.contains("Action=");
        // Where no key is recorded, the run ends incomplete: see `tests/adapters/retries.rs`.
        let key = request.contains("Action=CreateAccessKey");
        match nth % 27 {
            2 if s3 => answer(
                "503 Slow Down",
                "",
                "<Error><Code>SlowDown</Code><Message>slower</Message></Error>",
            ),
            2 => iam_error("400 Bad Request", "Throttling", "Rate exceeded"),
            5 | 8 | 14 | 17 | 23 | 26 if key => forwarded(&moto, request),
            5 | 14 | 23 if s3 => {
                answer("500 Internal Server Error", "", "<Error><Code>InternalError</Code></Error>")
            }
            5 | 14 | 23 => iam_error("503 Service Unavailable", "ServiceUnavailable", ""),
            8 | 17 | 26 => {
                forwarded(&moto, request);
                String::new()
            }
            _ => forwarded(&moto, request),
        }
    })
}

#[test]
fn the_main_job_is_done_over_an_unreliable_network() {
    let moto = Moto::start();
    let server = unreliable(&moto);
    let project = Project::sample().against(&moto).with("AWS_ENDPOINT_URL", server.endpoint());
    let apply = project.expect(0, &["apply", DEV, "--yes"]);
    assert!(
        apply.stdout.contains("Apply complete! Resources: 10 added, 0 changed, 0 destroyed."),
        "{}",
        apply.stdout
    );
    let summary = apply.stdout.trim_end().lines().last().unwrap_or_default();
    assert!(
        summary.starts_with("Requests: ") && summary.contains(" throttled; "),
        "{}",
        apply.stdout
    );
    assert!(apply.stderr.contains("Still waiting: "), "{}", apply.stderr);
    println!("{summary}");
    let keys = moto.aws(&["iam", "list-access-keys", "--user-name", "serverless"]);
    assert_eq!(keys["AccessKeyMetadata"].as_array().map(Vec::len), Some(1), "{keys}");
    let plan = project.expect(0, &["plan", DEV, "--detailed-exitcode"]);
    assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);
    let destroy = project.expect(0, &["destroy", DEV, "--yes"]);
    assert!(destroy.stdout.contains("Destroy complete!"), "{}", destroy.stdout);
    assert_eq!(moto.aws(&["iam", "list-users"])["Users"].as_array().map(Vec::len), Some(0));
}
