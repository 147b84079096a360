//! Keys whose sinks change, and keys that take each other's places, with the real binary.

use std::collections::BTreeMap;
use std::fs;

use age::x25519::Identity;
use serde_json::{Value, json};

use crate::support::project::{Project, Run};

const TEAM: &str = "manifests/team.yaml";
const STATE: &str = "state/sandbox/team.json";
const ACCOUNT: &str = "state/sandbox.json";
const CREDENTIALS: &str = "state/sandbox/home/.aws/credentials";
const PLAN: &[&str] = &["plan", TEAM, "--detailed-exitcode"];
const APPLY: &[&str] = &["apply", TEAM, "--yes"];

/// A project whose users have these keys, each as YAML: `bob: {profile: a}`.
fn project(users: &[(&str, &str)]) -> Project {
    let project = Project::empty().in_sandbox();
    declare(&project, users);
    project.expect(0, APPLY);
    project
}

fn declare(project: &Project, users: &[(&str, &str)]) {
    let users: String = users
        .iter()
        .map(|(name, key)| match *key {
            "" => format!("  {name}: {{}}\n"),
            key => format!("  {name}: {{access_key: {key}}}\n"),
        })
        .collect();
    let head = "version: 1\nname: team\naccount: \"123456789012\"\nregion: us-east-1\n";
    project.write(TEAM, &format!("{head}users:\n{users}"));
}

/// The keys of a user by their status, in order of their ids.
fn keys(project: &Project, user: &str, status: &str) -> Vec<String> {
    let account: Value = serde_json::from_str(&project.read(ACCOUNT)).unwrap();
    let keys = account["users"][user]["keys"].as_object().into_iter().flatten();
    keys.filter(|(_, key)| key["status"] == status).map(|(id, _)| id.clone()).collect()
}

/// The id and the secret in each profile of the credentials file.
fn profiles(project: &Project) -> BTreeMap<String, (String, String)> {
    let text = fs::read_to_string(project.path(CREDENTIALS)).unwrap_or_default();
    let sections = text.split('[').skip(1);
    let section = |section: &str| {
        let (name, rest) = section.split_once(']').unwrap();
        let value = |key: &str| {
            let line = rest.lines().find(|line| line.starts_with(key)).unwrap_or_default();
            line.split_once(" = ").unwrap_or_default().1.to_owned()
        };
        (name.to_owned(), (value("aws_access_key_id"), value("aws_secret_access_key")))
    };
    sections.map(section).collect()
}

/// The path of a file beside the manifest, as the sandbox keeps it.
fn beside(project: &Project, name: &str) -> String {
    let real = fs::canonicalize(project.path("manifests")).unwrap();
    format!("state/sandbox/files{}/{name}", real.display())
}

/// The key in an encrypted file.
fn decrypted(project: &Project, name: &str, identity: &Identity) -> Value {
    let closed = project.read(&beside(project, name));
    serde_json::from_slice(&age::decrypt(identity, closed.as_bytes()).unwrap()).unwrap()
}

#[track_caller]
fn says(run: &Run, text: &str) {
    assert!(run.stdout.contains(text), "{text:?} is not in\n{}", run.told());
}

#[track_caller]
fn no_changes(project: &Project) {
    says(&project.expect(0, PLAN), "No changes");
    let state = project.read(STATE);
    for left in ["former", "relayctl-moving", "intended"] {
        assert!(!state.contains(left), "{left}: {state}");
    }
    let left = fs::read_to_string(project.path(CREDENTIALS)).unwrap_or_default();
    assert!(!left.contains("relayctl-moving"), "a key is left aside");
}

/// Plans the move, applies it, and makes sure that AWS was not called.
#[track_caller]
fn moves(project: &Project, reason: &str) {
    let before = keys(project, "bob", "Active");
    let plan = project.expect(2, PLAN);
    says(&plan, &format!("access_key.bob will be updated in place ({reason})"));
    assert!(!plan.stdout.contains("  iam:"), "{}", plan.stdout);
    project.expect(0, APPLY);
    assert_eq!(keys(project, "bob", "Active"), before, "the key stays");
    no_changes(project);
}

