//! Every kind against hand-made snapshots: absent, present, drifted, unknown; and the exact calls
//! of each change.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a hand-made answer is to the calls that a test is about"
)]

mod access_key;
mod bucket;
mod iam;
mod local_files;
mod relocation;

use std::collections::BTreeSet;

use serde_json::json;

use super::{FieldForm, Kind, LiveObject, ORDER, all, kind_of};
use crate::address::KindName;
use crate::call::{Failure, FailureKind, Observed, Read, Reply, Write};
use crate::reads::{ReadScope, Snapshot, WantedFacts, next_reads};
use crate::value::{Attributes, Value};

const ACCOUNT: &str = "arn:aws:iam::123456789012";

fn kind(name: &str) -> &'static dyn Kind {
    kind_of(name.parse().expect("a kind of that name"))
}

fn attributes(value: &Value) -> Attributes {
    serde_json::from_value(value.clone()).expect("a map")
}

fn failure(kind: FailureKind) -> Failure {
    Failure::new(kind, "iam:Test", format!("{kind:?}"), "as the test says")
}

fn not_found() -> Result<Reply, Failure> {
    Err(failure(FailureKind::NotFound))
}

fn denied<T>() -> Observed<T> {
    Observed::Unknown(failure(FailureKind::AccessDenied))
}

/// Answers the reads that the kind asks for, and nothing else: a kind that looks up another fact
/// sees `Unknown`.
fn ask(
    kind: &dyn Kind,
    wanted: &Attributes,
    answer: &dyn Fn(&Read) -> Result<Reply, Failure>,
) -> Snapshot {
    let mut facets: WantedFacts =
        kind.facets(wanted).into_iter().chain(kind.deletion_facets(wanted)).collect();
    let mut snapshot = Snapshot::default();
    loop {
        let reads = next_reads(&mut facets, &snapshot, ReadScope::Targeted);
        if reads.is_empty() {
            return snapshot;
        }
        for read in reads {
            let reply = answer(&read);
            snapshot.add(read, reply);
        }
    }
}

fn observe(
    name: &str,
    wanted: &Value,
    answer: &dyn Fn(&Read) -> Result<Reply, Failure>,
) -> Observed<LiveObject> {
    let wanted = attributes(wanted);
    kind(name).seen(&wanted, &ask(kind(name), &wanted, answer))
}

fn present(
    name: &str,
    wanted: &Value,
    answer: &dyn Fn(&Read) -> Result<Reply, Failure>,
) -> LiveObject {
    let observed = observe(name, wanted, answer);
    let Observed::Present(seen) = observed else { panic!("not there: {observed:?}") };
    seen
}

/// Returns the calls, one a line, as a plan might show them.
fn calls(writes: &[Write]) -> Vec<String> {
    let text = |write: &Write| match write {
        Write::Iam(write) => format!("{write:?}"),
        Write::S3(write) => format!("{write:?}"),
        Write::File(write) => format!("file {write:?}"),
        Write::ProveKey { .. } => format!("{write:?}"),
    };
    writes.iter().map(|write| text(write).replace('"', "").replace("BucketRef ", "")).collect()
}

fn created(name: &str, wanted: &Value) -> Vec<String> {
    calls(&kind(name).create(&attributes(wanted)))
}

/// Returns the calls that change `live` to `wanted` in these fields.
fn updated(name: &str, seen: &LiveObject, wanted: &Value, changed: &[&str]) -> Vec<String> {
    calls(&kind(name).update(seen, &attributes(wanted), changed))
}

fn deleted(name: &str, seen: &LiveObject, recorded: &Value) -> Vec<String> {
    calls(&kind(name).delete(seen, &attributes(recorded)))
}

/// Returns the least that a manifest can declare of each kind.
fn least(kind: &dyn Kind) -> Attributes {
    let identity = kind.fields().iter().filter(|field| field.form == FieldForm::Identity);
    identity.map(|field| (field.name.to_owned(), json!(format!("the-{}", field.name)))).collect()
}

#[test]
fn plans_list_kinds_in_this_order() {
    let names: Vec<_> = all().map(|kind| kind.name().as_str()).collect();
    let expected = [
        "policy",
        "user",
        "user_policy",
        "user_policy_attachment",
        "access_key",
        "aws_profile",
        "group",
        "group_policy",
        "group_policy_attachment",
        "user_group_membership",
        "oidc_provider",
        "role",
        "role_policy",
        "role_policy_attachment",
        "instance_profile",
        "instance_profile_role",
        "bucket",
        "zappa_settings",
    ];
    assert_eq!(names, expected);
    assert_eq!(BTreeSet::from(ORDER), KindName::ALL.iter().copied().collect(), "each kind once");
}

#[test]
fn every_name_has_the_kind_that_bears_it() {
    for name in KindName::ALL {
        assert_eq!(kind_of(*name).name(), *name);
    }
}

#[test]
fn every_kind_is_absent_where_aws_has_nothing() {
    for kind in all() {
        let wanted = least(kind);
        let snapshot = ask(kind, &wanted, &|_| not_found());
        assert_eq!(kind.seen(&wanted, &snapshot), Observed::Absent, "{}", kind.name());
        assert_eq!(kind.conflict(&wanted, &snapshot), None, "{}", kind.name());
    }
}

#[test]
fn every_kind_is_unknown_where_reading_fails() {
    for kind in all() {
        let wanted = least(kind);
        let snapshot = ask(kind, &wanted, &|_| Err(failure(FailureKind::AccessDenied)));
        let Observed::Unknown(why) = kind.seen(&wanted, &snapshot) else {
            panic!("{}", kind.name())
        };
        assert_eq!(why.kind, FailureKind::AccessDenied, "{}", kind.name());
    }
}

