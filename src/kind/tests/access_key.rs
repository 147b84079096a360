use serde_json::{Value, json};

use super::{ask, attributes, created, deleted, failure, kind, not_found, observe, present};
use crate::call::iam::{AccessKey, LastUsed, User};
use crate::call::{
    Failure, FailureKind, FileRead, FileReply, IamRead, IamReply, Observed, Read, Reply,
};
use crate::kind::Maintenance;
use crate::value::Tags;

/// A user's keys, and the keys that the two files hold.
pub(super) struct World {
    pub(super) keys: &'static [&'static str],
    pub(super) profile: Option<&'static str>,
    pub(super) csv: Option<&'static str>,
}

impl World {
    pub(super) fn new(keys: &'static [&'static str], profile: Option<&'static str>) -> Self {
        Self { keys, profile, csv: profile }
    }

    pub(super) fn answer(&self, read: &Read) -> Result<Reply, Failure> {
        let held = |id: Option<&str>| {
            id.map_or_else(not_found, |id| Ok(Reply::File(FileReply::KeyId(Some(id.into())))))
        };
        match read {
            Read::Iam(IamRead::GetUser { user }) => Ok(Reply::Iam(IamReply::User(User {
                name: user.clone(),
                tags: Tags::from([("relayctl:manifest".into(), "dev".into())]),
                ..User::default()
            }))),
            Read::Iam(IamRead::ListAttachedUserPolicies { .. }) => {
                Ok(Reply::Iam(IamReply::Attached(Vec::new())))
            }
            Read::Iam(IamRead::ListUserPolicies { .. }) => {
                Ok(Reply::Iam(IamReply::Names(Vec::new())))
            }
            Read::Iam(IamRead::ListAccessKeys { .. }) => {
                let key = |id: &&str| AccessKey { id: (*id).into(), ..AccessKey::default() };
                Ok(Reply::Iam(IamReply::AccessKeys(self.keys.iter().map(key).collect())))
            }
            Read::File(FileRead::Credentials { .. }) => held(self.profile),
            Read::File(FileRead::KeyCsv { .. }) => held(self.csv),
            _ => not_found(),
        }
    }

    fn observe(&self, wanted: &Value) -> Observed<super::LiveObject> {
        observe("access_key", wanted, &|read| self.answer(read))
    }

    pub(super) fn seen(&self, wanted: &Value) -> super::LiveObject {
        present("access_key", wanted, &|read| self.answer(read))
    }

    pub(super) fn must_replace(&self, wanted: &Value) -> Option<String> {
        kind("access_key").must_replace(&self.seen(wanted), &attributes(wanted))
    }

    fn conflict(&self, wanted: &Value) -> Option<String> {
        let wanted = attributes(wanted);
        let conflict = kind("access_key")
            .conflict(&wanted, &ask(kind("access_key"), &wanted, &|read| self.answer(read)))?;
        let reason = conflict.occupied.into_iter().find_map(|place| place.reason);
        conflict.obstacle.or(reason)
    }
}

