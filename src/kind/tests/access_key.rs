use serde_json::{Value, json};

use super::{ask, attributes, created, deleted, failure, kind, not_found, observe, present};
use crate::call::iam::{AccessKey, User};
use crate::call::{Failure, FailureKind, FileRead, FileReply, IamRead, IamReply, Observed, Read, Reply};
use crate::value::Tags;

/// A user's keys, and those that the two files hold.
struct World {
    keys: &'static [&'static str],
    profile: Option<&'static str>,
    csv: Option<&'static str>,
}

impl World {
    fn new(keys: &'static [&'static str], profile: Option<&'static str>) -> Self {
        Self { keys, profile, csv: profile }
    }

    fn answer(&self, read: &Read) -> Result<Reply, Failure> {
        let held =
            |id: Option<&str>| id.map_or_else(not_found, |id| Ok(Reply::File(FileReply::KeyId(Some(id.into())))));
        match read {
            Read::Iam(IamRead::GetUser { user }) => Ok(Reply::Iam(IamReply::User(User {
                name: user.clone(),
                tags: Tags::from([("relayctl:manifest".into(), "dev".into())]),
                ..User::default()
            }))),
            Read::Iam(IamRead::ListAttachedUserPolicies { .. }) => Ok(Reply::Iam(IamReply::Attached(Vec::new()))),
            Read::Iam(IamRead::ListUserPolicies { .. }) => Ok(Reply::Iam(IamReply::Names(Vec::new()))),
            Read::Iam(IamRead::ListAccessKeys { .. }) => {
                let key = |id: &&str| AccessKey { id: (*id).into(), ..AccessKey::default() };
                Ok(Reply::Iam(IamReply::AccessKeys(self.keys.iter().map(key).collect())))
            }
            Read::File(FileRead::Credentials { .. }) => held(self.profile),
            Read::File(FileRead::KeyCsv { .. }) => held(self.csv),
            _ => not_found(),
        }
    }

    fn observe(&self, wanted: &Value) -> Observed<super::Seen> {
        observe("access_key", wanted, &|read| self.answer(read))
    }

    fn seen(&self, wanted: &Value) -> super::Seen {
        present("access_key", wanted, &|read| self.answer(read))
    }

    fn must_replace(&self, wanted: &Value) -> Option<String> {
        kind("access_key").must_replace(&self.seen(wanted), &attributes(wanted))
    }

    fn conflict(&self, wanted: &Value) -> Option<String> {
        let wanted = attributes(wanted);
        kind("access_key").conflict(&wanted, &ask(kind("access_key"), &wanted, &|read| self.answer(read)))
    }
}

fn declared(more: &Value) -> Value {
    let mut wanted = attributes(&json!({"user": "serverless", "profile": "serverless", "csv": "key.csv"}));
    wanted.extend(attributes(more));
    json!(wanted)
}

#[test]
fn a_recorded_key_is_ours_and_its_files_are_looked_at() {
    let wanted = declared(&json!({"id": "AKIA1"}));
    let whole = World::new(&["AKIA2", "AKIA1"], Some("AKIA1"));
    let seen = whole.seen(&wanted);
    assert_eq!((seen.id.as_str(), seen.owner.as_deref()), ("AKIA1", Some("dev")));
    assert_eq!(seen.attributes, attributes(&declared(&json!({"age": null, "command": null}))));
    assert_eq!(seen.internals, attributes(&json!({"keys": ["AKIA1", "AKIA2"]})));
    assert_eq!(whole.must_replace(&wanted), None);
    assert_eq!(whole.conflict(&wanted), None);
}

#[test]
fn a_key_whose_secret_is_lost_is_replaced() {
    let wanted = declared(&json!({"id": "AKIA1"}));
    let reason = "profile [serverless] no longer holds this key: its secret cannot be read again";
    let no_profile = World { profile: None, ..World::new(&["AKIA1"], Some("AKIA1")) };
    assert_eq!(no_profile.seen(&wanted).attributes["profile"], Value::Null);
    assert_eq!(no_profile.must_replace(&wanted).as_deref(), Some(reason));
    let no_csv = World { csv: None, ..World::new(&["AKIA1"], Some("AKIA1")) };
    let reason = "key.csv no longer holds this key: its secret cannot be read again";
    assert_eq!(no_csv.must_replace(&wanted).as_deref(), Some(reason));
    assert_eq!(no_csv.must_replace(&json!({"user": "serverless", "profile": "serverless", "id": "AKIA1"})), None);
}

