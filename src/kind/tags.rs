//! Tags of IAM's entities, which are set and removed key by key.

use super::{LiveObject, OWNER_TAG, STATE_TAG};
use crate::call::IamWrite;
use crate::value::{self, Attributes, Tags};

/// The change from the live tags to the wanted ones. `wanted` holds all tags that the object is to
/// have, those of others included.
pub(super) struct TagChange {
    set: Tags,
    remove: Vec<String>,
}

impl TagChange {
    pub(super) fn between(seen: &LiveObject, wanted: &Attributes) -> Self {
        let before = value::tags_of(&seen.attributes, "tags");
        let mut after = value::tags_of(wanted, "tags");
        let remove = before.keys().filter(|key| !after.contains_key(*key)).cloned().collect();
        after.retain(|key, value| before.get(key) != Some(value));
        Self { set: after, remove }
    }

    /// Returns the calls that change the tags. Those that remove some come first: IAM takes fifty.
    pub(super) fn into_writes(
        self,
        untag: impl FnOnce(Vec<String>) -> IamWrite,
        tag: impl FnOnce(Tags) -> IamWrite,
    ) -> impl Iterator<Item = IamWrite> {
        let Self { set, remove } = self;
        let untagging = (!remove.is_empty()).then(|| untag(remove));
        untagging.into_iter().chain((!set.is_empty()).then(|| tag(set)))
    }
}

/// Returns the value of the tag that names the managing state.
pub(super) fn state_tag(tags: &Tags) -> Option<String> {
    tags.get(STATE_TAG).cloned()
}

pub(super) fn owner(tags: &Tags) -> Option<String> {
    tags.get(OWNER_TAG).cloned()
}