#[test]
fn what_is_not_declared_is_not_sent() {
    for kind in all().filter(|kind| kind.name() != KindName::AwsProfile) {
        let writes = kind.create(&least(kind));
        assert_eq!(writes.len(), 1, "{}: {writes:?}", kind.name());
    }
}

#[test]
fn only_fields_that_changed_are_sent() {
    for kind in all() {
        let wanted = least(kind);
        let seen = LiveObject { attributes: wanted.clone(), ..LiveObject::default() };
        assert_eq!(kind.update(&seen, &wanted, &[]), [], "{}", kind.name());
    }
}

#[test]
fn every_kind_begins_with_its_identity_and_names_no_field_twice() {
    for kind in all() {
        let names: BTreeSet<_> = kind.fields().iter().map(|field| field.name).collect();
        assert_eq!(names.len(), kind.fields().len(), "{}", kind.name());
        let first = kind.fields().first().map(|field| field.form);
        assert_eq!(first, Some(FieldForm::Identity), "{}", kind.name());
    }
}

/// Access, lock-out and recovery ask the facts. They must agree with the name that the same kind
/// bears.
#[test]
fn the_facts_of_every_kind_agree_with_its_name_and_with_each_other() {
    use crate::kind::{AccessRole, Ownership, Recovery};
    for kind in all() {
        let (name, facts) = (kind.name(), kind.facts());
        let role = match name {
            KindName::Principal(it) => AccessRole::Principal(it),
            KindName::PolicyAttachment(it) => AccessRole::PolicyAttachment(it),
            KindName::InlinePolicy(it) => AccessRole::InlinePolicy(it),
            KindName::Policy => AccessRole::Policy,
            KindName::UserGroupMembership => AccessRole::Membership,
            KindName::AccessKey => AccessRole::Credential,
            KindName::Bucket => AccessRole::Resource,
            KindName::AwsProfile
            | KindName::InstanceProfile
            | KindName::InstanceProfileRole
            | KindName::OidcProvider
            | KindName::ZappaSettings => AccessRole::None,
        };
        assert_eq!(facts.access, role, "{name}");
        let by_tag = matches!(facts.recovery, Recovery::ByTag(_));
        assert_eq!(
            by_tag,
            facts.ownership == Ownership::Tag,
            "{name}: found by the tag that it has"
        );
        let is_part = facts.parent.is_some();
        assert!(is_part || facts.ownership != Ownership::Parent, "{name}: a part has a parent");
        let parent = facts.parent.map(|parent| parent.attribute);
        let fields: Vec<_> = kind.fields().iter().map(|field| field.name).collect();
        assert!(parent.is_none_or(|it| fields.contains(&it)), "{name}: {parent:?}");
    }
}

/// Each field says by a fact what its change means for access: a field that says nothing is
/// refused by `--deny-widening`.
#[test]
fn the_meaning_of_each_fields_change_for_access_is_chosen() {
    use crate::kind::FieldAccess;
    let of = |is_chosen: fn(FieldAccess) -> bool| {
        let fields = all().flat_map(|kind| kind.fields().iter().map(move |field| (kind, field)));
        let fields = fields.filter(|(_, field)| field.form != FieldForm::Identity);
        let chosen = fields.filter(|(_, field)| is_chosen(field.access));
        chosen.map(|(kind, field)| format!("{}.{}", kind.name(), field.name)).collect::<Vec<_>>()
    };
    let harmless = of(|access| matches!(access, FieldAccess::Harmless));
    let expected = [
        "policy.description",
        "user.exclusive_groups",
        "access_key.retire_after",
        "aws_profile.region",
        "aws_profile.output",
        "group.exclusive_members",
        "role.description",
        "bucket.force_destroy",
    ];
    assert_eq!(harmless, expected);
    let compared = of(|access| matches!(access, FieldAccess::Compared));
    let expected = [
        "policy.document",
        "user.permissions_boundary",
        "user_policy.document",
        "group_policy.document",
        "role.trust",
        "role.permissions_boundary",
        "role_policy.document",
        "bucket.policy",
    ];
    assert_eq!(compared, expected);
    let searched = of(|access| matches!(access, FieldAccess::Searched));
    let expected = [
        "policy.tags",
        "user.tags",
        "oidc_provider.tags",
        "role.tags",
        "instance_profile.tags",
        "bucket.tags",
    ];
    assert_eq!(searched, expected);
    assert_eq!(of(|access| matches!(access, FieldAccess::Unknown)), [""; 0]);
}

#[test]
fn members_are_read_where_they_are_exclusive_and_before_a_deletion() {
    use crate::reads::Facet;
    let group = kind("group");
    let members = Facet::Members { group: "ops".to_owned() };
    let wants = |wanted: &Value| group.facets(&attributes(wanted)).contains(&members);
    assert!(wants(&json!({"name": "ops", "exclusive_members": true})));
    assert!(!wants(&json!({"name": "ops", "exclusive_members": false})));
    assert_eq!(
        group.deletion_facets(&attributes(&json!({"name": "ops"}))),
        std::slice::from_ref(&members)
    );
}

/// An object whose id AWS gives is recorded by that id; every other one by an id that its names
/// make.
#[test]
fn only_objects_that_aws_gives_an_id_have_none_by_their_names() {
    let without = all().filter(|kind| kind.physical_id(&least(*kind)).is_none());
    let names: Vec<_> = without.map(|kind| kind.name().as_str()).collect();
    assert_eq!(names, ["policy", "user", "access_key", "group", "role", "instance_profile"]);
}
