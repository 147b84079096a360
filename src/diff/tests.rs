//! Tests of the decision table, row by row, and of the effects of one decision on others.

#![allow(clippy::needless_pass_by_value, reason = "builders read best with the values in place")]

use serde_json::json;

use super::*;
use crate::address::{KindName, Principal, PrincipalKind};
use crate::call::{Failure, FailureKind};
use crate::kind::{DeletionBlocker, OWNER_TAG, STATE_TAG};
use crate::value::Value;

mod carried;

const MANIFEST: &str = "relay";

/// A small world of declared, recorded and live objects, built up row by row.
#[derive(Default)]
struct World {
    desired: Desired,
    recorded: Recorded,
    live: Live,
    removing: bool,
}

/// The parts of a decision that outlive its world.
struct Decided {
    change: ResourceChange,
    wanted: Option<Attributes>,
    shifts: bool,
}

fn attributes(value: Value) -> Attributes {
    value.as_object().unwrap().clone().into_iter().collect()
}

fn user(tags: Value) -> Attributes {
    attributes(json!({"name": "u", "arn": "arn:aws:iam::1:user/u", "path": "/", "tags": tags}))
}

fn ours() -> Value {
    json!({OWNER_TAG: MANIFEST, "stage": "dev"})
}

impl World {
    fn new() -> Self {
        let mut world = Self::default();
        world.desired.name = MANIFEST.to_owned();
        world
    }

    fn declared(mut self, address: &str, attributes: Attributes, depends_on: &[&str]) -> Self {
        let depends_on = depends_on.iter().map(|it| it.parse().unwrap()).collect();
        let resource = Resource { attributes, depends_on, ..Resource::default() };
        self.desired.resources.insert(address.parse().unwrap(), resource);
        self
    }

    fn exclusive(mut self, address: &str) -> Self {
        self.desired.resources.get_mut(&address.parse().unwrap()).unwrap().exclusive = true;
        self
    }

    fn recorded(
        mut self,
        address: &str,
        id: Option<&str>,
        attributes: Attributes,
        depends_on: &[&str],
    ) -> Self {
        let status = if id.is_some() { Status::Done } else { Status::Intended };
        let depends_on = depends_on.iter().map(|it| it.parse().unwrap()).collect();
        let entry = RecordedObject { status, id: id.map(str::to_owned), attributes, depends_on };
        self.recorded.insert(address.parse().unwrap(), entry);
        self
    }

    fn live(self, address: &str, id: &str, attributes: Attributes) -> Self {
        self.live_with(address, id, attributes, Vec::new())
    }

    fn live_with(
        self,
        address: &str,
        id: &str,
        attributes: Attributes,
        attached: Vec<Attached>,
    ) -> Self {
        let tag = |key: &str| {
            let tags = attributes.get("tags")?;
            tags.get(key)?.as_str().map(str::to_owned)
        };
        let (owner, state_tag, id) = (tag(OWNER_TAG), tag(STATE_TAG), id.to_owned());
        let seen =
            LiveObject { id, owner, state_tag, attributes, attached, ..LiveObject::default() };
        self.sees(address, Observed::Present(seen))
    }

    fn sees(mut self, address: &str, observed: Observed<LiveObject>) -> Self {
        self.live.insert(address.parse().unwrap(), LiveResource { observed, conflict: None });
        self
    }

    fn decide(&self) -> Vec<PlannedChange<'_>> {
        diff(&self.desired, &self.recorded, &self.live, self.removing)
    }

    #[track_caller]
    fn expect(&self, address: &str, action: ChangeAction, reason: Reason) -> Decided {
        let decisions = self.decide();
        let address: Address = address.parse().unwrap();
        let decision =
            decisions.iter().find(|it| it.change.address == address).expect("a decision");
        assert_eq!(
            (decision.change.action, &decision.change.reason),
            (action, &reason),
            "{decision:#?}"
        );
        let wanted = decision.wanted.as_deref().cloned();
        Decided { change: decision.change.clone(), wanted, shifts: decision.shifts }
    }
}

