//! The order of a plan's steps: after every call, and whichever call is refused, each principal may
//! do at least what the account before and the account after both allow; and after every call at
//! most what one of the two allows.

use std::collections::{BTreeMap, BTreeSet};

use relayctl::call::{IamWrite, Write};
use relayctl::plan::{PlanMode, PlanNoteKind};
use relayctl::policy::decision::Verdict;
use relayctl::policy::statement::Policy;
use relayctl::policy::{Caller, Context, Policies, Request};
use relayctl_faults::{FaultKind, Faults, PlannedFault, Seam};
use relayctl_oracle::Dice;
use serde_json::{Value, json};

use crate::support::world::{Attempt, Ended, World, masked};

const ACCOUNT: &str = "123456789012";
const READ: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const ACTIONS: [&str; 3] = ["sqs:SendMessage", "sqs:ReceiveMessage", "s3:GetObject"];
const OBJECTS: [&str; 3] =
    ["arn:aws:sqs:us-east-1:123456789012:in", "arn:aws:sqs:us-east-1:123456789012:out", OBJECT];
const OBJECT: &str = "arn:aws:s3:::succession/one";

/// The requests that are allowed, as `user/ada sqs:SendMessage arn…`.
type Access = BTreeSet<String>;

/// Decides every request of every user and role by the account's own records.
fn access(account: &Value) -> Access {
    let bucket = account["buckets"]["succession"]["policy"].clone();
    let bucket = (!bucket.is_null()).then(|| compiled(&with_arns(account, &bucket)));
    let mut allowed = Access::new();
    for (kind, section) in [("user", "users"), ("role", "roles")] {
        for (name, record) in account[section].as_object().into_iter().flatten() {
            let mut identity = policies(account, record);
            let groups = account["groups"].as_object().into_iter().flatten();
            let is_member = |group: &Value| {
                let members = group["members"].as_array().into_iter().flatten();
                kind == "user" && members.into_iter().any(|it| it == name.as_str())
            };
            for (_, group) in groups.filter(|(_, group)| is_member(group)) {
                identity.extend(policies(account, group));
            }
            let boundary = record["boundary"].as_str().map(|arn| managed(account, arn));
            for action in ACTIONS {
                for resource in OBJECTS {
                    let request = Request {
                        principal: Caller::aws(format!("arn:aws:iam::{ACCOUNT}:{kind}/{name}")),
                        action: action.to_owned(),
                        resource: resource.to_owned(),
                        context: Context::default(),
                    };
                    let policies = Policies {
                        identity: &identity,
                        boundary: boundary.as_ref(),
                        resource: bucket.as_ref().filter(|_| resource == OBJECT),
                        ..Policies::default()
                    };
                    if policies.decide(&request).verdict == Verdict::Allowed {
                        allowed.insert(format!("{kind}/{name} {action} {resource}"));
                    }
                }
            }
        }
    }
    allowed
}

fn policies(account: &Value, record: &Value) -> Vec<Policy> {
    let attached = record["attached"].as_array().into_iter().flatten();
    let attached = attached.filter_map(Value::as_str).map(|arn| managed(account, arn));
    let inline = record["inline"].as_object().into_iter().flatten();
    attached.chain(inline.map(|(_, document)| compiled(document))).collect()
}

fn managed(account: &Value, arn: &str) -> Policy {
    let name = arn.rsplit('/').next().expect("a name");
    let policy = &account["policies"][name];
    compiled(&policy["versions"][policy["default_version"].to_string()]["document"])
}

fn compiled(document: &Value) -> Policy {
    Policy::compile("policy", document).unwrap_or_else(|error| panic!("{document}: {error}"))
}

/// The account keeps unique ids in the place of ARNs.
fn with_arns(account: &Value, document: &Value) -> Value {
    let mut text = document.to_string();
    for (kind, section) in [("user", "users"), ("role", "roles")] {
        for (name, record) in account[section].as_object().into_iter().flatten() {
            let id = record["id"].as_str().expect("an id");
            text = text.replace(id, &format!("arn:aws:iam::{ACCOUNT}:{kind}/{name}"));
        }
    }
    serde_json::from_str(&text).expect("JSON")
}

