//! What the other layers must know of a kind. Each kind says all of it: there are no defaults.

use crate::address::{Address, KindName, PrincipalKind};
use crate::policy::Usage;
use crate::value::{Attributes, text};

#[derive(Clone, Copy, Debug)]
pub struct KindFacts {
    pub ownership: Ownership,
    /// What it is a part of, if it is one: it is replaced and removed with that.
    pub parent: Option<Parent>,
    pub access: AccessRole,
    /// The attribute that holds a policy document.
    pub document: Option<DocumentField>,
    pub uniqueness: Uniqueness,
    pub outputs: &'static [Output],
    pub recovery: Recovery,
}

/// How relayctl knows that an object is the manifest's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// By its ownership tag.
    Tag,
    /// By its parent: whoever declares it may have it, whoever put it there.
    Parent,
    /// By the state alone: AWS gives it no tags.
    State,
    /// It is in files of this machine.
    LocalFile,
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
        Address::new(self.kind, text(part, self.attribute))
    }
}

/// What a resource has to do with who may do what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessRole {
    /// Has policies.
    Principal(PrincipalKind),
    /// A managed policy.
    Policy,
    /// A managed policy on a principal.
    PolicyAttachment(PrincipalKind),
    /// A policy inside a principal.
    InlinePolicy(PrincipalKind),
    /// Puts a user in a group: its attributes `user` and `group` name them.
    Membership,
    /// Acts as its parent: whoever has it may do what the parent may.
    Credential,
    /// Has only a policy that says what others may do to it.
    Resource,
    None,
}

/// How an object is found again where the state is lost and the manifest doesn't declare it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// By its ownership tag, among these objects of the account.
    ByTag(Tagged),
    /// With the object of that kind that it belongs to.
    With(KindName),
    /// Not at all: nothing tells whose it is.
    Never,
}

/// The objects of an account that have tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tagged {
    Principals(PrincipalKind),
    Policies,
    Buckets,
}

/// What the change of a field means for who may do what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldAccess {
    /// Nothing.
    Harmless,
    /// What the plan's access says: the field is compared there.
    Compared,
    /// Nobody knows. Tags are such a field, for conditions may ask for them, and what blocks public
    /// access, or encrypts.
    Unknown,
}

/// A policy document in an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentField {
    pub field: &'static str,
    pub usage: Usage,
}

/// Which names are taken by an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uniqueness {
    /// No other of its kind in the account has the name, in whatever case.
    IgnoringCase,
    /// No other has exactly this name.
    Exact,
}

/// What `relayctl output` tells of an object, as `section.name.field`.
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