#[test]
fn a_lost_state_is_found_again_in_the_profile() {
    let seen = World::new(&["AKIA1", "AKIA2"], Some("AKIA2")).seen(&declared(&json!({})));
    assert_eq!((seen.id.as_str(), seen.owner.as_deref()), ("AKIA2", Some("dev")));
    assert_eq!(World::new(&["AKIA1"], None).observe(&declared(&json!({}))), Observed::Absent);
    assert_eq!(World::new(&["AKIA1"], Some("AKIA9")).observe(&declared(&json!({}))), Observed::Absent);
}

#[test]
fn a_recorded_key_that_is_gone_is_absent_whatever_the_profile_holds() {
    let wanted = declared(&json!({"id": "AKIA1"}));
    assert_eq!(World::new(&["AKIA2"], Some("AKIA2")).observe(&wanted), Observed::Absent);
    assert_eq!(World::new(&[], Some("AKIA1")).observe(&wanted), Observed::Absent);
    assert_eq!(World::new(&[], Some("AKIA1")).conflict(&wanted), None, "the dead key in the profile is ours");
}

#[test]
fn an_interrupted_run_left_a_key_whose_secret_is_lost() {
    let wanted = declared(&json!({"known": ["AKIA1"]}));
    let world = World::new(&["AKIA1", "AKIA2"], None);
    let seen = world.seen(&wanted);
    assert_eq!(seen.id, "AKIA2");
    assert_eq!(seen.internals["orphan"], json!(true));
    let reason = world.must_replace(&wanted);
    assert_eq!(reason.as_deref(), Some("an earlier run made this key, but its secret was lost"));
    assert_eq!(world.conflict(&wanted), None, "two keys, but one of them will be deleted first");
}

#[test]
fn an_interrupted_run_that_reached_the_files_left_a_good_key() {
    let wanted = declared(&json!({"known": ["AKIA1"]}));
    let world = World::new(&["AKIA1", "AKIA2"], Some("AKIA2"));
    assert_eq!(world.seen(&wanted).internals.get("orphan"), None);
    assert_eq!(world.must_replace(&wanted), None);
    let only_csv = World { profile: None, ..World::new(&["AKIA1", "AKIA2"], Some("AKIA2")) };
    assert_eq!(only_csv.seen(&wanted).id, "AKIA2");
    assert!(only_csv.must_replace(&wanted).is_some_and(|reason| reason.starts_with("profile [serverless]")));
}

#[test]
fn an_interrupted_run_that_made_nothing_left_nothing() {
    let wanted = declared(&json!({"known": ["AKIA1"]}));
    assert_eq!(World::new(&["AKIA1"], None).observe(&wanted), Observed::Absent);
}

#[test]
fn two_keys_that_may_be_an_interrupted_runs_are_nobodys_to_delete() {
    let unknown = World::new(&["AKIA1", "AKIA2"], None).observe(&declared(&json!({"known": []})));
    let Observed::Unknown(failure) = unknown else { panic!("{unknown:?}") };
    assert!(failure.message.contains("AKIA1, AKIA2"), "{failure}");
}

#[test]
fn the_intent_names_the_keys_that_were_there_before() {
    let wanted = attributes(&declared(&json!({})));
    let world = World::new(&["AKIA2", "AKIA1"], None);
    let snapshot = ask(kind("access_key"), &wanted, &|read| world.answer(read));
    let intent = kind("access_key").intent(&wanted, &snapshot);
    assert_eq!(intent, attributes(&declared(&json!({"known": ["AKIA1", "AKIA2"]}))));
}

#[test]
fn somebody_elses_key_in_the_profile_is_a_conflict() {
    let world = World { csv: None, ..World::new(&["AKIA1"], Some("AKIA9")) };
    let reason = "profile [serverless] of the credentials file holds another key (AKIA9): \
                  name another profile, or set replace_profile: true";
    assert_eq!(world.conflict(&declared(&json!({}))).as_deref(), Some(reason));
    assert_eq!(world.conflict(&declared(&json!({"id": "AKIA1"}))).as_deref(), Some(reason));
    assert_eq!(world.conflict(&declared(&json!({"replace_profile": true}))), None);
}

#[test]
fn somebody_elses_key_in_the_csv_is_a_conflict() {
    let world = World { profile: None, ..World::new(&[], Some("AKIA9")) };
    let reason = "key.csv holds another key (AKIA9): name another file, or move this one away";
    assert_eq!(world.conflict(&declared(&json!({"replace_profile": true}))).as_deref(), Some(reason));
}

