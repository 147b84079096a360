//! OIDC providers by the real binary: made, changed, refused, found again, removed; in the sandbox,
//! and against moto as far as moto knows them.

use relayctl::provider::sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::moto::Moto;
use crate::support::project::{Project, Run, says};

const MANIFEST: &str = "dev.yaml";
const GITHUB: &str = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";

const WHOLE: &str = r#"version: 1
name: dev
account: "123456789012"
region: us-east-1
tags: {team: relay}
oidc_providers:
  https://token.actions.githubusercontent.com: {client_ids: [sts.amazonaws.com]}
  login.acme.example/tenant:
    client_ids: [web, cli]
    thumbprints: [9E99A48A9960B14926BB7F3B02E22DA2B0AB7280]
roles:
  deploy:
    trust:
      Version: "2012-10-17"
      Statement:
        Effect: Allow
        Action: sts:AssumeRoleWithWebIdentity
        Principal: {Federated: "${oidc_providers.token.actions.githubusercontent.com.arn}"}
        Condition:
          StringEquals:
            token.actions.githubusercontent.com:aud: sts.amazonaws.com
            token.actions.githubusercontent.com:sub: repo:acme/web:ref:refs/heads/main
"#;

fn project(manifest: &str) -> Project {
    let project = Project::empty().in_sandbox();
    project.write(MANIFEST, manifest);
    project
}

fn applied() -> Project {
    let project = project(WHOLE);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project
}

fn changed(project: &Project, part: &str, by: &str) -> Run {
    assert!(WHOLE.contains(part), "{part}");
    project.write(MANIFEST, &WHOLE.replace(part, by));
    let run = project.expect(0, &["apply", MANIFEST, "--yes"]);
    project.expect_no_changes(MANIFEST);
    run
}

/// The providers of the account, by their ARNs.
fn providers(project: &Project) -> Value {
    let sandbox =
        Sandbox::open(&project.path("state/sandbox.json"), "123456789012", "us-east-1").unwrap();
    sandbox.contents().unwrap()["oidc_providers"].clone()
}

#[test]
fn a_provider_is_made_before_the_role_that_trusts_it_and_then_nothing_is_left_to_do() {
    let project = project(WHOLE);
    let plan = project.expect(0, &["plan", MANIFEST]);
    says(
        &plan.stdout,
        &[
            "# oidc_provider.token.actions.githubusercontent.com will be created",
            GITHUB,
            "iam:CreateOpenIDConnectProvider",
        ],
    );
    let apply = project.expect(0, &["apply", MANIFEST, "--yes"]).told();
    let at = |text: &str| apply.find(text).unwrap_or_else(|| panic!("{text} in\n{apply}"));
    let made = at("oidc_provider.token.actions.githubusercontent.com: Creation complete");
    assert!(made < at("role.deploy: Creating..."), "{apply}");
    project.expect_no_changes(MANIFEST);
    let found = providers(&project);
    let tenant = &found["arn:aws:iam::123456789012:oidc-provider/login.acme.example/tenant"];
    assert_eq!(tenant["thumbprints"], json!(["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"]));
    assert_eq!(found[GITHUB]["tags"]["team"], "relay");
    let outputs = project.expect(0, &["output", MANIFEST]).stdout;
    says(&outputs, &["oidc_providers.token.actions.githubusercontent.com.arn", GITHUB]);
    project.expect(0, &["destroy", MANIFEST, "--yes"]);
    assert_eq!(providers(&project), json!({}));
}

#[test]
fn audiences_come_before_others_go_and_a_new_one_is_told_as_a_gain() {
    let project = applied();
    project.write(MANIFEST, &WHOLE.replace("[web, cli]", "[web, app]"));
    let refused = project.expect(1, &["plan", MANIFEST, "--deny-widening"]);
    says(&refused.told(), &["client_ids", "take tokens for another one"]);
    let run = changed(&project, "[web, cli]", "[web, app]");
    let at = |text: &str| run.stdout.find(text).unwrap_or_else(|| panic!("{text}: {}", run.told()));
    assert!(
        at("iam:AddClientIDToOpenIDConnectProvider")
            < at("iam:RemoveClientIDFromOpenIDConnectProvider"),
        "{}",
        run.stdout
    );
    // Fewer is no gain.
    project.write(MANIFEST, &WHOLE.replace("[web, cli]", "[web]"));
    project.expect(0, &["plan", MANIFEST, "--deny-widening"]);
}

/// IAM takes no empty list of thumbprints: those that leave the manifest stay.
#[test]
fn thumbprints_that_leave_the_manifest_stay() {
    let project = applied();
    let line = "    thumbprints: [9E99A48A9960B14926BB7F3B02E22DA2B0AB7280]\n";
    changed(&project, line, "");
    let found = providers(&project);
    let tenant = &found["arn:aws:iam::123456789012:oidc-provider/login.acme.example/tenant"];
    assert_eq!(tenant["thumbprints"], json!(["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"]));
}

