//! What must go before an object can go, and whose it is.

use serde::{Deserialize, Serialize};

use super::Removal;
use super::spread::known;
use crate::address::{Address, KindName};
use crate::call::{Verb, Write};
use crate::kind::{Attached, Hanging, Kind, Seen};
use crate::model::{Desired, Entry, Recorded, Status};
use crate::value::{Attributes, text};

/// One thing that AWS wants gone first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Obstruction {
    /// For people: `console password`, `attachment to user ops`.
    pub what: String,
    /// Which of our objects it is, whose own step removes it; none: somebody else put it there.
    pub owner: Option<Address>,
    /// The calls that remove it; none: relayctl doesn't, or `force_destroy` does.
    pub calls: Vec<Write>,
}

/// In the order in which it goes: ours first, for its steps come before.
pub fn all(
    kind: &dyn Kind,
    address: &Address,
    seen: &Seen,
    desired: &Desired,
    recorded: &Recorded,
) -> Vec<Obstruction> {
    let ours = Ours { address, seen, desired, recorded };
    let policies = seen.attached.iter().map(|attached| Obstruction {
        what: attached.to_string(),
        owner: known(address, attached, desired, recorded).cloned(),
        calls: vec![attached.removal(address)],
    });
    let hanging = seen.hanging.iter().map(|hanging| Obstruction {
        what: hanging.to_string(),
        owner: ours.hanging(hanging),
        calls: match hanging {
            // Emptying is a part of the bucket's own removal, where the manifest gives the objects up.
            Hanging::Objects { .. } => {
                let calls = kind.delete(seen, recorded.get(address).map_or(&Attributes::new(), |it| &it.attributes));
                calls.into_iter().filter(|call| call.facts().verb == Verb::Empty).collect()
            }
            _ => hanging.removal(seen),
        },
    });
    let mut all: Vec<Obstruction> = policies.chain(hanging).collect();
    all.sort_by_key(|it| it.owner.is_none());
    all
}

/// Why AWS would refuse, as long as `removal` doesn't take it away.
pub fn refusal(all: &[Obstruction], removal: Removal) -> Option<String> {
    let emptied = |it: &&Obstruction| !it.calls.iter().any(|call| matches!(call, Write::S3(_)));
    let foreign = || all.iter().filter(|it| it.owner.is_none()).filter(emptied);
    let list = |these: Vec<&str>| these.join(", ");
    let stays: Vec<&str> = foreign().filter(|it| it.calls.is_empty()).map(|it| it.what.as_str()).collect();
    if !stays.is_empty() {
        return Some(format!(
            "it is in use by others, and relayctl takes nobody's boundary away: {}: see to that first",
            list(stays)
        ));
    }
    let goes: Vec<&str> = foreign().map(|it| it.what.as_str()).collect();
    if goes.is_empty() || removal.foreign {
        return None;
    }
    let them = if goes.len() == 1 { "it" } else { "them" };
    Some(format!(
        "AWS deletes it only without what others put there: {}: remove {them} first, or have relayctl remove {them} too, \
         with --allow-delete-foreign",
        list(goes)
    ))
}

/// What the state and the manifest know.
struct Ours<'a> {
    address: &'a Address,
    seen: &'a Seen,
    desired: &'a Desired,
    recorded: &'a Recorded,
}

impl Ours<'_> {
    fn hanging(&self, hanging: &Hanging) -> Option<Address> {
        let arn = text(&self.seen.attributes, "arn");
        match hanging {
            Hanging::AccessKey(id) => {
                let address = Address::new(KindName::AccessKey, self.address.name());
                self.recorded.get(&address).filter(|entry| is_key(entry, id)).map(|_| address)
            }
            Hanging::AttachedTo(holder) => {
                let attached = Attached::Managed(arn.to_owned());
                known(&holder.address(), &attached, self.desired, self.recorded).cloned()
            }
            Hanging::BoundaryOf(holder) => self.bounded(holder.address(), arn),
            _ => None,
        }
    }

    fn bounded(&self, holder: Address, arn: &str) -> Option<Address> {
        let recorded = self.recorded.get(&holder).map(|entry| &entry.attributes);
        let declared = self.desired.resources.get(&holder).map(|resource| &resource.attributes);
        let is_bounded = |attributes: &&Attributes| text(attributes, "permissions_boundary") == arn;
        recorded.into_iter().chain(declared).any(|it| is_bounded(&it)).then_some(holder)
    }
}

/// The key that is recorded, the one in whose place it came, or one that an interrupted run made: it was not there before.
fn is_key(entry: &Entry, id: &str) -> bool {
    let known = entry.attributes.get("known").and_then(crate::value::Value::as_array);
    let retired = entry.attributes.get("retired").and_then(|it| it.get("id")).and_then(crate::value::Value::as_str);
    entry.id.as_deref() == Some(id)
        || retired == Some(id)
        || entry.status == Status::Intended
            && known.is_some_and(|known| !known.iter().any(|known| known.as_str() == Some(id)))
}
