//! The invariants after every run, however it ended, and those at the end of a scenario.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use relayctl::address::{Address, KindName};
use relayctl::call::{FileWrite, IamWrite, Write};
use relayctl::diff::{ChangeAction, Reason};
use relayctl::event::RunOutcome;
use relayctl::model::{RecordedObject, Status};
use relayctl::plan::{Plan, PlanMode, PlanNoteKind, StepId};
use relayctl::state::encode;
use relayctl::value::text_of;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::known::{Known, Path, sections};
use crate::support::laws::{
    AccessLaw, THIRD_NAME, kept_keys, keys_go_after_their_successors, present_name,
};
use crate::support::world::{Attempt, Ended, World, files};

pub struct Before {
    known: Known,
    theirs: BTreeMap<Path, Value>,
    made: BTreeSet<String>,
    /// The keys that the state records.
    recorded_keys: BTreeSet<String>,
    /// Those that may not go before another one is in their place.
    kept_keys: BTreeSet<String>,
}

impl Before {
    pub fn of(world: &World, mode: PlanMode) -> Self {
        let (contents, recorded) = (world.contents(), world.state());
        let known = Known::of(world, mode, recorded.as_ref(), &contents);
        let theirs = known.theirs(world, &contents);
        let kept_keys = kept_keys(recorded.as_ref(), &known.desired);
        let entries = recorded.iter().flat_map(|state| &state.resources);
        let recorded_keys = entries
            .filter(|(address, _)| address.kind() == KindName::AccessKey)
            .filter_map(|(_, entry)| entry.id.clone())
            .collect();
        let seen = world.cloud.seen.lock().unwrap().clone();
        Self { known, theirs, made: seen.made, recorded_keys, kept_keys }
    }

    /// The laws of one run.
    pub fn after(&self, world: &World, attempt: &Attempt) {
        let contents = world.contents();
        self.what_is_others_stays(world, &contents);
        self.what_was_sent_was_planned(world, attempt);
        self.nothing_was_sent_to_what_is_others(attempt);
        keys_go_after_their_successors(&self.kept_keys, attempt, "a run");
        if let Some(plan) = &attempt.plan {
            forget_keys(world, plan);
        }
        self.every_key_is_known(world, &contents);
        secrets_are_in_their_sinks(world, &contents, attempt);
        if let Some(plan) = &attempt.plan {
            what_is_unknown_is_left_alone(plan);
            if let Ended::Finished(outcome) = &attempt.ended {
                the_outcome_is_true(plan, outcome);
            }
        }
    }

    fn what_is_others_stays(&self, world: &World, contents: &Value) {
        let now = self.known.theirs(world, contents);
        for (path, value) in self.theirs.iter().filter(|(path, _)| path.len() == 4) {
            match now.get(path) {
                Some(there) => assert_eq!(there, value, "{path:?} is others', and was changed"),
                // A tag goes with the object that it is on, which is ours.
                None => assert!(
                    path[2] == "tags"
                        && !now.contains_key(&vec![
                            path[0].clone(),
                            path[1].clone(),
                            "there".to_owned()
                        ]),
                    "{path:?} is others', and is gone: {value}"
                ),
            }
        }
    }

    fn what_was_sent_was_planned(&self, world: &World, attempt: &Attempt) {
        let made = world.cloud.seen.lock().unwrap().made.clone();
        let new = |id: &String| made.contains(id) && !self.made.contains(id);
        let calls: Vec<&Write> =
            attempt.plan.iter().flat_map(|plan| &plan.steps).flat_map(|step| &step.calls).collect();
        for write in &attempt.sent {
            // A change of case may go by way of a third name.
            let is_detour = by_third_name(write);
            // A key that can't be delivered is taken back.
            let undoes = match write {
                Write::Iam(IamWrite::DeleteAccessKey { id, .. }) => new(id),
                Write::File(
                    FileWrite::RemoveCredentials { key, .. } | FileWrite::RemoveKeyCsv { key, .. },
                ) => new(key),
                _ => false,
            };
            assert!(
                undoes || is_detour || calls.contains(&write),
                "{write:?} was sent, and is not in the plan: {calls:#?}"
            );
        }
    }
}

