//! The resource kinds: one file each, and the list of them.
//!
//! A kind declares the facts that it needs ([`Kind::facets`]), reads them out of a snapshot
//! ([`Kind::seen`]) and returns the calls of a change. It knows no client and no stage order; it
//! never decides *whether* to change.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::{KindName, PrincipalKind};
use crate::call::{Observed, Write};
use crate::reads::{Facet, NOT_READ, Snapshot};
use crate::value::{Attributes, Value, optional_text};

/// An object as it is in AWS or on disk, in the same normal form as the declared one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LiveObject {
    /// The id that no second object can have: `AIDA…`, `AROA…`, `ANPA…`, a bucket's name, an access
    /// key's id.
    pub id: String,
    /// The value of the ownership tag; `None` if it is missing.
    pub owner: Option<String>,
    /// The value of the tag that names the state which manages it; `None` if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_tag: Option<String>,
    /// All attributes that the kind can read, declared or not.
    pub attributes: Attributes,
    /// The facts that the calls need, and no manifest declares: a policy's versions, a bucket's
    /// emptiness, a user's other keys.
    pub internals: Attributes,
    /// The objects that AWS wants gone before this one is deleted, except its policies; empty if no
    /// removal was possible.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hanging: Vec<DeletionBlocker>,
    /// The maintenance that is due although the object is as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upkeep: Option<Maintenance>,
    /// True if a part of the object that is ours is to be changed or removed by now, whatever other
    /// maintenance is due: [`Maintenance::Tend`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_overdue: bool,
    /// Remarks for people on the object's future, whether the plan changes it or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// The policies and memberships of the object, declared or not. The differ shows those that the
    /// manifest doesn't name as left alone, or removes them for `exclusive: true`.
    pub attached: Vec<Attached>,
}

/// The maintenance that time, or an interrupted run, makes necessary. The text is the reason, for
/// people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Maintenance {
    /// A new object takes its place; the old one stays until nobody needs it: [`Kind::renew`].
    Renew(String),
    /// The object is to be in other places of local files: [`Kind::update`] has the calls.
    Move(String),
    /// A part of the object that is ours is to be changed or removed: [`Kind::update`] has the
    /// calls.
    Tend(String),
}

impl Maintenance {
    pub fn why(&self) -> &str {
        match self {
            Self::Renew(why) | Self::Move(why) | Self::Tend(why) => why,
        }
    }
}

