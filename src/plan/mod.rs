//! The plan: a value that is printed, saved, and applied exactly.

pub mod build;
pub mod file;
pub mod guard;
mod handover;
mod likely_renames;
mod lockout;
mod moves;
mod note;
pub mod pace;
pub mod path;
mod succession;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::access::AccessChange;
use crate::address::Address;
use crate::call::Write;
use crate::diff::{ChangeAction, ResourceChange};
use crate::kind::{FieldForm, Kind, LiveObject};
use crate::model::Desired;
use crate::policy;
use crate::state::State;
use crate::value::{Attributes, digest};

pub use note::{PlanNote, PlanNoteKind};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub header: PlanHeader,
    /// The state that the plan was made from. If the state's serial has changed, the plan is stale.
    pub state: StateStamp,
    /// The changes, one for each address, in order of address, including objects without changes.
    pub changes: Vec<ResourceChange>,
    /// The steps in the order of work; ties are broken by address.
    pub steps: Vec<Step>,
    /// The effects of the changes on access, in order of subject.
    #[serde(default)]
    pub access: Vec<AccessChange>,
    /// The remarks on the whole plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<PlanNote>,
    pub summary: Summary,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanHeader {
    pub manifest: String,
    /// The names that the manifest had before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_names: Vec<String>,
    /// The manifest's file, relative to the project's root if it is inside it.
    pub manifest_file: String,
    pub manifest_digest: String,
    pub account: String,
    pub caller: String,
    pub region: String,
    /// The place of the state if it is not the default one: a URL, or a path relative to the
    /// project's root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// The tag of the state that this plan makes, if there was none: [`State::tag_value`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_state_tag: Option<String>,
    /// The variables that the command line set. The manifest cannot be read again without them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// The region that the command line gave instead of the manifest's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region_option: Option<String>,
    /// The recipients that the state and this plan are encrypted for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
    pub sandbox: bool,
    pub mode: PlanMode,
    /// The targets; if there are any, the plan is partial.
    pub targets: BTreeSet<Address>,
    pub relayctl: String,
}

impl PlanHeader {
    /// Makes a header from the manifest; the caller adds the rest.
    pub fn new(desired: &Desired, mode: PlanMode) -> Self {
        Self {
            manifest: desired.name.clone(),
            former_names: desired.former_names.clone(),
            manifest_file: String::new(),
            manifest_digest: desired.digest.clone(),
            account: desired.account.clone(),
            caller: String::new(),
            region: desired.region.clone(),
            store: None,
            new_state_tag: None,
            variables: BTreeMap::new(),
            region_option: None,
            recipients: desired.recipients.clone(),
            sandbox: false,
            mode,
            targets: BTreeSet::new(),
            relayctl: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanMode {
    Apply,
    Destroy,
    /// Takes the live values into the state, and changes nothing else.
    RefreshOnly,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateStamp {
    /// The state's lineage; `None` if there was no state yet.
    pub lineage: Option<String>,
    pub serial: u64,
}

impl StateStamp {
    pub fn of(state: Option<&State>) -> Self {
        Self {
            lineage: state.map(|state| state.lineage.clone()),
            serial: state.map_or(0, |state| state.serial),
        }
    }
}

/// One node of the work. A replacement has two steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub id: StepId,
    /// The exact calls, in order.
    pub calls: Vec<Write>,
    /// The steps that must be done before this one.
    pub after: BTreeSet<StepId>,
    /// The condition that must still hold just before the calls.
    pub expect: Expect,
    /// The live object as the plan saw it, to report later changes.
    pub before: Option<Box<LiveObject>>,
    /// The record that the state gets after the step; `None` for a removal.
    pub record: Option<StepRecord>,
    /// The attributes to look for when the object is read again before the change
    /// ([`crate::model::subject`]).
    pub wanted: Attributes,
    /// The values that the new object takes over from the one in whose place it is made. The state
    /// keeps them from before the old object is deleted until the new one exists.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub carried: Attributes,
    /// The object that this plan makes in the place of the removed one, under another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<Address>,
    /// The address at which the state records the object, if that is another one: it is dropped
    /// when the step is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<Address>,
    /// True if the object is removed: then anything that blocks its deletion is read, too.
    pub removal: bool,
}

/// The before-image that apply compares with the live object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// No condition: the step changes only the state, or an object that an earlier step of this
    /// plan has just changed.
    Anything,
    Absent,
    /// The digest of the canonical live object as the plan saw it ([`fingerprint`]).
    Same(String),
}

/// The record of an object in the state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    pub attributes: Attributes,
    pub depends_on: BTreeSet<Address>,
}

/// The identity of a step. Steps are ordered by address, then phase.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StepId {
    pub address: Address,
    pub phase: StepPhase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepPhase {
    /// A removal, also the first half of a replacement.
    Delete,
    Create,
    Update,
    /// A change of the state only.
    Record,
    /// The first half of a move: the object leaves its place for one that is nobody's, because
    /// another object of this plan needs its place first.
    Stash,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub add: usize,
    pub change: usize,
    pub destroy: usize,
    pub refused: usize,
    pub blocked: usize,
    /// The number of writes that apply will send.
    pub calls: usize,
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = match self.phase {
            StepPhase::Delete => "destroy",
            StepPhase::Create => "create",
            StepPhase::Update => "update",
            StepPhase::Record => "record",
            StepPhase::Stash => "move aside",
        };
        write!(f, "{}: {phase}", self.address)
    }
}

