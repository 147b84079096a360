//! A managed policy that is attached to a user, a role or a group.

use serde_json::json;

use super::{
    AccessRole, DeletionBlocker, Field, Kind, KindFacts, LiveObject, Ownership, Parent, Recovery,
    Uniqueness, principal,
};
use crate::address::{KindName, Principal, PrincipalKind};
use crate::call::{Observed, Write};
use crate::reads::{Facet, Snapshot};
use crate::value::{self, Attributes};

pub(super) struct PolicyAttachmentKind(pub PrincipalKind);

const USER_FIELDS: &[Field] = &[Field::identity("user"), Field::identity("policy_arn")];
const ROLE_FIELDS: &[Field] = &[Field::identity("role"), Field::identity("policy_arn")];
const GROUP_FIELDS: &[Field] = &[Field::identity("group"), Field::identity("policy_arn")];

impl Kind for PolicyAttachmentKind {
    fn name(&self) -> KindName {
        KindName::PolicyAttachment(self.0)
    }

    fn facts(&self) -> KindFacts {
        KindFacts {
            ownership: Ownership::Parent,
            parent: Some(Parent { kind: KindName::Principal(self.0), attribute: self.0.as_str() }),
            access: AccessRole::PolicyAttachment(self.0),
            document: None,
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

    /// Finds the attachment. A policy's ARN changes with its path: until the attachment follows,
    /// the recorded ARN is attached.
    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<LiveObject> {
        let holder = self.holder(wanted);
        let declared = value::text_of(wanted, "policy_arn");
        let recorded = value::text_of(wanted, "id").split_once('|').map(|(_, arn)| arn);
        snapshot.policies(&holder).and_then(|policies| {
            let is_attached = |arn: &str| policies.attached.iter().any(|attached| attached == arn);
            match [Some(declared), recorded].into_iter().flatten().find(|arn| is_attached(arn)) {
                Some(arn) => Observed::Present(attachment(&holder, arn)),
                None => Observed::Absent,
            }
        })
    }

    fn physical_id(&self, wanted: &Attributes) -> Option<String> {
        Some(id(&self.holder(wanted).name, value::text_of(wanted, "policy_arn")))
    }

    fn create(&self, wanted: &Attributes) -> Vec<Write> {
        vec![principal::attach(&self.holder(wanted), value::text_of(wanted, "policy_arn"))]
    }

    fn any_blockers(&self, _wanted: &Attributes) -> Vec<DeletionBlocker> {
        Vec::new()
    }

    fn update(&self, _seen: &LiveObject, _wanted: &Attributes, _changed: &[&str]) -> Vec<Write> {
        Vec::new()
    }

    fn delete(&self, seen: &LiveObject, _recorded: &Attributes) -> Vec<Write> {
        vec![principal::detach(
            &self.holder(&seen.attributes),
            value::text_of(&seen.attributes, "policy_arn"),
        )]
    }

    fn must_replace(&self, seen: &LiveObject, wanted: &Attributes) -> Option<String> {
        let (live, declared) =
            (value::text_of(&seen.attributes, "policy_arn"), value::text_of(wanted, "policy_arn"));
        (live != declared).then(|| format!("the policy's ARN is no longer {live}"))
    }
}

impl PolicyAttachmentKind {
    fn holder(&self, attributes: &Attributes) -> Principal {
        Principal::new(self.0, value::text_of(attributes, self.0.as_str()))
    }
}

fn attachment(holder: &Principal, arn: &str) -> LiveObject {
    let attributes = [(holder.kind.as_str(), json!(holder.name)), ("policy_arn", json!(arn))];
    LiveObject {
        id: id(&holder.name, arn),
        owner: None,
        attributes: attributes.into(),
        internals: Attributes::new(),
        ..LiveObject::default()
    }
}

fn id(holder: &str, arn: &str) -> String {
    format!("{holder}|{arn}")
}
