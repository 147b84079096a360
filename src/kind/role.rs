//! A role. Its policies are resources of other kinds.

use serde_json::json;

use super::attached::attached;
use super::field::{empty_map, empty_text, null_default, path_or_root, root_path};
use super::tags::{TagChange, owner, state_tag};
use super::{
    AccessRole, Conflict, DeletionBlocker, DocumentField, Field, FieldForm, Kind, KindFacts,
    LiveObject, Output, OutputValue, Ownership, Recovery, Tagged, Uniqueness, judge, taken_name,
    with_blockers,
};
use crate::address::{KindName, Principal, PrincipalKind};
use crate::call::iam;
use crate::call::{IamWrite, Observed, Write};
use crate::policy::Usage;
use crate::reads::{Facet, PrincipalPolicies, RoleSettings, Snapshot};
use crate::value::{self, Attributes, Value};

pub(super) struct RoleKind;

/// IAM's default session length: an hour.
const SESSION_SECONDS: i64 = 3600;

/// The fields that a sweep doesn't have. `UpdateRole` sets both at once.
const SETTINGS: [&str; 2] = ["description", "max_session_duration"];

const FIELDS: &[Field] = &[
    Field::identity("name"),
    Field::identity("arn"),
    Field::replace("path", FieldForm::Plain, "IAM cannot change a role's path", root_path)
        .judged(judge::judge_path),
    Field::in_place("description", FieldForm::Plain, empty_text).harmless(),
    Field::in_place("max_session_duration", FieldForm::Plain, || json!(SESSION_SECONDS))
        .judged(judge::session),
    Field::in_place("trust", FieldForm::Document, null_default).compared(),
    Field::in_place("permissions_boundary", FieldForm::Plain, null_default).compared(),
    Field::in_place("tags", FieldForm::Keyed, empty_map).searched(),
];

impl Kind for RoleKind {
    fn name(&self) -> KindName {
        KindName::ROLE
    }

    fn facts(&self) -> KindFacts {
        KindFacts {
            ownership: Ownership::Tag,
            parent: None,
            access: AccessRole::Principal(PrincipalKind::Role),
            document: Some(DocumentField { field: "trust", usage: Usage::Trust }),
            uniqueness: Uniqueness::IgnoringCase,
            outputs: &[Output { section: "roles", field: "arn", value: OutputValue::Arn }],
            recovery: Recovery::ByTag(Tagged::Principals(PrincipalKind::Role)),
        }
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn facets(&self, wanted: &Attributes) -> Vec<Facet> {
        let role = || value::text_of(wanted, "name").to_owned();
        let settings = has_settings(wanted).then(|| Facet::RoleSettings { role: role() });
        let principal = Principal::role(role());
        [Facet::Principal(principal.clone()), Facet::Policies(principal)]
            .into_iter()
            .chain(settings)
            .collect()
    }

    fn fields_read_apart(&self) -> &'static [&'static str] {
        &SETTINGS
    }

    fn deletion_facets(&self, recorded: &Attributes) -> Vec<Facet> {
        vec![Facet::InstanceProfiles { role: value::text_of(recorded, "name").to_owned() }]
    }

    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<LiveObject> {
        let name = value::text_of(wanted, "name");
        let profiles =
            |names: Vec<String>| names.into_iter().map(DeletionBlocker::InstanceProfile).collect();
        let found = snapshot.role(name).and_then(|role| {
            snapshot.policies(&Principal::role(name)).and_then(|policies| {
                if !has_settings(wanted) {
                    return Observed::Present(seen(role, None, policies));
                }
                snapshot.role_settings(name).map(|settings| seen(role, Some(settings), policies))
            })
        });
        with_blockers(found, snapshot.instance_profiles(name).map(profiles))
    }

    fn conflict(&self, wanted: &Attributes, snapshot: &Snapshot) -> Option<Conflict> {
        let name = value::text_of(wanted, "name");
        snapshot
            .role(name)
            .present()
            .is_none()
            .then(|| taken_name::of_principal(PrincipalKind::Role, wanted, snapshot))?
    }