#[test]
fn declared_recorded_and_live_alike_is_nothing() {
    let world = World::new().declared("user.u", user(ours()), &[]).recorded(
        "user.u",
        Some("AIDA1"),
        user(ours()),
        &[],
    );
    world.live("user.u", "AIDA1", user(ours())).expect(
        "user.u",
        ChangeAction::Nothing,
        Reason::Same,
    );
}

#[test]
fn a_difference_is_an_update_of_that_field_and_drift_where_the_state_knew_better() {
    let live = user(json!({OWNER_TAG: MANIFEST}));
    let world = World::new().declared("user.u", user(ours()), &[]).recorded(
        "user.u",
        Some("AIDA1"),
        user(ours()),
        &[],
    );
    let decision =
        world.live("user.u", "AIDA1", live).expect("user.u", ChangeAction::Update, Reason::Differs);
    assert_eq!(decision.change.fields.len(), 1);
    assert_eq!(decision.change.fields[0].change.field, "tags");
    assert_eq!(decision.change.drift.len(), 1);
    assert_eq!(decision.change.unchanged, 1, "the path");
}

#[test]
fn gone_is_made_again_and_never_there_is_new() {
    let world = World::new().declared("user.u", user(ours()), &[]);
    world.expect("user.u", ChangeAction::Create, Reason::New);
    let world = world.recorded("user.u", Some("AIDA1"), user(ours()), &[]);
    world.expect("user.u", ChangeAction::Create, Reason::Vanished);
    let world = World::new().declared("user.u", user(ours()), &[]).recorded(
        "user.u",
        None,
        user(ours()),
        &[],
    );
    world.expect("user.u", ChangeAction::Create, Reason::Interrupted);
}

#[test]
fn our_tag_without_a_state_is_adopted_and_without_our_tag_is_refused() {
    let world = || World::new().declared("user.u", user(ours()), &[]);
    world().live("user.u", "AIDA1", user(ours())).expect(
        "user.u",
        ChangeAction::Adopt,
        Reason::Lost,
    );
    let bare = user(json!({"stage": "dev"}));
    world().live("user.u", "AIDA1", bare).expect(
        "user.u",
        ChangeAction::Refuse,
        Reason::NotOurs { owner: None },
    );
    let theirs = user(json!({OWNER_TAG: "other"}));
    let reason = Reason::NotOurs { owner: Some("other".to_owned()) };
    world().live("user.u", "AIDA1", theirs).expect("user.u", ChangeAction::Refuse, reason);
}

#[test]
fn what_an_interrupted_run_made_is_ours_unless_it_carries_another_tag() {
    let world = || {
        World::new().declared("user.u", user(ours()), &[]).recorded(
            "user.u",
            None,
            user(ours()),
            &[],
        )
    };
    world().live("user.u", "AIDA1", user(ours())).expect(
        "user.u",
        ChangeAction::Adopt,
        Reason::Interrupted,
    );
    let reason = Reason::NotOurs { owner: Some("other".to_owned()) };
    world().live("user.u", "AIDA1", user(json!({OWNER_TAG: "other"}))).expect(
        "user.u",
        ChangeAction::Refuse,
        reason,
    );
}

#[test]
fn the_same_name_made_anew_by_somebody_else_is_refused_or_forgotten() {
    let reason =
        Reason::RecreatedBySomeoneElse { recorded: "AIDA1".to_owned(), live: "AIDA2".to_owned() };
    let bare = || user(json!({}));
    let recorded = || World::new().recorded("user.u", Some("AIDA1"), user(ours()), &[]);
    recorded().live("user.u", "AIDA2", bare()).expect(
        "user.u",
        ChangeAction::Forget,
        reason.clone(),
    );
    let declared = recorded().declared("user.u", user(ours()), &[]);
    declared.live("user.u", "AIDA2", bare()).expect("user.u", ChangeAction::Refuse, reason);
}

