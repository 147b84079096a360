//! Finds cycles of dependencies.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::manifest::scope::DecodeScope;
use crate::model::Resource;

type Resources = BTreeMap<Address, Resource>;

/// Reports every cycle once, with all its members.
pub fn check(resources: &Resources, scope: &mut DecodeScope<'_>) {
    let mut search =
        CycleSearch { resources, done: BTreeSet::new(), open: Vec::new(), cycles: Vec::new() };
    for address in resources.keys() {
        search.visit(address);
    }
    for cycle in search.cycles {
        let names: Vec<_> = cycle.iter().chain(cycle.first()).map(ToString::to_string).collect();
        let place = cycle
            .first()
            .and_then(|first| resources.get(first))
            .and_then(|resource| resource.place.clone());
        let message = format!(
            "these depend on each other, so that none can be made first: {}",
            names.join(" -> ")
        );
        let help =
            "break the circle: let one of them name the account instead of the other, for example";
        scope.problems.push(
            crate::diagnostic::Diagnostic::error("dependency-cycle", place, message).help(help),
        );
    }
}

struct CycleSearch<'r> {
    resources: &'r Resources,
    done: BTreeSet<&'r Address>,
    open: Vec<&'r Address>,
    cycles: Vec<Vec<&'r Address>>,
}

impl<'r> CycleSearch<'r> {
    fn visit(&mut self, address: &'r Address) {
        if let Some(start) = self.open.iter().position(|open| *open == address) {
            self.cycles.push(self.open[start..].to_vec());
            return;
        }
        if !self.done.insert(address) {
            return;
        }
        self.open.push(address);
        for next in
            self.resources.get(address).map(|resource| &resource.depends_on).into_iter().flatten()
        {
            self.visit(next);
        }
        self.open.pop();
    }
}

/// Returns true if `from` depends on `to`, directly or not.
pub fn reaches(resources: &Resources, from: &Address, to: &Address) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(address) = open.pop() {
        if address == to {
            return true;
        }
        if seen.insert(address) {
            open.extend(
                resources.get(address).map(|resource| &resource.depends_on).into_iter().flatten(),
            );
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::KindName;

    #[test]
    fn a_cycle_is_found_once_and_reachability_goes_all_the_way() {
        let address = |name: &str| Address::new(KindName::ROLE, name);
        let edges = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")];
        let mut resources = Resources::new();
        for (from, to) in edges {
            resources.entry(address(from)).or_default().depends_on.insert(address(to));
        }
        let mut search = CycleSearch {
            resources: &resources,
            done: BTreeSet::new(),
            open: Vec::new(),
            cycles: Vec::new(),
        };
        for address in resources.keys() {
            search.visit(address);
        }
        assert_eq!(search.cycles, [[&address("a"), &address("b"), &address("c")]]);
        assert!(reaches(&resources, &address("d"), &address("c")));
        assert!(!reaches(&resources, &address("a"), &address("d")));
    }
}