    fn create(&self, wanted: &Attributes) -> Vec<Write> {
        vec![Write::Iam(IamWrite::CreateRole {
            role: value::text_of(wanted, "name").to_owned(),
            path: path_or_root(wanted),
            description: value::optional_text(wanted, "description")
                .filter(|text| !text.is_empty()),
            max_session_duration: wanted.get("max_session_duration").and_then(Value::as_i64),
            trust: value::shared(wanted, "trust"),
            boundary: value::optional_text(wanted, "permissions_boundary"),
            tags: value::tags_of(wanted, "tags"),
        })]
    }

    fn any_blockers(&self, _wanted: &Attributes) -> Vec<DeletionBlocker> {
        vec![DeletionBlocker::InstanceProfile("*".to_owned())]
    }

    fn update(&self, seen: &LiveObject, wanted: &Attributes, changed: &[&str]) -> Vec<Write> {
        let role = || value::text_of(&seen.attributes, "name").to_owned();
        let mut writes = Vec::new();
        if changed.contains(&"description") || changed.contains(&"max_session_duration") {
            writes.push(update_role(seen, wanted, changed));
        }
        if changed.contains(&"trust") {
            writes.push(IamWrite::UpdateAssumeRolePolicy {
                role: role(),
                trust: value::shared(wanted, "trust"),
            });
        }
        if changed.contains(&"permissions_boundary") {
            writes.push(match value::optional_text(wanted, "permissions_boundary") {
                Some(arn) => IamWrite::PutRolePermissionsBoundary { role: role(), arn },
                None => IamWrite::DeleteRolePermissionsBoundary { role: role() },
            });
        }
        if changed.contains(&"tags") {
            writes.extend(TagChange::between(seen, wanted).into_writes(
                |keys| IamWrite::UntagRole { role: role(), keys },
                |tags| IamWrite::TagRole { role: role(), tags },
            ));
        }
        writes.into_iter().map(Write::Iam).collect()
    }

    fn delete(&self, seen: &LiveObject, _recorded: &Attributes) -> Vec<Write> {
        vec![Write::Iam(IamWrite::DeleteRole {
            role: value::text_of(&seen.attributes, "name").to_owned(),
        })]
    }
}

/// Returns the `UpdateRole` for the changed settings. It sets both at once, so a setting that
/// doesn't change is sent as it is.
fn update_role(seen: &LiveObject, wanted: &Attributes, changed: &[&str]) -> IamWrite {
    let source = |field| if changed.contains(&field) { wanted } else { &seen.attributes };
    let session =
        source("max_session_duration").get("max_session_duration").and_then(Value::as_i64);
    IamWrite::UpdateRole {
        role: value::text_of(&seen.attributes, "name").to_owned(),
        description: value::text_of(source("description"), "description").to_owned(),
        max_session_duration: session.unwrap_or(SESSION_SECONDS),
    }
}

/// Returns true if a description or a session length is wanted. They cost a call of their own,
/// since a sweep doesn't have them. UpdateRole sets both.
fn has_settings(wanted: &Attributes) -> bool {
    SETTINGS.iter().any(|name| wanted.contains_key(name))
}

fn seen(
    role: iam::Role,
    settings: Option<RoleSettings>,
    policies: PrincipalPolicies,
) -> LiveObject {
    let settings =
        settings.into_iter().flat_map(|RoleSettings { description, max_session_duration }| {
            [
                ("description", json!(description)),
                ("max_session_duration", json!(max_session_duration)),
            ]
        });
    let attributes = [
        ("name", json!(role.name)),
        ("arn", json!(role.arn)),
        ("path", json!(role.path)),
        ("trust", crate::policy::canonical(&role.trust)),
        ("permissions_boundary", json!(role.boundary)),
        ("tags", value::from_tags(&role.tags)),
    ];
    LiveObject {
        id: role.id,
        owner: owner(&role.tags),
        state_tag: state_tag(&role.tags),
        attributes: attributes.into_iter().chain(settings).collect(),
        internals: Attributes::new(),
        attached: attached(policies),
        ..LiveObject::default()
    }
}
