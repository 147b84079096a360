//! A user's membership in a group.

use serde_json::json;

use super::{
    AccessRole, DeletionBlocker, Field, Kind, KindFacts, LiveObject, Ownership, Parent, Recovery,
    Uniqueness,
};
use crate::address::KindName;
use crate::call::{IamWrite, Observed, Write};
use crate::reads::{Facet, Snapshot};
use crate::value::{self, Attributes};

pub(super) struct UserGroupMembershipKind;

const FIELDS: &[Field] = &[Field::identity("user"), Field::identity("group")];

impl Kind for UserGroupMembershipKind {
    fn name(&self) -> KindName {
        KindName::UserGroupMembership
    }

    fn facts(&self) -> KindFacts {
        KindFacts {
            ownership: Ownership::Parent,
            parent: Some(Parent { kind: KindName::USER, attribute: "user" }),
            access: AccessRole::Membership,
            document: None,
            uniqueness: Uniqueness::Exact,
            outputs: &[],
            recovery: Recovery::Never,
        }
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn facets(&self, wanted: &Attributes) -> Vec<Facet> {
        vec![Facet::Groups { user: value::text_of(wanted, "user").to_owned() }]
    }

    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<LiveObject> {
        let [user, group] = ["user", "group"].map(|name| value::text_of(wanted, name));
        snapshot.groups(user).and_then(|groups| {
            if groups.iter().any(|name| name == group) {
                Observed::Present(seen(user, group))
            } else {
                Observed::Absent
            }
        })
    }

    fn physical_id(&self, wanted: &Attributes) -> Option<String> {
        Some(id(value::text_of(wanted, "user"), value::text_of(wanted, "group")))
    }

    /// Returns true: a membership's address is all that it is.
    fn is_recorded_as(&self, _recorded: &Attributes, _is_intended: bool, _id: &str) -> bool {
        true
    }

    fn create(&self, wanted: &Attributes) -> Vec<Write> {
        let [user, group] = ["user", "group"].map(|name| value::text_of(wanted, name).to_owned());
        vec![Write::Iam(IamWrite::AddUserToGroup { user, group })]
    }

    fn any_blockers(&self, _wanted: &Attributes) -> Vec<DeletionBlocker> {
        Vec::new()
    }

    fn update(&self, _seen: &LiveObject, _wanted: &Attributes, _changed: &[&str]) -> Vec<Write> {
        Vec::new()
    }

    fn delete(&self, seen: &LiveObject, _recorded: &Attributes) -> Vec<Write> {
        let [user, group] =
            ["user", "group"].map(|name| value::text_of(&seen.attributes, name).to_owned());
        vec![Write::Iam(IamWrite::RemoveUserFromGroup { user, group })]
    }
}

fn seen(user: &str, group: &str) -> LiveObject {
    let attributes = [("user", json!(user)), ("group", json!(group))];
    LiveObject { id: id(user, group), attributes: attributes.into(), ..LiveObject::default() }
}

fn id(user: &str, group: &str) -> String {
    format!("{user}|{group}")
}
