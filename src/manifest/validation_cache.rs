//! Caches valid documents, so that none is validated twice.

use std::collections::HashMap;

use crate::policy::Usage;
use crate::value::SharedValue;

/// Valid documents with their canonical forms. In a generated manifest a thousand users may have
/// the same document: it is validated once.
#[derive(Debug, Default)]
pub struct ValidationCache(HashMap<SharedValue, CachedValidation>);

#[derive(Debug)]
struct CachedValidation {
    canonical: SharedValue,
    /// The usages that it was validated for.
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
