//! Profiles that lead to no credentials, and programs that print none.

use super::{BASE, Home};

const ROLE: &str = "role_arn = arn:aws:iam::123456789012:role/deployer\n";

#[test]
fn a_profile_that_is_not_there_comes_with_those_that_are() {
    let mut home = Home::new();
    home.note("no files, by option", &[], &["--profile", "nope"]);
    home.config(&format!("{BASE}[profile other]\nregion = x\n[sso-session s]\nsso_region = x\n"));
    home.note("by option", &[], &["--profile", "nope"]);
    home.note("by variable", &[("AWS_PROFILE", "nope")], &[]);
    let keys = [("AWS_ACCESS_KEY_ID", "AKIA1"), ("AWS_SECRET_ACCESS_KEY", "hush")];
    home.note("by variable, with a key", &[keys[0], keys[1], ("AWS_PROFILE", "nope")], &[]);
    home.config("[profile a\nregion = x\n");
    home.note("a file that cannot be read", &[], &[]);
    insta::assert_snapshot!(home.said);
}

#[test]
fn a_profile_without_a_way_to_credentials_says_what_it_lacks() {
    let mut home = Home::new();
    let x = |text: &str| format!("[profile x]\n{text}{BASE}[profile empty]\nregion = y\n");
    for (title, text) in [
        ("source_profile that is not there", format!("{ROLE}source_profile = gone\n")),
        ("source_profile without credentials", format!("{ROLE}source_profile = empty\n")),
        ("no source", ROLE.to_owned()),
        ("two sources", format!("{ROLE}source_profile = base\ncredential_source = Environment\n")),
        ("unknown credential_source", format!("{ROLE}credential_source = Cloud\n")),
        ("no ARN", "role_arn = deployer\nsource_profile = base\n".to_owned()),
        ("no number", format!("{ROLE}source_profile = base\nduration_seconds = an hour\n")),
        ("half a key", "aws_access_key_id = AKIA1\n".to_owned()),
        ("the other half", "aws_secret_access_key = hush\n".to_owned()),
        ("a token without a role", "web_identity_token_file = /token\n".to_owned()),
        ("nothing", "region = y\n".to_owned()),
    ] {
        home.note_profile(title, &x(&text), &[]);
    }
    let around = format!(
        "[profile x]\n{ROLE}source_profile = y\n[profile y]\n{ROLE}source_profile = z\n\
         [profile z]\n{ROLE}source_profile = y\n"
    );
    home.note_profile("a circle", &around, &[]);
    let environment = x(&format!("{ROLE}credential_source = Environment\n"));
    home.note_profile("credential_source = Environment without a key", &environment, &[]);
    insta::assert_snapshot!(home.said);
}

#[test]
fn without_any_credentials_the_places_that_were_looked_at_are_told() {
    let mut home = Home::new();
    home.note("nothing at all", &[], &[]);
    home.note("half a key", &[("AWS_ACCESS_KEY_ID", "AKIA1")], &[]);
    home.config("[default]\nregion = x\n");
    home.note("a default profile without credentials", &[], &[]);
    insta::assert_snapshot!(home.said);
}

#[test]
fn a_credential_process_that_gives_no_credentials_is_named_with_its_fault() {
    let mut home = Home::new();
    let key = r#""Version":1,"AccessKeyId":"AKIA1","SecretAccessKey":"hush""#;
    for (title, command) in [
        ("fails", "echo first >&2; echo no ticket >&2; exit 3".to_owned()),
        ("fails in silence", "exit 3".to_owned()),
        ("is missing", "/no/such/program 2>/dev/null".to_owned()),
        ("prints no JSON", "echo hush".to_owned()),
        ("prints nothing", "true".to_owned()),
        ("prints half a key", r#"echo '{"Version":1,"AccessKeyId":"AKIA1"}'"#.to_owned()),
        (
            "prints expired ones",
            format!("echo '{{{key},\"Expiration\":\"2020-01-02T03:04:05Z\"}}'"),
        ),
        ("prints no time", format!("echo '{{{key},\"Expiration\":\"tomorrow\"}}'")),
    ] {
        home.note_profile(title, &format!("[profile x]\ncredential_process = {command}\n"), &[]);
    }
    insta::assert_snapshot!(home.said);
}

#[test]
fn a_credential_process_may_take_longer_than_a_request() {
    let home = Home::new();
    let server = super::sts();
    home.config(
        "[profile x]\ncredential_process = sleep 6; echo '{\"Version\":1,\"AccessKeyId\":\
         \"AKIASLOW\",\"SecretAccessKey\":\"hush\"}'\n",
    );
    let run = home.run(&[("AWS_ENDPOINT_URL", server.endpoint())], &["--profile", "x"]);
    let asked = super::requests_of(&server, "GetCallerIdentity");
    assert!(asked.iter().any(|request| request.contains("AKIASLOW")), "{}", run.told());
}
