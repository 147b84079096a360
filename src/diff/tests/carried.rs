//! Tests of what a new object takes over from one with another name.

use super::*;

const BOUNDARY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

fn role(name: &str, more: Value) -> Attributes {
    let arn = format!("arn:aws:iam::1:role/{name}");
    let mut all = attributes(json!({"name": name, "arn": arn, "path": "/", "tags": ours()}));
    let more = attributes(more);
    all.extend(more.iter().map(|(name, value)| (name, value.clone())));
    all
}

/// A live role on which others have set everything that they can.
fn touched(name: &str) -> Attributes {
    let tags = json!({
        OWNER_TAG: MANIFEST, "stage": "dev", "cost-centre": "4711", "aws:stack": "legacy",
    });
    role(
        name,
        json!({"description": "theirs", "max_session_duration": 7200,
            "permissions_boundary": BOUNDARY, "tags": tags}),
    )
}

fn moved(mut world: World, from: &str, to: &str) -> World {
    let moved = crate::model::MovedResource { to: to.parse().unwrap(), place: None };
    world.desired.moved.insert(from.parse().unwrap(), moved);
    world
}

/// The role `runner` is there, and the manifest calls it by another name now.
fn renamed(to: &str) -> World {
    World::new().declared(&format!("role.{to}"), role(to, json!({})), &[]).recorded(
        "role.runner",
        Some("AROA1"),
        role("runner", json!({})),
        &[],
    )
}

fn all_that_others_set() -> Attributes {
    attributes(json!({"description": "theirs", "max_session_duration": 7200,
        "permissions_boundary": BOUNDARY, "tags": {"cost-centre": "4711"}}))
}

#[track_caller]
fn decided<'d>(decisions: &'d [PlannedChange<'d>], address: &str) -> &'d PlannedChange<'d> {
    let address: Address = address.parse().unwrap();
    decisions.iter().find(|it| it.change.address == address).expect("a decision")
}

#[track_caller]
fn gets_all(new: &PlannedChange<'_>) {
    assert_eq!(new.change.action, ChangeAction::Create);
    assert_eq!(new.carried, all_that_others_set());
    let wanted = new.wanted.as_deref().unwrap();
    assert_eq!(wanted.get("permissions_boundary"), Some(&json!(BOUNDARY)));
    assert_eq!(wanted.get("description"), Some(&json!("theirs")));
    assert_eq!(wanted.get("max_session_duration"), Some(&json!(7200)));
    let tags = json!({OWNER_TAG: MANIFEST, "stage": "dev", "cost-centre": "4711"});
    assert_eq!(wanted.get("tags"), Some(&tags));
    let shown = new.change.fields.iter().find(|it| it.change.field == "permissions_boundary");
    assert_eq!(shown.unwrap().change.after.as_deref(), Some(&json!(BOUNDARY)));
}

#[test]
fn an_object_with_a_new_name_gets_what_others_set_on_the_old_one() {
    let world = renamed("worker").live("role.runner", "AROA1", touched("runner"));
    let world = moved(world, "role.runner", "role.worker");
    let decisions = world.decide();
    let (new, old) = (decided(&decisions, "role.worker"), decided(&decisions, "role.runner"));
    gets_all(new);
    let from = "not set by the manifest, carried over from role.runner";
    assert_eq!(
        new.change.left_alone,
        [
            format!("description theirs: {from}"),
            format!("max_session_duration 7200: {from}"),
            format!("permissions_boundary {BOUNDARY}: {from}"),
            "tags.aws:stack: set by AWS, and lost: nobody can set it on the new object".to_owned(),
            format!("tags.cost-centre: {from}"),
        ]
    );
    assert_eq!(old.change.action, ChangeAction::Delete);
    assert_eq!(old.successor, Some("role.worker".parse().unwrap()));
    assert_eq!(old.carried, new.carried);
    assert_eq!(
        made_anew(&world.desired, &world.recorded, &world.live),
        BTreeSet::from(["role.runner".parse().unwrap()])
    );
}

#[test]
fn a_name_in_another_case_needs_no_entry() {
    let world = renamed("Runner").live("role.runner", "AROA1", touched("runner"));
    let decisions = world.decide();
    gets_all(decided(&decisions, "role.Runner"));
    let successor = decided(&decisions, "role.runner").successor.clone();
    assert_eq!(successor, Some("role.Runner".parse().unwrap()));
}