#[test]
fn what_carries_another_manifests_tag_is_that_manifests_whatever_the_state_says() {
    let theirs = || user(json!({OWNER_TAG: "other"}));
    let reason = || Reason::NotOurs { owner: Some("other".to_owned()) };
    let recorded = || World::new().recorded("user.u", Some("AIDA1"), user(ours()), &[]);
    let handed_over = || recorded().live("user.u", "AIDA1", theirs());
    handed_over().expect("user.u", ChangeAction::Forget, reason());
    let declared = handed_over().declared("user.u", user(ours()), &[]);
    declared.expect("user.u", ChangeAction::Refuse, reason());
}

#[test]
fn a_lost_tag_is_put_back_where_an_id_tells_the_object_and_a_bucket_has_none() {
    let bare = |value: Value| {
        let mut value = value;
        value["tags"] = json!({});
        attributes(value)
    };
    let tagged = |value: &Value| {
        let mut value = value.clone();
        value["tags"] = ours();
        attributes(value)
    };
    let named = json!({"name": "u", "arn": "arn:aws:iam::1:user/u", "path": "/"});
    World::new()
        .declared("user.u", tagged(&named), &[])
        .recorded("user.u", Some("AIDA1"), tagged(&named), &[])
        .live("user.u", "AIDA1", bare(named))
        .expect("user.u", ChangeAction::Update, Reason::Differs);
    let named = json!({"name": "b", "arn": "arn:aws:s3:::b", "region": "eu-west-1"});
    let world = || {
        let world = World::new().recorded("bucket.b", Some("b"), tagged(&named), &[]);
        world.live("bucket.b", "b", bare(named.clone()))
    };
    let reason = || Reason::NotOurs { owner: None };
    world().expect("bucket.b", ChangeAction::Forget, reason());
    let declared = world().declared("bucket.b", tagged(&named), &[]);
    declared.expect("bucket.b", ChangeAction::Refuse, reason());
}

#[test]
fn what_another_state_of_the_same_name_made_is_refused_until_it_is_taken_over() {
    let tags = |state: &str| json!({OWNER_TAG: MANIFEST, STATE_TAG: state});
    let world = World::new().declared("user.u", user(json!({OWNER_TAG: MANIFEST})), &[]);
    let mut world = world.live("user.u", "AIDA1", user(tags("theirs")));
    let options = |recover| DiffOptions { state_tag: Some("ours"), recover, ..Default::default() };
    let decide = |world: &World, recover| {
        let found = diff(&world.desired, &world.recorded, &world.live, options(recover));
        let change = found[0].change.clone();
        (change, found[0].wanted.as_deref().cloned())
    };
    let (change, _) = decide(&world, false);
    let reason = Reason::OtherState { state: "theirs".to_owned() };
    assert_eq!((change.action, change.reason), (ChangeAction::Refuse, reason));
    let (change, wanted) = decide(&world, true);
    assert_eq!(change.action, ChangeAction::Update);
    let moved = &change.fields[0].change;
    assert_eq!(moved.before.as_deref().unwrap()[STATE_TAG], "theirs");
    assert_eq!(moved.after.as_deref().unwrap()[STATE_TAG], "ours");
    assert_eq!(wanted.unwrap()["tags"], tags("ours"));
    // What an older version made names no state, and gets no call of its own for that.
    world = world.live("user.u", "AIDA1", user(json!({OWNER_TAG: MANIFEST})));
    assert_eq!(decide(&world, false).0.action, ChangeAction::Adopt);
    // What is made carries the tag from the beginning.
    world.live.clear();
    let (change, wanted) = decide(&world, false);
    assert_eq!(change.action, ChangeAction::Create);
    assert_eq!(wanted.unwrap()["tags"], tags("ours"));
}

