//! Finds the policies that decide a principal's requests: its own, and those of its groups.

use std::collections::{BTreeMap, BTreeSet};

use super::memberships::MembershipChange;
use super::model::{AccessModel, PlanSide};
use crate::address::{Address, Principal, PrincipalKind};
use crate::call::Failure;
use crate::diff::{ChangeAction, ResourceChange};
use crate::kind::Attached;
use crate::value::{Value, optional_text};

/// The document of a policy, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum PolicyText<'a> {
    Document(&'a Value),
    /// The document has not been read: the policy is AWS's, or not managed by this manifest. Its
    /// name is the ARN or address to read it by.
    Unread,
    /// The policies themselves are not known: those of a group that the manifest doesn't manage.
    Unlisted,
}

/// The policies that decide the requests of a user or a role.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct EffectivePolicies<'a> {
    /// The policies by address, or by ARN if they have no address.
    pub policies: BTreeMap<String, PolicyText<'a>>,
    pub boundary: Option<(String, PolicyText<'a>)>,
}

impl<'a> EffectivePolicies<'a> {
    /// Returns the policies and the boundary.
    pub fn all(&self) -> impl Iterator<Item = (&String, &PolicyText<'a>)> {
        self.policies.iter().chain(self.boundary.as_ref().map(|(name, text)| (name, text)))
    }

    /// Returns the names of the policies that were not read.
    pub fn not_read(&self) -> impl Iterator<Item = &String> {
        self.all()
            .filter(|(_, text)| !matches!(text, PolicyText::Document(_)))
            .map(|(name, _)| name)
    }

    /// Returns the names of those unread policies that can be read.
    pub fn unread(&self) -> impl Iterator<Item = &String> {
        self.all().filter(|(_, text)| matches!(text, PolicyText::Unread)).map(|(name, _)| name)
    }
}

