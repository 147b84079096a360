//! Compiles effective policies for comparisons.

use super::effective::{EffectivePolicies, PolicyText};
use super::unread::stand_in;
use crate::policy::compare::Set;
use crate::policy::request::Context;
use crate::policy::statement::Policy;

/// Compiled policies, with stand-ins for those that were not read.
pub(super) struct CompiledPolicies {
    pub policies: Vec<Policy>,
    pub boundary: Option<Vec<Policy>>,
}

impl CompiledPolicies {
    pub fn of(effective: &EffectivePolicies<'_>) -> Self {
        // If several policies allow the same, the first one is named: known policies come first.
        let mut policies: Vec<_> = effective.policies.iter().collect();
        policies.sort_by_key(|(_, text)| !matches!(text, PolicyText::Document(_)));
        Self {
            policies: policies.into_iter().map(|(name, text)| compiled(name, *text)).collect(),
            boundary: effective.boundary.as_ref().map(|(name, text)| vec![compiled(name, *text)]),
        }
    }

    /// Returns the policies for requests in which these condition keys are known.
    pub fn given(self, keys: &Context) -> Self {
        if keys.is_empty() {
            return self;
        }
        let given = |policies: &[Policy]| policies.iter().map(|it| it.given(keys)).collect();
        Self { policies: given(&self.policies), boundary: self.boundary.as_deref().map(given) }
    }

    pub fn set(&self) -> Set<'_> {
        let set = Set::of(&self.policies);
        match &self.boundary {
            Some(boundary) => set.within(boundary),
            None => set,
        }
    }
}

fn compiled(name: &str, text: PolicyText<'_>) -> Policy {
    match text {
        PolicyText::Document(document) => {
            Policy::compile(name, document).unwrap_or_else(|_| stand_in(name))
        }
        PolicyText::Unread | PolicyText::Unlisted => stand_in(name),
    }
}
