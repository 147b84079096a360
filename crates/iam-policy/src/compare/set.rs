//! The policies that are compared.

use crate::statement::{Policy, Statement};

/// Policies that decide together. A request is allowed if every layer allows it and no Deny in any
/// layer forbids it. The first layer is the policies attached to the principal (or the one resource
/// policy), the others are permissions boundaries.
#[derive(Clone, Debug, Default)]
pub struct Set<'a> {
    /// The policies of each layer.
    pub layers: Vec<&'a [Policy]>,
}

impl<'a> Set<'a> {
    /// Makes a set of one layer.
    pub fn of(policies: &'a [Policy]) -> Self {
        Self { layers: vec![policies] }
    }

    /// Adds a layer, so that only access that these policies allow, too, is allowed.
    #[must_use]
    pub fn within(mut self, boundary: &'a [Policy]) -> Self {
        self.layers.push(boundary);
        self
    }
}

/// Tells if there is nothing to compare: both sides have the same statements, in any order.
pub(super) fn are_equal_sets(before: &Set<'_>, after: &Set<'_>) -> bool {
    let statements = |policies: &[Policy]| {
        let mut list: Vec<String> =
            policies.iter().flat_map(|it| &it.statements).map(Statement::meaning).collect();
        list.sort();
        list.dedup();
        list
    };
    let layers =
        |set: &Set<'_>| set.layers.iter().map(|layer| statements(layer)).collect::<Vec<_>>();
    layers(before) == layers(after)
}
