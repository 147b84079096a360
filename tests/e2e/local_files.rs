//! The files of other tools with the real binary, in the sandbox: what the AWS CLI, boto3 and Zappa
//! would read is what counts.

use serde_json::Value;

use crate::support::project::Project;

const MANIFEST: &str = "relay.yaml";
const CREDENTIALS: &str = "state/sandbox/home/.aws/credentials";
const CONFIG: &str = "state/sandbox/home/.aws/config";
const STATE: &str = "state/relay.json";

const RELAY: &str = "version: 1\nname: relay\naccount: \"123456789012\"\nregion: us-east-1\nusers:\
    \n  relay: {access_key: {profile: relay}}\nroles:\n  runner: {trust: {services: \
    [lambda.amazonaws.com]}}\n";

fn stage(file: &str, more: &str) -> String {
    format!(
        "{RELAY}zappa_settings:\n  file: {file}\n  stages:\n    dev:\n      app_function: app.app\n\
            \x20     user: relay\n      role: runner\n{more}"
    )
}

fn project(manifest: &str) -> Project {
    let project = Project::empty().in_sandbox();
    project.write(MANIFEST, manifest);
    project
}

fn settings_file(project: &Project, name: &str) -> String {
    format!("state/sandbox/files{}", project.path("").canonicalize().unwrap().join(name).display())
}

/// Checks that a plan names the problem, that an apply makes no key, and that the file stays.
#[track_caller]
fn no_key_is_made(file: &str, text: &str, said: &[&str]) {
    let project = project(RELAY);
    project.write(file, text);
    let plan = project.run(&["plan", MANIFEST]);
    for part in said {
        assert!(plan.told().contains(part), "{part}: {}", plan.told());
    }
    let apply = project.run(&["apply", MANIFEST, "--yes"]);
    assert_ne!(apply.code, 0, "{}", apply.told());
    let state = project.path(STATE);
    let state = if state.exists() { project.read(STATE) } else { String::new() };
    assert!(!state.contains("\"AKIA"), "no key was made: {state}");
    if file == CREDENTIALS {
        assert_eq!(project.read(file), text);
    }
}

#[test]
fn no_key_is_made_for_a_file_that_the_aws_cli_cannot_read() {
    let line = |line: usize| format!("{CREDENTIALS}: line {line} ");
    let twice = "[x]\naws_access_key_id = AKIAX\n[x]\naws_secret_access_key = y\n";
    no_key_is_made(CREDENTIALS, twice, &[&line(3), "join the two sections"]);
    let setting = "[x]\nregion = a\nregion = b\n";
    no_key_is_made(CREDENTIALS, setting, &[&line(3), "remove one of the two"]);
    no_key_is_made(
        CONFIG,
        "region = a\n[default]\n",
        &["line 1 stands before the first [section]"],
    );
}

#[test]
fn no_key_is_made_for_a_profile_that_the_aws_cli_reads_as_another() {
    no_key_is_made(CREDENTIALS, "[ relay ]\nregion = x\n", &["write [relay]"]);
    no_key_is_made(CONFIG, "[ profile relay]\nregion = x\n", &["write [profile relay]"]);
}

#[test]
fn no_key_is_made_where_the_aws_cli_would_use_a_role_or_identity_center_instead() {
    let role = "[profile relay]\nrole_arn = arn:aws:iam::123456789012:role/A\nsource_profile = \
        default\n";
    no_key_is_made(CONFIG, role, &["profile relay has role_arn in ", "name another profile"]);
    let sso = "[profile relay]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = A\n";
    no_key_is_made(CONFIG, sso, &["sso_account_id, sso_role_name, sso_session in "]);
}

#[test]
fn a_key_that_is_no_longer_used_is_told_and_can_be_removed() {
    let project = project(RELAY);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    let config = project.read(CONFIG);
    project.write(CONFIG, &format!("{config}role_arn = arn:aws:iam::123456789012:role/A\n"));
    let plan = project.expect(0, &["plan", MANIFEST]);
    assert!(plan.stdout.contains("profile relay has role_arn in "), "{}", plan.stdout);
    project.expect(0, &["destroy", MANIFEST, "--yes"]);
    assert!(project.read(CONFIG).contains("role_arn"), "{}", project.read(CONFIG));
}

#[test]
fn stages_are_written_as_yaml_and_toml_and_comments_stay() {
    for (name, before) in [
        ("zappa_settings.yaml", "# ours\nprod:\n    debug: no # never\n"),
        ("zappa_settings.toml", "# ours\n[prod]\ndebug = false # never\n"),
    ] {
        let project = project(&stage(name, "      environment_variables: {A: 'on'}\n"));
        project.write(name, before);
        project.expect(0, &["apply", MANIFEST, "--yes"]);
        let written = settings_file(&project, name);
        let text = project.read(&written);
        assert!(text.starts_with(before), "{text}");
        assert!(text.contains("runner") && text.contains("profile_name"), "{text}");
        let again = project.expect(0, &["plan", MANIFEST, "--detailed-exitcode"]);
        assert!(again.stdout.contains("No changes"), "{}", again.stdout);
        project.edit(MANIFEST, "app.app", "app.other");
        project.expect(0, &["apply", MANIFEST, "--yes"]);
        assert_eq!(project.read(&written), text.replace("app.app", "app.other"));
        project.expect(0, &["destroy", MANIFEST, "--yes"]);
        assert_eq!(project.read(&written), before);
        assert_eq!(project.read(name), before, "the real file is not the sandbox's");
    }
}

#[test]
fn a_role_arn_beside_the_declared_role_is_refused_or_told() {
    let project = project(&stage(
        "zappa_settings.json",
        "      role_arn: arn:aws:iam::123456789012:role/Old\n",
    ));
    let refused = project.expect(1, &["validate", MANIFEST]);
    assert!(refused.stderr.contains("leave `role_arn` out"), "{}", refused.told());
    project.write(MANIFEST, &stage("zappa_settings.json", ""));
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    let file = settings_file(&project, "zappa_settings.json");
    let mut settings: Value = serde_json::from_str(&project.read(&file)).unwrap();
    settings["dev"]["role_arn"] = "arn:aws:iam::123456789012:role/Old".into();
    project.write(&file, &settings.to_string());
    let plan = project.expect(0, &["plan", MANIFEST]);
    let said = "the stage dev of zappa_settings.json has role_arn \
        \"arn:aws:iam::123456789012:role/Old\", which Zappa uses instead";
    assert!(plan.stdout.contains(said), "{}", plan.stdout);
}

#[test]
fn a_stage_name_that_zappa_refuses_is_told_unless_it_has_no_api_gateway() {
    for name in ["pre-prod", "dev.1", "'dev 1'"] {
        let manifest =
            stage("zappa_settings.json", "").replace("    dev:\n", &format!("    {name}:\n"));
        let project = project(&manifest);
        let told = project.expect(0, &["validate", MANIFEST]);
        assert!(told.stderr.contains("Zappa refuses the stage name"), "{}", told.told());
        project.edit(MANIFEST, "      role:", "      apigateway_enabled: false\n      role:");
        let told = project.expect(0, &["validate", MANIFEST]);
        assert!(!told.stderr.contains("Zappa refuses the stage name"), "{}", told.told());
    }
}
