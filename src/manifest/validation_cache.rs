//! Documents that were checked, so that none is checked twice.

use std::collections::HashMap;

use crate::policy::Usage;
use crate::value::SharedValue;

/// Documents in which nothing was found wrong, with their canonical form. Where a program writes
/// the manifest, a thousand users have the same one: it is checked once.
#[derive(Debug, Default)]
pub struct ValidationCache(HashMap<SharedValue, CachedValidation>);

#[derive(Debug)]
struct CachedValidation {
    canonical: SharedValue,
    /// The usages that it was checked for.
    usages: Vec<Usage>,
}

impl ValidationCache {
    /// Returns the canonical form of a document that was checked for this usage.
    pub fn canonical(&self, value: &SharedValue, usage: Usage) -> Option<SharedValue> {
        let checked = self.0.get(value).filter(|checked| checked.usages.contains(&usage))?;
        Some(checked.canonical.clone())
    }

    pub fn keep(&mut self, value: &SharedValue, usage: Usage, canonical: &SharedValue) {
        let new = || CachedValidation { canonical: canonical.clone(), usages: Vec::new() };
        self.0.entry(value.clone()).or_insert_with(new).usages.push(usage);
    }
}
