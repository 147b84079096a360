//! The order of work: each step waits for the steps that must precede it, and for nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Add;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::address::Address;

/// Nodes that wait for each other, in the order in which they wait.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these depend on each other: {}", named(.0))]
pub struct Cycle(pub Vec<Address>);

/// Names the whole cycle, with its first member again at the end.
fn named(members: &[Address]) -> String {
    let names: Vec<String> =
        members.iter().chain(members.first()).map(ToString::to_string).collect();
    names.join(" -> ")
}

/// The nodes, each with the nodes that must be done before it. An edge to something that is not a
/// node is ignored.
pub struct DependencyOrder<N> {
    graph: DiGraph<N, ()>,
    index: BTreeMap<N, NodeIndex>,
}

impl<N: Clone + Ord> DependencyOrder<N> {
    pub fn new<'a>(after: impl IntoIterator<Item = (&'a N, &'a BTreeSet<N>)>) -> Self
    where
        N: 'a,
    {
        let edges: Vec<(&N, &BTreeSet<N>)> = after.into_iter().collect();
        let mut graph = DiGraph::new();
        let index: BTreeMap<N, NodeIndex> = edges
            .iter()
            .map(|(node, _)| ((*node).clone(), graph.add_node((*node).clone())))
            .collect();
        for (node, before) in edges {
            for earlier in before.iter().filter_map(|earlier| index.get(earlier)) {
                graph.add_edge(*earlier, index[node], ());
            }
        }
        Self { graph, index }
    }

    /// Sorts all nodes so that each follows the nodes that it waits for. The nodes' own order
    /// breaks ties. Returns a cycle as the error if there is one.
    pub fn sorted(&self) -> Result<Vec<N>, Vec<N>> {
        let mut ready = Ready::new(self);
        let mut sorted = Vec::with_capacity(self.index.len());
        while let Some(node) = ready.take() {
            ready.mark_done(&node);
            sorted.push(node);
        }
        if sorted.len() == self.index.len() { Ok(sorted) } else { Err(self.circle(&sorted)) }
    }

    /// Finds a cycle among the nodes that could not be sorted. Each of them has a predecessor among
    /// them, so walking back returns to a visited node.
    fn circle(&self, sorted: &[N]) -> Vec<N> {
        let sorted: BTreeSet<&N> = sorted.iter().collect();
        let mut walk: Vec<&N> =
            self.index.keys().find(|node| !sorted.contains(node)).into_iter().collect();
        while let Some(last) = walk.last() {
            let Some(earlier) = self.before(last).into_iter().find(|node| !sorted.contains(node))
            else {
                break;
            };
            if let Some(start) = walk.iter().position(|node| *node == earlier) {
                let mut circle: Vec<N> = walk[start..].iter().map(|node| (*node).clone()).collect();
                circle.rotate_left(1);
                circle.reverse();
                return circle;
            }
            walk.push(earlier);
        }
        Vec::new()
    }

    /// Returns the heaviest chain of nodes, in which each waits for the one before it, with the
    /// weight of each node. The nodes' own order breaks ties. Nodes without weight are left out.
    /// Returns an empty chain if there is a cycle.
    pub fn heaviest<W>(&self, weight: impl Fn(&N) -> W) -> Vec<(N, W)>
    where
        W: Add<Output = W> + Copy + Default + Ord,
    {
        // The weight of each node with the heaviest chain before it, and the predecessor in that
        // chain.
        let mut chains: BTreeMap<N, (W, Option<N>)> = BTreeMap::new();
        for node in self.sorted().unwrap_or_default() {
            let before = self
                .before(&node)
                .into_iter()
                .filter_map(|earlier| Some((earlier, chains.get(earlier)?.0)));
            let (total, last) = match first_of_most(before) {
                Some((last, total)) => (total + weight(&node), Some(last.clone())),
                None => (weight(&node), None),
            };
            chains.insert(node, (total, last));
        }
        let mut chain = Vec::new();
        let mut next = first_of_most(chains.iter().map(|(node, (total, _))| (node, *total)))
            .map(|(node, _)| node);
        while let Some(node) = next {
            chain.push((node.clone(), weight(node)));
            next = chains[node].1.as_ref();
        }
        chain.retain(|(_, weight)| *weight > W::default());
        chain.reverse();
        chain
    }

    fn before(&self, node: &N) -> BTreeSet<&N> {
        self.neighbours(node, Direction::Incoming)
    }

    /// Returns the nodes that wait for this one.
    fn waiting_for(&self, node: &N) -> BTreeSet<&N> {
        self.neighbours(node, Direction::Outgoing)
    }

    fn neighbours(&self, node: &N, direction: Direction) -> BTreeSet<&N> {
        let Some(index) = self.index.get(node) else { return BTreeSet::new() };
        self.graph.neighbors_directed(*index, direction).map(|other| &self.graph[other]).collect()
    }
}

