//! The changes of access that the changes of a plan cause.

use crate::access::{self, AccessChange, UnmanagedAccess};
use crate::address::Principal;
use crate::diff::Renames;
use crate::model::{Desired, Live};
use crate::plan::Plan;
use crate::resolve::Resolver;

/// Returns the changes of access. The other holders of an edited policy, and the policies of other
/// principals, are read only where their access changes.
pub async fn access_changes(
    resolver: &mut Resolver<'_>,
    plan: &Plan,
    live: &Live,
    desired: &Desired,
    renames: &Renames,
) -> Vec<AccessChange> {
    let mut unmanaged = UnmanagedAccess::default();
    let edited = access::edited(&plan.changes, live, desired);
    (unmanaged.holders, unmanaged.unlisted) = resolver.holders(&edited, live).await;
    let members = access::members(&plan.changes, live, desired, &unmanaged);
    unmanaged.groups = resolver.groups(members).await;
    let changed_groups = access::changed_groups(&plan.changes, live, desired);
    unmanaged.members = resolver.members(changed_groups).await;
    let users = unmanaged.members.values().flatten().flatten().map(Principal::user).collect();
    unmanaged.holders.extend(resolver.unmanaged(users, live).await);
    // These are the manifest's own, under the names that they have until the plan is applied.
    unmanaged.holders.retain(|address, _| !renames.is_old_name(address));
    let unread = access::unread(&plan.changes, live, desired, &unmanaged);
    (unmanaged.documents, unmanaged.unread) = resolver.documents(&unread).await;
    access::changes(&plan.changes, live, desired, &unmanaged)
}
