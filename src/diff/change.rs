//! The change of one object, and its reason.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::call::{Failure, Write};
use crate::kind::FieldForm;
use crate::value::FieldChange;

/// The change of one object, and its reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceChange {
    pub address: Address,
    pub action: ChangeAction,
    pub reason: Reason,
    /// The address at which the state records it, if that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<Address>,
    /// The fields that change, in the kind's order; all set fields for a create or a delete.
    pub fields: Vec<FieldDiff>,
    /// The number of fields that stay as they are.
    pub unchanged: usize,
    /// The differences between the recorded and the live object: changes made outside relayctl.
    pub drift: Vec<FieldChange>,
    /// Attachments and keys on it that the manifest doesn't name, as texts for the reader: `policy
    /// arn:… attached by others: left alone`.
    pub left_alone: Vec<String>,
    /// The obstacles that must be removed before the object can be removed, in the order of the
    /// calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before_it: Vec<Obstruction>,
}

impl ResourceChange {
    /// Makes a change with its action and reason only.
    pub fn new(address: Address, action: ChangeAction, reason: Reason) -> Self {
        let (fields, drift, left_alone, before_it) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (moved_from, unchanged) = (None, 0);
        Self {
            address,
            action,
            reason,
            moved_from,
            fields,
            unchanged,
            drift,
            left_alone,
            before_it,
        }
    }

    /// Returns true if a plan that only refreshes the state found the object changed, replaced or
    /// gone.
    pub fn is_drift(&self) -> bool {
        matches!(self.reason, Reason::Drifted | Reason::Vanished) || self.reason.is_other_owner()
    }

    /// Returns the text of a field before the change.
    pub fn text_before(&self, field: &str) -> Option<&str> {
        self.fields.iter().find(|diff| diff.change.field == field)?.change.before.as_ref()?.as_str()
    }
}

/// One object or setting that AWS requires to be removed first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Obstruction {
    /// The obstacle in words: `console password`, `attachment to user ops`.
    pub what: String,
    /// The managed object that it is, which has a removal step of its own; `None` if another owner
    /// made it.
    pub owner: Option<Address>,
    /// The calls that remove it; none if relayctl doesn't remove it, or `force_destroy` does.
    pub calls: Vec<Write>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldDiff {
    #[serde(flatten)]
    pub change: FieldChange,
    pub form: FieldForm,
    /// The reason that this field forces a replacement.
    pub forces_replacement: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeAction {
    Nothing,
    Create,
    Update,
    Replace,
    Delete,
    /// Into the state only: the object exists and belongs to this manifest.
    Adopt,
    /// Out of the state only: the object is gone already.
    Forget,
    Refuse,
    Blocked,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Declared, recorded and live objects agree.
    Same,
    New,
    /// Recorded, but gone from AWS.
    Vanished,
    /// Changed outside relayctl since it was recorded. Only a refresh of the state takes that over.
    Drifted,
    /// The declared object differs from the live one.
    Differs,
    /// A field that AWS can't change, or a key whose secret is lost; the text names it.
    CannotChange(String),
    /// `--replace`.
    Requested,
    /// The manifest lets go of the object: it stays, without relayctl's tags.
    LetGo,
    /// The object gets another name in place; the address is its old one.
    Renamed(Address),
    /// Nothing differs, but maintenance is due: a key is old, or was retired long ago. The text
    /// names it.
    Due(String),
    /// The object goes to other places in local files; the text names them.
    Moves(String),
    /// The object that it is attached to or names is replaced.
    ParentReplaced(Address),
    /// An earlier run stopped between the call and the save.
    Interrupted,
    /// The object carries the manifest's ownership tag, but isn't in the state.
    Lost,
    /// No longer in the manifest.
    Undeclared,
    /// `destroy`.
    Destroy,
    /// Attached to an `exclusive` user, role or group, and not in the manifest.
    Exclusive,
    NotOurs {
        owner: Option<String>,
    },
    /// The object carries the manifest's name and the tag of another state.
    OtherState {
        state: String,
    },
    /// A part of an object that is no longer the manifest's.
    ParentHandedOver(Address),
    RecreatedBySomeoneElse {
        recorded: String,
        live: String,
    },
    /// AWS would refuse the change: `the bucket holds objects and force_destroy is not set`.
    Obstacle(String),
    Unknown(Failure),
    /// A dependency is refused, blocked or unknown.
    DependsOn(Address),
}

impl Reason {
    /// Returns true if the object is somebody else's.
    pub fn is_other_owner(&self) -> bool {
        match self {
            Self::NotOurs { .. }
            | Self::OtherState { .. }
            | Self::RecreatedBySomeoneElse { .. } => true,
            Self::Same
            | Self::New
            | Self::Vanished
            | Self::Drifted
            | Self::Differs
            | Self::CannotChange(_)
            | Self::Requested
            | Self::LetGo
            | Self::Renamed(_)
            | Self::Moves(_)
            | Self::Due(_)
            | Self::ParentReplaced(_)
            | Self::ParentHandedOver(_)
            | Self::Interrupted
            | Self::Lost
            | Self::Undeclared
            | Self::Destroy
            | Self::Exclusive
            | Self::Obstacle(_)
            | Self::Unknown(_)
            | Self::DependsOn(_) => false,
        }
    }
}
