//! The resource kinds: one file each, and the list of them.
//!
//! A kind declares what it must know ([`Kind::facets`]), reads that out of a snapshot
//! ([`Kind::seen`]) and returns the calls that a change takes. It knows no client and no stage
//! order; it never decides *whether* to change.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::{KindName, PrincipalKind};
use crate::call::{Observed, Write};
use crate::reads::{Facet, NOT_READ, Snapshot};
use crate::value::{Attributes, Value, optional_text};

/// An object as it is in AWS or on disk, in the same normal form as the declared one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LiveObject {
    /// What nobody can make a second time: `AIDA…`, `AROA…`, `ANPA…`, a bucket's name, an access
    /// key's id.
    pub id: String,
    /// The value of the ownership tag; `None` where it is missing.
    pub owner: Option<String>,
    /// All that the kind can read, declared or not.
    pub attributes: Attributes,
    /// What the calls depend on, but no manifest says: a policy's versions, a bucket's emptiness, a
    /// user's other keys.
    pub internals: Attributes,
    /// What AWS wants gone before it deletes it, policies aside; empty where a removal was not in
    /// question.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hanging: Vec<DeletionBlocker>,
    /// What is to be done about it although it is as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upkeep: Option<Maintenance>,
    /// For people, whether anything happens to it or not: what will become of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// What hangs on it besides, by address-like names with ARNs: attached and inline policies. The
    /// differ shows what the manifest doesn't name as left alone, or removes it for `exclusive:
    /// true`.
    pub attached: Vec<Attached>,
}

/// What time, or an interrupted run, makes necessary. The text is the reason, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Maintenance {
    /// A new one takes its place; the old one stays until nobody needs it: [`Kind::renew`].
    Renew(String),
    /// Something of what is ours in it is to be changed or removed: [`Kind::update`] has the calls.
    Tend(String),
}

impl Maintenance {
    pub fn why(&self) -> &str {
        match self {
            Self::Renew(why) | Self::Tend(why) => why,
        }
    }
}

