//! Explains the reason for a change in words.

use super::arranged::Arranged;
use crate::address::Address;
use crate::diff::{ChangeAction, Reason, ResourceChange};
use crate::kind::{self, OWNER_TAG, Ownership, STATE_TAG};
use crate::render::command::NextCommand;
use crate::render::text::escape;

/// Returns the verb of a change: `will be created`.
pub fn action_phrase(change: &ResourceChange) -> &'static str {
    match change.action {
        ChangeAction::Nothing if change.is_drift() => "stays recorded",
        ChangeAction::Nothing => "stays as it is",
        ChangeAction::Create => "will be created",
        ChangeAction::Update => "will be updated in place",
        ChangeAction::Replace => "must be replaced",
        ChangeAction::Delete => "will be destroyed",
        ChangeAction::Adopt if change.reason == Reason::Drifted => "will be recorded as it is",
        ChangeAction::Adopt => "will be adopted into the state",
        ChangeAction::Forget => "will be forgotten by the state",
        ChangeAction::Refuse => "is refused",
        ChangeAction::Blocked => "is blocked",
    }
}

/// Returns the reason, short enough for a heading or the cell of a table.
pub fn phrase(plan: &Arranged<'_>, change: &ResourceChange) -> String {
    let place = if plan.is_local(&change.address) { "the local file" } else { "AWS" };
    match &change.reason {
        Reason::Same => "the manifest, the state and the object agree".to_owned(),
        Reason::New => format!("new: not in {place}, not in the state"),
        Reason::Vanished => format!("vanished: the state records it, but it is gone from {place}"),
        Reason::Drifted => "drifted: what exists no longer matches the state".to_owned(),
        Reason::Differs => format!("differs: {place} does not match the manifest"),
        Reason::CannotChange(why) => format!("cannot be changed in place: {}", escape(why)),
        Reason::Requested => "replacement was asked for, with --replace".to_owned(),
        Reason::Renamed(before) => format!("renamed: it is {} now", address_text(before)),
        Reason::LetGo => "let go: it stays, and is no longer managed by this manifest".to_owned(),
        Reason::Due(why) => format!("due: {}", escape(why)),
        Reason::ParentReplaced(parent) => {
            format!("part of {}, which is replaced", address_text(parent))
        }
        Reason::Interrupted => {
            "interrupted: an earlier run stopped before it saved the state".to_owned()
        }
        Reason::Lost => lost(change).to_owned(),
        Reason::Undeclared => "not in the manifest".to_owned(),
        Reason::Destroy => "destroy was asked for".to_owned(),
        Reason::Exclusive => "not in the manifest, and its parent is exclusive".to_owned(),
        Reason::NotOurs { owner: None } => {
            "not managed by this manifest: it already exists".to_owned()
        }
        Reason::NotOurs { owner: Some(owner) } => {
            format!(
                "not managed by this manifest: it belongs to the manifest \"{}\"",
                escape(owner)
            )
        }
        Reason::OtherState { state } => {
            format!("not managed by this manifest: it belongs to another state ({})", escape(state))
        }
        Reason::ParentHandedOver(parent) => {
            format!("part of {}, which is not this manifest's any more", address_text(parent))
        }
        Reason::RecreatedBySomeoneElse { .. } => {
            "recreated by someone else since relayctl made it".to_owned()
        }
        Reason::Obstacle(why) | Reason::Moves(why) => escape(why),
        Reason::Unknown(failure) => {
            format!("unknown: it could not be read: {}", escape(&failure.to_string()))
        }
        Reason::DependsOn(other) => {
            format!("it depends on {}, which is refused or blocked", address_text(other))
        }
    }
}

/// Returns the reason to adopt an object that the state does not know.
fn lost(change: &ResourceChange) -> &'static str {
    match kind::kind_of(change.address.kind()).facts().ownership {
        Ownership::Tag => "it has this manifest's ownership tag, but is not in the state",
        Ownership::Parent | Ownership::State => {
            "it is not in the state, and exists already on an object of this manifest"
        }
        Ownership::LocalFile => "it is not in the state, and the local file has it already",
    }
}

/// Returns true if only the state can say who owns the object.
fn is_tagless(change: &ResourceChange) -> bool {
    match kind::kind_of(change.address.kind()).facts().ownership {
        Ownership::State => true,
        Ownership::Tag | Ownership::Parent | Ownership::LocalFile => false,
    }
}

/// Returns advice on an object that is gone, or that is another one now, in a plan that only
/// refreshes the state.
fn refresh_remedy(change: &ResourceChange) -> Option<String> {
    let is_gone = change.is_drift() && change.reason != Reason::Drifted;
    let text = match change.action {
        ChangeAction::Nothing if is_gone => {
            "Something that was made with it is left. The next apply deals with that."
        }
        ChangeAction::Forget if is_gone && change.reason != Reason::Vanished => {
            "What exists under this name is left as it is."
        }
        ChangeAction::Nothing
        | ChangeAction::Create
        | ChangeAction::Update
        | ChangeAction::Replace
        | ChangeAction::Delete
        | ChangeAction::Adopt
        | ChangeAction::Forget
        | ChangeAction::Refuse
        | ChangeAction::Blocked => return None,
    };
    Some(text.to_owned())
}

