//! A managed policy that is attached to a user or a role.

use serde_json::json;

use super::principal::Principal;
use super::{AccessRole, Facts, Field, Kind, Ownership, Parent, Seen, Uniqueness};
use crate::address::KindName;
use crate::call::{Observed, Write};
use crate::reads::{Facet, Snapshot};
use crate::value::{self, Attributes};

pub(super) struct Attachment(pub Principal);

const USER_FIELDS: &[Field] = &[Field::identity("user"), Field::identity("policy_arn")];
const ROLE_FIELDS: &[Field] = &[Field::identity("role"), Field::identity("policy_arn")];

impl Kind for Attachment {
    fn name(&self) -> KindName {
        KindName::PolicyAttachment(self.0.kind())
    }

    fn facts(&self) -> Facts {
        Facts {
            ownership: Ownership::Parent,
            parent: Some(Parent { kind: KindName::Principal(self.0.kind()), attribute: self.0.name() }),
            access: AccessRole::PolicyAttachment(self.0.kind()),
            document: None,
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

    /// The ARN of a policy changes with its path: what hangs there in the meantime is the ARN that was recorded.
    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<Seen> {
        let holder = self.holder(wanted);
        let declared = value::text(wanted, "policy_arn");
        let recorded = value::text(wanted, "id").split_once('|').map(|(_, arn)| arn);
        self.0.policies(holder, snapshot).and_then(|policies| {
            let is_attached = |arn: &str| policies.attached.iter().any(|attached| attached == arn);
            match [Some(declared), recorded].into_iter().flatten().find(|arn| is_attached(arn)) {
                Some(arn) => Observed::Present(self.attachment(holder, arn)),
                None => Observed::Absent,
            }
        })
    }

    fn physical_id(&self, wanted: &Attributes) -> Option<String> {
        Some(id(self.holder(wanted), value::text(wanted, "policy_arn")))
    }

    fn create(&self, wanted: &Attributes) -> Vec<Write> {
        vec![self.0.attach(self.holder(wanted), value::text(wanted, "policy_arn"))]
    }

    fn update(&self, _seen: &Seen, _wanted: &Attributes, _changed: &[&str]) -> Vec<Write> {
        Vec::new()
    }

    fn delete(&self, seen: &Seen, _recorded: &Attributes) -> Vec<Write> {
        vec![self.0.detach(self.holder(&seen.attributes), value::text(&seen.attributes, "policy_arn"))]
    }

    fn must_replace(&self, seen: &Seen, wanted: &Attributes) -> Option<String> {
        let (live, declared) = (value::text(&seen.attributes, "policy_arn"), value::text(wanted, "policy_arn"));
        (live != declared).then(|| format!("the policy's ARN is no longer {live}"))
    }
}

impl Attachment {
    fn holder<'a>(&self, attributes: &'a Attributes) -> &'a str {
        value::text(attributes, self.0.name())
    }

    fn attachment(&self, holder: &str, arn: &str) -> Seen {
        let attributes = [(self.0.name(), json!(holder)), ("policy_arn", json!(arn))];
        Seen {
            id: id(holder, arn),
            owner: None,
            attributes: attributes.into(),
            internals: Attributes::new(),
            ..Seen::default()
        }
    }
}

fn id(holder: &str, arn: &str) -> String {
    format!("{holder}|{arn}")
}