/// The principals that exist.
fn principals(account: &Value) -> BTreeSet<String> {
    let of = |kind: &'static str, section| {
        let records = account[section].as_object().into_iter().flatten();
        records.map(move |(name, _)| format!("{kind}/{name}"))
    };
    of("user", "users").chain(of("role", "roles")).collect()
}

/// Two manifests, of which the second is applied over the first.
struct Edit {
    before: World,
    name: String,
}

impl Edit {
    fn new(name: impl Into<String>, before: &str, after: &str) -> Self {
        let world = World::seeded(1);
        world.declare(before);
        let name = name.into();
        must_succeed(&world.attempt(PlanMode::Apply, &Faults::none(), 1), &name);
        world.declare(after);
        Self { before: world, name }
    }

    /// Returns the number of calls after which the law was held, or `None` if the plan says that it
    /// can't hold.
    fn must_keep_the_law(&self) -> Option<usize> {
        let plan = self.before.planned(PlanMode::Apply);
        assert!(!plan.is_hindered(), "{}: {:#?}", self.name, plan.changes);
        if plan.notes.iter().any(|note| note.kind == PlanNoteKind::OldFirst) {
            return None;
        }
        let (finished, counted) = (self.before.fork(), Faults::none());
        let attempt = finished.attempt(PlanMode::Apply, &counted, 1);
        must_succeed(&attempt, &self.name);
        let (was, is) = (self.before.contents(), finished.contents());
        let old = principals(&was);
        let (before, after) = (access(&was), access(&is));
        let least: Access = before.intersection(&after).cloned().collect();
        for nth in 1..=counted.passed(Seam::Call) {
            let call = &attempt.sent[nth - 1];
            for kind in [FaultKind::KillAfter, FaultKind::LoseRequest] {
                let world = self.before.fork();
                let fault = PlannedFault { seam: Seam::Call, nth, kind };
                world.attempt(PlanMode::Apply, &Faults::of([fault]), 1);
                let now = access(&world.contents());
                let place = || format!("{}, {kind:?} of {call:?}, call {nth}", self.name);
                let missing: Vec<_> = least.difference(&now).collect();
                assert!(missing.is_empty(), "{}: access is missing: {missing:#?}", place());
                // Nobody uses yet what the plan makes.
                let is_old = |it: &&String| it.split(' ').next().is_some_and(|it| old.contains(it));
                let excess = now.iter().filter(|it| !before.contains(*it) && !after.contains(*it));
                let excess: Vec<_> = excess.filter(is_old).collect();
                assert!(excess.is_empty(), "{}: too much is allowed: {excess:#?}", place());
            }
        }
        Some(counted.passed(Seam::Call))
    }
}

fn must_succeed(attempt: &Attempt, name: &str) {
    let ended = &attempt.ended;
    assert!(matches!(ended, Ended::Finished(outcome) if outcome.succeeded()), "{name}: {ended:#?}");
}

/// A random manifest over a few names.
#[derive(Clone)]
struct Drawn {
    policies: BTreeMap<String, Value>,
    users: BTreeMap<String, Value>,
    roles: BTreeMap<String, Value>,
    groups: BTreeMap<String, Value>,
    bucket: Value,
}

const POLICIES: [&str; 4] = ["p0", "p1", "p2", "p3"];
const BOUNDARIES: [&str; 2] = ["b0", "b1"];
const USERS: [&str; 2] = ["ada", "bob"];
const ROLES: [&str; 1] = ["worker"];
const GROUPS: [&str; 2] = ["g0", "g1"];

impl Drawn {
    fn draw(dice: &mut Dice) -> Self {
        let documents = POLICIES.iter().map(|name| (*name, 3));
        let documents = documents.chain(BOUNDARIES.iter().map(|name| (*name, 6)));
        let policies = documents
            .map(|(name, denies)| (name.to_owned(), json!({"document": document(dice, denies)})))
            .collect();
        let groups = GROUPS.map(|name| (name.to_owned(), holder(dice, false))).into();
        let users = USERS.map(|name| {
            let mut user = holder(dice, true);
            user["groups"] = json!(some(dice, &GROUPS));
            (name.to_owned(), user)
        });
        let roles = ROLES.map(|name| {
            let mut role = holder(dice, true);
            role["trust"] = json!({"services": ["lambda.amazonaws.com"]});
            (name.to_owned(), role)
        });
        Self { policies, users: users.into(), roles: roles.into(), groups, bucket: bucket(dice) }
    }

