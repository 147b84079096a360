//! What sweeps of the account have shown, by name.

use std::collections::{BTreeMap, BTreeSet};

use super::iam::Policies;
use super::{Uses, iam};
use crate::call::Failure;
use crate::call::iam::{AuthorizationDetails, Entities, EntityType, PolicyDetail, Role, User};

/// What a sweep says of one object.
pub(super) enum Look<T> {
    Here(T),
    /// All were seen, and it isn't among them.
    Gone,
    Unseen,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Swept {
    /// The types of which all were seen.
    whole: BTreeSet<EntityType>,
    /// The sweep that isn't at its end.
    open: Option<Open>,
    failure: Option<Failure>,
    pub(super) pages: usize,
    users: BTreeMap<String, SweptUser>,
    roles: BTreeMap<String, (Role, Policies)>,
    groups: BTreeSet<String>,
    /// By account and name.
    policies: BTreeMap<(String, String), PolicyDetail>,
    /// Who uses a policy, by ARN.
    uses: BTreeMap<String, Uses>,
}

/// A sweep of which one page is known.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) filter: BTreeSet<EntityType>,
    pub(super) marker: String,
    /// How many entities were on it.
    pub(super) seen: u64,
}

#[derive(Clone, Debug)]
struct SweptUser {
    user: User,
    policies: Policies,
    groups: Vec<String>,
}

impl Swept {
    pub(super) fn add(&mut self, filter: &BTreeSet<EntityType>, found: AuthorizationDetails) {
        let seen = found.users.len() + found.roles.len() + found.groups.len() + found.policies.len();
        for user in found.users {
            self.note(&user.user.name, EntityType::User, &user.attached, user.user.boundary.as_ref());
            let policies = Policies::new(user.attached, user.inline);
            let mut groups = user.groups;
            groups.sort();
            self.users.insert(user.user.name.clone(), SweptUser { user: user.user, policies, groups });
        }
        for role in found.roles {
            self.note(&role.role.name, EntityType::Role, &role.attached, role.role.boundary.as_ref());
            self.roles.insert(role.role.name.clone(), (role.role, Policies::new(role.attached, role.inline)));
        }
        for group in found.groups {
            self.note(&group.group.name, EntityType::Group, &group.attached, None);
            self.groups.insert(group.group.name);
        }
        for policy in found.policies {
            self.policies.insert(iam::account_and_name(&policy.policy.arn), policy);
        }
        self.pages += found.pages.max(1);
        self.open = found.marker.map(|marker| Open { filter: filter.clone(), marker, seen: seen as u64 });
        if self.open.is_none() {
            self.whole.extend(filter);
        }
    }

    /// What it had shown before that stays true.
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

    pub(super) fn user(&self, name: &str) -> Look<(&User, &Policies)> {
        self.look(EntityType::User, self.users.get(name).map(|it| (&it.user, &it.policies)))
    }

    pub(super) fn role(&self, name: &str) -> Look<(&Role, &Policies)> {
        self.look(EntityType::Role, self.roles.get(name).map(|(role, policies)| (role, policies)))
    }

    /// The one of the same account and the same name, whatever the path.
    pub(super) fn policy(&self, arn: &str) -> Look<&PolicyDetail> {
        self.look(EntityType::LocalManagedPolicy, self.policies.get(&iam::account_and_name(arn)))
    }

    fn look<T>(&self, of: EntityType, found: Option<T>) -> Look<T> {
        match found {
            Some(found) => Look::Here(found),
            None if self.has_all(of) => Look::Gone,
            None => Look::Unseen,
        }
    }

    pub(super) fn users(&self) -> impl Iterator<Item = (&User, &Policies)> {
        self.users.values().map(|it| (&it.user, &it.policies))
    }

    pub(super) fn roles(&self) -> impl Iterator<Item = (&Role, &Policies)> {
        self.roles.values().map(|(role, policies)| (role, policies))
    }

    pub(super) fn policies(&self) -> impl Iterator<Item = &PolicyDetail> {
        self.policies.values()
    }

    pub(super) fn count(&self, of: EntityType) -> Option<usize> {
        let count = match of {
            EntityType::User => self.users.len(),
            EntityType::Role => self.roles.len(),
            EntityType::Group => self.groups.len(),
            EntityType::LocalManagedPolicy => self.policies.len(),
        };
        self.has_all(of).then_some(count)
    }

    pub(super) fn groups_of(&self, user: &str) -> Option<Vec<String>> {
        self.users.get(user).map(|it| it.groups.clone())
    }

    /// Only where everybody who could use it was seen.
    pub(super) fn uses(&self, arn: &str) -> Option<Uses> {
        let everybody = [EntityType::User, EntityType::Role, EntityType::Group];
        let mut uses = everybody.into_iter().all(|of| self.has_all(of)).then(|| self.uses.get(arn).cloned())?;
        for Entities { users, roles, groups } in uses.iter_mut().flat_map(|it| [&mut it.attached, &mut it.boundary]) {
            for names in [users, roles, groups] {
                names.sort();
                names.dedup();
            }
        }
        Some(uses.unwrap_or_default())
    }

    /// Notes who uses which policies: looked for in everybody, each of them would take as long as all together.
    fn note(&mut self, name: &str, of: EntityType, attached: &[String], boundary: Option<&String>) {
        let list = |entities: &mut Entities| match of {
            EntityType::User => entities.users.push(name.to_owned()),
            EntityType::Role => entities.roles.push(name.to_owned()),
            EntityType::Group => entities.groups.push(name.to_owned()),
            EntityType::LocalManagedPolicy => {}
        };
        for arn in attached {
            list(&mut self.uses.entry(arn.clone()).or_default().attached);
        }
        if let Some(arn) = boundary {
            list(&mut self.uses.entry(arn.clone()).or_default().boundary);
        }
    }
}
