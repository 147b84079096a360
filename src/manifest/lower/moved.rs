//! Lowers `moved:` and `removed:`: what became of names that are no longer declared.

use std::collections::BTreeMap;

use crate::address::{Address, AddressQuery};
use crate::manifest::decode::{ExpandedText, Located};
use crate::manifest::names;
use crate::manifest::scope::DecodeScope;
use crate::manifest::shape::{Manifest, Moved, Removed};
use crate::model::{MovedResource, RemovedResource, Resource};

/// The changes of names that a manifest tells.
#[derive(Default)]
pub struct Moves {
    pub resources: BTreeMap<Address, MovedResource>,
    pub removed: BTreeMap<Address, RemovedResource>,
    /// The names that the manifest had before.
    pub manifests: Vec<String>,
}

/// Reads both lists, and reports entries that contradict the declared resources.
pub fn read(
    manifest: &Manifest,
    resources: &BTreeMap<Address, Resource>,
    scope: &mut DecodeScope<'_>,
) -> Moves {
    let mut reader = MovesReader { resources, scope, moves: Moves::default() };
    for entry in manifest.moved.iter().flatten() {
        reader.moved(entry);
    }
    for entry in manifest.removed.iter().flatten() {
        reader.removed(entry);
    }
    reader.resolve_chains();
    reader.moves
}

struct MovesReader<'r, 's, 'a> {
    resources: &'r BTreeMap<Address, Resource>,
    scope: &'s mut DecodeScope<'a>,
    moves: Moves,
}

impl MovesReader<'_, '_, '_> {
    fn moved(&mut self, entry: &Located<Moved>) {
        let Moved { from, to, from_manifest } = &entry.value;
        match (from, to, from_manifest) {
            (Some(from), Some(to), None) => self.moved_resource(from, to, entry),
            (None, None, Some(name)) => self.moved_manifest(name),
            _ => self.scope.error(
                "bad-moved",
                &entry.spot,
                "an entry of `moved` has `from` and `to`, or `from_manifest` alone",
                "write for example {from: user.bob, to: user.robert}, or {from_manifest: old-name}",
            ),
        }
    }

    fn moved_manifest(&mut self, name: &ExpandedText) {
        if let Err(message) = names::manifest(&name.value) {
            self.scope.error("bad-name", &name.spot, message, "write the manifest's old name");
        } else if self.scope.value("name") == name.value {
            let message = format!("`{}` is the manifest's present name", name.value);
            self.scope.error("bad-moved", &name.spot, message, "write its old name");
        } else {
            self.moves.manifests.push(name.value.clone());
        }
    }

    fn moved_resource(&mut self, from: &ExpandedText, to: &ExpandedText, entry: &Located<Moved>) {
        let (Some(old), Some(new)) = (self.address(from), self.address(to)) else { return };
        if old.kind() != new.kind() {
            let message = format!("{old} and {new} are of different kinds");
            let help = "remove the entry: one is destroyed, and the other is created";
            return self.scope.error("bad-moved", &to.spot, message, help);
        }
        if !old.kind().is_movable() {
            let message = format!("{old} has no name of its own");
            let help = "name the user, role, group, policy, instance profile, OIDC provider or \
                bucket: its parts follow it";
            return self.scope.error("bad-moved", &from.spot, message, help);
        }
        if self.resources.contains_key(&old) {
            let message = format!("{old} is still declared, so it cannot have become {new}");
            let help = "remove the entry, or the declaration of the old name";
            return self.scope.error("bad-moved", &from.spot, message, help);
        }
        let is_taken = self.moves.resources.values().any(|it| it.to == new);
        if is_taken || self.moves.resources.contains_key(&old) {
            let message = format!("another entry of `moved` names {old} or {new} already");
            let help = "keep one entry for each old name and each new name";
            return self.scope.error("bad-moved", &from.spot, message, help);
        }
        let moved = MovedResource { to: new, place: Some(entry.spot.place()) };
        self.moves.resources.insert(old, moved);
    }

    fn removed(&mut self, entry: &Located<Removed>) {
        let Removed { from, destroy } = &entry.value;
        let (Some(from), Some(destroy)) = (from, destroy) else {
            let message = "an entry of `removed` has `from` and `destroy`";
            let help = "write for example {from: bucket.logs, destroy: false}";
            return self.scope.error("bad-removed", &entry.spot, message, help);
        };
        let Some(address) = self.address(from) else { return };
        if self.resources.contains_key(&address) {
            let message = format!("{address} is still declared");
            let help = "remove the declaration, or this entry";
            return self.scope.error("bad-removed", &from.spot, message, help);
        }
        if self.moves.resources.contains_key(&address) {
            let message = format!("{address} is in `moved` as well");
            return self.scope.error("bad-removed", &from.spot, message, "remove one of the two");
        }
        let removed = RemovedResource { destroy: destroy.value, place: Some(entry.spot.place()) };
        self.moves.removed.insert(address, removed);
    }

    fn address(&mut self, text: &ExpandedText) -> Option<Address> {
        let query = AddressQuery::new(text.value.as_str());
        if query.as_address().is_none() {
            let message = format!("`{}` is not an address", text.value);
            let help = "write kind.name as plans print it, for example user.bob";
            self.scope.error("bad-address", &text.spot, message, help);
        }
        query.as_address().cloned()
    }

    /// Follows names that changed more than once to the last one, which must be declared.
    fn resolve_chains(&mut self) {
        let entries = self.moves.resources.clone();
        for (from, moved) in &mut self.moves.resources {
            let mut seen = vec![from];
            while let Some(next) = entries.get(&moved.to).filter(|_| !seen.contains(&&moved.to)) {
                seen.extend(entries.get_key_value(&moved.to).map(|(address, _)| address));
                moved.to = next.to.clone();
            }
        }
        let missing: Vec<_> = self
            .moves
            .resources
            .iter()
            .filter(|(_, it)| !self.resources.contains_key(&it.to))
            .map(|(from, it)| (from.clone(), it.clone()))
            .collect();
        for (from, moved) in missing {
            let message = format!("{from} has become {}, which is not declared", moved.to);
            let help = "declare the new name; to let go of the old one, write \
                `removed: [{from: …, destroy: false}]`";
            let problem = crate::diagnostic::Diagnostic::error("bad-moved", moved.place, message);
            self.scope.problems.push(problem.help(help));
        }
    }
}
