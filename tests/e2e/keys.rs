//! Keys that grow old, with the real binary: `plan` and `apply` rotate them, `keys list` shows
//! them, `keys rotate` does it now.

use serde_json::{Value, json};

use crate::support::moto::Moto;
use crate::support::project::{Project, Run};

const DEV: &str = "manifests/dev.yaml";
const ACCOUNT: &str = "state/sandbox.json";
const CREDENTIALS: &str = "state/sandbox/home/.aws/credentials";
const PLAN: &[&str] = &["plan", DEV, "--detailed-exitcode"];
const APPLY: &[&str] = &["apply", DEV, "--yes"];

/// Applied in the sandbox; the key is to be rotated after 90 days.
fn applied() -> Project {
    let project = Project::sample().in_sandbox();
    project.edit(DEV, "profile: serverless", "profile: serverless\n      rotate_after: 90d");
    project.expect(0, APPLY);
    project
}

fn account(project: &Project) -> Value {
    serde_json::from_str(&project.read(ACCOUNT)).unwrap()
}

/// It is so much later in the sandbox's account.
fn days_pass(project: &Project, days: i64) {
    let mut account = account(project);
    account["ahead"] = json!(account["ahead"].as_i64().unwrap() + days * 86_400);
    project.write(ACCOUNT, &account.to_string());
}

/// Somebody else does something to the user's keys in the account.
fn others_do(project: &Project, change: impl Fn(&mut serde_json::Map<String, Value>)) {
    let mut account = account(project);
    change(account["users"]["serverless"]["keys"].as_object_mut().unwrap());
    project.write(ACCOUNT, &account.to_string());
}

/// The ids of the keys with this status.
fn keys(project: &Project, status: &str) -> Vec<String> {
    let account = account(project);
    let keys = account["users"]["serverless"]["keys"].as_object().unwrap();
    keys.iter().filter(|(_, key)| key["status"] == status).map(|(id, _)| id.clone()).collect()
}

fn listed(project: &Project) -> Vec<Value> {
    let run = project.expect(0, &["keys", "list", DEV, "--json"]);
    let listed: Value = serde_json::from_str(&run.stdout).unwrap();
    listed["keys"].as_array().unwrap().clone()
}

#[track_caller]
fn says(run: &Run, text: &str) {
    assert!(run.stdout.contains(text), "{text:?} is not in\n{}\n{}", run.stdout, run.stderr);
}

#[test]
fn an_old_key_is_rotated_and_the_one_before_goes_a_week_later() {
    let project = applied();
    let old = keys(&project, "Active").remove(0);
    says(&project.expect(0, PLAN), "No changes");
    days_pass(&project, 97);
    let plan = project.expect(2, PLAN);
    says(
        &plan,
        "access_key.serverless will be updated in place (due: the key is 97 days old, \
            rotate_after is 90d)",
    );
    says(&plan, "sts:GetCallerIdentity");
    says(&plan, "Plan: 0 to add, 1 to change, 0 to destroy.");
    says(&project.expect(0, &["apply"]), "0 added, 1 changed, 0 destroyed");

    assert_eq!(keys(&project, "Inactive"), std::slice::from_ref(&old));
    let new = keys(&project, "Active").remove(0);
    let credentials = project.read(CREDENTIALS);
    assert!(credentials.contains(&new) && !credentials.contains(&old), "{credentials}");
    let waiting = project.expect(0, PLAN);
    says(&waiting, "No changes");
    says(
        &waiting,
        &format!("access_key.serverless: the retired key {old} has been inactive since"),
    );
    assert_eq!(
        waiting.stdout,
        project.expect(0, PLAN).stdout,
        "it does not change while nothing happens"
    );

    days_pass(&project, 6);
    says(&project.expect(0, PLAN), "No changes");
    days_pass(&project, 1);
    says(&project.expect(2, PLAN), "and was not used; retire_after is 7d");
    says(&project.expect(0, APPLY), "1 changed");
    assert_eq!((keys(&project, "Active"), keys(&project, "Inactive")), (vec![new], vec![]));
    let quiet = project.expect(0, PLAN);
    says(&quiet, "No changes");
    assert!(!quiet.stdout.contains("retired"), "{}", quiet.stdout);
}