#[test]
fn what_the_manifest_set_or_sets_is_not_carried_over() {
    let mut world = renamed("worker").live("role.runner", "AROA1", touched("runner"));
    world = moved(world, "role.runner", "role.worker");
    // The state knows the boundary and a tag, the manifest a description and a session length.
    let tags = json!({OWNER_TAG: MANIFEST, "stage": "dev", "cost-centre": "1"});
    let known = role("runner", json!({"permissions_boundary": BOUNDARY, "tags": tags}));
    world = world.recorded("role.runner", Some("AROA1"), known, &[]).declared(
        "role.worker",
        role("worker", json!({"description": "ours", "max_session_duration": 3600})),
        &[],
    );
    let decisions = world.decide();
    let new = decided(&decisions, "role.worker");
    assert_eq!(new.carried, Attributes::new());
    assert_eq!(new.wanted.as_deref().unwrap().get("description"), Some(&json!("ours")));
    assert_eq!(new.change.left_alone.len(), 1, "{:?}", new.change.left_alone);
    // A field that is left to others has the old object's value.
    let resource = world.desired.resources.get_mut(&"role.worker".parse().unwrap()).unwrap();
    resource.ignored.add_field("description");
    let decisions = world.decide();
    let new = decided(&decisions, "role.worker");
    assert_eq!(new.carried, attributes(json!({"description": "theirs"})));
    assert_eq!(new.wanted.as_deref().unwrap().get("description"), Some(&json!("theirs")));
}

#[test]
fn nothing_is_carried_over_from_an_object_of_another_owner_or_to_one_that_exists() {
    let mut theirs = touched("runner");
    theirs.insert("tags", json!({OWNER_TAG: "site", "cost-centre": "4711"}));
    let of_others = renamed("worker").live("role.runner", "AROA1", theirs);
    let of_others = moved(of_others, "role.runner", "role.worker");
    let decisions = of_others.decide();
    assert_eq!(decided(&decisions, "role.runner").change.action, ChangeAction::Forget);
    assert_eq!(decided(&decisions, "role.worker").carried, Attributes::new());

    let both = renamed("worker")
        .recorded("role.worker", Some("AROA2"), role("worker", json!({})), &[])
        .live("role.runner", "AROA1", touched("runner"))
        .live("role.worker", "AROA2", role("worker", json!({})));
    let both = moved(both, "role.runner", "role.worker");
    let decisions = both.decide();
    assert_eq!(decided(&decisions, "role.worker").change.action, ChangeAction::Nothing);
    let old = decided(&decisions, "role.runner");
    assert_eq!((old.change.action, &old.successor), (ChangeAction::Delete, &None));
    assert!(made_anew(&both.desired, &both.recorded, &both.live).is_empty());
}

#[test]
fn the_new_object_waits_for_an_old_one_that_could_not_be_read() {
    let failure = Failure::new(FailureKind::AccessDenied, "iam:GetRole", "AccessDenied", "no");
    let world = renamed("worker").sees("role.runner", Observed::Unknown(failure));
    let world = moved(world, "role.runner", "role.worker");
    let reason = Reason::DependsOn("role.runner".parse().unwrap());
    world.expect("role.worker", ChangeAction::Blocked, reason);
}

#[test]
fn the_old_object_and_its_parts_stay_while_the_new_one_cannot_be_made() {
    let attached = |role: &str| {
        attributes(
            json!({"role": role, "policy": "Deploy", "policy_arn": "arn:aws:iam::1:policy/D"}),
        )
    };
    let world = renamed("worker")
        .live("role.runner", "AROA1", touched("runner"))
        .live("role.worker", "AROA2", role("worker", json!({"tags": {}})))
        .recorded(
            "role_policy_attachment.runner/Deploy",
            Some("runner/Deploy"),
            attached("runner"),
            &["role.runner"],
        )
        .live("role_policy_attachment.runner/Deploy", "runner/Deploy", attached("runner"));
    let world = moved(world, "role.runner", "role.worker");
    world.expect("role.worker", ChangeAction::Refuse, Reason::NotOurs { owner: None });
    let waits = || Reason::DependsOn("role.worker".parse().unwrap());
    world.expect("role.runner", ChangeAction::Blocked, waits());
    world.expect("role_policy_attachment.runner/Deploy", ChangeAction::Blocked, waits());
}

