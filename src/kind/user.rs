//! A user. Its policies and its access key are resources of other kinds.

use serde_json::json;

use super::attached::{Attached, EXCLUSIVE_GROUPS, attached};
use super::field::{empty_map, false_default, null_default, path_or_root, root_path};
use super::tags::{TagChange, owner, state_tag};
use super::{
    AccessRole, Conflict, DeletionBlocker, Field, FieldForm, Kind, KindFacts, LiveObject, Output,
    OutputValue, Ownership, Recovery, Tagged, Uniqueness, blocker, judge, taken_name,
    with_blockers,
};
use crate::address::{KindName, Principal, PrincipalKind};
use crate::call::iam;
use crate::call::{IamWrite, Observed, Write};
use crate::reads::{Facet, PrincipalPolicies, Snapshot};
use crate::value::{self, Attributes};

pub(super) struct UserKind;

const FIELDS: &[Field] = &[
    Field::identity("name"),
    Field::identity("arn"),
    Field::in_place("path", FieldForm::Plain, root_path).judged(judge::judge_path),
    Field::in_place("permissions_boundary", FieldForm::Plain, null_default).compared(),
    Field::in_place("tags", FieldForm::Keyed, empty_map).searched(),
    Field::in_place(EXCLUSIVE_GROUPS, FieldForm::Setting, false_default).harmless(),
];

impl Kind for UserKind {
    fn name(&self) -> KindName {
        KindName::USER
    }

    fn facts(&self) -> KindFacts {
        KindFacts {
            ownership: Ownership::Tag,
            parent: None,
            access: AccessRole::Principal(PrincipalKind::User),
            document: None,
            uniqueness: Uniqueness::IgnoringCase,
            outputs: &[Output { section: "users", field: "arn", value: OutputValue::Arn }],
            recovery: Recovery::ByTag(Tagged::Principals(PrincipalKind::User)),
        }
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn facets(&self, wanted: &Attributes) -> Vec<Facet> {
        let principal = Principal::user(value::text_of(wanted, "name"));
        let groups = value::flag_of(wanted, EXCLUSIVE_GROUPS)
            .then(|| Facet::Groups { user: principal.name.clone() });
        [Facet::Principal(principal.clone()), Facet::Policies(principal)]
            .into_iter()
            .chain(groups)
            .collect()
    }

    fn deletion_facets(&self, recorded: &Attributes) -> Vec<Facet> {
        vec![Facet::UserDependents { user: value::text_of(recorded, "name").to_owned() }]
    }

    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<LiveObject> {
        let name = value::text_of(wanted, "name");
        let found = snapshot.user(name).and_then(|user| {
            snapshot.policies(&Principal::user(name)).map(|policies| seen(user, policies))
        });
        let found = if value::flag_of(wanted, EXCLUSIVE_GROUPS) {
            found.and_then(|seen| snapshot.groups(name).map(|groups| with_groups(seen, groups)))
        } else {
            found
        };
        with_blockers(found, snapshot.user_dependents(name).map(blocker::of_user))
    }

    fn conflict(&self, wanted: &Attributes, snapshot: &Snapshot) -> Option<Conflict> {
        let name = value::text_of(wanted, "name");
        snapshot
            .user(name)
            .present()
            .is_none()
            .then(|| taken_name::of_principal(PrincipalKind::User, wanted, snapshot))?
    }

    fn create(&self, wanted: &Attributes) -> Vec<Write> {
        vec![Write::Iam(IamWrite::CreateUser {
            user: value::text_of(wanted, "name").to_owned(),
            path: path_or_root(wanted),
            boundary: value::optional_text(wanted, "permissions_boundary"),
            tags: value::tags_of(wanted, "tags"),
        })]
    }

    fn any_blockers(&self, wanted: &Attributes) -> Vec<DeletionBlocker> {
        blocker::any_of_user(value::text_of(wanted, "arn"))
    }

    fn update(&self, seen: &LiveObject, wanted: &Attributes, changed: &[&str]) -> Vec<Write> {
        let user = || value::text_of(&seen.attributes, "name").to_owned();
        let mut writes = Vec::new();
        if changed.contains(&"path") {
            writes.push(IamWrite::UpdateUser { user: user(), path: path_or_root(wanted) });
        }
        if changed.contains(&"permissions_boundary") {
            writes.push(match value::optional_text(wanted, "permissions_boundary") {
                Some(arn) => IamWrite::PutUserPermissionsBoundary { user: user(), arn },
                None => IamWrite::DeleteUserPermissionsBoundary { user: user() },
            });
        }
        if changed.contains(&"tags") {
            writes.extend(TagChange::between(seen, wanted).into_writes(
                |keys| IamWrite::UntagUser { user: user(), keys },
                |tags| IamWrite::TagUser { user: user(), tags },
            ));
        }
        // The calls before this one still name the user as it was.
        if changed.contains(&"name") {
            let name = value::text_of(wanted, "name").to_owned();
            let path = if changed.contains(&"path") { wanted } else { &seen.attributes };
            writes.push(IamWrite::RenameUser { user: user(), path: path_or_root(path), name });
        }
        writes.into_iter().map(Write::Iam).collect()
    }

    fn is_renamed_in_place(&self) -> bool {
        true
    }

    fn delete(&self, seen: &LiveObject, _recorded: &Attributes) -> Vec<Write> {
        vec![Write::Iam(IamWrite::DeleteUser {
            user: value::text_of(&seen.attributes, "name").to_owned(),
        })]
    }
}

fn seen(user: iam::User, policies: PrincipalPolicies) -> LiveObject {
    let attributes = [
        ("name", json!(user.name)),
        ("arn", json!(user.arn)),
        ("path", json!(user.path)),
        ("permissions_boundary", json!(user.boundary)),
        ("tags", value::from_tags(&user.tags)),
    ];
    LiveObject {
        id: user.id,
        owner: owner(&user.tags),
        state_tag: state_tag(&user.tags),
        attributes: attributes.into(),
        internals: Attributes::new(),
        attached: attached(policies),
        ..LiveObject::default()
    }
}

fn with_groups(mut seen: LiveObject, groups: Vec<String>) -> LiveObject {
    seen.attached.extend(groups.into_iter().map(Attached::Group));
    seen
}
