//! What is compared.

use crate::statement::{Policy, Statement};

/// Policies that have a say together: allowed is what every layer allows and no Deny in any of them
/// forbids. The first layer is what hangs on the principal (or the one resource policy), further
/// ones are boundaries.
#[derive(Clone, Debug, Default)]
pub struct Set<'a> {
    /// Each layer's policies.
    pub layers: Vec<&'a [Policy]>,
}

impl<'a> Set<'a> {
    /// Makes a set of one layer.
    pub fn of(policies: &'a [Policy]) -> Self {
        Self { layers: vec![policies] }
    }

    /// Only what these allow too.
    #[must_use]
    pub fn within(mut self, boundary: &'a [Policy]) -> Self {
        self.layers.push(boundary);
        self
    }
}

/// Nothing to compare: the same statements, in whatever order.
pub(super) fn same(before: &Set<'_>, after: &Set<'_>) -> bool {
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