impl Before {
    /// Nothing whose tag names another manifest, or another state, is written, with everything on
    /// it. A membership goes with its user, but an exclusive group is cleared of all others.
    fn nothing_was_sent_to_what_is_others(&self, attempt: &Attempt) {
        if self.known.foreign.is_empty() {
            return;
        }
        for write in &attempt.sent {
            let Some((kind, name)) = target(write) else { continue };
            let clears = matches!(write, Write::Iam(IamWrite::RemoveUserFromGroup { user, group })
                if self.known.may_remove(user, Some(group)));
            let is_theirs = self.known.foreign.contains(&(kind, name.clone()));
            assert!(!is_theirs || clears, "{write:?} was sent, and {kind} {name} is others'");
        }
    }

    /// Every living key that the run made, or that was recorded, is recorded, or its making is;
    /// unless its user is others' by now, or was let go.
    fn every_key_is_known(&self, world: &World, contents: &Value) {
        let seen = world.cloud.seen.lock().unwrap().clone();
        let stray: Vec<_> = seen.deleted.difference(&seen.made).collect();
        assert!(stray.is_empty(), "keys were deleted that no run made: {stray:?}");
        let resources = world.state().map(|state| state.resources).unwrap_or_default();
        let present = |name: &str| present_name(&self.known.desired, KindName::USER, name);
        for (user, id) in living_keys(&seen.made, contents) {
            let is_new = !self.made.contains(&id);
            if !is_new && !self.recorded_keys.contains(&id) || seen.forgotten.contains(&id) {
                continue;
            }
            let entries = resources.iter().filter(|(address, _)| {
                address.kind() == KindName::AccessKey && present(address.name()) == present(&user)
            });
            let is_it = |entry: &RecordedObject| {
                entry.status == Status::Intended
                    || entry.id.as_ref() == Some(&id)
                    || is_retired(entry, &id)
            };
            let entries: Vec<_> = entries.collect();
            let known = entries.iter().any(|(_, entry)| is_it(entry));
            assert!(known, "{id} of {user} is an orphan: the state has {entries:?}");
        }
    }
}

fn by_third_name(write: &Write) -> bool {
    let Write::Iam(
        IamWrite::RenameUser { user: from, name: to, .. }
        | IamWrite::RenameGroup { group: from, name: to, .. },
    ) = write
    else {
        return false;
    };
    [from, to].iter().any(|name| name.ends_with(THIRD_NAME))
}

/// The user, role, group, policy or bucket that a call changes, with everything on it. What is made
/// was not there.
fn target(write: &Write) -> Option<(&'static str, String)> {
    let is_made = write.action().contains(":Create") && !write.action().ends_with("Version");
    let call = serde_json::to_value(write).expect("JSON");
    let service = call.as_object()?.values().next()?.as_object()?;
    let (call, fields) = service.iter().next()?;
    if is_made && call != "CreateAccessKey" {
        return None;
    }
    let text = |field: &str| Some(fields.get(field)?.as_str()?.to_owned());
    let mut principal = ["user", "role", "group"].into_iter();
    if let Some(found) = principal.find_map(|kind| Some((kind, text(kind)?))) {
        return Some(found);
    }
    match write {
        Write::Iam(_) => Some(("policy", text("arn")?.rsplit('/').next()?.to_owned())),
        Write::S3(_) => {
            let bucket = fields.get("bucket").unwrap_or(&service[call]);
            Some(("bucket", bucket["name"].as_str()?.to_owned()))
        }
        Write::File(_) | Write::ProveKey { .. } => None,
    }
}

/// Remembers the keys of users that are no longer the manifest's.
fn forget_keys(world: &World, plan: &Plan) {
    let is_gone = |reason: &Reason| matches!(reason, Reason::ParentHandedOver(_));
    let steps = plan.steps.iter().filter(|step| step.id.address.kind() == KindName::AccessKey);
    for step in steps {
        let change = plan.changes.iter().find(|it| it.address == step.id.address);
        if change.is_some_and(|it| it.action == ChangeAction::Forget && is_gone(&it.reason))
            && let Some(before) = &step.before
        {
            world.cloud.seen.lock().unwrap().forgotten.insert(before.id.clone());
        }
    }
}

/// Returns true for the key that the recorded one has replaced. It stays for a while, and nobody
/// knows its secret.
fn is_retired(entry: &RecordedObject, id: &str) -> bool {
    let retired = entry.attributes.get("retired").and_then(|it| it.get("id"));
    retired.and_then(Value::as_str) == Some(id)
}

