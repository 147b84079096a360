//! Reads all keys of the users whose keys are declared or recorded: the current ones, the retired
//! ones, and those of others.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt};
use jiff::Timestamp;

use super::Resolver;
use crate::address::{Address, KindName};
use crate::call::iam::AccessKey;
use crate::call::{Failure, IamRead, IamReply, Observed, Read, Reply};
use crate::kind::{self, LiveObject};
use crate::model::keys::{AccessKeyInfo, KeyPhase, KeyUse};
use crate::model::{Desired, Live, Recorded, of_kind};
use crate::port::Provider;
use crate::reads::Snapshot;
use crate::value::text_of;

/// Returns the keys, in order of user and phase.
pub async fn keys(
    resolver: &mut Resolver<'_>,
    desired: &Desired,
    recorded: &Recorded,
) -> Result<Vec<AccessKeyInfo>, Failure> {
    let desired = Desired { resources: keys_of(&desired.resources), ..desired.clone() };
    let recorded = keys_of(recorded);
    let live = resolver.objects(&desired, &recorded, false).await;
    let reply = resolver.provider.read(&Read::Clock).await?;
    let Reply::Moment(now) = reply else { return Err(Failure::unexpected(&Read::Clock, &reply)) };
    let asker =
        Asker { provider: resolver.provider, known: &resolver.known, desired: &desired, now };
    let all: Vec<Result<Vec<AccessKeyInfo>, Failure>> = stream::iter(&live)
        .map(|(address, _)| asker.of(address, &live))
        .buffered(resolver.parallelism)
        .collect()
        .await;
    Ok(all.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn keys_of<T: Clone>(objects: &BTreeMap<Address, T>) -> BTreeMap<Address, T> {
    of_kind(objects, KindName::AccessKey)
        .map(|(address, it)| (address.clone(), it.clone()))
        .collect()
}

struct Asker<'a> {
    provider: &'a dyn Provider,
    known: &'a Snapshot,
    desired: &'a Desired,
    now: Timestamp,
}

impl Asker<'_> {
    async fn of(&self, address: &Address, live: &Live) -> Result<Vec<AccessKeyInfo>, Failure> {
        let user = address.name();
        let seen = match live.get(address).map(|sighting| &sighting.observed) {
            Some(Observed::Present(seen)) => Some(seen),
            Some(Observed::Unknown(failure)) => return Err(failure.clone()),
            Some(Observed::Absent) | None => None,
        };
        let found = match self.known.access_keys(user) {
            Observed::Present(found) => found,
            Observed::Absent => Vec::new(),
            Observed::Unknown(failure) => return Err(failure),
        };
        let mut keys = Vec::new();
        for key in found {
            keys.push(self.key(address, key, seen).await);
        }
        keys.sort_by_key(|key| (key.phase as u8, key.created.clone(), key.id.clone()));
        Ok(keys)
    }

    async fn key(
        &self,
        address: &Address,
        key: AccessKey,
        seen: Option<&LiveObject>,
    ) -> AccessKeyInfo {
        let phase = phase(&key.id, seen);
        let made: Option<Timestamp> = key.created.parse().ok();
        let rotate = self
            .desired
            .resources
            .get(address)
            .map(|it| text_of(&it.attributes, "rotate_after").to_owned());
        let limit = rotate
            .and_then(|text| kind::lasting(&text).ok())
            .filter(|_| phase == KeyPhase::Current);
        let notes = seen.filter(|_| phase == KeyPhase::Current);
        AccessKeyInfo {
            last_used: self.used(address.name(), &key.id).await,
            user: address.name().to_owned(),
            age: made.map(|made| kind::in_words(self.now.duration_since(made))),
            rotation_due: made.zip(limit).and_then(|(made, limit)| made.checked_add(limit).ok()),
            notes: notes.map(notes_on).unwrap_or_default(),
            id: key.id,
            status: key.status,
            created: key.created,
            phase,
        }
    }

    async fn used(&self, user: &str, id: &str) -> KeyUse {
        let read =
            Read::Iam(IamRead::GetAccessKeyLastUsed { user: user.to_owned(), id: id.to_owned() });
        match self.provider.read(&read).await {
            Ok(Reply::Iam(IamReply::LastUsed(last))) => last.map_or(KeyUse::Never, KeyUse::Last),
            Ok(other) => KeyUse::Unknown(Failure::unexpected(&read, &other).to_string()),
            Err(failure) => KeyUse::Unknown(failure.to_string()),
        }
    }
}

fn phase(id: &str, seen: Option<&LiveObject>) -> KeyPhase {
    let Some(seen) = seen else { return KeyPhase::Foreign };
    let named = |part: &str, name: &str| {
        seen.internals.get(part).and_then(|it| it.get(name)?.as_str()) == Some(id)
    };
    if seen.id == id {
        KeyPhase::Current
    } else if named("retired", "id") {
        KeyPhase::Retired
    } else if named("begun", "unfinished") {
        KeyPhase::Unfinished
    } else {
        KeyPhase::Foreign
    }
}

fn notes_on(seen: &LiveObject) -> Vec<String> {
    let due = seen.upkeep.iter().map(|upkeep| format!("due: {}", upkeep.why()));
    due.chain(seen.remarks.iter().cloned()).collect()
}