#[test]
fn a_provider_of_others_is_refused_and_a_lost_state_is_found_again() {
    let project = applied();
    std::fs::remove_file(project.path("state/sandbox/dev.json")).unwrap();
    project.expect_no_changes(MANIFEST);
    // Another manifest's name on the tag: the provider is not ours.
    project.write(MANIFEST, &WHOLE.replace("name: dev", "name: other"));
    let refused = project.expect(1, &["plan", MANIFEST]);
    says(
        &refused.stdout,
        &["# oidc_provider.token.actions.githubusercontent.com is refused", "\"dev\""],
    );
    let rest = "version: 1\nname: dev\naccount: \"123456789012\"\nregion: us-east-1\n";
    project.write(MANIFEST, rest);
    let plan = project.expect(0, &["plan", MANIFEST]);
    says(&plan.stdout, &["oidc_provider.login.acme.example/tenant"]);
}

#[test]
fn addresses_client_ids_and_thumbprints_are_checked() {
    for (part, by, code) in [
        ("login.acme.example/tenant:", "http://login.acme.example:", "bad-provider"),
        ("login.acme.example/tenant:", "\"login.acme.example:8443\":", "bad-provider"),
        ("login.acme.example/tenant:", "login.acme.example/a?b:", "bad-provider"),
        ("login.acme.example/tenant:", "login:", "bad-provider"),
        ("login.acme.example/tenant:", "token.actions.githubusercontent.com:", "duplicate-key"),
        ("[web, cli]", "[web, web]", "duplicate-client-id"),
        ("[web, cli]", "[web, \"\"]", "bad-client-id"),
        ("[9E99A48A9960B14926BB7F3B02E22DA2B0AB7280]", "[abc]", "bad-thumbprint"),
        ("githubusercontent.com.arn}", "githubusercontent.org.arn}", "unknown-reference"),
    ] {
        assert!(WHOLE.contains(part), "{part}");
        let refused = project(&WHOLE.replace(part, by)).expect(1, &["validate", MANIFEST]);
        assert!(refused.told().contains(&format!("error[{code}]")), "{by}: {}", refused.told());
    }
    let known = WHOLE.replace("login.acme.example/tenant:", "accounts.google.com:");
    let warned = project(&known).expect(0, &["validate", MANIFEST]);
    says(&warned.told(), &["warning[needless-provider]"]);
}

/// `https://` is no part of the name, wherever it is written.
#[test]
fn a_provider_that_is_let_go_by_its_url_stays() {
    let project = applied();
    let part = "  https://token.actions.githubusercontent.com: {client_ids: [sts.amazonaws.com]}\n";
    let text = WHOLE
        .replace(part, "")
        .replace("${oidc_providers.token.actions.githubusercontent.com.arn}", GITHUB);
    let removed = "removed: [{from: 'oidc_providers.https://token.actions.githubusercontent.com', \
        destroy: false}]\n";
    project.write(MANIFEST, &format!("{text}{removed}"));
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    let found = providers(&project);
    assert!(found[GITHUB].is_object(), "{found:#}");
    assert_eq!(found[GITHUB]["tags"]["relayctl:manifest"], Value::Null);
}

#[test]
fn the_permissions_allow_client_ids_to_change() {
    let printed = project(WHOLE).expect(0, &["permissions", MANIFEST]).stdout;
    for call in ["Add", "Remove"] {
        let action = format!("iam:{call}ClientID");
        assert!(printed.contains(&action), "{action}: {printed}");
    }
}

/// moto lacks the calls on client ids, so that they don't change here.
#[test]
fn an_independent_client_sees_the_providers_and_a_lost_state_is_found_again() {
    let moto = Moto::start();
    let project = Project::empty().against(&moto);
    project.write(MANIFEST, WHOLE);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project.expect_no_changes(MANIFEST);
    let found = moto.aws(&[
        "iam",
        "get-open-id-connect-provider",
        "--open-id-connect-provider-arn",
        GITHUB,
    ]);
    assert_eq!(found["ClientIDList"], json!(["sts.amazonaws.com"]));
    let run = changed(&project, "tags: {team: relay}", "tags: {team: platform}");
    says(&run.stdout, &["iam:TagOpenIDConnectProvider"]);
    std::fs::remove_file(project.path("state/dev.json")).unwrap();
    project
        .write(MANIFEST, "version: 1\nname: dev\naccount: \"123456789012\"\nregion: us-east-1\n");
    let plan = project.expect(0, &["plan", MANIFEST]);
    says(&plan.stdout, &["oidc_provider.login.acme.example/tenant"]);
    project.write(MANIFEST, WHOLE);
    project.expect(0, &["destroy", MANIFEST, "--yes", "--recover"]);
    let left = moto.aws(&["iam", "list-open-id-connect-providers"]);
    assert_eq!(left["OpenIDConnectProviderList"], json!([]));
}
