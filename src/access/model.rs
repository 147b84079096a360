//! Models the account before the plan and after it: the existing objects and the plan's changes.

use std::collections::{BTreeMap, BTreeSet};

use super::memberships::Memberships;
use super::roles::{KINDS_BY_ROLE, ResourcePolicy, document_field};
use super::unmanaged::UnmanagedAccess;
use crate::address::{Address, KindName, PrincipalKind};
use crate::call::Observed;
use crate::diff::{ChangeAction, ResourceChange};
use crate::kind::{LiveObject, LiveResource};
use crate::model::{Desired, Live, hanging_on, of_kind};
use crate::policy::Budget;
use crate::policy::compare::Comparer;
use crate::value::{Value, text_of};

/// The time of a side of the comparison: before the changes of a plan, or after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlanSide {
    Before,
    After,
}

impl PlanSide {
    pub const BOTH: [Self; 2] = [Self::Before, Self::After];
}

/// Everything that is known of the account and of the plan's changes to it.
pub(super) struct AccessModel<'a> {
    pub desired: &'a Desired,
    pub live: &'a Live,
    pub changes: BTreeMap<&'a Address, &'a ResourceChange>,
    pub unmanaged: &'a UnmanagedAccess,
    pub comparer: Comparer,
    pub memberships: Memberships,
    /// The manifest's or the state's own policies, by their ARNs now or after.
    policies: BTreeMap<&'a str, &'a Address>,
}

/// The steps of the comparer's budget for each object that was read.
const STEPS_FOR_OBJECT: u64 = 200_000;

impl<'a> AccessModel<'a> {
    pub fn new(
        changes: &'a [ResourceChange],
        live: &'a Live,
        desired: &'a Desired,
        unmanaged: &'a UnmanagedAccess,
    ) -> Self {
        let changes = changes.iter().map(|change| (&change.address, change)).collect();
        let memberships = Memberships::new(live, desired, &changes);
        let budget = Budget::for_parts(live.len() + unmanaged.holders.len(), STEPS_FOR_OBJECT);
        let (comparer, policies) = (Comparer::within(budget), BTreeMap::new());
        let mut model = Self { desired, live, changes, unmanaged, comparer, memberships, policies };
        let kinds = || KINDS_BY_ROLE.policies.iter();
        let declared = kinds().flat_map(|kind| desired.of_kind(*kind));
        let declared = declared.map(|(address, resource)| (address, &resource.attributes));
        let seen = kinds().flat_map(|kind| of_kind(live, *kind));
        let seen =
            seen.filter_map(|(address, _)| Some((address, &model.seen(address)?.attributes)));
        let by_arn =
            declared.chain(seen).map(|(address, attributes)| (text_of(attributes, "arn"), address));
        let by_arn: Vec<_> = by_arn.collect();
        // Of several policies with one ARN the first wins, and a declared one before an existing
        // one.
        model.policies.extend(by_arn.into_iter().rev());
        model
    }