/// User and id of those that runs made.
fn living_keys(made: &BTreeSet<String>, contents: &Value) -> Vec<(String, String)> {
    let users = contents["users"].as_object().into_iter().flatten();
    let keys = users.flat_map(|(name, user)| {
        let ids = user["keys"].as_object().into_iter().flatten();
        ids.map(|(id, _)| (name.clone(), id.clone())).collect::<Vec<_>>()
    });
    keys.filter(|(_, id)| made.contains(id)).collect()
}

fn is_sink(path: &std::path::Path) -> bool {
    path.ends_with("credentials") || path.extension().is_some_and(|it| it == "csv")
}

fn secrets_are_in_their_sinks(world: &World, contents: &Value, attempt: &Attempt) {
    let seen = world.cloud.seen.lock().unwrap().clone();
    let mut elsewhere = seen.events;
    elsewhere.extend(world.state().map(|state| encode(&state)));
    elsewhere.push(contents.to_string());
    elsewhere.push(serde_json::to_string(&attempt.plan).expect("JSON"));
    if let Ended::Finished(outcome) = &attempt.ended {
        elsewhere.push(format!("{outcome:?}"));
        elsewhere.push(serde_json::to_string(outcome).expect("JSON"));
        elsewhere.extend(outcome.failed.iter().map(|(_, fault)| fault.to_string()));
    }
    for file in files(&world.path("")).into_iter().filter(|file| !is_sink(file)) {
        elsewhere.push(std::fs::read_to_string(file).expect("text"));
    }
    for secret in &seen.secrets {
        assert!(
            elsewhere.iter().all(|text| !text.contains(secret)),
            "a secret is outside of its sinks"
        );
    }
}

fn what_is_unknown_is_left_alone(plan: &Plan) {
    let stuck = plan
        .changes
        .iter()
        .filter(|change| matches!(change.action, ChangeAction::Blocked | ChangeAction::Refuse));
    for change in stuck {
        let step = plan.steps.iter().find(|step| step.id.address == change.address);
        assert!(
            step.is_none(),
            "{} is {:?}, and there is a step: {step:#?}",
            change.address,
            change.reason
        );
    }
}

fn the_outcome_is_true(plan: &Plan, outcome: &RunOutcome) {
    let failed = outcome.failed.iter().map(|(id, _)| id);
    let skipped = outcome.skipped.iter().map(|(id, _)| id);
    let mut told: Vec<&StepId> = outcome.done.iter().chain(failed).chain(skipped).collect();
    told.sort();
    let mut steps: Vec<&StepId> = plan.steps.iter().map(|step| &step.id).collect();
    steps.sort();
    assert!(!outcome.interrupted, "nobody told it to stop");
    assert_eq!(told, steps, "the outcome does not tell of every step once: {outcome:#?}");
    assert_eq!(outcome.succeeded(), outcome.done.len() == plan.steps.len(), "{outcome:#?}");
}

/// Tells attempts after which the next plan must be empty. An object that could not be read then
/// may be readable now.
pub fn promises_nothing_left(attempt: &Attempt) -> bool {
    let (Ended::Finished(outcome), Some(plan)) = (&attempt.ended, &attempt.plan) else {
        return false;
    };
    outcome.succeeded() && !plan.changes.iter().any(|change| is_unknown(&change.reason))
}

/// At each point of an undisturbed run, every user and role has what the account before and the
/// account after both give, and nothing that neither gives; unless the plan says that it can't be.
pub fn nobody_loses_what_stays(world: &World, mode: PlanMode, before: &Value, attempt: &Attempt) {
    let Some(plan) = attempt.plan.as_ref().filter(|_| attempt.points.len() > 1) else { return };
    if plan.notes.iter().any(|note| note.kind == PlanNoteKind::OldFirst) {
        return;
    }
    let law = AccessLaw::between(before, &world.contents(), world.desired(mode));
    law.holds_at(&attempt.points, "an undisturbed run");
}

/// A key is refused, too, as long as nobody knows what a file holds.
fn is_unknown(reason: &Reason) -> bool {
    let unread = ["no answer arrived", "Rate exceeded"];
    match reason {
        Reason::Unknown(_) => true,
        Reason::Obstacle(why) => unread.iter().any(|it| why.contains(it)),
        _ => false,
    }
}

pub fn nothing_is_left(attempt: &Attempt, next: &Plan) {
    let steps = attempt.plan.as_ref().map(|plan| &plan.steps);
    assert!(next.steps.is_empty(), "a completed apply of {steps:#?}\nleaves {:#?}", next.steps);
}

