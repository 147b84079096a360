//! A policy that is embedded in a user, a role or a group.

use serde_json::json;

use super::field::null_default;
use super::{
    AccessRole, DeletionBlocker, DocumentField, Field, FieldForm, Kind, KindFacts, LiveObject,
    Ownership, Parent, Recovery, Uniqueness, principal,
};
use crate::address::{KindName, Principal, PrincipalKind};
use crate::call::{Observed, Write};
use crate::reads::{Facet, Snapshot};
use crate::value::{self, Attributes};

pub(super) struct InlinePolicyKind(pub PrincipalKind);

const DOCUMENT: Field = Field::in_place("document", FieldForm::Document, null_default).compared();
const USER_FIELDS: &[Field] = &[Field::identity("user"), Field::identity("name"), DOCUMENT];
const ROLE_FIELDS: &[Field] = &[Field::identity("role"), Field::identity("name"), DOCUMENT];
const GROUP_FIELDS: &[Field] = &[Field::identity("group"), Field::identity("name"), DOCUMENT];

impl Kind for InlinePolicyKind {
    fn name(&self) -> KindName {
        KindName::InlinePolicy(self.0)
    }

    fn facts(&self) -> KindFacts {
        KindFacts {
            ownership: Ownership::Parent,
            parent: Some(Parent { kind: KindName::Principal(self.0), attribute: self.0.as_str() }),
            access: AccessRole::InlinePolicy(self.0),
            document: Some(DocumentField {
                field: "document",
                usage: principal::inline_usage(self.0),
            }),
            uniqueness: Uniqueness::Exact,
            outputs: &[],
            recovery: Recovery::With(KindName::Principal(self.0)),
        }
    }

    fn fields(&self) -> &'static [Field] {
        match self.0 {
            PrincipalKind::User => USER_FIELDS,
            PrincipalKind::Role => ROLE_FIELDS,
            PrincipalKind::Group => GROUP_FIELDS,
        }
    }

    fn facets(&self, wanted: &Attributes) -> Vec<Facet> {
        vec![Facet::Policies(self.holder(wanted))]
    }

    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<LiveObject> {
        let (holder, name) = (self.holder(wanted), value::text_of(wanted, "name"));
        snapshot.policies(&holder).and_then(|policies| {
            let Some(policy) = policies.inline.into_iter().find(|policy| policy.name == name)
            else {
                return Observed::Absent;
            };
            let attributes = [
                (self.0.as_str(), json!(holder.name)),
                ("name", json!(name)),
                ("document", crate::policy::canonical(&policy.document)),
            ];
            Observed::Present(LiveObject {
                id: id(&holder.name, name),
                owner: None,
                attributes: attributes.into(),
                internals: Attributes::new(),
                ..LiveObject::default()
            })
        })
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn physical_id(&self, wanted: &Attributes) -> Option<String> {
        Some(id(&self.holder(wanted).name, value::text_of(wanted, "name")))
    }

    fn create(&self, wanted: &Attributes) -> Vec<Write> {
        let (name, document) = (value::text_of(wanted, "name"), value::shared(wanted, "document"));
        vec![principal::put_inline(&self.holder(wanted), name, document)]
    }

    fn any_blockers(&self, _wanted: &Attributes) -> Vec<DeletionBlocker> {
        Vec::new()
    }

    fn update(&self, _seen: &LiveObject, wanted: &Attributes, changed: &[&str]) -> Vec<Write> {
        if changed.contains(&"document") { self.create(wanted) } else { Vec::new() }
    }

    fn delete(&self, seen: &LiveObject, _recorded: &Attributes) -> Vec<Write> {
        vec![principal::delete_inline(
            &self.holder(&seen.attributes),
            value::text_of(&seen.attributes, "name"),
        )]
    }
}

impl InlinePolicyKind {
    fn holder(&self, attributes: &Attributes) -> Principal {
        Principal::new(self.0, value::text_of(attributes, self.0.as_str()))
    }
}

fn id(holder: &str, name: &str) -> String {
    format!("{holder}:{name}")
}
