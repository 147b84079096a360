//! The facts about a kind that the other layers need. Each kind states all of them: there are no
//! defaults.

use crate::address::{Address, KindName, PrincipalKind};
use crate::policy::Usage;
use crate::value::{Attributes, Value, text_of};

#[derive(Clone, Copy, Debug)]
pub struct KindFacts {
    pub ownership: Ownership,
    /// The object of which it is a part, if there is one: it is replaced and removed with that
    /// object.
    pub parent: Option<Parent>,
    pub access: AccessRole,
    /// The attribute that holds a policy document.
    pub document: Option<DocumentField>,
    pub uniqueness: Uniqueness,
    pub outputs: &'static [Output],
    pub recovery: Recovery,
}

/// The way in which relayctl knows that an object is the manifest's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// The ownership tag tells it.
    Tag,
    /// The parent tells it: the manifest that declares the parent may have the part, whoever made
    /// it.
    Parent,
    /// The state alone tells it: AWS gives such objects no tags.
    State,
    /// The object is in files of this machine.
    LocalFile,
}

impl Ownership {
    /// Returns true for objects with tags. Only they have fields that others may set: an object
    /// without tags has nothing but what names it.
    pub fn has_tags(self) -> bool {
        match self {
            Self::Tag => true,
            Self::Parent | Self::State | Self::LocalFile => false,
        }
    }
}

/// The object that another one is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    pub kind: KindName,
    /// The attribute of the part that holds the parent's name.
    pub attribute: &'static str,
}

impl Parent {
    pub fn address(self, part: &Attributes) -> Address {
        Address::new(self.kind, text_of(part, self.attribute))
    }
}

/// The role of a resource in access: in the question who may do what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessRole {
    /// A principal, which has policies.
    Principal(PrincipalKind),
    /// A managed policy.
    Policy,
    /// A managed policy on a principal.
    PolicyAttachment(PrincipalKind),
    /// An inline policy of a principal.
    InlinePolicy(PrincipalKind),
    /// A user's membership in a group: its attributes `user` and `group` name them.
    Membership,
    /// A credential of its parent: its holder may do what the parent may.
    Credential,
    /// A resource whose only policy says what others may do to it.
    Resource,
    None,
}

/// The way in which an object is found again that the manifest doesn't declare, if the state is
/// lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// By its ownership tag, among these objects of the account.
    ByTag(Tagged),
    /// Together with the object of that kind to which it belongs.
    With(KindName),
    /// Never: nothing tells its owner.
    Never,
}

/// The objects of an account that have tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tagged {
    Principals(PrincipalKind),
    Policies,
    InstanceProfiles,
    OidcProviders,
    Buckets,
}

/// The fact about a field that tells the effect of its change on access. A field that states none
/// is [`FieldAccess::Unknown`]: `--deny-widening` refuses its change.
#[derive(Clone, Copy, Debug)]
pub enum FieldAccess {
    /// No effect.
    Harmless,
    /// The effect that the plan's access shows: the field is compared there.
    Compared,
    /// The effect that the conditions of all known policies tell, which are searched for the
    /// field: tags. Policies that relayctl does not read may ask for them, too.
    Searched,
    /// The effect that the values tell.
    Judged(FieldJudge),
    /// An unknown effect.
    Unknown,
}

/// A function that tells the effect of a change from its values.
pub type FieldJudge = fn(&JudgedChange<'_>) -> FieldEffect;

/// The change of a field whose values tell its effect.
#[derive(Clone, Copy, Debug)]
pub struct JudgedChange<'a> {
    /// The value before the change; `None` for a field of a new object.
    pub before: Option<&'a Value>,
    pub after: &'a Value,
    /// The account of the manifest.
    pub account: &'a str,
}

/// The effect of a field's change on access, which its values tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldEffect {
    None,
    /// Access or data may be lost, and nobody gains.
    Loss,
    /// Somebody may gain by it; the text is the reason, for people.
    Gain(&'static str),
}

/// A policy document in an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentField {
    pub field: &'static str,
    pub usage: Usage,
}

/// The rule by which an object's name is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uniqueness {
    /// No other object of the kind in the account has the name, whatever its case.
    IgnoringCase,
    /// No other object has exactly this name.
    Exact,
}

/// A value of an object that `relayctl output` prints, as `section.name.field`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    pub section: &'static str,
    pub field: &'static str,
    pub value: OutputValue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputValue {
    Name,
    /// The attribute `arn`.
    Arn,
    /// The physical id.
    Id,
}