#[test]
fn the_parts_of_a_thing_that_is_no_longer_ours_follow_it() {
    let part = || attributes(json!({"user": "u", "policy_arn": "arn:p"}));
    let key = || attributes(json!({"user": "u", "profile": "u"}));
    let profile = || attributes(json!({"profile": "u", "region": "eu-west-1"}));
    let world = || {
        World::new()
            .recorded("user.u", Some("AIDA1"), user(ours()), &[])
            .recorded("user_policy_attachment.u/p", Some("u|arn:p"), part(), &["user.u"])
            .recorded("access_key.u", Some("AKIA1"), key(), &["user.u"])
            .recorded("aws_profile.u", Some("profile u"), profile(), &["access_key.u"])
            .live("user.u", "AIDA1", user(json!({OWNER_TAG: "other"})))
            .live("user_policy_attachment.u/p", "u|arn:p", part())
            .live("access_key.u", "AKIA1", key())
            .live("aws_profile.u", "profile u", profile())
    };
    let parts = ["user_policy_attachment.u/p", "access_key.u"];
    let user_address = || "user.u".parse().unwrap();
    for part in parts {
        let reason = Reason::ParentHandedOver(user_address());
        world().expect(part, ChangeAction::Forget, reason);
    }
    let reason = Reason::ParentHandedOver("access_key.u".parse().unwrap());
    world().expect("aws_profile.u", ChangeAction::Forget, reason);
    // The user is still declared: it is refused, and so nothing on it is taken over or away.
    let declared = || world().declared("user.u", user(ours()), &[]);
    for part in parts {
        declared().expect(part, ChangeAction::Blocked, Reason::DependsOn(user_address()));
    }
    let mut second = declared().declared("user_policy_attachment.u/p", part(), &["user.u"]);
    second.recorded.clear();
    let reason = Reason::DependsOn(user_address());
    second.expect("user_policy_attachment.u/p", ChangeAction::Blocked, reason);
}

#[test]
fn undeclared_is_deleted_or_forgotten() {
    let recorded = || World::new().recorded("user.u", Some("AIDA1"), user(ours()), &[]);
    recorded().live("user.u", "AIDA1", user(ours())).expect(
        "user.u",
        ChangeAction::Delete,
        Reason::Undeclared,
    );
    recorded().expect("user.u", ChangeAction::Forget, Reason::Vanished);
    let mut destroy = recorded().live("user.u", "AIDA1", user(ours()));
    destroy.removing = true;
    destroy.expect("user.u", ChangeAction::Delete, Reason::Destroy);
}

#[test]
fn unknown_blocks_it_and_its_dependents_whatever_is_recorded() {
    let failure = Failure::new(FailureKind::AccessDenied, "iam:GetUser", "AccessDenied", "no");
    let attachment = attributes(json!({"user": "u", "policy_arn": "arn:p"}));
    let world = World::new()
        .declared("user.u", user(ours()), &[])
        .declared("user_policy_attachment.u/p", attachment, &["user.u"])
        .sees("user.u", Observed::Unknown(failure.clone()));
    world.expect("user.u", ChangeAction::Blocked, Reason::Unknown(failure));
    let cause = Reason::DependsOn("user.u".parse().unwrap());
    world.expect("user_policy_attachment.u/p", ChangeAction::Blocked, cause);
}

#[test]
fn foreign_tags_stay_and_are_told() {
    let mut tags = ours();
    tags["CostCentre"] = json!("42");
    tags["aws:createdBy"] = json!("somebody");
    let world = World::new().declared("user.u", user(ours()), &[]).recorded(
        "user.u",
        Some("AIDA1"),
        user(ours()),
        &[],
    );
    let decision = world.live("user.u", "AIDA1", user(tags)).expect(
        "user.u",
        ChangeAction::Nothing,
        Reason::Same,
    );
    assert_eq!(decision.change.left_alone, ["tags.CostCentre: not in the manifest, left alone"]);
    assert_eq!(decision.wanted.unwrap()["tags"]["CostCentre"], "42");
}

#[test]
fn a_tag_that_leaves_the_manifest_is_removed_because_the_state_knows_it() {
    let declared = user(json!({OWNER_TAG: MANIFEST}));
    let world = World::new().declared("user.u", declared, &[]).recorded(
        "user.u",
        Some("AIDA1"),
        user(ours()),
        &[],
    );
    let decision = world.live("user.u", "AIDA1", user(ours())).expect(
        "user.u",
        ChangeAction::Update,
        Reason::Differs,
    );
    let change = &decision.change.fields[0].change;
    assert_eq!(change.before.as_ref().unwrap()["stage"], "dev");
    assert!(change.after.as_ref().unwrap().get("stage").is_none());
}

