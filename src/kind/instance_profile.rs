//! An instance profile. The role in it is a resource of another kind.

use serde_json::json;

use super::field::{empty_map, path_or_root, root_path};
use super::tags::{TagChange, owner, state_tag};
use super::{
    AccessRole, DeletionBlocker, Field, FieldForm, Kind, KindFacts, LiveObject, Output,
    OutputValue, Ownership, Recovery, Tagged, Uniqueness, judge,
};
use crate::address::KindName;
use crate::call::{IamWrite, Observed, Write, iam};
use crate::reads::{Facet, Snapshot};
use crate::value::{self, Attributes};

pub(super) struct InstanceProfileKind;

const FIELDS: &[Field] = &[
    Field::identity("name"),
    Field::identity("arn"),
    Field::replace(
        "path",
        FieldForm::Plain,
        "IAM cannot change an instance profile's path",
        root_path,
    )
    .judged(judge::judge_path),
    Field::in_place("tags", FieldForm::Keyed, empty_map).searched(),
];

impl Kind for InstanceProfileKind {
    fn name(&self) -> KindName {
        KindName::InstanceProfile
    }

    fn facts(&self) -> KindFacts {
        KindFacts {
            ownership: Ownership::Tag,
            parent: None,
            access: AccessRole::None,
            document: None,
            uniqueness: Uniqueness::IgnoringCase,
            outputs: &[
                Output { section: "instance_profiles", field: "arn", value: OutputValue::Arn },
                Output { section: "instance_profiles", field: "name", value: OutputValue::Name },
            ],
            recovery: Recovery::ByTag(Tagged::InstanceProfiles),
        }
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn facets(&self, wanted: &Attributes) -> Vec<Facet> {
        vec![Facet::InstanceProfile { profile: value::text_of(wanted, "name").to_owned() }]
    }

    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<LiveObject> {
        snapshot.instance_profile(value::text_of(wanted, "name")).map(seen)
    }

    fn create(&self, wanted: &Attributes) -> Vec<Write> {
        vec![Write::Iam(IamWrite::CreateInstanceProfile {
            profile: value::text_of(wanted, "name").to_owned(),
            path: path_or_root(wanted),
            tags: value::tags_of(wanted, "tags"),
        })]
    }

    fn any_blockers(&self, _wanted: &Attributes) -> Vec<DeletionBlocker> {
        vec![DeletionBlocker::RoleInProfile("*".to_owned())]
    }

    fn update(&self, seen: &LiveObject, wanted: &Attributes, changed: &[&str]) -> Vec<Write> {
        let profile = || value::text_of(&seen.attributes, "name").to_owned();
        let mut writes = Vec::new();
        if changed.contains(&"tags") {
            writes.extend(TagChange::between(seen, wanted).into_writes(
                |keys| IamWrite::UntagInstanceProfile { profile: profile(), keys },
                |tags| IamWrite::TagInstanceProfile { profile: profile(), tags },
            ));
        }
        writes.into_iter().map(Write::Iam).collect()
    }

    fn delete(&self, seen: &LiveObject, _recorded: &Attributes) -> Vec<Write> {
        vec![Write::Iam(IamWrite::DeleteInstanceProfile {
            profile: value::text_of(&seen.attributes, "name").to_owned(),
        })]
    }
}

fn seen(profile: iam::InstanceProfile) -> LiveObject {
    let attributes = [
        ("name", json!(profile.name)),
        ("arn", json!(profile.arn)),
        ("path", json!(profile.path)),
        ("tags", value::from_tags(&profile.tags)),
    ];
    LiveObject {
        id: profile.id,
        owner: owner(&profile.tags),
        state_tag: state_tag(&profile.tags),
        attributes: attributes.into(),
        hanging: profile.role.into_iter().map(DeletionBlocker::RoleInProfile).collect(),
        ..LiveObject::default()
    }
}