#[test]
fn a_third_key_is_a_conflict() {
    let reason = "user serverless already has two access keys, AWS's limit: delete one";
    assert_eq!(World::new(&["AKIA1", "AKIA2"], None).conflict(&declared(&json!({}))).as_deref(), Some(reason));
    assert_eq!(World::new(&["AKIA1", "AKIA2"], Some("AKIA1")).conflict(&declared(&json!({}))), None);
}

#[test]
fn files_that_cannot_be_read_make_the_key_unknown() {
    let world = World::new(&["AKIA1"], Some("AKIA1"));
    let refused = || failure(FailureKind::Refused);
    let answer = |read: &Read| match read {
        Read::File(FileRead::Credentials { .. }) => Err(refused()),
        other => world.answer(other),
    };
    assert_eq!(observe("access_key", &declared(&json!({"id": "AKIA1"})), &answer), Observed::Unknown(refused()));
}

#[test]
fn a_key_is_made_and_goes_straight_to_its_files() {
    let expected = [
        "CreateAccessKey { user: serverless }",
        "file StoreKeyCsv { file: Path(key.csv), replaces: Some(AKIA0) }",
        "file StoreCredentials { profile: serverless, replaces: Some(AKIA0), replace_profile: true }",
    ];
    assert_eq!(created("access_key", &declared(&json!({"id": "AKIA0", "replace_profile": true}))), expected);
    let plain = created("access_key", &json!({"user": "serverless", "profile": "p"}));
    assert_eq!(plain[1..], ["file StoreCredentials { profile: p, replaces: None, replace_profile: false }"]);
}

#[test]
fn a_key_goes_first_where_nobody_can_look_so_that_a_file_that_has_it_proves_that_all_have() {
    let age = json!({"file": "key.age", "recipients": ["age1x"]});
    let wanted = declared(&json!({"id": "AKIA0", "age": age, "command": ["vault", "put"]}));
    let expected = [
        "CreateAccessKey { user: serverless }",
        "file RunCommand { command: [vault, put] }",
        "file StoreKeyAge { file: Path(key.age), recipients: [age1x], replaces: Some(AKIA0) }",
        "file StoreKeyCsv { file: Path(key.csv), replaces: Some(AKIA0) }",
        "file StoreCredentials { profile: serverless, replaces: Some(AKIA0), replace_profile: false }",
    ];
    assert_eq!(created("access_key", &wanted), expected);
    // The file that is encrypted is looked at; of the command the state remembers that it was given the key.
    let seen = World::new(&["AKIA0"], Some("AKIA0")).seen(&wanted);
    assert_eq!(
        (seen.attributes.get("age"), seen.attributes.get("command")),
        (Some(&json!(null)), wanted.get("command"))
    );
    let gone = deleted("access_key", &seen, &wanted);
    assert!(gone.contains(&"file RemoveKeyAge { file: Path(key.age), key: AKIA0 }".to_owned()), "{gone:?}");
    assert!(!gone.iter().any(|call| call.contains("RunCommand")), "{gone:?}");
}

#[test]
fn a_key_leaves_the_files_that_were_recorded() {
    let seen = World::new(&["AKIA1"], Some("AKIA1")).seen(&declared(&json!({"id": "AKIA1"})));
    let recorded = json!({"user": "serverless", "profile": "before", "csv": "before.csv"});
    let expected = [
        "DeleteAccessKey { user: serverless, id: AKIA1 }",
        "file RemoveCredentials { profile: before, key: AKIA1 }",
        "file RemoveKeyCsv { file: Path(before.csv), key: AKIA1 }",
    ];
    assert_eq!(deleted("access_key", &seen, &recorded), expected);
    assert_eq!(deleted("access_key", &seen, &json!({"user": "serverless"})).len(), 1);
}

#[test]
fn a_recorded_key_that_is_gone_still_leaves_its_files() {
    let left = |recorded: Value| {
        let writes = kind("access_key").leftovers(&attributes(&recorded));
        writes.iter().map(|write| format!("{} {}", write.action(), write.object())).collect::<Vec<_>>()
    };
    let whole = left(json!({"id": "AKIA1", "user": "serverless", "profile": "before", "csv": "before.csv"}));
    assert_eq!(whole.len(), 2, "{whole:?}");
    assert!(whole[0].starts_with("file:RemoveCredentials") && whole[1].starts_with("file:RemoveKeyCsv"), "{whole:?}");
    // Without an id nothing was made, and a key without files leaves nothing.
    assert_eq!(left(json!({"user": "serverless", "profile": "before", "known": []})), [""; 0]);
    assert_eq!(left(json!({"id": "AKIA1", "user": "serverless"})), [""; 0]);
}
