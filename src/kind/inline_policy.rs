//! A policy that is embedded in a user or a role.

use serde_json::json;

use super::field::null;
use super::principal::Principal;
use super::{AccessRole, DocumentField, Facts, Field, Form, Kind, Ownership, Parent, Seen, Uniqueness};
use crate::address::KindName;
use crate::call::{Observed, Write};
use crate::reads::{Facet, Snapshot};
use crate::value::{self, Attributes};

pub(super) struct InlinePolicy(pub Principal);

const DOCUMENT: Field = Field::in_place("document", Form::Document, null);
const USER_FIELDS: &[Field] = &[Field::identity("user"), Field::identity("name"), DOCUMENT];
const ROLE_FIELDS: &[Field] = &[Field::identity("role"), Field::identity("name"), DOCUMENT];

impl Kind for InlinePolicy {
    fn name(&self) -> KindName {
        KindName::InlinePolicy(self.0.kind())
    }

    fn facts(&self) -> Facts {
        Facts {
            ownership: Ownership::Parent,
            parent: Some(Parent { kind: KindName::Principal(self.0.kind()), attribute: self.0.name() }),
            access: AccessRole::InlinePolicy(self.0.kind()),
            document: Some(DocumentField { field: "document", usage: self.0.inline_usage() }),
            uniqueness: Uniqueness::Exact,
            outputs: &[],
        }
    }

    fn fields(&self) -> &'static [Field] {
        match self.0 {
            Principal::User => USER_FIELDS,
            Principal::Role => ROLE_FIELDS,
        }
    }

    fn facets(&self, wanted: &Attributes) -> Vec<Facet> {
        vec![self.0.facet(self.holder(wanted))]
    }

    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<Seen> {
        let (holder, name) = (self.holder(wanted), value::text(wanted, "name"));
        self.0.policies(holder, snapshot).and_then(|policies| {
            let Some(policy) = policies.inline.into_iter().find(|policy| policy.name == name) else {
                return Observed::Absent;
            };
            let attributes = [
                (self.0.name(), json!(holder)),
                ("name", json!(name)),
                ("document", crate::policy::canonical(&policy.document)),
            ];
            Observed::Present(Seen {
                id: id(holder, name),
                owner: None,
                attributes: attributes.into(),
                internals: Attributes::new(),
                ..Seen::default()
            })
        })
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn physical_id(&self, wanted: &Attributes) -> Option<String> {
        Some(id(self.holder(wanted), value::text(wanted, "name")))
    }

    fn create(&self, wanted: &Attributes) -> Vec<Write> {
        vec![self.0.put_inline(self.holder(wanted), value::text(wanted, "name"), value::shared(wanted, "document"))]
    }

    fn update(&self, _seen: &Seen, wanted: &Attributes, changed: &[&str]) -> Vec<Write> {
        if changed.contains(&"document") { self.create(wanted) } else { Vec::new() }
    }

    fn delete(&self, seen: &Seen, _recorded: &Attributes) -> Vec<Write> {
        vec![self.0.delete_inline(self.holder(&seen.attributes), value::text(&seen.attributes, "name"))]
    }
}

impl InlinePolicy {
    fn holder<'a>(&self, attributes: &'a Attributes) -> &'a str {
        value::text(attributes, self.0.name())
    }
}

fn id(holder: &str, name: &str) -> String {
    format!("{holder}:{name}")
}