    /// Returns it with a few declarations drawn anew.
    fn edited(&self, dice: &mut Dice) -> Self {
        let other = Self::draw(dice);
        let mut edited = self.clone();
        for (mine, theirs) in [
            (&mut edited.policies, other.policies),
            (&mut edited.users, other.users),
            (&mut edited.roles, other.roles),
            (&mut edited.groups, other.groups),
        ] {
            mine.extend(theirs.into_iter().filter(|_| dice.one_in(4)));
        }
        if dice.one_in(3) {
            edited.bucket = other.bucket;
        }
        if dice.one_in(3) {
            // A policy under another name is another policy.
            let old = *dice.pick(&POLICIES);
            edited.rename(old, &format!("{old}x"));
        }
        if dice.one_in(3) {
            // Another path or description is another policy of the same name.
            let changed = dice.pick(&POLICIES);
            let (field, value) = *dice.pick(&[("path", "/team/"), ("description", "Edited")]);
            edited.policies.entry((*changed).to_owned()).and_modify(|it| it[field] = json!(value));
        }
        edited
    }

    fn rename(&mut self, old: &str, new: &str) {
        let Some(policy) = self.policies.remove(old) else { return };
        self.policies.insert(new.to_owned(), policy);
        for holders in [&mut self.users, &mut self.roles, &mut self.groups] {
            for holder in holders.values_mut() {
                let text = holder.to_string().replace(&format!("\"{old}\""), &format!("\"{new}\""));
                *holder = serde_json::from_str(&text).expect("JSON");
            }
        }
    }

    fn text(&self) -> String {
        json!({
            "version": 1, "name": "succession", "account": ACCOUNT, "region": "us-east-1",
            "policies": self.policies, "users": self.users, "roles": self.roles,
            "groups": self.groups, "buckets": {"succession": self.bucket},
        })
        .to_string()
    }
}

fn holder(dice: &mut Dice, bounded: bool) -> Value {
    let mut holder = json!({"policies": some(dice, &POLICIES)});
    if dice.one_in(2) {
        holder["inline_policies"] = json!({"own": document(dice, 3)});
    }
    if bounded && dice.one_in(2) {
        holder["permissions_boundary"] = json!(dice.pick(&BOUNDARIES));
    }
    holder
}

