//! A key's further sinks with the real binary: a file that is encrypted with age, and a command.

use std::fs;

use age::x25519::Identity;
use serde_json::{Value, json};

use crate::support::moto::Moto;
use crate::support::project::Project;

const DEV: &str = "manifests/dev.yaml";
const NAME: &str = "tr-serverless-relay-dev";

fn on_moto() -> (Moto, Project) {
    let moto = Moto::start();
    let project = Project::sample().against(&moto);
    (moto, project)
}

/// More sinks beside the profile. Words of a command that are YAML to a reader are quoted.
fn declare(project: &Project, sinks: &str) {
    project.edit(DEV, "profile: serverless\n", &format!("profile: serverless\n{sinks}"));
}

fn age_sink(recipients: &[&Identity]) -> String {
    let recipients: Vec<String> =
        recipients.iter().map(|one| one.to_public().to_string()).collect();
    format!(
        "      age: {{file: ../keys/serverless.age, recipients: [{}]}}\n",
        recipients.join(", ")
    )
}

fn command(script: &str) -> String {
    format!("      command: [sh, -c, {}]\n", json!(script))
}

fn decrypted(project: &Project, identity: &Identity) -> Value {
    let closed = project.read("keys/serverless.age");
    serde_json::from_slice(&age::decrypt(identity, closed.as_bytes()).unwrap()).unwrap()
}

fn keys(moto: &Moto) -> Vec<String> {
    let keys = moto.aws(&["iam", "list-access-keys", "--user-name", "serverless"]);
    let keys = keys["AccessKeyMetadata"].as_array().unwrap();
    keys.iter().map(|key| key["AccessKeyId"].as_str().unwrap().to_owned()).collect()
}

/// Deletes the retired key, which nobody needs.
fn delete_retired(moto: &Moto) {
    let listed = moto.aws(&["iam", "list-access-keys", "--user-name", "serverless"]);
    for key in listed["AccessKeyMetadata"].as_array().unwrap() {
        if key["Status"] == "Inactive" {
            let id = key["AccessKeyId"].as_str().unwrap();
            let delete = ["iam", "delete-access-key", "--user-name", "serverless"];
            let done = moto.aws_command().args(delete).args(["--access-key-id", id]).status();
            assert!(done.unwrap().success());
        }
    }
}

#[track_caller]
fn no_changes(project: &Project) {
    let plan = project.expect(0, &["plan", DEV, "--detailed-exitcode"]);
    assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);
}

#[test]
fn a_key_goes_encrypted_into_a_file_and_as_json_to_a_command_and_works_from_both() {
    let (moto, project) = on_moto();
    let [ada, bob] = [(); 2].map(|()| Identity::generate());
    declare(&project, &(age_sink(&[&ada, &bob]) + &command("cat > sent.json")));
    let plan = project.expect(2, &["plan", DEV, "--detailed-exitcode", "-v"]);
    for shown in [
        "+ command = [",
        "\"cat > sent.json\"",
        "command:Run sh -c 'cat > sent.json'",
        "file:WriteKeyAge",
    ] {
        assert!(plan.stdout.contains(shown), "{shown}:\n{}", plan.stdout);
    }
    assert!(plan.stdout.contains("and 1 to a command"), "{}", plan.stdout);
    project.expect(0, &["apply"]);

    let sent: Value = serde_json::from_str(&project.read("manifests/sent.json")).unwrap();
    assert_eq!(sent["UserName"], "serverless");
    assert_eq!(keys(&moto), [sent["AccessKeyId"].as_str().unwrap()]);
    assert_eq!(
        (decrypted(&project, &ada), decrypted(&project, &bob)),
        (sent.clone(), sent.clone())
    );
    let secret = sent["SecretAccessKey"].as_str().unwrap();
    assert!(project.read("aws/credentials").contains(secret));
    for file in [format!("state/{NAME}.json"), "keys/serverless.age".to_owned()] {
        assert!(!project.read(&file).contains(secret), "{file}");
    }
    no_changes(&project);

    // What is encrypted is what the AWS CLI wants of a credential_process.
    project.write(
        "process",
        &format!(
            "[default]\ncredential_process = cat {}\n",
            project.path("manifests/sent.json").display()
        ),
    );
    let output = moto
        .aws_command()
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("AWS_CONFIG_FILE", project.path("process"))
        .args(["sts", "get-caller-identity", "--output", "json"])
        .output()
        .unwrap();
    let caller: Value = serde_json::from_slice(&output.stdout).expect("a caller");
    assert_eq!(caller["Arn"], "arn:aws:iam::123456789012:user/serverless");

    // Other recipients, or another command, take another key: who has this one keeps it.
    let carol = Identity::generate();
    project.edit(DEV, &bob.to_public().to_string(), &carol.to_public().to_string());
    let plan = project.expect(2, &["plan", DEV, "--detailed-exitcode"]);
    assert!(plan.stdout.contains("to be encrypted for other recipients"), "{}", plan.stdout);
    project.expect(0, &["apply"]);
    delete_retired(&moto);
    assert_eq!(keys(&moto), [decrypted(&project, &carol)["AccessKeyId"].as_str().unwrap()]);
    project.edit(DEV, "cat > sent.json", "cat > again.json");
    project.expect(0, &["apply", DEV, "--yes"]);
    delete_retired(&moto);
    assert!(keys(&moto).iter().all(|key| project.read("manifests/again.json").contains(key)));
    no_changes(&project);

    // A file that is lost gets the key from the profile; and it goes with the key.
    let before = keys(&moto);
    fs::remove_file(project.path("keys/serverless.age")).unwrap();
    let plan = project.expect(2, &["plan", DEV, "--detailed-exitcode"]);
    let copied = "the secret is copied from profile [serverless] to ../keys/serverless.age";
    assert!(plan.stdout.contains(copied), "{}", plan.stdout);
    project.expect(0, &["apply"]);
    assert_eq!(keys(&moto), before);
    assert_eq!(json!(before[0]), decrypted(&project, &carol)["AccessKeyId"]);
    no_changes(&project);
    project.expect(0, &["destroy", DEV, "--yes"]);
    assert!(!project.path("keys/serverless.age").exists());
}

