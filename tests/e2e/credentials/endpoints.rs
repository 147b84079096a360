//! Endpoints in the place of AWS's own.

use super::{BASE, Home, caller, closed, sts, sts_error};
use crate::support::canned::{Canned, answer};

const KEY: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIA1"), ("AWS_SECRET_ACCESS_KEY", "hush")];

fn with_key<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    KEY.iter().chain(more).copied().collect()
}

#[test]
fn an_endpoint_that_is_no_address_is_named_with_its_setting() {
    let mut home = Home::new();
    for (title, set) in [
        ("no scheme", ("AWS_ENDPOINT_URL", "localhost:5000")),
        ("no scheme, of a service", ("AWS_ENDPOINT_URL_S3", "localhost")),
        ("another scheme", ("AWS_ENDPOINT_URL", "ftp://localhost")),
        ("no host", ("AWS_ENDPOINT_URL", "http://")),
    ] {
        home.note(title, &with_key(&[set]), &[]);
    }
    home.note("of the option", &KEY, &["--endpoint-url", "localhost:5000"]);
    home.note_profile(
        "of a profile",
        &format!("{}endpoint_url = localhost:5000\n", BASE.replace("base", "x")),
        &[],
    );
    let services = "services = here\n[services here]\ns3 =\n  endpoint_url = localhost:9000\n";
    home.note_profile("of a section", &format!("{}{services}", BASE.replace("base", "x")), &[]);
    insta::assert_snapshot!(home.said);
}

#[test]
fn endpoints_of_aws_and_of_ones_own_exclude_each_other() {
    let mut home = Home::new();
    let nobody = closed();
    home.hide(&nobody, "http://CLOSED");
    let at = ("AWS_ENDPOINT_URL", nobody.as_str());
    home.note("FIPS", &with_key(&[at, ("AWS_USE_FIPS_ENDPOINT", "true")]), &[]);
    home.note("dual-stack", &with_key(&[at, ("AWS_USE_DUALSTACK_ENDPOINT", "true")]), &[]);
    let fips = with_key(&[("AWS_USE_FIPS_ENDPOINT", "true")]);
    home.note("FIPS and the option", &fips, &["--endpoint-url", &nobody]);
    let profile = format!("{}use_fips_endpoint = true\n", BASE.replace("base", "x"));
    home.note_profile("FIPS of the profile", &profile, &[at]);
    insta::assert_snapshot!(home.said);
}

/// Plans with a profile and these variables, and returns the places that were asked for the caller
/// and for the state.
fn asked(
    places: &[(&'static str, Canned)],
    settings: &str,
    environment: &[(&str, &str)],
) -> String {
    let home = Home::new();
    let mut config = format!("{}{settings}", BASE.replace("base", "x"));
    let mut variables = Vec::new();
    let replaced = |text: &str| {
        places.iter().fold(text.to_owned(), |text, (name, server)| {
            text.replace(&format!("@{name}"), server.endpoint())
        })
    };
    config = replaced(&config);
    for (name, value) in environment {
        variables.push((*name, replaced(value)));
    }
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    home.config(&config);
    let before: Vec<usize> = places.iter().map(|(_, server)| server.requests().len()).collect();
    // What is not at one of the servers would go to AWS: a proxy that is not there keeps it here.
    let proxy = closed();
    let mut with_proxy = variables.clone();
    with_proxy.push(("HTTPS_PROXY", proxy.as_str()));
    let run = home.run(&with_proxy, &["--profile", "x", "--state", "s3://states/x"]);
    let mut seen = Vec::new();
    for ((name, server), before) in places.iter().zip(before) {
        let requests = server.requests();
        let new = &requests[before..];
        if new.iter().any(|request| request.starts_with("HEAD /states")) {
            seen.push(format!("state at {name}"));
        }
        if new.iter().any(|request| request.contains("Action=GetCallerIdentity")) {
            seen.push(format!("caller at {name}"));
        }
    }
    if run.stderr.contains("through the proxy") {
        seen.push("AWS".to_owned());
    }
    seen.join(", ")
}

/// A server that has an empty bucket, and tells who calls.
fn place() -> Canned {
    Canned::serving(|request, _| {
        if request.contains("Action=GetCallerIdentity") {
            caller()
        } else if request.starts_with("HEAD") {
            answer("200 OK", "x-amz-bucket-region: us-east-1\r\n", "")
        } else if request.contains("list-type=2") {
            let body = "<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>";
            answer("200 OK", "content-type: application/xml\r\n", body)
        } else if request.starts_with("GET") {
            let body = "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>";
            answer("404 Not Found", "content-type: application/xml\r\n", body)
        } else {
            sts_error("403 Forbidden", "AccessDenied", "enough was seen")
        }
    })
}

#[test]
fn the_more_particular_endpoint_counts_as_in_the_aws_cli() {
    let places = [("one", place()), ("two", place())];
    let section = "services = here\n[services here]\ns3 =\n  endpoint_url = @two\n";
    let both = "state at one, caller at one";
    let split = "caller at one, state at two";
    let all = ("AWS_ENDPOINT_URL", "@one");
    for (settings, environment, expected) in [
        ("", vec![all], both),
        ("", vec![all, ("AWS_ENDPOINT_URL_S3", "@two")], split),
        ("endpoint_url = @one\n", vec![], both),
        ("endpoint_url = @two\n", vec![all], both),
        (
            "endpoint_url = @one\nservices = here\n[services here]\ns3 =\n  endpoint_url = @two\n",
            vec![],
            split,
        ),
        // botocore's order, too: the environment comes before the profile's sections.
        (section, vec![all], both),
        ("", vec![all, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")], "AWS"),
        ("endpoint_url = @one\nignore_configured_endpoint_urls = true\n", vec![], "AWS"),
    ] {
        assert_eq!(asked(&places, settings, &environment), expected, "{settings} {environment:?}");
    }
}

#[test]
fn an_emulator_that_knows_few_calls_is_forgiven_at_the_services_own_endpoint() {
    // An emulator's own page, not an error of AWS: asked once, and taken for "there are none".
    let server = Canned::serving(|request, _| {
        if request.contains("Action=GetCallerIdentity") {
            caller()
        } else {
            answer("500 Internal Server Error", "content-type: text/html\r\n", "<h1>Oops</h1>")
        }
    });
    let home = Home::new();
    let sts = sts();
    let environment = with_key(&[
        ("AWS_ENDPOINT_URL_IAM", server.endpoint()),
        ("AWS_ENDPOINT_URL", sts.endpoint()),
    ]);
    let run = home.run(&environment, &["--max-attempts", "10"]);
    assert_eq!(run.code, 1, "{}", run.told());
    let mut requests: Vec<String> = server
        .requests()
        .iter()
        .filter_map(|request| request.lines().last().map(str::to_owned))
        .collect();
    let all = requests.len();
    requests.sort();
    requests.dedup();
    assert_eq!(requests.len(), all, "none was sent twice: {requests:?}");
}

#[test]
fn a_state_in_a_bucket_that_is_not_there_says_how_to_make_it() {
    let mut home = Home::new();
    let server = Canned::start(&[answer("404 Not Found", "", "")]);
    let at = [("AWS_ENDPOINT_URL_S3", server.endpoint())];
    home.note("missing", &with_key(&at), &["--state", "s3://states/x"]);
    let server = Canned::start(&[answer("403 Forbidden", "", "")]);
    let at = [("AWS_ENDPOINT_URL_S3", server.endpoint())];
    home.note("of others", &with_key(&at), &["--state", "s3://states/x"]);
    insta::assert_snapshot!(home.said);
}
