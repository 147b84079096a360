//! Keys whose sinks change.

use serde_json::{Value, json};

use super::access_key::{World, declared, why};
use super::{LiveObject, attributes, deleted, failure, kind, not_found, present, updated};
use crate::call::{Failure, FailureKind, FileRead, FileReply, LocalFile, Read, Reply};
use crate::kind::{Maintenance, TAKES};
use crate::value::Attributes;

/// A user's one key, AKIA1, and the files that hold it or another key.
struct Files(&'static [(&'static str, &'static str)]);

impl Files {
    fn answer(&self, read: &Read) -> Result<Reply, Failure> {
        let name = match read {
            Read::File(FileRead::Credentials { profile }) => profile,
            Read::File(
                FileRead::KeyCsv { file: LocalFile::Path(path) }
                | FileRead::KeyAge { file: LocalFile::Path(path) },
            ) => path,
            other => return World::new(&["AKIA1"], None).answer(other),
        };
        let held = self.0.iter().find(|(at, _)| at == name);
        held.map_or_else(not_found, |(_, id)| {
            Ok(Reply::File(FileReply::KeyId(Some((*id).to_owned()))))
        })
    }

    /// Returns the key as a plan sees it whose manifest declares `declared`.
    fn seen(&self, declared: &Value, recorded: &Value) -> LiveObject {
        present("access_key", &subject(declared, recorded), &|read| self.answer(read))
    }

    /// Returns the reason and the calls of the plan.
    fn plan(&self, declared: &Value, recorded: &Value) -> (Option<Maintenance>, Vec<String>) {
        let seen = self.seen(declared, recorded);
        let calls = match seen.upkeep {
            Some(Maintenance::Renew(_)) => {
                super::calls(&kind("access_key").renew(&seen, &wanted(declared)))
            }
            _ => updated("access_key", &seen, &json!(wanted(declared)), &[]),
        };
        (seen.upkeep, calls)
    }
}

fn wanted(declared: &Value) -> Attributes {
    attributes(declared).completed_by(&attributes(&json!({"user": "bob"})))
}

fn known(recorded: &Value) -> Attributes {
    wanted(recorded).completed_by(&attributes(&json!({"id": "AKIA1"})))
}

fn subject(declared: &Value, recorded: &Value) -> Value {
    let (wanted, known) = (wanted(declared), known(recorded));
    let earlier = kind("access_key").earlier_places(&wanted, &known);
    json!(earlier.completed_by(&wanted).completed_by(&known))
}

fn moved(why: &str) -> Maintenance {
    Maintenance::Move(why.to_owned())
}

fn rotated(why: &str) -> Maintenance {
    Maintenance::Renew(why.to_owned())
}

#[test]
fn a_changed_profile_gets_the_secret_before_the_old_one_loses_it() {
    let files = Files(&[("a", "AKIA1")]);
    let (upkeep, calls) = files.plan(&json!({"profile": "b"}), &json!({"profile": "a"}));
    assert_eq!(upkeep, Some(moved("the secret moves from profile [a] to profile [b]")));
    let expected = [
        "file ReadSecret { user: bob, key: AKIA1, from: Profile(a) }",
        "file StoreCredentials { profile: b, replaces: None, replace_profile: false }",
        "file RemoveCredentials { profile: a, key: AKIA1 }",
    ];
    assert_eq!(calls, expected);
    let seen = files.seen(&json!({"profile": "b"}), &json!({"profile": "a"}));
    assert_eq!(seen.attributes["profile"], "a", "a plan shows where it is now");
}

#[test]
fn a_further_sink_gets_a_copy_and_a_sink_that_goes_is_emptied() {
    let files = Files(&[("a", "AKIA1")]);
    let age = json!({"file": "k.age", "recipients": ["age1x"]});
    let both = json!({"profile": "a", "age": age, "command": ["vault", "put"]});
    let (upkeep, calls) = files.plan(&both, &json!({"profile": "a"}));
    assert_eq!(
        upkeep,
        Some(moved("the secret is copied from profile [a] to k.age and `vault put`"))
    );
    assert_eq!(calls.len(), 3, "{calls:?}");
    assert_eq!(calls[1], "file RunCommand { command: [vault, put] }");
    assert!(calls[2].starts_with("file StoreKeyAge { file: Path(k.age)"), "{calls:?}");

    let files = Files(&[("a", "AKIA1"), ("k.csv", "AKIA1")]);
    let (upkeep, calls) =
        files.plan(&json!({"profile": "a"}), &json!({"profile": "a", "csv": "k.csv"}));
    assert_eq!(upkeep, Some(moved("the secret is removed from k.csv")));
    assert_eq!(calls, ["file RemoveKeyCsv { file: Path(k.csv), key: AKIA1 }"]);
}

#[test]
fn a_secret_that_cannot_be_read_or_must_not_stay_in_use_takes_a_rotation() {
    let age = |file: &str, to: &str| json!({"age": {"file": file, "recipients": [to]}});
    let files = Files(&[("k.age", "AKIA1")]);
    let (upkeep, calls) = files.plan(&age("new.age", "age1x"), &age("k.age", "age1x"));
    let lost = "new.age does not hold this key, and its secret cannot be read from another file";
    assert_eq!(upkeep, Some(rotated(lost)));
    let order: Vec<&str> = calls.iter().filter_map(|it| it.split(" {").next()).collect();
    let expected =
        ["CreateAccessKey", "file StoreKeyAge", "ProveKey", "UpdateAccessKey", "file RemoveKeyAge"];
    assert_eq!(order, expected);

    let mut both = [age("k.age", "age1x"), age("k.age", "age1y")];
    for sinks in &mut both {
        sinks["profile"] = json!("a");
    }
    let files = Files(&[("k.age", "AKIA1"), ("a", "AKIA1")]);
    let (upkeep, calls) = files.plan(&both[1], &both[0]);
    assert_eq!(upkeep, Some(rotated("k.age is to be encrypted for other recipients")));
    assert!(!calls.iter().any(|call| call.contains("RemoveKeyAge")), "{calls:?}");

    let files = Files(&[("a", "AKIA1")]);
    let before = json!({"profile": "a", "command": ["vault", "put"]});
    let kept = "the command `vault put` was given this key, and keeps it";
    for after in [json!({"profile": "a", "command": ["other"]}), json!({"profile": "a"})] {
        assert_eq!(files.plan(&after, &before).0, Some(rotated(kept)), "{after}");
    }
}

#[test]
fn a_key_that_no_file_holds_any_more_is_rotated_and_one_that_another_file_holds_is_copied() {
    let wanted = declared(&json!({"id": "AKIA1"}));
    let lost = World::new(&["AKIA1"], None);
    assert_eq!(lost.must_replace(&wanted), None, "the old key stays until the new one works");
    let reason = "profile [serverless] does not hold this key, and its secret cannot be read from \
        another file";
    assert_eq!(lost.seen(&wanted).upkeep, Some(rotated(reason)));
    let only_csv = World { profile: None, ..World::new(&["AKIA1"], Some("AKIA1")) };
    assert_eq!(only_csv.seen(&wanted).attributes["profile"], Value::Null);
    let copied = "the secret is copied from key.csv to profile [serverless]";
    assert_eq!(why(&only_csv.seen(&wanted)), Some(copied));
}

#[test]
fn the_state_lists_the_old_places_until_they_are_empty() {
    let files = Files(&[("a", "AKIA1"), ("b", "AKIA1")]);
    let seen = files.seen(&json!({"profile": "b"}), &json!({"profile": "a"}));
    let noted = kind("access_key").unsettled(&wanted(&json!({"profile": "b"})), &seen);
    let aside = json!({"profile": "relayctl-moving-AKIA1"});
    assert_eq!(noted["former"], json!([aside, {"profile": "a"}]));
    assert_eq!(noted["profile"], "b");
    // The run was killed, and the manifest names a third profile now.
    let (upkeep, calls) = files.plan(&json!({"profile": "c"}), &json!(noted));
    assert_eq!(
        upkeep,
        Some(moved("the secret moves from profile [a] and profile [b] to profile [c]"))
    );
    let emptied: Vec<&String> = calls.iter().filter(|it| it.contains("Remove")).collect();
    assert_eq!(emptied.len(), 2, "{calls:?}");
    // It goes back to the first one, or the key is removed.
    let (upkeep, calls) = files.plan(&json!({"profile": "a"}), &json!(noted));
    assert_eq!(upkeep, Some(moved("the secret is removed from profile [b]")));
    assert_eq!(calls, ["file RemoveCredentials { profile: b, key: AKIA1 }"]);
    let gone = deleted("access_key", &seen, &json!(known(&json!(noted))));
    for profile in ["a", "b", "relayctl-moving-AKIA1"] {
        let removal = format!("file RemoveCredentials {{ profile: {profile}, key: AKIA1 }}");
        assert!(gone.contains(&removal), "{profile}: {gone:?}");
    }
    // Once they are empty, nothing is left to do.
    let settled = Files(&[("b", "AKIA1")]);
    assert_eq!(settled.plan(&json!({"profile": "b"}), &json!(noted)), (None, Vec::new()));
}

#[test]
fn a_command_that_was_not_given_the_key_yet_is_not_recorded() {
    let files = Files(&[("a", "AKIA1")]);
    let after = json!({"profile": "a", "command": ["vault", "put"]});
    let seen = files.seen(&after, &json!({"profile": "a"}));
    let noted = kind("access_key").unsettled(&wanted(&after), &seen);
    assert_eq!(noted["command"], Value::Null);
    let copied = "the secret is copied from profile [a] to `vault put`";
    assert_eq!(files.plan(&after, &json!(noted)).0, Some(moved(copied)));
}

#[test]
fn a_rotation_that_changes_a_sink_empties_the_old_one_last() {
    let files = Files(&[("a", "AKIA1")]);
    let mut seen = files.seen(&json!({"profile": "b"}), &json!({"profile": "a"}));
    seen.upkeep = Some(Maintenance::Renew("it is old".to_owned()));
    let calls = super::calls(&kind("access_key").renew(&seen, &wanted(&json!({"profile": "b"}))));
    let expected = [
        "CreateAccessKey { user: bob }",
        "file StoreCredentials { profile: b, replaces: None, replace_profile: false }",
        "ProveKey { user: bob }",
        "UpdateAccessKey { user: bob, id: AKIA1, active: false }",
        "file RemoveCredentials { profile: a, key: AKIA1 }",
    ];
    assert_eq!(calls, expected);
    let begun = kind("access_key").begun(&wanted(&json!({"profile": "b"})), &seen, &[]);
    assert_eq!(begun["former"][1], json!({"profile": "a"}));
}

#[test]
fn a_key_takes_the_place_of_another_key_of_the_manifest() {
    let files = Files(&[("a", "AKIA1"), ("b", "AKIA2")]);
    let seen = files.seen(&json!({"profile": "b"}), &json!({"profile": "a"}));
    let mut wanted = wanted(&json!({"profile": "b"}));
    wanted.insert(TAKES, json!({"profile": "AKIA2"}));
    let calls = updated("access_key", &seen, &json!(wanted), &[]);
    let taken =
        "file StoreCredentials { profile: b, replaces: Some(AKIA2), replace_profile: false }";
    assert_eq!(calls[1], taken);
    assert_eq!(super::created("access_key", &json!(wanted))[1], taken);
}

#[test]
fn an_old_place_that_somebody_elses_file_has_taken_holds_no_key() {
    let files = Files(&[("new.csv", "AKIA1")]);
    let answer = |read: &Read| match read {
        Read::File(FileRead::KeyCsv { file: LocalFile::Path(path) }) if path == "old.csv" => {
            Err(Failure { code: "NotAKeyFile".to_owned(), ..failure(FailureKind::Refused) })
        }
        other => files.answer(other),
    };
    let wanted = subject(&json!({"csv": "new.csv"}), &json!({"csv": "old.csv"}));
    assert_eq!(present("access_key", &wanted, &answer).upkeep, None);
}
