//! The files of other tools with the real binary, in the sandbox: what the AWS CLI, boto3 and Zappa
//! would read is what counts.

use serde_json::{Value, json};

use crate::support::moto::Moto;
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

/// Files that botocore refuses, and what relayctl says of them.
const UNREADABLE: [(&str, &str); 4] = [
    (
        "[x]\naws_access_key_id = AKIAX\n[x]\naws_secret_access_key = y\n",
        "line 3 begins the section [x]",
    ),
    ("[x]\nregion = a\nRegion = b\n", "line 3 sets region for the second time"),
    ("region = a\n[default]\n", "line 1 stands before the first [section]"),
    ("[x]\ns3 =\n  junk\n", "line 3 is indented below a setting without a value"),
];

#[test]
fn no_key_is_made_for_a_file_that_the_aws_cli_cannot_read() {
    for (text, said) in UNREADABLE {
        no_key_is_made(CREDENTIALS, text, &[CREDENTIALS, said, "cannot read the file; "]);
    }
    let (text, said) = UNREADABLE[0];
    no_key_is_made(CONFIG, text, &[said, "join the two sections"]);
}

#[test]
fn botocore_and_pyyaml_read_what_was_written_and_refuse_what_was_refused() {
    let moto = Moto::start();
    let project = project(&stage("zappa_settings.yml", "      project_name: 'on'\n"));
    project.write(CREDENTIALS, "[other]\nregion = x # y\n");
    project.write(CONFIG, "[profile relay]\nregion = a # here\ns3 =\n  max_queue_size = 9\n");
    project.write("zappa_settings.yml", "base: &b {timeout_seconds: 1:30}\ndev: {<<: *b}\n");
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    for (number, (text, _)) in UNREADABLE.iter().enumerate() {
        project.write(&format!("unreadable/{number}"), text);
    }
    let snippet = format!(
        "import glob, yaml, botocore.configloader as loader, botocore.exceptions as exceptions\n\
         refused = 0\n\
         for file in glob.glob({unreadable:?}):\n\
         \x20   try: loader.raw_config_parse(file)\n\
         \x20   except exceptions.ConfigParseError: refused += 1\n\
         key = loader.raw_config_parse({credentials:?})['relay']\n\
         profile = loader.load_config({config:?})['profiles']['relay']\n\
         stage = yaml.safe_load(open({settings:?}))['dev']\n\
         show({{'refused': refused, 'key': sorted(key), 'profile': profile, 'stage': stage}})\n",
        unreadable = project.path("unreadable/*"),
        credentials = project.path(CREDENTIALS),
        config = project.path(CONFIG),
        settings = project.path(&settings_file(&project, "zappa_settings.yml")),
    );
    let read: Value = serde_json::from_str(&moto.python(&snippet)).unwrap();
    let expected = json!({
        "refused": UNREADABLE.len(),
        "key": ["aws_access_key_id", "aws_secret_access_key"],
        "profile": {"region": "us-east-1", "output": "json", "s3": {"max_queue_size": "9"}},
        "stage": {
            "app_function": "app.app", "aws_region": "us-east-1", "manage_roles": false,
            "profile_name": "relay", "project_name": "on", "role_name": "runner",
            "timeout_seconds": 90,
        },
    });
    assert_eq!(read, expected);
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
    no_key_is_made(
        CONFIG,
        role,
        &["profile relay has role_arn (line 2) in ", "name another profile"],
    );
    let sso = "[profile relay]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = A\n";
    let told = "sso_account_id (line 3), sso_role_name (line 4), sso_session (line 2) in ";
    no_key_is_made(CONFIG, sso, &[told]);
}

#[test]
fn a_key_that_is_no_longer_used_is_told_and_can_be_removed() {
    let project = project(RELAY);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    let config = project.read(CONFIG);
    project.write(CONFIG, &format!("{config}role_arn = arn:aws:iam::123456789012:role/A\n"));
    let plan = project.expect(0, &["plan", MANIFEST]);
    assert!(plan.stdout.contains("profile relay has role_arn (line 4) in "), "{}", plan.stdout);
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
