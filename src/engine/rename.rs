//! The change of a manifest's name: its objects get the new name as their tag, and its state moves.

use super::error::EngineError;
use super::lock::StateLock;
use crate::address::Address;
use crate::call::{Observed, StepOutput};
use crate::kind::{self, LiveObject, OWNER_TAG, Ownership};
use crate::model::{Recorded, RecordedObject};
use crate::port::{Provider, Store};
use crate::resolve::{ReadPurpose, read_object};
use crate::state::State;
use crate::value::{Attributes, Value};

/// The result of a change of name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RenamedManifest {
    /// The objects that have the new name as their tag.
    pub tagged: Vec<Address>,
    /// The objects that are gone, or somebody else's: they were left alone.
    pub left_alone: Vec<Address>,
}

/// Moves the state of a manifest that had another name to the place of its present one. Nothing
/// happens if a state is there already, or if there is none to move. A run that is killed in
/// between leaves the old state behind, whose objects carry the new name by then.
pub async fn move_state(
    from: &dyn Store,
    to: &StateLock<'_>,
    former: &str,
    name: &str,
) -> Result<(), EngineError> {
    if to.store().load_state().await?.is_some() {
        return Ok(());
    }
    let Some(state) = from.load_state().await?.filter(|it| it.manifest == former) else {
        return Ok(());
    };
    let moved = State { manifest: name.to_owned(), ..state.clone() };
    to.store().save_state(&moved).await?;
    Ok(from.save_state(&emptied(state)).await?)
}

fn emptied(state: State) -> State {
    State { serial: state.serial + 1, resources: Recorded::new(), ..state }
}

/// Gives everything that a state records the new name of its manifest as its tag, and moves the
/// state to `to`; `None` keeps it at its place. A run that is killed in between is finished by
/// running it again.
pub async fn rename_manifest(
    provider: &dyn Provider,
    from: &StateLock<'_>,
    to: Option<&StateLock<'_>>,
    name: &str,
) -> Result<RenamedManifest, EngineError> {
    let missing = || EngineError::NoState { location: from.store().location() };
    let mut state = from.store().load_state().await?.ok_or_else(missing)?;
    if let Some(to) = to
        && to.store().load_state().await?.is_some_and(|it| !it.resources.is_empty())
    {
        return Err(EngineError::OccupiedStore { location: to.store().location() });
    }
    let mut renamed = RenamedManifest::default();
    let former = state.manifest.clone();
    for (address, entry) in &mut state.resources {
        match kind::kind_of(address.kind()).facts().ownership {
            Ownership::Tag => {}
            Ownership::Parent | Ownership::State | Ownership::LocalFile => continue,
        }
        if retag(provider, address, entry, &former, name).await? {
            set_tag(&mut entry.attributes, name);
            renamed.tagged.push(address.clone());
        } else {
            renamed.left_alone.push(address.clone());
        }
    }
    name.clone_into(&mut state.manifest);
    state.serial += 1;
    to.unwrap_or(from).store().save_state(&state).await?;
    if to.is_some() {
        from.store().save_state(&emptied(State { manifest: former, ..state })).await?;
    }
    Ok(renamed)
}

/// Sets the tag of one object. Returns false if it is gone or somebody else's.
async fn retag(
    provider: &dyn Provider,
    address: &Address,
    entry: &RecordedObject,
    former: &str,
    name: &str,
) -> Result<bool, EngineError> {
    let kind = kind::kind_of(address.kind());
    let (observed, _) = read_object(provider, kind, &entry.known(), ReadPurpose::Change).await;
    let seen: LiveObject = match observed {
        Observed::Present(seen) => seen,
        Observed::Absent => return Ok(false),
        Observed::Unknown(failure) => return Err(failure.into()),
    };
    match seen.owner.as_deref() {
        Some(owner) if owner == name => return Ok(true),
        Some(owner) if owner == former => {}
        Some(_) | None => return Ok(false),
    }
    let mut wanted = seen.attributes.clone();
    set_tag(&mut wanted, name);
    for write in kind.update(&seen, &wanted, &["tags"]) {
        provider.write(&write, &StepOutput::default()).await?;
    }
    Ok(true)
}

fn set_tag(attributes: &mut Attributes, name: &str) {
    let mut tags = attributes.get("tags").and_then(Value::as_object).cloned().unwrap_or_default();
    tags.insert(OWNER_TAG.to_owned(), name.into());
    attributes.insert("tags", Value::Object(tags));
}
