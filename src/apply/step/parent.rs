//! Stops the steps on the parts of an object that was handed over after the plan was made. A part
//! has no tag of its own, and its before-image does not show whose its parent is.

use super::Worker;
use crate::address::{Address, KindName, Principal};
use crate::apply::precheck::tagged_parent;
use crate::call::Observed;
use crate::diff::Reason;
use crate::event::Fault;
use crate::kind::{self, AccessRole, Recovery};
use crate::plan::Step;

impl Worker<'_> {
    /// Makes sure that the object that the step's object is a part of is not another
    /// manifest's by now. Whether it exists does not matter: an earlier step may make it.
    pub(super) async fn check_parent(&self, step: &Step) -> Result<(), Fault> {
        let Some(parent) = self.parent_of(step).await else { return Ok(()) };
        let owner = match self.precheck.recall_owner(&parent).await {
            Observed::Present(Some(owner)) => owner,
            Observed::Present(None) | Observed::Absent => return Ok(()),
            Observed::Unknown(failure) => return Err(Fault::Call(failure)),
        };
        let header = &self.plan.header;
        if owner == header.manifest || header.former_names.contains(&owner) {
            return Ok(());
        }
        let what = format!("{parent} belongs to the manifest \"{owner}\" now");
        Err(Fault::Changed { address: step.id.address.clone(), what })
    }

    async fn parent_of(&self, step: &Step) -> Option<Address> {
        if step.calls.is_empty() || self.is_cleared_from_group(step) {
            return None;
        }
        if let Some(parent) = tagged_parent(step) {
            return Some(parent);
        }
        // A profile belongs to a key, and the key to a user.
        let recovery = kind::kind_of(step.id.address.kind()).facts().recovery;
        if recovery != Recovery::With(KindName::AccessKey) {
            return None;
        }
        let recorded = self.writer.find_entry(&step.id.address).await;
        let declared = step.record.iter().flat_map(|it| &it.depends_on);
        let depends_on = declared.chain(recorded.iter().flat_map(|it| &it.depends_on));
        let is_key =
            |it: &&Address| kind::kind_of(it.kind()).facts().access == AccessRole::Credential;
        let mut keys = depends_on.filter(is_key);
        keys.next().map(|key| Principal::user(key.name()).address())
    }

    /// Returns true for a membership that an exclusive group loses: whose its user is does not
    /// matter.
    fn is_cleared_from_group(&self, step: &Step) -> bool {
        let address = &step.id.address;
        let mut changes = self.plan.changes.iter().filter(|it| it.address == *address);
        kind::kind_of(address.kind()).facts().access == AccessRole::Membership
            && changes.any(|it| it.reason == Reason::Exclusive)
    }
}
