//! Caches valid documents, so that none is validated twice.

use std::collections::HashMap;

use crate::policy::{Usage, Violation, validate, validate_in};
use crate::value::{SharedValue, Value};

/// Valid documents with their canonical forms. In a generated manifest a thousand users may have
/// the same document: it is validated once.
#[derive(Debug)]
pub struct ValidationCache {
    /// The partition of the account; `None` if the manifest's region is missing.
    partition: Option<String>,
    valid: HashMap<SharedValue, CachedValidation>,
}

#[derive(Debug)]
struct CachedValidation {
    canonical: SharedValue,
    /// The usages that it was validated for.
    usages: Vec<Usage>,
}

impl ValidationCache {
    pub fn new(partition: Option<String>) -> Self {
        Self { partition, valid: HashMap::new() }
    }

    /// Returns the problems for which AWS would refuse a document in this account.
    pub fn violations(&self, value: &Value, usage: Usage) -> Vec<Violation> {
        match &self.partition {
            Some(partition) => validate_in(value, usage, partition),
            None => validate(value, usage),
        }
    }

    /// Returns the canonical form of a document that was checked for this usage.
    pub fn canonical(&self, value: &SharedValue, usage: Usage) -> Option<SharedValue> {
        let checked = self.valid.get(value).filter(|checked| checked.usages.contains(&usage))?;
        Some(checked.canonical.clone())
    }

    pub fn keep(&mut self, value: &SharedValue, usage: Usage, canonical: &SharedValue) {
        let new = || CachedValidation { canonical: canonical.clone(), usages: Vec::new() };
        self.valid.entry(value.clone()).or_insert_with(new).usages.push(usage);
    }
}
