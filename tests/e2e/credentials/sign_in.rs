//! People who signed in, tokens, containers and machines.

use std::time::{Duration, Instant};

use super::{Home, closed, sts, sts_error};
use crate::support::canned::{Canned, answer};

const SESSION: &str = "[profile x]\nsso_session = s\nsso_account_id = 123456789012\n\
    sso_role_name = Admin\n[sso-session s]\nsso_region = us-east-1\n\
    sso_start_url = https://example.awsapps.com/start\n";
const LEGACY: &str = "[profile x]\nsso_start_url = https://example.awsapps.com/start\n\
    sso_region = us-east-1\nsso_account_id = 123456789012\nsso_role_name = Admin\n";

/// The names that `aws sso login` gives to the tokens of the session and of the address: their
/// SHA-1.
const SESSION_FILE: &str = ".aws/sso/cache/a0f1490a20d0211c997b44bc357e1972deab8ae3.json";
const LEGACY_FILE: &str = ".aws/sso/cache/e8be5486177c5b5392bd9aa76563515b29358e6e.json";

fn token(end: &str) -> String {
    format!("{{\"accessToken\":\"hush\",\"expiresAt\":\"{end}\",\"region\":\"us-east-1\"}}")
}

const LATER: &str = "2099-01-01T00:00:00Z";

#[test]
fn a_person_who_is_not_signed_in_is_told_how_to_sign_in() {
    let mut home = Home::new();
    home.note_profile("session without a token", SESSION, &[]);
    home.note_profile("older form without a token", LEGACY, &[]);
    home.project.write(SESSION_FILE, &token("2020-01-01T00:00:00Z"));
    home.project.write(LEGACY_FILE, &token("2020-01-01T00:00:00UTC"));
    home.note_profile("session that expired", SESSION, &[]);
    home.note_profile("older form that expired", LEGACY, &[]);
    home.project.write(SESSION_FILE, "hush");
    home.note_profile("a token that is none", SESSION, &[]);
    let without = SESSION.replace("[sso-session s]", "[sso-session t]");
    home.note_profile("session that is not there", &without, &[]);
    home.note_profile("no region", &LEGACY.replace("sso_region = us-east-1\n", ""), &[]);
    home.note_profile("no role", &LEGACY.replace("sso_role_name = Admin\n", ""), &[]);
    let login = "[profile x]\nlogin_session = arn:aws:iam::123456789012:user/me\n";
    home.note_profile("aws login", login, &[]);
    insta::assert_snapshot!(home.said);
}

#[test]
fn a_sign_in_that_sso_refuses_says_what_is_refused() {
    let mut home = Home::new();
    home.project.write(SESSION_FILE, &token(LATER));
    let refusing = |status: &str, kind: &str, message: &str| {
        let body = format!("{{\"message\":\"{message}\"}}");
        let headers = format!("content-type: application/json\r\nx-amzn-errortype: {kind}\r\n");
        Canned::start(&[answer(status, &headers, &body)])
    };
    let ended = refusing("401 Unauthorized", "UnauthorizedException", "Session token not found");
    home.note_profile("ended", SESSION, &[("AWS_ENDPOINT_URL_SSO", ended.endpoint())]);
    let other = refusing("403 Forbidden", "ForbiddenException", "No access");
    home.note_profile("no such role", SESSION, &[("AWS_ENDPOINT_URL_SSO", other.endpoint())]);
    let nobody = closed();
    home.hide(&nobody, "http://CLOSED");
    home.note_profile("nobody there", SESSION, &[("AWS_ENDPOINT_URL_SSO", &nobody)]);
    insta::assert_snapshot!(home.said);
}