/// How an attribute is compared, printed and changed.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub form: FieldForm,
    pub change: OnChange,
    /// What AWS has when nobody sets it: an attribute that leaves the manifest goes back to it.
    pub default: fn() -> Value,
    pub access: FieldAccess,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldForm {
    Plain,
    /// Compared key by key; keys that neither manifest nor state names are left alone.
    Keyed,
    /// A policy document, compared by `policy::equivalent`, printed by statement.
    Document,
    /// Part of what the object is: shown on create, never compared.
    Identity,
    /// What nobody but the state can tell: compared with that, and taken on trust where there is no
    /// state.
    Recorded,
    /// relayctl's own setting, which AWS doesn't know (`force_destroy`): compared with the state,
    /// not with AWS.
    Setting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnChange {
    InPlace,
    /// AWS cannot change it; the text is the reason, for people.
    Replace(&'static str),
}

/// One kind of resource.
///
/// `wanted` always holds the identity attributes (name, arn, user …), and of the others those that
/// the manifest or the state names; every value in normal form.
pub trait Kind: Sync {
    /// As in addresses: `user`, `role_policy_attachment`.
    fn name(&self) -> KindName;

    /// What the other layers must know of it.
    fn facts(&self) -> KindFacts;

    /// In the order of printing.
    fn fields(&self) -> &'static [Field];

    /// What must be known to compare and to change this object. `wanted` is the declared object or
    /// the recorded one.
    fn facets(&self, wanted: &Attributes) -> Vec<Facet>;

    /// What must be known besides to remove it: asked only where a removal is possible.
    fn deletion_facets(&self, _recorded: &Attributes) -> Vec<Facet> {
        Vec::new()
    }

    /// `wanted` also holds `id`, where the state has recorded one.
    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<LiveObject>;

    /// The physical id that follows from the names alone; none where AWS gives one.
    fn physical_id(&self, _wanted: &Attributes) -> Option<String> {
        None
    }

    /// Why it can't be made although it is absent, or can't be made anew: a profile that holds
    /// somebody's key.
    fn conflict(&self, _wanted: &Attributes, _snapshot: &Snapshot) -> Option<String> {
        None
    }

    /// What the state records before a create, so that the next run can tell what an interrupted
    /// one made.
    fn intent(&self, wanted: &Attributes, _snapshot: &Snapshot) -> Attributes {
        wanted.clone()
    }

    /// Everything that may block its deletion, with `*` for each name; the policies on it aside,
    /// and what relayctl never takes away.
    fn any_blockers(&self, wanted: &Attributes) -> Vec<DeletionBlocker>;

    /// Whether the object with this id is the recorded one: `recorded` is all that the state knows
    /// of it, and `is_intended` says that the run which was to make it didn't get to the end.
    fn is_recorded_as(&self, recorded: &Attributes, _is_intended: bool, id: &str) -> bool {
        optional_text(recorded, "id").as_deref() == Some(id)
    }

    /// The calls, in order, that make it.
    fn create(&self, wanted: &Attributes) -> Vec<Write>;

    /// The calls that change exactly the fields named.
    fn update(&self, seen: &LiveObject, wanted: &Attributes, changed: &[&str]) -> Vec<Write>;

    /// The calls that make a new one in its place: [`Maintenance::Renew`].
    fn renew(&self, _seen: &LiveObject, _wanted: &Attributes) -> Vec<Write> {
        Vec::new()
    }

    /// Whether the manifest has a new one made in its place in time.
    fn is_renewed(&self, _declared: &Attributes) -> bool {
        false
    }

    /// What must be known of what a renewal leaves, whichever that is.
    fn renewal_facets(&self, _declared: &Attributes) -> Vec<Facet> {
        Vec::new()
    }

    /// Why there can't be a new one in its place yet.
    fn renewal_obstacle(&self, _seen: &LiveObject) -> Option<String> {
        None
    }

    /// What the state records before a renewal, so that the next run can go on from wherever this
    /// one stops. `made` are the new ones that this run had to give up.
    fn begun(&self, attributes: &Attributes, _seen: &LiveObject, _made: &[String]) -> Attributes {
        attributes.clone()
    }

    /// What the state records after the calls of `before`'s upkeep.
    fn settled(
        &self,
        attributes: &Attributes,
        _before: &LiveObject,
        _now: Timestamp,
    ) -> Attributes {
        attributes.clone()
    }

    /// What the state goes on to remember besides what is declared. `seen` is none for an object
    /// that is made.
    fn memory(&self, _recorded: &Attributes, _seen: Option<&LiveObject>) -> Attributes {
        Attributes::new()
    }

    /// The calls that remove it, with what is ours in it. `recorded` holds what we set, for objects
    /// of which only a part is ours (a profile, a stage).
    fn delete(&self, seen: &LiveObject, recorded: &Attributes) -> Vec<Write>;

    /// What is to be cleared away locally of a recorded object that is gone: a run that was killed
    /// while it removed it, or somebody who removed it elsewhere, left that. Does nothing where
    /// there is nothing of it.
    fn leftovers(&self, _recorded: &Attributes) -> Vec<Write> {
        Vec::new()
    }

    /// Whether it is only in files of this machine, which can be removed while something else still
    /// names it.
    fn is_local(&self) -> bool {
        match self.facts().ownership {
            Ownership::LocalFile => true,
            Ownership::Tag | Ownership::Parent | Ownership::State => false,
        }
    }

    /// Whether AWS will refuse to delete it, and why: `bucket holds objects and force_destroy is
    /// not set`.
    fn obstacle(&self, _seen: &LiveObject, _recorded: &Attributes) -> Option<String> {
        None
    }

    /// Whether an existing object without an owner may be taken over without asking: attachments
    /// and parts of local files have no tags, and having them already is what was asked for.
    fn adoptable(&self) -> bool {
        match self.facts().ownership {
            Ownership::Parent | Ownership::LocalFile => true,
            Ownership::Tag | Ownership::State => false,
        }
    }

    /// Whether there could be two of it, where AWS does not show the first one yet: others have
    /// names that keep them apart.
    fn can_double(&self) -> bool {
        false
    }

    /// Whether AWS makes it without a word although it is there already: CreateBucket of one's own
    /// bucket in us-east-1, PutUserPolicy.
    fn overwrites(&self) -> bool {
        false
    }

    /// Whether replacing what it hangs on replaces it too: attachments, inline policies, keys.
    fn part_of_parent(&self) -> bool {
        self.facts().parent.is_some()
    }

    /// Whether a difference can only be mended by making it anew, although no field is to blame: an
    /// access key whose secret is no longer in its sinks. The text is the reason.
    fn must_replace(&self, _seen: &LiveObject, _wanted: &Attributes) -> Option<String> {
        None
    }
}

/// The tag that says which manifest an object belongs to; it makes the state a cache.
pub const OWNER_TAG: &str = "relayctl:manifest";

/// What the resolver found out about one address.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveResource {
    pub observed: Observed<LiveObject>,
    /// [`Kind::conflict`]
    pub conflict: Option<String>,
}

mod access_key;
mod attached;
mod attachment;
mod aws_profile;
mod blocker;
mod bucket;
mod facts;
mod field;
mod group;
mod inline_policy;
mod policy;
mod principal;
mod role;
mod tags;
#[cfg(test)]
mod tests;
mod user;
mod user_group_membership;
mod zappa_settings;

pub use access_key::{RETIRE_AFTER, in_words, lasting};
pub use attached::Attached;
pub use blocker::DeletionBlocker;
pub use facts::{
    AccessRole, DocumentField, FieldAccess, KindFacts, Output, OutputValue, Ownership, Parent,
    Recovery, Tagged, Uniqueness,
};

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
    KindName::ROLE,
    KindName::InlinePolicy(PrincipalKind::Role),
    KindName::PolicyAttachment(PrincipalKind::Role),
    KindName::Bucket,
    KindName::ZappaSettings,
];

