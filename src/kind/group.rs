//! A group. Its policies and its members are resources of other kinds.

use serde_json::json;

use super::attached::{Attached, EXCLUSIVE_MEMBERS, attached};
use super::field::{false_default, path_or_root, root_path};
use super::{
    AccessRole, Conflict, DeletionBlocker, Field, FieldForm, Kind, KindFacts, LiveObject, Output,
    OutputValue, Ownership, Recovery, Uniqueness, judge, taken_name, with_blockers,
};
use crate::address::{KindName, Principal, PrincipalKind};
use crate::call::{IamWrite, Observed, Write, iam};
use crate::reads::{Facet, PrincipalPolicies, Snapshot};
use crate::value::{self, Attributes};

pub(super) struct GroupKind;

const FIELDS: &[Field] = &[
    Field::identity("name"),
    Field::identity("arn"),
    Field::in_place("path", FieldForm::Plain, root_path).judged(judge::judge_path),
    Field::in_place(EXCLUSIVE_MEMBERS, FieldForm::Setting, false_default).harmless(),
];

impl Kind for GroupKind {
    fn name(&self) -> KindName {
        KindName::GROUP
    }

    /// Returns the facts. IAM gives groups no tags: only the state tells that a group is the
    /// manifest's.
    fn facts(&self) -> KindFacts {
        KindFacts {
            ownership: Ownership::State,
            parent: None,
            access: AccessRole::Principal(PrincipalKind::Group),
            document: None,
            uniqueness: Uniqueness::IgnoringCase,
            outputs: &[Output { section: "groups", field: "arn", value: OutputValue::Arn }],
            recovery: Recovery::Never,
        }
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn facets(&self, wanted: &Attributes) -> Vec<Facet> {
        let group = Principal::group(value::text_of(wanted, "name"));
        let members = value::flag_of(wanted, EXCLUSIVE_MEMBERS)
            .then(|| Facet::Members { group: group.name.clone() });
        [Facet::Principal(group.clone()), Facet::Policies(group)]
            .into_iter()
            .chain(members)
            .collect()
    }

    fn deletion_facets(&self, recorded: &Attributes) -> Vec<Facet> {
        vec![Facet::Members { group: value::text_of(recorded, "name").to_owned() }]
    }

    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<LiveObject> {
        let name = value::text_of(wanted, "name");
        let found = snapshot.group(name).and_then(|group| {
            snapshot.policies(&Principal::group(name)).map(|policies| seen(group, policies))
        });
        let found = if value::flag_of(wanted, EXCLUSIVE_MEMBERS) {
            found.and_then(|seen| snapshot.members(name).map(|members| with_members(seen, members)))
        } else {
            found
        };
        let blockers =
            |members: Vec<String>| members.into_iter().map(DeletionBlocker::Member).collect();
        with_blockers(found, snapshot.members(name).map(blockers))
    }

    fn conflict(&self, wanted: &Attributes, snapshot: &Snapshot) -> Option<Conflict> {
        let name = value::text_of(wanted, "name");
        snapshot
            .group(name)
            .present()
            .is_none()
            .then(|| taken_name::of_principal(PrincipalKind::Group, wanted, snapshot))?
    }

    fn create(&self, wanted: &Attributes) -> Vec<Write> {
        let path = path_or_root(wanted);
        vec![Write::Iam(IamWrite::CreateGroup {
            group: value::text_of(wanted, "name").to_owned(),
            path,
        })]
    }

    fn any_blockers(&self, _wanted: &Attributes) -> Vec<DeletionBlocker> {
        vec![DeletionBlocker::Member("*".to_owned())]
    }

    fn update(&self, seen: &LiveObject, wanted: &Attributes, changed: &[&str]) -> Vec<Write> {
        let group = || value::text_of(&seen.attributes, "name").to_owned();
        let mut writes = Vec::new();
        if changed.contains(&"path") {
            writes.push(IamWrite::UpdateGroup { group: group(), path: path_or_root(wanted) });
        }
        if changed.contains(&"name") {
            let name = value::text_of(wanted, "name").to_owned();
            let path = if changed.contains(&"path") { wanted } else { &seen.attributes };
            writes.push(IamWrite::RenameGroup { group: group(), path: path_or_root(path), name });
        }
        writes.into_iter().map(Write::Iam).collect()
    }

    fn is_renamed_in_place(&self) -> bool {
        true
    }

    fn delete(&self, seen: &LiveObject, _recorded: &Attributes) -> Vec<Write> {
        vec![Write::Iam(IamWrite::DeleteGroup {
            group: value::text_of(&seen.attributes, "name").to_owned(),
        })]
    }
}

fn seen(group: iam::Group, policies: PrincipalPolicies) -> LiveObject {
    let attributes =
        [("name", json!(group.name)), ("arn", json!(group.arn)), ("path", json!(group.path))];
    LiveObject {
        id: group.id,
        attributes: attributes.into(),
        attached: attached(policies),
        ..LiveObject::default()
    }
}

fn with_members(mut seen: LiveObject, members: Vec<String>) -> LiveObject {
    seen.attached.extend(members.into_iter().map(Attached::Member));
    seen
}