fn bucket(dice: &mut Dice) -> Value {
    if dice.one_in(2) {
        return json!({});
    }
    let who = *dice.pick(&["user/ada", "role/worker", "root"]);
    let who = json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:{who}")});
    let effect = if dice.one_in(3) { "Deny" } else { "Allow" };
    let statement = json!({"Effect": effect, "Principal": who, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::succession/*"});
    json!({"policy": {"Version": "2012-10-17", "Statement": [statement]}})
}

fn some(dice: &mut Dice, names: &[&'static str]) -> Vec<&'static str> {
    names.iter().copied().filter(|_| dice.one_in(2)).collect()
}

/// One of `denies` statements is a Deny.
fn document(dice: &mut Dice, denies: usize) -> Value {
    let count = if dice.one_in(2) { 1 } else { 2 };
    let statements: Vec<Value> = (0..count)
        .map(|_| {
            let effect = if dice.one_in(denies) { "Deny" } else { "Allow" };
            let action = *dice.pick(&["sqs:*", "sqs:SendMessage", "sqs:ReceiveMessage", "s3:Get*"]);
            let resource = *dice.pick(&["*", "*", OBJECTS[0], OBJECTS[1]]);
            let resource = if action == "s3:Get*" { "*" } else { resource };
            json!({"Effect": effect, "Action": action, "Resource": resource})
        })
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

#[test]
fn whatever_is_edited_nobody_has_less_or_more_in_between() {
    let number = |name: &str| std::env::var(name).ok().map(|it| it.parse::<u64>().expect(name));
    let seeds = match (number("RELAYCTL_SEED"), number("RELAYCTL_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, count) => 0..count.unwrap_or(25),
    };
    let count = seeds.end - seeds.start;
    let (mut calls, mut held) = (0, 0);
    for seed in seeds {
        let mut dice = Dice::new(seed);
        let before = Drawn::draw(&mut dice);
        let after = before.edited(&mut dice);
        let edit = Edit::new(format!("RELAYCTL_SEED={seed}"), &before.text(), &after.text());
        if let Some(number) = edit.must_keep_the_law() {
            (calls, held) = (calls + number, held + 1);
        }
    }
    println!("the law was held after each of {calls} calls, in {held} of {count} plans");
    assert!(count == 1 || held * 2 >= count, "too many plans say that it can't: {held}/{count}");
    assert!(count == 1 || calls > 60, "{calls}");
}

fn manifest(policies: &[(&str, &str)], rest: &str) -> String {
    let documents: Vec<String> = policies
        .iter()
        .map(|(name, statements)| {
            format!(
                "  {name}: {{document: {{Version: \"2012-10-17\", Statement: [{statements}]}}}}\n"
            )
        })
        .collect();
    let head = format!(
        "version: 1\nname: succession\naccount: \"{ACCOUNT}\"\nregion: us-east-1\npolicies:\n"
    );
    head + &documents.concat() + rest
}

const SEND: &str = r#"{Effect: Allow, Action: "sqs:SendMessage", Resource: "*"}"#;
const RECEIVE: &str = r#"{Effect: Allow, Action: "sqs:ReceiveMessage", Resource: "*"}"#;
const GET: &str = r#"{Effect: Allow, Action: "s3:GetObject", Resource: "*"}"#;
const NO_SEND: &str = r#"{Effect: Deny, Action: "sqs:SendMessage", Resource: "*"}"#;

fn ada(policies: &str) -> String {
    format!("users:\n  ada: {{policies: [{policies}]}}\n")
}

fn sent(before: &str, after: &str) -> Vec<String> {
    let edit = Edit::new("an edit", before, after);
    assert!(
        edit.must_keep_the_law().is_some(),
        "{:#?}",
        edit.before.planned(PlanMode::Apply).notes
    );
    let attempt = edit.before.attempt(PlanMode::Apply, &Faults::none(), 4);
    must_succeed(&attempt, "an edit");
    attempt.sent.iter().map(|write| masked(&format!("{write:?}"))).collect()
}

fn place(sent: &[String], of: &str) -> usize {
    sent.iter().position(|it| it.contains(of)).unwrap_or_else(|| panic!("no {of} in {sent:#?}"))
}

#[test]
fn a_statement_that_moves_to_another_policy_is_never_missing() {
    let before =
        manifest(&[("From", &format!("{SEND}, {RECEIVE}")), ("To", GET)], &ada("From, To"));
    let after = manifest(&[("From", RECEIVE), ("To", &format!("{GET}, {SEND}"))], &ada("From, To"));
    let sent = sent(&before, &after);
    assert!(place(&sent, "policy/To") < place(&sent, "policy/From"), "{sent:#?}");
}

#[test]
fn a_deny_that_stays_needed_is_set_before_the_old_one_goes() {
    let before = manifest(&[("Old", NO_SEND), ("All", SEND)], &ada("All, Old"));
    let after = manifest(&[("New", NO_SEND), ("All", SEND)], &ada("All, New"));
    let sent = sent(&before, &after);
    assert!(place(&sent, "policy/New\"") < place(&sent, "DetachUserPolicy"), "{sent:#?}");
}

#[test]
fn a_boundary_comes_before_what_it_bounds_and_goes_after_it() {
    let with = |policies: &str, boundary: &str| {
        format!("users:\n  ada: {{policies: [{policies}]{boundary}}}\n")
    };
    let policies = [
        ("Bounds", SEND),
        ("Narrow", SEND),
        ("Wide", "{Effect: Allow, Action: \"*\", Resource: \"*\"}"),
    ];
    let narrow = manifest(&policies, &with("Narrow", ""));
    let wide = manifest(&policies, &with("Wide", ", permissions_boundary: Bounds"));
    let there = sent(&narrow, &wide);
    assert!(
        place(&there, "PutUserPermissionsBoundary") < place(&there, "AttachUserPolicy"),
        "{there:#?}"
    );
    let back = sent(&wide, &narrow);
    assert!(
        place(&back, "DetachUserPolicy") < place(&back, "DeleteUserPermissionsBoundary"),
        "{back:#?}"
    );
}

#[test]
fn a_bucket_policy_that_gives_back_what_a_user_loses_comes_first() {
    let bucket = |policy: &str| format!("buckets:\n  succession: {{{policy}}}\n");
    let named = "policy: {Version: \"2012-10-17\", Statement: [{Effect: Allow, Principal: {AWS: \
        \"arn:aws:iam::123456789012:user/ada\"}, Action: \"s3:GetObject\", Resource: \
        \"arn:aws:s3:::succession/*\"}]}";
    let before = manifest(&[("Get", GET), ("Send", SEND)], &(ada("Get, Send") + &bucket("")));
    let after = manifest(&[("Get", GET), ("Send", SEND)], &(ada("Send") + &bucket(named)));
    let there = sent(&before, &after);
    assert!(place(&there, "PutBucketPolicy") < place(&there, "DetachUserPolicy"), "{there:#?}");
    let back = sent(&after, &before);
    assert!(place(&back, "AttachUserPolicy") < place(&back, "DeleteBucketPolicy"), "{back:#?}");
}

/// A refused call of one principal keeps nothing of another waiting.
#[test]
fn principals_that_share_nothing_do_not_wait_for_each_other() {
    let users = |ada: &str, bob: &str| {
        format!("users:\n  ada: {{policies: [{ada}]}}\n  bob: {{policies: [{bob}]}}\n")
    };
    let policies = [("A", SEND), ("B", SEND), ("C", RECEIVE), ("D", RECEIVE)];
    let edit = Edit::new(
        "two users",
        &manifest(&policies, &users("A", "C")),
        &manifest(&policies, &users("B", "D")),
    );
    let all = edit.before.fork().attempt(PlanMode::Apply, &Faults::none(), 1).sent;
    let attach = |user: &str| {
        let of = |text: &str| text.contains("AttachUserPolicy") && text.contains(user);
        1 + all.iter().position(|it| of(&format!("{it:?}"))).expect("sent")
    };
    for (denied, other) in [("ada", "bob"), ("bob", "ada")] {
        let fault =
            PlannedFault { seam: Seam::Call, nth: attach(denied), kind: FaultKind::LoseRequest };
        let world = edit.before.fork();
        let sent = world.attempt(PlanMode::Apply, &Faults::of([fault]), 1).sent;
        let detached = |user: &str| {
            let of = |text: &str| text.contains("DetachUserPolicy") && text.contains(user);
            sent.iter().any(|it| of(&format!("{it:?}")))
        };
        assert!(detached(other) && !detached(denied), "{denied}: {sent:#?}");
    }
}

fn notes(before: &str, after: &str) -> Vec<String> {
    let plan = Edit::new("notes", before, after).before.planned(PlanMode::Apply);
    let notes = plan.notes.iter().filter(|note| note.kind == PlanNoteKind::OldFirst);
    notes.map(|note| format!("{} {}", note.text, note.details.join("; "))).collect()
}

#[test]
fn the_plan_says_where_the_old_goes_first() {
    let many: Vec<String> = (0..11).map(|nth| format!("P{nth}")).collect();
    let policies: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), SEND)).collect();
    let ten = |from: usize| manifest(&policies, &ada(&many[from..from + 10].join(", ")));
    let path = ten(0).replace("P3: {document", "P3: {path: /team/, document");
    let told = notes(&ten(0), &path);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("no two objects of one name"), "{told:#?}");
    assert!(told[0].contains("policy.P3: user.ada lack it"), "{told:#?}");

    let told = notes(&ten(0), &ten(1));
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("quota"), "{told:#?}");

    let swapped = |one: &str, other: &str| manifest(&[("A", one), ("B", other)], &ada("A, B"));
    let told = notes(&swapped(SEND, RECEIVE), &swapped(RECEIVE, SEND));
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("each of these changes takes what the other gives"), "{told:#?}");

    let same = manifest(&[("A", SEND)], &ada("A"));
    assert_eq!(notes(&same, &manifest(&[("B", SEND)], &ada("B"))), Vec::<String>::new());
}

/// A policy whose path, description or case changes, on holders of every kind.
fn replaced_policies() -> [(&'static str, String, String); 4] {
    let holders = |name: &str| {
        format!(
            "users:\n  ada: {{policies: [{name}]}}\n  bob: {{policies: [Other], groups: [g0]}}\n\
             roles:\n  worker: {{trust: {{services: [lambda.amazonaws.com]}}, \
             policies: [{name}, Other]}}\n\
             groups:\n  g0: {{policies: [{name}]}}\n"
        )
    };
    let policy = |name: &str, statements: &str| {
        manifest(&[(name, statements), ("Other", GET)], &holders(name))
    };
    let before = policy("Deploy", SEND);
    let with =
        |field: &str| before.replace("Deploy: {document", &format!("Deploy: {{{field}, document"));
    let edited = policy("Deploy", &format!("{RECEIVE}, {NO_SEND}"));
    let edited = edited.replace("Deploy: {document", "Deploy: {path: /team/, document");
    [
        ("path", before.clone(), with("path: /team/")),
        ("description", before.clone(), with("description: Deploys")),
        ("case", before.clone(), policy("deploy", SEND)),
        ("path and document", before, edited),
    ]
}

#[test]
fn a_policy_that_is_replaced_under_its_name_is_missing_to_nobody() {
    for (name, before, after) in replaced_policies() {
        let edit = Edit::new(name, &before, &after);
        let calls = edit.must_keep_the_law();
        let notes = edit.before.planned(PlanMode::Apply).notes;
        assert!(calls.is_some_and(|it| it >= 14), "{name}: {calls:?} {notes:#?}");
        let copies: Vec<_> =
            notes.iter().filter(|it| it.kind == PlanNoteKind::TemporaryCopy).collect();
        assert_eq!(copies.len(), 1, "{name}: {notes:#?}");
        let told = "policy.Deploy: relayctl-temporary-Deploy, on group.g0, role.worker, user.ada";
        assert_eq!(copies[0].details, [told], "{name}");
    }
}

/// The user has nine policies, so one place is left. The name of the first copy is taken; the place
/// goes to the second one.
#[test]
fn a_copy_that_cannot_be_made_leaves_its_place_to_another_one() {
    let mut names: Vec<String> = (0..9).map(|nth| format!("P{nth}")).collect();
    let attached = names.join(", ");
    names.push("relayctl-temporary-P3".to_owned());
    let policies: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), SEND)).collect();
    let before = manifest(&policies, &ada(&attached));
    let moved = |text: &str, name: &str| {
        text.replace(
            &format!("  {name}: {{document"),
            &format!("  {name}: {{path: /team/, document"),
        )
    };
    let after = moved(&moved(&before, "P3"), "P5");
    let notes = Edit::new("places", &before, &after).before.planned(PlanMode::Apply).notes;
    let details = |kind: PlanNoteKind| {
        let of_kind = notes.iter().filter(move |note| note.kind == kind);
        of_kind.flat_map(|note| note.details.clone()).collect::<Vec<_>>()
    };
    let copies = details(PlanNoteKind::TemporaryCopy);
    assert_eq!(copies, ["policy.P5: relayctl-temporary-P5, on user.ada"], "{notes:#?}");
    let lacking = details(PlanNoteKind::OldFirst);
    assert_eq!(lacking, ["policy.P3: user.ada lack it until it is attached again"], "{notes:#?}");
}

/// The next run finishes what a killed one began, keeps the law, too, and leaves no copy.
#[test]
fn the_copy_of_a_killed_run_is_used_and_removed_by_the_next_one() {
    for (name, before, after) in replaced_policies() {
        let edit = Edit::new(name, &before, &after);
        let (was, finished) = (access(&edit.before.contents()), edit.before.fork());
        let counted = Faults::none();
        must_succeed(&finished.attempt(PlanMode::Apply, &counted, 1), name);
        let is = finished.contents();
        let least: Access = was.intersection(&access(&is)).cloned().collect();
        for nth in 1..=counted.passed(Seam::Call) {
            for kind in [FaultKind::KillAfter, FaultKind::LoseRequest, FaultKind::LoseAnswer] {
                let world = edit.before.fork();
                let fault = PlannedFault { seam: Seam::Call, nth, kind };
                world.attempt(PlanMode::Apply, &Faults::of([fault]), 1);
                let again = Edit { before: world, name: format!("{name}, {kind:?} {nth}, again") };
                let next = again.before.fork();
                must_succeed(&next.attempt(PlanMode::Apply, &Faults::none(), 1), &again.name);
                assert_eq!(masked_ids(&next.contents()), masked_ids(&is), "{}", again.name);
                let plan = next.planned(PlanMode::Apply);
                assert!(plan.is_empty(), "{}: {:#?}", again.name, plan.changes);
                // Killed once more, one call later.
                for nth in 1..=3 {
                    let world = again.before.fork();
                    let kind = FaultKind::KillAfter;
                    let fault = PlannedFault { seam: Seam::Call, nth, kind };
                    world.attempt(PlanMode::Apply, &Faults::of([fault]), 1);
                    let now = access(&world.contents());
                    let missing: Vec<_> = least.difference(&now).collect();
                    assert!(missing.is_empty(), "{}, {nth}: {missing:#?}", again.name);
                }
            }
        }
    }
}

/// Ids are new each time that something is made.
fn masked_ids(account: &Value) -> String {
    let mut account = account.clone();
    let mut queue = vec![&mut account];
    while let Some(value) = queue.pop() {
        match value {
            Value::Object(map) => {
                map.retain(|key, _| key != "id" && key != "created");
                queue.extend(map.values_mut());
            }
            Value::Array(list) => queue.extend(list),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    account.to_string()
}

/// The old role is deleted before the new one exists. A run that is killed in between leaves to the
/// next one what others set on the old one.
#[test]
fn a_replacement_that_is_killed_keeps_what_others_set() {
    let role = |path: &str| {
        let head = format!("version: 1\nname: r\naccount: \"{ACCOUNT}\"\nregion: us-east-1\n");
        let trust = "trust: {services: [lambda.amazonaws.com]}";
        format!("{head}roles:\n  worker: {{path: {path}, {trust}, policies: [{READ}]}}\n")
    };
    let edit = Edit::new("a replaced role", &role("/"), &role("/relay/"));
    let worker = || "worker".to_owned();
    let tags = [("cost-centre".to_owned(), "4711".to_owned())];
    for write in [
        IamWrite::PutRolePermissionsBoundary { role: worker(), arn: READ.to_owned() },
        IamWrite::TagRole { role: worker(), tags: tags.into() },
        IamWrite::UpdateRole {
            role: worker(),
            description: "theirs".to_owned(),
            max_session_duration: 7200,
        },
    ] {
        edit.before.others_do(&Write::Iam(write));
    }
    let (finished, counted) = (edit.before.fork(), Faults::none());
    must_succeed(&finished.attempt(PlanMode::Apply, &counted, 1), &edit.name);
    for seam in [Seam::Call, Seam::Save] {
        for nth in 1..=counted.passed(seam) {
            for kind in [FaultKind::KillBefore, FaultKind::KillAfter, FaultKind::LoseRequest] {
                let (world, fault) = (edit.before.fork(), PlannedFault { seam, nth, kind });
                world.attempt(PlanMode::Apply, &Faults::of([fault]), 1);
                must_succeed(&world.attempt(PlanMode::Apply, &Faults::none(), 1), &edit.name);
                let role = world.contents()["roles"]["worker"].clone();
                let place = format!("{fault:?}: {role:#}");
                assert_eq!(role["path"], "/relay/", "{place}");
                assert_eq!(role["boundary"], READ, "{place}");
                assert_eq!(role["description"], "theirs", "{place}");
                assert_eq!(role["max_session_duration"], 7200, "{place}");
                assert_eq!(role["tags"]["cost-centre"], "4711", "{place}");
                world.must_be_sound(PlanMode::Apply, &place);
            }
        }
    }
}