#[test]
fn keys_are_listed_with_what_becomes_of_them() {
    let project = applied();
    let old = keys(&project, "Active").remove(0);
    let one = listed(&project);
    assert_eq!(
        (one.len(), &one[0]["phase"], &one[0]["last_used"]),
        (1, &json!("current"), &json!("never"))
    );
    let made: jiff::Timestamp = one[0]["created"].as_str().unwrap().parse().unwrap();
    let due: jiff::Timestamp = one[0]["rotation_due"].as_str().unwrap().parse().unwrap();
    assert_eq!(due.duration_since(made).as_hours(), 90 * 24);
    days_pass(&project, 100);
    project.expect(0, APPLY);
    others_do(&project, |keys| {
        keys[&old]["used"] =
            json!({"at": "2026-01-01T00:00:00Z", "service": "s3", "region": "eu-west-1"});
    });
    let two = listed(&project);
    assert_eq!([&two[0]["phase"], &two[1]["phase"]], [&json!("current"), &json!("retired")]);
    assert_eq!(
        [&two[0]["last_used"]["last"]["service"], &two[1]["last_used"]["last"]["service"]],
        [&json!("sts"), &json!("s3")]
    );
    assert_eq!(two[1]["age"], "100 days");
    let table = project.expect(0, &["keys", "list", DEV]);
    says(&table, "USER        KEY                   AGE        STATUS    LAST USED");
    says(
        &table,
        &format!("serverless  {old}  100 days   Inactive  2026-01-01T00:00:00Z (s3, eu-west-1)"),
    );
    says(&table, &format!("access_key.serverless: the retired key {old} has been inactive since"));
}

#[test]
fn a_key_is_rotated_now_when_somebody_asks_for_it() {
    let project = Project::sample().in_sandbox();
    project.expect(0, APPLY);
    let old = keys(&project, "Active").remove(0);
    let unasked = project.expect(1, &["keys", "rotate", DEV]);
    assert!(unasked.stderr.contains("there is no terminal to ask on"), "{}", unasked.stderr);
    let wrong = project.expect(1, &["keys", "rotate", DEV, "serverles", "--yes"]);
    assert!(wrong.stderr.contains("did you mean serverless?"), "{}", wrong.stderr);
    assert_eq!(keys(&project, "Active"), std::slice::from_ref(&old), "nothing has happened");

    let rotated = project.expect(0, &["keys", "rotate", DEV, "serverless", "--yes"]);
    says(&rotated, "due: rotation was requested");
    assert_eq!(keys(&project, "Inactive"), std::slice::from_ref(&old));
    says(&project.expect(0, PLAN), "No changes");
    // Twice in a week is one key too many.
    let again = project.expect(1, &["keys", "rotate", DEV, "--yes"]);
    says(&again, &format!("user serverless still has the retired key {old}, and AWS allows two"));
    days_pass(&project, 7);
    project.expect(0, APPLY);
    assert_eq!(keys(&project, "Inactive"), [""; 0]);
    project.expect(0, &["destroy", DEV, "--yes"]);
}

#[test]
fn somebody_elses_second_key_is_never_touched_and_stands_in_the_way() {
    let project = applied();
    let theirs =
        json!({"status": "Active", "created": "2026-01-01T00:00:00Z", "secret_sha256": ""});
    others_do(&project, |keys| {
        drop(keys.insert("AKIAFOREIGNFOREIGN22".to_owned(), theirs.clone()));
    });
    says(&project.expect(0, PLAN), "No changes");
    days_pass(&project, 97);
    let refused = project.expect(1, PLAN);
    says(
        &refused,
        "the key is 97 days old, rotate_after is 90d; but user serverless has another key, \
            AKIAFOREIGNFOREIGN22",
    );
    project.expect(1, APPLY);
    assert_eq!(keys(&project, "Active").len(), 2);
}

