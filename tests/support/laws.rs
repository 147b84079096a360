//! Laws that hold of every run, however it ends: what the principals of an account may do, and when
//! a key may go. They know the account as JSON only, and nothing of how a plan is made.

#![expect(clippy::wildcard_enum_match_arm, reason = "the laws name the calls that they are about")]

use std::collections::BTreeSet;

use relayctl::address::{Address, KindName, PrincipalKind};
use relayctl::call::{IamWrite, Write};
use relayctl::model::{Desired, RecordedObject, Status};
use relayctl::provider::sandbox::Sandbox;
use relayctl::state::State;
use serde_json::Value;

use super::world::Attempt;

/// The end of the name that an object bears while the case of its name is changed.
pub const THIRD_NAME: &str = "-relayctl-renames";

/// Returns the name that an object has by this manifest, in lower case: two names of one object are
/// equal.
pub fn present_name(desired: &Desired, kind: KindName, name: &str) -> String {
    let name = name.strip_suffix(THIRD_NAME).unwrap_or(name);
    let moved = desired.moved.get(&Address::new(kind, name));
    moved.map_or(name, |it| it.to.name()).to_ascii_lowercase()
}

/// The statements that apply to the users and roles, as `user/bob Allow s3:GetObject on *`.
pub type Grants = BTreeSet<String>;

/// Returns the statements of the account's policies by the present names of the principals. Each
/// statement counts for itself: whether two of them allow the same is not asked.
pub fn grants(account: &Value, desired: &Desired) -> Grants {
    let mut found = Grants::new();
    for (section, kind) in [("users", PrincipalKind::User), ("roles", PrincipalKind::Role)] {
        for (name, record) in account[section].as_object().into_iter().flatten() {
            let present = present_name(desired, KindName::Principal(kind), name);
            let mut add = |grant: String| {
                found.insert(format!("{kind}/{present} {grant}"));
            };
            let groups = account["groups"].as_object().into_iter().flatten();
            let is_member = |group: &Value| {
                let members = group["members"].as_array().into_iter().flatten();
                kind == PrincipalKind::User && members.into_iter().any(|it| it == name.as_str())
            };
            let groups = groups.map(|(_, group)| group).filter(|group| is_member(group));
            for holder in groups.chain([record]) {
                documents(account, holder).flat_map(|it| statements(&it)).for_each(&mut add);
            }
            for statement in statements(&record["trust"]) {
                add(format!("trusts: {statement}"));
            }
            if let Some(arn) = record["boundary"].as_str() {
                for statement in statements(&managed(account, arn)) {
                    add(format!("within: {statement}"));
                }
            }
        }
    }
    found
}

fn documents<'a>(account: &'a Value, holder: &'a Value) -> impl Iterator<Item = Value> + 'a {
    let attached = holder["attached"].as_array().into_iter().flatten();
    let attached = attached.filter_map(Value::as_str).map(|arn| managed(account, arn));
    let inline = holder["inline"].as_object().into_iter().flatten();
    attached.chain(inline.map(|(_, document)| document.clone()))
}

/// The document of a managed policy. One of AWS's is known by its ARN alone.
fn managed(account: &Value, arn: &str) -> Value {
    let policy = &account["policies"][arn.rsplit('/').next().unwrap_or(arn)];
    if policy.is_null() {
        return serde_json::json!({"Statement": {"Effect": "Allow", "Action": arn}});
    }
    policy["versions"][policy["default_version"].to_string()]["document"].clone()
}

fn statements(document: &Value) -> Vec<String> {
    let list = |value: &Value| -> Vec<Value> {
        match value {
            Value::Array(all) => all.clone(),
            Value::Null => Vec::new(),
            one => vec![one.clone()],
        }
    };
    let mut found = Vec::new();
    for statement in list(&document["Statement"]) {
        let who = &statement["Principal"];
        let who = if who.is_null() { String::new() } else { format!(" by {who}") };
        for action in list(&statement["Action"]) {
            let resources = list(&statement["Resource"]);
            let resources = if resources.is_empty() { vec![Value::Null] } else { resources };
            for resource in resources {
                let effect = statement["Effect"].as_str().unwrap_or_default();
                found.push(format!("{effect} {action} on {resource}{who}"));
            }
        }
    }
    found
}

/// What both ends of a run have in common, and what either has.
pub struct AccessLaw {
    desired: Desired,
    least: Grants,
    most: Grants,
}

impl AccessLaw {
    pub fn between(before: &Value, after: &Value, desired: Desired) -> Self {
        let (before, after) = (grants(before, &desired), grants(after, &desired));
        let least = before.intersection(&after).cloned().collect();
        let most = before.union(&after).cloned().collect();
        Self { desired, least, most }
    }

    /// At each point, every principal has what both ends give, and nothing that neither gives.
    pub fn holds_at(&self, points: &[Sandbox], place: &str) {
        for (nth, account) in points.iter().enumerate() {
            self.holds(&account.contents().expect("an account in memory"), &|| {
                format!("{place}, after call {}", nth + 1)
            });
        }
    }

    pub fn holds(&self, account: &Value, place: &dyn Fn() -> String) {
        let now = grants(account, &self.desired);
        let missing: Vec<_> = self.least.difference(&now).collect();
        assert!(missing.is_empty(), "{}: access is missing: {missing:#?}", place());
        let more: Vec<_> = now.difference(&self.most).collect();
        assert!(more.is_empty(), "{}: too much is there: {more:#?}", place());
    }
}

/// Returns the recorded keys that are in use and stay declared: none of them may go before another
/// one is in its place.
pub fn kept_keys(state: Option<&State>, desired: &Desired) -> BTreeSet<String> {
    let declared: BTreeSet<String> = desired
        .of_kind(KindName::AccessKey)
        .map(|(address, _)| address.name().to_ascii_lowercase())
        .collect();
    let recorded = state.into_iter().flat_map(|state| &state.resources);
    recorded
        .filter(|(address, _)| address.kind() == KindName::AccessKey)
        .filter(|(address, _)| {
            declared.contains(&present_name(desired, KindName::USER, address.name()))
        })
        .filter_map(|(_, entry)| Some(entry.id.clone()?).filter(|id| is_in_use(entry, id)))
        .collect()
}

/// An interrupted run may have recorded a key that it made and did not deliver.
fn is_in_use(entry: &RecordedObject, id: &str) -> bool {
    let known = entry.attributes.get("known").and_then(Value::as_array);
    entry.status == Status::Done
        || known.is_some_and(|known| known.iter().any(|it| it.as_str() == Some(id)))
}

/// No kept key was deleted or deactivated before a new key of its user was proven.
pub fn keys_go_after_their_successors(kept: &BTreeSet<String>, attempt: &Attempt, place: &str) {
    for (nth, write) in attempt.sent.iter().enumerate() {
        let Write::Iam(
            IamWrite::DeleteAccessKey { user, id }
            | IamWrite::UpdateAccessKey { user, id, active: false },
        ) = write
        else {
            continue;
        };
        let is_proven = || attempt.proofs.iter().any(|(of, sent)| of == user && *sent <= nth);
        assert!(
            !kept.contains(id) || is_proven(),
            "{place}: {write:?} was sent before a new key was proven: {:#?}",
            attempt.sent
        );
    }
}
