//! An encrypted state and encrypted plans, with the real binary: in a folder and in a bucket.

use std::fs;

use age::secrecy::ExposeSecret;
use age::x25519::Identity;

use crate::support::moto::Moto;
use crate::support::project::Project;

const DEV: &str = "manifests/dev.yaml";
const NAME: &str = "tr-serverless-relay-dev";
const IDENTITY: &str = "RELAYCTL_AGE_IDENTITY";

fn encrypt_for(project: &Project, recipients: &[&Identity]) {
    let recipients: Vec<String> =
        recipients.iter().map(|one| one.to_public().to_string()).collect();
    let said =
        format!("extends: base.yaml\nencryption: {{recipients: [{}]}}\n", recipients.join(", "));
    project.edit(DEV, "extends: base.yaml\n", &said);
}

fn reads_as(project: Project, identity: &Identity) -> Project {
    project.with(IDENTITY, identity.to_string().expose_secret())
}

fn decrypted(project: &Project, file: &str, identity: &Identity) -> String {
    let closed = project.read(file);
    assert!(closed.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n"), "{file}: {closed}");
    String::from_utf8(age::decrypt(identity, closed.as_bytes()).unwrap()).unwrap()
}

#[test]
fn a_state_is_encrypted_with_the_next_save_and_only_who_has_an_identity_goes_on() {
    let identity = Identity::generate();
    let project = Project::sample().in_sandbox();
    project.expect(0, &["apply", DEV, "--yes"]);
    encrypt_for(&project, &[&Identity::generate(), &identity]);
    project.edit(DEV, "stage: dev", "stage: other");
    let state = format!("state/sandbox/{NAME}.json");
    let plan = format!("state/sandbox/{NAME}.plan.json");
    project.expect(2, &["plan", DEV, "--detailed-exitcode"]);
    assert!(decrypted(&project, &plan, &identity).contains("\"relayctl_plan\":1"));

    // Whoever has no identity is told what to do, with the plan as with the state.
    for (given, told) in [
        ("", "is encrypted, and RELAYCTL_AGE_IDENTITY is not set"),
        ("nowhere/key.txt", "cannot be used: there is no file nowhere/key.txt"),
        ("AGE-SECRET-KEY-1TYPO", "cannot be used: line 1 is no identity of age"),
        (
            Identity::generate().to_string().expose_secret(),
            "not for the identity in RELAYCTL_AGE_IDENTITY (age1",
        ),
    ] {
        let other = project.fork().with(IDENTITY, given);
        let refused = other.expect(1, &["apply"]);
        assert!(
            refused.stderr.contains(told) && refused.stderr.contains("help: "),
            "{}",
            refused.stderr
        );
        assert!(!refused.stderr.contains("SECRET-KEY-1TYPO"), "{}", refused.stderr);
    }

    project.write("key.txt", &format!("# a comment\n{}\n", identity.to_string().expose_secret()));
    let project = project.with(IDENTITY, "key.txt");
    assert!(project.expect(0, &["show"]).stdout.contains("will be updated"));
    project.expect(0, &["apply"]);
    for file in [&state, &format!("{state}.backup")] {
        assert!(
            decrypted(&project, file, &identity).contains("\"format\": \"relayctl-state\""),
            "{file}"
        );
    }
    let plan = project.expect(0, &["plan", DEV, "--detailed-exitcode"]);
    assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);
    let unread = project.fork().with(IDENTITY, "").expect(1, &["plan", DEV]);
    assert!(
        unread.stderr.contains(&format!("{NAME}.json cannot be read: it is encrypted")),
        "{}",
        unread.stderr
    );
}

