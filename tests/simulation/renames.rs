//! Changes of names and of owners: wherever a run is killed, an answer is lost or a call is denied,
//! nobody loses what stays theirs, and the next run ends where one ends that nothing happened to.

use std::sync::Mutex;

use relayctl::call::{BucketRef, FailureKind, IamWrite, S3Write, Write};
use relayctl::diff::{ChangeAction, Reason};
use relayctl::event::Fault;
use relayctl::model::Status;
use relayctl::plan::{Plan, PlanMode};
use relayctl::value::Tags;
use relayctl_faults::{FaultKind, Faults, PlannedFault, Seam};
use serde_json::{Value, json};

use crate::kill_points::{Case, KILLS, LOSSES, declared, finished};
use crate::support::laws::{AccessLaw, THIRD_NAME, kept_keys, keys_go_after_their_successors};
use crate::support::world::{Attempt, Ended, STATE_TAG, World};

const OWNER: &str = "relayctl:manifest";
const STATE: &str = "relayctl:state";

/// A user with everything that a user can have, a group with two members, a role and a bucket;
/// [`with_documents`] writes the documents out.
pub const WHOLE: &str = r#"version: 1
name: web
account: "123456789012"
region: us-east-1
policies:
  Deploy: {document: <s3:ListBucket>}
  Bounds: {document: <*>}
groups:
  devs:
    policies: [Deploy]
    inline_policies: {mfa: <iam:ListMFADevices>}
users:
  ada: {groups: [devs]}
  bob:
    policies: [Deploy]
    permissions_boundary: Bounds
    groups: [devs]
    inline_policies: {own: <iam:GetUser>}
    access_key: {profile: relay, output: json}
roles:
  runner:
    trust: {users: [ada]}
    policies: [Deploy]
    inline_policies: {own: <sqs:SendMessage>}
buckets:
  relay-data-x: {force_destroy: true, versioning: true}
"#;

/// The whole is there, and the manifest says this now.
pub fn edited(text: &str) -> World {
    let world = declared(&with_documents(WHOLE));
    finished(&world);
    world.declare(&with_documents(text));
    world
}

/// `<action>` stands for a document that allows it on everything.
pub fn with_documents(text: &str) -> String {
    let statement = "{Version: \"2012-10-17\", Statement: [{Effect: Allow, Action: \"";
    text.replace('<', statement).replace('>', "\", Resource: \"*\"}]}")
}

fn without<'t>(text: &'t str, from: &str) -> &'t str {
    text.split(from).next().expect("a beginning")
}

const ALL: [FaultKind; 5] = [KILLS[0], KILLS[1], LOSSES[0], LOSSES[1], FaultKind::Deny];

/// Each fault at each place. A call is denied by AWS only.
fn planned(case: &Case, parallelism: usize) -> (Vec<PlannedFault>, World) {
    let (mut planned, unharmed) = case.planned(&ALL, parallelism);
    planned.retain(|it| it.kind != FaultKind::Deny || it.seam == Seam::Call);
    (planned, unharmed)
}

/// All steps are done. Something may be refused: a policy is not deleted that another manifest's
/// user has.
fn must_be_done(attempt: &Attempt, place: &str) {
    let done = matches!(&attempt.ended, Ended::Finished(outcome) if outcome.succeeded());
    assert!(done, "{place}: {:#?}", attempt.ended);
}

pub fn must_succeed(attempt: &Attempt, place: &str) {
    must_be_done(attempt, place);
    let hindered = attempt.plan.as_ref().filter(|plan| plan.is_hindered());
    assert!(hindered.is_none(), "{place}: {:#?}", hindered.map(|plan| &plan.changes));
}

/// The first run ends as the fault says.
fn must_end(attempt: &Attempt, fault: PlannedFault, place: &str) {
    let is_killed = matches!(attempt.ended, Ended::Killed);
    assert_eq!(is_killed, KILLS.contains(&fault.kind), "{place}: {:#?}", attempt.ended);
    if fault.kind == FaultKind::Deny {
        let Ended::Finished(outcome) = &attempt.ended else { panic!("{place}") };
        let is_denied = |it: &Fault| {
            let Fault::Call(failure) = it else { return false };
            failure.kind == FailureKind::AccessDenied
        };
        assert!(!outcome.failed.is_empty(), "{place}: the denied call was hushed up");
        assert!(outcome.failed.iter().all(|(_, it)| is_denied(it)), "{place}: {outcome:#?}");
    }
}