/// A field of a kind: the way in which an attribute is compared, printed and changed.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub form: FieldForm,
    pub change: OnChange,
    /// The value that AWS has by default: an attribute that leaves the manifest goes back to it.
    pub default: fn() -> Value,
    pub access: FieldAccess,
    /// True if AWS cannot take the field back to a default: its value stays when the attribute
    /// leaves the manifest.
    pub stays: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldForm {
    Plain,
    /// A map that is compared key by key; keys that neither manifest nor state names are left
    /// alone.
    Keyed,
    /// A policy document, which is compared by `policy::equivalent`, and printed by statement.
    Document,
    /// A part of the object's identity: it is shown on create, and never compared.
    Identity,
    /// A value that only the state tells. It is compared with the state, and taken on trust without
    /// one.
    Recorded,
    /// A setting of relayctl's own, which AWS doesn't know (`force_destroy`). It is compared with
    /// the state, not with AWS.
    Setting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnChange {
    InPlace,
    /// AWS cannot change the field; the text is the reason, for people.
    Replace(&'static str),
}

/// A kind of resource.
///
/// `wanted` always holds the identity attributes (name, arn, user …), and those of the others that
/// the manifest or the state names; every value is in normal form.
pub trait Kind: Sync {
    /// Returns the name as in addresses: `user`, `role_policy_attachment`.
    fn name(&self) -> KindName;

    /// Returns the facts about the kind that the other layers need.
    fn facts(&self) -> KindFacts;

    /// Returns the fields, in the order of printing.
    fn fields(&self) -> &'static [Field];

    /// Returns the facets that the comparison and the change of this object need. `wanted` is the
    /// declared object or the recorded one.
    fn facets(&self, wanted: &Attributes) -> Vec<Facet>;

    /// Returns the fields that cost a call of their own. They are read only if the manifest or the
    /// state names them, or if a new object has to take them over.
    fn fields_read_apart(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns the fields that a new object does not take over unless the manifest names them: they
    /// are not read.
    fn fields_not_carried(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns the further facets that the object's removal needs. They are read only if a removal
    /// is possible.
    fn deletion_facets(&self, _recorded: &Attributes) -> Vec<Facet> {
        Vec::new()
    }

    /// Finds the object in the snapshot. `wanted` also holds `id`, if the state has recorded one.
    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<LiveObject>;

    /// Returns the physical id that follows from the names alone; `None` if AWS gives one.
    fn physical_id(&self, _wanted: &Attributes) -> Option<String> {
        None
    }

    /// Returns what is in the way of making the object, although it is absent, or of making it
    /// anew: a profile that holds somebody's key.
    fn conflict(&self, _wanted: &Attributes, _snapshot: &Snapshot) -> Option<Conflict> {
        None
    }

    /// Returns the attributes of a declared object by which its earlier places are found: those
    /// that the state records, and that the manifest no longer names.
    fn earlier_places(&self, _declared: &Attributes, _recorded: &Attributes) -> Attributes {
        Attributes::new()
    }

    /// Returns the ids of all objects of ours that may be in the object's places. `recorded` is all
    /// that the state knows of it.
    fn known_ids(&self, recorded: &Attributes, seen: Option<&LiveObject>) -> BTreeSet<String> {
        let seen = seen.map(|seen| seen.id.clone());
        optional_text(recorded, "id").into_iter().chain(seen).collect()
    }

    /// Returns the attributes that the state records before a create, so that the next run can find
    /// the object that an interrupted run made.
    fn intent(&self, wanted: &Attributes, _snapshot: &Snapshot) -> Attributes {
        wanted.clone()
    }

    /// Returns everything that may block the object's deletion, with `*` for each name; without the
    /// object's policies, and without what relayctl never removes.
    fn any_blockers(&self, wanted: &Attributes) -> Vec<DeletionBlocker>;

    /// Returns true if the object with this id is the recorded one. `recorded` is all that the
    /// state knows of the object; `is_intended` is true if the run that was to make the object did
    /// not finish.
    fn is_recorded_as(&self, recorded: &Attributes, _is_intended: bool, id: &str) -> bool {
        optional_text(recorded, "id").as_deref() == Some(id)
    }

    /// Returns the calls, in order, that make the object.
    fn create(&self, wanted: &Attributes) -> Vec<Write>;

    /// Returns the calls that change exactly the named fields.
    fn update(&self, seen: &LiveObject, wanted: &Attributes, changed: &[&str]) -> Vec<Write>;

    /// Returns the calls that make a new object in its place: [`Maintenance::Renew`].
    fn renew(&self, _seen: &LiveObject, _wanted: &Attributes) -> Vec<Write> {
        Vec::new()
    }

    /// Returns true if the manifest asks for renewal after some time.
    fn is_renewed(&self, _declared: &Attributes) -> bool {
        false
    }

    /// Returns the facets of the objects that a renewal leaves, for all of them.
    fn renewal_facets(&self, _declared: &Attributes) -> Vec<Facet> {
        Vec::new()
    }

    /// Returns the reason why a new object can't be made in its place yet.
    fn renewal_obstacle(&self, _seen: &LiveObject) -> Option<String> {
        None
    }

    /// Returns the attributes that the state records before a renewal, so that the next run can go
    /// on wherever this one stops. `made` are the new objects that this run had to give up.
    fn begun(&self, attributes: &Attributes, _seen: &LiveObject, _made: &[String]) -> Attributes {
        attributes.clone()
    }

    /// Returns the attributes that the state records while calls of the maintenance of `before` are
    /// still to be sent.
    fn unsettled(&self, attributes: &Attributes, _before: &LiveObject) -> Attributes {
        attributes.clone()
    }

    /// Returns the attributes that the state records after the calls of the maintenance of
    /// `before`.
    fn settled(
        &self,
        attributes: &Attributes,
        _before: &LiveObject,
        _now: Timestamp,
    ) -> Attributes {
        attributes.clone()
    }

    /// Returns the attributes that the state remembers besides the declared ones. `seen` is `None`
    /// for an object that is made.
    fn memory(&self, _recorded: &Attributes, _seen: Option<&LiveObject>) -> Attributes {
        Attributes::new()
    }

    /// Returns the calls that remove the object, with the parts of it that are ours. `recorded`
    /// holds the values that we set, for objects of which only a part is ours (a profile, a stage).
    fn delete(&self, seen: &LiveObject, recorded: &Attributes) -> Vec<Write>;

    /// Returns the calls that clear the local remains of a recorded object that is gone. A run that
    /// was killed during the removal left them, or somebody who removed the object elsewhere. Calls
    /// without such remains do nothing.
    fn leftovers(&self, _recorded: &Attributes) -> Vec<Write> {
        Vec::new()
    }

    /// Returns true if the object is only in files of this machine. Such an object can be removed
    /// while another object still names it.
    fn is_local(&self) -> bool {
        match self.facts().ownership {
            Ownership::LocalFile => true,
            Ownership::Tag | Ownership::Parent | Ownership::State => false,
        }
    }

    /// Returns the reason why AWS will refuse to delete the object, if it will:
    /// `bucket holds objects and force_destroy is not set`.
    fn obstacle(&self, _seen: &LiveObject, _recorded: &Attributes) -> Option<String> {
        None
    }

    /// Returns true if an existing object without an owner may be taken over without a question.
    /// Attachments and parts of local files have no tags, and the manifest asks for no more than
    /// that they exist.
    fn adoptable(&self) -> bool {
        match self.facts().ownership {
            Ownership::Parent | Ownership::LocalFile => true,
            Ownership::Tag | Ownership::State => false,
        }
    }

    /// Returns true if AWS gives an existing object another name: a user, a group.
    fn is_renamed_in_place(&self) -> bool {
        false
    }

    /// Returns true if a second object could be made while AWS does not show the first one yet.
    /// Other kinds have unique names.
    fn can_double(&self) -> bool {
        false
    }

    /// Returns true if a create of an existing object succeeds: CreateBucket of one's own bucket in
    /// us-east-1, PutUserPolicy.
    fn overwrites(&self) -> bool {
        false
    }

    /// Returns true if the replacement of its parent replaces it, too: attachments, inline
    /// policies, keys.
    fn part_of_parent(&self) -> bool {
        self.facts().parent.is_some()
    }

    /// Returns the reason why the object must be made anew, although no field requires it: an
    /// access key whose secret is no longer in its sinks.
    fn must_replace(&self, _seen: &LiveObject, _wanted: &Attributes) -> Option<String> {
        None
    }
}

/// The tag with the manifest to which an object belongs; it makes the state a cache.
pub const OWNER_TAG: &str = "relayctl:manifest";

/// The tag with the state that manages an object. It tells two states of one manifest name apart:
/// [`crate::state::State::tag_value`].
pub const STATE_TAG: &str = "relayctl:state";

/// The attribute with the ids of the objects of this manifest whose places in local files a wanted
/// object takes, by the fields that name the places.
pub const TAKES: &str = "takes";

/// The live object at one address, as the resolver found it.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveResource {
    pub observed: Observed<LiveObject>,
    /// The conflict: [`Kind::conflict`].
    pub conflict: Option<Conflict>,
}

mod access_key;
mod attached;
mod attachment;
mod aws_profile;
mod blocker;
mod bucket;
mod bucket_access;
mod conflict;
mod facts;
mod field;
mod group;
mod inline_policy;
mod instance_profile;
mod instance_profile_role;
mod judge;
mod oidc_provider;
mod parts;
mod policy;
mod principal;
mod quota;
mod role;
mod tags;
mod taken_name;
mod temporary_copy;
#[cfg(test)]
mod tests;
mod user;
mod user_group_membership;
mod zappa_settings;

pub use access_key::{RETIRE_AFTER, in_words, lasting};
pub use attached::Attached;
pub use blocker::DeletionBlocker;
pub use conflict::{Conflict, OccupiedPlace, UnrecordedObject};
pub use facts::{
    AccessRole, DocumentField, FieldAccess, FieldEffect, FieldJudge, JudgedChange, KindFacts,
    Output, OutputValue, Ownership, Parent, Recovery, Tagged, Uniqueness,
};
pub use parts::{named_parents, second_parent};
pub use quota::{ATTACHED_POLICIES, GROUPS_OF_USER};
pub use temporary_copy::temporary_copy;

/// All kinds, in the order in which a plan lists them.
const ORDER: [KindName; KindName::ALL.len()] = [
    KindName::Policy,
    KindName::USER,
    KindName::InlinePolicy(PrincipalKind::User),
    KindName::PolicyAttachment(PrincipalKind::User),
    KindName::AccessKey,
    KindName::AwsProfile,
    KindName::GROUP,
    KindName::InlinePolicy(PrincipalKind::Group),
    KindName::PolicyAttachment(PrincipalKind::Group),
    KindName::UserGroupMembership,
    KindName::OidcProvider,
    KindName::ROLE,
    KindName::InlinePolicy(PrincipalKind::Role),
    KindName::PolicyAttachment(PrincipalKind::Role),
    KindName::InstanceProfile,
    KindName::InstanceProfileRole,
    KindName::Bucket,
    KindName::ZappaSettings,
];

/// Returns all kinds, in the order in which a plan lists them.
pub fn all() -> impl Iterator<Item = &'static dyn Kind> {
    ORDER.into_iter().map(kind_of)
}

/// Adds the blockers to an object, if they were read. If that read failed, the object becomes
/// unknown: an unknown object is never deleted.
fn with_blockers(
    seen: Observed<LiveObject>,
    hanging: Observed<Vec<DeletionBlocker>>,
) -> Observed<LiveObject> {
    seen.and_then(|seen| match hanging {
        Observed::Unknown(failure) if failure.code != NOT_READ => Observed::Unknown(failure),
        Observed::Present(hanging) => Observed::Present(LiveObject { hanging, ..seen }),
        // The object is gone since it was read, or the blockers were not read.
        Observed::Absent | Observed::Unknown(_) => Observed::Present(seen),
    })
}

/// Returns the kind of that name.
pub fn kind_of(name: KindName) -> &'static dyn Kind {
    use PrincipalKind::{Group, Role, User};
    match name {
        KindName::AccessKey => &access_key::AccessKeyKind,
        KindName::AwsProfile => &aws_profile::AwsProfileKind,
        KindName::Bucket => &bucket::BucketKind,
        KindName::InlinePolicy(Group) => &inline_policy::InlinePolicyKind(Group),
        KindName::InlinePolicy(Role) => &inline_policy::InlinePolicyKind(Role),
        KindName::InlinePolicy(User) => &inline_policy::InlinePolicyKind(User),
        KindName::InstanceProfile => &instance_profile::InstanceProfileKind,
        KindName::InstanceProfileRole => &instance_profile_role::InstanceProfileRoleKind,
        KindName::OidcProvider => &oidc_provider::OidcProviderKind,
        KindName::Policy => &policy::PolicyKind,
        KindName::PolicyAttachment(Group) => &attachment::PolicyAttachmentKind(Group),
        KindName::PolicyAttachment(Role) => &attachment::PolicyAttachmentKind(Role),
        KindName::PolicyAttachment(User) => &attachment::PolicyAttachmentKind(User),
        KindName::Principal(Group) => &group::GroupKind,
        KindName::Principal(Role) => &role::RoleKind,
        KindName::Principal(User) => &user::UserKind,
        KindName::UserGroupMembership => &user_group_membership::UserGroupMembershipKind,
        KindName::ZappaSettings => &zappa_settings::ZappaSettingsKind,
    }
}

/// Returns the place of a kind in the order in which a plan lists them.
pub fn position(name: KindName) -> Option<usize> {
    ORDER.iter().position(|it| *it == name)
}