#[test]
fn pull_push_migrate_and_rebuild_work_on_an_encrypted_state() {
    let identity = Identity::generate();
    let project = reads_as(Project::sample().in_sandbox(), &identity);
    encrypt_for(&project, &[&identity]);
    project.expect(0, &["apply", DEV, "--yes"]);
    let state = format!("state/sandbox/{NAME}.json");
    let pulled = project.expect(0, &["state", "pull", DEV]).stdout;
    assert_eq!(pulled, decrypted(&project, &state, &identity));
    assert!(project.expect(0, &["state", "list", DEV]).stdout.contains("access_key.serverless"));

    // What was pulled is pushed, and so is the file as it is.
    project.expect(0, &["state", "rm", DEV, "zappa_settings.dev"]);
    project.write("pulled.json", &pulled);
    project.expect(0, &["state", "push", DEV, "pulled.json", "--force"]);
    fs::copy(project.path(&state), project.path("closed.json")).unwrap();
    assert!(project.expect(0, &["state", "push", DEV, "closed.json"]).stdout.contains("already"));
    assert!(decrypted(&project, &state, &identity).contains("zappa_settings.dev"));

    project.expect(0, &["state", "migrate", DEV, &state, "elsewhere/moved.json"]);
    assert!(decrypted(&project, "elsewhere/moved.json", &identity).contains("zappa_settings.dev"));

    project.expect(0, &["state", "rebuild", DEV]);
    assert!(decrypted(&project, &state, &identity).contains("access_key.serverless"));
    let kept: Vec<String> = fs::read_dir(project.path("state/sandbox"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with("Z.backup"))
        .collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(
        decrypted(&project, &format!("state/sandbox/{}", kept[0]), &identity)
            .contains("zappa_settings.dev")
    );

    // A state that this identity cannot read is not broken: nothing replaces it.
    let other = reads_as(project.fork(), &Identity::generate());
    for refused in
        [&["state", "rebuild", DEV][..], &["state", "push", DEV, "pulled.json", "--force"]]
    {
        assert!(other.expect(1, refused).stderr.contains("but not for the identity"));
    }
    assert_eq!(other.read(&state), project.read(&state));
}

#[test]
fn a_state_in_a_bucket_is_encrypted_before_it_leaves_this_machine() {
    let identity = Identity::generate();
    let moto = Moto::start();
    moto.python(r#"s3.create_bucket(Bucket="states")"#);
    let project = reads_as(Project::sample(), &identity).against(&moto);
    encrypt_for(&project, &[&identity]);
    project.edit(DEV, "extends: base.yaml\n", "extends: base.yaml\nstate: s3://states/relay\n");
    project.expect(0, &["plan", DEV]);
    project.expect(0, &["apply"]);
    project.edit(DEV, "stage: dev", "stage: other");
    project.expect(0, &["apply", DEV, "--yes"]);
    for suffix in ["", ".backup"] {
        let read = format!(
            r#"print(s3.get_object(Bucket="states", Key="relay/{NAME}.json{suffix}")["Body"].read().decode(), end="")"#
        );
        project.write("object", &moto.python(&read));
        assert!(
            decrypted(&project, "object", &identity).contains("access_key.serverless"),
            "{suffix}"
        );
    }
    let plan = project.expect(0, &["plan", DEV, "--detailed-exitcode"]);
    assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);
    let unread = project.with(IDENTITY, "").expect(1, &["plan", DEV]);
    assert!(
        unread.stderr.contains("s3://states/relay") && unread.stderr.contains("is not set"),
        "{}",
        unread.stderr
    );
}

#[test]
fn recipients_that_are_none_are_refused_with_their_places_and_no_secret() {
    let project = Project::sample();
    let identity = Identity::generate();
    let refused = |said: &str| {
        let project = project.fork();
        project.edit(
            DEV,
            "extends: base.yaml\n",
            &format!("extends: base.yaml\nencryption: {said}\n"),
        );
        project.expect(1, &["validate", DEV]).stderr
    };
    assert!(refused("{}").contains("nobody could read it"));
    assert!(refused("{recipients: []}").contains("nobody could read it"));
    let told = refused("{recipients: [age1typo, ssh-ed25519 AAAA]}");
    assert!(
        told.contains("`age1typo` is not an age recipient") && told.contains("SSH keys"),
        "{told}"
    );
    assert!(told.contains("manifests/dev.yaml:"), "{told}");
    let told = refused(&format!("{{recipients: [\"{}\"]}}", identity.to_string().expose_secret()));
    assert!(told.contains("this is an identity, which is secret"), "{told}");
    assert!(!told.contains(identity.to_string().expose_secret()), "it is not printed either");
}
