//! Documents that were checked, so that none is checked twice.

use std::collections::HashMap;

use crate::policy::Usage;
use crate::value::Shared;

/// Documents in which nothing was found wrong, with their canonical form. Where a program writes the
/// manifest, a thousand users have the same one: it is checked once.
#[derive(Debug, Default)]
pub struct ValidationCache(HashMap<Shared, Checked>);

#[derive(Debug)]
struct Checked {
    canonical: Shared,
    /// The usages that it was checked for.
    usages: Vec<Usage>,
}

impl ValidationCache {
    /// Returns the canonical form of a document that was checked for this usage.
    pub fn canonical(&self, value: &Shared, usage: Usage) -> Option<Shared> {
        let checked = self.0.get(value).filter(|checked| checked.usages.contains(&usage))?;
        Some(checked.canonical.clone())
    }

    pub fn keep(&mut self, value: &Shared, usage: Usage, canonical: &Shared) {
        let new = || Checked { canonical: canonical.clone(), usages: Vec::new() };
        self.0.entry(value.clone()).or_insert_with(new).usages.push(usage);
    }
}