/// Returns advice to the reader, one sentence a line; empty if nothing has to be done.
pub fn remedy(plan: &Arranged<'_>, change: &ResourceChange) -> Vec<String> {
    let this = address_text(&change.address);
    let on_this =
        |name| plan.write(&NextCommand::on_manifest(name).with(change.address.to_string()));
    if let Some(text) = refresh_remedy(change) {
        return vec![text];
    }
    if change.action == ChangeAction::Forget {
        return Vec::new();
    }
    match &change.reason {
        Reason::NotOurs { owner: None } if is_tagless(change) => {
            vec![
                "AWS gives it no tags: only the state tells whose it is, and the state does not"
                    .to_owned(),
                "record it. If it is this manifest's, run".to_owned(),
                format!("`{}`,", on_this("state add")),
                "and plan again; to leave it alone, give yours another name in the manifest."
                    .to_owned(),
            ]
        }
        Reason::NotOurs { owner: None } => vec![
            format!("It does not carry the tag {OWNER_TAG}, so somebody else may rely on it."),
            format!(
                "To take {this} over, give it the tag {OWNER_TAG} with this manifest's name as \
                    its value, and plan"
            ),
            "again; to leave it alone, give yours another name in the manifest.".to_owned(),
        ],
        Reason::NotOurs { owner: Some(owner) } => vec![
            format!(
                "Its tag {OWNER_TAG} says \"{}\". Two manifests cannot manage one object:",
                escape(owner)
            ),
            "remove it from that one and give it the tag with this manifest's name, or use \
                another name."
                .to_owned(),
        ],
        Reason::OtherState { state } => other_state(state),
        Reason::RecreatedBySomeoneElse { recorded, live } => vec![
            format!("The state records {}, but {} is there now.", escape(recorded), escape(live)),
            "If it is not needed, delete it yourself; if it is, run".to_owned(),
            format!("`{}`,", on_this("state rm")),
            "and relayctl forgets the one that it made.".to_owned(),
        ],
        Reason::Unknown(_) => vec![
            "relayctl does not create, change or destroy an object that it cannot read.".to_owned(),
            "Fix the cause (permission, credentials, network), then plan again.".to_owned(),
        ],
        Reason::DependsOn(other) => {
            vec![format!("It follows in the plan after {} is mended.", address_text(other))]
        }
        Reason::Obstacle(_) | Reason::CannotChange(_)
            if matches!(change.action, ChangeAction::Refuse | ChangeAction::Blocked) =>
        {
            vec!["Nothing is done to it until this is fixed. Then plan again.".to_owned()]
        }
        Reason::Same
        | Reason::New
        | Reason::Vanished
        | Reason::Drifted
        | Reason::Differs
        | Reason::Obstacle(_)
        | Reason::LetGo
        | Reason::Renamed(_)
        | Reason::CannotChange(_)
        | Reason::Requested
        | Reason::Due(_)
        | Reason::Moves(_)
        | Reason::ParentReplaced(_)
        | Reason::Interrupted
        | Reason::Lost
        | Reason::Undeclared
        | Reason::Destroy
        | Reason::ParentHandedOver(_)
        | Reason::Exclusive => Vec::new(),
    }
}

fn other_state(state: &str) -> Vec<String> {
    vec![
        format!(
            "Its tag {STATE_TAG} says {}, which is not the state of this run: two",
            escape(state)
        ),
        "states have this manifest's name. Give one of the manifests another name, or take"
            .to_owned(),
        "the object over with --recover; the other state then no longer changes it.".to_owned(),
    ]
}

pub fn address_text(address: &Address) -> String {
    escape(&address.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::address::KindName;
    use crate::call::{FileWrite, LocalFile, Write};
    use crate::model::Desired;
    use crate::plan::{
        Expect, Plan, PlanHeader, PlanMode, StateStamp, Step, StepId, StepPhase, Summary,
    };
    use crate::value::{Attributes, SectionSettings};

    #[test]
    fn what_happens_in_local_files_is_not_said_to_be_missing_from_aws() {
        let address = Address::new(KindName::ZappaSettings, "dev");
        let file = LocalFile::Path("zappa_settings.json".to_owned());
        let call =
            FileWrite::SetStage { file, stage: "dev".to_owned(), settings: SectionSettings::new() };
        let step = Step {
            id: StepId { address: address.clone(), phase: StepPhase::Create },
            calls: vec![Write::File(call)],
            after: BTreeSet::new(),
            expect: Expect::Absent,
            before: None,
            record: None,
            wanted: Attributes::new(),
            carried: Attributes::new(),
            successor: None,
            moved_from: None,
            removal: false,
        };
        let header = PlanHeader::new(&Desired::default(), PlanMode::Apply);
        let change = ResourceChange::new(address, ChangeAction::Create, Reason::New);
        let state = StateStamp::of(None);
        let plan = Plan {
            header,
            state,
            changes: vec![change],
            steps: vec![step],
            access: Vec::new(),
            notes: Vec::new(),
            summary: Summary::default(),
        };
        let arranged = Arranged::new(&plan, &[], None);
        assert_eq!(
            phrase(&arranged, &plan.changes[0]),
            "new: not in the local file, not in the state"
        );
        let other = ResourceChange {
            address: Address::new(KindName::USER, "x"),
            ..plan.changes[0].clone()
        };
        assert_eq!(phrase(&arranged, &other), "new: not in AWS, not in the state");
    }
}
