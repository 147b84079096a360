//! (Desired, Recorded, Live) -> one change per address, each with its reason.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::call::Failure;
use crate::kind::{Form, Seen};
use crate::value::{Attributes, FieldChange, Value};

/// What happens to one object, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub address: Address,
    pub action: Action,
    pub reason: Reason,
    /// The fields that change, in the kind's order; all set fields for a create or a delete.
    pub fields: Vec<FieldDiff>,
    /// How many fields stay as they are.
    pub unchanged: usize,
    /// Live differs from what was recorded: somebody else changed it.
    pub drift: Vec<FieldChange>,
    /// Things on it that the manifest doesn't name, for people: `policy arn:… attached by others: left alone`.
    pub left_alone: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldDiff {
    #[serde(flatten)]
    pub change: FieldChange,
    pub form: Form,
    /// Why this field forces a replacement.
    pub forces_replacement: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Nothing,
    Create,
    Update,
    Replace,
    Delete,
    /// Into state only: it exists and is ours.
    Adopt,
    /// Out of state only: it is gone already.
    Forget,
    Refuse,
    Blocked,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Declared, recorded and live agree.
    Same,
    New,
    /// Recorded, but gone from AWS.
    Vanished,
    /// The manifest says otherwise than what is live.
    Differs,
    /// A field that AWS can't change, or a key whose secret is lost; the text says which.
    CannotChange(String),
    /// What it hangs on is replaced.
    ParentReplaced(Address),
    /// An earlier run stopped between the call and the save.
    Interrupted,
    /// Carries our tag, but the state doesn't know it.
    Lost,
    /// No longer in the manifest.
    Undeclared,
    /// `destroy`.
    Destroy,
    /// On an `exclusive` user or role, and not in the manifest.
    Exclusive,
    NotOurs {
        owner: Option<String>,
    },
    RecreatedBySomeoneElse {
        recorded: String,
        live: String,
    },
    /// AWS would refuse it: `the bucket holds objects and force_destroy is not set`.
    Obstacle(String),
    Unknown(Failure),
    /// A dependency is refused, blocked or unknown.
    DependsOn(Address),
}

/// A change together with what apply needs and the reader of a plan doesn't.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub change: Change,
    pub seen: Option<Seen>,
    pub wanted: Option<Attributes>,
    pub recorded: Option<Attributes>,
}

/// Whether two values of a field are the same to AWS.
pub fn same(form: Form, one: &Value, other: &Value) -> bool {
    match form {
        Form::Document => crate::policy::equivalent(one, other),
        Form::Plain | Form::Keyed | Form::Identity | Form::Setting => one == other,
    }
}

/// Decides for every address that is declared or recorded, in the order of addresses. For a destroy, `desired` comes
/// without resources and `removing` is true.
pub fn diff(
    _desired: &crate::model::Desired,
    _recorded: &crate::model::Recorded,
    _live: &crate::model::Live,
    _removing: bool,
) -> Vec<Decision> {
    todo!()
}