/// In the end: each key that is as declared has its secret in its sinks, and no sink holds a dead
/// one.
pub fn keys_are_at_home(world: &World, plan: &Plan) {
    let seen = world.cloud.seen.lock().unwrap().clone();
    let contents = world.contents();
    let living = living_keys(&seen.made, &contents);
    let resources = world.state().map(|state| state.resources).unwrap_or_default();
    let sinks: Vec<String> = files(&world.path(""))
        .into_iter()
        .filter(|file| is_sink(file))
        .map(|file| std::fs::read_to_string(file).expect("text"))
        .collect();
    let digests = |secret: &String| HEXLOWER.encode(&Sha256::digest(secret));
    for (user, id) in &living {
        let address = Address::new(KindName::AccessKey, user);
        // The key of a user that is others' is not recorded: `every_key_is_known`.
        let Some(entry) = resources.get(&address).filter(|_| !seen.forgotten.contains(id)) else {
            continue;
        };
        let settled = plan
            .changes
            .iter()
            .any(|it| it.address == address && it.action == ChangeAction::Nothing);
        if is_retired(entry, id) {
            continue;
        }
        assert!(
            !settled || entry.id.as_ref() == Some(id),
            "{id} of {user} is an orphan beside {:?}",
            entry.id
        );
        if settled {
            let digest = &contents["users"][user]["keys"][id]["secret_sha256"];
            let secret = seen
                .secrets
                .iter()
                .find(|secret| json!(digests(secret)) == *digest)
                .expect("it was seen");
            let wanted = ["profile", "csv"]
                .iter()
                .filter(|sink| !text_of(&entry.attributes, sink).is_empty())
                .count();
            let held =
                sinks.iter().filter(|sink| sink.contains(secret) && sink.contains(id)).count();
            assert_eq!(held, wanted, "the secret of {id} is not in its sinks");
        }
    }
    if !plan.is_hindered() {
        let is_forgotten = |secret: &String| seen.forgotten.contains(&seen.ids[secret]);
        let held = seen
            .secrets
            .iter()
            .filter(|secret| sinks.iter().any(|sink| sink.contains(*secret)))
            .filter(|secret| !is_forgotten(secret))
            .count();
        assert!(held <= living.len(), "{held} secrets are kept of {} keys", living.len());
    }
}

pub fn ends_are_equal(harmed: &World, unharmed: &World) {
    let pretty = |world: &World| serde_json::to_string_pretty(&settled(world.end())).expect("JSON");
    let (harmed, unharmed) = (pretty(harmed), pretty(unharmed));
    if harmed != unharmed {
        let diff = similar::TextDiff::from_lines(&unharmed, &harmed);
        panic!(
            "it ends elsewhere:\n{}",
            diff.unified_diff().context_radius(4).header("unharmed", "harmed")
        );
    }
}

/// Without what tells of the way: old versions of policies, the order of profiles, files without
/// content, that versioning was once on.
fn settled(mut end: Value) -> Value {
    for policy in
        end["account"]["policies"].as_object_mut().into_iter().flatten().map(|(_, policy)| policy)
    {
        let default = policy["default_version"].to_string();
        *policy = json!({"now": policy["versions"][default], "path": policy["path"], "tags": policy["tags"],
            "description": policy["description"]});
    }
    for bucket in
        end["account"]["buckets"].as_object_mut().into_iter().flatten().map(|(_, bucket)| bucket)
    {
        if bucket["versioning"] == json!("Suspended") {
            bucket["versioning"] = json!("");
        }
    }
    for file in end["files"].as_array_mut().into_iter().flatten() {
        let name = file[0].as_str().unwrap_or_default().to_owned();
        let text = file[1].as_str().unwrap_or_default().to_owned();
        if ["credentials", "config"].contains(&name.as_str()) {
            let mut all: Vec<String> =
                sections(&text).iter().map(|section| section.trim().to_owned()).collect();
            all.sort();
            file[1] = json!(all);
        } else if name == "manifests/zappa_settings.json" {
            file[1] = serde_json::from_str(&text).unwrap_or_default();
        }
    }
    // A file that was needed for a while stays, with nothing in it.
    let empty = [json!([]), json!({}), json!("")];
    if let Some(files) = end["files"].as_array_mut() {
        files.retain(|file| !empty.contains(&file[1]));
    }
    end
}
