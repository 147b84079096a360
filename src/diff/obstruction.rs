//! Finds the obstacles to the deletion of an object, and their owners.

use super::propagate::known;
use super::{DiffOptions, Obstruction};
use crate::address::Address;
use crate::call::{Write, WriteVerb};
use crate::kind::{self, Attached, DeletionBlocker, Kind, LiveObject};
use crate::model::{Desired, Recorded, Status};
use crate::value::{Attributes, text_of};

/// Returns the obstacles in the order of their removal. Managed ones come first, because their
/// steps come before.
pub fn all(
    kind: &dyn Kind,
    address: &Address,
    seen: &LiveObject,
    desired: &Desired,
    recorded: &Recorded,
) -> Vec<Obstruction> {
    let ours = ManagedObjects { address, seen, desired, recorded };
    let holder = address.principal();
    let policies = holder.iter().flat_map(|holder| {
        // A membership is among the blockers, too.
        seen.attached.iter().filter(|attached| attached.is_policy()).map(|attached| Obstruction {
            what: attached.to_string(),
            owner: known(holder, attached, desired, recorded).cloned(),
            calls: vec![attached.removal(holder)],
        })
    });
    let blockers = seen.hanging.iter().map(|blocker| Obstruction {
        what: blocker.to_string(),
        owner: ours.blocker(blocker),
        calls: match blocker {
            // Emptying is a part of the bucket's own removal if `force_destroy` is set.
            DeletionBlocker::Objects { .. } => {
                let calls = kind.delete(
                    seen,
                    recorded.get(address).map_or(&Attributes::new(), |it| &it.attributes),
                );
                calls.into_iter().filter(|call| call.facts().verb == WriteVerb::Empty).collect()
            }
            DeletionBlocker::AccessKey(_)
            | DeletionBlocker::LoginProfile
            | DeletionBlocker::MfaDevice(_)
            | DeletionBlocker::SshKey(_)
            | DeletionBlocker::Certificate(_)
            | DeletionBlocker::ServiceCredential(_)
            | DeletionBlocker::Group(_)
            | DeletionBlocker::Member(_)
            | DeletionBlocker::InstanceProfile(_)
            | DeletionBlocker::RoleInProfile(_)
            | DeletionBlocker::AttachedTo(_)
            | DeletionBlocker::BoundaryOf(_) => blocker.removal(seen),
        },
    });
    let mut all: Vec<Obstruction> = policies.chain(blockers).collect();
    all.sort_by_key(|it| it.owner.is_none());
    all
}

/// Returns the reason that AWS would refuse, unless `options` remove the obstacles.
pub fn refusal(all: &[Obstruction], options: DiffOptions<'_>) -> Option<String> {
    let emptied = |it: &&Obstruction| !it.calls.iter().any(|call| matches!(call, Write::S3(_)));
    let foreign = || all.iter().filter(|it| it.owner.is_none()).filter(emptied);
    let list = |these: Vec<&str>| these.join(", ");
    let stays: Vec<&str> =
        foreign().filter(|it| it.calls.is_empty()).map(|it| it.what.as_str()).collect();
    if !stays.is_empty() {
        return Some(format!(
            "others use it as their permissions boundary, which relayctl does not remove: {}: \
                remove it there first",
            list(stays)
        ));
    }
    let goes: Vec<&str> = foreign().map(|it| it.what.as_str()).collect();
    if goes.is_empty() || options.foreign {
        return None;
    }
    let them = if goes.len() == 1 { "it" } else { "them" };
    Some(format!(
        "AWS does not delete it while it has objects of others: {}: remove {them} first, or let \
            relayctl remove {them}, with --allow-delete-foreign",
        list(goes)
    ))
}

/// The objects that the state and the manifest have.
struct ManagedObjects<'a> {
    address: &'a Address,
    seen: &'a LiveObject,
    desired: &'a Desired,
    recorded: &'a Recorded,
}

impl ManagedObjects<'_> {
    fn blocker(&self, blocker: &DeletionBlocker) -> Option<Address> {
        let arn = text_of(&self.seen.attributes, "arn");
        match blocker {
            DeletionBlocker::AttachedTo(holder) => {
                known(holder, &Attached::Managed(arn.to_owned()), self.desired, self.recorded)
                    .cloned()
            }
            DeletionBlocker::BoundaryOf(holder) => self.bounded(holder.address(), arn),
            DeletionBlocker::AccessKey(_)
            | DeletionBlocker::LoginProfile
            | DeletionBlocker::MfaDevice(_)
            | DeletionBlocker::SshKey(_)
            | DeletionBlocker::Certificate(_)
            | DeletionBlocker::ServiceCredential(_)
            | DeletionBlocker::Group(_)
            | DeletionBlocker::Member(_)
            | DeletionBlocker::InstanceProfile(_)
            | DeletionBlocker::RoleInProfile(_)
            | DeletionBlocker::Objects { .. } => self.object(blocker),
        }
    }

    fn object(&self, blocker: &DeletionBlocker) -> Option<Address> {
        let (address, id) = blocker.as_object(self.address)?;
        let (kind, entry) = (kind::kind_of(address.kind()), self.recorded.get(&address)?);
        let is_intended = entry.status == Status::Intended;
        kind.is_recorded_as(&entry.known(), is_intended, id).then_some(address)
    }

    fn bounded(&self, holder: Address, arn: &str) -> Option<Address> {
        let recorded = self.recorded.get(&holder).map(|entry| &entry.attributes);
        let declared = self.desired.resources.get(&holder).map(|resource| &resource.attributes);
        let is_bounded =
            |attributes: &&Attributes| text_of(attributes, "permissions_boundary") == arn;
        recorded.into_iter().chain(declared).any(|it| is_bounded(&it)).then_some(holder)
    }
}
