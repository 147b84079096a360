//! Which policies hang where, before the plan and after it.

use std::collections::{BTreeMap, BTreeSet};

use super::Beyond;
use crate::address::{Address, KindName};
use crate::call::Observed;
use crate::diff::{Action, Change};
use crate::kind::{Attached, Seen, Sighting, attachment_address};
use crate::model::{Desired, Live, hanging_on};
use crate::policy::compare::Comparer;
use crate::value::{Value, optional_text, text};

/// A moment: before the changes, or after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Before,
    After,
}

/// What a policy says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Says<'a> {
    Document(&'a Value),
    /// Nobody has read it: a policy of AWS's, or of somebody else's, by its ARN.
    Unread(String),
}

/// By the address of the policy, or its ARN where it has none.
pub(super) type Policies<'a> = BTreeMap<String, Says<'a>>;

/// What decides what a user or a role may do.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Holdings<'a> {
    pub policies: Policies<'a>,
    pub boundary: Option<(String, Says<'a>)>,
}

impl<'a> Holdings<'a> {
    /// The policies and the boundary.
    pub fn all(&self) -> impl Iterator<Item = (&String, &Says<'a>)> {
        self.policies.iter().chain(self.boundary.as_ref().map(|(name, says)| (name, says)))
    }

    /// The names of what nobody has read.
    pub fn unread(&self) -> impl Iterator<Item = &String> {
        self.all().filter(|(_, says)| matches!(says, Says::Unread(_))).map(|(name, _)| name)
    }
}

/// Everything that is known of the account and of what the plan does to it.
pub(super) struct World<'a> {
    pub desired: &'a Desired,
    pub live: &'a Live,
    pub changes: BTreeMap<&'a Address, &'a Change>,
    pub beyond: &'a Beyond,
    pub comparer: Comparer,
    /// The manifest's or the state's own policies, by their ARNs now or after.
    policies: BTreeMap<&'a str, &'a Address>,
}

impl<'a> World<'a> {
    pub fn new(changes: &'a [Change], live: &'a Live, desired: &'a Desired, beyond: &'a Beyond) -> Self {
        let changes = changes.iter().map(|change| (&change.address, change)).collect();
        let comparer = Comparer::default();
        let mut world = Self { desired, live, changes, beyond, comparer, policies: BTreeMap::new() };
        let declared = desired.resources.iter().map(|(address, resource)| (address, &resource.attributes));
        let seen = live.keys().filter_map(|address| Some((address, &world.seen(address)?.attributes)));
        let policies = declared.chain(seen).filter(|(address, _)| address.kind() == KindName::Policy);
        let by_arn: Vec<_> = policies.map(|(address, attributes)| (text(attributes, "arn"), address)).collect();
        // Of several the first, and what is declared before what there is.
        world.policies.extend(by_arn.into_iter().rev());
        world
    }