/// Returns the number of faults that the laws were held under.
fn prove(case: &Case, parallelism: usize) -> usize {
    let name = case.name;
    let (planned, unharmed) = planned(case, parallelism);
    unharmed.must_be_sound(case.mode, name);
    let (expected, foreign) = (unharmed.end(), case.before.foreign());
    let law = AccessLaw::between(
        &case.before.contents(),
        &unharmed.contents(),
        case.before.desired(case.mode),
    );
    for fault in &planned {
        let place = format!("{name}, {fault:?}, {parallelism} at once");
        let world = case.before.fork();
        let run = |faults: &[PlannedFault], place: &str| {
            let kept = kept_keys(world.state().as_ref(), &world.desired(case.mode));
            let faults = Faults::of(faults.iter().copied());
            let attempt = world.attempt(case.mode, &faults, parallelism);
            law.holds_at(&attempt.points, place);
            law.holds(&world.contents(), &|| place.to_owned());
            keys_go_after_their_successors(&kept, &attempt, place);
            attempt
        };
        must_end(&run(&[*fault], &place), *fault, &place);
        let place = format!("{place}, the next run");
        must_succeed(&run(&[], &place), &place);
        world.must_be_sound(case.mode, &place);
        let end = world.end();
        assert!(end == expected, "{place}: it ends elsewhere:\n{}", difference(&expected, &end));
        assert_eq!(world.foreign(), foreign, "{place}: something foreign was touched");
        let all = format!("{}{:?}", world.contents(), world.state());
        assert!(!all.contains(THIRD_NAME), "{place}: a third name is left: {all}");
    }
    planned.len()
}

fn difference(expected: &Value, end: &Value) -> String {
    let pretty = |value: &Value| serde_json::to_string_pretty(value).expect("JSON");
    let (expected, end) = (pretty(expected), pretty(end));
    let diff = similar::TextDiff::from_lines(&expected, &end);
    diff.unified_diff().context_radius(6).to_string()
}

pub fn proved(name: &'static str, before: World, least: usize) {
    let case = Case::new(name, before, PlanMode::Apply);
    for parallelism in [1, 4] {
        let count = prove(&case, parallelism);
        assert!(count >= least, "{name}: only {count} faults were tried");
        println!("{name}, {parallelism} at once: {count} faults");
    }
}

const MOVED: &str =
    "moved: [{from: user.bob, to: user.robert}, {from: group.devs, to: group.people}]\n";

fn renamed() -> String {
    WHOLE.replace("bob", "robert").replace("devs", "people") + MOVED
}

#[test]
fn a_user_and_a_group_keep_everything_under_a_new_name() {
    let world = edited(&renamed());
    let id = |world: &World, user: &str| world.contents()["users"][user]["id"].clone();
    let before = id(&world, "bob");
    let done = world.fork();
    finished(&done);
    assert_eq!(id(&done, "robert"), before);
    proved("rename a user and a group", world, 60);
}

const ROBERT: &str =
    "  robert:\n    path: /people/\n    tags: {team: a}\n    policies: [Deploy, Read]\n";
const PEOPLE: &str = "  people:\n    path: /people/\n    policies: [Read]\n";
const MORE: &str =
    "  Read: {document: <s3:GetObject>}\n  Limits: {document: <*>}\ngroups:\n  people";

#[test]
fn a_new_name_with_other_policies_and_another_path_takes_nothing_that_stays() {
    let text = renamed()
        .replace("  robert:\n    policies: [Deploy]\n", ROBERT)
        .replace("permissions_boundary: Bounds", "permissions_boundary: Limits")
        .replace("iam:GetUser", "iam:GetRole")
        .replace("  people:\n    policies: [Deploy]\n", PEOPLE)
        .replace("groups:\n  people", MORE);
    proved("rename, and change policies and paths", edited(&text), 100);
}

#[test]
fn a_new_name_with_a_member_that_leaves_and_one_that_comes() {
    let text = renamed()
        .replace("  ada: {groups: [people]}", "  ada: {}\n  carol: {groups: [people]}")
        .replace(
            "    groups: [people]\n    inline_policies: {own: <iam:GetUser",
            "    inline_policies: {own: <iam:GetUser",
        );
    assert!(text.contains("carol"), "{text}");
    proved("rename, and change members", edited(&text), 60);
}