/// The one key in use, which all sinks hold.
fn everywhere(moto: &Moto, project: &Project, identity: &Identity) -> String {
    let listed = moto.aws(&["iam", "list-access-keys", "--user-name", "serverless"]);
    let listed = listed["AccessKeyMetadata"].as_array().unwrap().iter();
    let active: Vec<&Value> = listed.filter(|key| key["Status"] == "Active").collect();
    assert_eq!(active.len(), 1, "{active:?}");
    let sent: Value = serde_json::from_str(&project.read("manifests/sent.json")).unwrap();
    assert_eq!(sent["AccessKeyId"], active[0]["AccessKeyId"]);
    assert_eq!(decrypted(project, identity), sent);
    assert!(project.read("aws/credentials").contains(sent["SecretAccessKey"].as_str().unwrap()));
    sent["AccessKeyId"].as_str().unwrap().to_owned()
}

#[test]
fn a_rotation_reaches_every_sink_and_one_that_a_sink_refused_goes_on_later() {
    let (moto, project) = on_moto();
    let identity = Identity::generate();
    declare(&project, &(age_sink(&[&identity]) + &command("test ! -e sealed && cat > sent.json")));
    project.expect(0, &["apply", DEV, "--yes"]);
    let first = everywhere(&moto, &project, &identity);

    project.write("manifests/sealed", "");
    let refused = project.expect(1, &["keys", "rotate", DEV, "--yes"]);
    assert!(refused.stdout.contains("was deleted again"), "{}", refused.told());
    assert_eq!(everywhere(&moto, &project, &identity), first, "nothing was rotated");
    assert_eq!(keys(&moto), [first.as_str()]);

    fs::remove_file(project.path("manifests/sealed")).unwrap();
    // The command may have passed something on, so its key is written once more.
    project.expect(0, &["apply", DEV, "--yes"]);
    let second = everywhere(&moto, &project, &identity);
    assert_ne!(second, first);
    assert_eq!(keys(&moto).len(), 2, "the first one is inactive");
    no_changes(&project);
    let (listed, secret) =
        (project.expect(0, &["keys", "list", DEV]), decrypted(&project, &identity));
    assert!(listed.stdout.contains("retired"), "{}", listed.told());
    let secret = secret["SecretAccessKey"].as_str().unwrap();
    for told in [refused.told(), listed.told(), project.read(&format!("state/{NAME}.json"))] {
        assert!(!told.contains(secret), "{told}");
    }
}