#[test]
fn another_profile_gets_the_key_without_a_call_to_aws() {
    let project = project(&[("bob", "{profile: a}")]).with("RUST_LOG", "trace");
    let before = profiles(&project)["a"].clone();
    declare(&project, &[("bob", "{profile: b}")]);
    let plan = project.expect(2, PLAN);
    says(&plan, "the secret moves from profile [a] to profile [b]");
    says(&plan, "file:ReadSecret");
    let saved = project.expect(0, &["plan", TEAM, "--out", "saved.plan.json"]);
    let applied = project.expect(0, &["apply", "saved.plan.json"]);
    assert_eq!(profiles(&project), BTreeMap::from([("b".to_owned(), before.clone())]));
    no_changes(&project);
    let files = [STATE, &format!("{STATE}.backup"), "saved.plan.json", ACCOUNT];
    let files = files.map(|file| fs::read_to_string(project.path(file)).unwrap_or_default());
    for text in files.iter().chain([&plan.told(), &saved.told(), &applied.told()]) {
        assert!(!text.contains(&before.1), "the secret is in {text}");
    }
}

#[test]
fn another_csv_a_further_sink_and_one_sink_less_move_the_secret() {
    let project = project(&[("bob", "{csv: a.csv}")]);
    let content = |name: &str| fs::read_to_string(project.path(&beside(&project, name))).ok();
    let before = content("a.csv").expect("a key");
    declare(&project, &[("bob", "{csv: keys/b.csv}")]);
    moves(&project, "the secret moves from a.csv to keys/b.csv");
    assert_eq!((content("keys/b.csv"), content("a.csv")), (Some(before.clone()), None));

    declare(&project, &[("bob", "{csv: keys/b.csv, profile: p}")]);
    moves(&project, "the secret is copied from keys/b.csv to profile [p]");
    assert!(before.contains(&profiles(&project)["p"].1));

    declare(&project, &[("bob", "{profile: p}")]);
    moves(&project, "the secret is removed from keys/b.csv");
    assert_eq!(content("keys/b.csv"), None);

    let identity = Identity::generate();
    let age = format!("{{file: bob.age, recipients: [{}]}}", identity.to_public());
    let both = format!("{{profile: p, age: {age}, command: [vault, put]}}");
    declare(&project, &[("bob", &both)]);
    moves(&project, "the secret is copied from profile [p] to bob.age and `vault put`");
    let key = decrypted(&project, "bob.age", &identity);
    assert_eq!(key["SecretAccessKey"], json!(profiles(&project)["p"].1));
    let sent: Value =
        serde_json::from_str(&project.read("state/sandbox/commands/bob.json")).unwrap();
    assert_eq!(sent["input"], key);
}

/// Applies a rotation: the old key is deactivated, and the new one is in use.
#[track_caller]
fn rotates(project: &Project, reason: &str) {
    let before = keys(project, "bob", "Active");
    let plan = project.expect(2, PLAN);
    says(&plan, &format!("access_key.bob will be updated in place (due: {reason})"));
    project.expect(0, APPLY);
    let (active, inactive) = (keys(project, "bob", "Active"), keys(project, "bob", "Inactive"));
    assert_eq!((active.len(), &inactive), (1, &before), "new before old, and the old one is kept");
    no_changes(project);
    // The next rotation needs the place.
    let mut account: Value = serde_json::from_str(&project.read(ACCOUNT)).unwrap();
    account["ahead"] = json!(account["ahead"].as_i64().unwrap() + 8 * 86_400);
    project.write(ACCOUNT, &account.to_string());
    project.expect(0, APPLY);
    assert_eq!(keys(project, "bob", "Inactive"), Vec::<String>::new());
    no_changes(project);
}

#[test]
fn an_encrypted_file_or_a_command_that_changes_takes_a_new_key_before_the_old_one_goes() {
    let [ada, eve] = [(); 2].map(|()| Identity::generate().to_public().to_string());
    let age = |file: &str, to: &str| format!("age: {{file: {file}, recipients: [{to}]}}");
    let project = project(&[("bob", &format!("{{{}}}", age("a.age", &ada)))]);
    declare(&project, &[("bob", &format!("{{{}}}", age("b.age", &ada)))]);
    rotates(
        &project,
        "b.age does not hold this key, and its secret cannot be read from another file",
    );
    assert!(!project.path(&beside(&project, "a.age")).exists(), "no dead copy is left");
    declare(&project, &[("bob", &format!("{{profile: p, {}}}", age("b.age", &eve)))]);
    rotates(&project, "b.age is to be encrypted for other recipients");
    let command =
        |words: &str| format!("{{profile: p, {}, command: [vault, {words}]}}", age("b.age", &eve));
    declare(&project, &[("bob", &command("put"))]);
    moves(&project, "the secret is copied from profile [p] to `vault put`");
    declare(&project, &[("bob", &command("store"))]);
    rotates(&project, "the command `vault put` was given this key, and keeps it");
    let sent = project.read("state/sandbox/commands/bob.json");
    assert!(sent.contains("store") && sent.contains(&keys(&project, "bob", "Active")[0]), "{sent}");
}