/// A user and a group that go by way of a third name, or not, if the account accepts a change of
/// case alone.
#[test]
fn another_case_alone_survives_with_and_without_the_third_name() {
    let text = WHOLE.replace("bob", "Bob").replace("devs", "Devs");
    for accepts in [false, true] {
        let world = edited(&text);
        let world = if accepts { world.accepting_case() } else { world };
        let sent = world.fork().attempt(PlanMode::Apply, &Faults::none(), 1).sent;
        let by_third_name = sent.iter().filter(|it| format!("{it:?}").contains(THIRD_NAME));
        assert_eq!(by_third_name.count(), if accepts { 0 } else { 4 }, "{sent:#?}");
        let name = if accepts { "another case, accepted" } else { "another case, refused" };
        proved(name, world, 60);
    }
}

#[test]
fn another_case_with_other_policies_survives_too() {
    let text = WHOLE.replace("bob", "Bob").replace(
        "  Bob:\n    policies: [Deploy]\n",
        "  Bob:\n    path: /people/\n    tags: {team: a}\n",
    );
    proved("another case and other policies", edited(&text), 60);
}

#[test]
fn a_role_a_policy_and_a_bucket_are_made_anew_before_the_old_ones_go() {
    let text = WHOLE
        .replace("Deploy", "Release")
        .replace("runner", "worker")
        .replace("relay-data-x", "relay-data-y");
    let moved = "moved: [{from: policy.Deploy, to: policy.Release}, \
        {from: role.runner, to: role.worker}, \
        {from: bucket.relay-data-x, to: bucket.relay-data-y}]";
    proved("make anew", edited(&format!("{text}{moved}\n")), 100);
}

#[test]
fn what_is_let_go_of_stays_as_it_is_but_for_the_tags() {
    let removed = "removed: [{from: role.runner, destroy: false}, \
        {from: bucket.relay-data-x, destroy: false}, {from: user.ada, destroy: false}]\n";
    let text = without(WHOLE, "roles:").replace("  ada: {groups: [devs]}\n", "") + removed;
    let world = edited(&text);
    let (before, done) = (world.contents(), world.fork());
    let attempt = done.attempt(PlanMode::Apply, &Faults::none(), 1);
    must_succeed(&attempt, "let go");
    let after = done.contents();
    for (section, name) in [("roles", "runner"), ("buckets", "relay-data-x"), ("users", "ada")] {
        let mut was = before[section][name].clone();
        let tags = was["tags"].as_object_mut().expect("tags");
        tags.retain(|key, _| ![OWNER, STATE].contains(&key.as_str()));
        assert_eq!(after[section][name], was, "{section} {name}");
    }
    assert_eq!(after["groups"], before["groups"], "a membership stays with its user");
    assert!(attempt.sent.iter().all(|it| it.action().contains("ag")), "{:#?}", attempt.sent);
    proved("let go", world, 20);
}

/// Another manifest's tag on one object.
fn handed_over(section: &str, name: &str, owner: &str) -> Write {
    let tags = || Tags::from([(OWNER.to_owned(), owner.to_owned())]);
    let name = || name.to_owned();
    match section {
        "users" => Write::Iam(IamWrite::TagUser { user: name(), tags: tags() }),
        "roles" => Write::Iam(IamWrite::TagRole { role: name(), tags: tags() }),
        "policies" => {
            let arn = format!("arn:aws:iam::123456789012:policy/{}", name());
            Write::Iam(IamWrite::TagPolicy { arn, tags: tags() })
        }
        "buckets" => {
            let bucket = BucketRef { name: name(), region: "us-east-1".to_owned() };
            Write::S3(S3Write::PutBucketTagging { bucket, tags: tags() })
        }
        other => panic!("{other} have no tags"),
    }
}

const TAGGED: [(&str, &str); 4] =
    [("users", "bob"), ("roles", "runner"), ("policies", "Deploy"), ("buckets", "relay-data-x")];

fn change<'p>(plan: &'p Plan, address: &str) -> &'p relayctl::diff::ResourceChange {
    let address = address.parse().expect("an address");
    plan.changes.iter().find(|it| it.address == address).expect("a change")
}