#[test]
fn the_role_that_sso_gives_signs_the_calls() {
    let home = Home::new();
    home.config(LEGACY);
    home.project.write(LEGACY_FILE, &token(LATER));
    let body = "{\"roleCredentials\":{\"accessKeyId\":\"ASIASSO\",\"secretAccessKey\":\"hush\",\
        \"sessionToken\":\"t\",\"expiration\":4070908800000}}";
    let sso = Canned::start(&[answer("200 OK", "content-type: application/json\r\n", body)]);
    let sts = sts();
    let environment =
        [("AWS_ENDPOINT_URL_SSO", sso.endpoint()), ("AWS_ENDPOINT_URL", sts.endpoint())];
    let run = home.run(&environment, &["--profile", "x"]);
    assert!(sts.requests()[0].contains("Credential=ASIASSO/"), "{}", run.told());
    assert_eq!(sso.requests().len(), 1, "all clients share the credentials");
    assert!(sso.requests()[0].contains("role_name=Admin"), "{}", sso.requests()[0]);
}

#[test]
fn a_token_that_gives_no_role_is_named_with_its_file() {
    let mut home = Home::new();
    home.project.write("token", "a.b.c\n");
    let token = home.project.path("token").display().to_string();
    let role = ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/deployer");
    let file = ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str());
    home.note("no role", &[file], &[]);
    home.note("no file", &[role, ("AWS_WEB_IDENTITY_TOKEN_FILE", "/no/token")], &[]);
    let expired = sts_error("400 Bad Request", "ExpiredTokenException", "Token expired: 1 &lt; 2");
    let expired = Canned::start(&[expired]);
    home.note("expired", &[role, file, ("AWS_ENDPOINT_URL_STS", expired.endpoint())], &[]);
    let untrusted = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
    let untrusted = Canned::start(&[sts_error("403 Forbidden", "AccessDenied", untrusted)]);
    home.note("refused", &[role, file, ("AWS_ENDPOINT_URL_STS", untrusted.endpoint())], &[]);
    let profile = format!("[profile x]\nrole_arn = {}\nweb_identity_token_file = /no\n", role.1);
    home.note_profile("of a profile", &profile, &[]);
    insta::assert_snapshot!(home.said);
}

#[test]
fn a_token_gives_the_role_at_the_endpoint_of_the_option() {
    let home = Home::new();
    home.project.write("token", "a.b.c\n");
    let token = home.project.path("token").display().to_string();
    let server = sts();
    let environment = [
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/deployer"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
    ];
    let run = home.run(&environment, &["--endpoint-url", server.endpoint()]);
    let asked = super::requests_of(&server, "AssumeRoleWithWebIdentity");
    assert_eq!(asked.len(), 1, "{}", run.told());
    assert!(asked[0].contains("WebIdentityToken=a.b.c"), "{}", asked[0]);
    let caller = super::requests_of(&server, "GetCallerIdentity");
    assert!(caller[0].contains("Credential=ASIATOKEN/"), "{}", caller[0]);
}

#[test]
fn a_machine_or_container_that_gives_no_role_is_named() {
    let mut home = Home::new();
    let on = ("AWS_EC2_METADATA_DISABLED", "false");
    let nobody = closed();
    home.hide(&nobody, "http://CLOSED");
    let at = |address| ("AWS_EC2_METADATA_SERVICE_ENDPOINT", address);
    home.note("nobody there", &[on, at(nobody.as_str())], &[]);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let start = Instant::now();
    home.note("silent", &[on, at(&address)], &[]);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let roleless = Canned::serving(|request, _| {
        let token = "x-aws-ec2-metadata-token-ttl-seconds: 600\r\n";
        if request.starts_with("PUT") {
            answer("200 OK", token, "t")
        } else {
            answer("404 Not Found", "", "")
        }
    });
    home.note("no role", &[on, at(roleless.endpoint())], &[]);
    home.note("off", &[], &[]);
    let source = |name: &str| {
        format!(
            "[profile x]\nrole_arn = arn:aws:iam::123456789012:role/deployer\n\
             credential_source = {name}\n"
        )
    };
    home.note_profile("off, for a profile", &source("Ec2InstanceMetadata"), &[]);
    home.note_profile("no container, for a profile", &source("EcsContainer"), &[]);
    home.config("");
    home.note("container", &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &nobody)], &[]);
    let other = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/x")];
    home.note("container elsewhere", &other, &[]);
    insta::assert_snapshot!(home.said);
}