    /// Everything that was looked at, and everything that is declared.
    pub fn addresses(&self) -> BTreeSet<&'a Address> {
        self.live.keys().chain(self.beyond.holders.keys()).chain(self.desired.resources.keys()).collect()
    }

    fn sighting(&self, address: &Address) -> Option<&'a Sighting> {
        self.live.get(address).or_else(|| self.beyond.holders.get(address))
    }

    pub fn seen(&self, address: &Address) -> Option<&'a Seen> {
        match &self.sighting(address)?.observed {
            Observed::Present(seen) => Some(seen),
            Observed::Absent | Observed::Unknown(_) => None,
        }
    }

    /// What the plan does to it; refused and blocked changes don't happen.
    pub fn action(&self, address: &Address) -> Action {
        match self.changes.get(address).map(|change| change.action) {
            Some(Action::Refuse | Action::Blocked | Action::Adopt | Action::Forget) | None => Action::Nothing,
            Some(action) => action,
        }
    }

    /// An attribute as it is, and as it will be.
    pub fn attribute(&self, address: &Address, name: &str, moment: Moment) -> Option<&'a Value> {
        let now = || self.seen(address).and_then(|seen| seen.attributes.get(name));
        let wanted = || self.desired.resources.get(address).and_then(|it| it.attributes.get(name));
        let found = match (moment, self.action(address)) {
            (Moment::Before, _) | (Moment::After, Action::Nothing) => now(),
            (Moment::After, Action::Delete) => None,
            (Moment::After, Action::Create | Action::Replace) => wanted(),
            (Moment::After, _) => {
                let changed = self.changes.get(address).into_iter().flat_map(|change| &change.fields);
                match changed.map(|diff| &diff.change).find(|change| change.field == name) {
                    Some(change) => change.after.as_deref(),
                    None => now(),
                }
            }
        };
        found.filter(|value| !value.is_null())
    }

    pub fn exists(&self, address: &Address, moment: Moment) -> bool {
        match (moment, self.action(address)) {
            (Moment::Before, _) | (Moment::After, Action::Nothing) => self.seen(address).is_some(),
            (Moment::After, action) => action != Action::Delete,
        }
    }

    /// Whether it can't be told what is there: then nothing is said about it.
    pub fn is_unknown(&self, address: &Address) -> bool {
        self.sighting(address).is_some_and(|sighting| matches!(sighting.observed, Observed::Unknown(_)))
    }

    /// Whether anything is done to it, to what hangs on it, or to a policy that it has: otherwise it holds the same before
    /// and after.
    pub fn is_touched(&self, subject: &Address) -> bool {
        let happens = |address: &Address| self.action(address) != Action::Nothing;
        let attached = self.seen(subject).into_iter().flat_map(|seen| &seen.attached);
        let managed = attached.filter_map(|attached| match attached {
            Attached::Managed(arn) => Some(arn.as_str()),
            Attached::Inline(_) => None,
        });
        let boundary = self.attribute(subject, "permissions_boundary", Moment::Before).and_then(Value::as_str);
        happens(subject)
            || self.parts(subject).any(|change| happens(&change.address))
            || managed.chain(boundary).filter_map(|arn| self.policy_named(arn)).any(happens)
    }

    /// What hangs on a user or a role.
    pub fn holdings(&self, subject: &Address, moment: Moment) -> Holdings<'a> {
        let mut held = Holdings::default();
        if !self.exists(subject, moment) {
            return held;
        }
        for attached in self.attached(subject, moment) {
            let says = match &attached {
                Attached::Managed(arn) => self.managed(arn, moment),
                Attached::Inline(_) => Some(self.inline(subject, &attached, moment)),
            };
            held.policies.extend(says);
        }
        if subject.kind() == KindName::GROUP {
            // A group's own policies are read by nobody.
            let others = format!("the other policies of {subject}");
            held.policies.insert(others.clone(), Says::Unread(others));
        }
        let boundary = self.attribute(subject, "permissions_boundary", moment);
        held.boundary = boundary.and_then(|arn| self.managed(arn.as_str()?, moment));
        held
    }

    /// The policies on a user or a role.
    fn attached(&self, subject: &Address, moment: Moment) -> BTreeSet<Attached> {
        let anew = moment == Moment::After && matches!(self.action(subject), Action::Create | Action::Replace);
        let now = self.seen(subject).filter(|_| !anew).into_iter().flat_map(|seen| seen.attached.iter().cloned());
        let mut attached: BTreeSet<Attached> = now.collect();
        if moment == Moment::After {
            for change in self.parts(subject) {
                match self.action(&change.address) {
                    Action::Create => attached.extend(self.hung(&change.address, Moment::After)),
                    Action::Delete => {
                        let gone = Self::hung_by(change);
                        attached.retain(|it| Some(it) != gone.as_ref());
                    }
                    Action::Replace => {
                        let old = self.hung(&change.address, Moment::Before);
                        attached.retain(|it| Some(it) != old.as_ref());
                        attached.extend(self.hung(&change.address, Moment::After));
                    }
                    _ => {}
                }
            }
        }
        attached
    }

    /// The changes of what hangs on a user or a role.
    pub fn parts(&self, subject: &Address) -> impl Iterator<Item = &'a Change> {
        let of = |kind: KindName| hanging_on(&self.changes, kind, subject.name()).map(|(_, change)| *change);
        let principal = subject.principal().map(|it| it.kind);
        let parts = principal.map(|it| of(KindName::InlinePolicy(it)).chain(of(KindName::PolicyAttachment(it))));
        let parts: Vec<&'a Change> = parts.into_iter().flatten().collect();
        parts.into_iter()
    }

    fn hung(&self, part: &Address, moment: Moment) -> Option<Attached> {
        let attributes = match moment {
            Moment::Before => &self.seen(part)?.attributes,
            Moment::After => &self.desired.resources.get(part)?.attributes,
        };
        let managed = optional_text(attributes, "policy_arn").map(Attached::Managed);
        managed.or_else(|| optional_text(attributes, "name").map(Attached::Inline))
    }

    /// What a removal takes away, also of what neither manifest nor state knows.
    fn hung_by(change: &Change) -> Option<Attached> {
        let before = |name: &str| {
            let field = change.fields.iter().find(|diff| diff.change.field == name)?;
            field.change.before.as_ref()?.as_str().map(str::to_owned)
        };
        before("policy_arn").map(Attached::Managed).or_else(|| before("name").map(Attached::Inline))
    }

    /// A managed policy, declared or not.
    fn managed(&self, arn: &str, moment: Moment) -> Option<(String, Says<'a>)> {
        if let Some(address) = self.policy_named(arn) {
            let document = self.attribute(address, "document", moment)?;
            Some((address.to_string(), Says::Document(document)))
        } else {
            let says =
                self.beyond.documents.get(arn).map_or_else(|| Says::Unread(arn.to_owned()), |it| Says::Document(it));
            Some((arn.to_owned(), says))
        }
    }

    /// The manifest's or the state's own policy with that ARN, now or after.
    pub fn policy_named(&self, arn: &str) -> Option<&'a Address> {
        self.policies.get(arn).copied()
    }

    fn inline(&self, subject: &Address, attached: &Attached, moment: Moment) -> (String, Says<'a>) {
        let address = attachment_address(subject, attached, &|_| None);
        let known = self.attribute(&address, "document", moment);
        let name = address.to_string();
        let says = known.or_else(|| self.beyond.documents.get(&name).map(|it| &**it));
        (name.clone(), says.map_or(Says::Unread(name), Says::Document))
    }
}