#[test]
fn a_lost_secret_takes_a_rotation_and_two_keys_are_told_before_any_goes() {
    let project = project(&[("bob", "{profile: p}")]);
    project.write(CREDENTIALS, "");
    let crowded = project.fork();
    rotates(
        &project,
        "profile [p] does not hold this key, and its secret cannot be read from another file",
    );

    let mut account: Value = serde_json::from_str(&crowded.read(ACCOUNT)).unwrap();
    let all = account["users"]["bob"]["keys"].as_object_mut().unwrap();
    let theirs = all.values().next().unwrap().clone();
    all.insert("AKIATHEIRSTHEIRS2222".to_owned(), theirs);
    crowded.write(ACCOUNT, &account.to_string());
    let refused = crowded.expect(1, APPLY);
    says(&refused, "user bob has another key, AKIATHEIRSTHEIRS2222, which is not relayctl's");
    assert_eq!(keys(&crowded, "bob", "Active").len(), 2, "no key was deleted");
}

#[test]
fn a_renamed_user_keeps_the_profile_the_csv_and_the_encrypted_file_in_one_run() {
    let identity = Identity::generate();
    let recipient = identity.to_public();
    let key =
        format!("{{profile: p, csv: p.csv, age: {{file: p.age, recipients: [{recipient}]}}}}");
    let project = project(&[("bob", &key)]);
    let old = profiles(&project)["p"].clone();
    declare(&project, &[("robert", &key)]);
    let plan = project.expect(2, PLAN);
    says(&plan, "access_key.robert will be created");
    let denied = project.fork();
    project.expect(0, APPLY);
    let new = keys(&project, "robert", "Active");
    assert_eq!((new.len(), keys(&project, "bob", "Active").len()), (1, 0));
    let held = &profiles(&project)["p"];
    assert!(held.0 == new[0] && held.1 != old.1, "{held:?}");
    let csv = project.read(&beside(&project, "p.csv"));
    assert!(csv.contains(&new[0]) && !csv.contains(&old.0), "{csv}");
    assert_eq!(decrypted(&project, "p.age", &identity)["AccessKeyId"], json!(new[0]));
    no_changes(&project);

    // Without the permission to make the new key, the old one stays where it is.
    let statement =
        |effect: &str, action: &str| json!({"Effect": effect, "Action": action, "Resource": "*"});
    let policy = json!({"Version": "2012-10-17", "Statement":
        [statement("Allow", "*"), statement("Deny", "iam:CreateAccessKey")]});
    denied.write("policy.json", &policy.to_string());
    denied.expect(1, &[&["--sandbox-enforce", "policy.json"], APPLY].concat());
    assert_eq!(keys(&denied, "bob", "Active"), [old.0.as_str()]);
    assert_eq!(profiles(&denied)["p"], old);
    denied.expect(0, APPLY);
    assert_eq!(profiles(&denied)["p"].0, keys(&denied, "robert", "Active")[0]);
    no_changes(&denied);
}

#[test]
fn a_successor_that_is_refused_leaves_the_old_key_in_place() {
    let project = project(&[("bob", "{profile: p}")]);
    let old = profiles(&project);
    let mut account: Value = serde_json::from_str(&project.read(ACCOUNT)).unwrap();
    let mut theirs = account["users"]["bob"].clone();
    (theirs["name"], theirs["tags"], theirs["keys"]) = (json!("robert"), json!({}), json!({}));
    account["users"]["robert"] = theirs;
    project.write(ACCOUNT, &account.to_string());
    declare(&project, &[("robert", "{profile: p}")]);
    project.expect(1, APPLY);
    assert_eq!(profiles(&project), old);
    assert_eq!(keys(&project, "bob", "Active").len(), 1);
}