/// All that the account holds of one object: itself, and the memberships of a user.
fn held(world: &World, section: &str, name: &str) -> Value {
    let contents = world.contents();
    let groups = contents["groups"].as_object().into_iter().flatten();
    let groups: Vec<_> = groups
        .filter(|(_, group)| {
            let members = group["members"].as_array().into_iter().flatten();
            section == "users" && members.into_iter().any(|it| it == name)
        })
        .map(|(group, _)| group.clone())
        .collect();
    let file = |name: &str| std::fs::read_to_string(world.path(name)).unwrap_or_default();
    let files = (section == "users").then(|| [file("credentials"), file("config")]);
    json!({"itself": contents[section][name], "groups": groups, "files": files})
}

#[test]
fn what_was_handed_over_is_forgotten_and_not_one_call_is_sent_to_it() {
    for (section, name) in TAGGED {
        for mode in [PlanMode::Apply, PlanMode::Destroy] {
            let place = format!("{name}, {mode:?}");
            // A policy goes with what it is attached to, as far as that is ours.
            let less = match section {
                "users" => WHOLE.replace(
                    &WHOLE
                        [WHOLE.find("  bob:").expect("bob")..WHOLE.find("roles:").expect("roles")],
                    "",
                ),
                "roles" => {
                    let role = WHOLE.find("roles:").expect("roles");
                    let bucket = WHOLE.find("buckets:").expect("buckets");
                    WHOLE.replace(&WHOLE[role..bucket], "")
                }
                "buckets" => without(WHOLE, "buckets:").to_owned(),
                _ => {
                    let line = WHOLE.lines().find(|it| it.starts_with("  Deploy:")).expect("it");
                    WHOLE
                        .replace(&format!("{line}\n"), "")
                        .replace("policies: [Deploy]", "policies: []")
                }
            };
            let world = edited(&less);
            world.others_do(&handed_over(section, name, "site"));
            let kept = held(&world, section, name);
            let case = Case::new("hand over", world, mode);
            let unharmed = case.before.fork();
            let attempt = unharmed.attempt(mode, &Faults::none(), 1);
            must_be_done(&attempt, &place);
            let plan = attempt.plan.as_ref().expect("a plan");
            let address = format!("{}.{name}", kind_of(section));
            let told = change(plan, &address);
            let owner = Some("site".to_owned());
            assert_eq!(
                (told.action, &told.reason),
                (ChangeAction::Forget, &Reason::NotOurs { owner }),
                "{place}"
            );
            let to_it = |it: &&Write| is_on(it, section, name);
            assert_eq!(attempt.sent.iter().find(to_it), None, "{place}");
            if section != "policies" && mode == PlanMode::Apply {
                assert!(attempt.sent.is_empty(), "{place}: {:#?}", attempt.sent);
            }
            let counted = Faults::none();
            case.before.fork().attempt(mode, &counted, 1);
            let seams = [Seam::Call, Seam::File, Seam::Save];
            let faults = seams.into_iter().flat_map(|seam| {
                let all = 1..=counted.passed(seam);
                all.flat_map(move |nth| KILLS.map(|kind| PlannedFault { seam, nth, kind }))
            });
            for fault in faults {
                let world = case.before.fork();
                let first = world.attempt(mode, &Faults::of([fault]), 1);
                let next = world.attempt(mode, &Faults::none(), 1);
                must_be_done(&next, &format!("{place}, {fault:?}"));
                for attempt in [&first, &next] {
                    assert_eq!(attempt.sent.iter().find(to_it), None, "{place}, {fault:?}");
                }
                assert_eq!(held(&world, section, name), kept, "{place}, {fault:?}");
                let state = world.state().expect("a state");
                assert!(!state.resources.contains_key(&address.parse().expect("an address")));
                assert!(state.resources.values().all(|it| it.status == Status::Done), "{place}");
                assert!(world.planned(mode).steps.is_empty(), "{place}, {fault:?}");
            }
            assert_eq!(held(&unharmed, section, name), kept, "{place}");
        }
    }
}

fn kind_of(section: &str) -> &str {
    match section {
        "users" => "user",
        "roles" => "role",
        "policies" => "policy",
        _ => "bucket",
    }
}

/// Whether a call changes an object, or something on it.
fn is_on(write: &Write, section: &str, name: &str) -> bool {
    let fields = serde_json::to_value(write).expect("JSON");
    let fields = match fields.as_object().and_then(|it| it.values().next()) {
        Some(Value::Object(call)) => call.values().next().cloned().unwrap_or_default(),
        _ => Value::Null,
    };
    match section {
        "policies" => {
            let on_policy = write.action().contains("Policy") && fields["user"].is_null();
            let on_holder = !fields["role"].is_null() || !fields["group"].is_null();
            let arn = fields["arn"].as_str().unwrap_or_default();
            on_policy && !on_holder && arn.ends_with(&format!("/{name}"))
        }
        "buckets" => fields.to_string().contains(name),
        _ => fields[kind_of(section)] == name,
    }
}