    /// Returns all objects of a kind that were read or are declared.
    fn all_of_kind(&self, kind: KindName) -> BTreeSet<&'a Address> {
        let seen = of_kind(self.live, kind).chain(of_kind(&self.unmanaged.holders, kind));
        let declared = self.desired.of_kind(kind).map(|(address, _)| address);
        seen.map(|(address, _)| address).chain(declared).collect()
    }

    /// Returns users, roles and groups that are declared or recorded, and others that have a policy
    /// of the manifest.
    pub fn principals(&self) -> BTreeSet<&'a Address> {
        PrincipalKind::ALL
            .into_iter()
            .flat_map(|kind| self.all_of_kind(KindName::Principal(kind)))
            .collect()
    }

    /// Returns all objects of kinds with a resource policy, with their kinds.
    pub fn resources(&self) -> impl Iterator<Item = (ResourcePolicy, &'a Address)> {
        let of = |policy: ResourcePolicy| {
            self.all_of_kind(policy.kind).into_iter().map(move |it| (policy, it))
        };
        KINDS_BY_ROLE.resource_policies().flat_map(of)
    }

    /// Returns the existing managed policies whose documents the plan edits.
    pub fn edited_policies(&self) -> impl Iterator<Item = &'a Address> {
        let changed = KINDS_BY_ROLE.policies.iter().flat_map(|kind| of_kind(&self.changes, *kind));
        changed.map(|(address, _)| *address).filter(|address| {
            let [before, after] = self.documents(address);
            before.is_some() && after.is_some() && before != after
        })
    }

    /// Returns the changes of a principal's attachments and inline policies.
    pub fn parts(&self, principal: &Address) -> impl Iterator<Item = &'a ResourceChange> {
        let kinds = principal.principal().into_iter().flat_map(|it| KINDS_BY_ROLE.parts(it.kind));
        let changed = kinds.flat_map(|part| hanging_on(&self.changes, part.kind, principal.name()));
        let changed: Vec<&'a ResourceChange> = changed.map(|(_, change)| *change).collect();
        changed.into_iter()
    }

    fn sighting(&self, address: &Address) -> Option<&'a LiveResource> {
        self.live.get(address).or_else(|| self.unmanaged.holders.get(address))
    }

    pub fn seen(&self, address: &Address) -> Option<&'a LiveObject> {
        match &self.sighting(address)?.observed {
            Observed::Present(seen) => Some(seen),
            Observed::Absent | Observed::Unknown(_) => None,
        }
    }

    /// Returns true if the object could not be read: then nothing is reported about it.
    pub fn is_unknown(&self, address: &Address) -> bool {
        self.sighting(address)
            .is_some_and(|sighting| matches!(sighting.observed, Observed::Unknown(_)))
    }

    /// Returns true if the object was looked up.
    pub fn is_sighted(&self, address: &Address) -> bool {
        self.sighting(address).is_some()
    }

    /// Returns true if the object is declared or recorded, and known.
    pub fn is_managed(&self, address: &Address) -> bool {
        let named = self.live.contains_key(address) || self.desired.resources.contains_key(address);
        named && !self.is_unknown(address)
    }

    /// Returns the plan's action on the object. Refused and blocked changes don't happen.
    pub fn action(&self, address: &Address) -> ChangeAction {
        match self.changes.get(address).map(|change| change.action) {
            Some(
                ChangeAction::Refuse
                | ChangeAction::Blocked
                | ChangeAction::Adopt
                | ChangeAction::Forget,
            )
            | None => ChangeAction::Nothing,
            Some(action) => action,
        }
    }

    /// Returns true if the plan changes the object.
    pub fn is_changed(&self, address: &Address) -> bool {
        self.action(address) != ChangeAction::Nothing
    }

    /// Returns an attribute as it is, or as it will be.
    pub fn attribute(&self, address: &Address, name: &str, side: PlanSide) -> Option<&'a Value> {
        let now = || self.seen(address).and_then(|seen| seen.attributes.get(name));
        let wanted = || self.desired.resources.get(address).and_then(|it| it.attributes.get(name));
        let planned = || {
            let changed = self.changes.get(address).into_iter().flat_map(|it| &it.fields);
            changed.map(|diff| &diff.change).find(|change| change.field == name)
        };
        let found = match (side, self.action(address)) {
            (PlanSide::Before, _) | (PlanSide::After, ChangeAction::Nothing) => now(),
            (PlanSide::After, ChangeAction::Delete) => None,
            (PlanSide::After, ChangeAction::Create | ChangeAction::Replace) => {
                // A new object takes over fields of the old one that the manifest doesn't name.
                planned().and_then(|change| change.after.as_deref()).or_else(wanted)
            }
            (
                PlanSide::After,
                ChangeAction::Update
                | ChangeAction::Adopt
                | ChangeAction::Forget
                | ChangeAction::Refuse
                | ChangeAction::Blocked,
            ) => match planned() {
                Some(change) => change.after.as_deref(),
                None => now(),
            },
        };
        found.filter(|value| !value.is_null())
    }

    /// Returns an object's own document.
    pub fn document(&self, address: &Address, side: PlanSide) -> Option<&'a Value> {
        self.attribute(address, document_field(address.kind())?, side)
    }

    pub fn documents(&self, address: &Address) -> [Option<&'a Value>; 2] {
        PlanSide::BOTH.map(|side| self.document(address, side))
    }

    pub fn arn(&self, address: &Address) -> String {
        let arn = |side| self.attribute(address, "arn", side);
        let arn = arn(PlanSide::After).or_else(|| arn(PlanSide::Before));
        arn.and_then(|arn| arn.as_str().map(str::to_owned)).unwrap_or_default()
    }

    pub fn exists(&self, address: &Address, side: PlanSide) -> bool {
        match (side, self.action(address)) {
            (PlanSide::Before, _) | (PlanSide::After, ChangeAction::Nothing) => {
                self.seen(address).is_some()
            }
            (PlanSide::After, action) => action != ChangeAction::Delete,
        }
    }

    /// Returns true if the object exists after the plan, but was made anew by it.
    pub fn is_anew(&self, address: &Address, side: PlanSide) -> bool {
        side == PlanSide::After
            && matches!(self.action(address), ChangeAction::Create | ChangeAction::Replace)
    }

    /// Returns the manifest's or the state's own policy with that ARN, now or after.
    pub fn policy_named(&self, arn: &str) -> Option<&'a Address> {
        self.policies.get(arn).copied()
    }
}
