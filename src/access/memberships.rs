//! Finds the memberships that are declared, recorded or removed by a plan.

use std::collections::BTreeMap;

use super::roles::KINDS_BY_ROLE;
use crate::address::{Address, PrincipalKind};
use crate::call::Observed;
use crate::diff::ResourceChange;
use crate::model::{Desired, Live, of_kind};
use crate::value::{Attributes, text_of};

/// A user in a group, before the plan, after it, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MembershipChange {
    pub address: Address,
    pub group: String,
}

/// Memberships by the names of their users.
#[derive(Debug, Default)]
pub(super) struct Memberships(BTreeMap<String, Vec<MembershipChange>>);

impl Memberships {
    pub fn new(
        live: &Live,
        desired: &Desired,
        changes: &BTreeMap<&Address, &ResourceChange>,
    ) -> Self {
        let mut pairs: BTreeMap<Address, (String, String)> = BTreeMap::new();
        for kind in &KINDS_BY_ROLE.memberships {
            let removed = of_kind(changes, *kind)
                .map(|(address, change)| ((*address).clone(), removed_pair(change)));
            let declared = desired
                .of_kind(*kind)
                .map(|(address, it)| (address.clone(), user_and_group(&it.attributes)));
            let seen =
                of_kind(live, *kind).filter_map(|(address, sighting)| match &sighting.observed {
                    Observed::Present(seen) => {
                        Some((address.clone(), user_and_group(&seen.attributes)))
                    }
                    Observed::Absent | Observed::Unknown(_) => None,
                });
            let known = removed.chain(declared).chain(seen);
            pairs.extend(known.filter_map(|(address, pair)| Some((address, pair?))));
        }
        let mut by_user: BTreeMap<String, Vec<MembershipChange>> = BTreeMap::new();
        for (address, (user, group)) in pairs {
            by_user.entry(user).or_default().push(MembershipChange { address, group });
        }
        Self(by_user)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn of_user(&self, name: &str) -> &[MembershipChange] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}

/// Returns the user and the group of a membership.
pub(super) fn user_and_group(attributes: &Attributes) -> Option<(String, String)> {
    let named = |kind: PrincipalKind| {
        Some(text_of(attributes, kind.as_str()).to_owned()).filter(|name| !name.is_empty())
    };
    Some((named(PrincipalKind::User)?, named(PrincipalKind::Group)?))
}

/// Returns the user and the group of a membership that a plan removes, even if neither manifest nor
/// state has it.
fn removed_pair(change: &ResourceChange) -> Option<(String, String)> {
    let named = |kind: PrincipalKind| change.text_before(kind.as_str()).map(str::to_owned);
    Some((named(PrincipalKind::User)?, named(PrincipalKind::Group)?))
}