/// Everything is still declared: it is refused, with everything on it.
#[test]
fn what_was_handed_over_and_is_still_declared_is_refused_with_everything_on_it() {
    for (section, name) in TAGGED {
        let change_of = |text: &str| {
            text.replace("iam:GetUser", "iam:GetRole")
                .replace("sqs:SendMessage", "sqs:ReceiveMessage")
                .replace("s3:ListBucket", "s3:GetObject")
                .replace("versioning: true", "versioning: false")
                .replace("profile: relay", "profile: elsewhere")
        };
        let world = edited(&change_of(WHOLE));
        world.others_do(&handed_over(section, name, "site"));
        let kept = held(&world, section, name);
        let attempt = world.attempt(PlanMode::Apply, &Faults::none(), 4);
        let plan = attempt.plan.as_ref().expect("a plan");
        let told = change(plan, &format!("{}.{name}", kind_of(section)));
        assert_eq!(told.action, ChangeAction::Refuse, "{name}");
        let to_it = attempt.sent.iter().find(|it| is_on(it, section, name));
        assert_eq!(to_it, None, "{name}");
        assert_eq!(held(&world, section, name), kept, "{name}");
    }
}

/// The tag changes after the plan was made: the step stops, and nothing on the object has changed.
#[test]
fn what_is_handed_over_between_plan_and_apply_is_not_touched() {
    let edits: [(&str, &str, &str, &str); 5] = [
        ("users", "bob", "  bob:\n", "  bob:\n    tags: {team: a}\n"),
        ("roles", "runner", "  runner:\n", "  runner:\n    max_session_duration: 7200\n"),
        ("policies", "Deploy", "s3:ListBucket", "s3:GetObject"),
        ("buckets", "relay-data-x", "versioning: true", "versioning: false"),
        // Only a part of it changes.
        ("users", "bob", "iam:GetUser", "iam:GetRole"),
    ];
    for (section, name, from, to) in edits {
        for mode in [PlanMode::Apply, PlanMode::Destroy] {
            let place = format!("{name}, {to:?}, {mode:?}");
            let world = edited(&WHOLE.replace(from, to));
            let kept = Mutex::new(Value::Null);
            let attempt = world.attempt_while(mode, &Faults::none(), 1, &|| {
                world.others_do(&handed_over(section, name, "site"));
                *kept.lock().unwrap() = held(&world, section, name);
            });
            let Ended::Finished(outcome) = &attempt.ended else { panic!("{place}") };
            let changed = |it: &Fault| matches!(it, Fault::Changed { .. });
            assert!(outcome.failed.iter().any(|(_, it)| changed(it)), "{place}: {outcome:#?}");
            assert_eq!(held(&world, section, name), kept.into_inner().unwrap(), "{place}");
            let to_it = attempt.sent.iter().find(|it| is_on(it, section, name));
            assert_eq!(to_it, None, "{place}");
        }
    }
}

/// The same name, and the tag of another state: two teams with manifests of one name.
#[test]
fn an_object_of_another_state_of_this_name_is_refused() {
    for (section, name) in TAGGED {
        let world = edited(&WHOLE.replace("iam:GetUser", "iam:GetRole"));
        let mut write = handed_over(section, name, "web");
        if let Write::Iam(
            IamWrite::TagUser { tags, .. }
            | IamWrite::TagRole { tags, .. }
            | IamWrite::TagPolicy { tags, .. },
        )
        | Write::S3(S3Write::PutBucketTagging { tags, .. }) = &mut write
        {
            assert_ne!(STATE_TAG, "of-another");
            tags.insert(STATE.to_owned(), "of-another".to_owned());
        }
        world.others_do(&write);
        let kept = held(&world, section, name);
        let attempt = world.attempt(PlanMode::Apply, &Faults::none(), 1);
        let plan = attempt.plan.as_ref().expect("a plan");
        let told = change(plan, &format!("{}.{name}", kind_of(section)));
        let state = "of-another".to_owned();
        assert_eq!(told.reason, Reason::OtherState { state }, "{name}");
        assert_eq!(held(&world, section, name), kept, "{name}");
    }
}