fn first_of_most<'a, N: Ord, W: Copy + Ord>(
    nodes: impl Iterator<Item = (&'a N, W)>,
) -> Option<(&'a N, W)> {
    nodes.max_by(|(one, weight), (other, other_weight)| {
        weight.cmp(other_weight).then_with(|| other.cmp(one))
    })
}

/// The nodes that can be started now, as work goes on.
pub struct Ready<'a, N> {
    order: &'a DependencyOrder<N>,
    waiting: BTreeMap<N, usize>,
    free: BTreeSet<N>,
}

impl<'a, N: Clone + Ord> Ready<'a, N> {
    pub fn new(order: &'a DependencyOrder<N>) -> Self {
        let waiting: BTreeMap<N, usize> =
            order.index.keys().map(|node| (node.clone(), order.before(node).len())).collect();
        let free = waiting
            .iter()
            .filter(|(_, count)| **count == 0)
            .map(|(node, _)| node.clone())
            .collect();
        Self { order, waiting, free }
    }

    /// Takes the next node that waits for nothing.
    pub fn take(&mut self) -> Option<N> {
        let node = self.free.pop_first()?;
        self.waiting.remove(&node);
        Some(node)
    }

    pub fn mark_done(&mut self, node: &N) {
        for later in self.order.waiting_for(node) {
            if let Some(count) = self.waiting.get_mut(later) {
                *count -= 1;
                if *count == 0 {
                    self.free.insert(later.clone());
                }
            }
        }
    }

    /// Removes all nodes that wait for a failed node, directly or not, in order.
    pub fn failed(&mut self, node: &N) -> Vec<N> {
        let mut lost = BTreeSet::new();
        let mut queue = vec![node.clone()];
        while let Some(node) = queue.pop() {
            for later in self.order.waiting_for(&node) {
                if self.waiting.remove(later).is_some() {
                    lost.insert(later.clone());
                    queue.push(later.clone());
                }
            }
        }
        lost.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(edges: &[(&'static str, &[&'static str])]) -> DependencyOrder<&'static str> {
        let edges: BTreeMap<&str, BTreeSet<&str>> =
            edges.iter().map(|(node, before)| (*node, before.iter().copied().collect())).collect();
        DependencyOrder::new(&edges)
    }

    #[test]
    fn dependencies_come_first_and_ties_are_broken_by_name() {
        let order = order(&[("a", &["z"]), ("b", &[]), ("z", &[]), ("c", &["a", "b"])]);
        assert_eq!(order.sorted(), Ok(vec!["b", "z", "a", "c"]));
    }

    #[test]
    fn a_circle_is_named_in_the_order_of_waiting() {
        let order =
            order(&[("a", &["b"]), ("b", &["c"]), ("c", &["a"]), ("d", &["a"]), ("e", &[])]);
        let circle = order.sorted().unwrap_err();
        assert_eq!(circle.len(), 3);
        for (one, next) in circle.iter().zip(circle.iter().cycle().skip(1)) {
            assert!(
                order.before(next).contains(one),
                "{next} does not wait for {one} in {circle:?}"
            );
        }
    }

    #[test]
    fn a_failure_takes_everything_behind_it_and_nothing_else() {
        let order = order(&[("a", &[]), ("b", &["a"]), ("c", &["b"]), ("d", &[])]);
        let mut ready = Ready::new(&order);
        assert_eq!(ready.take(), Some("a"));
        assert_eq!(ready.failed(&"a"), vec!["b", "c"]);
        assert_eq!(ready.take(), Some("d"));
        assert_eq!(ready.take(), None);
    }

    /// The weight of a node is the number in its name.
    fn heaviest(edges: &[(&'static str, &[&'static str])]) -> Vec<(&'static str, u32)> {
        order(edges).heaviest(|node| node[1..].parse().unwrap())
    }

    #[test]
    fn the_heaviest_chain_is_not_the_one_of_most_nodes() {
        let chain = heaviest(&[
            ("a1", &[]),
            ("b1", &["a1"]),
            ("c1", &["b1"]),
            ("d3", &[]),
            ("e1", &["d3", "a1"]),
        ]);
        assert_eq!(chain, [("d3", 3), ("e1", 1)]);
    }

    #[test]
    fn of_chains_that_weigh_the_same_the_first_by_name_is_the_heaviest() {
        let chain = heaviest(&[("a1", &[]), ("b1", &[]), ("c1", &["a1", "b1"]), ("d1", &["b1"])]);
        assert_eq!(chain, [("a1", 1), ("c1", 1)]);
    }

    #[test]
    fn what_weighs_nothing_holds_a_chain_together_and_is_not_named() {
        let chain = heaviest(&[
            ("a1", &[]),
            ("b0", &["a1"]),
            ("c1", &["b0"]),
            ("d0", &["c1"]),
            ("e1", &[]),
        ]);
        assert_eq!(chain, [("a1", 1), ("c1", 1)]);
        assert_eq!(heaviest(&[("a0", &[])]), []);
        assert_eq!(heaviest(&[]), []);
    }
}