/// Returns all kinds, in the order in which a plan lists them.
pub fn all() -> impl Iterator<Item = &'static dyn Kind> {
    ORDER.into_iter().map(of)
}

/// An object with what hangs on it, where that was asked for. What may hang on it and is not told
/// is unknown, and what is unknown is not deleted.
fn with_blockers(
    seen: Observed<LiveObject>,
    hanging: Observed<Vec<DeletionBlocker>>,
) -> Observed<LiveObject> {
    seen.and_then(|seen| match hanging {
        Observed::Unknown(failure) if failure.code != NOT_READ => Observed::Unknown(failure),
        Observed::Present(hanging) => Observed::Present(LiveObject { hanging, ..seen }),
        // Gone since the object was read, or not asked.
        Observed::Absent | Observed::Unknown(_) => Observed::Present(seen),
    })
}

/// Returns the kind of that name.
pub fn of(name: KindName) -> &'static dyn Kind {
    use PrincipalKind::{Group, Role, User};
    match name {
        KindName::AccessKey => &access_key::AccessKeyKind,
        KindName::AwsProfile => &aws_profile::AwsProfileKind,
        KindName::Bucket => &bucket::BucketKind,
        KindName::InlinePolicy(Group) => &inline_policy::InlinePolicyKind(Group),
        KindName::InlinePolicy(Role) => &inline_policy::InlinePolicyKind(Role),
        KindName::InlinePolicy(User) => &inline_policy::InlinePolicyKind(User),
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

/// The place of a kind in the order in which a plan lists them.
pub fn position(name: KindName) -> Option<usize> {
    ORDER.iter().position(|it| *it == name)
}