pub(super) fn declared(more: &Value) -> Value {
    let wanted = attributes(more).completed_by(&attributes(
        &json!({"user": "serverless", "profile": "serverless", "csv": "key.csv"}),
    ));
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
fn a_lost_state_is_found_again_in_the_profile() {
    let seen = World::new(&["AKIA1", "AKIA2"], Some("AKIA2")).seen(&declared(&json!({})));
    assert_eq!((seen.id.as_str(), seen.owner.as_deref()), ("AKIA2", Some("dev")));
    assert_eq!(World::new(&["AKIA1"], None).observe(&declared(&json!({}))), Observed::Absent);
    assert_eq!(
        World::new(&["AKIA1"], Some("AKIA9")).observe(&declared(&json!({}))),
        Observed::Absent
    );
}

#[test]
fn a_recorded_key_that_is_gone_is_absent_whatever_the_profile_holds() {
    let wanted = declared(&json!({"id": "AKIA1"}));
    assert_eq!(World::new(&["AKIA2"], Some("AKIA2")).observe(&wanted), Observed::Absent);
    assert_eq!(World::new(&[], Some("AKIA1")).observe(&wanted), Observed::Absent);
    assert_eq!(
        World::new(&[], Some("AKIA1")).conflict(&wanted),
        None,
        "the dead key in the profile is ours"
    );
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

/// The run that was to take the key back had noted its id, and was interrupted, too.
#[test]
fn a_key_that_was_to_be_taken_back_is_no_rotation() {
    let wanted = declared(&json!({"known": ["AKIA1"], "id": "AKIA2"}));
    let lost = World::new(&["AKIA1", "AKIA2"], None);
    assert_eq!((lost.seen(&wanted).id.as_str(), lost.seen(&wanted).upkeep), ("AKIA2", None));
    assert_eq!(
        lost.must_replace(&wanted).as_deref(),
        Some("an earlier run made this key, but its secret was lost")
    );
}

#[test]
fn an_interrupted_run_that_reached_the_files_left_a_good_key() {
    let wanted = declared(&json!({"known": ["AKIA1"]}));
    let world = World::new(&["AKIA1", "AKIA2"], Some("AKIA2"));
    assert_eq!(world.seen(&wanted).internals.get("orphan"), None);
    assert_eq!(world.must_replace(&wanted), None);
    // What one file has, the others get by a copy.
    let only_csv = World { profile: None, ..World::new(&["AKIA1", "AKIA2"], Some("AKIA2")) };
    assert_eq!(only_csv.must_replace(&wanted), None);
    let seen = only_csv.seen(&wanted);
    assert_eq!(
        (seen.id.as_str(), why(&seen)),
        ("AKIA2", Some("the secret is copied from key.csv to profile [serverless]"))
    );
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
fn a_key_that_would_not_be_used_is_a_conflict() {
    let answer = |source: Result<Reply, Failure>| {
        let world = World::new(&[], None);
        let wanted = attributes(&declared(&json!({})));
        let answer = move |read: &Read| match read {
            Read::File(FileRead::CredentialSource { .. }) => source.clone(),
            _ => world.answer(read),
        };
        kind("access_key").conflict(&wanted, &ask(kind("access_key"), &wanted, &answer))
    };
    let found = json!({"file": "/home/u/.aws/config", "line": 7, "value": "x"});
    let used = vec![("region".to_owned(), found.clone()), ("role_arn".to_owned(), found)];
    let reason = "profile serverless has role_arn (line 7) in /home/u/.aws/config, which the AWS \
        CLI, boto3 and Zappa use instead of a key: name another profile, or remove these settings \
        from this one";
    let told = answer(Ok(Reply::File(FileReply::Settings(used))));
    assert_eq!(told.and_then(|it| it.obstacle).as_deref(), Some(reason));
    let unknown = answer(Err(failure(FailureKind::Refused)));
    assert!(unknown.is_some(), "nobody knows if the key would be used");
    assert_eq!(answer(not_found()), None);
}

#[test]
fn a_file_that_cannot_be_read_is_a_conflict_for_a_new_key() {
    let world = World::new(&[], None);
    let wanted = attributes(&declared(&json!({})));
    let answer = |read: &Read| match read {
        Read::File(FileRead::Credentials { .. }) => Err(failure(FailureKind::Refused)),
        _ => world.answer(read),
    };
    let conflict = kind("access_key").conflict(&wanted, &ask(kind("access_key"), &wanted, &answer));
    assert!(conflict.is_some());
}

#[test]
fn somebody_elses_key_in_the_csv_is_a_conflict() {
    let world = World { profile: None, ..World::new(&[], Some("AKIA9")) };
    let reason = "key.csv holds another key (AKIA9): name another file, or move this one away";
    assert_eq!(
        world.conflict(&declared(&json!({"replace_profile": true}))).as_deref(),
        Some(reason)
    );
}

#[test]
fn a_third_key_is_a_conflict() {
    let reason = "user serverless already has two access keys, AWS's limit: delete one";
    assert_eq!(
        World::new(&["AKIA1", "AKIA2"], None).conflict(&declared(&json!({}))).as_deref(),
        Some(reason)
    );
    assert_eq!(
        World::new(&["AKIA1", "AKIA2"], Some("AKIA1")).conflict(&declared(&json!({}))),
        None
    );
}

#[test]
fn files_that_cannot_be_read_make_the_key_unknown() {
    let world = World::new(&["AKIA1"], Some("AKIA1"));
    let refused = || failure(FailureKind::Refused);
    let answer = |read: &Read| match read {
        Read::File(FileRead::Credentials { .. }) => Err(refused()),
        other => world.answer(other),
    };
    assert_eq!(
        observe("access_key", &declared(&json!({"id": "AKIA1"})), &answer),
        Observed::Unknown(refused())
    );
}

#[test]
fn a_key_is_made_and_goes_straight_to_its_files() {
    let expected = [
        "CreateAccessKey { user: serverless }",
        "file StoreKeyCsv { file: Path(key.csv), replaces: Some(AKIA0) }",
        "file StoreCredentials \
            { profile: serverless, replaces: Some(AKIA0), replace_profile: true }",
    ];
    assert_eq!(
        created("access_key", &declared(&json!({"id": "AKIA0", "replace_profile": true}))),
        expected
    );
    let plain = created("access_key", &json!({"user": "serverless", "profile": "p"}));
    assert_eq!(
        plain[1..],
        ["file StoreCredentials { profile: p, replaces: None, replace_profile: false }"]
    );
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
        "file StoreCredentials \
            { profile: serverless, replaces: Some(AKIA0), replace_profile: false }",
    ];
    assert_eq!(created("access_key", &wanted), expected);
    // The encrypted file is read. For the command, the state remembers which key it was given.
    let seen = World::new(&["AKIA0"], Some("AKIA0")).seen(&wanted);
    assert_eq!(
        (seen.attributes.get("age"), seen.attributes.get("command")),
        (Some(&json!(null)), wanted.get("command"))
    );
    let gone = deleted("access_key", &seen, &wanted);
    assert!(
        gone.contains(&"file RemoveKeyAge { file: Path(key.age), key: AKIA0 }".to_owned()),
        "{gone:?}"
    );
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
        writes
            .iter()
            .map(|write| format!("{} {}", write.action(), write.object()))
            .collect::<Vec<_>>()
    };
    let whole = left(
        json!({"id": "AKIA1", "user": "serverless", "profile": "before", "csv": "before.csv"}),
    );
    assert_eq!(whole.len(), 2, "{whole:?}");
    assert!(
        whole[0].starts_with("file:RemoveCredentials") && whole[1].starts_with("file:RemoveKeyCsv"),
        "{whole:?}"
    );
    // Without an id no key was made, and a key without files leaves nothing.
    assert_eq!(left(json!({"user": "serverless", "profile": "before", "known": []})), [""; 0]);
    assert_eq!(left(json!({"id": "AKIA1", "user": "serverless"})), [""; 0]);
}

/// Two keys and the time, for tests of rotation and retirement.
#[derive(Clone)]
struct Aged {
    keys: Vec<(&'static str, &'static str, &'static str)>,
    held: Option<&'static str>,
    now: &'static str,
    used: Result<Option<&'static str>, FailureKind>,
}

const OLD: (&str, &str, &str) = ("AKIA1", "Active", "2026-01-01T00:00:00Z");
const NEW: (&str, &str, &str) = ("AKIA2", "Active", "2026-04-01T00:00:00Z");

impl Aged {
    fn on(now: &'static str) -> Self {
        Self { keys: vec![OLD], held: Some("AKIA1"), now, used: Ok(None) }
    }

    /// Returns the keys after a rotation in April.
    fn rotated(now: &'static str) -> Self {
        Self { keys: vec![(OLD.0, "Inactive", OLD.2), NEW], held: Some("AKIA2"), ..Self::on(now) }
    }

    fn answer(&self, read: &Read) -> Result<Reply, Failure> {
        match read {
            Read::Iam(IamRead::ListAccessKeys { .. }) => {
                let key = |(id, status, created): &(&str, &str, &str)| AccessKey {
                    id: (*id).into(),
                    status: (*status).into(),
                    created: (*created).into(),
                };
                Ok(Reply::Iam(IamReply::AccessKeys(self.keys.iter().map(key).collect())))
            }
            Read::Iam(IamRead::GetAccessKeyLastUsed { user, id }) => {
                assert_eq!((user.as_str(), id.as_str()), ("serverless", "AKIA1"));
                let used = |at: &str| LastUsed {
                    at: at.into(),
                    service: "s3".into(),
                    region: "eu-west-1".into(),
                };
                self.used.map(|at| Reply::Iam(IamReply::LastUsed(at.map(used)))).map_err(failure)
            }
            Read::Clock => Ok(Reply::Moment(self.now.parse().unwrap())),
            other => World::new(&[], self.held).answer(other),
        }
    }

    fn seen(&self, more: &Value) -> super::LiveObject {
        let wanted = attributes(more).completed_by(&attributes(
            &json!({"user": "serverless", "profile": "serverless", "rotate_after": "90d"}),
        ));
        present("access_key", &json!(wanted), &|read| self.answer(read))
    }
}

fn retired() -> Value {
    json!({"id": "AKIA2", "retired": {"id": "AKIA1", "since": "2026-04-01T00:00:00Z"}})
}

fn renewed(seen: &super::LiveObject) -> Vec<String> {
    let wanted =
        attributes(&json!({"user": "serverless", "profile": "serverless", "csv": "key.csv"}));
    super::calls(&kind("access_key").renew(seen, &wanted))
}

fn tended(seen: &super::LiveObject) -> Vec<String> {
    super::calls(&kind("access_key").update(seen, &attributes(&json!({})), &[]))
}

pub(super) fn why(seen: &super::LiveObject) -> Option<&str> {
    seen.upkeep.as_ref().map(Maintenance::why)
}

#[test]
fn a_key_is_rotated_once_it_is_old_enough() {
    let recorded = json!({"id": "AKIA1"});
    let young = Aged::on("2026-03-31T23:59:59Z").seen(&recorded);
    assert_eq!((young.upkeep, young.remarks), (None, Vec::<String>::new()));
    let due = Aged::on("2026-04-08T12:00:00Z").seen(&recorded);
    let reason = "the key is 97 days old, rotate_after is 90d";
    assert_eq!(due.upkeep, Some(Maintenance::Renew(reason.to_owned())));
    assert!(Aged::on("2026-04-01T00:00:00Z").seen(&recorded).upkeep.is_some(), "on the second");
    let without =
        Aged::on("2026-04-08T12:00:00Z").seen(&json!({"id": "AKIA1", "rotate_after": null}));
    assert_eq!(without.upkeep, None);
    assert_eq!(
        young.internals, due.internals,
        "what the plan depends on does not change by itself"
    );
}

#[test]
fn a_rotation_takes_nothing_away_before_the_new_key_is_proven() {
    let seen = Aged::on("2026-04-08T12:00:00Z").seen(&json!({"id": "AKIA1"}));
    let expected = [
        "CreateAccessKey { user: serverless }",
        "file StoreKeyCsv { file: Path(key.csv), replaces: Some(AKIA1) }",
        "file StoreCredentials \
            { profile: serverless, replaces: Some(AKIA1), replace_profile: false }",
        "ProveKey { user: serverless }",
        "UpdateAccessKey { user: serverless, id: AKIA1, active: false }",
    ];
    assert_eq!(renewed(&seen), expected);
}

#[test]
fn a_second_key_stands_in_the_way_of_a_rotation() {
    let obstacle = |seen: &super::LiveObject| kind("access_key").renewal_obstacle(seen);
    let alone = Aged::on("2026-04-08T12:00:00Z");
    assert_eq!(obstacle(&alone.seen(&json!({"id": "AKIA1"}))), None);
    let foreign =
        Aged { keys: vec![OLD, ("AKIA9", "Active", OLD.2)], ..alone }.seen(&json!({"id": "AKIA1"}));
    assert_eq!(why(&foreign), Some("the key is 97 days old, rotate_after is 90d"));
    assert_eq!(
        obstacle(&foreign).as_deref(),
        Some(
            "user serverless has another key, AKIA9, which is not relayctl's, and AWS allows two: \
                a new one can be made when that is deleted"
        )
    );
    let early = obstacle(&Aged::rotated("2026-04-02T00:00:00Z").seen(&retired()));
    assert!(
        early.is_some_and(|why| why.starts_with("user serverless still has the retired key AKIA1"))
    );
}

#[test]
fn a_retired_key_is_kept_until_it_was_quiet_for_long_enough() {
    let waiting = Aged::rotated("2026-04-07T23:59:59Z").seen(&retired());
    assert_eq!(waiting.upkeep, None);
    let remark = "the retired key AKIA1 has been inactive since 2026-04-01T00:00:00Z, and was not \
        used: it goes after 2026-04-08T00:00:00Z, if nobody uses it until then";
    assert_eq!(waiting.remarks, [remark]);
    let due = Aged::rotated("2026-04-08T00:00:00Z");
    let seen = due.seen(&retired());
    let reason = "the retired key AKIA1 has been inactive since 2026-04-01T00:00:00Z, and was not \
        used; retire_after is 7d";
    assert_eq!(why(&seen), Some(reason));
    assert_eq!(tended(&seen), ["DeleteAccessKey { user: serverless, id: AKIA1 }"]);
    let mut longer = retired();
    longer["retire_after"] = json!("30d");
    assert_eq!(due.seen(&longer).upkeep, None);
}

#[test]
fn a_retired_key_that_was_used_since_is_kept_and_the_plan_says_by_whom() {
    let used =
        Aged { used: Ok(Some("2026-04-05T00:00:00Z")), ..Aged::rotated("2026-04-09T00:00:00Z") };
    let seen = used.seen(&retired());
    assert_eq!(seen.upkeep, None);
    let remark = "the retired key AKIA1 was last used at 2026-04-05T00:00:00Z (s3, eu-west-1), \
        after it was retired: it goes after 2026-04-12T00:00:00Z, if nobody uses it until then";
    assert_eq!(seen.remarks, [remark]);
    let before = Aged { used: Ok(Some("2026-03-31T00:00:00Z")), ..used.clone() };
    assert!(
        before.seen(&retired()).upkeep.is_some(),
        "what it was used for before does not matter"
    );
    assert_ne!(
        before.seen(&retired()).internals,
        seen.internals,
        "a use between plan and apply is noticed"
    );
    let unknown = Aged { used: Err(FailureKind::AccessDenied), ..used }.seen(&retired());
    assert_eq!(unknown.upkeep, None);
    assert!(
        unknown.remarks[0]
            .starts_with("the retired key AKIA1 is kept, because its last use is not known")
    );
}

#[test]
fn a_retired_key_that_somebody_activated_is_deactivated_again() {
    let world = Aged { keys: vec![OLD, NEW], ..Aged::rotated("2026-04-02T00:00:00Z") };
    let seen = world.seen(&retired());
    assert_eq!(why(&seen), Some("the key AKIA1 was retired, and is active"));
    assert_eq!(tended(&seen), ["UpdateAccessKey { user: serverless, id: AKIA1, active: false }"]);
    let settled = kind("access_key").settled(
        &attributes(&json!({})),
        &seen,
        "2026-04-02T00:00:00Z".parse().unwrap(),
    );
    assert_eq!(settled["retired"], json!({"id": "AKIA1", "since": "2026-04-02T00:00:00Z"}));
}

#[test]
fn a_key_that_somebody_deactivated_is_neither_activated_nor_is_its_predecessor_deleted() {
    let idle = (NEW.0, "Inactive", OLD.2);
    let world = Aged {
        keys: vec![(OLD.0, "Inactive", OLD.2), idle],
        ..Aged::rotated("2026-09-01T00:00:00Z")
    };
    let seen = world.seen(&retired());
    assert_eq!(seen.upkeep, None);
    assert!(
        seen.remarks[0].starts_with("the key AKIA2 is inactive: somebody deactivated it"),
        "{:?}",
        seen.remarks
    );
    assert_eq!(seen.remarks[1], "the retired key AKIA1 is kept, because its successor is inactive");
}

#[test]
fn a_retired_key_that_is_gone_is_forgotten_and_one_that_is_there_is_remembered() {
    let memory =
        |seen: &super::LiveObject| kind("access_key").memory(&attributes(&retired()), Some(seen));
    let gone = Aged { keys: vec![NEW], ..Aged::rotated("2026-04-02T00:00:00Z") }.seen(&retired());
    assert_eq!(memory(&gone), attributes(&json!({})));
    let there = Aged::rotated("2026-04-02T00:00:00Z").seen(&retired());
    assert_eq!(memory(&there), attributes(&json!({"retired": retired()["retired"]})));
    let going = Aged::rotated("2026-04-09T00:00:00Z").seen(&retired());
    assert_eq!(memory(&going), attributes(&json!({})));
    // Somebody deleted the new key: the one whose place it took is still ours.
    let kept = kind("access_key").memory(&attributes(&retired()), None);
    assert_eq!(kept, attributes(&json!({"retired": retired()["retired"]})));
}

#[test]
fn an_interrupted_rotation_starts_over_with_the_key_that_counts() {
    let begun = json!({"id": "AKIA1", "known": ["AKIA1"], "csv": "key.csv"});
    let world =
        Aged { keys: vec![OLD, NEW], held: Some("AKIA2"), ..Aged::on("2026-01-02T00:00:00Z") };
    let seen = world.seen(&begun);
    assert_eq!(
        (seen.id.as_str(), why(&seen)),
        ("AKIA1", Some("an earlier run began to rotate this key, and was interrupted"))
    );
    assert_eq!(kind("access_key").must_replace(&seen, &attributes(&begun)), None);
    assert_eq!(kind("access_key").renewal_obstacle(&seen), None);
    let calls = renewed(&seen);
    assert_eq!(calls[0], "DeleteAccessKey { user: serverless, id: AKIA2 }");
    assert_eq!(calls[2], "file StoreKeyCsv { file: Path(key.csv), replaces: Some(AKIA2) }");
    let noted = kind("access_key").begun(&attributes(&json!({})), &seen, &["AKIA3".to_owned()]);
    assert_eq!(noted, attributes(&json!({"known": ["AKIA1"], "made": ["AKIA2", "AKIA3"]})));
    // The new key is gone, and a sink still holds it.
    let dead = Aged { keys: vec![OLD], ..world }
        .seen(&json!({"id": "AKIA1", "known": ["AKIA1"], "made": ["AKIA2"]}));
    assert_eq!(
        renewed(&dead)[2],
        "file StoreCredentials \
            { profile: serverless, replaces: Some(AKIA2), replace_profile: false }"
    );
}

#[test]
fn all_keys_that_are_ours_go_and_the_current_one_last() {
    let recorded = json!({"user": "serverless", "profile": "serverless"});
    let rotated = Aged::rotated("2026-04-02T00:00:00Z").seen(&retired());
    let gone = |seen: &super::LiveObject| deleted("access_key", seen, &recorded);
    let key = |id: &str| format!("DeleteAccessKey {{ user: serverless, id: {id} }}");
    let emptied = |id: &str| format!("file RemoveCredentials {{ profile: serverless, key: {id} }}");
    assert_eq!(gone(&rotated), [key("AKIA1"), key("AKIA2"), emptied("AKIA2")]);
    let world = Aged { keys: vec![OLD, NEW], ..Aged::on("2026-04-02T00:00:00Z") };
    let begun = world.seen(&json!({"id": "AKIA1", "known": ["AKIA1"]}));
    assert_eq!(gone(&begun), [key("AKIA2"), key("AKIA1"), emptied("AKIA2"), emptied("AKIA1")]);
}

#[test]
fn without_a_state_an_inactive_second_key_is_told_and_left() {
    let seen = Aged::rotated("2026-09-01T00:00:00Z").seen(&json!({"rotate_after": "900d"}));
    assert_eq!((seen.id.as_str(), &seen.upkeep), ("AKIA2", &None));
    assert!(
        seen.remarks[0]
            .starts_with("the user's other key, AKIA1, is inactive, and it is not known"),
        "{:?}",
        seen.remarks
    );
}

#[test]
fn times_are_days_hours_and_minutes() {
    let seconds = |text: &str| super::super::lasting(text).map(|time| time.as_secs());
    assert_eq!(seconds("90d"), Ok(90 * 86_400));
    assert_eq!(seconds("1d 12h"), Ok(36 * 3_600));
    assert_eq!(seconds("30m"), Ok(1_800));
    for wrong in ["", "90", "0d", "-1d", "2mo", "1y", "90s", "soon", "1w"] {
        assert!(seconds(wrong).is_err_and(|help| help.contains("90d")), "{wrong}");
    }
    let words = |seconds| super::super::in_words(jiff::SignedDuration::from_secs(seconds));
    assert_eq!(
        [words(97 * 86_400 + 1), words(86_400), words(7_200), words(60), words(-5)].join(", "),
        "97 days, 1 day, 2 hours, 1 minute, 0 minutes"
    );
}
