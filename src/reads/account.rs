//! The objects that sweeps of the account have shown, by name.

use std::collections::{BTreeMap, BTreeSet};

use super::parts::{PrincipalPolicies, PrincipalRef, Uses};
use crate::address::PrincipalKind;
use crate::call::Failure;
use crate::call::iam::{AuthorizationDetails, EntityType, Group, PolicyDetail, Role, User};

/// The presence of one object in the sweeps.
pub(super) enum Presence<T> {
    Here(T),
    /// All objects of the type were seen, and this one isn't among them.
    Gone,
    Unseen,
}

#[derive(Clone, Debug, Default)]
pub(super) struct AccountSnapshot {
    /// The types of which all objects were seen.
    whole: BTreeSet<EntityType>,
    /// The sweep that isn't at its end.
    open: Option<Open>,
    failure: Option<Failure>,
    pub(super) pages: usize,
    principals: BTreeMap<PrincipalKind, BTreeMap<String, SweptPrincipal>>,
    /// The users in each group, by its name.
    members: BTreeMap<String, Vec<String>>,
    /// The policies, by account and name.
    policies: BTreeMap<(String, String), PolicyDetail>,
    /// The users of each policy, by its ARN.
    uses: BTreeMap<String, Uses>,
}

/// A sweep of which one page is known.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) filter: BTreeSet<EntityType>,
    pub(super) marker: String,
    /// The number of entities on that page.
    pub(super) seen: u64,
}

/// A user, role or group with its policies and groups.
#[derive(Clone, Debug)]
pub(super) struct SweptPrincipal {
    itself: Itself,
    pub(super) policies: PrincipalPolicies,
    /// The groups that a user is in, in order; empty for a role or a group.
    pub(super) groups: Vec<String>,
    /// The instance profiles that a role is in, in order; empty for a user or a group.
    pub(super) instance_profiles: Vec<String>,
}

#[derive(Clone, Debug)]
enum Itself {
    User(User),
    Role(Role),
    Group(Group),
}

impl SweptPrincipal {
    pub(super) fn itself(&self) -> PrincipalRef<'_> {
        match &self.itself {
            Itself::User(user) => PrincipalRef::User(user),
            Itself::Role(role) => PrincipalRef::Role(role),
            Itself::Group(group) => PrincipalRef::Group(group),
        }
    }
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

impl AccountSnapshot {
    pub(super) fn add(&mut self, filter: &BTreeSet<EntityType>, found: AuthorizationDetails) {
        let seen =
            found.users.len() + found.roles.len() + found.groups.len() + found.policies.len();
        for user in found.users {
            for group in &user.groups {
                self.members.entry(group.clone()).or_default().push(user.user.name.clone());
            }
            let policies = PrincipalPolicies::new(user.attached, user.inline);
            let groups = sorted(user.groups);
            self.insert(SweptPrincipal {
                itself: Itself::User(user.user),
                policies,
                groups,
                instance_profiles: Vec::new(),
            });
        }
        for role in found.roles {
            let policies = PrincipalPolicies::new(role.attached, role.inline);
            self.insert(SweptPrincipal {
                itself: Itself::Role(role.role),
                policies,
                groups: Vec::new(),
                instance_profiles: sorted(role.instance_profiles),
            });
        }
        for group in found.groups {
            let policies = PrincipalPolicies::new(group.attached, group.inline);
            self.insert(SweptPrincipal {
                itself: Itself::Group(group.group),
                policies,
                groups: Vec::new(),
                instance_profiles: Vec::new(),
            });
        }
        for policy in found.policies {
            self.policies.insert(account_and_name(&policy.policy.arn), policy);
        }
        self.pages += found.pages.max(1);
        self.open =
            found.marker.map(|marker| Open { filter: filter.clone(), marker, seen: seen as u64 });
        if self.open.is_none() {
            self.whole.extend(filter);
        }
    }