#[test]
fn a_command_that_fails_takes_the_key_with_it_and_is_quoted_without_the_secret() {
    let (moto, project) = on_moto();
    let identity = Identity::generate();
    declare(
        &project,
        &(age_sink(&[&identity])
            + &command("tee kept.json >&2; echo the vault is sealed >&2; exit 4")),
    );
    project.expect(0, &["plan", DEV]);
    let apply = project.expect(1, &["apply"]);
    let told = format!("{}{}", apply.stdout, apply.stderr);
    assert!(told.contains("exit status: 4") && told.contains("the vault is sealed"), "{told}");
    assert!(told.contains("was deleted again"), "{told}");
    let kept: Value = serde_json::from_str(&project.read("manifests/kept.json")).unwrap();
    assert!(!told.contains(kept["SecretAccessKey"].as_str().unwrap()), "{told}");
    assert_eq!(keys(&moto), Vec::<String>::new());
    assert!(
        !project.path("keys/serverless.age").exists() && !project.path("aws/credentials").exists()
    );

    project.edit(DEV, "exit 4", "exit 0");
    project.expect(0, &["apply", DEV, "--yes"]);
    assert_eq!(keys(&moto).len(), 1);
    no_changes(&project);
}

#[test]
fn a_run_that_is_killed_by_its_command_is_finished_by_the_next_one_with_another_key() {
    let (moto, project) = on_moto();
    let script = "cat > sent.json; test -e once || { touch once; kill -9 $PPID; }";
    declare(&project, &command(script));
    project.expect(-1, &["apply", DEV, "--yes"]);
    let first = keys(&moto);
    assert_eq!(first.len(), 1);
    assert!(project.read("manifests/sent.json").contains(&first[0]));
    let plan = project.expect(0, &["plan", DEV]);
    assert!(
        plan.stdout.contains("an earlier run made this key, but its secret was lost"),
        "{}",
        plan.stdout
    );
    project.expect(0, &["apply"]);
    let second = keys(&moto);
    assert_eq!(second.len(), 1);
    assert_ne!(second, first);
    for sink in ["manifests/sent.json", "aws/credentials"] {
        assert!(project.read(sink).contains(&second[0]), "{sink}");
    }
    no_changes(&project);
}

#[test]
fn in_the_sandbox_no_command_runs_and_what_it_would_get_is_written_there() {
    let project = Project::sample().in_sandbox();
    let identity = Identity::generate();
    declare(&project, &(age_sink(&[&identity]) + &command("touch ran")));
    project.expect(0, &["apply", DEV, "--yes"]);
    assert!(!project.path("manifests/ran").exists() && !project.path("keys").exists());
    let noted: Value =
        serde_json::from_str(&project.read("state/sandbox/commands/serverless.json")).unwrap();
    assert_eq!(noted["command"], json!(["sh", "-c", "touch ran"]));
    let id = noted["input"]["AccessKeyId"].as_str().unwrap();
    assert!(project.read("state/sandbox/home/.aws/credentials").contains(id));
    no_changes(&project);

    // With the state lost, the profile and the file tell which key it is, and the command is taken
    // on trust.
    fs::remove_file(project.path(&format!("state/sandbox/{NAME}.json"))).unwrap();
    no_changes(&project);

    // A sink that is new gets a copy.
    project.expect(0, &["apply", DEV, "--yes"]);
    for (from, to) in
        [("", "      csv: ../keys/serverless.csv\n"), ("      csv: ../keys/serverless.csv\n", "")]
    {
        project.edit(
            DEV,
            &format!("profile: serverless\n{from}"),
            &format!("profile: serverless\n{to}"),
        );
        project.expect(0, &["apply", DEV, "--yes"]);
        no_changes(&project);
    }
    project.edit(DEV, &command("touch ran"), "");
    let plan = project.expect(2, &["plan", DEV, "--detailed-exitcode"]);
    assert!(plan.stdout.contains("was given this key, and keeps it"), "{}", plan.stdout);
    project.expect(0, &["apply"]);
    declare(&project, &command("touch ran"));
    let plan = project.expect(2, &["plan", DEV, "--detailed-exitcode"]);
    let copied = "the secret is copied from profile [serverless] to `sh -c 'touch ran'`";
    assert!(plan.stdout.contains(copied), "{}", plan.stdout);
}

#[test]
fn somebody_elses_file_is_never_overwritten() {
    let project = Project::sample().in_sandbox();
    declare(&project, &age_sink(&[&Identity::generate()]));
    let theirs = age::encrypt_and_armor(&Identity::generate().to_public(), b"theirs").unwrap();
    project.write("keys/serverless.age", &theirs);
    let refused = project.expect(1, &["apply", DEV, "--yes"]);
    let told = format!("{}{}", refused.stdout, refused.stderr);
    assert!(told.contains("is no key that relayctl encrypted: move it away"), "{told}");
    assert_eq!(project.read("keys/serverless.age"), theirs);
}