#[test]
fn a_name_in_another_case_waits_for_an_old_object_that_cannot_go() {
    let theirs = vec![Attached::Managed(BOUNDARY.to_owned())];
    let world = renamed("Runner").live_with("role.runner", "AROA1", touched("runner"), theirs);
    let decisions = world.decide();
    assert_eq!(decided(&decisions, "role.runner").change.action, ChangeAction::Refuse);
    let reason = Reason::DependsOn("role.runner".parse().unwrap());
    world.expect("role.Runner", ChangeAction::Blocked, reason);
}

fn bucket(name: &str, tags: Value) -> Attributes {
    let arn = format!("arn:aws:s3:::{name}");
    attributes(json!({"name": name, "arn": arn, "region": "us-east-1", "tags": tags}))
}

/// A bucket that an interrupted run made, with what it recorded for it.
fn begun(declared: Value, live: Value, carried: Value) -> World {
    let mut recorded = bucket("new", declared.clone());
    recorded.insert(CARRIED, carried);
    World::new()
        .declared("bucket.new", bucket("new", declared), &[])
        .recorded("bucket.new", None, recorded, &[])
        .live("bucket.new", "new", bucket("new", live))
}

#[test]
fn an_interrupted_create_is_completed_with_what_it_was_to_carry_over() {
    let carried = json!({"tags": {"cost-centre": "4711"}});
    let world = begun(ours(), json!({}), carried.clone());
    let decided = world.expect("bucket.new", ChangeAction::Update, Reason::Differs);
    let whole = json!({OWNER_TAG: MANIFEST, "stage": "dev", "cost-centre": "4711"});
    assert_eq!(decided.wanted.unwrap().get("tags"), Some(&whole));
    // It has them already.
    let world = begun(ours(), whole.clone(), carried.clone());
    world.expect("bucket.new", ChangeAction::Adopt, Reason::Interrupted);
    // Somebody has set another value meanwhile.
    let theirs = json!({OWNER_TAG: MANIFEST, "stage": "dev", "cost-centre": "1"});
    let world = begun(ours(), theirs, carried.clone());
    world.expect("bucket.new", ChangeAction::Adopt, Reason::Interrupted);
    // The manifest sets it by now.
    let named = json!({OWNER_TAG: MANIFEST, "stage": "dev", "cost-centre": "2"});
    let world = begun(named.clone(), whole, carried);
    let decided = world.expect("bucket.new", ChangeAction::Update, Reason::Differs);
    assert_eq!(decided.wanted.unwrap().get("tags"), Some(&named));
}

#[test]
fn an_interrupted_create_is_completed_with_what_the_manifest_sets_only_once() {
    let whole = json!({OWNER_TAG: MANIFEST, "stage": "dev"});
    let mut world = begun(whole.clone(), json!({}), json!({}));
    let resource = world.desired.resources.get_mut(&"bucket.new".parse().unwrap()).unwrap();
    resource.ignored.add_key("tags", "stage");
    let decided = world.expect("bucket.new", ChangeAction::Update, Reason::Differs);
    assert_eq!(decided.wanted.unwrap().get("tags"), Some(&whole));
    let theirs = bucket("new", json!({OWNER_TAG: MANIFEST, "stage": "theirs"}));
    let world = world.live("bucket.new", "new", theirs);
    world.expect("bucket.new", ChangeAction::Adopt, Reason::Interrupted);
}

#[test]
fn what_was_recorded_is_carried_over_if_the_old_object_is_gone_already() {
    let mut recorded = role("Runner", json!({}));
    recorded.insert(CARRIED, to_record(&all_that_others_set()));
    let world = World::new().declared("role.Runner", role("Runner", json!({})), &[]).recorded(
        "role.Runner",
        None,
        recorded.clone(),
        &[],
    );
    gets_all(decided(&world.decide(), "role.Runner"));
    // The manifest sets a description by now.
    let world = World::new()
        .declared("role.Runner", role("Runner", json!({"description": "ours"})), &[])
        .recorded("role.Runner", None, recorded, &[]);
    let decisions = world.decide();
    let new = decided(&decisions, "role.Runner");
    assert_eq!(new.wanted.as_deref().unwrap().get("description"), Some(&json!("ours")));
    assert!(!new.carried.contains_key("description"));
}
