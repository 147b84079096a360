//! Roles that profiles assume with other credentials.

use super::{BASE, Home, closed, requests_of, sts, sts_error};
use crate::support::canned::Canned;

const CHAIN: &str = "[profile x]
role_arn = arn:aws:iam::123456789012:role/last
source_profile = y
external_id = agreed-upon
role_session_name = me
duration_seconds = 900
[profile y]
role_arn = arn:aws:iam::123456789012:role/first
source_profile = base
";

#[test]
fn each_role_of_a_chain_is_assumed_with_the_credentials_before_it() {
    for by_option in [true, false] {
        let home = Home::new();
        home.config(&format!("{BASE}{CHAIN}"));
        let server = sts();
        let option = ["--profile", "x", "--endpoint-url", server.endpoint()];
        let run = if by_option {
            home.run(&[], &option)
        } else {
            home.run(&[("AWS_ENDPOINT_URL", server.endpoint())], &option[..2])
        };
        let asked = requests_of(&server, "AssumeRole");
        assert_eq!(asked.len(), 2, "{}", run.told());
        assert!(asked[0].contains("role%2Ffirst") && asked[0].contains("Credential=AKIABASE/"));
        assert!(asked[0].contains("RoleSessionName=relayctl-"), "{}", asked[0]);
        assert!(asked[1].contains("role%2Flast") && asked[1].contains("Credential=ASIA0/"));
        assert!(asked[1].contains("x-amz-security-token: token-of-ASIA0"), "{}", asked[1]);
        for said in ["ExternalId=agreed-upon", "RoleSessionName=me", "DurationSeconds=900"] {
            assert!(asked[1].contains(said), "{said}: {}", asked[1]);
        }
        let caller = requests_of(&server, "GetCallerIdentity");
        assert!(caller[0].contains("Credential=ASIA1/"), "{}", caller[0]);
    }
}

#[test]
fn a_profile_with_itself_as_source_or_a_key_in_the_environment_assumes_its_role() {
    let role = "[profile x]\nrole_arn = arn:aws:iam::123456789012:role/deployer\n";
    let own = format!("{role}source_profile = x\naws_access_key_id = AKIAOWN\n");
    let own = format!("{own}aws_secret_access_key = hush\n");
    let environment = format!("{role}credential_source = Environment\n");
    for (config, key) in [(own, "AKIAOWN"), (environment, "AKIAENV")] {
        let home = Home::new();
        home.config(&config);
        let server = sts();
        let given = [
            ("AWS_ENDPOINT_URL_STS", server.endpoint()),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ACCESS_KEY_ID", "AKIAENV"),
            ("AWS_SECRET_ACCESS_KEY", "hush"),
        ];
        let run = home.run(&given, &["--profile", "x"]);
        let asked = requests_of(&server, "AssumeRole");
        assert_eq!(asked.len(), 1, "{}", run.told());
        assert!(asked[0].contains(&format!("Credential={key}/")), "{}", asked[0]);
    }
}

#[test]
fn a_role_that_is_not_given_is_named_with_the_profile_and_the_remedy() {
    let mut home = Home::new();
    let config = format!("{BASE}{CHAIN}");
    let refusing =
        |status: &str, code: &str, why: &str| Canned::start(&[sts_error(status, code, why)]);
    let why = "User: arn:aws:iam::123456789012:user/me is not authorized to perform: \
        sts:AssumeRole on resource: arn:aws:iam::123456789012:role/first";
    let denied = refusing("403 Forbidden", "AccessDenied", why);
    home.note_profile("refused", &config, &[("AWS_ENDPOINT_URL", denied.endpoint())]);
    let why = "The security token included in the request is invalid.";
    let unknown = refusing("403 Forbidden", "InvalidClientTokenId", why);
    home.note_profile("unknown key", &config, &[("AWS_ENDPOINT_URL", unknown.endpoint())]);
    let why = "The security token included in the request is expired";
    let expired = refusing("403 Forbidden", "ExpiredToken", why);
    home.note_profile("expired key", &config, &[("AWS_ENDPOINT_URL", expired.endpoint())]);
    let nobody = closed();
    home.hide(&nobody, "http://CLOSED");
    home.note_profile("nobody there", &config, &[("AWS_ENDPOINT_URL", &nobody)]);
    insta::assert_snapshot!(home.said);
}

#[test]
fn credentials_that_aws_refuses_are_named_by_their_place() {
    let mut home = Home::new();
    home.config(BASE);
    let why = "The security token included in the request is invalid.";
    for (code, why) in [
        ("InvalidClientTokenId", why),
        ("ExpiredToken", "The security token included in the request is expired"),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match"),
    ] {
        let server = Canned::start(&[sts_error("403 Forbidden", code, why)]);
        let at = ("AWS_ENDPOINT_URL", server.endpoint());
        home.note(&format!("{code} of a profile"), &[at], &["--profile", "base"]);
        let key = [("AWS_ACCESS_KEY_ID", "AKIA1"), ("AWS_SECRET_ACCESS_KEY", "hush")];
        home.note(&format!("{code} of a variable"), &[at, key[0], key[1]], &[]);
    }
    insta::assert_snapshot!(home.said);
}