#[test]
fn two_users_swap_their_profiles_or_their_files_in_one_run() {
    let project = project(&[("ada", "{profile: a}"), ("bob", "{profile: b}")]);
    let before = profiles(&project);
    declare(&project, &[("ada", "{profile: b}"), ("bob", "{profile: a}")]);
    let plan = project.expect(2, PLAN);
    says(&plan, "the secret moves from profile [a] to profile [b]");
    says(&plan, "the secret moves from profile [b] to profile [a]");
    says(&plan, "all to local files");
    let targeted = project.fork();
    let target: &[&str] = &["apply", TEAM, "--yes", "--target", "access_key.ada"];
    for (project, arguments) in [(&project, APPLY), (&targeted, target)] {
        project.expect(0, arguments);
        let after = profiles(project);
        assert_eq!((&after["a"], &after["b"]), (&before["b"], &before["a"]));
        project.expect(0, APPLY);
        no_changes(project);
    }

    declare(&project, &[("ada", "{profile: b, csv: x.csv}"), ("bob", "{csv: y.csv}")]);
    project.expect(0, APPLY);
    declare(&project, &[("ada", "{csv: y.csv}"), ("bob", "{csv: x.csv}")]);
    project.expect(0, APPLY);
    for (file, user) in [("x.csv", "bob"), ("y.csv", "ada")] {
        let text = project.read(&beside(&project, file));
        assert!(text.contains(&keys(&project, user, "Active")[0]), "{file}: {text}");
    }
    no_changes(&project);
}

#[test]
fn two_users_swap_their_encrypted_files_with_new_keys() {
    let identity = Identity::generate();
    let recipient = identity.to_public();
    let age = |file: &str| format!("{{age: {{file: {file}, recipients: [{recipient}]}}}}");
    let project = project(&[("ada", &age("a.age")), ("bob", &age("b.age"))]);
    declare(&project, &[("ada", &age("b.age")), ("bob", &age("a.age"))]);
    project.expect(0, APPLY);
    for (file, user) in [("a.age", "bob"), ("b.age", "ada")] {
        let held = &decrypted(&project, file, &identity)["AccessKeyId"];
        assert_eq!(*held, json!(keys(&project, user, "Active")[0]), "{file}");
        assert_eq!(keys(&project, user, "Inactive").len(), 1);
    }
    no_changes(&project);
}

#[test]
fn a_profile_that_its_user_leaves_goes_to_another_one_that_overwrites_it() {
    let project = project(&[("ada", "{profile: a}"), ("bob", "{profile: b}")]);
    let before = profiles(&project);
    let replacing = "{profile: b, replace_profile: true}";
    declare(&project, &[("ada", replacing), ("bob", "{profile: c}")]);
    project.expect(0, APPLY);
    let after = profiles(&project);
    assert_eq!((&after["b"], &after["c"], after.len()), (&before["a"], &before["b"], 2));
    no_changes(&project);
}

#[test]
fn a_user_that_is_adopted_gets_no_second_key_unasked() {
    let project = project(&[("bob", "{profile: p}")]);
    let key = profiles(&project)["p"].clone();
    fs::remove_file(project.path(STATE)).unwrap();
    project.write(CREDENTIALS, "");
    let plan = project.expect(1, PLAN);
    let told = format!(
        "user bob has the access key {}, which relayctl does not manage, and no second key is made \
            unasked: to use it, put its id and secret into profile [p]; for a new key, run \
            `relayctl keys rotate`",
        key.0
    );
    says(&plan, &told);
    says(&plan, "access_key.bob is refused");

    let taken = project.fork();
    let section = "[p]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n";
    taken.write(CREDENTIALS, &section.replace("ID", &key.0).replace("SECRET", &key.1));
    taken.expect(0, APPLY);
    assert_eq!(keys(&taken, "bob", "Active"), [key.0.as_str()]);
    no_changes(&taken);

    project.run(APPLY);
    project.expect(0, &["keys", "rotate", TEAM, "bob", "--yes"]);
    let held = profiles(&project)["p"].0.clone();
    assert!(held != key.0 && keys(&project, "bob", "Active").contains(&held));
    assert_eq!(keys(&project, "bob", "Active").len(), 2, "the other key is somebody's: it stays");
    no_changes(&project);
}

#[test]
fn a_key_that_is_declared_for_a_known_user_is_made_beside_somebody_elses() {
    let project = project(&[("bob", ""), ("eve", "{profile: e}")]);
    let mut account: Value = serde_json::from_str(&project.read(ACCOUNT)).unwrap();
    let theirs = account["users"]["eve"]["keys"].as_object().unwrap().values().next().cloned();
    account["users"]["bob"]["keys"]["AKIATHEIRSTHEIRS2222"] = theirs.unwrap();
    project.write(ACCOUNT, &account.to_string());
    declare(&project, &[("bob", "{profile: p}"), ("eve", "{profile: e}")]);
    let plan = project.expect(2, PLAN);
    says(
        &plan,
        "user bob has the access key AKIATHEIRSTHEIRS2222 already: not managed, left alone",
    );
    project.expect(0, APPLY);
    assert_eq!(keys(&project, "bob", "Active").len(), 2);
    no_changes(&project);
}