impl Plan {
    /// Makes a plan without changes.
    pub fn new(header: PlanHeader, state: StateStamp) -> Self {
        let (changes, steps, access, notes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { header, state, changes, steps, access, notes, summary: Summary::default() }
    }

    /// Returns true if there is nothing to do: no change in AWS or on disk, or, in a plan that only
    /// refreshes, no drift. The state may still have something to record or to forget.
    pub fn is_empty(&self) -> bool {
        match self.header.mode {
            PlanMode::Apply | PlanMode::Destroy => self.changes.iter().all(|change| {
                matches!(
                    change.action,
                    ChangeAction::Nothing | ChangeAction::Adopt | ChangeAction::Forget
                )
            }),
            PlanMode::RefreshOnly => self
                .changes
                .iter()
                .all(|change| !change.is_drift() && change.action != ChangeAction::Blocked),
        }
    }

    /// Returns the objects of a plan that only refreshes that were changed or removed outside
    /// relayctl.
    pub fn drifted(&self) -> impl Iterator<Item = &ResourceChange> {
        self.changes.iter().filter(|change| change.is_drift())
    }

    /// Returns true if something was refused or could not be read: the manifest can't be applied
    /// completely.
    pub fn is_hindered(&self) -> bool {
        self.summary.refused + self.summary.blocked > 0
    }
}

/// Returns the digest of a live object in canonical form, in which equal objects are equal.
/// Policies and other objects attached to it are left out: attachments are objects of their own,
/// and this plan may move them.
pub fn fingerprint(kind: &dyn Kind, seen: &LiveObject) -> String {
    let documents: BTreeSet<&str> = kind
        .fields()
        .iter()
        .filter(|field| field.form == FieldForm::Document)
        .map(|field| field.name)
        .collect();
    let attributes: Attributes = seen
        .attributes
        .iter()
        .map(|(name, value)| {
            let comparable = if documents.contains(name) {
                policy::comparison_key(value)
            } else {
                value.clone()
            };
            (name, comparable)
        })
        .collect();
    // A key shows its user's owner, and this plan may tag the user.
    let owner =
        seen.owner.as_ref().filter(|_| kind.fields().iter().any(|field| field.name == "tags"));
    digest(&(&seen.id, owner, attributes, &seen.internals))
}