#[test]
fn a_field_that_nobody_names_is_not_touched_and_one_that_was_named_goes_back_to_its_default() {
    let boundary = json!("arn:aws:iam::1:policy/b");
    let mut live = user(ours());
    live.insert("permissions_boundary", boundary.clone());
    let world = |recorded| {
        World::new()
            .declared("user.u", user(ours()), &[])
            .recorded("user.u", Some("AIDA1"), recorded, &[])
            .live("user.u", "AIDA1", live.clone())
    };
    world(user(ours())).expect("user.u", ChangeAction::Nothing, Reason::Same);
    let decision = world(live.clone()).expect("user.u", ChangeAction::Update, Reason::Differs);
    assert_eq!(decision.change.fields[0].change.after, Some(Value::Null.into()));
}

#[test]
fn foreign_policies_are_told_or_removed_by_exclusive_and_block_a_removal() {
    let foreign = || vec![Attached::Managed("arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned())];
    let base = || World::new().recorded("user.u", Some("AIDA1"), user(ours()), &[]);
    let world = base().live_with("user.u", "AIDA1", user(ours()), foreign()).declared(
        "user.u",
        user(ours()),
        &[],
    );
    let decision = world.expect("user.u", ChangeAction::Nothing, Reason::Same);
    let told = "policy arn:aws:iam::aws:policy/ReadOnlyAccess: not in the manifest, left alone";
    assert_eq!(decision.change.left_alone, [told]);

    let attachment = "user_policy_attachment.u/arn:aws:iam::aws:policy/ReadOnlyAccess";
    world.exclusive("user.u").expect(attachment, ChangeAction::Delete, Reason::Exclusive);

    let removal = base().live_with("user.u", "AIDA1", user(ours()), foreign());
    let decisions = removal.decide();
    assert_eq!(decisions[0].change.action, ChangeAction::Refuse);
    assert!(
        matches!(&decisions[0].change.reason, Reason::Obstacle(why) if why.contains("ReadOnlyAccess"))
    );
}

fn policy(path: &str) -> Attributes {
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]});
    attributes(json!({
        "name": "p", "arn": format!("arn:aws:iam::1:policy{path}p"), "path": path, "document": document,
        "tags": {OWNER_TAG: MANIFEST},
    }))
}

#[test]
fn what_aws_cannot_change_is_replaced_with_everything_that_hangs_on_it() {
    let attachment = |path: &str| {
        attributes(json!({"user": "u", "policy_arn": format!("arn:aws:iam::1:policy{path}p")}))
    };
    let world = World::new()
        .declared("policy.p", policy("/new/"), &[])
        .declared("user.u", user(ours()), &[])
        .declared("user_policy_attachment.u/p", attachment("/new/"), &["user.u", "policy.p"])
        .recorded("policy.p", Some("ANPA1"), policy("/"), &[])
        .recorded("user.u", Some("AIDA1"), user(ours()), &[])
        .recorded(
            "user_policy_attachment.u/p",
            Some("u|arn:aws:iam::1:policy/p"),
            attachment("/"),
            &["user.u", "policy.p"],
        )
        .live("policy.p", "ANPA1", policy("/"))
        .live("user.u", "AIDA1", user(ours()))
        .live("user_policy_attachment.u/p", "u|arn:aws:iam::1:policy/p", attachment("/"));
    let why = "IAM cannot change a policy's path".to_owned();
    let decision =
        world.expect("policy.p", ChangeAction::Replace, Reason::CannotChange(why.clone()));
    let path = decision.change.fields.iter().find(|field| field.change.field == "path").unwrap();
    assert_eq!(path.forces_replacement, Some(why));
    let decisions = world.decide();
    let attachment = decisions
        .iter()
        .find(|it| it.change.address.kind() == KindName::PolicyAttachment(PrincipalKind::User))
        .unwrap();
    assert_eq!(attachment.change.action, ChangeAction::Replace);
}