#[test]
fn a_lost_state_deletes_no_key_that_it_does_not_know() {
    let project = applied();
    days_pass(&project, 97);
    project.expect(0, APPLY);
    let old = keys(&project, "Inactive").remove(0);
    std::fs::remove_file(project.path("state/sandbox/tr-serverless-relay-dev.json")).unwrap();
    days_pass(&project, 30);
    let found = project.expect(0, PLAN);
    says(
        &found,
        &format!(
            "access_key.serverless: the user's other key, {old}, is inactive, and it \
                is not known"
        ),
    );
    project.expect(0, APPLY);
    assert_eq!(keys(&project, "Inactive"), [old]);
}

#[test]
fn what_others_do_to_the_two_keys_is_noticed() {
    let project = applied();
    days_pass(&project, 97);
    project.expect(0, APPLY);
    let (old, new) = (keys(&project, "Inactive").remove(0), keys(&project, "Active").remove(0));
    let status = |project: &Project, id: &str, status: &str| {
        others_do(project, |keys| keys[id]["status"] = json!(status));
    };

    let activated = project.fork();
    status(&activated, &old, "Active");
    says(&activated.expect(2, PLAN), &format!("the key {old} was retired, and is active"));

    let deactivated = project.fork();
    status(&deactivated, &new, "Inactive");
    days_pass(&deactivated, 30);
    says(&deactivated.run(PLAN), &format!("the key {new} is inactive: somebody deactivated it"));

    let deleted = project.fork();
    others_do(&deleted, |keys| drop(keys.remove(&new)));
    says(&deleted.expect(2, PLAN), "access_key.serverless will be created");
    deleted.expect(0, APPLY);
    assert_eq!(keys(&deleted, "Inactive"), [old], "what it took the place of is still remembered");
    let entry = deleted.expect(0, &["state", "show", DEV, "access_key.serverless", "--json"]);
    assert!(entry.stdout.contains("retired"), "{}", entry.stdout);
}

#[test]
fn a_key_is_rotated_in_an_account_over_http() {
    let moto = Moto::start();
    let project = Project::sample().against(&moto);
    project.expect(0, APPLY);
    let before = moto.aws(&["iam", "list-access-keys", "--user-name", "serverless"]);
    let old = before["AccessKeyMetadata"][0]["AccessKeyId"].as_str().unwrap().to_owned();

    project.expect(0, &["keys", "rotate", DEV, "--yes"]);
    let after = moto.aws(&["iam", "list-access-keys", "--user-name", "serverless"]);
    let keys = after["AccessKeyMetadata"].as_array().unwrap();
    let status = |id: &str| {
        keys.iter().find(|key| key["AccessKeyId"] == id).map(|key| key["Status"].clone())
    };
    let new = keys
        .iter()
        .map(|key| key["AccessKeyId"].as_str().unwrap())
        .find(|id| *id != old)
        .expect("a second key");
    assert_eq!((status(&old), status(new)), (Some(json!("Inactive")), Some(json!("Active"))));
    // The secret in the profile is the new key's: AWS knows whose requests it signs.
    let mut client = moto.aws_command();
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        client.env_remove(name);
    }
    client
        .env("AWS_SHARED_CREDENTIALS_FILE", project.path("aws/credentials"))
        .env("AWS_CONFIG_FILE", project.path("aws/config"))
        .env("AWS_PROFILE", "serverless");
    let caller = client
        .args(["sts", "get-caller-identity", "--query", "Arn", "--output", "text"])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&caller.stdout).trim(),
        "arn:aws:iam::123456789012:user/serverless"
    );
    says(&project.expect(0, PLAN), "No changes");
    let listed = project.expect(0, &["keys", "list", DEV]);
    says(&listed, &old);
    project.expect(0, &["destroy", DEV, "--yes"]);
}