impl<'a> AccessModel<'a> {
    /// Returns the policies of a principal and of the groups that it is in, and its boundary.
    pub fn effective_policies(&self, subject: &Address, side: PlanSide) -> EffectivePolicies<'a> {
        let mut effective = EffectivePolicies::default();
        if !self.exists(subject, side) {
            return effective;
        }
        effective.policies = self.own_policies(subject, side);
        for group in self.groups_of(subject, side) {
            effective.policies.extend(self.policies_by_group(subject, &group, side));
        }
        let boundary = self.attribute(subject, "permissions_boundary", side);
        effective.boundary = boundary.and_then(|arn| self.managed(arn.as_str()?, side));
        effective
    }

    fn own_policies(&self, subject: &Address, side: PlanSide) -> BTreeMap<String, PolicyText<'a>> {
        if !self.exists(subject, side) {
            return BTreeMap::new();
        }
        let text = |attached: &Attached| match attached {
            Attached::Managed(arn) => self.managed(arn, side),
            Attached::Inline(_) => Some(self.inline(subject, attached, side)),
            Attached::Group(_) | Attached::Member(_) => None,
        };
        let mut policies: BTreeMap<_, _> =
            self.attached(subject, side).iter().filter_map(text).collect();
        if self.is_foreign_group(subject) {
            // relayctl reads no policies of groups that it doesn't manage.
            policies.insert(format!("the other policies of {subject}"), PolicyText::Unlisted);
        }
        policies
    }

    /// Returns the policies that a user has by one of its groups. Of a group that isn't managed,
    /// only policies of the manifest are known, and their changes are reported at the group. So
    /// such a group makes a difference only for users that join or leave it.
    pub fn policies_by_group(
        &self,
        user: &Address,
        group: &Principal,
        side: PlanSide,
    ) -> BTreeMap<String, PolicyText<'a>> {
        let address = group.address();
        if self.is_managed(&address) {
            return self.own_policies(&address, side);
        }
        let stays = PlanSide::BOTH.iter().all(|side| self.groups_of(user, *side).contains(group));
        if stays {
            BTreeMap::new()
        } else {
            [(format!("the policies of {address}"), PolicyText::Unlisted)].into()
        }
    }

    /// Returns true for a group of which only the manifest's policies are known. Users and roles
    /// are always read completely.
    fn is_foreign_group(&self, address: &Address) -> bool {
        match address.principal().map(|it| it.kind) {
            Some(PrincipalKind::Group) => !self.is_managed(address),
            Some(PrincipalKind::User | PrincipalKind::Role) | None => false,
        }
    }

    /// Returns the groups that a user is in, as far as memberships and AWS's answers tell.
    pub fn groups_of(&self, subject: &Address, side: PlanSide) -> BTreeSet<Principal> {
        if self.memberships.is_empty()
            && self.unmanaged.groups.is_empty()
            && self.unmanaged.members.is_empty()
        {
            return BTreeSet::new();
        }
        let memberships = self.memberships_of(subject);
        let mut groups: BTreeSet<&str> = BTreeSet::new();
        if !self.is_anew(subject, side) {
            groups.extend(self.listed_groups(subject));
            groups.extend(
                memberships.iter().filter(|it| self.is_member(it)).map(|it| it.group.as_str()),
            );
        }
        for membership in memberships.iter().filter(|_| side == PlanSide::After) {
            match self.action(&membership.address) {
                ChangeAction::Create | ChangeAction::Replace => {
                    groups.insert(&membership.group);
                }
                ChangeAction::Delete => {
                    groups.remove(membership.group.as_str());
                }
                ChangeAction::Nothing
                | ChangeAction::Update
                | ChangeAction::Adopt
                | ChangeAction::Forget
                | ChangeAction::Refuse
                | ChangeAction::Blocked => {}
            }
        }
        groups.into_iter().map(Principal::group).collect()
    }

    /// Returns the memberships of a user.
    pub fn memberships_of(&self, subject: &Address) -> &[MembershipChange] {
        match subject.principal() {
            Some(Principal { kind: PrincipalKind::User, name }) => self.memberships.of_user(&name),
            Some(Principal { kind: PrincipalKind::Role | PrincipalKind::Group, .. }) | None => &[],
        }
    }

    /// Returns true if the membership exists before the plan. One that the plan removes does, even
    /// if neither manifest nor state has it.
    fn is_member(&self, membership: &MembershipChange) -> bool {
        self.seen(&membership.address).is_some()
            || self.action(&membership.address) == ChangeAction::Delete
    }

    /// Returns the user's groups in AWS's answers.
    fn listed_groups(&self, user: &Address) -> impl Iterator<Item = &'a str> {
        let listed = self.unmanaged.groups.get(user).into_iter().flatten().flatten();
        let is_in = move |members: &Result<Vec<String>, Failure>| {
            members.as_ref().is_ok_and(|names| {
                names.iter().any(|name| Principal::user(name).address() == *user)
            })
        };
        let members = self.unmanaged.members.iter().filter(move |(_, members)| is_in(members));
        let listing: Vec<&'a str> =
            listed.map(String::as_str).chain(members.map(|(group, _)| group.name())).collect();
        listing.into_iter()
    }

    /// Returns true if the plan changes a principal, its policies or attachments, or a group that
    /// it is in. Otherwise it has the same policies before and after.
    pub fn is_touched(&self, subject: &Address) -> bool {
        let groups = || PlanSide::BOTH.into_iter().flat_map(|side| self.groups_of(subject, side));
        self.is_touched_itself(subject)
            || self.memberships_of(subject).iter().any(|it| self.is_changed(&it.address))
            || groups().any(|group| self.is_touched_itself(&group.address()))
    }

    fn is_touched_itself(&self, subject: &Address) -> bool {
        let attached = self.seen(subject).into_iter().flat_map(|seen| &seen.attached);
        let managed = attached.filter_map(|attached| match attached {
            Attached::Managed(arn) => Some(arn.as_str()),
            Attached::Inline(_) | Attached::Group(_) | Attached::Member(_) => None,
        });
        let boundary = self
            .attribute(subject, "permissions_boundary", PlanSide::Before)
            .and_then(Value::as_str);
        self.is_changed(subject)
            || self.parts(subject).any(|change| self.is_changed(&change.address))
            || managed
                .chain(boundary)
                .filter_map(|arn| self.policy_named(arn))
                .any(|it| self.is_changed(it))
    }

    /// Returns the policies attached to a principal.
    fn attached(&self, subject: &Address, side: PlanSide) -> BTreeSet<Attached> {
        let anew = self.is_anew(subject, side);
        let now = self
            .seen(subject)
            .filter(|_| !anew)
            .into_iter()
            .flat_map(|seen| seen.attached.iter().cloned());
        let mut attached: BTreeSet<Attached> = now.collect();
        if side == PlanSide::Before {
            return attached;
        }
        for change in self.parts(subject) {
            let mut remove =
                |gone: Option<Attached>| attached.retain(|it| Some(it) != gone.as_ref());
            match self.action(&change.address) {
                ChangeAction::Create => {
                    attached.extend(self.given_by(&change.address, PlanSide::After));
                }
                ChangeAction::Delete => remove(removed_by(change)),
                ChangeAction::Replace => {
                    remove(self.given_by(&change.address, PlanSide::Before));
                    attached.extend(self.given_by(&change.address, PlanSide::After));
                }
                ChangeAction::Nothing
                | ChangeAction::Update
                | ChangeAction::Adopt
                | ChangeAction::Forget
                | ChangeAction::Refuse
                | ChangeAction::Blocked => {}
            }
        }
        attached
    }

    /// Returns the policy that an attachment or an inline policy gives.
    fn given_by(&self, part: &Address, side: PlanSide) -> Option<Attached> {
        let attributes = match side {
            PlanSide::Before => &self.seen(part)?.attributes,
            PlanSide::After => &self.desired.resources.get(part)?.attributes,
        };
        let managed = optional_text(attributes, "policy_arn").map(Attached::Managed);
        managed.or_else(|| optional_text(attributes, "name").map(Attached::Inline))
    }

    /// Returns a managed policy, declared or not.
    fn managed(&self, arn: &str, side: PlanSide) -> Option<(String, PolicyText<'a>)> {
        let Some(address) = self.policy_named(arn) else {
            let read = self.unmanaged.documents.get(arn);
            return Some((
                arn.to_owned(),
                read.map_or(PolicyText::Unread, |it| PolicyText::Document(it)),
            ));
        };
        let document = self.document(address, side)?;
        Some((address.to_string(), PolicyText::Document(document)))
    }

    fn inline(
        &self,
        subject: &Address,
        attached: &Attached,
        side: PlanSide,
    ) -> (String, PolicyText<'a>) {
        let holder = subject.principal();
        let address =
            holder.map_or_else(|| subject.clone(), |holder| attached.address(&holder, &|_| None));
        let known = self.document(&address, side);
        let name = address.to_string();
        let read = known.or_else(|| self.unmanaged.documents.get(&name).map(|it| &**it));
        (name, read.map_or(PolicyText::Unread, PolicyText::Document))
    }
}

/// Returns the policy that a deletion removes, even if neither manifest nor state has it.
fn removed_by(change: &ResourceChange) -> Option<Attached> {
    let managed = change.text_before("policy_arn").map(|arn| Attached::Managed(arn.to_owned()));
    managed.or_else(|| change.text_before("name").map(|name| Attached::Inline(name.to_owned())))
}