#[test]
fn a_document_that_aws_returns_otherwise_spelled_is_no_change() {
    let mut live = policy("/");
    let respelled = json!({"Statement": {"Resource": ["*"], "Action": ["S3:*"], "Effect": "Allow"}, "Version": "2012-10-17"});
    live.insert("document", respelled);
    let world = World::new().declared("policy.p", policy("/"), &[]).recorded(
        "policy.p",
        Some("ANPA1"),
        policy("/"),
        &[],
    );
    world.live("policy.p", "ANPA1", live).expect("policy.p", ChangeAction::Nothing, Reason::Same);
}

fn policy_at(path: &str) -> Attributes {
    let arn = format!("arn:aws:iam::1:policy{path}p");
    attributes(json!({"name": "p", "arn": arn, "path": path, "tags": ours(), "document": {}}))
}

#[test]
fn a_policy_that_bounds_one_of_ours_is_not_made_anew() {
    let bounded = |arn: &str| {
        let mut user = user(ours());
        user.insert("permissions_boundary", json!(arn));
        user
    };
    let (old, new) = ("arn:aws:iam::1:policy/p", "arn:aws:iam::1:policy/x/p");
    let hanging = vec![DeletionBlocker::BoundaryOf(Principal::user("u"))];
    let seen = LiveObject {
        owner: Some(MANIFEST.to_owned()),
        attributes: policy_at("/"),
        hanging,
        ..LiveObject::default()
    };
    let world = |keeps: bool| {
        let (declared, depends_on): (_, &[&str]) =
            if keeps { (bounded(new), &["policy.p"]) } else { (user(ours()), &[]) };
        World::new()
            .declared("policy.p", policy_at("/x/"), &[])
            .declared("user.u", declared, depends_on)
            .recorded("policy.p", Some(""), policy_at("/"), &[])
            .recorded("user.u", Some("AIDA1"), bounded(old), &["policy.p"])
            .live("user.u", "AIDA1", bounded(old))
            .sees("policy.p", Observed::Present(seen.clone()))
    };
    let why = "it must be replaced, and is the permissions boundary of user.u, which relayctl \
        does not remove: declare the policy under another name, and set that for user.u";
    world(true).expect("policy.p", ChangeAction::Refuse, Reason::Obstacle(why.to_owned()));
    world(true).expect(
        "user.u",
        ChangeAction::Blocked,
        Reason::DependsOn("policy.p".parse().unwrap()),
    );
    let why = Reason::CannotChange("IAM cannot change a policy's path".to_owned());
    world(false).expect("policy.p", ChangeAction::Replace, why);
}

#[test]
fn a_document_that_names_what_gets_another_arn_looks_different_by_the_time_that_it_is_changed() {
    let role = |path: &str| {
        let arn = format!("arn:aws:iam::1:role{path}r");
        attributes(json!({"name": "r", "arn": arn, "path": path, "tags": ours(), "trust": {}}))
    };
    let bucket = |path: &str, action: &str| {
        let principal = json!({"AWS": format!("arn:aws:iam::1:role{path}r")});
        let statement = json!({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "arn:aws:s3:::b"});
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
        attributes(
            json!({"name": "b", "arn": "arn:aws:s3:::b", "region": "us-east-1", "tags": ours(), "policy": policy}),
        )
    };
    let world = |path: &str| {
        World::new()
            .declared("role.r", role(path), &[])
            .declared("bucket.b", bucket(path, "s3:GetObject"), &["role.r"])
            .recorded("role.r", Some("AROA1"), role("/"), &[])
            .recorded("bucket.b", Some("b"), bucket("/", "s3:ListBucket"), &["role.r"])
            .live("role.r", "AROA1", role("/"))
            .live("bucket.b", "b", bucket("/", "s3:ListBucket"))
    };
    assert!(!world("/").expect("bucket.b", ChangeAction::Update, Reason::Differs).shifts);
    let changed = world("/x/").expect("bucket.b", ChangeAction::Update, Reason::Differs);
    assert!(changed.shifts);
    assert_eq!(changed.change.fields.len(), 1);
}