    /// Adds a principal, and notes it under the policies that it uses: a search of all principals
    /// for each policy would take as long as all of them together.
    fn insert(&mut self, found: SweptPrincipal) {
        let itself = found.itself();
        let (kind, name) = (itself.kind(), itself.name().to_owned());
        for arn in &found.policies.attached {
            self.uses.entry(arn.clone()).or_default().attached.of_mut(kind).push(name.clone());
        }
        if let Some(arn) = itself.boundary() {
            self.uses.entry(arn.to_owned()).or_default().boundary.of_mut(kind).push(name.clone());
        }
        self.principals.entry(kind).or_default().insert(name, found);
    }

    /// Notes that the sweep failed. The objects that it had shown before stay known.
    pub(super) fn fails(&mut self, failure: Failure) {
        self.failure = Some(failure);
        self.open = None;
    }

    pub(super) fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    pub(super) fn open(&self) -> Option<&Open> {
        self.open.as_ref()
    }

    pub(super) fn has_all(&self, of: EntityType) -> bool {
        self.whole.contains(&of)
    }

    pub(super) fn principal(&self, kind: PrincipalKind, name: &str) -> Presence<&SweptPrincipal> {
        self.presence(kind.into(), self.principals.get(&kind).and_then(|all| all.get(name)))
    }

    /// Returns the policy of the same account and the same name, whatever the path.
    pub(super) fn policy(&self, arn: &str) -> Presence<&PolicyDetail> {
        self.presence(EntityType::LocalManagedPolicy, self.policies.get(&account_and_name(arn)))
    }

    /// Returns true if a sweep could still tell something of the object. A policy is named by its
    /// ARN.
    pub(super) fn is_unseen(&self, of: EntityType, name: &str) -> bool {
        match of.principal() {
            Some(kind) => matches!(self.principal(kind, name), Presence::Unseen),
            None => matches!(self.policy(name), Presence::Unseen),
        }
    }

    fn presence<T>(&self, of: EntityType, found: Option<T>) -> Presence<T> {
        match found {
            Some(found) => Presence::Here(found),
            None if self.has_all(of) => Presence::Gone,
            None => Presence::Unseen,
        }
    }

    pub(super) fn principals(&self, kind: PrincipalKind) -> impl Iterator<Item = &SweptPrincipal> {
        self.principals.get(&kind).into_iter().flat_map(BTreeMap::values)
    }

    pub(super) fn policies(&self) -> impl Iterator<Item = &PolicyDetail> {
        self.policies.values()
    }

    pub(super) fn count(&self, of: EntityType) -> Option<usize> {
        let count = match of.principal() {
            Some(kind) => self.principals.get(&kind).map_or(0, BTreeMap::len),
            None => self.policies.len(),
        };
        self.has_all(of).then_some(count)
    }

    /// Returns the users in a group, in order. They are known only when all users were seen: a
    /// sweep shows memberships on the users.
    pub(super) fn members(&self, group: &str) -> Presence<Vec<String>> {
        match self.principal(PrincipalKind::Group, group) {
            Presence::Here(_) if self.has_all(EntityType::User) => {
                let mut members = self.members.get(group).cloned().unwrap_or_default();
                members.sort();
                Presence::Here(members)
            }
            Presence::Gone => Presence::Gone,
            Presence::Here(_) | Presence::Unseen => Presence::Unseen,
        }
    }

    /// Returns the uses of a policy, if all principals that could use it were seen.
    pub(super) fn uses(&self, arn: &str) -> Option<Uses> {
        let everybody = PrincipalKind::ALL.into_iter().all(|kind| self.has_all(kind.into()));
        let mut uses = everybody.then(|| self.uses.get(arn).cloned())?.unwrap_or_default();
        for entities in [&mut uses.attached, &mut uses.boundary] {
            for kind in PrincipalKind::ALL {
                let names = entities.of_mut(kind);
                names.sort();
                names.dedup();
            }
        }
        Some(uses)
    }
}

/// Returns the key by which a sweep finds a policy, whatever its path. The name is taken from the
/// ARN, since some servers leave it out. Names are compared exactly: IAM doesn't let two names
/// differ by case only, but a policy whose name does isn't the declared one.
fn account_and_name(arn: &str) -> (String, String) {
    let account = arn.split_once(":policy/").map_or("", |(account, _)| account);
    (account.to_owned(), arn.rsplit('/').next().unwrap_or(arn).to_owned())
}
