//! A customer managed policy. A change of its document adds a version, of which IAM keeps five.

use serde_json::json;

use super::field::{empty_map, empty_text, null_default, path_or_root, root_path};
use super::tags::{TagChange, owner, state_tag};
use super::{
    AccessRole, Conflict, DeletionBlocker, DocumentField, Field, FieldForm, Kind, KindFacts,
    LiveObject, Output, OutputValue, Ownership, Recovery, Tagged, Uniqueness, blocker, judge,
    taken_name, with_blockers,
};
use crate::address::KindName;
use crate::call::iam::PolicyDetail;
use crate::call::{IamWrite, Observed, Write};
use crate::policy::Usage;
use crate::reads::{Facet, Snapshot};
use crate::value::{self, Attributes, Value};

pub(super) struct PolicyKind;

/// IAM's limit on a policy's versions: a sixth `CreatePolicyVersion` fails with `LimitExceeded`.
const MOST_VERSIONS: usize = 5;

const FIELDS: &[Field] = &[
    Field::identity("name"),
    Field::identity("arn"),
    Field::replace("path", FieldForm::Plain, "IAM cannot change a policy's path", root_path)
        .judged(judge::judge_path),
    Field::replace(
        "description",
        FieldForm::Plain,
        "IAM cannot change a policy's description",
        empty_text,
    )
    .harmless(),
    Field::in_place("document", FieldForm::Document, null_default).compared(),
    Field::in_place("tags", FieldForm::Keyed, empty_map).searched(),
];

impl Kind for PolicyKind {
    fn name(&self) -> KindName {
        KindName::Policy
    }

    fn facts(&self) -> KindFacts {
        KindFacts {
            ownership: Ownership::Tag,
            parent: None,
            access: AccessRole::Policy,
            document: Some(DocumentField { field: "document", usage: Usage::Managed }),
            uniqueness: Uniqueness::IgnoringCase,
            outputs: &[Output { section: "policies", field: "arn", value: OutputValue::Arn }],
            recovery: Recovery::ByTag(Tagged::Policies),
        }
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn facets(&self, wanted: &Attributes) -> Vec<Facet> {
        vec![Facet::Policy { arn: value::text_of(wanted, "arn").to_owned() }]
    }

    fn deletion_facets(&self, recorded: &Attributes) -> Vec<Facet> {
        vec![Facet::Uses { arn: value::text_of(recorded, "arn").to_owned() }]
    }

    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<LiveObject> {
        let arn = value::text_of(wanted, "arn");
        with_blockers(snapshot.policy(arn).map(seen), snapshot.uses(arn).map(blocker::of_policy))
    }

    fn conflict(&self, wanted: &Attributes, snapshot: &Snapshot) -> Option<Conflict> {
        let arn = value::text_of(wanted, "arn");
        let is_absent = snapshot.policy(arn).present().is_none();
        is_absent.then(|| taken_name::of_policy(wanted, snapshot))?
    }

    fn create(&self, wanted: &Attributes) -> Vec<Write> {
        vec![Write::Iam(IamWrite::CreatePolicy {
            policy: value::text_of(wanted, "name").to_owned(),
            path: path_or_root(wanted),
            description: value::optional_text(wanted, "description")
                .filter(|text| !text.is_empty()),
            document: value::shared(wanted, "document"),
            tags: value::tags_of(wanted, "tags"),
        })]
    }

    fn any_blockers(&self, _wanted: &Attributes) -> Vec<DeletionBlocker> {
        blocker::any_of_policy()
    }

    fn update(&self, seen: &LiveObject, wanted: &Attributes, changed: &[&str]) -> Vec<Write> {
        let arn = || value::text_of(&seen.attributes, "arn").to_owned();
        let mut writes = Vec::new();
        if changed.contains(&"document") {
            let old = old_versions(seen);
            if let Some(oldest) = old.first().filter(|_| old.len() + 1 >= MOST_VERSIONS) {
                writes.push(IamWrite::DeletePolicyVersion { arn: arn(), version: oldest.clone() });
            }
            writes.push(IamWrite::CreatePolicyVersion {
                arn: arn(),
                document: value::shared(wanted, "document"),
            });
        }
        if changed.contains(&"tags") {
            writes.extend(TagChange::between(seen, wanted).into_writes(
                |keys| IamWrite::UntagPolicy { arn: arn(), keys },
                |tags| IamWrite::TagPolicy { arn: arn(), tags },
            ));
        }
        writes.into_iter().map(Write::Iam).collect()
    }

    /// Returns the calls that delete the policy and its old versions: `DeletePolicy` fails with
    /// `DeleteConflict` as long as there are versions besides the default one.
    fn delete(&self, seen: &LiveObject, _recorded: &Attributes) -> Vec<Write> {
        let arn = || value::text_of(&seen.attributes, "arn").to_owned();
        let old = old_versions(seen).into_iter();
        old.map(|version| IamWrite::DeletePolicyVersion { arn: arn(), version })
            .chain([IamWrite::DeletePolicy { arn: arn() }])
            .map(Write::Iam)
            .collect()
    }
}

fn seen(PolicyDetail { policy, versions }: PolicyDetail) -> LiveObject {
    let document = versions
        .iter()
        .find(|version| version.is_default)
        .and_then(|version| version.document.as_ref());
    let attributes = [
        ("name", json!(policy.name)),
        ("arn", json!(policy.arn)),
        ("path", json!(policy.path)),
        ("description", json!(policy.description)),
        ("document", document.map_or(Value::Null, |document| crate::policy::canonical(document))),
        ("tags", value::from_tags(&policy.tags)),
    ];
    let newest_first: Vec<_> = versions.iter().rev().map(|version| version.id.as_str()).collect();
    let internals =
        [("versions", json!(newest_first)), ("default_version", json!(policy.default_version))];
    LiveObject {
        id: policy.id,
        owner: owner(&policy.tags),
        state_tag: state_tag(&policy.tags),
        attributes: attributes.into(),
        internals: internals.into(),
        ..LiveObject::default()
    }
}

/// Returns all versions but the default one, the oldest first.
fn old_versions(seen: &LiveObject) -> Vec<String> {
    let default = value::text_of(&seen.internals, "default_version");
    let versions = seen.internals.get("versions").and_then(Value::as_array);
    let newest_first = versions.into_iter().flatten().filter_map(Value::as_str);
    newest_first.rev().filter(|version| *version != default).map(str::to_owned).collect()
}
