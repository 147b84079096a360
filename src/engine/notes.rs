//! The remarks of a plan that the engine makes: what is odd about the state.

use std::collections::BTreeSet;

use crate::diff::{ChangeAction, Reason, ResourceChange};
use crate::kind::{self, Ownership, STATE_TAG};
use crate::model::{Desired, Recorded, RecordedObject};
use crate::plan::{Plan, PlanHeader, PlanMode, PlanNote, PlanNoteKind};
use crate::value::{tags_of, text_of};

/// Returns the remarks on a plan that was made without a state: the objects that it takes over by
/// their tags, and those that it leaves alone.
pub fn without_state(plan: &Plan, unclaimed: &Recorded) -> Vec<PlanNote> {
    if plan.state.lineage.is_some() {
        return Vec::new();
    }
    adopted(plan).into_iter().chain(left_alone(plan, unclaimed)).collect()
}

fn adopted(plan: &Plan) -> Option<PlanNote> {
    let is_found = |it: &&ResourceChange| match it.action {
        ChangeAction::Adopt => it.reason == Reason::Lost && is_tagged(it),
        ChangeAction::Update | ChangeAction::Replace => is_tagged(it),
        ChangeAction::Nothing
        | ChangeAction::Create
        | ChangeAction::Delete
        | ChangeAction::Forget
        | ChangeAction::Refuse
        | ChangeAction::Blocked => false,
    };
    let count = plan.changes.iter().filter(is_found).count();
    let manifest = &plan.header.manifest;
    let what = match count {
        0 => return None,
        1 => "1 object of this manifest carries".to_owned(),
        _ => format!("{count} objects of this manifest carry"),
    };
    Some(PlanNote::new(
        PlanNoteKind::NoState,
        format!(
            "there is no state. {what} the tag of \"{manifest}\" already, and the new state takes \
                them over."
        ),
    ))
}

fn is_tagged(change: &ResourceChange) -> bool {
    match kind::kind_of(change.address.kind()).facts().ownership {
        Ownership::Tag => true,
        Ownership::Parent | Ownership::State | Ownership::LocalFile => false,
    }
}

fn left_alone(plan: &Plan, unclaimed: &Recorded) -> Option<PlanNote> {
    let is_tagged = |entry: &RecordedObject| entry.attributes.contains_key("tags");
    let objects: Vec<String> = unclaimed
        .iter()
        .filter(|(_, entry)| is_tagged(entry))
        .map(|(address, entry)| {
            let arn = text_of(&entry.attributes, "arn");
            let state = tags_of(&entry.attributes, "tags").remove(STATE_TAG);
            let state =
                state.map_or_else(|| "no state named".to_owned(), |it| format!("state {it}"));
            format!("{address} ({arn}, {state})")
        })
        .collect();
    let (count, manifest) = (objects.len(), &plan.header.manifest);
    let (what, done) = match (count, plan.header.mode) {
        (0, _) => return None,
        (1, PlanMode::Destroy) => ("1 object carries", "It is not destroyed"),
        (_, PlanMode::Destroy) => ("These objects carry", "They are not destroyed"),
        (1, _) => ("1 object that the manifest does not declare carries", "It is left alone"),
        (_, _) => {
            ("These objects, which the manifest does not declare, carry", "They are left alone")
        }
    };
    let text = format!("there is no state. {what} the tag of \"{manifest}\". {done}.");
    let help = "nothing tells if an earlier state of this manifest made them, or another manifest \
        of this name. To destroy them, add --recover; if they are another manifest's, give this \
        one another name";
    Some(PlanNote::new(PlanNoteKind::Unclaimed, text).with_details(objects).with_help(help))
}

/// Returns the remark on a manifest that seems to have another name than before: every refused
/// object carries one other name, or a state beside this one was applied for the same file.
pub fn other_name(plan: &Plan, beside: Option<&str>) -> Option<PlanNote> {
    let refused = plan.changes.iter().filter(|it| it.action == ChangeAction::Refuse);
    let owners: BTreeSet<Option<&str>> = refused
        .map(|it| {
            let Reason::NotOurs { owner } = &it.reason else { return None };
            owner.as_deref()
        })
        .collect();
    let named = match owners.into_iter().collect::<Vec<_>>().as_slice() {
        [Some(owner)] => Some((*owner).to_owned()),
        _ => None,
    };
    let (old, text) = match (named, beside.map(str::to_owned)) {
        (Some(old), _) => {
            let text = format!("every refused object belongs to the manifest \"{old}\".");
            (old, text)
        }
        (None, Some(old)) => {
            let text = format!("the state of \"{old}\" was last applied for this file.");
            (old, text)
        }
        (None, None) => return None,
    };
    let help = format!(
        "if this manifest was named {old} before, write these lines into it, the second one if it \
            uses ${{unique}}; the command `state rename` does it at once"
    );
    let lines = [format!("moved: [{{from_manifest: {old}}}]"), format!("unique_name: {old}")];
    Some(PlanNote::new(PlanNoteKind::RenamedManifest, text).with_details(lines).with_help(help))
}

/// Returns the remark on files outside of the project into which keys go.
pub fn outside_files(desired: &Desired, mode: PlanMode) -> Option<PlanNote> {
    let files = &desired.outside_files;
    let text = match (files.len(), mode) {
        (0, _) | (_, PlanMode::RefreshOnly) => return None,
        (1, PlanMode::Apply) => "a key goes into a file outside of the project:",
        (_, PlanMode::Apply) => "keys go into files outside of the project:",
        (1, PlanMode::Destroy) => "a file with a key lies outside of the project:",
        (_, PlanMode::Destroy) => "files with keys lie outside of the project:",
    };
    let paths = files.iter().map(|path| path.display().to_string());
    Some(PlanNote::new(PlanNoteKind::OutsideFiles, text).with_details(paths))
}

/// Returns the remark on a state that was last applied for another file.
pub fn other_file(header: &PlanHeader, last: Option<&str>) -> Option<PlanNote> {
    let (last, now) = (last?, header.manifest_file.as_str());
    if last == now || last.is_empty() || now.is_empty() {
        return None;
    }
    let text = format!(
        "the state of \"{}\" was last applied for {last}, and this plan is for {now}.",
        header.manifest
    );
    let help = "if the two files are different sets of resources, give one of them another name";
    Some(PlanNote::new(PlanNoteKind::OtherManifestFile, text).with_help(help))
}
