//! The role in an instance profile. IAM takes one role at most, and changes it by two calls.

use serde_json::json;

use super::field::null_default;
use super::{
    AccessRole, DeletionBlocker, Field, FieldForm, Kind, KindFacts, LiveObject, Ownership, Parent,
    Recovery, Uniqueness, judge,
};
use crate::address::KindName;
use crate::call::{IamWrite, Observed, Write};
use crate::reads::{Facet, Snapshot};
use crate::value::{self, Attributes};

pub(super) struct InstanceProfileRoleKind;

const FIELDS: &[Field] = &[
    Field::identity("profile"),
    Field::in_place("role", FieldForm::Plain, null_default).judged(judge::role_of_instances),
];

impl Kind for InstanceProfileRoleKind {
    fn name(&self) -> KindName {
        KindName::InstanceProfileRole
    }

    fn facts(&self) -> KindFacts {
        KindFacts {
            ownership: Ownership::Parent,
            parent: Some(Parent { kind: KindName::InstanceProfile, attribute: "profile" }),
            access: AccessRole::None,
            document: None,
            uniqueness: Uniqueness::Exact,
            outputs: &[],
            recovery: Recovery::With(KindName::InstanceProfile),
        }
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn facets(&self, wanted: &Attributes) -> Vec<Facet> {
        vec![Facet::InstanceProfile { profile: value::text_of(wanted, "profile").to_owned() }]
    }

    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<LiveObject> {
        let profile = value::text_of(wanted, "profile");
        snapshot.instance_profile(profile).and_then(|found| match found.role {
            Some(role) => Observed::Present(seen(profile, &role)),
            None => Observed::Absent,
        })
    }

    /// Returns the name of the profile: there is one such place in it.
    fn physical_id(&self, wanted: &Attributes) -> Option<String> {
        Some(value::text_of(wanted, "profile").to_owned())
    }

    fn create(&self, wanted: &Attributes) -> Vec<Write> {
        vec![add_role(value::text_of(wanted, "profile"), value::text_of(wanted, "role"))]
    }

    fn any_blockers(&self, _wanted: &Attributes) -> Vec<DeletionBlocker> {
        Vec::new()
    }

    /// Returns the calls that change the role. The old one leaves first: a profile takes no second
    /// role, and no call exchanges the two.
    fn update(&self, seen: &LiveObject, wanted: &Attributes, changed: &[&str]) -> Vec<Write> {
        if !changed.contains(&"role") {
            return Vec::new();
        }
        let profile = value::text_of(&seen.attributes, "profile");
        vec![
            remove_role(profile, value::text_of(&seen.attributes, "role")),
            add_role(profile, value::text_of(wanted, "role")),
        ]
    }

    /// Returns the call that removes the recorded role. One that others put in its place stays.
    fn delete(&self, seen: &LiveObject, recorded: &Attributes) -> Vec<Write> {
        let is_others = |ours: &String| ours != value::text_of(&seen.attributes, "role");
        if value::optional_text(recorded, "role").is_some_and(|ours| is_others(&ours)) {
            return Vec::new();
        }
        let [profile, role] =
            ["profile", "role"].map(|name| value::text_of(&seen.attributes, name));
        vec![remove_role(profile, role)]
    }
}

fn add_role(profile: &str, role: &str) -> Write {
    let (profile, role) = (profile.to_owned(), role.to_owned());
    Write::Iam(IamWrite::AddRoleToInstanceProfile { profile, role })
}

fn remove_role(profile: &str, role: &str) -> Write {
    let (profile, role) = (profile.to_owned(), role.to_owned());
    Write::Iam(IamWrite::RemoveRoleFromInstanceProfile { role, profile })
}

fn seen(profile: &str, role: &str) -> LiveObject {
    let attributes = [("profile", json!(profile)), ("role", json!(role))];
    LiveObject { id: profile.to_owned(), attributes: attributes.into(), ..LiveObject::default() }
}
